"""In which encoding a picture is, by its first octets: what a record or an issuer says of it is not trusted."""

from __future__ import annotations

import enum
from typing import Final

__all__ = ["ImageEncoding", "detect_encoding"]

_JPEG: Final = b"\xff\xd8\xff"
_JP2_SIGNATURE: Final = b"\x00\x00\x00\x0cjP  \r\n\x87\n"  # ISO/IEC 15444-1 §I.5.1
_J2K_CODESTREAM: Final = b"\xff\x4f\xff\x51"  # SOC, SIZ: ISO/IEC 15444-1 §A.4.1
_WSQ: Final = b"\xff\xa0\xff"  # SOI and the next marker: IAFIS-IC-0110 §3
_PNG: Final = b"\x89PNG\r\n\x1a\n"  # ISO/IEC 15948 §5.2


class ImageEncoding(enum.StrEnum):
    """What the first octets of an image say. The record's own type field is not trusted."""

    JPEG = "jpeg"
    JPEG2000 = "jpeg2000"
    JPEG2000_CODESTREAM = "jpeg2000-codestream"
    WSQ = "wsq"
    PNG = "png"
    UNKNOWN = "unknown"


def detect_encoding(image: bytes) -> ImageEncoding:
    """The encoding of an image by its first octets."""
    if image.startswith(_JPEG):
        return ImageEncoding.JPEG
    if image.startswith(_JP2_SIGNATURE):
        return ImageEncoding.JPEG2000
    if image.startswith(_J2K_CODESTREAM):
        return ImageEncoding.JPEG2000_CODESTREAM
    if image.startswith(_WSQ):
        return ImageEncoding.WSQ
    if image.startswith(_PNG):
        return ImageEncoding.PNG
    return ImageEncoding.UNKNOWN
