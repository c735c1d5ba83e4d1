"""Chips that lie about chip and terminal authentication: nobody is called genuine who is not, and the rest is read."""

from __future__ import annotations

import dataclasses
import functools
import random
from collections.abc import Callable

import pytest

from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from emulator.personalise.document import data_groups
from emulator.personalise.profile import load_profile
from reader import errors
from reader.lds import files
from reader.lds.dg14 import parse_dg14
from reader.lds.security_infos import ID_PACE
from reader.verification.verdict import Decision
from tests.hostile.hostile_cards import Ending, Liar, SwitchingCard, chip, copy_of, credentials, meet
from tests.unit.reader_cards import can_of, signed_card

DG3 = files.data_group(3)
STATUS_WORDS = (0x6300, 0x63C0, 0x6700, 0x6883, 0x6884, 0x6982, 0x6985, 0x6988, 0x6A80, 0x6A88, 0x6D00)


@functools.cache
def victim(name: str, *, without_other_proofs: bool = False) -> ChipContent:
    """Another person's document of the same make as the card ``name``, signed as every document is."""
    groups = data_groups(load_profile("an"))
    changes: dict[int, bytes | None] = {number: groups[number] for number in (1, 2, 13)}
    if without_other_proofs:
        signed = parse_dg14(data_groups(load_profile(name))[14]).security_infos.infos
        kept = [info.encoded for info in signed if info.oid.startswith(ID_PACE)]
        changes |= {14: encode_tlv(0x6E, encode_tlv(0x31, kept)), 15: None}
    return signed_card(name, changes)


def naming_group_16(content: ChipContent) -> ChipContent:
    """With a data group in EF.COM that there is not: nobody signs EF.COM."""

    def more(octets: bytes) -> bytes:
        objects = [
            encode_tlv(0x5C, child.value + b"\x70") if child.tag == 0x5C else child.encoded
            for child in parse_tlv(octets, 0x60).children()
        ]
        return encode_tlv(0x60, objects)

    kept = tuple(
        dataclasses.replace(file, content=more(file.content)) if file.identifier == 0x011E else file
        for file in content.application_files
    )
    return dataclasses.replace(content, application_files=kept)


# ------------------------------------------------------------------ a copy, and a genuine card behind it
class BareAtGroup16(Liar):
    """Answers the reading of DG16 without protection, so that the card is opened once more."""

    def sent_answer(self, command: bytes, answer: bytes) -> bytes:
        asked = self.plain_commands[-1] if self.plain_commands else None
        return b"\x69\x82" if asked is not None and (asked.ins, asked.p1) == (0xB0, 0x90) else answer


@pytest.mark.parametrize("order", ["cg", "gc", "cgg", "ccg", "gcg", "cgc"])
def test_a_genuine_card_in_a_later_opening_vouches_for_no_copy(order: str) -> None:
    """Mapping proves a key of EF.CardSecurity, which says nothing about EF.SOD: a proof counts for its channel alone."""
    genuine, name = chip_content("pace-cam"), "pace-cam"
    copy = naming_group_16(copy_of(victim(name, without_other_proofs=True)))
    cards = {
        "c": VirtualCard(copy, misbehaviour=BareAtGroup16()),
        "g": VirtualCard(naming_group_16(genuine), misbehaviour=BareAtGroup16()),
    }
    end = meet(SwitchingCard(cards, order), can_of(name))
    assert end.read.verdict.decision is Decision.REJECT
    assert end.check("chip_authentication_mapping") == ("failed", "chip_authentication_mapping.not_genuine")


def test_the_copied_card_of_that_test_is_refused_for_this_reason_alone() -> None:
    """Else the test above would prove nothing."""
    made = naming_group_16(victim("pace-cam", without_other_proofs=True))
    end = meet(chip(made, BareAtGroup16()), can_of("pace-cam"))
    assert end.check("chip_authentication_mapping") == ("successful", "chip_authentication_mapping.genuine")
    assert end.read.verdict.decision is not Decision.REJECT


def test_a_card_that_shows_other_protocols_when_it_is_opened_anew_is_not_read_on() -> None:
    content = chip_content("an")
    master = tuple(
        dataclasses.replace(file, content=_with_unknown_info(file.content)) if file.identifier == 0x011C else file
        for file in content.master_files
    )
    first = VirtualCard(content, misbehaviour=Liar(sent=_bare_at(0xB0, 0x8D)))
    second = VirtualCard(dataclasses.replace(content, master_files=master))
    end = meet(SwitchingCard({"a": first, "b": second}, "ab"), can_of("an"))
    assert end.refused.code is errors.CHIP_DECEPTIVE


