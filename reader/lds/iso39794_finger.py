"""Fingers in the extensible encoding of ISO/IEC 39794-4, as EF.DG3 carries them (Doc 9303-10 §4.5.6, §4.7.3)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from reader.lds.image_encoding import ImageEncoding, detect_encoding
from reader.lds.iso39794 import BlockFields, BlockVersion, CaptureTime, data_block, representations

__all__ = ["ExtensibleFingerImage", "FingerDataBlock", "parse_finger_data_block"]

_FINGER_BLOCK: Final = 0x64
_FILE: Final = "DG3"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ExtensibleFingerImage:
    """One finger. Numbers are as on the chip.

    Attributes:
        image: encoded picture.
        encoding: what its first octets say.
        stated_format: what the block says about the encoding: 0 PGM, 1 WSQ, 2 and 3 JPEG 2000, 4 PNG.
        position: which finger, 1 to 10 from the right thumb to the left little finger; 0 is unknown.
        impression: how it was taken.
        captured: when; ``None`` if the block does not say.
        others: fields that are kept as octets, by their number (ISO/IEC 39794-4: 5 capture device, 6 quality,
            7 sampling rate, 12 segmentation and so on).
        encoded: the representation block as on the chip.
    """

    image: bytes
    encoding: ImageEncoding
    stated_format: int | None
    position: int | None
    impression: int | None
    captured: CaptureTime | None
    others: Mapping[int, bytes]
    encoded: bytes

    def __repr__(self) -> str:
        return f"ExtensibleFingerImage({self.encoding.value}, {len(self.image)} bytes)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FingerDataBlock:
    """A finger image data block.

    Attributes:
        version: generation and year of the standard.
        images: in the order of the chip; at least one.
    """

    version: BlockVersion
    images: tuple[ExtensibleFingerImage, ...]

    def __repr__(self) -> str:
        return f"FingerDataBlock({len(self.images)} images)"


def parse_finger_data_block(octets: bytes) -> FingerDataBlock:
    """Read a finger image data block.

    Args:
        octets: value field of the object 7F2E.

    Raises:
        WireError: not well formed.
        DocumentError: ``document.malformed``, or ``document.format_unsupported`` for another part of the standard.
    """
    block = data_block(octets, _FINGER_BLOCK, _FILE)
    version = block.version()
    return FingerDataBlock(version, tuple(_image(fields, encoded) for fields, encoded in representations(block, _FILE)))


def _image(fields: BlockFields, encoded: bytes) -> ExtensibleFingerImage:
    image = fields.require(3).value
    return ExtensibleFingerImage(
        image=image,
        encoding=detect_encoding(image),
        stated_format=fields.code(2),
        position=fields.code(0),
        impression=fields.code(1),
        captured=fields.capture_time(4),
        others=fields.others(),
        encoded=encoded,
    )
