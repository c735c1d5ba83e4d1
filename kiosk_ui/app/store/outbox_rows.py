"""The outbox in the database: what has still to be told to others about a check-in.

A row is written in the transaction of the check-in, so that neither can exist without the other. It names the check-in
and holds no personal data of its own: what is told is put together from the sealed record when it is told.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import uuid
from collections.abc import Collection

import sqlalchemy as sa

from kiosk_ui.app.store.database import Database
from kiosk_ui.app.store.schema import check_in, outbox

__all__ = ["OutboxCounts", "OutboxItem", "OutboxKind", "OutboxState", "OutboxStore", "ParkedItem", "add"]


class OutboxKind(enum.StrEnum):
    """What is to be told. Kinds that nobody handles wait."""

    INSURANCE_CHECK = "insurance_check"
    HAND_OVER = "hand_over"
    QUEUE = "queue"


class OutboxState(enum.StrEnum):
    """Where an item stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    PARKED = "parked"  # given up: staff see it, and may have it tried again


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


@dataclasses.dataclass(frozen=True, slots=True)
class ParkedItem:
    """Something that was given up.

    Attributes:
        queue_label: number of the ticket that it is about.
        reason: stable name of the last error.
    """

    id: uuid.UUID
    kind: OutboxKind
    check_in_id: uuid.UUID
    queue_label: str
    created_at: dt.datetime
    attempts: int
    reason: str


@dataclasses.dataclass(frozen=True, slots=True)
class OutboxCounts:
    """How the outbox stands.

    Attributes:
        waiting: items that are still to be delivered.
        parked: items that were given up.
        oldest_age: how long the oldest of the waiting has waited; ``None`` if none waits. Never negative.
    """

    waiting: int
    parked: int
    oldest_age: dt.timedelta | None


def add(connection: sa.Connection, kind: OutboxKind, check_in_id: uuid.UUID, at: dt.datetime) -> None:
    """Write one row, due at once, in the caller's transaction. It is told after all earlier ones of its kind."""
    c = outbox.c
    newest = sa.select(sa.func.max(c.sequence)).where(c.check_in_id == check_in_id, c.kind == kind.value)
    sequence = (connection.execute(newest).scalar_one_or_none() or 0) + 1
    again = "" if sequence == 1 else f":{sequence}"
    connection.execute(
        outbox.insert().values(
            id=uuid.uuid4(),
            idempotency_key=f"{kind.value}:{check_in_id}{again}",
            kind=kind.value,
            check_in_id=check_in_id,
            created_at=at,
            due_at=at,
            attempts=0,
            state=OutboxState.WAITING.value,
            sequence=sequence,
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
        while the clock ran ahead: it counts as over, or the item would wait for years. Items of one kind about one
        check-in are told in the order in which they were written.
        """
        c = outbox.c
        free = sa.or_(c.leased_until.is_(None), c.leased_until <= now, c.leased_until > now + 2 * lease)
        due = c.due_at <= now
        if longest_pause != dt.timedelta.max:
            due = sa.or_(due, c.due_at > now + 2 * longest_pause)
        # A table of its own, so that the row's own turn is looked at also where it is taken.
        earlier = outbox.alias("earlier")
        turn = sa.not_(
            sa.exists().where(
                earlier.c.check_in_id == c.check_in_id,
                earlier.c.kind == c.kind,
                earlier.c.sequence < c.sequence,
                earlier.c.state == OutboxState.WAITING.value,
            )
        )
        mine = c.kind.in_([kind.value for kind in kinds])
        waiting = sa.and_(c.state == OutboxState.WAITING.value, mine, due, free, turn)
        # PostgreSQL passes over what another kiosk is taking at this moment; SQLite has one writer at a time anyway.
        oldest = sa.select(c.id).where(waiting).order_by(c.due_at, c.id).limit(1)
        first = oldest.with_for_update(skip_locked=True, of=outbox).scalar_subquery()
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
        """Tick it off. With ``error`` it was given up, for that reason, and is parked."""
        state = OutboxState.DELIVERED if error is None else OutboxState.PARKED
        self._finish(item, {"done_at": now, "leased_until": None, "last_error": error, "state": state.value})

    def postpone(self, item: OutboxItem, due_at: dt.datetime, error: str) -> None:
        """It did not work; try again at ``due_at``."""
        self._finish(item, {"due_at": due_at, "leased_until": None, "last_error": error})

    def waiting(self, kinds: Collection[OutboxKind] = tuple(OutboxKind)) -> int:
        """How many items still wait."""
        return self.counts(kinds=kinds).waiting

    def counts(self, now: dt.datetime | None = None, kinds: Collection[OutboxKind] = tuple(OutboxKind)) -> OutboxCounts:
        """How many wait, how many were given up, how long the oldest has waited at ``now`` (the present by default)."""
        c = outbox.c
        mine = c.kind.in_([kind.value for kind in kinds])
        query = sa.select(c.state, sa.func.count(), sa.func.min(c.created_at)).where(mine).group_by(c.state)
        with self._database.transaction("read") as connection:
            found = {state: (number, oldest) for state, number, oldest in connection.execute(query)}
        waiting, oldest = found.get(OutboxState.WAITING.value, (0, None))
        parked, _ = found.get(OutboxState.PARKED.value, (0, None))
        moment = now or dt.datetime.now(dt.UTC)
        return OutboxCounts(waiting, parked, None if oldest is None else max(dt.timedelta(), moment - oldest))

    def parked(self, limit: int = 100) -> list[ParkedItem]:
        """What was given up, newest first."""
        c = outbox.c
        query = (
            sa.select(c.id, c.kind, c.check_in_id, check_in.c.queue_label, c.created_at, c.attempts, c.last_error)
            .join_from(outbox, check_in)
            .where(c.state == OutboxState.PARKED.value)
            .order_by(c.created_at.desc(), c.id)
            .limit(limit)
        )
        with self._database.transaction("read") as connection:
            rows = connection.execute(query).all()
        return [ParkedItem(row[0], OutboxKind(row[1]), *row[2:]) for row in rows]

    def try_again(self, now: dt.datetime, *, parked: bool = True) -> int:
        """Have everything that waits tried at once, and what was given up too unless ``parked`` is false.

        Returns how many items that are. Items about deleted personal data stay where they are.
        """
        c = outbox.c
        states = [OutboxState.WAITING.value, *([OutboxState.PARKED.value] if parked else [])]
        gone = "store.personal_data_gone"
        again = {"state": OutboxState.WAITING.value, "due_at": now, "done_at": None, "attempts": 0}
        chosen = sa.and_(c.state.in_(states), sa.or_(c.last_error.is_(None), c.last_error != gone))
        with self._database.transaction("outbox") as connection:
            return connection.execute(outbox.update().where(chosen).values(**again)).rowcount

    def _finish(self, item: OutboxItem, values: dict[str, object]) -> None:
        with self._database.transaction("outbox") as connection:
            connection.execute(
                outbox.update().where(outbox.c.id == item.id).values(attempts=item.attempts + 1, **values)
            )
