"""Puts a kiosk together: store, insurer, printer, card reader, scanner and check-in, from settings."""

from __future__ import annotations

import contextlib
import dataclasses
from types import TracebackType
from typing import Self

from kiosk_ui.app.driver import CheckInDriver, FrontEnd
from kiosk_ui.app.outbox import Outbox
from kiosk_ui.app.ports import CardReading, StaffBell, TicketPrinter
from kiosk_ui.app.services import KioskServices
from kiosk_ui.app.settings import Settings
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.bootstrap.scanning import KioskScanner, scan_to_event

__all__ = ["Kiosk", "scan_to_event"]


@dataclasses.dataclass(slots=True)
class Kiosk:
    """One running kiosk without its window: the services, a card reader and a scanner.

    A context manager: everything runs inside the block.

    Args:
        settings: what differs from kiosk to kiosk.
        cards: the card reader.
        printer: where tickets go.
        scanner_port: serial port in place of the one in ``settings.scanner``.
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
    def services(self) -> KioskServices:
        """Everything below the window, while the kiosk runs."""
        return self._services

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
        post = self._services.operation.scans.between(driver.post)
        scanner = KioskScanner(self.settings.scanner, post, port=self.scanner_port)
        self._stack.enter_context(scanner)
        return driver
