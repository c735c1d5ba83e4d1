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
        if self._lines and len(self._lines[0]) != len(text):
            self._lines.clear()
        self._lines.append(text)
        if len(self._lines) < _LINES[len(text)]:
            return None
        lines = tuple(self._lines)
        self._lines.clear()
        return parse_scanned_mrz(lines)
