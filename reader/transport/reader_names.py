"""Which PC/SC reader a name means, exact or a part of it, and which comes first. Needs no PC/SC support."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from reader import errors

__all__ = ["in_order_of_use", "resolve_reader"]


def resolve_reader(names: Sequence[str], wanted: str) -> str:
    """The reader that is meant: an exact name, else the only one that contains the text, in whatever case.

    Raises:
        TransportError: ``reader.not_found``, or ``reader.ambiguous`` with the names that fit: they are the machine's,
            not the card's.
    """
    if wanted in names:
        return wanted
    fitting = [name for name in names if wanted.lower() in name.lower()]
    if len(fitting) > 1:
        raise errors.TransportError(errors.READER_AMBIGUOUS, fitting=" and ".join(repr(name) for name in fitting))
    if not fitting:
        raise errors.TransportError(errors.READER_NOT_FOUND)
    return fitting[0]


_CONTACTLESS: Final = re.compile(r"\bPICC\b|contactless|\bNFC\b|\d*CL\b", re.IGNORECASE)
_SAM: Final = re.compile(r"\bSAM\b", re.IGNORECASE)


def in_order_of_use(names: Sequence[str]) -> list[str]:
    """The readers, those first in which a person's card is most likely laid: contactless ones, then others.

    Slots for security modules (SAM), which many contactless readers have, come last. Otherwise PC/SC's order stays.
    """

    def rank(name: str) -> int:
        if _SAM.search(name):
            return 2
        return 0 if _CONTACTLESS.search(name) else 1

    return sorted(names, key=rank)
