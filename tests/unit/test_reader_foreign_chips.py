"""Chips that keep the standards in other ways than the emulated citizen card, and some that do not quite."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable

import pytest

import reader
from crypto.pki.trust_store import TrustStore
from crypto.primitives.curves import curve
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, iter_tlvs, parse_tlv
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent, EndOfFile
from emulator.chip.misbehaviour import Misbehaviour
from emulator.personalise.document import data_groups
from emulator.personalise.keys import derived_key_pair
from emulator.personalise.profile import load_profile
from emulator.personalise.security_infos import KeyEncoding, ec_public_key_info
from reader import errors
from reader.block_sizes import BlockSizes
from reader.file_reading import read_file
from reader.lds import files
from reader.lds.mrz import mrz_information
from reader.lds.security_infos import parse_card_access, parse_security_infos
from reader.link import Link
from reader.plan import HOSPITAL
from reader.protocols.chip_authentication_offers import chip_authentication_suites
from reader.protocols.offers import pace_suites
from reader.verification.checks import CheckStatus
from reader.verification.verdict import Decision
from tests.unit.reader_cards import PEOPLE, TRUST, can_of, read_content, signed_card, status_of

PACE = "0.4.0.127.0.7.2.2.4"
DG2 = files.data_group(2)


def integer(value: int) -> bytes:
    return encode_tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def pace_info(arcs: str, parameter_id: int, version: int = 2) -> bytes:
    return encode_tlv(0x30, encode_tlv(0x06, encode_oid(f"{PACE}.{arcs}")) + integer(version) + integer(parameter_id))


def card_access(*infos: bytes) -> bytes:
    return encode_tlv(0x31, infos)


# ------------------------------------------------------------------------------------- what is offered
def test_the_parameters_are_named_where_the_chip_has_more_than_one_set() -> None:
    """Doc 9303-11 §4.4.4.1, DO'84': ambiguous is "more than one set … available for PACE", of whatever protocol."""
    suites = pace_suites(parse_card_access(card_access(pace_info("2.2", 13), pace_info("2.4", 12))))
    assert [suite.parameter_id for suite in suites] == [12, 13]
    one_set = pace_suites(parse_card_access(card_access(pace_info("2.2", 13), pace_info("2.4", 13))))
    assert [suite.parameter_id for suite in one_set] == [None, None]


def test_the_first_version_of_pace_is_another_protocol() -> None:
    offers = parse_card_access(card_access(pace_info("2.4", 12, version=1), pace_info("2.2", 13)))
    assert [(suite.protocol.oid, suite.parameter_id) for suite in pace_suites(offers)] == [(f"{PACE}.2.2", None)]


@pytest.mark.parametrize(("info_id", "key_id"), [(None, None), (1, 1), (1, None), (None, 1), (0xC3, None)])
def test_a_single_chip_authentication_key_needs_no_id(info_id: int | None, key_id: int | None) -> None:
    """Doc 9303-11 §9.2.5, §9.2.6: the id is required only where a chip has several keys."""
    infos = _chip_authentication_infos([(info_id, key_id)])
    (suite,) = chip_authentication_suites(parse_security_infos(parse_tlv(infos)))
    assert suite.key_id == key_id


def test_with_several_keys_only_the_right_id_fits() -> None:
    infos = _chip_authentication_infos([(1, 1), (2, 3)])
    (suite,) = chip_authentication_suites(parse_security_infos(parse_tlv(infos)))
    assert suite.key_id == 1


def _chip_authentication_infos(ids: list[tuple[int | None, int | None]]) -> bytes:
    infos = []
    for info_id, key_id in ids:
        pair = derived_key_pair(f"foreign chip/{key_id}", "brainpoolP256r1")
        key = ec_public_key_info(curve("brainpoolP256r1"), pair.public_point, KeyEncoding.NAMED)
        oid = encode_tlv(0x06, encode_oid("0.4.0.127.0.7.2.2.3.2.2"))
        infos.append(encode_tlv(0x30, oid + integer(1) + (b"" if info_id is None else integer(info_id))))
        oid = encode_tlv(0x06, encode_oid("0.4.0.127.0.7.2.2.1.2"))
        infos.append(encode_tlv(0x30, oid + key + (b"" if key_id is None else integer(key_id))))
    return encode_tlv(0x31, infos)


# ----------------------------------------------------------------------------------- no silent downgrade
def _with_card_access(content: ChipContent, octets: bytes) -> ChipContent:
    changed = [
        dataclasses.replace(file, content=octets) if file.identifier == 0x011C else file
        for file in content.master_files
    ]
    return dataclasses.replace(content, master_files=tuple(changed))


def _dg14_offering(name: str, *pace_infos: bytes) -> bytes:
    """DG14 of a card of the catalogue with other PACE offers in it."""
    dg14 = parse_tlv(data_groups(load_profile(name))[14])
    pace_oid = encode_oid(PACE)
    others = [
        info.encoded for info in dg14.children()[0].children() if not info.children()[0].value.startswith(pace_oid)
    ]
    return encode_tlv(0x6E, encode_tlv(0x31, [*others, *pace_infos]))


def test_triple_des_where_the_chip_has_aes_is_a_finding() -> None:
    """AES on parameters that nobody knows is not spoken here, so 3DES is all that is left: the verdict must say it."""
    (offer,) = chip_content("tdes-pace").pace
    infos = (pace_info("2.1", offer.parameter_id), pace_info("2.2", 30))
    content = signed_card("tdes-pace", {14: _dg14_offering("tdes-pace", *infos)})
    outcome = read_content(_with_card_access(content, card_access(*infos)), can_of("tdes-pace"))
    assert [downgrade.value for downgrade in outcome.reading.access.downgrades] == ["3des_as_aes_is_not_supported"]
    assert outcome.verdict.decision is Decision.REFER


def test_an_offer_that_the_issuer_did_not_sign_is_refused() -> None:
    """Doc 9303-11 §4.2: EF.CardAccess is compared with DG14 once that is authentic."""
    (offer,) = chip_content("tdes-pace").pace
    both = card_access(pace_info("2.1", offer.parameter_id), pace_info("2.2", 30))
    outcome = read_content(_with_card_access(chip_content("tdes-pace"), both), can_of("tdes-pace"))
    assert status_of(outcome, "access_control") == (CheckStatus.FAILED, "access_control.card_access_differs")
    assert outcome.verdict.decision is Decision.REJECT


def test_pace_taken_away_from_the_offer_is_noticed() -> None:
    """Whoever strips PACE makes the terminal use BAC, which can be broken by listening; DG14 gives it away."""
    content = chip_content("an")
    stripped = dataclasses.replace(
        content, master_files=tuple(file for file in content.master_files if file.identifier != 0x011C), pace=()
    )
    # a foreign MRZ is the case in which no CardAccess is assumed; here the plan forbids assuming it
    plan = dataclasses.replace(HOSPITAL, assume_cccd=False)
    outcome = read_content(stripped, reader.MrzKey.from_lines(PEOPLE["an"].mrz), plan=plan)
    assert outcome.reading.access.protocol == "BAC"
    assert status_of(outcome, "access_control") == (CheckStatus.FAILED, "access_control.pace_hidden")


def test_a_signed_list_that_names_no_pace_says_nothing_about_the_offer() -> None:
    content = signed_card("an", {14: _dg14_offering("an")})
    assert read_content(content, can_of("an")).verdict.decision is Decision.ACCEPT


def test_a_malformed_offer_that_the_issuer_signed_is_told_and_does_no_harm() -> None:
    (offer,) = chip_content("an").pace
    infos = (pace_info("2.2", offer.parameter_id), encode_tlv(0x30, encode_tlv(0x06, encode_oid(f"{PACE}.2.4"))))
    content = signed_card("an", {14: _dg14_offering("an", *infos)})
    outcome = read_content(_with_card_access(content, card_access(*infos)), can_of("an"))
    assert outcome.verdict.decision is Decision.ACCEPT
    (check,) = (check for check in outcome.checks if check.check == "access_control")
    assert "malformed" in check.detail
    forged = read_content(_with_card_access(chip_content("an"), card_access(*infos)), can_of("an"))
    assert status_of(forged, "access_control") == (CheckStatus.FAILED, "access_control.card_access_differs")


class _RefusesApplication(Misbehaviour):
    """SELECT of the application is refused before PACE, and PACE is offered in a way that is not spoken here."""

    def __init__(self, status: int) -> None:
        self.status = status

    def plain_answer(self, command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(b"", self.status) if command.ins == 0xA4 and command.p1 == 0x04 else answer


@pytest.mark.parametrize(
    ("status", "code"), [(0x6982, errors.ACCESS_NOT_SUPPORTED), (0x6A82, errors.NOT_AN_EMRTD)], ids=["6982", "6A82"]
)
def test_a_chip_that_opens_by_an_unknown_pace_alone_is_still_an_identity_card(status: int, code: object) -> None:
    content = _with_card_access(chip_content("an"), card_access(pace_info("2.2", 30)))
    with pytest.raises((errors.ProtocolError, errors.CardStatusError)) as caught:
        read_content(content, can_of("an"), misbehaviour=_RefusesApplication(status))
    assert caught.value.code is code


class _AnswersStatus(Misbehaviour):
    """A status word instead of the answer to one instruction, at its first occurrence."""

    def __init__(self, instruction: int, status: int) -> None:
        self.instruction, self.status = instruction, status

    def plain_answer(self, command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        return ResponseApdu(b"", self.status) if command.ins == self.instruction else answer


def test_a_chip_without_basic_access_control_does_not_blame_the_number() -> None:
    """Doc 9303-11 §4.1 allows PACE alone; Germany's chips then answer EXTERNAL AUTHENTICATE with 6A88."""
    content = _with_card_access(chip_content("an"), card_access(pace_info("2.2", 30)))
    key = reader.MrzKey.from_lines(PEOPLE["an"].mrz)
    with pytest.raises(errors.ProtocolError) as caught:
        read_content(dataclasses.replace(content, basic_access_control=False), key)
    assert caught.value.code is errors.ACCESS_NOT_SUPPORTED


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (0x6A88, errors.ACCESS_NOT_SUPPORTED),
        (0x6983, errors.KEY_BLOCKED),
        (0x63C0, errors.KEY_BLOCKED),
        (0x6985, errors.COMMAND_REFUSED),
    ],
    ids=lambda value: f"{value:04X}" if isinstance(value, int) else "",
)
def test_a_password_that_the_chip_misses_only_at_the_nonce(status: int, code: object) -> None:
    """Doc 9303-11 §4.4.4.1 note 1: some accept the selection of an unavailable key."""
    with pytest.raises((errors.ProtocolError, errors.CardStatusError)) as caught:
        read_content(chip_content("an"), can_of("an"), misbehaviour=_AnswersStatus(0x86, status))
    assert caught.value.code is code


