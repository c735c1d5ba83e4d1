"""Terminal authentication and chip authentication in their second version, on the card that speaks no other.

Written from TR-03110-2 §2.3, §3.3, §3.4 and TR-03110-3 §A.2, §B.2, §B.3: the terminal announces its rights in PACE, proves
them for an ephemeral key, and only then the chip proves itself with that key.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest

from crypto.pki.cvc import CvRole, TerminalType, parse_cv_certificate
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipAuthenticationKey
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.cv_issuer import CvHolder, CvSuite, Validity, certificate, holder, verifying_authority
from tests.unit.emulator_extended_access import BRAINPOOL_256, ID_CA_DH, ExtendedTerminal, expected_token, shared_secret
from tests.unit.emulator_terminal import CAN, PIN, PUK, SPECS, Channel, RefusedError, generic_mapping

NAME = "eac2"
SPEC, CONTENT = SPECS[NAME], chip_content(NAME)
SUITE = CvSuite("ecdsa-sha256", "brainpoolP256r1")
ROOT, OTHER_ROOT = verifying_authority(SUITE), verifying_authority(CvSuite("rsa-sha256", rsa_bits=2048))
VERIFIER, TERMINAL = holder("VNTESTDV00001", SUITE), holder("VNTESTIS00001", SUITE)
VALID = Validity(dt.date(2024, 3, 1), dt.date(2030, 1, 1))
INSPECTION, AUTHENTICATION = TerminalType.INSPECTION_SYSTEM, TerminalType.AUTHENTICATION_TERMINAL
BOTH, DG3, DG4 = 0b11, 0b01, 0b10
STATIC = CONTENT.chip_authentication[0].private_key
CIPHER = SymmetricCipher.AES128
OID = encode_oid(SUITE.oid)


def template(kind: TerminalType, *authorization: int) -> bytes:
    """DO'7F4C' for PACE."""
    return encode_tlv(0x7F4C, encode_tlv(0x06, encode_oid(kind.value)) + encode_tlv(0x53, bytes(authorization)))


def a_card() -> VirtualCard:
    return VirtualCard(CONTENT)


def announced(
    chip: VirtualCard | None = None, announcement: bytes | None = None, *, password: int = CAN, secret: bytes = b""
) -> ExtendedTerminal:
    """PACE done, with this announcement, and the application selected."""
    terminal = ExtendedTerminal(a_card() if chip is None else chip)
    chat = template(INSPECTION, BOTH) if announcement is None else announcement
    terminal.pace(generic_mapping(2), 13, password, secret or SPEC.can.encode(), template=chat)
    return terminal


def chain(*, kind: TerminalType = INSPECTION, rights: int = BOTH, root: CvHolder = ROOT) -> tuple[bytes, bytes]:
    return (
        certificate(root, VERIFIER, role=CvRole.DV_DOMESTIC, rights=rights, validity=VALID, terminal_type=kind),
        certificate(VERIFIER, TERMINAL, role=CvRole.TERMINAL, rights=rights, validity=VALID, terminal_type=kind),
    )


def choose(terminal: ExtendedTerminal, *, oid: bytes = OID, key: bytes | None = None, auxiliary: bytes = b"") -> str:
    ephemeral = terminal.compressed_key if key is None else key
    more = encode_tlv(0x80, oid) + encode_tlv(0x91, ephemeral) + auxiliary
    return terminal.choose_terminal(TERMINAL.reference, more)


def proven_terminal(
    terminal: ExtendedTerminal, *, kind: TerminalType = INSPECTION, rights: int = BOTH
) -> tuple[bytes, bytes]:
    """Terminal authentication done; the ephemeral key pair."""
    public, private = terminal.ephemeral(BRAINPOOL_256)
    assert terminal.show_chain(*chain(kind=kind, rights=rights)) == ["9000", "9000"]
    assert choose(terminal) == "9000"
    assert terminal.answer_challenge(TERMINAL, terminal.compressed_chip_key, terminal.challenge()) == "9000"
    return public, private


def readable(terminal: ExtendedTerminal) -> set[int]:
    return {number for number in (3, 4) if terminal.can_read(number) == "9000"}


def test_the_whole_procedure_opens_fingerprints_and_irises() -> None:
    terminal = announced()
    public, private = proven_terminal(terminal)
    terminal.select_application()
    assert readable(terminal) == set()  # the rights wait for the channel that the terminal has signed
    terminal.authenticate_chip_v2(BRAINPOOL_256, STATIC.public_octets, CIPHER, public, private)
    assert readable(terminal) == {3, 4}
    assert terminal.can_read(1) == "9000"


def test_the_key_stands_signed_in_card_security_with_its_domain_parameters() -> None:
    """TR-03110-3 §A.1.2.2: everything that EF.CardAccess says, and the keys."""
    terminal = announced()
    opened = next(file for file in CONTENT.master_files if file.identifier == 0x011C).content
    signed = next(file for file in CONTENT.master_files if file.identifier == 0x011D).content
    terminal.send("00A4020C", b"\x01\x1d")
    assert terminal.read_selected(len(signed)) == signed
    for info in parse_tlv(opened, 0x31).children():
        assert info.encoded in signed
    protocols = {
        parts[0].value: parts[1:] for parts in (info.children() for info in parse_tlv(opened, 0x31).children())
    }
    assert protocols[encode_oid("0.4.0.127.0.7.2.2.2")][0].value == b"\x02"
    assert protocols[encode_oid("0.4.0.127.0.7.2.2.3.2.2")][0].value == b"\x02"
    parameters = protocols[encode_oid("0.4.0.127.0.7.2.2.3.2")][0]  # ChipAuthenticationDomainParameterInfo
    assert parameters.children()[1].value == b"\x0d"
    assert STATIC.public_octets in signed
    assert STATIC.public_octets not in opened


def test_pace_names_the_trust_points_to_who_announces_a_terminal() -> None:
    assert announced().references == [ROOT.reference.encode(), OTHER_ROOT.reference.encode()]
    assert announced(announcement=b"").references == []
    # the trust points of this card are about inspection systems
    terminal = announced(announcement=template(AUTHENTICATION, 0, 0, 0, 0, 0), password=PIN, secret=b"730512")
    assert terminal.references == []


def test_a_new_authority_is_named_in_the_next_session() -> None:
    chip = a_card()
    terminal = announced(chip)
    successor = verifying_authority(SUITE, 2)
    link = certificate(ROOT, successor, role=CvRole.CVCA, rights=BOTH, validity=VALID)
    assert terminal.show_chain(link) == ["9000"]
    chip.reset()
    assert announced(chip).references == [successor.reference.encode(), ROOT.reference.encode()]


@pytest.mark.parametrize(
    ("asked", "certified", "granted"),
    [(BOTH, BOTH, {3, 4}), (DG3, BOTH, {3}), (DG4, BOTH, {4}), (0, BOTH, set()), (BOTH, DG4, {4}), (DG3, DG4, set())],
)
def test_rights_are_what_was_asked_for_and_certified(asked: int, certified: int, granted: set[int]) -> None:
    """TR-03110-3 §2.6.1: the announcement in PACE confines them."""
    terminal = announced(announcement=template(INSPECTION, asked))
    public, private = proven_terminal(terminal, rights=certified)
    terminal.authenticate_chip_v2(BRAINPOOL_256, STATIC.public_octets, CIPHER, public, private)
    terminal.select_application()
    assert readable(terminal) == granted


def test_without_an_announcement_no_terminal_is_believed() -> None:
    """TR-03110-2 §2.3.2.1."""
    terminal = announced(announcement=b"")
    terminal.ephemeral(BRAINPOOL_256)
    assert terminal.show_chain(*chain()) == ["9000", "9000"]
    assert choose(terminal) == "9000"
    assert terminal.answer_challenge(TERMINAL, terminal.compressed_chip_key, terminal.challenge()) == "6982"


def test_another_kind_of_terminal_than_announced_is_refused() -> None:
    """TR-03110-3 §2.6.1, note, and §B.11.7."""
    terminal = announced()
    terminal.ephemeral(BRAINPOOL_256)
    assert terminal.show_chain(*chain(kind=AUTHENTICATION)) == ["9000", "9000"]
    assert choose(terminal) == "9000"
    assert terminal.answer_challenge(TERMINAL, terminal.compressed_chip_key, terminal.challenge()) == "6985"
    terminal.select_application()
    assert readable(terminal) == set()


@pytest.mark.parametrize(("certified", "status"), [(1 << 4, "9000"), (0, "6982")])
def test_an_authentication_terminal_by_can_needs_the_right_in_its_certificates_too(certified: int, status: str) -> None:
    """TR-03110-2 §2.3.2.1: "CAN allowed" must be in the effective authorisation, not only in the announcement."""
    point = certificate(
        ROOT, ROOT, role=CvRole.CVCA, rights=(1 << 38) - 1, validity=VALID, terminal_type=AUTHENTICATION
    )
    trusted = TrustedKey.at_personalisation(parse_cv_certificate(point))
    content = dataclasses.replace(CONTENT, terminal_trust_points=(trusted,))
    terminal = announced(VirtualCard(content), template(AUTHENTICATION, 0, 0, 0, 0, 1 << 4))
    assert terminal.references == [ROOT.reference.encode()]
    terminal.ephemeral(BRAINPOOL_256)
    assert terminal.show_chain(*chain(kind=AUTHENTICATION, rights=certified)) == ["9000", "9000"]
    assert choose(terminal) == "9000"
    assert terminal.answer_challenge(TERMINAL, terminal.compressed_chip_key, terminal.challenge()) == status


def test_auxiliary_data_are_part_of_what_is_signed() -> None:
    """TR-03110-3 §A.6.5, table 16: the whole DO'67'."""
    birth = encode_tlv(0x73, encode_tlv(0x06, encode_oid("0.4.0.127.0.7.3.1.4.1")) + encode_tlv(0x53, b"20060101"))
    auxiliary = encode_tlv(0x67, birth)
    terminal = announced()
    terminal.ephemeral(BRAINPOOL_256)
    assert terminal.show_chain(*chain()) == ["9000", "9000"]
    assert choose(terminal, auxiliary=auxiliary) == "9000"
    for signed, status in ((b"", "6300"), (birth, "6300"), (auxiliary, "9000")):
        challenge = terminal.challenge()
        got = terminal.answer_challenge(TERMINAL, terminal.compressed_chip_key, challenge, more=signed)
        assert got == status


def test_the_challenge_may_be_drawn_before_the_certificates() -> None:
    """TR-03110-3 §B.3: the chip keeps it."""
    terminal = announced()
    challenge = terminal.challenge()
    terminal.ephemeral(BRAINPOOL_256)
    assert terminal.show_chain(*chain()) == ["9000", "9000"]
    assert choose(terminal) == "9000"
    assert terminal.answer_challenge(TERMINAL, terminal.compressed_chip_key, challenge) == "9000"


def test_the_chip_proves_itself_to_the_authenticated_key_only() -> None:
    terminal = announced()
    stranger, _ = terminal.ephemeral(BRAINPOOL_256)
    public, private = proven_terminal(terminal)
    assert terminal.choose_agreement(BRAINPOOL_256, CIPHER) == "9000"
    assert terminal.agree(stranger) == (b"", "6300")
    off_curve = public[:-1] + bytes([public[-1] ^ 1])
    assert terminal.agree(off_curve) == (b"", "6A80")
    terminal.authenticate_chip_v2(BRAINPOOL_256, STATIC.public_octets, CIPHER, public, private)
    terminal.select_application()
    assert readable(terminal) == {3, 4}


def test_the_chip_does_not_prove_itself_before_the_terminal_has() -> None:
    terminal = announced()
    public, _ = terminal.ephemeral(BRAINPOOL_256)
    assert terminal.choose_agreement(BRAINPOOL_256, CIPHER) == "9000"
    assert terminal.agree(public) == (b"", "6982")
    data = encode_tlv(0x91, public)
    assert terminal.send("002241A6", data)[1] == "6A80"  # and not by the way of version 1 either


def test_nonce_and_token_are_new_each_time_and_rights_stay_with_the_signed_key() -> None:
    terminal = announced()
    public, private = proven_terminal(terminal)
    answers = []
    for _ in range(2):
        assert terminal.choose_agreement(BRAINPOOL_256, CIPHER) == "9000"
        answer, status = terminal.agree(public)
        assert status == "9000"
        nonce, token = (part.value for part in parse_tlv(answer, 0x7C).children())
        assert token == expected_token(
            BRAINPOOL_256, CIPHER, shared_secret(BRAINPOOL_256, private, STATIC.public_octets) + nonce, public
        )
        answers.append(answer)
        terminal.channel = Channel(CIPHER, shared_secret(BRAINPOOL_256, private, STATIC.public_octets) + nonce)
    assert answers[0] != answers[1]
    terminal.select_application()
    assert readable(terminal) == {3, 4}


@pytest.mark.parametrize(
    "more",
    [
        b"",  # version 1, which this card does not speak
        encode_tlv(0x80, OID),
        encode_tlv(0x91, bytes(32)),  # version 2 must name its protocol
        encode_tlv(0x91, bytes(32)) + encode_tlv(0x80, encode_oid("0.4.0.127.0.7.2.2.2.2.4")),
        encode_tlv(0x91, b"") + encode_tlv(0x80, OID),
    ],
)
def test_the_choice_of_the_terminals_key_must_be_of_version_2(more: bytes) -> None:
    terminal = announced()
    assert terminal.show_chain(*chain()) == ["9000", "9000"]
    assert terminal.choose_terminal(TERMINAL.reference, more) == "6A80"


def test_a_terminal_proves_itself_once_in_a_session() -> None:
    terminal = announced()
    proven_terminal(terminal)
    assert choose(terminal) == "9000"
    assert terminal.answer_challenge(TERMINAL, terminal.compressed_chip_key, terminal.challenge()) == "6982"


def test_an_announced_key_of_another_session_does_not_serve() -> None:
    chip = a_card()
    terminal = announced(chip)
    public, _ = proven_terminal(terminal)
    second = announced(chip)  # PACE in plain ends the first session
    assert second.choose_agreement(BRAINPOOL_256, CIPHER) == "9000"
    assert second.agree(public) == (b"", "6982")


def test_version_2_in_a_finite_field() -> None:
    """The compressed key is a hash there, the token is over DO'84'."""
    group = DH_GROUPS[2]
    static = group.private_key(0xC0FFEE << 200 | 1)
    key = ChipAuthenticationKey(f"{ID_CA_DH}.4", SymmetricCipher.AES256, static, None, (2,))
    chip = VirtualCard(dataclasses.replace(CONTENT, chip_authentication=(key,)))
    terminal = announced(chip)
    public, private = terminal.ephemeral(group)
    assert terminal.show_chain(*chain()) == ["9000", "9000"]
    assert choose(terminal) == "9000"
    assert terminal.answer_challenge(TERMINAL, terminal.compressed_chip_key, terminal.challenge()) == "9000"
    terminal.authenticate_chip_v2(group, static.public_octets, SymmetricCipher.AES256, public, private)
    terminal.select_application()
    assert readable(terminal) == {3, 4}


def test_after_terminal_authentication_version_2_there_is_no_way_back_to_version_1() -> None:
    """Else 3DES by MSE:Set KAT would take over the rights without nonce and token."""
    tdes = ChipAuthenticationKey("0.4.0.127.0.7.2.2.3.2.1", SymmetricCipher.TDES, STATIC, None, (1, 2))
    content = dataclasses.replace(CONTENT, chip_authentication=(*CONTENT.chip_authentication, tdes))
    terminal = announced(VirtualCard(content))
    public, private = proven_terminal(terminal)
    assert terminal.send("002241A6", encode_tlv(0x91, public))[1] == "6982"
    terminal.authenticate_chip_v2(BRAINPOOL_256, STATIC.public_octets, SymmetricCipher.TDES, public, private)
    terminal.select_application()
    assert readable(terminal) == {3, 4}


def test_a_chip_of_both_versions_takes_the_one_that_fits_the_session() -> None:
    """As residence permits do: version 1 after PACE without announcement, version 2 after terminal authentication."""
    both = dataclasses.replace(CONTENT.chip_authentication[0], versions=(1, 2))
    content = dataclasses.replace(CONTENT, chip_authentication=(both,), terminal_authentication_versions=(1, 2))
    first = announced(VirtualCard(content), b"")
    first.authenticate_chip(BRAINPOOL_256, STATIC.public_octets, CIPHER)
    assert first.show_chain(*chain()) == ["9000", "9000"]
    assert first.choose_terminal(TERMINAL.reference) == "9000"
    assert first.answer_challenge(TERMINAL, first.compressed_chip_key, first.challenge()) == "9000"
    first.select_application()
    assert readable(first) == {3, 4}
    second = announced(VirtualCard(content))
    public, private = proven_terminal(second)
    second.authenticate_chip_v2(BRAINPOOL_256, STATIC.public_octets, CIPHER, public, private)
    second.select_application()
    assert readable(second) == {3, 4}


def test_the_puk_and_a_wrong_pin_open_no_way_for_an_inspection_system() -> None:
    for password, secret in ((PIN, b"730512"), (PUK, b"6194027358")):
        with pytest.raises(RefusedError, match="6A80"):
            announced(password=password, secret=secret)
