"""The finger image record of ISO/IEC 19794-4:2005 (§7), in which EF.DG3 wraps its pictures (Doc 9303-10 §4.7.3)."""

from __future__ import annotations

import dataclasses
import enum
import struct
from typing import Final

from reader.lds.image_encoding import ImageEncoding, detect_encoding
from reader.lds.image_record import ImageRecordFormat

__all__ = ["FingerCompression", "FingerImage", "FingerRecord", "parse_finger_record"]

MAX_VIEWS: Final = 32
"""Most pictures in one record. Doc 9303-10 §4.7.3.2.4 wants one."""

# §7.1: "FIR", version, length of the record (six octets), capture device, acquisition level, number of fingers, unit of
# the scales, scan and image resolution, pixel depth, compression, reserved
_FORMAT: Final = ImageRecordFormat(b"FIR\x00", struct.Struct(">4s4sHIHHBBHHHHBBH"), "DG3")
# §7.2: length of the block, position, number of views, number of this view, quality, impression, width, height, reserved
_IMAGE_HEADER: Final = struct.Struct(">IBBBBBHHB")


class FingerCompression(enum.IntEnum):
    """The compression that a record states for all its pictures (ISO/IEC 19794-4:2005 §7.1.13)."""

    NONE = 0
    NONE_BIT_PACKED = 1
    WSQ = 2
    JPEG = 3
    JPEG2000 = 4
    PNG = 5


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FingerImage:
    """One picture of a finger. Numbers are as on the chip.

    Attributes:
        image: encoded picture, or rows of pixels if the record is not compressed.
        encoding: what its first octets say; the record's own word is ``compression``.
        position: which finger, 1 to 10 from the right thumb to the left little finger; 0 is unknown.
        view: number of this view of the finger.
        quality: 0 to 100; 254 is undefined.
        impression: how it was taken; 0 is a live-scan plain impression.
        width: in pixels, as the record says.
        height: the same.
        compression: :class:`FingerCompression` of the record, as a number: a chip may state one that is not in the standard.
        pixel_depth: bits of a pixel.
        length_deviation: octets that are there minus octets that the block announces.
    """

    image: bytes
    encoding: ImageEncoding
    position: int
    view: int
    quality: int
    impression: int
    width: int
    height: int
    compression: int
    pixel_depth: int
    length_deviation: int

    def __repr__(self) -> str:
        return f"FingerImage({self.encoding.value}, {len(self.image)} bytes)"


@dataclasses.dataclass(frozen=True, slots=True)
class FingerRecord:
    """A record and its pictures.

    Attributes:
        dots_per_cm: whether the resolutions count dots per centimetre instead of per inch.
        resolution: of the pictures, across and down.
        acquisition_level: (ISO/IEC 19794-4:2005 table 1).
        images: in the order of the chip.
        length_deviation: octets that are there minus octets that the record header announces.
    """

    dots_per_cm: bool
    resolution: tuple[int, int]
    acquisition_level: int
    images: tuple[FingerImage, ...]
    length_deviation: int


def parse_finger_record(octets: bytes) -> FingerRecord:
    """Read a finger image record.

    Args:
        octets: the whole biometric data block, from ``FIR`` to its end.

    Raises:
        DocumentError: ``document.format_unsupported`` if it is another format or version; ``document.malformed`` if
            a block ends outside the record, a length is wrong by more than
            :data:`reader.lds.image_record.LENGTH_TOLERANCE`, or there are more than :data:`MAX_VIEWS` pictures.
    """
    values = _FORMAT.unpack_header(octets)
    length_high, length_low, _, level, fingers, unit, _, _, across, down, depth, compression, _ = values
    deviation = _FORMAT.deviation(len(octets), length_high << 32 | length_low)
    return FingerRecord(
        dots_per_cm=unit == 2,
        resolution=(across, down),
        acquisition_level=level,
        images=_images(octets, fingers, compression, depth),
        length_deviation=deviation,
    )


def _images(octets: bytes, fingers: int, compression: int, depth: int) -> tuple[FingerImage, ...]:
    """The blocks. Each finger has as many as it has views, which its first block says."""
    images: list[FingerImage] = []
    positions: set[int] = set()
    expected, position = fingers, _FORMAT.header.size
    while len(images) < expected:
        header = _FORMAT.unpack(_IMAGE_HEADER, octets, position)
        stated, finger, views, view, quality, impression, width, height, _ = header
        if finger not in positions:
            expected += max(views, 1) - 1
            positions.add(finger)
        if expected > MAX_VIEWS or stated < _IMAGE_HEADER.size:
            raise _FORMAT.malformed()
        end, deviation = _FORMAT.block_end(octets, position, stated, is_last=len(images) == expected - 1)
        image = octets[position + _IMAGE_HEADER.size : end]
        images.append(
            FingerImage(
                image=image,
                encoding=detect_encoding(image),
                position=finger,
                view=view,
                quality=quality,
                impression=impression,
                width=width,
                height=height,
                compression=compression,
                pixel_depth=depth,
                length_deviation=deviation,
            )
        )
        position = end
    return tuple(images)
