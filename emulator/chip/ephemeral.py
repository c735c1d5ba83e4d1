"""Fresh private keys out of an injected source of random octets."""

from __future__ import annotations

from collections.abc import Callable

from crypto.primitives.curves import Curve, EcPrivateKey
from crypto.primitives.dh_groups import DhGroup, DhPrivateKey
from crypto.wire.status_word import StatusWord
from emulator.chip.refusal import CommandRefusedError

__all__ = ["fresh_dh_key_pair", "fresh_key_pair", "fresh_scalar"]

_MOST_TRIES = 128


def fresh_scalar(order: int, random_bytes: Callable[[int], bytes]) -> int:
    """A number uniform in 1 … order-1 (TR-03111 §4.1.1, by rejection).

    A source that returns a published private key, in as many octets as the order has, yields exactly that key.
    """
    mask = (1 << order.bit_length()) - 1
    for _ in range(_MOST_TRIES):
        scalar = int.from_bytes(random_bytes((order.bit_length() + 7) // 8), "big") & mask
        if 1 <= scalar < order:
            return scalar
    raise CommandRefusedError(StatusWord.NO_PRECISE_DIAGNOSIS)  # chance 2^-128 with a sound source


def fresh_key_pair(curve: Curve, random_bytes: Callable[[int], bytes]) -> EcPrivateKey:
    """A key pair on the curve."""
    return curve.private_key(fresh_scalar(curve.n, random_bytes))


def fresh_dh_key_pair(group: DhGroup, random_bytes: Callable[[int], bytes]) -> DhPrivateKey:
    """A key pair in the group; the exponent is below the order of the subgroup (RFC 2631 §2.2)."""
    return group.private_key(fresh_scalar(group.q, random_bytes))
