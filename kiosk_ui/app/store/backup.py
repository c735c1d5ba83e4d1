"""Backup and restore of a store in a file. What is sealed stays sealed, and the key is in the archive only if asked for.

The archive is a tar file with ``manifest.json``, ``kiosk.sqlite``, ``audit.anchors`` and perhaps ``store.key``. A store on
a PostgreSQL server is backed up with the server's own tools; its columns are sealed there, too.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import hashlib
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.failures import (
    BACKUP_UNUSABLE,
    BACKUP_UNWRITABLE,
    STORE_DAMAGED,
    STORE_IN_USE,
    STORE_NOT_THERE,
    STORE_UNAVAILABLE,
    StoreError,
)
from kiosk_ui.app.full_disk import store_failure
from kiosk_ui.app.keys import KeyPlace, make_once
from kiosk_ui.app.store import audit_rows
from kiosk_ui.app.store.audit_chain import AnchorFile
from kiosk_ui.app.store.causes import sqlite_failure
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.numbers import skip_numbers
from kiosk_ui.app.store.ownership import give_to_owner_of, make_folder
from reader.trust.file_writing import write_whole

__all__ = ["StorePlace", "back_up", "require_unused", "restore"]

SKIPPED_NUMBERS: Final = 100
"""So many numbers of the day are left out after a restore: tickets that the backup does not know may have them."""

_MANIFEST, _STORE, _ANCHORS, _KEY = "manifest.json", "kiosk.sqlite", "audit.anchors", "store.key"
_FORM: Final = 1
_LARGEST: Final = {_MANIFEST: 64 * 1024, _ANCHORS: 8 << 20, _KEY: 64 * 1024, _STORE: 32 << 30}
_NEW_FILE: Final = os.O_CREAT | os.O_WRONLY | os.O_EXCL | getattr(os, "O_BINARY", 0)
_CHUNK: Final = 1 << 20
_BACKING_UP, _RESTORING = ".chipid-backup-", ".chipid-restore-"
_LEFT_BEHIND: Final = dt.timedelta(hours=6)  # no backup takes so long: who worked in such a folder was killed


@dataclasses.dataclass(frozen=True, slots=True)
class StorePlace:
    """Where everything of one store lies: its file, its anchors, its key."""

    file: Path
    anchors: Path
    key: KeyPlace


def back_up(place: StorePlace, archive: Path, now: dt.datetime, *, with_key: bool = False) -> dict[str, Any]:
    """Copy the store into ``archive`` while the kiosk goes on. Whole or not at all; readable by this user alone.

    Returns:
        The manifest.

    Raises:
        StoreError: ``store.not_there``; ``store.backup_unwritable`` or ``store.disk_full`` if the archive cannot be written;
            ``store.damaged`` if the copy does not hold together.
    """
    if not place.file.is_file():
        raise StoreError(STORE_NOT_THERE, place=str(place.file))
    try:
        _sweep(archive.parent, now)
        with tempfile.TemporaryDirectory(dir=archive.parent, prefix=_BACKING_UP) as folder:
            members = {_STORE: Path(folder) / _STORE}
            # All are copied first: a kiosk that runs may add to them at any moment. The anchors before the store, so that
            # none of them speaks of a row that the copy does not have.
            if place.anchors.is_file():
                members[_ANCHORS] = _copy_of(place.anchors, Path(folder) / _ANCHORS)
            if with_key:
                place.key.load(needed=True)  # refuses one that is unusable
                members[_KEY] = _copy_of(place.key.path, Path(folder) / _KEY)
            manifest = _copied(place.file, members[_STORE])
            manifest |= {"form": _FORM, "made_at": now.astimezone(dt.UTC).isoformat(timespec="seconds")}
            manifest["sha256"] = {name: _hash_of(path) for name, path in members.items()}
            whole = Path(folder) / "archive"
            _write_archive(whole, manifest, members)
            whole.replace(archive)
    except OSError as error:
        raise store_failure(error, BACKUP_UNWRITABLE) from None
    return manifest


def restore(archive: Path, place: StorePlace, now: dt.datetime, *, device: str, zone: dt.tzinfo) -> dict[str, Any]:
    """Put the store of an archive in place of the present one, which stays beside it under another name.

    Everything is tried on a copy first: its hashes, the file, the key. The audit trail says that it was done, and the day's
    queues go on :data:`SKIPPED_NUMBERS` numbers later.

    Raises:
        StoreError: ``store.backup_unusable``, ``store.key_missing``, ``store.key_wrong``, ``store.in_use`` …; the present
            store is as it was.
    """
    if not archive.is_file():
        raise StoreError(BACKUP_UNUSABLE, cause="there is no such file")
    try:
        make_folder(place.file.parent)
        _sweep(place.file.parent, now)
        with tempfile.TemporaryDirectory(dir=place.file.parent, prefix=_RESTORING) as folder:
            manifest = _extract(archive, Path(folder))
            fresh = Path(folder) / _STORE
            if (Path(folder) / _KEY).exists() and not place.key.path.exists():
                make_once(place.key.path, (Path(folder) / _KEY).read_bytes())
                give_to_owner_of(place.key.path.parent, place.key.path)
            _prepare(fresh, place.key, now, device, zone, str(manifest.get("made_at", "")))
            _put_in_place(Path(folder), place, now)
    except OSError as error:
        raise store_failure(error, STORE_UNAVAILABLE) from None
    return manifest


# ----------------------------------------------------------------------------------------------- backup
def _copied(source: Path, copy: Path) -> dict[str, Any]:
    """SQLite's online backup: the store may be written to meanwhile. The copy is looked at before it counts."""
    with _failures(), contextlib.closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as live:
        os.close(os.open(copy, os.O_CREAT | os.O_WRONLY, 0o600))
        with contextlib.closing(sqlite3.connect(copy)) as into:
            live.backup(into)
            into.execute("PRAGMA journal_mode = DELETE")  # one file, without a log beside it
            if into.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
                raise StoreError(STORE_DAMAGED, cause="the copy does not hold together")
            tables = {name for (name,) in into.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not {"alembic_version", "check_in"} <= tables:
                raise StoreError(STORE_DAMAGED, cause="this is no store")
            (revision,) = into.execute("SELECT version_num FROM alembic_version").fetchone()
            (check_ins,) = into.execute("SELECT count(*) FROM check_in").fetchone()
            keys = [key for (key,) in into.execute("SELECT id FROM store_key")] if "store_key" in tables else []
    return {"revision": revision, "check_ins": check_ins, "keys": keys}


def _sweep(folder: Path, now: dt.datetime) -> None:
    """Delete what a killed backup or restore has left: a whole store that nothing else would ever delete."""
    for prefix in (_BACKING_UP, _RESTORING):
        for left in folder.glob(f"{prefix}*"):
            if left.is_dir() and now.timestamp() - left.stat().st_mtime > _LEFT_BEHIND.total_seconds():
                shutil.rmtree(left)


def _copy_of(source: Path, copy: Path) -> Path:
    with os.fdopen(os.open(copy, _NEW_FILE, 0o600), "wb") as file:
        file.write(source.read_bytes())
    return copy


def _write_archive(path: Path, manifest: dict[str, Any], members: dict[str, Path]) -> None:
    handle = os.open(path, _NEW_FILE, 0o600)
    with os.fdopen(handle, "wb") as file:
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
            text = json.dumps(manifest, indent=1, sort_keys=True).encode()
            tar.addfile(_member(_MANIFEST, len(text)), io.BytesIO(text))
            for name, source in members.items():
                with source.open("rb") as content:
                    tar.addfile(_member(name, source.stat().st_size), content)
        file.flush()
        os.fsync(file.fileno())


def _member(name: str, size: int) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.size, member.mode = size, 0o600
    return member


# ---------------------------------------------------------------------------------------------- restore
def _extract(archive: Path, folder: Path) -> dict[str, Any]:
    """Take out the members that belong there, by name, and nothing else. Returns the manifest."""
    try:
        with archive.open("rb") as file, tarfile.open(fileobj=file, mode="r:") as tar:
            found = {member.name: member for member in tar if member.isreg() and member.name in _LARGEST}
            if any(member.size > _LARGEST[name] for name, member in found.items()):
                raise StoreError(BACKUP_UNUSABLE, cause="too large")
            manifest = json.loads(_opened(tar, found[_MANIFEST]).read())
            hashes = dict(manifest["sha256"])
            if manifest["form"] != _FORM or _STORE not in hashes or set(hashes) != set(found) - {_MANIFEST}:
                raise StoreError(BACKUP_UNUSABLE, cause="not all of it is there")
            for name in hashes:
                _write_member(_opened(tar, found[name]), folder / name)
    except (tarfile.TarError, ValueError, KeyError, TypeError, EOFError):
        raise StoreError(BACKUP_UNUSABLE, cause="it is no archive of a store") from None
    for name, expected in hashes.items():
        if _hash_of(folder / name) != expected:
            raise StoreError(BACKUP_UNUSABLE, cause=f"{name} was changed")
    return dict(manifest)


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> IO[bytes]:
    content = tar.extractfile(member)
    if content is None:
        raise StoreError(BACKUP_UNUSABLE, cause="a member is no file")
    return content


def _write_member(content: IO[bytes], path: Path) -> None:
    with os.fdopen(os.open(path, _NEW_FILE, 0o600), "wb") as file:
        while chunk := content.read(_CHUNK):
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())


