"""A place for cards whose every call is watched: a reader that never answers is noticed."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from kiosk_ui.app.operation.signs_of_life import Pulse
from kiosk_ui.bootstrap.card_reading import CardPlace
from reader.transport.base import CardTransport

__all__ = ["WatchedPlace"]


class WatchedPlace:
    """A :class:`~kiosk_ui.bootstrap.card_reading.CardPlace`.

    Args:
        inner: the place.
        pulse: gets the signs of life.
    """

    def __init__(self, inner: CardPlace, pulse: Pulse) -> None:
        self._inner = inner
        self._pulse = pulse

    def is_there(self) -> bool:
        """Whether a card lies on it."""
        with self._pulse.at_work():
            return self._inner.is_there()

    def open(self) -> CardTransport:
        """Take the card."""
        with self._pulse.at_work():
            return _WatchedCard(self._inner.open(), self._pulse)


class _WatchedCard:
    """A :class:`~reader.transport.base.CardTransport` that is watched."""

    def __init__(self, inner: CardTransport, pulse: Pulse) -> None:
        self._inner = inner
        self._pulse = pulse

    @property
    def atr(self) -> bytes:
        """The answer to reset."""
        return self._inner.atr

    @property
    def is_emulated(self) -> bool:
        """Whether the chip is an emulated one."""
        return self._inner.is_emulated

    @property
    def max_command(self) -> int:
        """Longest command in bytes."""
        return self._inner.max_command

    @property
    def max_response(self) -> int:
        """Longest answer in bytes."""
        return self._inner.max_response

    def transmit(self, command: bytes) -> bytes:
        """One command, one answer."""
        with self._pulse.at_work():
            return self._inner.transmit(command)

    def reset(self) -> None:
        """Cut the card's power."""
        with self._pulse.at_work():
            self._inner.reset()

    def close(self) -> None:
        """Let go of the card."""
        with self._pulse.at_work():
            self._inner.close()

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._pulse.at_work():
            self._inner.__exit__(kind, value, trace)
