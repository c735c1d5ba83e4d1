"""The block ciphers of secure messaging: two-key 3DES and AES in CBC mode (Doc 9303-11 §9.8)."""

from __future__ import annotations

import enum
from typing import Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

__all__ = ["KeyedCipher", "SymmetricCipher", "decrypt_block", "decrypt_cbc", "encrypt_block", "encrypt_cbc"]


class SymmetricCipher(enum.Enum):
    """A cipher of Doc 9303-11: name, key length in bytes, block length in bytes."""

    TDES = ("3des", 16, 8)
    AES128 = ("aes-128", 16, 16)
    AES192 = ("aes-192", 24, 16)
    AES256 = ("aes-256", 32, 16)

    def __init__(self, label: str, key_bytes: int, block_bytes: int) -> None:
        self.label = label
        self.key_bytes = key_bytes
        self.block_bytes = block_bytes
        self.is_aes = label != "3des"
        """AES of any key length."""

    __hash__ = object.__hash__  # there is one of each; the enumeration's own is slower, and asked for with every block


class KeyedCipher:
    """A cipher under one key, for many messages: the key is set up once, not once for each of them.

    Not for two threads at once. It is never printed or pickled.
    """

    __slots__ = ("_algorithm", "_each_block", "_one_block", "block_bytes")

    def __init__(self, cipher: SymmetricCipher, key: bytes) -> None:
        """``key`` has ``cipher.key_bytes`` bytes."""
        self._algorithm: Final = _algorithm(cipher, key)
        self.block_bytes: Final = cipher.block_bytes
        # A block by itself has no mode of operation; ECB is the library's name for that
        each_block = Cipher(self._algorithm, modes.ECB())  # noqa: S305
        self._one_block: Final = each_block.encryptor()
        self._each_block: Final = each_block.decryptor()

    def encrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """CBC over whole blocks, no padding added."""
        return _encrypted(self._algorithm, iv, data)

    def decrypt_cbc(self, iv: bytes, data: bytes) -> bytes:
        """CBC over whole blocks, no padding removed: each is decrypted and added to the one before it (SP 800-38A §6.2).

        Done so because the library takes longer to set up its CBC than to decrypt an answer.

        Raises:
            ValueError: not whole blocks, or an IV that is none.
        """
        if len(iv) != self.block_bytes or len(data) % self.block_bytes:
            raise ValueError("CBC works on whole blocks and begins with one")
        before = iv + data[: -self.block_bytes]
        opened = self._each_block.update(data)
        return (int.from_bytes(opened, "big") ^ int.from_bytes(before[: len(data)], "big")).to_bytes(len(data), "big")

    def encrypt_block(self, block: bytes) -> bytes:
        """One block on its own: E(K, block), as for the IV of AES secure messaging (Doc 9303-11 §9.8.6.1).

        Raises:
            ValueError: not exactly one block. The library would keep a part of one for the next call.
        """
        if len(block) != self.block_bytes:
            raise ValueError("exactly one block is encrypted on its own")
        return self._one_block.update(block)


def encrypt_cbc(cipher: SymmetricCipher, key: bytes, iv: bytes, data: bytes) -> bytes:
    """CBC over whole blocks, no padding added."""
    return _encrypted(_algorithm(cipher, key), iv, data)


def decrypt_cbc(cipher: SymmetricCipher, key: bytes, iv: bytes, data: bytes) -> bytes:
    """CBC over whole blocks, no padding removed."""
    return _decrypted(_algorithm(cipher, key), iv, data)


def encrypt_block(cipher: SymmetricCipher, key: bytes, block: bytes) -> bytes:
    """One block on its own: E(K, block), as for the IV of AES secure messaging (Doc 9303-11 §9.8.6.1)."""
    return encrypt_cbc(cipher, key, bytes(cipher.block_bytes), block)


def decrypt_block(cipher: SymmetricCipher, key: bytes, block: bytes) -> bytes:
    """One block on its own: D(K, block)."""
    return decrypt_cbc(cipher, key, bytes(cipher.block_bytes), block)


def _algorithm(cipher: SymmetricCipher, key: bytes) -> algorithms.AES | TripleDES:
    # K1 K2 K1: two-key 3DES (ISO/IEC 18033-3 §4.2)
    return algorithms.AES(key) if cipher.is_aes else TripleDES(key + key[:8])


def _encrypted(algorithm: algorithms.AES | TripleDES, iv: bytes, data: bytes) -> bytes:
    encryptor = Cipher(algorithm, modes.CBC(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def _decrypted(algorithm: algorithms.AES | TripleDES, iv: bytes, data: bytes) -> bytes:
    decryptor = Cipher(algorithm, modes.CBC(iv)).decryptor()
    return decryptor.update(data) + decryptor.finalize()
