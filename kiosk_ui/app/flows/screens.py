"""What the patient can see: one dataclass per screen, two overlays, and the state that holds them.

A front end draws :attr:`CheckInState.screen`, and over it :attr:`CheckInState.overlay` if there is one. Each class has
a stable ``name`` (key of the screen's texts) and a ``stage`` (which of the three steps of the bar is lit).
No ``repr`` shows anything personal.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import ClassVar

from crypto.errors import Hint
from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket
from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.reading import ReadingStep, ReadResult
from reader.scanners.qr import CitizenQr
from reader.verification.identity import Assurance

__all__ = [
    "CardLifted",
    "CheckInState",
    "ChooseDepartment",
    "Confirm",
    "EnterNumber",
    "InsuranceNotice",
    "LookingUp",
    "NumberProblem",
    "Overlay",
    "PersonShown",
    "PlaceCard",
    "Printing",
    "Problem",
    "Proof",
    "Reading",
    "Refused",
    "Retry",
    "Saving",
    "Screen",
    "StaffCalled",
    "Stage",
    "TicketReady",
    "TimeoutWarning",
    "Visit",
    "Welcome",
    "WrongNumber",
]


class Stage(enum.Enum):
    """The three steps of the bar: card, insurance, queue number."""

    CARD = 1
    INSURANCE = 2
    NUMBER = 3


class NumberProblem(enum.StrEnum):
    """Why the number has to be given again."""

    NOT_12_DIGITS = "not_12_digits"
    SCAN_UNREADABLE = "scan_unreadable"  # the scanned code is no card's code: try again or type


class Proof(enum.StrEnum):
    """What the card's chip has proven, in the patient's terms."""

    GENUINE = "genuine"  # "Genuine card — chip checked"
    ISSUER_NOT_VERIFIED = "issuer_not_verified"  # "Card read; issuer could not be checked"


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


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PersonShown:
    """The person as the confirm screen shows them to bystanders' eyes too.

    Attributes:
        full_name: never cut; may wrap.
        masked_number: ``040 *** *** 017``.
        date_of_birth: or ``None`` when the card gives only a part of it.
        portrait: JPEG or JPEG 2000 as on the chip, or ``None``.
    """

    full_name: str
    masked_number: str
    date_of_birth: dt.date | None
    portrait: bytes | None

    def __repr__(self) -> str:
        return "PersonShown(…)"


# -------------------------------------------------------------------------------------------- screens
@dataclasses.dataclass(frozen=True, slots=True)
class Welcome:
    """Nobody is here. Nothing personal is held. Events: ``Started``, or a scan (``NumberKnown``) at once."""

    name: ClassVar[str] = "welcome"
    stage: ClassVar[Stage | None] = None


@dataclasses.dataclass(frozen=True, slots=True)
class EnterNumber:
    """Scan the QR code or type twelve digits. Events: ``NumberKnown``, ``ScanUnreadable``.

    Attributes:
        problem: why it is asked again, or ``None`` the first time.
    """

    name: ClassVar[str] = "enter_number"
    stage: ClassVar[Stage | None] = Stage.CARD
    problem: NumberProblem | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class PlaceCard:
    """Lay the card on the lit field. Goes on by itself."""

    name: ClassVar[str] = "place_card"
    stage: ClassVar[Stage | None] = Stage.CARD


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """The card is being read; leave it. Goes on by itself.

    Attributes:
        step: what is being read, in plain words.
        steps_done: whole steps finished, 0 … ``steps_total``.
        steps_total: at least 1.
    """

    name: ClassVar[str] = "reading"
    stage: ClassVar[Stage | None] = Stage.CARD
    step: ReadingStep = ReadingStep.OPENING
    steps_done: int = 0
    steps_total: int = len(ReadingStep)


@dataclasses.dataclass(frozen=True, slots=True)
class CardLifted:
    """The card was taken away too early: put it back, reading goes on by itself.

    Attributes:
        is_awaited: whether the reading that was under way waits for it; if not, a new one has begun to.
    """

    name: ClassVar[str] = "card_lifted"
    stage: ClassVar[Stage | None] = Stage.CARD
    is_awaited: bool = False


@dataclasses.dataclass(frozen=True, slots=True)
class WrongNumber:
    """The number does not open this card. Event: ``TryAgain`` (once ``wait_seconds`` is 0).

    Attributes:
        tries_left: how often it can be tried before staff must help, at least 1.
        wait_seconds: pause before the next try; counts down to 0.
    """

    name: ClassVar[str] = "wrong_number"
    stage: ClassVar[Stage | None] = Stage.CARD
    tries_left: int
    wait_seconds: int = 0


@dataclasses.dataclass(frozen=True, slots=True)
class Confirm:
    """Is this you? Events: ``Confirmed``, ``NotMe``.

    Attributes:
        person: what is shown of the person.
        proof: what the chip has proven.
        assurance: the same in the house's vocabulary.
    """

    name: ClassVar[str] = "confirm"
    stage: ClassVar[Stage | None] = Stage.CARD
    person: PersonShown
    proof: Proof
    assurance: Assurance


@dataclasses.dataclass(frozen=True, slots=True)
class Refused:
    """This card could not be confirmed (REJECT): do not go on, go to a counter. The only red screen. Event: ``GoOn``.

    Attributes:
        counter: where to go.
        reasons: stable codes, small at the bottom, for staff.
    """

    name: ClassVar[str] = "refused"
    stage: ClassVar[Stage | None] = Stage.CARD
    counter: str
    reasons: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class LookingUp:
    """The insurer is being asked. Goes on by itself, at the latest when its time is over."""

    name: ClassVar[str] = "looking_up"
    stage: ClassVar[Stage | None] = Stage.INSURANCE


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
class ChooseDepartment:
    """Where is your visit today? Event: ``DepartmentChosen``.

    Attributes:
        departments: in the order to show.
        insurance: shown as a banner by ``insurance.outcome``: valid until …, or "can't be looked up now".
    """

    name: ClassVar[str] = "choose_department"
    stage: ClassVar[Stage | None] = Stage.NUMBER
    departments: tuple[Department, ...]
    insurance: Eligibility


@dataclasses.dataclass(frozen=True, slots=True)
class Saving:
    """The check-in is being written down. Goes on by itself; nothing can be cancelled here."""

    name: ClassVar[str] = "saving"
    stage: ClassVar[Stage | None] = Stage.NUMBER


@dataclasses.dataclass(frozen=True, slots=True)
class TicketReady:
    """The check-in is stored. Your number, the way there, take your card. Event: ``GoOn`` ends the visit.

    Attributes:
        ticket: number, department, place and the two insurance marks.
        printing: where the paper is.
    """

    name: ClassVar[str] = "ticket_ready"
    stage: ClassVar[Stage | None] = Stage.NUMBER
    ticket: Ticket
    printing: Printing = Printing.PENDING


@dataclasses.dataclass(frozen=True, slots=True)
class Problem:
    """Something else went wrong. Events: ``TryAgain`` unless ``retry`` is NONE, ``StaffAsked``, ``StartAgain``.

    Attributes:
        code: stable name of the error; chooses the words where there are special ones, small at the bottom for staff.
        hint: what a person can do; chooses the words otherwise.
        retry: what "try again" does.
        counter: where a human is.
    """

    name: ClassVar[str] = "problem"
    stage: ClassVar[Stage | None] = None
    code: str
    hint: Hint
    retry: Retry
    counter: str


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


Screen = (
    Welcome
    | EnterNumber
    | PlaceCard
    | Reading
    | CardLifted
    | WrongNumber
    | Confirm
    | Refused
    | LookingUp
    | InsuranceNotice
    | ChooseDepartment
    | Saving
    | TicketReady
    | Problem
)
Overlay = StaffCalled | TimeoutWarning


# ---------------------------------------------------------------------------------------------- state
@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Visit:
    """What the flow remembers of the person while they are here. Gone with the return to :class:`Welcome`.

    ``scanned`` is what the code on the card says; ``None`` if the number was typed.
    """

    number: CitizenNumber
    wrong_tries: int = 0
    scanned: CitizenQr | None = None
    reading: ReadResult | None = None
    eligibility: Eligibility | None = None
    draft: CheckInDraft | None = None

    def __repr__(self) -> str:
        return "Visit(…)"


@dataclasses.dataclass(frozen=True, slots=True)
class CheckInState:
    """Where the check-in stands.

    Attributes:
        screen: what is shown.
        overlay: what lies over it, or ``None``.
        visit: working memory of this visit; ``None`` on :class:`Welcome`.
        card_away: the card was taken after it had been read, so the person may have left: time-outs are shorter.
        request: number of the last work asked for; answers to another are stale and change nothing.
        timer: number of the timer that runs; others are stale. Both only ever grow, across visits too, so that
            nothing of one visit can reach the next.
    """

    screen: Screen = Welcome()
    overlay: Overlay | None = None
    visit: Visit | None = None
    card_away: bool = False
    request: int = 0
    timer: int = 0
