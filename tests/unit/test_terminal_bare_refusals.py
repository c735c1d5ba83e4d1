"""Chips that refuse one file without protecting the answer: the channel is gone for good, the rest of the chip is not."""

from __future__ import annotations

import dataclasses

import pytest

import reader
from crypto.wire.apdu import CommandApdu
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card, chip_content
from emulator.chip.card import VirtualCard
from reader import errors
from reader.lds import files
from reader.plan import DESK, HOSPITAL
from reader.verification.checks import CheckStatus
from reader.verification.verdict import Decision
from tests.unit.reader_cards import TRUST, can_of, status_of

_ANY_PLAIN_COMMAND = bytes.fromhex("00B0000001")


class GuardedCard(EmulatedTransport):
    """A card in front of which somebody answers the reading of some files by a bare status word.

    The chip inside is told a plain command then, so that its secure messaging ends as well (Doc 9303-11 §9.8.1).
    """

    def __init__(self, name: str, guarded: dict[int, int], chip: VirtualCard | None = None) -> None:
        super().__init__(chip or card(name))
        self.guarded = guarded
        self.openings = 0
        self.bare_answers = 0

    def transmit(self, command: bytes) -> bytes:
        parsed = CommandApdu.parse(command)
        self.openings += parsed.ins == 0x22 and parsed.p1 == 0xC1
        status = self.guarded.get(parsed.p1 & 0x1F) if parsed.ins == 0xB0 and parsed.p1 & 0x80 else None
        if status is None or not parsed.cla & 0x0C:
            return super().transmit(command)
        super().transmit(_ANY_PLAIN_COMMAND)
        self.bare_answers += 1
        return status.to_bytes(2, "big")


def read(transport: EmulatedTransport, name: str, plan: reader.ReadPlan = HOSPITAL) -> reader.ReadOutcome:
    with transport:
        return reader.read(transport, can_of(name), trust=TRUST, plan=plan)


@pytest.mark.parametrize("status", [0x6982, 0x6A82, 0x6985, 0x6986, 0x6A88], ids=lambda sw: f"{sw:04X}")
@pytest.mark.parametrize("group", [13, 2], ids=["DG13", "DG2"])
def test_one_guarded_file_is_left_out_and_the_rest_is_read(group: int, status: int) -> None:
    transport = GuardedCard("an", {group: status})
    outcome = read(transport, "an")
    file = files.data_group(group)
    assert outcome.reading.unread == {file: errors.FILE_REFUSED_UNPROTECTED}
    assert {files.data_group(number) for number in {1, 2, 13, 15} - {group}} <= set(outcome.reading.document)
    assert (transport.openings, transport.bare_answers) == (3, 2), "asked twice: it might have been an accident"
    assert status_of(outcome, f"data_group_hash.DG{group}")[0] is CheckStatus.ABORTED
    assert status_of(outcome, "passive_authentication")[0] is CheckStatus.SUCCESSFUL
    assert status_of(outcome, "chip_authentication")[0] is CheckStatus.SUCCESSFUL
    assert status_of(outcome, "active_authentication")[0] is CheckStatus.SUCCESSFUL
    assert outcome.verdict.decision is Decision.REFER, "a file is missing: a person decides"


def test_a_genuine_chip_is_not_called_a_copy_because_its_first_file_after_the_proof_is_guarded() -> None:
    """The first answer under the new keys would have been the proof; the chip is asked again, by another command."""
    transport = GuardedCard("an", {1: 0x6982})
    outcome = read(transport, "an")
    assert outcome.reading.unread == {files.data_group(1): errors.FILE_REFUSED_UNPROTECTED}
    assert status_of(outcome, "chip_authentication")[0] is CheckStatus.SUCCESSFUL


def test_a_single_accident_costs_no_file() -> None:
    class OnceGuardedCard(GuardedCard):
        def transmit(self, command: bytes) -> bytes:
            answer = super().transmit(command)
            if self.bare_answers:
                self.guarded = {}
            return answer

    outcome = read(OnceGuardedCard("an", {13: 0x6982}), "an")
    assert outcome.reading.unread == {}
    assert outcome.verdict.decision is Decision.ACCEPT


