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
from reader.vietnamese.text import decode_text, displayable, repair_mojibake

__all__ = ["CitizenQr", "ExtraField", "parse_citizen_qr", "parse_citizen_qr_octets"]

_FIELDS: Final = 7
_MAX_CHARACTERS: Final = 2048
_NINE_DIGITS: Final = re.compile(r"[0-9]{9}")
_DATE: Final = re.compile(r"([0-9]{2})/?([0-9]{2})/?([0-9]{4})")
_SEXES: Final = {"nam": Sex.MALE, "nữ": Sex.FEMALE}
_DAMAGE: Final = re.compile("[?\N{REPLACEMENT CHARACTER}]")


class ExtraField(enum.IntEnum):
    """Best guess at what the additional fields of the 2024 card are, by position. Assumption: not confirmed."""

    CANCELLED_NUMBER = 7
    FATHER = 8
    MOTHER = 9


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
        text_is_intact: whether names and address came through. A scanner in keyboard mode loses letters; then only
            number and dates may be used, and the name is taken from the chip.
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
    text_is_intact: bool
    raw: str

    def __repr__(self) -> str:
        return f"CitizenQr({len(self.findings)} findings)"

    def extra_field(self, field: ExtraField) -> str | None:
        """An additional field by its probable meaning; ``None`` if absent or empty."""
        index = field - _FIELDS
        return self.extra[index] or None if index < len(self.extra) else None


def parse_citizen_qr_octets(octets: bytes) -> CitizenQr:
    """The same from the octets of a scanner, whatever Vietnamese encoding they are in.

    Raises:
        DocumentError: ``text.undecodable``, or as :func:`parse_citizen_qr`.
    """
    return parse_citizen_qr(decode_text(octets).text)


def parse_citizen_qr(text: str) -> CitizenQr:
    """Read the text of a code.

    Raises:
        DocumentError: ``qr.malformed`` if there are too few fields, or a date is not in the calendar;
            ``number.malformed`` if the first field is no citizen number.
    """
    if len(text) > _MAX_CHARACTERS:
        raise _malformed()
    parts = [_clean(part) for part in repair_mojibake(text).removeprefix("\ufeff").split("|")]
    if _has_no_old_number(parts):
        parts.insert(1, "")
    if len(parts) < _FIELDS:
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
        text_is_intact=sex is not Sex.UNSPECIFIED and not _DAMAGE.search(full_name + address),
        raw=text,
    )


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
