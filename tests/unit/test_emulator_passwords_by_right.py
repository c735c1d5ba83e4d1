"""A terminal with a certificate for it manages the PIN of a card whose holder has blocked it (TR-03110-2 §2.4.2)."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from crypto.pki.cvc import CvRole, TerminalType, parse_cv_certificate
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import EcPrivateKey
from crypto.primitives.secret import Secret
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.passwords import Pin
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.cv_issuer import CvSuite, Validity, certificate, holder, verifying_authority
from tests.unit.emulator_extended_access import BRAINPOOL_256, ExtendedTerminal
from tests.unit.emulator_terminal import CAN, PIN, SPECS, RefusedError, Terminal, generic_mapping

CARD, GM = "eac2", generic_mapping(2)
SUITE = CvSuite("ecdsa-sha256", "brainpoolP256r1")
ROOT, VERIFIER, OFFICE = verifying_authority(SUITE), holder("VNTESTDV00002", SUITE), holder("VNTESTAT00001", SUITE)
KIND = TerminalType.AUTHENTICATION_TERMINAL
VALIDITY = Validity(dt.date(2024, 3, 1), dt.date(2044, 1, 1))
CAN_ALLOWED, PIN_MANAGEMENT = 1 << 4, 1 << 5
HOLDERS_PIN = b"481263"


def signed(issuer, subject, role: CvRole, rights: int) -> bytes:
    return certificate(issuer, subject, role=role, rights=rights, validity=VALIDITY, terminal_type=KIND)


def blocked_card() -> VirtualCard:
    authority = signed(ROOT, ROOT, CvRole.CVCA, (1 << 38) - 1)
    return VirtualCard(
        dataclasses.replace(
            chip_content(CARD),
            pin=Pin(Secret(HOLDERS_PIN), tries_left=0, resets_left=0),
            terminal_trust_points=(TrustedKey.at_personalisation(parse_cv_certificate(authority)),),
        )
    )


def authenticated(card: VirtualCard, rights: int) -> tuple[ExtendedTerminal, bytes, bytes]:
    """PACE with the CAN and terminal authentication; the ephemeral key pair for chip authentication."""
    terminal = ExtendedTerminal(card)
    announcement = encode_tlv(0x06, encode_oid(KIND.value)) + encode_tlv(0x53, rights.to_bytes(5, "big"))
    terminal.pace(GM, 13, CAN, SPECS[CARD].can.encode(), template=encode_tlv(0x7F4C, announcement))
    assert terminal.references == [ROOT.reference.encode()]
    public, private = terminal.ephemeral(BRAINPOOL_256)
    chain = (
        signed(ROOT, VERIFIER, CvRole.DV_DOMESTIC, (1 << 38) - 1),
        signed(VERIFIER, OFFICE, CvRole.TERMINAL, rights),
    )
    assert terminal.show_chain(*chain) == ["9000", "9000"]
    key = encode_tlv(0x80, encode_oid(SUITE.oid)) + encode_tlv(0x91, terminal.compressed_key)
    assert terminal.choose_terminal(OFFICE.reference, key) == "9000"
    assert terminal.answer_challenge(OFFICE, terminal.compressed_chip_key, terminal.challenge()) == "9000"
    return terminal, public, private


def entitled(card: VirtualCard, rights: int) -> ExtendedTerminal:
    terminal, public, private = authenticated(card, rights)
    static = chip_content(CARD).chip_authentication[0].private_key
    assert isinstance(static, EcPrivateKey)
    terminal.authenticate_chip_v2(BRAINPOOL_256, static.public_octets, SymmetricCipher.AES128, public, private)
    return terminal


def enter_pin(card: VirtualCard, pin: bytes) -> str:
    card.reset()
    try:
        return Terminal(card).pace(GM, 13, PIN, pin)
    except RefusedError as refused:
        return f"refused {refused}"


def test_an_office_with_the_right_unblocks_deactivates_activates_and_changes() -> None:
    card = blocked_card()
    assert enter_pin(card, HOLDERS_PIN) == "refused 6983"
    assert entitled(card, CAN_ALLOWED | PIN_MANAGEMENT).send("002C0303") == (b"", "9000")
    assert enter_pin(card, HOLDERS_PIN) == "9000"
    assert entitled(card, CAN_ALLOWED | PIN_MANAGEMENT).send("00041003") == (b"", "9000")
    assert enter_pin(card, HOLDERS_PIN) == "refused 6984"
    terminal = entitled(card, CAN_ALLOWED | PIN_MANAGEMENT)
    assert terminal.send("00441003") == (b"", "9000")
    assert terminal.send("002C0203", b"112233") == (b"", "9000")
    assert enter_pin(card, HOLDERS_PIN) == "refused 63C2"
    assert enter_pin(card, b"112233") == "63C2"


@pytest.mark.parametrize("header", ["002C0303", "00041003", "00441003"])
def test_an_office_without_the_right_does_not(header: str) -> None:
    card = blocked_card()
    assert entitled(card, CAN_ALLOWED).send(header)[1] == "6982"
    assert enter_pin(card, HOLDERS_PIN) == "refused 6983"


def test_the_right_waits_for_the_channel_that_the_office_has_signed() -> None:
    terminal, _, _ = authenticated(blocked_card(), CAN_ALLOWED | PIN_MANAGEMENT)
    assert terminal.send("002C0303")[1] == "6982"


def test_the_right_ends_with_its_channel() -> None:
    terminal = entitled(blocked_card(), CAN_ALLOWED | PIN_MANAGEMENT)
    terminal.pace(GM, 13, CAN, SPECS[CARD].can.encode())
    assert terminal.send("002C0303")[1] == "6982"
