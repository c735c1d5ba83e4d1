"""The queues as they are kept, with SQLite and with PostgreSQL: each ticket once, each call once, and no names at all."""

from __future__ import annotations

import concurrent.futures
import contextlib
import dataclasses
import datetime as dt
import os
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crypto.errors import ErrorCode
from kiosk_ui.app.domain.check_in import TicketKind, reference_of
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.failures import (
    QUEUE_ACTION_NOT_ALLOWED,
    QUEUE_ENTRY_CHANGED,
    QUEUE_ENTRY_UNKNOWN,
    QUEUE_TICKET_CONFLICT,
    QUEUE_TICKET_UNUSABLE,
    STORE_TOO_NEW,
    STORE_UNAVAILABLE,
    QueueError,
    StoreError,
)
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.service.queue import rows
from kiosk_ui.service.queue.book import Desk, NewTicket, QueueBook
from kiosk_ui.service.queue.calling import CallingRule, Lane, upcoming
from kiosk_ui.service.queue.database import QueueDatabase
from kiosk_ui.service.queue.entry import Action, Entry, Standing, State
from kiosk_ui.service.queue.tables import queue_entry
from kiosk_ui.service.queue.views import Views
from kiosk_ui.service.queue.waiting import WaitRange
from tests.integration.test_store_contract import Cluster
from tests.service.service_scene import DAY, NOW, ManualClock

VIETNAM = dt.timezone(dt.timedelta(hours=7))
ONE = Desk("noi1", "Bàn 1", "Phòng 101", "Room 101", ("noi",))
TWO = Desk("noi2", "Bàn 2", "Phòng 102", "Room 102", ("noi",))
COUNTER = Desk("quay", "Quầy", "Quầy 3", "Counter 3", ("counter", "mat"))


class Scene:
    def __init__(self, database: QueueDatabase) -> None:
        self.clock = ManualClock()
        self.database = database
        key = Pseudonyms(b"a key of the test's own")
        self.book = QueueBook(database, key, DEFAULT_DEPARTMENTS, CallingRule(), self.clock, VIETNAM)
        self.views = Views(self.book, self.clock.monotonic)

    def ticket(self, label: str, priority: Priority = Priority.NONE, **changes: object) -> NewTicket:
        fields: dict[str, object] = {
            "check_in_id": uuid.uuid4(),
            "day": DAY,
            "kind": TicketKind.QUEUE,
            "department": "noi",
            "label": label,
            "priority": priority,
            "issued_at": NOW,
            **changes,
        }
        return NewTicket(**fields)  # type: ignore[arg-type]

    def admit(self, *labels: str, priority: Priority = Priority.NONE) -> None:
        for label in labels:
            self.clock.advance(1)
            self.book.admit(self.ticket(label, priority, issued_at=self.clock.now()), "kiosk-1")

    def next(self, desk: Desk = ONE) -> str | None:
        at = self.views.desk(desk).current
        self.clock.advance(60)
        called = self.book.call_next(desk, at.key if at else None)
        return called.label if called else None


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    reason = Cluster.missing()
    if reason is not None:
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail(f"CI must have PostgreSQL: {reason}", pytrace=False)
        pytest.skip(reason)
    found = Cluster()
    yield found
    found.stop()


BOTH = pytest.mark.parametrize("scene", ["sqlite", "postgresql"], indirect=True)  # where the two could differ


@pytest.fixture
def scene(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Scene]:
    if getattr(request, "param", "sqlite") == "sqlite":
        database = QueueDatabase.file(tmp_path / "queue" / "queue.sqlite")
    else:
        database = QueueDatabase(request.getfixturevalue("cluster").new_url())
    with contextlib.closing(database):
        yield Scene(database)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Scene]:
    with contextlib.closing(QueueDatabase.file(tmp_path / "queue.sqlite")) as database:
        yield Scene(database)


@contextlib.contextmanager
def refused(code: ErrorCode) -> Iterator[None]:
    with pytest.raises(QueueError) as caught:
        yield
    assert caught.value.code is code


