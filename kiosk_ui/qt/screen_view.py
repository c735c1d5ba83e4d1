"""What a screen shows, as plain values: the flow's state turned into fields that QML binds to. No Qt here.

Everything personal that the interface ever holds is in one :class:`ScreenView` (and the portrait beside it); a new view
replaces the old one whole, so nothing of a former screen is left over.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TypeAlias

from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.travel_document import TravelDocument
from kiosk_ui.app.flows import screens as s
from kiosk_ui.qt.texts import insurance_key, problem_key

__all__ = ["DEPARTMENT_ICONS", "ScreenView", "portrait_of", "view_of"]

# Drawings by department code; another department gets the general one.
DEPARTMENT_ICONS = frozenset({"noi", "ngoai", "nhi", "san", "mat", "tai_mui_hong", "rang_ham_mat", "da_lieu"})

_LONGEST_NAME = 100  # characters
_VIETNAM = dt.timezone(dt.timedelta(hours=7))  # one zone, no summer time

Fields: TypeAlias = dict[str, object]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ScreenView:
    """Fields of all screens; those that a screen does not use keep their empty defaults.

    Attributes:
        screen, overlay: names of the flow's states; ``overlay`` is empty when there is none.
        stage: 1 … 3 for the bar of steps, 0 for none of them.
        full_name, masked_number, birth_day: of the person; days are ISO text.
        departments: dictionaries with ``code``, ``name``, ``place``, ``icon``.
        staff_code: small, for staff; error or check codes only.
        number_kind, whose, for_guardian: what a screen asks for, and whose it is.
        for_passport: whether a passport is to be read, not a card.
        typed_before: what is to be put right: a number, or the digits of a date; empty the first time.
        birth_month: where it is known and the day is not; 0 otherwise.
        document_number, expiry_day: of a passport that was typed; the day as ISO text.
        today: this kiosk's calendar as ISO text, where a day that was typed is measured by it.
        input_problem: why something typed has to be given again; empty the first time.
        without_chip: whether "go on without the chip" is offered.
        birth_year: when only the year is known; 0 otherwise.
        insurance_key: beginning of the keys of the words for an insurer's answer.
        options: names of the priorities that can be asked for.
        place: where the emergency department is.
        ticket_wait: minutes, or -1 if nobody can say.
        slip_reasons: stable words, each with a text.
    """

    screen: str = s.Welcome.name
    overlay: str = ""
    stage: int = 0
    number_problem: str = ""
    reading_step: str = ""
    steps_done: int = 0
    steps_total: int = 1
    tries_left: int = 0
    wait_seconds: int = 0
    full_name: str = ""
    masked_number: str = ""
    birth_day: str = ""
    proof: str = ""
    counter: str = ""
    staff_code: str = ""
    insurance_kind: str = ""
    insurance_outcome: str = ""
    valid_until: str = ""
    departments: tuple[Mapping[str, str], ...] = ()
    ticket_number: str = ""
    ticket_department: str = ""
    ticket_place: str = ""
    ticket_unverified: bool = False
    ticket_at_counter: bool = False
    printing: str = ""
    problem_key: str = ""
    hint: str = ""
    can_try_again: bool = False
    overlay_counter: str = ""
    seconds_left: int = 0
    number_kind: str = ""
    whose: str = ""
    for_guardian: bool = False
    for_passport: bool = False
    typed_before: str = ""
    birth_month: int = 0
    document_number: str = ""
    expiry_day: str = ""
    today: str = ""
    input_problem: str = ""
    without_chip: bool = False
    identification: str = ""
    birth_year: int = 0
    place: str = ""
    insurance_key: str = ""
    priority: str = ""
    options: tuple[str, ...] = ()
    appointment_time: str = ""
    appointment_department: str = ""
    appointment_place: str = ""
    appointment_doctor: str = ""
    ticket_priority: str = ""
    ticket_wait: int = -1
    ticket_way: str = ""
    slip_reference: str = ""
    slip_reasons: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"ScreenView({self.screen}, {self.overlay or 'no overlay'})"


def view_of(state: s.CheckInState, strings: Mapping[str, str], counter: str) -> ScreenView:
    """The view of a state in one language.

    Args:
        state: what the flow says.
        strings: texts of the language, to know which errors have words of their own.
        counter: the hospital's counter, for screens whose state does not name one.
    """
    screen = state.screen
    fields: Fields = {"screen": screen.name, "stage": screen.stage.value if screen.stage else 0, "counter": counter}
    fields["for_passport"] = state.visit is not None and _is_passport(state.visit)
    fields |= _screen_fields(screen, strings)
    match state.overlay:
        case s.StaffCalled(counter=where):
            fields |= {"overlay": s.StaffCalled.name, "overlay_counter": where}
        case s.TimeoutWarning(seconds_left=left):
            fields |= {"overlay": s.TimeoutWarning.name, "seconds_left": left}
        case s.PrivacyNotice():
            fields |= {"overlay": s.PrivacyNotice.name}
        case None:
            pass
    return dataclasses.replace(ScreenView(), **fields)  # type: ignore[arg-type] # each field is tested by its screen


def portrait_of(state: s.CheckInState) -> bytes | None:
    """The encoded photo, while and only while the person is asked to confirm it."""
    return state.screen.person.portrait if isinstance(state.screen, s.Confirm) else None


def _screen_fields(screen: s.Screen, strings: Mapping[str, str]) -> Fields:
    """Fields of one screen; the three steps of the visit are looked at one after another."""
    return (
        _card_fields(screen)
        | _typed_fields(screen)
        | _declared_fields(screen, strings)
        | _reception_fields(screen, strings)
    )


def _card_fields(screen: s.Screen) -> Fields:
    match screen:
        case s.EnterNumber(problem=problem, for_guardian=for_guardian):
            return {"number_problem": problem.value if problem else "", "for_guardian": for_guardian}
        case s.Reading(step=step, steps_done=done, steps_total=total):
            return {"reading_step": step.name.lower(), "steps_done": done, "steps_total": total}
        case s.WrongNumber(tries_left=tries, wait_seconds=wait, without_chip=without_chip):
            return {"tries_left": tries, "wait_seconds": wait, "without_chip": without_chip}
        case s.Confirm(person=person, proof=proof, for_guardian=for_guardian):
            return _person(person) | {"proof": proof.value, "for_guardian": for_guardian}
        case s.Refused(counter=counter, reasons=reasons):
            return {"counter": counter, "staff_code": ", ".join(reasons)}
        case _:
            return {}


def _typed_fields(screen: s.Screen) -> Fields:
    match screen:
        case s.TypeNumber(kind=kind, problem=problem, given=given):
            return {"number_kind": kind.value, "input_problem": _problem(problem), "typed_before": given}
        case s.TypeName(whose=whose, problem=problem, given=given):
            return {"whose": whose.value, "input_problem": _problem(problem), "typed_before": given}
        case s.TypeBirth(whose=whose, problem=problem, today=today, given=document):
            told: Fields = {"whose": whose.value, "input_problem": _problem(problem)}
            return told | {"today": today.isoformat() if today else "", "typed_before": _birth_digits(document)}
        case s.TypeExpiry(problem=problem, given=document):
            last = document.date_of_expiry if document else None
            return {"input_problem": _problem(problem), "typed_before": _digits(last) if last else ""}
        case s.EnterPhone(problem=problem):
            return {"input_problem": _problem(problem)}
        case s.CheckDocument(document=document, problem=problem):
            return _document(document) | {"input_problem": _problem(problem)}
        case _:
            return {}


def _declared_fields(screen: s.Screen, strings: Mapping[str, str]) -> Fields:
    match screen:
        case s.ScanPhone(problem=number_problem, for_guardian=for_guardian):
            return {"number_problem": number_problem.value if number_problem else "", "for_guardian": for_guardian}
        case s.OtherWays(for_guardian=for_guardian):
            return {"for_guardian": for_guardian}
        case s.ConfirmDeclared(person=person, identification=identification):
            return _person(person) | {"identification": identification.value}
        case s.Emergency(place_vi=place_vi, place_en=place_en):
            return {"place": place_vi if _vietnamese(strings) else place_en}
        case _:
            return {}


def _reception_fields(screen: s.Screen, strings: Mapping[str, str]) -> Fields:
    match screen:
        case s.InsuranceNotice(insurance=insurance, counter=counter):
            return _insurance(insurance, strings) | {"counter": counter, "staff_code": insurance.code}
        case s.InsuranceChoice(insurance=insurance, counter=counter):
            return _insurance(insurance, strings) | {"counter": counter, "staff_code": insurance.code}
        case s.ChooseDepartment(departments=departments, insurance=insurance, priority=priority):
            tiles = tuple(_tile(each, strings) for each in departments)
            return _insurance(insurance, strings) | {"departments": tiles, "priority": priority.value}
        case s.AskPriority(options=options):
            return {"options": tuple(each.value for each in options)}
        case s.AppointmentFound(appointment=appointment, department=department):
            tile = _tile(department, strings)
            return {
                "appointment_time": f"{appointment.at.astimezone(_VIETNAM):%H:%M}",
                "appointment_department": tile["name"],
                "appointment_place": tile["place"],
                "appointment_doctor": _bounded(appointment.doctor or ""),
            }
        case s.TicketReady(ticket=ticket, printing=printing) | s.SlipReady(ticket=ticket, printing=printing):
            return _ticket(ticket, strings) | {"printing": printing.value}
        case s.AlreadyCheckedIn(ticket=ticket):
            return _ticket(ticket, strings)
        case s.Problem(code=code, hint=hint, retry=retry, counter=counter, without_chip=without_chip):
            return {
                "problem_key": problem_key(strings, code, hint),
                "hint": hint.value,
                "can_try_again": retry is not s.Retry.NONE,
                "counter": counter,
                "staff_code": code,
                "stage": (s.Stage.NUMBER if retry is s.Retry.SAVE_AGAIN else s.Stage.CARD).value,
                "without_chip": without_chip,
            }
        case _:
            return {}


def _is_passport(visit: s.Visit) -> bool:
    """Whether a booklet's lines or typed fields open the chip; a card's three lines are no passport's."""
    key = visit.key
    return isinstance(key, TravelDocument) or (isinstance(key, MrzText) and len(key.lines) == 2)


