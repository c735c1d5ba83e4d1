"""Fresh private keys out of an injected source of random octets."""

from __future__ import annotations

from collections.abc import Callable

from crypto.primitives.curves import Curve, EcPrivateKey
from crypto.wire.status_word import StatusWord
from emulator.chip.refusal import CommandRefusedError

__all__ = ["fresh_key_pair"]

_MOST_TRIES = 128


def fresh_key_pair(curve: Curve, random_bytes: Callable[[int], bytes]) -> EcPrivateKey:
    """A key pair whose scalar is uniform in 1 … n-1 (TR-03111 §4.1.1, by rejection).

    A source that returns a published private key yields exactly that key.
    """
    mask = (1 << curve.n.bit_length()) - 1
    for _ in range(_MOST_TRIES):
        scalar = int.from_bytes(random_bytes(curve.order_bytes), "big") & mask
        if 1 <= scalar < curve.n:
            return curve.private_key(scalar)
    raise CommandRefusedError(StatusWord.NO_PRECISE_DIAGNOSIS)  # chance 2^-128 with a sound source
