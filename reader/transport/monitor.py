"""Readers plugged in and out, cards laid down and lifted: as events, from one thread.

The service may not run yet, may stop and come back: the monitor goes on through all of it.
"""

from __future__ import annotations

import dataclasses
import enum
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

from smartcard import scard

from reader import errors
from reader.transport.pcsc import Context, ReaderInfo, SlotState, check

__all__ = ["MonitorEvent", "MonitorEventKind", "ReaderMonitor"]

_PLUG_AND_PLAY: Final = "\\\\?PnP?\\Notification"  # pseudo reader whose change means: the list of readers changed
_POLL_MS: Final = 500  # how long one wait lasts at most, so that a stop is noticed
_RETRY_S: Final = 0.5


class MonitorEventKind(enum.StrEnum):
    """What happened."""

    READER_ARRIVED = "reader_arrived"
    READER_GONE = "reader_gone"
    CARD_PLACED = "card_placed"
    CARD_REMOVED = "card_removed"
    CARD_MUTE = "card_mute"
    SERVICE_DOWN = "service_down"
    SERVICE_UP = "service_up"


@dataclasses.dataclass(frozen=True, slots=True)
class MonitorEvent:
    """One happening at one reader; the service's events name none."""

    kind: MonitorEventKind
    reader_name: str | None = None


class ReaderMonitor:
    """Watches all readers and tells a callback, which runs in the monitor's thread and should return at once.

    What is already there when the monitor starts is told as arriving. Use it as a context manager.
    """

    def __init__(self, on_event: Callable[[MonitorEvent], None]) -> None:
        self._on_event = on_event
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader-monitor", daemon=True)
        self._slots: dict[str, SlotState] = {}
        self._service_up: bool | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """End the thread; returns when it has ended."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                with Context() as context:
                    self._tell_service(up=True)
                    self._watch(context)
            except errors.TransportError:
                self._forget_readers()
                self._tell_service(up=False)
                self._stop.wait(_RETRY_S)

    def _watch(self, context: Context) -> None:
        """Until stopped; raises when the service goes away."""
        known: dict[str, int] = {_PLUG_AND_PLAY: scard.SCARD_STATE_UNAWARE}
        while not self._stop.is_set():
            names = context.reader_names()
            self._compare_readers(names)
            known = {name: known.get(name, scard.SCARD_STATE_UNAWARE) for name in (*names, _PLUG_AND_PLAY)}
            result, states = scard.SCardGetStatusChange(context.handle, _POLL_MS, list(known.items()))
            if result == scard.SCARD_E_TIMEOUT:
                continue
            if result in (scard.SCARD_E_UNKNOWN_READER, scard.SCARD_E_READER_UNAVAILABLE):
                known = {}  # it went between listing and asking: list again
                continue
            check(result)
            for name, event, atr in states:
                known[name] = event
                if name != _PLUG_AND_PLAY:
                    self._note(ReaderInfo(name, SlotState.from_event(event), bytes(atr)))

    def _compare_readers(self, names: list[str]) -> None:
        for name in [known for known in self._slots if known not in names]:
            if self._slots.pop(name) is not SlotState.EMPTY:
                self._on_event(MonitorEvent(MonitorEventKind.CARD_REMOVED, name))
            self._on_event(MonitorEvent(MonitorEventKind.READER_GONE, name))
        for name in names:
            if name not in self._slots:
                self._slots[name] = SlotState.EMPTY
                self._on_event(MonitorEvent(MonitorEventKind.READER_ARRIVED, name))

    def _note(self, slot: ReaderInfo) -> None:
        before = self._slots.get(slot.name, SlotState.EMPTY)
        # a card that we ourselves hold shows as "in use": for the monitor it is simply there
        now = SlotState.CARD if slot.state is SlotState.IN_USE else slot.state
        self._slots[slot.name] = now
        if now == before:
            return
        kind = {
            SlotState.CARD: MonitorEventKind.CARD_PLACED,
            SlotState.MUTE: MonitorEventKind.CARD_MUTE,
        }.get(now, MonitorEventKind.CARD_REMOVED)
        self._on_event(MonitorEvent(kind, slot.name))

    def _forget_readers(self) -> None:
        self._compare_readers([])

    def _tell_service(self, *, up: bool) -> None:
        if self._service_up != up:
            self._service_up = up
            kind = MonitorEventKind.SERVICE_UP if up else MonitorEventKind.SERVICE_DOWN
            self._on_event(MonitorEvent(kind))
