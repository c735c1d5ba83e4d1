"""A new key for the store: everything sealed is sealed anew, batch by batch, while the kiosks go on.

Killed at any moment, the store is whole: each cell names the key that it was sealed with, the key file keeps the old key
until nothing needs it, and doing it again goes on where it stopped.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

from crypto.primitives.secret import Secret
from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.failures import STORE_DAMAGED, STORE_IN_USE, STORE_KEY_UNUSABLE, STORE_KEY_WRONG, StoreError
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
    """What was done.

    Attributes:
        key_id: name of the key that now seals everything that could be opened.
        cells: how many were sealed anew.
        old_keys: how many old keys the file still holds.
        damaged: check-ins of cells that do not open, one for each cell. They stay as they are, and so does their key.
    """

    key_id: str
    cells: int
    old_keys: int
    damaged: tuple[uuid.UUID, ...] = ()


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
    backups. A cell that does not open (damaged, or its key is lost) is left as it is and reported; the key that it names
    is not forgotten while it is there, since what is damaged today may be put back from a backup tomorrow.

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
    sealed = [_seal_anew(database, key, table, row_id) for table, row_id in _SEALED]
    cells = sum(done for done, _ in sealed)
    damaged = tuple(check_in for _, of_table in sealed for check_in in of_table)
    _settle(database, key, cells, now, device)
    try:
        anchors.confirm_anew(key)
        if forget_old:
            needed = _names_in_cells(database)
            others = [each for each in place.load(needed=True).all if each.id in needed and each.id != key.id]
            _write_keys(place.path, [each.master for each in (key, *others)])
    except OSError as error:
        raise store_failure(error, STORE_KEY_UNUSABLE) from None
    return Rekeyed(key.id, cells, len(place.load(needed=True).all) - 1, damaged)


def _key_to_come(database: Database, place: KeyPlace) -> StoreKey:
    keys = place.load(needed=True)
    with database.transaction("read") as connection:
        used = {row.id: row.is_current for row in connection.execute(sa.select(store_key))}
    if len(used) > 1:
        current = next(name for name, is_current in used.items() if is_current)
        if _stopped_half_way(database, current):
            return keys.get(current)
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


def _stopped_half_way(database: Database, current: str) -> bool:
    """Whether an earlier attempt has left work: not if all that is still sealed with an old key cannot be opened."""
    is_any_left = False
    for table, row_id in _SEALED:
        c = table.c
        query = sa.select(row_id.label("row_id"), c.key_id, c.content).where(c.key_id != current)
        with database.transaction("read") as connection:
            for row in connection.execute(query.execution_options(yield_per=_AT_ONCE)):
                is_any_left = True
                if _opened(database, table, row.row_id, row.key_id, row.content) is not None:
                    return True
    return not is_any_left


def _opened(database: Database, table: sa.Table, row_id: uuid.UUID, key_id: str, cell: bytes) -> bytes | None:
    """What is in a cell; ``None`` if it does not open, or holds nothing that this program has written."""
    try:
        content = database.keys.open(key_id, cell, records.place_of(table.name, row_id))
        if table is patient_snapshot:
            records.person_of(content)
    except StoreError as error:
        if error.code in (STORE_DAMAGED, STORE_KEY_WRONG):
            return None
        raise
    return content


def _names_in_cells(database: Database) -> set[str]:
    with database.transaction("read") as connection:
        return {
            name for table, _ in _SEALED for name in connection.execute(sa.select(table.c.key_id).distinct()).scalars()
        }


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


def _seal_anew(
    database: Database, key: StoreKey, table: sa.Table, row_id: sa.ColumnElement[Any]
) -> tuple[int, list[uuid.UUID]]:
    """Batch by batch; returns how many cells it were, and the check-ins of those that did not open."""
    c = table.c
    query = sa.select(row_id.label("row_id"), c.key_id, c.content, c.check_in_id)
    query = query.where(c.key_id != key.id).order_by(row_id).limit(_AT_ONCE)
    done, damaged, last = 0, [], None
    while True:
        with database.transaction("rekey") as connection:
            # Beyond the last one: those that do not open stay, and must not be met again.
            rest = query if last is None else query.where(row_id > last)
            rows = connection.execute(rest.with_for_update()).all()
            for row in rows:
                content = _opened(database, table, row.row_id, row.key_id, row.content)
                if content is None:
                    damaged.append(row.check_in_id)
                    continue
                values: dict[str, object] = {
                    "key_id": key.id,
                    "content": key.seal(content, records.place_of(table.name, row.row_id)),
                }
                if table is patient_snapshot:
                    number = records.person_of(content).visitor.number
                    values["number_word"] = key.search_word(number) if number else None
                connection.execute(table.update().where(row_id == row.row_id), values)
        if not rows:
            return done - len(damaged), damaged
        done, last = done + len(rows), rows[-1].row_id


def _settle(database: Database, key: StoreKey, cells: int, now: dt.datetime, device: str) -> None:
    """The old keys' names go if nothing is sealed with them any more."""
    needed = _names_in_cells(database) | {key.id}
    with database.transaction("rekey") as connection:
        connection.execute(store_key.delete().where(store_key.c.id.not_in(needed)))
        entry = AuditEntry(AuditAction.STORE_REKEYED, f"done {key.id} {cells}")
        audit_rows.add_entry(connection, entry, device=device, at=now)
