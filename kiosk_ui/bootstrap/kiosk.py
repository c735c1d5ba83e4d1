"""Puts a kiosk together: store, insurer, printer, card reader, scanner and check-in, from settings."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import threading
from types import TracebackType
from typing import Self

from crypto.errors import ChipIdError
from kiosk_ui.app.driver import CheckInDriver, FrontEnd
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.outbox import Outbox
from kiosk_ui.app.ports import CardReading, StaffBell, TicketPrinter
from kiosk_ui.app.services import KioskServices
from kiosk_ui.app.settings import Settings
from kiosk_ui.app.store.check_ins import CheckInStore
from reader.scanners.qr import parse_citizen_qr_octets
from reader.scanners.serial import SerialScanner

__all__ = ["Kiosk", "scan_to_event"]

_log = logging.getLogger(__name__)
_SCANNER_WITHIN_S = 1.0


@dataclasses.dataclass(slots=True)
class Kiosk:
    """One running kiosk without its window: the services, a card reader and a scanner.

    A context manager: everything runs inside the block.

    Args:
        settings: what differs from kiosk to kiosk.
        cards: the card reader.
        printer: where tickets go.
        scanner_port: serial port of the code scanner, or ``None``.
        bell: calls staff; a line in the log, which the hospital's monitoring can ring on, by default.
    """

    settings: Settings
    cards: CardReading
    printer: TicketPrinter
    scanner_port: str | None = None
    bell: StaffBell | None = None
    _services: KioskServices = dataclasses.field(init=False)
    _stack: contextlib.ExitStack = dataclasses.field(init=False, default_factory=contextlib.ExitStack)

    def __enter__(self) -> Self:
        services = KioskServices(self.settings, printer=self.printer, bell=self.bell)
        self._services = self._stack.enter_context(services)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    @property
    def check_ins(self) -> CheckInStore:
        """The store, while the kiosk runs."""
        return self._services.store

    @property
    def outbox(self) -> Outbox:
        """What is still to be told to others, while the kiosk runs."""
        return self._services.outbox

    def driver(self, front_end: FrontEnd) -> CheckInDriver:
        """The check-in for a front end; the scanner listens from now on."""
        driver = self._services.driver(self.cards, front_end)
        if self.scanner_port is not None:
            ready = threading.Event()
            scanner = SerialScanner(
                self.scanner_port,
                on_line=lambda octets: driver.post(scan_to_event(octets)),
                on_error=_note_scanner,
                on_ready=ready.set,
            )
            self._stack.enter_context(scanner)
            ready.wait(_SCANNER_WITHIN_S)  # opening a port empties it: the first scan shall not be lost
        return driver


def scan_to_event(octets: bytes) -> ev.NumberKnown | ev.ScanUnreadable:
    """What one scanned line says: a citizen card's code, whole, or that it is none."""
    try:
        scanned = parse_citizen_qr_octets(octets)
    except ChipIdError:
        return ev.ScanUnreadable()
    return ev.NumberKnown(scanned.number.digits, scanned)


def _note_scanner(error: ChipIdError) -> None:
    _log.warning("scanner: %s", error.code.name)
