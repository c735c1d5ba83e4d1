"""Signatures of active authentication (Doc 9303-11 §6.1)."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

__all__ = ["EcdsaSigner", "RsaSigner"]

_TRAILERS: Final = {
    "sha1": b"\xbc",
    "sha224": b"\x38\xcc",
    "sha256": b"\x34\xcc",
    "sha384": b"\x36\xcc",
    "sha512": b"\x35\xcc",
}
"""Trailer field by hash function (Doc 9303-11 §6.1.2.2; SHA-1 takes option 1)."""

_HASHES: Final[dict[str, hashes.HashAlgorithm]] = {
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class RsaSigner:
    """ISO/IEC 9796-2 digital signature scheme 1 with partial recovery.

    Attributes:
        key: the private key.
        hash_name: ``sha1`` or ``sha224`` to ``sha512``.
        random_bytes: source of M1 (RND.IC).
    """

    key: rsa.RSAPrivateKey
    hash_name: str
    random_bytes: Callable[[int], bytes]

    def sign(self, challenge: bytes) -> bytes:
        """σ over M1 || challenge, as long as the modulus."""
        numbers = self.key.private_numbers()
        modulus = numbers.public_numbers.n
        size = (modulus.bit_length() + 7) // 8
        trailer = _TRAILERS[self.hash_name]
        hash_bytes = hashlib.new(self.hash_name, usedforsecurity=False).digest_size
        m1 = self.random_bytes(size - hash_bytes - len(trailer) - 1)  # c - 4 bits (Doc 9303-11 §6.1.2.2)
        digest = hashlib.new(self.hash_name, m1 + challenge, usedforsecurity=False).digest()
        # '6A': header 01, "more data" bit for the challenge that is not recoverable, padding nibble 'A'
        representative = int.from_bytes(b"\x6a" + m1 + digest + trailer, "big")
        # The crypto library offers no raw private operation. pow is not constant-time; this key is a published TEST key.
        return pow(representative, numbers.d, modulus).to_bytes(size, "big")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class EcdsaSigner:
    """ECDSA in plain format r || s (TR-03111 §5.2.1), each half as long as the order of the curve.

    Attributes:
        key: the private key.
        hash_name: ``sha224`` to ``sha512``.
    """

    key: ec.EllipticCurvePrivateKey
    hash_name: str

    def sign(self, challenge: bytes) -> bytes:
        """r || s over the challenge."""
        # Deterministic (RFC 6979), so that a card answers the same in every process
        algorithm = ec.ECDSA(_HASHES[self.hash_name], deterministic_signing=True)
        r, s = decode_dss_signature(self.key.sign(challenge, algorithm))
        size = (self.key.curve.key_size + 7) // 8
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
