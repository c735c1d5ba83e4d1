"""Walks the check-in through every state that it can reach, with invented people. The drawings and the tests stand on it.

Two states count as one if what can follow from them is the same (:func:`shape`): a screen, what lies over it, and what the
flow will still ask its memory for. So the walk ends, after some seconds. The rules are those of a hospital that asks for
everything; pauses and time limits are short, since only their order matters.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections import deque
from collections.abc import Iterator, Mapping

from crypto.errors import Hint
from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket, TicketKind, slip_of
from kiosk_ui.app.domain.identification import Way
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.patient import Appointment, PatientFinding, PatientKind
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.domain.travel_document import DocumentField, TravelDocument
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow, CheckInRules, Step
from kiosk_ui.app.flows.time_limits import TimeLimits
from reader.scanners.qr import parse_citizen_qr
from reader.verification.identity import Assurance, Identity, Sex

__all__ = ["EVERYWHERE", "PEOPLE", "Move", "flow", "person", "shape", "ticket_of", "walk", "world_events"]

NOW = dt.datetime(2026, 3, 2, 7, 15, tzinfo=dt.timezone(dt.timedelta(hours=7)))
NUMBER, NAME = "040085000017", "Nguyễn Văn Mẫu"  # nobody
CODE = parse_citizen_qr(f"{NUMBER}||{NAME}|03021985|Nam|Số 5, ngõ 12, Hưng Dũng, Nghệ An|10052023")
# Doc 9303-4 appendix B: the specimen of Utopia
MRZ = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\nL898902C36UTO7408122F1204159ZE184226B<<<<<10"
PASSPORT = "L898902C3"


def person(number: str = NUMBER, assurance: Assurance = Assurance.CHIP_VERIFIED) -> Identity:
    """Somebody invented, as a chip states them."""
    born = dt.date(1985, 2, 3)
    return Identity(number, NAME, born, Sex.MALE, "VNM", "Số 5, ngõ 12", None, False, b"portrait of nobody", assurance)


def ticket_of(draft: CheckInDraft) -> Ticket:
    """What a store makes of a draft."""
    place = draft.department
    slip = slip_of(draft) if draft.exit is TicketKind.COUNTER else None
    ticket = Ticket(
        draft.check_in_id,
        f"{place.prefix}001",
        place.name_vi,
        place.name_en,
        place.place_vi,
        place.place_en,
        NOW,
        False,
        False,
    )
    return dataclasses.replace(ticket, kind=draft.exit, priority=draft.priority, slip=slip)


EARLIER = Ticket(uuid.UUID(int=9), "A007", "Nội", "Internal medicine", "Tầng 1", "Floor 1", NOW, False, False)
FINDINGS = (
    PatientFinding(PatientKind.NEW),
    PatientFinding(PatientKind.KNOWN, "P1", Appointment("1", "noi", NOW)),
    PatientFinding.unavailable("hospital.unreachable"),
)
ANSWERS = (
    Eligibility(EligibilityKind.OK, "000"),
    Eligibility(EligibilityKind.MISMATCH_NAME, "060"),
    Eligibility(EligibilityKind.INVALID, "010"),
)

PEOPLE: Mapping[str, ev.PersonEvent] = {
    "touch to begin": ev.Started(),
    "no chip card": ev.OtherWaysAsked(),
    "twelve digits": ev.NumberKnown(NUMBER),
    "the card's code": ev.NumberKnown(NUMBER, CODE),
    "not twelve digits": ev.NumberKnown("12"),
    "no card's code": ev.ScanUnreadable(),
    "lines of a passport": ev.MrzGiven(MRZ),
    "not such lines": ev.MrzGiven("P<"),
    **{way.value.replace("_", " "): ev.WayChosen(way) for way in Way},
    "go on without": ev.WithoutChip(),
    "a number": ev.TextGiven("181234567"),
    "a name": ev.TextGiven("Nguyễn Thị Thử"),
    "nothing": ev.TextGiven(""),
    "a date of birth": ev.BirthGiven(3, 2, 2023),
    "no such day": ev.BirthGiven(31, 2, 1948),
    "a last day": ev.ExpiryGiven(15, 4, 2032),
    "no such last day": ev.ExpiryGiven(31, 2, 2032),
    **{f"change {field.value}": ev.FieldChosen(field) for field in DocumentField},
    "yes": ev.Confirmed(),
    "no": ev.NotMe(),
    "a department": ev.DepartmentChosen("noi"),
    "seen sooner?": ev.PriorityAsked(None),
    "a reason": ev.PriorityAsked(Priority.PREGNANT),
    "a phone number": ev.PhoneGiven("0912 345 678", reminders=True),
    "not a phone number": ev.PhoneGiven("12", reminders=True),
    "skip": ev.Skipped(),
    "I pay": ev.PayMyself(),
    "to the counter": ev.GoToCounter(),
    "another department": ev.AnotherDepartment(),
    "print again": ev.PrintAgain(),
    "go on": ev.GoOn(),
    "try again": ev.TryAgain(),
}
"""What people can do, by the words of the drawings."""

EVERYWHERE: Mapping[str, ev.PersonEvent] = {
    "start again": ev.StartAgain(),
    "call staff": ev.StaffAsked(),
    "dismiss": ev.OverlayDismissed(),
    "touch": ev.Touched(),
    "privacy": ev.PrivacyAsked(),
}
"""What can be done on every screen; not drawn."""


def flow() -> CheckInFlow:
    """The machine that is walked."""
    limits = TimeLimits(question_s=4, card_away_s=3, warning_s=1)
    rules = CheckInRules(ask_phone=True, max_tries=2, pauses_s=(1,), time_limits=limits)
    return CheckInFlow(rules, new_id=lambda: uuid.UUID(int=7), now=lambda: NOW)


def world_events(state: s.CheckInState) -> Iterator[tuple[str, ev.Event]]:
    """What cards, finished work and time can bring in this state."""
    request, visit = state.request, state.visit
    yield "time is over", ev.TimerFired(state.timer)
    yield "card taken", ev.CardRemoved()
    match state.screen:
        case s.PlaceCard() | s.Reading() | s.CardLifted():
            yield from _of_reading(request, _number_on_chip(visit))
        case s.LookingUp():
            yield from (("answers", ev.EligibilityKnown(request, answer)) for answer in ANSWERS)
            yield from (("answers", ev.PatientKnown(request, finding)) for finding in FINDINGS)
            yield from (("answers", ev.EarlierKnown(request, earlier)) for earlier in (None, EARLIER))
        case s.Saving() | s.Problem(retry=s.Retry.SAVE_AGAIN):
            if visit is not None and visit.draft is not None:
                yield "stored", ev.CheckInSaved(request, ticket_of(visit.draft))
            yield "not stored", ev.SaveFailed(request, "store.unavailable", Hint.RETRY_LATER)
        case s.TicketReady() | s.SlipReady():
            yield "printed", ev.TicketPrinted(request)
            yield "no paper", ev.TicketNotPrinted(request, "printer.failed")
        case _:
            pass


def _number_on_chip(visit: s.Visit | None) -> str:
    key = visit.key if visit else None
    if isinstance(key, TravelDocument):
        return key.number
    return PASSPORT if isinstance(key, MrzText) else NUMBER


def _of_reading(request: int, number: str) -> Iterator[tuple[str, ev.Event]]:
    yield "card there", ev.ReadingProgressed(request, ReadingStep.PHOTO, 4, 6)
    yield "card taken", ev.CardAwaited(request)
    yield "card taken", ev.ReadingFailed(request, "card.removed", Hint.RETRY_CARD)
    yield "read", ev.ReadingFinished(request, ReadResult(person(number), Decision.ACCEPT))
    unproven = person(number, Assurance.CHIP_READ)
    yield "read", ev.ReadingFinished(request, ReadResult(unproven, Decision.REFER))
    yield "not enough", ev.ReadingFinished(request, ReadResult(person(number, Assurance.UNKNOWN), Decision.REFER))
    yield "a lie", ev.ReadingFinished(request, ReadResult(person(number), Decision.REJECT, ("chip.copied",)))
    yield "another card", ev.ReadingFinished(request, ReadResult(person("001285000017"), Decision.ACCEPT))
    yield "wrong number", ev.ReadingFailed(request, "access.wrong_key", Hint.REENTER_KEY)
    yield "unreadable", ev.ReadingFailed(request, "card.mute", Hint.RETRY_CARD)
    yield "unreadable", ev.ReadingFailed(request, "access.blocked", Hint.CALL_STAFF)


@dataclasses.dataclass(frozen=True, slots=True)
class Move:
    """One step of the machine.

    Attributes:
        before: the state before.
        words: what happened, in the drawing's words.
        event: the event.
        step: what followed.
    """

    before: s.CheckInState
    words: str
    event: ev.Event
    step: Step


def shape(state: s.CheckInState) -> tuple[object, ...]:
    """What decides about all that can follow from a state."""
    visit = state.visit or s.Visit()
    screen = state.screen
    kinds = (
        type(screen),
        getattr(screen, "problem", None) is not None,
        getattr(screen, "retry", None),
        getattr(screen, "printing", None),
    )
    card = (type(state.overlay), state.card_away, state.card_lies, state.visit is None)
    if visit.draft is not None or visit.ticket is not None:
        return (*kinds, *card, visit.draft and visit.draft.exit, visit.ticket and visit.ticket.kind)
    if visit.visitor is not None:
        known = visit.eligibility and visit.eligibility.exit
        found = visit.patient and (visit.patient.kind, visit.patient.appointment)
        return (*kinds, *card, known, found, visit.earlier_known, visit.earlier, visit.pays, bool(visit.consents))
    declared = visit.declared
    has = declared and (bool(declared.full_name), declared.birth_year is not None)
    tries = (visit.wrong_tries, min(visit.misreads, 2), getattr(screen, "wait_seconds", 0))
    document = (
        getattr(screen, "kind", None),
        getattr(screen, "whose", None),
        visit.document and visit.document.first_missing,
    )
    typed = visit.document is not None, visit.to_correct is not None, *document
    return (*kinds, *card, visit.way, type(visit.key), type(visit.scanned), has, visit.guardian_settled, *tries, *typed)


def walk(machine: CheckInFlow) -> Iterator[Move]:
    """Every move from every shape of state that can be reached. Under an overlay only what concerns it is tried."""
    first = machine.initial()
    seen, waiting = {shape(first)}, deque([first])
    while waiting:
        before = waiting.popleft()
        people = PEOPLE if before.overlay is None else {}
        for words, event in (*people.items(), *EVERYWHERE.items(), *world_events(before)):
            step = machine.handle(before, event)
            yield Move(before, words, event, step)
            if shape(step.state) not in seen:
                seen.add(shape(step.state))
                waiting.append(step.state)