# ------------------------------------------------------------------------------ long active authentication
def _without_extended_length(name: str) -> ChipContent:
    content = chip_content(name)
    return dataclasses.replace(content, behaviour=dataclasses.replace(content.behaviour, extended_length=False))


def test_a_chip_without_extended_length_and_a_long_key_is_read_all_the_same() -> None:
    """It refuses the long command in plain, which closes the channel; the rest is read in a fresh one."""
    outcome = read_content(_without_extended_length("rsa-active-2048"), can_of("rsa-active-2048"))
    assert status_of(outcome, "active_authentication") == (
        CheckStatus.UNDETERMINED,
        "active_authentication.terminal_unable",
    )
    assert files.data_group(2) in outcome.reading.document


class _ChainingCard(EmulatedTransport):
    """A chip without extended length that sends long answers in pieces (61XX, ISO/IEC 7816-4 §5.3.4)."""

    def __init__(self, content: ChipContent) -> None:
        super().__init__(VirtualCard(content))
        self._waiting = b""

    def transmit(self, command: bytes) -> bytes:
        parsed = CommandApdu.parse(command)
        if parsed.ins == 0xC0 and self._waiting:
            return self._piece()
        if parsed.extended:
            super().transmit(bytes.fromhex("00B0000001"))  # a plain command: the chip ends secure messaging
            return b"\x67\x00"
        if parsed.cla & 0x0C and parsed.ins == 0x88:  # the emulated chip inside does not cut its answers itself
            parsed = dataclasses.replace(parsed, ne=65_536, extended=True)
        answer = super().transmit(parsed.encode())
        if len(answer) <= 258:
            return answer
        self._waiting = answer
        return self._piece()

    def _piece(self) -> bytes:
        """The next 256 bytes; the real status word with the last."""
        data, status = self._waiting[:-2], self._waiting[-2:]
        piece, rest = data[:256], data[256:]
        self._waiting = rest + status if rest else b""
        return piece + (bytes([0x61, min(len(rest), 255)]) if rest else status)


