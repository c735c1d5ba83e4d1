"""A new key: everything is sealed anew, nothing is ever unreadable, wherever it is killed and whoever writes meanwhile."""

from __future__ import annotations

import datetime as dt
import sqlite3
import uuid
from pathlib import Path

import pytest

from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.failures import StoreError
from kiosk_ui.app.keys import KeyPlace, StoreKey, key_file, make_once, new_key
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store import rekeying
from kiosk_ui.app.store.audit_chain import AnchorFile, verify_chain
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.checking import check_store
from kiosk_ui.app.store.database import CommitPoint, CommitWatcher, Database, nobody_watches, sqlite_url
from kiosk_ui.app.store.housekeeping import anchor_now
from kiosk_ui.app.store.rekeying import Rekeyed, rekey
from kiosk_ui.store_command import store_command
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.verdict import Decision

NOW = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)
TODAY = dt.date(2026, 3, 2)
PEOPLE = 5


def draft(number: int) -> CheckInDraft:
    identity = Identity(
        f"0400850{number:05d}", "Nguyễn Văn An", dt.date(1985, 2, 3), Sex.MALE, "VNM", None, None, False, None,
        Assurance.CHIP_VERIFIED,
    )  # fmt: skip
    unknown = Eligibility.unavailable("relay.unreachable")
    return CheckInDraft(
        uuid.UUID(int=number), Visitor.from_identity(identity), unknown, DEFAULT_DEPARTMENTS[0], Decision.ACCEPT
    )


class Place:
    """A store with five people, its key and its anchors."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "kiosk.sqlite"
        self.key = KeyPlace(folder / "store.key")
        self.anchor_path = folder / "audit.anchors"
        database = self.opened()
        for number in range(1, PEOPLE + 1):
            CheckInStore(database, Pseudonyms(b"k" * 32)).save(draft(number), NOW)
        anchor_now(database, self.anchors(database), NOW)
        database.close()

    def opened(self, watcher: CommitWatcher = nobody_watches) -> Database:
        return Database(sqlite_url(self.file), watcher, self.key)

    def anchors(self, database: Database) -> AnchorFile:
        return AnchorFile(self.anchor_path, database.keys)

    def rekey(self, database: Database, **options: bool) -> Rekeyed:
        return rekey(database, self.key, self.anchors(database), now=NOW, device="kiosk-1", **options)

    def assert_whole(self, database: Database, people: int = PEOPLE) -> None:
        store = CheckInStore(database, Pseudonyms(b"k" * 32))
        for number in range(1, people + 1):
            whole = store.draft_of(uuid.UUID(int=number))
            assert whole is not None
            assert whole.visitor.number == f"0400850{number:05d}"
            assert store.find_today(whole.visitor.number, TODAY) is not None
        assert check_store(database, self.anchors(database), NOW).problems == ()

    def keys_in_use(self) -> set[str]:
        connection = sqlite3.connect(self.file)
        query = "select key_id from patient_snapshot union select key_id from insurance_answer union select id from store_key"
        found = {name for (name,) in connection.execute(query)}
        connection.close()
        return found


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(rekeying, "_AT_ONCE", 2)  # several batches
    return Place(tmp_path)


def test_everything_is_sealed_anew_and_found(place: Place) -> None:
    before = place.keys_in_use()
    database = place.opened()
    done = place.rekey(database)
    assert (done.cells, done.old_keys) == (2 * PEOPLE, 1)
    assert place.keys_in_use() == {done.key_id}
    assert done.key_id not in before
    place.assert_whole(database)
    database.close()
    assert [key.id for key in place.key.load(needed=True).all] == [done.key_id, *before]


def test_an_old_key_that_was_forgotten_is_needed_by_nothing(place: Place) -> None:
    database = place.opened()
    done = place.rekey(database, forget_old=True)
    database.close()
    assert [key.id for key in place.key.load(needed=True).all] == [done.key_id]
    database = place.opened()
    place.assert_whole(database)
    assert place.anchors(database).read()[1] == 0  # the anchors are confirmed with the new key
    database.close()


def test_a_kiosk_that_runs_meanwhile_goes_on(place: Place) -> None:
    running, administrator = place.opened(), place.opened()
    store = CheckInStore(running, Pseudonyms(b"k" * 32))
    store.save(draft(PEOPLE + 1), NOW)
    done = place.rekey(administrator, forget_old=True)
    assert store.find_today("040085000001", TODAY) is not None
    store.save(draft(PEOPLE + 2), NOW)  # with the new key, which it has found by itself
    assert place.keys_in_use() == {done.key_id}
    place.assert_whole(running, PEOPLE + 2)
    running.close()
    administrator.close()


class PlugPulledError(Exception):
    """Stands for the end of the process at a commit."""


def test_killed_before_and_after_every_commit_it_loses_nothing_and_ends_when_done_again(place: Place) -> None:
    commits = 0
    for point in (CommitPoint.BEFORE, CommitPoint.AFTER):
        number = 0
        while True:
            number += 1
            left = iter(range(number - 1, -1, -1))

            def pull(name: str, at: CommitPoint, left=left, point=point) -> None:
                if name == "rekey" and at is point and next(left) == 0:
                    raise PlugPulledError

            database = place.opened(pull)
            try:
                place.rekey(database)
                break
            except PlugPulledError:
                commits += 1
            finally:
                database.close()
                database = place.opened()
                place.assert_whole(database)
                database.close()
        assert len(place.keys_in_use()) == 1
    assert commits > 10


def test_of_two_at_once_one_is_told_to_wait_and_no_key_is_lost(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second would write the key file without the key that the first is about to seal with: the store for ever shut."""
    make_current = rekeying._make_current
    refused = []

    def overtaken(database: Database, *arguments: object) -> None:
        monkeypatch.setattr(rekeying, "_make_current", make_current)
        second = place.opened()
        with pytest.raises(StoreError) as caught:
            place.rekey(second, forget_old=True)
        refused.append(caught.value.code.name)
        second.close()
        make_current(database, *arguments)

    monkeypatch.setattr(rekeying, "_make_current", overtaken)
    database = place.opened()
    place.rekey(database)
    database.close()
    assert refused == ["store.in_use"]
    again = place.opened()
    place.assert_whole(again)
    place.rekey(again)  # once it is done, the next may
    again.close()


