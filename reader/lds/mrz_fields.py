"""The parts of a machine-readable zone: check digits, dates with two-digit years, names (Doc 9303-3 §4)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
from typing import Final

__all__ = ["CheckDigit", "CheckDigitField", "MrzDate", "MrzName", "check_digit", "parse_name"]

FILLER: Final = "<"
_WEIGHTS: Final = (7, 3, 1)
_VALUES: Final = {character: value for value, character in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {
    FILLER: 0
}


def check_digit(text: str) -> str:
    """The check digit over MRZ characters (Doc 9303-3 §4.9): weights 7-3-1 repeating, modulo 10.

    Raises:
        KeyError: a character that is no MRZ character. :mod:`.mrz` checks its lines first.
    """
    total = sum(_VALUES[character] * _WEIGHTS[index % 3] for index, character in enumerate(text))
    return str(total % 10)


class CheckDigitField(enum.StrEnum):
    """What a check digit protects."""

    DOCUMENT_NUMBER = "document_number"
    DATE_OF_BIRTH = "date_of_birth"
    DATE_OF_EXPIRY = "date_of_expiry"
    PERSONAL_NUMBER = "personal_number"
    COMPOSITE = "composite"
    CITIZEN_NUMBER = "citizen_number"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class CheckDigit:
    """One check digit of an MRZ.

    Attributes:
        field: what it protects.
        covers: the characters that it is computed over.
        printed: the character in the MRZ.
    """

    field: CheckDigitField
    covers: str
    printed: str

    def __repr__(self) -> str:
        return f"CheckDigit({self.field.value}, {'right' if self.is_right else 'wrong'})"

    @property
    def computed(self) -> str:
        """What it should be."""
        return check_digit(self.covers)

    @property
    def is_right(self) -> bool:
        """Whether it fits. An unused personal number may carry a filler instead of 0 (Doc 9303-4 §4.2.2.2)."""
        if self.field is CheckDigitField.PERSONAL_NUMBER and self.printed == FILLER:
            return not self.covers.strip(FILLER)
        return self.printed == self.computed


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class MrzDate:
    """A date as the MRZ writes it: ``YYMMDD``, unknown parts as fillers (Doc 9303-3 §4.8) or, in the wild, ``00``."""

    text: str

    def __repr__(self) -> str:
        return "MrzDate(…)"

    @property
    def year_of_century(self) -> int | None:
        """The two digits of the year, or ``None`` if unknown."""
        return int(self.text[:2]) if self.text[:2].isdigit() else None

    @property
    def month(self) -> int | None:
        """1 to 12 for a sensible month, ``None`` if unknown."""
        return _known_part(self.text[2:4])

    @property
    def day(self) -> int | None:
        """1 to 31 for a sensible day, ``None`` if unknown."""
        return _known_part(self.text[4:6])

    @property
    def is_partial(self) -> bool:
        """Whether the year, the month or the day is unknown."""
        return None in (self.year_of_century, self.month, self.day)

    def birth_year(self, today: dt.date, century: int | None = None) -> int | None:
        """Year of birth with four digits.

        Args:
            today: nobody is born after today, so that a two-digit year is of the latest century that fits.
            century: first year of the century where it is known (the citizen number says it), e.g. 1900.
        """
        if self.year_of_century is None:
            return None
        if century is not None:
            return century + self.year_of_century
        this_century = today.year // 100 * 100
        year = this_century + self.year_of_century
        if (year, self.month or 0, self.day or 0) > (today.year, today.month, today.day):
            year -= 100
        return year

    def birth_date(self, today: dt.date, century: int | None = None) -> dt.date | None:
        """Date of birth; ``None`` if a part is unknown or the day is not in the calendar."""
        return self._date_in(self.birth_year(today, century))

    def _date_in(self, year: int | None) -> dt.date | None:
        if year is None or self.month is None or self.day is None:
            return None
        try:
            return dt.date(year, self.month, self.day)
        except ValueError:
            return None


def _known_part(text: str) -> int | None:
    return int(text) or None if text.isdigit() else None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class MrzName:
    """The holder's name in the MRZ's alphabet, words separated by single spaces.

    Attributes:
        primary: primary identifier, usually the family name.
        secondary: secondary identifier; ``""`` if the MRZ has none.
        may_be_truncated: the last position of the field is a letter (Doc 9303-4 §4.2.3): the name may go on.
    """

    primary: str
    secondary: str
    may_be_truncated: bool

    def __repr__(self) -> str:
        return "MrzName(…)"

    @property
    def words(self) -> tuple[str, ...]:
        """All words in the order of the MRZ."""
        return (*self.primary.split(), *self.secondary.split())

    @property
    def full(self) -> str:
        """Primary, then secondary identifier: the order in which a Vietnamese name is spoken."""
        return " ".join(self.words)


def parse_name(field: str) -> MrzName:
    """Split the name field: ``<<`` ends the primary identifier, ``<`` separates words (Doc 9303-3 §4.6)."""
    primary, _, secondary = field.rstrip(FILLER).partition(FILLER * 2)
    return MrzName(
        primary=_words(primary),
        secondary=_words(secondary),
        may_be_truncated=not field.endswith(FILLER),
    )


def _words(text: str) -> str:
    return re.sub(f"{FILLER}+", " ", text).strip()
