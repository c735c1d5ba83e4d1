"""What others see of the queues: the hall, a desk, a kiosk. Labels and times only; kept for a moment, as many look."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

import sqlalchemy as sa

from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.service.queue import holders, rows
from kiosk_ui.service.queue.book import Desk, QueueBook
from kiosk_ui.service.queue.calling import merged, upcoming
from kiosk_ui.service.queue.entry import COUNTER_QUEUE, COUNTING, Action, Entry, Standing, State
from kiosk_ui.service.queue.holders import HolderMark
from kiosk_ui.service.queue.tables import queue_entry, queue_event
from kiosk_ui.service.queue.waiting import WINDOW, WaitRange, calls_before, expected_wait
from reader.verification.identity import HolderChecked

__all__ = ["Announcement", "DeskView", "HallView", "QueueView", "Views"]

_T = TypeVar("_T")
_KEPT_S = 1.0  # several services on one database: another's change is seen after a second at the latest
_LAST_CALLED = 6
_NEXT_SHOWN = 6
_MOST_HALLS = 32
_ROWS_SHOWN = 12
_DESK_IS_AT_WORK = dt.timedelta(minutes=30)
_IN_QUEUE = (State.WAITING, State.SKIPPED, State.RETURNED)
_SLIP_OF_THE_FINGER_S = 10  # nobody is seen in less: it was ended by mistake


@dataclasses.dataclass(frozen=True, slots=True)
class Announcement:
    """One call, as the hall hears it. ``id`` changes with each call, also of the same number."""

    id: str
    label: str
    desk: str
    at: dt.datetime
    is_current: bool


@dataclasses.dataclass(frozen=True, slots=True)
class HallView:
    """What the call screen shows: the last calls, the newest first, and who is next."""

    calls: tuple[Announcement, ...]
    following: tuple[str, ...]


@dataclasses.dataclass(frozen=True, slots=True)
class QueueView:
    """One queue in numbers. ``wait`` is for an ordinary person who joins now, ``wait_prioritised`` for one with a
    priority; ``None`` while nobody can say."""

    queue: str
    waiting: int
    wait: WaitRange | None
    wait_prioritised: WaitRange | None


@dataclasses.dataclass(frozen=True, slots=True)
class DeskView:
    """What a desk's panel shows.

    Attributes:
        current: what the desk is at.
        following: who comes next, in the order in which they will be called.
        asked: waiting numbers whose priority staff have to look at.
        skipped: nobody came.
        held: kept aside.
        done: served or left lately, to be put back.
        waiting: all who wait.
        holder: whether anybody compared the person whom the desk is at with the photo; ``None``: there is no check-in
            behind the number that could be told.
        stranded: called at a desk that is no more; this one may end them.
    """

    current: Entry | None
    following: tuple[Entry, ...]
    asked: tuple[Entry, ...]
    skipped: tuple[Entry, ...]
    held: tuple[Entry, ...]
    done: tuple[Entry, ...]
    waiting: int
    holder: HolderChecked | None = None
    stranded: tuple[Entry, ...] = ()


class Views:
    """Reads views of a book.

    Args:
        book: whose.
        monotonic: seconds that only grow.
    """

    def __init__(self, book: QueueBook, monotonic: Callable[[], float]) -> None:
        self._book = book
        self._monotonic = monotonic
        self._kept: dict[tuple[str, ...], tuple[int, float, HallView]] = {}
        self._lock = threading.Lock()

    def hall(self, queues: Sequence[str]) -> HallView:
        """The call screen of a hall in which these queues are called. Raises ``StoreError``."""
        wanted = tuple(sorted(set(queues)))
        with self._lock:  # many screens ask at once, one looks
            changes, now = self._book.changes, self._monotonic()
            kept = self._kept.get(wanted)
            if kept is not None and kept[0] == changes and 0 <= now - kept[1] < _KEPT_S:
                return kept[2]
            view = self._read_hall(wanted)
            # Whoever asks for every choice of queues there is may not fill the memory.
            self._kept.pop(wanted, None)
            while len(self._kept) >= _MOST_HALLS:
                del self._kept[next(iter(self._kept))]
            self._kept[wanted] = (changes, now, view)
            return view

    def _read_hall(self, queues: Sequence[str]) -> HallView:
        book = self._book
        day, now = book.today, book.clock.now()
        of_day = (rows.at_work(day, now), queue_entry.c.queue.in_(queues))
        shown = [str(each) for each in (State.CALLED, State.SERVED, State.SKIPPED)]
        with book.database.read() as connection:
            last = (
                sa.select(queue_entry.c.key)
                .where(*of_day, queue_entry.c.announced_at.is_not(None), queue_entry.c.state.in_(shown))
                .order_by(queue_entry.c.announced_at.desc(), queue_entry.c.label)
                .limit(_LAST_CALLED)
            )
            called = rows.entries(connection, queue_entry.c.key.in_(last.scalar_subquery()))
            following = self._following(connection, queues, day, now, _NEXT_SHOWN)
        calls = [_announcement(each) for each in called]
        calls.sort(key=lambda each: (-each.at.timestamp(), each.label))
        return HallView(tuple(calls), tuple(each.label for each in following))

    def desk(self, desk: Desk) -> DeskView:
        """A desk's panel. Raises ``StoreError``."""
        book = self._book
        day, now = book.today, book.clock.now()
        at_work = rows.at_work(day, now)
        of_day = (at_work, queue_entry.c.queue.in_(desk.queues))
        with book.database.read() as connection:
            following = self._following(connection, desk.queues, day, now, _ROWS_SHOWN)

            def those(*conditions: sa.ColumnElement[bool]) -> list[Entry]:
                return rows.entries(connection, *of_day, *conditions)

            # Whatever queue it is from: the settings may have taken it from this desk since it was called.
            called_here = (queue_entry.c.state == str(State.CALLED), queue_entry.c.desk == desk.code)
            current = rows.entries(connection, at_work, *called_here)
            asked = those(
                queue_entry.c.standing == str(Standing.ASKED),
                queue_entry.c.state.in_([*map(str, _IN_QUEUE), str(State.HELD)]),
            )
            skipped = those(queue_entry.c.state == str(State.SKIPPED))
            held = those(queue_entry.c.state == str(State.HELD))
            called = those(queue_entry.c.state == str(State.CALLED))
            holder = holders.of(connection, [current[0].key]).get(current[0].key) if current else None
            done = self._lately_done(connection, desk, at_work)
            waiting = connection.execute(
                sa.select(sa.func.count()).where(*of_day, queue_entry.c.state.in_([*map(str, _IN_QUEUE)]))
            ).scalar_one()
        return DeskView(
            current=current[0] if current else None,
            following=tuple(following),
            asked=tuple(sorted(asked, key=lambda each: each.place_at)),
            skipped=tuple(sorted(skipped, key=lambda each: each.since)),
            held=tuple(sorted(held, key=lambda each: each.since)),
            done=tuple(done),
            waiting=waiting,
            holder=holder,
            stranded=tuple(each for each in called if book.is_stranded(each)),
        )

    def holder_marks(self, kiosk: str, kiosk_day: dt.date) -> list[HolderMark]:
        """What desks said about a kiosk's numbers of its own day. Raises ``StoreError``."""
        with self._book.database.read() as connection:
            return holders.marks(connection, kiosk, kiosk_day)

    @staticmethod
    def _lately_done(connection: sa.Connection, desk: Desk, at_work: sa.ColumnElement[bool]) -> list[Entry]:
        done = (
            sa.select(queue_entry.c.key)
            .where(
                at_work,
                queue_entry.c.queue.in_(desk.queues),
                queue_entry.c.state.in_([str(State.SERVED), str(State.LEFT)]),
            )
            .order_by(queue_entry.c.since.desc())
            .limit(_ROWS_SHOWN)
        )
        found = rows.entries(connection, queue_entry.c.key.in_(done.scalar_subquery()))
        return sorted(found, key=lambda each: each.since, reverse=True)

    def queues(self, day: dt.date) -> list[QueueView]:
        """Each queue of a day in numbers: the departments in their order, then the counter. Raises ``StoreError``."""
        names = [*self._book.departments, COUNTER_QUEUE]
        with self._book.database.read() as connection:
            counts = self._counts(connection, day)
            return [self._queue(connection, day, name, counts.get(name, (0, 0))) for name in names]

    def queue(self, day: dt.date, name: str) -> QueueView:
        """One queue of a day in numbers. Raises ``StoreError``."""
        with self._book.database.read() as connection:
            return self._queue(connection, day, name, self._counts(connection, day).get(name, (0, 0)))

    # ------------------------------------------------------------------------------------------------
    def _following(
        self, connection: sa.Connection, queues: Sequence[str], day: dt.date, now: dt.datetime, count: int
    ) -> list[Entry]:
        rule = self._book.rule
        lanes = rows.lanes(connection, day, queues)
        those = rows.at_work(day, now)
        orders = [
            upcoming(rows.front(connection, those, name, count), lanes[name], rule, now, count) for name in queues
        ]
        return merged(orders, count)

    def _of_day(self, day: dt.date) -> sa.ColumnElement[bool]:
        book = self._book
        return rows.at_work(day, book.clock.now()) if day == book.today else queue_entry.c.day == day

    def _counts(self, connection: sa.Connection, day: dt.date) -> Mapping[str, tuple[int, int]]:
        """For each queue how many wait with a priority that counts, and how many without."""
        columns = (queue_entry.c.queue, queue_entry.c.priority, queue_entry.c.standing)
        where = (self._of_day(day), queue_entry.c.state.in_([*map(str, _IN_QUEUE)]))
        counts: dict[str, tuple[int, int]] = {}
        for queue, priority, standing, number in connection.execute(
            sa.select(*columns, sa.func.count()).where(*where).group_by(*columns)
        ):
            counting = priority != str(Priority.NONE) and Standing(standing) in COUNTING
            first, ordinary = counts.get(queue, (0, 0))
            counts[queue] = (first + number, ordinary) if counting else (first, ordinary + number)
        return counts

    def _queue(self, connection: sa.Connection, day: dt.date, name: str, counts: tuple[int, int]) -> QueueView:
        served = self._served(connection, day, name)
        desks, share = self._desks_at_work(connection, name)
        first, ordinary = counts
        waits = [
            expected_wait(served, calls_before(prioritised, first, ordinary, self._book.rule), desks, share)
            for prioritised in (False, True)
        ]
        return QueueView(name, first + ordinary, waits[0], waits[1])

    def _served(self, connection: sa.Connection, day: dt.date, name: str) -> list[dt.timedelta]:
        took = queue_entry.c.served_at - queue_entry.c.called_at
        query = (
            sa.select(took)
            .where(
                self._of_day(day),
                queue_entry.c.queue == name,
                queue_entry.c.state == str(State.SERVED),
                took >= _SLIP_OF_THE_FINGER_S * 1000,
            )
            .order_by(queue_entry.c.served_at.desc())
            .limit(WINDOW)
        )
        return [dt.timedelta(milliseconds=each) for each in reversed(connection.execute(query).scalars().all())]

    def _desks_at_work(self, connection: sa.Connection, name: str) -> tuple[int, float]:
        """How many desks call for a queue, and how many they are worth by the share of their calls that goes to it."""
        since, today = self._book.clock.now() - _DESK_IS_AT_WORK, self._book.today
        for_it = sa.func.sum(sa.case((queue_entry.c.queue == name, 1), else_=0))
        query = (
            sa.select(for_it, sa.func.count())
            .join_from(queue_event, queue_entry, queue_event.c.key == queue_entry.c.key)
            .where(
                queue_event.c.day.in_([today - dt.timedelta(days=1), today]),
                queue_event.c.action == str(Action.CALL),
                queue_event.c.at >= rows.to_ms(since),
            )
            .group_by(queue_event.c.desk)
        )
        shares = [int(calls) / int(every) for calls, every in connection.execute(query) if calls]
        return len(shares), sum(shares)


def _announcement(entry: Entry) -> Announcement:
    at = entry.announced_at or entry.since
    return Announcement(
        id=f"{entry.label}-{rows.to_ms(at)}",
        label=entry.label,
        desk=entry.desk or "",
        at=at,
        is_current=entry.state is State.CALLED,
    )
