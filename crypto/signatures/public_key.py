"""Public keys out of a SubjectPublicKeyInfo (RFC 5280 §4.1.2.7, RFC 3279 §2.3, RFC 5480)."""

from __future__ import annotations

import dataclasses
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.primitives.curves import Curve, Point, curve
from crypto.signatures.der import (
    BIT_STRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    malformed_as,
    read_bit_string,
    read_integer,
    read_oid,
    sequence,
)
from crypto.signatures.dsa import DsaPublicKey, parse_dsa_key
from crypto.signatures.explicit_parameters import decode_any_point, match_curve
from crypto.wire.tlv import Tlv, TlvReader, parse_tlv

__all__ = [
    "CURVE_OIDS",
    "DsaPublicKey",
    "EcPublicKey",
    "PublicKey",
    "RsaPublicKey",
    "VerificationKey",
    "parse_certificate_key",
    "parse_public_key",
]

PUBLIC_KEY_MALFORMED = ErrorCode("public_key.malformed", Hint.CALL_STAFF, "A public key is not well formed.")
PUBLIC_KEY_UNSUPPORTED = ErrorCode(
    "public_key.unsupported", Hint.NOT_SUPPORTED, "A public key is of a kind that this program cannot use."
)

EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
RSASSA_PSS: Final = "1.2.840.113549.1.1.10"
DSA: Final = "1.2.840.10040.4.1"

CURVE_OIDS: Final = {
    # RFC 5480 §2.1.1.1
    "1.2.840.10045.3.1.1": "secp192r1",
    "1.3.132.0.33": "secp224r1",
    "1.2.840.10045.3.1.7": "secp256r1",
    "1.3.132.0.34": "secp384r1",
    "1.3.132.0.35": "secp521r1",
    # RFC 5639 §4.1
    "1.3.36.3.3.2.8.1.1.3": "brainpoolP192r1",
    "1.3.36.3.3.2.8.1.1.5": "brainpoolP224r1",
    "1.3.36.3.3.2.8.1.1.7": "brainpoolP256r1",
    "1.3.36.3.3.2.8.1.1.9": "brainpoolP320r1",
    "1.3.36.3.3.2.8.1.1.11": "brainpoolP384r1",
    "1.3.36.3.3.2.8.1.1.13": "brainpoolP512r1",
}
"""Name of a curve by its object identifier."""

OPENSSL_SMALL_MODULUS_BITS: Final = 3072
OPENSSL_EXPONENT_BITS: Final = 64
"""OpenSSL computes with longer exponents only up to that modulus (its OPENSSL_RSA_MAX_PUBEXP_BITS)."""

MAX_RSA_BITS: Final = 8192
"""Longest modulus. Real documents stop at 6144; a longer one would only cost time."""

MAX_RSA_WORK: Final = 4096**3
"""Bits of the exponent times the square of the modulus' bits: time grows with that. A modulus of 4096 bits may have any
exponent, one of 8192 bits an exponent of 1024; such a signature takes a third of a second, one of 8192 and 8192 took
two, and a chip may carry several."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class EcPublicKey:
    """A point on a known curve.

    Attributes:
        curve: the curve, also where the key spelt it out.
        point: the public point; it lies on the curve.
    """

    curve: Curve
    point: Point
    # A place to remember OpenSSL's object in: a trust anchor's is used for many documents. No part of the value.
    _native: list[ec.EllipticCurvePublicKey] = dataclasses.field(default_factory=list, init=False, compare=False)

    def __repr__(self) -> str:
        return f"EcPublicKey({self.curve.name})"

    @property
    def size_bits(self) -> int:
        """Bits of the order."""
        return self.curve.n.bit_length()

    def native(self) -> ec.EllipticCurvePublicKey:
        """OpenSSL's key. Raises :class:`CryptoError` (``curve.unsupported``) where it does not offer the curve."""
        if not self._native:
            self._native.append(self.curve.public_key(self.point))
        return self._native[0]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class RsaPublicKey:
    """An RSA key: modulus n and public exponent e."""

    modulus: int
    exponent: int
    _native: list[rsa.RSAPublicKey] = dataclasses.field(default_factory=list, init=False, compare=False)

    def __repr__(self) -> str:
        return f"RsaPublicKey({self.size_bits} bits)"

    @property
    def size_bits(self) -> int:
        """Bits of the modulus."""
        return self.modulus.bit_length()

    @property
    def modulus_bytes(self) -> int:
        """Length of the modulus, and of a signature, in bytes."""
        return (self.size_bits + 7) // 8

    @property
    def is_bounded(self) -> bool:
        """Whether verifying a signature takes no longer than :data:`MAX_RSA_WORK` allows."""
        return self.exponent.bit_length() * self.size_bits**2 <= MAX_RSA_WORK

    @property
    def is_for_openssl(self) -> bool:
        """Whether OpenSSL computes with these numbers; with others it would call every signature wrong. Then
        :mod:`crypto.signatures.rsa_encodings` verifies."""
        return self.size_bits <= OPENSSL_SMALL_MODULUS_BITS or self.exponent.bit_length() <= OPENSSL_EXPONENT_BITS

    def native(self) -> rsa.RSAPublicKey:
        """OpenSSL's key. Raises :class:`CryptoError` (``public_key.unsupported``) where it refuses the numbers."""
        if not self.is_for_openssl:
            raise CryptoError(PUBLIC_KEY_UNSUPPORTED, bits=self.size_bits)
        try:
            if not self._native:
                self._native.append(rsa.RSAPublicNumbers(self.exponent, self.modulus).public_key())
        except (ValueError, UnsupportedAlgorithm):
            raise CryptoError(PUBLIC_KEY_UNSUPPORTED, bits=self.size_bits) from None
        return self._native[0]


