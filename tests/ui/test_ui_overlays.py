"""What lies over a screen must never let a finger slip through to the answer below."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from PySide6.QtCore import QObject, QTimer, Slot

from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.qt.application import KioskApplication
from kiosk_ui.qt.touch import Finger
from kiosk_ui.qt.view_model import CheckInViewModel
from tests.ui.ui_measures import settle
from tests.ui.ui_sample_states import SAMPLES, confirm

OpenKiosk = Callable[..., KioskApplication]


class Below(QObject):
    """A flow that goes back to the screen below as soon as it hears of a touch."""

    def __init__(self, kiosk: KioskApplication) -> None:
        super().__init__()
        self._kiosk = kiosk
        self.events: list[ev.Event] = []

    def post(self, event: ev.Event) -> None:
        self.events.append(event)
        if isinstance(event, ev.Touched | ev.OverlayDismissed):
            QTimer.singleShot(0, self.uncover)

    @Slot()
    def uncover(self) -> None:
        self._kiosk.view_model.show(s.CheckInState(screen=confirm()))


def covered(open_kiosk: OpenKiosk, overlay: s.Overlay) -> tuple[KioskApplication, Below, Finger]:
    kiosk = open_kiosk()
    below = Below(kiosk)
    kiosk.view_model.connect_flow(below.post, lambda: None)
    kiosk.view_model.show(s.CheckInState(screen=confirm(), overlay=overlay))
    settle(kiosk)
    finger = Finger(kiosk.window)
    assert finger.wait_for(lambda: not kiosk.view_model.is_fresh, 10)
    return kiosk, below, finger


@pytest.mark.parametrize(
    ("overlay", "button"),
    [(s.TimeoutWarning(18, "confirm"), "Tiếp tục (18)"), (s.StaffCalled("3"), "Tiếp tục")],
    ids=["timeout", "staff"],
)
def test_going_on_answers_nothing_else(open_kiosk: OpenKiosk, overlay: s.Overlay, button: str) -> None:
    kiosk, below, finger = covered(open_kiosk, overlay)
    finger.touch(button)
    settle(kiosk)
    assert kiosk.view_model.property("overlay") == ""
    assert ev.OverlayDismissed() in below.events
    assert ev.Confirmed() not in below.events


def test_a_double_tap_answers_nothing_either(open_kiosk: OpenKiosk) -> None:
    kiosk, below, finger = covered(open_kiosk, s.StaffCalled("3"))
    finger.touch("Tiếp tục")
    settle(kiosk)
    finger.touch("Đúng, là tôi")  # the same place, at once
    settle(kiosk)
    assert ev.Confirmed() not in below.events


def test_the_question_below_can_be_answered_a_moment_later(open_kiosk: OpenKiosk) -> None:
    kiosk, below, finger = covered(open_kiosk, s.StaffCalled("3"))
    finger.touch("Tiếp tục")
    settle(kiosk)

    def answered() -> bool:
        finger.touch("Đúng, là tôi")
        return ev.Confirmed() in below.events

    assert finger.wait_for(answered, 10)


def test_another_screen_can_be_answered_at_once(open_kiosk: OpenKiosk) -> None:
    kiosk, below, finger = covered(open_kiosk, s.StaffCalled("3"))
    finger.touch("Tiếp tục")
    settle(kiosk)
    kiosk.view_model.show(s.CheckInState())
    settle(kiosk)
    finger.touch("Chạm để bắt đầu")
    assert ev.Started() in below.events


def test_what_lies_below_is_out_of_sight(open_kiosk: OpenKiosk) -> None:
    _, _, finger = covered(open_kiosk, s.TimeoutWarning(18, "confirm"))
    assert not any("Nguyễn" in each.name for each in finger.seen())


@pytest.mark.parametrize(
    ("screen", "answer", "meant"),
    [
        ("choose_department_ok", lambda vm: vm.choose("noi"), ev.DepartmentChosen("noi")),
        ("ticket", lambda vm: vm.goOn(), ev.GoOn()),
        ("confirm_declared", lambda vm: vm.confirm(), ev.Confirmed()),
        ("confirm_declared", lambda vm: vm.notMe(), ev.NotMe()),
    ],
)
def test_the_second_tap_of_a_double_tap_answers_no_new_screen(
    open_kiosk: OpenKiosk, screen: str, answer: Callable[[CheckInViewModel], None], meant: ev.Event
) -> None:
    kiosk = open_kiosk()
    below = Below(kiosk)
    kiosk.view_model.connect_flow(below.post, lambda: None)
    kiosk.view_model.show(SAMPLES[screen])
    answer(kiosk.view_model)
    assert below.events == []
    assert Finger(kiosk.window).wait_for(lambda: not kiosk.view_model.is_fresh, 10)
    answer(kiosk.view_model)
    assert below.events == [meant]