def _with_unknown_info(card_access: bytes) -> bytes:
    unknown = encode_tlv(0x30, encode_tlv(0x06, b"\x2a\x03\x04") + b"\x02\x01\x01")
    return encode_tlv(0x31, parse_tlv(card_access, 0x31).value + unknown)


def _bare_at(ins: int, p1: int, status: int = 0x6982) -> Callable[[bytes, bytes], bytes]:
    def sent(command: bytes, answer: bytes) -> bytes:
        hit = command[0] & 0x0C and command[1:3] == bytes([ins, p1])
        return status.to_bytes(2, "big") if hit else answer

    return sent


@pytest.mark.parametrize("name", ["eac1-ecdh", "eac2", "pace-cam", "an"])
@pytest.mark.parametrize("seed", range(4))
def test_cards_that_change_places_at_random_prove_nothing_for_the_copy(name: str, seed: int) -> None:
    rng = random.Random(f"{name}{seed}")
    order = "".join(rng.choice("cg") for _ in range(6))

    def sent(command: bytes, answer: bytes) -> bytes:
        is_reading = command[0] & 0x0C and command[1] == 0xB0
        return b"\x69\x82" if is_reading and rng.random() < 0.04 else answer

    copy = VirtualCard(copy_of(victim(name)), misbehaviour=Liar(sent=sent))
    genuine = VirtualCard(chip_content(name), misbehaviour=Liar(sent=sent))
    end = meet(SwitchingCard({"c": copy, "g": genuine}, order), can_of(name), terminal=credentials())
    if end.accepted:
        honest = {file.content for file in chip_content(name).application_files}
        read = end.read.reading.document
        assert all(read.require(file) in honest for file in read if file.in_application)


@pytest.mark.parametrize("name", ["eac1-ecdh", "eac1-dh-rsa", "eac2"])
def test_a_copy_is_a_copy_and_shows_whose_data_it_carries(name: str) -> None:
    end = meet(chip(copy_of(chip_content(name))), can_of(name), terminal=credentials())
    assert end.check("chip_authentication") == ("failed", "chip_authentication.not_genuine")
    assert end.read.verdict.decision.value == "REJECT"
    assert end.read.identity is not None, "staff see whose data the copy carries"
    assert DG3 not in end.read.reading.document or name != "eac2"


def test_the_list_of_keys_of_another_card_proves_nothing() -> None:
    """Its signature is right, its key is another's."""
    content = chip_content("eac2")
    foreign = next(file for file in chip_content("pace-cam").master_files if file.identifier == 0x011D)
    master = tuple(foreign if file.identifier == 0x011D else file for file in content.master_files)
    liar = dataclasses.replace(copy_of(content), master_files=master)
    end = meet(chip(liar), can_of("eac2"), terminal=credentials())
    assert end.check("chip_authentication") == ("undetermined", "chip_authentication.key_not_shown")
    assert not end.accepted
    assert end.read.identity is not None


