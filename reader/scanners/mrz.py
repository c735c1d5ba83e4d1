"""Machine-readable zones from document scanners that send them line by line.

Swipe readers put each line of the MRZ on a line of its own, often between STX and ETX; others send one run. The
collector takes the lines that :class:`reader.scanners.framing.LineFramer` cuts and says when an MRZ is complete.
"""

from __future__ import annotations

import re
from typing import Final

from reader.lds.mrz import Mrz, parse_scanned_mrz

__all__ = ["MrzCollector"]

_CONTROLS: Final = re.compile(rb"[\x00-\x1f\x7f]")
_MRZ_LINE: Final = re.compile(r"[A-Z0-9<]+")
_NAMED_FIRST: Final = re.compile(r"[PVIAC][A-Z<]+")  # no digits: the second line has the dates (Doc 9303-4 §4.2.2)
_NUMBERED_FIRST: Final = re.compile(r"[IAC][A-Z<]{4}(?=(.*[0-9]){5})[A-Z0-9<]+")  # Doc 9303-5 §4.2.2; names have none
_NEVER: Final = re.compile(r"(?!)")  # one run is whole
_BEGINNING: Final = {
    30: _NUMBERED_FIRST,
    36: _NAMED_FIRST,
    44: _NAMED_FIRST,
    72: _NEVER,
    88: _NEVER,
    90: _NEVER,
}
_LINES: Final = {30: 3, 36: 2, 44: 2, 72: 1, 88: 1, 90: 1}


class MrzCollector:
    """Collects lines until they are an MRZ."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    @property
    def is_collecting(self) -> bool:
        """Whether lines of an MRZ have come and others are missing."""
        return bool(self._lines)

    def add(self, line: bytes) -> Mrz | None:
        """Take one scanned line.

        Returns:
            The MRZ when this line completes one; ``None`` while lines are missing, or if the line is something else
            (a QR code, say), which also drops what was collected.

        Raises:
            DocumentError: ``mrz.check_digit`` or ``mrz.malformed`` for a complete MRZ that cannot be right; the lines
                are dropped, so that the document can be scanned again.
        """
        text = _CONTROLS.sub(b"", line).decode("latin-1").strip().upper()
        if not _MRZ_LINE.fullmatch(text) or len(text) not in _LINES:
            self._lines.clear()
            return None
        if self._lines and (len(self._lines[0]) != len(text) or _BEGINNING[len(text)].fullmatch(text)):
            self._lines.clear()  # left over from a document, perhaps another person's, that was taken away half-way
        self._lines.append(text)
        if len(self._lines) < _LINES[len(text)]:
            return None
        lines = tuple(self._lines)
        self._lines.clear()
        return parse_scanned_mrz(lines)
