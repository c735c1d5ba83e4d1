"""Lines from a scanner that types like a keyboard, caught before any screen sees them.

Such a device types its code and Enter at whatever has the focus: blanks in a name would press a button. So while a
kiosk has one, keys of letters, digits, signs and Enter go nowhere else. Its screens are made for fingers and need none.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QWindow

__all__ = ["KeyedLineCatcher"]

_LONGEST_LINE: Final = 2048
_STALE_AFTER_S: Final = 2.0


class KeyedLineCatcher(QObject):
    """Collects typed characters, gives whole lines.

    Args:
        application: whose keys are caught, until :meth:`stop`.
        on_line: gets each line without Enter, in the thread of the window.
        clock: seconds that never go back; for tests.
    """

    def __init__(
        self,
        application: QCoreApplication,
        on_line: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._application = application
        self._on_line = on_line
        self._clock = clock
        self._typed: list[str] = []
        self._last_key_at = clock()
        application.installEventFilter(self)

    def stop(self) -> None:
        """Let keys go their way again. May be called twice."""
        self._application.removeEventFilter(self)
        self._typed.clear()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt's: whether the event goes no further. A key is seen at its window first, and nowhere else then."""
        if not isinstance(event, QKeyEvent) or not isinstance(watched, QWindow):
            return False
        is_enter = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter)
        if not is_enter and not event.text().isprintable():
            return False  # Escape, Tab and the like
        if not is_enter and not event.text():
            return False  # a modifier alone
        if event.type() == QEvent.Type.KeyPress:
            self._take("\n" if is_enter else event.text())
        return True

    def _take(self, text: str) -> None:
        now = self._clock()
        if now - self._last_key_at > _STALE_AFTER_S:
            self._typed.clear()  # half a line of another time
        self._last_key_at = now
        if text != "\n":
            if len(self._typed) <= _LONGEST_LINE:
                self._typed.append(text)
            return
        line = "".join(self._typed)
        self._typed.clear()
        if line.strip():
            self._on_line(line)
