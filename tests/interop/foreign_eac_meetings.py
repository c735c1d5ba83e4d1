"""Where the foreign terminal meets the emulated cards: what is printed on them, and the key of their TEST authority.

Two things are taken from this project, and neither speaks to a chip: the authority's private key as a number, without
which nobody could make certificates that these cards look at, and what puts other trust points into a card.
"""

from __future__ import annotations

import dataclasses
import functools

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from crypto.pki.cvc import parse_cv_certificate
from emulator.cards import CardSpec, card, catalogue, chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.cv_issuer import CvSuite, verifying_authority
from emulator.personalise.issuer import authority_certificate
from emulator.personalise.profile import load_profile
from tests.interop.document_judges import altered_groups, mrz_information, signed_digests
from tests.interop.foreign_eac import ID_CA_ECDH, EacTerminal, chip_offer
from tests.interop.foreign_eac_certificates import RSA_SHA256, Party
from tests.interop.foreign_terminal import CAN, ID_PACE_ECDH_GM, Transmit, only

SPECS: dict[str, CardSpec] = {spec.name: spec for spec in catalogue(laboratory=True)}
USUAL_PACE = (ID_PACE_ECDH_GM + b"\x02", 13)


@functools.cache
def authority(suite: str = "ecdsa-sha256/brainpoolP256r1") -> Party:
    """Whom the cards trust from the start."""
    theirs = verifying_authority(CvSuite.parse(suite))
    name = theirs.reference.encode("ascii")
    if isinstance(theirs.key_pair.key, rsa.RSAPrivateKey):
        return Party(name, theirs.key_pair.key, RSA_SHA256)
    return Party(name, ec.derive_private_key(theirs.key_pair.scalar, ec.BrainpoolP256R1()))


def can(name: str) -> bytes:
    return SPECS[name].can.encode("ascii")


def typed_mrz(name: str) -> bytes:
    return mrz_information(SPECS[name].mrz)


def at(name: str) -> EacTerminal:
    """A terminal at a fresh card."""
    return EacTerminal(card(name).transmit)


def opened(transmit: Transmit, name: str, *, more: bytes = b"") -> EacTerminal:
    """PACE with the CAN on the usual curve, and the application."""
    terminal = EacTerminal(transmit)
    terminal.pace(*USUAL_PACE, CAN, can(name), more=more)
    terminal.select_application()
    return terminal


def proven(transmit: Transmit, name: str) -> EacTerminal:
    """PACE and chip authentication version 1 done: ready for terminal authentication."""
    terminal = opened(transmit, name)
    protocol = ID_CA_ECDH + b"\x02"
    terminal.agree(protocol, chip_offer(only(terminal.read_by_identifier(0x010E), 0x6E)).key(protocol))
    return terminal


def trusting(name: str, *certificates: bytes) -> VirtualCard:
    """A card of that name to which the issuer gave these trust points instead, the most recent first."""
    points = (TrustedKey.at_personalisation(parse_cv_certificate(certificate)) for certificate in certificates)
    return VirtualCard(dataclasses.replace(chip_content(name), terminal_trust_points=tuple(points)))


@functools.cache
def _digests(name: str, sod: bytes) -> dict[int, bytes]:
    return signed_digests(sod, authority_certificate(load_profile(name).authority))[1]


def genuine(terminal: EacTerminal, name: str, *identifiers: int) -> bool:
    """Whether these files, read whole now, are those that the issuer signed."""
    sod = terminal.read_by_identifier(0x011D)
    files = {identifier & 0xFF: terminal.read_by_identifier(identifier, first=8) for identifier in identifiers}
    return altered_groups(files, _digests(name, sod)) == set()
