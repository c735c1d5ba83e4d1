"""The check-in as a pure state machine: which stage an event belongs to.

    Welcome → EnterNumber → PlaceCard → Reading → Confirm → LookingUp → (InsuranceNotice) → ChooseDepartment
            → Saving → (TakeCard) → TicketReady → Welcome

The stages are :mod:`~kiosk_ui.app.flows.card`, :mod:`~kiosk_ui.app.flows.passport` (whose fields are typed),
:mod:`~kiosk_ui.app.flows.declare` (without a readable chip),
:mod:`~kiosk_ui.app.flows.look_up` and :mod:`~kiosk_ui.app.flows.finish`; docs/flows.md draws every path. Every screen
knows *start again*, *call staff* and a time-out, and each of them ends in Welcome with nothing personal left. What is not
expected on a screen changes nothing. The returning patient touches three times: start (or scan), confirm, department.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable

from kiosk_ui.app import failures
from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.flows import card, declare, finish, look_up, passport
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.frame import READING, Frame, Step
from kiosk_ui.app.flows.rules import CheckInRules

__all__ = ["CheckInFlow", "CheckInRules", "Step"]

# A card that is taken here has done its work: who has it in hand may leave.
_CARD_NO_LONGER_NEEDED = (
    s.Confirm,
    s.LookingUp,
    s.AlreadyCheckedIn,
    s.InsuranceNotice,
    s.InsuranceChoice,
    s.AppointmentFound,
    s.EnterPhone,
    s.ChooseDepartment,
    s.AskPriority,
    s.Saving,
    s.TicketReady,
    s.SlipReady,
)
_HOSPITAL_ZONE = dt.timezone(dt.timedelta(hours=7))  # Vietnam, all year


def _now() -> dt.datetime:
    return dt.datetime.now(_HOSPITAL_ZONE)


class CheckInFlow:
    """Rules of the check-in; holds no state of its own.

    Args:
        rules: what the hospital decides.
        new_id: makes the identifier of a check-in; injected so that tests are repeatable.
        now: aware moment in the hospital's own time: ages, today's appointments, when somebody agreed.
    """

    def __init__(
        self,
        rules: CheckInRules | None = None,
        new_id: Callable[[], uuid.UUID] = uuid.uuid4,
        now: Callable[[], dt.datetime] = _now,
    ) -> None:
        self.rules = rules or CheckInRules()
        self._frame = Frame(self.rules, new_id, now)

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
                if event.request != state.request or not isinstance(state.screen, READING):
                    return Step(state)
                return self._under_overlay(state, card.on_reading(self._frame, state, event))
            case ev.EligibilityKnown() | ev.PatientKnown() | ev.EarlierKnown():
                if event.request != state.request or not isinstance(state.screen, s.LookingUp):
                    return Step(state)
                return self._under_overlay(state, look_up.on_answer(self._frame, state, event))
            case ev.CheckInSaved() | ev.SaveFailed() | ev.TicketPrinted() | ev.TicketNotPrinted():
                if event.request != state.request and not finish.is_this_visits(state, event):
                    return Step(state)
                return self._under_overlay(state, finish.on_work(self._frame, state, event))
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
                # A check-in that is being written down cannot be called back: it takes milliseconds and then shows
                # its ticket, or its problem, from where everything can be cancelled.
                return Step(state) if isinstance(state.screen, s.Saving) else finish.start_again(self._frame, state)
            case ev.StaffAsked():
                return self._call_staff(state)
            case ev.OverlayDismissed():
                return Step(state) if state.overlay is None else self._frame.show(state, state.screen)
            case ev.PrivacyAsked() if isinstance(state.screen, s.Welcome):
                return self._frame.cover(state, s.PrivacyNotice(), self.rules.time_limits.message_s)
            case ev.Touched():
                return self._touched(state)
            case _:
                return self._answer(state, event)

    def _answer(self, state: s.CheckInState, event: ev.PersonEvent) -> Step:
        """An answer to the question on the screen; anything else changes nothing."""
        if isinstance(event, ev.NumberKnown | ev.MrzGiven | ev.ScanUnreadable):
            return self._scanned(state, event)
        stages = (
            self._who,
            self._typed_passport,
            self._without_a_card,
            self._insured,
            self._what_for,
            self._at_the_end,
        )
        for answer in stages:
            step = answer(state, event)
            if step is not None:
                return step
        return Step(state)

    def _scanned(self, state: s.CheckInState, event: ev.NumberKnown | ev.MrzGiven | ev.ScanUnreadable) -> Step:
        frame = self._frame
        match state.screen, event:
            case s.ScanPhone(), ev.NumberKnown() as known:
                return declare.phone_scanned(frame, state, known)
            case ((s.Welcome() | s.EnterNumber() | s.GuardianCard()), ev.NumberKnown() as known):
                return card.number_known(frame, state, known)
            case ((s.OtherWays() | s.TypeNumber() | s.CheckDocument()), ev.NumberKnown() as known):
                return declare.card_instead(frame, state, known)
            case screen, ev.MrzGiven() as given if _takes_a_passport(screen):
                return card.mrz_given(frame, state, given)
            case screen, ev.ScanUnreadable() if _takes_scans(screen):
                return card.scan_unreadable(frame, state)
            case _:
                return Step(state)

    def _who(self, state: s.CheckInState, event: ev.PersonEvent) -> Step | None:
        frame = self._frame
        match state.screen, event:
            case s.Welcome(), ev.Started():
                return frame.show(state, s.EnterNumber())
            case s.WrongNumber(wait_seconds=0), ev.TryAgain():
                return card.ask_key(frame, state)
            case s.Confirm(for_guardian=True), ev.Confirmed():
                return declare.guardian_read(frame, state)
            case s.Confirm(), ev.Confirmed():
                return look_up.begin(frame, state)
            case s.Confirm(), ev.NotMe():
                return card.not_me(frame, state)
            case s.Problem(retry=s.Retry.READ_AGAIN), ev.TryAgain():
                return card.read(frame, state, s.PlaceCard())
            case s.Problem(retry=s.Retry.SAVE_AGAIN), ev.TryAgain():
                return finish.save(frame, state)
            case _:
                return None

    def _without_a_card(self, state: s.CheckInState, event: ev.PersonEvent) -> Step | None:
        frame = self._frame
        match state.screen, event:
            case (
                s.Welcome()
                | s.EnterNumber()
                | s.GuardianCard()
                | s.WrongNumber()
                | s.Problem(retry=s.Retry.NONE | s.Retry.READ_AGAIN),
                ev.OtherWaysAsked(),
            ):
                return declare.other_ways(frame, state)
            case s.OtherWays(), ev.WayChosen(way=way):
                return declare.choose_way(frame, state, way)
            case ((s.TypeNumber() | s.TypeName()), ev.TextGiven(text=text)):
                return declare.text_given(frame, state, text)
            case s.TypeNumber(), ev.Skipped():
                return declare.skipped(frame, state)
            case s.TypeBirth(whose=whose), ev.BirthGiven() as given:
                return declare.birth_given(frame, state, given, whose)
            case s.GuardianCard(), ev.GoOn():
                return frame.show(state, s.EnterNumber(for_guardian=True))
            case screen, ev.WithoutChip() if _can_do_without(screen):
                return declare.without_chip(frame, state)
            case s.ConfirmDeclared(), ev.Confirmed():
                return finish.declared_to_counter(frame, state)
            case s.ConfirmDeclared(), ev.NotMe():
                return declare.correct(frame, state)
            case _:
                return None

    def _typed_passport(self, state: s.CheckInState, event: ev.PersonEvent) -> Step | None:
        frame = self._frame
        match state.screen, event:
            case s.TypeNumber(kind=NumberKind.DOCUMENT), ev.TextGiven(text=text) if _is_typing_a_passport(state):
                return passport.number_given(frame, state, text)
            case s.TypeBirth(whose=s.Whose.HOLDER), ev.BirthGiven() as given:
                return passport.birth_given(frame, state, given)
            case s.TypeExpiry(), ev.ExpiryGiven() as last:
                return passport.expiry_given(frame, state, last)
            case s.CheckDocument(), ev.FieldChosen(field=field):
                return passport.change(frame, state, field)
            case s.CheckDocument(), ev.GoOn():
                return passport.open_again(frame, state)
            case _:
                return None

    def _insured(self, state: s.CheckInState, event: ev.PersonEvent) -> Step | None:
        frame = self._frame
        match state.screen, event:
            case s.AlreadyCheckedIn(ticket=ticket), ev.PrintAgain():
                return finish.stored(frame, state, ticket)
            case s.AlreadyCheckedIn(), ev.AnotherDepartment():
                return look_up.not_that_ticket(frame, state)
            case s.InsuranceNotice(), ev.GoOn():
                return look_up.to_visit(frame, state)
            case s.InsuranceChoice(), ev.PayMyself():
                return look_up.to_visit(frame, finish.pay(state))
            case s.InsuranceChoice(), ev.GoToCounter():
                return finish.to_counter(frame, state)
            case _:
                return None

    def _what_for(self, state: s.CheckInState, event: ev.PersonEvent) -> Step | None:
        frame = self._frame
        match state.screen, event:
            case s.EnterPhone(), ev.PhoneGiven() as given:
                return look_up.phone_given(frame, state, given)
            case s.EnterPhone(), ev.Skipped():
                return look_up.to_visit(frame, state)
            case s.AppointmentFound(appointment=appointment, department=department), ev.GoOn():
                return finish.take(frame, state, department, appointment.id)
            case s.AppointmentFound(), ev.AnotherDepartment():
                return look_up.choose_department(frame, state)
            case s.ChooseDepartment(), ev.DepartmentChosen(code=code):
                chosen = self.rules.department(code)
                return None if chosen is None else finish.take(frame, state, chosen)
            case (s.ChooseDepartment(), ev.PriorityAsked(priority=None)):
                return look_up.ask_priority(frame, state, None)
            case s.AskPriority(), ev.PriorityAsked(priority=priority) if priority is not None:
                return look_up.ask_priority(frame, state, priority)
            case s.AskPriority(), ev.Skipped():
                return look_up.choose_department(frame, state)
            case _:
                return None

    def _at_the_end(self, state: s.CheckInState, event: ev.PersonEvent) -> Step | None:
        match state.screen, event:
            case ((s.Refused() | s.AlreadyCheckedIn()), ev.GoOn()):
                return finish.leave(self._frame, state)
            case ((s.TicketReady() | s.SlipReady() | s.Emergency()), ev.GoOn()):
                return self._frame.welcome(state)
            case (s.TicketReady() | s.SlipReady()) as paper, ev.PrintAgain():
                return finish.print_again(self._frame, state, paper)
            case _:
                return None

    def _call_staff(self, state: s.CheckInState) -> Step:
        if isinstance(state.overlay, s.StaffCalled):
            return Step(state)
        code = state.screen.code if isinstance(state.screen, s.Problem) else None
        overlay, seconds = s.StaffCalled(self.rules.counter), self.rules.time_limits.staff_s
        return self._frame.cover(state, overlay, seconds, fx.CallStaff(state.screen.name, code))

    def _touched(self, state: s.CheckInState) -> Step:
        if isinstance(state.overlay, s.StaffCalled | s.PrivacyNotice):
            return Step(state)
        match state.screen:
            case s.Reading() | s.LookingUp() | s.Saving() | s.TakeCard():
                return Step(state)  # these wait for something else than a person
            case s.WrongNumber(wait_seconds=wait) if wait > 0:
                return Step(state)
            case _:
                return self._frame.show(state, state.screen)

    # ------------------------------------------------------------------------------------ the card
    def _card_removed(self, state: s.CheckInState) -> Step:
        lifted = dataclasses.replace(state, card_lies=False)
        if isinstance(state.screen, s.Reading):
            return card.read(self._frame, lifted, s.CardLifted())
        if isinstance(state.screen, s.TakeCard):
            away = dataclasses.replace(lifted, card_away=True)
            return finish.card_taken(self._frame, away)
        if not isinstance(state.screen, _CARD_NO_LONGER_NEEDED) or state.card_away:
            return Step(lifted)
        away = dataclasses.replace(lifted, card_away=True)
        # Time-outs become shorter: who has taken the card may have left. Running work keeps its own limit.
        if isinstance(state.screen, s.LookingUp | s.Saving) or state.overlay is not None:
            return Step(away)
        return self._frame.show(away, state.screen)

    # ----------------------------------------------------------------------------------------- time
    def _timer_fired(self, state: s.CheckInState, event: ev.TimerFired) -> Step:
        if event.timer != state.timer:
            return Step(state)
        match state.overlay:
            case s.StaffCalled() | s.PrivacyNotice():
                return self._frame.show(state, state.screen)
            case s.TimeoutWarning(seconds_left=left) if left > 1:
                return self._warn(state, left - 1)
            case s.TimeoutWarning():
                return finish.nobody_there(self._frame, state)
            case None:
                return self._time_is_over(state)

    def _time_is_over(self, state: s.CheckInState) -> Step:
        frame = self._frame
        match state.screen:
            case s.WrongNumber(wait_seconds=wait) as screen if wait > 0:
                return frame.show(state, dataclasses.replace(screen, wait_seconds=wait - 1))
            case s.Reading():
                return card.stalled(frame, state)
            case s.LookingUp():
                return look_up.give_up(frame, state)
            case s.Saving():
                return frame.problem(state, failures.STORE_SLOW, retry=s.Retry.SAVE_AGAIN)
            case s.TakeCard():
                return finish.card_left(frame, state)
            case s.Welcome():  # the language and looks of who has touched and gone
                return Step(state, (fx.Clear(),))
            case s.TicketReady() | s.SlipReady() | s.Refused() | s.Emergency():
                return finish.nobody_there(frame, state)
            case _:
                return self._warn(state, self.rules.time_limits.warning_s)

    def _warn(self, state: s.CheckInState, seconds_left: int) -> Step:
        return self._frame.cover(state, s.TimeoutWarning(seconds_left, state.screen.name), 1)


def _takes_scans(screen: s.Screen) -> bool:
    """Whether a code that could not be read is told of here."""
    return isinstance(screen, s.ScanPhone | s.TypeNumber) or (
        _takes_a_passport(screen) and not isinstance(screen, s.OtherWays)
    )


def _is_typing_a_passport(state: s.CheckInState) -> bool:
    """Whether a chip is to be opened with what is typed; later its number may be put right for the slip alone."""
    return state.visit is not None and state.visit.document is not None


def _takes_a_passport(screen: s.Screen) -> bool:
    """Whether the page of a passport may be held to the scanner here."""
    match screen:
        case s.Welcome() | s.EnterNumber() | s.OtherWays() | s.GuardianCard():
            return True
        case s.TypeNumber(kind=NumberKind.DOCUMENT) | s.TypeBirth(whose=s.Whose.HOLDER):
            return True
        case s.TypeExpiry() | s.CheckDocument():
            return True
        case _:
            return False


def _can_do_without(screen: s.Screen) -> bool:
    """Whether this screen asks for something that can be done without: a chip, a phone's code, a guardian's card."""
    match screen:
        case s.ScanPhone() | s.TypeExpiry() | s.CheckDocument() | s.GuardianCard() | s.EnterNumber(for_guardian=True):
            return True
        case s.PlaceCard() | s.CardLifted() | s.WrongNumber():
            return True
        case s.Problem(retry=retry):
            return retry is not s.Retry.SAVE_AGAIN
        case _:
            return False
