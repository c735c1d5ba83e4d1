"""Drawn irises: rings and rays, nobody's eyes."""

from __future__ import annotations

import functools
import io
import math
from typing import Final

from PIL import Image, ImageDraw

from emulator.personalise.dg4 import Eye, IrisImage

__all__ = ["drawn_iris"]

_SIZE: Final = (320, 240)
_DIAMETER: Final = 160


@functools.cache
def drawn_iris(eye: Eye) -> IrisImage:
    """An eye as an infrared camera sees it, greyscale JPEG; same on every machine."""
    picture = Image.new("L", _SIZE, 205)
    draw = ImageDraw.Draw(picture)
    x, y = _SIZE[0] / 2, _SIZE[1] / 2
    radius = _DIAMETER / 2
    draw.ellipse((x - 150, y - 95, x + 150, y + 95), fill=232)
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=118)
    for ray in range(96):
        angle = 2 * math.pi * ray / 96
        length = radius * (0.82 + 0.16 * math.sin(7 * angle * eye + eye))
        draw.line((x, y, x + length * math.cos(angle), y + length * math.sin(angle)), fill=96 + 40 * (ray % 2))
    draw.ellipse((x - 28, y - 28, x + 28, y + 28), fill=22)
    draw.ellipse((x + 8, y - 18, x + 16, y - 10), fill=250)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=85)
    return IrisImage(eye, file.getvalue(), _SIZE, _DIAMETER)
