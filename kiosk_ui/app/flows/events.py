"""What happens to a check-in: what a person does, what the card does, what finished work brings.

Results of work carry the ``request`` number of the effect that asked for it.
"""

from __future__ import annotations

import dataclasses
import uuid

from crypto.errors import Hint
from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.domain.identification import Way
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.patient import PatientFinding
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.reading import ReadingStep, ReadResult
from kiosk_ui.app.domain.travel_document import DocumentField
from reader.scanners.qr import CitizenQr

__all__ = [
    "AnotherDepartment",
    "BirthGiven",
    "CardAwaited",
    "CardRemoved",
    "CheckInSaved",
    "Confirmed",
    "DepartmentChosen",
    "EarlierKnown",
    "EligibilityKnown",
    "Event",
    "ExpiryGiven",
    "FieldChosen",
    "GoOn",
    "GoToCounter",
    "LookUpEvent",
    "MrzGiven",
    "NotMe",
    "NumberKnown",
    "OtherWaysAsked",
    "OverlayDismissed",
    "PatientKnown",
    "PayMyself",
    "PersonEvent",
    "PhoneGiven",
    "PrintAgain",
    "PriorityAsked",
    "PrivacyAsked",
    "ReadingFailed",
    "ReadingFinished",
    "ReadingProgressed",
    "SaveFailed",
    "ScanUnreadable",
    "Skipped",
    "StaffAsked",
    "StartAgain",
    "Started",
    "TextGiven",
    "TicketNotPrinted",
    "TicketPrinted",
    "TimerFired",
    "Touched",
    "TryAgain",
    "WayChosen",
    "WithoutChip",
]


# ------------------------------------------------------------------------------- what a person does
@dataclasses.dataclass(frozen=True, slots=True)
class Started:
    """The welcome screen was touched."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class NumberKnown:
    """A number was typed or scanned. Its ``repr`` shows nothing.

    Attributes:
        text: what should be twelve digits; blanks, dots and hyphens may stand between them.
        scanned: all that the card's code says, to be held against the chip; ``None`` if the number was typed.
    """

    text: str
    scanned: CitizenQr | None = None

    def __repr__(self) -> str:
        return "NumberKnown(…)"


@dataclasses.dataclass(frozen=True, slots=True)
class ScanUnreadable:
    """The scanner read something that is no card's code."""


@dataclasses.dataclass(frozen=True, slots=True)
class Confirmed:
    """Yes, this is me."""


@dataclasses.dataclass(frozen=True, slots=True)
class NotMe:
    """No, this is somebody else."""


@dataclasses.dataclass(frozen=True, slots=True)
class DepartmentChosen:
    """A department was touched.

    Attributes:
        code: its :attr:`Department.code`; an unknown one changes nothing.
    """

    code: str


@dataclasses.dataclass(frozen=True, slots=True)
class GoOn:
    """The one "go on" (or "done") button of a screen."""


@dataclasses.dataclass(frozen=True, slots=True)
class TryAgain:
    """ "Try again" of a problem screen."""


@dataclasses.dataclass(frozen=True, slots=True)
class OtherWaysAsked:
    """ "No chip card?" of the welcome screen."""


@dataclasses.dataclass(frozen=True, slots=True)
class PrivacyAsked:
    """ "What happens to my data?" of the welcome screen."""


@dataclasses.dataclass(frozen=True, slots=True)
class WayChosen:
    """One of the other ways was touched."""

    way: Way


@dataclasses.dataclass(frozen=True, slots=True)
class WithoutChip:
    """Go on without what this screen asks for: the chip, the phone's code, the guardian's card."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class TextGiven:
    """A number or a name was typed. Its ``repr`` shows nothing."""

    text: str

    def __repr__(self) -> str:
        return "TextGiven(…)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class BirthGiven:
    """A date of birth was typed. Its ``repr`` shows nothing.

    Attributes:
        day: 1 … 31; ``None`` together with ``month`` if only the year is known.
        month: 1 … 12, or ``None``.
        year: with four digits.
    """

    day: int | None
    month: int | None
    year: int

    def __repr__(self) -> str:
        return "BirthGiven(…)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ExpiryGiven:
    """The last day of a passport was typed, as for :class:`BirthGiven`. Its ``repr`` shows nothing."""

    day: int
    month: int
    year: int

    def __repr__(self) -> str:
        return "ExpiryGiven(…)"


@dataclasses.dataclass(frozen=True, slots=True)
class FieldChosen:
    """What was typed of a passport is to be put right here."""

    field: DocumentField


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class MrzGiven:
    """The lines of a machine-readable zone were scanned. Its ``repr`` shows nothing."""

    text: str

    def __repr__(self) -> str:
        return "MrzGiven(…)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PhoneGiven:
    """A phone number was typed. Its ``repr`` shows nothing.

    Attributes:
        text: as typed.
        reminders: whether the person agreed to be reminded by phone.
    """

    text: str
    reminders: bool

    def __repr__(self) -> str:
        return "PhoneGiven(…)"


@dataclasses.dataclass(frozen=True, slots=True)
class Skipped:
    """No answer to this question."""


@dataclasses.dataclass(frozen=True, slots=True)
class PriorityAsked:
    """A reason to be seen sooner was touched; ``None`` opens the question."""

    priority: Priority | None


@dataclasses.dataclass(frozen=True, slots=True)
class PayMyself:
    """Go on without insurance."""


@dataclasses.dataclass(frozen=True, slots=True)
class GoToCounter:
    """Let the counter look into it."""


@dataclasses.dataclass(frozen=True, slots=True)
class AnotherDepartment:
    """Not this one: let me choose."""


@dataclasses.dataclass(frozen=True, slots=True)
class PrintAgain:
    """The paper once more."""


@dataclasses.dataclass(frozen=True, slots=True)
class StartAgain:
    """Cancel: clear everything and go back to the welcome screen. On every screen."""


@dataclasses.dataclass(frozen=True, slots=True)
class StaffAsked:
    """ "Call staff". On every screen."""


@dataclasses.dataclass(frozen=True, slots=True)
class OverlayDismissed:
    """The overlay's button: go on with the screen below."""


