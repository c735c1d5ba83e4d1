"""Backup and restore: sealed on the way, whole or not at all, and no number is given twice afterwards."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import io
import json
import os
import sqlite3
import tarfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.failures import StoreError
from kiosk_ui.app.keys import KeyPlace, key_file, new_key
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store import backup
from kiosk_ui.app.store import database as database_module
from kiosk_ui.app.store.audit_chain import AnchorFile
from kiosk_ui.app.store.backup import StorePlace, back_up, restore
from kiosk_ui.app.store.causes import sqlite_failure
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.checking import check_store
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.housekeeping import anchor_now
from kiosk_ui.app.store.rekeying import rekey
from kiosk_ui.store_command import store_command
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.verdict import Decision

NOW = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)
TODAY = dt.date(2026, 3, 2)
HANOI = dt.timezone(dt.timedelta(hours=7))
NAME = "NAMEMARK"


def draft(number: int, department: int = 0) -> CheckInDraft:
    identity = Identity(
        f"0400850{number:05d}", NAME, dt.date(1985, 2, 3), Sex.MALE, "VNM", None, None, False, None, Assurance.CHIP_VERIFIED
    )  # fmt: skip
    unknown = Eligibility.unavailable("relay.unreachable")
    return CheckInDraft(
        uuid.UUID(int=number),
        Visitor.from_identity(identity),
        unknown,
        DEFAULT_DEPARTMENTS[department],
        Decision.ACCEPT,
    )


def store_of(database: Database) -> CheckInStore:
    return CheckInStore(database, Pseudonyms(b"k" * 32))


@pytest.fixture
def place(tmp_path: Path) -> StorePlace:
    folder = tmp_path / "data"
    made = StorePlace(folder / "kiosk.sqlite", folder / "audit.anchors", KeyPlace(folder / "store.key"))
    database = opened(made)
    for number in (1, 2, 3):
        store_of(database).save(draft(number), NOW)
    anchor_now(database, AnchorFile(made.anchors, database.keys), NOW)
    database.close()
    return made


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return tmp_path / "backups" / "backup.tar"


@pytest.fixture(autouse=True)
def backups(tmp_path: Path) -> None:
    (tmp_path / "backups").mkdir()


def opened(place: StorePlace) -> Database:
    return Database(sqlite_url(place.file), keys=place.key)


def restored(archive: Path, place: StorePlace, now: dt.datetime = NOW) -> dict:
    return restore(archive, place, now, device="kiosk-1", zone=HANOI)


def names(archive: Path) -> list[str]:
    with tarfile.open(archive) as tar:
        return tar.getnames()


def assert_whole(place: StorePlace, people: int) -> None:
    database = opened(place)
    for number in range(1, people + 1):
        whole = store_of(database).draft_of(uuid.UUID(int=number))
        assert whole is not None
        assert whole.visitor.full_name == NAME
    assert check_store(database, AnchorFile(place.anchors, database.keys), NOW).problems == ()
    database.close()


# ---------------------------------------------------------------------------------------------- backup
def test_a_backup_shows_nobody_and_holds_no_key(place: StorePlace, archive: Path) -> None:
    manifest = back_up(place, archive, NOW)
    assert names(archive) == ["manifest.json", "kiosk.sqlite", "audit.anchors"]
    assert (manifest["check_ins"], manifest["revision"]) == (3, "0002")
    assert NAME.encode() not in archive.read_bytes()
    assert place.key.load(needed=True).first.master.reveal().hex().encode() not in archive.read_bytes()
    assert archive.stat().st_mode & 0o777 == 0o600
    assert list(archive.parent.iterdir()) == [archive]


def test_a_backup_holds_the_key_if_asked_for(place: StorePlace, archive: Path) -> None:
    back_up(place, archive, NOW, with_key=True)
    assert names(archive)[-1] == "store.key"


def test_a_backup_made_while_people_check_in_is_one_moment(place: StorePlace, archive: Path) -> None:
    database = opened(place)
    store = store_of(database)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        saving = pool.submit(lambda: [store.save(draft(number), NOW) for number in range(4, 24)])
        manifests = [back_up(place, archive, NOW) for _ in range(3)]
        saving.result()
    database.close()
    assert sorted(manifest["check_ins"] for manifest in manifests) == [manifest["check_ins"] for manifest in manifests]
    restored(archive, place)
    assert_whole(place, manifests[-1]["check_ins"])


def test_where_there_is_no_store_there_is_no_backup(tmp_path: Path, archive: Path) -> None:
    nowhere = StorePlace(tmp_path / "no" / "kiosk.sqlite", tmp_path / "a", KeyPlace(tmp_path / "k"))
    with pytest.raises(StoreError) as caught:
        back_up(nowhere, archive, NOW)
    assert caught.value.code.name == "store.not_there"
    assert not archive.exists()
    assert not nowhere.file.exists()


def test_a_place_where_no_backup_can_be_written_is_called_that(place: StorePlace, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        back_up(place, tmp_path / "no such folder" / "store.backup", NOW)
    assert caught.value.code.name == "store.backup_unwritable"
    assert caught.value.facts["cause"] == "No such file or directory"


def test_a_backup_that_is_not_there_is_not_taken_for_a_fault_of_the_store(place: StorePlace, tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        restore(tmp_path / "store-8.backup", place, NOW, device="kiosk-1", zone=dt.UTC)
    assert caught.value.code.name == "store.backup_unusable"


@pytest.mark.parametrize(("number", "name"), [(13, "SQLITE_FULL"), (4874, "SQLITE_IOERR_SHMSIZE")])
def test_a_full_disk_is_called_that(number: int, name: str) -> None:
    error = sqlite3.OperationalError("said by the driver")
    error.sqlite_errorcode, error.sqlite_errorname = number, name
    assert sqlite_failure(error).code.name == "store.disk_full"


def test_a_damaged_store_gives_no_backup_that_looks_good(place: StorePlace, archive: Path) -> None:
    content = bytearray(place.file.read_bytes())
    content[4096:] = b"\xaa" * (len(content) - 4096)
    place.file.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        back_up(place, archive, NOW)
    assert caught.value.code.name in ("store.damaged", "store.unavailable")
    assert list(archive.parent.iterdir()) == []


# --------------------------------------------------------------------------------------------- restore
def test_a_store_comes_back_and_says_so(place: StorePlace, archive: Path) -> None:
    back_up(place, archive, NOW)
    for path in place.file.parent.glob("kiosk.sqlite*"):
        path.unlink()
    restored(archive, place)
    assert_whole(place, 3)
    database = opened(place)
    with database.transaction("look") as connection:
        last = connection.exec_driver_sql("select action, outcome from audit_log order by id desc limit 1").one()
    database.close()
    assert last == ("store.restored", "backup of 2026-03-02T00:15:00+00:00")


def test_numbers_given_since_the_backup_are_never_given_again(place: StorePlace, archive: Path) -> None:
    back_up(place, archive, NOW)
    database = opened(place)
    given = {store_of(database).save(draft(number, number % 2), NOW).number for number in range(4, 44)}
    database.close()
    restored(archive, place)
    database = opened(place)
    again = {store_of(database).save(draft(number, number % 2), NOW).number for number in range(44, 60)}
    tomorrow = store_of(database).save(draft(60), NOW + dt.timedelta(days=1)).number
    database.close()
    assert given & again == set()
    assert min(again) == "A104"
    assert tomorrow == "A001"


def test_yesterdays_backup_does_not_give_todays_numbers_again(place: StorePlace, archive: Path) -> None:
    back_up(place, archive, NOW)
    tomorrow = NOW + dt.timedelta(days=1)
    database = opened(place)
    given = store_of(database).save(draft(4), tomorrow).number
    database.close()
    restored(archive, place, tomorrow)
    database = opened(place)
    assert store_of(database).save(draft(5), tomorrow).number == "A101" != given
    database.close()


def test_what_was_there_before_lies_beside_it(place: StorePlace, archive: Path) -> None:
    back_up(place, archive, NOW)
    database = opened(place)
    store_of(database).save(draft(4), NOW)
    database.close()
    restored(archive, place)
    (aside,) = place.file.parent.glob("kiosk.sqlite.before-restore-*")
    connection = sqlite3.connect(aside)
    assert connection.execute("select count(*) from check_in").fetchone() == (4,)
    connection.close()


def test_a_store_in_use_is_not_replaced(place: StorePlace, archive: Path) -> None:
    back_up(place, archive, NOW)
    running = opened(place)
    store_of(running).save(draft(4), NOW)
    with pytest.raises(StoreError) as caught:
        restored(archive, place)
    assert caught.value.code.name == "store.in_use"
    assert store_of(running).draft_of(uuid.UUID(int=4)) is not None
    running.close()
    restored(archive, place)
    assert_whole(place, 3)


def test_a_damaged_store_is_replaced_and_its_log_file_does_not_reach_the_new_one(
    place: StorePlace, archive: Path
) -> None:
    back_up(place, archive, NOW)
    place.file.write_bytes(b"\xaa" * 8192)
    place.file.with_name("kiosk.sqlite-wal").write_bytes(b"\xbb" * 8192)
    restored(archive, place)
    assert_whole(place, 3)


def test_a_new_machine_takes_the_key_from_the_archive(place: StorePlace, archive: Path, tmp_path: Path) -> None:
    back_up(place, archive, NOW, with_key=True)
    folder = tmp_path / "new machine"
    new = StorePlace(folder / "kiosk.sqlite", folder / "audit.anchors", KeyPlace(folder / "store.key"))
    restored(archive, new)
    assert_whole(new, 3)
    assert new.key.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("other", [None, key_file([new_key()])], ids=["no key", "another key"])
def test_without_its_key_a_backup_is_not_put_in_place(
    place: StorePlace, archive: Path, tmp_path: Path, other: bytes | None
) -> None:
    back_up(place, archive, NOW)
    before = place.file.read_bytes()
    place.key.path.unlink()
    if other is not None:
        place.key.path.touch(mode=0o600)
        place.key.path.write_bytes(other)
    with pytest.raises(StoreError) as caught:
        restored(archive, place)
    assert caught.value.code.name == ("store.key_missing" if other is None else "store.key_wrong")
    assert place.file.read_bytes() == before
    assert {path.name for path in place.file.parent.iterdir()} <= {"kiosk.sqlite", "audit.anchors", "store.key"}


def changed(archive: Path, how: str) -> bytes:
    """The archive as a careless or unfriendly hand leaves it."""
    members: dict[str, bytes] = {}
    with tarfile.open(archive) as tar:
        for member in tar:
            content = tar.extractfile(member)
            assert content
            members[member.name] = content.read()
    if how == "changed":
        members["kiosk.sqlite"] = members["kiosk.sqlite"][:-1] + b"x"
    if how == "store missing":
        del members["kiosk.sqlite"]
    if how == "no manifest":
        del members["manifest.json"]
    if how == "manifest is a list":
        members["manifest.json"] = b"[]"
    if how == "newer form":
        members["manifest.json"] = json.dumps(json.loads(members["manifest.json"]) | {"form": 2}).encode()
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
        if how == "stranger":
            tar.addfile(tarfile.TarInfo("../../evil"))
    return out.getvalue()


@pytest.mark.parametrize(
    "how", ["changed", "store missing", "no manifest", "manifest is a list", "newer form", "cut", "empty", "no tar"]
)
def test_what_is_no_whole_backup_is_refused_and_changes_nothing(place: StorePlace, archive: Path, how: str) -> None:
    back_up(place, archive, NOW)
    octets = archive.read_bytes()
    whole = {"cut": octets[: len(octets) // 2], "empty": b"", "no tar": b"hello" * 1_000}
    archive.write_bytes(whole[how] if how in whole else changed(archive, how))
    before = place.file.read_bytes()
    with pytest.raises(StoreError) as caught:
        restored(archive, place)
    assert caught.value.code.name == "store.backup_unusable"
    assert place.file.read_bytes() == before
    assert len(list(place.file.parent.iterdir())) == 3


def test_what_does_not_belong_into_an_archive_is_not_taken_out(
    place: StorePlace, archive: Path, tmp_path: Path
) -> None:
    back_up(place, archive, NOW)
    archive.write_bytes(changed(archive, "stranger"))
    restored(archive, place)
    assert_whole(place, 3)
    assert not list(tmp_path.parent.glob("**/evil"))


# --------------------------------------------------------------------------------------------- command
@pytest.fixture
def kiosk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data folder of a kiosk in which two people have checked in."""
    folder = tmp_path / "kiosk"
    monkeypatch.setenv("CHIPID_DATA_FOLDER", str(folder))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    database = Database(sqlite_url(folder / "kiosk.sqlite"))
    for number in (1, 2):
        store_of(database).save(draft(number), dt.datetime.now(dt.UTC))
    database.close()
    return folder


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = store_command(arguments)
    out, err = capsys.readouterr()
    assert NAME not in out + err
    return code, out, err


