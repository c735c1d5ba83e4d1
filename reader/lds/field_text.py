"""Texts, names and dates in the way DG11, DG12 and DG16 write them (Doc 9303-10 §4.7.11, §4.7.12, §4.7.16).

Real chips differ from the tables: dates come as eight digits or as four octets of BCD, texts in UTF-8 or in the
Latin-1 of older documents, names padded to a fixed length. Whatever was there is kept as octets beside what was
understood of it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import re
import unicodedata
from typing import Final

from reader.vietnamese.text import displayable

__all__ = ["DateForm", "FieldDate", "FieldName", "FieldText"]

_FILLER: Final = "<"
_PADDING: Final = " \0<"  # what texts of a fixed length are filled up with


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FieldText:
    """One text, as on the chip and as it can be shown. Its ``repr`` shows nothing personal.

    Attributes:
        octets: as on the chip. Empty is not absent.
    """

    octets: bytes

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.octets)} bytes)"

    @property
    def is_utf8(self) -> bool:
        """Whether the octets are UTF-8 (Doc 9303-10 §4.6.1.2); those of older documents may be Latin-1."""
        try:
            self.octets.decode("utf-8")
        except UnicodeDecodeError:
            return False
        return True

    @property
    def text(self) -> str:
        """The text with its fillers, NFC: read as UTF-8, else as ISO/IEC 8859-1, in which every octet is a letter."""
        return unicodedata.normalize("NFC", self.octets.decode("utf-8" if self.is_utf8 else "latin-1"))

    @property
    def parts(self) -> tuple[str, ...]:
        """The fields between the separators ``<``, empty ones left out, fit for a screen."""
        pieces = (piece.strip(_PADDING) for piece in self.text.split(_FILLER))
        return tuple(" ".join(displayable(piece).split()) for piece in pieces if piece)

    @property
    def line(self) -> str:
        """The parts as one line, comma-separated; ``""`` for a text of fillers only."""
        return ", ".join(self.parts)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FieldName(FieldText):
    """A name with fillers as in an MRZ, in national characters and without truncation (Doc 9303-10 table 72)."""

    @property
    def primary(self) -> str:
        """Primary identifier, usually the family name; the whole name if the issuer wrote no ``<<``."""
        return _words(self._halves()[0])

    @property
    def secondary(self) -> str:
        """Secondary identifier; ``""`` if the name has none."""
        return _words(self._halves()[1])

    @property
    def full(self) -> str:
        """Primary, then secondary identifier, as :attr:`reader.lds.mrz_fields.MrzName.full` has them."""
        return " ".join(part for part in (self.primary, self.secondary) if part)

    def _halves(self) -> tuple[str, str]:
        primary, _, secondary = self.text.strip(_PADDING).partition(_FILLER * 2)  # Doc 9303-3 §4.6
        return primary, secondary


def _words(text: str) -> str:
    return " ".join(displayable(text.replace(_FILLER, " ").strip(_PADDING)).split())


class DateForm(enum.StrEnum):
    """How a date is written."""

    DIGITS = "digits"  # YYYYMMDD, perhaps with hhmmss: Doc 9303-10 since LDS 1.7
    BCD = "bcd"  # the same with two digits in an octet: before, and still seen
    OTHER = "other"  # none of these; only the octets are known


_DIGITS: Final = re.compile(r"(?:[0-9<]{8})(?:[0-9<]{6})?\Z")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FieldDate:
    """A date, perhaps with a time, of which parts may be unknown (Doc 9303-10 §4.7.11.1, note: zeros stand there).

    Attributes:
        octets: as on the chip.
    """

    octets: bytes

    def __repr__(self) -> str:
        return f"FieldDate({self.form.value})"

    @property
    def form(self) -> DateForm:
        """How it is written. Doc 9303-10 §4.7.12 recommends that both forms be read."""
        if len(self.octets) in (4, 7) and _DIGITS.match(_bcd(self.octets)):
            return DateForm.BCD
        if _DIGITS.match(self.octets.decode("latin-1")):
            return DateForm.DIGITS
        return DateForm.OTHER

    @property
    def digits(self) -> str | None:
        """Eight or fourteen characters ``YYYYMMDDhhmmss``, unknown ones ``0`` or ``<``; ``None`` in another form."""
        form = self.form
        if form is DateForm.OTHER:
            return None
        return _bcd(self.octets) if form is DateForm.BCD else self.octets.decode("ascii")

    @property
    def year(self) -> int | None:
        """Four digits; ``None`` if unknown (``0000``)."""
        return self._part(0, 4, dt.MAXYEAR)

    @property
    def month(self) -> int | None:
        """1 to 12; ``None`` if unknown (``00``) or impossible."""
        return self._part(4, 6, 12)

    @property
    def day(self) -> int | None:
        """1 to 31; ``None`` if unknown (``00``) or impossible."""
        return self._part(6, 8, 31)

    def as_date(self) -> dt.date | None:
        """The day; ``None`` if a part is unknown or the calendar has no such day."""
        year, month, day = self.year, self.month, self.day
        if year is None or month is None or day is None:
            return None
        try:
            return dt.date(year, month, day)
        except ValueError:
            return None

    def as_time(self) -> dt.time | None:
        """The time of day; ``None`` if there is none or it cannot be."""
        digits = self.digits
        if digits is None or len(digits) != 14 or not digits[8:].isdigit():
            return None
        try:
            return dt.time(int(digits[8:10]), int(digits[10:12]), int(digits[12:14]))
        except ValueError:
            return None

    def as_text(self) -> str | None:
        """What is known in the order of ISO 8601: ``1970-05-21``, ``1970-05`` or ``1970``; ``None`` without a year."""
        if self.year is None:
            return None
        text = f"{self.year:04d}"
        if self.month is not None:
            text += f"-{self.month:02d}"
            if self.day is not None:
                text += f"-{self.day:02d}"
        return text

    def _part(self, start: int, stop: int, largest: int) -> int | None:
        digits = self.digits
        if digits is None or not digits[start:stop].isdigit():
            return None
        number = int(digits[start:stop])
        return number if 1 <= number <= largest else None


def _bcd(octets: bytes) -> str:
    """Two digits an octet. The filler F is taken for an unknown digit; other nibbles stay letters, and fit nothing."""
    return octets.hex().replace("f", _FILLER)
