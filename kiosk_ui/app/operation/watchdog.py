"""Feeds the service manager's watchdog while, and only while, every part of the program shows signs of life.

A kiosk whose screen stands still, whose reader is stuck or whose outbox has died looks well from outside. Not fed, the
service manager ends it and starts it again (systemd.service(5), WatchdogSec).
"""

from __future__ import annotations

import logging
import threading

from kiosk_ui.app.operation.service_manager import ServiceManager
from kiosk_ui.app.operation.signs_of_life import SignsOfLife

__all__ = ["Watchdog"]

_log = logging.getLogger(__name__)
_USUAL_LOOK_S = 10.0  # without a watchdog the state is looked at all the same, for the log
_LOOKS = 3  # in the time that the manager gives: one that is late does no harm


class Watchdog:
    """Looks regularly, in a thread of its own.

    Args:
        signs: of every part.
        manager: who is told.
    """

    def __init__(self, signs: SignsOfLife, manager: ServiceManager) -> None:
        self._signs = signs
        self._manager = manager
        self._pause_s = manager.watchdog_s / _LOOKS if manager.watchdog_s else _USUAL_LOOK_S
        self._told: tuple[str, ...] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchdog", daemon=True)

    def start(self) -> None:
        """The kiosk serves from now on."""
        self._manager.tell("READY=1")
        self._thread.start()

    def stop(self) -> None:
        """The kiosk goes down in order; it may take its time for what is under way. May be called twice."""
        if not self._stop.is_set():
            self._stop.set()
            self._manager.tell("STOPPING=1")
        if self._thread.is_alive():
            self._thread.join(5.0)

    def look(self) -> tuple[str, ...]:
        """Look once: feed, or say what is stuck. Returns the names of the parts that are."""
        silent = self._signs.silent()
        states = [] if silent else ["WATCHDOG=1"]
        if silent != self._told:
            words = f"no sign of life: {', '.join(silent)}" if silent else "everything lives"
            states.append(f"STATUS={words}")
            (_log.error if silent else _log.info)("watchdog: %s", words)
            self._told = silent
        if states:
            self._manager.tell(*states)
        return silent

    def _run(self) -> None:
        while not self._stop.is_set():
            self.look()
            self._stop.wait(self._pause_s)