def test_an_operator_can_do_all_of_it(kiosk: Path, archive: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "check")[0] == 0
    assert run(capsys, "backup", str(archive)) == (0, "2 check-ins, without its key: keep that elsewhere\n", "")
    assert run(capsys, "rekey")[:2][0] == 0
    code, out, _ = run(capsys, "outbox")
    assert (code, out) == (0, "4 wait, the oldest for 0 min; 0 were given up\n")
    assert run(capsys, "retry")[1] == "4 items will be tried again\n"
    assert run(capsys, "purge")[1] == "deleted: 0 persons, 0 check-ins, 0 audit rows\n"
    assert run(capsys, "restore", str(archive))[0] == 0
    assert run(capsys, "check")[0] == 0
    assert run(capsys, "roll-back", "0001")[0] == 0
    assert run(capsys, "check")[0] == 0


def test_every_older_version_of_the_tables_can_be_named_and_no_other(
    kiosk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    versions = Path(database_module.__file__).with_name("migrations") / "versions"
    older = sorted({path.name[1:5] for path in versions.glob("v0*.py")} - {database_module.HEAD})
    for version in ("9999", database_module.HEAD):
        with pytest.raises(SystemExit) as left:
            run(capsys, "roll-back", version)
        assert left.value.code == 64
        err = capsys.readouterr().err
        assert older
        assert all(f"'{known}'" in err for known in older)


def test_a_store_in_use_is_not_rolled_back(kiosk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    database = Database(sqlite_url(kiosk / "kiosk.sqlite"))
    store_of(database).save(draft(3), NOW)
    code, _, err = run(capsys, "roll-back", "0001")
    assert (code, "store.in_use" in err) == (2, True)
    assert store_of(database).draft_of(uuid.UUID(int=3)) is not None
    database.close()


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can work for another user")
def test_what_root_restores_and_rekeys_is_the_kiosk_s_own(place: StorePlace, archive: Path) -> None:
    """Else the kiosk, which runs as a user of its own, could open neither its store nor its key."""
    back_up(place, archive, NOW)
    for path in (place.file.parent, *place.file.parent.iterdir()):
        os.chown(path, 4321, 4322)
    place.anchors.unlink()
    restored(archive, place)
    database = opened(place)
    rekey(database, place.key, AnchorFile(place.anchors, database.keys), now=NOW, device="kiosk-1")
    database.close()
    theirs = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in place.file.parent.iterdir()}
    assert {"kiosk.sqlite", "audit.anchors", "store.key"} <= set(theirs)
    assert set(theirs.values()) == {(4321, 4322)}


def test_a_backup_holds_together_though_the_kiosk_adds_an_anchor_while_it_is_made(
    place: StorePlace, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = backup._copied

    def copied(source: Path, target: Path) -> dict:
        manifest = copy(source, target)
        database = opened(place)
        store_of(database).save(draft(9), NOW)
        anchor_now(database, AnchorFile(place.anchors, database.keys), NOW)
        database.close()
        return manifest

    monkeypatch.setattr(backup, "_copied", copied)
    monkeypatch.setattr(backup, "_hash_of", hashed_while_anchored(place, backup._hash_of))
    back_up(place, archive, NOW)
    monkeypatch.undo()
    restored(archive, place)
    database = opened(place)
    assert check_store(database, AnchorFile(place.anchors, database.keys), NOW).problems == ()
    database.close()


def test_what_a_killed_backup_left_behind_goes_with_the_next_one(place: StorePlace, archive: Path) -> None:
    """A whole store, which no retention reaches."""
    left, under_way = archive.parent / ".chipid-backup-killed", archive.parent / ".chipid-backup-of-somebody-else"
    for folder, age in ((left, dt.timedelta(hours=7)), (under_way, dt.timedelta(minutes=5))):
        folder.mkdir()
        (folder / "kiosk.sqlite").write_bytes(b"people")
        os.utime(folder, times=((NOW - age).timestamp(),) * 2)
    back_up(place, archive, NOW)
    assert not left.exists()
    assert under_way.exists()


def hashed_while_anchored(place: StorePlace, hash_of: Callable[[Path], str]) -> Callable[[Path], str]:
    """The kiosk's own file grows right after it was hashed."""

    def hashed(path: Path) -> str:
        found = hash_of(path)
        if path.name == place.anchors.name:
            database = opened(place)
            anchor_now(database, AnchorFile(place.anchors, database.keys), NOW)
            database.close()
        return found

    return hashed


def test_a_check_that_finds_something_ends_with_one(kiosk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    connection = sqlite3.connect(kiosk / "kiosk.sqlite")
    connection.execute("update audit_log set outcome = 'x' where id = 2")
    connection.execute("update patient_snapshot set content = x'00' where check_in_id = ?", (uuid.UUID(int=1).hex,))
    connection.commit()
    connection.close()
    code, out, _ = run(capsys, "check")
    assert code == 1
    assert "Row 2 was changed" in out
    assert f"1 sealed records cannot be opened, of check-in {uuid.UUID(int=1)} first." in out


def test_a_store_that_is_not_there_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHIPID_DATA_FOLDER", str(tmp_path / "empty"))
    for action in ("check", "purge", "rekey", "outbox", "retry"):
        code, _, err = run(capsys, action)
        assert (code, "store.not_there" in err) == (2, True), action
        assert f"place {tmp_path / 'empty' / 'kiosk.sqlite'}" in err, "where it was looked for"
    assert run(capsys, "backup", str(tmp_path / "x"))[0] == 2
    assert not (tmp_path / "empty").exists()


def test_a_store_on_a_server_is_the_servers_to_copy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHIPID_DATA_FOLDER", str(tmp_path))
    monkeypatch.setenv("CHIPID_STORE_URL", "postgresql+psycopg://kiosk:secret@db.example/kiosk")
    code, _, err = run(capsys, "backup", str(tmp_path / "x"))
    assert (code, "store.on_server" in err, "secret" in err) == (2, True, False)


def test_a_settings_file_that_cannot_be_used_is_said_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "kiosk.toml").write_text("[store]\npersonal_days = 400\naudit_years = 0.1\n")
    code, _, err = run(capsys, "check", "--settings", str(tmp_path / "kiosk.toml"))
    assert code == 2
    assert "store.personal_days" in err
    assert "store.audit_years" in err
