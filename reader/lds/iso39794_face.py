"""Faces in the extensible encoding of ISO/IEC 39794-5, as EF.DG2 carries them (Doc 9303-10 §4.5.6; ICAO TR "ISO/IEC
39794-5 Application Profile for eMRTDs")."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Final

from reader import errors
from reader.lds.image_encoding import ImageEncoding, detect_encoding
from reader.lds.iso39794 import BlockFields, BlockVersion, CaptureTime, data_block, representations

__all__ = ["ExtensibleFaceImage", "FaceDataBlock", "parse_face_data_block"]

_FACE_BLOCK: Final = 0x65
_FILE: Final = "DG2"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ExtensibleFaceImage:
    """One picture. Numbers are as on the chip; ``None`` is absent.

    Attributes:
        image: encoded picture.
        encoding: what its first octets say.
        stated_format: what the block says about the encoding.
        representation_id: number of the representation.
        kind: kind of the image; 0 is the kind for travel documents.
        width: in pixels, as the block says; ``None`` if it does not.
        height: the same.
        captured: when the picture was taken.
        others: fields of the representation that are kept as octets, by their number (ISO/IEC 39794-5: 3 quality,
            4 attack detection, 7 capture device, 8 identity metadata, 9 landmarks).
        encoded: the representation block as on the chip.
    """

    image: bytes
    encoding: ImageEncoding
    stated_format: int | None
    representation_id: int | None
    kind: int | None
    width: int | None
    height: int | None
    captured: CaptureTime | None
    others: Mapping[int, bytes]
    encoded: bytes

    def __repr__(self) -> str:
        return f"ExtensibleFaceImage({self.encoding.value}, {len(self.image)} bytes)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FaceDataBlock:
    """A face image data block.

    Attributes:
        version: generation and year of the standard.
        images: in the order of the chip; at least one.
    """

    version: BlockVersion
    images: tuple[ExtensibleFaceImage, ...]

    def __repr__(self) -> str:
        return f"FaceDataBlock({len(self.images)} images)"


def parse_face_data_block(octets: bytes) -> FaceDataBlock:
    """Read a face image data block.

    Args:
        octets: value field of the object 7F2E.

    Raises:
        WireError: not well formed.
        DocumentError: ``document.malformed``, or ``document.format_unsupported`` if it is of another part of the
            standard or holds no two-dimensional picture.
    """
    block = data_block(octets, _FACE_BLOCK, _FILE)
    version = block.version()
    return FaceDataBlock(version, tuple(_image(fields, encoded) for fields, encoded in representations(block, _FILE)))


def _image(fields: BlockFields, encoded: bytes) -> ExtensibleFaceImage:
    representation = fields.block(1)
    if representation is None:
        raise fields.malformed()
    # imageRepresentation [1] CHOICE { base [0] CHOICE { 2D [0], 3D shape [1] }, extension [1] }
    base = representation.block(0)
    picture = None if base is None else base.block(0)
    if picture is None:
        raise errors.DocumentError(errors.FORMAT_UNSUPPORTED, file=_FILE)
    image = picture.require(0).value
    information = picture.block(1)
    size = None if information is None else information.block(7)
    return ExtensibleFaceImage(
        image=image,
        encoding=detect_encoding(image),
        stated_format=None if information is None else information.code(0),
        representation_id=fields.integer(0),
        kind=None if information is None else information.code(1),
        width=None if size is None else size.integer(0),
        height=None if size is None else size.integer(1),
        captured=fields.capture_time(2),
        others=fields.others(),
        encoded=encoded,
    )
