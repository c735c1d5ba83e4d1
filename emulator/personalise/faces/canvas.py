"""Smooth shapes on a Pillow image, in units of a 480 × 640 portrait."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from PIL import Image, ImageDraw

__all__ = ["HEIGHT", "WIDTH", "Canvas", "Colour", "blend", "mirrored"]

WIDTH: Final = 480
HEIGHT: Final = 640
_SCALE: Final = 2
"""Drawn twice as large and scaled down: smooth edges."""
_STEPS: Final = 10

Colour = tuple[int, int, int]
_Point = tuple[float, float]


def blend(first: Colour, second: Colour, share: float) -> Colour:
    """A colour between two; ``share`` of the second."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def mirrored(points: Sequence[_Point]) -> list[_Point]:
    """The same points on the other side of the middle line."""
    return [(WIDTH - x, y) for x, y in points]


class Canvas:
    """A drawing."""

    def __init__(self, background: Colour) -> None:
        self._image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), background)
        self._draw = ImageDraw.Draw(self._image)

    def blob(self, points: Sequence[_Point], colour: Colour) -> None:
        """A closed smooth curve through the points, filled."""
        self._draw.polygon(self._smooth(points, closed=True), fill=colour)

    def polygon(self, points: Sequence[_Point], colour: Colour) -> None:
        """Straight edges, filled."""
        self._draw.polygon([(x * _SCALE, y * _SCALE) for x, y in points], fill=colour)

    def ellipse(self, centre: _Point, radius: _Point, colour: Colour) -> None:
        """An ellipse, filled."""
        (x, y), (rx, ry) = centre, radius
        box = ((x - rx) * _SCALE, (y - ry) * _SCALE, (x + rx) * _SCALE, (y + ry) * _SCALE)
        self._draw.ellipse(box, fill=colour)

    def ring(self, centre: _Point, radius: _Point, colour: Colour, width: float) -> None:
        """The outline of an ellipse."""
        (x, y), (rx, ry) = centre, radius
        box = ((x - rx) * _SCALE, (y - ry) * _SCALE, (x + rx) * _SCALE, (y + ry) * _SCALE)
        self._draw.ellipse(box, outline=colour, width=round(width * _SCALE))

    def stroke(self, points: Sequence[_Point], colour: Colour, width: float) -> None:
        """A smooth open line through the points, with round ends."""
        path = self._smooth(points, closed=False)
        self._draw.line(path, fill=colour, width=round(width * _SCALE), joint="curve")
        radius = width * _SCALE / 2
        for x, y in (path[0], path[-1]):
            self._draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def picture(self) -> Image.Image:
        """The finished drawing at its real size."""
        return self._image.reduce(_SCALE)

    @staticmethod
    def _smooth(points: Sequence[_Point], *, closed: bool) -> list[_Point]:
        """Catmull-Rom spline through the points."""
        count = len(points)
        segments = count if closed else count - 1

        def at(index: int) -> _Point:
            return points[index % count] if closed else points[min(max(index, 0), count - 1)]

        path: list[_Point] = []
        for i in range(segments):
            p0, p1, p2, p3 = at(i - 1), at(i), at(i + 1), at(i + 2)
            for step in range(_STEPS):
                t = step / _STEPS
                x, y = (
                    0.5
                    * (
                        2 * p1[axis]
                        + (p2[axis] - p0[axis]) * t
                        + (2 * p0[axis] - 5 * p1[axis] + 4 * p2[axis] - p3[axis]) * t * t
                        + (3 * p1[axis] - p0[axis] - 3 * p2[axis] + p3[axis]) * t**3
                    )
                    for axis in (0, 1)
                )
                path.append((x * _SCALE, y * _SCALE))
        if not closed:
            path.append((points[-1][0] * _SCALE, points[-1][1] * _SCALE))
        return path
