"""Python's own pauses are kept away from the person at the screen.

All threads share one interpreter lock, and the collector of cyclic garbage stops all of them. Measured on the bench
(``bench/kiosk.py``): a full collection in the middle of a visit stood still for up to 0.2 s, and a screen whose fifty values
are each read between two steps of a printing thread took five milliseconds for each. So, while the kiosk runs, a thread
that wants the lock gets it after half a millisecond, and the full collection waits until nobody is at the screen.
"""

from __future__ import annotations

import gc
import sys

from PySide6.QtCore import QObject, QTimer, Slot

__all__ = ["InterfaceFirst"]

_SWITCH_S = 0.0005
_LAST_RESORT = 1_000  # collections of the younger generations, some twenty visits, before a full one comes by itself
_REST_MS = 1_500  # after a visit: whoever comes next has not touched anything yet
_AT_LEAST_EVERY_MS = 300_000


class InterfaceFirst(QObject):
    """While it is on, pauses of the interpreter happen between visits.

    Args:
        parent: owner.
    """

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._before: tuple[tuple[int, int, int], float] | None = None
        self._is_at_rest = True
        self._rest = QTimer(self)
        self._rest.setSingleShot(True)
        self._rest.setInterval(_REST_MS)
        self._rest.timeout.connect(self._tidy)
        self._seldom = QTimer(self)
        self._seldom.setInterval(_AT_LEAST_EVERY_MS)
        self._seldom.timeout.connect(self._tidy)

    def begin(self) -> None:
        """From now on. What lives already stays as long as the program, and is not looked through again."""
        if self._before is not None:
            return
        self._before = (gc.get_threshold(), sys.getswitchinterval())
        gc.collect()
        gc.freeze()
        gc.set_threshold(self._before[0][0], self._before[0][1], _LAST_RESORT)
        sys.setswitchinterval(_SWITCH_S)
        self._seldom.start()

    def end(self) -> None:
        """As it was before. May be called twice."""
        self._rest.stop()
        self._seldom.stop()
        if self._before is None:
            return
        threshold, switch_s = self._before
        self._before = None
        gc.set_threshold(*threshold)
        sys.setswitchinterval(switch_s)
        gc.unfreeze()

    @Slot(str, str)
    def shown(self, screen: str, overlay: str) -> None:
        """A screen has come: with the first screen a rest begins, any other one ends it."""
        self._is_at_rest = screen == "welcome" and not overlay
        if self._is_at_rest and self._before is not None:
            self._rest.start()
        else:
            self._rest.stop()

    @Slot()
    def _tidy(self) -> None:
        """A full collection, if nobody is there."""
        if self._is_at_rest:
            gc.collect()
