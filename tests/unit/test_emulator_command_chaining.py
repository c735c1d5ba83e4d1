"""Command chaining on the chip (ISO/IEC 7816-4 §5.3.3), outside and inside a session."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.pki.cvc import CvRole, parse_cv_certificate
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import EcPrivateKey, curve, random_scalar
from crypto.primitives.secret import Secret
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.cards import card, chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipBehaviour, ChipContent, PaceOffer
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.answer_to_reset import contactless_atr
from emulator.personalise.cv_issuer import (
    CvSuite,
    Validity,
    authority_certificate,
    certificate,
    holder,
    verifying_authority,
)
from emulator.personalise.mrz import mrz_information
from tests.unit.emulator_terminal import CAN, SPECS, Channel, Terminal, generic_mapping, opened

GM = generic_mapping(2)
CHOOSE = encode_tlv(0x80, encode_oid(GM.oid)) + bytes.fromhex("830102")
ID_CA_ECDH_AES128 = "0.4.0.127.0.7.2.2.3.2.2"


def chip(**behaviour: int) -> VirtualCard:
    content = ChipContent(can=Secret(b"123456"), pace=(PaceOffer(GM, 12),), behaviour=ChipBehaviour(**behaviour))
    return VirtualCard(content)


def plain(terminal: Terminal, header: str, data: bytes, le: str = "") -> str:
    length = f"{len(data):02X}" if len(data) < 256 else f"00{len(data):04X}"
    return terminal.raw(header + (length + data.hex() if data else "") + le)


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted(cut % (len(data) + 1) for cut in cuts)
    return [data[start:end] for start, end in zip([0, *places], [*places, len(data)], strict=True)]


# -- outside a session ----------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 100), max_size=5))
def test_a_data_field_in_parts_is_the_data_field(cuts: list[int]) -> None:
    terminal = Terminal(chip())
    *parts, last = pieces(CHOOSE, cuts)
    for part in parts:
        assert plain(terminal, "1022C1A4", part) == "9000"
    assert plain(terminal, "0022C1A4", last) == "9000"
    assert terminal.raw("10860000027C0000") == "9000"  # the choice was understood as a whole


def test_a_part_does_nothing_yet() -> None:
    terminal = Terminal(chip())
    assert plain(terminal, "1022C1A4", CHOOSE) == "9000"
    assert terminal.raw("10860000027C0000") == "6985"  # nothing has been chosen


def test_a_wrong_whole_is_refused_at_its_end_and_forgotten() -> None:
    terminal = Terminal(chip())
    assert plain(terminal, "1022C1A4", b"\x80\x7f") == "9000"
    assert plain(terminal, "0022C1A4", CHOOSE) == "6A80"
    assert plain(terminal, "0022C1A4", CHOOSE) == "9000"


@pytest.mark.parametrize(
    "other",
    [
        "00A4020C02011C",
        "00B0000000",
        "0022C1A4",
        "002241A400",
        "1022C1A600",
        "00700000",
        "0086000000",
        "10860000027C0000",
    ],
)
def test_another_command_breaks_the_chain(other: str) -> None:
    """What becomes of the parts is left open by the standard; this chip forgets them, as it does with PACE's chain."""
    terminal = Terminal(chip())
    assert plain(terminal, "1022C1A4", CHOOSE[:5]) == "9000"
    terminal.raw(other)
    assert plain(terminal, "0022C1A4", CHOOSE[5:]) == "6A80"
    assert plain(terminal, "0022C1A4", CHOOSE) == "9000"


@pytest.mark.parametrize(
    "command", ["10A4000C023F00", "10B0000000", "10B100000354010000", "1084000008", "1088000008" + "00" * 8 + "00"]
)
def test_what_never_needs_parts_says_so(command: str) -> None:
    assert Terminal(card("an")).raw(command) == "6884"


