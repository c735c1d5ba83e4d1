"""The 12-digit citizen number (số định danh cá nhân; Circular 59/2021/TT-BCA art. 4).

``PPP G YY NNNNNN``: province of birth registration, century and sex, year of birth, six arbitrary digits. There is no
check digit inside. Three things on the card are pieces of it: the card access number is its last six digits, the
document number of the MRZ its last nine.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import functools
from collections.abc import Mapping
from typing import Final

from reader import errors
from reader.verification.identity import Sex

__all__ = [
    "CitizenNumber",
    "NumberFinding",
    "Province",
    "can_of",
    "document_number_of",
    "parse_number",
    "provinces",
]

NUMBER_DIGITS: Final = 12
CAN_DIGITS: Final = 6
DOCUMENT_NUMBER_DIGITS: Final = 9


class NumberFinding(enum.StrEnum):
    """What in a number does not agree with what else is known. Findings are facts, not errors."""

    BIRTH_YEAR_DIFFERS = "birth_year_differs"
    SEX_DIFFERS = "sex_differs"
    PROVINCE_UNKNOWN = "province_unknown"


@dataclasses.dataclass(frozen=True, slots=True)
class Province:
    """One of the 63 provinces that number prefixes refer to, and where it belongs since 1 July 2025."""

    prefix: str
    name: str
    name_since_2025: str


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class CitizenNumber:
    """A well-formed citizen number, taken apart. Its ``repr`` shows no digit."""

    digits: str

    def __repr__(self) -> str:
        return "CitizenNumber(…)"

    @property
    def province_prefix(self) -> str:
        """Three digits: where the birth was registered (not where the person lives)."""
        return self.digits[:3]

    @property
    def province(self) -> Province | None:
        """The province of the prefix, always by the 63-province list; ``None`` if abroad or unknown."""
        return provinces().get(self.province_prefix)

    @property
    def born_abroad(self) -> bool:
        """Whether the prefix is a country code. Assumption: the list is not public, so any prefix from 100 on."""
        return int(self.province_prefix) >= 100

    @property
    def sex(self) -> Sex:
        """The parity of the fourth digit: even is male, odd is female."""
        return Sex.FEMALE if int(self.digits[3]) % 2 else Sex.MALE

    @property
    def century(self) -> int:
        """First year of the century of birth: 1900 for a fourth digit of 0 or 1, 2000 for 2 or 3, and so on."""
        return 1900 + 100 * (int(self.digits[3]) // 2)

    @property
    def birth_year(self) -> int:
        """Year of birth with four digits."""
        return self.century + int(self.digits[4:6])

    @property
    def can(self) -> str:
        """The card access number of the CCCD: the last six digits."""
        return self.digits[-CAN_DIGITS:]

    @property
    def document_number(self) -> str:
        """The document number in the MRZ: the last nine digits."""
        return self.digits[-DOCUMENT_NUMBER_DIGITS:]

    def findings(self, *, date_of_birth: dt.date | None = None, sex: Sex | None = None) -> tuple[NumberFinding, ...]:
        """What does not agree; empty if everything does. What is not given is not compared."""
        found = []
        if date_of_birth is not None and date_of_birth.year != self.birth_year:
            found.append(NumberFinding.BIRTH_YEAR_DIFFERS)
        if sex is not None and sex is not Sex.UNSPECIFIED and sex is not self.sex:
            found.append(NumberFinding.SEX_DIFFERS)
        # A prefix of the 34-province list is always one of the 63-province list too, so one look is enough.
        if self.province is None and not self.born_abroad:
            found.append(NumberFinding.PROVINCE_UNKNOWN)
        return tuple(found)


def parse_number(text: str) -> CitizenNumber:
    """The number in typed or scanned text; spaces around and between the digits are ignored.

    Raises:
        DocumentError: ``number.malformed`` unless exactly twelve ASCII digits remain.
    """
    digits = "".join(text.split())
    if len(digits) != NUMBER_DIGITS or not (digits.isascii() and digits.isdigit()):
        raise errors.DocumentError(errors.NUMBER_MALFORMED)
    return CitizenNumber(digits)


def can_of(number: str) -> str:
    """The card access number of a citizen number: its last six digits.

    Raises:
        DocumentError: ``number.malformed``.
    """
    return parse_number(number).can


def document_number_of(number: str) -> str:
    """The MRZ document number of a citizen number: its last nine digits.

    Raises:
        DocumentError: ``number.malformed``.
    """
    return parse_number(number).document_number


@functools.cache
def provinces() -> Mapping[str, Province]:
    """The 63 provinces by the three-digit prefix of the number."""
    import csv
    from importlib import resources  # with what it brings along, longer to load than all else here

    table = resources.files("reader.vietnamese") / "tables" / "provinces_63_pre2025.csv"
    return {
        row["cccd_prefix3"]: Province(row["cccd_prefix3"], row["name"], row["new_name_2025"])
        for row in csv.DictReader(table.read_text(encoding="utf-8").splitlines())
    }
