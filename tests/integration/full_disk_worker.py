"""Everything that the store does, on a disk that is nearly full. Run in a mount namespace of its own, on a small tmpfs.

Prints one JSON line: for each operation and each number of kilobytes left, the stable name of what was said ("done" if
nothing was wrong), and whether the check-ins that were confirmed before are all there afterwards.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
import os
import shutil
import subprocess
import sys
import uuid
from collections.abc import Callable
from pathlib import Path

from crypto.errors import ChipIdError
from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.operator_command import operator_pin_command
from kiosk_ui.store_command import store_command
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.verdict import Decision

NOW = dt.datetime.now(dt.UTC)
DISK_KB = 4096
CONFIRMED = 3


def draft(number: int) -> CheckInDraft:
    identity = Identity(
        f"0400850{number:05d}", "Đặng Thị Quý", dt.date(1955, 1, 1), Sex.FEMALE, "VNM", None, None, True, None,
        Assurance.CHIP_READ,
    )  # fmt: skip
    unknown = Eligibility.unavailable("relay.unreachable")
    return CheckInDraft(
        uuid.UUID(int=number), Visitor.from_identity(identity), unknown, DEFAULT_DEPARTMENTS[0], Decision.REFER
    )


def save(folder: Path, *numbers: int) -> None:
    database = Database(sqlite_url(folder / "kiosk.sqlite"))
    try:
        for number in numbers:
            CheckInStore(database, Pseudonyms(b"k" * 32)).save(draft(number), NOW)
    finally:
        database.close()


def fill(disk: Path, left_kb: int) -> None:
    """Leave so many kilobytes and no more."""
    found = os.statvfs(disk)
    with (disk / "ballast").open("wb") as ballast:
        ballast.write(bytes(found.f_bavail * found.f_frsize - left_kb * 1024))


def said(operation: Callable[[], object]) -> str:
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            code = operation()
        except ChipIdError as error:
            return error.code.name
    if not code:
        return "done"
    return err.getvalue().rpartition("[")[2].partition("]")[0].partition(";")[0] or err.getvalue()


def operations(data: Path, archive: Path) -> dict[str, Callable[[], object]]:
    new = data.parent / "new"

    def command(*words: str) -> Callable[[], object]:
        return lambda: store_command(words)

    def pin() -> object:
        sys.stdin = io.StringIO("730915\n")
        return operator_pin_command([])

    return {
        "first start": lambda: Database(sqlite_url(new / "kiosk.sqlite")).close(),
        "first pseudonyms": lambda: Pseudonyms.from_key_file(new / "pseudonyms.key") and None,
        "check-in": lambda: save(data, CONFIRMED + 1),
        "backup": command("backup", str(data / "store.backup")),
        "backup with key": command("backup", "--with-key", str(data / "store.backup")),
        "restore": command("restore", str(archive)),
        "check": command("check"),
        "purge": command("purge"),
        "rekey": command("rekey"),
        "rekey and forget": command("rekey", "--forget-old"),
        "retry": command("retry"),
        "roll-back": command("roll-back", "0001"),
        "operator-pin": pin,
    }


def walk(disk: Path, apart: Path, sizes_kb: list[int]) -> dict[str, dict[str, list[object]]]:
    data, whole = disk / "data", apart / "whole"
    os.environ["CHIPID_DATA_FOLDER"] = str(whole)
    save(whole, *range(1, CONFIRMED + 1))
    archive = apart / "store.backup"
    store_command(["backup", str(archive)])
    os.environ["CHIPID_DATA_FOLDER"] = str(data)
    found: dict[str, dict[str, list[object]]] = {}
    for name, operation in operations(data, archive).items():
        for left_kb in sizes_kb:
            for each in disk.iterdir():
                shutil.rmtree(each) if each.is_dir() else each.unlink()
            shutil.copytree(whole, data)
            (disk / "new").mkdir()
            fill(disk, left_kb)
            words = said(operation)
            (disk / "ballast").unlink()
            found.setdefault(name, {})[str(left_kb)] = [words, is_whole(data)]
    return found


def is_whole(data: Path) -> bool:
    """Whether, once there is room, everything that was confirmed is there and the store says that it is whole."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()) as err:
        if store_command(["check"]):
            return False
    database = Database(sqlite_url(data / "kiosk.sqlite"))
    try:
        store = CheckInStore(database, Pseudonyms(b"k" * 32))
        return all(store.draft_of(uuid.UUID(int=number)) for number in range(1, CONFIRMED + 1)) and not err.getvalue()
    finally:
        database.close()


def main(disk: Path, apart: Path, sizes_kb: list[int]) -> None:
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK_KB}k", "tmpfs", str(disk)], check=True)
    found = walk(disk, apart, sizes_kb)
    sys.stdout.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), [int(size) for size in sys.argv[3:]])