def test_a_key_that_the_administrator_put_first_is_taken(place: Place) -> None:
    own = new_key()
    place.key.path.write_bytes(key_file([own, *(key.master for key in place.key.load(needed=True).all)]))
    database = place.opened()
    assert place.rekey(database).key_id == StoreKey(own).id
    database.close()


def test_a_credential_is_not_written(place: Place) -> None:
    lent = KeyPlace(place.key.path, may_make=False)
    before = lent.path.read_bytes()
    database = place.opened()
    for forget_old in (False, True):
        with pytest.raises(StoreError) as caught:
            rekey(database, lent, place.anchors(database), now=NOW, device="kiosk-1", forget_old=forget_old)
        assert caught.value.code.name == "store.key_unusable"
    assert lent.path.read_bytes() == before
    place.assert_whole(database)
    database.close()


def test_the_trail_says_that_the_key_was_changed(place: Place) -> None:
    database = place.opened()
    done = place.rekey(database)
    with database.transaction("look") as connection:
        query = "select outcome from audit_log where action = 'store.rekeyed' order by id"
        noted = connection.exec_driver_sql(query).scalars().all()
    assert noted == [f"begun {done.key_id}", f"done {done.key_id} {2 * PEOPLE}"]
    assert verify_chain(database).problems == ()
    database.close()


def test_without_the_new_key_the_store_does_not_open_and_nothing_is_lost(place: Place, tmp_path: Path) -> None:
    old = place.key.path.read_bytes()
    database = place.opened()
    place.rekey(database)
    database.close()
    both = place.key.path.read_bytes()
    place.key.path.unlink()
    make_once(place.key.path, old)
    with pytest.raises(StoreError) as caught:
        place.opened()
    assert caught.value.code.name == "store.key_wrong"
    place.key.path.write_bytes(both)
    database = place.opened()
    place.assert_whole(database)
    database.close()


