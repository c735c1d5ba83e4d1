"""The face image record of ISO/IEC 19794-5:2005 (§5), in which EF.DG2 wraps its pictures.

Real chips state some lengths wrong: British and New Zealand passports by 1 and by 8 octets. Every length is therefore
checked against the octets that are there; small deviations are noted, larger ones refused.
"""

from __future__ import annotations

import dataclasses
import enum
import struct
from collections.abc import Iterator
from typing import Final

from reader import errors

__all__ = [
    "LENGTH_TOLERANCE",
    "FaceImage",
    "FaceRecord",
    "FacialInformation",
    "FeaturePoint",
    "ImageEncoding",
    "detect_encoding",
    "parse_face_record",
]

LENGTH_TOLERANCE: Final = 8
"""Largest deviation of a stated length, in bytes, that is read over."""

MAX_IMAGES: Final = 16
"""Most pictures in one record. Doc 9303-10 §4.7.2 knows one; a few documents carry a second."""

_RECORD_HEADER: Final = struct.Struct(">4s4sIH")  # §5.4: "FAC", version, length of the record, number of images
_FACIAL_INFORMATION: Final = struct.Struct(">IHBBB3sH3s3s")  # §5.5
_FEATURE_POINT: Final = struct.Struct(">BBHHH")  # §5.6
_IMAGE_INFORMATION: Final = struct.Struct(">BBHHBBHH")  # §5.7
_FORMAT_IDENTIFIER: Final = b"FAC\x00"
_VERSION: Final = b"010\x00"

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


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FacialInformation:
    """The facial information block (§5.5). Numbers as on the chip; 0 means unspecified."""

    gender: int
    eye_colour: int
    hair_colour: int
    property_mask: bytes
    expression: int
    pose_angle: bytes
    pose_angle_uncertainty: bytes

    def __repr__(self) -> str:
        return "FacialInformation(…)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FeaturePoint:
    """One landmark of the face (§5.6): ``point`` is major and minor code in one octet; x and y in pixels."""

    kind: int
    point: int
    x: int
    y: int

    def __repr__(self) -> str:
        return "FeaturePoint(…)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FaceImage:
    """One picture.

    Attributes:
        image: the encoded picture as on the chip.
        encoding: by its first octets.
        stated_type: the record's type field: 0 is JPEG, 1 is JPEG 2000.
        width: of the picture in pixels, as the record states it (not checked against the picture).
        height: likewise.
        face_type: 1 full frontal, 2 token frontal (§5.7.1).
        colour_space, source_type, device_type, quality: as on the chip (§5.7).
        length_deviation: octets that are there minus octets that the block announces.
    """

    image: bytes
    encoding: ImageEncoding
    stated_type: int
    width: int
    height: int
    face_type: int
    colour_space: int
    source_type: int
    device_type: int
    quality: int
    information: FacialInformation
    feature_points: tuple[FeaturePoint, ...]
    length_deviation: int

    def __repr__(self) -> str:
        return f"FaceImage({self.encoding.value}, {len(self.image)} bytes)"


@dataclasses.dataclass(frozen=True, slots=True)
class FaceRecord:
    """A record and its pictures.

    Attributes:
        images: in the order of the chip; empty if the record has none.
        length_deviation: octets that are there minus octets that the record header announces.
    """

    images: tuple[FaceImage, ...]
    length_deviation: int


def parse_face_record(octets: bytes) -> FaceRecord:
    """Read a face image record.

    Args:
        octets: the whole biometric data block, from ``FAC`` to its end.

    Raises:
        DocumentError: ``document.format_unsupported`` if it is another format or version; ``document.malformed`` if
            a block ends outside the record, or a length is wrong by more than :data:`LENGTH_TOLERANCE`.
    """
    if len(octets) < _RECORD_HEADER.size:
        raise _malformed()
    identifier, version, stated, count = _RECORD_HEADER.unpack_from(octets)
    if identifier != _FORMAT_IDENTIFIER or version != _VERSION:
        raise errors.DocumentError(errors.FORMAT_UNSUPPORTED, file="DG2")
    deviation = len(octets) - stated
    if abs(deviation) > LENGTH_TOLERANCE or count > MAX_IMAGES:
        raise _malformed()
    return FaceRecord(tuple(_images(octets, count)), deviation)


def _images(octets: bytes, count: int) -> Iterator[FaceImage]:
    position = _RECORD_HEADER.size
    for index in range(count):
        if position + _FACIAL_INFORMATION.size > len(octets):
            raise _malformed()
        (stated,) = struct.unpack_from(">I", octets, position)
        # The last picture takes what is there; the ones before end where they say, since there is no other mark
        end = len(octets) if index == count - 1 else position + stated
        deviation = end - position - stated
        if end > len(octets) or abs(deviation) > LENGTH_TOLERANCE:
            raise _malformed()
        yield _image(octets[position:end], deviation)
        position = end


def _image(block: bytes, deviation: int) -> FaceImage:
    try:
        _, points, gender, eyes, hair, mask, expression, pose, uncertainty = _FACIAL_INFORMATION.unpack_from(block)
        points_end = _FACIAL_INFORMATION.size + points * _FEATURE_POINT.size
        values = _IMAGE_INFORMATION.unpack_from(block, points_end)
    except struct.error:
        raise _malformed() from None
    face_type, stated_type, width, height, colour_space, source_type, device_type, quality = values
    image = block[points_end + _IMAGE_INFORMATION.size :]
    return FaceImage(
        image=image,
        encoding=detect_encoding(image),
        stated_type=stated_type,
        width=width,
        height=height,
        face_type=face_type,
        colour_space=colour_space,
        source_type=source_type,
        device_type=device_type,
        quality=quality,
        information=FacialInformation(gender, eyes, hair, mask, expression, pose, uncertainty),
        feature_points=tuple(
            FeaturePoint(*fields[:4])
            for fields in _FEATURE_POINT.iter_unpack(block[_FACIAL_INFORMATION.size : points_end])
        ),
        length_deviation=deviation,
    )


def _malformed() -> errors.DocumentError:
    return errors.DocumentError(errors.FILE_MALFORMED, file="DG2")
