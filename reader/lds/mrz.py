"""The machine-readable zone: TD1, TD2, TD3 and the visas MRV-A, MRV-B (Doc 9303 parts 3 to 7).

A wrong check digit on a *chip* is a fact that a consistency check reports: :func:`parse_mrz` lists it and goes on. A
wrong one in *typed or scanned* lines is a slip of finger or camera: :func:`parse_scanned_mrz` and
:func:`mrz_information` ask for the lines again.
"""

from __future__ import annotations

import dataclasses
import enum
import re
from collections.abc import Iterable, Sequence
from typing import Final

from reader import errors
from reader.lds.mrz_fields import FILLER, CheckDigit, CheckDigitField, MrzDate, MrzName, check_digit, parse_name
from reader.verification.identity import Sex

__all__ = [
    "Mrz",
    "MrzFormat",
    "mrz_information",
    "mrz_information_from_fields",
    "parse_mrz",
    "parse_mrz_text",
    "parse_scanned_mrz",
]


class MrzFormat(enum.StrEnum):
    """The five formats."""

    TD1 = "TD1"
    TD2 = "TD2"
    TD3 = "TD3"
    MRV_A = "MRV-A"
    MRV_B = "MRV-B"


_Slice = tuple[int, int, int]  # line, first position, position after the last; all counted from 0


@dataclasses.dataclass(frozen=True, slots=True)
class _Layout:
    """Where the fields of one format are."""

    name: _Slice
    document_number: _Slice
    nationality: _Slice
    date_of_birth: _Slice
    sex: _Slice
    date_of_expiry: _Slice
    optional: tuple[_Slice, ...]
    composite: tuple[_Slice, ...] = ()  # what the composite check digit covers; it is the last character of line 2
    overflow_allowed: bool = False  # a document number of more than nine characters goes on in the optional data


def _two_lines(width: int, optional_end: int, composite: tuple[_Slice, ...], overflow: bool = False) -> _Layout:
    # Doc 9303-4 §4.2.2, -6 §4.2.2, -7 §4.2.2: the formats of two lines differ only in width and in what follows the expiry
    return _Layout(
        name=(0, 5, width),
        document_number=(1, 0, 9),
        nationality=(1, 10, 13),
        date_of_birth=(1, 13, 19),
        sex=(1, 20, 21),
        date_of_expiry=(1, 21, 27),
        optional=((1, 28, optional_end),),
        composite=composite,
        overflow_allowed=overflow,
    )


_LAYOUTS: Final = {
    MrzFormat.TD1: _Layout(  # Doc 9303-5 §4.2.2
        name=(2, 0, 30),
        document_number=(0, 5, 14),
        nationality=(1, 15, 18),
        date_of_birth=(1, 0, 6),
        sex=(1, 7, 8),
        date_of_expiry=(1, 8, 14),
        optional=((0, 15, 30), (1, 18, 29)),
        composite=((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)),
        overflow_allowed=True,
    ),
    MrzFormat.TD2: _two_lines(36, 35, ((1, 0, 10), (1, 13, 20), (1, 21, 35)), overflow=True),
    MrzFormat.TD3: _two_lines(44, 42, ((1, 0, 10), (1, 13, 20), (1, 21, 43))),
    MrzFormat.MRV_A: _two_lines(44, 44, ()),
    MrzFormat.MRV_B: _two_lines(36, 36, ()),
}
_SHAPES: Final = {(3, 30): MrzFormat.TD1, (2, 36): MrzFormat.TD2, (2, 44): MrzFormat.TD3}
_VISAS: Final = {MrzFormat.TD2: MrzFormat.MRV_B, MrzFormat.TD3: MrzFormat.MRV_A}
_ALPHABET: Final = re.compile(r"[A-Z0-9<]*\Z")
_KEY_FIELDS: Final = (
    CheckDigitField.DOCUMENT_NUMBER,
    CheckDigitField.DATE_OF_BIRTH,
    CheckDigitField.DATE_OF_EXPIRY,
)
_VIETNAM: Final = "VNM"
# Vietnamese TD1: the optional data are the 12-digit number, two characters, and the check digit of the twelve.
# The digit is known from samples only, so a card without it still has its number.
_VIETNAMESE_OPTIONAL: Final = re.compile(r"([0-9]{12})(?:[A-Z<]{2}([0-9]))?\Z")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Mrz:
    """A machine-readable zone, taken apart. Its ``repr`` shows nothing personal.

    Attributes:
        format: which of the five.
        lines: the lines exactly as they were read.
        document_code: one or two letters, e.g. ``ID``, ``I``, ``PP``.
        issuing_state: up to three letters, fillers removed (``D`` for Germany).
        document_number: without fillers; whole, also where it overflows into the optional data.
        optional_data: each optional field without trailing fillers; what a long document number used is taken off.
        check_digits: every check digit of the format, right or wrong, in the order of the standard.
    """

    format: MrzFormat
    lines: tuple[str, ...]
    document_code: str
    issuing_state: str
    nationality: str
    document_number: str
    date_of_birth: MrzDate
    sex: Sex
    date_of_expiry: MrzDate
    name: MrzName
    optional_data: tuple[str, ...]
    check_digits: tuple[CheckDigit, ...]

    def __repr__(self) -> str:
        return f"Mrz({self.format.value})"

    @property
    def wrong_check_digits(self) -> tuple[CheckDigit, ...]:
        """The check digits of Doc 9303 that do not fit.

        The one behind the Vietnamese citizen number is listed in :attr:`check_digits` but not judged here: what it
        covers is known from samples only, and the composite digit covers the number anyway.
        """
        judged = (digit for digit in self.check_digits if digit.field is not CheckDigitField.CITIZEN_NUMBER)
        return tuple(digit for digit in judged if not digit.is_right)

    @property
    def citizen_number(self) -> str | None:
        """The 12-digit number of a Vietnamese card, or ``None`` if the optional data do not have its form."""
        match = _vietnamese_optional(self.format, self.issuing_state, self.optional_data)
        return None if match is None else match[1]

    @property
    def mrz_information(self) -> str:
        """Document number, birth, expiry, each with its printed check digit (Doc 9303-11 §9.7.3, table 14)."""
        return "".join(self._digit(field).covers + self._digit(field).printed for field in _KEY_FIELDS)

    @property
    def key_is_right(self) -> bool:
        """Whether the three check digits that go into the key fit."""
        return all(self._digit(field).is_right for field in _KEY_FIELDS)

    def _digit(self, field: CheckDigitField) -> CheckDigit:
        return next(digit for digit in self.check_digits if digit.field is field)


