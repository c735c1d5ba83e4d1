"""The end of a visit: one draft, one ticket or slip, and the card back in its owner's hand.

ChooseDepartment, AppointmentFound, InsuranceChoice, ConfirmDeclared → Saving → (TakeCard) → TicketReady | SlipReady
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from kiosk_ui.app import failures
from kiosk_ui.app.domain.check_in import CheckInDraft, Missing, Ticket, TicketKind
from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.insurance import Eligibility, InsuranceExit
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.reading import Decision
from kiosk_ui.app.domain.visitor import OF_AGE_YEARS, NumberKind, Visitor, age_on
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.frame import Frame, Step
from reader.verification.identity import Assurance, Identity

__all__ = [
    "card_left",
    "card_taken",
    "declared_to_counter",
    "is_this_visits",
    "leave",
    "nobody_there",
    "on_work",
    "pay",
    "print_again",
    "save",
    "start_again",
    "stored",
    "take",
    "to_counter",
]


_BY_CHIP = frozenset({Assurance.CHIP_VERIFIED, Assurance.CHIP_READ, Assurance.ONLINE_VERIFIED})


def take(frame: Frame, state: s.CheckInState, department: Department, appointment_id: str | None = None) -> Step:
    """A number in this department's queue."""
    return _draft(frame, state, department, TicketKind.QUEUE, appointment_id)


def pay(state: s.CheckInState) -> s.CheckInState:
    """The person pays; nothing about insurance is left to settle."""
    if state.visit is None:
        return state
    return dataclasses.replace(state, visit=dataclasses.replace(state.visit, pays=True))


def to_counter(frame: Frame, state: s.CheckInState) -> Step:
    """A slip, with all that was read."""
    return _draft(frame, state, frame.rules.counter_queue, TicketKind.COUNTER)


def declared_to_counter(frame: Frame, state: s.CheckInState) -> Step:
    """A slip for somebody whom no chip has named. The insurer is asked later, if there is something to ask with."""
    visit = state.visit
    if visit is None or visit.declared is None:
        return frame.welcome(state)
    person = visit.declared
    known = dataclasses.replace(
        visit,
        visitor=person,
        reading=None,
        eligibility=_insurance_of_declared(person),
        priority=frame.priority_of(person.date_of_birth),
    )
    return to_counter(frame, dataclasses.replace(state, visit=known))


def _insurance_of_declared(person: Visitor) -> Eligibility:
    """Who says a number must not be shown what the insurer knows of its owner; so it is asked behind the scenes."""
    if person.number_kind is NumberKind.CITIZEN and person.date_of_birth is not None:
        return Eligibility.unavailable(failures.INSURANCE_LATER.name)
    return Eligibility.not_asked(failures.INSURANCE_NOT_ASKED.name)


def _draft(
    frame: Frame,
    state: s.CheckInState,
    department: Department,
    kind: TicketKind,
    appointment_id: str | None = None,
) -> Step:
    visit = state.visit
    if visit is None or visit.visitor is None or visit.eligibility is None:
        return frame.welcome(state)
    reading = visit.reading
    draft = CheckInDraft(
        check_in_id=frame.new_id(),
        visitor=visit.visitor,
        eligibility=visit.eligibility,
        department=department,
        # Nothing was judged where no chip was read: somebody has to look (house vocabulary, REFER).
        decision=Decision.REFER if reading is None else reading.decision,
        reasons=() if reading is None else reading.reasons,
        patient=visit.patient,
        priority=visit.priority,
        appointment_id=appointment_id,
        phone=visit.phone,
        consents=visit.consents,
        exit=kind,
        missing=tuple(word.value for word in _missing(visit, visit.visitor, visit.eligibility, frame.calendar())),
        counter=frame.rules.counter,
    )
    return save(frame, dataclasses.replace(state, visit=dataclasses.replace(visit, draft=draft)))


def _is_of_age(guardian: Identity | None, today: dt.date | None) -> bool:
    """Whether nobody has to look who brings the child: a chip has named somebody of age, by a clock that can be right."""
    if guardian is None or guardian.assurance not in _BY_CHIP:
        return False
    born = guardian.date_of_birth
    return born is None or (today is not None and age_on(today, born) >= OF_AGE_YEARS)


def _missing(visit: s.Visit, visitor: Visitor, eligibility: Eligibility, today: dt.date | None) -> list[Missing]:
    """Why a counter has to look, in the order of the list of words."""
    declared = visitor.is_declared
    wanting = {
        Missing.IDENTITY: declared,
        Missing.NUMBER: declared and visitor.number_kind is NumberKind.NONE,
        Missing.NAME: not visitor.full_name,
        Missing.DATE_OF_BIRTH: visitor.date_of_birth is None,
        Missing.GUARDIAN: visit.for_guardian and not _is_of_age(visitor.guardian, today),
        Missing.INSURANCE: not visit.pays
        and eligibility.exit in (InsuranceExit.CONFIRM_AT_COUNTER, InsuranceExit.CHOOSE),
        Missing.PRIORITY: visit.priority.needs_staff or (declared and visit.priority is not Priority.NONE),
    }
    return [word for word in Missing if wanting[word]]


