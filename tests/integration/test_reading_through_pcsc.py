"""The whole way, for real: an emulated CCCD in a slot of a real pcscd, read by ``chipid read`` through pyscard.

The card runs in one process, the reader in another; they share nothing but PC/SC.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from emulator.adapters.private_pcscd import PrivatePcscd
from emulator.cards import catalogue

pytestmark = [pytest.mark.pcsc, pytest.mark.slow]

PEOPLE = {person.name: person for person in catalogue()}
CHIPID = [sys.executable, "-m", "kiosk_ui.cli"]


@pytest.fixture
def in_slot(private_pcscd: PrivatePcscd) -> Iterator[Callable[[str], str]]:
    """Puts a card into the first slot and waits until ``chipid readers`` sees it; returns the reader's name."""
    running: list[subprocess.Popen[bytes]] = []
    name = private_pcscd.reader_names[0]

    def put(card: str) -> str:
        running.append(private_pcscd.run_inside([*CHIPID, "card", "run", card], stdout=subprocess.DEVNULL))
        wait_for_state(private_pcscd, name, "card")
        return name

    yield put
    for card in running:
        card.send_signal(signal.SIGTERM)
        assert card.wait(timeout=10) == 0, "a stopped card ends cleanly"
    wait_for_state(private_pcscd, name, "empty")


def chipid(service: PrivatePcscd, *arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*CHIPID, *arguments],
        env={**os.environ, **service.environment},
        input=stdin,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def wait_for_state(service: PrivatePcscd, reader: str, state: str) -> None:
    deadline = time.monotonic() + 20
    while True:
        listed = chipid(service, "readers", "--json")
        assert listed.returncode == 0, listed.stderr
        if {row["name"]: row["state"] for row in json.loads(listed.stdout)}[reader] == state:
            return
        assert time.monotonic() < deadline, f"the slot did not become '{state}' in time"


def read_json(service: PrivatePcscd, *arguments: str, stdin: str | None = None) -> tuple[int, dict[str, Any]]:
    done = chipid(service, "read", *arguments, "--json", stdin=stdin)
    assert done.stdout, done.stderr
    return done.returncode, json.loads(done.stdout)


def test_a_cccd_is_read_and_accepted_through_a_real_slot(
    private_pcscd: PrivatePcscd, in_slot: Callable[[str], str], record_property: Callable[[str, object], None]
) -> None:
    reader = in_slot("an")
    code, result = read_json(private_pcscd, "--reader", reader, "--number", PEOPLE["an"].number, "--test-mode")
    assert (code, result["verdict"], result["assurance"]) == (0, "ACCEPT", "chip_verified")
    assert result["access"]["protocol"] == "PACE"
    total_ms = sum(result["timing_ms"].values())
    record_property("commands", result["link"]["commands"])
    record_property("milliseconds", total_ms)
    sys.stdout.write(f"through pcscd and vpcd: {result['link']['commands']} commands, {total_ms:.0f} ms\n")


def test_the_files_through_the_slot_are_those_of_the_card_in_this_process(
    private_pcscd: PrivatePcscd, in_slot: Callable[[str], str]
) -> None:
    """Nothing on the way through PC/SC changes an octet."""
    reader = in_slot("an")
    number = PEOPLE["an"].number
    _, through_slot = read_json(private_pcscd, "--reader", reader, "--number", "-", "--test-mode", stdin=number)
    _, in_process = read_json(private_pcscd, "--emulated", "an", "--number", number)
    assert through_slot["document"] == in_process["document"]
    assert through_slot["checks"] == in_process["checks"]


def test_the_test_authority_must_be_asked_for(private_pcscd: PrivatePcscd, in_slot: Callable[[str], str]) -> None:
    """Without --test-mode an emulated card in a slot is a card of an unknown issuer."""
    reader = in_slot("an")
    code, result = read_json(private_pcscd, "--reader", reader, "--number", PEOPLE["an"].number)
    statuses = {check["check"]: check["status"] for check in result["checks"]}
    assert (code, result["verdict"], result["assurance"]) == (1, "REFER", "chip_read")
    assert statuses["passive_authentication"] == "undetermined"


def test_reading_twice_in_a_row_starts_from_a_clean_card(
    private_pcscd: PrivatePcscd, in_slot: Callable[[str], str]
) -> None:
    reader = in_slot("quy")
    for _ in range(2):
        code, _ = read_json(private_pcscd, "--reader", reader, "--number", PEOPLE["quy"].number, "--test-mode")
        assert code == 0


def test_a_copied_chip_is_refused_through_the_slot_too(
    private_pcscd: PrivatePcscd, in_slot: Callable[[str], str]
) -> None:
    reader = in_slot("copied")
    code, result = read_json(private_pcscd, "--reader", reader, "--number", PEOPLE["copied"].number, "--test-mode")
    assert (code, result["verdict"]) == (1, "REJECT")


def test_an_empty_slot_and_an_unknown_reader_are_said_plainly(private_pcscd: PrivatePcscd) -> None:
    empty = chipid(private_pcscd, "read", "--reader", private_pcscd.reader_names[1], "--can", "123456")
    unknown = chipid(private_pcscd, "read", "--reader", "no such reader", "--can", "123456")
    assert (empty.returncode, unknown.returncode) == (2, 2)
    assert "card.absent" in empty.stderr
    assert "reader.not_found" in unknown.stderr
    assert "Traceback" not in empty.stderr + unknown.stderr


def test_a_missing_service_is_said_plainly(private_pcscd: PrivatePcscd) -> None:
    done = subprocess.run(
        [*CHIPID, "readers"],
        env={**os.environ, "PCSCLITE_CSOCK_NAME": "/nonexistent/pcscd.comm"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 2
    assert "reader.service_down" in done.stderr