def test_a_long_signature_may_come_in_pieces() -> None:
    with _ChainingCard(chip_content("rsa-active-2048")) as card:
        outcome = reader.read(card, can_of("rsa-active-2048"), trust=TRUST)
    assert status_of(outcome, "active_authentication")[0] is CheckStatus.SUCCESSFUL
    assert outcome.verdict.decision is Decision.ACCEPT


# -------------------------------------------------------------------------------------------- reading files
@pytest.mark.parametrize("habit", list(EndOfFile))
@pytest.mark.parametrize("extra", [0, 1, 2, 3, 4, 5, 200, 5000])
def test_files_past_32_kilobytes_come_out_whole_however_the_chip_ends_them(habit: EndOfFile, extra: int) -> None:
    """READ BINARY with odd instruction: Le counts the header of DO'53', and must not reach past the end."""
    size = 0x8000 + extra
    portrait = encode_tlv(0x75, bytes(index % 251 for index in range(size - 4)))
    assert len(portrait) == size
    content = signed_card("an", {2: portrait})
    behaviour = dataclasses.replace(content.behaviour, end_of_file=habit)
    outcome = read_content(dataclasses.replace(content, behaviour=behaviour), can_of("an"))
    assert outcome.reading.document.require(DG2) == portrait


Answer = Callable[[int, int], ResponseApdu]


