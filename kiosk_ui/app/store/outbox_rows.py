"""The outbox in the database: what has still to be told to others about a check-in.

A row is written in the transaction of the check-in, so that neither can exist without the other. It names the check-in
and holds no personal data of its own.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import uuid
from collections.abc import Collection

import sqlalchemy as sa

from kiosk_ui.app.store.database import Database
from kiosk_ui.app.store.schema import outbox

__all__ = ["OutboxItem", "OutboxKind", "OutboxStore", "add"]


class OutboxKind(enum.StrEnum):
    """What is to be told. Kinds that nobody handles yet wait."""

    INSURANCE_CHECK = "insurance_check"
    HAND_OVER = "hand_over"


@dataclasses.dataclass(frozen=True, slots=True)
class OutboxItem:
    """One thing to deliver.

    Attributes:
        idempotency_key: the same at every attempt, so that the other side can tell a repetition.
        attempts: how often it was tried before.
    """

    id: uuid.UUID
    idempotency_key: str
    kind: OutboxKind
    check_in_id: uuid.UUID
    created_at: dt.datetime
    attempts: int


def add(connection: sa.Connection, kind: OutboxKind, check_in_id: uuid.UUID, at: dt.datetime) -> None:
    """Write one row, due at once, in the caller's transaction."""
    connection.execute(
        outbox.insert().values(
            id=uuid.uuid4(),
            idempotency_key=f"{kind.value}:{check_in_id}",
            kind=kind.value,
            check_in_id=check_in_id,
            created_at=at,
            due_at=at,
            attempts=0,
        )
    )


class OutboxStore:
    """Reading and ticking off the outbox."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def lease_next(
        self,
        now: dt.datetime,
        kinds: Collection[OutboxKind],
        lease: dt.timedelta,
        longest_pause: dt.timedelta = dt.timedelta.max,
    ) -> OutboxItem | None:
        """The item that has been due longest, taken for ``lease``; ``None`` if nothing is due.

        A taken item is nobody else's until the lease ends. If this process dies meanwhile, it comes round again.
        A lease that ends later than any lease can, or an item that is due after a longer pause than any, was written
        while the clock ran ahead: it counts as over, or the item would wait for years.
        """
        c = outbox.c
        free = sa.or_(c.leased_until.is_(None), c.leased_until <= now, c.leased_until > now + 2 * lease)
        due = c.due_at <= now
        if longest_pause != dt.timedelta.max:
            due = sa.or_(due, c.due_at > now + 2 * longest_pause)
        waiting = sa.and_(c.kind.in_([kind.value for kind in kinds]), c.done_at.is_(None), due, free)
        # PostgreSQL passes over what another kiosk is taking at this moment; SQLite has one writer at a time anyway.
        oldest = sa.select(c.id).where(waiting).order_by(c.due_at, c.id).limit(1).with_for_update(skip_locked=True)
        first = oldest.scalar_subquery()
        # All of it again: another process may have been faster between the two reads, and may have taken the item or
        # even ticked it off already (PostgreSQL looks at the row's newest version only here).
        take = outbox.update().where(c.id == first, waiting).values(leased_until=now + lease).returning(outbox)
        with self._database.transaction("lease") as connection:
            row = connection.execute(take).one_or_none()
        if row is None:
            return None
        return OutboxItem(
            row.id, row.idempotency_key, OutboxKind(row.kind), row.check_in_id, row.created_at, row.attempts
        )

    def done(self, item: OutboxItem, now: dt.datetime, error: str | None = None) -> None:
        """Tick it off. With ``error`` it was given up, for that reason."""
        self._finish(item, {"done_at": now, "leased_until": None, "last_error": error})

    def postpone(self, item: OutboxItem, due_at: dt.datetime, error: str) -> None:
        """It did not work; try again at ``due_at``."""
        self._finish(item, {"due_at": due_at, "leased_until": None, "last_error": error})

    def waiting(self, kinds: Collection[OutboxKind] = tuple(OutboxKind)) -> int:
        """How many items still wait."""
        c = outbox.c
        query = sa.select(sa.func.count()).where(c.kind.in_([kind.value for kind in kinds]), c.done_at.is_(None))
        with self._database.transaction("read") as connection:
            return connection.execute(query).scalar_one()

    def _finish(self, item: OutboxItem, values: dict[str, object]) -> None:
        with self._database.transaction("outbox") as connection:
            connection.execute(
                outbox.update().where(outbox.c.id == item.id).values(attempts=item.attempts + 1, **values)
            )
