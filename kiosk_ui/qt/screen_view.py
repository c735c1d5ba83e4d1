"""What a screen shows, as plain values: the flow's state turned into fields that QML binds to. No Qt here.

Everything personal that the interface ever holds is in one :class:`ScreenView` (and the portrait beside it); a new view
replaces the old one whole, so nothing of a former screen is left over.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import TypeAlias

from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.flows import screens as s
from kiosk_ui.qt.texts import problem_key

__all__ = ["DEPARTMENT_ICONS", "ScreenView", "portrait_of", "view_of"]

# Drawings by department code; another department gets the general one.
DEPARTMENT_ICONS = frozenset({"noi", "ngoai", "nhi", "san", "mat", "tai_mui_hong", "rang_ham_mat", "da_lieu"})

_LONGEST_NAME = 100  # characters

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
    fields |= _screen_fields(screen, strings)
    match state.overlay:
        case s.StaffCalled(counter=where):
            fields |= {"overlay": s.StaffCalled.name, "overlay_counter": where}
        case s.TimeoutWarning(seconds_left=left):
            fields |= {"overlay": s.TimeoutWarning.name, "seconds_left": left}
        case None:
            pass
    return dataclasses.replace(ScreenView(), **fields)  # type: ignore[arg-type] # each field is tested by its screen


def portrait_of(state: s.CheckInState) -> bytes | None:
    """The encoded photo, while and only while the person is asked to confirm it."""
    return state.screen.person.portrait if isinstance(state.screen, s.Confirm) else None


def _screen_fields(screen: s.Screen, strings: Mapping[str, str]) -> Fields:
    match screen:
        case s.EnterNumber(problem=problem):
            return {"number_problem": problem.value if problem else ""}
        case s.Reading(step=step, steps_done=done, steps_total=total):
            return {"reading_step": step.name.lower(), "steps_done": done, "steps_total": total}
        case s.WrongNumber(tries_left=tries, wait_seconds=wait):
            return {"tries_left": tries, "wait_seconds": wait}
        case s.Confirm():
            return _person(screen)
        case s.Refused(counter=counter, reasons=reasons):
            return {"counter": counter, "staff_code": ", ".join(reasons)}
        case s.InsuranceNotice(insurance=insurance, counter=counter):
            return _insurance(insurance) | {"counter": counter, "staff_code": insurance.code}
        case s.ChooseDepartment(departments=departments, insurance=insurance):
            return _insurance(insurance) | {"departments": tuple(_tile(each, strings) for each in departments)}
        case s.TicketReady():
            return _ticket(screen, strings)
        case s.Problem(code=code, hint=hint, retry=retry, counter=counter):
            return {
                "problem_key": problem_key(strings, code, hint),
                "hint": hint.value,
                "can_try_again": retry is not s.Retry.NONE,
                "counter": counter,
                "staff_code": code,
            }
        case _:
            return {}


def _person(screen: s.Confirm) -> Fields:
    person = screen.person
    name = person.full_name
    return {
        # No name of a person is cut; but a forged card must not write over the screen what it likes.
        "full_name": name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…",
        "masked_number": person.masked_number,
        "birth_day": person.date_of_birth.isoformat() if person.date_of_birth else "",
        "proof": screen.proof.value,
    }


def _insurance(insurance: Eligibility) -> Fields:
    return {
        "insurance_kind": insurance.kind.value,
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


def _ticket(screen: s.TicketReady, strings: Mapping[str, str]) -> Fields:
    ticket, vietnamese = screen.ticket, _vietnamese(strings)
    return {
        "ticket_number": ticket.number,
        "ticket_department": ticket.department_vi if vietnamese else ticket.department_en,
        "ticket_place": ticket.place_vi if vietnamese else ticket.place_en,
        "ticket_unverified": ticket.insurance_unverified,
        "ticket_at_counter": ticket.at_counter,
        "printing": screen.printing.value,
    }
