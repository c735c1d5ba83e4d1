"""The queues as they are kept: taking numbers in, calling them, and what staff do with them. One transaction each.

Whoever changes a queue holds its row in ``queue_lane`` until the commit, so that no number is called twice.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import secrets
from collections.abc import Collection, Mapping, Sequence

import sqlalchemy as sa

from kiosk_ui.app.domain.check_in import TicketKind, queue_label, reference_of
from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.failures import (
    QUEUE_ACTION_NOT_ALLOWED,
    QUEUE_ENTRY_CHANGED,
    QUEUE_ENTRY_UNKNOWN,
    QUEUE_TICKET_CONFLICT,
    QUEUE_TICKET_UNUSABLE,
    STORE_BUSY,
    QueueError,
    StoreError,
)
from kiosk_ui.app.ports import Clock
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.service.queue import holders, rows
from kiosk_ui.service.queue.arrival import neighbours, place_of, sequence_of
from kiosk_ui.service.queue.calling import CallingRule, after_action, after_call, best, choose
from kiosk_ui.service.queue.database import QueueDatabase
from kiosk_ui.service.queue.entry import COUNTER_QUEUE, Action, Entry, Standing, State, allowed, standing_of
from kiosk_ui.service.queue.tables import queue_entry, queue_event, queue_lane, queue_told
from kiosk_ui.service.queue.ticket import Admitted, Desk, NewTicket
from reader.verification.identity import HolderChecked

__all__ = ["Admitted", "Desk", "NewTicket", "QueueBook"]

_TRIES = 5
_EMERGENCY_PREFIX = "CC"  # cấp cứu; two letters, so that it is no department's


class QueueBook:
    """Everything that changes a queue.

    Args:
        database: the queue's own.
        pseudonyms: turns check-ins and references into keys.
        departments: the hospital's.
        rule: who is called next.
        clock: tells the time.
        zone: the hospital's own time.
        days_kept: whole days that are kept beside today.
        desks: codes of the hospital's desks; ``None``: every code is one. What was called at a desk that is no more is
            ended by the others.
    """

    def __init__(
        self,
        database: QueueDatabase,
        pseudonyms: Pseudonyms,
        departments: Sequence[Department],
        rule: CallingRule,
        clock: Clock,
        zone: dt.tzinfo,
        days_kept: int = 2,
        desks: Collection[str] | None = None,
    ) -> None:
        self.database = database
        self.rule = rule
        self.departments: Mapping[str, Department] = {each.code: each for each in departments}
        self.clock = clock
        self._pseudonyms = pseudonyms
        self._zone = zone
        self._days_kept = days_kept
        self._desks = None if desks is None else frozenset(desks)
        self.changes = 0  # grows with each change made here: views that are kept know when they are old

    @property
    def today(self) -> dt.date:
        """The hospital's calendar day."""
        return self.clock.now().astimezone(self._zone).date()

    @property
    def utc_offset_minutes(self) -> int:
        """Of the hospital's own time."""
        offset = self._zone.utcoffset(self.clock.now())
        return 0 if offset is None else offset // dt.timedelta(minutes=1)

    def look(self) -> None:
        """Look whether the store answers. Raises ``StoreError``."""
        with self.database.read() as connection:
            rows.lanes(connection, self.today, [])

    # ------------------------------------------------------------------------------------- kiosks
    def admit(self, ticket: NewTicket, kiosk: str) -> Admitted:
        """Put a ticket into its queue. The same ticket may come any number of times.

        Args:
            ticket: what was sent.
            kiosk: who sent it.

        Raises:
            QueueError: ``queue.ticket_unusable`` for a department that the hospital has not, or a day that is not kept;
                ``queue.ticket_conflict`` if the check-in has another number already.
            StoreError: ``store.unavailable``, ``store.busy``.
        """
        queue = self._queue_of(ticket)
        key = self._pseudonyms.of(str(ticket.check_in_id), "queue ticket")
        for _ in range(_TRIES):
            try:
                with self.database.write() as connection:
                    admitted = self._admit(connection, ticket, key, queue, kiosk)
            except sa.exc.IntegrityError:
                continue  # the same ticket at the same moment by another way: next time it is there
            if admitted.is_new:
                self.changes += 1
            return admitted
        raise StoreError(STORE_BUSY)

    def _queue_of(self, ticket: NewTicket) -> str:
        if ticket.kind is TicketKind.COUNTER:
            return COUNTER_QUEUE
        if ticket.department not in self.departments:
            raise QueueError(QUEUE_TICKET_UNUSABLE, field="department")
        return ticket.department

    def _admit(self, connection: sa.Connection, ticket: NewTicket, key: str, queue: str, kiosk: str) -> Admitted:
        there = rows.entry_by_key(connection, key)
        if there is not None:
            entry, day = there
            if (entry.queue, entry.label) != (queue, ticket.label):
                raise QueueError(QUEUE_TICKET_CONFLICT)
            return Admitted(entry, is_new=False, day=day)
        now, today = self.clock.now(), self.today
        day, place = self._day_and_place(connection, ticket, queue, kiosk, now)
        if not -1 <= (today - day).days <= self._days_kept:
            raise QueueError(QUEUE_TICKET_UNUSABLE, field="day")
        # Two people with one number would both come when it is called. Nobody is turned away for a wrong setting of a
        # kiosk: both wait, and the panel says that there are two.
        those = rows.at_work(today, now) if day == today else queue_entry.c.day == day
        same = (those, queue_entry.c.label == ticket.label)
        twins = connection.execute(queue_entry.update().where(*same).values(twin=True)).rowcount > 0
        entry = Entry(
            key=key,
            label=ticket.label,
            queue=queue,
            priority=ticket.priority,
            standing=standing_of(ticket.priority),
            place_at=place,
            state=State.WAITING,
            since=now if day >= today else place,  # what arrives from yesterday waits only if it is from late
            twin=twins,
        )
        reference = self._reference(reference_of(ticket.check_in_id)) if queue == COUNTER_QUEUE else None
        rows.insert_entry(connection, entry, day, kiosk=kiosk, reference=reference)
        if ticket.sent_at is not None or ticket.holder_checked is not None:
            told = {"kiosk": kiosk, "kiosk_day": ticket.day, "holder": ticket.holder_checked or HolderChecked.NONE}
            holders.insert(connection, key, day, ticket.label, told)
        return Admitted(entry, is_new=True, day=day)

    def _day_and_place(
        self, connection: sa.Connection, ticket: NewTicket, queue: str, kiosk: str, now: dt.datetime
    ) -> tuple[dt.date, dt.datetime]:
        """The service's clock decides the day of the queue for everything that says how long it was under way."""
        sequence = sequence_of(ticket.label)
        near = neighbours(connection, kiosk=kiosk, kiosk_day=ticket.day, queue=queue, sequence=sequence)
        is_of_today = ticket.day >= self.today
        place = place_of(ticket.issued_at, ticket.sent_at, now, near, of_today=is_of_today)
        return (ticket.day if ticket.sent_at is None else place.astimezone(self._zone).date()), place

    def _reference(self, reference: str) -> str:
        return self._pseudonyms.of(reference, "queue reference")

    # -------------------------------------------------------------------------------------- staff
    def call_next(self, desk: Desk, current: str | None) -> Entry | None:
        """End what the desk is at as served, and call whoever is next.

        Args:
            desk: who calls.
            current: key of the number that the desk's screen shows as called now; ``None`` if it shows none. A
                button pressed twice is noticed by it.

        Returns:
            Who was called, or ``None`` if nobody waits.

        Raises:
            QueueError: ``queue.entry_changed``.
            StoreError: ``store.unavailable``.
        """
        with self.database.write() as connection:
            day, now = self.today, self.clock.now()
            lanes = rows.locked_lanes(connection, day, desk.queues, lock=self.database.locks_rows)
            self._end_current(connection, desk, current, day, now)
            candidates = [
                choose(rows.front(connection, rows.at_work(day, now), name, 1), lane, self.rule, now)
                for name, lane in lanes.items()
            ]
            chosen = best(each for each in candidates if each is not None)
            called = None
            if chosen is not None:
                called = self._call(connection, desk, chosen.entry, day, now)
        self.changes += 1
        return called

    def call_one(self, desk: Desk, key: str, revision: int, current: str | None) -> Entry:
        """Call a number out of turn; what the desk is at ends as served.

        Raises:
            QueueError: ``queue.entry_unknown``, ``queue.entry_changed``, ``queue.action_not_allowed``.
            StoreError: ``store.unavailable``.
        """
        with self.database.write() as connection:
            day, now = self.today, self.clock.now()
            rows.locked_lanes(connection, day, desk.queues, lock=self.database.locks_rows)
            entry = self._found(connection, desk, key, revision, day)
            _require(entry, Action.CALL)
            self._end_current(connection, desk, current, day, now)
            called = self._call(connection, desk, entry, day, now)
        self.changes += 1
        return called

    def act(self, desk: Desk, key: str, action: Action, revision: int) -> Entry:
        """Do ``action`` (all but ``call``) with one number.

        Args:
            desk: who does it.
            key: the number's.
            action: what to do.
            revision: of the number as the desk's screen shows it.

        Raises:
            QueueError: ``queue.entry_unknown``, ``queue.entry_changed``, ``queue.action_not_allowed``.
            StoreError: ``store.unavailable``.
        """
        with self.database.write() as connection:
            day, now = self.today, self.clock.now()
            lanes = rows.locked_lanes(connection, day, desk.queues, lock=self.database.locks_rows)
            entry = self._found(connection, desk, key, revision, day)
            if action is Action.CALL:
                raise QueueError(QUEUE_ACTION_NOT_ALLOWED)
            _require(entry, action)
            if entry.state is State.CALLED and entry.desk != desk.code and not self.is_stranded(entry):
                raise QueueError(QUEUE_ACTION_NOT_ALLOWED)  # it is another desk's at this moment
            if entry.queue not in lanes:  # called before the settings took the queue from this desk
                lanes = rows.lanes(connection, day, [entry.queue])
            changed = after_action(entry, action, lanes[entry.queue].turns, self.rule, now)
            if action is Action.CALL_AGAIN:
                changed = dataclasses.replace(changed, announced_at=self._announced(connection, day, now))
            changed = rows.put_entry(connection, changed)
            rows.add_event(connection, day=day, key=key, action=str(action), desk=desk.code, at=now)
        self.changes += 1
        return changed

    def set_priority(self, desk: Desk, key: str, priority: Priority, standing: Standing, revision: int) -> Entry:
        """Confirm or decline what was asked for, or give a priority.

        Raises:
            QueueError: ``queue.entry_unknown``, ``queue.entry_changed``; ``queue.action_not_allowed`` for a standing
                that is no decision, and for a number that is done.
            StoreError: ``store.unavailable``.
        """
        if standing is Standing.ASKED:
            raise QueueError(QUEUE_ACTION_NOT_ALLOWED)
        with self.database.write() as connection:
            day, now = self.today, self.clock.now()
            rows.locked_lanes(connection, day, desk.queues, lock=self.database.locks_rows)
            entry = self._found(connection, desk, key, revision, day)
            if entry.state in (State.SERVED, State.LEFT):
                raise QueueError(QUEUE_ACTION_NOT_ALLOWED)
            changed = rows.put_entry(connection, dataclasses.replace(entry, priority=priority, standing=standing))
            action = f"priority {standing}"
            rows.add_event(connection, day=day, key=key, action=action, desk=desk.code, at=now)
        self.changes += 1
        return changed

    def add_emergency(self, desk: Desk, queue: str) -> Entry:
        """A person without a ticket who goes before everybody: gets a number ``CC…`` of its own.

        Raises:
            QueueError: ``queue.entry_unknown`` for a queue that is not the desk's.
            StoreError: ``store.unavailable``.
        """
        if queue not in desk.queues:
            raise QueueError(QUEUE_ENTRY_UNKNOWN)
        with self.database.write() as connection:
            day, now = self.today, self.clock.now()
            # One counter for the whole hospital, kept in a lane of its own that no desk calls from.
            lock = self.database.locks_rows
            lane = rows.locked_lanes(connection, day, [_EMERGENCY_PREFIX], lock=lock, goes_on=False)
            counted = dataclasses.replace(lane[_EMERGENCY_PREFIX], turns=lane[_EMERGENCY_PREFIX].turns + 1)
            rows.put_lane(connection, day, _EMERGENCY_PREFIX, counted)
            entry = Entry(
                key=secrets.token_hex(16),
                label=queue_label(_EMERGENCY_PREFIX, counted.turns),
                queue=queue,
                priority=Priority.EMERGENCY,
                standing=Standing.SETTLED,
                place_at=now,
                state=State.WAITING,
                since=now,
            )
            rows.insert_entry(connection, entry, day, kiosk=f"desk {desk.code}"[:60], reference=None)
            rows.add_event(connection, day=day, key=entry.key, action="emergency", desk=desk.code, at=now)
        self.changes += 1
        return entry

    def find(self, desk: Desk, text: str) -> list[Entry]:
        """Numbers at work in the desk's queues with this label, or with this slip's reference.

        Args:
            desk: who asks.
            text: as typed or scanned; blanks, hyphens and small letters do not matter.
        """
        wanted = "".join(text.upper().split()).replace("-", "")
        reference = self._reference(wanted.translate(str.maketrans("ILO", "110")))  # Crockford's look-alikes
        where = (
            rows.at_work(self.today, self.clock.now()),
            queue_entry.c.queue.in_(desk.queues),
            sa.or_(queue_entry.c.label == wanted, queue_entry.c.reference == reference),
        )
        with self.database.read() as connection:
            return rows.entries(connection, *where, limit=10)

    def purge(self) -> int:
        """Delete the days that are no longer kept; returns how many numbers went."""
        # What is still at work after midnight stays, however few days are kept.
        still_at_work = (self.clock.now() - rows.CARRIED_OVER).astimezone(self._zone).date()
        oldest = min(self.today - dt.timedelta(days=self._days_kept), still_at_work)
        with self.database.write() as connection:
            gone = connection.execute(queue_entry.delete().where(queue_entry.c.day < oldest)).rowcount
            connection.execute(queue_event.delete().where(queue_event.c.day < oldest))
            connection.execute(queue_told.delete().where(queue_told.c.day < oldest))
            connection.execute(queue_lane.delete().where(queue_lane.c.day < oldest))
        self.changes += 1
        return gone

    # ------------------------------------------------------------------------------------------------
    def is_stranded(self, entry: Entry) -> bool:
        """Whether it was called at a desk that the settings have no more, so that nobody there can end it."""
        return entry.state is State.CALLED and self._desks is not None and entry.desk not in self._desks

    def set_holder(self, desk: Desk, key: str, revision: int, checked: HolderChecked) -> HolderChecked:
        """Note that staff compared the person who is called with the photo, or take that back.

        Args:
            desk: who did it.
            key: the number's, which the desk is at.
            revision: of the number as the desk's screen shows it.
            checked: ``staff``, or ``none`` for a slip of the finger.

        Raises:
            QueueError: ``queue.entry_unknown``, ``queue.entry_changed``; ``queue.action_not_allowed`` for a number that
                the desk is not at, that came without a check-in, or that a matcher has compared.
            StoreError: ``store.unavailable``.
        """
        with self.database.write() as connection:
            day, now = self.today, self.clock.now()
            entry = self._found(connection, desk, key, revision, day)
            before = holders.of(connection, [key]).get(key)
            is_here = entry.state is State.CALLED and entry.desk == desk.code
            if not is_here or before in (None, HolderChecked.MATCHER) or checked is HolderChecked.MATCHER:
                raise QueueError(QUEUE_ACTION_NOT_ALLOWED)
            if before is not checked:
                holders.put(connection, key, checked, now)
                rows.add_event(connection, day=day, key=key, action=f"holder {checked}", desk=desk.code, at=now)
        self.changes += 1
        return checked

    def _found(self, connection: sa.Connection, desk: Desk, key: str, revision: int, day: dt.date) -> Entry:
        there = rows.entry_by_key(connection, key, rows.at_work(day, self.clock.now()))
        if there is None:
            raise QueueError(QUEUE_ENTRY_UNKNOWN)
        entry = there[0]
        is_at_this_desk = entry.state is State.CALLED and entry.desk == desk.code  # settings may have changed since
        if entry.queue not in desk.queues and not is_at_this_desk:
            raise QueueError(QUEUE_ENTRY_UNKNOWN)
        if entry.revision != revision:
            raise QueueError(QUEUE_ENTRY_CHANGED)
        return entry

    def _end_current(
        self, connection: sa.Connection, desk: Desk, shown: str | None, day: dt.date, now: dt.datetime
    ) -> None:
        where = (
            rows.at_work(day, now),
            queue_entry.c.state == str(State.CALLED),
            queue_entry.c.desk == desk.code,
        )
        current = rows.entries(connection, *where)
        if [each.key for each in current] != ([] if shown is None else [shown]):
            raise QueueError(QUEUE_ENTRY_CHANGED)
        for entry in current:
            rows.put_entry(connection, after_action(entry, Action.SERVE, 0, self.rule, now))
            rows.add_event(connection, day=day, key=entry.key, action=str(Action.SERVE), desk=desk.code, at=now)

    def _call(self, connection: sa.Connection, desk: Desk, entry: Entry, day: dt.date, now: dt.datetime) -> Entry:
        lane = rows.lanes(connection, day, [entry.queue])[entry.queue]
        rows.put_lane(connection, day, entry.queue, after_call(lane, entry, self.rule))
        called = dataclasses.replace(
            entry,
            state=State.CALLED,
            since=now,
            calls=entry.calls + 1,
            desk=desk.code,
            called_at=now,
            announced_at=self._announced(connection, day, now),
        )
        rows.add_event(connection, day=day, key=entry.key, action=str(Action.CALL), desk=desk.code, at=now)
        return rows.put_entry(connection, called)

    @staticmethod
    def _announced(connection: sa.Connection, day: dt.date, now: dt.datetime) -> dt.datetime:
        """The moment that a call gets: later than all before, else a clock put back would hide it from the hall."""
        last = connection.execute(
            sa.select(sa.func.max(queue_entry.c.announced_at)).where(rows.at_work(day, now))
        ).scalar_one()
        return now if last is None else max(now, rows.from_ms(last + 1))


def _require(entry: Entry, action: Action) -> None:
    if action not in allowed(entry.state):
        raise QueueError(QUEUE_ACTION_NOT_ALLOWED)