# --------------------------------------------------------------------------------- stored and printed
def save(frame: Frame, state: s.CheckInState) -> Step:
    """Write it down; again with the same identifier after a failure."""
    if state.visit is None or state.visit.draft is None:
        return frame.welcome(state)
    begun = dataclasses.replace(state, request=state.request + 1)
    return frame.show(begun, s.Saving(), fx.SaveCheckIn(begun.request, state.visit.draft))


def is_this_visits(state: s.CheckInState, event: ev.WorkEvent) -> bool:
    """Whether a late answer says that this very visit is stored: the try before the last was only slow."""
    draft = state.visit.draft if state.visit else None
    if draft is None or not isinstance(event, ev.CheckInSaved):
        return False
    return (event.draft_id or event.ticket.check_in_id) == draft.check_in_id


def stored(frame: Frame, state: s.CheckInState, ticket: Ticket) -> Step:
    """It is true from now on. Everything personal is in the store; a card that still lies there is asked for first."""
    if not state.card_lies:
        return hand_out(frame, state, ticket)
    waiting = dataclasses.replace(state, visit=s.Visit(ticket=ticket), request=state.request + 1)
    return frame.show(waiting, s.TakeCard())


def hand_out(frame: Frame, state: s.CheckInState, ticket: Ticket | None) -> Step:
    """Show and print the ticket or slip. A slip shows what the counter needs to know; the ticket nothing personal."""
    if ticket is None:
        return frame.welcome(state)
    bare = dataclasses.replace(state, visit=None, request=state.request + 1)
    return frame.show(bare, _paper(ticket), fx.PrintTicket(bare.request, ticket))


def leave(frame: Frame, state: s.CheckInState) -> Step:
    """Nothing more is to come, but for a card that still lies there."""
    if not state.card_lies:
        return frame.welcome(state)
    return frame.show(dataclasses.replace(state, visit=None), s.TakeCard())


def card_taken(frame: Frame, state: s.CheckInState) -> Step:
    """The card that was asked for is in its owner's hand."""
    return hand_out(frame, state, state.visit.ticket if state.visit else None)


def card_left(frame: Frame, state: s.CheckInState) -> Step:
    """The card was asked for in vain: staff are told once, and the number comes all the same."""
    told = dataclasses.replace(state, card_lies=False)
    step = card_taken(frame, told)
    return Step(step.state, (fx.CallStaff(state.screen.name, failures.CARD_LEFT.name), *step.effects))


def start_again(frame: Frame, state: s.CheckInState) -> Step:
    """Clear everything. A ticket that waits for its card is true already: it comes on paper."""
    step = frame.welcome(state)
    ticket = state.visit.ticket if state.visit else None
    paper = () if ticket is None else (fx.PrintTicket(step.state.request, ticket),)
    return Step(step.state, (*step.effects, *paper))


def nobody_there(frame: Frame, state: s.CheckInState) -> Step:
    """The time is over and nobody has touched: all is cleared, and a card that was left is told of."""
    step = frame.welcome(state)
    if not state.card_lies:
        return step
    return Step(step.state, (fx.CallStaff(state.screen.name, failures.CARD_LEFT.name), *step.effects))


def _paper(ticket: Ticket, printing: s.Printing = s.Printing.PENDING) -> s.TicketReady | s.SlipReady:
    is_slip = ticket.kind is TicketKind.COUNTER
    return s.SlipReady(ticket, printing) if is_slip else s.TicketReady(ticket, printing)


def print_again(frame: Frame, state: s.CheckInState, screen: s.TicketReady | s.SlipReady) -> Step:
    """The paper once more; not while it is still on its way."""
    if screen.printing is s.Printing.PENDING:
        return Step(state)
    begun = dataclasses.replace(state, request=state.request + 1)
    return frame.show(begun, _paper(screen.ticket), fx.PrintTicket(begun.request, screen.ticket))


def on_work(frame: Frame, state: s.CheckInState, event: ev.WorkEvent) -> Step:
    """What storing and printing have come to."""
    match state.screen, event:
        case (s.Saving() | s.Problem(retry=s.Retry.SAVE_AGAIN), ev.CheckInSaved(ticket=ticket)):
            return stored(frame, state, ticket)
        case s.Saving(), ev.SaveFailed(code=code, hint=hint):
            return frame.show(state, s.Problem(code, hint, s.Retry.SAVE_AGAIN, frame.rules.counter))
        case ((s.TicketReady(ticket=ticket) | s.SlipReady(ticket=ticket)), ev.TicketPrinted()):
            return frame.show(state, _paper(ticket, s.Printing.DONE))
        case ((s.TicketReady(ticket=ticket) | s.SlipReady(ticket=ticket)), ev.TicketNotPrinted(code=code)):
            unknown = code == failures.PRINTER_OUTCOME_UNKNOWN.name  # paper may have come out
            printing = s.Printing.UNKNOWN if unknown else s.Printing.FAILED
            return frame.show(state, _paper(ticket, printing))  # time to learn a number by heart
        case _:
            return Step(state)
