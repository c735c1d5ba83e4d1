"""Irises in the extensible encoding of ISO/IEC 39794-6, as EF.DG4 carries them (Doc 9303-10 §4.5.6, §4.7.4)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from reader.lds.image_encoding import ImageEncoding, detect_encoding
from reader.lds.iso39794 import BlockFields, BlockVersion, CaptureTime, data_block, representations

__all__ = ["ExtensibleIrisImage", "IrisDataBlock", "parse_iris_data_block"]

_IRIS_BLOCK: Final = 0x66
_FILE: Final = "DG4"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ExtensibleIrisImage:
    """One iris. Numbers are as on the chip.

    Attributes:
        image: encoded picture.
        encoding: what its first octets say.
        stated_format: what the block says about the encoding: 0 PGM, 1 PPM, 2 PNG, 3 and 4 JPEG 2000.
        eye: 1 is the right one, 2 the left; 0 is unknown.
        kind: 1 uncropped, 2 VGA, 3 cropped, 7 cropped and masked.
        bit_depth: bits of a pixel.
        captured: when it was taken; ``None`` if the block does not say.
        others: fields that are kept as octets, by their number (ISO/IEC 39794-6: 4 and 5 orientation, 6 compression
            history, 7 range, 10 capture device, 11 quality and so on).
        encoded: the representation block as on the chip.
    """

    image: bytes
    encoding: ImageEncoding
    stated_format: int | None
    eye: int | None
    kind: int | None
    bit_depth: int | None
    captured: CaptureTime | None
    others: Mapping[int, bytes]
    encoded: bytes

    def __repr__(self) -> str:
        return f"ExtensibleIrisImage({self.encoding.value}, {len(self.image)} bytes)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class IrisDataBlock:
    """An iris image data block.

    Attributes:
        version: generation and year of the standard.
        images: in the order of the chip; at least one.
    """

    version: BlockVersion
    images: tuple[ExtensibleIrisImage, ...]

    def __repr__(self) -> str:
        return f"IrisDataBlock({len(self.images)} images)"


def parse_iris_data_block(octets: bytes) -> IrisDataBlock:
    """Read an iris image data block.

    Args:
        octets: value field of the object 7F2E.

    Raises:
        WireError: not well formed.
        DocumentError: ``document.malformed``, or ``document.format_unsupported`` for another part of the standard.
    """
    block = data_block(octets, _IRIS_BLOCK, _FILE)
    version = block.version()
    return IrisDataBlock(version, tuple(_image(fields, encoded) for fields, encoded in representations(block, _FILE)))


def _image(fields: BlockFields, encoded: bytes) -> ExtensibleIrisImage:
    image = fields.require(9).value
    return ExtensibleIrisImage(
        image=image,
        encoding=detect_encoding(image),
        stated_format=fields.code(3),
        eye=fields.code(0),
        kind=fields.code(1),
        bit_depth=fields.integer(2),
        captured=fields.capture_time(8),
        others=fields.others(),
        encoded=encoded,
    )
