"""Ways to a card. PC/SC support is imported only when it is asked for, so that a machine without it can still
read an emulated card."""

from __future__ import annotations

import functools
import pkgutil
from collections.abc import Sequence
from typing import TYPE_CHECKING

from reader import errors
from reader.transport.installed import entry_points_of

if TYPE_CHECKING:
    from reader.transport.base import CardTransport, TransportProvider
    from reader.transport.pcsc import ReaderInfo
    from reader.transport.returning import PcscReturning

__all__ = ["PcscReturning", "list_pcsc_readers", "open_emulated", "open_pcsc", "providers"]

_GROUP = "chipid.transports"


def __getattr__(name: str) -> object:
    """``PcscReturning`` is imported when it is first asked for (PEP 562): most readings never need it."""
    if name != "PcscReturning":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from reader.transport.returning import PcscReturning

    return PcscReturning


@functools.cache
def providers() -> Sequence[TransportProvider]:
    """Sources of emulated cards that are installed (entry points of the group ``chipid.transports``)."""
    return tuple(pkgutil.resolve_name(value) for value in entry_points_of(_GROUP))


def open_emulated(name: str) -> CardTransport:
    """Power up an emulated card by name.

    Raises:
        TransportError: ``emulated.not_found``.
    """
    for provider in providers():
        if name in provider.names():
            return provider.open(name)
    raise errors.TransportError(errors.EMULATED_NOT_FOUND)


def open_pcsc(reader_name: str) -> CardTransport:
    """Take the card in a PC/SC reader exclusively.

    Raises:
        TransportError: ``reader.support_missing``, ``reader.not_found``, ``card.absent`` …
    """
    try:
        from reader.transport.pcsc import PcscTransport
    except ImportError as error:
        raise errors.TransportError(errors.PCSC_NOT_INSTALLED) from error
    return PcscTransport(reader_name)


def list_pcsc_readers() -> list[ReaderInfo]:
    """Every PC/SC reader with its state.

    Raises:
        TransportError: ``reader.support_missing`` or ``reader.service_down``.
    """
    try:
        from reader.transport.pcsc import list_readers
    except ImportError as error:
        raise errors.TransportError(errors.PCSC_NOT_INSTALLED) from error
    return list_readers()
