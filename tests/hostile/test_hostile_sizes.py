"""What is far too large, too long or too deep is one clear error, within 200 MB and two seconds of processor time."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("resource", reason="what a process used is asked of a POSIX system")

from tests.hostile import size_cases

MOST_KILOBYTES = 200_000  # our own process and the decoder's together


@pytest.mark.parametrize("case", size_cases.CASES)
def test_what_is_out_of_proportion_is_one_error_and_costs_little(case: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.hostile.size_cases", case],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    code, kilobytes = done.stdout.split()
    assert code == size_cases.CASES[case][0]
    assert int(kilobytes) < MOST_KILOBYTES
