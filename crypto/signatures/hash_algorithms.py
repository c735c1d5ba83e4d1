"""The hash functions that identity documents name (Doc 9303-12 §4.1.2; FIPS 180-4)."""

from __future__ import annotations

import enum
import hashlib
from typing import Final

from cryptography.hazmat.primitives import hashes

from crypto.errors import CryptoError, ErrorCode, Hint

__all__ = ["HashAlgorithm", "hash_algorithm"]

HASH_UNSUPPORTED = ErrorCode(
    "hash.unsupported", Hint.NOT_SUPPORTED, "The document names a hash function that this program does not have."
)


class HashAlgorithm(enum.Enum):
    """A hash function: name, object identifier, length of the digest in bytes."""

    SHA1 = ("sha1", "1.3.14.3.2.26", 20)
    SHA224 = ("sha224", "2.16.840.1.101.3.4.2.4", 28)
    SHA256 = ("sha256", "2.16.840.1.101.3.4.2.1", 32)
    SHA384 = ("sha384", "2.16.840.1.101.3.4.2.2", 48)
    SHA512 = ("sha512", "2.16.840.1.101.3.4.2.3", 64)

    def __init__(self, label: str, oid: str, digest_bytes: int) -> None:
        self.label = label
        self.oid = oid
        self.digest_bytes = digest_bytes

    def digest(self, data: bytes) -> bytes:
        """The hash of ``data``."""
        # SHA-1 is what older documents were signed with; whether that is still enough is for a policy to say.
        return hashlib.new(self.label, data, usedforsecurity=False).digest()

    @property
    def native(self) -> hashes.HashAlgorithm:
        """The crypto library's object for this function."""
        return _NATIVE[self]


_NATIVE: Final[dict[HashAlgorithm, hashes.HashAlgorithm]] = {
    HashAlgorithm.SHA1: hashes.SHA1(),  # noqa: S303 - old documents are verified, nothing new is signed with it
    HashAlgorithm.SHA224: hashes.SHA224(),
    HashAlgorithm.SHA256: hashes.SHA256(),
    HashAlgorithm.SHA384: hashes.SHA384(),
    HashAlgorithm.SHA512: hashes.SHA512(),
}
_BY_OID: Final = {algorithm.oid: algorithm for algorithm in HashAlgorithm}


def hash_algorithm(oid: str) -> HashAlgorithm:
    """The hash function of an object identifier.

    Raises:
        CryptoError: ``hash.unsupported``; whoever needed the hash then knows nothing, good or bad.
    """
    try:
        return _BY_OID[oid]
    except KeyError:
        raise CryptoError(HASH_UNSUPPORTED, oid=oid) from None
