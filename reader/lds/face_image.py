"""From the encoded photo on a chip to pixels that a screen can show, without trusting a byte of it.

The picture's own headers are read first, by the few lines below, and refused if they announce more than a portrait can
need. Only then is it decoded, in a process of its own (:mod:`reader.lds.image_decoder`).
"""

from __future__ import annotations

import struct
from typing import Final

from reader import errors
from reader.lds.image_decoder import DecodedImage, decode_apart
from reader.lds.image_encoding import ImageEncoding, detect_encoding

__all__ = ["MAX_IMAGE_BYTES", "MAX_PIXELS", "MAX_SIDE", "DecodedImage", "checked_size", "decode_image", "image_size"]

MAX_SIDE: Final = 4096
"""Longest side in pixels."""

MAX_PIXELS: Final = 6_000_000
"""Most pixels: what each decoder manages within its memory and time. ISO/IEC 19794-5 portraits have about 0.2 million."""

MAX_IMAGE_BYTES: Final = 1 << 20
"""Longest encoded picture; the file that it stands in is not longer either."""

MAX_COMPONENTS: Final = 4
"""Most components of a pixel. Red, green, blue and one more."""

MAX_TILES: Final = 1024
"""Most tiles of a JPEG 2000. Portraits have one."""

MAX_SCANS: Final = 64
"""Most scans of a JPEG. Progressive files have about ten; thousands would be a way to keep a kiosk busy."""


def decode_image(octets: bytes) -> DecodedImage:
    """Decode a JPEG, JPEG 2000 or PNG photo, in a process of its own that is ended if it takes too long.

    Args:
        octets: the encoded picture; JPEG 2000 may be in its box format or a bare codestream.

    Raises:
        DocumentError: ``image.too_large`` before anything is decoded, or ``image.unreadable``.
    """
    return decode_apart(octets, detect_encoding(octets), image_size(octets))


def image_size(octets: bytes) -> tuple[int, int]:
    """Width and height in pixels from the headers alone, checked against the limits.

    Raises:
        DocumentError: ``image.too_large`` or ``image.unreadable``.
    """
    if len(octets) > MAX_IMAGE_BYTES:
        raise errors.DocumentError(errors.IMAGE_TOO_LARGE)
    encoding = detect_encoding(octets)
    try:
        if encoding is ImageEncoding.JPEG:
            return _jpeg_size(octets)
        if encoding is ImageEncoding.JPEG2000:
            return _codestream_size(octets, _codestream_offset(octets))
        if encoding is ImageEncoding.JPEG2000_CODESTREAM:
            return _codestream_size(octets, 0)
        if encoding is ImageEncoding.PNG:
            return _png_size(octets)
    except struct.error:
        pass  # a header ends too early
    raise errors.DocumentError(errors.IMAGE_UNREADABLE)


def checked_size(width: int, height: int, components: int, *, tiles: int = 1) -> tuple[int, int]:
    """Width and height if a picture of this size is fit to be decoded.

    Raises:
        DocumentError: ``image.unreadable`` for a size of nothing, ``image.too_large``.
    """
    if min(width, height, components) < 1:
        raise errors.DocumentError(errors.IMAGE_UNREADABLE)
    if max(width, height) > MAX_SIDE or width * height > MAX_PIXELS:
        raise errors.DocumentError(errors.IMAGE_TOO_LARGE)
    if components > MAX_COMPONENTS or tiles > MAX_TILES:
        raise errors.DocumentError(errors.IMAGE_TOO_LARGE)
    return width, height


# ------------------------------------------------------------------------ JPEG (ISO/IEC 10918-1 §B)
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_STANDALONE: Final = frozenset({0x01, _SOI, *range(0xD0, 0xD8)})  # §B.1.1.3: markers without a segment
_LEAST_COMPRESSION: Final = 4
"""A picture whose end (EOI) is missing may have lost it; one that is longer than a quarter of its pixels has none."""
_FRAMES: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # SOFn; the others are DHT, JPG, DAC


def _jpeg_size(octets: bytes) -> tuple[int, int]:
    frames: set[tuple[int, int]] = set()
    scans = position = most_components = 0
    ends = False
    while (found := octets.find(b"\xff", position)) != -1 and found + 1 < len(octets):
        marker = octets[found + 1]
        position = found + (1 if marker == 0xFF else 2)  # §B.1.1.2: any number of fill bytes FF
        if marker == _EOI:
            ends = True
            break
        if marker in (0x00, 0xFF) or marker in _STANDALONE:
            continue
        (length,) = struct.unpack_from(">H", octets, position)
        if marker in _FRAMES:
            height, width, components = struct.unpack_from(">HHB", octets, position + 3)
            frames.add(checked_size(width, height, components))
            most_components = max(most_components, components)
        scans += marker == _SOS
        position += max(length, 2)
    if scans > MAX_SCANS:
        raise errors.DocumentError(errors.IMAGE_TOO_LARGE)
    if len(frames) != 1:  # none, or several that disagree
        raise errors.DocumentError(errors.IMAGE_UNREADABLE)
    width, height = frames.pop()
    if not ends and len(octets) > width * height * most_components // _LEAST_COMPRESSION:
        raise errors.DocumentError(errors.IMAGE_UNREADABLE)
    return width, height


# ------------------------------------------------------------------- JPEG 2000 (ISO/IEC 15444-1)
def _codestream_offset(octets: bytes) -> int:
    """Where the contiguous codestream box starts its content (§I.4, §I.5.4)."""
    position = 0
    while position < len(octets):
        length, kind = struct.unpack_from(">I4s", octets, position)
        header = 8
        if length == 1:
            (length,) = struct.unpack_from(">Q", octets, position + 8)
            header = 16
        if kind == b"jp2c":
            return position + header
        if length < header:  # 0 is "to the end of the file", and then there is no codestream
            break
        position += int(length)
    raise errors.DocumentError(errors.IMAGE_UNREADABLE)


def _codestream_size(octets: bytes, offset: int) -> tuple[int, int]:
    """Image size from the SIZ marker segment (§A.5.1)."""
    soc, siz, _, _, x_end, y_end, x_start, y_start, tile_x, tile_y, tile_x0, tile_y0, components = struct.unpack_from(
        ">HHHHIIIIIIIIH", octets, offset
    )
    if (soc, siz) != (0xFF4F, 0xFF51) or not tile_x or not tile_y or tile_x0 > x_start or tile_y0 > y_start:
        raise errors.DocumentError(errors.IMAGE_UNREADABLE)
    tiles = -(-(x_end - tile_x0) // tile_x) * -(-(y_end - tile_y0) // tile_y)
    return checked_size(x_end - x_start, y_end - y_start, components, tiles=tiles)


# ------------------------------------------------------------------------ PNG (ISO/IEC 15948)
def _png_size(octets: bytes) -> tuple[int, int]:
    """Image size from the IHDR chunk, which comes first (§5.6, §11.2.1)."""
    length, kind, width, height = struct.unpack_from(">I4sII", octets, 8)
    if (length, kind) != (13, b"IHDR"):
        raise errors.DocumentError(errors.IMAGE_UNREADABLE)
    return checked_size(width, height, 1)
