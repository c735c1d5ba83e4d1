"""Runs the check-in: feeds events to the flow, carries out its effects, tells front ends the new state.

One thread owns the driver and calls :meth:`CheckInDriver.run_pending`; every other thread only posts events. The same
driver runs under Qt and under :mod:`kiosk_ui.headless`.
"""

from __future__ import annotations

import contextlib
import dataclasses
import logging
import queue
import uuid
from collections import deque
from collections.abc import Callable
from typing import Protocol

from crypto.errors import Hint
from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.patient import PatientFinding
from kiosk_ui.app.domain.reading import ReadingStep, ReadResult
from kiosk_ui.app.failures import HOSPITAL_NOT_SET, NOT_COLLECTED, GatewayError, PrinterError, StoreError
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows.check_in import CheckInFlow
from kiosk_ui.app.flows.screens import CheckInState, Saving
from kiosk_ui.app.lanes import Lane, WorkerThreads
from kiosk_ui.app.ports import (
    CardReading,
    CheckIns,
    Clock,
    EarlierCheckIns,
    EligibilityGateway,
    Executor,
    HospitalSystem,
    StaffBell,
    TicketPrinter,
)
from kiosk_ui.app.privacy import Pseudonyms

__all__ = ["CheckInDriver", "FrontEnd", "Ports", "WorkerThreads"]

_log = logging.getLogger(__name__)

_REMEMBERED = 16  # check-ins whose number somebody has seen: a second answer about one of them is no news


@dataclasses.dataclass(frozen=True, slots=True)
class Ports:
    """The outside world as the driver needs it.

    ``hospital`` and ``earlier`` may be missing: then no patient is known to the hospital system, and nobody has checked in
    before.
    """

    cards: CardReading
    insurer: EligibilityGateway
    store: CheckIns
    printer: TicketPrinter
    bell: StaffBell
    clock: Clock
    executor: Executor
    pseudonyms: Pseudonyms
    hospital: HospitalSystem | None = None
    earlier: EarlierCheckIns | None = None


class FrontEnd(Protocol):
    """Who shows the state. Called in the driver's thread only."""

    def show(self, state: CheckInState) -> None:
        """The state has changed."""
        ...

    def clear(self) -> None:
        """Forget everything of the person (images, texts, sounds)."""
        ...


