"""Imports that are killed, meet each other, a full disk or a place where nobody may write: the old store stays whole."""

from __future__ import annotations

import errno
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reader.errors import TrustError
from reader.trust import file_writing
from reader.trust.folder import load_folder
from reader.trust.import_plan import ImportOptions
from reader.trust.importing import import_files
from reader.trust.sealing import SealState
from reader.trust.store_folder import writing
from tests.unit import trust_lists as utopia
from tests.unit.trust_lists import NOW, csca

SEED = 20260601
KILLS = 8
IMPORT = """
import sys
from pathlib import Path
from reader.trust.import_plan import ImportOptions
from reader.trust.importing import import_files
store, key, *files = map(Path, sys.argv[1:])
print("ready", flush=True)
sys.stdin.readline()
import_files(files, store, ImportOptions(), key_file=key)
"""


def bring(tmp_path: Path, *parties: bytes) -> None:
    bundle = tmp_path / "bundle.pem"
    bundle.write_bytes(utopia.pem(*parties))
    import_files([bundle], tmp_path / "store", ImportOptions(), key_file=tmp_path / "key.json", at=NOW)


def installed(tmp_path: Path) -> int:
    loaded = load_folder(tmp_path / "store", test_mode=False, seal_key=tmp_path / "key.json")
    assert loaded.seal is SealState.SEALED
    return len(loaded.store)


def many(count: int, start: int = 0) -> list[bytes]:
    numbers = range(start, start + count)
    return [
        utopia.certificate(utopia.name(f"Utopia {one}"), utopia.key(1), serial_number=one + 1).der for one in numbers
    ]


@pytest.mark.slow
def test_a_killed_import_leaves_the_old_store_or_the_new_one_and_nothing_between(tmp_path: Path) -> None:
    bring(tmp_path, *many(3))
    bundle = tmp_path / "many.pem"
    bundle.write_bytes(utopia.pem(*many(150, start=3)))
    arguments = [sys.executable, "-c", IMPORT, str(tmp_path / "store"), str(tmp_path / "key.json"), str(bundle)]
    chance = random.Random(SEED)
    seen = set()
    for _ in range(KILLS):
        child = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdout.readline()
        child.stdin.write(b"\n")
        child.stdin.flush()
        time.sleep(chance.uniform(0.0, 0.4))
        child.send_signal(signal.SIGKILL)
        child.wait(timeout=30)
        child.stdin.close()
        child.stdout.close()
        seen.add(installed(tmp_path))
    assert seen <= {3, 153}
    import_files([bundle], tmp_path / "store", ImportOptions(), key_file=tmp_path / "key.json")
    assert installed(tmp_path) == 153, "the next import is not held up by what a killed one left"
    loaded = load_folder(tmp_path / "store", test_mode=False, seal_key=tmp_path / "key.json")
    assert loaded.strays == ()


def test_every_step_of_an_import_may_be_its_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same without a process: the disk says no at the first file, at the second, and so on to the last."""
    bring(tmp_path, *many(2))
    before = {path: path.read_bytes() for path in (tmp_path / "store").rglob("*.cer")}
    for allowed in range(6):
        left = allowed

        def full(descriptor: int) -> None:
            nonlocal left
            if left == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            left -= 1

        with monkeypatch.context() as broken:
            broken.setattr(file_writing.os, "fsync", full)
            with pytest.raises(TrustError) as refusal:
                bring(tmp_path, *many(3, start=10))
        assert refusal.value.code.name == "trust.store_unwritable"
        assert refusal.value.facts["reason"] == "No space left on device"
        assert installed(tmp_path) == 2
        assert {path: path.read_bytes() for path in before} == before
        loaded = load_folder(tmp_path / "store", test_mode=False, seal_key=tmp_path / "key.json")
        assert loaded.strays == (), "nothing half-done is left lying about"
    bring(tmp_path, *many(3, start=10))
    assert installed(tmp_path) == 5


def test_beginning_anew_on_a_full_disk_leaves_the_old_store_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(tmp_path, csca(1).der, csca(2).der)

    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as broken:
        broken.setattr(file_writing.os, "fsync", full)
        with pytest.raises(TrustError, match="store_unwritable"):
            import_files(
                [tmp_path / "bundle.pem"],
                tmp_path / "store",
                ImportOptions(),
                key_file=tmp_path / "key.json",
                replace=True,
            )
    assert installed(tmp_path) == 2


def test_two_imports_at_once_do_not_mix(tmp_path: Path) -> None:
    bring(tmp_path, csca(1).der)
    with writing(tmp_path / "store"), pytest.raises(TrustError, match="store_busy"):
        bring(tmp_path, csca(2).der)
    bring(tmp_path, csca(2).der)
    assert installed(tmp_path) == 2


def test_a_store_is_read_while_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that ends between two reads of a loader is no manipulation."""
    from reader.trust import store_folder

    bring(tmp_path, csca(1).der)
    real = store_folder._entry_octets
    calls = 0

    def meanwhile(*arguments: object, **more: object) -> bytes:
        nonlocal calls
        calls += 1
        if calls == 1:
            from reader.trust.importing import remove_entry

            remove_entry(csca(1).fingerprint, tmp_path / "store", key_file=tmp_path / "key.json")
        return real(*arguments, **more)  # type: ignore[arg-type]

    bring(tmp_path, csca(2).der)
    monkeypatch.setattr(store_folder, "_entry_octets", meanwhile)
    assert installed(tmp_path) == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not hold the administrator back")
def test_a_store_that_may_not_be_written_is_said_to_be_so(tmp_path: Path) -> None:
    bring(tmp_path, csca(1).der)
    (tmp_path / "store").chmod(0o555)
    try:
        with pytest.raises(TrustError, match="store_unwritable"):
            bring(tmp_path, csca(2).der)
    finally:
        (tmp_path / "store").chmod(0o755)
    assert installed(tmp_path) == 1


def test_a_file_in_the_place_of_the_store_is_said_to_be_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "store").write_bytes(b"")
    with pytest.raises(TrustError) as refusal:
        bring(tmp_path, csca(1).der)
    assert refusal.value.code.name == "trust.store_unwritable"


def test_a_folder_with_other_files_is_not_made_a_store(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "mine.cer").write_bytes(csca(2).der)
    with pytest.raises(TrustError, match="store_loose"):
        bring(tmp_path, csca(1).der)
    assert (tmp_path / "store" / "mine.cer").read_bytes() == csca(2).der


def test_what_a_first_import_left_when_it_was_killed_is_not_in_the_way(tmp_path: Path) -> None:
    (tmp_path / "store" / "certificates").mkdir(parents=True)
    (tmp_path / "store" / "certificates" / "UT-0.cer.part").write_bytes(b"half")
    bring(tmp_path, csca(1).der)
    assert installed(tmp_path) == 1
