"""Blocks of ISO/IEC 39794-5:2019 (face) and ISO/IEC 39794-4:2019 (finger) in DER, as far as eMRTDs use them.

The modules have automatic tags: the n-th component of a SEQUENCE has context tag n, an enumeration is a CHOICE whose
first alternative is the code, and a CHOICE keeps its own tag inside the component's.
"""

from __future__ import annotations

import datetime
import enum
from typing import Final

from crypto.wire.tlv import encode_tlv

__all__ = ["FaceImageFormat", "FingerImageFormat", "face_block", "finger_block"]

_GENERATION: Final = 3
_YEAR: Final = 2019
_FACE_BLOCK: Final = 0x65  # [APPLICATION 5]
_FINGER_BLOCK: Final = 0x64  # [APPLICATION 4]
_MRTD: Final = 0  # kind of a face image: for machine readable travel documents
_RGB_24: Final = 2
_PLAIN_CONTACT: Final = 0


class FaceImageFormat(enum.IntEnum):
    """ImageDataFormatCode of ISO/IEC 39794-5."""

    JPEG = 2
    JPEG2000_LOSSY = 3
    JPEG2000_LOSSLESS = 4


class FingerImageFormat(enum.IntEnum):
    """ImageDataFormatCode of ISO/IEC 39794-4."""

    WSQ = 1
    JPEG2000_LOSSY = 2
    JPEG2000_LOSSLESS = 3


def face_block(image: bytes, coding: FaceImageFormat, size: tuple[int, int], created: datetime.date) -> bytes:
    """FaceImageDataBlock with one two-dimensional image.

    Args:
        image: the encoded image.
        coding: its format.
        size: width and height in pixels.
        created: date of capture.
    """
    width, height = size
    information = (
        _constructed(0, _code(coding))
        + _constructed(1, _code(_MRTD))
        + _constructed(7, _integer(0, width) + _integer(1, height))
        + _constructed(9, _code(_RGB_24))
    )
    two_dimensional = _constructed(0, _octets(0, image) + _constructed(1, information))
    representation = (
        _integer(0, 0)  # identifier of the representation
        + _constructed(1, _constructed(0, two_dimensional))  # ImageRepresentation: base
        + _constructed(2, _date(created))
    )
    return _block(_FACE_BLOCK, representation)


def finger_block(image: bytes, coding: FingerImageFormat, position: int, created: datetime.date) -> bytes:
    """FingerImageDataBlock with one image.

    Args:
        image: the encoded image; its size stands in the image itself.
        coding: its format.
        position: 1 right thumb … 5 right little finger, 6 left thumb … 10 left little finger.
        created: date of capture.
    """
    representation = (
        _constructed(0, _code(position))
        + _constructed(1, _code(_PLAIN_CONTACT))
        + _constructed(2, _code(coding))
        + _octets(3, image)
        + _constructed(4, _date(created))
    )
    return _block(_FINGER_BLOCK, representation)


def _block(tag: int, representation: bytes) -> bytes:
    """Version block and the sequence of representations, of which there is one."""
    version = _integer(0, _GENERATION) + _integer(1, _YEAR)
    return encode_tlv(tag, _constructed(0, version) + _constructed(1, encode_tlv(0x30, representation)))


def _constructed(number: int, content: bytes) -> bytes:
    return encode_tlv(0xA0 | number, content)


def _octets(number: int, content: bytes) -> bytes:
    return encode_tlv(0x80 | number, content)


def _integer(number: int, value: int) -> bytes:
    return _octets(number, value.to_bytes(value.bit_length() // 8 + 1, "big"))  # one spare bit keeps it positive


def _code(value: int) -> bytes:
    """The first alternative of an extensible enumeration."""
    return _integer(0, value)


def _date(day: datetime.date) -> bytes:
    """DateTimeBlock with year, month and day."""
    return _integer(0, day.year) + _integer(1, day.month) + _integer(2, day.day)
