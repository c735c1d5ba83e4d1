"""A friendly, plain portrait out of simple shapes: head, hair, features, clothes."""

from __future__ import annotations

import functools
import io
import math
from typing import Final

from PIL import Image

from emulator.personalise.dg2 import ImageCoding
from emulator.personalise.faces.appearance import Appearance
from emulator.personalise.faces.canvas import HEIGHT, WIDTH, Canvas, Colour, blend
from emulator.personalise.faces.hair import draw_hair_behind, draw_hair_in_front

__all__ = ["draw_portrait", "encoded_portrait"]

_BACKGROUND: Final[Colour] = (232, 238, 243)
_SKINS: Final[tuple[Colour, ...]] = ((250, 221, 196), (242, 205, 172), (222, 178, 140), (188, 140, 102))
_MIDDLE: Final = WIDTH / 2
_EYE_LEVEL: Final = 300
_JPEG_QUALITY: Final = 82
_JPEG2000_RATIO: Final = 60


@functools.lru_cache(maxsize=32)
def encoded_portrait(appearance: Appearance, coding: ImageCoding) -> tuple[bytes, tuple[int, int]]:
    """The portrait as a JPEG or JPEG 2000 file, and its width and height. Kept in memory, same on every machine."""
    picture = draw_portrait(appearance)
    file = io.BytesIO()
    if coding is ImageCoding.JPEG:
        picture.save(file, "JPEG", quality=_JPEG_QUALITY, dpi=(300, 300))
    else:
        picture.save(file, "JPEG2000", quality_mode="rates", quality_layers=[_JPEG2000_RATIO], irreversible=True)
    return file.getvalue(), picture.size


def draw_portrait(appearance: Appearance) -> Image.Image:
    """The portrait, 480 × 640 pixels, RGB, plain light background (Doc 9303-3 §3.3: full frontal, eyes open)."""
    canvas = Canvas(_BACKGROUND)
    skin = _SKINS[appearance.skin]
    shade = blend(skin, (120, 60, 40), 0.22)
    draw_hair_behind(canvas, appearance)
    _shoulders(canvas, appearance, skin, shade)
    _head(canvas, appearance, skin, shade)
    _eyes(canvas, appearance, skin, shade)
    _nose_and_mouth(canvas, appearance, skin, shade)
    _lines_of_age(canvas, appearance, shade)
    draw_hair_in_front(canvas, appearance)
    if appearance.glasses:
        _glasses(canvas, appearance)
    return canvas.picture()


def _shoulders(canvas: Canvas, appearance: Appearance, skin: Colour, shade: Colour) -> None:
    red, green, blue = bytes.fromhex(appearance.clothes[1:])
    cloth: Colour = (red, green, blue)
    child = appearance.age < 12
    top, half = (545, 165) if child else (520, 205)
    canvas.blob(
        [
            (_MIDDLE - 62, top - 18),
            (_MIDDLE - half * 0.72, top + 20),
            (_MIDDLE - half, top + 80),
            (_MIDDLE - half - 14, HEIGHT + 60),
            (_MIDDLE + half + 14, HEIGHT + 60),
            (_MIDDLE + half, top + 80),
            (_MIDDLE + half * 0.72, top + 20),
            (_MIDDLE + 62, top - 18),
        ],
        cloth,
    )
    neck = 44 if child else 52
    canvas.polygon(
        [
            (_MIDDLE - neck, 420),
            (_MIDDLE + neck, 420),
            (_MIDDLE + neck + 8, top),
            (_MIDDLE, top + 46),
            (_MIDDLE - neck - 8, top),
        ],
        skin,
    )
    canvas.blob(  # the chin's shadow on the neck
        [(_MIDDLE - neck, 430), (_MIDDLE + neck, 430), (_MIDDLE + neck, 470), (_MIDDLE, 502), (_MIDDLE - neck, 470)],
        shade,
    )
    _collar(canvas, appearance, cloth, neck, top)


