"""Every declared misbehaviour of a chip, at many moments: a clear result or a clear error, never a better verdict.

The chip is the emulator's, which knows nothing of the reader; kinds carry the ids of BSI TR-03105-5.1.
"""

from __future__ import annotations

import dataclasses

import pytest

import reader
from crypto.errors import ChipIdError
from emulator.adapters.inprocess import provider
from emulator.cards import catalogue
from emulator.faults import Fault, FaultKind
from reader import errors
from reader.verification.checks import CheckStatus
from reader.verification.verdict import Decision

PEOPLE = {person.name: person for person in catalogue(laboratory=True)}
TRUST = reader.trust_for(None, test_mode=True)

BAC_KINDS = {FaultKind.BAC_MAC_WRONG, FaultKind.BAC_CRYPTOGRAM_WRONG, FaultKind.BAC_REFUSED}
PROOF_KINDS = {
    FaultKind.AA_WRONG,
    FaultKind.AA_RECORDED,
    FaultKind.AA_TRUNCATED,
    FaultKind.AA_EMPTY,
    FaultKind.CA_REFUSED,
    FaultKind.CA_KEPT_OLD_KEYS,
}


@dataclasses.dataclass(frozen=True)
class Ending:
    """How a reading ended: with an outcome or with an error of ours."""

    outcome: reader.ReadOutcome | None
    error: ChipIdError | None


def ending(name: str, *faults: Fault) -> Ending:
    """Read a faulty card. Anything but an outcome or an error of ours fails the test."""
    person = PEOPLE[name]
    key = reader.MrzKey.from_lines(person.mrz) if name == "bac-only" else reader.CanKey.from_digits(person.can)
    try:
        with provider.open(name, faults=list(faults)) as card:
            return Ending(reader.read(card, key, trust=TRUST), None)
    except ChipIdError as error:
        return Ending(None, error)


def status_of(outcome: reader.ReadOutcome, check: str) -> CheckStatus:
    return next(result.status for result in outcome.checks if result.check == check)


@pytest.fixture(scope="module")
def untouched() -> reader.ReadOutcome:
    outcome = ending("an").outcome
    assert outcome is not None
    return outcome


@pytest.mark.parametrize("kind", [kind for kind in FaultKind if kind not in BAC_KINDS], ids=lambda kind: kind.label)
@pytest.mark.parametrize("at", [1, 2, 3, 5, 8])
def test_a_fault_ends_clearly_and_never_buys_trust(kind: FaultKind, at: int, untouched: reader.ReadOutcome) -> None:
    end = ending("an", Fault(kind, at=at))
    if end.error is not None:
        assert end.error.code.text.endswith(".")
        return
    assert end.outcome is not None
    if end.outcome.verdict.decision is Decision.ACCEPT:
        # accepted only if the very same octets came through and every proof still holds
        assert end.outcome.reading.document.contents == untouched.reading.document.contents
        assert end.outcome.checks == untouched.checks


@pytest.mark.parametrize("kind", sorted(BAC_KINDS, key=lambda kind: kind.label), ids=lambda kind: kind.label)
def test_a_fault_in_basic_access_control_opens_nothing(kind: FaultKind) -> None:
    end = ending("bac-only", Fault(kind))
    assert end.error is not None
    assert end.error.code in (errors.WRONG_MRZ, errors.CHIP_DECEPTIVE)


SM_KINDS = [kind for kind in FaultKind if kind.label.startswith("sm_")]


@pytest.mark.parametrize("kind", SM_KINDS, ids=lambda kind: kind.label)
@pytest.mark.parametrize("at", [2, 4, 12, 40])
def test_a_disturbed_channel_is_closed_and_said_to_be(kind: FaultKind, at: int) -> None:
    end = ending("an", Fault(kind, at=at, repeated=True))
    if kind is FaultKind.SM_CRYPTOGRAM_MISSING:  # the MAC fits: an authentic answer without data, so files are missing
        assert end.outcome is None or end.outcome.verdict.decision is not Decision.ACCEPT
        return
    assert end.error is not None
    assert end.error.code is errors.CHANNEL_BROKEN


