"""EF.DG13 of the Vietnamese citizen card: sixteen numbered fields of personal data.

Doc 9303-10 §4.7.13 leaves DG13 to the issuer. The structure, seen on real cards::

    6D { 30 { 02 01 01, 06 (1.0.10646.1.0.8), 31 { 30 { 02 number, string … } … } } }

No position means anything here: the SET is searched for, fields are found by their number, and under a field all
strings count in document order. So absent fields, a missing version or identifier, parents as two siblings or nested
in one SEQUENCE, and UTF8String for PrintableString all read the same. The 2024 card may have no DG13 at all.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Final

from crypto.wire.tlv import Tlv, parse_tlv
from reader import errors
from reader.lds import files
from reader.vietnamese.text import displayable

__all__ = ["FIELD_KEYS", "NO_EXPIRY_TEXT", "PersonalData", "PersonalField", "PersonalValue", "parse_date", "parse_dg13"]

PersonalValue = str | tuple[str, ...] | None
"""What one field says: text; for the parents a tuple; ``None`` where the field is there but holds no string."""

FIELD_KEYS: Final[Mapping[int, str]] = {
    1: "so_cccd",
    2: "ho_ten",
    3: "ngay_sinh",
    4: "gioi_tinh",
    5: "quoc_tich",
    6: "dan_toc",
    7: "ton_giao",
    8: "que_quan",
    9: "noi_thuong_tru",
    10: "dac_diem",
    11: "ngay_cap",
    12: "ngay_het_han",
    13: "cha_me",
    14: "vo_chong",
    15: "so_cmnd_cu",
    16: "ma_the_hex16",
}
"""Key of each field. The meaning of the sixteenth is not confirmed; it may be a serial number of card or chip."""

NO_EXPIRY_TEXT: Final = "Không thời hạn"
"""What field 12 says on a card that never expires."""

_PARENTS: Final = 13
_RELATIVES: Final = frozenset({_PARENTS, 14})  # these may hold several names
_SET, _SEQUENCE, _INTEGER = 0x31, 0x30, 0x02
_ENCODINGS: Final = {
    0x0C: "utf-8",  # UTF8String
    0x13: "utf-8",  # PrintableString: ASCII by the book; what a card put there beyond it can only be UTF-8
    0x16: "utf-8",  # IA5String
    0x1E: "utf-16-be",  # BMPString
}
_MAX_FIELD_NUMBER: Final = 0xFFFF


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PersonalField:
    """One field.

    Attributes:
        number: as on the chip; 1 to 16 are known.
        strings: every string in it in document order, NFC; empty if the field has none.
        encoded: the field's SEQUENCE as read (of the first one, if the number stands twice).
    """

    number: int
    strings: tuple[str, ...]
    encoded: bytes

    def __repr__(self) -> str:
        return f"PersonalField({self.number}, {len(self.strings)} strings)"

    @property
    def key(self) -> str | None:
        """Its name, or ``None`` for an unknown number."""
        return FIELD_KEYS.get(self.number)

    @property
    def value(self) -> PersonalValue:
        """Its strings as one value. Several strings in a field that should have one are kept, comma-separated."""
        if self.number == _PARENTS:
            return self.strings
        return ", ".join(self.strings) if self.strings else None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PersonalData:
    """DG13 as a whole. An absent field is not there; an empty one is there with nothing in it.

    Attributes:
        fields: by number, unknown numbers included.
        encoded: the file as read.
    """

    fields: Mapping[int, PersonalField]
    encoded: bytes

    def __repr__(self) -> str:
        return f"PersonalData({len(self.fields)} fields)"

    def get(self, key: str) -> PersonalValue:
        """The value of a field by its key, e.g. ``ho_ten``; ``None`` if it is absent or empty.

        Raises:
            KeyError: there is no such key.
        """
        number = _NUMBERS[key]
        return self.fields[number].value if number in self.fields else None

    def text(self, key: str) -> str | None:
        """The same for every field but the parents, fit for a screen: controls and reversing marks are replaced."""
        value = self.get(key)
        return displayable(value) if isinstance(value, str) else None

    def as_dict(self) -> dict[str, PersonalValue]:
        """The fields that are there and known, by key, in the order of their numbers."""
        present = (self.fields[number] for number in FIELD_KEYS if number in self.fields)
        return {FIELD_KEYS[field.number]: field.value for field in present}

    @property
    def unknown(self) -> tuple[PersonalField, ...]:
        """Fields whose number has no meaning here."""
        return tuple(field for field in self.fields.values() if field.key is None)

    @property
    def parents(self) -> tuple[str, ...]:
        """Names of father and mother, in this order when there are two; of one alone nobody knows which it is."""
        return self.fields[_PARENTS].strings if _PARENTS in self.fields else ()

    @property
    def has_no_expiry(self) -> bool:
        """Whether field 12 says that the card never expires."""
        text = self.text("ngay_het_han")
        return text is not None and " ".join(text.split()).casefold() == NO_EXPIRY_TEXT.casefold()

    def date(self, key: str) -> dt.date | None:
        """A date field as a date; ``None`` if absent, or no day of the calendar in the form ``dd/mm/yyyy``."""
        text = self.text(key)
        return None if text is None else parse_date(text)


_NUMBERS: Final = {key: number for number, key in FIELD_KEYS.items()}
_DATE: Final = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")


def parse_date(text: str) -> dt.date | None:
    """``dd/mm/yyyy`` as a date, or ``None``: 31/02/2001 is no date."""
    match = _DATE.fullmatch(text.strip())
    if match is None:
        return None
    day, month, year = (int(part) for part in match.groups())
    try:
        return dt.date(year, month, day)
    except ValueError:
        return None


def parse_dg13(octets: bytes) -> PersonalData:
    """Read EF.DG13 of a Vietnamese card.

    Raises:
        WireError: no well-formed template with tag 6D.
        DocumentError: ``document.malformed`` if there is no set of numbered fields in it, a text is not decodable, or
            a number that allows one value stands twice.
    """
    template = parse_tlv(octets, files.data_group(13).tag)
    fields: dict[int, PersonalField] = {}
    for field in _fields_of(template):
        earlier = fields.get(field.number)
        if earlier is None:
            fields[field.number] = field
        elif field.number in _RELATIVES:
            fields[field.number] = dataclasses.replace(earlier, strings=earlier.strings + field.strings)
        else:
            raise _malformed(field.number)  # which of the two would be the holder's name?
    if not fields:
        raise _malformed(0)
    return PersonalData(fields, bytes(octets))


def _fields_of(template: Tlv) -> Iterator[PersonalField]:
    """The fields of the first SET that has any."""
    for tlv in template.walk():
        if tlv.tag == _SET:
            fields = [field for child in tlv.children() if (field := _field(child)) is not None]
            if fields:
                yield from fields
                return


def _field(tlv: Tlv) -> PersonalField | None:
    """One SEQUENCE { INTEGER number, … }, or ``None`` if it is something else."""
    children = tlv.children() if tlv.tag == _SEQUENCE else ()
    if not children or children[0].tag != _INTEGER or not children[0].value:
        return None
    number = int.from_bytes(children[0].value, "big")
    if number > _MAX_FIELD_NUMBER:
        raise _malformed(0)
    strings = (_text(inner, number) for child in children[1:] for inner in child.walk())
    return PersonalField(number, tuple(text for text in strings if text is not None), tlv.encoded)


def _text(tlv: Tlv, number: int) -> str | None:
    encoding = _ENCODINGS.get(tlv.tag)
    if encoding is None:
        return None
    try:
        return unicodedata.normalize("NFC", tlv.value.decode(encoding))
    except UnicodeDecodeError:
        raise _malformed(number) from None


def _malformed(field: int) -> errors.DocumentError:
    return errors.DocumentError(errors.FILE_MALFORMED, file="DG13", field=field)
