"""Contrast computed from the themes' roles (WCAG 2.2, relative luminance): 7:1 for words, 3:1 for shapes."""

from __future__ import annotations

import re

import pytest

from kiosk_ui.qt.appearance import load_palettes
from kiosk_ui.qt.application import QML_FOLDER
from kiosk_ui.qt.drawings import svg_source

PALETTES = load_palettes(QML_FOLDER / "theme")
DRAWINGS = QML_FOLDER / "drawings"

WORDS = [
    ("ink", "surface"),
    ("ink", "surfaceRaised"),
    ("inkMuted", "surface"),
    ("inkMuted", "surfaceRaised"),
    ("primaryInk", "primary"),
    ("primaryInk", "primaryPressed"),
    ("primarySoftInk", "primarySoft"),
    ("primarySoftInk", "surface"),
    ("primarySoftInk", "surfaceRaised"),
    ("disabledInk", "disabled"),
    ("positive", "positiveSoft"),
    ("positive", "surface"),
    ("caution", "cautionSoft"),
    ("stop", "stopSoft"),
    ("stopInk", "stop"),
]
SHAPES = [
    ("outline", "surface"),
    ("outline", "surfaceRaised"),
    ("primary", "surface"),
    ("primary", "surfaceRaised"),
    ("cautionMark", "cautionSoft"),
    ("caution", "cautionSoft"),
    ("stop", "stopSoft"),
    ("positive", "positiveSoft"),
    ("drawLine", "primarySoft"),
    ("drawGlow", "drawField"),
    ("drawInk", "drawPaper"),
]


def luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_measure_itself() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)  # the well-known grey that just fails AA


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize(("ink", "paper"), WORDS)
def test_words_stand_out_seven_to_one(theme: str, ink: str, paper: str) -> None:
    assert contrast(PALETTES[theme][ink], PALETTES[theme][paper]) >= 7


@pytest.mark.parametrize("theme", PALETTES)
@pytest.mark.parametrize(("shape", "ground"), SHAPES)
def test_shapes_stand_out_three_to_one(theme: str, shape: str, ground: str) -> None:
    assert contrast(PALETTES[theme][shape], PALETTES[theme][ground]) >= 3


def test_every_theme_gives_every_role_a_color() -> None:
    assert {"light", "high_contrast", "night"} <= set(PALETTES)
    for name, palette in PALETTES.items():
        assert set(palette) == set(PALETTES["light"]), name
        assert palette["name"] == name
        assert all(re.fullmatch(r"#[0-9a-f]{6}", color) for role, color in palette.items() if role != "name")


@pytest.mark.parametrize("theme", PALETTES)
def test_every_drawing_finds_its_colors_in_every_theme(theme: str) -> None:
    scenes = sorted(path.stem for path in (DRAWINGS / "scenes").glob("*.svg"))
    icons = sorted(path.stem for path in (DRAWINGS / "icons").glob("*.svg"))
    assert scenes
    assert icons
    for identifier in [f"scenes/{name}/{theme}" for name in scenes] + [
        f"icons/{name}/{theme}/0b5263" for name in icons
    ]:
        source = svg_source(DRAWINGS, identifier, PALETTES)
        assert "<part" not in source
        assert "currentColor" not in source
        assert not re.search(r'"#(?![0-9a-f]{6}")', source), identifier


def test_every_drawing_that_a_screen_names_exists() -> None:
    qml = "\n".join(path.read_text(encoding="utf-8") for path in QML_FOLDER.rglob("*.qml"))
    icons = {path.stem for path in (DRAWINGS / "icons").glob("*.svg")}
    named = set(re.findall(r'(?:icon|iconName|Icon): (?:[^"\n]*\? )?"([a-z_]+)"', qml))
    assert named
    assert named <= icons
    assert set(re.findall(r'return "([a-z_]+)";', qml)) & icons  # the shapes of the tones are among them


def test_a_drawing_cannot_be_asked_for_by_a_path() -> None:
    for identifier in ("icons/../../theme/light/000000", "parts/card/light", "icons/%2e%2e/light/0b5263"):
        with pytest.raises((ValueError, FileNotFoundError)):
            svg_source(DRAWINGS, identifier, PALETTES)
