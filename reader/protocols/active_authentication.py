"""Active authentication, the terminal's half (Doc 9303-11 §6.1).

The chip signs a challenge of ours with the key of DG15. The answer is kept as evidence beside the challenge.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable

from crypto.wire import limits
from crypto.wire.apdu import CommandApdu
from reader import errors
from reader.protocols.exchange import Steps

__all__ = ["ActiveAuthenticationAnswer", "active_authentication_terminal", "needs_extended_answer"]

_CHALLENGE_BYTES = 8


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ActiveAuthenticationAnswer:
    """Challenge and signature, both as they went over the link."""

    challenge: bytes
    signature: bytes


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
    challenge = random_bytes(_CHALLENGE_BYTES)
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
