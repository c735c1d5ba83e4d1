"""What is learned of a check-in after it was stored, and that the hospital system is told of it again."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa

from kiosk_ui.app.store import outbox_rows
from kiosk_ui.app.store.outbox_rows import OutboxKind, OutboxState
from kiosk_ui.app.store.schema import check_in, outbox
from reader.verification.identity import HolderChecked

__all__ = ["mark_holder", "tell_again"]


def tell_again(connection: sa.Connection, check_in_id: uuid.UUID, at: dt.datetime) -> None:
    """Have a check-in handed over once more, in the caller's transaction.

    Not if it is still to be handed over: what is told is put together when it is told. A hand-over that is under way at
    this moment may have read the record before, so that it does not count.
    """
    c = outbox.c
    still_to_come = (
        sa.select(c.id)
        .where(
            c.check_in_id == check_in_id,
            c.kind == OutboxKind.HAND_OVER.value,
            c.state == OutboxState.WAITING.value,
            c.leased_until.is_(None),
        )
        .limit(1)
        .with_for_update()  # PostgreSQL: nobody takes it before our change can be seen
    )
    if connection.execute(still_to_come).one_or_none() is None:
        outbox_rows.add(connection, OutboxKind.HAND_OVER, check_in_id, at)


def mark_holder(connection: sa.Connection, day: dt.date, label: str, checked: HolderChecked) -> uuid.UUID | None:
    """Write down what a desk said of the person with a number; returns whose it is if that is news.

    What a matcher compared stays as it is. A number that two check-ins of the day have is nobody's: a mark on the wrong
    record would vouch for a stranger. Nor does a mark count before the queue service has our ticket: it is about the
    number of that name in a store that was lost, and once the ticket is there the service knows of both.
    """
    c, told = check_in.c, outbox.c
    is_told = sa.exists().where(
        told.check_in_id == c.id, told.kind == OutboxKind.QUEUE.value, told.state == OutboxState.DELIVERED.value
    )
    query = sa.select(c.id, c.holder_checked).where(c.day == day, c.queue_label == label, is_told)
    rows = connection.execute(query).all()
    if len(rows) != 1 or rows[0].holder_checked in (checked.value, HolderChecked.MATCHER.value):
        return None
    check_in_id: uuid.UUID = rows[0].id
    connection.execute(check_in.update().where(c.id == check_in_id), {"holder_checked": checked.value})
    return check_in_id
