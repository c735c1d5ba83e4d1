"""An outbox whose deliveries are signs of life: one that is stuck, or whose thread has died, falls silent."""

from __future__ import annotations

import datetime as dt

from kiosk_ui.app.operation.signs_of_life import Pulse
from kiosk_ui.app.outbox import Failure, Outbox, OutboxRun
from kiosk_ui.app.store.outbox_rows import OutboxItem

__all__ = ["WatchedOutbox"]


class WatchedOutbox(Outbox):
    """As :class:`~kiosk_ui.app.outbox.Outbox`.

    Each delivery is a piece of work of its own: many that are slow one after the other, as when the hospital's network is
    down, are no reason to end the kiosk.

    Attributes:
        pulse: gets the signs; ``None`` for an outbox that nobody watches.
    """

    pulse: Pulse | None = None

    def run_once(self, now: dt.datetime, limit: int = 50) -> OutboxRun:
        """Try everything that is due."""
        run = super().run_once(now, limit)
        if self.pulse is not None:
            self.pulse.beat()
        return run

    def _deliver(self, item: OutboxItem, now: dt.datetime) -> Failure | None:
        if self.pulse is None:
            return super()._deliver(item, now)
        with self.pulse.at_work():
            return super()._deliver(item, now)
