"""Every state of every flow, drawn in every orientation, language, theme and size: the audit finds nothing to say."""

from __future__ import annotations

import hashlib
import itertools
import re

import pytest
from PySide6.QtGui import QGuiApplication, QImage

from kiosk_ui.app.flows import screens as s
from kiosk_ui.qt.appearance import load_palettes
from kiosk_ui.qt.application import QML_FOLDER
from kiosk_ui.qt.texts import Texts
from kiosk_ui.qt.touch import Finger
from tests.ui import ui_measures as measure
from tests.ui.accessibility_audit import TITLE_CAPITAL_MM, Audit, audit_screen, look_at
from tests.ui.ui_looks import AUDITED, DRAWN, EVERYDAY, Look, opened
from tests.ui.ui_sample_states import GROUPS, SAMPLES

QUICK = AUDITED[:2]  # the tightest of each orientation; all the others are slow together


def test_every_screen_of_the_flow_and_everything_over_it_has_a_sample() -> None:
    shown = {(state.overlay or state.screen).name for state in SAMPLES.values()}
    assert shown == {each.name for each in (*s.Screen.__args__, *s.Overlay.__args__)}


def test_every_sample_is_on_one_sheet_and_every_kind_of_answer_has_a_sample() -> None:
    assert sorted(itertools.chain(*GROUPS.values())) == sorted(SAMPLES)
    screens = [state.screen for state in SAMPLES.values()]
    for kind in (s.NumberProblem, s.Proof, s.Printing, s.Retry, s.Whose):
        values = [getattr(screen, field) for screen in screens for field in screen.__dataclass_fields__]
        assert set(kind) == {each for each in values if isinstance(each, kind)}, kind.__name__


def test_the_looks_hold_every_orientation_language_theme_and_size() -> None:
    texts = Texts(QML_FOLDER / "i18n")
    for looks in (AUDITED, DRAWN):
        assert {look.language for look in looks} == {language.code for language in texts.languages}
        assert {look.palette for look in looks} == set(load_palettes(QML_FOLDER / "theme"))
        assert {(look.landscape, look.low_reach) for look in looks} >= {(False, False), (True, False), (False, True)}
        assert {look.scale for look in looks} == {1.0, 1.3}
    for landscape in (False, True):  # at the size that is hardest to fit, each orientation at least once
        assert any(look.landscape is landscape and look.scale > 1 for look in AUDITED)


@pytest.mark.parametrize(
    "look",
    [pytest.param(look, marks=() if look in QUICK else pytest.mark.slow) for look in AUDITED],
    ids=lambda look: look.name,
)
def test_no_screen_gives_the_audit_anything_to_say(qapp: QGuiApplication, look: Look) -> None:
    audit = Audit()
    with opened(look) as kiosk:
        finger = Finger(kiosk.window)
        for name, state in SAMPLES.items():
            audit_screen(audit, look_at(kiosk, look, name, state, finger))
    assert not audit.findings, "\n".join(map(str, audit.findings))


@pytest.mark.parametrize("look", [EVERYDAY, Look(landscape=True), Look(low_reach=True)], ids=lambda look: look.name)
def test_the_primary_action_never_moves_and_every_screen_is_painted(qapp: QGuiApplication, look: Look) -> None:
    places, pictures = set(), {}
    with opened(look) as kiosk:
        for name, state in SAMPLES.items():
            kiosk.view_model.show(state)
            measure.settle(kiosk)
            primary = [each for each in measure.buttons(kiosk) if each.property("kind") == "primary"]
            places |= {(measure.scene_rect(each).right(), measure.scene_rect(each).bottom()) for each in primary}
            picture = kiosk.window.grabWindow()
            assert colors_in(picture) > 5, f"{name} is empty"
            pictures[name] = hashlib.sha256(picture.constBits()).digest()
    assert len(places) == 1
    screens = {name: (SAMPLES[name].overlay or SAMPLES[name].screen).name for name in pictures}
    pairs = itertools.combinations(pictures, 2)
    same = [pair for pair in pairs if screens[pair[0]] != screens[pair[1]] and pictures[pair[0]] == pictures[pair[1]]]
    assert not same, f"nobody could tell these screens apart: {same}"


def colors_in(picture: QImage) -> int:
    small = picture.scaled(60, 60).convertToFormat(QImage.Format.Format_RGB32)
    return len(set(memoryview(small.constBits()).cast("I")))


def test_the_question_is_the_largest_thing_to_read(qapp: QGuiApplication) -> None:
    """Capitals of at least 7 mm, and nothing but a queue number is larger. What is wrong may stand in its place."""
    with opened(EVERYDAY) as kiosk:
        for name, state in SAMPLES.items():
            kiosk.view_model.show(state)
            measure.settle(kiosk)
            sizes = {"title": 0, "heading": 0}
            for each in measure.texts(kiosk):
                if re.fullmatch(r"[A-Z]\d{3}", each.text):
                    continue
                kind = each.item.property("kind")
                sizes[kind] = max(sizes.get(kind, 0), each.item.property("font").pixelSize())
            question = sizes["title"] or sizes["heading"]
            assert question * 0.714 / EVERYDAY.pixels_per_mm >= TITLE_CAPITAL_MM, name
            assert question >= max(sizes.get(kind, 0) for kind in ("body", "label", "step", "caption")), name


def test_large_text_makes_the_words_thirty_percent_larger(qapp: QGuiApplication) -> None:
    with opened(EVERYDAY) as kiosk:
        kiosk.view_model.show(SAMPLES["welcome"])
        measure.settle(kiosk)
        message = kiosk.appearance.words.strings["welcome.message"]

        def body_size() -> int:
            return next(t.item.property("font").pixelSize() for t in measure.texts(kiosk) if t.text == message)

        before = body_size()
        Finger(kiosk.window).touch(kiosk.appearance.words.strings["common.text_large"])
        measure.settle(kiosk)
        assert body_size() == pytest.approx(1.3 * before, abs=1)


def test_whatever_moves_for_ever_stands_still_when_motion_is_off() -> None:
    """EN 301 549 11.2.2.2 and 11.2.3.1: nothing flashes, and a slow light can be turned off."""
    for path in QML_FOLDER.rglob("*.qml"):
        for animation in re.findall(r"\{[^{}]*loops:\s*Animation\.Infinite[^{}]*", path.read_text(encoding="utf-8")):
            assert "Theme.motion" in animation, path.name
