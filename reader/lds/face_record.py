"""The face image record of ISO/IEC 19794-5:2005 (§5), in which EF.DG2 wraps its pictures."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from typing import Final

from reader.lds.image_encoding import ImageEncoding, detect_encoding
from reader.lds.image_record import ImageRecordFormat

__all__ = ["FaceImage", "FaceRecord", "FacialInformation", "FeaturePoint", "parse_face_record"]

MAX_IMAGES: Final = 16
"""Most pictures in one record. Doc 9303-10 §4.7.2 knows one; a few documents carry a second."""

# §5.4: "FAC", version, length of the record, number of images
_FORMAT: Final = ImageRecordFormat(b"FAC\x00", struct.Struct(">4s4sIH"), "DG2")
_FACIAL_INFORMATION: Final = struct.Struct(">IHBBB3sH3s3s")  # §5.5
_FEATURE_POINT: Final = struct.Struct(">BBHHH")  # §5.6
_IMAGE_INFORMATION: Final = struct.Struct(">BBHHBBHH")  # §5.7


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
            a block ends outside the record, a length is wrong by more than
            :data:`reader.lds.image_record.LENGTH_TOLERANCE`, or there are more than :data:`MAX_IMAGES` pictures.
    """
    stated, count = _FORMAT.unpack_header(octets)
    deviation = _FORMAT.deviation(len(octets), stated)
    if count > MAX_IMAGES:
        raise _FORMAT.malformed()
    return FaceRecord(tuple(_images(octets, count)), deviation)


def _images(octets: bytes, count: int) -> Iterator[FaceImage]:
    position = _FORMAT.header.size
    for index in range(count):
        stated, *_ = _FORMAT.unpack(_FACIAL_INFORMATION, octets, position)
        end, deviation = _FORMAT.block_end(octets, position, stated, is_last=index == count - 1)
        yield _image(octets[position:end], deviation)
        position = end


def _image(block: bytes, deviation: int) -> FaceImage:
    try:
        _, points, gender, eyes, hair, mask, expression, pose, uncertainty = _FACIAL_INFORMATION.unpack_from(block)
        points_end = _FACIAL_INFORMATION.size + points * _FEATURE_POINT.size
        values = _IMAGE_INFORMATION.unpack_from(block, points_end)
    except struct.error:
        raise _FORMAT.malformed() from None
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
