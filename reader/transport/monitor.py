"""Readers plugged in and out, cards laid down and lifted, taken by other programs and freed: as events, from one thread.

The service may not run yet, may stop and come back: the monitor goes on through all of it.
"""

from __future__ import annotations

import dataclasses
import enum
import threading
from collections.abc import Callable, Iterator
from types import MappingProxyType, TracebackType
from typing import Final, Self

from smartcard import scard

from crypto.errors import ErrorCode
from reader import errors
from reader.transport.pcsc import Context, SlotReading, SlotState

__all__ = ["MonitorEvent", "MonitorEventKind", "ReaderMonitor", "changes_between"]

_PLUG_AND_PLAY: Final = "\\\\?PnP?\\Notification"  # pseudo reader whose change means: the list of readers changed
_POLL_MS: Final = 500  # how long one wait lasts at most, so that a stop is noticed
_RETRY_S: Final = 0.5
_SECOND_LOOK_S: Final = 0.2


class MonitorEventKind(enum.StrEnum):
    """What happened."""

    READER_ARRIVED = "reader_arrived"
    READER_GONE = "reader_gone"
    CARD_PLACED = "card_placed"
    CARD_REMOVED = "card_removed"
    CARD_MUTE = "card_mute"
    CARD_IN_USE = "card_in_use"
    CARD_FREE = "card_free"
    SERVICE_DOWN = "service_down"
    SERVICE_REFUSED = "service_refused"
    SERVICE_UP = "service_up"


_CODES: Final = MappingProxyType(
    {
        MonitorEventKind.READER_GONE: errors.READER_NOT_FOUND,
        MonitorEventKind.CARD_MUTE: errors.CARD_MUTE,
        MonitorEventKind.CARD_IN_USE: errors.CARD_IN_USE,
        MonitorEventKind.SERVICE_DOWN: errors.PCSC_NOT_RUNNING,
        MonitorEventKind.SERVICE_REFUSED: errors.PCSC_NOT_PERMITTED,
    }
)


@dataclasses.dataclass(frozen=True, slots=True)
class MonitorEvent:
    """One happening at one reader; the service's events name none."""

    kind: MonitorEventKind
    reader_name: str | None = None

    @property
    def code(self) -> ErrorCode | None:
        """What is wrong and what to do about it; ``None`` for what is as it should be."""
        return _CODES.get(self.kind)


@dataclasses.dataclass(slots=True)
class _Slot:
    """What was last told of a reader."""

    state: SlotState = SlotState.EMPTY
    visits: int = 0
    is_in_doubt: bool = False  # it looked as if another program held it; told at the second look


