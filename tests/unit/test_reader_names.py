"""A part of a reader's name is enough if it fits one reader; if it fits two, both are named."""

from __future__ import annotations

import pytest

from reader import errors
from reader.transport.reader_names import in_order_of_use, resolve_reader

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


def test_a_kiosk_that_takes_the_first_reader_takes_one_for_cards() -> None:
    """As readers of several makers call their slots; a module for keys must never be taken for the place of a card."""
    sam, contact, contactless = (
        ["ACS ACR1252 Dual Reader [ACR1252 Dual Reader SAM] 01 00"],
        [
            "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422 Smartcard Reader] 01 00",
            "Identiv uTrust 4701 F Dual Interface Reader [uTrust 4701 F Contact Reader] 00 00",
            "Virtual PCD 00 00",
        ],
        [
            "ACS ACR1252 Dual Reader [ACR1252 Dual Reader PICC] 00 00",
            "HID Global OMNIKEY 5422 Smartcard Reader [OMNIKEY 5422CL Smartcard Reader] 00 00",
            "SpringCard Prox'N'Roll Contactless 00 00",
            "Identiv uTrust 4701 F Dual Interface Reader [uTrust 4701 F CL Reader] 01 00",
        ],
    )
    assert in_order_of_use(sam + contact + contactless) == contactless + contact + sam


def test_readers_of_one_kind_stay_in_their_order() -> None:
    assert in_order_of_use(["Virtual PCD 00 01", "Virtual PCD 00 00"]) == ["Virtual PCD 00 01", "Virtual PCD 00 00"]