def _collar(canvas: Canvas, appearance: Appearance, cloth: Colour, neck: float, top: float) -> None:
    if appearance.collar == "shirt":
        light = blend(cloth, (255, 255, 255), 0.82)
        for side in (-1, 1):
            canvas.polygon(
                [
                    (_MIDDLE + side * (neck - 2), top - 32),
                    (_MIDDLE + side * (neck + 34), top + 2),
                    (_MIDDLE + side * 40, top + 72),
                    (_MIDDLE, top + 40),
                ],
                light,
            )
    elif appearance.collar == "high":
        edge = blend(cloth, (0, 0, 0), 0.18)
        canvas.polygon(
            [
                (_MIDDLE - neck - 6, top - 40),
                (_MIDDLE + neck + 6, top - 40),
                (_MIDDLE + neck + 22, top + 14),
                (_MIDDLE, top + 52),
                (_MIDDLE - neck - 22, top + 14),
            ],
            cloth,
        )
        canvas.stroke([(_MIDDLE, top - 34), (_MIDDLE, top + 60)], edge, 3)
    else:
        edge = blend(cloth, (255, 255, 255), 0.3)
        canvas.stroke(
            [
                (_MIDDLE - neck - 10, top - 10),
                (_MIDDLE - 34, top + 32),
                (_MIDDLE, top + 44),
                (_MIDDLE + 34, top + 32),
                (_MIDDLE + neck + 10, top - 10),
            ],
            edge,
            9,
        )


def head_outline(appearance: Appearance) -> list[tuple[float, float]]:
    """The face from ear to ear over the chin: an ellipse whose lower half is squared by the jaw."""
    child = appearance.age < 12
    half_width = (112 if child else 108) * appearance.width
    top, chin = (180, 446) if child else (168, 462)
    middle = (top + chin) / 2 - 6
    points = []
    for i in range(48):
        angle = 2 * math.pi * i / 48
        x, y = math.sin(angle), -math.cos(angle)
        if y > 0:  # below the middle: towards a rounded square with the jaw
            power = 1.0 - 0.22 * appearance.jaw
            x = math.copysign(abs(x) ** power, x) * (1 - 0.10 * y * y)
        points.append((_MIDDLE + half_width * x, middle + y * (chin - middle if y > 0 else middle - top)))
    return points


def _head(canvas: Canvas, appearance: Appearance, skin: Colour, shade: Colour) -> None:
    half_width = 108 * appearance.width
    for side in (-1, 1):
        x = _MIDDLE + side * (half_width + 2)
        canvas.ellipse((x, 316), (17, 31), skin)
        canvas.ellipse((x + side * 2, 316), (8, 18), blend(skin, shade, 0.6))
    canvas.blob(head_outline(appearance), skin)
    warm = blend(skin, (232, 120, 104), 0.06 + 0.14 * appearance.lips)
    for side in (-1, 1):
        canvas.ellipse((_MIDDLE + side * 62 * appearance.width, 366), (26, 19), warm)


def _eyes(canvas: Canvas, appearance: Appearance, skin: Colour, shade: Colour) -> None:
    brow = blend((38, 30, 28), (150, 150, 150), appearance.greyness * 0.8)
    lash: Colour = (44, 34, 32)
    size = 1.16 if appearance.age < 12 else 1.0
    for side in (-1, 1):
        x = _MIDDLE + side * 47 * appearance.width
        outer, inner = x + side * 23, x - side * 21
        canvas.blob(
            [
                (inner, _EYE_LEVEL + 4),
                (x - side * 6, _EYE_LEVEL - 9 * size),
                (x + side * 10, _EYE_LEVEL - 8 * size),
                (outer, _EYE_LEVEL),
                (x + side * 8, _EYE_LEVEL + 8 * size),
                (x - side * 10, _EYE_LEVEL + 8 * size),
            ],
            (252, 250, 248),
        )
        canvas.ellipse((x, _EYE_LEVEL - 1), (9.5 * size, 9.5 * size), (62, 42, 32))
        canvas.ellipse((x, _EYE_LEVEL - 1), (5 * size, 5 * size), (24, 16, 14))
        canvas.ellipse((x + 3.5, _EYE_LEVEL - 4.5), (2.4, 2.4), (255, 255, 255))
        canvas.stroke(
            [
                (inner, _EYE_LEVEL + 3),
                (x - side * 6, _EYE_LEVEL - 9 * size),
                (x + side * 10, _EYE_LEVEL - 8.5 * size),
                (outer + side * 2, _EYE_LEVEL - 1),
            ],
            lash,
            3.6,
        )
        canvas.stroke(
            [(x - side * 16, _EYE_LEVEL - 18), (x + side * 4, _EYE_LEVEL - 20), (x + side * 20, _EYE_LEVEL - 12)],
            blend(skin, shade, 0.55),
            2.0,
        )
        thick = 8.0 if appearance.lips < 0.5 else 5.5
        canvas.stroke(
            [(x - side * 22, _EYE_LEVEL - 33), (x + side * 2, _EYE_LEVEL - 40), (x + side * 27, _EYE_LEVEL - 31)],
            brow,
            thick if appearance.age >= 12 else 5.0,
        )


