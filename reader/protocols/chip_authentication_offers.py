"""From the keys and protocols that a chip declares to chip authentication as this terminal can speak it, best first.

The order of preference: the longer key of the cipher first and 3DES last, then curves before finite fields, then the
chip's own order. A key that cannot be used here is passed over as long as another one can.
"""

from __future__ import annotations

import dataclasses
from typing import Any, Final

from crypto.errors import ChipIdError, CryptoError, WireError
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.dh_groups import DH_GROUPS
from crypto.signatures.dh_public_key import parse_dh_domain, parse_dh_public_key
from crypto.signatures.public_key import EcPublicKey
from crypto.wire.tlv import parse_tlv
from reader.lds.public_key import AlgorithmIdentifier, parse_algorithm_identifier
from reader.lds.security_infos import (
    ID_CA,
    ChipAuthenticationInfo,
    ChipAuthenticationPublicKeyInfo,
    SecurityInfo,
    SecurityInfos,
)
from reader.protocols.chip_authentication import ChipAuthenticationSuite
from reader.protocols.pace_domain import DhDomain, EcdhDomain, PaceDomain

__all__ = [
    "ChipAuthenticationOffer",
    "chip_authentication_offers",
    "chip_authentication_suites",
    "same_domain",
    "static_keys",
]

_FAMILIES: Final = {True: f"{ID_CA}.2", False: f"{ID_CA}.1"}  # id-CA-ECDH, id-CA-DH, by "is elliptic"
_DOMAIN_INFOS: Final = {f"{ID_CA}.1": False, f"{ID_CA}.2": True}
_FORGED: Final = frozenset({"curve.point_invalid", "dh.value_invalid", "dh.parameters_manipulated"})
_SEQUENCE, _INTEGER = 0x30, 0x02


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ChipAuthenticationOffer:
    """Version 2 as EF.CardAccess announces it: everything but the chip's key, which a terminal may see later.

    Attributes:
        oid, cipher, key_id: as in :class:`~reader.protocols.chip_authentication.ChipAuthenticationSuite`.
        domain: standardised or well-known parameters; EF.CardAccess is not signed.
    """

    oid: str
    cipher: SymmetricCipher
    domain: PaceDomain[Any, Any]
    key_id: int | None


def chip_authentication_suites(infos: SecurityInfos, version: int = 1) -> list[ChipAuthenticationSuite]:
    """Keys of DG14 (version 1) or EF.CardSecurity (version 2) with the protocols that go with them.

    In version 1, keys without any ChipAuthenticationInfo stand for 3DES, whatever cipher access control used: chips
    older than that object know nothing else (Doc 9303-11 §9.2.5, TR-03110-3 §A.1.1 note). 3DES that is declared may be
    agreed on in two ways, and both are given (TR-03110-3 §B.2).

    Raises:
        CryptoError: no key can be used, and one is not what it pretends to be (``curve.point_invalid`` …).
    """
    suites: list[ChipAuthenticationSuite] = []
    forged: CryptoError | None = None
    for info in infos.of(ChipAuthenticationPublicKeyInfo):
        try:
            key = _static_key(info)
        except CryptoError as error:
            forged = error
            continue
        # version 2 runs before EF.CardSecurity is verified: no parameters made to order (TR-03110-3 §A.2.1.3)
        if key is not None and (version == 1 or _is_known(key[0])):
            suites += _suites_of_key(infos, info, version, key)
    if forged is not None and not suites:
        raise forged
    return sorted(suites, key=lambda suite: _preference(suite.cipher, suite.domain))


def _suites_of_key(
    infos: SecurityInfos, info: ChipAuthenticationPublicKeyInfo, version: int, key: tuple[PaceDomain[Any, Any], Any]
) -> list[ChipAuthenticationSuite]:
    declared = infos.of(ChipAuthenticationInfo)
    if not declared and version == 1:
        oid = f"{_FAMILIES[info.is_elliptic]}.1"
        return [ChipAuthenticationSuite(oid, SymmetricCipher.TDES, *key, info.key_id, key_agreement_template=True)]
    # A single key needs no id (Doc 9303-11 §9.2.5, §9.2.6), so that only one of the two objects may have it
    single = len(infos.of(ChipAuthenticationPublicKeyInfo)) == 1
    suites = []
    for offer in declared:
        same_key = offer.key_id == info.key_id or (single and None in (offer.key_id, info.key_id))
        if offer.version != version or offer.is_elliptic != info.is_elliptic or not same_key:
            continue
        by_template = version == 1 and not offer.cipher.is_aes
        for template in (True, False) if by_template else (False,):
            suite = ChipAuthenticationSuite(offer.oid, offer.cipher, *key, info.key_id, key_agreement_template=template)
            suites.append(suite)
    return suites


