"""A share of the ten million inputs: every parser ends each of them in an answer or in an error of ours."""

from __future__ import annotations

import pytest

from tests.fuzz.parsers import PARSERS
from tests.fuzz.running import run_batch
from tests.soak import SEED, SHARE_PERCENT, soak_share
from tests.soak_run import BATCHES

AT_MOST_PERCENT = min(SHARE_PERCENT, 1.0)  # more of it is the work of tests/soak_run.py, which uses every core


@pytest.mark.soak
@pytest.mark.parametrize("name", PARSERS)
def test_no_input_ends_in_an_exception_that_is_not_ours_or_takes_a_second(name: str) -> None:
    for number in soak_share(f"inputs {name}", range(BATCHES), percent=AT_MOST_PERCENT):
        result = run_batch(name, number, SEED)
        assert [(failure.what, failure.octets.hex()) for failure in result.failures] == []
        assert result.lines
