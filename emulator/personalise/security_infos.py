"""SecurityInfos of EF.CardAccess and DG14, and public keys (Doc 9303-11 §9.1, §9.2, §9.5)."""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from crypto.pace.parameters import STANDARDIZED_CURVES
from crypto.primitives.curves import Curve, Point
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.chip.content import PaceOffer

__all__ = [
    "ID_CA_DH",
    "ID_CA_ECDH",
    "ID_PK_DH",
    "ID_PK_ECDH",
    "DhEncoding",
    "KeyEncoding",
    "active_authentication_info",
    "chip_authentication_domain_parameter_info",
    "chip_authentication_info",
    "chip_authentication_public_key_info",
    "dh_public_key_info",
    "ec_public_key_info",
    "pace_domain_parameter_info",
    "pace_info",
    "rsa_public_key_info",
    "security_infos",
    "terminal_authentication_info",
]

_ID_TA: Final = "0.4.0.127.0.7.2.2.2"
ID_CA_DH: Final = "0.4.0.127.0.7.2.2.3.1"
ID_CA_ECDH: Final = "0.4.0.127.0.7.2.2.3.2"
ID_PK_DH: Final = "0.4.0.127.0.7.2.2.1.1"
ID_PK_ECDH: Final = "0.4.0.127.0.7.2.2.1.2"
_ID_AA: Final = "2.23.136.1.1.5"
_ECDSA_PLAIN: Final = "0.4.0.127.0.7.1.1.4.1"
_ECDSA_PLAIN_ARC: Final = {"sha1": 1, "sha224": 2, "sha256": 3, "sha384": 4, "sha512": 5}
_EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
_DH_PUBLIC_NUMBER: Final = "1.2.840.10046.2.1"
_DH_KEY_AGREEMENT: Final = "1.2.840.113549.1.3.1"
_PRIME_FIELD: Final = "1.2.840.10045.1.1"
_STANDARDIZED: Final = "0.4.0.127.0.7.1.2"
_CURVE_OIDS: Final = {
    "secp256r1": "1.2.840.10045.3.1.7",
    "secp384r1": "1.3.132.0.34",
    "secp521r1": "1.3.132.0.35",
    "brainpoolP256r1": "1.3.36.3.3.2.8.1.1.7",
    "brainpoolP384r1": "1.3.36.3.3.2.8.1.1.11",
    "brainpoolP512r1": "1.3.36.3.3.2.8.1.1.13",
}


class KeyEncoding(enum.StrEnum):
    """How the domain parameters of a public key are written. All three are met on real chips."""

    EXPLICIT = "explicit"
    """ECParameters in full, what Doc 9303-11 §9.5.2 demands."""
    NAMED = "named"
    """The curve's object identifier."""
    STANDARDIZED = "standardized"
    """The parameter id of Doc 9303-11 table 12."""


class DhEncoding(enum.StrEnum):
    """How the parameters of a finite-field key are written."""

    PKCS3 = "pkcs3"
    """``dhKeyAgreement`` with p and g, what TR-03110-3 §A.4.2 demands for version 1 of chip authentication."""
    X942 = "x9.42"
    """``dhpublicnumber`` with p, g and q, for version 2, and met for version 1."""
    STANDARDIZED = "standardized"
    """The parameter id of Doc 9303-11 table 12."""


def _sequence(*parts: bytes) -> bytes:
    return encode_tlv(0x30, parts)


def _oid(dotted: str) -> bytes:
    return encode_tlv(0x06, encode_oid(dotted))


def _integer(value: int) -> bytes:
    return encode_tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))  # one spare bit keeps it positive


def security_infos(infos: Iterable[bytes], *, sort: bool = True) -> bytes:
    """SET OF SecurityInfo; DER sorts it (ISO/IEC 8825-1 §11.6), some real chips do not."""
    return encode_tlv(0x31, sorted(infos) if sort else list(infos))


def terminal_authentication_info(version: int = 1, ef_cvca: int | None = None) -> bytes:
    """TR-03110-3 §A.1.1.3.

    Args:
        version: of the protocol.
        ef_cvca: identifier of EF.CVCA, for version 1 and where it is not the usual one; its last five bits are the short
            identifier.
    """
    file = b""
    if ef_cvca is not None:
        file = _sequence(encode_tlv(0x04, ef_cvca.to_bytes(2, "big")), encode_tlv(0x04, bytes([ef_cvca & 0x1F])))
    return _sequence(_oid(_ID_TA), _integer(version), file)


def chip_authentication_info(oid: str, key_id: int | None, version: int = 1) -> bytes:
    """Doc 9303-11 §9.2.7; version 2: TR-03110-3 §A.1.1.2."""
    return _sequence(_oid(oid), _integer(version), b"" if key_id is None else _integer(key_id))


def chip_authentication_public_key_info(oid: str, public_key_info: bytes, key_id: int | None) -> bytes:
    """Doc 9303-11 §9.2.6, with id-PK-DH or id-PK-ECDH."""
    return _sequence(_oid(oid), public_key_info, b"" if key_id is None else _integer(key_id))


