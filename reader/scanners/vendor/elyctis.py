"""Elyctis ID BOX One on a serial port: its scanner commands (command set 1.7; shared notes, B.4).

Each message, in both directions, is one octet that names the command, two octets of length (big-endian), and so much
content. ``49`` asks for the MRZ of the document that lies there, ``4C`` for the same in one line, ``43`` switches
continuous reading on or off. Continuous reading ends with each document, so it is switched on again after each.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from reader import errors
from reader.lds.mrz import parse_scanned_mrz
from reader.scanners import codes
from reader.scanners.framing import STALE_AFTER_S, Frame, looks_like_noise
from reader.scanners.recognition import Scan, ScanKind
from reader.scanners.serial import SerialLine
from reader.vietnamese.text import TextEncoding

__all__ = ["CONTINUOUS_OFF", "CONTINUOUS_ON", "INQUIRE", "INQUIRE_ONE_LINE", "ElyctisFramer", "ElyctisInterpreter"]
__all__ += ["elyctis_line"]

INQUIRE: Final = bytes.fromhex("490000")
INQUIRE_ONE_LINE: Final = bytes.fromhex("4C0000")
CONTINUOUS_ON: Final = bytes.fromhex("43000101")
CONTINUOUS_OFF: Final = bytes.fromhex("43000100")

_INQUIRE, _ONE_LINE, _CONTINUOUS = 0x49, 0x4C, 0x43
_COMMANDS: Final = frozenset({_INQUIRE, _ONE_LINE, _CONTINUOUS})
_HEADER_BYTES: Final = 3
_MAX_CONTENT_BYTES: Final = 512  # three lines of an MRZ have 90
_TELLING_BYTES: Final = 8


class ElyctisFramer:
    """Cuts the stream by the length that each message announces. A message comes out with its header.

    Args:
        clock: seconds that never go back; for tests.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buffer = bytearray()
        self._strays = bytearray()
        self._last_octet_at = clock()

    def feed(self, octets: bytes) -> list[Frame]:
        """Take what arrived; return the messages that it completes.

        Octets with which no message begins are skipped. A length that no message has stands as
        ``device.message_too_large``, and what follows is searched for the next message.
        """
        complete: list[Frame] = []
        if octets and self._clock() - self._last_octet_at > STALE_AFTER_S and (late := self.overdue()):
            complete.append(late)
        if octets:
            self._last_octet_at = self._clock()
        self._buffer += octets
        while True:
            self._skip_strays()
            if len(self._buffer) < _HEADER_BYTES:
                return complete
            length = int.from_bytes(self._buffer[1:_HEADER_BYTES], "big")
            if length > _MAX_CONTENT_BYTES:
                complete.append(errors.DocumentError(codes.DEVICE_MESSAGE_TOO_LARGE))
                del self._buffer[:1]
                self._skip_to_header()
                continue
            if len(self._buffer) < _HEADER_BYTES + length:
                return complete
            complete.append(bytes(self._buffer[: _HEADER_BYTES + length]))
            del self._buffer[: _HEADER_BYTES + length]
            self._strays.clear()

    def overdue(self) -> errors.DocumentError | None:
        """Give up half a message: ``device.frame_cut``; or ``scanner.garbage`` if only noise came."""
        if self._clock() - self._last_octet_at <= STALE_AFTER_S:
            return None
        half, strays = len(self._buffer), bytes(self._strays)
        self._buffer.clear()
        self._strays.clear()
        if len(strays) >= _TELLING_BYTES and looks_like_noise(strays):
            return errors.DocumentError(codes.SCAN_GARBAGE)
        return errors.DocumentError(codes.DEVICE_FRAME_CUT) if half else None

    def _skip_strays(self) -> None:
        begin = next((at for at, octet in enumerate(self._buffer) if octet in _COMMANDS), len(self._buffer))
        if len(self._strays) < _MAX_CONTENT_BYTES:
            self._strays += self._buffer[:begin]
        del self._buffer[:begin]

    def _skip_to_header(self) -> None:
        """After a broken header: go on where the length could be one, or the letters of a name would be taken for headers."""
        for at, octet in enumerate(self._buffer):
            rest = self._buffer[at + 1 : at + _HEADER_BYTES]
            if octet in _COMMANDS and (len(rest) < 2 or int.from_bytes(rest, "big") <= _MAX_CONTENT_BYTES):
                del self._buffer[:at]
                return
        self._buffer.clear()


class ElyctisInterpreter:
    """Makes a scan of each message that holds an MRZ."""

    def take(self, message: bytes) -> Scan | None:
        """Take one message with its header.

        Returns:
            ``None`` for an answer without an MRZ: no document lies there, or a command was carried out.

        Raises:
            DocumentError: ``mrz.malformed`` or ``mrz.check_digit``; ``device.message_unusable`` if it is no message.
        """
        if len(message) < _HEADER_BYTES or message[0] not in _COMMANDS:
            raise errors.DocumentError(codes.DEVICE_MESSAGE_UNUSABLE)
        content = message[_HEADER_BYTES:].strip(b"\r\n\x00")
        if message[0] == _CONTINUOUS or not content:
            return None
        text = content.decode("latin-1").replace("\n", "\r")
        return Scan(ScanKind.MRZ, parse_scanned_mrz(text.split("\r")), TextEncoding.UTF8, len(content))


def elyctis_line(baud_rate: int = 9600) -> SerialLine:
    """How such a reader speaks: asked for what lies there, then reading continuously, switched on anew after each document."""
    return SerialLine(baud_rate=baud_rate, framer=ElyctisFramer, greeting=INQUIRE + CONTINUOUS_ON, reply=_read_on)


def _read_on(message: bytes) -> bytes:
    """What a message is answered with. The answer to the question whether something lies there ends no reading."""
    return CONTINUOUS_ON if message[0] in (_INQUIRE, _ONE_LINE) and len(message) > _HEADER_BYTES else b""