def _document(document: TravelDocument) -> Fields:
    """The three fields, whole: whoever typed them looks for what is wrong."""
    born, last = document.date_of_birth, document.date_of_expiry
    return {
        "document_number": _bounded(document.number),
        "birth_day": born.isoformat() if born else "",
        "birth_year": document.birth_year or 0,
        "birth_month": document.birth_month or 0,
        "expiry_day": last.isoformat() if last else "",
    }


def _birth_digits(document: TravelDocument | None) -> str:
    """Eight digits as they were typed, or the four of the year."""
    if document is None or document.birth_year is None:
        return ""
    if document.date_of_birth is not None:
        return _digits(document.date_of_birth)
    month = "" if document.birth_month is None else f"00{document.birth_month:02d}"
    return f"{month}{document.birth_year:04d}"


def _digits(day: dt.date) -> str:
    return f"{day.day:02d}{day.month:02d}{day.year:04d}"


def _problem(problem: s.InputProblem | None) -> str:
    return problem.value if problem else ""


def _bounded(name: str) -> str:
    """No name of a person is cut; but a forged card must not write over the screen what it likes."""
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


def _person(person: s.PersonShown) -> Fields:
    return {
        "full_name": _bounded(person.full_name),
        "masked_number": person.masked_number,
        "birth_day": person.date_of_birth.isoformat() if person.date_of_birth else "",
        "birth_year": person.birth_year or 0,
    }


