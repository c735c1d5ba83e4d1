"""A contactless link with a clock: an emulated card that knows how long each command would take over the air.

The clock is virtual: nothing sleeps unless it is told to, so that read times can be computed and compared without a reader
(:mod:`emulator.adapters.radio_link` for the air, :mod:`emulator.adapters.chip_times` for the chip's computing).
Nothing of the reader is imported here: the wrapper has the shape of a transport and passes everything on.

Example: how long would this reading take at 424 kbit/s? ::

    with RadioTransport(provider.open("an"), RadioLink(BitRate.KBIT_424), load_chip("chip-2021")) as link:
        reader.read(link, key)
        print(link.clock())
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Protocol, Self

from emulator.adapters.chip_times import ChipTimes
from emulator.adapters.radio_link import BitRate, Exchange, HostLink, RadioLink

__all__ = ["BitRate", "Exchange", "HostLink", "RadioChip", "RadioLink", "RadioTransport"]


class _Transmits(Protocol):
    def transmit(self, command: bytes) -> bytes: ...


class _OnAir:
    """Keeps the time of what passes. Nothing sleeps unless it is told to."""

    def __init__(
        self,
        inner: _Transmits,
        link: RadioLink,
        chip: ChipTimes,
        *,
        real_time: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._transmits = inner
        self._link = link
        self._chip = chip
        self._sleep = sleep if real_time else None
        self._exchanges: list[Exchange] = []
        self._seconds = 0.0

    @property
    def exchanges(self) -> Sequence[Exchange]:
        """Everything that was answered so far."""
        return tuple(self._exchanges)

    def clock(self) -> float:
        """Seconds of the model since the card was laid down."""
        return self._seconds

    def transmit(self, command: bytes) -> bytes:
        """Pass a command on and return its answer; what is not answered takes no time.

        Raises:
            ConnectionError, TimeoutError: as the card beneath does.
        """
        answer = self._transmits.transmit(command)
        exchange = self._link.exchange(len(command), len(answer), self._chip.seconds(command, len(answer)))
        self._exchanges.append(exchange)
        self._seconds += exchange.total_s
        if self._sleep is not None:
            self._sleep(exchange.total_s)
        return answer


class _Card(_Transmits, Protocol):
    """An open connection, as the reader knows it (``reader.transport.base.CardTransport``)."""

    @property
    def atr(self) -> bytes: ...
    @property
    def is_emulated(self) -> bool: ...
    @property
    def max_command(self) -> int: ...
    @property
    def max_response(self) -> int: ...
    def reset(self) -> None: ...
    def close(self) -> None: ...


class RadioTransport(_OnAir):
    """A transport that knows how long the one beneath would take over the air.

    Args:
        inner: an open connection; closed with this one.
        link: the air, and the way from the reader to the computer.
        chip: how long the chip computes.
        real_time: whether to wait for as long as the model says, for demonstrations.
        sleep: how to wait.
    """

    def __init__(
        self,
        inner: _Card,
        link: RadioLink,
        chip: ChipTimes,
        *,
        real_time: bool = False,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(inner, link, chip, real_time=real_time, sleep=sleep)
        self._inner = inner

    @property
    def atr(self) -> bytes:
        """Answer to reset."""
        return self._inner.atr

    @property
    def is_emulated(self) -> bool:
        """As the connection beneath says."""
        return self._inner.is_emulated

    @property
    def max_command(self) -> int:
        """Longest command APDU in bytes; blocks are chained, so the air sets no limit."""
        return self._inner.max_command

    @property
    def max_response(self) -> int:
        """Longest answer in bytes."""
        return self._inner.max_response

    def reset(self) -> None:
        """Warm reset. Takes no time: nothing before the first command is modelled."""
        self._inner.reset()

    def close(self) -> None:
        """Release the card. May be called twice."""
        self._inner.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class _PoweredChip(_Transmits, Protocol):
    @property
    def atr(self) -> bytes: ...
    def power_on(self) -> None: ...
    def power_off(self) -> None: ...
    def reset(self) -> None: ...


class RadioChip(_OnAir):
    """A chip in a virtual slot (:class:`emulator.adapters.vpcd.VpcdSlot`) that answers as slowly as over the air.

    Args:
        inner: the chip.
        link, chip, real_time, sleep: as for :class:`RadioTransport`.
    """

    def __init__(
        self,
        inner: _PoweredChip,
        link: RadioLink,
        chip: ChipTimes,
        *,
        real_time: bool = True,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__(inner, link, chip, real_time=real_time, sleep=sleep)
        self._inner = inner

    @property
    def atr(self) -> bytes:
        """Answer to reset."""
        return self._inner.atr

    def power_on(self) -> None:
        """The reader powers the card up."""
        self._inner.power_on()

    def power_off(self) -> None:
        """The reader powers the card down."""
        self._inner.power_off()

    def reset(self) -> None:
        """Warm reset."""
        self._inner.reset()
