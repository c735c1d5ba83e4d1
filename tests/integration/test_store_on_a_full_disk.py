"""A disk that is full, for real: what each operation of the store says then, and that nothing confirmed is lost.

A small file system in a mount namespace of its own is filled up to a few kilobytes before each operation.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

WORKER = Path(__file__).with_name("full_disk_worker.py")
SIZES_KB = ("4", "32")  # 4: one small file fits, and nothing more. 32: a key fits too, and the index of the log
NEEDS_LITTLE = {"check", "purge", "first pseudonyms", "operator-pin"}  # may be done with so little


def _apart() -> list[str]:
    """How a process gets mounts of its own here; empty if it cannot."""
    for way in (["unshare", "--mount"], ["unshare", "--map-root-user", "--mount"]):
        try:
            tried = subprocess.run([*way, "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False)
        except OSError:
            return []
        if tried.returncode == 0:
            return way
    return []


@pytest.mark.slow
def test_every_operation_says_that_the_disk_is_full_and_the_store_stays_whole(tmp_path: Path) -> None:
    way = _apart()
    if not way:
        pytest.skip("this machine does not let us mount a small file system of our own")
    for folder in ("disk", "apart"):
        (tmp_path / folder).mkdir()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CHIPID_")}
    command = [*way, sys.executable, str(WORKER), str(tmp_path / "disk"), str(tmp_path / "apart"), *SIZES_KB]
    run = subprocess.run(command, capture_output=True, text=True, env=environment, check=False, timeout=90)
    assert run.returncode == 0, run.stderr
    found = json.loads(run.stdout.splitlines()[-1])
    assert len(found) == 13
    for operation, outcomes in found.items():
        for left_kb, (words, is_whole) in outcomes.items():
            assert is_whole, (operation, left_kb)
            assert words == "store.disk_full" or (operation in NEEDS_LITTLE and words == "done"), (operation, left_kb)
