"""A chip may list several keys for chip authentication; its proof by mapping holds for one of them (Doc 9303-11 §4.4.3.5)."""

from __future__ import annotations

import dataclasses

import pytest

from emulator.personalise.document import personalise
from emulator.personalise.profile import load_profile
from reader.verification.checks import CheckStatus
from tests.unit.reader_cards import can_of, read_content, status_of


@pytest.mark.parametrize("others", [(), (3,), (3, 7, 11, 99)], ids=["alone", "two", "five"])
def test_the_proof_is_held_against_every_key_of_its_curve(others: tuple[int, ...]) -> None:
    """Wherever the right one stands in the list: each of them is once the one that serves the mapping."""
    profile = load_profile("pace-gm-cam")
    (choice,) = profile.chip_authentication
    keys = tuple(dataclasses.replace(choice, key_id=number) for number in (16, *others))
    for first in range(len(keys)):
        chip = dataclasses.replace(profile, chip_authentication=keys[first:] + keys[:first])
        outcome = read_content(personalise(chip), can_of("pace-gm-cam"))
        assert status_of(outcome, "chip_authentication_mapping")[0] is CheckStatus.SUCCESSFUL
        assert outcome.verdict.decision.name == "ACCEPT"
