"""The check-in as a pure state machine.

    Welcome → EnterNumber → PlaceCard → Reading → Confirm → LookingUp → (InsuranceNotice) → ChooseDepartment
            → Saving → TicketReady → Welcome

Beside the path lie CardLifted, WrongNumber, Refused and Problem. Every screen knows *start again*, *call staff* and a
time-out, and each of them ends in Welcome with nothing personal left. What is not expected on a screen changes nothing.
The returning patient touches three times: start (or scan), confirm, department.
"""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Callable

from crypto.errors import ErrorCode, Hint
from kiosk_ui.app import failures
from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS, Department
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery, InsuranceOutcome
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.reading import Decision, ReadResult
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.time_limits import TimeLimits
from kiosk_ui.app.privacy import mask_number
from reader.verification.identity import Assurance
from reader.verification.printed import is_same_number

__all__ = ["CheckInFlow", "CheckInRules", "Step"]

# The reader's names for "the card is not (any more) on the reader" (reader.errors).
_CARD_GONE = frozenset({"card.removed", "card.absent"})
_READING = (s.PlaceCard, s.Reading, s.CardLifted)
_CARD_NO_LONGER_NEEDED = (s.Confirm, s.LookingUp, s.InsuranceNotice, s.ChooseDepartment, s.TicketReady, s.Saving)


@dataclasses.dataclass(frozen=True, slots=True)
class CheckInRules:
    """What a hospital decides about its check-in.

    Attributes:
        departments: at least one; offered in this order.
        counter: number or name of the counter where people help.
        admitted: assurances that may check in unless the verdict is REJECT. A chip whose issuer could not be
            verified is admitted and marked so (house vocabulary, ``chip_read``).
        max_tries: wrong numbers in one visit before staff must help.
        pauses_s: pause after the first, second … wrong number; the last one repeats.
        time_limits: how long each screen waits.
    """

    departments: tuple[Department, ...] = DEFAULT_DEPARTMENTS
    counter: str = "1"
    admitted: frozenset[Assurance] = frozenset(
        {Assurance.CHIP_VERIFIED, Assurance.CHIP_READ, Assurance.ONLINE_VERIFIED}
    )
    max_tries: int = 5
    pauses_s: tuple[int, ...] = (0, 0, 10, 30)
    time_limits: TimeLimits = TimeLimits()  # noqa: RUF009 - frozen


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """What follows from an event: the next state, and what is to be done now, in order."""

    state: s.CheckInState
    effects: tuple[fx.Effect, ...] = ()


