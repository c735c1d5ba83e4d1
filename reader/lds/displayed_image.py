"""What EF.DG5 and EF.DG7 have in common: a count, and pictures as they are (Doc 9303-10 §4.7.5, §4.7.7)."""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.wire.tlv import parse_tlv
from reader import errors
from reader.lds.files import FileId
from reader.lds.image_encoding import ImageEncoding, detect_encoding
from reader.lds.instance_count import instance_count

__all__ = ["DisplayedImage", "parse_displayed_images"]

MAX_DISPLAYED: Final = 16
"""Most pictures in one group. Doc 9303-10 tables 60 and 64 allow nine."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DisplayedImage:
    """One picture.

    Attributes:
        image: encoded as on the chip, JPEG or JPEG 2000; :func:`reader.lds.face_image.decode_image` opens it.
        encoding: what its first octets say.
    """

    image: bytes
    encoding: ImageEncoding

    def __repr__(self) -> str:
        return f"DisplayedImage({self.encoding.value}, {len(self.image)} bytes)"


def parse_displayed_images(octets: bytes, file: FileId, tag: int) -> tuple[int | None, tuple[DisplayedImage, ...]]:
    """The announced number (``None`` if there is none) and the pictures with this tag, in their order.

    Raises:
        WireError: no well-formed template of this file.
        DocumentError: ``document.malformed`` if there are more than :data:`MAX_DISPLAYED`, or the number cannot
            be.
    """
    children = parse_tlv(octets, file.tag).children()
    images = tuple(DisplayedImage(child.value, detect_encoding(child.value)) for child in children if child.tag == tag)
    if len(images) > MAX_DISPLAYED:
        raise errors.DocumentError(errors.FILE_MALFORMED, file=file.name)
    return instance_count(children, file.name), images
