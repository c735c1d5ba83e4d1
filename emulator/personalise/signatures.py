"""Drawn signatures: waves from a pen, nobody's hand."""

from __future__ import annotations

import functools
import io
import math
from typing import Final

from PIL import Image, ImageDraw

__all__ = ["drawn_signature"]

_SIZE: Final = (480, 128)


@functools.cache
def drawn_signature(number: int) -> bytes:
    """A usual mark as greyscale JPEG; another one for each number, same on every machine."""
    picture = Image.new("L", _SIZE, 255)
    points = []
    for step in range(0, 400, 2):
        turn = step / (17 + 3 * number)
        x = 30 + step + 12 * math.sin(2 * turn)
        points.append((x, 64 - (40 - step / 14) * math.cos(turn) * math.sin(turn / (3 + number))))
    draw = ImageDraw.Draw(picture)
    draw.line(points, fill=40, width=3, joint="curve")
    draw.line([(40, 112), (430, 100 + 4 * number)], fill=40, width=2)
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=80)
    return file.getvalue()
