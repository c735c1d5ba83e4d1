"""Runs the check-in driver inside Qt's event loop, and keeps mistakes from being swallowed."""

from __future__ import annotations

import logging
import math
import sys
import threading
import traceback
from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot

from crypto.errors import ErrorCode, Hint

if TYPE_CHECKING:  # the flows are loaded while the first screen stands
    from kiosk_ui.app.driver import CheckInDriver

__all__ = ["INTERFACE_BROKEN", "DriverLoop", "MistakeGuard"]

_log = logging.getLogger(__name__)

INTERFACE_BROKEN = ErrorCode(
    "kiosk.interface_broken",
    Hint.CALL_STAFF,
    "The program of the screen met an unexpected mistake. Start again, or call staff.",
)


class DriverLoop(QObject):
    """Calls the driver when something has arrived or its timer is due, always in the thread of the interface."""

    _woken = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._driver: CheckInDriver | None = None
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.timeout.connect(self.run)
        # Queued, and to a slot of an object of this thread: a lambda would run in the worker's thread.
        self._woken.connect(self.run, Qt.ConnectionType.QueuedConnection)

    def wake(self) -> None:
        """From any thread: there is something to do."""
        self._woken.emit()

    def take(self, driver: CheckInDriver) -> None:
        """Run this driver and show its first screen."""
        self._driver = driver
        driver.start()
        self.run()

    @Slot()
    def run(self) -> None:
        """Let the driver work, then sleep until its timer."""
        if self._driver is None:
            return
        try:
            self._driver.run_pending()
        finally:
            seconds = self._driver.seconds_to_timer()
            if seconds is None:
                self._timer.stop()
            else:
                self._timer.start(math.ceil(seconds * 1000))

    def stop(self) -> None:
        """Run nothing any more."""
        self._timer.stop()
        if self._driver is not None:
            self._driver.close()
        self._driver = None


class MistakeGuard(QObject):
    """Hears of every exception that nobody caught: in a slot it would otherwise vanish and leave a dead screen.

    Where it happened is logged (file, line, kind), never the exception's text, which could quote anything.
    """

    _met = Signal()

    def __init__(self, on_mistake: Callable[[], None], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._on_mistake = on_mistake
        self._met.connect(self._tell, Qt.ConnectionType.QueuedConnection)
        self._before: tuple[Callable[..., object], Callable[..., object]] | None = None
        self.count = 0

    def install(self) -> None:
        """Take the place of Python's hooks."""
        self._before = (sys.excepthook, threading.excepthook)
        sys.excepthook = self._uncaught
        threading.excepthook = lambda args: self._uncaught(args.exc_type, args.exc_value, args.exc_traceback)

    def remove(self) -> None:
        """Put the former hooks back. Harmless when they are there already."""
        if self._before is not None:
            sys.excepthook, threading.excepthook = self._before
            self._before = None

    def _uncaught(self, kind: type[BaseException], mistake: BaseException | None, trace: TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            return
        self.count += 1
        places = ", ".join(f"{each.filename.rsplit('/', 1)[-1]}:{each.lineno}" for each in traceback.extract_tb(trace))
        _log.error("%s: %s at %s", INTERFACE_BROKEN.name, kind.__name__, places)
        self._met.emit()

    @Slot()
    def _tell(self) -> None:
        self._on_mistake()
