"""What a reception desk does to readers and their service, against a real pcscd; one program goes on through all of it.

Each scenario runs in a process of its own (``pcsc_scenarios.py``), since a process talks to one PC/SC service for good.
"""

from __future__ import annotations

import itertools
import pathlib
import subprocess
import sys

import pytest

from emulator.adapters.private_pcscd import PrivatePcscd
from tests.soak import soak_share

pytestmark = [pytest.mark.pcsc, pytest.mark.slow]

SCENARIOS = pathlib.Path(__file__).with_name("pcsc_scenarios.py")
TEARS = [f"{command}:{octets}" for command, octets in itertools.product(range(1, 61), (0, 1, 2, 7, 150))]


def play(private_pcscd: PrivatePcscd, name: str, *arguments: str, timeout_s: float = 110) -> None:
    """The service of the fixture is there to know whether one can run here; each scenario brings its own."""
    words = [sys.executable, "-W", "error", str(SCENARIOS), name, *arguments]
    done = subprocess.run(words, capture_output=True, text=True, timeout=timeout_s, check=False)
    if done.returncode != 0:
        pytest.fail(f"{name} ended with {done.returncode}.\n{done.stdout}{done.stderr}", pytrace=False)


@pytest.mark.parametrize(
    "scenario",
    [
        "the_service_dies_and_comes_back",
        "a_reader_is_unplugged_and_plugged_in_again",
        "twenty_cards_in_a_row",
        "two_readers_at_once",
        "another_program_holds_the_card",
        "a_slow_card_can_be_stopped_within_one_command",
        "cards_that_do_not_answer",
        "another_card_comes_back",
    ],
)
def test_the_program_goes_on(private_pcscd: PrivatePcscd, scenario: str) -> None:
    play(private_pcscd, scenario)


def test_a_card_torn_away_at_every_tenth_command_and_in_mid_answer_is_read_to_its_end(
    private_pcscd: PrivatePcscd,
) -> None:
    play(private_pcscd, "a_torn_card_comes_back", "every:0", "every:7")


@pytest.mark.soak
@pytest.mark.timeout(1200)
def test_a_card_torn_away_at_any_command_and_octet_is_read_to_its_end(private_pcscd: PrivatePcscd) -> None:
    tears = soak_share("torn through pcscd", TEARS)
    play(private_pcscd, "a_torn_card_comes_back", *tears, timeout_s=1100)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_morning_of_cards_leaves_nothing_behind(private_pcscd: PrivatePcscd) -> None:
    cards = len(soak_share("cards in a row through pcscd", range(200)))
    play(private_pcscd, "twenty_cards_in_a_row", str(cards), timeout_s=550)
