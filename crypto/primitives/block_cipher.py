"""The block ciphers of secure messaging: two-key 3DES and AES in CBC mode (Doc 9303-11 §9.8)."""

from __future__ import annotations

import enum

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

__all__ = ["SymmetricCipher", "decrypt_block", "decrypt_cbc", "encrypt_block", "encrypt_cbc"]


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

    @property
    def is_aes(self) -> bool:
        """AES of any key length."""
        return self is not SymmetricCipher.TDES


def _cbc(cipher: SymmetricCipher, key: bytes, iv: bytes) -> Cipher[modes.CBC]:
    if cipher is SymmetricCipher.TDES:
        return Cipher(TripleDES(key + key[:8]), modes.CBC(iv))  # K1 K2 K1: two-key 3DES (ISO/IEC 18033-3 §4.2)
    return Cipher(algorithms.AES(key), modes.CBC(iv))


def encrypt_cbc(cipher: SymmetricCipher, key: bytes, iv: bytes, data: bytes) -> bytes:
    """CBC over whole blocks, no padding added."""
    encryptor = _cbc(cipher, key, iv).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def decrypt_cbc(cipher: SymmetricCipher, key: bytes, iv: bytes, data: bytes) -> bytes:
    """CBC over whole blocks, no padding removed."""
    decryptor = _cbc(cipher, key, iv).decryptor()
    return decryptor.update(data) + decryptor.finalize()


def encrypt_block(cipher: SymmetricCipher, key: bytes, block: bytes) -> bytes:
    """One block on its own: E(K, block), as for the IV of AES secure messaging (Doc 9303-11 §9.8.6.1)."""
    return encrypt_cbc(cipher, key, bytes(cipher.block_bytes), block)


def decrypt_block(cipher: SymmetricCipher, key: bytes, block: bytes) -> bytes:
    """One block on its own: D(K, block)."""
    return decrypt_cbc(cipher, key, bytes(cipher.block_bytes), block)
