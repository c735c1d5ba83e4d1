"""Key derivation (Doc 9303-11 §9.7)."""

from __future__ import annotations

import enum
import hashlib

from crypto.primitives.block_cipher import SymmetricCipher

__all__ = ["KeyUse", "adjust_parity", "derive_key"]


class KeyUse(enum.IntEnum):
    """The counter of the key derivation function (Doc 9303-11 §9.7.1.1 to §9.7.1.4)."""

    ENCRYPTION = 1
    MAC = 2
    PASSWORD = 3


def derive_key(seed: bytes, use: KeyUse, cipher: SymmetricCipher) -> bytes:
    """KDF(seed, use): the leading bytes of a hash over seed and counter.

    SHA-1 for 3DES and AES-128, SHA-256 for longer keys; 3DES keys get odd parity (§9.7.1.1 to §9.7.1.3).
    """
    hash_name = "sha1" if cipher.key_bytes == 16 else "sha256"
    digest = hashlib.new(hash_name, seed + use.to_bytes(4, "big"), usedforsecurity=False).digest()
    key = digest[: cipher.key_bytes]
    return adjust_parity(key) if cipher is SymmetricCipher.TDES else key


def adjust_parity(key: bytes) -> bytes:
    """Odd parity in the last bit of every byte, as DES keys have it (FIPS 46-3)."""
    return bytes((byte & 0xFE) | (1 - (byte >> 1).bit_count() % 2) for byte in key)
