"""Whom the scanner serves: the check-in, or the operator's test while the operator's page is open."""

from __future__ import annotations

import threading
from collections.abc import Callable

from kiosk_ui.app.flows import events as ev

__all__ = ["ScanSwitch", "kind_of"]


def kind_of(event: ev.Event) -> str:
    """What kind of code was scanned, as a word; nothing of its content."""
    match event:
        case ev.NumberKnown(scanned=None):
            return "number"
        case ev.NumberKnown():
            return "card_code"
        case ev.MrzGiven():
            return "machine_readable_zone"
        case _:
            return "unreadable"


class ScanSwitch:
    """Takes what is scanned, from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._tester: Callable[[str], None] | None = None

    def lend(self, tester: Callable[[str], None] | None) -> None:
        """From now on scans go to a test, by kind alone; ``None`` gives them back to the check-in."""
        with self._lock:
            self._tester = tester

    def between(self, post: Callable[[ev.Event], None]) -> Callable[[ev.Event], None]:
        """What to give to a scanner in place of ``post``."""

        def take(event: ev.Event) -> None:
            with self._lock:
                tester = self._tester
            if tester is None:
                post(event)
            else:
                tester(kind_of(event))

        return take
