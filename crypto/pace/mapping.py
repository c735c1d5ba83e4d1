"""The mathematics of mapping a nonce to a new generator (Doc 9303-11 §4.4.3.3.1). Both sides share it."""

from __future__ import annotations

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.primitives.curves import Curve, EcPrivateKey, Point
from crypto.primitives.dh_groups import DhGroup, DhPrivateKey

__all__ = ["map_generic_dh", "map_generic_ecdh"]

GENERATOR_INVALID = ErrorCode(
    "pace.generator_invalid", Hint.RETRY_CARD, "The mapping led to no usable generator. Lay the card down again."
)


def map_generic_ecdh(curve: Curve, nonce: bytes, own_key: EcPrivateKey, peer_point: Point) -> Point:
    """Generic mapping over an elliptic curve: G' = s·G + H with H = own_key · peer_point.

    Args:
        curve: the domain parameters agreed on.
        nonce: s, the decrypted nonce, as octets.
        own_key: the ephemeral mapping key of this side.
        peer_point: the other side's mapping public key, already checked to be on the curve.

    Raises:
        CryptoError: the result would be the point at infinity, or s ≡ 0 modulo the order.
    """
    h = own_key.multiply(peer_point)
    s_g = curve.private_key(int.from_bytes(nonce, "big") % curve.n).public_point
    return curve.add(s_g, h)


def map_generic_dh(group: DhGroup, nonce: bytes, own_key: DhPrivateKey, peer_value: int) -> int:
    """Generic mapping over a finite field: g' = g^s · h with h = peer_value ^ own_key.

    Args:
        group: the domain parameters agreed on.
        nonce: s, the decrypted nonce, as octets.
        own_key: the ephemeral mapping key of this side.
        peer_value: the other side's mapping public value, already checked to be in the group.

    Raises:
        CryptoError: the result would be 1.
    """
    generator = pow(group.g, int.from_bytes(nonce, "big"), group.p) * own_key.raise_to(peer_value) % group.p
    if generator <= 1:
        raise CryptoError(GENERATOR_INVALID)
    return generator
