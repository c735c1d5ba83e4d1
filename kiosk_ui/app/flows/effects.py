"""What a check-in asks the outside world to do. Effects are carried out in the order given."""

from __future__ import annotations

import dataclasses
import datetime as dt

from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket
from kiosk_ui.app.domain.insurance import EligibilityQuery
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.patient import PatientQuery
from kiosk_ui.app.domain.travel_document import TravelDocument
from reader.scanners.qr import CitizenQr

__all__ = [
    "CallStaff",
    "CancelReading",
    "Clear",
    "Effect",
    "FindEarlier",
    "LookUpInsurance",
    "LookUpPatient",
    "PrintTicket",
    "SaveCheckIn",
    "StartReading",
    "StartTimer",
    "StopTimer",
    "Work",
]


@dataclasses.dataclass(frozen=True, slots=True)
class StartReading:
    """Wait for a card and read it once. Answers: ``ReadingProgressed``*, then ``ReadingFinished`` or ``ReadingFailed``.

    Attributes:
        request: comes back with the answers.
        key: what opens the chip, and what the chip is held against.
        scanned: what the code on the card says, if it was scanned.
    """

    request: int
    key: CitizenNumber | MrzText | TravelDocument
    scanned: CitizenQr | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class CancelReading:
    """Stop the running reading, if any, and forget its number."""


@dataclasses.dataclass(frozen=True, slots=True)
class LookUpInsurance:
    """Ask the insurer. Answer: ``EligibilityKnown``."""

    request: int
    query: EligibilityQuery


@dataclasses.dataclass(frozen=True, slots=True)
class LookUpPatient:
    """Ask the hospital system. Answer: ``PatientKnown``."""

    request: int
    query: PatientQuery


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class FindEarlier:
    """Look for a check-in of the same number and name on ``day``. Answer: ``EarlierKnown``. Its ``repr`` shows neither."""

    request: int
    number: str
    full_name: str
    day: dt.date

    def __repr__(self) -> str:
        return f"FindEarlier({self.request})"


@dataclasses.dataclass(frozen=True, slots=True)
class SaveCheckIn:
    """Store the check-in in one transaction. Answer: ``CheckInSaved`` or ``SaveFailed``."""

    request: int
    draft: CheckInDraft


@dataclasses.dataclass(frozen=True, slots=True)
class PrintTicket:
    """Print. Answer: ``TicketPrinted`` or ``TicketNotPrinted``."""

    request: int
    ticket: Ticket


@dataclasses.dataclass(frozen=True, slots=True)
class CallStaff:
    """Ring for staff.

    Attributes:
        screen: name of the screen where help is needed.
        code: the error's stable name if there is one.
    """

    screen: str
    code: str | None = None


@dataclasses.dataclass(frozen=True, slots=True)
class StartTimer:
    """Start the one timer; it replaces a running one. Answer: ``TimerFired(timer)``."""

    timer: int
    seconds: float


@dataclasses.dataclass(frozen=True, slots=True)
class StopTimer:
    """No time-out runs now."""


@dataclasses.dataclass(frozen=True, slots=True)
class Clear:
    """The visit is over: forget everything that a front end or a worker may still hold of the person."""


Work = LookUpInsurance | LookUpPatient | FindEarlier | SaveCheckIn | PrintTicket
"""What is done in the background and answered with an event."""

Effect = StartReading | CancelReading | Work | CallStaff | StartTimer | StopTimer | Clear