PublicKey = EcPublicKey | RsaPublicKey
"""What a chip's own key can be."""

VerificationKey = PublicKey | DsaPublicKey
"""What a certificate's key can be."""


def parse_public_key(subject_public_key_info: bytes) -> PublicKey:
    """The key in a DER ``SubjectPublicKeyInfo``.

    Raises:
        CryptoError: ``public_key.malformed``; ``public_key.unsupported``, ``curve.unknown`` and
            ``curve.parameters_unknown`` for what cannot be used, so that nothing is known about its signatures;
            ``curve.parameters_manipulated``; ``curve.point_invalid``.
    """
    with malformed_as(PUBLIC_KEY_MALFORMED):
        oid, parameters, bits = _parts(subject_public_key_info)
        return _key(oid, parameters, bits)


def parse_certificate_key(subject_public_key_info: bytes, issuer_key: VerificationKey | None = None) -> VerificationKey:
    """The key in a certificate: as :func:`parse_public_key`, or a DSA key.

    Args:
        subject_public_key_info: the whole structure.
        issuer_key: the key that certified this one; a DSA key may mean that one's parameters (RFC 3279 §2.3.2).

    Raises:
        CryptoError: also ``dsa.malformed``, ``dsa.unsupported`` and ``dsa.parameters_absent``.
    """
    with malformed_as(PUBLIC_KEY_MALFORMED):
        oid, parameters, bits = _parts(subject_public_key_info)
        if oid != DSA:
            return _key(oid, parameters, bits)
        domain = None if parameters.at_end else parameters.take_any()
        inherited = issuer_key.parameters if isinstance(issuer_key, DsaPublicKey) else None
        return parse_dsa_key(domain, bits, inherited)


def _parts(subject_public_key_info: bytes) -> tuple[str, TlvReader, bytes]:
    """Type of the key, a reader before its parameters, and its bits."""
    reader = sequence(subject_public_key_info)
    algorithm = TlvReader(reader.take(SEQUENCE).value)
    bits = read_bit_string(reader.take(BIT_STRING))
    reader.finish()
    return read_oid(algorithm.take(OBJECT_IDENTIFIER)), algorithm, bits


def _key(oid: str, parameters: TlvReader, bits: bytes) -> PublicKey:
    if oid == EC_PUBLIC_KEY:
        return _ec_key(parameters, bits)
    if oid in (RSA_ENCRYPTION, RSASSA_PSS):
        return _rsa_key(bits)
    raise CryptoError(PUBLIC_KEY_UNSUPPORTED, oid=oid)


def _ec_key(algorithm: TlvReader, bits: bytes) -> EcPublicKey:
    named = algorithm.take_optional(OBJECT_IDENTIFIER)
    if named is not None:
        domain = _named_curve(named)
    else:
        explicit = algorithm.take_optional(SEQUENCE)
        if explicit is None:  # implicitCurve: "the one that everybody knows" (RFC 5480 §2.1.1)
            raise CryptoError(PUBLIC_KEY_UNSUPPORTED)
        domain = match_curve(explicit)
    return EcPublicKey(domain, decode_any_point(domain, bits))


def _named_curve(named: Tlv) -> Curve:
    oid = read_oid(named)
    if oid not in CURVE_OIDS:
        raise CryptoError(PUBLIC_KEY_UNSUPPORTED, curve=oid)
    return curve(CURVE_OIDS[oid])


def _rsa_key(bits: bytes) -> RsaPublicKey:
    numbers = TlvReader(parse_tlv(bits, SEQUENCE).value)  # RFC 8017 §A.1.1
    modulus = read_integer(numbers.take(INTEGER))
    exponent = read_integer(numbers.take(INTEGER))
    # RFC 8017 §3.1: odd, since it has an inverse modulo λ(n); with 1 everybody could sign
    if modulus <= 0 or modulus % 2 == 0 or exponent < 3 or exponent % 2 == 0 or exponent >= modulus:
        raise CryptoError(PUBLIC_KEY_MALFORMED)
    key = RsaPublicKey(modulus, exponent)
    if key.size_bits > MAX_RSA_BITS or not key.is_bounded:
        raise CryptoError(PUBLIC_KEY_UNSUPPORTED, bits=key.size_bits)
    return key
