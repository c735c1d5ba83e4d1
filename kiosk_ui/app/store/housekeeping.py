"""What a kiosk does with its store now and then: delete what is old, anchor the audit trail.

Deleting waits for a clock that is believed: for an hour after the start (a clock without battery is set by the network
meanwhile), and again for an hour after each jump of the calendar's clock against the one that never jumps.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Collection
from typing import Final

from kiosk_ui.app.store.audit_chain import AnchorFile
from kiosk_ui.app.store.audit_rows import chain_end
from kiosk_ui.app.store.database import Database
from kiosk_ui.app.store.outbox_rows import OutboxKind
from kiosk_ui.app.store.retention import EARLIEST_BELIEVED, Purged, Retention

__all__ = ["ANCHORS", "Housekeeping", "anchor_now"]

ANCHORS: Final = "audit.anchors"
"""Name of the file with the anchors, in the data folder."""


_EVERY_S: Final = 3_600.0
_TRUST_AFTER_S: Final = 3_600.0
_JUMP: Final = dt.timedelta(minutes=2)
_ANCHOR_EVERY: Final = dt.timedelta(days=1)
_log = logging.getLogger(__name__)


class Housekeeping:
    """One kiosk's chores; called often, does something once an hour.

    Args:
        database: an open database.
        retention: how long what is kept.
        handled: kinds of the outbox that somebody delivers.
        anchors: where the trail is anchored.
        device: for the audit trail.
    """

    def __init__(
        self,
        database: Database,
        retention: Retention,
        handled: Collection[OutboxKind],
        anchors: AnchorFile,
        device: str,
    ) -> None:
        self._database = database
        self._retention = retention
        self._handled = tuple(handled)
        self._anchors = anchors
        self._device = device
        self._begun: tuple[dt.datetime, float] | None = None  # from when on the clock has not jumped
        self._next_s = 0.0

    def __call__(self, now: dt.datetime, monotonic_s: float) -> Purged | None:
        """Do what is due; ``None`` if nothing was deleted because it is too early or the clock is not believed.

        Raises:
            StoreError: the store failed; tried again in an hour.
        """
        if self._begun is None or self._has_jumped(now, monotonic_s):
            is_first = self._begun is None
            self._begun = (now, monotonic_s)
            self._next_s = monotonic_s + _TRUST_AFTER_S
            if is_first:
                self._anchor(now)
            return None
        if monotonic_s < self._next_s:
            return None
        self._begun, self._next_s = (now, monotonic_s), monotonic_s + _EVERY_S
        self._anchor(now)
        if now < EARLIEST_BELIEVED:
            return None
        purged = self._retention.purge(self._database, now, self._handled, self._device)
        if purged != Purged():
            _log.info("deleted: %d persons, %d check-ins, %d audit rows", *_numbers(purged))
        return purged

    def _anchor(self, now: dt.datetime) -> None:
        newest = self._anchors.newest()
        if newest is None or abs(now - newest.at) >= _ANCHOR_EVERY:  # also after a clock that ran ahead
            anchor_now(self._database, self._anchors, now)

    def _has_jumped(self, now: dt.datetime, monotonic_s: float) -> bool:
        if self._begun is None:
            return True
        then, then_s = self._begun
        return abs((now - then) - dt.timedelta(seconds=monotonic_s - then_s)) > _JUMP


def anchor_now(database: Database, anchors: AnchorFile, now: dt.datetime) -> None:
    """Write the trail's newest row into the anchor file, and into the log, which other machines may collect.

    Raises:
        StoreError: the trail's end cannot be read.
    """
    with database.transaction("read") as connection:
        end = chain_end(connection)
    if end.last_id == 0:
        return
    _log.info("audit trail: row %d, %s", end.last_id, end.last_hash)
    try:
        anchors.add(end, now)
    except OSError as error:
        _log.warning("the audit trail could not be anchored: %s", type(error).__name__)


def _numbers(purged: Purged) -> tuple[int, int, int]:
    return purged.persons, purged.check_ins, purged.audit_rows