class ReaderMonitor:
    """Watches all readers and tells a callback, which runs in the monitor's thread and should return at once.

    What is already there when the monitor starts is told as arriving. A card that is exchanged for another between two
    looks is told as removed and placed. A card that another program holds is placed, then in use, and later free; one that
    this program itself holds is simply there. A reader that cannot be used counts as gone. Use it as a context manager.
    """

    def __init__(self, on_event: Callable[[MonitorEvent], None]) -> None:
        self._on_event = on_event
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="reader-monitor", daemon=True)
        self._slots: dict[str, _Slot] = {}
        self._service: MonitorEventKind | None = None

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
                    self._tell_service(MonitorEventKind.SERVICE_UP)
                    self._watch(context)
            except errors.TransportError as error:
                self._compare_readers([])
                is_refused = error.code is errors.PCSC_NOT_PERMITTED
                self._tell_service(MonitorEventKind.SERVICE_REFUSED if is_refused else MonitorEventKind.SERVICE_DOWN)
                self._stop.wait(_RETRY_S)

    def _watch(self, context: Context) -> None:
        """Until stopped; raises when the service goes away."""
        known: dict[str, int] = {}
        notifies = True
        while not self._stop.is_set():
            names = context.reader_names()
            self._compare_readers(names)
            watched = (*names, _PLUG_AND_PLAY) if notifies else names
            known = {name: known.get(name, scard.SCARD_STATE_UNAWARE) for name in watched}
            try:
                found = self._look(context, known, names)
            except errors.TransportError as error:
                if error.code is not errors.READER_NOT_FOUND:
                    raise
                # one went between listing and asking; if none did, it is the pseudo reader, which not all services have
                notifies = notifies and context.reader_names() != names
                known = {}
                self._stop.wait(_SECOND_LOOK_S)
                continue
            known.update((reading.info.name, reading.event) for reading in found)
            doubtful = [each.info.name for each in found if each.info.name != _PLUG_AND_PLAY and not self._note(each)]
            if doubtful:
                self._stop.wait(_SECOND_LOOK_S)
                known.update(dict.fromkeys(doubtful, scard.SCARD_STATE_UNAWARE))

    def _look(self, context: Context, known: dict[str, int], names: list[str]) -> list[SlotReading]:
        """What changed, or after a while without a change how everything is.

        pcscd calls it no change when another program takes a card.
        """
        if not known:
            self._stop.wait(_POLL_MS / 1000)
            return []
        found = context.slots(list(known.items()), _POLL_MS)
        if found is None and names:
            found = context.slots([(name, scard.SCARD_STATE_UNAWARE) for name in names])
        return found or []

    def _compare_readers(self, names: list[str]) -> None:
        for name in [known for known in self._slots if known not in names]:
            self._tell_change(name, self._slots.pop(name), SlotState.UNAVAILABLE, is_same_card=False)
        for name in names:
            if name not in self._slots:
                self._slots[name] = _Slot()
                self._on_event(MonitorEvent(MonitorEventKind.READER_ARRIVED, name))

    def _note(self, reading: SlotReading) -> bool:
        """Tell what is new at a reader, or return False if it has to be looked at once more first.

        A card that we take or let go ourselves can look for a moment as if another program had it.
        """
        slot, now = self._slots[reading.info.name], reading.info.state
        if now is SlotState.IN_USE and slot.state is not now and not slot.is_in_doubt:
            slot.is_in_doubt = True
            return False
        slot.is_in_doubt = False
        self._tell_change(reading.info.name, slot, now, is_same_card=slot.visits == reading.visits)
        slot.state, slot.visits = now, reading.visits
        return True

    def _tell_change(self, name: str, slot: _Slot, now: SlotState, *, is_same_card: bool) -> None:
        for kind in changes_between(slot.state, now, is_same_card=is_same_card):
            self._on_event(MonitorEvent(kind, name))

    def _tell_service(self, kind: MonitorEventKind) -> None:
        if self._service is not kind:
            self._service = kind
            self._on_event(MonitorEvent(kind))


_WITH_CARD: Final = (SlotState.CARD, SlotState.MUTE, SlotState.IN_USE)


def changes_between(before: SlotState, now: SlotState, *, is_same_card: bool) -> Iterator[MonitorEventKind]:
    """What happened at a reader between two looks, in the order in which it must have happened.

    Args:
        before: what was in it.
        now: what is in it.
        is_same_card: whether no card came or went in between.
    """
    if before in _WITH_CARD and not (now in _WITH_CARD and is_same_card):
        yield MonitorEventKind.CARD_REMOVED
        before = SlotState.EMPTY
    if now is before:
        return
    if now is SlotState.UNAVAILABLE:
        yield MonitorEventKind.READER_GONE
        return
    if before is SlotState.UNAVAILABLE:
        yield MonitorEventKind.READER_ARRIVED
    if now is SlotState.MUTE:
        yield MonitorEventKind.CARD_MUTE
        return
    if now in _WITH_CARD and before not in (SlotState.CARD, SlotState.IN_USE):
        yield MonitorEventKind.CARD_PLACED
    if now is SlotState.IN_USE:
        yield MonitorEventKind.CARD_IN_USE
    elif before is SlotState.IN_USE:
        yield MonitorEventKind.CARD_FREE
