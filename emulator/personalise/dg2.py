"""Data group 2: one face image in an ISO/IEC 19794-5:2005 record (Doc 9303-10 §4.7.2)."""

from __future__ import annotations

import datetime
import enum
import struct

from crypto.wire.tlv import encode_tlv

__all__ = ["ImageCoding", "encode_dg2"]


class ImageCoding(enum.IntEnum):
    """Image data type of ISO/IEC 19794-5:2005 §5.7.2."""

    JPEG = 0
    JPEG2000 = 1


def encode_dg2(image: bytes, coding: ImageCoding, size: tuple[int, int], *, sex: str, created: datetime.date) -> bytes:
    """The whole file, tag 75.

    Args:
        image: the encoded image.
        coding: its format.
        size: width and height in pixels.
        sex: ``M`` or ``F``.
        created: date of the biometric record.
    """
    header = encode_tlv(
        0xA1,
        [
            encode_tlv(0x80, b"\x01\x01"),  # ICAO header version
            encode_tlv(0x81, b"\x02"),  # biometric type: facial features
            encode_tlv(0x82, b"\x00"),  # no subtype
            encode_tlv(0x83, bytes.fromhex(f"{created:%Y%m%d}000000")),
            encode_tlv(0x87, b"\x01\x01"),  # format owner: ISO/IEC JTC 1/SC 37
            encode_tlv(0x88, b"\x00\x08"),  # format type: face image
        ],
    )
    template = encode_tlv(0x7F60, header + encode_tlv(0x5F2E, _face_record(image, coding, size, sex)))
    return encode_tlv(0x75, encode_tlv(0x7F61, encode_tlv(0x02, b"\x01") + template))


def _face_record(image: bytes, coding: ImageCoding, size: tuple[int, int], sex: str) -> bytes:
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
    block_length = 20 + len(image_information) + len(image)
    gender = {"M": 1, "F": 2}[sex]
    # length, number of feature points, gender, eye and hair colour, feature mask, expression (neutral), pose, its error
    facial_information = struct.pack(">IHBBB3sH3s3s", block_length, 0, gender, 0, 0, bytes(3), 1, bytes(3), bytes(3))
    block = facial_information + image_information + image
    return b"FAC\0" + b"010\0" + struct.pack(">IH", 14 + len(block), 1) + block
