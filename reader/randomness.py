"""Where the terminal's random octets and private scalars come from.

They come from the operating system and from OpenSSL. Only whoever records a conversation with a TEST card, so that it
can be replayed octet by octet, puts something else here (docs/trace.md).
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from reader.protocols.pace_domain import NewScalar

__all__ = ["SYSTEM_RANDOMNESS", "Randomness"]


@dataclasses.dataclass(frozen=True, slots=True)
class Randomness:
    """One source for all protocols of a conversation.

    Attributes:
        octets: gives so many random octets.
        new_scalar: gives private scalars that are to be known; ``None``: they are drawn where they are used, and are
            told nobody.
    """

    octets: Callable[[int], bytes] = os.urandom
    new_scalar: NewScalar | None = None


SYSTEM_RANDOMNESS: Final = Randomness()
"""Unpredictable; what every reading uses that is not recorded in full."""
