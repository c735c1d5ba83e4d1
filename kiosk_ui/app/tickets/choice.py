"""The printer that the settings name."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.settings_printing import PrinterSettings
from kiosk_ui.app.tickets.channels import Channel, DeviceChannel, NetworkChannel
from kiosk_ui.app.tickets.cups import CupsPrinter
from kiosk_ui.app.tickets.escpos_job import warm_up
from kiosk_ui.app.tickets.escpos_printer import EscPosPrinter
from kiosk_ui.app.tickets.files import FileTicketPrinter
from kiosk_ui.app.tickets.layout import PaperWidth
from kiosk_ui.app.tickets.usb import UsbChannel

__all__ = ["AskablePrinter", "ask_soon", "printer_of"]

_log = logging.getLogger(__name__)


class AskablePrinter(Protocol):
    """A ticket printer that can be asked how it is; every one made here is."""

    def print(self, ticket: Ticket) -> None:
        """Print. Raises ``PrinterError``."""
        ...

    def status(self) -> PrinterState:
        """Ask, within a few seconds; never raises."""
        ...


def printer_of(settings: PrinterSettings, folder: Path) -> AskablePrinter:
    """Make the printer; nothing is opened before the first ticket.

    Args:
        settings: ``[printer]``.
        folder: where a printer of kind ``file`` leaves its files.
    """
    paper = PaperWidth(settings.paper)
    match settings.kind:
        case "cups":
            return CupsPrinter(settings.queue or "", paper, print_timeout_s=settings.print_timeout_s)
        case "network" | "usb" | "device":
            return EscPosPrinter(
                _line_of(settings),
                paper,
                answers=settings.answers,
                command=settings.command,
                cuts=settings.cuts,
                status_timeout_s=settings.status_timeout_s,
                print_timeout_s=settings.print_timeout_s,
            )
        case _:
            return FileTicketPrinter(folder, paper)


def _line_of(settings: PrinterSettings) -> Callable[[], Channel]:
    if settings.kind == "network" and settings.host is not None:
        return functools.partial(NetworkChannel, settings.host, settings.port, settings.connect_timeout_s)
    if settings.kind == "device" and settings.device is not None:
        return functools.partial(DeviceChannel, settings.device, settings.baud_rate)
    return functools.partial(UsbChannel, settings.vendor, settings.product)


def ask_soon(printer: AskablePrinter) -> threading.Thread:
    """In the background: make ready what the first ticket needs, and say in the log if the printer is not ready.

    Returns:
        The thread; it ends by itself within seconds.
    """

    def ask() -> None:
        if isinstance(printer, EscPosPrinter):
            warm_up()
        state = printer.status()
        if state is not PrinterState.READY:
            _log.warning("the printer is not ready: %s", state.value)

    asking = threading.Thread(target=ask, name="printer-asked", daemon=True)
    asking.start()
    return asking
