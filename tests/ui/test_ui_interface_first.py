"""Pauses of the interpreter happen between visits, and everything is as before when the kiosk has closed."""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator

import pytest
from PySide6.QtGui import QGuiApplication

from kiosk_ui.qt import interface_first
from kiosk_ui.qt.interface_first import InterfaceFirst
from kiosk_ui.qt.touch import Finger
from tests.ui.ui_looks import EVERYDAY, opened


class Collections:
    """Counts full collections."""

    def __init__(self) -> None:
        self.full = 0

    def __call__(self, phase: str, facts: dict[str, int]) -> None:
        self.full += phase == "stop" and facts["generation"] == 2


@pytest.fixture
def collections() -> Iterator[Collections]:
    counted = Collections()
    gc.callbacks.append(counted)
    yield counted
    gc.callbacks.remove(counted)


@pytest.fixture
def first(qapp: QGuiApplication, monkeypatch: pytest.MonkeyPatch) -> Iterator[InterfaceFirst]:
    monkeypatch.setattr(interface_first, "_REST_MS", 30)
    made = InterfaceFirst()
    made.begin()
    yield made
    made.end()


def much_garbage() -> None:
    for _ in range(400_000):
        circle: list[object] = []
        circle.append(circle)


def test_a_visit_is_never_interrupted_by_a_full_collection(first: InterfaceFirst, collections: Collections) -> None:
    first.shown("confirm", "")
    much_garbage()
    assert collections.full == 0


def test_garbage_goes_when_nobody_is_there(
    first: InterfaceFirst, collections: Collections, qapp: QGuiApplication
) -> None:
    with opened(EVERYDAY) as kiosk:
        finger = Finger(kiosk.window)
        before = collections.full
        first.shown("confirm", "")
        assert not finger.wait_for(lambda: collections.full > before, 0.2)
        first.shown("welcome", "")
        assert finger.wait_for(lambda: collections.full > before, 10)


def test_whoever_comes_at_once_is_not_kept_waiting(
    first: InterfaceFirst, collections: Collections, qapp: QGuiApplication
) -> None:
    with opened(EVERYDAY) as kiosk:
        finger = Finger(kiosk.window)
        first.shown("welcome", "")
        first.shown("enter_number", "")
        before = collections.full
        assert not finger.wait_for(lambda: collections.full > before, 0.2)


def test_everything_is_as_before_at_the_end(qapp: QGuiApplication) -> None:
    before = (gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count())
    made = InterfaceFirst()
    made.begin()
    made.begin()
    assert gc.get_freeze_count() > before[2]
    made.end()
    made.end()
    assert (gc.get_threshold(), sys.getswitchinterval(), gc.get_freeze_count()) == before