def _insurance(insurance: Eligibility, strings: Mapping[str, str]) -> Fields:
    return {
        "insurance_kind": insurance.kind.value,
        "insurance_key": insurance_key(strings, insurance.kind.value, insurance.code),
        "insurance_outcome": insurance.outcome.value,
        "valid_until": insurance.valid_until.isoformat() if insurance.valid_until else "",
    }


def _vietnamese(strings: Mapping[str, str]) -> bool:
    """Hospital names exist in Vietnamese and English; every further language shows the English ones."""
    return strings["language.code"] == "vi"


def _tile(department: Department, strings: Mapping[str, str]) -> Mapping[str, str]:
    vietnamese = _vietnamese(strings)
    drawing = department.code if department.code in DEPARTMENT_ICONS else "general"
    return {
        "code": department.code,
        "name": department.name_vi if vietnamese else department.name_en,
        "place": department.place_vi if vietnamese else department.place_en,
        "icon": f"department_{drawing}",
    }


def _ticket(ticket: Ticket, strings: Mapping[str, str]) -> Fields:
    vietnamese = _vietnamese(strings)
    fields: Fields = {
        "ticket_number": ticket.number,
        "ticket_department": ticket.department_vi if vietnamese else ticket.department_en,
        "ticket_place": ticket.place_vi if vietnamese else ticket.place_en,
        "ticket_unverified": ticket.insurance_unverified,
        "ticket_at_counter": ticket.at_counter,
        "ticket_priority": "" if ticket.priority is Priority.NONE else ticket.priority.value,
        "ticket_wait": -1 if ticket.wait_minutes is None else ticket.wait_minutes,
        "ticket_way": ticket.way_vi if vietnamese else ticket.way_en,
    }
    if ticket.slip is not None:  # the name and the number are on the paper only: the hall reads this screen too
        fields |= {
            "counter": ticket.slip.counter,
            "slip_reference": ticket.slip.reference,
            "slip_reasons": ticket.slip.reasons,
        }
    return fields
