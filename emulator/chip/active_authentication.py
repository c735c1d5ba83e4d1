"""Signatures of active authentication (Doc 9303-11 §6.1)."""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric import rsa

from crypto.signatures.ecdsa_signing import EcdsaSigningKey
from crypto.signatures.hash_algorithms import HashAlgorithm

__all__ = ["EcdsaSigner", "RsaSigner"]

_TRAILERS: Final = {
    "sha1": b"\xbc",
    "sha224": b"\x38\xcc",
    "sha256": b"\x34\xcc",
    "sha384": b"\x36\xcc",
    "sha512": b"\x35\xcc",
}
"""Trailer field by hash function (Doc 9303-11 §6.1.2.2; SHA-1 takes option 1)."""


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
    """ECDSA, in plain format r || s as Doc 9303-11 §6.1.2.3 demands (TR-03111 §5.2.1), or in DER as some chips answer.

    Attributes:
        key: the private key.
        hash_name: ``sha1`` or ``sha224`` to ``sha512``.
        der: whether the answer is a SEQUENCE of two INTEGERs.
    """

    key: EcdsaSigningKey
    hash_name: str
    der: bool = False

    def sign(self, challenge: bytes) -> bytes:
        """The signature over the challenge; always the same one for the same challenge (RFC 6979)."""
        algorithm = next(known for known in HashAlgorithm if known.label == self.hash_name)
        return self.key.sign_der(algorithm, challenge) if self.der else self.key.sign_plain(algorithm, challenge)
