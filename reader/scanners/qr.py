"""The QR code printed on the Vietnamese citizen card.

``number | old number | name | ddmmyyyy | Nam or Nữ | address | ddmmyyyy``, fields separated by ``|``, UTF-8. The code is
not signed: what it says is *declared*, never proof. The 2024 card adds fields whose order is not confirmed; they are
kept as they are.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
from typing import Final

from reader import errors
from reader.verification.identity import Sex
from reader.vietnamese.number import CitizenNumber, NumberFinding, parse_number
from reader.vietnamese.syllables import reads_as_vietnamese
from reader.vietnamese.text import decode_text, displayable, repair_mojibake

__all__ = ["CitizenQr", "ExtraField", "TextDamage", "damage_of", "parse_citizen_qr", "parse_citizen_qr_octets"]

_FIELDS: Final = 7
_MAX_CHARACTERS: Final = 2048
_MAX_EXTRA_FIELDS: Final = 32
_NINE_DIGITS: Final = re.compile(r"[0-9]{9}")
_DATE: Final = re.compile(r"([0-9]{2})/?([0-9]{2})/?([0-9]{4})")
_SEXES: Final = {"nam": Sex.MALE, "nữ": Sex.FEMALE}
_DAMAGE: Final = re.compile("[?\N{REPLACEMENT CHARACTER}]")


class ExtraField(enum.IntEnum):
    """Best guess at what the additional fields of the 2024 card are, by position. Assumption: not confirmed."""

    CANCELLED_NUMBER = 7
    FATHER = 8
    MOTHER = 9


class TextDamage(enum.StrEnum):
    """What happened to the letters between the printed code and here. Number and dates are digits and survive it."""

    NONE = "none"
    REPLACED = "replaced"  # question marks or U+FFFD in place of letters
    MARKS_LOST = "marks_lost"  # no letter beyond ASCII is left: a device in keyboard mode drops them
    NOT_VIETNAMESE = "not_vietnamese"  # words that cannot be: another encoding, or an input method at work
    ENCODING_UNCERTAIN = "encoding_uncertain"  # the octets read as well in another encoding


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class CitizenQr:
    """What a code says. Its ``repr`` shows nothing personal.

    Attributes:
        number: the citizen number.
        old_number: number of the former card, nine digits as a rule; ``None`` if the field is empty or missing.
        full_name: NFC, single spaces.
        date_of_birth: a day of the calendar.
        sex: unspecified if the field's text was damaged on the way.
        address: NFC; place of residence.
        issued_on: date of issue, or ``None`` if that field is empty.
        extra: further fields as they are.
        findings: what in the number does not agree with date of birth and sex.
        damage: what happened to the letters on the way.
        raw: the whole text as it was given.
    """

    number: CitizenNumber
    old_number: str | None
    full_name: str
    date_of_birth: dt.date
    sex: Sex
    address: str
    issued_on: dt.date | None
    extra: tuple[str, ...]
    findings: tuple[NumberFinding, ...]
    damage: TextDamage
    raw: str

    def __repr__(self) -> str:
        return f"CitizenQr({len(self.findings)} findings)"

    @property
    def text_is_intact(self) -> bool:
        """Whether name and address came through. If not, only number and dates count; the name is the chip's."""
        return self.damage is TextDamage.NONE

    def extra_field(self, field: ExtraField) -> str | None:
        """An additional field by its probable meaning; ``None`` if absent or empty."""
        index = field - _FIELDS
        return self.extra[index] or None if index < len(self.extra) else None


def parse_citizen_qr_octets(octets: bytes) -> CitizenQr:
    """The same from the octets of a scanner, whatever Vietnamese encoding they are in.

    Raises:
        DocumentError: ``text.undecodable``, or as :func:`parse_citizen_qr`.
    """
    decoded = decode_text(octets)
    return parse_citizen_qr(decoded.text, is_certain=decoded.is_certain)


def parse_citizen_qr(text: str, *, is_certain: bool = True) -> CitizenQr:
    """Read the text of a code.

    Args:
        text: as decoded; a line end and spaces around fields do not matter.
        is_certain: whether the encoding of its letters is known.

    Raises:
        DocumentError: ``qr.malformed`` if there are too few fields, or a date is not in the calendar;
            ``number.malformed`` if the first field is no citizen number.
    """
    if len(text) > _MAX_CHARACTERS:
        raise _malformed()
    parts = [_clean(part) for part in repair_mojibake(text).removeprefix("\ufeff").split("|")]
    if _has_no_old_number(parts):
        parts.insert(1, "")
    if not _FIELDS <= len(parts) <= _FIELDS + _MAX_EXTRA_FIELDS:
        raise _malformed()
    number_text, old_number, full_name, born_text, sex_text, address, issued_text, *extra = parts
    number = parse_number(number_text)
    born = _date(born_text)
    if born is None or not full_name:
        raise _malformed()
    sex = _SEXES.get(sex_text.casefold(), Sex.UNSPECIFIED)
    return CitizenQr(
        number=number,
        old_number=old_number or None,
        full_name=full_name,
        date_of_birth=born,
        sex=sex,
        address=address,
        issued_on=_date(issued_text),
        extra=tuple(extra),
        findings=number.findings(date_of_birth=born, sex=sex),
        damage=damage_of(full_name, sex_text, address, is_certain=is_certain),
        raw=text,
    )


def damage_of(full_name: str, sex_text: str, address: str, *, is_certain: bool = True) -> TextDamage:
    """What happened to the letters of a code, as far as its text shows.

    A code all in ASCII is taken for one whose marks were dropped. There are names without marks; somebody who has one,
    is a man and lives at a place without marks loses no more than a comparison of the name.
    """
    if _DAMAGE.search(full_name + address):
        return TextDamage.REPLACED
    if (full_name + sex_text + address).isascii():
        return TextDamage.MARKS_LOST
    if sex_text.casefold() not in _SEXES or not reads_as_vietnamese(f"{full_name} {address}"):
        return TextDamage.NOT_VIETNAMESE
    return TextDamage.NONE if is_certain else TextDamage.ENCODING_UNCERTAIN


def _has_no_old_number(parts: list[str]) -> bool:
    """Whether this is the variant without the second field: a name where the old number was, then the birth date."""
    return (
        len(parts) > 2 and bool(parts[1]) and not _NINE_DIGITS.fullmatch(parts[1]) and bool(_DATE.fullmatch(parts[2]))
    )


def _clean(part: str) -> str:
    return displayable(" ".join(part.split()))


def _date(text: str) -> dt.date | None:
    """``ddmmyyyy`` or ``dd/mm/yyyy``; ``None`` if empty. 31/02 is an error, not another day."""
    if not text:
        return None
    match = _DATE.fullmatch(text)
    if match is None:
        raise _malformed()
    day, month, year = (int(part) for part in match.groups())
    try:
        return dt.date(year, month, day)
    except ValueError:
        raise _malformed() from None


def _malformed() -> errors.DocumentError:
    return errors.DocumentError(errors.QR_MALFORMED)
