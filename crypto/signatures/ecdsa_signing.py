"""Making ECDSA signatures on every known curve: what chips under test and TEST issuers need.

Deterministic (RFC 6979), so that the same card answers alike in every process. On the three curves that the crypto
library lacks, Python signs: such a key must be a published TEST key (``docs/decisions/0004-curves-openssl-does-not-offer.md``).
"""

from __future__ import annotations

from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from crypto.primitives.curves import Curve, Point
from crypto.signatures.ecdsa_plain import EcdsaValue, generator_of, parse_der
from crypto.signatures.hash_algorithms import HashAlgorithm

__all__ = ["EcdsaSigningKey"]


class EcdsaSigningKey:
    """A private key that signs. It is never printed.

    Args:
        curve: any known curve.
        scalar: 1 … n-1.
    """

    __slots__ = ("_native", "_scalar", "curve", "public_point")

    def __init__(self, curve: Curve, scalar: int) -> None:
        pair = curve.private_key(scalar)
        self.curve: Final = curve
        self.public_point: Final[Point] = pair.public_point
        self._scalar: Final = scalar
        self._native: Final = ec.derive_private_key(scalar, curve.native()) if curve.in_openssl else None

    def __repr__(self) -> str:
        return f"EcdsaSigningKey({self.curve.name})"

    def sign_plain(self, algorithm: HashAlgorithm, data: bytes) -> bytes:
        """r ‖ s over the hash of ``data``, each half as long as the order (TR-03111 §5.2.1)."""
        return self._sign(algorithm, algorithm.digest(data)).to_plain(self.curve)

    def sign_der(self, algorithm: HashAlgorithm, data: bytes) -> bytes:
        """``SEQUENCE { r INTEGER, s INTEGER }`` over the hash of ``data`` (RFC 3279 §2.2.3)."""
        return self._sign(algorithm, algorithm.digest(data)).to_der()

    def _sign(self, algorithm: HashAlgorithm, digest: bytes) -> EcdsaValue:
        if self._native is None:
            return self._sign_in_python(algorithm, digest)
        scheme = ec.ECDSA(Prehashed(algorithm.native), deterministic_signing=True)
        return parse_der(self._native.sign(digest, scheme), self.curve)

    def _sign_in_python(self, algorithm: HashAlgorithm, digest: bytes) -> EcdsaValue:
        import hashlib

        from ecdsa.ecdsa import Private_key, Public_key
        from ecdsa.ellipticcurve import PointJacobi
        from ecdsa.rfc6979 import generate_k

        generator = generator_of(self.curve.name)
        point = PointJacobi(generator.curve(), self.public_point.x, self.public_point.y, 1, self.curve.n)
        k = generate_k(self.curve.n, self._scalar, getattr(hashlib, algorithm.label), digest)
        excess_bits = max(0, 8 * len(digest) - self.curve.n.bit_length())
        number = int.from_bytes(digest, "big") >> excess_bits
        signature = Private_key(Public_key(generator, point), self._scalar).sign(number, k)
        return EcdsaValue(int(signature.r), int(signature.s))