def _file_server(answer: Answer) -> Callable[[CommandApdu], ResponseApdu]:
    def transmit(command: CommandApdu) -> ResponseApdu:
        if command.ins == 0xA4:
            return ResponseApdu(b"", 0x9000)
        if command.p1 & 0x80:
            return ResponseApdu(b"", 0x6A86)
        return answer(command.p1 << 8 | command.p2, command.ne)

    return transmit


@pytest.mark.parametrize("refusal", [0x6700, 0x6B00, 0x6282, 0x6C05, 0x6F00, 0x6281], ids=lambda sw: f"{sw:04X}")
def test_a_chip_that_refuses_to_read_past_the_end_is_asked_for_the_header_first(refusal: int) -> None:
    """Seen of several states: 6282, 6B00, 6700 or 6CXX with no data at all (ISO/IEC 7816-4 table 6)."""
    content = encode_tlv(0x60, bytes(range(20)))

    def answer(offset: int, ne: int) -> ResponseApdu:
        block = content[offset : offset + ne]
        return ResponseApdu(block, 0x9000) if len(block) == ne else ResponseApdu(b"", refusal)

    assert read_file(_file_server(answer), files.COM, BlockSizes(261, 225)) == content


@pytest.mark.parametrize("most", [16, 100, 127, 160])
def test_a_chip_that_sends_only_small_blocks_is_read(most: int) -> None:
    content = encode_tlv(0x75, bytes(index % 251 for index in range(3000)))

    def answer(offset: int, ne: int) -> ResponseApdu:
        return ResponseApdu(b"", 0x6700) if ne > most else ResponseApdu(content[offset : offset + ne], 0x9000)

    assert read_file(_file_server(answer), DG2, BlockSizes(261, 225)) == content


