"""Screens of the second and third step: insurance, department, ticket. No ``repr`` shows anything personal."""

from __future__ import annotations

import dataclasses
import enum
from typing import ClassVar

from crypto.errors import Hint
from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.patient import Appointment
from kiosk_ui.app.domain.priority import ASKED_FOR, Priority
from kiosk_ui.app.flows.identify_screens import InputProblem, Stage

__all__ = [
    "AlreadyCheckedIn",
    "AppointmentFound",
    "AskPriority",
    "ChooseDepartment",
    "EnterPhone",
    "InsuranceChoice",
    "InsuranceNotice",
    "LookingUp",
    "Printing",
    "Problem",
    "Retry",
    "Saving",
    "SlipReady",
    "TakeCard",
    "TicketReady",
]


class Retry(enum.StrEnum):
    """What :class:`Problem`'s "try again" does."""

    NONE = "none"  # no such button
    READ_AGAIN = "read_again"
    SAVE_AGAIN = "save_again"


class Printing(enum.StrEnum):
    """Where the paper is."""

    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"  # the number on the screen is valid all the same
    UNKNOWN = "unknown"  # the printer does not say: look whether there is paper, and print again if not


# ------------------------------------------------------------------------------------------ insurance
@dataclasses.dataclass(frozen=True, slots=True)
class LookingUp:
    """Insurer, hospital system and today's check-ins are asked. Goes on by itself, at the latest when time is over."""

    name: ClassVar[str] = "looking_up"
    stage: ClassVar[Stage | None] = Stage.INSURANCE


@dataclasses.dataclass(frozen=True, slots=True)
class AlreadyCheckedIn:
    """There is a number for today already. Events: ``PrintAgain``, ``AnotherDepartment``, ``GoOn``.

    Attributes:
        ticket: the one that was given.
    """

    name: ClassVar[str] = "already_checked_in"
    stage: ClassVar[Stage | None] = Stage.NUMBER
    ticket: Ticket


@dataclasses.dataclass(frozen=True, slots=True)
class InsuranceNotice:
    """The insurer said something that a counter settles; the visit goes on. Event: ``GoOn``.

    Attributes:
        insurance: ``insurance.kind`` chooses the words; ``insurance.code`` stands small at the bottom.
            ``insurance.note`` names the person and is never shown here.
        counter: who will settle it.
    """

    name: ClassVar[str] = "insurance_notice"
    stage: ClassVar[Stage | None] = Stage.INSURANCE
    insurance: Eligibility
    counter: str


@dataclasses.dataclass(frozen=True, slots=True)
class InsuranceChoice:
    """There is no insurance that counts. Events: ``PayMyself``, ``GoToCounter``.

    Attributes:
        insurance: as for :class:`InsuranceNotice`.
        counter: who can look into it.
    """

    name: ClassVar[str] = "insurance_choice"
    stage: ClassVar[Stage | None] = Stage.INSURANCE
    insurance: Eligibility
    counter: str


# ------------------------------------------------------------------------------------ where, and when
@dataclasses.dataclass(frozen=True, slots=True)
class AppointmentFound:
    """You are expected. Events: ``GoOn`` (take it), ``AnotherDepartment``.

    Attributes:
        appointment: of today.
        department: where it is.
    """

    name: ClassVar[str] = "appointment"
    stage: ClassVar[Stage | None] = Stage.NUMBER
    appointment: Appointment
    department: Department


@dataclasses.dataclass(frozen=True, slots=True)
class EnterPhone:
    """A phone number, if you like; first visits only. Events: ``PhoneGiven``, ``Skipped``.

    Attributes:
        problem: why it is asked again.
    """

    name: ClassVar[str] = "enter_phone"
    stage: ClassVar[Stage | None] = Stage.NUMBER
    problem: InputProblem | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class ChooseDepartment:
    """Where is your visit today? Events: ``DepartmentChosen``, ``PriorityAsked(None)`` (opens the question).

    Attributes:
        departments: in the order to show.
        insurance: shown as a banner by ``insurance.outcome``: valid until …, or "can't be looked up now".
        priority: what is known or asked for so far.
    """

    name: ClassVar[str] = "choose_department"
    stage: ClassVar[Stage | None] = Stage.NUMBER
    departments: tuple[Department, ...]
    insurance: Eligibility
    priority: Priority = Priority.NONE


@dataclasses.dataclass(frozen=True, slots=True)
class AskPriority:
    """Is there a reason to be seen sooner? Staff confirm it. Events: ``PriorityAsked``, ``Skipped``.

    Attributes:
        options: in the order to show.
    """

    name: ClassVar[str] = "ask_priority"
    stage: ClassVar[Stage | None] = Stage.NUMBER
    options: tuple[Priority, ...] = ASKED_FOR


# ---------------------------------------------------------------------------------------- the number
@dataclasses.dataclass(frozen=True, slots=True)
class Saving:
    """The check-in is being written down. Goes on by itself; nothing can be cancelled here."""

    name: ClassVar[str] = "saving"
    stage: ClassVar[Stage | None] = Stage.NUMBER


@dataclasses.dataclass(frozen=True, slots=True)
class TakeCard:
    """The check-in is stored: take your card, then the number comes. Goes on by itself, at the latest after a while."""

    name: ClassVar[str] = "take_card"
    stage: ClassVar[Stage | None] = Stage.NUMBER


@dataclasses.dataclass(frozen=True, slots=True)
class TicketReady:
    """Your number, and the way there. Events: ``GoOn`` ends the visit, ``PrintAgain`` if there is no paper.

    Attributes:
        ticket: number, department, place and the two insurance marks.
        printing: where the paper is.
    """

    name: ClassVar[str] = "ticket_ready"
    stage: ClassVar[Stage | None] = Stage.NUMBER
    ticket: Ticket
    printing: Printing = Printing.PENDING


@dataclasses.dataclass(frozen=True, slots=True)
class SlipReady:
    """Go to the counter with this slip; it holds what was read. Events as for :class:`TicketReady`.

    Attributes:
        ticket: of the kind COUNTER.
        printing: where the paper is.
    """

    name: ClassVar[str] = "slip_ready"
    stage: ClassVar[Stage | None] = Stage.NUMBER
    ticket: Ticket
    printing: Printing = Printing.PENDING


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Something went wrong. Events: ``TryAgain`` unless ``retry`` is NONE, ``WithoutChip``, ``StaffAsked``, ``StartAgain``.

    Attributes:
        code: stable name of the error; chooses the words where there are special ones, small at the bottom for staff.
        hint: what a person can do; chooses the words otherwise.
        retry: what "try again" does.
        counter: where a human is.
        without_chip: whether "go on without the chip" is offered.
    """

    name: ClassVar[str] = "problem"
    stage: ClassVar[Stage | None] = None
    code: str
    hint: Hint
    retry: Retry
    counter: str
    without_chip: bool = False
