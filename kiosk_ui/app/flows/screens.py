"""What the patient can see: one dataclass per screen, three overlays, and the state that holds them.

A front end draws :attr:`CheckInState.screen`, and over it :attr:`CheckInState.overlay` if there is one. Each class has
a stable ``name`` (key of the screen's texts) and a ``stage`` (which of the three steps of the bar is lit).
The screens of the first step are in :mod:`~kiosk_ui.app.flows.identify_screens`, the others in
:mod:`~kiosk_ui.app.flows.reception_screens`; all of them are found here. No ``repr`` shows anything personal.
"""

from __future__ import annotations

import dataclasses
from typing import ClassVar

from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket
from kiosk_ui.app.domain.consent import Consent
from kiosk_ui.app.domain.identification import Way
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.patient import PatientFinding
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.reading import ReadResult
from kiosk_ui.app.domain.travel_document import TravelDocument
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.flows.identify_screens import (
    CardLifted,
    CheckDocument,
    Confirm,
    ConfirmDeclared,
    Emergency,
    EnterNumber,
    GuardianCard,
    InputProblem,
    NumberProblem,
    OtherWays,
    PersonShown,
    PlaceCard,
    Proof,
    Reading,
    Refused,
    ScanPhone,
    Stage,
    TypeBirth,
    TypeExpiry,
    TypeName,
    TypeNumber,
    Welcome,
    Whose,
    WrongNumber,
)
from kiosk_ui.app.flows.reception_screens import (
    AlreadyCheckedIn,
    AppointmentFound,
    AskPriority,
    ChooseDepartment,
    EnterPhone,
    InsuranceChoice,
    InsuranceNotice,
    LookingUp,
    Printing,
    Problem,
    Retry,
    Saving,
    SlipReady,
    TakeCard,
    TicketReady,
)
from reader.scanners.qr import CitizenQr

__all__ = [
    "AlreadyCheckedIn",
    "AppointmentFound",
    "AskPriority",
    "CardLifted",
    "CheckDocument",
    "CheckInState",
    "ChooseDepartment",
    "Confirm",
    "ConfirmDeclared",
    "Emergency",
    "EnterNumber",
    "EnterPhone",
    "GuardianCard",
    "InputProblem",
    "InsuranceChoice",
    "InsuranceNotice",
    "LookingUp",
    "NumberProblem",
    "OtherWays",
    "Overlay",
    "PersonShown",
    "PlaceCard",
    "Printing",
    "PrivacyNotice",
    "Problem",
    "Proof",
    "Reading",
    "Refused",
    "Retry",
    "Saving",
    "ScanPhone",
    "Screen",
    "SlipReady",
    "StaffCalled",
    "Stage",
    "TakeCard",
    "TicketReady",
    "TimeoutWarning",
    "TypeBirth",
    "TypeExpiry",
    "TypeName",
    "TypeNumber",
    "Visit",
    "Welcome",
    "Whose",
    "WrongNumber",
]


# ------------------------------------------------------------------------------------------- overlays
@dataclasses.dataclass(frozen=True, slots=True)
class StaffCalled:
    """Staff have been called and come to this kiosk. Event: ``OverlayDismissed`` goes on with the screen below.

    Attributes:
        counter: where a human is if nobody comes.
    """

    name: ClassVar[str] = "staff_called"
    counter: str


@dataclasses.dataclass(frozen=True, slots=True)
class TimeoutWarning:
    """Are you still there? ``Touched`` or ``OverlayDismissed`` goes on with the screen below.

    Attributes:
        seconds_left: counts down; the screen is cleared at 0.
        resumes: ``name`` of the screen below.
    """

    name: ClassVar[str] = "timeout_warning"
    seconds_left: int
    resumes: str


@dataclasses.dataclass(frozen=True, slots=True)
class PrivacyNotice:
    """What happens to the data. Event: ``OverlayDismissed``."""

    name: ClassVar[str] = "privacy_notice"


Screen = (
    Welcome
    | EnterNumber
    | PlaceCard
    | Reading
    | CardLifted
    | WrongNumber
    | Confirm
    | Refused
    | OtherWays
    | Emergency
    | TypeNumber
    | TypeName
    | TypeBirth
    | TypeExpiry
    | CheckDocument
    | ScanPhone
    | GuardianCard
    | ConfirmDeclared
    | LookingUp
    | AlreadyCheckedIn
    | InsuranceNotice
    | InsuranceChoice
    | AppointmentFound
    | EnterPhone
    | ChooseDepartment
    | AskPriority
    | Saving
    | TakeCard
    | TicketReady
    | SlipReady
    | Problem
)
Overlay = StaffCalled | TimeoutWarning | PrivacyNotice


# ---------------------------------------------------------------------------------------------- state
@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """What the flow remembers of the person while they are here. Gone with the return to :class:`Welcome`.

    Attributes:
        key: the number, zone or typed document that opens the chip; ``None`` if none was given yet.
        scanned: what the code on the card says; ``None`` if the number was typed.
        wrong_tries: how often a number did not open the card.
        misreads: how often a card could not be read.
        reading: what the card's chip said, and how it was judged.
        way: another way in, if one was chosen.
        document: the passport that is being typed, the visitor's own or that of who brings a child.
        declared: what was typed or scanned in place of a chip; grows until it is whole.
        to_correct: what was typed before and is to be put right; the questions show it again.
        guardian_settled: a child's guardian has been read, or has no readable card.
        visitor: the person, once they have said "that is me".
        eligibility: the insurer's answer.
        patient: the hospital system's answer.
        earlier: today's ticket of the same number.
        earlier_known: whether the store has answered.
        pays: the person pays, since there is no insurance that counts.
        priority: known or asked for.
        phone: digits.
        consents: what was agreed to or refused.
        draft: what is being stored.
        ticket: what was stored; everything above is gone by then.
    """

    key: CitizenNumber | MrzText | TravelDocument | None = None
    scanned: CitizenQr | None = None
    wrong_tries: int = 0
    misreads: int = 0
    reading: ReadResult | None = None
    way: Way | None = None
    document: TravelDocument | None = None
    declared: Visitor | None = None
    to_correct: Visitor | None = None
    guardian_settled: bool = False
    visitor: Visitor | None = None
    eligibility: Eligibility | None = None
    patient: PatientFinding | None = None
    earlier: Ticket | None = None
    earlier_known: bool = False
    pays: bool = False
    priority: Priority = Priority.NONE
    phone: str | None = None
    consents: tuple[Consent, ...] = ()
    draft: CheckInDraft | None = None
    ticket: Ticket | None = None

    def __repr__(self) -> str:
        return "Visit(…)"

    @property
    def for_guardian(self) -> bool:
        """Whether the card that is asked for is that of a child's guardian."""
        return self.way is Way.CHILD


@dataclasses.dataclass(frozen=True, slots=True)
class CheckInState:
    """Where the check-in stands.

    Attributes:
        screen: what is shown.
        overlay: what lies over it, or ``None``.
        visit: working memory of this visit; ``None`` on :class:`Welcome`.
        card_away: the card was taken after it had been read, so the person may have left: time-outs are shorter.
        card_lies: a card has been seen on the reader in this visit and not been taken since.
        request: number of the last work asked for; answers to another are stale and change nothing.
        timer: number of the timer that runs; others are stale. Both only ever grow, across visits too, so that
            nothing of one visit can reach the next.
    """

    screen: Screen = Welcome()  # noqa: RUF009 - frozen
    overlay: Overlay | None = None
    visit: Visit | None = None
    card_away: bool = False
    card_lies: bool = False
    request: int = 0
    timer: int = 0
