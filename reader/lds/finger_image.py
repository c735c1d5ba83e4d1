"""From the picture of a finger on a chip to pixels that a screen can show, without trusting a byte of it.

WSQ is the usual encoding (Doc 9303-10 §4.7.3). Its one maintained decoder is C code from before such input was thought
hostile: damaged pictures crash it. Its header is read here and refused if it announces too much; it is decoded in a
process of its own like every picture (docs/decisions/0008). The decoder comes with the extra ``biometrics``.
"""

from __future__ import annotations

import importlib.util
import struct
import sys
from typing import Final

from reader import errors
from reader.lds.face_image import MAX_IMAGE_BYTES, checked_size, decode_image
from reader.lds.finger_record import FingerCompression, FingerImage
from reader.lds.image_decoder import DecodedImage, decode_apart
from reader.lds.image_encoding import ImageEncoding
from reader.lds.iso39794_finger import ExtensibleFingerImage

__all__ = ["can_decode_wsq", "decode_finger", "decode_wsq", "wsq_size"]

# IAFIS-IC-0110 §3: markers of the code stream
_SOI: Final = b"\xff\xa0"
_SOF, _SOB = 0xFFA2, 0xFFA3
_TABLES: Final = frozenset(range(0xFFA4, 0xFFA9))  # DTT, DQT, DHT, DRI, COM


def decode_finger(finger: FingerImage | ExtensibleFingerImage) -> DecodedImage:
    """Pixels of one finger; grey values as red, green and blue.

    Raises:
        DocumentError: ``document.format_unsupported`` for an encoding that is not decoded here (packed bits), or
            for WSQ without the extra ``biometrics``; ``image.too_large`` or ``image.unreadable``.
    """
    if isinstance(finger, FingerImage) and _is_raw(finger):
        return _raw_image(finger)
    if finger.encoding is ImageEncoding.WSQ:
        return decode_wsq(finger.image)
    if finger.encoding is not ImageEncoding.UNKNOWN:
        return decode_image(finger.image)
    raise errors.DocumentError(errors.FORMAT_UNSUPPORTED, file="DG3")


def _is_raw(finger: FingerImage) -> bool:
    """Whether these are rows of pixels: the record says so, and the picture does not say otherwise."""
    if finger.compression != FingerCompression.NONE:
        return False
    return finger.encoding is ImageEncoding.UNKNOWN or len(finger.image) == finger.width * finger.height


def _raw_image(finger: FingerImage) -> DecodedImage:
    """Rows of grey values of one octet each (ISO/IEC 19794-4:2005 §7.1.13, compression 0)."""
    if finger.pixel_depth != 8:
        raise errors.DocumentError(errors.FORMAT_UNSUPPORTED, file="DG3")
    width, height = checked_size(finger.width, finger.height, 1)
    if len(finger.image) != width * height:
        raise errors.DocumentError(errors.IMAGE_UNREADABLE)
    return _grey(width, height, finger.image)


def _grey(width: int, height: int, pixels: bytes) -> DecodedImage:
    rgb = bytearray(3 * len(pixels))
    rgb[0::3] = rgb[1::3] = rgb[2::3] = pixels
    return DecodedImage(width, height, bytes(rgb))


def wsq_size(octets: bytes) -> tuple[int, int]:
    """Width and height in pixels from the frame header of a WSQ picture, checked against the limits.

    Raises:
        DocumentError: ``image.too_large`` or ``image.unreadable``.
    """
    if len(octets) > MAX_IMAGE_BYTES:
        raise errors.DocumentError(errors.IMAGE_TOO_LARGE)
    if not octets.startswith(_SOI):
        raise errors.DocumentError(errors.IMAGE_UNREADABLE)
    size: tuple[int, int] | None = None
    position = len(_SOI)
    try:
        while True:
            marker, length = struct.unpack_from(">HH", octets, position)
            if marker == _SOB:
                break
            if marker == _SOF and size is None:  # length, black, white, then lines and samples of a line
                height, width = struct.unpack_from(">HH", octets, position + 6)
                size = checked_size(width, height, 1)
            elif marker not in _TABLES:  # also a second frame header
                raise errors.DocumentError(errors.IMAGE_UNREADABLE)
            position += 2 + max(length, 2)
    except struct.error:  # a header ends too early
        raise errors.DocumentError(errors.IMAGE_UNREADABLE) from None
    if size is None:
        raise errors.DocumentError(errors.IMAGE_UNREADABLE)
    return size


def can_decode_wsq() -> bool:
    """Whether the decoder is installed (extra ``biometrics``)."""
    return bool(sys.executable) and importlib.util.find_spec("wsq") is not None


def decode_wsq(octets: bytes) -> DecodedImage:
    """Decode a WSQ picture, in a process that may crash without taking this one along.

    Raises:
        DocumentError: ``image.too_large`` before anything is decoded, ``image.unreadable``, or
            ``document.format_unsupported`` if the extra ``biometrics`` is not installed.
    """
    size = wsq_size(octets)
    if not can_decode_wsq():
        raise errors.DocumentError(errors.FORMAT_UNSUPPORTED, file="DG3")
    return decode_apart(octets, ImageEncoding.WSQ, size)
