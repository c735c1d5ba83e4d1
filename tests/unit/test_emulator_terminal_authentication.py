"""Terminal authentication version 1 as a terminal meets it: who may read fingerprints and irises, and who may not.

Written from TR-03110-1 §3.5 and TR-03110-3 §2.5, §B.3; the topics of the refused certificates are those of BSI TR-03105-3.2
units ISO7816_J to ISO7816_M.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.pace.parameters import pace_protocol
from crypto.pki.cvc import CvRole, TerminalType, parse_cv_certificate
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.wire.tlv import encode_tlv
from emulator.cards import card, chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.cv_issuer import (
    CV_ALGORITHMS,
    CvSuite,
    Validity,
    certificate,
    holder,
    verifying_authority,
)
from emulator.personalise.mrz import mrz_information
from tests.unit.emulator_extended_access import BRAINPOOL_256, ExtendedTerminal
from tests.unit.emulator_terminal import CAN, MRZ, SPECS, generic_mapping
from tests.unit.inspection_systems import (
    DG3,
    DG4,
    DOCUMENT_NUMBER,
    KEY,
    ROOT,
    SUITE,
    TERMINAL,
    VALID,
    VERIFIER,
    a_chip,
    opened_by_bac,
    prove_terminal,
    proven,
    ready,
    terminal_certificate,
    verifier_certificate,
)


def test_a_chain_and_a_signature_open_fingerprints_and_irises() -> None:
    terminal = proven(a_chip(ROOT))
    assert (terminal.can_read(3), terminal.can_read(4)) == ("6982", "6982")
    assert terminal.show_chain(verifier_certificate(), terminal_certificate()) == ["9000", "9000"]
    assert (terminal.can_read(3), terminal.can_read(4)) == ("6982", "6982")  # certificates alone prove nothing
    assert prove_terminal(terminal) == "9000"
    assert (terminal.can_read(1), terminal.can_read(3), terminal.can_read(4)) == ("9000", "9000", "9000")
    # by identifier, and with the odd instruction, the same rule holds
    assert terminal.send("00A4020C", b"\x01\x03")[1] == "9000"
    assert terminal.send("00B10104", encode_tlv(0x54, b"\0"), b"\0") == (b"\x53\x03\x76\x01\x04", "9000")


@pytest.mark.parametrize(
    ("verifier", "terminals", "readable"),
    [
        (DG3 | DG4, DG3, {3}),
        (DG3 | DG4, DG4, {4}),
        (DG3 | DG4, 0, set()),
        (DG3, DG3 | DG4, {3}),  # a verifier cannot give what it does not have
        (DG4, DG3, set()),
        (0, DG3 | DG4, set()),
    ],
)
def test_rights_are_what_every_certificate_of_the_chain_grants(
    verifier: int, terminals: int, readable: set[int]
) -> None:
    terminal = proven(a_chip(ROOT))
    chain = verifier_certificate(rights=verifier), terminal_certificate(rights=terminals)
    assert terminal.show_chain(*chain) == ["9000", "9000"]
    assert prove_terminal(terminal) == "9000"
    assert {number for number in (3, 4) if terminal.can_read(number) == "9000"} == readable


def test_an_authority_without_a_right_cannot_pass_it_on() -> None:
    modest = certificate(ROOT, ROOT, role=CvRole.CVCA, rights=DG4, validity=VALID)
    chip = a_chip(suite_key=TrustedKey.at_personalisation(parse_cv_certificate(modest)))
    terminal = proven(chip)
    assert terminal.show_chain(verifier_certificate(), terminal_certificate()) == ["9000", "9000"]
    assert prove_terminal(terminal) == "9000"
    assert (terminal.can_read(3), terminal.can_read(4)) == ("6982", "9000")


def test_rights_end_with_the_session_in_every_way_that_a_session_ends() -> None:
    chip = a_chip(ROOT)

    def with_rights() -> ExtendedTerminal:
        terminal = proven(chip)
        terminal.show_chain(verifier_certificate(), terminal_certificate())
        assert prove_terminal(terminal) == "9000"
        assert terminal.can_read(3) == "9000"
        return terminal

    terminal = with_rights()
    assert terminal.raw("00B0830001") == "6982"  # a plain command ends the session
    terminal = with_rights()
    assert terminal.channel is not None
    broken = terminal.channel.wrap(bytes.fromhex("00B08300"), le=b"\x01")
    assert chip.transmit(broken[:-2] + bytes([broken[-2] ^ 1]) + broken[-1:]) == b"\x69\x88"
    assert terminal.raw("00B0830001") == "6982"
    terminal = with_rights()
    chip.reset()
    assert opened_by_bac(chip).can_read(3) == "6982"
    terminal = with_rights()
    # new keys that the terminal has not signed for: the rights stay with the old ones, which are gone
    terminal.authenticate_chip(BRAINPOOL_256, KEY.public_octets, SymmetricCipher.AES128)
    assert (terminal.can_read(1), terminal.can_read(3)) == ("9000", "6982")


def test_pace_binds_the_signature_to_the_chips_ephemeral_key_and_bac_to_the_document_number() -> None:
    spec = SPECS["eac1-ecdh"]
    terminal = ExtendedTerminal(card("eac1-ecdh"))
    terminal.pace(generic_mapping(2), 13, CAN, spec.can.encode())
    terminal.select_application()
    public = chip_content("eac1-ecdh").chip_authentication[0].private_key
    terminal.authenticate_chip(BRAINPOOL_256, public.public_octets, SymmetricCipher.AES128, key_id=1)
    today = Validity(dt.date(2024, 3, 1), dt.date(2040, 1, 1))
    chain = verifier_certificate(validity=today), terminal_certificate(validity=today)
    assert terminal.show_chain(*chain) == ["9000", "9000"]
    number = spec.mrz[0][5:15].encode()
    assert terminal.choose_terminal(TERMINAL.reference) == "9000"
    assert terminal.answer_challenge(TERMINAL, number, terminal.challenge()) == "6300"
    assert terminal.answer_challenge(TERMINAL, terminal.compressed_chip_key, terminal.challenge()) == "9000"
    assert (terminal.can_read(3), terminal.can_read(4)) == ("9000", "9000")


@pytest.mark.parametrize("by_can", [True, False])
def test_some_states_bound_the_signature_to_the_password_instead(by_can: bool) -> None:
    """TR-03110-1 §3.5: static binding, which new documents must not use."""
    spec, content = SPECS["eac1-ecdh"], chip_content("eac1-ecdh")
    habit = dataclasses.replace(content.behaviour, static_binding=True)
    terminal = ExtendedTerminal(VirtualCard(dataclasses.replace(content, behaviour=habit)))
    secret = spec.can.encode() if by_can else mrz_information(spec.mrz).encode()
    terminal.pace(generic_mapping(2), 13, CAN if by_can else MRZ, secret)
    terminal.select_application()
    public = content.chip_authentication[0].private_key.public_octets
    terminal.authenticate_chip(BRAINPOOL_256, public, SymmetricCipher.AES128, key_id=1)
    today = Validity(dt.date(2024, 3, 1), dt.date(2040, 1, 1))
    assert (
        terminal.show_chain(verifier_certificate(validity=today), terminal_certificate(validity=today)) == ["9000"] * 2
    )
    assert terminal.choose_terminal(TERMINAL.reference) == "9000"
    assert terminal.answer_challenge(TERMINAL, terminal.compressed_chip_key, terminal.challenge()) == "6300"
    number = spec.mrz[0][5:15].encode()
    identifier = spec.can.encode() if by_can else number
    assert terminal.answer_challenge(TERMINAL, identifier, terminal.challenge()) == "9000"


def test_pace_and_chip_authentication_in_finite_fields_with_an_rsa_terminal() -> None:
    """The compressed keys are hashes there (TR-03110-3 §A.2.2.3)."""
    spec, content = SPECS["eac1-dh-rsa"], chip_content("eac1-dh-rsa")
    protocol = pace_protocol("0.4.0.127.0.7.2.2.4.1.2")
    assert protocol is not None
    suite = CvSuite("rsa-sha256", rsa_bits=2048)
    root, verifier, inspector = (
        verifying_authority(suite),
        holder("VNTESTDV00002", suite),
        holder("VNTESTIS00002", suite),
    )
    today = Validity(dt.date(2024, 3, 1), dt.date(2040, 1, 1))
    chain = [
        verifier_certificate(root, verifier, validity=today),
        terminal_certificate(verifier, inspector, validity=today),
    ]
    for key_id, group, cipher, template in ((1, 2, SymmetricCipher.AES128, False), (2, 0, SymmetricCipher.TDES, True)):
        terminal = ExtendedTerminal(card("eac1-dh-rsa"))
        terminal.pace(protocol, 2, CAN, spec.can.encode())
        terminal.select_application()
        static = next(key.private_key for key in content.chip_authentication if key.key_id == key_id)
        terminal.authenticate_chip(DH_GROUPS[group], static.public_octets, cipher, key_id=key_id, template=template)
        assert terminal.show_chain(*chain) == ["9000", "9000"]
        assert terminal.choose_terminal(inspector.reference) == "9000"
        assert terminal.answer_challenge(inspector, terminal.compressed_chip_key, terminal.challenge()) == "9000"
        assert terminal.can_read(3) == "9000"


@pytest.mark.parametrize("algorithm", [name for name in CV_ALGORITHMS if name.startswith("ecdsa")])
def test_every_ecdsa_algorithm_with_the_curve_inherited_from_the_authority(algorithm: str) -> None:
    _whole_run(CvSuite(algorithm, "secp384r1" if "384" in algorithm else "brainpoolP256r1"))


@pytest.mark.parametrize("algorithm", [name for name in CV_ALGORITHMS if name.startswith("rsa")])
def test_every_rsa_algorithm(algorithm: str) -> None:
    _whole_run(CvSuite(algorithm, rsa_bits=1280))


@pytest.mark.parametrize("name", ["secp192r1", "brainpoolP224r1", "brainpoolP320r1", "secp521r1", "brainpoolP512r1"])
def test_curves_of_every_size(name: str) -> None:
    _whole_run(CvSuite("ecdsa-sha256", name))


def _whole_run(suite: CvSuite) -> None:
    root, verifier, inspector = holder("VNTESTCVCA00009", suite), holder("VNDV00001", suite), holder("VNIS00001", suite)
    terminal = proven(a_chip(root))
    chain = verifier_certificate(root, verifier), terminal_certificate(verifier, inspector)
    assert terminal.show_chain(*chain) == ["9000", "9000"]
    assert prove_terminal(terminal, signer=inspector) == "9000"
    assert terminal.can_read(3) == "9000"


# -- the signature -------------------------------------------------------------------------------------------------


def test_a_challenge_serves_once() -> None:
    terminal = ready()
    challenge = terminal.challenge()
    assert terminal.answer_challenge(VERIFIER, DOCUMENT_NUMBER, challenge) == "6300"
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, challenge) == "6985"
    assert terminal.can_read(3) == "6982"
    stale = terminal.challenge()
    fresh = terminal.challenge()
    assert stale != fresh
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, stale) == "6300"
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, terminal.challenge()) == "9000"


def test_a_recorded_signature_opens_nothing() -> None:
    first = ready()
    challenge = first.challenge()
    signature = TERMINAL.key_pair.sign(DOCUMENT_NUMBER + challenge + first.compressed_key)
    assert first.send("00820000", signature, extended=True)[1] == "9000"
    second = ready()
    second.challenge()
    assert second.send("00820000", signature, extended=True)[1] == "6300"
    assert second.can_read(3) == "6982"


@pytest.mark.parametrize(
    "wrong", ["identifier", "key", "nothing signed", "empty", "short", "long", "of the chip's own ephemeral key"]
)
def test_a_wrong_signature_is_refused_and_the_session_goes_on(wrong: str) -> None:
    terminal = ready()
    challenge = terminal.challenge()
    good = TERMINAL.key_pair.sign(DOCUMENT_NUMBER + challenge + terminal.compressed_key)
    signature = {
        "identifier": TERMINAL.key_pair.sign(b"0123456785" + challenge + terminal.compressed_key),
        "key": VERIFIER.key_pair.sign(DOCUMENT_NUMBER + challenge + terminal.compressed_key),
        "nothing signed": TERMINAL.key_pair.sign(b""),
        "empty": b"",
        "short": good[:-1],
        "long": good + b"\0",
        "of the chip's own ephemeral key": TERMINAL.key_pair.sign(
            DOCUMENT_NUMBER + challenge + KEY.public_octets[1:33]
        ),
    }[wrong]
    assert terminal.send("00820000", signature, extended=True)[1] == "6300"
    assert (terminal.can_read(3), terminal.can_read(1)) == ("6982", "9000")
    assert prove_terminal(terminal) == "9000"


def test_a_terminal_proves_itself_once_in_a_session() -> None:
    terminal = ready()
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, terminal.challenge()) == "9000"
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, terminal.challenge()) == "6982"
    greedy = holder("VNTESTIS00006", SUITE)
    assert terminal.show_chain(verifier_certificate(), terminal_certificate(subject=greedy)) == ["9000", "9000"]
    assert prove_terminal(terminal, signer=greedy) == "6982"
    assert terminal.can_read(3) == "9000"


def test_nothing_goes_without_chip_authentication_before_it() -> None:
    terminal = opened_by_bac(a_chip(ROOT))
    # certificates alone do no harm: they bring the chip up to date (TR-03110-3 §2.5)
    assert terminal.show_chain(verifier_certificate(), terminal_certificate()) == ["9000", "9000"]
    assert terminal.choose_terminal(TERMINAL.reference) == "9000"
    terminal.ephemeral(BRAINPOOL_256)
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, terminal.challenge()) == "6982"
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, terminal.challenge(), compressed=b"") == "6982"
    # in the same session it is not too late
    terminal.authenticate_chip(BRAINPOOL_256, KEY.public_octets, SymmetricCipher.AES128)
    assert prove_terminal(terminal) == "9000"
    assert terminal.can_read(3) == "9000"


def test_a_signature_without_certificate_or_choice_is_out_of_order() -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, terminal.challenge()) == "6985"
    assert terminal.show_chain(verifier_certificate(), terminal_certificate()) == ["9000", "9000"]
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, terminal.challenge()) == "6985"
    assert terminal.choose_terminal(TERMINAL.reference) == "9000"
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, b"8 bytes!") == "6985"  # no challenge was drawn
    assert terminal.show_chain(verifier_certificate()) == ["9000"]  # another key takes the terminal's place
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, terminal.challenge()) == "6985"


def test_none_of_it_runs_outside_secure_messaging() -> None:
    terminal = ExtendedTerminal(a_chip(ROOT))
    terminal.select_application()
    reference = encode_tlv(0x83, ROOT.reference.encode())
    assert terminal.raw("002281B6" + f"{len(reference):02X}" + reference.hex()) == "6982"
    assert terminal.raw("002281A4" + f"{len(reference):02X}" + reference.hex()) == "6982"
    assert terminal.raw("002A00BE0330010A") == "6982"
    assert terminal.raw("00B09C0024") == "6982"


def test_a_chip_without_trust_points_does_not_know_the_protocol() -> None:
    terminal = proven(a_chip())
    assert terminal.choose_issuer(ROOT.reference) == "6A86"
    assert terminal.choose_terminal(TERMINAL.reference) == "6A86"
    assert terminal.show(verifier_certificate()) == "6D00"
    assert terminal.answer_challenge(TERMINAL, DOCUMENT_NUMBER, terminal.challenge()) == "6985"


@pytest.mark.parametrize(
    ("header", "data", "status"),
    [
        ("002281B6", b"", "6A80"),
        ("002281B6", b"\x83\x00", "6A80"),
        ("002281B6", b"\x83\x05VN", "6A80"),
        ("002281B6", b"\x84\x01\x01", "6A80"),
        ("002281A4", b"", "6A80"),
        ("002281A4", encode_tlv(0x83, TERMINAL.reference.encode()) + b"\x91\x00", "6A80"),
        ("002281A4", encode_tlv(0x83, TERMINAL.reference.encode()) + b"\x80\x02\x04\x00", "6A80"),
        ("002281A4", encode_tlv(0x83, TERMINAL.reference.encode()) + encode_tlv(0x91, bytes(32)), "6A80"),
        ("002A00AE", b"\x30\x00", "6A86"),
        ("00820001", b"\x00", "6A86"),
        ("002281B8", b"\x83\x01\x01", "6A86"),
    ],
)
def test_what_the_commands_cannot_mean_is_refused(header: str, data: bytes, status: str) -> None:
    terminal = ready()
    assert terminal.send(header, data)[1] == status
    assert terminal.can_read(1) == "9000"


# -- kinds of terminals --------------------------------------------------------------------------------------------


def test_a_terminal_of_another_kind_is_known_but_may_not_read() -> None:
    """TR-03110-3 §C.4: bits of an authentication terminal mean other things than an inspection system's."""
    kind = TerminalType.AUTHENTICATION_TERMINAL
    everything = (1 << 38) - 1
    terminal = proven(a_chip(ROOT))
    chain = (
        verifier_certificate(kind=kind, rights=everything),
        terminal_certificate(kind=kind, rights=everything),
    )
    assert terminal.show_chain(*chain) == ["9000", "9000"]
    assert prove_terminal(terminal) == "9000"
    assert (terminal.can_read(3), terminal.can_read(4)) == ("6982", "6982")


