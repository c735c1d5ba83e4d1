"""An outbox whose runs are signs of life: one that is stuck in a delivery, or whose thread has died, falls silent."""

from __future__ import annotations

import datetime as dt

from kiosk_ui.app.operation.signs_of_life import Pulse
from kiosk_ui.app.outbox import Outbox, OutboxRun

__all__ = ["WatchedOutbox"]


class WatchedOutbox(Outbox):
    """As :class:`~kiosk_ui.app.outbox.Outbox`.

    Attributes:
        pulse: gets the signs; ``None`` for an outbox that nobody watches.
    """

    pulse: Pulse | None = None

    def run_once(self, now: dt.datetime, limit: int = 50) -> OutboxRun:
        """Try everything that is due."""
        if self.pulse is None:
            return super().run_once(now, limit)
        with self.pulse.at_work():
            return super().run_once(now, limit)
