"""Active authentication, the terminal's half (Doc 9303-11 §6.1).

The chip signs a challenge of ours with the key of DG15. The answer is kept as evidence beside the challenge.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import os
from collections.abc import Callable

from crypto.wire import limits
from crypto.wire.apdu import CommandApdu
from reader import errors
from reader.protocols.exchange import Steps

__all__ = [
    "CHALLENGE_BYTES",
    "ActiveAuthenticationAnswer",
    "Challenge",
    "ChallengeOrigin",
    "DrawChallenge",
    "active_authentication_terminal",
    "needs_extended_answer",
    "random_challenge",
]

CHALLENGE_BYTES = 8  # RND.IFD, Doc 9303-11 §6.1


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ChallengeOrigin:
    """What a challenge was made of that tells later when it was posed.

    Attributes:
        asked_at: the moment of asking, with a zone, in whole seconds.
        nonce: the random octets in it; unknown to everybody until the chip has answered.
    """

    asked_at: dt.datetime
    nonce: bytes


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Challenge:
    """One challenge, never used twice.

    Attributes:
        octets: RND.IFD, 8 octets.
        origin: how it was made; ``None`` if it is random digits and no more.
    """

    octets: bytes
    origin: ChallengeOrigin | None = None


DrawChallenge = Callable[[], Challenge]


def random_challenge() -> Challenge:
    """Random digits: nobody can show later when they were drawn, or by whom."""
    return Challenge(os.urandom(CHALLENGE_BYTES))


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ActiveAuthenticationAnswer:
    """Challenge and signature, both as they went over the link.

    Attributes:
        challenge: RND.IFD, 8 octets.
        signature: the chip's.
        origin: how the challenge was made, if it tells something.
    """

    challenge: bytes
    signature: bytes
    origin: ChallengeOrigin | None = None


def active_authentication_terminal(
    signature_bytes: int, random_bytes: Callable[[int], bytes] = os.urandom, *, short_only: bool = False
) -> Steps[ActiveAuthenticationAnswer]:
    """Have the chip sign a fresh challenge: INTERNAL AUTHENTICATE (Doc 9303-11 §6.1.4).

    Args:
        signature_bytes: length of a signature of the chip's key; long ones need an extended answer.
        random_bytes: source of the challenge.
        short_only: for a chip that knows no extended length; it may send a long answer in pieces (61XX).

    Raises:
        ProtocolError: ``active_authentication.refused``.
    """
    challenge = random_bytes(CHALLENGE_BYTES)
    # RSA keys of 2048 bits and more do not fit into a short protected answer
    ne = limits.SHORT_NE if short_only or not needs_extended_answer(signature_bytes) else limits.EXTENDED_NE
    answer = yield CommandApdu(0x00, 0x88, 0x00, 0x00, challenge, ne=ne)
    if not answer.is_success or not answer.data:
        raise errors.ProtocolError(errors.ACTIVE_AUTHENTICATION_REFUSED, status_word=str(answer.sw))
    return ActiveAuthenticationAnswer(challenge, answer.data)


def needs_extended_answer(signature_bytes: int) -> bool:
    """Whether a signature of this length does not fit into one short protected answer."""
    return signature_bytes > _LONGEST_IN_SHORT_ANSWER


_LONGEST_IN_SHORT_ANSWER = 223  # AES: 256 - DO'99' 4 - DO'8E' 10 - DO'87' header 4, whole blocks, one padding byte
