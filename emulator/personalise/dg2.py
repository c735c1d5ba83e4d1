"""Data group 2: one face image (Doc 9303-10 §4.7.2)."""

from __future__ import annotations

import datetime
import enum
import struct

from crypto.wire.tlv import encode_tlv
from emulator.personalise.biometric_template import (
    BiometricEncoding,
    BiometricType,
    biometric_group,
    biometric_template,
)
from emulator.personalise.iso39794 import FaceImageFormat, face_block

__all__ = ["ImageCoding", "encode_dg2"]


class ImageCoding(enum.IntEnum):
    """Image data type of ISO/IEC 19794-5:2005 §5.7.2."""

    JPEG = 0
    JPEG2000 = 1


_FORMATS_39794 = {ImageCoding.JPEG: FaceImageFormat.JPEG, ImageCoding.JPEG2000: FaceImageFormat.JPEG2000_LOSSY}


def encode_dg2(
    image: bytes,
    coding: ImageCoding,
    size: tuple[int, int],
    *,
    sex: str,
    created: datetime.date,
    encoding: BiometricEncoding = BiometricEncoding.ISO_19794,
    length_errors: tuple[int, int] = (0, 0),
) -> bytes:
    """The whole file, tag 75.

    Args:
        image: the encoded image.
        coding: its format.
        size: width and height in pixels.
        sex: ``M``, ``F`` or ``<`` for unspecified.
        created: date of the biometric record.
        encoding: record of ISO/IEC 19794-5:2005 or block of ISO/IEC 39794-5:2019.
        length_errors: added to the length of record and of facial block in the former; real issuers were that wrong.
    """
    if encoding is BiometricEncoding.ISO_39794:
        record = face_block(image, _FORMATS_39794[coding], size, created)
    else:
        record = _face_record(image, coding, size, sex, length_errors)
    template = biometric_template(BiometricType.FACE, encoding, 0, created, record)
    return encode_tlv(0x75, biometric_group([template]))


def _face_record(
    image: bytes, coding: ImageCoding, size: tuple[int, int], sex: str, length_errors: tuple[int, int]
) -> bytes:
    """Facial header, facial information, image information, image (ISO/IEC 19794-5:2005 §5.4 to §5.7)."""
    image_information = struct.pack(
        ">BBHHBBHH",
        1,  # full frontal
        coding,
        *size,
        1,  # 24-bit sRGB
        0,  # source: unspecified, for nobody was photographed
        0,  # device type
        0,  # quality: unspecified
    )
    block_length = 20 + len(image_information) + len(image) + length_errors[1]
    gender = {"M": 1, "F": 2}.get(sex, 0)
    # length, number of feature points, gender, eye and hair colour, feature mask, expression (neutral), pose, its error
    facial_information = struct.pack(">IHBBB3sH3s3s", block_length, 0, gender, 0, 0, bytes(3), 1, bytes(3), bytes(3))
    block = facial_information + image_information + image
    return b"FAC\0" + b"010\0" + struct.pack(">IH", 14 + len(block) + length_errors[0], 1) + block
