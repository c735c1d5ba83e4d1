"""EST-100PR-NZ: JSON between STX and ETX on RS-232 at 256,000 bits per second, odd parity (shared notes, B.4).

Known of its messages are three names on the top level: ``CameraData``, ``PCSign`` and ``EidlinkResult``. Assumptions, since
nothing more is published: ``CameraData`` holds the text that the camera read; ``PCSign`` is a signal without content for us;
``EidlinkResult`` holds the record of a card, as an object or as JSON in a text, with the names that the HN212 or JTHeID
use. What does not fit is refused, never guessed.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from typing import Final

from reader import errors
from reader.scanners import codes
from reader.scanners.framing import EnvelopeFramer
from reader.scanners.recognition import Scan, recognise
from reader.scanners.serial import Parity, SerialLine
from reader.scanners.vendor.declared import (
    CAMEL_CASE_NAMES,
    SNAKE_CASE_NAMES,
    DeviceReading,
    declared_person,
    decode_image,
    unusable,
)

__all__ = ["BAUD_RATE", "Est100PrInterpreter", "est100pr_line", "parse_json"]

BAUD_RATE: Final = 256_000
LIMIT_BYTES: Final = 2 << 20
_CAMERA, _SIGNAL, _RESULT = "CameraData", "PCSign", "EidlinkResult"
_IMAGE_NAMES: Final = ("img_data", "id_img")


def est100pr_line(baud_rate: int = BAUD_RATE, parity: Parity = Parity.ODD) -> SerialLine:
    """How such a reader speaks."""
    return SerialLine(baud_rate=baud_rate, parity=parity, framer=functools.partial(EnvelopeFramer, LIMIT_BYTES))


class Est100PrInterpreter:
    """Makes a scan, or a reading of the device's own, of each message."""

    def take(self, message: bytes) -> Scan | DeviceReading | None:
        """Take what stood between STX and ETX.

        Returns:
            A scan for what the camera read, a reading for a card's record, ``None`` for a signal.

        Raises:
            DocumentError: ``device.message_unusable``; ``device.read_failed`` for a record that names nobody; else as
                :func:`reader.scanners.recognition.recognise`.
        """
        record = parse_json(message)
        if not isinstance(record, Mapping):
            raise unusable("message")
        if record.get(_RESULT) is not None:
            return _reading(record[_RESULT])
        if record.get(_CAMERA) is not None:
            camera = record[_CAMERA]
            if not isinstance(camera, str):
                raise unusable(_CAMERA)
            try:
                return recognise(camera.encode())
            except UnicodeEncodeError:  # JSON can name half of a surrogate pair
                raise unusable(_CAMERA) from None
        if _SIGNAL in record:
            return None
        raise unusable("message")


def _reading(result: object) -> DeviceReading:
    record = parse_json(result.encode("utf-8", "replace")) if isinstance(result, str) else result
    if not isinstance(record, Mapping):
        raise unusable(_RESULT)
    names = [names for names in (CAMEL_CASE_NAMES, SNAKE_CASE_NAMES) if names["number"] in record]
    if not names:
        raise errors.DocumentError(codes.DEVICE_READ_FAILED)
    image = next((record[name] for name in _IMAGE_NAMES if record.get(name)), None)
    return DeviceReading(declared_person(record, names[0]), decode_image(image, "image"))


def parse_json(octets: bytes) -> object:
    """JSON in UTF-8.

    Raises:
        DocumentError: ``device.message_unusable``.
    """
    try:
        value: object = json.loads(octets.decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError):  # ValueError: no JSON, or a number with too many digits
        raise unusable("message") from None
    return value
