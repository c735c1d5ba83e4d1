"""Machine readable zones: the Vietnamese card, and TD1, TD2 and TD3 of any state (Doc 9303-3 §4, §6; Doc 9303-4 to -6 §4.2)."""

from __future__ import annotations

import datetime
import unicodedata
from typing import Final

from emulator.personalise.travel_document import MrzFormat, TravelDocument

__all__ = [
    "check_digit",
    "latin_capitals",
    "mrz_information",
    "mrz_lines",
    "mrz_name",
    "name_field",
    "travel_document_lines",
]

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


# -- documents of other states -------------------------------------------------------------------------

_NUMBER: Final = 9
_TRANSLITERATION: Final = str.maketrans(
    {
        "Ä": "AE",
        "Å": "AA",
        "Æ": "AE",
        "Ð": "D",
        "Đ": "D",
        "Ħ": "H",
        "ı": "I",
        "Ĳ": "IJ",
        "Ł": "L",
        "Ŋ": "N",
        "Ö": "OE",
        "Ø": "OE",
        "Œ": "OE",
        "ẞ": "SS",
        "Þ": "TH",
        "Ŧ": "T",
        "Ü": "UE",
        "'": "",
        "’": "",
        ".": "",
        ",": " ",
        "-": " ",
    }
)
"""Doc 9303-3 §6 A, the longer form where there are two; §4.6: apostrophes vanish, hyphens and commas part."""


def latin_capitals(text: str) -> str:
    """A national text in the letters of the machine readable zone, words parted by one filler.

    Raises:
        ValueError: a letter that the Latin table does not know.
    """
    plain = unicodedata.normalize("NFC", text).upper().translate(_TRANSLITERATION)  # ß becomes SS by upper()
    bare = "".join(letter for letter in unicodedata.normalize("NFD", plain) if not unicodedata.combining(letter))
    words = bare.replace("<", " ").split()
    if not all(word.isascii() and word.isalnum() for word in words):
        raise ValueError("a name with letters outside Doc 9303-3 §6 A")
    return "<".join(words)


def name_field(primary: str, secondary: str, width: int) -> str:
    """Primary identifier, two fillers, secondary identifier; cut or filled (Doc 9303-3 §4.6).

    Where the primary identifier alone would fill the field, its last words become initials until the secondary one
    shows two letters (Doc 9303-4 §4.2.3).
    """
    words, others = latin_capitals(primary).split("<"), latin_capitals(secondary)
    if not others:
        return "<".join(words).ljust(width, "<")[:width]
    shown = len(others[:2]) + 2
    for place in range(len(words) - 1, 0, -1):
        if len("<".join(words)) + shown <= width:
            break
        words[place] = words[place][0]
    return f"{'<'.join(words)}<<{others}".ljust(width, "<")[:width]


def travel_document_lines(
    layout: MrzFormat, document: TravelDocument, secondary: str, born: datetime.date, sex: str, expires: datetime.date
) -> tuple[str, ...]:
    """The lines of a document of any state.

    Args:
        layout: size.
        document: number, state, primary identifier, optional data.
        secondary: secondary identifier with diacritics; empty if there is none.
        born: date of birth, unless the document knows only parts of it.
        sex: ``M``, ``F`` or ``<`` for unspecified.
        expires: last day of validity.

    Raises:
        ValueError: a field does not fit.
    """
    code, state = _fill(document.code, 2), _fill(document.issuing_state, 3)
    nationality = _fill(document.nationality or document.issuing_state, 3)
    birth = _with_digit(_fill(document.partial_birth or f"{born:%y%m%d}", 6))
    expiry = _with_digit(f"{expires:%y%m%d}")
    if layout is MrzFormat.TD1:
        first = code + state + _number_and_optional(document, 15)
        second = birth + sex + expiry + nationality + _fill(document.further_optional_data, 11)
        # Doc 9303-5 §4.2.2.2: line 1 from position 6, line 2 without sex and nationality
        composite = check_digit(first[5:30] + second[0:7] + second[8:15] + second[18:29])
        return first, second + composite, name_field(document.family_name, secondary, layout.line_length)
    first = code + state + name_field(document.family_name, secondary, layout.line_length - 5)
    if layout is MrzFormat.TD2:
        numbers = _number_and_optional(document, 7)
    else:
        if len(document.number) > _NUMBER:
            raise ValueError("TD3 has no room for a document number of more than nine characters")
        # Doc 9303-4 §4.2.2.2: the optional data has a digit of its own; zero or a filler if there is none
        numbers = _with_digit(_fill(document.number, _NUMBER)) + _with_digit(_fill(document.optional_data, 14))
    second = numbers[:10] + nationality + birth + sex + expiry + numbers[10:]
    # Doc 9303-4 and -6 §4.2.2.2: positions 1-10, 14-20 and from 22 on
    return first, second + check_digit(second[0:10] + second[13:20] + second[21:])


def _fill(text: str, width: int) -> str:
    if len(text) > width or not all(letter.isascii() and (letter.isalnum() or letter == "<") for letter in text):
        raise ValueError(f"a field of the machine readable zone takes up to {width} capital letters and digits")
    return text.upper().ljust(width, "<")


def _with_digit(field: str) -> str:
    return field + check_digit(field)


def _number_and_optional(document: TravelDocument, room: int) -> str:
    """Number, its check digit and the optional data that follows on TD1; on TD2 the caller parts them again.

    A longer number goes on in the optional data: a filler in place of the digit, then the rest of the number, the
    digit over all of it, and a filler (Doc 9303-5 and -6 §4.2.2.2, note on long document numbers).
    """
    number = document.number
    if len(number) <= _NUMBER:
        return _with_digit(_fill(number, _NUMBER)) + _fill(document.optional_data, room)
    rest = f"{number[_NUMBER:]}{check_digit(number)}<{document.optional_data}"
    return number[:_NUMBER] + "<" + _fill(rest, room)


# -- what opens the chip --------------------------------------------------------------------------------


def mrz_information(lines: tuple[str, ...]) -> str:
    """Document number, birth and expiry with their check digits: the input of BAC and PACE (Doc 9303-11 §4.3.2).

    Args:
        lines: three of thirty characters, or two of 36 or 44.
    """
    if len(lines) == 3:
        number, optional = lines[0][5:15], lines[0][15:30]
        dates = lines[1][0:7] + lines[1][8:15]
    else:
        number, optional = lines[1][0:10], lines[1][28:35]
        dates = lines[1][13:20] + lines[1][21:28]
    if number[-1] == "<" and len(lines[-1]) != MrzFormat.TD3.line_length:
        # A long number: all of it and its digit, without the filler that parts it (Doc 9303-11 App. D.2)
        number = number[:-1] + optional.partition("<")[0]
    return number + dates