@dataclasses.dataclass(frozen=True, slots=True)
class Touched:
    """The screen was touched anywhere: somebody is there, the time-out starts anew."""


# --------------------------------------------------------------------------------- what the card does
@dataclasses.dataclass(frozen=True, slots=True)
class CardRemoved:
    """The reader noticed that the card was taken away."""


@dataclasses.dataclass(frozen=True, slots=True)
class ReadingProgressed:
    """The card is there and a step begins (``steps_done`` of ``steps_total`` are finished)."""

    request: int
    step: ReadingStep
    steps_done: int
    steps_total: int


@dataclasses.dataclass(frozen=True, slots=True)
class CardAwaited:
    """The card was taken away in the middle; the reading waits for it and goes on where it stopped."""

    request: int


@dataclasses.dataclass(frozen=True, slots=True)
class ReadingFinished:
    """The card was read and judged."""

    request: int
    result: ReadResult


@dataclasses.dataclass(frozen=True, slots=True)
class ReadingFailed:
    """The card was not read. ``code`` and ``hint`` are those of the error."""

    request: int
    code: str
    hint: Hint


# --------------------------------------------------------------------------- what finished work brings
@dataclasses.dataclass(frozen=True, slots=True)
class EligibilityKnown:
    """The insurer answered, or it is clear that no answer comes (kind UNAVAILABLE)."""

    request: int
    eligibility: Eligibility


@dataclasses.dataclass(frozen=True, slots=True)
class PatientKnown:
    """The hospital system answered, or it is clear that no answer comes (kind UNAVAILABLE)."""

    request: int
    finding: PatientFinding


@dataclasses.dataclass(frozen=True, slots=True)
class EarlierKnown:
    """Today's ticket of the same number, or ``None``: there is none, or nobody can say."""

    request: int
    ticket: Ticket | None


@dataclasses.dataclass(frozen=True, slots=True)
class CheckInSaved:
    """The transaction is committed; the ticket is true from now on.

    Attributes:
        draft_id: what was to be stored, where the ticket may be one that the same person held already.
    """

    request: int
    ticket: Ticket
    draft_id: uuid.UUID | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class SaveFailed:
    """It is not known to be committed. Saving the same draft again is safe."""

    request: int
    code: str
    hint: Hint


@dataclasses.dataclass(frozen=True, slots=True)
class TicketPrinted:
    """The paper is out."""

    request: int


@dataclasses.dataclass(frozen=True, slots=True)
class TicketNotPrinted:
    """No paper, or nobody knows (``printer.outcome_unknown``). ``code`` is the error's stable name."""

    request: int
    code: str


@dataclasses.dataclass(frozen=True, slots=True)
class TimerFired:
    """The time of ``StartTimer(timer)`` is over."""

    timer: int


PersonEvent = (
    Started
    | NumberKnown
    | ScanUnreadable
    | Confirmed
    | NotMe
    | DepartmentChosen
    | GoOn
    | TryAgain
    | OtherWaysAsked
    | PrivacyAsked
    | WayChosen
    | WithoutChip
    | TextGiven
    | BirthGiven
    | ExpiryGiven
    | FieldChosen
    | MrzGiven
    | PhoneGiven
    | Skipped
    | PriorityAsked
    | PayMyself
    | GoToCounter
    | AnotherDepartment
    | PrintAgain
    | StartAgain
    | StaffAsked
    | OverlayDismissed
    | Touched
)
ReadingEvent = ReadingProgressed | CardAwaited | ReadingFinished | ReadingFailed
LookUpEvent = EligibilityKnown | PatientKnown | EarlierKnown
WorkEvent = LookUpEvent | CheckInSaved | SaveFailed | TicketPrinted | TicketNotPrinted
Event = PersonEvent | CardRemoved | ReadingEvent | WorkEvent | TimerFired
