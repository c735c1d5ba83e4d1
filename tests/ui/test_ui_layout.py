"""Every screen in every language, orientation and size: nothing is cut, nothing lies on anything else, all can be hit."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest
from PySide6.QtCore import QRectF
from PySide6.QtQuick import QQuickItem

from kiosk_ui.qt.application import KioskApplication
from kiosk_ui.qt.touch import Finger
from tests.ui import ui_measures as measure
from tests.ui.ui_measures import settle
from tests.ui.ui_sample_states import SAMPLES

OpenKiosk = Callable[..., KioskApplication]
WAYS = list(itertools.product(("vi", "en"), (False, True), (1.0, 1.3)))
QUICK = {("vi", False, 1.3), ("en", True, 1.3)}  # the tightest of each orientation; all the others are slow together
IDS = [f"{lang}-{'landscape' if wide else 'portrait'}-{int(scale * 100)}" for lang, wide, scale in WAYS]


def text_findings(kiosk: KioskApplication, seen: list[measure.SeenText]) -> list[str]:
    findings = []
    window = QRectF(0, 0, kiosk.window.width(), kiosk.window.height()).adjusted(-1, -1, 1, 1)
    for text in seen:
        short = text.text[:40]
        if text.item.property("truncated"):
            findings.append(f"truncated: {short}")
        if not window.contains(text.painted):
            findings.append(f"outside the window: {short}")
        if text.painted.width() > text.box.width() + 1.5:
            findings.append(f"a word is wider than its place: {short}")
        findings += [
            f"sticks out of its {measure.class_of(around)}: {short}"
            for around in measure.ancestors(text.item)
            if measure.is_a(around, "QQuickRectangle") or measure.is_a(around, "QQuickAbstractButton")
            if not measure.scene_rect(around).adjusted(-1, -1, 1, 1).contains(text.painted)
        ]
        if text.item.property("lineCount") > 1 and (text.item.property("lineHeight") * measure.NATURAL_LINE_EM < 1.45):
            findings.append(f"lines too close for Vietnamese: {short}")
    for one, other in itertools.combinations(seen, 2):
        if one.painted.adjusted(1, 1, -1, -1).intersects(other.painted.adjusted(1, 1, -1, -1)):
            findings.append(f"on top of one another: {one.text[:30]} / {other.text[:30]}")
    return findings


def _belongs_to(item: QQuickItem, button: QQuickItem) -> bool:
    return any(each == button for each in measure.ancestors(item))


def touch_findings(kiosk: KioskApplication, seen: list[measure.SeenText]) -> list[str]:
    mm = kiosk.window.width() / (476.4 if kiosk.window.width() > kiosk.window.height() else 268)
    findings = []
    found = measure.buttons(kiosk)
    rects = [(button, measure.scene_rect(button)) for button in found]
    window = QRectF(0, 0, kiosk.window.width(), kiosk.window.height())
    for button, rect in rects:
        name = button.property("text")
        if not window.contains(rect):
            findings.append(f"button outside the window: {name}")
        if min(rect.width(), rect.height()) < 15 * mm - 1:
            findings.append(f"smaller than 15 mm: {name} {rect.width() / mm:.1f} × {rect.height() / mm:.1f}")
        if button.property("kind") == "primary" and rect.height() < 22 * mm - 1:
            findings.append(f"primary lower than 22 mm: {name}")
        findings += [
            f"text {text.text[:30]} lies on the button {name}"
            for text in seen
            if text.painted.intersects(rect) and not _belongs_to(text.item, button)
        ]
    for (one, first), (other, second) in itertools.combinations(rects, 2):
        if measure.distance(first, second) < 8 * mm - 2:
            findings.append(
                f"closer than 8 mm: {one.property('text')} / {other.property('text')} "
                f"{measure.distance(first, second) / mm:.1f}"
            )
    if sum(button.property("kind") == "primary" for button in found) > 1:
        findings.append("more than one primary action")
    return findings


@pytest.mark.parametrize(
    ("language", "landscape", "scale"),
    [pytest.param(*way, marks=() if way in QUICK else pytest.mark.slow) for way in WAYS],
    ids=IDS,
)
def test_nothing_is_cut_or_covered_and_everything_can_be_hit(
    open_kiosk: OpenKiosk, language: str, landscape: bool, scale: float
) -> None:
    kiosk = open_kiosk(language=language, landscape=landscape, scale=scale)
    findings = []
    for name, state in SAMPLES.items():
        kiosk.view_model.show(state)
        settle(kiosk)
        seen = measure.texts(kiosk)
        findings += [f"{name}: {finding}" for finding in text_findings(kiosk, seen) + touch_findings(kiosk, seen)]
    assert not findings, "\n".join(findings)


@pytest.mark.parametrize("landscape", [False, True], ids=["portrait", "landscape"])
def test_help_and_language_are_on_every_screen_and_the_primary_action_never_moves(
    open_kiosk: OpenKiosk, landscape: bool
) -> None:
    kiosk = open_kiosk(landscape=landscape)
    places = set()
    for name, state in SAMPLES.items():
        kiosk.view_model.show(state)
        settle(kiosk)
        words = {button.property("text").replace("\u00a0", " ") for button in measure.buttons(kiosk)}
        assert {"Gọi nhân viên", "English"} <= words, name
        primary = [button for button in measure.buttons(kiosk) if button.property("kind") == "primary"]
        places |= {(measure.scene_rect(each).right(), measure.scene_rect(each).bottom()) for each in primary}
    assert len(places) == 1


@pytest.mark.parametrize("landscape", [False, True], ids=["portrait", "landscape"])
def test_assistive_technology_finds_every_button_by_name_and_every_screen_by_its_heading(
    open_kiosk: OpenKiosk, landscape: bool
) -> None:
    kiosk = open_kiosk(landscape=landscape)
    finger = Finger(kiosk.window)
    for name, state in SAMPLES.items():
        kiosk.view_model.show(state)
        settle(kiosk)
        seen = finger.seen()
        assert all(each.name for each in seen), f"{name}: something has no name"
        named = {each.item for each in seen if each.role.name == "Button"}
        assert set(measure.buttons(kiosk)) == named, name
        headings = [each.name for each in seen if each.role.name == "Heading"]
        assert len(headings) == 1, name


def test_the_look_at_arms_length_keeps_its_measures(open_kiosk: OpenKiosk) -> None:
    """Question ≥ 7 mm and body ≥ 4.5 mm cap height (Noto Sans: 0.714 em), at the reference screen's density."""
    kiosk = open_kiosk()
    mm = kiosk.window.width() / 268
    for state in SAMPLES.values():
        kiosk.view_model.show(state)
        settle(kiosk)
        for text in measure.texts(kiosk):
            cap_mm = text.item.property("font").pixelSize() * 0.714 / mm
            kind = text.item.property("kind")
            if kind == "title":
                assert cap_mm >= 7
            elif kind != "caption":
                assert cap_mm >= 4.5, text.text


def test_large_text_makes_the_words_thirty_percent_larger(open_kiosk: OpenKiosk) -> None:
    kiosk = open_kiosk()
    kiosk.view_model.show(SAMPLES["welcome"])
    settle(kiosk)

    def body_size() -> int:
        return next(t.item.property("font").pixelSize() for t in measure.texts(kiosk) if t.text.startswith("Xin"))

    before = body_size()
    Finger(kiosk.window).touch("Chữ to hơn")
    settle(kiosk)
    assert body_size() == pytest.approx(1.3 * before, abs=1)