def _prepare(fresh: Path, key: KeyPlace, now: dt.datetime, device: str, zone: dt.tzinfo, made_at: str) -> None:
    """Bring the copy to this program's version, with this kiosk's key, and have it say where it comes from."""
    with _failures(), contextlib.closing(sqlite3.connect(fresh)) as copy:
        if copy.execute("PRAGMA integrity_check(1)").fetchone() != ("ok",):
            raise StoreError(BACKUP_UNUSABLE, cause="the store in it does not hold together")
    database = Database(sqlite_url(fresh), keys=key)
    try:
        with database.transaction("restore") as connection:
            skip_numbers(connection, now.astimezone(zone).date(), SKIPPED_NUMBERS)
            entry = AuditEntry(AuditAction.STORE_RESTORED, f"backup of {made_at}"[:60])
            audit_rows.add_entry(connection, entry, device=device, at=now)
            end = audit_rows.chain_end(connection)
        AnchorFile(fresh.with_name(_ANCHORS), database.keys).add(end, now)
    finally:
        database.close()
    with contextlib.closing(sqlite3.connect(fresh)) as copy:
        copy.execute("PRAGMA journal_mode = DELETE")


def _put_in_place(folder: Path, place: StorePlace, now: dt.datetime) -> None:
    """Everything before the last renaming leaves the present store as it is; a kill leaves the one or the other."""
    suffix = f".before-restore-{now.astimezone(dt.UTC):%Y%m%dT%H%M%S}"
    if place.file.exists():
        require_unused(place.file)
        _keep_aside(place.file, suffix)
    for leftover in ("-wal", "-shm"):  # of a file that was too damaged to be opened; never another store's
        beside = place.file.with_name(place.file.name + leftover)
        if beside.exists():
            beside.replace(beside.with_name(beside.name + suffix))
    if place.anchors.exists():
        _keep_aside(place.anchors, suffix)
    give_to_owner_of(place.file.parent, folder / _STORE)
    (folder / _STORE).replace(place.file)
    write_whole(place.anchors, (folder / _ANCHORS).read_bytes(), mode=0o600)
    give_to_owner_of(place.anchors.parent, place.anchors)


