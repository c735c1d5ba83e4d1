"""The audit trail: whoever changes, removes, moves or adds a row, or cuts the trail off, is found out; retention is not."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import json
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.failures import StoreError
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store.audit_chain import AnchorFile, verify_chain
from kiosk_ui.app.store.audit_rows import FIRST_HASH, ChainEnd, add_entry, chain_end, row_hash
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.retention import Retention

NOW = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
ROWS = 10


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kiosk.sqlite"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(file))
    with opened.transaction("fill") as connection:
        for number in range(ROWS):
            entry = AuditEntry(AuditAction.STAFF_CALLED, f"screen-{number}", uuid.UUID(int=number), "0123456789abcdef")
            add_entry(connection, entry, device="kiosk-1", at=NOW + number * DAY)
    yield opened
    opened.close()


@pytest.fixture
def anchors(database: Database, tmp_path: Path) -> AnchorFile:
    return AnchorFile(tmp_path / "audit.anchors", database.keys)


def end_of(database: Database):
    with database.transaction("look") as connection:
        return chain_end(connection)


LAST_AGAIN = (
    "insert into audit_log (id, at, device, action, outcome)"
    " select 11, at, device, action, outcome from audit_log where id = 10"
)


def change(file: Path, *statements: str) -> None:
    connection = sqlite3.connect(file)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_a_trail_that_nobody_touched_is_whole(database: Database, anchors: AnchorFile) -> None:
    anchors.add(end_of(database), NOW + 10 * DAY)
    report = verify_chain(database, anchors, NOW + 11 * DAY)
    assert (report.rows, report.first_broken, report.problems) == (ROWS, None, ())


def test_the_hash_is_what_the_documentation_says() -> None:
    form = [1, FIRST_HASH, 1, "2026-03-02T00:15:00.000000+00:00", "kiosk-1", "staff.called", "welcome", None, "ab"]
    text = json.dumps(form, ensure_ascii=False, separators=(",", ":"))
    hanoi = NOW.astimezone(dt.timezone(dt.timedelta(hours=7)))
    made = row_hash(FIRST_HASH, 1, hanoi, "kiosk-1", "staff.called", "welcome", None, "ab")
    assert made == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize(
    "column", ["at", "device", "action", "outcome", "check_in_id", "subject", "previous_hash", "row_hash"]
)
def test_a_changed_column_names_the_first_broken_row(database: Database, file: Path, column: str) -> None:
    value = {"at": "'2020-01-01 00:00:00'", "check_in_id": f"'{uuid.UUID(int=99).hex}'"}.get(column, "'x'")
    change(file, f"update audit_log set {column} = {value} where id = 4")  # noqa: S608 - no input
    report = verify_chain(database)
    assert report.first_broken == 4
    assert report.problems[0] == "Row 4 was changed, or a row before it was taken out."


@pytest.mark.parametrize(
    ("tampering", "first_broken"),
    [
        (["delete from audit_log where id = 5"], 6),
        (["delete from audit_log where id = 1"], 2),
        (["update audit_log set id = 99 where id = 5", "update audit_log set id = 5 where id = 6",
          "update audit_log set id = 6 where id = 99"], 5),
        (["update audit_log set outcome = 'a' where id = 3", "update audit_log set outcome = 'b' where id = 8"], 3),
        ([LAST_AGAIN], 11),
    ],
    ids=["taken out", "first taken out", "exchanged", "two changed", "added"],
)  # fmt: skip
def test_rows_taken_out_exchanged_or_added_are_found(
    database: Database, file: Path, tampering: list[str], first_broken: int
) -> None:
    change(file, *tampering)
    report = verify_chain(database)
    assert report.first_broken == first_broken
    assert report.problems


def test_a_trail_that_was_cut_off_is_found(database: Database, file: Path) -> None:
    change(file, "delete from audit_log where id > 7")
    assert verify_chain(database).problems == ("The trail ends with row 7, but row 10 was the last one written.",)


def cut_off_cleverly(database: Database, file: Path, last: int) -> None:
    """As somebody does who knows how the trail is made: the note of its end is changed, too."""
    change(
        file,
        f"update audit_head set last_id = {last}, last_hash = (select row_hash from audit_log where id = {last})",  # noqa: S608
        f"delete from audit_log where id > {last}",  # noqa: S608 - no input
    )


def test_a_trail_that_was_cut_off_cleverly_is_found_by_its_anchor(
    database: Database, file: Path, anchors: AnchorFile
) -> None:
    anchors.add(end_of(database), NOW + 9 * DAY)
    cut_off_cleverly(database, file, 7)
    assert verify_chain(database).problems == ()  # the store alone cannot know
    assert verify_chain(database, anchors).problems == (
        "Row 10, anchored on 2026-03-11, is gone: the trail was cut off or replaced.",
    )


def test_a_trail_that_was_written_anew_is_found_by_its_anchor(
    database: Database, file: Path, anchors: AnchorFile
) -> None:
    anchors.add(end_of(database), NOW + 9 * DAY)
    cut_off_cleverly(database, file, 7)
    store = CheckInStore(database, Pseudonyms(b"k" * 32))
    for _ in range(3):
        store.note(AuditEntry(AuditAction.STAFF_CALLED, "nothing happened"), NOW)
    assert verify_chain(database).problems == ()
    assert "not the one that was anchored" in verify_chain(database, anchors).problems[0]


def test_an_anchor_cannot_be_made_without_the_key(
    database: Database, file: Path, anchors: AnchorFile, tmp_path: Path
) -> None:
    anchors.add(end_of(database), NOW)
    path = tmp_path / "audit.anchors"
    line = path.read_text()
    path.write_text(line.replace(" 10 ", " 7 "))
    assert anchors.newest() is None
    assert verify_chain(database, anchors).problems == (
        "1 lines of the anchor file are none, or were made with another key.",
    )


@pytest.mark.parametrize("left", [0, 2], ids=["all of them", "all but the oldest"])
def test_anchors_that_were_taken_away_are_missed(
    database: Database, file: Path, anchors: AnchorFile, tmp_path: Path, left: int
) -> None:
    """Who rewrites the trail deletes the anchors that would show it; they lie in the same folder."""
    with contextlib.closing(sqlite3.connect(file)) as connection:
        rows = connection.execute("select id, row_hash from audit_log order by id").fetchall()
    for row, own_hash in rows:
        anchors.add(ChainEnd(row, own_hash, 0, FIRST_HASH), NOW + (row - 1) * DAY)
    assert verify_chain(database, anchors, NOW + 10 * DAY).problems == ()
    path = tmp_path / "audit.anchors"
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:left]))
    assert "its anchors are gone" in verify_chain(database, anchors, NOW + 10 * DAY).problems[0]


def test_a_new_kiosk_s_first_day_needs_no_anchor(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "new.sqlite"))
    store = CheckInStore(database, Pseudonyms(b"k" * 32))
    for hour in range(0, 25, 6):
        store.note(AuditEntry(AuditAction.STAFF_CALLED, "welcome"), NOW + dt.timedelta(hours=hour))
    assert verify_chain(database, AnchorFile(tmp_path / "audit.anchors", database.keys), NOW + DAY).problems == ()
    database.close()


def test_an_anchor_line_that_a_power_cut_left_half_spoils_no_other(
    database: Database, anchors: AnchorFile, tmp_path: Path
) -> None:
    path = tmp_path / "audit.anchors"
    anchors.add(end_of(database), NOW)
    path.write_bytes(path.read_bytes() + path.read_bytes()[:50])
    anchors.add(end_of(database), NOW + DAY)
    found, unusable = anchors.read()
    assert [anchor.at for anchor in found] == [NOW, NOW + DAY]
    assert unusable == 1
    assert path.stat().st_mode & 0o777 == 0o600


def test_an_empty_trail_has_no_anchor(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "empty.sqlite"))
    anchors = AnchorFile(tmp_path / "audit.anchors", database.keys)
    anchors.add(end_of(database), NOW)
    assert anchors.read() == ([], 0)
    assert verify_chain(database, anchors).problems == ()
    database.close()


# ------------------------------------------------------------------------------------------- retention
def test_old_rows_go_and_the_chain_is_whole(database: Database, anchors: AnchorFile) -> None:
    anchors.add(end_of(database), NOW + 9 * DAY)
    years = NOW + dt.timedelta(days=5 * 365.25 + 4)
    purged = Retention().purge(database, years, (), "kiosk-1")
    assert purged.audit_rows == 5
    report = verify_chain(database, anchors, years)
    assert (report.rows, report.first_broken, report.problems) == (6, None, ())  # five are left, and the note of it
    assert report.end.checkpoint_id == 5
    assert Retention().purge(database, years, (), "kiosk-1").audit_rows == 0


def test_nothing_goes_before_half_a_year_whatever_is_asked_for(database: Database) -> None:
    greedy = Retention(audit=dt.timedelta(days=1))
    assert greedy.purge(database, NOW + 179 * DAY, (), "kiosk-1").audit_rows == 0
    assert greedy.purge(database, NOW + 182 * DAY, (), "kiosk-1").audit_rows == 3


def test_a_beginning_that_was_taken_away_without_a_note_is_found(database: Database, file: Path) -> None:
    change(
        file,
        "update audit_head set checkpoint_id = 4, checkpoint_hash = (select row_hash from audit_log where id = 4)",
        "delete from audit_log where id <= 4",
    )
    assert verify_chain(database).problems == ("The trail's beginning was taken away, and the trail does not say so.",)


def test_a_beginning_that_was_taken_away_early_is_found_by_its_anchor(
    database: Database, file: Path, anchors: AnchorFile
) -> None:
    anchors.add(end_of(database), NOW + 9 * DAY)
    forged = Retention(audit=dt.timedelta(days=1))
    forged.purge(database, NOW + 400 * DAY, (), "kiosk-1")  # by somebody who has turned the clock
    found = verify_chain(database, anchors, NOW + 10 * DAY).problems
    assert found == () or "before their time was over" in found[0]
    cleverly = end_of(database)
    assert cleverly.checkpoint_id == 9
    change(
        file,
        "update audit_head set checkpoint_id = 10, checkpoint_hash = (select row_hash from audit_log where id = 10)",
    )
    assert any(
        "before their time was over" in each for each in verify_chain(database, anchors, NOW + 10 * DAY).problems
    )


def test_rows_from_before_the_clock_was_set_are_as_old_as_their_neighbours(tmp_path: Path) -> None:
    database = Database(sqlite_url(tmp_path / "clock.sqlite"))
    store = CheckInStore(database, Pseudonyms(b"k" * 32))
    moments = [
        dt.datetime(1970, 1, 1, 0, 5, tzinfo=dt.UTC),
        NOW,
        dt.datetime(1970, 1, 1, 0, 5, tzinfo=dt.UTC),
        NOW + DAY,
    ]
    for at in moments:
        store.note(AuditEntry(AuditAction.STAFF_CALLED, "welcome"), at)
    assert Retention().purge(database, NOW + 2 * DAY, (), "kiosk-1").audit_rows == 0
    years = NOW + dt.timedelta(days=5 * 365.25 + 0.5)
    assert Retention().purge(database, years, (), "kiosk-1").audit_rows == 2
    assert verify_chain(database).problems == ()
    database.close()


def test_a_store_whose_end_of_the_trail_is_gone_writes_nothing(database: Database, file: Path) -> None:
    change(file, "delete from audit_head")
    with pytest.raises(StoreError) as caught:
        CheckInStore(database, Pseudonyms(b"k" * 32)).note(AuditEntry(AuditAction.STAFF_CALLED, "welcome"), NOW)
    assert caught.value.code.name == "store.damaged"
