"""What people hold their cards to, wired to the check-in: code scanners and document readers of other makers."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Protocol, Self, TypeVar

from crypto.errors import ChipIdError
from kiosk_ui.app.driver import FrontEnd
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.gateways.hn212 import Hn212Listener
from kiosk_ui.app.gateways.jtheid import JtheidHandover
from kiosk_ui.app.settings import ScannerSettings
from reader.inspection import ReadOutcome
from reader.lds.mrz import Mrz
from reader.scanners.devices import SerialKind, interpreter_of, line_of
from reader.scanners.keyboard import KeyedLines
from reader.scanners.qr import CitizenQr
from reader.scanners.recognition import LineInterpreter, Scan
from reader.scanners.serial import Parity, SerialScanner
from reader.scanners.vendor.declared import DeviceReading
from reader.scanners.vendor.hn212 import Hn212Card

__all__ = [
    "ConfirmedReadings",
    "KioskScanner",
    "ScanEvent",
    "event_of",
    "hand_over_to",
    "keyed_event_of",
    "scan_to_event",
    "typed_lines_to",
]

_log = logging.getLogger(__name__)
_READY_WITHIN_S = 1.0

ScanEvent = ev.NumberKnown | ev.MrzGiven | ev.ScanUnreadable
_T = TypeVar("_T")


class _Source(Protocol):
    """A device that listens in a thread of its own."""

    def start(self) -> None:
        """Begin."""
        ...

    def stop(self) -> None:
        """End."""
        ...


class KioskScanner:
    """The device that the settings name. A context manager: it listens inside the block.

    Args:
        settings: which device, and where.
        post: gets what was scanned, from the device's thread.
        port: a serial port in place of the settings'.
    """

    def __init__(
        self, settings: ScannerSettings, post: Callable[[ScanEvent], None], *, port: str | None = None
    ) -> None:
        self._post = post
        self._ready = threading.Event()
        self._source = self._source_of(settings, port or settings.port)

    def __enter__(self) -> Self:
        if self._source is not None:
            self._source.start()
            self._ready.wait(_READY_WITHIN_S)  # opening a port empties it: the first scan shall not be lost
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._source is not None:
            self._source.stop()

    def _source_of(self, settings: ScannerSettings, port: str | None) -> _Source | None:
        if settings.kind == "hn212":
            return Hn212Listener(
                lambda message: self._tell(_words_of_hn212, message),
                _note,
                on_ready=self._ready.set,
                url=settings.url,
            )
        if port is None or settings.kind == "keyboard":  # what is typed arrives by the window
            return None
        kind = SerialKind(settings.kind)
        interpreter = interpreter_of(kind)
        parity = None if settings.parity is None else Parity(settings.parity)
        return SerialScanner(
            port,
            on_line=lambda message: self._tell(interpreter.take, message),
            on_error=_note,
            on_ready=self._ready.set,
            line=line_of(kind, baud_rate=settings.baud_rate, parity=parity),
        )

    def _tell(self, take: Callable[[_T], Scan | DeviceReading | None], message: _T) -> None:
        event = _event(take, message)
        if event is not None:
            self._post(event)


def _words_of_hn212(message: object) -> DeviceReading | None:
    """One message of an HN212 by itself. Its files say nothing new to the check-in, and nobody's data are kept for them."""
    return Hn212Card().take(message)


def scan_to_event(octets: bytes) -> ScanEvent:
    """What one line alone says: a citizen number, with the whole code if it is a card's, or that there is none in it."""
    return _event(LineInterpreter().take, octets) or ev.ScanUnreadable()


def _event(take: Callable[[_T], Scan | DeviceReading | None], message: _T) -> ScanEvent | None:
    try:
        found = take(message)
    except ChipIdError as error:
        _note(error)
        return ev.ScanUnreadable()
    return None if found is None else event_of(found)


def event_of(found: Scan | DeviceReading) -> ScanEvent | None:
    """What a scan, or a document reader's own words, mean to the check-in: a number, or the zone of a passport, which
    the chip must confirm."""
    if isinstance(found, Scan):
        if found.number is None:
            if isinstance(found.content, Mrz):
                return ev.MrzGiven("\n".join(found.content.lines))
            return ev.ScanUnreadable()
        whole_code = found.content if isinstance(found.content, CitizenQr) else None
        return ev.NumberKnown(found.number.digits, whole_code)
    return None if found.person is None else ev.NumberKnown(found.person.number.digits)


def keyed_event_of(lines: KeyedLines, line: str) -> ScanEvent | None:
    """What a line from a scanner that types says; ``None`` while lines of an MRZ are missing."""
    try:
        code = lines.take(line)
    except ChipIdError as error:
        _note(error)
        return ev.ScanUnreadable()
    if isinstance(code, Scan):
        return event_of(code)
    return None if code is None else ev.NumberKnown(code.number.digits)


def typed_lines_to(post: Callable[[ScanEvent], None]) -> Callable[[str], None]:
    """What to do with each line from a scanner that types."""
    lines = KeyedLines()

    def take(line: str) -> None:
        event = keyed_event_of(lines, line)
        if event is not None:
            post(event)

    return take


def hand_over_to(system: JtheidHandover | None) -> Callable[[ReadOutcome], None]:
    """What to do with each reading: hand it to the hospital system, in a thread that nobody waits for."""

    def hand_over(outcome: ReadOutcome) -> None:
        if system is not None and system.takes(outcome):
            threading.Thread(target=system.send_or_note, args=(outcome,), name="hand-over", daemon=True).start()

    return hand_over


class ConfirmedReadings:
    """A front end that hands a reading over once its person has said "that is me", and no other.

    A card of somebody else, and that of a child's guardian, are read too: they are no patients.

    Args:
        inner: what people see.
        hand_over: gets the reading, in the driver's thread.
    """

    def __init__(self, inner: FrontEnd, hand_over: Callable[[ReadOutcome], None]) -> None:
        self._inner = inner
        self._hand_over = hand_over
        self._read: ReadOutcome | None = None

    def note(self, outcome: ReadOutcome) -> None:
        """A card has been read; from the reading's thread, before the flow hears of it."""
        self._read = outcome

    def show(self, state: s.CheckInState) -> None:
        """Show a state, and hand over what it confirms."""
        read, visit = self._read, state.visit
        reading = visit.reading if visit is not None else None
        if visit is None:
            self._read = None
        elif read is not None and reading is not None and isinstance(state.screen, s.LookingUp):
            self._read = None
            if reading.identity is read.identity:
                self._hand_over(read)
        self._inner.show(state)

    def clear(self) -> None:
        """Forget everything of the person."""
        self._read = None
        self._inner.clear()


def _note(error: ChipIdError) -> None:
    _log.warning("scanner: %s", error.code.name)
