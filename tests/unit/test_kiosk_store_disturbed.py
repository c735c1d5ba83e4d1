"""What hands, disks and other programs do to the store of a running kiosk: a clear failure, never a lost check-in."""

from __future__ import annotations

import datetime as dt
import shutil
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.failures import StoreError
from kiosk_ui.app.keys import CREDENTIAL
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store import database as database_module
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.checking import check_store
from kiosk_ui.app.store.database import Database, sqlite_url
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.verdict import Decision

NOW = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)
TODAY = dt.date(2026, 3, 2)


def draft(number: int) -> CheckInDraft:
    identity = Identity(
        f"0400850{number:05d}", "Đặng Thị Quý", dt.date(1955, 1, 1), Sex.FEMALE, "VNM", None, None, True, None,
        Assurance.CHIP_READ,
    )  # fmt: skip
    unknown = Eligibility.unavailable("relay.unreachable")
    return CheckInDraft(
        uuid.UUID(int=number), Visitor.from_identity(identity), unknown, DEFAULT_DEPARTMENTS[0], Decision.REFER
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.sqlite"


@pytest.fixture
def store(file: Path) -> Iterator[CheckInStore]:
    opened = Database(sqlite_url(file))
    yield CheckInStore(opened, Pseudonyms(b"k" * 32))
    opened.close()


def remove(file: Path) -> None:
    for each in file.parent.glob(file.name + "*"):
        each.unlink()


def test_a_store_that_was_deleted_takes_no_check_in(store: CheckInStore, file: Path) -> None:
    store.save(draft(1), NOW)
    remove(file)
    with pytest.raises(StoreError) as caught:
        store.save(draft(2), NOW)
    assert caught.value.code.name == "store.unavailable"
    assert not file.exists()


def test_a_store_that_was_put_back_from_a_backup_is_the_one_that_counts(store: CheckInStore, file: Path) -> None:
    store.save(draft(1), NOW)
    backup = file.with_name("backup")
    copy, into = sqlite3.connect(file), sqlite3.connect(backup)
    copy.backup(into)
    copy.close()
    into.close()
    store.save(draft(2), NOW)
    remove(file)
    shutil.copy(backup, file)
    assert store.save(draft(3), NOW).number == "A002"
    assert [each.id.int for each in store.of_day(TODAY)] == [1, 3]


def test_a_store_that_others_could_read_is_closed_to_them(file: Path) -> None:
    Database(sqlite_url(file)).close()
    file.chmod(0o644)
    Database(sqlite_url(file)).close()
    assert file.stat().st_mode & 0o077 == 0


def test_a_full_disk_is_told_and_heals(file: Path) -> None:
    opened = Database(sqlite_url(file))
    store = CheckInStore(opened, Pseudonyms(b"k" * 32))
    with opened.transaction("fill") as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1")  # as many as there are, no more
    stored: list[str] = []

    def go_on() -> None:
        while True:
            stored.append(store.save(draft(len(stored) + 1), NOW).number)

    with pytest.raises(StoreError) as caught:
        go_on()
    assert caught.value.code.name == "store.disk_full"
    with opened.transaction("heal") as connection:
        connection.exec_driver_sql("PRAGMA max_page_count = 1000000")
    assert store.save(draft(500), NOW).number == f"A{len(stored) + 1:03d}"
    assert len(store.of_day(TODAY)) == len(stored) + 1
    opened.close()


def test_a_store_that_another_program_holds_is_busy_and_nothing_is_lost(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database_module, "_BUSY_TIMEOUT_MS", 50)
    opened = Database(sqlite_url(file))
    store = CheckInStore(opened, Pseudonyms(b"k" * 32))
    other = sqlite3.connect(file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError) as caught:
        store.save(draft(1), NOW)
    assert caught.value.code.name == "store.unavailable"
    assert caught.value.facts["cause"] == "SQLITE_BUSY"  # for staff: another program holds it
    other.execute("ROLLBACK")
    other.close()
    assert store.save(draft(1), NOW).number == "A001"
    opened.close()


def test_a_damaged_file_is_a_clear_failure(file: Path) -> None:
    opened = Database(sqlite_url(file))
    store = CheckInStore(opened, Pseudonyms(b"k" * 32))
    for number in range(1, 40):
        store.save(draft(number), NOW)
    opened.close()
    content = bytearray(file.read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    file.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        CheckInStore(Database(sqlite_url(file)), Pseudonyms(b"k" * 32)).save(draft(99), NOW)
    assert caught.value.code.name == "store.damaged"
    assert "Đặng" not in str(caught.value)


def test_a_damaged_page_is_found_by_the_check_and_never_read_as_something_else(file: Path) -> None:
    opened = Database(sqlite_url(file))
    store = CheckInStore(opened, Pseudonyms(b"k" * 32))
    for number in range(1, 40):
        store.save(draft(number), NOW)
    opened.close()
    whole = file.read_bytes()
    connection = sqlite3.connect(file)
    (free,) = connection.execute("pragma freelist_count").fetchone()
    connection.close()
    pages = range(1, len(whole) // 4096, 4)
    found = 0
    for page in pages:
        file.write_bytes(whole[: page * 4096] + b"\xaa" * 4096 + whole[(page + 1) * 4096 :])
        try:
            opened = Database(sqlite_url(file))
            try:
                found += bool(check_store(opened).problems)
            finally:
                opened.close()
        except StoreError as error:
            assert error.code.name in ("store.damaged", "store.unavailable")  # noqa: PT017 - it may or may not come
            found += 1
    assert found >= len(pages) - free


def test_a_store_that_can_only_be_read_says_so_and_loses_nothing(file: Path) -> None:
    opened = Database(sqlite_url(file))
    store = CheckInStore(opened, Pseudonyms(b"k" * 32))
    store.save(draft(1), NOW)
    with opened.transaction("protect") as connection:
        connection.exec_driver_sql("PRAGMA query_only = ON")  # as a file system that was remounted after an error
    with pytest.raises(StoreError) as caught:
        store.save(draft(2), NOW)
    assert caught.value.code.name == "store.read_only"
    opened.close()
    opened = Database(sqlite_url(file))  # which was repaired
    assert CheckInStore(opened, Pseudonyms(b"k" * 32)).save(draft(2), NOW).number == "A002"
    opened.close()


def test_a_key_file_that_vanishes_while_the_kiosk_runs_stops_nobody_until_the_next_start(
    store: CheckInStore, file: Path
) -> None:
    (file.parent / CREDENTIAL).unlink()
    assert store.save(draft(1), NOW).number == "A001"
    assert store.draft_of(uuid.UUID(int=1)) is not None
    with pytest.raises(StoreError) as caught:
        Database(sqlite_url(file))
    assert caught.value.code.name == "store.key_missing"
    assert not (file.parent / CREDENTIAL).exists()


def test_the_clock_may_jump_over_midnight_and_back(store: CheckInStore) -> None:
    day = dt.timedelta(days=1)
    moments = [NOW, NOW + day, NOW, NOW - 20 * 365 * day, NOW, NOW + day]
    tickets = [store.save(draft(number), at) for number, at in enumerate(moments, 1)]
    assert [ticket.number for ticket in tickets] == ["A001", "A001", "A002", "A001", "A003", "A002"]
    assert store.save(draft(1), NOW + 5 * day) == tickets[0]  # the same ticket, with the day when it was given
