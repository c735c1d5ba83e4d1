"""Cutting the stream of a scanner into lines, as octets.

One UTF-8 letter may arrive in two reads, so nothing is decoded before the end of the line is there. CR, LF and CR LF
all end a line, also when CR and LF arrive apart.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from reader import errors

__all__ = ["MAX_LINE_BYTES", "STALE_AFTER_S", "LineFramer"]

MAX_LINE_BYTES: Final = 2048
"""Longest line. A citizen card's code has about 200 bytes, the largest QR code 2,953."""

STALE_AFTER_S: Final = 2.0
"""A started line that gets nothing for so long is given up: the next scan must not be glued to it."""


class LineFramer:
    """Collects octets, gives whole lines.

    Args:
        clock: seconds that never go back; for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buffer = bytearray()
        self._too_long = False
        self._last_octet_at = clock()

    def feed(self, octets: bytes) -> list[bytes | errors.DocumentError]:
        """Take what arrived; return the lines that it completes, without their ends, empty ones left out.

        A line that grew too long is dropped up to its end, and stands in the list as the error
        ``scanner.line_too_long``, in its place.
        """
        now = self._clock()
        if octets and now - self._last_octet_at > STALE_AFTER_S:
            self._reset()
        if octets:
            self._last_octet_at = now
        complete: list[bytes | errors.DocumentError] = []
        for octet in octets:
            if octet in b"\r\n":
                complete += self._finish()
            elif len(self._buffer) < MAX_LINE_BYTES:
                self._buffer.append(octet)
            else:
                self._too_long = True
        return complete

    def _finish(self) -> list[bytes | errors.DocumentError]:
        line, too_long = bytes(self._buffer), self._too_long
        self._reset()
        if too_long:
            return [errors.DocumentError(errors.SCAN_TOO_LONG)]
        return [line] if line else []  # the LF of a CR LF, or a bare line end

    def _reset(self) -> None:
        self._buffer.clear()
        self._too_long = False
