"""Declared misbehaviour in terminal authentication and in both versions of chip authentication meets the reader."""

from __future__ import annotations

import pytest

import reader
from emulator.adapters.inprocess import provider
from emulator.faults import Fault, FaultKind
from reader import errors
from reader.lds import files
from reader.verification.verdict import Decision
from tests.hostile.hostile_cards import Ending, credentials, meet
from tests.unit.reader_cards import PEOPLE, can_of

VERSION_1 = ("eac1-ecdh", "eac1-dh-rsa")
VERSION_2 = "eac2"
CHIP, TERMINAL = "chip_authentication", "terminal_authentication"


def meet_with(name: str, kind: FaultKind) -> Ending:
    return meet(provider.open(name, faults=[Fault(kind, repeated=True)]), can_of(name), terminal=credentials())


def test_without_a_fault_the_terminal_is_admitted_and_the_chip_is_genuine() -> None:
    for name in (*VERSION_1, VERSION_2):
        end = meet(provider.open(name), can_of(name), terminal=credentials())
        assert end.check(TERMINAL) == ("successful", "terminal_authentication.admitted")
        assert end.check(CHIP) == ("successful", "chip_authentication.genuine")


@pytest.mark.parametrize("name", [*VERSION_1, VERSION_2])
@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FaultKind.TA_CERTIFICATE_REFUSED, errors.TERMINAL_REFUSED.name),
        (FaultKind.TA_REFUSED, errors.TERMINAL_REFUSED.name),
        (FaultKind.CHALLENGE_SHORT, errors.CHIP_DECEPTIVE.name),
    ],
    ids=lambda value: getattr(value, "label", ""),
)
def test_a_terminal_that_is_not_admitted_reads_the_rest_and_says_so(name: str, kind: FaultKind, code: str) -> None:
    end = meet_with(name, kind)
    assert end.check(TERMINAL) == ("failed", code)
    assert files.data_group(3) not in end.read.reading.document
    assert files.data_group(1) in end.read.reading.document
    assert end.check("passive_authentication")[0] == "successful"


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (FaultKind.CA_NONCE_CHANGED, "chip_authentication.not_genuine"),
        (FaultKind.CA_TOKEN_WRONG, "chip_authentication.not_genuine"),
        (FaultKind.CA_TOKEN_MISSING, "chip_authentication.broke_off"),
        (FaultKind.CA_REFUSED, "chip_authentication.refused"),
    ],
    ids=lambda value: getattr(value, "label", ""),
)
def test_a_chip_of_version_2_without_its_proof_is_refused_and_shows_no_fingers(kind: FaultKind, code: str) -> None:
    end = meet_with(VERSION_2, kind)
    assert end.check(CHIP) == ("failed", code)
    assert end.check(TERMINAL) == ("aborted", "terminal_authentication.not_possible")
    assert end.read.verdict.decision is Decision.REJECT
    assert files.data_group(3) not in end.read.reading.document


@pytest.mark.parametrize("name", VERSION_1)
def test_a_chip_of_version_1_that_keeps_its_old_keys_is_a_copy(name: str) -> None:
    end = meet_with(name, FaultKind.CA_KEPT_OLD_KEYS)
    assert end.check(CHIP) == ("failed", "chip_authentication.not_genuine")
    assert end.read.verdict.decision is Decision.REJECT
    assert files.data_group(3) not in end.read.reading.document


def test_a_short_challenge_opens_nothing_by_basic_access_control() -> None:
    key = reader.MrzKey.from_lines(PEOPLE["bac-only"].mrz)
    end = meet(provider.open("bac-only", faults=[Fault(FaultKind.CHALLENGE_SHORT)]), key)
    assert end.refused.code is errors.CHIP_DECEPTIVE
