"""What is on a card stays off logs, errors, representations, standard error and temporary files.

The canaries are the fields of an emulated card, its access numbers, and its MRZ; they are searched for after success,
after each declared misbehaviour, and after cancelling.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path

import pytest

import reader
from crypto.errors import ChipIdError
from emulator.adapters.inprocess import provider
from emulator.cards import catalogue
from emulator.faults import Fault, FaultKind
from reader.progress import ProgressEvent

PERSON = next(person for person in catalogue() if person.name == "an")


def canaries() -> list[str]:
    """Everything on the card that could tell who it belongs to, and what opens it."""
    with provider.open("an") as card:
        outcome = reader.read(card, reader.CanKey.from_digits(PERSON.can), trust=reader.trust_for(None, test_mode=True))
    values = [PERSON.number, PERSON.can, PERSON.number[3:], *PERSON.mrz, PERSON.full_name, "NGUYEN"]
    for value in outcome.document.personal.values():
        values += list(value) if isinstance(value, tuple) else [value] if value else []
    # words that every Vietnamese card shares, or that are too short to be told from a count, are no canaries
    return sorted({value for value in values if len(value) >= 6 and value not in ("Việt Nam", "MẪU THỬ")})


CANARIES = canaries()


def assert_clean(text: str, where: str) -> None:
    found = [position for position, canary in enumerate(CANARIES) if canary in text]
    assert not found, f"{where} shows {len(found)} of the card's fields"


def test_the_canaries_are_worth_their_name() -> None:
    assert len(CANARIES) > 12
    with pytest.raises(AssertionError):
        assert_clean(f"somebody printed {PERSON.full_name}", "this text")


@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.label)
def test_no_misbehaviour_makes_an_error_or_a_log_talk(kind: FaultKind, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    progress: list[ProgressEvent] = []
    for at in (1, 4, 20):
        try:
            with provider.open("an", faults=[Fault(kind, at=at)]) as card:
                outcome = reader.read(
                    card,
                    reader.CanKey.from_digits(PERSON.can),
                    trust=reader.trust_for(None, test_mode=True),
                    on_progress=progress.append,
                )
        except ChipIdError as error:
            assert_clean("".join(traceback.format_exception(error)), "the traceback")
            assert_clean(repr(error) + str(error) + repr(error.facts), "the error")
        else:
            assert_clean(
                repr(outcome) + repr(outcome.identity) + repr(outcome.reading) + repr(outcome.document), "repr"
            )
            assert_clean(repr(outcome.checks) + repr(outcome.verdict), "the checks")
    assert_clean(caplog.text, "the log")
    assert_clean(repr(progress), "the progress")


def test_cancelling_says_nothing_about_the_person(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    cancel = threading.Event()

    def stop_at_dg2(event: ProgressEvent) -> None:
        if event.file == "DG2":
            cancel.set()

    with provider.open("an") as card, pytest.raises(reader.Cancelled) as caught:
        reader.read(
            card,
            reader.CanKey.from_digits(PERSON.can),
            trust=reader.trust_for(None, test_mode=True),
            on_progress=stop_at_dg2,
            cancel=cancel,
        )
    assert_clean("".join(traceback.format_exception(caught.value)) + caplog.text, "the cancelled reading")


@pytest.mark.parametrize("arguments", [["--can", "-"], ["--number", "-", "--json"]], ids=["text", "json"])
def test_the_command_leaves_nothing_in_stderr_or_temporary_files(arguments: list[str], tmp_path: Path) -> None:
    secret = PERSON.can if "--can" in arguments else PERSON.number
    done = subprocess.run(
        [sys.executable, "-m", "kiosk_ui.cli", "read", "--emulated", "an", *arguments],
        input=secret,
        capture_output=True,
        text=True,
        env={**os.environ, "TMPDIR": str(tmp_path), "HOME": str(tmp_path), "PYTHONDEVMODE": "1"},
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert_clean(done.stderr, "standard error")
    for path in tmp_path.rglob("*"):
        if path.is_file():
            assert_clean(path.read_bytes().decode("utf-8", errors="replace"), path.name)