def _nose_and_mouth(canvas: Canvas, appearance: Appearance, skin: Colour, shade: Colour) -> None:
    soft = blend(skin, shade, 0.8)
    length = 0 if appearance.age >= 12 else -12
    canvas.stroke([(_MIDDLE - 8, 326), (_MIDDLE - 13, 356 + length)], blend(skin, shade, 0.4), 3)
    canvas.stroke(
        [
            (_MIDDLE - 20, 360 + length),
            (_MIDDLE - 12, 369 + length),
            (_MIDDLE, 367 + length),
            (_MIDDLE + 12, 369 + length),
            (_MIDDLE + 20, 360 + length),
        ],
        soft,
        3.6,
    )
    lip = blend(blend(skin, (176, 86, 78), 0.55), (188, 44, 56), appearance.lips * 0.75)
    half = 30 if appearance.age < 12 else 36
    level = 402 + length
    canvas.blob(
        [
            (_MIDDLE - half, level - 1),
            (_MIDDLE - 14, level - 9),
            (_MIDDLE, level - 6),
            (_MIDDLE + 14, level - 9),
            (_MIDDLE + half, level - 1),
            (_MIDDLE + 16, level + 11),
            (_MIDDLE, level + 13),
            (_MIDDLE - 16, level + 11),
        ],
        lip,
    )
    canvas.stroke(
        [
            (_MIDDLE - half - 2, level - 3),
            (_MIDDLE - 14, level + 1),
            (_MIDDLE + 14, level + 1),
            (_MIDDLE + half + 2, level - 3),
        ],
        blend(lip, (70, 20, 20), 0.5),
        2.8,
    )
    hair = blend((40, 34, 32), (170, 170, 168), appearance.greyness)
    if appearance.moustache:
        canvas.blob(
            [
                (_MIDDLE - 42, 392),
                (_MIDDLE - 20, 379),
                (_MIDDLE, 382),
                (_MIDDLE + 20, 379),
                (_MIDDLE + 42, 392),
                (_MIDDLE + 18, 391),
                (_MIDDLE, 390),
                (_MIDDLE - 18, 391),
            ],
            hair,
        )


def _lines_of_age(canvas: Canvas, appearance: Appearance, shade: Colour) -> None:
    if appearance.age < 45:
        return
    line = blend(_SKINS[appearance.skin], shade, min(0.9, (appearance.age - 35) / 40))
    for side in (-1, 1):
        canvas.stroke([(_MIDDLE + side * 32, 368), (_MIDDLE + side * 46, 384), (_MIDDLE + side * 50, 404)], line, 2.6)
        if appearance.age >= 55:
            x = _MIDDLE + side * 47 * appearance.width
            canvas.stroke([(x - 15, 322), (x, 327), (x + 16, 321)], line, 2.2)
            for rise in (-7, 1, 9):
                canvas.stroke([(x + side * 31, 300 + rise * 0.5), (x + side * 42, 297 + rise)], line, 2.0)
    if appearance.age >= 60 and appearance.hair != "headscarf":
        for level in (222, 238):
            canvas.stroke([(_MIDDLE - 46, level + 3), (_MIDDLE, level), (_MIDDLE + 46, level + 3)], line, 2.2)


def _glasses(canvas: Canvas, appearance: Appearance) -> None:
    frame: Colour = (52, 50, 58)
    for side in (-1, 1):
        x = _MIDDLE + side * 48 * appearance.width
        canvas.ring((x, _EYE_LEVEL + 3), (37, 30), frame, 4.5)
        canvas.stroke(
            [(x + side * 36, _EYE_LEVEL - 4), (_MIDDLE + side * 110 * appearance.width, _EYE_LEVEL - 10)], frame, 4
        )
    canvas.stroke([(_MIDDLE - 13, _EYE_LEVEL), (_MIDDLE, _EYE_LEVEL - 6), (_MIDDLE + 13, _EYE_LEVEL)], frame, 4.5)