def require_unused(file: Path) -> None:
    """Refuse to touch a store that somebody has open.

    A store leaves its log file's mode only if nobody else has it open, and then it is one file.

    Raises:
        StoreError: ``store.in_use``.
    """
    with contextlib.closing(sqlite3.connect(file, timeout=0.5)) as live:
        try:
            (mode,) = live.execute("PRAGMA journal_mode = DELETE").fetchone()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorname in ("SQLITE_BUSY", "SQLITE_LOCKED"):
                raise StoreError(STORE_IN_USE) from None
            return  # it cannot be opened: nobody uses it
        except sqlite3.DatabaseError:
            return  # damaged: that is why it is replaced
    if mode != "delete":
        raise StoreError(STORE_IN_USE)


def _keep_aside(path: Path, suffix: str) -> None:
    aside = path.with_name(path.name + suffix)
    with contextlib.suppress(FileExistsError):  # tried a moment ago, and killed
        os.link(path, aside)


def _hash_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextlib.contextmanager
def _failures() -> Iterator[None]:
    try:
        yield
    except sqlite3.DatabaseError as error:
        if isinstance(error, sqlite3.OperationalError):
            raise sqlite_failure(error) from None
        raise StoreError(
            STORE_DAMAGED, cause=getattr(error, "sqlite_errorname", None) or type(error).__name__
        ) from None