# --------------------------------------------------------------------- the exchange of chip authentication
def _changed_answer(ins: int, change: Callable[[bytes], bytes]) -> Callable[[CommandApdu, ResponseApdu], ResponseApdu]:
    def plain(command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        if command.ins != ins or not answer.is_success or not answer.data:
            return answer
        return ResponseApdu(change(answer.data), int(answer.sw))

    return plain


def _in_7c(change: Callable[[dict[int, bytes]], dict[int, bytes]]) -> Callable[[bytes], bytes]:
    def changed(octets: bytes) -> bytes:
        objects = {child.tag: child.value for child in parse_tlv(octets, 0x7C).children()}
        if 0x82 not in objects or 0x81 not in objects:
            return octets
        return encode_tlv(0x7C, [encode_tlv(tag, value) for tag, value in change(objects).items()])

    return changed


LIES_OF_VERSION_2: dict[str, Callable[[dict[int, bytes]], dict[int, bytes]]] = {
    "no token": lambda found: {0x81: found[0x81]},
    "an empty token": lambda found: found | {0x82: b""},
    "a short token": lambda found: found | {0x82: found[0x82][:4]},
    "another token": lambda found: found | {0x82: bytes(8)},
    "no nonce": lambda found: {0x82: found[0x82]},
    "an empty nonce": lambda found: found | {0x81: b""},
    "a nonce of 7": lambda found: found | {0x81: found[0x81][:7]},
    "a nonce of 9": lambda found: found | {0x81: found[0x81] + b"\0"},
    "a nonce of 200": lambda found: found | {0x81: bytes(100)},
    "another nonce": lambda found: found | {0x81: bytes(8)},
}


@pytest.mark.parametrize("lie", LIES_OF_VERSION_2)
def test_a_wrong_answer_in_version_2_is_no_proof_and_the_rest_is_read(lie: str) -> None:
    liar = Liar(plain=_changed_answer(0x86, _in_7c(LIES_OF_VERSION_2[lie])))
    end = meet(chip(chip_content("eac2"), liar), can_of("eac2"), terminal=credentials())
    status, code = end.check("chip_authentication")
    assert (status, end.read.verdict.decision.value) == ("failed", "REJECT")
    assert code in ("chip_authentication.not_genuine", "chip_authentication.broke_off")
    assert end.read.identity is not None
    assert DG3 not in end.read.reading.document


@pytest.mark.wide
@pytest.mark.parametrize("status", STATUS_WORDS, ids=lambda sw: f"{sw:04X}")
@pytest.mark.parametrize("name", ["eac1-ecdh", "eac2"])
@pytest.mark.parametrize("bare", [False, True], ids=["protected", "bare"])
def test_a_chip_that_refuses_to_prove_itself_is_never_genuine(name: str, status: int, bare: bool) -> None:
    def plain(command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(b"", status) if (command.ins, command.p1) == (0x22, 0x41) else answer

    def sent(command: bytes, answer: bytes) -> bytes:
        hit = command[0] & 0x0C and command[1:3] == b"\x22\x41"
        return status.to_bytes(2, "big") if hit else answer

    liar = Liar(sent=sent) if bare else Liar(plain=plain)
    end = meet(chip(chip_content(name), liar), can_of(name), terminal=credentials())
    assert not end.accepted
    assert end.check("chip_authentication")[1] in (
        "chip_authentication.refused",
        "chip_authentication.broke_off",
        "chip_authentication.not_genuine",
    )
    assert end.check("active_authentication")[0] == "successful", "one failed proof does not stop the other"
    assert end.read.identity is not None
    assert len(liar.commands) < 1200


# ----------------------------------------------------------------- the exchange of terminal authentication
INSTRUCTIONS = {
    "set_dst": (0x22, 0xB6),
    "verify": (0x2A, 0xBE),
    "challenge": (0x84, 0x00),
    "authenticate": (0x82, 0x00),
}


def _refusing(step: str, status: int, *, bare: bool) -> Liar:
    ins, p2 = INSTRUCTIONS[step]

    def plain(command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(b"", status) if (command.ins, command.p2) == (ins, p2) else answer

    def sent(command: bytes, answer: bytes) -> bytes:
        hit = command[0] & 0x0C and command[1] == ins and command[3] == p2
        return status.to_bytes(2, "big") if hit else answer

    return Liar(sent=sent) if bare else Liar(plain=plain)


@pytest.mark.wide
@pytest.mark.parametrize("step", INSTRUCTIONS)
@pytest.mark.parametrize("name", ["eac1-ecdh", "eac2"])
@pytest.mark.parametrize(("status", "bare"), [(0x6300, False), (0x63C0, False), (0x6884, True), (0x6982, True)])
def test_a_chip_that_does_not_admit_the_terminal_is_read_without_its_fingers(
    name: str, step: str, status: int, bare: bool
) -> None:
    liar = _refusing(step, status, bare=bare)
    end = meet(chip(chip_content(name), liar), can_of(name), terminal=credentials())
    status_of_terminal, code = end.check("terminal_authentication")
    assert status_of_terminal == "failed"
    assert code in ("terminal.refused", "channel.broken")
    assert DG3 not in end.read.reading.document
    assert end.read.identity is not None
    assert len(liar.commands) < 1200
    if name == "eac1-ecdh":
        assert end.accepted, "what a terminal may read says nothing about the document"


@pytest.mark.parametrize("length", [0, 1, 7, 9, 16, 200])
@pytest.mark.parametrize("name", ["eac1-ecdh", "eac2"])
def test_a_challenge_of_another_length_is_not_signed(name: str, length: int) -> None:
    liar = Liar(plain=lambda command, answer: ResponseApdu(bytes(length), 0x9000) if command.ins == 0x84 else answer)
    end = meet(chip(chip_content(name), liar), can_of(name), terminal=credentials())
    assert end.check("terminal_authentication") == ("failed", "access.protocol_violation")
    assert not any(command.ins == 0x82 for command in liar.plain_commands), "nothing was signed for it"
    assert end.read.identity is not None


def test_an_admission_that_opens_nothing_is_told_as_it_is() -> None:
    """The chip says yes to everything, and then guards the fingers as before."""

    def plain(command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(b"", 0x9000) if command.ins in (0x2A, 0x82) else answer

    liar = Liar(plain=plain)
    end = meet(chip(chip_content("eac1-ecdh"), liar), can_of("eac1-ecdh"), terminal=credentials("dg4"))
    assert end.check("terminal_authentication") == ("successful", "terminal_authentication.right_missing")
    assert end.read.reading.unread[DG3] is errors.TERMINAL_RIGHT_MISSING


def test_a_channel_that_breaks_at_the_fingers_loses_the_fingers_only() -> None:
    for status in (0x6700, 0x6F00, 0x6988):
        liar = Liar(sent=_bare_at(0xB0, 0x83, status))
        end = meet(chip(chip_content("eac1-ecdh"), liar), can_of("eac1-ecdh"), terminal=credentials())
        assert end.read.identity is not None
        assert end.read.reading.unread[DG3] is errors.CHANNEL_BROKEN
        assert end.check("chip_authentication")[0] == "successful"
        assert not end.accepted


# ------------------------------------------------------------------------- the list of authorities
@pytest.mark.parametrize(
    "content",
    [
        "",
        "42",
        "4200",
        "4210" + "FF" * 16,
        "420141" * 12,
        "42" + "7F" + "41" * 127,
        "00" * 36,
        "FF" * 36,
        "4203414141" * 2,
    ],
    ids=lambda text: text[:12],
)
def test_a_list_of_authorities_of_rubbish_is_a_finding(content: str) -> None:
    octets = bytes.fromhex(content)

    def plain(command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        inside = any(asked.ins == 0x22 and asked.p1 == 0x41 for asked in liar.plain_commands)
        return ResponseApdu(octets, 0x9000) if inside and (command.ins, command.p1) == (0xB0, 0x9C) else answer

    liar = Liar(plain=plain)
    end = meet(chip(chip_content("eac1-ecdh"), liar), can_of("eac1-ecdh"), terminal=credentials())
    assert end.check("terminal_authentication")[1] in (
        "document.malformed",
        "terminal.no_chain",
        "terminal_authentication.admitted",  # an empty one is asked for in another way
    )
    assert end.accepted


def test_authorities_of_rubbish_in_pace_are_no_chain() -> None:
    for reference in (b"", b"\xff" * 16, b"A" * 150, b"\0\n\x1b[2J"):

        def plain(command: CommandApdu, answer: ResponseApdu, name: bytes = reference) -> ResponseApdu:
            if command.ins != 0x86 or not answer.is_success or not answer.data:
                return answer
            objects = [child for child in parse_tlv(answer.data, 0x7C).children() if child.tag not in (0x87, 0x88)]
            if not objects or objects[0].tag != 0x86:
                return answer
            return ResponseApdu(encode_tlv(0x7C, objects[0].encoded + encode_tlv(0x87, name)), 0x9000)

        end = meet(chip(chip_content("eac2"), Liar(plain=plain)), can_of("eac2"), terminal=credentials())
        assert end.check("terminal_authentication") == ("failed", "terminal.no_chain")
        assert end.read.identity is not None


def test_nothing_that_was_signed_or_shown_reaches_an_error() -> None:
    ends: list[Ending] = []
    liars = []
    for step in INSTRUCTIONS:
        liar = _refusing(step, 0x6300, bare=False)
        liars.append(liar)
        ends.append(meet(chip(chip_content("eac1-ecdh"), liar), can_of("eac1-ecdh"), terminal=credentials()))
    signatures = [command.data.hex() for liar in liars for command in liar.plain_commands if command.ins == 0x82]
    assert signatures
    for end in ends:
        assert not any(signature[:16] in end.text.lower() for signature in signatures)
