"""The QR code on an insurance card (BHYT), in its two forms. It is not signed: what it says is declared.

Fields are separated by ``|`` and a field ``$`` ends the code, so a scan that was cut off is noticed. Names and places are
the hexadecimal digits of UTF-8. They are decoded strictly or left blank, never guessed: a wrong name at the insurer is
worse than none.

Since 2021 (ten-digit social-insurance number; shared notes, B.3)::

    number | name | born | sex | address or - | PP - XXX | from | to or - | issued | PP+NN+number | - | level | five years
    | checksum | area | issuer | $

Before (fifteen characters: object, level, province, number): the first nine fields of the same, and ``$``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
import unicodedata
from typing import Final

from reader import errors
from reader.scanners import codes
from reader.verification.identity import Sex
from reader.vietnamese.text import displayable

__all__ = ["InsuranceForm", "InsuranceQr", "is_insurance_code", "parse_insurance_qr"]

_MAX_CHARACTERS: Final = 2048
_END: Final = "$"
_NOTHING: Final = "-"
_TEN_DIGITS: Final = re.compile(r"[0-9]{10}")
_FIFTEEN: Final = re.compile(r"[A-Z]{2}[1-5][0-9]{12}")  # shared notes, D.1
_FACILITY: Final = re.compile(r"([0-9]{2}) ?- ?([0-9]{3})")
_DATE: Final = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
_YEAR: Final = re.compile(r"(?:19|20)[0-9]{2}")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})+")
_SEXES: Final = {"1": Sex.MALE, "2": Sex.FEMALE}


class InsuranceForm(enum.StrEnum):
    """Which of the two forms a code has."""

    TEN_DIGITS = "ten_digits"
    FIFTEEN_CHARACTERS = "fifteen_characters"


_FIELDS: Final = {InsuranceForm.TEN_DIGITS: 16, InsuranceForm.FIFTEEN_CHARACTERS: 9}


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class InsuranceQr:
    """What a code says. Its ``repr`` shows nothing personal.

    Attributes:
        form: old or new.
        code: ten digits, or fifteen characters.
        full_name: NFC; ``None`` if its hexadecimal digits do not decode strictly.
        date_of_birth: ``None`` if the code gives the year only.
        birth_year: four digits.
        sex: as coded.
        address: ``None`` if the code gives none, or it does not decode strictly.
        facility: five digits: province and place of first care; ``None`` if absent.
        valid_from: first day, or ``None``.
        valid_until: last day; ``None`` if the code names none.
        issued_on: or ``None``.
        benefit_level: 1 to 5, or ``None``.
        raw: the whole text as given.
    """

    form: InsuranceForm
    code: str
    full_name: str | None
    date_of_birth: dt.date | None
    birth_year: int
    sex: Sex
    address: str | None
    facility: str | None
    valid_from: dt.date | None
    valid_until: dt.date | None
    issued_on: dt.date | None
    benefit_level: int | None
    raw: str

    def __repr__(self) -> str:
        return f"InsuranceQr({self.form.value})"


def is_insurance_code(text: str) -> bool:
    """Whether a text begins as such a code does, damaged or not."""
    first, separator, _ = text.strip().removeprefix("\ufeff").partition("|")
    return bool(separator) and _form_of(first.strip()) is not None


def parse_insurance_qr(text: str) -> InsuranceQr:
    """Read the text of a code.

    Raises:
        DocumentError: ``qr.insurance_malformed`` if it does not begin or end as it must, a field is missing, or a
            date is no day of the calendar.
    """
    parts = [part.strip() for part in text.strip().removeprefix("\ufeff").split("|")]
    form = _form_of(parts[0])
    if form is None or len(text) > _MAX_CHARACTERS or parts.pop() != _END or len(parts) != _FIELDS[form]:
        raise _malformed()
    code, name, born, sex, address, facility, valid_from, valid_until, issued, *further = parts
    date_of_birth, birth_year = _birth(born)
    if sex not in _SEXES:
        raise _malformed()
    level = code[2] if form is InsuranceForm.FIFTEEN_CHARACTERS else further[2]
    return InsuranceQr(
        form=form,
        code=code,
        full_name=_text(name),
        date_of_birth=date_of_birth,
        birth_year=birth_year,
        sex=_SEXES[sex],
        address=_text(address),
        facility=_facility(facility),
        valid_from=_date(valid_from),
        valid_until=_date(valid_until),
        issued_on=_date(issued),
        benefit_level=int(level) if level in "12345" and level else None,
        raw=text,
    )


def _form_of(first: str) -> InsuranceForm | None:
    if _TEN_DIGITS.fullmatch(first):
        return InsuranceForm.TEN_DIGITS
    return InsuranceForm.FIFTEEN_CHARACTERS if _FIFTEEN.fullmatch(first) else None


def _text(digits: str) -> str | None:
    """Hexadecimal UTF-8, strictly: an odd digit, a broken letter or a control leaves the field blank."""
    if not _HEX.fullmatch(digits):
        return None
    try:
        text = unicodedata.normalize("NFC", bytes.fromhex(digits).decode("utf-8"))
    except UnicodeDecodeError:
        return None
    text = " ".join(text.split())
    return text if text and displayable(text) == text and "\N{REPLACEMENT CHARACTER}" not in text else None


def _facility(text: str) -> str | None:
    if text in ("", _NOTHING):
        return None
    match = _FACILITY.fullmatch(text)
    if match is None:
        raise _malformed()
    return match[1] + match[2]


def _birth(text: str) -> tuple[dt.date | None, int]:
    """A day, or the year alone of people whose day was never registered."""
    if _YEAR.fullmatch(text):
        return None, int(text)
    date = _date(text)
    if date is None:
        raise _malformed()
    return date, date.year


def _date(text: str) -> dt.date | None:
    if text in ("", _NOTHING):
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
    return errors.DocumentError(codes.INSURANCE_QR_MALFORMED)