class CheckInFlow:
    """Rules of the check-in; holds no state of its own.

    Args:
        rules: what the hospital decides.
        new_id: makes the identifier of a check-in; injected so that tests are repeatable.
    """

    def __init__(self, rules: CheckInRules | None = None, new_id: Callable[[], uuid.UUID] = uuid.uuid4) -> None:
        self.rules = rules or CheckInRules()
        self._new_id = new_id

    def initial(self) -> s.CheckInState:
        """The state of a kiosk that has just started."""
        return s.CheckInState()

    def handle(self, state: s.CheckInState, event: ev.Event) -> Step:
        """The next state and effects. Never raises; an event that does not fit changes nothing."""
        match event:
            case ev.TimerFired():
                return self._timer_fired(state, event)
            case ev.CardRemoved():
                return self._under_overlay(state, self._card_removed(state))
            case ev.ReadingProgressed() | ev.CardAwaited() | ev.ReadingFinished() | ev.ReadingFailed():
                if event.request != state.request or not isinstance(state.screen, _READING):
                    return Step(state)
                return self._under_overlay(state, self._reading(state, event))
            case (
                ev.EligibilityKnown()
                | ev.PatientKnown()
                | ev.EarlierKnown()
                | ev.CheckInSaved()
                | ev.SaveFailed()
                | ev.TicketPrinted()
                | ev.TicketNotPrinted()
            ):
                if event.request != state.request:
                    return Step(state)
                return self._under_overlay(state, self._work_done(state, event))
            case _:
                return self._person(state, event)

    @staticmethod
    def _under_overlay(before: s.CheckInState, step: Step) -> Step:
        """What machines do goes on under "staff are coming": the overlay and its timer stay."""
        if not isinstance(before.overlay, s.StaffCalled):
            return step
        kept = dataclasses.replace(step.state, overlay=before.overlay, timer=before.timer)
        return Step(kept, tuple(e for e in step.effects if not isinstance(e, fx.StartTimer | fx.StopTimer)))

    # ------------------------------------------------------------------------------ what people do
    def _person(self, state: s.CheckInState, event: ev.PersonEvent) -> Step:
        match event:
            case ev.StartAgain():
                # A check-in that is being written down cannot be called back: it takes milliseconds and then
                # shows its ticket, or its problem, from where everything can be cancelled.
                return Step(state) if isinstance(state.screen, s.Saving) else self._welcome(state)
            case ev.StaffAsked():
                return self._call_staff(state)
            case ev.OverlayDismissed() if state.overlay is not None:
                return self._show(state, state.screen)
            case ev.Touched():
                return self._touched(state)
            case _:
                return self._answer(state, event)

    def _answer(self, state: s.CheckInState, event: ev.PersonEvent) -> Step:
        """An answer to the question on the screen; anything else changes nothing."""
        match state.screen, event:
            case s.Welcome(), ev.Started():
                return self._show(state, s.EnterNumber())
            case (s.Welcome() | s.EnterNumber(), ev.NumberKnown() as known):
                return self._number(state, known)
            case (s.Welcome() | s.EnterNumber(), ev.ScanUnreadable()):
                return self._show(state, s.EnterNumber(s.NumberProblem.SCAN_UNREADABLE))
            case s.WrongNumber(wait_seconds=0), ev.TryAgain():
                return self._show(state, s.EnterNumber())
            case s.Confirm(), (ev.Confirmed() | ev.NotMe()):
                return self._is_it_you(state, yes=isinstance(event, ev.Confirmed))
            case s.InsuranceNotice(insurance=insurance), ev.GoOn():
                return self._show(state, s.ChooseDepartment(self.rules.departments, insurance))
            case s.ChooseDepartment(), ev.DepartmentChosen(code=code):
                return self._choose(state, code)
            case (s.TicketReady() | s.Refused(), ev.GoOn()):
                return self._welcome(state)
            case s.Problem(retry=retry), ev.TryAgain():
                return self._try_again(state, retry)
            case _:
                return Step(state)

    def _try_again(self, state: s.CheckInState, retry: s.Retry) -> Step:
        match retry:
            case s.Retry.READ_AGAIN:
                return self._read(state, s.PlaceCard())
            case s.Retry.SAVE_AGAIN:
                return self._save(state)
            case s.Retry.NONE:
                return Step(state)

    def _is_it_you(self, state: s.CheckInState, *, yes: bool) -> Step:
        if yes:
            return self._look_up(state)
        return self._show(dataclasses.replace(state, visit=None, card_away=False), s.EnterNumber(), fx.Clear())

    def _number(self, state: s.CheckInState, known: ev.NumberKnown) -> Step:
        try:
            number = CitizenNumber.from_text(known.text)
        except failures.KioskError:
            return self._show(state, s.EnterNumber(s.NumberProblem.NOT_12_DIGITS))
        tries = state.visit.wrong_tries if state.visit else 0
        return self._read(dataclasses.replace(state, visit=s.Visit(number, tries, known.scanned)), s.PlaceCard())

    def _call_staff(self, state: s.CheckInState) -> Step:
        if isinstance(state.overlay, s.StaffCalled):
            return Step(state)
        code = state.screen.code if isinstance(state.screen, s.Problem) else None
        overlay = s.StaffCalled(self.rules.counter)
        called = dataclasses.replace(state, overlay=overlay, timer=state.timer + 1)
        timer = fx.StartTimer(called.timer, self.rules.time_limits.staff_s)
        return Step(called, (fx.CallStaff(state.screen.name, code), timer))

    def _touched(self, state: s.CheckInState) -> Step:
        if isinstance(state.overlay, s.StaffCalled):
            return Step(state)
        match state.screen:
            case s.Welcome() | s.Reading() | s.LookingUp() | s.Saving():
                return Step(state)  # these wait for something else than a person
            case s.WrongNumber(wait_seconds=wait) if wait > 0:
                return Step(state)
            case _:
                return self._show(state, state.screen)

    # ------------------------------------------------------------------------------------ the card
    def _read(self, state: s.CheckInState, screen: s.PlaceCard | s.CardLifted) -> Step:
        """Begin to wait for the card. Falls back to the number when none is known any more."""
        if state.visit is None:
            return self._show(state, s.EnterNumber())
        visit = dataclasses.replace(state.visit, reading=None)
        begun = dataclasses.replace(state, visit=visit, request=state.request + 1, card_away=False)
        # Entering one reading screen from another leaves two readings running unless the first is cancelled.
        cancel = (fx.CancelReading(),) if isinstance(state.screen, _READING) else ()
        return self._show(begun, screen, *cancel, fx.StartReading(begun.request, visit.number, visit.scanned))

    def _card_removed(self, state: s.CheckInState) -> Step:
        if isinstance(state.screen, s.Reading):
            return self._read(state, s.CardLifted())
        if not isinstance(state.screen, _CARD_NO_LONGER_NEEDED) or state.card_away:
            return Step(state)
        away = dataclasses.replace(state, card_away=True)
        # Time-outs become shorter: who has taken the card may have left. Running work keeps its own limit.
        if isinstance(state.screen, s.LookingUp | s.Saving) or state.overlay is not None:
            return Step(away)
        return self._show(away, state.screen)

    def _reading(self, state: s.CheckInState, event: ev.ReadingEvent) -> Step:
        match event:
            case ev.ReadingProgressed(step=step, steps_done=done, steps_total=total):
                total = max(1, total)
                return self._show(state, s.Reading(step, min(max(0, done), total), total))
            case ev.CardAwaited():
                return self._show(state, s.CardLifted(is_awaited=True))
            case ev.ReadingFinished(result=result):
                return self._judge(state, result)
            case ev.ReadingFailed(code=code, hint=hint):
                return self._not_read(state, code, hint)

    def _judge(self, state: s.CheckInState, result: ReadResult) -> Step:
        visit, identity = state.visit, result.identity
        if result.decision is Decision.REJECT:
            # Nothing of a refused card is kept: only the codes stay, for staff.
            return self._show(dataclasses.replace(state, visit=None), s.Refused(self.rules.counter, result.reasons))
        if visit is None or not is_same_number(identity.number, visit.number):
            # The access key is only a part of the number: another card may open with it.
            return self._wrong_number(state)
        if identity.assurance not in self.rules.admitted:
            return self._problem(dataclasses.replace(state, visit=None), failures.NOT_ADMITTED)
        person = s.PersonShown(
            identity.full_name, mask_number(identity.number), identity.date_of_birth, identity.portrait
        )
        # "Genuine" is said of a chip that has proven it, and of nothing else that a hospital may admit.
        genuine = identity.assurance is Assurance.CHIP_VERIFIED
        proof = s.Proof.GENUINE if genuine else s.Proof.ISSUER_NOT_VERIFIED
        known = dataclasses.replace(state, visit=dataclasses.replace(visit, reading=result, wrong_tries=0))
        return self._show(known, s.Confirm(person, proof, identity.assurance))

    def _not_read(self, state: s.CheckInState, code: str, hint: Hint) -> Step:
        # Waiting again is right only if something happened since: a reading that never begins would spin for ever.
        if code in _CARD_GONE and state.screen != s.CardLifted():
            return self._read(state, s.CardLifted())
        if hint is Hint.REENTER_KEY:
            return self._wrong_number(state)
        # A missing reader may be plugged in again; a chip that is blocked or lies is not tried again.
        hopeless = hint is Hint.CALL_STAFF and not code.startswith("reader.")
        retry = s.Retry.NONE if hopeless else s.Retry.READ_AGAIN
        return self._show(state, s.Problem(code, hint, retry, self.rules.counter))

    def _wrong_number(self, state: s.CheckInState) -> Step:
        visit = state.visit
        tries = (visit.wrong_tries if visit else 0) + 1
        left = self.rules.max_tries - tries
        if left < 1 or visit is None:
            return self._problem(dataclasses.replace(state, visit=None), failures.TOO_MANY_TRIES)
        pause = self.rules.pauses_s[min(tries, len(self.rules.pauses_s)) - 1] if self.rules.pauses_s else 0
        counted = dataclasses.replace(state, visit=dataclasses.replace(visit, wrong_tries=tries, reading=None))
        return self._show(counted, s.WrongNumber(left, pause))

    # ---------------------------------------------------------------- insurance, store, paper
    def _look_up(self, state: s.CheckInState) -> Step:
        visit = state.visit
        if visit is None or visit.reading is None:
            return self._welcome(state)
        identity = visit.reading.identity
        asked = dataclasses.replace(state, request=state.request + 1)
        query = EligibilityQuery(identity.number, identity.full_name, identity.date_of_birth)
        return self._show(asked, s.LookingUp(), fx.LookUpInsurance(asked.request, query))

    def _insurance(self, state: s.CheckInState, insurance: Eligibility) -> Step:
        if state.visit is None:
            return self._welcome(state)
        # From here on an answer that comes too late is stale; the outbox asks again.
        known = dataclasses.replace(
            state, visit=dataclasses.replace(state.visit, eligibility=insurance), request=state.request + 1
        )
        if insurance.outcome is InsuranceOutcome.COUNTER:
            return self._show(known, s.InsuranceNotice(insurance, self.rules.counter))
        return self._show(known, s.ChooseDepartment(self.rules.departments, insurance))

    def _choose(self, state: s.CheckInState, code: str) -> Step:
        department = next((d for d in self.rules.departments if d.code == code), None)
        visit = state.visit
        if department is None:
            return Step(state)
        if visit is None or visit.reading is None or visit.eligibility is None:
            return self._welcome(state)
        reading = visit.reading
        person = Visitor.from_identity(reading.identity)
        draft = CheckInDraft(
            self._new_id(),
            person,
            visit.eligibility,
            department,
            reading.decision,
            reading.reasons,
        )
        return self._save(dataclasses.replace(state, visit=dataclasses.replace(visit, draft=draft)))

    def _save(self, state: s.CheckInState) -> Step:
        if state.visit is None or state.visit.draft is None:
            return self._welcome(state)
        begun = dataclasses.replace(state, request=state.request + 1)
        return self._show(begun, s.Saving(), fx.SaveCheckIn(begun.request, state.visit.draft))

    def _work_done(self, state: s.CheckInState, event: ev.WorkEvent) -> Step:
        match state.screen, event:
            case s.LookingUp(), ev.EligibilityKnown(eligibility=eligibility):
                return self._insurance(state, eligibility)
            case (s.Saving() | s.Problem(retry=s.Retry.SAVE_AGAIN), ev.CheckInSaved(ticket=ticket)):
                # Everything personal is in the store now; the ticket says nothing of it.
                saved = dataclasses.replace(state, visit=None, request=state.request + 1)
                return self._show(saved, s.TicketReady(ticket), fx.PrintTicket(saved.request, ticket))
            case s.Saving(), ev.SaveFailed(code=code, hint=hint):
                return self._show(state, s.Problem(code, hint, s.Retry.SAVE_AGAIN, self.rules.counter))
            case s.TicketReady(ticket=ticket), ev.TicketPrinted():
                return Step(dataclasses.replace(state, screen=s.TicketReady(ticket, s.Printing.DONE)))
            case s.TicketReady(ticket=ticket), ev.TicketNotPrinted():
                return Step(dataclasses.replace(state, screen=s.TicketReady(ticket, s.Printing.FAILED)))
            case _:
                return Step(state)

    # ----------------------------------------------------------------------------------------- time
    def _timer_fired(self, state: s.CheckInState, event: ev.TimerFired) -> Step:
        if event.timer != state.timer:
            return Step(state)
        match state.overlay:
            case s.StaffCalled() | s.PrivacyNotice():
                return self._show(state, state.screen)
            case s.TimeoutWarning(seconds_left=left) if left > 1:
                return self._warn(state, left - 1)
            case s.TimeoutWarning():
                return self._welcome(state)
            case None:
                return self._time_is_over(state)

    def _time_is_over(self, state: s.CheckInState) -> Step:
        match state.screen:
            case s.WrongNumber(tries_left=left, wait_seconds=wait) if wait > 0:
                return self._show(state, s.WrongNumber(left, wait - 1))
            case s.Reading():
                stalled = dataclasses.replace(state, request=state.request + 1)
                return self._problem(stalled, failures.READING_STALLED, fx.CancelReading(), retry=s.Retry.READ_AGAIN)
            case s.LookingUp():
                return self._insurance(state, Eligibility.unavailable(failures.INSURANCE_SLOW.name))
            case s.Saving():
                return self._problem(state, failures.STORE_SLOW, retry=s.Retry.SAVE_AGAIN)
            case s.TicketReady() | s.Refused() | s.Problem() | s.Welcome():
                return self._welcome(state)
            case _:
                return self._warn(state, self.rules.time_limits.warning_s)

    def _warn(self, state: s.CheckInState, seconds_left: int) -> Step:
        overlay = s.TimeoutWarning(seconds_left, state.screen.name)
        warned = dataclasses.replace(state, overlay=overlay, timer=state.timer + 1)
        return Step(warned, (fx.StartTimer(warned.timer, 1),))

    # ------------------------------------------------------------------------------------- all ways
    def _problem(
        self, state: s.CheckInState, code: ErrorCode, *effects: fx.Effect, retry: s.Retry = s.Retry.NONE
    ) -> Step:
        return self._show(state, s.Problem(code.name, code.hint, retry, self.rules.counter), *effects)

    def _show(self, state: s.CheckInState, screen: s.Screen, *effects: fx.Effect) -> Step:
        """Go to ``screen`` (or stay), take overlays away and start its time-out anew."""
        shown = dataclasses.replace(state, screen=screen, overlay=None, timer=state.timer + 1)
        seconds = self.rules.time_limits.seconds(screen, card_away=state.card_away)
        timer = fx.StopTimer() if seconds is None else fx.StartTimer(shown.timer, seconds)
        return Step(shown, (*effects, timer))

    def _welcome(self, state: s.CheckInState) -> Step:
        """Back to the beginning with nothing personal left; what is still running becomes stale."""
        if isinstance(state.screen, s.Welcome) and state.overlay is None:
            return Step(state)
        cancel = (fx.CancelReading(),) if isinstance(state.screen, _READING) else ()
        fresh = s.CheckInState(request=state.request + 1, timer=state.timer + 1)
        return Step(fresh, (*cancel, fx.StopTimer(), fx.Clear()))
