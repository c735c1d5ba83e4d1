"""The share of a sweep that the suite takes: small, repeatable, elsewhere with another seed, and all of it for soak."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.soak import soak_share

CASES = range(800)


@given(percent=st.floats(0, 100), seed=st.text(max_size=4), length=st.integers(0, 50))
def test_a_share_is_part_of_the_sweep_in_its_order_and_never_empty(percent: float, seed: str, length: int) -> None:
    share = soak_share("any", range(length), percent=percent, seed=seed)
    assert share == sorted(set(share) & set(range(length)))
    assert len(share) >= min(1, length)
    assert share == soak_share("any", range(length), percent=percent, seed=seed)


def test_one_percent_is_one_percent_and_everything_is_everything() -> None:
    assert len(soak_share("any", CASES, percent=1, seed="")) == 8
    assert soak_share("any", CASES, percent=100, seed="") == list(CASES)
    assert len(soak_share("any", CASES, percent=1, seed="", at_least=30)) == 30


def test_seeds_together_reach_every_case() -> None:
    assert {case for seed in range(200) for case in soak_share("any", range(80), percent=10, seed=str(seed))} == set(
        range(80)
    )
    assert soak_share("one", CASES, percent=1, seed="") != soak_share("other", CASES, percent=1, seed="")


@pytest.mark.parametrize("percent", [-1, 100.5, float("nan")])
def test_a_share_that_cannot_be_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="0 to 100"):
        soak_share("any", CASES, percent=percent, seed="")
