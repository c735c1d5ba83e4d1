"""A new key for the store: everything sealed is sealed anew, batch by batch, while the kiosks go on.

Killed at any moment, the store is whole: each cell names the key that it was sealed with, the key file keeps the old key
until nothing needs it, and doing it again goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from crypto.primitives.secret import Secret
from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.failures import STORE_IN_USE, STORE_KEY_UNUSABLE, StoreError
from kiosk_ui.app.full_disk import store_failure
from kiosk_ui.app.keys import KeyPlace, StoreKey, key_file, new_key
from kiosk_ui.app.store import audit_rows, records
from kiosk_ui.app.store.audit_chain import AnchorFile
from kiosk_ui.app.store.database import Database
from kiosk_ui.app.store.ownership import give_to_owner_of
from kiosk_ui.app.store.schema import insurance_answer, patient_snapshot, store_key
from reader.trust.file_writing import Busy, flush_folder, locked, write_whole

__all__ = ["Rekeyed", "rekey"]

_AT_ONCE: Final = 200
_SEALED: Final = ((patient_snapshot, patient_snapshot.c.check_in_id), (insurance_answer, insurance_answer.c.id))


@dataclasses.dataclass(frozen=True, slots=True)
class Rekeyed:
    """What was done: name of the key that now seals everything, how many cells were sealed anew, old keys in the file."""

    key_id: str
    cells: int
    old_keys: int


def rekey(
    database: Database,
    place: KeyPlace,
    anchors: AnchorFile,
    *,
    now: dt.datetime,
    device: str,
    forget_old: bool = False,
) -> Rekeyed:
    """Seal everything with a new key.

    The key is the first of the file if the store does not use it yet (an administrator has put it there, or an earlier
    attempt stopped), otherwise a fresh one is added to the file. Without ``forget_old`` the old ones stay there, for
    backups.

    Raises:
        StoreError: ``store.key_unusable`` if the file cannot be written; ``store.in_use`` if somebody does it already;
            whatever the store raises. The store is whole.
    """
    if forget_old and not place.may_make:
        raise StoreError(STORE_KEY_UNUSABLE, cause="a credential is read only: take the old lines out of it afterwards")
    with _alone(place):
        return _rekey(database, place, anchors, now, device, forget_old)


@contextlib.contextmanager
def _alone(place: KeyPlace) -> Iterator[None]:
    """One at a time: the second to write the key file would drop the key that the first has begun to seal with."""
    if not place.may_make:  # nobody writes it
        yield
        return
    lock = place.path.with_name(place.path.name + ".lock")
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(locked(lock))
            give_to_owner_of(lock.parent, lock)
        except Busy:
            raise StoreError(STORE_IN_USE, cause="another 'chipid store rekey' runs") from None
        except OSError as error:
            raise store_failure(error, STORE_KEY_UNUSABLE) from None
        yield


def _rekey(
    database: Database, place: KeyPlace, anchors: AnchorFile, now: dt.datetime, device: str, forget_old: bool
) -> Rekeyed:
    key = _key_to_come(database, place)
    _make_current(database, key, now, device)
    database.keys.get(key.id)  # it knows the new one from here on
    cells = sum(_seal_anew(database, key, table, row_id) for table, row_id in _SEALED)
    _settle(database, key, cells, now, device)
    try:
        anchors.confirm_anew(key)
        if forget_old:
            _write_keys(place.path, [key.master])
    except OSError as error:
        raise store_failure(error, STORE_KEY_UNUSABLE) from None
    return Rekeyed(key.id, cells, len(place.load(needed=True).all) - 1)


def _key_to_come(database: Database, place: KeyPlace) -> StoreKey:
    keys = place.load(needed=True)
    with database.transaction("read") as connection:
        used = {row.id: row.is_current for row in connection.execute(sa.select(store_key))}
    if len(used) > 1:  # an earlier attempt stopped half-way
        return keys.get(next(name for name, is_current in used.items() if is_current))
    if keys.first.id not in used:
        return keys.first
    if not place.may_make:
        raise StoreError(STORE_KEY_UNUSABLE, cause="a credential is read only: put a new first line into it")
    fresh = StoreKey(new_key())
    try:
        _write_keys(place.path, [fresh.master, *(key.master for key in keys.all)])
    except OSError as error:
        raise store_failure(error, STORE_KEY_UNUSABLE) from None
    return fresh


def _write_keys(path: Path, masters: Sequence[Secret]) -> None:
    """On the disk before anything is sealed with them, and the kiosk's also where root has called."""
    write_whole(path, key_file(masters), mode=0o600)
    give_to_owner_of(path.parent, path)
    flush_folder(path.parent)


def _make_current(database: Database, key: StoreKey, now: dt.datetime, device: str) -> None:
    """From the end of this transaction on, every kiosk writes with the new key."""
    with database.transaction("rekey") as connection:
        connection.execute(store_key.update().values(is_current=False))
        known = connection.execute(store_key.update().where(store_key.c.id == key.id).values(is_current=True)).rowcount
        if not known:
            connection.execute(store_key.insert().values(id=key.id, is_current=True, since=now))
            entry = AuditEntry(AuditAction.STORE_REKEYED, f"begun {key.id}")
            audit_rows.add_entry(connection, entry, device=device, at=now)


def _seal_anew(database: Database, key: StoreKey, table: sa.Table, row_id: sa.ColumnElement[object]) -> int:
    c = table.c
    query = sa.select(row_id.label("row_id"), c.key_id, c.content).where(c.key_id != key.id).limit(_AT_ONCE)
    done = 0
    while True:
        with database.transaction("rekey") as connection:
            rows = connection.execute(query.with_for_update()).all()
            for row in rows:
                place = records.place_of(table.name, row.row_id)
                content = database.keys.open(row.key_id, row.content, place)
                values: dict[str, object] = {"key_id": key.id, "content": key.seal(content, place)}
                if table is patient_snapshot:
                    number = records.person_of(content).visitor.number
                    values["number_word"] = key.search_word(number) if number else None
                connection.execute(table.update().where(row_id == row.row_id), values)
        if not rows:
            return done
        done += len(rows)


def _settle(database: Database, key: StoreKey, cells: int, now: dt.datetime, device: str) -> None:
    """The old keys' names go when nothing is sealed with them any more."""
    with database.transaction("rekey") as connection:
        connection.execute(store_key.delete().where(store_key.c.id != key.id))
        entry = AuditEntry(AuditAction.STORE_REKEYED, f"done {key.id} {cells}")
        audit_rows.add_entry(connection, entry, device=device, at=now)
