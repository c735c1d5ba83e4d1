"""Padding method 2 of ISO/IEC 9797-1 (§6.3.3): one bit set, then zeros. Doc 9303-11 §9.8.2."""

from __future__ import annotations

from crypto.errors import CryptoError, ErrorCode, Hint

__all__ = ["pad", "unpad"]

PADDING_INVALID = ErrorCode("padding.invalid", Hint.RETRY_CARD, "Decrypted data of the chip is not padded correctly.")


def pad(data: bytes, block_bytes: int) -> bytes:
    """``data || 80 || 00…`` up to a whole number of blocks; always adds at least one byte."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block_bytes)


def unpad(data: bytes, block_bytes: int) -> bytes:
    """Removes the padding.

    Raises:
        CryptoError: no whole blocks, or the marker is missing or farther back than one block.
    """
    stripped = data.rstrip(b"\0")
    if len(data) % block_bytes or not stripped.endswith(b"\x80") or len(data) - len(stripped) >= block_bytes:
        raise CryptoError(PADDING_INVALID)
    return stripped[:-1]