@pytest.mark.parametrize(
    ("kind", "check"),
    [
        (FaultKind.AA_WRONG, "active_authentication"),
        (FaultKind.AA_RECORDED, "active_authentication"),
        (FaultKind.AA_TRUNCATED, "active_authentication"),
        (FaultKind.AA_EMPTY, "active_authentication"),
        (FaultKind.CA_REFUSED, "chip_authentication"),
        (FaultKind.CA_KEPT_OLD_KEYS, "chip_authentication"),
    ],
    ids=lambda value: value.label if isinstance(value, FaultKind) else "",
)
def test_a_chip_that_cannot_prove_itself_is_refused(kind: FaultKind, check: str) -> None:
    end = ending("an", Fault(kind, repeated=True))
    assert end.outcome is not None
    assert status_of(end.outcome, check) is CheckStatus.FAILED
    assert end.outcome.verdict.decision is Decision.REJECT


@pytest.mark.parametrize("name", ["rsa-active", "rsa-active-2048"])
@pytest.mark.parametrize(
    "kind",
    [FaultKind.AA_WRONG, FaultKind.AA_RECORDED, FaultKind.AA_TRUNCATED, FaultKind.AA_WRONG_TRAILER],
    ids=lambda kind: kind.label,
)
def test_a_wrong_rsa_signature_is_refused(name: str, kind: FaultKind) -> None:
    end = ending(name, Fault(kind, repeated=True))
    assert end.outcome is not None
    assert status_of(end.outcome, "active_authentication") is CheckStatus.FAILED


PACE_CODES = {
    FaultKind.PACE_MSE_REFUSED: errors.ACCESS_NOT_SUPPORTED,
    FaultKind.PACE_NONCE_CHANGED: errors.WRONG_KEY,
    FaultKind.PACE_MAPPING_REFUSED: errors.COMMAND_REFUSED,
    FaultKind.PACE_KEY_REFUSED: errors.COMMAND_REFUSED,
    FaultKind.PACE_TOKEN_REFUSED: errors.WRONG_KEY,
    **dict.fromkeys(
        [
            FaultKind.PACE_NONCE_TAG,
            FaultKind.PACE_MAPPING_TAG,
            FaultKind.PACE_MAPPING_POINT,
            FaultKind.PACE_KEY_TAG,
            FaultKind.PACE_KEY_POINT,
            FaultKind.PACE_KEY_MIRRORED,
            FaultKind.PACE_TOKEN_TAG,
            FaultKind.PACE_TOKEN_WRONG,
        ],
        errors.CHIP_DECEPTIVE,
    ),
}


@pytest.mark.parametrize(("kind", "code"), PACE_CODES.items(), ids=lambda value: getattr(value, "label", ""))
def test_each_way_to_spoil_pace_has_its_reason_and_never_falls_back(kind: FaultKind, code: object) -> None:
    end = ending("an", Fault(kind, repeated=True))
    assert end.error is not None, "nothing may be read after a spoilt PACE"
    assert end.error.code is code


@pytest.mark.parametrize("step", range(1, 105, 4))
def test_a_card_taken_away_at_any_moment_is_a_card_taken_away(step: int) -> None:
    end = ending("an", Fault(FaultKind.CARD_REMOVED, at=step, repeated=True))
    assert end.error is not None
    assert end.error.code is errors.CARD_REMOVED


@pytest.mark.parametrize("step", range(1, 105, 6))
def test_a_truncated_answer_at_any_moment_never_mixes_a_document(step: int, untouched: reader.ReadOutcome) -> None:
    end = ending("an", Fault(FaultKind.ANSWER_TRUNCATED, at=step))
    if end.outcome is not None and end.outcome.verdict.decision is Decision.ACCEPT:
        assert end.outcome.reading.document.contents == untouched.reading.document.contents
