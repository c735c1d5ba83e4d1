"""A card that was torn away and is laid down again, in the same PC/SC reader.

It waits through everything that may happen meanwhile: a hand that still moves, a reader that was unplugged with the card,
a service that is started again, another program that is faster. PC/SC support is imported only when it is used.
"""

from __future__ import annotations

import threading
import time
from typing import Final

from crypto.errors import ErrorCode
from reader import errors
from reader.transport.base import CardTransport

__all__ = ["PcscReturning"]

_LOOK_EVERY_S: Final = 0.1
_PASSING: Final[frozenset[ErrorCode]] = frozenset(
    {
        errors.CARD_ABSENT,
        errors.CARD_REMOVED,
        errors.CARD_MUTE,
        errors.CARD_IN_USE,
        errors.LINK_FAILED,
        errors.READER_NOT_FOUND,
        errors.PCSC_NOT_RUNNING,
    }
)
"""What may be over at the next look. Anything else is raised at once."""


class PcscReturning:
    """Implements :class:`reader.transport.base.ReturningCard` for one PC/SC reader.

    Args:
        reader_name: the reader where the card lay, best by its whole name (``PcscTransport.reader_name``). A part of a name
            is settled once, as soon as it can be: were the reader unplugged, it could fit another one later.
    """

    def __init__(self, reader_name: str) -> None:
        self._wanted = reader_name
        self._reader_name: str | None = None
        try:
            self._settle_name()
        except errors.TransportError as error:
            if error.code not in _PASSING and error.code is not errors.PCSC_NOT_INSTALLED:
                raise

    def wait(self, timeout_s: float, cancel: threading.Event) -> CardTransport:
        """Wait for a card that answers, and take it. What is selected or open on it is gone: it was just reset.

        Args:
            timeout_s: seconds.
            cancel: when set, the wait ends within a tenth of a second, or one reset of a card.

        Raises:
            TransportError: after the time: what stood in the way at last, mostly ``card.absent``; at once:
                ``reader.support_missing``, ``reader.not_permitted``, ``reader.ambiguous``.
            Cancelled: somebody asked to stop.
        """
        end = time.monotonic() + timeout_s
        while True:
            if cancel.is_set():
                raise errors.Cancelled
            try:
                return self._take()
            except errors.TransportError as error:
                if error.code not in _PASSING:
                    raise
                if time.monotonic() >= end:
                    if error.code is errors.CARD_REMOVED:  # it came, and left again before it could be taken
                        raise errors.TransportError(errors.CARD_ABSENT) from error
                    raise
            cancel.wait(min(_LOOK_EVERY_S, max(0.0, end - time.monotonic())))

    def _take(self) -> CardTransport:
        name = self._settle_name()
        from reader.transport.pcsc import PcscTransport, give_up, wake

        give_up(name)
        wake(name)
        transport = PcscTransport(name)
        try:
            transport.reset()  # a slot may still be called occupied for a moment: only a card answers this
        except BaseException:
            transport.close()
            raise
        return transport

    def _settle_name(self) -> str:
        if self._reader_name is None:
            try:
                from reader.transport.pcsc import Context
            except ImportError as error:
                raise errors.TransportError(errors.PCSC_NOT_INSTALLED) from error
            from reader.transport.reader_names import resolve_reader

            with Context() as context:
                self._reader_name = resolve_reader(context.reader_names(), self._wanted)
        return self._reader_name
