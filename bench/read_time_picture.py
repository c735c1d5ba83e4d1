"""Draws where the seconds of a reading go: ``python -m bench.read_time_picture`` writes docs/figures/read-time.svg."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.read_time import CHIPS, SHAPES, Reading, Seconds, record, times
from emulator.adapters.chip_times import load_chip
from emulator.adapters.radio import BitRate

__all__ = ["PICTURE", "Bar", "bars", "draw", "main"]

PICTURE: Final = Path(__file__).parents[1] / "docs" / "figures" / "read-time.svg"

_WIDTH, _LEFT, _SCALE = 860, 200, 92  # pixels; pixels for a second
_TOP, _ROW, _BAR, _GROUP, _PANEL = 70, 22, 16, 10, 40
_COLOURS: Final = (("air", "#0072b2"), ("chip", "#e69f00"), ("host", "#8c8c8c"))
_WORDS: Final = {"air": "on the air", "chip": "the chip computes", "host": "reader to computer"}
_DRAWN_SHAPES: Final = SHAPES[:2]


@dataclasses.dataclass(frozen=True, slots=True)
class Bar:
    """One reading by one chip at one bit rate."""

    chip: str
    shape: str
    rate: BitRate
    seconds: Seconds

    @property
    def label(self) -> str:
        """The sum, as it stands at the bar's end."""
        return f"{self.seconds.total:.2f} s"


def bars() -> list[Bar]:
    """All bars, from top to bottom."""
    readings: list[Reading] = [record(shape) for shape in _DRAWN_SHAPES]
    return [
        Bar(chip.what, reading.shape.title, rate, times(reading.sent, rate, chip))
        for chip in map(load_chip, CHIPS)
        for reading in readings
        for rate in BitRate
    ]


def draw(drawn: Sequence[Bar]) -> str:
    """The picture as SVG."""
    body: list[str] = []
    y = _TOP
    before: Bar | None = None
    for bar in drawn:
        if before is None or bar.chip != before.chip:
            y += _PANEL if before is not None else 0
            body.append(_text(10, y, bar.chip, weight="bold"))
            y += _GROUP
        if before is None or (bar.chip, bar.shape) != (before.chip, before.shape):
            y += _GROUP
            body.append(_text(10, y + 12, f"answers: {bar.shape}"))
        body += _one_bar(bar, y)
        y += _ROW
        before = bar
    height = y + 30
    size = f'viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" height="{height}"'
    letters = 'font-family="Noto Sans, Helvetica, Arial, sans-serif" font-size="12"'
    head = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} {letters} role="img">',
        "<title>Where the seconds of a reading go, by chip, length of answers and bit rate</title>",
        f'<rect width="{_WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(10, 24, "Where the seconds of a reading go (model; CCCD with a photo of 15 kB)", weight="bold"),
        *_legend(),
    ]
    return "\n".join([*head, *body, "</svg>"]) + "\n"


def _one_bar(bar: Bar, y: int) -> list[str]:
    parts = [_text(_LEFT - 8, y + 12, f"{bar.rate.kbit_s} kbit/s", anchor="end")]
    x = float(_LEFT)
    for name, colour in _COLOURS:
        end = x + _SCALE * float(getattr(bar.seconds, name))
        width = round(end) - round(x)
        parts.append(f'<rect x="{round(x)}" y="{y}" width="{width}" height="{_BAR}" fill="{colour}"/>')
        x = end
    return [*parts, _text(round(x) + 6, y + 12, bar.label)]


def _legend() -> list[str]:
    parts: list[str] = []
    for number, (name, colour) in enumerate(_COLOURS):
        x = _LEFT + 170 * number
        parts.append(f'<rect x="{x}" y="36" width="12" height="12" fill="{colour}"/>')
        parts.append(_text(x + 18, 46, _WORDS[name]))
    return parts


def _text(x: int, y: int, words: str, *, weight: str = "normal", anchor: str = "start") -> str:
    escaped = words.replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x}" y="{y}" font-weight="{weight}" text-anchor="{anchor}" fill="#1a1a1a">{escaped}</text>'


def main() -> None:
    """Write the picture."""
    PICTURE.parent.mkdir(parents=True, exist_ok=True)
    PICTURE.write_text(draw(bars()), encoding="utf-8")
    print(f"written: {PICTURE}")


if __name__ == "__main__":
    main()
