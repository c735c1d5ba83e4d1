"""``chipid store``: look after the store of check-ins: backup, restore, check, delete what is old, new key, roll-back.

Results go to standard output. Exit codes: 0 done, 1 a damaged record was found, 2 not done, 64 wrong usage.
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Callable, Sequence
from pathlib import Path

from crypto.errors import ChipIdError
from kiosk_ui.app.failures import STORE_NOT_THERE, STORE_ON_SERVER, STORE_UNAVAILABLE, StoreError
from kiosk_ui.app.keys import KeyPlace
from kiosk_ui.app.outbox import handled_kinds
from kiosk_ui.app.settings import Settings, load_settings
from kiosk_ui.app.store.audit_chain import AnchorFile
from kiosk_ui.app.store.backup import SKIPPED_NUMBERS, StorePlace, back_up, require_unused, restore
from kiosk_ui.app.store.checking import check_store
from kiosk_ui.app.store.database import Database, sqlite_file, sqlite_url
from kiosk_ui.app.store.housekeeping import ANCHORS, anchor_now
from kiosk_ui.app.store.outbox_rows import OutboxKind, OutboxStore
from kiosk_ui.app.store.rekeying import rekey
from kiosk_ui.app.store.retention import EARLIEST_BELIEVED, Retention
from reader import console
from reader.cli import UsageParser

__all__ = ["store_command"]

EXIT_PROBLEMS = 1
EXIT_NOT_DONE = 2

_PURPOSES = {
    "backup": "copy the store into one file while the kiosk goes on",
    "restore": "put the store of a backup in place of the present one (stop the kiosk first)",
    "check": "look whether the store, its sealed records and its audit trail are whole",
    "purge": "delete now what must not be kept any longer",
    "rekey": "seal everything with a new key",
    "outbox": "what still waits to be told to others, and what was given up",
    "retry": "have everything that waits or was given up tried again",
    "roll-back": "take the store back to an older version of its tables (stop the kiosk first)",
}
_OLDER_TABLES = ("0001",)  # of migrations/versions; the newest is no way back
_Result = tuple[str, int]


def store_command(argv: Sequence[str]) -> int:
    """``chipid store ACTION``. Returns the exit code."""
    arguments = _parse(argv)
    try:
        text, code = _ACTIONS[arguments.action](arguments, load_settings(arguments.settings), dt.datetime.now(dt.UTC))
    except KeyboardInterrupt:
        console.say("chipid: Stopped. The store is whole; do it again to bring it to its end.\n")
        return EXIT_NOT_DONE
    except ChipIdError as error:
        console.say(f"chipid: {error}\n")
        return EXIT_NOT_DONE
    console.write_result(text)
    return code


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    names = "\n".join(f"  {name:<10}{purpose}" for name, purpose in _PURPOSES.items())
    parser = UsageParser(
        prog="chipid store",
        description="The kiosk's store of check-ins.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"{names}\n\n'chipid store ACTION --help' says more.",
    )
    parser.add_argument("action", choices=tuple(_PURPOSES), metavar="|".join(_PURPOSES))
    chosen = parser.parse_args(list(argv[:1]))
    action = UsageParser(prog=f"chipid store {chosen.action}", description=_PURPOSES[chosen.action])
    action.add_argument("--settings", metavar="FILE", type=Path, help="the kiosk's settings; defaults if not given")
    if chosen.action in ("backup", "restore"):
        action.add_argument("archive", metavar="FILE", type=Path)
    if chosen.action == "backup":
        action.add_argument(
            "--with-key", action="store_true", help="put the key into the file too: whoever has it can read everything"
        )
    if chosen.action == "rekey":
        action.add_argument(
            "--forget-old", action="store_true", help="take the old keys out of the key file; old backups need them"
        )
    if chosen.action == "roll-back":
        action.add_argument(
            "revision",
            metavar="VERSION",
            choices=_OLDER_TABLES,
            help="0001: before encryption; names will be readable again",
        )
    return action.parse_args(list(argv[1:]), namespace=chosen)


# --------------------------------------------------------------------------------------------- actions
def _backup(arguments: argparse.Namespace, settings: Settings, now: dt.datetime) -> _Result:
    manifest = back_up(_place(settings), arguments.archive, now, with_key=arguments.with_key)
    key = "with its key: keep the file locked away" if arguments.with_key else "without its key: keep that elsewhere"
    return f"{manifest['check_ins']} check-ins, {key}", 0


def _restore(arguments: argparse.Namespace, settings: Settings, now: dt.datetime) -> _Result:
    manifest = restore(arguments.archive, _place(settings), now, device=settings.device, zone=settings.zone)
    return (
        f"{manifest['check_ins']} check-ins of {manifest['made_at']}. The store that was here lies beside it. "
        f"Queues go on {SKIPPED_NUMBERS} numbers later."
    ), 0


def _check(arguments: argparse.Namespace, settings: Settings, now: dt.datetime) -> _Result:
    database = _opened(settings)
    try:
        found = check_store(database, _anchors(settings, database), now)
        lines = [
            f"{found.check_ins} check-ins, {found.sealed_cells} sealed records, {found.chain.rows} rows of the audit trail",
            f"the trail ends with row {found.chain.end.last_id}, {found.chain.end.last_hash}",
            *(found.problems or ("Nothing is wrong.",)),
        ]
        return "\n".join(lines), EXIT_PROBLEMS if found.problems else 0
    finally:
        database.close()


def _purge(arguments: argparse.Namespace, settings: Settings, now: dt.datetime) -> _Result:
    if now < EARLIEST_BELIEVED:
        raise StoreError(STORE_UNAVAILABLE, cause="the clock of this machine was never set")
    database = _opened(settings)
    try:
        times = settings.store
        retention = Retention.of(times.personal_days, times.undelivered_days, times.record_days, times.audit_years)
        purged = retention.purge(database, now, _told(settings), settings.device)
        anchor_now(database, _anchors(settings, database), now)
        return f"deleted: {purged.persons} persons, {purged.check_ins} check-ins, {purged.audit_rows} audit rows", 0
    finally:
        database.close()


def _rekey(arguments: argparse.Namespace, settings: Settings, now: dt.datetime) -> _Result:
    database = _opened(settings)
    try:
        done = rekey(
            database,
            _key_place(settings),
            _anchors(settings, database),
            now=now,
            device=settings.device,
            forget_old=arguments.forget_old,
        )
        text = f"{done.cells} records are sealed with key {done.key_id}; {done.old_keys} old keys are kept"
        if not done.damaged:
            return text, 0
        left = (
            f"{len(done.damaged)} records cannot be opened and stay as they are, of check-in {done.damaged[0]} first. "
            "The old key that they name is kept: a backup may still have them whole."
        )
        return f"{text}\n{left}", EXIT_PROBLEMS
    finally:
        database.close()


def _outbox(arguments: argparse.Namespace, settings: Settings, now: dt.datetime) -> _Result:
    database = _opened(settings)
    try:
        items = OutboxStore(database)
        counts = items.counts(now, _told(settings))
        age = (
            "" if counts.oldest_age is None else f", the oldest for {int(counts.oldest_age.total_seconds() // 60)} min"
        )
        lines = [f"{counts.waiting} wait{age}; {counts.parked} were given up"]
        lines += [
            f"{each.queue_label}  {each.kind.value}  {each.created_at:%Y-%m-%d %H:%M}Z  {each.attempts} tries  {each.reason}"
            for each in items.parked()
        ]
        return "\n".join(lines), 0
    finally:
        database.close()


def _retry(arguments: argparse.Namespace, settings: Settings, now: dt.datetime) -> _Result:
    database = _opened(settings)
    try:
        return f"{OutboxStore(database).try_again(now)} items will be tried again", 0
    finally:
        database.close()


def _roll_back(arguments: argparse.Namespace, settings: Settings, now: dt.datetime) -> _Result:
    file = sqlite_file(_url(settings))
    if file is not None and file.is_file():
        require_unused(file)  # a program of this version could do nothing with it
    database = _opened(settings)
    try:
        database.roll_back_to(arguments.revision)
        return (
            f"The store is of version {arguments.revision}. A program of this version would take it forward again.",
            0,
        )
    finally:
        database.close()


_ACTIONS: dict[str, Callable[[argparse.Namespace, Settings, dt.datetime], _Result]] = {
    "backup": _backup,
    "restore": _restore,
    "check": _check,
    "purge": _purge,
    "rekey": _rekey,
    "outbox": _outbox,
    "retry": _retry,
    "roll-back": _roll_back,
}


# ---------------------------------------------------------------------------------------------- places
def _told(settings: Settings) -> tuple[OutboxKind, ...]:
    return handled_kinds(queue_service=settings.queue.url is not None)


def _url(settings: Settings) -> str:
    return (
        settings.store_url.get_secret_value()
        if settings.store_url
        else sqlite_url(settings.data_folder / "kiosk.sqlite")
    )


def _place(settings: Settings) -> StorePlace:
    """Raises :class:`StoreError` for a store on a server, which has tools of its own."""
    file = sqlite_file(_url(settings))
    if file is None:
        raise StoreError(STORE_ON_SERVER)
    return StorePlace(file, settings.data_folder / ANCHORS, _key_place(settings))


def _key_place(settings: Settings) -> KeyPlace:
    return KeyPlace.chosen(settings.data_folder, settings.store.key_file)


def _opened(settings: Settings) -> Database:
    """The store that is there; none is made."""
    file = sqlite_file(_url(settings))
    if file is not None and not file.is_file():
        raise StoreError(STORE_NOT_THERE, place=str(file))
    return Database(_url(settings), keys=_key_place(settings))


def _anchors(settings: Settings, database: Database) -> AnchorFile:
    return AnchorFile(settings.data_folder / ANCHORS, database.keys)
