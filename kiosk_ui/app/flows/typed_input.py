"""What people type, made into values: numbers, names, days, phone numbers. Each says why it cannot be taken."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.flows.identify_screens import InputProblem

__all__ = ["birth_from", "calendar_of", "expiry_from", "name_from", "number_from", "phone_from"]

_MOST_NAME_CHARACTERS = 100
_MOST_NUMBER_CHARACTERS = 30
_OLDEST_YEARS = 125
_EARLIEST_BIRTH_YEAR, _LATEST_BIRTH_YEAR = 1880, 2100  # what is taken where no calendar can be asked
_PLAUSIBLE_YEARS = range(2026, 2046)  # this program is no older, and will not be in use for ever
_EXPIRY_YEARS = range(2000, 2100)  # an expired passport still opens; the zone has two digits of the year
_BETWEEN_DIGITS = re.compile(r"[\s.\-]")
_CERTIFICATE = re.compile(r"[\w/.\- ]*\d[\w/.\- ]*")
_DOCUMENT_NUMBER = re.compile(r"(?=.*[0-9])[A-Z0-9](?:[A-Z0-9-]{0,20}[A-Z0-9])?")
_DASHES = re.compile("[\u2010-\u2015\u2212]")
_IN_NAMES = frozenset(" -.'’")
_PHONE = re.compile(r"\+?[0-9]{8,15}")  # ITU-T E.164 §6.2.1: at most 15 digits


def number_from(text: str, kind: NumberKind) -> tuple[str, NumberKind] | InputProblem:
    """A number typed for ``kind``: its clean text and what it turned out to be.

    Twelve digits are a citizen number wherever a Vietnamese paper is asked for: cards without a chip had them, and birth
    certificates name them. A foreign document may have twelve digits as well.
    """
    if kind is NumberKind.DOCUMENT:
        return _document_number(text)
    digits = _BETWEEN_DIGITS.sub("", text)
    is_digits = digits.isascii() and digits.isdigit()
    if is_digits and len(digits) == 12:
        return digits, NumberKind.CITIZEN
    if kind is NumberKind.CITIZEN:
        return InputProblem.NOT_12_DIGITS
    if kind is NumberKind.OLD_CARD:
        return (digits, kind) if is_digits and len(digits) == 9 else InputProblem.NOT_9_OR_12_DIGITS
    clean = " ".join(unicodedata.normalize("NFC", text).split()).upper()
    if not clean:
        return InputProblem.EMPTY
    if len(clean) > _MOST_NUMBER_CHARACTERS:
        return InputProblem.TOO_LONG
    return (clean, kind) if _CERTIFICATE.fullmatch(clean) else InputProblem.NOT_A_NUMBER


def _document_number(text: str) -> tuple[str, NumberKind] | InputProblem:
    """Doc 9303-4 §4.2.2.2 and 9303-5 §4.2.2: capitals and digits, at most 22 with those that run over into the rest."""
    clean = _DASHES.sub("-", re.sub(r"[\s./]", "", text)).upper()
    if not clean:
        return InputProblem.EMPTY
    return (clean, NumberKind.DOCUMENT) if _DOCUMENT_NUMBER.fullmatch(clean) else InputProblem.NOT_A_DOCUMENTS


def name_from(text: str) -> str | InputProblem:
    """A person's name: NFC, single spaces, letters and what stands between them."""
    name = " ".join(unicodedata.normalize("NFC", text).split())
    if not name:
        return InputProblem.EMPTY
    if len(name) > _MOST_NAME_CHARACTERS:
        return InputProblem.TOO_LONG
    letters = [character for character in name if character.isalpha()]
    if len(letters) < 2 or any(not c.isalpha() and c not in _IN_NAMES for c in name):
        return InputProblem.NOT_A_NAME
    return name


def birth_from(
    day: int | None, month: int | None, year: int, today: dt.date | None
) -> tuple[dt.date | None, int] | InputProblem:
    """A date of birth, or the year alone: the date if it is whole, and the year.

    Args:
        day: of the month; ``None`` together with ``month``.
        month: of the year.
        year: with four digits.
        today: by :func:`calendar_of`. Without a calendar nobody is told that they are not born yet, or too old.
    """
    if today is None and not _EARLIEST_BIRTH_YEAR <= year < _LATEST_BIRTH_YEAR:
        return InputProblem.NO_SUCH_DAY
    latest = today or dt.date(_LATEST_BIRTH_YEAR, 1, 1)
    earliest_year = _EARLIEST_BIRTH_YEAR if today is None else today.year - _OLDEST_YEARS
    if day is None and month is None:
        if year > latest.year:
            return InputProblem.IN_THE_FUTURE
        return InputProblem.TOO_LONG_AGO if year < earliest_year else (None, year)
    if day is None or month is None:
        return InputProblem.NO_SUCH_DAY
    try:
        born = dt.date(year, month, day)
    except (ValueError, OverflowError):
        return InputProblem.NO_SUCH_DAY
    if born > latest:
        return InputProblem.IN_THE_FUTURE
    return InputProblem.TOO_LONG_AGO if year < earliest_year else (born, year)


def calendar_of(now: dt.datetime) -> dt.date | None:
    """Today, or ``None`` if this clock cannot be right: a clock that was never set blames nobody for its own mistake."""
    return now.date() if now.year in _PLAUSIBLE_YEARS else None


def expiry_from(day: int, month: int, year: int) -> dt.date | InputProblem:
    """Last day of a document. Whether it is over is for the reader to say; here it opens the chip."""
    try:
        last = dt.date(year, month, day)
    except (ValueError, OverflowError):
        return InputProblem.NO_SUCH_DAY
    return last if year in _EXPIRY_YEARS else InputProblem.NOT_AN_EXPIRY


def phone_from(text: str) -> str | InputProblem:
    """A phone number: digits, with a plus sign before a country's code. ``+84 912…`` becomes ``0912…``."""
    clean = re.sub(r"[\s.\-()]", "", text)
    if not _PHONE.fullmatch(clean):
        return InputProblem.NOT_A_PHONE
    return "0" + clean.removeprefix("+84") if clean.startswith("+84") else clean
