"""After "that is me": insurer, hospital system and today's check-ins are asked together, and what follows from them.

    LookingUp → (AlreadyCheckedIn) → (InsuranceNotice | InsuranceChoice) → (EnterPhone) → AppointmentFound | ChooseDepartment

Nobody waits longer than the time limit; what is missing then counts as "not known", and the outbox asks again.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from kiosk_ui.app import failures
from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.domain.consent import CONSENT_TEXT_VERSION, Consent, ConsentPurpose
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery, InsuranceExit
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.patient import Appointment, PatientFinding, PatientKind, PatientQuery
from kiosk_ui.app.domain.priority import ASKED_FOR, Priority
from kiosk_ui.app.domain.travel_document import TravelDocument
from kiosk_ui.app.domain.visitor import NumberKind, Visitor, is_same_name
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.frame import Frame, Step
from kiosk_ui.app.flows.typed_input import phone_from

__all__ = [
    "ask_priority",
    "begin",
    "choose_department",
    "give_up",
    "not_that_ticket",
    "on_answer",
    "phone_given",
    "to_insurance",
    "to_visit",
    "valid_appointment",
]


def begin(frame: Frame, state: s.CheckInState) -> Step:
    """Ask all three at once."""
    visit = state.visit
    if visit is None or visit.reading is None:
        return frame.welcome(state)
    visitor = Visitor.from_identity(visit.reading.identity)
    if _is_foreign(visit, visitor):  # foreign cards may have twelve digits, too
        visitor = dataclasses.replace(visitor, number_kind=NumberKind.DOCUMENT)
    priority = frame.priority_of(visitor.date_of_birth)
    request = state.request + 1
    asked = dataclasses.replace(visit, visitor=visitor, priority=priority)
    effects: list[fx.Effect] = []
    if visitor.number_kind is NumberKind.CITIZEN:
        question = EligibilityQuery(visitor.number, visitor.full_name, visitor.date_of_birth)
        effects.append(fx.LookUpInsurance(request, question))
    else:
        asked = dataclasses.replace(asked, eligibility=Eligibility.not_asked(failures.INSURANCE_NOT_ASKED.name))
    who = PatientQuery(visitor.number, visitor.full_name, visitor.date_of_birth, visitor.sex)
    effects += [
        fx.LookUpPatient(request, who),
        fx.FindEarlier(request, visitor.number, visitor.full_name, frame.now().date()),
    ]
    return frame.show(dataclasses.replace(state, visit=asked, request=request), s.LookingUp(), *effects)


def _is_foreign(visit: s.Visit, visitor: Visitor) -> bool:
    """Whether the document that was opened is no Vietnamese one; of typed fields only the chip can tell."""
    if isinstance(visit.key, MrzText):
        return not visit.key.is_vietnamese
    return isinstance(visit.key, TravelDocument) and visitor.nationality != "VNM"


def on_answer(frame: Frame, state: s.CheckInState, event: ev.LookUpEvent) -> Step:
    """One of the three has answered. The first answer of each counts."""
    visit = state.visit
    if visit is None:
        return frame.welcome(state)
    match event:
        case ev.EligibilityKnown(eligibility=eligibility) if visit.eligibility is None:
            visit = dataclasses.replace(visit, eligibility=eligibility)
        case ev.PatientKnown(finding=finding) if visit.patient is None:
            visit = dataclasses.replace(visit, patient=finding)
        case ev.EarlierKnown(ticket=ticket) if not visit.earlier_known:
            visit = dataclasses.replace(visit, earlier=ticket, earlier_known=True)
    known = dataclasses.replace(state, visit=visit)
    if visit.eligibility is None or visit.patient is None or not visit.earlier_known:
        return Step(known)
    return _all_known(frame, known)


def give_up(frame: Frame, state: s.CheckInState) -> Step:
    """The time is over: what has not come is not known."""
    visit = state.visit
    if visit is None:
        return frame.welcome(state)
    settled = dataclasses.replace(
        visit,
        eligibility=visit.eligibility or Eligibility.unavailable(failures.INSURANCE_SLOW.name),
        patient=visit.patient or PatientFinding.unavailable(failures.HOSPITAL_SLOW.name),
        earlier_known=True,
    )
    return _all_known(frame, dataclasses.replace(state, visit=settled))


def _all_known(frame: Frame, state: s.CheckInState) -> Step:
    # From here on an answer that comes too late is stale.
    settled = dataclasses.replace(state, request=state.request + 1)
    visit = settled.visit
    if visit is not None and visit.earlier is not None and _is_theirs(visit.earlier, visit.visitor):
        return frame.show(settled, s.AlreadyCheckedIn(visit.earlier))
    return to_insurance(frame, settled)


def _is_theirs(earlier: Ticket, visitor: Visitor | None) -> bool:
    """Whether a ticket may be shown to this person. Anybody could have typed this number for a slip under another name."""
    return earlier.slip is None or (visitor is not None and is_same_name(earlier.slip.full_name, visitor.full_name))


def not_that_ticket(frame: Frame, state: s.CheckInState) -> Step:
    """There is a number already, and another one is wanted."""
    if state.visit is None:
        return frame.welcome(state)
    return to_insurance(frame, dataclasses.replace(state, visit=dataclasses.replace(state.visit, earlier=None)))


def to_insurance(frame: Frame, state: s.CheckInState) -> Step:
    """Say what the insurer said, where somebody has to know it."""
    visit = state.visit
    if visit is None or visit.eligibility is None:
        return frame.welcome(state)
    match visit.eligibility.exit:
        case InsuranceExit.CONFIRM_AT_COUNTER:
            return frame.show(state, s.InsuranceNotice(visit.eligibility, frame.rules.counter))
        case InsuranceExit.CHOOSE:
            return frame.show(state, s.InsuranceChoice(visit.eligibility, frame.rules.counter))
        case InsuranceExit.GO_ON | InsuranceExit.UNVERIFIED:
            return to_visit(frame, state)


def to_visit(frame: Frame, state: s.CheckInState) -> Step:
    """A first visit may leave a phone number; then the appointment, or the choice of a department."""
    visit = state.visit
    if visit is None:
        return frame.welcome(state)
    is_first = visit.patient is not None and visit.patient.kind is PatientKind.NEW
    if is_first and frame.rules.ask_phone and not visit.consents and not isinstance(state.screen, s.EnterPhone):
        return frame.show(state, s.EnterPhone())
    appointment = valid_appointment(frame, state)
    department = frame.rules.department(appointment.department_code) if appointment else None
    if appointment is not None and department is not None:
        return frame.show(state, s.AppointmentFound(appointment, department))
    return choose_department(frame, state)


def phone_given(frame: Frame, state: s.CheckInState, given: ev.PhoneGiven) -> Step:
    """Keep the number and what was agreed to (Law 91/2025/QH15: provable, by purpose)."""
    phone = phone_from(given.text)
    if isinstance(phone, s.InputProblem):
        return frame.show(state, s.EnterPhone(phone))
    if state.visit is None:
        return frame.welcome(state)
    consent = Consent(ConsentPurpose.REMINDER_BY_PHONE, given.reminders, CONSENT_TEXT_VERSION, frame.now())
    told = dataclasses.replace(state.visit, phone=phone, consents=(consent,))
    return to_visit(frame, dataclasses.replace(state, visit=told))


def valid_appointment(frame: Frame, state: s.CheckInState) -> Appointment | None:
    """The appointment of today in a department that this kiosk knows, if the hospital system named one."""
    patient = state.visit.patient if state.visit else None
    appointment = patient.appointment if patient else None
    if appointment is None or frame.rules.department(appointment.department_code) is None:
        return None
    morning = frame.now().replace(hour=0, minute=0, second=0, microsecond=0)
    # Instants are compared, not converted: what a hospital system sends may lie at the end of the calendar.
    is_aware = appointment.at.tzinfo is not None
    return appointment if is_aware and morning <= appointment.at < morning + dt.timedelta(days=1) else None


def choose_department(frame: Frame, state: s.CheckInState) -> Step:
    """Where is your visit today?"""
    visit = state.visit
    if visit is None or visit.eligibility is None:
        return frame.welcome(state)
    return frame.show(state, s.ChooseDepartment(frame.rules.departments, visit.eligibility, visit.priority))


def ask_priority(frame: Frame, state: s.CheckInState, asked: Priority | None) -> Step:
    """Open the question, or take its answer. What the date of birth gives needs no question and stays."""
    visit = state.visit
    if visit is None or visit.visitor is None:
        return frame.welcome(state)
    if asked is None:
        return frame.show(state, s.AskPriority())
    if asked not in ASKED_FOR:
        return Step(state)
    settled = frame.priority_of(visit.visitor.date_of_birth)
    priority = asked if settled is Priority.NONE else settled
    return choose_department(frame, dataclasses.replace(state, visit=dataclasses.replace(visit, priority=priority)))
