"""Every declared fault really happens, where it says, and nowhere else."""

from __future__ import annotations

import datetime as dt
import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from crypto.errors import CryptoError, WireError
from crypto.pki.cvc import CvRole, TerminalType
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import curve, random_scalar
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.cards import card, chip_content
from emulator.chip.content import ChipBehaviour, EndOfFile
from emulator.faults import Fault, FaultKind
from emulator.personalise.cv_issuer import CvSuite, Validity, certificate, holder, verifying_authority
from emulator.personalise.keys import derived_key_pair, shipped_rsa_key
from emulator.personalise.mrz import mrz_information
from tests.unit.emulator_extended_access import ExtendedTerminal
from tests.unit.emulator_terminal import CAN, SPECS, Channel, RefusedError, Terminal, generic_mapping

NOTICED = (
    AssertionError,
    CryptoError,
    WireError,
    InvalidSignature,
    RefusedError,
    ConnectionError,
    KeyError,
    IndexError,
    ValueError,
)
CHALLENGE = b"12345678"


def talk(terminal: Terminal, name: str) -> None:
    """A whole conversation that checks all that can be checked: access, files, chip and active authentication."""
    if name == "eac2":
        talk_with_certificates(ExtendedTerminal(terminal.card))
        return
    if name == "bac-only":
        terminal.select_application()
        terminal.bac(mrz_information(SPECS[name].mrz).encode())
    else:
        terminal.pace(generic_mapping(2), 13, CAN, SPECS[name].can.encode())
        terminal.select_application()
    files = {file.identifier: file.content for file in chip_content(name).application_files}
    for identifier in (0x011E, 0x0101, 0x010D):
        assert terminal.send("00A4020C", identifier.to_bytes(2, "big"))[1] == "9000"
        assert terminal.read_selected(len(files[identifier]), step=100) == files[identifier]
    if name != "rsa-active":
        authenticate_chip(terminal, name)
    signature, status = terminal.send("00880000", CHALLENGE, b"\0")
    assert status == "9000"
    if name == "rsa-active":
        check_rsa(signature)
    else:
        check_ecdsa(name, signature)


def authenticate_chip(terminal: Terminal, name: str) -> None:
    domain = curve("brainpoolP256r1")
    own = domain.private_key(random_scalar(domain))
    assert terminal.send("002241A4", encode_tlv(0x80, encode_oid("0.4.0.127.0.7.2.2.3.2.2")))[1] == "9000"
    answer = terminal.send("00860000", encode_tlv(0x7C, encode_tlv(0x80, own.public_octets)), b"\0")
    assert answer == (b"\x7c\0", "9000")
    public = derived_key_pair(f"{name}/ca/None", "brainpoolP256r1").public_point
    terminal.channel = Channel(SymmetricCipher.AES128, own.shared_x(public))


def talk_with_certificates(terminal: ExtendedTerminal) -> None:
    """Terminal authentication and chip authentication in their second version (TR-03110-2 §3.3, §3.4)."""
    suite = CvSuite("ecdsa-sha256", "brainpoolP256r1")
    root, verifier, own = verifying_authority(suite), holder("VNTESTDV00001", suite), holder("VNTESTIS00001", suite)
    valid = Validity(dt.date(2024, 3, 1), dt.date(2030, 1, 1))
    announcement = encode_tlv(0x06, encode_oid(TerminalType.INSPECTION_SYSTEM.value)) + encode_tlv(0x53, b"\3")
    terminal.pace(generic_mapping(2), 13, CAN, SPECS["eac2"].can.encode(), template=encode_tlv(0x7F4C, announcement))
    public, private = terminal.ephemeral(curve("brainpoolP256r1"))
    shown = terminal.show_chain(
        certificate(root, verifier, role=CvRole.DV_DOMESTIC, rights=3, validity=valid),
        certificate(verifier, own, role=CvRole.TERMINAL, rights=3, validity=valid),
    )
    assert shown == ["9000", "9000"]
    more = encode_tlv(0x80, encode_oid(suite.oid)) + encode_tlv(0x91, terminal.compressed_key)
    assert terminal.choose_terminal(own.reference, more) == "9000"
    assert terminal.answer_challenge(own, terminal.compressed_chip_key, terminal.challenge()) == "9000"
    static = chip_content("eac2").chip_authentication[0].private_key.public_octets
    terminal.select_application()
    domain = curve("brainpoolP256r1")
    terminal.authenticate_chip_v2(domain, static, SymmetricCipher.AES128, public, private)
    assert terminal.can_read(3) == "9000"


def check_ecdsa(name: str, signature: bytes) -> None:
    assert len(signature) == 64
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    pair = derived_key_pair(f"{name}/aa", "brainpoolP256r1")
    pair.curve.public_key(pair.public_point).verify(encode_dss_signature(r, s), CHALLENGE, ec.ECDSA(hashes.SHA256()))


def check_rsa(signature: bytes) -> None:
    numbers = shipped_rsa_key(1024).public_key().public_numbers()
    assert len(signature) == 128
    opened = pow(int.from_bytes(signature, "big"), numbers.e, numbers.n).to_bytes(128, "big")
    assert opened[0] == 0x6A
    assert opened[-1] == 0xBC
    assert opened[-21:-1] == hashlib.sha1(opened[1:-21] + CHALLENGE, usedforsecurity=False).digest()


@pytest.mark.parametrize("name", ["an", "bac-only", "rsa-active", "eac2"])
def test_without_faults_the_conversation_succeeds(name: str) -> None:
    talk(Terminal(card(name)), name)