def test_each_further_guarded_file_costs_one_opening() -> None:
    guarded = {13: 0x6A82, 15: 0x6982}
    transport = GuardedCard("an", guarded)
    outcome = read(transport, "an", DESK)
    assert set(outcome.reading.unread) == {files.data_group(number) for number in guarded}
    assert transport.openings == 4
    assert files.data_group(2) in outcome.reading.document


class EndlesslyGuardedCard(GuardedCard):
    """Every reading of a file of the application after EF.COM and EF.SOD is refused so."""

    def __init__(self) -> None:
        super().__init__("an", dict.fromkeys(range(1, 17), 0x6982))


def test_a_chip_that_guards_everything_is_not_opened_for_ever() -> None:
    transport = EndlesslyGuardedCard()
    with pytest.raises(errors.ProtocolError) as caught:
        read(transport, "an", DESK)
    assert caught.value.code is errors.CHANNEL_BROKEN
    assert transport.openings <= 6


@pytest.mark.parametrize("status", [0x9000, 0x6987, 0x6988, 0x6F00, 0x6300], ids=lambda sw: f"{sw:04X}")
def test_a_bare_word_that_is_not_about_the_file_ends_the_reading(status: int) -> None:
    """A bare 9000 above all: whoever strips the protection must not get anything for it."""
    with pytest.raises(errors.ProtocolError) as caught:
        read(GuardedCard("an", {2: status}), "an")
    assert caught.value.code is errors.CHANNEL_BROKEN


class CopyThatFallsSilent(EmulatedTransport):
    """A copy without the private key: under the keys of chip authentication it can say nothing but bare status words."""

    def transmit(self, command: bytes) -> bytes:
        answer = super().transmit(command)
        return b"\x69\x82" if answer in (b"\x69\x88", b"\x69\x87") else answer


def test_a_copy_that_says_security_status_is_still_a_copy() -> None:
    outcome = read(CopyThatFallsSilent(card("copied")), "copied")
    assert status_of(outcome, "chip_authentication") == (CheckStatus.FAILED, "chip_authentication.not_genuine")
    assert outcome.verdict.decision is Decision.REJECT
    assert files.data_group(2) in outcome.reading.document, "staff must see whose data the copy carries"


def test_a_hidden_chip_key_is_not_excused_by_the_missing_protection() -> None:
    """Whoever injects the refusal hides the key that the issuer signed."""
    outcome = read(GuardedCard("an", {14: 0x6982}), "an")
    assert outcome.reading.unread == {files.data_group(14): errors.FILE_REFUSED_UNPROTECTED}
    assert status_of(outcome, "chip_authentication") == (CheckStatus.FAILED, "chip_authentication.key_withheld")
    assert outcome.verdict.decision is Decision.REJECT


def test_a_protected_refusal_keeps_the_channel() -> None:
    content = chip_content("an")
    kept = tuple(file for file in content.application_files if file.identifier != 0x010D)
    transport = GuardedCard("an", {}, VirtualCard(dataclasses.replace(content, application_files=kept)))
    outcome = read(transport, "an")
    assert outcome.reading.unread == {files.data_group(13): errors.FILE_NOT_FOUND}
    assert transport.openings == 1


def test_a_guarded_list_of_keys_costs_the_proof_by_mapping_but_not_the_reading() -> None:
    """EF.CardSecurity may be for terminals with certificates only; a bare refusal of it must not end the opening."""

    class GuardedList(GuardedCard):
        in_application = False

        def transmit(self, command: bytes) -> bytes:
            parsed = CommandApdu.parse(command)
            self.in_application = (parsed.ins == 0xA4 and parsed.p1 == 0x04) or self.in_application
            if parsed.ins == 0x22 and parsed.p1 == 0xC1:
                self.in_application = False
            self.guarded = {} if self.in_application else {0x1D: 0x6982}
            return super().transmit(command)

    transport = GuardedList("pace-cam", {})
    outcome = read(transport, "pace-cam")
    assert outcome.reading.access.suite.startswith("PACE-ECDH-CAM")
    found = (CheckStatus.UNDETERMINED, "chip_authentication_mapping.card_security_unreadable")
    assert status_of(outcome, "chip_authentication_mapping") == found
    assert files.data_group(2) in outcome.reading.document
    assert transport.openings == 2
