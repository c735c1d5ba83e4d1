"""DESKO readers on a serial port (shared notes, B.4).

``SOD STX line CR line CR [line CR] ETX EOD``: the marks of the document's start and end stand outside STX and ETX and
carry nothing, so their values do not matter here. Characters that the device could not read are replaced by others.
"""

from __future__ import annotations

import functools
import re
from typing import Final

from reader import errors
from reader.lds.mrz import parse_scanned_mrz
from reader.scanners import codes
from reader.scanners.framing import EnvelopeFramer
from reader.scanners.recognition import Scan, ScanKind, recognise
from reader.scanners.serial import SerialLine
from reader.vietnamese.text import TextEncoding

__all__ = ["DeskoInterpreter", "desko_line"]

_LIMIT_BYTES: Final = 2048
_MRZ_LINES: Final = re.compile(rb"[A-Z0-9<\r\n *?#]+")


def desko_line(baud_rate: int = 9600) -> SerialLine:
    """How such a reader speaks."""
    return SerialLine(baud_rate=baud_rate, framer=functools.partial(EnvelopeFramer, _LIMIT_BYTES))


class DeskoInterpreter:
    """Makes a scan of each message."""

    def take(self, message: bytes) -> Scan:
        """Take what stood between STX and ETX: an MRZ, or the text of a bar code.

        Raises:
            DocumentError: ``mrz.malformed`` or ``mrz.check_digit``, also for letters that the device replaced;
                ``device.message_unusable`` for an empty message; else as :func:`reader.scanners.recognition.recognise`.
        """
        content = message.strip(b"\r\n")
        if not content:
            raise errors.DocumentError(codes.DEVICE_MESSAGE_UNUSABLE)
        if b"<" in content and _MRZ_LINES.fullmatch(content):
            mrz = parse_scanned_mrz(content.decode("ascii").replace("\n", "\r").split("\r"))
            return Scan(ScanKind.MRZ, mrz, TextEncoding.UTF8, len(message))
        return recognise(content)
