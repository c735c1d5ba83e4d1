"""What a reading is judged by: never more than the chip was asked, never less than the issuer signed."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.cards import chip_content
from emulator.personalise.document import data_groups
from emulator.personalise.profile import load_profile
from reader.plan import ReadPlan
from reader.verification.checks import CheckStatus
from reader.verification.verdict import Decision
from tests.unit.reader_cards import can_of, read_content, signed_card, status_of


@pytest.mark.parametrize("year", [1970, 2000, 2015, 2025])
def test_a_clock_that_cannot_be_right_never_makes_a_genuine_card_a_forgery(year: int) -> None:
    """A kiosk with an empty battery wakes up before the card's certificates were made."""
    outcome = read_content(chip_content("an"), can_of("an"), now=lambda: dt.datetime(year, 1, 1, tzinfo=dt.UTC))
    assert outcome.verdict.decision is Decision.REFER
    assert "document_validity.clock_implausible" in outcome.verdict.reasons
    assert status_of(outcome, "passive_authentication")[0] is not CheckStatus.FAILED


@pytest.mark.parametrize("year", [1970, 2015])
def test_nor_by_the_list_of_keys_that_has_a_signature_of_its_own(year: int) -> None:
    """EF.CardSecurity, by which chip-authentication mapping is judged."""
    outcome = read_content(
        chip_content("pace-cam"), can_of("pace-cam"), now=lambda: dt.datetime(year, 1, 1, tzinfo=dt.UTC)
    )
    assert outcome.verdict.decision is Decision.REFER
    assert status_of(outcome, "chip_authentication_mapping")[0] is CheckStatus.UNDETERMINED


def test_a_clock_that_cannot_be_right_hides_no_forgery() -> None:
    outcome = read_content(
        chip_content("changed"), can_of("changed"), now=lambda: dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
    )
    assert outcome.verdict.decision is Decision.REJECT


@pytest.mark.parametrize(
    ("days", "status", "code"),
    [
        (-1, CheckStatus.SUCCESSFUL, "document_validity.valid"),
        (0, CheckStatus.SUCCESSFUL, "document_validity.valid"),
        (1, CheckStatus.FAILED, "document_validity.expired"),
    ],
)
def test_the_last_day_is_a_good_day(days: int, status: CheckStatus, code: str) -> None:
    last = load_profile("an").holder.expires
    assert last is not None
    vietnam = dt.timezone(dt.timedelta(hours=7))
    moment = dt.datetime.combine(last, dt.time(23, 59), vietnam) + dt.timedelta(days=days)
    outcome = read_content(chip_content("an"), can_of("an"), now=lambda: moment)
    assert status_of(outcome, "document_validity") == (status, code)


def test_a_key_that_nobody_asked_for_is_not_withheld() -> None:
    outcome = read_content(chip_content("an"), can_of("an"), plan=ReadPlan("names only", first=(1, 13)))
    assert status_of(outcome, "active_authentication") == (
        CheckStatus.UNDETERMINED,
        "active_authentication.not_asked",
    )
    assert outcome.verdict.decision is Decision.ACCEPT  # chip authentication proved the chip


def test_a_key_that_the_chip_does_not_give_when_asked_is_withheld() -> None:
    content = chip_content("an")
    kept = tuple(file for file in content.application_files if file.identifier != 0x010F)
    outcome = read_content(dataclasses.replace(content, application_files=kept), can_of("an"))
    assert status_of(outcome, "active_authentication") == (CheckStatus.FAILED, "active_authentication.key_withheld")
    assert outcome.verdict.decision is Decision.REJECT


def test_a_signature_with_a_hash_that_this_program_lacks_is_not_called_wrong() -> None:
    """DG14 may name ecdsa-plain-RIPEMD160 (TR-03111 §5.2.1); the emulated chip signs with SHA-256."""
    dg14 = data_groups(load_profile("an"))[14]
    sha256, ripemd160 = (encode_oid(f"0.4.0.127.0.7.1.1.4.1.{number}") for number in (3, 6))
    assert dg14.count(sha256) == 1
    content = signed_card("an", {14: dg14.replace(sha256, ripemd160)})
    # It verifies under a hash that the standard allows: then it is right, whatever DG14 says
    assert status_of(read_content(content, can_of("an")), "active_authentication")[0] is CheckStatus.SUCCESSFUL
    signer = content.active_authentication
    assert signer is not None
    unverifiable = dataclasses.replace(content, active_authentication=_SignsSomethingElse())
    assert status_of(read_content(unverifiable, can_of("an")), "active_authentication") == (
        CheckStatus.UNDETERMINED,
        "active_authentication.terminal_unable",
    )


class _SignsSomethingElse:
    def sign(self, challenge: bytes) -> bytes:
        return bytes(31) + b"\1" + bytes(31) + b"\1"


def test_personal_data_of_a_new_structure_are_for_a_person_to_look_at() -> None:
    """A signed DG13 that this program cannot read is no forgery."""
    newer = encode_tlv(0x6D, encode_tlv(0x30, encode_tlv(0x06, encode_oid("1.2.3")) + encode_tlv(0x0C, b"TEST")))
    outcome = read_content(signed_card("an", {13: newer}), can_of("an"))
    assert status_of(outcome, "data_group_hash.DG13")[0] is CheckStatus.SUCCESSFUL
    assert outcome.verdict.decision is Decision.REFER


def test_the_thirteenth_group_of_a_passport_is_not_read_as_a_citizen_card() -> None:
    """Doc 9303-10 §4.7.13 leaves it to the issuer: Vietnam's passport may put anything there."""
    lines = "P<VNMNGUYEN<<VAN<TEST".ljust(44, "<") + "C1234567<0VNM8502038M4502030" + "<" * 14 + "00"
    passport = encode_tlv(0x61, encode_tlv(0x5F1F, lines.encode("ascii")))
    person = parse_tlv(data_groups(load_profile("quy"))[13]).encoded
    outcome = read_content(signed_card("an", {1: passport, 13: person}), can_of("an"))
    assert outcome.document.personal == {}
    assert outcome.identity is not None
    assert outcome.identity.full_name == "NGUYEN VAN TEST"
    assert outcome.identity.number == "C1234567"
