"""Message authentication codes of secure messaging, eight bytes each (Doc 9303-11 §9.8.7)."""

from __future__ import annotations

import hmac
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.ciphers import algorithms
from cryptography.hazmat.primitives.cmac import CMAC

from crypto.primitives.block_cipher import KeyedCipher, SymmetricCipher
from crypto.primitives.padding import pad

__all__ = ["MAC_BYTES", "KeyedMac", "aes_cmac", "mac", "macs_equal", "retail_mac"]

MAC_BYTES = 8


class KeyedMac:
    """The MAC of a cipher under one key, for many messages: the key is set up once.

    It is never printed or pickled.
    """

    __slots__ = ("of",)

    def __init__(self, cipher: SymmetricCipher, key: bytes) -> None:
        """``key`` has ``cipher.key_bytes`` bytes."""
        self.of: Final[Callable[[bytes], bytes]] = _Cmac(key).of if cipher.is_aes else _RetailMac(key).of
        """Eight bytes over a message: AES-CMAC; for 3DES MAC algorithm 3, and the message is already padded."""


class _Cmac:
    __slots__ = ("_fresh",)

    def __init__(self, key: bytes) -> None:
        self._fresh: Final = CMAC(algorithms.AES(key))

    def of(self, data: bytes) -> bytes:
        cmac = self._fresh.copy()
        cmac.update(data)
        return cmac.finalize()[:MAC_BYTES]


class _RetailMac:
    __slots__ = ("_first", "_second")

    def __init__(self, key: bytes) -> None:
        self._first: Final = KeyedCipher(SymmetricCipher.TDES, key[:8] * 2)
        self._second: Final = KeyedCipher(SymmetricCipher.TDES, key[8:16] * 2)

    def of(self, padded: bytes) -> bytes:
        chained = self._first.encrypt_cbc(bytes(8), padded)[-8:]
        return self._first.encrypt_block(self._second.decrypt_cbc(bytes(8), chained))


def retail_mac(key: bytes, padded: bytes) -> bytes:
    """MAC algorithm 3 of ISO/IEC 9797-1 with DES over already padded data.

    CBC with single DES and the first half of the key, then the last block is decrypted with the second half and
    encrypted with the first. A single-DES step is written as 3DES with three equal keys.
    """
    return _RetailMac(key).of(padded)


def aes_cmac(key: bytes, data: bytes) -> bytes:
    """AES-CMAC truncated to eight bytes (NIST SP 800-38B; Doc 9303-11 §9.8.7.2). No padding is added first."""
    return _Cmac(key).of(data)


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
    return hmac.compare_digest(first, second)
