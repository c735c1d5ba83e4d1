"""The audit itself can see: a screen that is spoilt on purpose gives exactly the finding that it deserves."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QGuiApplication, QImage
from PySide6.QtQuick import QQuickItem
from PySide6.QtTest import QTest

from kiosk_ui.app.flows import events as ev
from kiosk_ui.qt.touch import Finger
from tests.ui import accessibility_audit as audit
from tests.ui import ui_measures as measure
from tests.ui.ui_looks import EVERYDAY, Look, opened
from tests.ui.ui_sample_states import SAMPLES

Spoil = Callable[[audit.Seen], None]


def button(seen: audit.Seen, kind: str) -> QQuickItem:
    return next(each for each in seen.buttons if each.property("kind") == kind)


def _text(seen: audit.Seen, key: str) -> QQuickItem:
    return next(each.item for each in seen.texts if each.text == seen.word(key))


SPOILT: list[tuple[str, str, Callable[[audit.Seen], object]]] = [
    ("target", "welcome", lambda seen: button(seen, "primary").setHeight(40)),
    ("gap", "confirm", lambda seen: button(seen, "primary").setY(button(seen, "primary").y() + 12)),
    ("size", "welcome", lambda seen: _text(seen, "welcome.message").setProperty("kind", "caption")),
    ("words", "welcome", lambda seen: _text(seen, "welcome.message").setProperty("color", "#9aa5aa")),
    ("clip", "welcome", lambda seen: _text(seen, "welcome.title").setX(700)),
    ("clip", "confirm", lambda seen: _text(seen, "confirm.title").setY(300)),
    ("names", "welcome", lambda seen: button(seen, "primary").setProperty("text", " ")),
    ("whole", "welcome", lambda seen: button(seen, "secondary").setProperty("kind", "primary")),
    ("always", "welcome", lambda seen: _staff(seen).setVisible(False)),
    ("focus", "welcome", lambda seen: button(seen, "primary").setProperty("focusPolicy", Qt.FocusPolicy.NoFocus)),
    ("focus", "enter_number", lambda seen: _move(seen, "1", below="9")),
    ("heading", "confirm", lambda seen: _text(seen, "confirm.title").setVisible(False)),
    ("reach", "confirm", lambda seen: button(seen, "primary").setY(button(seen, "primary").y() - 900)),
]


def _staff(seen: audit.Seen) -> QQuickItem:
    return next(each for each in seen.buttons if each.property("text") == seen.word("common.call_staff"))


def _move(seen: audit.Seen, key: str, below: str) -> None:
    """Exchange the places of two keys."""
    one, other = (next(each for each in seen.buttons if each.property("text") == text) for text in (key, below))
    here, there = one.position(), other.position()
    one.setPosition(there)
    other.setPosition(here)


@pytest.mark.parametrize(("rule", "sample", "spoil"), SPOILT, ids=[f"{rule}-{name}" for rule, name, _ in SPOILT])
def test_what_is_wrong_is_found(
    qapp: QGuiApplication, rule: str, sample: str, spoil: Callable[[audit.Seen], object]
) -> None:
    look = Look(low_reach=rule == "reach")
    with opened(look) as kiosk:
        finger = Finger(kiosk.window)
        before = audit.Audit()
        audit.audit_screen(before, audit.look_at(kiosk, look, sample, SAMPLES[sample], finger))
        assert not before.findings
        spoil(audit.look_at(kiosk, look, sample, SAMPLES[sample], finger))
        after = audit.Audit()
        audit.audit_screen(after, audit.look_at(kiosk, look, sample, SAMPLES[sample], finger))
    assert rule in {finding.rule for finding in after.findings}, after.findings


def test_the_table_names_every_rule_with_its_clause_and_what_was_found() -> None:
    kept = audit.Audit()
    kept.checked["names"] = 12
    kept.findings.append(audit.Finding("gap", "look", "welcome", "something"))
    rows = kept.table().splitlines()
    assert len(rows) == len(audit.RULES) + 3
    assert any(row.startswith("| names | 5.1.3.1") and row.endswith("| 12 | 0 |") for row in rows)
    assert any(row.startswith("| gap | ") and row.endswith("| 1 |") for row in rows)
    assert rows[-1].endswith("| 12 | 1 |")


# ------------------------------------------------------------------------------------------------ keyboard
def _kinds(kiosk_buttons: list[QQuickItem]) -> Iterator[QQuickItem]:
    met = set()
    for each in kiosk_buttons:
        kind = (each.property("kind"), each.property("place") is not None)
        if kind not in met:
            met.add(kind)
            yield each


@pytest.mark.parametrize("palette", ["light", "high_contrast", "night"])
def test_focus_shows_itself_around_every_kind_of_button(qapp: QGuiApplication, palette: str) -> None:
    """EN 301 549 11.2.4.7: a ring that stands out 3:1 from what was there before."""
    look = Look(palette=palette)
    seen_kinds = 0
    with opened(look) as kiosk:
        finger = Finger(kiosk.window)
        for sample in ("confirm", "enter_number", "choose_department_ok"):
            seen = audit.look_at(kiosk, look, sample, SAMPLES[sample], finger)
            for each in _kinds([button for button in seen.buttons if button.isEnabled()]):
                before = kiosk.window.grabWindow()
                each.forceActiveFocus(Qt.FocusReason.TabFocusReason)
                measure.settle(kiosk)
                after = kiosk.window.grabWindow()
                assert changed_edge(before, after, each) > 40, f"{sample}: {each.property('text')!r} shows no focus"
                each.setFocus(False)
                measure.settle(kiosk)
                seen_kinds += 1
    assert seen_kinds >= 6


def changed_edge(before: QImage, after: QImage, item: QQuickItem) -> int:
    """How many pixels on the lines just inside and outside of an item's edge changed by a contrast of 3:1 or more."""
    rect = measure.scene_rect(item).toRect().adjusted(-8, -8, 8, 8).intersected(before.rect())
    changed = 0
    for x in range(rect.left(), rect.right(), 4):
        for y in (*range(rect.top(), rect.top() + 16), *range(rect.bottom() - 16, rect.bottom())):
            one, other = before.pixelColor(x, y), after.pixelColor(x, y)
            changed += one != other and audit.contrast(one, other) >= audit.SHAPES_CONTRAST
    return changed


