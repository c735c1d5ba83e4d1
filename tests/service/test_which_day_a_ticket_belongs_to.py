"""A kiosk's clock may be wrong; nobody waits in yesterday's queue for it, and nobody goes before others by it."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.app.domain.check_in import TicketKind
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.failures import QueueError
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.service.queue.arrival import Neighbours, place_of
from kiosk_ui.service.queue.book import Desk, NewTicket, QueueBook
from kiosk_ui.service.queue.calling import CallingRule
from kiosk_ui.service.queue.database import QueueDatabase
from kiosk_ui.service.queue.views import Views
from reader.verification.identity import HolderChecked
from tests.service.service_scene import DAY, NOW, TOKENS, ManualClock, RunningService, put, service_settings, ticket

VIETNAM = dt.timezone(dt.timedelta(hours=7))
ONE = Desk("noi1", "Bàn 1", "Phòng 101", "Room 101", ("noi",))
DAY_BEHIND = dt.timedelta(days=-1)
MINUTE = dt.timedelta(minutes=1)


class Hall:
    """Kiosks with clocks of their own, and one service."""

    def __init__(self, database: QueueDatabase) -> None:
        self.clock = ManualClock()
        key = Pseudonyms(b"a key of the test's own")
        self.book = QueueBook(database, key, DEFAULT_DEPARTMENTS, CallingRule(), self.clock, VIETNAM)
        self.views = Views(self.book, self.clock.monotonic)

    def draw(
        self, label: str, *, clock_is_off: dt.timedelta = dt.timedelta(), check_in: uuid.UUID | None = None
    ) -> NewTicket:
        """A number drawn now, as a kiosk sends it at once."""
        kiosk_now = self.clock.now() + clock_is_off
        day = kiosk_now.astimezone(VIETNAM).date()
        return NewTicket(
            check_in or uuid.uuid4(), day, TicketKind.QUEUE, "noi", label, Priority.NONE, kiosk_now, kiosk_now
        )

    def send(self, drawn: NewTicket, *, sent_at: dt.datetime | None = None, kiosk: str = "kiosk-1") -> dt.date:
        fields = {name: getattr(drawn, name) for name in NewTicket.__slots__}
        return self.book.admit(NewTicket(**{**fields, "sent_at": sent_at or drawn.sent_at}), kiosk).day

    def calls(self, count: int) -> list[str | None]:
        found = []
        for _ in range(count):
            at = self.views.desk(ONE).current
            self.clock.advance(60)
            called = self.book.call_next(ONE, at.key if at else None)
            found.append(called.label if called else None)
        return found


@pytest.fixture
def hall(tmp_path: Path) -> Iterator[Hall]:
    with contextlib.closing(QueueDatabase.file(tmp_path / "queue.sqlite")) as database:
        yield Hall(database)


@pytest.mark.parametrize("off", [DAY_BEHIND, dt.timedelta(days=-20_000), dt.timedelta(days=3), dt.timedelta(hours=-5)])
def test_a_clock_that_stands_wrong_puts_nobody_into_another_day_or_before_others(hall: Hall, off: dt.timedelta) -> None:
    assert hall.send(hall.draw("A001"), kiosk="kiosk-2") == DAY
    hall.clock.advance(60)
    assert hall.send(hall.draw("A101", clock_is_off=off)) == DAY
    hall.clock.advance(60)
    assert hall.send(hall.draw("A002"), kiosk="kiosk-2") == DAY
    assert hall.calls(3) == ["A001", "A101", "A002"]


def test_a_ticket_that_was_under_way_for_hours_keeps_its_place_also_by_a_wrong_clock(hall: Hall) -> None:
    offline = hall.draw("A101", clock_is_off=DAY_BEHIND)
    hall.clock.advance(3 * 3600)
    hall.send(hall.draw("A001"), kiosk="kiosk-2")
    hall.clock.advance(60)
    assert hall.send(offline, sent_at=hall.clock.now() + DAY_BEHIND) == DAY
    assert hall.calls(2) == ["A101", "A001"]


def test_a_clock_put_right_in_between_makes_nobody_wait_since_yesterday(hall: Hall) -> None:
    hall.send(hall.draw("A101", clock_is_off=DAY_BEHIND))
    hall.clock.advance(60)
    drawn_with_the_wrong_clock = hall.draw("A102", clock_is_off=DAY_BEHIND)
    hall.clock.advance(600)
    hall.send(hall.draw("A001"), kiosk="kiosk-2")
    hall.clock.advance(60)
    sent_with_the_right_one = hall.clock.now()
    assert hall.send(drawn_with_the_wrong_clock, sent_at=sent_with_the_right_one) == DAY, "it came after today's A101"
    assert hall.calls(3) == ["A101", "A102", "A001"]


def test_a_clock_put_back_in_between_gives_no_place_before_others(hall: Hall) -> None:
    ahead = hall.draw("A101", clock_is_off=dt.timedelta(hours=9))
    hall.send(hall.draw("A001"), kiosk="kiosk-2")
    hall.clock.advance(60)
    assert hall.send(ahead, sent_at=hall.clock.now()) == DAY
    assert hall.calls(2) == ["A001", "A101"]


def test_a_kiosk_whose_store_was_lost_draws_its_numbers_again_and_nobody_goes_before_others(hall: Hall) -> None:
    for label in ("A001", "A002", "A003"):
        hall.send(hall.draw(label))
        hall.clock.advance(60)
    assert hall.calls(3) == ["A001", "A002", "A003"]
    hall.send(hall.draw("A201"), kiosk="kiosk-2")
    hall.clock.advance(60)
    hall.send(hall.draw("A001"))
    hall.send(hall.draw("A002"))
    assert hall.calls(3) == ["A201", "A001", "A002"]


def test_a_kiosk_that_was_away_all_night_does_not_fill_the_morning(hall: Hall) -> None:
    evening = hall.draw("A101")
    hall.clock.advance(15 * 3600)
    assert hall.book.today == DAY
    hall.clock.advance(9 * 3600)
    assert hall.send(evening, sent_at=hall.clock.now()) == DAY
    assert hall.book.today == DAY + dt.timedelta(days=1)
    assert hall.calls(1) == [None]


def test_what_was_under_way_for_longer_than_days_are_kept_is_for_people(hall: Hall) -> None:
    old = hall.draw("A101")
    hall.clock.advance(4 * 24 * 3600)
    with pytest.raises(QueueError) as caught:
        hall.send(old, sent_at=hall.clock.now())
    assert caught.value.code.name == "queue.ticket_unusable"


def test_a_ticket_told_again_later_is_the_same_ticket(hall: Hall) -> None:
    drawn = hall.draw("A101", clock_is_off=DAY_BEHIND)
    assert hall.send(drawn) == DAY
    hall.clock.advance(20 * 3600)
    assert hall.book.today == DAY + dt.timedelta(days=1)
    assert hall.send(drawn, sent_at=hall.clock.now()) == DAY
    assert hall.views.queue(DAY, "noi").waiting == 1


_MOMENTS = st.integers(0, 4_102_444_800).map(lambda seconds: dt.datetime.fromtimestamp(seconds, dt.UTC))  # 1970 to 2100


@given(_MOMENTS, _MOMENTS, st.none() | _MOMENTS, st.none() | _MOMENTS)
def test_no_clock_gives_a_place_in_the_future_or_before_the_number_before(
    issued: dt.datetime, sent: dt.datetime, before: dt.datetime | None, after: dt.datetime | None
) -> None:
    place = place_of(issued, sent, NOW, Neighbours(before, after), of_today=True)
    assert place <= NOW
    if before is not None and before <= NOW:
        assert place >= before
    if before is None and after is None:
        assert place >= NOW - dt.timedelta(days=15)


def test_a_kiosk_asks_for_the_services_own_day(tmp_path: Path) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['kiosk-1']}"}
    with RunningService(service_settings(tmp_path), ManualClock()) as running, running.client() as client:
        behind = (NOW + DAY_BEHIND).isoformat()
        day = (DAY + DAY_BEHIND).isoformat()
        assert put(client, ticket("A001", day=day, issued_at=behind, sent_at=behind)).status_code == 201
        today = client.get("/queue/today", headers=headers).json()
        assert today["day"] == DAY.isoformat()
        assert next(each["waiting"] for each in today["queues"] if each["queue"] == "noi") == 1
        assert client.get("/queue/today").status_code == 401


def test_a_store_of_an_earlier_version_goes_on_and_its_numbers_have_nothing_to_mark(tmp_path: Path) -> None:
    path = tmp_path / "queue.sqlite"
    with contextlib.closing(QueueDatabase.file(path)) as database:
        earlier = Hall(database)
        drawn = earlier.draw("A001")
        earlier.book.admit(dataclasses.replace(drawn, sent_at=None), "kiosk-1")
    with contextlib.closing(sqlite3.connect(path)) as raw:  # as the version made it that knew no holders
        raw.execute("DROP TABLE queue_told")
        raw.commit()
    with contextlib.closing(QueueDatabase.file(path)) as database:
        hall = Hall(database)
        hall.clock.advance(60)
        assert not hall.book.admit(drawn, "kiosk-1").is_new, "told again by a newer kiosk it is the same number"
        hall.send(dataclasses.replace(hall.draw("A002"), holder_checked=HolderChecked.NONE))
        for label, holder in (("A001", None), ("A002", HolderChecked.NONE)):
            assert hall.calls(1) == [label]
            assert hall.views.desk(ONE).holder is holder