@pytest.mark.timeout(20)
def test_a_chip_that_gives_a_megabyte_byte_by_byte_is_not_waited_for() -> None:
    header = b"\x75\x83\x0f\xff\x00"
    asked = 0

    def answer(offset: int, ne: int) -> ResponseApdu:
        nonlocal asked
        asked += 1
        return ResponseApdu(header if offset == 0 else b"\0", 0x9000)

    with pytest.raises(errors.CardStatusError) as caught:
        read_file(_file_server(answer), DG2, BlockSizes(261, 225))
    assert caught.value.code is errors.SHORT_ANSWER
    assert asked < 100_000


class _Scripted:
    """A transport that gives one answer after the other, the last one for ever."""

    atr = b""
    is_emulated = True
    max_command = max_response = 65_546

    def __init__(self, *answers: str) -> None:
        self.answers = [bytes.fromhex(answer) for answer in answers]
        self.commands: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        self.commands.append(command)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def reset(self) -> None:
        return

    def close(self) -> None:
        return

    def __enter__(self) -> _Scripted:
        return self

    def __exit__(self, *_: object) -> None:
        return


def test_get_response_with_the_wrong_length_is_asked_again() -> None:
    card = _Scripted("6110", "6C02", "AABB9000")
    answer = Link(card, threading.Event()).exchange(CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=256))
    assert (answer.data, int(answer.sw)) == (b"\xaa\xbb", 0x9000)
    assert [command.hex() for command in card.commands] == ["00b0000000", "00c0000010", "00c0000002"]


def test_an_endless_response_chain_is_ended() -> None:
    card = _Scripted("006101")
    with pytest.raises(errors.TransportError) as caught:
        Link(card, threading.Event()).exchange(CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=256))
    assert caught.value.code is errors.LINK_FAILED
    assert len(card.commands) < 2000


