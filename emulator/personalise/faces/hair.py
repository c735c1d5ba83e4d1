"""Hair and headscarves: what lies behind the head and what falls over it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from emulator.personalise.faces.appearance import Appearance
from emulator.personalise.faces.canvas import HEIGHT, WIDTH, Canvas, Colour, blend

__all__ = ["draw_hair_behind", "draw_hair_in_front"]

_MIDDLE: Final = WIDTH / 2
_BLACK: Final[Colour] = (34, 29, 30)
_GREY: Final[Colour] = (198, 198, 200)
_SCARF: Final[Colour] = (96, 78, 132)


def _colour(appearance: Appearance) -> Colour:
    return blend(_BLACK, _GREY, appearance.greyness)


def draw_hair_behind(canvas: Canvas, appearance: Appearance) -> None:
    """The part that the head hides."""
    colour, w = _colour(appearance), 108 * appearance.width
    if appearance.hair == "long":
        _falling(canvas, blend(colour, (0, 0, 0), 0.12), w, 590, 34)
    elif appearance.hair == "bob":
        _falling(canvas, blend(colour, (0, 0, 0), 0.12), w, 446, 30)
    elif appearance.hair == "bun":
        canvas.ellipse((_MIDDLE, 142), (56, 44), blend(colour, (0, 0, 0), 0.15))
        canvas.ellipse((_MIDDLE, 250), (w + 16, 112), colour)
    elif appearance.hair == "headscarf":
        _falling(canvas, blend(_SCARF, (0, 0, 0), 0.25), w, 560, 40)
    else:
        canvas.ellipse((_MIDDLE, 262), (w + 9, 116), colour)


def _falling(canvas: Canvas, colour: Colour, w: float, bottom: float, spread: float) -> None:
    canvas.blob(
        [
            (_MIDDLE, 136),
            (_MIDDLE - w * 0.8, 166),
            (_MIDDLE - w - spread * 0.7, 270),
            (_MIDDLE - w - spread, 380),
            (_MIDDLE - w - spread * 0.5, bottom),
            (_MIDDLE - 40, bottom + 6),
            (_MIDDLE + 40, bottom + 6),
            (_MIDDLE + w + spread * 0.5, bottom),
            (_MIDDLE + w + spread, 380),
            (_MIDDLE + w + spread * 0.7, 270),
            (_MIDDLE + w * 0.8, 166),
        ],
        colour,
    )


def draw_hair_in_front(canvas: Canvas, appearance: Appearance) -> None:
    """The part over forehead and temples."""
    {
        "short": _short,
        "side": _side_parting,
        "crop": _crop,
        "bob": _fringe,
        "long": _middle_parting,
        "tied": _tied,
        "bun": _tied,
        "receding": _receding,
        "headscarf": _headscarf,
    }[appearance.hair](canvas, appearance)


def _cap(
    canvas: Canvas, appearance: Appearance, hairline: Sequence[tuple[float, float]], *, volume: float, ear: float
) -> None:
    """A closed shape: over the crown from the left temple to the right one, and back along the hairline."""
    w = 108 * appearance.width
    top = 168 - volume
    outer = [
        (_MIDDLE - w - 3, ear),
        (_MIDDLE - w - 7, 262),
        (_MIDDLE - w * 0.90, 200),
        (_MIDDLE - w * 0.52, top + 12),
        (_MIDDLE, top),
        (_MIDDLE + w * 0.52, top + 12),
        (_MIDDLE + w * 0.90, 200),
        (_MIDDLE + w + 7, 262),
        (_MIDDLE + w + 3, ear),
    ]
    canvas.blob(outer + [(_MIDDLE + x * appearance.width, y) for x, y in hairline], _colour(appearance))


def _short(canvas: Canvas, appearance: Appearance) -> None:
    line = [(100, 262), (80, 224), (30, 228), (-20, 216), (-70, 232), (-90, 232), (-100, 262)]
    _cap(canvas, appearance, line, volume=26, ear=300)
    _shine(canvas, appearance)


def _side_parting(canvas: Canvas, appearance: Appearance) -> None:
    line = [(100, 262), (86, 222), (40, 236), (-10, 226), (-52, 198), (-82, 226), (-100, 262)]
    _cap(canvas, appearance, line, volume=32, ear=298)
    light = blend(_colour(appearance), (255, 255, 255), 0.18)
    canvas.stroke([(_MIDDLE - 52, 196), (_MIDDLE - 38, 168), (_MIDDLE - 14, 152)], light, 3)


def _crop(canvas: Canvas, appearance: Appearance) -> None:
    line = [(102, 258), (88, 222), (52, 212), (0, 210), (-52, 212), (-88, 222), (-102, 258)]
    _cap(canvas, appearance, line, volume=14, ear=282)


def _fringe(canvas: Canvas, appearance: Appearance) -> None:
    line = [(98, 300), (92, 252), (50, 254), (0, 256), (-50, 254), (-92, 252), (-98, 300)]
    _cap(canvas, appearance, line, volume=30, ear=330)
    colour = _colour(appearance)
    w = 108 * appearance.width
    for side in (-1, 1):
        canvas.blob(
            [
                (_MIDDLE + side * (w - 8), 262),
                (_MIDDLE + side * (w + 22), 290),
                (_MIDDLE + side * (w + 26), 390),
                (_MIDDLE + side * (w - 2), 442),
                (_MIDDLE + side * (w - 10), 400),
                (_MIDDLE + side * (w + 2), 330),
            ],
            colour,
        )
    _shine(canvas, appearance)


def _middle_parting(canvas: Canvas, appearance: Appearance) -> None:
    line = [(98, 310), (88, 258), (50, 214), (6, 184), (-6, 184), (-50, 214), (-88, 258), (-98, 310)]
    _cap(canvas, appearance, line, volume=28, ear=340)
    colour = _colour(appearance)
    w = 108 * appearance.width
    for side in (-1, 1):
        canvas.blob(
            [
                (_MIDDLE + side * (w - 10), 270),
                (_MIDDLE + side * (w + 20), 300),
                (_MIDDLE + side * (w + 26), 430),
                (_MIDDLE + side * (w + 6), HEIGHT - 66),
                (_MIDDLE + side * (w - 34), HEIGHT - 74),
                (_MIDDLE + side * (w - 8), 470),
                (_MIDDLE + side * (w + 2), 360),
            ],
            colour,
        )
    _shine(canvas, appearance)


def _tied(canvas: Canvas, appearance: Appearance) -> None:
    line = [(101, 270), (84, 226), (42, 204), (0, 198), (-42, 204), (-84, 226), (-101, 270)]
    _cap(canvas, appearance, line, volume=22, ear=296)
    light = blend(_colour(appearance), (255, 255, 255), 0.12)
    for x in (-58, -22, 22, 58):
        canvas.stroke([(_MIDDLE + x * 1.15, 204), (_MIDDLE + x * 0.8, 172)], light, 2.4)


def _receding(canvas: Canvas, appearance: Appearance) -> None:
    colour, w = _colour(appearance), 108 * appearance.width
    for side in (-1, 1):
        canvas.blob(
            [
                (_MIDDLE + side * (w - 2), 306),
                (_MIDDLE + side * (w + 8), 262),
                (_MIDDLE + side * (w - 6), 214),
                (_MIDDLE + side * (w - 34), 186),
                (_MIDDLE + side * (w - 22), 222),
                (_MIDDLE + side * (w - 8), 258),
            ],
            colour,
        )
    canvas.blob(
        [
            (_MIDDLE - 66, 182),
            (_MIDDLE - 36, 162),
            (_MIDDLE, 156),
            (_MIDDLE + 36, 162),
            (_MIDDLE + 66, 182),
            (_MIDDLE, 176),
        ],
        colour,
    )


def _headscarf(canvas: Canvas, appearance: Appearance) -> None:
    """A woven scarf round the head, tied below the chin; the face stays free from chin to forehead."""
    w = 108 * appearance.width
    line = [(96, 318), (88, 262), (56, 226), (0, 214), (-56, 226), (-88, 262), (-96, 318)]
    outer = [
        (_MIDDLE - w - 16, 330),
        (_MIDDLE - w - 18, 250),
        (_MIDDLE - w * 0.86, 178),
        (_MIDDLE, 134),
        (_MIDDLE + w * 0.86, 178),
        (_MIDDLE + w + 18, 250),
        (_MIDDLE + w + 16, 330),
    ]
    canvas.blob(outer + [(_MIDDLE + x * appearance.width, y) for x, y in line], _SCARF)
    for side in (-1, 1):
        canvas.blob(
            [
                (_MIDDLE + side * (w - 14), 310),
                (_MIDDLE + side * (w + 24), 320),
                (_MIDDLE + side * (w + 34), 440),
                (_MIDDLE + side * 60, 528),
                (_MIDDLE + side * 8, 506),
                (_MIDDLE + side * 52, 468),
                (_MIDDLE + side * (w - 8), 404),
            ],
            _SCARF,
        )
    band = (214, 178, 92)
    canvas.stroke([(_MIDDLE + x * appearance.width, y - 22) for x, y in line[1:-1]], band, 5)
    canvas.stroke([(_MIDDLE + x * appearance.width * 1.02, y - 34) for x, y in line[1:-1]], (176, 66, 74), 4)


def _shine(canvas: Canvas, appearance: Appearance) -> None:
    light = blend(_colour(appearance), (255, 255, 255), 0.13)
    canvas.stroke([(_MIDDLE - 66, 186), (_MIDDLE - 30, 168), (_MIDDLE + 14, 164)], light, 6)