# ------------------------------------------------------------------------------------------- tickets
@BOTH
def test_a_ticket_that_comes_again_is_the_same(scene: Scene) -> None:
    ticket = scene.ticket("A001")
    first = scene.book.admit(ticket, "kiosk-1")
    again = scene.book.admit(ticket, "kiosk-1")
    assert (first.is_new, again.is_new) == (True, False)
    assert first.entry.key == again.entry.key
    assert scene.views.desk(ONE).waiting == 1


def test_a_ticket_that_comes_again_after_it_was_called_stays_as_it_is(scene: Scene) -> None:
    ticket = scene.ticket("A001")
    scene.book.admit(ticket, "kiosk-1")
    assert scene.next() == "A001"
    assert scene.book.admit(ticket, "kiosk-1").entry.state is State.CALLED
    assert scene.next() is None


def test_one_check_in_has_one_number(scene: Scene) -> None:
    ticket = scene.ticket("A001")
    scene.book.admit(ticket, "kiosk-1")
    other = scene.ticket("A002", check_in_id=ticket.check_in_id)
    with refused(QUEUE_TICKET_CONFLICT):
        scene.book.admit(other, "kiosk-1")


@BOTH
def test_the_same_ticket_from_many_threads_is_one(scene: Scene) -> None:
    ticket = scene.ticket("A001")
    with concurrent.futures.ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda _: scene.book.admit(ticket, "kiosk-1"), range(16)))
    assert sum(each.is_new for each in found) == 1
    assert len({each.entry.key for each in found}) == 1


@pytest.mark.parametrize(("days", "is_taken"), [(-4, False), (-3, False), (-2, True), (0, True), (1, True), (2, False)])
def test_only_days_that_are_kept_are_taken(sqlite: Scene, days: int, is_taken: bool) -> None:
    ticket = sqlite.ticket("A001", day=DAY + dt.timedelta(days=days))
    if is_taken:
        assert sqlite.book.admit(ticket, "kiosk-1").is_new
    else:
        with refused(QUEUE_TICKET_UNUSABLE):
            sqlite.book.admit(ticket, "kiosk-1")


def test_a_department_that_the_hospital_has_not_is_refused(sqlite: Scene) -> None:
    with refused(QUEUE_TICKET_UNUSABLE):
        sqlite.book.admit(sqlite.ticket("Z001", department="khong_co"), "kiosk-1")


def test_a_number_that_arrives_late_keeps_its_place(scene: Scene) -> None:
    scene.admit("A002", "A003")
    scene.book.admit(scene.ticket("A001", issued_at=NOW - dt.timedelta(minutes=20)), "kiosk-2")
    assert [scene.next() for _ in range(3)] == ["A001", "A002", "A003"]


@pytest.mark.parametrize("wrong", [dt.datetime(1970, 1, 1, 3, tzinfo=dt.UTC), NOW + dt.timedelta(hours=3)])
def test_a_clock_that_cannot_be_right_gives_no_better_place(sqlite: Scene, wrong: dt.datetime) -> None:
    sqlite.admit("A002")
    sqlite.clock.advance(1)
    sqlite.book.admit(sqlite.ticket("A001", issued_at=wrong), "kiosk-2")
    assert sqlite.next() == "A002"


@BOTH
def test_two_people_with_one_number_both_wait_and_the_panel_says_so(scene: Scene) -> None:
    scene.admit("A001", "A001", "A002")
    shown = scene.views.desk(ONE).following
    assert [(each.label, each.twin) for each in shown] == [("A001", True), ("A001", True), ("A002", False)]


# ------------------------------------------------------------------------------------------- calling
@BOTH
def test_two_desks_never_call_the_same_number(scene: Scene) -> None:
    labels = [f"A{number:03d}" for number in range(1, 31)]
    scene.admit(*labels)
    called: list[str] = []
    lock = threading.Lock()

    def work(desk: Desk) -> None:
        current = None
        while True:
            entry = scene.book.call_next(desk, current)
            if entry is None:
                return
            current = entry.key
            with lock:
                called.append(entry.label)

    desks = [Desk(f"desk{number}", "", "", "", ("noi",)) for number in range(6)]
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        for done in [threads.submit(work, desk) for desk in desks]:
            done.result()
    assert sorted(called) == labels


