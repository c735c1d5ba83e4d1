"""Data group 3: finger images (Doc 9303-10 §4.7.3), each in a template of its own."""

from __future__ import annotations

import dataclasses
import datetime
import enum
import struct
from collections.abc import Sequence
from typing import Final

from crypto.wire.tlv import encode_tlv
from emulator.personalise.biometric_template import (
    BiometricEncoding,
    BiometricType,
    biometric_group,
    biometric_template,
)
from emulator.personalise.iso39794 import FingerImageFormat, finger_block

__all__ = ["FingerCoding", "FingerImage", "FingerPosition", "encode_dg3"]

_DOTS_PER_INCH: Final = 500
_LEVEL_31: Final = 31  # image acquisition level: 500 dots per inch, 8 bits (ISO/IEC 19794-4:2005 table 1)


class FingerPosition(enum.IntEnum):
    """Which finger (ISO/IEC 19794-4:2005 table 5)."""

    RIGHT_THUMB = 1
    RIGHT_INDEX = 2
    RIGHT_MIDDLE = 3
    RIGHT_RING = 4
    RIGHT_LITTLE = 5
    LEFT_THUMB = 6
    LEFT_INDEX = 7
    LEFT_MIDDLE = 8
    LEFT_RING = 9
    LEFT_LITTLE = 10

    @property
    def subtype(self) -> int:
        """The same in DO'82': side in the lowest two bits, finger above (ISO/IEC 7816-11 table C.3)."""
        side, finger = (0b01, self) if self <= FingerPosition.RIGHT_LITTLE else (0b10, self - 5)
        return finger << 2 | side


class FingerCoding(enum.StrEnum):
    """Compression of a finger image."""

    WSQ = "wsq"
    JPEG2000 = "jpeg2000"


_CODES_19794: Final = {FingerCoding.WSQ: 2, FingerCoding.JPEG2000: 4}  # ISO/IEC 19794-4:2005 table 3
_CODES_39794: Final = {
    FingerCoding.WSQ: FingerImageFormat.WSQ,
    FingerCoding.JPEG2000: FingerImageFormat.JPEG2000_LOSSY,
}


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FingerImage:
    """One encoded image, greyscale, 8 bits, 500 dots per inch.

    Attributes:
        position: which finger.
        coding: its format.
        image: the encoded image.
        size: width and height in pixels.
    """

    position: FingerPosition
    coding: FingerCoding
    image: bytes
    size: tuple[int, int]


def encode_dg3(
    fingers: Sequence[FingerImage], encoding: BiometricEncoding, *, created: datetime.date, filler: bytes = b""
) -> bytes:
    """The whole file, tag 63.

    Args:
        fingers: images; none for a document without.
        encoding: record of ISO/IEC 19794-4:2005 or block of ISO/IEC 39794-4:2019.
        created: date of the biometric records.
        filler: random octets, demanded where there are no images.
    """
    templates = [
        biometric_template(
            BiometricType.FINGER, encoding, finger.position.subtype, created, _record(finger, encoding, created)
        )
        for finger in fingers
    ]
    return encode_tlv(0x63, biometric_group(templates, filler=filler))


def _record(finger: FingerImage, encoding: BiometricEncoding, created: datetime.date) -> bytes:
    if encoding is BiometricEncoding.ISO_39794:
        return finger_block(finger.image, _CODES_39794[finger.coding], finger.position, created)
    return _finger_record(finger)


def _finger_record(finger: FingerImage) -> bytes:
    """General record header of 32 octets, finger header of 14, image (ISO/IEC 19794-4:2005 §7.1 and §7.2)."""
    block_length = 14 + len(finger.image)
    general = struct.pack(
        ">4s4s6sHHBBHHHHBBH",
        b"FIR\0",
        b"010\0",
        (32 + block_length).to_bytes(6, "big"),
        0,  # capture device: not reported
        _LEVEL_31,
        1,  # one finger
        1,  # scale in dots per inch
        *(_DOTS_PER_INCH,) * 4,  # scan resolution, image resolution, horizontal and vertical
        8,  # bits per pixel
        _CODES_19794[finger.coding],
        0,
    )
    header = struct.pack(
        ">IBBBBBHHB",
        block_length,
        finger.position,
        1,  # one view
        1,  # the first
        254,  # quality not reported
        0,  # live-scan plain
        *finger.size,
        0,
    )
    return general + header + finger.image
