"""EF.DG12: additional document details (Doc 9303-10 §4.7.12)."""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.wire.tlv import Tlv
from reader.lds import files
from reader.lds.detail_template import parse_detail_template
from reader.lds.field_text import FieldDate, FieldName, FieldText

__all__ = ["DataGroup12", "parse_dg12"]

# Doc 9303-10 table 73
_AUTHORITY, _DATE_OF_ISSUE, _OTHER_PERSON, _ENDORSEMENTS, _TAX = 0x5F19, 0x5F26, 0x5F1A, 0x5F1B, 0x5F1C
_FRONT, _REAR, _PERSONALISED, _SYSTEM = 0x5F1D, 0x5F1E, 0x5F55, 0x5F56
_KNOWN: Final = frozenset({_AUTHORITY, _DATE_OF_ISSUE, _ENDORSEMENTS, _TAX, _FRONT, _REAR, _PERSONALISED, _SYSTEM})


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DataGroup12:
    """What the chip says about the document itself (Doc 9303-10 table 73). ``None`` is absent.

    Attributes:
        issuing_authority: (5F19).
        date_of_issue: (5F26).
        other_persons: names of others on the document (A0, 5F1A); empty if there is a template without names.
        announced_other_persons: the number that the template gives.
        endorsements: endorsements and observations (5F1B).
        tax_or_exit_requirements: (5F1C).
        front: encoded image of the document's front (5F1D).
        rear: the same of its rear (5F1E).
        personalised_at: date and time of personalisation (5F55).
        personalisation_system: serial number of the system (5F56).
        tag_list: tags that the group says to contain (5C); only a hint.
        others: objects whose tags the standard does not give.
        encoded: the file as read.
    """

    issuing_authority: FieldText | None
    date_of_issue: FieldDate | None
    other_persons: tuple[FieldName, ...] | None
    announced_other_persons: int | None
    endorsements: FieldText | None
    tax_or_exit_requirements: FieldText | None
    front: bytes | None
    rear: bytes | None
    personalised_at: FieldDate | None
    personalisation_system: FieldText | None
    tag_list: tuple[int, ...] | None
    others: tuple[Tlv, ...]
    encoded: bytes

    def __repr__(self) -> str:
        return f"DataGroup12({len(self.encoded)} bytes)"


def parse_dg12(octets: bytes) -> DataGroup12:
    """Read EF.DG12.

    Raises:
        WireError: no well-formed template 6C.
        DocumentError: ``document.malformed`` if one object stands twice with two values, or names without end.
    """
    template = parse_detail_template(octets, files.data_group(12), _OTHER_PERSON)
    return DataGroup12(
        issuing_authority=template.text(_AUTHORITY),
        date_of_issue=template.date(_DATE_OF_ISSUE),
        other_persons=template.names,
        announced_other_persons=template.announced_names,
        endorsements=template.text(_ENDORSEMENTS),
        tax_or_exit_requirements=template.text(_TAX),
        front=template.octets(_FRONT),
        rear=template.octets(_REAR),
        personalised_at=template.date(_PERSONALISED),
        personalisation_system=template.text(_SYSTEM),
        tag_list=template.tag_list,
        others=template.others(_KNOWN),
        encoded=bytes(octets),
    )