def test_a_button_pressed_twice_calls_one_person(scene: Scene) -> None:
    scene.admit("A001", "A002", "A003")
    assert scene.book.call_next(ONE, None) is not None
    with refused(QUEUE_ENTRY_CHANGED):
        scene.book.call_next(ONE, None)  # the second press still shows nobody called
    view = scene.views.desk(ONE)
    assert view.current is not None
    assert (view.current.label, view.waiting) == ("A001", 2)


def test_calling_the_next_ends_the_one_before(scene: Scene) -> None:
    scene.admit("A001", "A002")
    scene.next()
    scene.next()
    view = scene.views.desk(ONE)
    assert view.current is not None
    assert view.current.label == "A002"
    assert [(each.label, each.state) for each in view.done] == [("A001", State.SERVED)]


def test_what_another_desk_is_at_is_not_mine_to_end(scene: Scene) -> None:
    scene.admit("A001")
    scene.next(TWO)
    theirs = scene.views.desk(TWO).current
    assert theirs is not None
    for action in (Action.SERVE, Action.SKIP, Action.HOLD, Action.CALL_AGAIN):
        with refused(QUEUE_ACTION_NOT_ALLOWED):
            scene.book.act(ONE, theirs.key, action, theirs.revision)


def test_a_desk_sees_and_touches_its_own_queues_only(scene: Scene) -> None:
    scene.admit("A001")
    mine = scene.views.desk(ONE).following[0]
    assert scene.views.desk(COUNTER).waiting == 0
    assert scene.book.find(COUNTER, "A001") == []
    with refused(QUEUE_ENTRY_UNKNOWN):
        scene.book.act(COUNTER, mine.key, Action.HOLD, mine.revision)
    with refused(QUEUE_ENTRY_UNKNOWN):
        scene.book.add_emergency(COUNTER, "noi")


def test_a_screen_that_is_behind_changes_nothing(scene: Scene) -> None:
    scene.admit("A001")
    entry = scene.views.desk(ONE).following[0]
    scene.book.act(TWO, entry.key, Action.HOLD, entry.revision)
    with refused(QUEUE_ENTRY_CHANGED):
        scene.book.act(ONE, entry.key, Action.LEAVE, entry.revision)


@pytest.mark.parametrize("action", [each for each in Action if each not in (Action.CALL, Action.HOLD, Action.LEAVE)])
def test_what_does_not_fit_the_state_is_refused(sqlite: Scene, action: Action) -> None:
    sqlite.admit("A001")
    entry = sqlite.views.desk(ONE).following[0]
    with refused(QUEUE_ACTION_NOT_ALLOWED):
        sqlite.book.act(ONE, entry.key, action, entry.revision)


def test_a_call_goes_by_the_ways_for_calls_only(sqlite: Scene) -> None:
    sqlite.admit("A001")
    entry = sqlite.views.desk(ONE).following[0]
    with refused(QUEUE_ACTION_NOT_ALLOWED):
        sqlite.book.act(ONE, entry.key, Action.CALL, entry.revision)
    assert sqlite.book.call_one(ONE, entry.key, entry.revision, None).state is State.CALLED


def test_a_slip_of_the_finger_can_be_undone(scene: Scene) -> None:
    scene.admit("A001", "A002", "A003")
    scene.next()
    scene.next()
    ended = scene.views.desk(ONE).done[0]
    back = scene.book.act(ONE, ended.key, Action.RETURN, ended.revision)
    assert (back.state, back.served_at) == (State.RETURNED, None)
    assert [scene.next(), scene.next()] == ["A003", "A001"]


@BOTH
def test_an_emergency_of_staff_is_called_next_and_has_a_number_of_its_own(scene: Scene) -> None:
    scene.admit("A001", "A002")
    first, second = (scene.book.add_emergency(desk, "noi") for desk in (ONE, TWO))
    assert (first.label, second.label) == ("CC001", "CC002")
    assert [scene.next() for _ in range(3)] == ["CC001", "CC002", "A001"]


