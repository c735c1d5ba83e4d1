"""The machine readable zone of the Vietnamese card: TD1, three lines of thirty (Doc 9303-5 §4.2; Doc 9303-3 §4, §6)."""

from __future__ import annotations

import datetime
import unicodedata
from typing import Final

__all__ = ["check_digit", "mrz_information", "mrz_lines", "mrz_name"]

_LINE: Final = 30
_WEIGHTS: Final = (7, 3, 1)
_NO_EXPIRY: Final = "991231"
"""Date of expiry of a card without one. An assumption: no official text says what is printed."""

_WITHOUT_DECOMPOSITION: Final = str.maketrans({"Đ": "D", "đ": "D", "Ƀ": "B", "ƀ": "B", "'": "", "’": "", "-": " "})
"""Letters that Unicode does not take apart (Doc 9303-3 §6 A transcribes Đ as D); apostrophes vanish, hyphens part."""


def check_digit(field: str) -> str:
    """Sum of the characters' values with weights 7, 3, 1, modulo ten (Doc 9303-3 §4.9)."""
    return str(sum(_value(character) * _WEIGHTS[i % 3] for i, character in enumerate(field)) % 10)


def _value(character: str) -> int:
    return 0 if character == "<" else int(character, 36)


def mrz_name(full_name: str) -> str:
    """The name field: family name, two fillers, the other names; cut or filled to thirty characters.

    Vietnamese names are written family name first.
    """
    plain = unicodedata.normalize("NFD", full_name.translate(_WITHOUT_DECOMPOSITION))
    words = "".join(letter for letter in plain if not unicodedata.combining(letter)).upper().split()
    family, *others = words
    return f"{family}<<{'<'.join(others)}".ljust(_LINE, "<")[:_LINE]


def mrz_lines(
    number: str, full_name: str, born: datetime.date, sex: str, expires: datetime.date | None
) -> tuple[str, str, str]:
    """The three lines.

    Args:
        number: the twelve digits; the last nine are the document number.
        full_name: as printed, with diacritics.
        born: date of birth.
        sex: ``M`` or ``F``.
        expires: last day of validity, or ``None`` for a card without end.
    """
    document = number[-9:]
    # The optional data repeats all twelve digits, with a check digit of their own at position 30
    first = f"IDVNM{document}{check_digit(document)}{number}<<{check_digit(number)}"
    birth = f"{born:%y%m%d}"
    expiry = f"{expires:%y%m%d}" if expires else _NO_EXPIRY
    second = f"{birth}{check_digit(birth)}{sex}{expiry}{check_digit(expiry)}VNM".ljust(_LINE - 1, "<")
    # Doc 9303-5 §4.2.2: composite over line 1 from position 6 and the dates and optional data of line 2
    composite = check_digit(first[5:30] + second[0:7] + second[8:15] + second[18:29])
    return first, second + composite, mrz_name(full_name)


def mrz_information(lines: tuple[str, str, str]) -> str:
    """Document number, birth and expiry with their check digits: the input of BAC and PACE (Doc 9303-11 §4.3.2)."""
    return lines[0][5:15] + lines[1][0:7] + lines[1][8:15]
