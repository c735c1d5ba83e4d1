"""Chips that prove themselves by PACE with chip-authentication mapping and know no chip authentication.

The mapping is proof enough for terminal authentication, too (TR-03110-1 §3.5, Doc 9303-11 §7.1.2), and the key that
DG14 repeats for it is no promise of 3DES.
"""

from __future__ import annotations

import dataclasses

import pytest

from crypto.pace.parameters import pace_protocols
from emulator.adapters.inprocess import EmulatedTransport
from emulator.chip.card import VirtualCard
from emulator.chip.content import PaceOffer
from emulator.laboratory import laboratory_terminal
from emulator.personalise.document import personalise
from emulator.personalise.profile import CardProfile, load_profile
from reader.inspection import ReadOutcome, read, trust_for
from reader.protocols.access_key import CanKey
from reader.terminal_credentials import TerminalCredentials
from reader.verification.checks import CheckName, CheckStatus
from reader.verification.verdict import Decision

MAPPING = next(p for p in pace_protocols() if p.name == "PACE-ECDH-CAM-AES-CBC-CMAC-128")


def profile(*, announced: bool) -> CardProfile:
    ordinary = load_profile("eac1-ecdh")
    key = dataclasses.replace(ordinary.chip_authentication[0], announced=announced)
    return dataclasses.replace(ordinary, pace=(PaceOffer(MAPPING, 13),), chip_authentication=(key,))


def credentials() -> TerminalCredentials:
    chain = laboratory_terminal("0.4.0.127.0.7.2.2.2.2.3")
    certificates = b"".join((chain.authority, *chain.links, chain.verifier, chain.terminal))
    return TerminalCredentials.from_octets(certificates, chain.private_key_pem)


def reading(card: CardProfile, terminal: TerminalCredentials | None, *, speaks: bool = False) -> ReadOutcome:
    content = personalise(card)
    if not speaks:
        content = dataclasses.replace(content, chip_authentication=())
    transport = EmulatedTransport(VirtualCard(content))
    key = CanKey.from_digits(card.holder.can)
    trust = trust_for(None, test_mode=True)
    return read(transport, key, trust=trust, policy="laboratory", terminal=terminal)


def statuses(outcome: ReadOutcome) -> dict[str, tuple[CheckStatus, str]]:
    return {str(check.check): (check.status, check.code) for check in outcome.checks}


def test_the_mapping_is_proof_enough_and_no_other_is_asked_for() -> None:
    outcome = reading(profile(announced=False), None)
    found = statuses(outcome)
    assert found[CheckName.CHIP_AUTHENTICATION_MAPPING][0] is CheckStatus.SUCCESSFUL
    assert found[CheckName.CHIP_AUTHENTICATION] == (CheckStatus.NOT_SUPPORTED, "chip_authentication.not_offered")
    assert outcome.verdict.decision is Decision.ACCEPT


def test_the_mapping_opens_fingerprints_to_a_terminal_with_certificates() -> None:
    outcome = reading(profile(announced=False), credentials())
    found = statuses(outcome)
    assert found[CheckName.TERMINAL_AUTHENTICATION][0] is CheckStatus.SUCCESSFUL
    assert found["data_group_hash.DG3"][0] is CheckStatus.SUCCESSFUL
    assert outcome.verdict.decision is Decision.ACCEPT


def test_a_chip_that_announces_chip_authentication_beside_the_mapping_has_to_keep_its_word() -> None:
    kept = statuses(reading(profile(announced=True), credentials(), speaks=True))
    assert kept[CheckName.CHIP_AUTHENTICATION][0] is CheckStatus.SUCCESSFUL
    assert kept[CheckName.TERMINAL_AUTHENTICATION][0] is CheckStatus.SUCCESSFUL
    broken = reading(profile(announced=True), credentials())
    assert statuses(broken)[CheckName.CHIP_AUTHENTICATION] == (CheckStatus.FAILED, "chip_authentication.refused")
    assert broken.verdict.decision is Decision.REJECT


@pytest.mark.parametrize("terminal", [True, False])
def test_a_copy_of_such_a_chip_is_found_out(terminal: bool) -> None:
    copy = dataclasses.replace(profile(announced=False), copied=True)
    outcome = reading(copy, credentials() if terminal else None)
    assert statuses(outcome)[CheckName.CHIP_AUTHENTICATION_MAPPING][0] is CheckStatus.FAILED
    assert outcome.verdict.decision is Decision.REJECT
