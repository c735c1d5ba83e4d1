"""Codes from scanners that type like a keyboard. A fall-back: letters beyond ASCII do not survive that way.

Such a device drops them or sends key codes of another layout, and an input method for Vietnamese (UniKey and its kind)
turns ``aa`` into ``â`` on top. Digits, bars and slashes come through, so the number and the dates may be used. A name
never is, whatever it looks like: it is taken from the chip.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from typing import Final

from reader import errors
from reader.lds.mrz import Mrz, parse_scanned_mrz
from reader.scanners import codes
from reader.scanners.insurance_qr import is_insurance_code
from reader.scanners.mrz import MrzCollector
from reader.scanners.qr import TextDamage, parse_citizen_qr
from reader.scanners.recognition import Scan, ScanKind
from reader.vietnamese.number import CitizenNumber, parse_number
from reader.vietnamese.text import TextEncoding

__all__ = ["KeyedCode", "KeyedLines", "parse_keyed_code"]

_NUMBER_ONLY: Final = re.compile(r"[0-9]{12}")
_MRZ_RUN: Final = re.compile(r"[A-Z0-9<]{72,90}")
_MAX_CHARACTERS: Final = 2048


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class KeyedCode:
    """What may be used of a code that came through a keyboard. Its ``repr`` shows nothing personal.

    Attributes:
        number: the citizen number.
        date_of_birth: ``None`` if the code has none.
        issued_on: ``None`` if the code has none.
        damage: what happened to its letters; ``marks_lost`` is what a device in keyboard mode does.
    """

    number: CitizenNumber
    date_of_birth: dt.date | None
    issued_on: dt.date | None
    damage: TextDamage

    def __repr__(self) -> str:
        return f"KeyedCode({self.damage.value})"


def parse_keyed_code(text: str) -> KeyedCode:
    """The number and the dates of a typed code: a card's QR code, its MRZ in one run, or twelve digits alone.

    Raises:
        DocumentError: ``scanner.keyboard_damage`` if the input method got at what must be ASCII; ``qr.malformed``,
            ``number.malformed``, ``mrz.malformed`` or ``mrz.check_digit`` if it is no such code.
    """
    cleaned = text.strip()
    if len(cleaned) > _MAX_CHARACTERS:
        raise errors.DocumentError(errors.QR_MALFORMED)
    if _NUMBER_ONLY.fullmatch(cleaned):
        return KeyedCode(parse_number(cleaned), None, None, TextDamage.NONE)
    if "<" in cleaned and "|" not in cleaned:
        return _with_number_of(_mrz_of(cleaned))
    if is_insurance_code(cleaned):
        raise errors.DocumentError(errors.QR_MALFORMED)  # an insurance card's: it names no citizen number
    if not _digits_are_ascii(cleaned):
        raise errors.DocumentError(codes.SCAN_KEYBOARD_DAMAGE)
    code = parse_citizen_qr(cleaned)
    return KeyedCode(code.number, code.date_of_birth, code.issued_on, code.damage)


class KeyedLines:
    """Lines that are typed one after the other: codes in one line, an MRZ in one, two or three."""

    def __init__(self) -> None:
        self._mrz = MrzCollector()

    def take(self, line: str) -> KeyedCode | Scan | None:
        """Take one line.

        Returns:
            The code; a scan of kind MRZ if the zone names no citizen number (a passport's, say: all of it is ASCII, and
            check digits hold its key fields); ``None`` while lines of an MRZ are missing.

        Raises:
            DocumentError: as :func:`parse_keyed_code`.
        """
        mrz = self._mrz.add(line.strip().encode("ascii", "replace"))  # a letter beyond ASCII makes it no line of an MRZ
        if mrz is None and not self._mrz.is_collecting:
            if "<" not in line or "|" in line:
                return parse_keyed_code(line)
            mrz = _mrz_of(line)
        if mrz is None or mrz.citizen_number is not None:
            return None if mrz is None else _with_number_of(mrz)
        return Scan(ScanKind.MRZ, mrz, TextEncoding.UTF8, sum(map(len, mrz.lines)))


def _mrz_of(text: str) -> Mrz:
    run = re.sub(r"\s", "", text).upper()
    if not run.isascii():
        raise errors.DocumentError(codes.SCAN_KEYBOARD_DAMAGE)  # an MRZ has no such letters: DD became Đ
    if not _MRZ_RUN.fullmatch(run):
        raise errors.DocumentError(errors.MRZ_MALFORMED)
    return parse_scanned_mrz([run])


def _with_number_of(mrz: Mrz) -> KeyedCode:
    if mrz.citizen_number is None:
        raise errors.DocumentError(errors.NUMBER_MALFORMED)
    return KeyedCode(parse_number(mrz.citizen_number), None, None, TextDamage.NONE)


def _digits_are_ascii(text: str) -> bool:
    """Whether the fields that hold digits on every card still do; a tone key typed as a digit changes letters only."""
    first, _, rest = text.partition("|")
    return bool(rest) and first.strip().isascii() and rest.rpartition("|")[2].strip().isascii()