def chip_authentication_offers(infos: SecurityInfos) -> list[ChipAuthenticationOffer]:
    """Version 2 as EF.CardAccess announces it (TR-03110-3 §A.1.1.2, ChipAuthenticationDomainParameterInfo).

    Parameters that are neither standardised nor known here are left out: nobody has signed EF.CardAccess, and a group
    made to order would give the terminal's secret away (TR-03110-3 §A.2.1.3).
    """
    domains = [found for info in infos.unknown if (found := _domain_info(info)) is not None]
    offers = []
    for info in infos.of(ChipAuthenticationInfo):
        for is_elliptic, domain, key_id in domains:
            same_key = info.key_id == key_id or (len(domains) == 1 and None in (info.key_id, key_id))
            if info.version == 2 and info.is_elliptic == is_elliptic and same_key:
                offers.append(ChipAuthenticationOffer(info.oid, info.cipher, domain, info.key_id))
    return sorted(offers, key=lambda offer: _preference(offer.cipher, offer.domain))


def _domain_info(info: SecurityInfo) -> tuple[bool, PaceDomain[Any, Any], int | None] | None:
    """ChipAuthenticationDomainParameterInfo: whether elliptic, the domain and the key id; ``None`` if it is none."""
    is_elliptic = _DOMAIN_INFOS.get(info.oid)
    if is_elliptic is None:
        return None
    try:
        _, algorithm, *optional = parse_tlv(info.encoded, _SEQUENCE).children()
        domain = _known_domain(parse_algorithm_identifier(algorithm))
    except (ValueError, ChipIdError):  # ValueError: there is no second object
        return None
    key_id = int.from_bytes(optional[0].value, "big") if optional and optional[0].tag == _INTEGER else None
    return None if domain is None else (is_elliptic, domain, key_id)


def _known_domain(algorithm: AlgorithmIdentifier) -> PaceDomain[Any, Any] | None:
    if algorithm.curve is not None:
        return EcdhDomain(algorithm.curve)
    if algorithm.parameters is None:
        return None
    domain = DhDomain(parse_dh_domain(algorithm.oid, parse_tlv(algorithm.parameters)))
    return domain if _is_known(domain) else None


def _is_known(domain: PaceDomain[Any, Any]) -> bool:
    """Curves are known by their parameters already; a finite-field group may be anybody's."""
    return not isinstance(domain, DhDomain) or domain.group in DH_GROUPS.values()


def same_domain(first: PaceDomain[Any, Any], second: PaceDomain[Any, Any]) -> bool:
    """Whether two keys lie in the same group, compared in every number."""
    if isinstance(first, EcdhDomain) and isinstance(second, EcdhDomain):
        return first.curve == second.curve
    return isinstance(first, DhDomain) and isinstance(second, DhDomain) and first.group == second.group


def static_keys(infos: SecurityInfos) -> list[EcPublicKey]:
    """The chip's static keys on curves, in the order of the list.

    Raises:
        CryptoError: a public key is not on its curve.
    """
    keys = (_elliptic_key(info) for info in infos.of(ChipAuthenticationPublicKeyInfo) if info.is_elliptic)
    return [key for key in keys if key is not None]


def _static_key(info: ChipAuthenticationPublicKeyInfo) -> tuple[PaceDomain[Any, Any], Any] | None:
    """Domain and public value; ``None`` for what cannot be used. Raises for a key that is not what it pretends."""
    if info.is_elliptic:
        key = _elliptic_key(info)
        return None if key is None else (EcdhDomain(key.curve), key.point)
    try:
        number = parse_dh_public_key(info.public_key.encoded)
    except (CryptoError, WireError) as error:
        if isinstance(error, CryptoError) and error.code.name in _FORGED:
            raise
        return None
    return DhDomain(number.group), number.value


def _elliptic_key(info: ChipAuthenticationPublicKeyInfo) -> EcPublicKey | None:
    """The key on its curve: standardised by id, named, or spelt out; ``None`` for what cannot be used."""
    try:
        key = info.public_key.resolve()
    except CryptoError as error:
        if error.code.name in _FORGED:
            raise
        return None
    return key if isinstance(key, EcPublicKey) else None


def _preference(cipher: SymmetricCipher, domain: PaceDomain[Any, Any]) -> tuple[bool, int, bool]:
    return not cipher.is_aes, -cipher.key_bytes, isinstance(domain, DhDomain)
