"""Message authentication codes of secure messaging, eight bytes each (Doc 9303-11 §9.8.7)."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC
from cryptography.hazmat.primitives.constant_time import bytes_eq

from crypto.primitives.block_cipher import SymmetricCipher, decrypt_cbc, encrypt_cbc
from crypto.primitives.padding import pad

__all__ = ["MAC_BYTES", "aes_cmac", "mac", "macs_equal", "retail_mac"]

MAC_BYTES = 8


def retail_mac(key: bytes, padded: bytes) -> bytes:
    """MAC algorithm 3 of ISO/IEC 9797-1 with DES over already padded data.

    CBC with single DES and the first half of the key, then the last block is decrypted with the second half and
    encrypted with the first. A single-DES step is written as 3DES with three equal keys.
    """
    single_first = key[:8] * 2
    chained = encrypt_cbc(SymmetricCipher.TDES, single_first, bytes(8), padded)[-8:]
    inner = decrypt_cbc(SymmetricCipher.TDES, key[8:16] * 2, bytes(8), chained)
    return encrypt_cbc(SymmetricCipher.TDES, single_first, bytes(8), inner)


def aes_cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC truncated to eight bytes (NIST SP 800-38B; Doc 9303-11 §9.8.7.2). No padding is added first."""
    cmac = CMAC(algorithms.AES(key))
    cmac.update(data)
    return cmac.finalize()[:MAC_BYTES]


def mac(cipher: SymmetricCipher, key: bytes, data: bytes) -> bytes:
    """The MAC that belongs to a cipher over unpadded data.

    3DES pads by method 2 and takes MAC algorithm 3; AES-CMAC takes the data as it is. That is the rule for
    authentication tokens (Doc 9303-11 §4.4.3.4); secure messaging pads by itself before either.
    """
    if cipher is SymmetricCipher.TDES:
        return retail_mac(key, pad(data, cipher.block_bytes))
    return aes_cmac(key, data)


def macs_equal(first: bytes, second: bytes) -> bool:
    """Comparison in constant time."""
    return bytes_eq(first, second)
