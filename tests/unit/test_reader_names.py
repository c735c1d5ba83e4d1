"""A part of a reader's name is enough if it fits one reader; if it fits two, both are named."""

from __future__ import annotations

import pytest

from reader import errors
from reader.transport.reader_names import resolve_reader

SLOTS = ["ACS ACR1252 Dual Reader [PICC] 00 00", "ACS ACR1252 Dual Reader [SAM] 01 00", "Virtual PCD 00 00"]


@pytest.mark.parametrize(("wanted", "slot"), [("virtual", 2), ("[PICC]", 0), (SLOTS[1], 1), ("picc] 00", 0)])
def test_a_part_that_fits_one_reader_is_that_reader(wanted: str, slot: int) -> None:
    assert resolve_reader(SLOTS, wanted) == SLOTS[slot]


def test_an_exact_name_wins_over_longer_ones_that_contain_it() -> None:
    assert resolve_reader(["Reader 1", "Reader 10"], "Reader 1") == "Reader 1"


def test_a_text_that_fits_two_readers_names_both() -> None:
    with pytest.raises(errors.TransportError) as caught:
        resolve_reader(SLOTS, "acr1252")
    assert caught.value.code is errors.READER_AMBIGUOUS
    assert all(name in str(caught.value) for name in SLOTS[:2])
    assert SLOTS[2] not in str(caught.value)


@pytest.mark.parametrize("names", [[], SLOTS])
def test_a_text_that_fits_none_is_not_found(names: list[str]) -> None:
    with pytest.raises(errors.TransportError) as caught:
        resolve_reader(names, "no such thing")
    assert caught.value.code is errors.READER_NOT_FOUND
