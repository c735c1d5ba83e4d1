"""Entries and queues as rows, and back."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.service.queue.calling import Lane
from kiosk_ui.service.queue.entry import COUNTING, Entry, Standing, State
from kiosk_ui.service.queue.tables import queue_entry, queue_event, queue_lane

__all__ = [
    "CARRIED_OVER",
    "add_event",
    "at_work",
    "entries",
    "entry_by_key",
    "from_ms",
    "front",
    "insert_entry",
    "lanes",
    "locked_lanes",
    "put_entry",
    "put_lane",
    "to_ms",
]

CARRIED_OVER = dt.timedelta(hours=8)  # night duty waits on; what a day clinic leaves behind is gone by the morning
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def to_ms(moment: dt.datetime) -> int:
    """Whole milliseconds since 1970 of an aware moment."""
    return (moment - _EPOCH) // dt.timedelta(milliseconds=1)


def from_ms(milliseconds: int) -> dt.datetime:
    """The aware moment, in UTC."""
    return _EPOCH + dt.timedelta(milliseconds=milliseconds)


def _moment(milliseconds: int | None) -> dt.datetime | None:
    return None if milliseconds is None else from_ms(milliseconds)


def _entry(row: sa.RowMapping) -> Entry:
    return Entry(
        key=row["key"],
        label=row["label"],
        queue=row["queue"],
        priority=Priority(row["priority"]),
        standing=Standing(row["standing"]),
        place_at=from_ms(row["place_at"]),
        state=State(row["state"]),
        since=from_ms(row["since"]),
        turn_due=row["turn_due"],
        skips=row["skips"],
        calls=row["calls"],
        desk=row["desk"],
        called_at=_moment(row["called_at"]),
        announced_at=_moment(row["announced_at"]),
        served_at=_moment(row["served_at"]),
        twin=row["twin"],
        revision=row["revision"],
    )


def _columns(entry: Entry) -> dict[str, object]:
    columns: dict[str, object] = {}
    for field in dataclasses.fields(entry):
        value = getattr(entry, field.name)
        columns[field.name] = to_ms(value) if isinstance(value, dt.datetime) else value
    for name in ("priority", "standing", "state"):
        columns[name] = str(getattr(entry, name))
    return columns


def at_work(day: dt.date, now: dt.datetime) -> sa.ColumnElement[bool]:
    """Numbers that desks work on: the day's, and those of the day before that are still going on.

    Midnight sends nobody home. A kiosk whose clock is ahead may have drawn for tomorrow: that person is there today.

    Args:
        day: the hospital's present day.
        now: aware present moment.
    """
    c = queue_entry.c
    lately = c.since >= to_ms(now - CARRIED_OVER)
    one_day = dt.timedelta(days=1)
    return sa.or_(c.day.in_([day, day + one_day]), sa.and_(c.day == day - one_day, lately))


def entries(connection: sa.Connection, *conditions: sa.ColumnElement[bool], limit: int | None = None) -> list[Entry]:
    """Entries that meet ``conditions``."""
    found = connection.execute(sa.select(queue_entry).where(*conditions).limit(limit))
    return [_entry(row) for row in found.mappings()]


def front(connection: sa.Connection, those: sa.ColumnElement[bool], queue: str, count: int) -> list[Entry]:
    """All of one queue that can be among the next ``count`` calls, in any order: a long queue is not read whole.

    The first of each kind that wait, and everybody who comes back; :mod:`calling` decides among them.

    Args:
        connection: of any transaction.
        those: which numbers, as :func:`at_work` says.
        queue: its name.
        count: how many calls.
    """
    c = queue_entry.c
    here = (those, c.queue == queue)
    counts = sa.and_(c.priority != str(Priority.NONE), c.standing.in_([str(each) for each in COUNTING]))
    first = (c.place_at, c.label, c.key)
    emergencies_first = sa.case((c.priority == str(Priority.EMERGENCY), 0), else_=1)
    waiting = sa.select(queue_entry).where(*here, c.state == str(State.WAITING)).limit(count)
    returning = [str(State.SKIPPED), str(State.RETURNED)]
    return [
        _entry(row)
        for query in (
            waiting.where(counts).order_by(emergencies_first, *first),
            waiting.where(sa.not_(counts)).order_by(*first),
            sa.select(queue_entry).where(*here, c.state.in_(returning)),
        )
        for row in connection.execute(query).mappings()
    ]


def entry_by_key(
    connection: sa.Connection, key: str, *conditions: sa.ColumnElement[bool]
) -> tuple[Entry, dt.date] | None:
    """One entry with its day, or ``None`` if there is none that meets ``conditions``."""
    query = sa.select(queue_entry).where(queue_entry.c.key == key, *conditions)
    row = connection.execute(query).mappings().one_or_none()
    return None if row is None else (_entry(row), row["day"])


def insert_entry(connection: sa.Connection, entry: Entry, day: dt.date, *, kiosk: str, reference: str | None) -> None:
    """Add an entry. Raises ``IntegrityError`` if its key is there already."""
    connection.execute(queue_entry.insert().values(**_columns(entry), day=day, kiosk=kiosk, reference=reference))


def put_entry(connection: sa.Connection, entry: Entry) -> Entry:
    """Write a changed entry; returns it with its new revision."""
    changed = dataclasses.replace(entry, revision=entry.revision + 1)
    connection.execute(queue_entry.update().where(queue_entry.c.key == entry.key).values(**_columns(changed)))
    return changed


def lanes(connection: sa.Connection, day: dt.date, queues: Iterable[str], *, goes_on: bool = True) -> dict[str, Lane]:
    """What the queues remember of their day.

    Args:
        connection: of any transaction.
        day: which day.
        queues: their names.
        goes_on: a queue that has not begun counts on from the day before, for who was skipped before midnight.
    """
    names = sorted(queues)
    begin = day - dt.timedelta(days=1) if goes_on else day
    where = (queue_lane.c.day >= begin, queue_lane.c.day <= day, queue_lane.c.queue.in_(names))
    rows = connection.execute(sa.select(queue_lane).where(*where).order_by(queue_lane.c.day))
    found = {row.queue: Lane(row.turns, row.ordinary_run if row.day == day else None) for row in rows}
    return {name: found.get(name, Lane()) for name in names}


def locked_lanes(
    connection: sa.Connection, day: dt.date, queues: Sequence[str], *, lock: bool, goes_on: bool = True
) -> dict[str, Lane]:
    """The same, with rows that stay locked until the commit: who changes a queue has it alone.

    Args:
        connection: of a writing transaction.
        day: which day.
        queues: their names; always locked in the same order, so that two desks cannot wait for each other.
        lock: whether the database has several writers.
        goes_on: as for :func:`lanes`.
    """
    begun = lanes(connection, day, queues, goes_on=goes_on)
    for name in sorted(set(queues)):
        connection.execute(
            sa.text(
                "INSERT INTO queue_lane (day, queue, turns) VALUES (:day, :queue, :turns) ON CONFLICT DO NOTHING"
            ).bindparams(sa.bindparam("day", type_=sa.Date())),
            {"day": day, "queue": name, "turns": begun[name].turns},
        )
        if lock:
            row = sa.select(queue_lane.c.turns).where(queue_lane.c.day == day, queue_lane.c.queue == name)
            connection.execute(row.with_for_update())
    return lanes(connection, day, queues, goes_on=goes_on)


def put_lane(connection: sa.Connection, day: dt.date, queue: str, lane: Lane) -> None:
    """Write what a queue remembers."""
    where = (queue_lane.c.day == day, queue_lane.c.queue == queue)
    connection.execute(queue_lane.update().where(*where).values(turns=lane.turns, ordinary_run=lane.ordinary_run))


def add_event(connection: sa.Connection, *, day: dt.date, key: str, action: str, desk: str, at: dt.datetime) -> None:
    """Note who did what."""
    connection.execute(queue_event.insert().values(day=day, key=key, action=action, desk=desk, at=to_ms(at)))
