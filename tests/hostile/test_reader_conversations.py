"""Whole conversations with chips that lie: an outcome or an error of ours, never more trust (:mod:`tests.fuzz.conversations`)."""

from __future__ import annotations

import pytest

from tests.fuzz.conversations import hold_to_the_truth


@pytest.mark.parametrize("block", range(6))
def test_no_lie_buys_trust(block: int) -> None:
    for number in range(block * 25, (block + 1) * 25):
        hold_to_the_truth(number)


def test_a_changed_list_of_digest_algorithms_is_no_lie_about_anything_that_is_signed() -> None:
    hold_to_the_truth("1 conversation 1576")  # found by the long run: accepted, and every signed octet is the true one
