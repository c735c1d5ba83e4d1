"""Cutting the stream of a scanner into messages, as octets.

One UTF-8 letter may arrive in two reads, so nothing is decoded before the end of the line is there. CR, LF and CR LF
all end a line, also when CR and LF arrive apart. Document readers have other envelopes; they cut by the same protocol.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

from crypto.errors import ErrorCode
from reader import errors
from reader.scanners import codes

__all__ = ["MAX_LINE_BYTES", "STALE_AFTER_S", "EnvelopeFramer", "Framer", "LineFramer", "looks_like_noise"]

MAX_LINE_BYTES: Final = 2048
"""Longest line. A citizen card's code has about 200 bytes, the largest QR code 2,953."""

STALE_AFTER_S: Final = 2.0
"""A started line that gets nothing for so long is given up: the next scan must not be glued to it."""

STX: Final = 0x02
ETX: Final = 0x03

_TELLING_BYTES: Final = 8
"""Fewer octets than this may be a glitch when a plug is put in; of more, staff should hear."""

Frame = bytes | errors.DocumentError


class Framer(Protocol):
    """Collects octets, gives whole messages. An error stands in the place of a message that was lost."""

    def feed(self, octets: bytes) -> list[Frame]:
        """Take what arrived; return what it completes."""
        ...

    def overdue(self) -> errors.DocumentError | None:
        """Give up a message that has stood still too long. Says why, once, if that is worth saying."""
        ...


def looks_like_noise(octets: bytes) -> bool:
    """Whether octets are what a wrong speed or parity makes of text: many controls, or few that are ASCII."""
    controls = sum((octet < 0x20 and octet not in b"\t\r\n\x02\x03") or octet == 0x7F for octet in octets)
    if 10 * controls > len(octets):
        return True
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end == len(octets) and error.reason == "unexpected end of data":
            return False  # UTF-8 that was cut within a letter
        # Of a code in any one-octet encoding of Vietnamese, at most a quarter is beyond ASCII, and none of it 80 to 9F
        beyond, c1 = sum(octet >= 0x80 for octet in octets), sum(0x80 <= octet < 0xA0 for octet in octets)
        return 3 * beyond > len(octets) or 10 * c1 > len(octets)
    return False


class LineFramer:
    """Lines ended by CR, LF or both.

    Args:
        clock: seconds that never go back; for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buffer = bytearray()
        self._too_long = False
        self._last_octet_at = clock()

    def feed(self, octets: bytes) -> list[Frame]:
        """Take what arrived; return the lines that it completes, without their ends, empty ones left out.

        A line that grew too long is dropped up to its end, and stands in the list as the error
        ``scanner.line_too_long``, in its place.
        """
        now = self._clock()
        if octets and now - self._last_octet_at > STALE_AFTER_S:
            self._reset()
        if octets:
            self._last_octet_at = now
        complete: list[Frame] = []
        for octet in octets:
            if octet in b"\r\n":
                complete += self._finish()
            elif len(self._buffer) < MAX_LINE_BYTES:
                self._buffer.append(octet)
            else:
                self._too_long = True
        return complete

    def overdue(self) -> errors.DocumentError | None:
        """Give up a line whose end does not come: ``scanner.no_line_end``, or ``scanner.garbage`` for noise."""
        if not self._buffer or self._clock() - self._last_octet_at <= STALE_AFTER_S:
            return None
        given_up = bytes(self._buffer)
        self._reset()
        return _of_unended(given_up, codes.SCAN_UNENDED)

    def _finish(self) -> list[Frame]:
        line, too_long = bytes(self._buffer), self._too_long
        self._reset()
        if too_long:
            return [errors.DocumentError(codes.SCAN_TOO_LONG)]
        return [line] if line else []  # the LF of a CR LF, or a bare line end

    def _reset(self) -> None:
        self._buffer.clear()
        self._too_long = False


class EnvelopeFramer:
    """Messages between STX and ETX. Whatever stands between two envelopes (line ends, marks of a document) is skipped.

    Args:
        limit_bytes: longest message; a longer one is dropped up to its end and stands as ``device.message_too_large``.
        clock: seconds that never go back; for tests.
    """

    def __init__(self, limit_bytes: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit_bytes = limit_bytes
        self._clock = clock
        self._message: bytearray | None = None
        self._between = bytearray()
        self._too_large = False
        self._last_octet_at = clock()

    def feed(self, octets: bytes) -> list[Frame]:
        """Take what arrived; return the messages that it completes, without STX and ETX.

        A new STX within a message means that the end of the first was lost: it stands as ``device.frame_cut``.
        """
        complete: list[Frame] = []
        if octets and self._clock() - self._last_octet_at > STALE_AFTER_S and (late := self.overdue()):
            complete.append(late)
        if octets:
            self._last_octet_at = self._clock()
        position = 0
        while position < len(octets):
            if self._message is None:
                position = self._skip_between(octets, position)
            else:
                position = self._collect(octets, position, complete)
        return complete

    def overdue(self) -> errors.DocumentError | None:
        """Give up half a message: ``device.frame_cut``; or ``scanner.garbage`` if only noise came."""
        if self._clock() - self._last_octet_at <= STALE_AFTER_S:
            return None
        between = bytes(self._between)
        was_open = self._message is not None
        self._reset()
        if was_open:
            return errors.DocumentError(codes.DEVICE_FRAME_CUT)
        return _of_unended(between, None)

    def _skip_between(self, octets: bytes, position: int) -> int:
        start = octets.find(STX, position)
        skipped = octets[position : len(octets) if start < 0 else start]
        self._between += skipped[: MAX_LINE_BYTES - len(self._between)]
        if start < 0:
            return len(octets)
        self._message = bytearray()
        self._between.clear()
        return start + 1

    def _collect(self, octets: bytes, position: int, complete: list[Frame]) -> int:
        message = bytearray() if self._message is None else self._message
        ends = [at for at in (octets.find(ETX, position), octets.find(STX, position)) if at >= 0]
        end = min(ends, default=len(octets))
        if len(message) + end - position > self._limit_bytes:
            self._too_large = True
            message.clear()
        elif not self._too_large:
            message += octets[position:end]
        if end == len(octets):
            return end
        if self._too_large:
            complete.append(errors.DocumentError(codes.DEVICE_MESSAGE_TOO_LARGE))
        elif octets[end] == ETX:
            complete.append(bytes(message))
        else:
            complete.append(errors.DocumentError(codes.DEVICE_FRAME_CUT))
        self._reset()
        return end if octets[end] == STX else end + 1

    def _reset(self) -> None:
        self._message = None
        self._between.clear()
        self._too_large = False


def _of_unended(octets: bytes, otherwise: ErrorCode | None) -> errors.DocumentError | None:
    if len(octets) < _TELLING_BYTES:
        return None
    code = codes.SCAN_GARBAGE if looks_like_noise(octets) else otherwise
    return None if code is None else errors.DocumentError(code)
