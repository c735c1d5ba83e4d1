"""Deleting what must not be kept any longer, and nothing else: names after days, counts after a year, the trail after years.

A wrong clock must not delete anything: nothing is deleted while the clock is not believed
(:class:`~kiosk_ui.app.store.housekeeping.Housekeeping`), and a row that was written in 1970 is kept from the day on which the
clock was right again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection
from typing import Final

import sqlalchemy as sa

from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.failures import PERSONAL_DATA_GONE
from kiosk_ui.app.store import audit_rows
from kiosk_ui.app.store.audit_chain import LEAST_KEPT, checkpoint_outcome
from kiosk_ui.app.store.database import Database
from kiosk_ui.app.store.outbox_rows import OutboxKind, OutboxState
from kiosk_ui.app.store.schema import (
    audit_head,
    audit_log,
    check_in,
    insurance_answer,
    outbox,
    patient_snapshot,
    queue_counter,
    queue_floor,
)

__all__ = ["EARLIEST_BELIEVED", "Purged", "Retention"]

EARLIEST_BELIEVED: Final = dt.datetime(2025, 1, 1, tzinfo=dt.UTC)
"""A clock that says less was never set."""

_YEAR: Final = dt.timedelta(days=365.25)


@dataclasses.dataclass(frozen=True, slots=True)
class Purged:
    """How many rows were deleted: persons, check-ins, rows of the audit trail."""

    persons: int = 0
    check_ins: int = 0
    audit_rows: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Retention:
    """How long what is kept.

    Attributes:
        personal: names, numbers, the insurer's answers.
        undelivered: the same at most, while somebody has still to be told about the check-in.
        records: check-ins without anything personal.
        audit: the trail; never less than half a year.
    """

    personal: dt.timedelta = dt.timedelta(days=3)
    undelivered: dt.timedelta = dt.timedelta(days=30)
    records: dt.timedelta = dt.timedelta(days=400)
    audit: dt.timedelta = 5 * _YEAR

    @classmethod
    def of(cls, personal_days: int, undelivered_days: int, record_days: int, audit_years: float) -> Retention:
        """From numbers as in the settings."""
        return cls(
            dt.timedelta(days=personal_days),
            dt.timedelta(days=undelivered_days),
            dt.timedelta(days=record_days),
            audit_years * _YEAR,
        )

    def purge(self, database: Database, now: dt.datetime, handled: Collection[OutboxKind], device: str) -> Purged:
        """Delete everything whose time is over at ``now``, in one transaction that also notes it in the trail.

        Args:
            database: an open database.
            now: aware present moment, from a clock that is believed.
            handled: kinds of the outbox that somebody delivers; the others hold nothing back.
            device: for the trail.

        Raises:
            StoreError: nothing was deleted.
        """
        with database.transaction("purge") as connection:
            _adopt(connection, now)
            persons = self._purge_persons(connection, now, handled)
            check_ins = self._purge_check_ins(connection, now)
            if persons or check_ins:
                outcome = f"{persons} persons {check_ins} check-ins"
                entry = AuditEntry(AuditAction.STORE_PURGED, outcome)
                audit_rows.add_entry(connection, entry, device=device, at=now)
            return Purged(persons, check_ins, self._prune_trail(connection, now, device))

    def _purge_persons(self, connection: sa.Connection, now: dt.datetime, handled: Collection[OutboxKind]) -> int:
        person, item = patient_snapshot.c, outbox.c
        still_to_tell = sa.exists().where(
            item.check_in_id == person.check_in_id,
            item.state == OutboxState.WAITING.value,
            item.kind.in_([kind.value for kind in handled]),
        )
        is_over = sa.or_(
            person.kept_from <= now - max(self.undelivered, self.personal),
            sa.and_(person.kept_from <= now - self.personal, sa.not_(still_to_tell)),
        )
        deleted = connection.execute(patient_snapshot.delete().where(is_over)).rowcount
        kept = sa.select(person.check_in_id)
        connection.execute(insurance_answer.delete().where(insurance_answer.c.check_in_id.not_in(kept)))
        late = sa.and_(item.state == OutboxState.WAITING.value, item.check_in_id.not_in(kept))
        nobodys = item.kind.not_in([kind.value for kind in handled])
        connection.execute(outbox.delete().where(late, nobodys))
        # Who should have been told cannot be any more: staff see that.
        gone = {"state": OutboxState.PARKED.value, "done_at": now, "leased_until": None}
        connection.execute(outbox.update().where(late).values(**gone, last_error=PERSONAL_DATA_GONE.name))
        return deleted

    def _purge_check_ins(self, connection: sa.Connection, now: dt.datetime) -> int:
        """Check-ins whose person is gone already; what belongs to them goes with them."""
        c = check_in.c
        oldest = now - max(self.records, self.undelivered, self.personal)
        kept = sa.select(patient_snapshot.c.check_in_id)
        deleted = connection.execute(check_in.delete().where(c.created_at <= oldest, c.id.not_in(kept))).rowcount
        for table in (queue_counter, queue_floor):
            # Never the days about today, whatever the clock says: their numbers would be given again.
            connection.execute(table.delete().where(table.c.day < oldest.date(), table.c.day.not_in(sa.select(c.day))))
        return deleted

    def _prune_trail(self, connection: sa.Connection, now: dt.datetime, device: str) -> int:
        """Take the oldest rows off, and note in the trail where it begins now."""
        c = audit_log.c
        oldest = now - max(self.audit, LEAST_KEPT)
        end = audit_rows.chain_end(connection, lock=True)
        first_kept = connection.execute(sa.select(sa.func.min(c.id)).where(c.at > oldest)).scalar_one_or_none()
        # A row from before the clock was set is as old as those around it: by itself it is not old enough to go.
        is_old = sa.and_(c.id < (first_kept or end.last_id), c.at <= oldest, c.at >= EARLIEST_BELIEVED)
        newest_old = sa.select(c.id, c.row_hash).where(is_old).order_by(c.id.desc()).limit(1)
        last = connection.execute(newest_old).one_or_none()
        if last is None:
            return 0
        deleted = connection.execute(audit_log.delete().where(c.id <= last.id)).rowcount
        connection.execute(audit_head.update().values(checkpoint_id=last.id, checkpoint_hash=last.row_hash))
        entry = AuditEntry(AuditAction.AUDIT_PRUNED, checkpoint_outcome(last.id, last.row_hash))
        audit_rows.add_entry(connection, entry, device=device, at=now)
        return deleted


def _adopt(connection: sa.Connection, now: dt.datetime) -> None:
    """What was written before the clock was set, or while it ran ahead, is kept from now on."""
    c = patient_snapshot.c
    unbelievable = sa.or_(c.kept_from < EARLIEST_BELIEVED, c.kept_from > now + dt.timedelta(days=1))
    connection.execute(patient_snapshot.update().where(unbelievable).values(kept_from=now))
