"""What people type, made into values: numbers, names, days, phone numbers. Each says why it cannot be taken."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata

from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.flows.identify_screens import InputProblem

__all__ = ["birth_from", "name_from", "number_from", "phone_from"]

_MOST_NAME_CHARACTERS = 100
_MOST_NUMBER_CHARACTERS = 30
_OLDEST_YEARS = 125
_NOT_BEFORE = dt.date(2026, 1, 1)  # a clock that says less is wrong: this program is younger
_BETWEEN_DIGITS = re.compile(r"[\s.\-]")
_CERTIFICATE = re.compile(r"[\w/.\- ]*\d[\w/.\- ]*")
_IN_NAMES = frozenset(" -.'’")
_PHONE = re.compile(r"\+?[0-9]{8,15}")  # ITU-T E.164 §6.2.1: at most 15 digits


def number_from(text: str, kind: NumberKind) -> tuple[str, NumberKind] | InputProblem:
    """A number typed for ``kind``: its clean text and what it turned out to be.

    Twelve digits are a citizen number wherever they are typed: cards without a chip had them, and birth certificates
    name them.
    """
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
    day: int | None, month: int | None, year: int, today: dt.date
) -> tuple[dt.date | None, int] | InputProblem:
    """A date of birth, or the year alone: the date if it is whole, and the year.

    A clock that was never set tells nobody that they are not born yet.
    """
    today = max(today, _NOT_BEFORE)
    if day is None and month is None:
        if year > today.year:
            return InputProblem.IN_THE_FUTURE
        return InputProblem.TOO_LONG_AGO if year < today.year - _OLDEST_YEARS else (None, year)
    if day is None or month is None:
        return InputProblem.NO_SUCH_DAY
    try:
        born = dt.date(year, month, day)
    except (ValueError, OverflowError):
        return InputProblem.NO_SUCH_DAY
    if born > today:
        return InputProblem.IN_THE_FUTURE
    return InputProblem.TOO_LONG_AGO if year < today.year - _OLDEST_YEARS else (born, year)


def phone_from(text: str) -> str | InputProblem:
    """A phone number: digits, with a plus sign before a country's code. ``+84 912…`` becomes ``0912…``."""
    clean = re.sub(r"[\s.\-()]", "", text)
    if not _PHONE.fullmatch(clean):
        return InputProblem.NOT_A_PHONE
    return "0" + clean.removeprefix("+84") if clean.startswith("+84") else clean
