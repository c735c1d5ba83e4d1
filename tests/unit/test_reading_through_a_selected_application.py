"""A card that another program has used: pcscd keeps it powered for some seconds and does not reset it."""

from __future__ import annotations

import pytest

import reader
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card
from tests.unit.reader_cards import PEOPLE, TRUST

SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")


@pytest.mark.parametrize(
    "begun", ["", "0084000008", "0022C1A40F800A04007F00070202040202830102"], ids=["", "BAC", "PACE"]
)
@pytest.mark.parametrize("name", ["an", "master-file-6982", "select-mf-6982", "select-mf-6a87", "eac1-ecdh", "pace-im"])
def test_a_card_is_read_wherever_an_earlier_program_left_it(name: str, begun: str) -> None:
    """Its application is still selected, the master file cannot be selected, and a protocol was left half way."""
    chip = card(name)
    assert chip.transmit(SELECT_APPLICATION) == b"\x90\x00"
    if begun:
        chip.transmit(bytes.fromhex(begun))
    with EmulatedTransport(chip) as link:
        outcome = reader.read(link, reader.MrzKey.from_lines(PEOPLE[name].mrz), trust=TRUST)
    assert outcome.verdict.decision.value == PEOPLE[name].expected
