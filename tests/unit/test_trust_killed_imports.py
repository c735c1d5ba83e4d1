"""An import that is killed before any one of its writes leaves the old store or the new one, and never both to choose from.

Each child process is killed with SIGKILL when it is about to do its n-th change of the file system: nothing is tidied up.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from reader.errors import TrustError
from reader.trust.folder import load_folder
from reader.trust.import_plan import ImportOptions
from reader.trust.importing import import_files
from reader.trust.sealing import SealState
from tests.unit import trust_lists as utopia
from tests.unit.trust_lists import NOW, csca

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills children of its own")

KILLED_BEFORE_EACH_WRITE = """
import os, signal, sys
from pathlib import Path
from reader.trust import file_writing
from reader.trust.import_plan import ImportOptions
from reader.trust.importing import import_files
import reader.trust.store_folder, concurrent.futures.thread

base, begin_anew, most = Path(sys.argv[1]), sys.argv[2] == "replace", int(sys.argv[3])
file_writing._WRITERS = 1
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
WHOLE = {"os.rename", "os.remove", "os.mkdir"}

def run(place, left):
    def hook(event, arguments):
        nonlocal left
        if event in WHOLE or (event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING):
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)
    sys.addaudithook(hook)
    import_files([base / "new.pem"], place / "store", ImportOptions(), key_file=place / "key.json", replace=begin_anew)

for number in range(1, most):
    place = base / str(number)
    child = os.fork()
    if child == 0:
        try:
            run(place, number)
        finally:
            os._exit(0)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status):
        print(number)
        break
"""
MOST = 40


def prepared(tmp_path: Path, *, is_new: bool = False) -> None:
    """As many stores as there can be writes, each with a key of its own."""
    old, new = tmp_path / "old.pem", tmp_path / "new.pem"
    old.write_bytes(utopia.pem(csca(1).der, csca(2).der))
    new.write_bytes(utopia.pem(csca(3).der, csca(4).der))
    for number in range(1, MOST):
        place = tmp_path / str(number)
        place.mkdir()
        if not is_new:
            import_files([old], place / "store", ImportOptions(), key_file=place / "key.json", at=NOW)
            shutil.copytree(place / "store", place / "before")


def kill_at_each_write(tmp_path: Path, how: str = "add") -> int:
    """Returns how many imports were killed; the next one came to its end."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED_BEFORE_EACH_WRITE, str(tmp_path), how, str(MOST)],
        capture_output=True, text=True, check=True, timeout=100,
    )  # fmt: skip
    assert done.stderr == ""
    killed = int(done.stdout) - 1
    assert killed > 12, "each file, each renaming, the key file"
    return killed


def installed(place: Path) -> int:
    loaded = load_folder(place / "store", test_mode=False, seal_key=place / "key.json")
    assert loaded.seal is SealState.SEALED
    return len(loaded.store)


def remembered_changes(place: Path) -> int:
    """The number of changes that the key file remembers, without a reader having been there."""
    (known,) = json.loads((place / "key.json").read_text(encoding="utf-8"))["stores"].values()
    return int(known["counter"])


def is_whole(place: Path) -> None:
    """The next import works, and leaves no trace of the one that was killed."""
    import_files([place.parent / "new.pem"], place / "store", ImportOptions(), key_file=place / "key.json", at=NOW)
    assert installed(place) in (2, 4)
    assert not [name for name in os.listdir(place / "store") if name.endswith((".part", ".next"))]


@pytest.mark.slow
def test_before_each_write_it_is_the_old_store_and_then_the_new_one(tmp_path: Path) -> None:
    prepared(tmp_path)
    killed = kill_at_each_write(tmp_path)
    counts = [installed(tmp_path / str(number)) for number in range(1, killed + 2)]
    assert counts == sorted(counts), "once it is new, it stays new"
    assert set(counts) == {2, 4}
    assert Counter(counts)[4] >= 2, "killed between the key file and store.json, among others"
    for number in range(1, killed + 2):
        is_whole(tmp_path / str(number))


@pytest.mark.slow
def test_an_older_state_put_back_is_noticed_wherever_the_import_was_killed(tmp_path: Path) -> None:
    prepared(tmp_path)
    killed = kill_at_each_write(tmp_path)
    noticed = 0
    for number in range(1, killed + 2):
        place = tmp_path / str(number)
        was_new = remembered_changes(place) == 2
        shutil.rmtree(place / "store")
        shutil.copytree(place / "before", place / "store")
        if was_new:
            with pytest.raises(TrustError, match="tampered; what older state"):
                installed(place)
            noticed += 1
        else:
            assert installed(place) == 2
    assert noticed >= 2


@pytest.mark.slow
def test_taking_only_store_json_back_is_noticed_too_or_changes_nothing(tmp_path: Path) -> None:
    """What waits beside it is the state that counts; whoever takes that away, too, is found out."""
    prepared(tmp_path)
    killed = kill_at_each_write(tmp_path)
    for number in range(1, killed + 2):
        place = tmp_path / str(number)
        if remembered_changes(place) == 1:
            continue
        waiting = list((place / "store").glob("*.next"))
        shutil.copy(place / "before" / "store.json", place / "store" / "store.json")
        if waiting:
            assert installed(place) == 4
            waiting[0].unlink()
        with pytest.raises(TrustError, match="tampered; what older state"):
            installed(place)


@pytest.mark.slow
@pytest.mark.parametrize("how", ["add", "replace"])
def test_a_first_import_and_one_that_begins_anew_may_be_killed_as_well(tmp_path: Path, how: str) -> None:
    prepared(tmp_path, is_new=how == "add")
    killed = kill_at_each_write(tmp_path, how)
    for number in range(1, killed + 2):
        place = tmp_path / str(number)
        if (place / "key.json").exists() and json.loads((place / "key.json").read_text(encoding="utf-8"))["stores"]:
            assert installed(place) == 2
        is_whole(place)


def test_what_waits_counts_only_with_the_seal_that_the_key_remembers(tmp_path: Path) -> None:
    place = tmp_path / "1"
    place.mkdir()
    (tmp_path / "new.pem").write_bytes(utopia.pem(csca(3).der))
    import_files([tmp_path / "new.pem"], place / "store", ImportOptions(), key_file=place / "key.json", at=NOW)
    (known,) = json.loads((place / "key.json").read_text(encoding="utf-8"))["stores"].values()
    whole = (place / "store" / "store.json").read_bytes()
    waiting = place / "store" / f"store.json.{known['seal'][:16]}.next"
    (place / "store" / "store.json").unlink()
    for forged in (b"", b"{}", whole.replace(b'"may_sign_lists": false', b'"may_sign_lists": true'), b"\xff" * 99):
        waiting.write_bytes(forged)
        with pytest.raises(TrustError, match="tampered"):
            installed(place)
    waiting.unlink()
    waiting.mkdir()
    with pytest.raises(TrustError, match="tampered"):
        installed(place)
    waiting.rmdir()
    waiting.write_bytes(whole)
    assert installed(place) == 1