def test_a_chain_ends_where_the_longest_command_would() -> None:
    """65,535 octets in all; nothing is kept of a chain that grows beyond."""
    terminal = Terminal(chip())
    block = bytes(60_000)
    assert plain(terminal, "1022C1A4", block) == "9000"
    assert plain(terminal, "1022C1A4", bytes(5_535)) == "9000"
    assert plain(terminal, "0022C1A4", b"") == "6A80"  # exactly the limit: read, and no data objects
    assert plain(terminal, "1022C1A4", block) == "9000"
    assert plain(terminal, "1022C1A4", bytes(5_536)) == "6700"
    assert plain(terminal, "0022C1A4", CHOOSE) == "9000"
    assert plain(terminal, "1022C1A4", block) == "9000"
    assert plain(terminal, "0022C1A4", bytes(5_536)) == "6700"
    assert plain(terminal, "0022C1A4", CHOOSE) == "9000"


def test_parts_make_up_for_extended_length() -> None:
    terminal = Terminal(chip(extended_length=False))
    filler = encode_tlv(0x5F20, bytes(600))  # an unknown object, which is ignored
    data = CHOOSE + filler
    assert plain(terminal, "0022C1A4", data) == "6700"
    for start in range(0, len(data) - 200, 200):
        assert plain(terminal, "1022C1A4", data[start : start + 200]) == "9000"
    assert plain(terminal, "0022C1A4", data[start + 200 :]) == "9000"


def test_bac_takes_its_cryptogram_in_parts() -> None:
    terminal = Terminal(Chunked(card("bac-only"), 17))
    terminal.select_application()
    terminal.bac(mrz_information(SPECS["bac-only"].mrz).encode())
    assert terminal.send("00B08100", le=b"\x02")[0] == b"\x61\x5d"


class Chunked:
    """Between terminal and card: EXTERNAL AUTHENTICATE goes on in short parts."""

    def __init__(self, inner: VirtualCard, size: int) -> None:
        self.inner, self.size = inner, size

    def transmit(self, command: bytes) -> bytes:
        if command[:2] != b"\x00\x82":
            return self.inner.transmit(command)
        data, le = command[5 : 5 + command[4]], command[5 + command[4] :]
        for start in range(0, len(data), self.size):
            part = data[start : start + self.size]
            last = start + self.size >= len(data)
            head = bytes([0x00 if last else 0x10]) + command[1:4] + bytes([len(part)])
            answer = self.inner.transmit(head + part + (le if last else b""))
        return answer


# -- PACE's own chain ---------------------------------------------------------------------------------------------------


def test_the_chain_of_pace_has_a_step_in_each_command() -> None:
    """Doc 9303-11 §4.4.4.3; TR-03110-3 §B.10.3: the last step must be marked as the last."""
    terminal = Terminal(chip())
    assert plain(terminal, "0022C1A4", CHOOSE) == "9000"
    assert terminal.raw("10860000017C00") == "6A80"  # a step cut in two is no step
    terminal.pace(GM, 12, CAN, b"123456")
    assert terminal.channel is not None


# -- inside a session ---------------------------------------------------------------------------------------------------


def agreement_in_parts(terminal: Terminal, size: int) -> tuple[bytes, str, Channel]:
    """Chip authentication version 1 with GENERAL AUTHENTICATE in parts of that size; the channel it leads to."""
    domain = curve("brainpoolP256r1")
    key = domain.private_key(random_scalar(domain))
    data = encode_tlv(0x7C, encode_tlv(0x80, key.public_octets))
    assert terminal.send("002241A4", encode_tlv(0x80, encode_oid(ID_CA_ECDH_AES128)))[1] == "9000"
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    for part in parts[:-1]:
        assert terminal.send("10860000", part, b"\0") == (b"", "9000")
    answer, status = terminal.send("00860000", parts[-1], b"\0")
    static = chip_content("an").chip_authentication[0].private_key
    assert isinstance(static, EcPrivateKey)
    return answer, status, Channel(SymmetricCipher.AES128, key.shared_x(static.public_point))


@pytest.mark.parametrize("size", [1, 16, 40, 68, 69])
def test_each_part_is_a_protected_command_of_its_own(size: int) -> None:
    """A cryptogram, a MAC and a count for each part and for each answer; the terminal checks all of them."""
    terminal = opened()
    answer, status, channel = agreement_in_parts(terminal, size)
    assert (answer, status) == (b"\x7c\x00", "9000")
    terminal.channel = channel
    assert terminal.send("00B08100", le=b"\x02")[0] == b"\x61\x5d"


