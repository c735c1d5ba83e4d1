"""Puts a kiosk together: store, insurer, printer, card reader, scanner and check-in, from settings."""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import os
import secrets
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from crypto.errors import ChipIdError
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery
from kiosk_ui.app.driver import CheckInDriver, FrontEnd, Ports, WorkerThreads
from kiosk_ui.app.failures import RELAY_UNREACHABLE, STORE_UNAVAILABLE, GatewayError, StoreError
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows.check_in import CheckInFlow
from kiosk_ui.app.gateways.relay import HospitalRelay
from kiosk_ui.app.outbox import InsuranceCheck, Outbox, OutboxThread
from kiosk_ui.app.ports import CardReading, EligibilityGateway, StaffBell, SystemClock, TicketPrinter
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.settings import Settings
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.outbox_rows import OutboxKind, OutboxStore
from reader.scanners.qr import parse_citizen_qr_octets
from reader.scanners.serial import SerialScanner

__all__ = ["Kiosk", "LogBell", "NoRelay", "scan_to_event"]

_log = logging.getLogger(__name__)
_KEY_BYTES = 32
_SCANNER_WITHIN_S = 1.0


class NoRelay:
    """The insurer of a hospital that has no relay yet: never an answer, everybody is admitted unverified."""

    def check(self, query: EligibilityQuery) -> Eligibility:
        """Raises :class:`GatewayError`, ``relay.unreachable``."""
        raise GatewayError(RELAY_UNREACHABLE)


class LogBell:
    """Calls staff by a line in the log, which the hospital's monitoring can ring on."""

    def ring(self, screen: str, code: str | None) -> None:
        """Somebody needs help on ``screen``."""
        _log.warning("staff called from screen %s, code %s", screen, code or "none")


@dataclasses.dataclass(slots=True)
class Kiosk:
    """One running kiosk without its window. A context manager: everything runs inside the block.

    Args:
        settings: what differs from kiosk to kiosk.
        cards: the card reader.
        printer: where tickets go.
        scanner_port: serial port of the code scanner, or ``None``.
        bell: calls staff.
    """

    settings: Settings
    cards: CardReading
    printer: TicketPrinter
    scanner_port: str | None = None
    bell: StaffBell = dataclasses.field(default_factory=LogBell)
    outbox: Outbox = dataclasses.field(init=False)
    check_ins: CheckInStore = dataclasses.field(init=False)
    _ports: Ports = dataclasses.field(init=False)
    _stack: contextlib.ExitStack = dataclasses.field(init=False, default_factory=contextlib.ExitStack)

    def __enter__(self) -> Self:
        try:
            self._open()
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def _open(self) -> None:
        settings, clock = self.settings, SystemClock()
        pseudonyms = Pseudonyms(_device_key(settings.data_folder))
        own_file = sqlite_url(settings.data_folder / "check-ins.sqlite")
        database = Database(settings.store_url.get_secret_value() if settings.store_url else own_file)
        self._stack.callback(database.close)
        self.check_ins = CheckInStore(database, pseudonyms, settings.device, settings.zone)
        insurer = _insurer(settings)
        self.outbox = Outbox(
            OutboxStore(database), {OutboxKind.INSURANCE_CHECK: InsuranceCheck(self.check_ins, insurer)}
        )
        retries = OutboxThread(self.outbox, clock)
        workers = WorkerThreads()
        self._stack.callback(workers.close)
        self._ports = Ports(self.cards, insurer, self.check_ins, self.printer, self.bell, clock, workers, pseudonyms)
        retries.start()
        self._stack.callback(retries.stop)

    def driver(self, front_end: FrontEnd) -> CheckInDriver:
        """The check-in for a front end; the scanner listens from now on."""
        driver = CheckInDriver(CheckInFlow(self.settings.rules), self._ports, front_end)
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
    """What one scanned line says: the number of a citizen card's code, or that it is none."""
    try:
        return ev.NumberKnown(parse_citizen_qr_octets(octets).number.digits)
    except ChipIdError:
        return ev.ScanUnreadable()


def _note_scanner(error: ChipIdError) -> None:
    _log.warning("scanner: %s", error.code.name)


def _insurer(settings: Settings) -> EligibilityGateway:
    relay = settings.relay
    if relay.url is None:
        return NoRelay()
    return HospitalRelay(
        relay.url,
        connect_timeout_s=relay.connect_timeout_s,
        total_timeout_s=relay.total_timeout_s,
        zone=settings.zone,
    )


def _device_key(folder: Path) -> bytes:
    """The key of this device's pseudonyms, made at the first start and readable by this program's user only.

    Raises:
        StoreError: the folder cannot be used.
    """
    path = folder / "pseudonyms.key"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(secrets.token_bytes(_KEY_BYTES))
        return path.read_bytes()
    except OSError as error:
        raise StoreError(STORE_UNAVAILABLE, cause=type(error).__name__) from None
