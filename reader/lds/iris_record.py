"""The iris image record of ISO/IEC 19794-6:2005 (§6.5), in which EF.DG4 wraps its pictures (Doc 9303-10 §4.7.4)."""

from __future__ import annotations

import dataclasses
import struct
from collections.abc import Iterator
from typing import Final

from reader.lds.image_encoding import ImageEncoding, detect_encoding
from reader.lds.image_record import ImageRecordFormat

__all__ = ["IrisImage", "IrisRecord", "parse_iris_record"]

MAX_IRIS_IMAGES: Final = 32
"""Most pictures in one record. Doc 9303-10 §4.7.4.2.4 wants one."""

# §6.5.1: "IIR", version, length of the record, capture device, number of biometric subtypes, length of this header,
# properties of the pictures, iris diameter, format, raw width, raw height, depth, transformation, device identifier
_FORMAT: Final = ImageRecordFormat(b"IIR\x00", struct.Struct(">4s4sIHBHHHHHHBB16s"), "DG4")
_SUBTYPE_HEADER: Final = struct.Struct(">BH")  # §6.5.2: which eye, number of pictures
_IMAGE_HEADER: Final = struct.Struct(">HBHHI")  # §6.5.3: number, quality, rotation and its uncertainty, length


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class IrisImage:
    """One picture of an iris. Numbers are as on the chip.

    Attributes:
        image: encoded picture, or rows of pixels in a raw format.
        encoding: what its first octets say; the record's own word is :attr:`IrisRecord.image_format`.
        eye: 1 is the right one, 2 the left; 0 is unknown.
        number: of the picture.
        quality: 0 to 100; 254 is undefined.
        rotation: angle in units of the standard; 65535 is undefined.
        length_deviation: octets that are there minus octets that the header announces.
    """

    image: bytes
    encoding: ImageEncoding
    eye: int
    number: int
    quality: int
    rotation: int
    length_deviation: int

    def __repr__(self) -> str:
        return f"IrisImage({self.encoding.value}, {len(self.image)} bytes)"


@dataclasses.dataclass(frozen=True, slots=True)
class IrisRecord:
    """A record and its pictures.

    Attributes:
        image_format: 2 and 4 raw, 6 and 8 JPEG, 10 and 12 JPEG-LS, 14 and 16 JPEG 2000, each grey and colour.
        width: of the raw picture in pixels.
        height: the same.
        depth: bits of a pixel.
        properties: bit field on orientation, scan and occlusion.
        images: in the order of the chip.
        length_deviation: octets that are there minus octets that the record header announces.
    """

    image_format: int
    width: int
    height: int
    depth: int
    properties: int
    images: tuple[IrisImage, ...]
    length_deviation: int


def parse_iris_record(octets: bytes) -> IrisRecord:
    """Read an iris image record.

    Args:
        octets: the whole biometric data block, from ``IIR`` to its end.

    Raises:
        DocumentError: ``document.format_unsupported`` if it is another format or version; ``document.malformed`` if
            a block ends outside the record, a length is wrong by more than
            :data:`reader.lds.image_record.LENGTH_TOLERANCE`, or there are more than :data:`MAX_IRIS_IMAGES` pictures.
    """
    values = _FORMAT.unpack_header(octets)
    stated, _, eyes, header_bytes, properties, _, image_format, width, height, depth, _, _ = values
    deviation = _FORMAT.deviation(len(octets), stated)
    if header_bytes < _FORMAT.header.size:
        raise _FORMAT.malformed()
    return IrisRecord(
        image_format=image_format,
        width=width,
        height=height,
        depth=depth,
        properties=properties,
        images=tuple(_images(octets, header_bytes, eyes)),
        length_deviation=deviation,
    )


def _images(octets: bytes, position: int, eyes: int) -> Iterator[IrisImage]:
    found = 0
    for index in range(eyes):
        eye, count = _FORMAT.unpack(_SUBTYPE_HEADER, octets, position)
        position += _SUBTYPE_HEADER.size
        found += count
        if found > MAX_IRIS_IMAGES:
            raise _FORMAT.malformed()
        for picture in range(count):
            number, quality, rotation, _, length = _FORMAT.unpack(_IMAGE_HEADER, octets, position)
            position += _IMAGE_HEADER.size
            is_last = index == eyes - 1 and picture == count - 1
            end, deviation = _FORMAT.block_end(octets, position, length, is_last=is_last)
            image = octets[position:end]
            yield IrisImage(image, detect_encoding(image), eye, number, quality, rotation, deviation)
            position = end