@pytest.mark.parametrize("size", [33, 200])
def test_a_certificate_comes_in_parts(size: int) -> None:
    """PSO:Verify Certificate is what outgrows short commands first (TR-03110-3 §B.9)."""
    suite = CvSuite("ecdsa-sha512", "brainpoolP512r1")
    root, verifier = verifying_authority(suite), holder("VNTESTDV00001", suite)
    validity = Validity(dt.date(2024, 1, 1), dt.date(2034, 1, 1))
    signed = certificate(root, verifier, role=CvRole.DV_DOMESTIC, rights=3, validity=validity)
    trusted = TrustedKey.at_personalisation(parse_cv_certificate(authority_certificate(root)))
    content = ChipContent(
        can=Secret(b"123456"),
        pace=(PaceOffer(GM, 12),),
        behaviour=ChipBehaviour(extended_length=False),
        terminal_trust_points=(trusted,),
    )
    terminal = Terminal(VirtualCard(content))
    terminal.pace(GM, 12, CAN, b"123456")
    assert terminal.send("002281B6", encode_tlv(0x83, root.reference.encode()))[1] == "9000"
    data = parse_tlv(signed, 0x7F21).value
    parts = [data[start : start + size] for start in range(0, len(data), size)]
    assert [terminal.send("102A00BE", part)[1] for part in parts[:-1]] == ["9000"] * (len(parts) - 1)
    assert terminal.send("002A00BE", parts[-1])[1] == "9000"
    assert terminal.send("002281B6", encode_tlv(0x83, verifier.reference.encode()))[1] == "9000"  # it is known now


def test_a_bad_part_ends_the_session_like_any_bad_command() -> None:
    terminal = opened()
    channel = terminal.channel
    assert channel is not None
    assert terminal.send("102241A4", b"\x80\x0a")[1] == "9000"
    part = channel.wrap(bytes.fromhex("102241A4"), encode_oid(ID_CA_ECDH_AES128))
    assert terminal.card.transmit(part[:-2] + bytes([part[-2] ^ 1]) + b"\0").hex() == "6988"
    assert terminal.raw("00B0810000") == "6982"


def test_nothing_of_a_chain_outlives_its_session() -> None:
    terminal = opened()
    assert terminal.send("1022C1A4", CHOOSE[:5])[1] == "9000"
    assert plain(terminal, "0022C1A4", CHOOSE[5:]) == "6A80"  # in plain: the session is over, and its parts with it


def test_parts_from_before_a_session_are_no_part_of_it() -> None:
    terminal = Terminal(card("an"))
    choose_key = encode_tlv(0x80, encode_oid(ID_CA_ECDH_AES128))
    assert plain(terminal, "102241A4", choose_key[:5]) == "9000"
    terminal.pace(GM, 13, CAN, SPECS["an"].can.encode())
    assert terminal.send("002241A4", choose_key[5:])[1] == "6A80"
    assert terminal.send("002241A4", choose_key)[1] == "9000"


def test_the_answer_to_a_part_of_another_chain_is_protected_too() -> None:
    terminal = opened()
    for header in ("10A4020C", "10B00000", "10B00000"):
        assert terminal.send(header, b"\x01\x01" if header[2] == "A" else b"", b"\0")[1] == "6884"
    assert terminal.send("00B08100", le=b"\x02")[0] == b"\x61\x5d"


# -- what the card says about itself ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("extended", [True, False])
def test_the_card_announces_that_it_understands_chains(extended: bool) -> None:
    """Doc 9303-11 §9.3.2 allows chaining for other purposes than PACE only if the chip says so (card capabilities)."""
    atr = contactless_atr(extended_length=extended)
    historical = atr[4:-1]
    assert historical[:2] == b"\x80\x73"
    assert historical[4] & 0x80
    if extended:
        info = next(file for file in chip_content("an").master_files if file.identifier == 0x2F01)
        assert parse_tlv(info.content[:5], 0x47).value[2] & 0x80
