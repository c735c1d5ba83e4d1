"""DG13 of the Vietnamese card without what it says: which fields there are, in which types of string, of which shape."""

from __future__ import annotations

import re
from typing import Final

from crypto.wire.tlv import Tlv, parse_tlv
from reader.lds.document import IdDocument
from reader.lds.vietnam import PersonalField, parse_date

__all__ = ["fields_of_dg13"]

_STRING_TYPES: Final = {0x0C: "UTF8String", 0x13: "PrintableString", 0x16: "IA5String", 0x1E: "BMPString"}
_SHAPED: Final = frozenset({1, 3, 11, 12, 15, 16})
"""Numbers and dates, whose shape is the same on every card of a kind. The shape of a name is its holder's."""

_SHAPES: Final = (
    ("9 digits", re.compile(r"[0-9]{9}")),
    ("12 digits", re.compile(r"[0-9]{12}")),
    ("16 hexadecimal digits", re.compile(r"[0-9A-Fa-f]{16}")),
    ("digits", re.compile(r"[0-9]+")),
    ("hexadecimal digits", re.compile(r"[0-9A-Fa-f]+")),
)


def fields_of_dg13(document: IdDocument) -> dict[str, object]:
    """What the report says about DG13.

    Raises:
        WireError, DocumentError: it is not well formed.
    """
    data = document.personal_data
    if data is None:
        return {"is_vietnamese": False}
    return {
        "is_vietnamese": True,
        "says_no_expiry": data.has_no_expiry,
        "fields": [_field(field) for _, field in sorted(data.fields.items())],
    }


def _field(field: PersonalField) -> dict[str, object]:
    parts = parse_tlv(field.encoded).children()[1:]
    facts: dict[str, object] = {"number": field.number, "parts": [_structure(part) for part in parts]}
    if field.number in _SHAPED:
        facts["shapes"] = [_shape(text) for text in field.strings]
    return facts


def _structure(tlv: Tlv) -> object:
    """A string's type, with "empty" where it is; of a constructed object the list of what is in it."""
    if tlv.tag in _STRING_TYPES:
        return _STRING_TYPES[tlv.tag] + ("" if tlv.value else " (empty)")
    if tlv.tag & 0x20:
        return [_structure(child) for child in tlv.children()]
    return f"tag {tlv.tag:02X}"


def _shape(text: str) -> str:
    if parse_date(text) is not None:
        return "dd/mm/yyyy"
    return next((name for name, pattern in _SHAPES if pattern.fullmatch(text)), "text" if text.strip() else "empty")