def parse_mrz(lines: Sequence[str]) -> Mrz:
    """Take the lines of an MRZ apart. Wrong check digits are listed, not raised.

    Raises:
        DocumentError: ``mrz.malformed`` if the number or length of lines fits no format, or a character is not of
            the MRZ's alphabet (A–Z, 0–9, ``<``).
    """
    shape = (len(lines), len(lines[0]) if lines else 0)
    mrz_format = _SHAPES.get(shape)
    if mrz_format is None or any(len(line) != shape[1] or not _ALPHABET.match(line) for line in lines):
        raise errors.DocumentError(errors.MRZ_MALFORMED)
    if lines[0].startswith("V"):  # Doc 9303-7 §4.2.2: visas, and they alone, start with V
        mrz_format = _VISAS.get(mrz_format, mrz_format)
    return _parse_fields(mrz_format, tuple(lines))


def _parse_fields(mrz_format: MrzFormat, lines: tuple[str, ...]) -> Mrz:
    layout = _LAYOUTS[mrz_format]
    issuing_state = lines[0][2:5].rstrip(FILLER)
    optional = [_cut(lines, piece) for piece in layout.optional]
    number = _digit_after(lines, layout.document_number, CheckDigitField.DOCUMENT_NUMBER)
    if layout.overflow_allowed:
        number, optional[0] = _overflow(number, optional[0])
    optional_data = tuple(text.rstrip(FILLER) for text in optional)
    digits = [
        number,
        _digit_after(lines, layout.date_of_birth, CheckDigitField.DATE_OF_BIRTH),
        _digit_after(lines, layout.date_of_expiry, CheckDigitField.DATE_OF_EXPIRY),
    ]
    if mrz_format is MrzFormat.TD3:
        digits.append(_digit_after(lines, layout.optional[0], CheckDigitField.PERSONAL_NUMBER))
    if layout.composite:
        covers = "".join(_cut(lines, piece) for piece in layout.composite)
        digits.append(CheckDigit(CheckDigitField.COMPOSITE, covers, lines[1][-1]))
    vietnamese = _vietnamese_optional(mrz_format, issuing_state, optional_data)
    if vietnamese is not None and vietnamese[2] is not None:
        digits.append(CheckDigit(CheckDigitField.CITIZEN_NUMBER, vietnamese[1], vietnamese[2]))
    return Mrz(
        format=mrz_format,
        lines=lines,
        document_code=lines[0][:2].rstrip(FILLER),
        issuing_state=issuing_state,
        nationality=_cut(lines, layout.nationality).rstrip(FILLER),
        document_number=number.covers.rstrip(FILLER),
        date_of_birth=MrzDate(_cut(lines, layout.date_of_birth)),
        sex=_sex(_cut(lines, layout.sex)),
        date_of_expiry=MrzDate(_cut(lines, layout.date_of_expiry)),
        name=parse_name(_cut(lines, layout.name)),
        optional_data=optional_data,
        check_digits=tuple(digits),
    )


def _cut(lines: Sequence[str], piece: _Slice) -> str:
    line, start, stop = piece
    return lines[line][start:stop]


def _digit_after(lines: Sequence[str], piece: _Slice, field: CheckDigitField) -> CheckDigit:
    line, _, stop = piece
    return CheckDigit(field, _cut(lines, piece), lines[line][stop])