def chip_authentication_domain_parameter_info(oid: str, public_key_info: bytes, key_id: int | None) -> bytes:
    """The algorithm of a public key once more, for version 2 (TR-03110-3 §A.1.1.2), with id-CA-DH or id-CA-ECDH."""
    algorithm = parse_tlv(public_key_info, 0x30).require(0x30).encoded
    return _sequence(_oid(oid), algorithm, b"" if key_id is None else _integer(key_id))


def pace_info(offer: PaceOffer) -> bytes:
    """Doc 9303-11 §9.2.3, version 2."""
    return _sequence(_oid(offer.protocol.oid), _integer(2), _integer(offer.parameter_id))


def pace_domain_parameter_info(offer: PaceOffer) -> bytes:
    """The group that an offer spells out under an id of the issuer's (Doc 9303-11 §9.2.2, §9.5.2).

    Raises:
        ValueError: the offer is for standardised parameters, of which there is nothing to say.
    """
    family = offer.protocol.oid.rpartition(".")[0]  # id-PACE-ECDH-GM and so on: of the cipher nothing is said
    if isinstance(offer.domain, Curve):
        algorithm = _sequence(_oid(_EC_PUBLIC_KEY), _explicit_parameters(offer.domain))
    elif isinstance(offer.domain, DhGroup):
        group = offer.domain
        # DomainParameters of RFC 3279 §2.3.3; Doc 9303-11 §9.5.2 wants dhpublicnumber
        algorithm = _sequence(
            _oid(_DH_PUBLIC_NUMBER), _sequence(_integer(group.p), _integer(group.g), _integer(group.q))
        )
    else:
        raise ValueError("standardised domain parameters are not spelt out")
    return _sequence(_oid(family), algorithm, _integer(offer.parameter_id))


def active_authentication_info(hash_name: str) -> bytes:
    """Doc 9303-11 §9.2.4: which hash goes with ECDSA, version 1."""
    return _sequence(_oid(_ID_AA), _integer(1), _oid(f"{_ECDSA_PLAIN}.{_ECDSA_PLAIN_ARC[hash_name]}"))


def ec_public_key_info(curve: Curve, point: Point, encoding: KeyEncoding) -> bytes:
    """SubjectPublicKeyInfo of a point (RFC 5480 §2; TR-03111 §5.1 for explicit parameters)."""
    if encoding is KeyEncoding.STANDARDIZED:
        ids = {name: number for number, name in STANDARDIZED_CURVES.items()}
        algorithm = _sequence(_oid(_STANDARDIZED), _integer(ids[curve.name]))
    elif encoding is KeyEncoding.NAMED:
        algorithm = _sequence(_oid(_EC_PUBLIC_KEY), _oid(_CURVE_OIDS[curve.name]))
    else:
        algorithm = _sequence(_oid(_EC_PUBLIC_KEY), _explicit_parameters(curve))
    return _sequence(algorithm, encode_tlv(0x03, b"\0" + curve.encode_point(point)))


def dh_public_key_info(group: DhGroup, value: int, encoding: DhEncoding) -> bytes:
    """SubjectPublicKeyInfo of a finite-field value (RFC 3279 §2.3.3, PKCS #3 §9).

    Raises:
        ValueError: a parameter id is wanted for a group that has none.
    """
    if encoding is DhEncoding.STANDARDIZED:
        number = next((number for number, standard in DH_GROUPS.items() if standard == group), None)
        if number is None:
            raise ValueError(f"{group.name} is not standardised")
        algorithm = _sequence(_oid(_STANDARDIZED), _integer(number))
    elif encoding is DhEncoding.PKCS3:
        algorithm = _sequence(_oid(_DH_KEY_AGREEMENT), _sequence(_integer(group.p), _integer(group.g)))
    else:
        algorithm = _sequence(
            _oid(_DH_PUBLIC_NUMBER), _sequence(_integer(group.p), _integer(group.g), _integer(group.q))
        )
    return _sequence(algorithm, encode_tlv(0x03, b"\0" + _integer(value)))


def _explicit_parameters(curve: Curve) -> bytes:
    """ECParameters: version, field, curve, base point, order, cofactor (RFC 3279 §2.3.5)."""
    size = curve.field_bytes
    field = _sequence(_oid(_PRIME_FIELD), _integer(curve.p))
    equation = _sequence(
        encode_tlv(0x04, curve.a.to_bytes(size, "big")), encode_tlv(0x04, curve.b.to_bytes(size, "big"))
    )
    base = encode_tlv(0x04, curve.encode_point(curve.g))
    return _sequence(_integer(1), field, equation, base, _integer(curve.n), _integer(1))


def rsa_public_key_info(key: rsa.RSAPublicKey) -> bytes:
    """SubjectPublicKeyInfo of an RSA key (RFC 3279 §2.3.1)."""
    from cryptography.hazmat.primitives import serialization

    return key.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