@pytest.mark.parametrize("mixed", ["verifier", "terminal"])
def test_rights_do_not_pass_through_a_certificate_of_another_kind(mixed: str) -> None:
    kinds = {"verifier": TerminalType.INSPECTION_SYSTEM, "terminal": TerminalType.INSPECTION_SYSTEM}
    kinds[mixed] = TerminalType.SIGNATURE_TERMINAL
    terminal = proven(a_chip(ROOT))
    chain = verifier_certificate(kind=kinds["verifier"]), terminal_certificate(kind=kinds["terminal"])
    assert terminal.show_chain(*chain) == ["9000", "9000"]
    assert prove_terminal(terminal) == "9000"
    assert (terminal.can_read(3), terminal.can_read(4)) == ("6982", "6982")


# -- anything at all -----------------------------------------------------------------------------------------------


@given(
    header=st.sampled_from(["002281B6", "002281A4", "002241A4", "002241A6", "002A00BE", "00820000", "00860000"]),
    data=st.one_of(
        st.binary(max_size=300),
        st.binary(max_size=60).map(lambda value: encode_tlv(0x83, value)),
        st.binary(max_size=120).map(lambda value: encode_tlv(0x7F4E, value) + encode_tlv(0x5F37, value)),
        st.binary(max_size=60).map(lambda value: encode_tlv(0x7C, encode_tlv(0x80, value))),
        st.binary(max_size=60).map(
            lambda value: encode_tlv(0x83, TERMINAL.reference.encode()) + encode_tlv(0x91, value)
        ),
    ),
)
def test_no_octets_break_the_chip_or_open_anything(header: str, data: bytes) -> None:
    status = FUZZED.send(header, data, b"\0", extended=True)[1]
    assert status[0] == "6"
    assert (FUZZED.can_read(1), FUZZED.can_read(3)) == ("9000", "6982")


FUZZED = proven(a_chip(ROOT))