# ---------------------------------------------------------------------------------------- more than was asked
class _SaysMore(Misbehaviour):
    """Appends certification authority references to the last PACE answer (Doc 9303-11 §4.4.5, table 4)."""

    def plain_answer(self, command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        if command.ins != 0x86 or not answer.is_success or not answer.data:
            return answer
        objects = list(iter_tlvs(parse_tlv(answer.data, 0x7C).value))
        if not objects or objects[0].tag != 0x86:
            return answer
        more = encode_tlv(0x87, b"DETESTCVCA00002") + encode_tlv(0x88, b"DETESTCVCA00001")
        return ResponseApdu(encode_tlv(0x7C, objects[0].encoded + more), int(answer.sw))


def test_references_behind_the_token_do_not_disturb() -> None:
    outcome = read_content(chip_content("an"), can_of("an"), misbehaviour=_SaysMore())
    assert outcome.verdict.decision is Decision.ACCEPT
    assert PEOPLE["an"].expected == "ACCEPT"


# ------------------------------------------------------------------------------------------ passports and TD2 cards
def check_digit(text: str) -> str:
    """Doc 9303-3 §4.9."""
    values = {letter: value for value, letter in enumerate("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")} | {"<": 0}
    return str(sum(values[letter] * (7, 3, 1)[index % 3] for index, letter in enumerate(text)) % 10)


def with_digit(text: str) -> str:
    return text + check_digit(text)


def passport_lines(state: str, expiry: str) -> list[str]:
    """Doc 9303-4 §4.2.2, an invented person."""
    second = [with_digit("X12345678"), state.ljust(3, "<"), with_digit("900102") + "F" + with_digit(expiry)]
    second.append(with_digit("<" * 14))
    composite = second[0] + second[2][:7] + second[2][8:] + second[3]
    return [f"P<{state.ljust(3, '<')}TESTPERSON<<ANNA<MARIA".ljust(44, "<"), "".join(second) + check_digit(composite)]


def td2_lines(state: str, expiry: str) -> list[str]:
    """Doc 9303-6 §4.2.2, an invented person."""
    second = [with_digit("D23145890"), state.ljust(3, "<"), with_digit("900102") + "M" + with_digit(expiry), "<" * 7]
    composite = second[0] + second[2][:7] + second[2][8:] + second[3]
    return [f"I<{state.ljust(3, '<')}TESTPERSON<<JON".ljust(36, "<"), "".join(second) + check_digit(composite)]


@pytest.mark.parametrize("lines", [passport_lines("UTO", "991231"), td2_lines("D", "301231")], ids=["TD3", "TD2"])
def test_documents_of_other_states_are_read_by_their_own_rules(lines: list[str]) -> None:
    """Their thirteenth group is none of Vietnam's, and 991231 is a day like any other."""
    key = reader.MrzKey.from_lines(lines)
    somebody = encode_tlv(0x6D, encode_tlv(0x30, integer(1) + encode_tlv(0x0C, b"whatever")))
    dg1 = encode_tlv(0x61, encode_tlv(0x5F1F, "".join(lines).encode("ascii")))
    content = signed_card("bac-only", {1: dg1, 13: somebody})
    content = dataclasses.replace(content, mrz_information=Secret(mrz_information(lines).encode("ascii")))
    outcome = read_content(content, key)
    assert outcome.reading.access.protocol == "BAC"
    assert outcome.document.personal == {}
    assert outcome.identity is not None
    assert outcome.identity.number in ("X12345678", "D23145890")
    assert outcome.identity.full_name.startswith("TESTPERSON")
    assert not outcome.identity.no_expiry
    assert status_of(outcome, "data_consistency")[0] is CheckStatus.SUCCESSFUL
    assert status_of(outcome, "document_validity") == (CheckStatus.SUCCESSFUL, "document_validity.valid")


@pytest.mark.parametrize("octets", ["3100", "3003020101", "00", "310430020600", "FF" * 20], ids=lambda text: text[:8])
def test_a_card_access_of_rubbish_is_one_clear_error(octets: str) -> None:
    content = _with_card_access(chip_content("an"), bytes.fromhex(octets))
    with pytest.raises((errors.DocumentError, errors.ProtocolError)) as caught:
        read_content(content, can_of("an"))
    assert caught.value.code in (errors.FILE_MALFORMED, errors.ACCESS_NOT_SUPPORTED)


# ------------------------------------------------------------------------ chip-authentication mapping
def test_chip_authentication_mapping_proves_a_genuine_chip() -> None:
    outcome = read_content(chip_content("pace-cam"), can_of("pace-cam"))
    assert outcome.reading.access.suite.startswith("PACE-ECDH-CAM")
    assert status_of(outcome, "chip_authentication_mapping")[0] is CheckStatus.SUCCESSFUL
    assert outcome.verdict.decision is Decision.ACCEPT


def test_a_copy_that_lacks_the_static_key_is_refused_by_the_mapping_alone() -> None:
    content = chip_content("pace-cam")
    stolen = tuple(dataclasses.replace(key, scalar=Secret(b"\x2a")) for key in content.chip_authentication_mapping)
    copy = dataclasses.replace(content, chip_authentication_mapping=stolen)
    outcome = read_content(copy, can_of("pace-cam"))
    found = (CheckStatus.FAILED, "chip_authentication_mapping.not_genuine")
    assert status_of(outcome, "chip_authentication_mapping") == found
    assert outcome.verdict.decision is Decision.REJECT


def test_a_mapping_proof_without_a_trusted_signature_proves_nothing() -> None:
    outcome = read_content(chip_content("pace-cam"), can_of("pace-cam"), trust=TrustStore())
    found = (CheckStatus.UNDETERMINED, "chip_authentication_mapping.issuer_unknown")
    assert status_of(outcome, "chip_authentication_mapping") == found
    assert outcome.verdict.decision is Decision.REFER


@pytest.mark.parametrize("position", [60, 300, -40])
def test_a_changed_card_security_proves_nothing(position: int) -> None:
    content = chip_content("pace-cam")
    files_of_master = []
    for file in content.master_files:
        octets = bytearray(file.content)
        if file.identifier == 0x011D:
            octets[position] ^= 0x01
        files_of_master.append(dataclasses.replace(file, content=bytes(octets)))
    changed = dataclasses.replace(content, master_files=tuple(files_of_master))
    outcome = read_content(changed, can_of("pace-cam"))
    assert status_of(outcome, "chip_authentication_mapping")[0] is not CheckStatus.SUCCESSFUL