def test_staff_confirm_or_decline_what_was_asked_for(scene: Scene) -> None:
    scene.admit("A001", "A002")
    scene.admit("A003", priority=Priority.PREGNANT)
    (asked,) = scene.views.desk(ONE).asked
    with refused(QUEUE_ACTION_NOT_ALLOWED):
        scene.book.set_priority(ONE, asked.key, asked.priority, Standing.ASKED, asked.revision)
    scene.book.set_priority(ONE, asked.key, asked.priority, Standing.CONFIRMED, asked.revision)
    assert scene.views.desk(ONE).asked == ()
    assert scene.next() == "A003"
    current = scene.views.desk(ONE).current
    assert current is not None
    done = scene.book.act(ONE, current.key, Action.SERVE, current.revision)
    with refused(QUEUE_ACTION_NOT_ALLOWED):
        scene.book.set_priority(ONE, done.key, Priority.EMERGENCY, Standing.SETTLED, done.revision)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(list(Priority)),
            st.sampled_from(list(Standing)),
            st.sampled_from(list(State)),
            st.integers(0, 9),
        ),
        max_size=25,
    ),
    st.integers(0, 9),
    st.integers(1, 6),
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_front_of_a_queue_calls_as_the_whole_queue_would(
    sqlite: Scene, kinds: list[tuple[Priority, Standing, State, int]], turns: int, count: int
) -> None:
    made = []
    with sqlite.database.write() as connection:
        connection.execute(queue_entry.delete())
        for place, (priority, standing, state, due) in enumerate(kinds):
            at = NOW + dt.timedelta(minutes=place // 2)  # some drew in the same minute
            entry = Entry(f"{place:032x}", f"A{place:03d}", "noi", priority, standing, at, state, NOW, turn_due=due)
            entry = entry if state in (State.SKIPPED, State.RETURNED) else dataclasses.replace(entry, turn_due=0)
            rows.insert_entry(connection, entry, DAY, kiosk="kiosk-1", reference=None)
            made.append(entry)
        front = rows.front(connection, rows.at_work(DAY, NOW), "noi", count)
    later = NOW + dt.timedelta(hours=1)
    for lane in (Lane(turns, None), Lane(turns, 0), Lane(turns, 2)):
        whole = upcoming(made, lane, CallingRule(), later, count)
        assert upcoming(front, lane, CallingRule(), later, count) == whole


# -------------------------------------------------------------------------------------------- slips
@BOTH
def test_a_slip_waits_at_the_counter_and_is_found_by_its_reference(scene: Scene) -> None:
    check_in = uuid.uuid4()
    scene.book.admit(scene.ticket("Q001", check_in_id=check_in, kind=TicketKind.COUNTER, department="noi"), "kiosk-1")
    assert scene.views.desk(ONE).waiting == 0
    reference = reference_of(check_in)
    for typed in (reference, reference.lower(), f" {reference[:4]}-{reference[4:]} ", reference.replace("0", "o")):
        assert [each.label for each in scene.book.find(COUNTER, typed)] == ["Q001"], typed
    assert scene.book.find(COUNTER, "00000000") == []
    assert scene.next(COUNTER) == "Q001"


# -------------------------------------------------------------------------------------------- views
@BOTH
def test_the_hall_shows_the_newest_call_first_and_a_repeated_one_again(scene: Scene) -> None:
    scene.admit("A001", "A002", "A003", "A004")
    for desk in (ONE, TWO):
        scene.next(desk)
    before = scene.views.hall(["noi"])
    assert [(each.label, each.desk, each.is_current) for each in before.calls] == [
        ("A002", "noi2", True),
        ("A001", "noi1", True),
    ]
    assert before.following == ("A003", "A004")
    current = scene.views.desk(ONE).current
    assert current is not None
    scene.clock.advance(30)
    scene.book.act(ONE, current.key, Action.CALL_AGAIN, current.revision)
    after = scene.views.hall(["noi"])
    assert after.calls[0].label == "A001"
    assert after.calls[0].id != before.calls[1].id
    assert scene.views.hall(["mat"]).calls == ()


def test_another_services_call_is_seen_after_a_second(sqlite: Scene) -> None:
    sqlite.admit("A001")
    assert sqlite.views.hall(["noi"]).calls == ()
    other = Scene(sqlite.database)
    other.clock = sqlite.clock
    assert other.book.call_next(ONE, None) is not None
    sqlite.clock.advance(1.1)
    assert [each.label for each in sqlite.views.hall(["noi"]).calls] == ["A001"]


@BOTH
def test_a_wait_is_said_once_five_were_served_today(scene: Scene) -> None:
    scene.admit(*(f"A{number:03d}" for number in range(1, 13)))
    for _ in range(6):  # each takes ten minutes; the sixth is being served
        assert scene.views.queue(DAY, "noi").wait is None
        scene.clock.advance(540)
        scene.next()
    assert scene.views.queue(DAY, "noi").waiting == 6
    assert scene.views.queue(DAY, "noi").wait == WaitRange(45, 75)
    other = next(each for each in scene.views.queues(DAY) if each.queue == "mat")
    assert (other.waiting, other.wait) == (0, None)


def test_numbers_ended_at_once_are_slips_of_the_finger_and_make_nobody_hope(sqlite: Scene) -> None:
    sqlite.admit(*(f"A{number:03d}" for number in range(1, 12)))
    current = None
    for _ in range(8):
        sqlite.clock.advance(2)
        called = sqlite.book.call_next(ONE, current)
        assert called is not None
        current = called.key
    assert sqlite.views.queue(DAY, "noi").wait is None


# ------------------------------------------------------------------------------- days, files, secrets
@BOTH
def test_a_new_day_begins_empty_and_old_days_go(scene: Scene) -> None:
    scene.admit("A001", "A002")
    scene.next()
    scene.clock.advance(24 * 3600)
    assert scene.views.desk(ONE).waiting == 0
    assert scene.views.desk(ONE).current is None
    assert scene.book.purge() == 0
    scene.clock.advance(2 * 24 * 3600)
    assert scene.book.purge() == 2
    assert scene.views.queue(DAY, "noi").waiting == 0


def test_the_day_changes_at_the_hospitals_midnight(sqlite: Scene) -> None:
    sqlite.clock = sqlite.book.clock = ManualClock(dt.datetime(2026, 3, 2, 16, 59, tzinfo=dt.UTC))
    assert sqlite.book.today == DAY
    sqlite.clock.advance(60)
    assert sqlite.book.today == DAY + dt.timedelta(days=1)


def _before_midnight(scene: Scene) -> None:
    scene.clock = scene.book.clock = ManualClock(dt.datetime(2026, 3, 2, 16, 50, tzinfo=dt.UTC))  # ten to, in Vietnam


@BOTH
def test_midnight_sends_nobody_home(scene: Scene) -> None:
    _before_midnight(scene)
    scene.admit("A001", "A002", "A003", "A004")
    assert scene.next() == "A001"
    current = scene.views.desk(ONE).current
    assert current is not None
    scene.book.act(ONE, current.key, Action.SKIP, current.revision)
    assert scene.next() == "A002"
    late = scene.ticket("A005", issued_at=scene.clock.now())
    scene.clock.advance(20 * 60)
    assert scene.book.today == DAY + dt.timedelta(days=1)
    view = scene.views.desk(ONE)
    assert view.current is not None
    assert (view.current.label, view.waiting) == ("A002", 3), "who is there at midnight is there after it"
    assert scene.views.hall(["noi"]).calls[0].label == "A002"
    scene.book.admit(late, "kiosk-1")  # told after midnight
    new = scene.ticket("A001", day=scene.book.today, issued_at=scene.clock.now())
    assert scene.book.admit(new, "kiosk-1").entry.twin, "yesterday's A001 is still to come"
    assert scene.views.queue(scene.book.today, "noi").waiting == 5
    called = [scene.next() for _ in range(5)]
    assert called == ["A003", "A004", "A001", "A005", "A001"], "the skipped one after three calls, across midnight"
    assert scene.book.purge() == 0


def test_what_was_left_behind_in_the_evening_is_not_called_in_the_morning(sqlite: Scene) -> None:
    _before_midnight(sqlite)
    sqlite.admit("A001")
    offline = sqlite.ticket("A002", issued_at=sqlite.clock.now() - dt.timedelta(hours=12))
    sqlite.clock.advance(8 * 3600 + 60)
    assert sqlite.views.desk(ONE).waiting == 0
    sqlite.book.admit(offline, "kiosk-1")
    assert sqlite.next() is None, "a kiosk that was away all night does not fill the morning"


def test_a_kiosk_whose_clock_is_ahead_of_midnight_strands_nobody(sqlite: Scene) -> None:
    _before_midnight(sqlite)
    sqlite.book.admit(sqlite.ticket("A001", day=DAY + dt.timedelta(days=1), issued_at=NOW + dt.timedelta(days=1)), "k")
    assert sqlite.next() == "A001"


def test_no_day_is_kept_beside_today_but_the_night_goes_on(sqlite: Scene) -> None:
    key = Pseudonyms(b"a key of the test's own")
    sqlite.book = QueueBook(sqlite.database, key, DEFAULT_DEPARTMENTS, CallingRule(), sqlite.clock, VIETNAM, 0)
    sqlite.views = Views(sqlite.book, sqlite.clock.monotonic)
    _before_midnight(sqlite)
    sqlite.admit("A001")
    sqlite.clock.advance(20 * 60)
    assert sqlite.book.purge() == 0
    assert sqlite.views.desk(ONE).waiting == 1
    sqlite.clock.advance(8 * 3600)
    assert sqlite.book.purge() == 1


def test_the_hall_sees_new_calls_after_the_clock_was_put_back(sqlite: Scene) -> None:
    sqlite.admit(*(f"A{number:03d}" for number in range(1, 11)))
    for _ in range(8):
        sqlite.next()
    sqlite.clock.advance(-3600)
    assert sqlite.next() == "A009"
    hall = sqlite.views.hall(["noi"])
    assert (hall.calls[0].label, hall.calls[0].is_current) == ("A009", True)
    current = sqlite.views.desk(ONE).current
    assert current is not None
    sqlite.book.act(ONE, current.key, Action.CALL_AGAIN, current.revision)
    again = sqlite.views.hall(["noi"])
    assert again.calls[0].label == "A009"
    assert again.calls[0].id != hall.calls[0].id


def test_a_kiosk_cannot_send_an_emergency_before_everybody(sqlite: Scene) -> None:
    sqlite.admit("A001")
    sqlite.admit("A002", priority=Priority.EMERGENCY)
    assert [each.label for each in sqlite.views.desk(ONE).asked] == ["A002"], "staff see that it is asked for"
    assert sqlite.next() == "A001"


def test_a_desk_whose_queues_were_changed_can_end_what_it_is_at(sqlite: Scene) -> None:
    sqlite.admit("A001", "A002")
    for ended in ("skip", "next"):
        sqlite.next(ONE)
        changed = dataclasses.replace(ONE, queues=("mat",))
        current = sqlite.views.desk(changed).current
        assert current is not None
        if ended == "skip":
            assert sqlite.book.act(changed, current.key, Action.SKIP, current.revision).turn_due == 4
        else:
            assert sqlite.book.call_next(changed, current.key) is None
        assert sqlite.views.desk(changed).current is None


def test_asking_for_every_choice_of_queues_fills_no_memory(sqlite: Scene) -> None:
    codes = [each.code for each in DEFAULT_DEPARTMENTS]
    for choice in range(1, 40):
        sqlite.views.hall([code for place, code in enumerate(codes) if choice >> place & 1])
    assert len(sqlite.views._kept) <= 32


def test_a_desk_that_helps_out_now_and_then_does_not_halve_the_wait(sqlite: Scene) -> None:
    helper = Desk("quay", "", "", "", ("mat", "noi"))
    for number in range(1, 41):
        sqlite.book.admit(sqlite.ticket(f"A{number:03d}", issued_at=sqlite.clock.now()), "k")
        sqlite.book.admit(sqlite.ticket(f"E{number:03d}", department="mat", issued_at=sqlite.clock.now()), "k")
        sqlite.clock.advance(1)
    eyes = dataclasses.replace(helper, queues=("mat",))
    for _ in range(6):
        sqlite.clock.advance(240)
        sqlite.next(ONE)
        sqlite.next(eyes)
    alone = sqlite.views.queue(DAY, "noi").wait
    while not (sqlite.next(helper) or "").startswith("A"):
        sqlite.clock.advance(-60)
    helped = sqlite.views.queue(DAY, "noi").wait
    assert alone is not None
    assert helped is not None
    assert helped.most >= 0.8 * alone.most
    assert helped.least < alone.least


def test_the_store_holds_neither_check_ins_nor_references(sqlite: Scene, tmp_path: Path) -> None:
    check_in = uuid.uuid4()
    sqlite.book.admit(sqlite.ticket("Q001", check_in_id=check_in, kind=TicketKind.COUNTER), "kiosk-1")
    sqlite.next(COUNTER)
    sqlite.database.close()
    octets = b"".join(path.read_bytes() for path in tmp_path.iterdir())
    assert b"Q001" in octets, "this is where the numbers are"
    for secret in (str(check_in), check_in.hex, reference_of(check_in)):
        assert secret.encode() not in octets
        assert secret.upper().encode() not in octets
    assert check_in.bytes not in octets


def test_the_file_is_the_owners_alone(tmp_path: Path) -> None:
    with contextlib.closing(QueueDatabase.file(tmp_path / "new" / "queue.sqlite")):
        assert (tmp_path / "new" / "queue.sqlite").stat().st_mode & 0o077 == 0
        assert (tmp_path / "new").stat().st_mode & 0o077 == 0


def test_numbers_are_there_after_a_restart(tmp_path: Path) -> None:
    for expected in (1, 2):
        with contextlib.closing(QueueDatabase.file(tmp_path / "queue.sqlite")) as database:
            scene = Scene(database)
            scene.admit(f"A{expected:03d}")
            assert scene.views.desk(ONE).waiting == expected


def test_a_store_of_a_newer_program_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    QueueDatabase.file(path).close()
    with contextlib.closing(sqlite3.connect(path)) as raw:
        raw.execute("UPDATE queue_schema SET version = 99")
        raw.commit()
    with pytest.raises(StoreError) as caught:
        QueueDatabase.file(path)
    assert caught.value.code is STORE_TOO_NEW


def test_numbers_are_never_written_into_a_file_that_was_deleted_or_replaced(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    with contextlib.closing(QueueDatabase.file(path)) as database:
        scene = Scene(database)
        scene.admit("A001")
        QueueDatabase.file(tmp_path / "backup.sqlite").close()
        for name in ("queue.sqlite", "queue.sqlite-wal", "queue.sqlite-shm"):
            (tmp_path / name).unlink(missing_ok=True)
        with pytest.raises(StoreError) as caught:
            scene.admit("A002")
        assert caught.value.code is STORE_UNAVAILABLE
        (tmp_path / "backup.sqlite").rename(path)
        scene.admit("A003")
        assert [each.label for each in scene.views.desk(ONE).following] == ["A003"]


@pytest.mark.parametrize("url", ["nonsense", "sqlite:////nowhere/at/all/queue.sqlite", "mysql+nothing://x/y"])
def test_a_store_that_cannot_be_opened_says_so(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        QueueDatabase(url)
    assert caught.value.code is STORE_UNAVAILABLE


def test_a_file_that_is_no_database_says_so(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    path.write_bytes(b"this is no database, it is a letter to somebody" * 100)
    with pytest.raises(StoreError) as caught:
        QueueDatabase.file(path)
    assert caught.value.code is STORE_UNAVAILABLE