# ---------------------------------------------------------------------------------- damaged cells
def spoil(place: Place, table: str, row: str, number: int) -> None:
    connection = sqlite3.connect(place.file)
    with connection:
        done = connection.execute(
            f"update {table} set content = x'01' || zeroblob(60) where {row} = ?",  # noqa: S608
            (uuid.UUID(int=number).hex,),
        ).rowcount
    connection.close()
    assert done == 1


def old_keys(place: Place) -> list[str]:
    return [key.id for key in place.key.load(needed=True).all]


@pytest.mark.parametrize("forget_old", [False, True])
def test_a_damaged_cell_stays_as_it_is_and_the_others_are_sealed_anew(place: Place, forget_old: bool) -> None:
    (before,) = place.keys_in_use()
    spoil(place, "patient_snapshot", "check_in_id", 2)
    database = place.opened()
    done = place.rekey(database, forget_old=forget_old)
    assert (done.cells, done.damaged, done.old_keys) == (2 * PEOPLE - 1, (uuid.UUID(int=2),), 1)
    assert place.keys_in_use() == {done.key_id, before}  # the damaged one names the old key still
    assert old_keys(place) == [done.key_id, before]
    store = CheckInStore(database, Pseudonyms(b"k" * 32))
    for number in (1, 3, 4, 5):
        assert store.find_today(f"0400850{number:05d}", TODAY) is not None
    database.close()
    place.opened().close()  # it starts again, with both keys


def test_a_second_new_key_goes_past_the_damaged_cell_too(place: Place) -> None:
    (before,) = place.keys_in_use()
    spoil(place, "insurance_answer", "check_in_id", 5)
    spoil(place, "patient_snapshot", "check_in_id", 1)
    database = place.opened()
    first = place.rekey(database)
    second = place.rekey(database, forget_old=True)
    assert len({before, first.key_id, second.key_id}) == 3
    assert second.cells == 2 * PEOPLE - 2
    assert set(second.damaged) == {uuid.UUID(int=1), uuid.UUID(int=5)}
    assert old_keys(place) == [second.key_id, before]  # the first one goes, since nothing needs it
    database.close()


def test_a_cell_that_was_put_back_from_a_backup_is_sealed_anew(place: Place) -> None:
    connection = sqlite3.connect(place.file)
    (whole,) = connection.execute("select content from patient_snapshot order by check_in_id limit 1").fetchone()
    connection.close()
    spoil(place, "patient_snapshot", "check_in_id", 1)
    database = place.opened()
    first = place.rekey(database)
    connection = sqlite3.connect(place.file)
    with connection:
        connection.execute("update patient_snapshot set content = ? where key_id != ?", (whole, first.key_id))
    connection.close()
    second = place.rekey(database, forget_old=True)
    assert (second.key_id, second.cells, second.damaged) == (first.key_id, 1, ())
    assert old_keys(place) == [first.key_id]
    place.assert_whole(database)
    database.close()


def test_the_command_names_the_check_in_and_the_key_goes_when_the_damaged_one_is_gone(
    place: Place, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("CHIPID_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("CHIPID_STORE__KEY_FILE", str(place.key.path))
    spoil(place, "patient_snapshot", "check_in_id", 3)
    assert store_command(["rekey", "--forget-old"]) == 1
    said = capsys.readouterr().out
    assert f"1 records cannot be opened and stay as they are, of check-in {uuid.UUID(int=3)} first." in said
    assert "1 old keys are kept" in said
    connection = sqlite3.connect(place.file)
    with connection:
        connection.execute("delete from patient_snapshot where check_in_id = ?", (uuid.UUID(int=3).hex,))
    connection.close()
    assert store_command(["rekey", "--forget-old"]) == 0
    assert "0 old keys are kept" in capsys.readouterr().out
