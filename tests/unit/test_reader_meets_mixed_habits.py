"""Habits meet in one chip: in whatever mix, with refusals protected or bare, its files come out and the verdict stands.

The seeds make the same mixes on every machine; `docs/quirks.md` names who was seen with each habit alone.
"""

from __future__ import annotations

import dataclasses
import random

import pytest

import reader
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card, chip_content
from emulator.chip.content import ChipBehaviour, EndOfFile, ExtendedRefusal, TooLongRead, UnprotectedErrors
from tests.unit.reader_cards import PEOPLE, TRUST

NAMES = ("an", "select-mf-6a81", "pace-only", "tdes-pace", "bac-only", "extended-uncounted", "details-bare")
LONGEST_ANSWERS = (65_533, 2_046, 1_000, 300, 256, 231, 200, 160)  # 128 octets of RSA signature fit all of them


def mixed(dice: random.Random, usual: ChipBehaviour) -> ChipBehaviour:
    return dataclasses.replace(
        usual,
        master_file_status=dice.choice((0x9000, 0x6D00, 0x6982, 0x6A81, 0x6A86, 0x6A87)),
        plain_select_status=dice.choice((0x9000, 0x6982)),
        extended_length=dice.choice((True, False)),
        extended_refusal=dice.choice(list(ExtendedRefusal)),
        max_response_data=dice.choice(LONGEST_ANSWERS),
        end_of_file=dice.choice(list(EndOfFile)),
        too_long_read=dice.choice(list(TooLongRead)),
        zero_le_status=dice.choice((0x9000, 0x6282, 0x6B00)),
        odd_read=dice.choice((True, False)),
        errors_unprotected=dice.choice([UnprotectedErrors.NEVER, *UnprotectedErrors]),
    )


@pytest.mark.parametrize("seed", range(36))
def test_any_mix_of_habits_is_read(seed: int) -> None:
    dice = random.Random(f"mixed habits {seed}")
    name = dice.choice(NAMES)
    behaviour = mixed(dice, chip_content(name).behaviour)
    with EmulatedTransport(card(name, behaviour=behaviour)) as link:
        outcome = reader.read(link, reader.MrzKey.from_lines(PEOPLE[name].mrz), trust=TRUST)
    assert outcome.verdict.decision.value == PEOPLE[name].expected, behaviour
    on_the_chip = {file.content for file in chip_content(name).application_files}
    read = set(outcome.document.raw.contents.values())
    assert len(read & on_the_chip) >= 4, "EF.SOD, DG1, DG2 and a key at least, octet by octet"
