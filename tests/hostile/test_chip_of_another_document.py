"""The files of one document on a chip that holds the genuine key of another.

A key in EF.CardSecurity is signed by a state, but not for these files. Whoever once took the key out of a single chip,
of whatever state, must not make copies of other documents genuine with it: what counts is what EF.SOD covers.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

import reader
from crypto.pki.card_security import verify_card_security
from crypto.pki.findings import FindingCode
from crypto.pki.signed_object import ValidAt
from crypto.wire.tlv import encode_tlv
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from emulator.personalise.document import personalise
from emulator.personalise.profile import load_profile
from kiosk_ui.cli import main
from reader.terminal_credentials import load_credentials
from reader.verification.identity import Assurance
from reader.verification.policy import DESK, HOSPITAL, LABORATORY, VerificationPolicy
from reader.verification.verdict import Decision
from tests.unit.reader_cards import NOON, TRUST, can_of, read_content, signed_card, status_of

MAPPING = "chip_authentication_mapping"
EF_CARD_SECURITY = 0x011D


def on_the_chip_of(owner: str, victim: ChipContent) -> ChipContent:
    """The victim's application, on a chip that proves itself by the owner's key of chip-authentication mapping."""
    files = victim.application_files
    return dataclasses.replace(
        chip_content(owner), application_files=files, active_authentication=None, chip_authentication=()
    )


def without_keys(name: str) -> ChipContent:
    """A document whose issuer gave its chip no key."""
    return signed_card(name, {14: None, 15: None})


def with_another_key() -> ChipContent:
    """A document whose own chip would prove itself by the mapping, too, by a key of its own that DG14 repeats."""
    profile = load_profile("pace-cam")
    holder = dataclasses.replace(profile.holder, number="048192009999", full_name="Lê Thị Khác")
    return personalise(
        dataclasses.replace(profile, name="pace-cam-of-another", holder=holder, active_authentication=None)
    )


@pytest.mark.parametrize("policy", ["hospital", "desk", "laboratory"])
def test_a_document_without_keys_is_not_made_genuine_by_the_chip_of_another(policy: str) -> None:
    outcome = read_content(on_the_chip_of("pace-cam", without_keys("an")), can_of("pace-cam"), policy=policy)
    assert status_of(outcome, "passive_authentication")[1] == "passive_authentication.trusted"
    assert status_of(outcome, MAPPING) == ("undetermined", f"{MAPPING}.key_not_signed")
    assert outcome.verdict.decision is Decision.REFER
    assert outcome.verdict.assurance is Assurance.CHIP_READ


def test_a_document_with_keys_of_its_own_is_not_made_genuine_by_the_chip_of_another() -> None:
    outcome = read_content(on_the_chip_of("pace-cam", with_another_key()), can_of("pace-cam"))
    assert status_of(outcome, MAPPING) == ("undetermined", f"{MAPPING}.key_not_signed")
    assert outcome.verdict.decision is not Decision.ACCEPT
    assert outcome.verdict.assurance is not Assurance.CHIP_VERIFIED


def test_nor_by_chip_authentication_version_2_that_the_chip_of_another_passes(tmp_path: Path) -> None:
    """Whatever was read before the proof was read through a channel that proves nothing."""
    assert main(["terminal-certificates", "--out", str(tmp_path / "t")]) == 0
    terminal = load_credentials(tmp_path / "t")
    for victim, expected in ((without_keys("an"), "key_not_signed"), (chip_content("eac2"), "genuine")):
        mixed = dataclasses.replace(chip_content("eac2"), application_files=victim.application_files)
        with EmulatedTransport(VirtualCard(mixed)) as card:
            outcome = reader.read(card, can_of("eac2"), trust=TRUST, terminal=terminal, policy="desk")
        assert status_of(outcome, "passive_authentication")[1] == "passive_authentication.trusted"
        assert status_of(outcome, "chip_authentication")[1] == f"chip_authentication.{expected}"
        assert (outcome.verdict.decision is Decision.ACCEPT) is (expected == "genuine")


@pytest.mark.parametrize("victim", ["bac-unproven", "ef-dir-6982"])
def test_keys_that_one_state_signed_vouch_for_no_document_of_another(victim: str) -> None:
    outcome = read_content(on_the_chip_of("pace-cam", chip_content(victim)), can_of("pace-cam"))
    assert status_of(outcome, "passive_authentication")[1] == "passive_authentication.trusted"
    assert status_of(outcome, MAPPING) == ("failed", f"{MAPPING}.card_security_wrong")
    assert outcome.verdict.decision is Decision.REJECT


@pytest.mark.parametrize("name", ["pace-cam", "pace-gm-cam"])
def test_the_honest_chip_is_still_genuine(name: str) -> None:
    content = dataclasses.replace(chip_content(name), active_authentication=None)
    outcome = read_content(content, can_of(name))
    assert status_of(outcome, MAPPING) == ("successful", f"{MAPPING}.genuine")


def test_a_list_of_offers_without_the_key_is_enough_for_the_same_issuer() -> None:
    """There are chips whose DG14 leaves the key out: it repeats the offers, and nothing speaks against them."""
    content = chip_content("pace-cam")
    card_access = next(file.content for file in content.master_files if file.identifier == 0x011C)
    victim = signed_card("pace-cam", {14: encode_tlv(0x6E, card_access), 15: None})
    outcome = read_content(dataclasses.replace(victim, active_authentication=None), can_of("pace-cam"))
    assert status_of(outcome, MAPPING) == ("successful", f"{MAPPING}.genuine")


@pytest.mark.parametrize("policy", [HOSPITAL, DESK, LABORATORY])
def test_a_policy_that_judges_signers_today_judges_those_of_the_keys_today(policy: VerificationPolicy) -> None:
    octets = next(file.content for file in chip_content("pace-cam").master_files if file.identifier == EF_CARD_SECURITY)
    signer = verify_card_security(octets, TRUST, NOON).signer
    assert signer is not None
    late = signer.not_after.replace(year=signer.not_after.year + 1)
    assert verify_card_security(octets, TRUST, late, valid_at=policy.signer_valid_at).is_trusted
    strict = verify_card_security(octets, TRUST, late, valid_at=ValidAt.NOW)
    assert strict.chain.code is FindingCode.SIGNER_EXPIRED
