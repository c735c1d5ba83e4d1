"""A finger for runs without a person: real touch events, to items found by what assistive technology calls them."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable, Iterator

from PySide6.QtCore import QCoreApplication, QEventLoop, QPoint, QPointF
from PySide6.QtGui import QAccessible, QAccessibleInterface, QImage
from PySide6.QtQuick import QQuickItem, QQuickWindow
from PySide6.QtTest import QTest

__all__ = ["Finger", "ItemNotFoundError", "SeenItem"]

_SLICE_MS = 20


class ItemNotFoundError(LookupError):
    """Nothing on the screen has that name and can be touched. The text lists what has."""


@dataclasses.dataclass(frozen=True, slots=True)
class SeenItem:
    """One thing on the screen as assistive technology meets it."""

    name: str
    role: QAccessible.Role
    item: QQuickItem

    @property
    def center(self) -> QPoint:
        """Its middle in the window's pixels."""
        return self.item.mapToScene(QPointF(self.item.width() / 2, self.item.height() / 2)).toPoint()


class Finger:
    """Touches one window. Makes Qt's accessibility active, as a screen reader would.

    Args:
        window: the kiosk's window.
        run_loop: lets the application work for some milliseconds; Qt's own loop by default.
    """

    def __init__(self, window: QQuickWindow, run_loop: Callable[[int], None] | None = None) -> None:
        QAccessible.setActive(True)
        self._window = window
        self._device = QTest.createTouchDevice()
        self._run_loop = run_loop or _run_loop

    def seen(self) -> list[SeenItem]:
        """Everything that is on the screen and not hidden from assistive technology."""
        root = QAccessible.queryAccessibleInterface(self._window)
        return list(_walk(root))

    def find(self, name: str) -> SeenItem:
        """The enabled button of that name.

        Raises:
            ItemNotFoundError: there is none.
        """
        wanted = name.replace("\u00a0", " ")
        buttons = [each for each in self.seen() if each.role == QAccessible.Role.Button and each.item.isEnabled()]
        for button in buttons:
            if button.name == wanted:
                return button
        raise ItemNotFoundError(f"no button {wanted!r}; there are {sorted(each.name for each in buttons)}")

    def touch(self, name: str, hold_ms: int = _SLICE_MS) -> None:
        """Put the finger on the button of that name, and lift it after ``hold_ms`` milliseconds."""
        point = self.find(name).center
        if not self._window.contentItem().contains(QPointF(point)):
            raise ItemNotFoundError(f"the button {name!r} lies outside the window")
        QTest.touchEvent(self._window, self._device).press(0, point, self._window).commit()
        for _ in range(max(1, hold_ms // _SLICE_MS)):
            self._run_loop(_SLICE_MS)
        QTest.touchEvent(self._window, self._device).release(0, point, self._window).commit()
        self._run_loop(_SLICE_MS)

    def wait_for(self, condition: Callable[[], bool], timeout_s: float) -> bool:
        """Let the application work until ``condition`` holds; false if it does not in time."""
        end = time.monotonic() + timeout_s
        while not condition():
            if time.monotonic() > end:
                return False
            self._run_loop(_SLICE_MS)
        return True

    def grab(self) -> QImage:
        """The window as it is drawn now."""
        QCoreApplication.processEvents()
        return self._window.grabWindow()


def _walk(node: QAccessibleInterface) -> Iterator[SeenItem]:
    for index in range(node.childCount()):
        child = node.child(index)
        if not child.isValid():
            continue
        state = child.state()
        item = child.object()
        if isinstance(item, QQuickItem) and item.isVisible() and not state.invisible:
            name = child.text(QAccessible.Text.Name).replace("\u00a0", " ")
            yield SeenItem(name, child.role(), item)
        yield from _walk(child)


def _run_loop(milliseconds: int) -> None:
    QCoreApplication.processEvents(QEventLoop.ProcessEventsFlag.AllEvents, milliseconds)
    time.sleep(milliseconds / 1000 / 2)