@pytest.mark.parametrize("key", [Qt.Key.Key_Space, Qt.Key.Key_Return, Qt.Key.Key_Enter])
def test_a_button_that_has_the_focus_answers_to_space_and_to_enter(qapp: QGuiApplication, key: Qt.Key) -> None:
    """EN 301 549 5.1.6 and 11.2.1.1: everything works without touching the screen."""
    with opened(EVERYDAY) as kiosk:
        told: list[ev.Event] = []
        kiosk.view_model.connect_flow(told.append, lambda: None)
        kiosk.view_model.show(SAMPLES["confirm"])
        measure.settle(kiosk)
        assert Finger(kiosk.window).wait_for(lambda: not kiosk.view_model.is_fresh, 10)
        yes = next(each for each in measure.buttons(kiosk) if each.property("kind") == "primary")
        yes.forceActiveFocus(Qt.FocusReason.TabFocusReason)
        QTest.keyClick(kiosk.window, key)
        measure.settle(kiosk)
        assert ev.Confirmed() in told


def test_a_touch_that_slides_off_the_button_answers_nothing(qapp: QGuiApplication) -> None:
    """EN 301 549 11.2.5.2: the answer is given when the finger is lifted on the button, so it can be taken back."""
    with opened(EVERYDAY) as kiosk:
        told: list[ev.Event] = []
        kiosk.view_model.connect_flow(told.append, lambda: None)
        kiosk.view_model.show(SAMPLES["confirm"])
        measure.settle(kiosk)
        assert Finger(kiosk.window).wait_for(lambda: not kiosk.view_model.is_fresh, 10)
        yes = next(each for each in measure.buttons(kiosk) if each.property("kind") == "primary")
        on = yes.mapToScene(QPointF(yes.width() / 2, yes.height() / 2)).toPoint()
        device = QTest.createTouchDevice()
        QTest.touchEvent(kiosk.window, device).press(0, on).commit()
        measure.settle(kiosk)
        assert ev.Confirmed() not in told
        QTest.touchEvent(kiosk.window, device).move(0, on.__class__(on.x(), 100)).commit()
        QTest.touchEvent(kiosk.window, device).release(0, on.__class__(on.x(), 100)).commit()
        measure.settle(kiosk)
        assert ev.Confirmed() not in told


def test_seen_items_have_the_finger_that_found_them(qapp: QGuiApplication) -> None:
    with opened(EVERYDAY) as kiosk:
        kiosk.view_model.show(SAMPLES["welcome"])
        measure.settle(kiosk)
        assert {each.role.name for each in Finger(kiosk.window).seen()} >= {
            "Button",
            "Heading",
            "StaticText",
            "Graphic",
        }
