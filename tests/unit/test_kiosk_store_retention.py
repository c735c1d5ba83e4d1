"""Deleting: what is over goes whole, what somebody still waits for stays, and a wrong clock deletes nothing."""

from __future__ import annotations

import datetime as dt
import logging
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store.audit_chain import AnchorFile, verify_chain
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.checking import check_store
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.housekeeping import Housekeeping
from kiosk_ui.app.store.outbox_rows import OutboxItem, OutboxKind, OutboxStore
from kiosk_ui.app.store.retention import Purged, Retention
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.verdict import Decision

NOW = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
HOUR_S = 3_600.0
HANDED = (OutboxKind.HAND_OVER,)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.sqlite"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(file))
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> CheckInStore:
    return CheckInStore(database, Pseudonyms(b"k" * 32))


def draft(number: int) -> CheckInDraft:
    identity = Identity(
        f"0400850{number:05d}", "Nguyễn Văn An", dt.date(1985, 2, 3), Sex.MALE, "VNM", None, None, False, None,
        Assurance.CHIP_VERIFIED,
    )  # fmt: skip
    valid = Eligibility(EligibilityKind.OK, "000", raw="{}")
    return CheckInDraft(
        uuid.UUID(int=number), Visitor.from_identity(identity), valid, DEFAULT_DEPARTMENTS[0], Decision.ACCEPT
    )


def deliver_all(database: Database, now: dt.datetime) -> None:
    outbox = OutboxStore(database)
    while (item := outbox.lease_next(now, tuple(OutboxKind), dt.timedelta(minutes=2))) is not None:
        outbox.done(item, now)


def count(file: Path, table: str) -> int:
    connection = sqlite3.connect(file)
    (found,) = connection.execute(f"select count(*) from {table}").fetchone()  # noqa: S608 - our own names
    connection.close()
    return int(found)


# ------------------------------------------------------------------------------------------- what goes
def test_people_are_forgotten_after_three_days_and_their_check_in_stays_for_counting(
    store: CheckInStore, database: Database, file: Path
) -> None:
    store.save(draft(1), NOW)
    store.save(draft(2), NOW + DAY)
    deliver_all(database, NOW)
    assert Retention().purge(database, NOW + 3 * DAY - dt.timedelta(seconds=1), HANDED, "kiosk-1") == Purged()
    assert Retention().purge(database, NOW + 3 * DAY, HANDED, "kiosk-1") == Purged(persons=1)
    assert (count(file, "patient_snapshot"), count(file, "insurance_answer"), count(file, "check_in")) == (1, 1, 2)
    one = uuid.UUID(int=1)
    assert store.draft_of(one) is None
    assert store.insurance_query(one) is None
    assert store.ticket_of(one) is None
    assert store.find_today("040085000001", NOW.date()) is None
    assert store.get(one) is not None
    with database.transaction("look") as connection:
        noted = (
            connection.exec_driver_sql("select outcome from audit_log where action = 'store.purged'").scalars().all()
        )
    assert noted == ["1 persons 0 check-ins"]
    assert check_store(database).problems == ()


def test_counts_go_after_their_time_and_no_number_comes_again(
    store: CheckInStore, database: Database, file: Path
) -> None:
    store.save(draft(1), NOW)
    deliver_all(database, NOW)
    later = NOW + 401 * DAY
    store.save(draft(2), later)
    assert Retention().purge(database, later, HANDED, "kiosk-1") == Purged(persons=1, check_ins=1)
    assert (count(file, "check_in"), count(file, "outbox"), count(file, "queue_counter")) == (1, 1, 1)
    assert store.save(draft(3), later).number == "A002"


def test_a_repeated_save_after_deletion_is_the_same_check_in(store: CheckInStore, database: Database) -> None:
    first = store.save(draft(1), NOW)
    deliver_all(database, NOW)
    Retention().purge(database, NOW + 3 * DAY, HANDED, "kiosk-1")
    assert store.save(draft(1), NOW + 3 * DAY).number == first.number


# ------------------------------------------------------------------------------------------ what stays
def test_who_has_still_to_be_told_about_is_kept_but_not_for_ever(store: CheckInStore, database: Database) -> None:
    store.save(draft(1), NOW)
    assert Retention().purge(database, NOW + 29 * DAY, HANDED, "kiosk-1").persons == 0
    assert store.draft_of(uuid.UUID(int=1)) is not None
    assert Retention().purge(database, NOW + 30 * DAY, HANDED, "kiosk-1").persons == 1
    outbox = OutboxStore(database)
    assert [(item.kind, item.reason) for item in outbox.parked()] == [
        (OutboxKind.HAND_OVER, "store.personal_data_gone")
    ]
    assert outbox.try_again(NOW + 30 * DAY) == 0  # there is nobody left to tell about


