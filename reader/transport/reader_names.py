"""Which PC/SC reader a name means, exact or a part of it. Needs no PC/SC support."""

from __future__ import annotations

from collections.abc import Sequence

from reader import errors

__all__ = ["resolve_reader"]


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
