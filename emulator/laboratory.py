"""Chips made to order: any protocol on any group, for whoever tests a reader against all of them."""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from typing import Final

from crypto.pace.parameters import Mapping, PaceProtocol, pace_protocol, standardized_curve
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve, curve
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.primitives.secret import Secret
from emulator.chip.card import VirtualCard
from emulator.chip.content import PaceOffer
from emulator.chip.passwords import Pin, Puk
from emulator.personalise.cv_issuer import CV_ALGORITHMS, RIGHTS, CvSuite, Validity
from emulator.personalise.document import personalise
from emulator.personalise.printed_lines import printed_lines
from emulator.personalise.profile import CardProfile, ChipAuthenticationChoice, SignatureChoice, load_profile
from emulator.personalise.terminal_folder import TerminalChain, terminal_chain

__all__ = ["PIN", "PUK", "laboratory_card", "laboratory_profile", "laboratory_terminal"]

PIN: Final = "248163"
PUK: Final = "9753186420"
_OWN_PARAMETER_ID: Final = 32  # the first that is not reserved (Doc 9303-11 §9.5.1)
_CIPHERS: Final = dict(enumerate(SymmetricCipher, start=1))  # last arc of id-CA-… (Doc 9303-11 §9.2.5)
_VALIDITY: Final = Validity(dt.date(2025, 1, 1), dt.date(2049, 12, 31))


def laboratory_profile(
    *,
    pace_oid: str = "",
    parameter_id: int = 0,
    spelt_out: bool = False,
    chip_authentication: str = "",
    chip_authentication_version: int = 1,
    chip_authentication_group: str = "",
    active_authentication: str = "",
    terminal_authentication: str = "",
) -> CardProfile:
    """An invented person's card whose chip speaks what is asked for; the names are those of the reader's order.

    Raises:
        ValueError: the order contradicts itself, or names something that no card can have.
    """
    has_version_2 = chip_authentication_version == 2 and bool(chip_authentication)
    profile = load_profile("eac2" if has_version_2 else "eac1-ecdh" if terminal_authentication else "an")
    if pace_oid:
        offer = _offer(pace_oid, parameter_id, spelt_out=spelt_out)
        profile = dataclasses.replace(
            profile,
            pace=(offer,),
            pin=Pin(Secret(PIN.encode("ascii"))),
            puk=Puk(Secret(PUK.encode("ascii"))),
            chip_authentication=_mapping_key(offer) or profile.chip_authentication,
        )
    elif not (chip_authentication or active_authentication or terminal_authentication):
        profile = dataclasses.replace(profile, pace=())
    if chip_authentication:
        choice = _agreement(chip_authentication, chip_authentication_version, chip_authentication_group)
        profile = dataclasses.replace(profile, chip_authentication=(choice,))
    if active_authentication:
        profile = dataclasses.replace(profile, active_authentication=_signature(active_authentication))
    return profile


def laboratory_card(profile: CardProfile) -> VirtualCard:
    """A fresh chip of a profile, powered on."""
    return VirtualCard(personalise(profile))


def laboratory_terminal(terminal_authentication: str) -> TerminalChain:
    """Certificates and key of a TEST terminal that may read fingerprints and irises.

    Args:
        terminal_authentication: id-TA-…, dotted: how every certificate of the chain is signed.

    Raises:
        ValueError: there is no such algorithm.
    """
    algorithm = next((name for name, oid in CV_ALGORITHMS.items() if oid == terminal_authentication), "")
    return _terminal(algorithm)


@functools.cache  # an RSA key takes long to find
def _terminal(algorithm: str) -> TerminalChain:
    is_rsa = algorithm.startswith("rsa")
    suite = CvSuite(algorithm, rsa_bits=2048) if is_rsa else CvSuite(algorithm, curve_name="brainpoolP256r1")
    return terminal_chain(suite, rights=sum(RIGHTS.values()), validity=_VALIDITY, issued=_VALIDITY.first, link=False)


def printed_on(profile: CardProfile) -> tuple[str, ...]:
    """The lines of the machine-readable zone."""
    return tuple(printed_lines(profile))


def _offer(oid: str, parameter_id: int, *, spelt_out: bool) -> PaceOffer:
    protocol = pace_protocol(oid)
    if protocol is None:
        raise ValueError(f"{oid} is no protocol of PACE")
    if not spelt_out:
        return PaceOffer(protocol, parameter_id)
    return PaceOffer(protocol, _OWN_PARAMETER_ID, _group_of(protocol, parameter_id))


def _group_of(protocol: PaceProtocol, parameter_id: int) -> Curve | DhGroup:
    group = DH_GROUPS.get(parameter_id) or standardized_curve(parameter_id)
    if group is None:
        raise ValueError(f"{parameter_id} names no domain parameters of {protocol.name}")
    return group


def _mapping_key(offer: PaceOffer) -> tuple[ChipAuthenticationChoice, ...]:
    """PACE with chip-authentication mapping needs a static key on its curve (Doc 9303-11 §4.4.3.5)."""
    own = standardized_curve(offer.parameter_id)
    if offer.protocol.mapping is not Mapping.CHIP_AUTHENTICATION or own is None:
        return ()
    return (ChipAuthenticationChoice(SymmetricCipher.AES128, own),)


def _agreement(oid: str, version: int, group: str) -> ChipAuthenticationChoice:
    fields = {field.name: field for field in DH_GROUPS.values()}
    domain = fields[group] if group in fields else curve(group)
    return ChipAuthenticationChoice(_CIPHERS[int(oid.rpartition(".")[2])], domain, versions=(version,))


def _signature(text: str) -> SignatureChoice:
    """``rsa-BITS-HASH`` or ``ecdsa-CURVE-HASH``."""
    kind, size, hash_name = text.split("-")
    if kind == "rsa":
        return SignatureChoice(hash_name, rsa_bits=int(size))
    return SignatureChoice(hash_name, curve=size)