def test_what_nobody_delivers_holds_nothing_back(store: CheckInStore, database: Database, file: Path) -> None:
    store.save(draft(1), NOW)
    assert Retention().purge(database, NOW + 3 * DAY, (), "kiosk-1").persons == 1
    assert count(file, "outbox") == 0
    assert OutboxStore(database).parked() == []


def test_what_was_given_up_holds_nothing_back(store: CheckInStore, database: Database) -> None:
    store.save(draft(1), NOW)
    outbox = OutboxStore(database)
    item = outbox.lease_next(NOW, HANDED, dt.timedelta(minutes=2))
    assert isinstance(item, OutboxItem)
    outbox.done(item, NOW, "hospital.refused")
    assert Retention().purge(database, NOW + 3 * DAY, HANDED, "kiosk-1").persons == 1


# --------------------------------------------------------------------------------------- wrong clocks
def test_what_was_written_in_1970_is_kept_from_when_the_clock_is_right(store: CheckInStore, database: Database) -> None:
    store.save(draft(1), dt.datetime(1970, 1, 1, 0, 5, tzinfo=dt.UTC))
    deliver_all(database, NOW)
    assert Retention().purge(database, NOW, HANDED, "kiosk-1").persons == 0
    assert Retention().purge(database, NOW + 2 * DAY, HANDED, "kiosk-1").persons == 0
    assert Retention().purge(database, NOW + 3 * DAY, HANDED, "kiosk-1").persons == 1


def test_what_was_written_while_the_clock_ran_ahead_goes_in_its_time(store: CheckInStore, database: Database) -> None:
    store.save(draft(1), NOW + 3_650 * DAY)
    deliver_all(database, NOW + 3_650 * DAY)
    assert Retention().purge(database, NOW, HANDED, "kiosk-1").persons == 0
    assert Retention().purge(database, NOW + 3 * DAY, HANDED, "kiosk-1").persons == 1


@pytest.fixture
def chores(database: Database, tmp_path: Path) -> Housekeeping:
    anchors = AnchorFile(tmp_path / "audit.anchors", database.keys)
    return Housekeeping(database, Retention(), HANDED, anchors, "kiosk-1")


def test_nothing_is_deleted_in_the_first_hour_after_a_start(
    store: CheckInStore, database: Database, chores: Housekeeping
) -> None:
    store.save(draft(1), NOW)
    deliver_all(database, NOW)
    begin = NOW + 30 * DAY
    assert chores(begin, 0.0) is None
    assert chores(begin + dt.timedelta(minutes=59), HOUR_S - 60) is None
    assert chores(begin + dt.timedelta(hours=1), HOUR_S) == Purged(persons=1)
    assert chores(begin + dt.timedelta(hours=1, minutes=59), 2 * HOUR_S - 60) is None
    assert chores(begin + dt.timedelta(hours=2), 2 * HOUR_S) == Purged()


def test_a_clock_that_jumps_ahead_deletes_nothing_before_it_was_right_for_an_hour(
    store: CheckInStore, database: Database, chores: Housekeeping
) -> None:
    store.save(draft(1), NOW)
    deliver_all(database, NOW)
    assert chores(NOW, 0.0) is None
    assert chores(NOW + 3_650 * DAY, HOUR_S) is None  # a jump
    assert chores(NOW + dt.timedelta(hours=1.5), 1.5 * HOUR_S) is None  # and back: another one
    assert chores(NOW + dt.timedelta(hours=2.5), 2.5 * HOUR_S) == Purged()
    assert store.draft_of(uuid.UUID(int=1)) is not None


def test_a_clock_that_was_never_set_deletes_nothing(
    store: CheckInStore, database: Database, chores: Housekeeping
) -> None:
    in_1970 = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    store.save(draft(1), in_1970)
    deliver_all(database, in_1970)
    for hour in range(24 * 5):
        assert chores(in_1970 + dt.timedelta(hours=hour), hour * HOUR_S) is None


def test_the_trail_is_anchored_at_the_start_and_once_a_day(
    store: CheckInStore, database: Database, chores: Housekeeping, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    store.save(draft(1), NOW)
    for hour in range(50):
        chores(NOW + dt.timedelta(hours=hour), hour * HOUR_S)
    anchors = AnchorFile(tmp_path / "audit.anchors", database.keys)
    assert [anchor.at for anchor in anchors.read()[0]] == [NOW, NOW + DAY, NOW + 2 * DAY]
    assert verify_chain(database, anchors, NOW + 3 * DAY).problems == ()
    assert verify_chain(database).end.last_hash in caplog.text
    assert "0400850" not in caplog.text


def test_an_anchor_that_cannot_be_written_stops_nothing(
    store: CheckInStore, database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    store.save(draft(1), NOW)
    nowhere = AnchorFile(tmp_path / "no" / "such" / "folder", database.keys)
    chores = Housekeeping(database, Retention(), HANDED, nowhere, "kiosk-1")
    chores(NOW, 0.0)
    assert chores(NOW + dt.timedelta(hours=1), HOUR_S) == Purged()
    assert "could not be anchored" in caplog.text
