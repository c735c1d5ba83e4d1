"""Terminal authentication version 1 as a terminal meets it: who may read fingerprints and irises, and who may not.

Written from TR-03110-1 §3.5 and TR-03110-3 §2.5, §B.3; the topics of the refused certificates are those of BSI TR-03105-3.2
units ISO7816_J to ISO7816_M.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.pace.parameters import pace_protocol
from crypto.pki.cvc import CvRole, TerminalType, parse_cv_certificate
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.primitives.secret import Secret
from crypto.wire.tlv import Tlv, encode_tlv, iter_tlvs
from emulator.cards import card, chip_content
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import EF_CVCA, ChipAuthenticationKey, ChipContent, ElementaryFile
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.cv_issuer import (
    CV_ALGORITHMS,
    CvHolder,
    CvSuite,
    Validity,
    authority_certificate,
    certificate,
    holder,
    verifying_authority,
)
from emulator.personalise.document import personalise
from emulator.personalise.mrz import mrz_information
from emulator.personalise.profile import load_profile
from tests.unit.emulator_extended_access import BRAINPOOL_256, DAY, ID_CA_ECDH, ExtendedTerminal
from tests.unit.emulator_terminal import CAN, MRZ, SPECS, generic_mapping

SUITE = CvSuite("ecdsa-sha256", "brainpoolP256r1")
ROOT = verifying_authority(SUITE)
PERSONALISED = dt.date(2024, 1, 1)
VALID = Validity(dt.date(2024, 3, 1), dt.date(2024, 8, 31))
VERIFIER, TERMINAL = holder("VNTESTDV00001", SUITE), holder("VNTESTIS00001", SUITE)
DG3, DG4 = 0b01, 0b10
MRZ_INFORMATION = b"0123456784" + b"8504173" + b"3404172"
DOCUMENT_NUMBER = b"0123456784"
KEY = BRAINPOOL_256.private_key(0x1234567)


def a_chip(*points: CvHolder, versions: tuple[int, ...] = (1,), suite_key: TrustedKey | None = None) -> VirtualCard:
    """A small chip with BAC, one key for chip authentication, DG3 and DG4 of a few bytes, and these trust points."""
    trusted = [TrustedKey.at_personalisation(parse_cv_certificate(authority_certificate(point))) for point in points]
    if suite_key is not None:
        trusted.append(suite_key)
    files = [
        ElementaryFile(0x0101, b"\x61\x01\x01", 1, AccessCondition.CHIP_ACCESS),
        ElementaryFile(0x0103, b"\x63\x01\x03", 3, AccessCondition.FINGERPRINTS),
        ElementaryFile(0x0104, b"\x76\x01\x04", 4, AccessCondition.IRISES),
        ElementaryFile(EF_CVCA, bytes(36), 0x1C, AccessCondition.CHIP_ACCESS),
    ]
    content = ChipContent(
        application_files=tuple(files),
        mrz_information=Secret(MRZ_INFORMATION),
        chip_authentication=(ChipAuthenticationKey(f"{ID_CA_ECDH}.2", SymmetricCipher.AES128, KEY),),
        terminal_trust_points=tuple(trusted),
        terminal_authentication_versions=versions,
        personalised_on=PERSONALISED,
    )
    return VirtualCard(content)


def opened_by_bac(chip: VirtualCard) -> ExtendedTerminal:
    terminal = ExtendedTerminal(chip)
    terminal.select_application()
    terminal.bac(MRZ_INFORMATION)
    return terminal


def proven(chip: VirtualCard) -> ExtendedTerminal:
    """BAC and chip authentication done."""
    terminal = opened_by_bac(chip)
    terminal.authenticate_chip(BRAINPOOL_256, KEY.public_octets, SymmetricCipher.AES128)
    return terminal


def verifier_certificate(
    issuer: CvHolder = ROOT,
    subject: CvHolder = VERIFIER,
    *,
    role: CvRole = CvRole.DV_DOMESTIC,
    rights: int = DG3 | DG4,
    validity: Validity = VALID,
    kind: TerminalType = TerminalType.INSPECTION_SYSTEM,
    domain: bool | None = None,
) -> bytes:
    return certificate(issuer, subject, role=role, rights=rights, validity=validity, terminal_type=kind, domain=domain)


def terminal_certificate(
    issuer: CvHolder = VERIFIER,
    subject: CvHolder = TERMINAL,
    *,
    rights: int = DG3 | DG4,
    validity: Validity = VALID,
    kind: TerminalType = TerminalType.INSPECTION_SYSTEM,
) -> bytes:
    return certificate(issuer, subject, role=CvRole.TERMINAL, rights=rights, validity=validity, terminal_type=kind)


def link_certificate(old: CvHolder, new: CvHolder, validity: Validity = VALID) -> bytes:
    return certificate(old, new, role=CvRole.CVCA, rights=DG3 | DG4, validity=validity)


def prove_terminal(terminal: ExtendedTerminal, identifier: bytes = DOCUMENT_NUMBER, signer: CvHolder = TERMINAL) -> str:
    assert terminal.choose_terminal(signer.reference) == "9000"
    return terminal.answer_challenge(signer, identifier, terminal.challenge())


# -- the way it should go ------------------------------------------------------------------------------------


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


def test_the_list_of_trust_points_may_lie_elsewhere() -> None:
    """TR-03110-3 §A.1.1.3: TerminalAuthenticationInfo then says where."""
    profile = load_profile("eac1-ecdh")
    assert profile.terminal_authentication is not None
    moved = dataclasses.replace(profile.terminal_authentication, ef_cvca=0x0156)
    content = personalise(dataclasses.replace(profile, terminal_authentication=moved))
    (access,) = (file.content for file in content.master_files if file.identifier == 0x011C)
    assert bytes.fromhex("3016" + "060804007F0007020202" + "020101" + "3007" + "04020156" + "040116") in access
    terminal = ExtendedTerminal(VirtualCard(content))
    terminal.pace(generic_mapping(2), 13, CAN, SPECS["eac1-ecdh"].can.encode())
    terminal.select_application()
    assert terminal.send("00B09C00", le=b"\x24")[1] == "6A82"
    before, status = terminal.send("00B09600", le=b"\x24")
    assert (status, len(before)) == ("9000", 36)
    today = Validity(dt.date(2024, 3, 1), dt.date(2040, 1, 1))
    assert terminal.show_chain(link_certificate(ROOT, NEXT, today)) == ["9000"]
    after, _ = terminal.send("00B09600", le=b"\x24")
    assert after.startswith(encode_tlv(0x42, NEXT.reference.encode()))
    assert after != before


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


def test_long_certificates_may_come_in_parts() -> None:
    """ISO/IEC 7816-4 §5.3.3: for terminals without extended length."""
    terminal = proven(a_chip(ROOT))
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    body = b"".join(tlv.encoded for tlv in parts_of(verifier_certificate()))
    parts = [body[start : start + 150] for start in range(0, len(body), 150)]
    assert len(parts) > 1
    for part in parts[:-1]:
        assert terminal.send("102A00BE", part)[1] == "9000"
    assert terminal.send("002A00BE", parts[-1])[1] == "9000"
    assert terminal.choose_issuer(VERIFIER.reference) == "9000"


def parts_of(octets: bytes) -> list[Tlv]:
    return list(iter_tlvs(next(iter_tlvs(octets)).value))


# -- certificates that a chip must not believe --------------------------------------------------------------------


def forged(octets: bytes) -> bytes:
    return octets[:-1] + bytes([octets[-1] ^ 1])


STRANGER = holder("VNTESTCVCA00077", SUITE)
OTHER_CURVE = CvSuite("ecdsa-sha256", "secp256r1")
LONGER = CvSuite("ecdsa-sha256", "brainpoolP384r1")
REFUSED: dict[str, tuple[Callable[[], bytes], str]] = {
    "a wrong signature": (lambda: forged(verifier_certificate()), "6300"),
    "another authority of the same name": (
        lambda: verifier_certificate(CvHolder(ROOT.reference, STRANGER.key_pair)),
        "6300",
    ),
    "a verifier that calls itself": (lambda: verifier_certificate(CvHolder(ROOT.reference, VERIFIER.key_pair)), "6300"),
    "expired before the chip was made": (
        lambda: verifier_certificate(validity=Validity(PERSONALISED - 90 * DAY, PERSONALISED - DAY)),
        "6300",
    ),
    "a terminal straight from the authority": (lambda: terminal_certificate(ROOT, TERMINAL), "6300"),
    "a key with domain parameters of its own": (lambda: verifier_certificate(domain=True), "6300"),
    "a key of another hash": (
        lambda: verifier_certificate(subject=holder("VNTESTDV00001", CvSuite("ecdsa-sha384", "brainpoolP256r1"))),
        "6300",
    ),
    "a key on another curve of the same size": (
        lambda: verifier_certificate(subject=holder("VNTESTDV00001", OTHER_CURVE)),
        "6A80",  # the point is not on the authority's curve
    ),
    "a longer key": (lambda: verifier_certificate(subject=holder("VNTESTDV00001", LONGER)), "6A80"),
    "the authority's own certificate": (lambda: authority_certificate(ROOT), "6300"),
    "a verifier under the authority's name": (
        lambda: verifier_certificate(subject=CvHolder(ROOT.reference, VERIFIER.key_pair)),
        "6300",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_certificate_that_is_refused_leaves_everything_as_it_was(name: str) -> None:
    make, status = REFUSED[name]
    chip = a_chip(ROOT)
    terminal = proven(chip)
    before = ef_cvca(terminal)
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    assert terminal.show(make()) == status
    assert ef_cvca(terminal) == before
    assert terminal.choose_issuer(VERIFIER.reference) == "6A88"  # nothing was imported
    # The date has not moved either: a certificate that ends on the very day of personalisation is still good.
    last_day = Validity(PERSONALISED - DAY, PERSONALISED)
    assert terminal.show_chain(verifier_certificate(validity=last_day)) == ["9000"]


def ef_cvca(terminal: ExtendedTerminal) -> bytes:
    content, status = terminal.send("00B09C00", le=b"\x24")
    assert status == "9000"
    return content


MALFORMED = {
    "nothing": b"",
    "no signature": parts_of(verifier_certificate())[0].encoded,
    "no body": parts_of(verifier_certificate())[1].encoded,
    "wrong order": b"".join(tlv.encoded for tlv in reversed(parts_of(verifier_certificate()))),
    "something after it": b"".join(tlv.encoded for tlv in parts_of(verifier_certificate())) + b"\x81\0",
    "the whole object": verifier_certificate(),
    "no data objects": bytes(range(64)),
    "cut off": b"".join(tlv.encoded for tlv in parts_of(verifier_certificate()))[:-1],
}


@pytest.mark.parametrize("name", MALFORMED)
def test_what_is_no_certificate_is_called_so(name: str) -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    assert terminal.send("002A00BE", MALFORMED[name], extended=True)[1] == "6A80"
    assert terminal.show(verifier_certificate()) == "9000"


@pytest.mark.parametrize("tag", [0x5F29, 0x42, 0x7F49, 0x5F20, 0x7F4C, 0x5F25, 0x5F24])
def test_a_body_without_one_of_its_fields_is_malformed_though_well_signed(tag: int) -> None:
    body, _ = parts_of(verifier_certificate())
    kept = encode_tlv(0x7F4E, b"".join(tlv.encoded for tlv in iter_tlvs(body.value) if tlv.tag != tag))
    terminal = proven(a_chip(ROOT))
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    signed = kept + encode_tlv(0x5F37, ROOT.key_pair.sign(kept))
    assert terminal.send("002A00BE", signed, extended=True)[1] == "6A80"


@pytest.mark.parametrize("issuer_role", [CvRole.DV_DOMESTIC, CvRole.DV_FOREIGN])
@pytest.mark.parametrize("role", [CvRole.DV_DOMESTIC, CvRole.DV_FOREIGN, CvRole.CVCA])
def test_a_verifier_makes_neither_verifiers_nor_authorities(issuer_role: CvRole, role: CvRole) -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(verifier_certificate(role=issuer_role)) == ["9000"]
    other = holder("VNTESTDV00002", SUITE)
    assert terminal.show_chain(verifier_certificate(VERIFIER, other, role=role)) == ["6300"]


@pytest.mark.parametrize("role", list(CvRole))
def test_a_terminal_makes_nobody(role: CvRole) -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(verifier_certificate(), terminal_certificate()) == ["9000", "9000"]
    other = holder("VNTESTIS00002", SUITE)
    assert terminal.show_chain(verifier_certificate(TERMINAL, other, role=role)) == ["6300"]
    assert prove_terminal(terminal) == "9000"  # its own key is still there


def test_only_the_last_key_is_remembered_and_never_twice() -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(verifier_certificate(), verifier_certificate()) == ["9000", "6300"]
    assert terminal.show_chain(terminal_certificate()) == ["9000"]
    assert terminal.show_chain(terminal_certificate()) == ["6A88"]  # the verifier has made room for the terminal
    assert terminal.choose_terminal(VERIFIER.reference) == "6A88"
    assert terminal.show_chain(verifier_certificate()) == ["9000"]
    assert terminal.choose_terminal(TERMINAL.reference) == "6A88"
    assert terminal.choose_terminal(VERIFIER.reference) == "6A88"  # a verifier is no terminal


def test_a_key_serves_one_certificate_for_each_time_that_it_is_chosen() -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.show(verifier_certificate()) == "6985"
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    assert terminal.show(forged(verifier_certificate())) == "6300"
    assert terminal.show(verifier_certificate()) == "9000"
    assert terminal.show(terminal_certificate()) == "6985"
    assert terminal.choose_issuer("VNTESTCVCA00099") == "6A88"
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    assert terminal.choose_issuer("VNTESTCVCA00099") == "6A88"
    assert terminal.show(verifier_certificate(subject=holder("VNTESTDV00003", SUITE))) == "6985"


# -- the date ----------------------------------------------------------------------------------------------------


def accepts(terminal: ExtendedTerminal, last: dt.date) -> bool:
    """Whether the chip takes a verifier whose last day is this one. (It began early, so the date does not move.)"""
    subject = holder(f"VNTESTDV{last:%y%m%d}"[:15], SUITE)
    validity = Validity(PERSONALISED - 300 * DAY, last)
    return terminal.show_chain(verifier_certificate(subject=subject, validity=validity)) == ["9000"]


def test_the_date_moves_with_verifiers_and_never_back_and_survives_a_reset() -> None:
    chip = a_chip(ROOT)
    terminal = proven(chip)
    assert accepts(terminal, PERSONALISED)
    assert not accepts(terminal, PERSONALISED - DAY)
    assert terminal.show_chain(verifier_certificate()) == ["9000"]
    assert accepts(terminal, VALID.first)
    assert not accepts(terminal, VALID.first - DAY)
    chip.power_off()
    chip.power_on()
    terminal = proven(chip)
    assert accepts(terminal, VALID.first)
    assert not accepts(terminal, VALID.first - DAY)
    terminal = proven(a_chip(ROOT))  # another card of the same kind knows nothing of it
    assert accepts(terminal, PERSONALISED)


@pytest.mark.parametrize(("role", "moves"), [(CvRole.DV_DOMESTIC, True), (CvRole.DV_FOREIGN, False)])
def test_a_terminal_tells_the_date_only_under_a_domestic_verifier(role: CvRole, moves: bool) -> None:
    terminal = proven(a_chip(ROOT))
    later = Validity(dt.date(2024, 6, 1), dt.date(2024, 8, 1))
    chain = verifier_certificate(role=role), terminal_certificate(validity=later)
    assert terminal.show_chain(*chain) == ["9000", "9000"]
    assert accepts(terminal, later.first - DAY) is not moves
    assert accepts(terminal, later.first)


def test_an_expired_terminal_is_refused() -> None:
    terminal = proven(a_chip(ROOT))
    stale = Validity(dt.date(2023, 12, 1), VALID.first - DAY)
    assert terminal.show_chain(verifier_certificate(), terminal_certificate(validity=stale)) == ["9000", "6300"]
    assert terminal.choose_terminal(TERMINAL.reference) == "6A88"


# -- link certificates ---------------------------------------------------------------------------------------------


NEXT = verifying_authority(SUITE, 2)
THIRD = verifying_authority(SUITE, 3)


def references(terminal: ExtendedTerminal) -> list[str]:
    content = ef_cvca(terminal)
    assert len(content) == 36
    listed = content.rstrip(b"\0")
    return [tlv.value.decode() for tlv in iter_tlvs(listed)]


def test_a_link_certificate_makes_a_new_trust_point_for_good() -> None:
    chip = a_chip(ROOT)
    terminal = proven(chip)
    assert references(terminal) == [ROOT.reference]
    assert terminal.show_chain(link_certificate(ROOT, NEXT)) == ["9000"]
    assert references(terminal) == [NEXT.reference, ROOT.reference]
    assert not accepts(terminal, VALID.first - DAY)  # an authority is trusted to know the date
    chip.reset()
    terminal = proven(chip)
    assert references(terminal) == [NEXT.reference, ROOT.reference]
    assert terminal.show_chain(verifier_certificate(NEXT), terminal_certificate()) == ["9000", "9000"]
    assert prove_terminal(terminal) == "9000"
    assert terminal.can_read(3) == "9000"


def test_a_link_certificate_is_good_even_when_it_or_its_issuer_has_expired() -> None:
    """TR-03110-3 §2.5: a card may have lain in a drawer for years."""
    first = holder("VNTESTCVCA00001", SUITE)
    early = Validity(PERSONALISED - DAY, PERSONALISED + 30 * DAY)
    point = parse_cv_certificate(certificate(first, first, role=CvRole.CVCA, rights=DG3 | DG4, validity=early))
    chip = a_chip(suite_key=TrustedKey.at_personalisation(point))
    terminal = proven(chip)
    assert terminal.show_chain(verifier_certificate(first)) == ["9000"]  # brings the date past the authority's last day
    other = holder("VNTESTDV00004", SUITE)
    assert terminal.show_chain(verifier_certificate(first, other)) == ["6300"]
    expired = Validity(PERSONALISED - DAY, PERSONALISED + DAY)
    assert terminal.show_chain(link_certificate(first, NEXT, expired)) == ["9000"]
    assert terminal.show_chain(verifier_certificate(NEXT, other)) == ["6300"]  # it verifies its successor only
    assert terminal.show_chain(link_certificate(NEXT, THIRD)) == ["9000"]
    assert references(terminal) == [THIRD.reference]
    assert terminal.show_chain(verifier_certificate(THIRD, other)) == ["9000"]


def test_a_link_may_change_algorithm_curve_and_kind_of_key() -> None:
    suites = [LONGER, CvSuite("rsa-pss-sha256", rsa_bits=1280), OTHER_CURVE]
    line = [ROOT, *(holder(f"VNTESTCVCA0008{number}", suite) for number, suite in enumerate(suites))]
    terminal = proven(a_chip(ROOT))
    links = [link_certificate(old, new) for old, new in itertools.pairwise(line)]
    assert terminal.show_chain(*links) == ["9000"] * 3
    verifier, inspector = holder("VNTESTDV00005", OTHER_CURVE), holder("VNTESTIS00005", OTHER_CURVE)
    chain = verifier_certificate(line[-1], verifier), terminal_certificate(verifier, inspector)
    assert terminal.show_chain(*chain) == ["9000", "9000"]
    assert prove_terminal(terminal, signer=inspector) == "9000"


def test_a_link_without_domain_parameters_stays_on_the_curve() -> None:
    link = certificate(ROOT, NEXT, role=CvRole.CVCA, rights=DG3, validity=VALID, domain=False)
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(link, verifier_certificate(NEXT)) == ["9000", "9000"]


def test_a_name_that_is_known_is_not_overwritten() -> None:
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(link_certificate(ROOT, NEXT)) == ["9000"]
    impostor = CvHolder(NEXT.reference, STRANGER.key_pair)
    assert terminal.show_chain(link_certificate(ROOT, impostor)) == ["6300"]
    assert terminal.show_chain(verifier_certificate(NEXT)) == ["9000"]


def test_two_trust_points_are_enabled_and_the_oldest_gives_way() -> None:
    """Doc 9303-11 §7.1.4.3.4: a link is never refused for want of room, and verifiers need one of the latest two."""
    line = [holder(f"VNTESTCVCA1000{number}", SUITE) for number in range(6)]
    terminal = proven(a_chip(line[0]))
    assert terminal.show_chain(link_certificate(line[0], line[1])) == ["9000"]
    assert terminal.show_chain(verifier_certificate(line[0])) == ["9000"]  # the first is still trusted
    links = [link_certificate(old, new) for old, new in itertools.pairwise(line[1:])]
    assert terminal.show_chain(*links) == ["9000"] * 4
    assert references(terminal) == [line[5].reference, line[4].reference]
    assert terminal.show_chain(verifier_certificate(line[0])) == ["6A88"]
    assert terminal.show_chain(verifier_certificate(line[3])) == ["6A88"]
    assert terminal.show_chain(verifier_certificate(line[4], holder("VNTESTDV00009", SUITE))) == ["9000"]


# -- the signature ------------------------------------------------------------------------------------------------


def ready() -> ExtendedTerminal:
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(verifier_certificate(), terminal_certificate()) == ["9000", "9000"]
    assert terminal.choose_terminal(TERMINAL.reference) == "9000"
    return terminal


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


def test_the_published_chain_is_believed() -> None:
    """The guideline's worked example, in which the authority's type differs from the other two."""
    path = Path(__file__).parent.parent / "vectors" / "eac_worked_example_certificates.json"
    published = {name: bytes.fromhex(text) for name, text in json.loads(path.read_text())["certificates"].items()}
    point = TrustedKey.at_personalisation(parse_cv_certificate(published["ecdh_cvca"]))
    terminal = proven(a_chip(suite_key=point))
    # the example is of 2010; this chip was made before
    chip = VirtualCard(
        ChipContent(
            mrz_information=Secret(MRZ_INFORMATION),
            chip_authentication=(ChipAuthenticationKey(f"{ID_CA_ECDH}.2", SymmetricCipher.AES128, KEY),),
            terminal_trust_points=(point,),
            personalised_on=dt.date(2009, 1, 1),
        )
    )
    late, early = terminal, proven(chip)
    assert late.show_chain(published["ecdh_dv"]) == ["6300"]
    assert early.show_chain(published["ecdh_dv"], published["ecdh_terminal"]) == ["9000", "9000"]
    name = parse_cv_certificate(published["ecdh_terminal"]).holder_reference
    assert early.choose_terminal(name) == "9000"


def test_the_files_name_themselves_as_the_standard_says() -> None:
    """EF.CVCA by identifier, 36 bytes, for whoever has passed access control (TR-03110-3 table 13)."""
    terminal = proven(a_chip(ROOT, NEXT))
    assert terminal.send("00A4020C", b"\x01\x1c")[1] == "9000"
    content, status = terminal.send("00B00000", le=b"\x24")
    expected = b"".join(encode_tlv(0x42, point.reference.encode()) for point in (ROOT, NEXT))
    assert (content, status) == (expected.ljust(36, b"\0"), "9000")


# -- anything at all ------------------------------------------------------------------------------------------------


CHAIN = b"".join(tlv.encoded for tlv in parts_of(verifier_certificate()))


@given(position=st.integers(0, 8 * len(CHAIN) - 1))
def test_one_flipped_bit_anywhere_in_a_certificate_is_never_accepted(position: int) -> None:
    terminal = FUZZED
    changed = bytearray(CHAIN)
    changed[position // 8] ^= 1 << position % 8
    assert terminal.choose_issuer(ROOT.reference) == "9000"
    assert terminal.send("002A00BE", bytes(changed), extended=True)[1] in ("6300", "6A80")


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
