"""Challenges of active authentication that tell, once the chip has signed, by which device and when it was asked.

A chip signs eight octets and nothing else, so whatever a signature is to say about its circumstances must be in them:

    RND.IFD = first 8 octets of SHA-256(DOMAIN ‖ device ‖ moment ‖ nonce)

    DOMAIN   46 octets, below                   device   32 octets, fingerprint of the device's key
    moment   20 octets, 2026-06-01T12:00:00Z    nonce    16 random octets

Each part has one length, so different circumstances never give the same input.

**Unpredictable** as Doc 9303-11 §6.1 wants it: device and moment may be known to everybody, the 128 random bits of the
nonce are drawn when the chip is asked and leave the device only with the evidence. Who cannot guess them sees a
challenge that looks like 64 random bits, just as one that was drawn at random. **Fresh**: each question has its own.

**Bound**: to make a challenge that a chip has signed already into one of another device or moment, one needs a nonce
that leads to the same 64 bits: 2^64 hashes, for each signature. So a signature cannot be dated back or taken over after
the card is gone. What a device decided *before* it asked it can decide freely: its clock is still its word.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import re
from collections.abc import Callable
from typing import Any, Final

from reader.evidence.canonical import NotCanonicalError, decode, encode
from reader.protocols.active_authentication import CHALLENGE_BYTES, Challenge, ChallengeOrigin

__all__ = ["LONGEST_READING", "bound_challenges", "decode_origin", "encode_origin", "is_bound_to"]

LONGEST_READING: Final = dt.timedelta(minutes=10)
"""The chip is asked no further than this from the stated time of the reading, which takes seconds."""

_DOMAIN: Final = b"chipid-kiosk active authentication challenge 1"
_NONCE_BYTES: Final = 16
_MOMENT: Final = "%Y-%m-%dT%H:%M:%SZ"
_MOMENT_TEXT: Final = re.compile(r"(19[7-9]|20[0-9]|21[0-9])[0-9]-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def bound_challenges(
    device: str, now: Callable[[], dt.datetime] = _utc_now, random_bytes: Callable[[int], bytes] = os.urandom
) -> Callable[[], Challenge]:
    """A source of challenges that are bound to a device and to the moment of asking.

    Args:
        device: fingerprint of its key, 64 hexadecimal digits; see :func:`reader.evidence.container.fingerprint_of`.
        now: the device's clock, with a zone.
        random_bytes: source of the nonces.

    Returns:
        What draws one challenge of 8 octets each time that it is called.

    Raises:
        ValueError: the fingerprint is none.
    """
    _device_octets(device)

    def draw() -> Challenge:
        origin = ChallengeOrigin(now().astimezone(dt.UTC).replace(microsecond=0), random_bytes(_NONCE_BYTES))
        return Challenge(_challenge(device, origin), origin)

    return draw


def is_bound_to(device: str, challenge: bytes, origin: ChallengeOrigin | None) -> bool:
    """Whether that device drew these octets at the moment that their origin tells. Without an origin nobody knows."""
    if origin is None or len(challenge) != CHALLENGE_BYTES or len(origin.nonce) != _NONCE_BYTES:
        return False
    return challenge == _challenge(device, origin)


def _challenge(device: str, origin: ChallengeOrigin) -> bytes:
    circumstances = _DOMAIN + _device_octets(device) + _spelt(origin.asked_at).encode("ascii") + origin.nonce
    return hashlib.sha256(circumstances).digest()[:CHALLENGE_BYTES]


def _device_octets(device: str) -> bytes:
    octets = bytes.fromhex(device)
    if len(octets) != hashlib.sha256().digest_size:
        raise ValueError("a device's fingerprint has 64 hexadecimal digits")
    return octets


def _spelt(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime(_MOMENT)


# ------------------------------------------------------------------------------------------ as part of a file
def encode_origin(origin: ChallengeOrigin) -> bytes:
    """Canonical JSON of moment and nonce."""
    return encode({"asked_at": _spelt(origin.asked_at), "nonce": origin.nonce.hex()})


def decode_origin(octets: bytes) -> ChallengeOrigin:
    """Read moment and nonce strictly.

    Raises:
        NotCanonicalError: this program would have written it otherwise.
    """
    said: Any = decode(octets)
    if not isinstance(said, dict) or said.keys() != {"asked_at", "nonce"}:
        raise NotCanonicalError
    moment, nonce = said["asked_at"], said["nonce"]
    if not isinstance(moment, str) or not isinstance(nonce, str) or not _MOMENT_TEXT.fullmatch(moment):
        raise NotCanonicalError
    try:
        origin = ChallengeOrigin(dt.datetime.strptime(moment, _MOMENT).replace(tzinfo=dt.UTC), bytes.fromhex(nonce))
    except ValueError:  # there is no such day, or these are no digits
        raise NotCanonicalError from None
    if len(origin.nonce) != _NONCE_BYTES or encode_origin(origin) != octets:
        raise NotCanonicalError
    return origin
