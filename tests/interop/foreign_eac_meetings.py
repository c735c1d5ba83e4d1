"""Where the foreign terminal meets the emulated cards: what is printed on them, and the key of their TEST authority.

Two things are taken from this project, and neither speaks to a chip: the authority's private key as a number, without
which nobody could make certificates that these cards look at, and what puts other trust points into a card.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric import ec, rsa

from crypto.pki.cvc import parse_cv_certificate
from emulator.cards import CardSpec, card, catalogue, chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.trust_points import TrustedKey
from emulator.personalise.cv_issuer import CvSuite, verifying_authority
from emulator.personalise.issuer import authority_certificate
from emulator.personalise.profile import load_profile
from tests.interop.document_judges import altered_groups, mrz_information, signed_digests
from tests.interop.foreign_eac import ID_CA_ECDH, ChipOffer, EacTerminal, chip_offer
from tests.interop.foreign_eac_certificates import DOMESTIC_VERIFIER, RSA_SHA256, TERMINAL, Party, certify, new_party
from tests.interop.foreign_messaging import Refused
from tests.interop.foreign_security_infos import ID_PACE_ECDH_GM
from tests.interop.foreign_terminal import CAN, Transmit
from tests.interop.foreign_tlv import only

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
    agree_again(terminal)
    return terminal


def trusting(name: str, *certificates: bytes, versions: tuple[int, ...] | None = None) -> VirtualCard:
    """A card of that name to which the issuer gave these trust points instead, the most recent first."""
    points = (TrustedKey.at_personalisation(parse_cv_certificate(certificate)) for certificate in certificates)
    content = dataclasses.replace(chip_content(name), terminal_trust_points=tuple(points))
    if versions is not None:
        content = dataclasses.replace(content, terminal_authentication_versions=versions)
    return VirtualCard(content)


@functools.cache
def _digests(name: str, sod: bytes) -> dict[int, bytes]:
    return signed_digests(sod, authority_certificate(load_profile(name).authority))[1]


def genuine(terminal: EacTerminal, name: str, *identifiers: int) -> bool:
    """Whether these files, read whole now, are those that the issuer signed."""
    sod = terminal.read_by_identifier(0x011D)
    files = {identifier & 0xFF: terminal.read_by_identifier(identifier, first=8) for identifier in identifiers}
    return altered_groups(files, _digests(name, sod)) == set()


# -- who comes ------------------------------------------------------------------------------------------------------

ROOT = authority()
RSA_ROOT = authority("rsa-sha256/2048")
VERIFIER, SYSTEM = new_party("VNFOREIGN00001"), new_party("VNGATE00001")
GOOD = (certify(ROOT, VERIFIER, DOMESTIC_VERIFIER), certify(VERIFIER, SYSTEM, TERMINAL))


@functools.cache
def rsa_system() -> Party:
    return Party(b"VNRSAGATE00001", rsa.generate_private_key(65537, 2048), RSA_SHA256)


@functools.cache
def rsa_chain() -> tuple[bytes, bytes]:
    verifier = Party(b"VNRSADV00001", rsa.generate_private_key(65537, 2048), RSA_SHA256)
    return (
        certify(RSA_ROOT, verifier, DOMESTIC_VERIFIER),
        certify(verifier, rsa_system(), TERMINAL),
    )


def offer_of(terminal: EacTerminal) -> ChipOffer:
    return chip_offer(only(terminal.read_by_identifier(0x010E), 0x6E))


def status(action: Callable[..., object], *arguments: object, **how: object) -> str:
    """The status word of the first command that was refused, or 9000."""
    try:
        action(*arguments, **how)
    except Refused as refused:
        return refused.status
    return "9000"


def prove(terminal: EacTerminal, system: Party = SYSTEM) -> None:
    terminal.choose_own(system.name)
    terminal.answer(terminal.challenge(), system.sign)


def agree_again(terminal: EacTerminal) -> None:
    """Chip authentication in a session that is open already."""
    protocol = ID_CA_ECDH + b"\x02"
    terminal.agree(protocol, offer_of(terminal).key(protocol))