def place_of(kind: FaultKind) -> str:
    if kind.label.startswith(("ta_", "ca_nonce", "ca_token")):
        return "eac2"
    if kind.label.startswith(("bac_", "challenge_")):
        return "bac-only"
    return "rsa-active" if kind is FaultKind.AA_WRONG_TRAILER else "an"


@pytest.mark.parametrize("kind", FaultKind, ids=lambda kind: kind.label)
def test_every_fault_disturbs_a_terminal_that_checks(kind: FaultKind) -> None:
    name = place_of(kind)
    with pytest.raises(NOTICED):
        talk(Terminal(card(name, faults=[Fault(kind)])), name)


@pytest.mark.parametrize("name", ["an", "bac-only", "rsa-active"])
def test_faults_that_never_come_change_nothing(name: str) -> None:
    talk(Terminal(card(name, faults=[Fault(kind, at=1_000) for kind in FaultKind])), name)


@pytest.mark.parametrize(
    "kind", [kind for kind in FaultKind if kind.label.startswith("sm_")], ids=lambda kind: kind.label
)
@pytest.mark.parametrize("at", [2, 4, 9])
def test_protected_answers_are_disturbed_at_the_right_one(kind: FaultKind, at: int) -> None:
    terminal = Terminal(card("an", faults=[Fault(kind, at=at)]))
    terminal.pace(generic_mapping(2), 13, CAN, b"000017")
    terminal.select_application()  # the first protected answer; it has no data
    # DO'87' is counted where there is one, and a replay needs an answer before it
    counts_later = kind in (FaultKind.SM_CRYPTOGRAM_MISSING, FaultKind.SM_CRYPTOGRAM_WRONG, FaultKind.SM_REPLAYED)
    undisturbed = at - 1 if counts_later else at - 2
    for _ in range(undisturbed):
        assert terminal.send("00B08100", le=b"\x05")[0] == bytes.fromhex("615D5F1F5A")
    with pytest.raises(NOTICED):
        assert terminal.send("00B08100", le=b"\x05")[0] == bytes.fromhex("615D5F1F5A")


def test_the_mac_fits_where_the_fault_says_so() -> None:
    for kind, missing in ((FaultKind.SM_CRYPTOGRAM_MISSING, 0x87), (FaultKind.SM_STATUS_MISSING, 0x99)):
        terminal = Terminal(card("an", faults=[Fault(kind, repeated=True)]))
        terminal.pace(generic_mapping(2), 13, CAN, b"000017")
        assert terminal.channel is not None
        terminal.card.transmit(terminal.channel.wrap(bytes.fromhex("00A4040C"), bytes.fromhex("A0000002471001")))
        terminal.channel.counter += 1
        answer = terminal.card.transmit(terminal.channel.wrap(bytes.fromhex("00B08100"), le=b"\x05"))
        terminal.channel.counter += 1
        tags = [tlv.tag for tlv in parse_tlv(encode_tlv(0x30, answer[:-2])).children()]
        assert tags == [tag for tag in (0x87, 0x99, 0x8E) if tag != missing]
        covered = answer[:-12]
        assert answer[-10:-2] == terminal.channel._mac(covered)


def test_a_removed_card_stays_away_and_a_repeated_fault_comes_again() -> None:
    chip = card("an", faults=[Fault(FaultKind.CARD_REMOVED, at=3)])
    select = bytes.fromhex("00A4020C02011C")
    assert [chip.transmit(select), chip.transmit(select)] == [b"\x90\0"] * 2
    for _ in range(3):
        with pytest.raises(ConnectionError):
            chip.transmit(select)
    chip = card("an", faults=[Fault(FaultKind.COMMAND_REFUSED, at=2, repeated=True, status=0x6F01)])
    assert [chip.transmit(select).hex() for _ in range(4)] == ["9000", "6f01", "6f01", "6f01"]
    chip = card("an", faults=[Fault(FaultKind.COMMAND_REFUSED, at=2)])
    assert [chip.transmit(select).hex() for _ in range(4)] == ["9000", "6a82", "9000", "9000"]


def test_several_faults_at_once() -> None:
    faults = [Fault(FaultKind.ANSWER_EMPTY, at=2), Fault(FaultKind.FILE_NOT_SELECTED, at=3)]
    chip = card("an", faults=faults)
    select = bytes.fromhex("00A4020C02011C")
    # the second answer was a successful selection that the link swallowed
    assert [chip.transmit(select).hex() for _ in range(4)] == ["9000", "", "6a82", "9000"]


def test_habits_can_be_exchanged_on_any_card() -> None:
    chip = card("an", behaviour=ChipBehaviour(end_of_file=EndOfFile.CORRECT_LENGTH, plain_select_status=0x9000))
    chip.transmit(bytes.fromhex("00A4020C02011C"))
    assert chip.transmit(bytes.fromhex("00B0003010")).hex() == "6c06"
    chip.transmit(bytes.fromhex("00A4040C07A0000002471001"))
    assert chip.transmit(bytes.fromhex("00A4020C020101")).hex() == "9000"
    assert chip.transmit(bytes.fromhex("00B0000000")).hex() == "6982"


def test_labels_are_unique_and_faults_count_from_one() -> None:
    assert len({kind.label for kind in FaultKind}) == len(FaultKind)
    ids = [kind.conformance_id for kind in FaultKind if kind.conformance_id]
    assert len(set(ids)) == len(ids)
    for bad in ({"at": 0}, {"status": 0x10000}):
        with pytest.raises(ValueError, match="counts from 1"):
            Fault(FaultKind.CARD_REMOVED, **bad)
