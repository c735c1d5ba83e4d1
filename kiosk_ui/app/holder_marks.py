"""What desks say about the people whom they called comes home: somebody compared the person with the photo of the card.

A kiosk cannot see who stands before it. Staff do, at the desk, and mark it on their panel; the kiosk asks for these marks
now and then, writes them into the check-in and has the hospital system told.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Protocol

from kiosk_ui.app.domain.check_in import HolderMark
from kiosk_ui.app.failures import GatewayError
from reader.verification.identity import HolderChecked

__all__ = ["HolderMarks", "HolderRecord", "MarkSource"]


class MarkSource(Protocol):
    """The queue service."""

    def holder_marks(self, day: dt.date) -> Sequence[HolderMark]:
        """Marks on numbers that this kiosk drew on ``day``. Raises ``GatewayError``."""
        ...


class HolderRecord(Protocol):
    """The store."""

    def record_holder(self, day: dt.date, number: str, checked: HolderChecked, at: dt.datetime) -> bool:
        """Write one mark down; true if it was news. Raises ``StoreError``."""
        ...


class HolderMarks:
    """Fetches marks; a chore of the outbox's thread. Call it often: it asks when it is time.

    Args:
        source: where the marks are.
        record: where they belong.
        zone: the hospital's own time, for the kiosk's own days.
        every_s: pause between questions.
    """

    def __init__(self, source: MarkSource, record: HolderRecord, zone: dt.tzinfo, every_s: float = 60.0) -> None:
        self._source = source
        self._record = record
        self._zone = zone
        self._every_s = every_s
        self._asked_at: float | None = None

    def __call__(self, now: dt.datetime, monotonic: float) -> None:
        """Ask if it is time. What goes wrong is asked again: the service keeps its marks for days.

        Raises:
            StoreError: a mark could not be written down.
        """
        if self._asked_at is not None and monotonic - self._asked_at < self._every_s:
            return
        self._asked_at = monotonic
        today = now.astimezone(self._zone).date()
        for day in (today - dt.timedelta(days=1), today):  # midnight sends nobody home
            try:
                marks = self._source.holder_marks(day)
            except GatewayError:
                return
            for mark in marks:
                self._record.record_holder(day, mark.number, mark.checked, now)
