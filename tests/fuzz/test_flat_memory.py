"""A share of the ten thousand readings: nothing is left behind by one of them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fuzz.reads import SAMPLE_EVERY, slope_bytes
from tests.soak import SHARE_PERCENT
from tests.soak_run import READS

SCRIPT = """
import dataclasses, json, sys
from tests.fuzz.reads import read_many
print(json.dumps(dataclasses.asdict(read_many(int(sys.argv[1])))))
"""
LEAST_KILOBYTES = 1024  # what an allocator may take at any time without anything having grown


def test_the_slope_is_that_of_the_second_half() -> None:
    assert slope_bytes([(0, 0), (10, 900), (20, 1000), (30, 1010), (40, 1020), (50, 1030)]) == pytest.approx(1024.0)
    assert slope_bytes([(0, 0), (10, 500), (20, 500), (30, 500)]) == 0.0


@pytest.mark.soak
@pytest.mark.skipif(sys.platform != "linux", reason="memory, descriptors and threads are counted in /proc")
def test_readings_leave_no_memory_no_descriptor_and_no_thread_behind() -> None:
    number = max(4 * SAMPLE_EVERY, round(READS * min(SHARE_PERCENT, 1.0) / 100))
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(number)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    curve = json.loads(done.stdout)
    kilobytes = [memory for _, memory in curve["samples"]]
    assert kilobytes[-1] - kilobytes[0] < LEAST_KILOBYTES
    for kind in ("descriptors", "threads"):  # the system may count a thread for a moment after it was joined
        before, after = curve[kind]
        assert after <= before