def _overflow(number: CheckDigit, optional: str) -> tuple[CheckDigit, str]:
    """A document number longer than nine characters (Doc 9303-5 §4.2.2 note j, -6 §4.2.2 note j).

    A filler stands in the place of the check digit; the optional data start with the rest of the number and the check
    digit, ended by a filler.
    """
    rest = optional.partition(FILLER)[0]
    if number.printed != FILLER or FILLER in number.covers or len(rest) < 2:
        return number, optional
    whole = CheckDigit(CheckDigitField.DOCUMENT_NUMBER, number.covers + rest[:-1], rest[-1])
    return whole, optional[len(rest) :].lstrip(FILLER)


def _sex(character: str) -> Sex:
    # Doc 9303-4 §4.2.2.2: F, M, and a filler for unspecified; some documents print X as on the data page
    return {"M": Sex.MALE, "F": Sex.FEMALE}.get(character, Sex.UNSPECIFIED)


def _vietnamese_optional(
    mrz_format: MrzFormat, issuing_state: str, optional_data: tuple[str, ...]
) -> re.Match[str] | None:
    if mrz_format is not MrzFormat.TD1 or issuing_state != _VIETNAM:
        return None
    return _VIETNAMESE_OPTIONAL.match(optional_data[0])


def parse_mrz_text(text: str) -> Mrz:
    """The MRZ in one run of 72, 88 or 90 characters, as EF.DG1 stores it (Doc 9303-10 §4.7.1).

    Raises:
        DocumentError: ``mrz.malformed``.
    """
    return parse_mrz(_lines_of_run(text))


def _lines_of_run(text: str) -> tuple[str, ...]:
    for count, width in _SHAPES:
        if len(text) == count * width:
            return tuple(text[start : start + width] for start in range(0, len(text), width))
    raise errors.DocumentError(errors.MRZ_MALFORMED)


# What people and keyboards put for a filler, and what they add for the eye
_TYPED: Final = str.maketrans({"«": "<<", "‹": "<", " ": None, "\t": None, "\r": None, "\n": None, "\ufeff": None})
# What cameras confuse; put right in positions that can only hold digits
_LETTER_FOR_DIGIT: Final = str.maketrans("ILDOSG", "110056")


def parse_scanned_mrz(lines: Iterable[str]) -> Mrz:
    """An MRZ that was typed or scanned: spaces and small letters are accepted, also one run without line ends.

    Letters that cameras take for digits are put right in the positions that can only hold digits, and only there, if
    the three check digits of the key then fit.

    Raises:
        DocumentError: ``mrz.malformed``, or ``mrz.check_digit`` if the document number, the date of birth or the date
            of expiry cannot be as it stands. The composite digit protects no part of the key and is not judged here.
    """
    cleaned = tuple(line for line in (part.translate(_TYPED).upper() for part in lines) if line)
    mrz = parse_mrz(_lines_of_run(cleaned[0]) if len(cleaned) == 1 else cleaned)
    for candidate in (parse_mrz(_with_digits_restored(mrz)), mrz):
        if candidate.key_is_right:
            return candidate
    raise errors.DocumentError(errors.MRZ_CHECK_DIGIT)


def _with_digits_restored(mrz: Mrz) -> tuple[str, ...]:
    layout = _LAYOUTS[mrz.format]
    numeric: list[_Slice] = []
    for line, start, stop in (layout.date_of_birth, layout.date_of_expiry):
        numeric.append((line, start, stop + 1))
    line, start, stop = layout.document_number
    numeric.append((line, stop, stop + 1))
    if mrz.issuing_state == _VIETNAM and mrz.format is MrzFormat.TD1:
        numeric += [(line, start, stop), (0, 15, 27), (0, 29, 30)]
    lines = list(mrz.lines)
    for line, start, stop in numeric:
        text = lines[line]
        lines[line] = text[:start] + text[start:stop].translate(_LETTER_FOR_DIGIT) + text[stop:]
    return tuple(lines)


def mrz_information(lines: Sequence[str]) -> str:
    """The seed text of BAC and of PACE with the MRZ, from typed or scanned lines (Doc 9303-11 §9.7.3, table 14).

    Returns:
        Document number, date of birth and date of expiry, each followed by its check digit.

    Raises:
        DocumentError: as :func:`parse_scanned_mrz`.
    """
    return parse_scanned_mrz(lines).mrz_information


def mrz_information_from_fields(document_number: str, date_of_birth: str, date_of_expiry: str) -> str:
    """The same from the three values alone; the check digits are computed.

    Args:
        document_number: without check digit; filled up to nine characters if shorter.
        date_of_birth: ``YYMMDD``.
        date_of_expiry: ``YYMMDD``.

    Raises:
        DocumentError: ``mrz.malformed`` if a value is empty, has a wrong length or a foreign character.
    """
    number = document_number.translate(_TYPED).upper().rstrip(FILLER)
    fields = (number.ljust(9, FILLER), date_of_birth, date_of_expiry)
    dates_fit = all(re.fullmatch(r"[0-9<]{6}", date) for date in fields[1:])
    if not number or not _ALPHABET.match(number) or not dates_fit:
        raise errors.DocumentError(errors.MRZ_MALFORMED)
    return "".join(field + check_digit(field) for field in fields)
