"""From what a chip declares (SecurityInfos) to suites that this terminal can speak, best first."""

from __future__ import annotations

from typing import Any

from crypto.errors import CryptoError
from crypto.pace.parameters import Agreement, Mapping, PaceProtocol, standardized_curve
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.signatures.public_key import EcPublicKey
from reader.lds.security_infos import (
    ID_CA,
    ChipAuthenticationInfo,
    ChipAuthenticationPublicKeyInfo,
    PaceInfo,
    SecurityInfos,
)
from reader.protocols.chip_authentication import ChipAuthenticationSuite
from reader.protocols.pace import PaceSuite
from reader.protocols.pace_domain import DhDomain, EcdhDomain, PaceDomain

__all__ = ["chip_authentication_suites", "pace_suites", "static_keys"]

_ID_CA_ECDH_3DES = f"{ID_CA}.2.1"
_MAPPINGS = (Mapping.CHIP_AUTHENTICATION, Mapping.GENERIC, Mapping.INTEGRATED)
_PACE_VERSION = 2  # Doc 9303-11 §9.2.1; version 1 was another protocol


def pace_suites(infos: SecurityInfos) -> list[PaceSuite]:
    """PACE as the chip offers it and this terminal can speak it, best first.

    The longer key wins, 3DES comes last; then curves before finite fields; then chip-authentication mapping, as it
    proves the chip on the way, before generic mapping and that before integrated mapping (the order in which most
    chips have been tried); then the chip's own order.
    """
    offered = tuple(info for info in infos.of(PaceInfo) if info.version == _PACE_VERSION)
    suites = [suite for info in offered if (suite := _pace_suite(info, offered)) is not None]
    return sorted(suites, key=_preference)


def _preference(suite: PaceSuite) -> tuple[bool, int, bool, int]:
    protocol = suite.protocol
    return (
        not protocol.cipher.is_aes,
        -protocol.cipher.key_bytes,
        protocol.agreement is Agreement.DH,
        _MAPPINGS.index(protocol.mapping),
    )


def _pace_suite(info: PaceInfo, offered: tuple[PaceInfo, ...]) -> PaceSuite | None:
    domain = None if info.parameter_id is None else _domain(info.protocol, info.parameter_id)
    if domain is None:
        return None
    # Doc 9303-11 §4.4.4.1: required if "more than one set of domain parameters is available for PACE", whatever the
    # protocol that each belongs to; and not sent to a chip with a single set, which may have no table for it
    ambiguous = len({other.parameter_id for other in offered}) > 1
    return PaceSuite(info.protocol, domain, info.parameter_id if ambiguous else None)


def _domain(protocol: PaceProtocol, parameter_id: int) -> PaceDomain[Any, Any] | None:
    """The standardised domain parameters (Doc 9303-11 §9.5.1), or ``None`` for what the protocol cannot run on."""
    if protocol.agreement is Agreement.DH:
        group = DH_GROUPS.get(parameter_id)
        return None if group is None else DhDomain(group)
    curve = standardized_curve(parameter_id)
    if curve is None or (protocol.mapping is Mapping.INTEGRATED and curve.p % 4 != 3):
        return None  # the point encoding of integrated mapping is not defined for secp224r1 (Appendix B.2)
    return EcdhDomain(curve)


def chip_authentication_suites(infos: SecurityInfos) -> list[ChipAuthenticationSuite]:
    """Chip authentication as DG14 offers it and this terminal can speak it, the strongest cipher first.

    A key without a ChipAuthenticationInfo stands for 3DES, whatever cipher access control used: chips older than
    that object know nothing else (Doc 9303-11 §9.2.5).

    Raises:
        CryptoError: a public key is not on its curve.
    """
    declared = [info for info in infos.of(ChipAuthenticationInfo) if info.is_elliptic and info.version == 1]
    suites: list[ChipAuthenticationSuite] = []
    keys = infos.of(ChipAuthenticationPublicKeyInfo)
    for key in keys:
        public_key = _elliptic_key(key)
        if public_key is None:
            continue
        # A single key needs no id (Doc 9303-11 §9.2.5, §9.2.6), so that only one of the two objects may have it
        fitting = [
            info
            for info in declared
            if info.key_id == key.key_id or (len(keys) == 1 and None in (info.key_id, key.key_id))
        ]
        ciphers = [(info.oid, info.cipher) for info in fitting]
        if not infos.of(ChipAuthenticationInfo):
            ciphers = [(_ID_CA_ECDH_3DES, SymmetricCipher.TDES)]
        suites += [
            ChipAuthenticationSuite(oid, cipher, public_key.curve, public_key.point, key.key_id)
            for oid, cipher in ciphers
        ]
    return sorted(suites, key=lambda suite: _strength(suite.cipher), reverse=True)


def static_keys(infos: SecurityInfos) -> list[EcPublicKey]:
    """The chip's static keys on curves, in the order of the list. Raises as :func:`chip_authentication_suites`."""
    keys = (_elliptic_key(info) for info in infos.of(ChipAuthenticationPublicKeyInfo))
    return [key for key in keys if key is not None]


def _elliptic_key(info: ChipAuthenticationPublicKeyInfo) -> EcPublicKey | None:
    """The key on its curve: standardised by id, named, or spelt out; ``None`` for what cannot be used."""
    if not info.is_elliptic:
        return None
    try:
        key = info.public_key.resolve()
    except CryptoError as error:
        if error.code.name == "curve.point_invalid":
            raise
        return None
    return key if isinstance(key, EcPublicKey) else None


def _strength(cipher: SymmetricCipher) -> tuple[bool, int]:
    return cipher.is_aes, cipher.key_bytes