class CheckInDriver:
    """The one loop between people, flow and world.

    Args:
        flow: the rules.
        ports: the world.
        front_end: shows the states.

    Attributes:
        wake: called, from any thread, when there is something for :meth:`run_pending` to do or the timer has changed.
            A front end with a loop of its own (Qt) puts a queued call here; others leave it and use :meth:`wait`.
    """

    def __init__(self, flow: CheckInFlow, ports: Ports, front_end: FrontEnd) -> None:
        self._flow = flow
        self._ports = ports
        self._front_end = front_end
        self.wake: Callable[[], None] = _nobody_sleeps
        self._inbox: queue.SimpleQueue[ev.Event | None] = queue.SimpleQueue()
        self._state = flow.initial()
        self._timer: tuple[int, float] | None = None
        self._handed_out: deque[uuid.UUID] = deque(maxlen=_REMEMBERED)

    @property
    def state(self) -> CheckInState:
        """The present state; read it in the driver's thread."""
        return self._state

    def post(self, event: ev.Event) -> None:
        """Hand in an event, from any thread."""
        self._inbox.put(event)
        self.wake()

    def nudge(self) -> None:
        """Let :meth:`wait` return without an event, from any thread."""
        self._inbox.put(None)

    def start(self) -> None:
        """Show the first screen."""
        self._front_end.show(self._state)

    def run_pending(self) -> None:
        """Handle every event that has arrived, and the timer if its time has come. Driver's thread only."""
        while True:
            try:
                event = self._inbox.get_nowait()
            except queue.Empty:
                break
            if event is not None:
                self._handle(event)
        if self._timer is not None and self.seconds_to_timer() == 0:
            timer, self._timer = self._timer[0], None
            self._handle(ev.TimerFired(timer))

    def seconds_to_timer(self) -> float | None:
        """Seconds until :meth:`run_pending` has to be called again for the timer, or ``None`` if none runs."""
        if self._timer is None:
            return None
        return max(0.0, self._timer[1] - self._ports.clock.monotonic())

    def wait(self, longest_s: float | None = None) -> None:
        """Sleep until there is something to do, at most ``longest_s``, and do it. For front ends without a loop."""
        limits = [limit for limit in (longest_s, self.seconds_to_timer()) if limit is not None]
        with contextlib.suppress(queue.Empty):
            event = self._inbox.get(timeout=min(limits) if limits else None)
            if event is not None:
                self._handle(event)
        self.run_pending()

    def close(self) -> None:
        """Stop a reading that runs. Work under way ends by itself and is heard by nobody."""
        self._timer = None
        self.wake = _nobody_sleeps
        self._ports.cards.cancel()

    # ------------------------------------------------------------------------------------------------
    def _handle(self, event: ev.Event) -> None:
        step = self._flow.handle(self._state, event)
        before, self._state = self._state, step.state
        _log.debug("%s: %s -> %s", type(event).__name__, before.screen.name, step.state.screen.name)
        # What computes elsewhere begins when the screen is made: both would take twice as long side by side (one
        # interpreter lock), and somebody looks at the screen. It begins also if the screen cannot be shown.
        work = [effect for effect in step.effects if isinstance(effect, fx.Work)]
        for effect in step.effects:
            if not isinstance(effect, fx.Work):
                self._carry_out(effect)
        try:
            if step.state != before:
                self._front_end.show(step.state)
        finally:
            for effect in work:
                self._in_background(effect)
        if isinstance(event, ev.CheckInSaved):
            self._stored(event, heard=step.state != before)

    def _stored(self, event: ev.CheckInSaved, *, heard: bool) -> None:
        """A number that was stored too late for its owner is lost to nobody: the card brings it back, and staff know."""
        number = event.ticket.check_in_id
        if heard:
            self._handed_out.append(number)
        elif number not in self._handed_out:
            self._ports.bell.ring(Saving.name, NOT_COLLECTED.name)
            self.note(AuditEntry(AuditAction.STAFF_CALLED, NOT_COLLECTED.name))
            self.note(AuditEntry(AuditAction.NOT_COLLECTED, event.ticket.kind.value, number))
            self._handed_out.append(number)  # told once

    def _carry_out(self, effect: fx.Effect) -> None:
        match effect:
            case fx.StartTimer(timer=timer, seconds=seconds):
                self._timer = (timer, self._ports.clock.monotonic() + seconds)
                self.wake()
            case fx.StopTimer():
                self._timer = None
            case fx.StartReading(request=request, key=key, scanned=scanned):
                self._ports.cards.start(key, _Listener(self, request), scanned)
            case fx.CancelReading():
                self._ports.cards.cancel()
            case fx.Clear():
                self._front_end.clear()
            case fx.CallStaff(screen=screen, code=code):
                self._ports.bell.ring(screen, code)
                self.note(AuditEntry(AuditAction.STAFF_CALLED, code or screen))

    def _in_background(self, effect: fx.Work) -> None:
        """Each kind of work has a lane of its own: what hangs in one holds up no other."""
        match effect:
            case fx.LookUpInsurance():
                self._submit(Lane.INSURANCE, lambda: self._look_up(effect))
            case fx.LookUpPatient():
                self._submit(Lane.PATIENT, lambda: self._look_up_patient(effect))
            case fx.FindEarlier():
                self._submit(Lane.EARLIER, lambda: self._find_earlier(effect))
            case fx.SaveCheckIn():
                self._submit(Lane.SAVE, lambda: self._save(effect))
            case fx.PrintTicket():
                self._submit(Lane.PRINT, lambda: self._print(effect))

    def _submit(self, lane: Lane, work: Callable[[], ev.Event]) -> None:
        self._ports.executor.submit(lambda: self.post(work()), lane)

    def _look_up(self, effect: fx.LookUpInsurance) -> ev.Event:
        try:
            found = self._ports.insurer.check(effect.query)
        except GatewayError as error:
            found = Eligibility.unavailable(error.code.name)
        return ev.EligibilityKnown(effect.request, found)

    def _look_up_patient(self, effect: fx.LookUpPatient) -> ev.Event:
        if self._ports.hospital is None:
            return ev.PatientKnown(effect.request, PatientFinding.unavailable(HOSPITAL_NOT_SET.name))
        try:
            finding = self._ports.hospital.find(effect.query)
        except GatewayError as error:
            finding = PatientFinding.unavailable(error.code.name)
        return ev.PatientKnown(effect.request, finding)

    def _find_earlier(self, effect: fx.FindEarlier) -> ev.Event:
        if self._ports.earlier is None:
            return ev.EarlierKnown(effect.request, None)
        try:
            ticket = self._ports.earlier.find_today(effect.number, effect.day, effect.full_name)
        except StoreError as error:
            _log.warning("today's check-ins could not be looked through: %s", error.code.name)
            ticket = None
        return ev.EarlierKnown(effect.request, ticket)

    def _save(self, effect: fx.SaveCheckIn) -> ev.Event:
        try:
            ticket = self._ports.store.save(effect.draft, self._ports.clock.now())
        except StoreError as error:
            return ev.SaveFailed(effect.request, error.code.name, error.hint)
        return ev.CheckInSaved(effect.request, ticket, effect.draft.check_in_id)

    def _print(self, effect: fx.PrintTicket) -> ev.Event:
        try:
            self._ports.printer.print(effect.ticket)
        except PrinterError as error:
            return ev.TicketNotPrinted(effect.request, error.code.name)
        return ev.TicketPrinted(effect.request)

    # --------------------------------------------------------------------------------------- audit
    def note_read(self, result: ReadResult) -> None:
        """Write into the trail that a card was read and how it was judged."""
        subject = self._ports.pseudonyms.of(result.identity.number, "audit")
        outcome = f"{result.decision.value} {result.identity.assurance.value}"
        self.note(AuditEntry(AuditAction.CARD_READ, outcome, subject=subject))

    def note(self, entry: AuditEntry) -> None:
        """Write one line into the trail, in the background."""
        self._ports.executor.submit(lambda: self._note(entry), Lane.NOTE)

    def _note(self, entry: AuditEntry) -> None:
        try:
            self._ports.store.note(entry, self._ports.clock.now())
        except StoreError as error:
            _log.warning("audit line %s could not be written: %s", entry.action.value, error.code.name)


def _nobody_sleeps() -> None:
    """The ordinary ``wake``: :meth:`CheckInDriver.wait` wakes by itself."""


class _Listener:
    """Turns what a reading says into events of the request that asked for it."""

    def __init__(self, driver: CheckInDriver, request: int) -> None:
        self._driver = driver
        self._request = request

    def progressed(self, step: ReadingStep, steps_done: int, steps_total: int) -> None:
        self._driver.post(ev.ReadingProgressed(self._request, step, steps_done, steps_total))

    def card_awaited(self) -> None:
        self._driver.post(ev.CardAwaited(self._request))

    def finished(self, result: ReadResult) -> None:
        self._driver.note_read(result)
        self._driver.post(ev.ReadingFinished(self._request, result))

    def failed(self, code: str, hint: Hint) -> None:
        self._driver.note(AuditEntry(AuditAction.CARD_NOT_READ, code))
        self._driver.post(ev.ReadingFailed(self._request, code, hint))

    def card_removed(self) -> None:
        self._driver.post(ev.CardRemoved())
