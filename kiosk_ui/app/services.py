"""Everything of the kiosk below its front ends, opened from the settings and closed again in order."""

from __future__ import annotations

import logging
from types import TracebackType
from typing import Self

from kiosk_ui.app.declared_today import DeclaredOnce
from kiosk_ui.app.driver import CheckInDriver, FrontEnd, Ports, WorkerThreads
from kiosk_ui.app.flows.check_in import CheckInFlow
from kiosk_ui.app.gateways.hospital_choice import hospital_of, insurer_of
from kiosk_ui.app.gateways.queue_service import CheckInsWithWait, QueueService, WaitBoard
from kiosk_ui.app.holder_marks import HolderMarks
from kiosk_ui.app.keys import KeyPlace
from kiosk_ui.app.operation.observed import (
    ObservedCheckIns,
    ObservedHospital,
    ObservedInsurer,
    ObservedPrinter,
    ObservedQueue,
    ObservedScreens,
)
from kiosk_ui.app.operation.operation import Operation
from kiosk_ui.app.operation.watched_outbox import WatchedOutbox
from kiosk_ui.app.outbox import Handler, HandOverDelivery, InsuranceCheck, OutboxThread, QueueDelivery
from kiosk_ui.app.ports import (
    CardReading,
    CheckIns,
    Clock,
    EligibilityGateway,
    HospitalSystem,
    StaffBell,
    SystemClock,
    TicketPrinter,
)
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.settings import Settings
from kiosk_ui.app.store.audit_chain import AnchorFile
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import CommitWatcher, Database, nobody_watches, sqlite_url
from kiosk_ui.app.store.housekeeping import ANCHORS, Housekeeping
from kiosk_ui.app.store.numbers import Stride
from kiosk_ui.app.store.outbox_rows import OutboxKind, OutboxStore
from kiosk_ui.app.store.retention import Retention
from kiosk_ui.app.tickets.choice import printer_of

__all__ = ["KioskServices", "LoggedBell"]

_log = logging.getLogger(__name__)


class LoggedBell:
    """A :class:`~kiosk_ui.app.ports.StaffBell` for kiosks without a bell: one line in the log."""

    def ring(self, screen: str, code: str | None) -> None:
        """Note that somebody needs help."""
        _log.warning("staff called at screen %s (%s)", screen, code or "no error")


class KioskServices:
    """Store, outbox, insurer, printer and workers of one kiosk. A context manager.

    Args:
        settings: how this kiosk is set up.
        printer: tickets; by default the one that the settings name.
        bell: calls staff; a log line by default.
        clock: tells the time.
        watch_commits: sees every commit of the store.

    Raises:
        StoreError: the store cannot be opened.
        SettingsError: the key of the pseudonyms, or the queue's token, cannot be used.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        printer: TicketPrinter | None = None,
        bell: StaffBell | None = None,
        clock: Clock | None = None,
        watch_commits: CommitWatcher = nobody_watches,
    ) -> None:
        self.settings = settings
        self.clock: Clock = clock or SystemClock()
        self.pseudonyms = Pseudonyms.from_key_file(settings.data_folder / "pseudonyms.key")
        url = settings.store_url.get_secret_value() if settings.store_url else None
        self.operation = Operation(settings.operation, settings.data_folder, self.clock, settings.zone)
        self.insurer: EligibilityGateway = ObservedInsurer(
            insurer_of(settings, self.clock.now), self.operation.peers, settings.hospital.insurer
        )
        self.hospital: HospitalSystem = ObservedHospital(hospital_of(settings, self.clock.now), self.operation.peers)
        keys = KeyPlace.chosen(settings.data_folder, settings.store.key_file)
        self._database = Database(url or sqlite_url(settings.data_folder / "kiosk.sqlite"), watch_commits, keys)
        stride = Stride(settings.queue.kiosk, settings.queue.kiosks)
        tell = (OutboxKind.HAND_OVER, *((OutboxKind.QUEUE,) if settings.queue.url is not None else ()))
        self.store = CheckInStore(self._database, self.pseudonyms, settings.device, settings.zone, stride, tell)
        self.outbox_store = OutboxStore(self._database)
        handlers: dict[OutboxKind, Handler] = {
            OutboxKind.INSURANCE_CHECK: InsuranceCheck(self.store, self.insurer),
            OutboxKind.HAND_OVER: HandOverDelivery(self.store, self.hospital),
        }
        queue = (
            QueueService.of(settings.queue, settings.departments, self.clock.now)
            if settings.queue.url is not None
            else None
        )
        self._waits = WaitBoard(queue) if queue else None
        marks = (HolderMarks(queue, self.store, settings.zone),) if queue else ()
        if queue is not None:
            handlers[OutboxKind.QUEUE] = QueueDelivery(self.store, ObservedQueue(queue, self.operation.peers))
        self.outbox = WatchedOutbox(self.outbox_store, handlers)
        self.printer: TicketPrinter = printer or printer_of(settings.printer, settings.data_folder / "tickets")
        self.bell: StaffBell = bell or LoggedBell()
        self._workers = WorkerThreads()
        chores = (self._housekeeping(), *((self._waits,) if self._waits else ()), *marks)
        self._outbox_thread = OutboxThread(self.outbox, self.clock, chores=chores)

    def __enter__(self) -> Self:
        self.operation.__enter__()
        self.outbox.pulse = self.operation.outbox
        self._outbox_thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def driver(self, cards: CardReading, front_end: FrontEnd, flow: CheckInFlow | None = None) -> CheckInDriver:
        """A driver for one front end. Set :attr:`CheckInDriver.wake` if the front end has a loop of its own."""
        measures = self.operation.measures
        ports = Ports(
            cards=cards,
            insurer=self.insurer,
            store=DeclaredOnce(ObservedCheckIns(self._check_ins(), measures), self.store, self.settings.zone),
            printer=ObservedPrinter(self.printer, measures),
            bell=self.bell,
            clock=self.clock,
            executor=self._workers,
            pseudonyms=self.pseudonyms,
            hospital=self.hospital,
            earlier=self.store,
        )
        watched = ObservedScreens(front_end, measures, self.clock)
        zone = self.settings.zone
        rules = flow or CheckInFlow(self.settings.rules, now=lambda: self.clock.now().astimezone(zone))
        return CheckInDriver(rules, ports, watched)

    def close(self) -> None:
        """Let work under way end, then close the store. May be called twice."""
        self._outbox_thread.stop()
        self._workers.close()
        self._database.close()
        self.operation.close()

    def _check_ins(self) -> CheckIns:
        """The store; its tickets say how long it takes if the queue service knows."""
        return CheckInsWithWait(self.store, self._waits, self.clock) if self._waits else self.store

    def _housekeeping(self) -> Housekeeping:
        times = self.settings.store
        retention = Retention.of(times.personal_days, times.undelivered_days, times.record_days, times.audit_years)
        anchors = AnchorFile(self.settings.data_folder / ANCHORS, self._database.keys)
        return Housekeeping(self._database, retention, self.outbox.kinds, anchors, self.settings.device)
