"""Data group 4: iris images in ISO/IEC 19794-6:2005 records (Doc 9303-10 §4.7.4), each eye in a template of its own."""

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

__all__ = ["Eye", "IrisImage", "encode_dg4"]

_HEADER_BYTES: Final = 45
_MONOCHROME_JPEG: Final = 0x0006
_UNDEFINED_ANGLE: Final = 0xFFFF
_NO_QUALITY: Final = 0xFE


class Eye(enum.IntEnum):
    """Which eye (ISO/IEC 19794-6:2005 §6.5.3); DO'82' has the same numbers for the sides."""

    RIGHT = 1
    LEFT = 2


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class IrisImage:
    """One greyscale JPEG.

    Attributes:
        eye: which eye.
        image: the encoded image.
        size: width and height in pixels.
        diameter: of the iris in pixels.
    """

    eye: Eye
    image: bytes
    size: tuple[int, int]
    diameter: int


def encode_dg4(irises: Sequence[IrisImage], *, created: datetime.date) -> bytes:
    """The whole file, tag 76."""
    templates = [
        biometric_template(BiometricType.IRIS, BiometricEncoding.ISO_19794, iris.eye, created, _iris_record(iris))
        for iris in irises
    ]
    return encode_tlv(0x76, biometric_group(templates))


def _iris_record(iris: IrisImage) -> bytes:
    """Record header, eye header, image header, image (ISO/IEC 19794-6:2005 §6.5, tables 2 to 4)."""
    total = _HEADER_BYTES + 3 + 11 + len(iris.image)
    header = struct.pack(
        ">4s4sIHBHHHHHHBB16s",
        b"IIR\0",
        b"010\0",
        total,
        0,  # capture device: not reported
        1,  # one eye
        _HEADER_BYTES,
        0b01_01,  # horizontal and vertical orientation as seen; all else undefined
        iris.diameter,
        _MONOCHROME_JPEG,
        *iris.size,
        8,  # bits per pixel
        0,  # no transformation
        bytes(16),  # device: not reported
    )
    eye = struct.pack(">BH", iris.eye, 1)
    image = struct.pack(">HBHHI", 1, _NO_QUALITY, _UNDEFINED_ANGLE, _UNDEFINED_ANGLE, len(iris.image))
    return header + eye + image + iris.image
