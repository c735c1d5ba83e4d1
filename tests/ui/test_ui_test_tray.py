"""The second window of the demonstration: everybody is listed, and its buttons do what they say."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtQuick import QQuickWindow

from kiosk_ui.bootstrap.emulated import people
from kiosk_ui.qt.touch import Finger
from kiosk_ui.qt.tray import TrayPerson, TrayWindow


class Hands:
    """Notes what it is told to do."""

    def __init__(self) -> None:
        self.relay_on = True
        self.done: list[tuple[str, str]] = []
        self.laid = threading.Event()

    @property
    def people(self) -> Sequence[TrayPerson]:
        return people()

    def scan(self, name: str) -> None:
        self.done.append(("scan", name))

    def lay(self, name: str) -> None:
        self.done.append(("lay", name))
        self.laid.set()

    def lift(self) -> None:
        self.done.append(("lift", ""))
        self.laid.set()

    def set_relay(self, *, on: bool) -> None:
        self.relay_on = on


@pytest.fixture
def tray(qapp: QGuiApplication) -> Iterator[tuple[Hands, Finger]]:
    hands = Hands()
    window = TrayWindow(hands, "Cards are read inside this program.")
    root = window.engine.rootObjects()[0]
    assert isinstance(root, QQuickWindow)
    finger = Finger(root)
    assert finger.wait_for(lambda: root.contentItem().width() == root.width(), 10)
    yield hands, finger
    window.close()


def test_people_are_listed_with_what_they_are_for(tray: tuple[Hands, Finger]) -> None:
    _, finger = tray
    words = {each.name for each in finger.seen()}
    assert "Nguyễn Văn An" in words
    assert any(name.startswith("Cards are read inside this program.") for name in words)


def test_its_buttons_scan_lay_and_lift(tray: tuple[Hands, Finger]) -> None:
    hands, finger = tray
    finger.touch("Scan QR of an")
    finger.touch("Lay card of an")
    assert hands.laid.wait(10)
    hands.laid.clear()
    finger.touch("Lift card / Nhấc thẻ")
    assert hands.laid.wait(10)
    assert hands.done == [("scan", "an"), ("lay", "an"), ("lift", "")]
