"""Finger patterns out of sine rings: they have the look and the resolution of a finger image and nobody's skin."""

from __future__ import annotations

import functools
import importlib.resources
import io
import math
from typing import Final

from PIL import Image, ImageFilter

from emulator.personalise.dg3 import FingerPosition

__all__ = ["SIZE", "draw_ridges", "ridges_as_jpeg2000", "ridges_as_wsq"]

SIZE: Final = (256, 320)
"""Pixels; at 500 dots per inch 13 × 16 mm."""
_RIDGE_PIXELS: Final = 9  # ridge to ridge, half a millimetre
_JPEG2000_RATIO: Final = 15


def draw_ridges(position: FingerPosition) -> Image.Image:
    """A whorl, greyscale; centre, slant and width of the ridges follow from the finger."""
    rings = Image.radial_gradient("L").resize((1024, 1024), Image.Resampling.BICUBIC)
    # The gradient climbs from 0 in the middle to 255 at 724 pixels; a table makes waves of it
    pixels_per_level = 724 / 255
    period = (_RIDGE_PIXELS + position % 3) * 2 / pixels_per_level
    waves = rings.point([round(150 + 75 * math.sin(2 * math.pi * level / period)) for level in range(256)])
    waves = waves.filter(ImageFilter.GaussianBlur(2))
    slanted = waves.rotate(17 * position, Image.Resampling.BICUBIC)
    left, top = 256 + 11 * (position % 4), 160 + 9 * position
    crop = slanted.crop((left, top, left + 2 * SIZE[0], top + 2 * SIZE[1]))
    print_mask = _fingertip()
    return Image.composite(crop.resize(SIZE, Image.Resampling.BICUBIC), Image.new("L", SIZE, 250), print_mask)


def _fingertip() -> Image.Image:
    """White where the finger touches: an ellipse with soft edges."""
    fade = Image.radial_gradient("L").resize(SIZE, Image.Resampling.BICUBIC)
    return fade.point([255 if level < 150 else max(0, 255 - (level - 150) * 12) for level in range(256)])


@functools.cache
def ridges_as_jpeg2000(position: FingerPosition) -> bytes:
    """The pattern as a JPEG 2000 file, same on every machine."""
    file = io.BytesIO()
    draw_ridges(position).save(file, "JPEG2000", quality_mode="rates", quality_layers=[_JPEG2000_RATIO])
    return file.getvalue()


@functools.cache
def ridges_as_wsq(position: FingerPosition) -> bytes:
    """The pattern as a WSQ file, of those shipped beside this module."""
    name = position.name.lower()
    return importlib.resources.files(__package__).joinpath(f"{name}.wsq").read_bytes()
