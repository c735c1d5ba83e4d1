"""What a reception desk does to readers and their service, against a real pcscd; one program goes on through all of it.

The scenarios run one after the other in a process of their own (``pcsc_scenarios.py``), since a process talks to one PC/SC
service for good.
"""

from __future__ import annotations

import itertools
import json
import pathlib
import subprocess
import sys

import pytest

from emulator.adapters.private_pcscd import PrivatePcscd
from tests.soak import soak_share

pytestmark = [pytest.mark.pcsc, pytest.mark.slow]

PROGRAM = pathlib.Path(__file__).with_name("pcsc_scenarios.py")
SCENARIOS = [
    "two_readers_at_once",
    "the_service_dies_and_comes_back",
    "a_reading_outlives_its_service",
    "a_reader_is_unplugged_and_plugged_in_again",
    "another_program_holds_the_card",
    "a_card_falls_silent",
    "another_card_comes_back",
    "a_torn_card_comes_back every:0 every:7",
    "a_slow_card_can_be_stopped_within_one_command",
    "cards_in_a_row 20",
]
TEARS = [f"{command}:{octets}" for command, octets in itertools.product(range(1, 61), (0, 1, 2, 7, 150))]


def play(orders: list[str], timeout_s: float = 400) -> dict[str, str]:
    """What came of each scenario: nothing if it went well, else what went wrong."""
    words = [sys.executable, "-W", "error", str(PROGRAM), *orders]
    try:
        done = subprocess.run(words, capture_output=True, text=True, timeout=timeout_s, check=False)
        output, problem = done.stdout, done.stderr or f"ended with {done.returncode}"
    except subprocess.TimeoutExpired as late:
        output, problem = str(late.stdout or b"", "utf-8") if isinstance(late.stdout, bytes) else "", "it hung"
    results = {row["scenario"]: row["problem"] for row in map(json.loads, output.splitlines())}
    return {order: results.get(order.split()[0], f"It did not get that far: {problem}") for order in orders}


@pytest.fixture(scope="module")
def played(private_pcscd: PrivatePcscd) -> dict[str, str]:
    """The fixture's service shows that one can run here; the scenarios bring their own."""
    return play(SCENARIOS)


@pytest.mark.timeout(450)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_the_program_goes_on(played: dict[str, str], scenario: str) -> None:
    if played[scenario]:
        pytest.fail(played[scenario], pytrace=False)


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_a_card_torn_away_at_any_command_and_octet_is_read_to_its_end(private_pcscd: PrivatePcscd) -> None:
    tears = soak_share("torn through pcscd", TEARS)
    order = " ".join(["a_torn_card_comes_back", *tears])
    assert play([order], timeout_s=1700) == {order: ""}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_morning_of_cards_leaves_nothing_behind(private_pcscd: PrivatePcscd) -> None:
    order = f"cards_in_a_row {len(soak_share('cards in a row through pcscd', range(200)))}"
    assert play([order], timeout_s=850) == {order: ""}
