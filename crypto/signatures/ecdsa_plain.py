"""ECDSA: its two encodings, and verification on every known curve.

The *plain* form is r ‖ s, each as long as the group order (TR-03111 §5.2.1); chips answer active authentication so.
The *DER* form is a SEQUENCE of two INTEGERs, whose lengths may differ (RFC 3279 §2.2.3); certificates carry it.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, NamedTuple

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.primitives.curves import Curve, curve
from crypto.signatures.der import INTEGER, encode_integer, malformed_as, read_integer, sequence
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.signatures.public_key import EcPublicKey
from crypto.wire.tlv import encode_tlv

if TYPE_CHECKING:
    from ecdsa.ellipticcurve import PointJacobi

__all__ = [
    "EcdsaValue",
    "der_to_plain",
    "generator_of",
    "parse_der",
    "parse_plain",
    "plain_to_der",
    "verify_der",
    "verify_plain",
]

SIGNATURE_MALFORMED = ErrorCode("signature.malformed", Hint.CALL_STAFF, "A signature is not well formed.")


class EcdsaValue(NamedTuple):
    """The two numbers of a signature, each in 1 … n-1."""

    r: int
    s: int

    def to_plain(self, curve: Curve) -> bytes:
        """``r ‖ s``, each with the length of the order (TR-03111 §5.2.1)."""
        return self.r.to_bytes(curve.order_bytes, "big") + self.s.to_bytes(curve.order_bytes, "big")

    def to_der(self) -> bytes:
        """``SEQUENCE { r INTEGER, s INTEGER }``."""
        return encode_tlv(0x30, (encode_integer(self.r), encode_integer(self.s)))


def parse_plain(signature: bytes, curve: Curve) -> EcdsaValue:
    """r and s of a plain signature.

    Raises:
        CryptoError: ``signature.malformed``: not exactly twice the length of the order, or r or s out of range.
    """
    size = curve.order_bytes
    if len(signature) != 2 * size:
        raise CryptoError(SIGNATURE_MALFORMED, length=len(signature))
    return _in_range(int.from_bytes(signature[:size], "big"), int.from_bytes(signature[size:], "big"), curve)


def parse_der(signature: bytes, curve: Curve) -> EcdsaValue:
    """r and s of a DER signature; only the one encoding that DER allows, with nothing after it.

    Raises:
        CryptoError: ``signature.malformed``.
    """
    with malformed_as(SIGNATURE_MALFORMED):
        reader = sequence(signature)
        r, s = read_integer(reader.take(INTEGER)), read_integer(reader.take(INTEGER))
        reader.finish()
    value = _in_range(r, s, curve)
    if value.to_der() != signature:  # a second encoding of the same signature is none (X.690 §10.1, §8.3.2)
        raise CryptoError(SIGNATURE_MALFORMED)
    return value


def _in_range(r: int, s: int, curve: Curve) -> EcdsaValue:
    if not (1 <= r < curve.n and 1 <= s < curve.n):  # TR-03111 §4.2.1.2 step 1
        raise CryptoError(SIGNATURE_MALFORMED)
    return EcdsaValue(r, s)


def plain_to_der(signature: bytes, curve: Curve) -> bytes:
    """A plain signature in DER. Raises as :func:`parse_plain`."""
    return parse_plain(signature, curve).to_der()


def der_to_plain(signature: bytes, curve: Curve) -> bytes:
    """A DER signature in the plain form. Raises as :func:`parse_der`."""
    return parse_der(signature, curve).to_plain(curve)


def verify_plain(key: EcPublicKey, algorithm: HashAlgorithm, signature: bytes, data: bytes) -> bool:
    """Whether a plain signature over the hash of ``data`` is right. A malformed one is wrong."""
    try:
        value = parse_plain(signature, key.curve)
    except CryptoError:
        return False
    return _verify(key, algorithm, value, value.to_der(), data)


def verify_der(key: EcPublicKey, algorithm: HashAlgorithm, signature: bytes, data: bytes) -> bool:
    """Whether a DER signature over the hash of ``data`` is right. A malformed one is wrong."""
    try:
        value = parse_der(signature, key.curve)
    except CryptoError:
        return False
    return _verify(key, algorithm, value, signature, data)


def _verify(key: EcPublicKey, algorithm: HashAlgorithm, value: EcdsaValue, der: bytes, data: bytes) -> bool:
    digest = algorithm.digest(data)
    if not key.curve.in_openssl:
        return _verify_in_python(key, value, digest)
    try:
        key.native().verify(der, digest, ec.ECDSA(Prehashed(algorithm.native)))
    except InvalidSignature:
        return False
    return True


def _verify_in_python(key: EcPublicKey, value: EcdsaValue, digest: bytes) -> bool:
    """For brainpoolP192r1, P224r1 and P320r1, which the crypto library lacks.

    Everything here is public, so arithmetic that takes a varying time gives nothing away. Nothing secret may ever
    come this way: ``docs/decisions/0004-curves-openssl-does-not-offer.md``.
    """
    from ecdsa.ecdsa import Public_key, Signature
    from ecdsa.ellipticcurve import PointJacobi

    generator = generator_of(key.curve.name)
    point = PointJacobi(generator.curve(), key.point.x, key.point.y, 1, key.curve.n)
    excess_bits = max(0, 8 * len(digest) - key.curve.n.bit_length())
    number = int.from_bytes(digest, "big") >> excess_bits  # the leftmost bits (TR-03111 §4.2.1.2 step 2)
    return bool(Public_key(generator, point).verifies(number, Signature(value.r, value.s)))


@functools.cache
def generator_of(name: str) -> PointJacobi:
    """The base point of a curve, with precomputed multiples. Anything that it is multiplied by must be public."""
    from ecdsa.ellipticcurve import CurveFp, PointJacobi

    domain = curve(name)
    return PointJacobi(CurveFp(domain.p, domain.a, domain.b, 1), domain.g.x, domain.g.y, 1, domain.n, generator=True)
