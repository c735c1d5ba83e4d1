"""A chip with a TEST authority's trust point, and the certificates with which inspection systems come to it."""

from __future__ import annotations

import datetime as dt

from crypto.pki.cvc import CvRole, TerminalType, parse_cv_certificate
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.secret import Secret
from crypto.wire.tlv import Tlv, iter_tlvs
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import EF_CVCA, ChipAuthenticationKey, ChipContent, ElementaryFile
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.cv_issuer import (
    CvHolder,
    CvSuite,
    Validity,
    authority_certificate,
    certificate,
    holder,
    verifying_authority,
)
from tests.unit.emulator_extended_access import BRAINPOOL_256, ID_CA_ECDH, ExtendedTerminal

SUITE = CvSuite("ecdsa-sha256", "brainpoolP256r1")
ROOT = verifying_authority(SUITE)
PERSONALISED = dt.date(2024, 1, 1)
VALID = Validity(dt.date(2024, 3, 1), dt.date(2024, 8, 31))
VERIFIER, TERMINAL = holder("VNTESTDV00001", SUITE), holder("VNTESTIS00001", SUITE)
DG3, DG4 = 0b01, 0b10
MRZ_INFORMATION = b"0123456784" + b"8504173" + b"3404172"
DOCUMENT_NUMBER = b"0123456784"
KEY = BRAINPOOL_256.private_key(0x1234567)
NEXT = verifying_authority(SUITE, 2)
STRANGER = holder("VNTESTCVCA00077", SUITE)
OTHER_CURVE = CvSuite("ecdsa-sha256", "secp256r1")
LONGER = CvSuite("ecdsa-sha256", "brainpoolP384r1")


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


def ready() -> ExtendedTerminal:
    terminal = proven(a_chip(ROOT))
    assert terminal.show_chain(verifier_certificate(), terminal_certificate()) == ["9000", "9000"]
    assert terminal.choose_terminal(TERMINAL.reference) == "9000"
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


def parts_of(octets: bytes) -> list[Tlv]:
    return list(iter_tlvs(next(iter_tlvs(octets)).value))


def ef_cvca(terminal: ExtendedTerminal) -> bytes:
    content, status = terminal.send("00B09C00", le=b"\x24")
    assert status == "9000"
    return content
