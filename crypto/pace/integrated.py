"""Integrated mapping: two nonces become a generator whose logarithm nobody knows (Doc 9303-11 §4.4.3.3.2)."""

from __future__ import annotations

from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.primitives.block_cipher import SymmetricCipher, encrypt_cbc
from crypto.primitives.curves import Curve, Point
from crypto.primitives.dh_groups import DhGroup

__all__ = ["map_integrated_dh", "map_integrated_ecdh", "pseudo_random_element"]

MAPPING_IMPOSSIBLE = ErrorCode(
    "pace.mapping_impossible", Hint.RETRY_CARD, "The two nonces lead to no usable generator. Lay the card down again."
)

_CONSTANTS_128: Final = (
    bytes.fromhex("a668892a7c41e3ca739f40b057d85904"),
    bytes.fromhex("a4e136ac725f738b01c1f60217c188ad"),
)
_CONSTANTS_256: Final = (
    bytes.fromhex("d463d65234124ef7897054986dca0a174e28df758cbaa03f240616414d5a1676"),
    bytes.fromhex("54bd7255f0aaf831bec3423fcf39d69b6cbf066677d0faae5aadd99df8e53517"),
)


def pseudo_random_element(cipher: SymmetricCipher, nonce_s: bytes, nonce_t: bytes, p: int) -> int:
    """Rp(s, t): an element of GF(p) from the chip's nonce and the terminal's (figure 2).

    Args:
        cipher: of the PACE protocol; its key length is k.
        nonce_s: the decrypted nonce of the chip: 16 bytes, or 32 for AES-192 and AES-256.
        nonce_t: the nonce of the terminal: as long as a key.
        p: the field's prime.

    Raises:
        CryptoError: a nonce has another length than the standard says.
    """
    c0, c1 = _CONSTANTS_128 if cipher.key_bytes == 16 else _CONSTANTS_256
    if len(nonce_s) != len(c0) or len(nonce_t) != cipher.key_bytes:
        raise CryptoError(MAPPING_IMPOSSIBLE)
    zero_iv = bytes(cipher.block_bytes)
    key = encrypt_cbc(cipher, nonce_t, zero_iv, nonce_s)[: cipher.key_bytes]
    output = b""
    while 8 * len(output) < p.bit_length() + 64:  # n is the smallest number with n·l ≥ log2 p + 64
        output += encrypt_cbc(cipher, key, zero_iv, c1)
        key = encrypt_cbc(cipher, key, zero_iv, c0)[: cipher.key_bytes]
    return int.from_bytes(output, "big") % p


def map_integrated_ecdh(curve: Curve, element: int) -> Point:
    """fG: a field element to a point (Doc 9303-11 Appendix B.2; the cofactor of all our curves is 1).

    Raises:
        CryptoError: the curve's p is not 3 modulo 4, for which the encoding is not defined; or the element is one of
            the few for which it has no value.
    """
    p, a, b = curve.p, curve.a, curve.b
    if p % 4 != 3:  # secp224r1
        raise CryptoError(MAPPING_IMPOSSIBLE, curve=curve.name)
    alpha = -element * element % p
    denominator = (alpha + alpha * alpha) % p
    if denominator == 0:
        raise CryptoError(MAPPING_IMPOSSIBLE, curve=curve.name)
    x2 = -b * (1 + denominator) * pow(a * denominator, -1, p) % p  # one inversion, as the implementation notes advise
    h2 = (x2**3 + a * x2 + b) % p
    inverse_root = pow(h2, p - 1 - (p + 1) // 4, p)  # 1/√h2 if h2 is a square
    if inverse_root * inverse_root * h2 % p == 1:
        return Point(x2, inverse_root * h2 % p)
    x3 = alpha * x2 % p
    return Point(x3, inverse_root * pow(element, 3, p) * h2 % p)


def map_integrated_dh(group: DhGroup, element: int) -> int:
    """fg: a field element to a member of the subgroup, element^((p-1)/q) (Doc 9303-11 §4.4.3.3.2).

    Raises:
        CryptoError: the result would be 1.
    """
    generator = pow(element, (group.p - 1) // group.q, group.p)
    if generator <= 1:
        raise CryptoError(MAPPING_IMPOSSIBLE)
    return generator
