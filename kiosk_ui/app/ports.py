"""What the check-in needs from the outside world. Adapters and the tests' stand-ins pass the same contract tests."""

from __future__ import annotations

import datetime as dt
import enum
import time
import uuid
from collections.abc import Callable
from typing import Protocol

from crypto.errors import Hint
from kiosk_ui.app.audit import AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket
from kiosk_ui.app.domain.hand_over import HandOver, Receipt
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery
from kiosk_ui.app.domain.mrz_text import MrzText
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.patient import PatientFinding, PatientQuery
from kiosk_ui.app.domain.reading import ReadingStep, ReadResult
from kiosk_ui.app.domain.travel_document import TravelDocument
from kiosk_ui.app.lanes import Lane
from reader.scanners.qr import CitizenQr

__all__ = [
    "CardReading",
    "CheckIns",
    "Clock",
    "EarlierCheckIns",
    "EligibilityGateway",
    "Executor",
    "HandOvers",
    "HospitalSystem",
    "PrinterState",
    "PrinterStatus",
    "QueueDesk",
    "ReadingListener",
    "Speaker",
    "StaffBell",
    "SystemClock",
    "TicketPrinter",
]


class Clock(Protocol):
    """Two clocks: one for the calendar, one that never jumps."""

    def now(self) -> dt.datetime:
        """Aware present moment."""
        ...

    def monotonic(self) -> float:
        """Seconds since any fixed point; never goes back."""
        ...


class SystemClock:
    """The machine's clocks."""

    def now(self) -> dt.datetime:
        """Aware present moment in UTC."""
        return dt.datetime.now(dt.UTC)

    def monotonic(self) -> float:
        """Seconds that only grow."""
        return time.monotonic()


class ReadingListener(Protocol):
    """Hears how a reading goes. Its methods may be called from any thread."""

    def progressed(self, step: ReadingStep, steps_done: int, steps_total: int) -> None:
        """A card is there and ``step`` begins."""
        ...

    def card_awaited(self) -> None:
        """The card was taken away in the middle; once it is back, ``progressed`` tells that the reading goes on."""
        ...

    def finished(self, result: ReadResult) -> None:
        """The card was read and judged; the last call."""
        ...

    def failed(self, code: str, hint: Hint) -> None:
        """The card was not read, for the error's stable name and hint; the last call."""
        ...

    def card_removed(self) -> None:
        """The card was taken away; may be told at any time, also after the last call."""
        ...


class CardReading(Protocol):
    """Waits for a card and reads it."""

    def start(
        self,
        key: CitizenNumber | MrzText | TravelDocument,
        listener: ReadingListener,
        scanned: CitizenQr | None = None,
    ) -> None:
        """Begin in the background and return at once: wait for a card, read it once, tell ``listener``.

        The number, the zone or the three typed fields open the chip and are held against it, as is what the code on the
        card says, if it was scanned. All of it is forgotten when the reading ends.
        Exactly one of ``finished`` and ``failed`` is called, unless the reading is cancelled first.
        """
        ...

    def cancel(self) -> None:
        """Stop a running reading within one command and forget its number. Harmless when none runs."""
        ...


class EligibilityGateway(Protocol):
    """Asks the insurer, by way of the hospital."""

    def check(self, query: EligibilityQuery) -> Eligibility:
        """Ask, within a bounded time.

        Raises:
            GatewayError: no usable answer came (unreachable, too slow, an error, rubbish).
        """
        ...


class HospitalSystem(Protocol):
    """The hospital's records of patients and visits."""

    def find(self, query: PatientQuery) -> PatientFinding:
        """Look for a patient and today's appointment, within a bounded time.

        Raises:
            GatewayError: no usable answer came.
        """
        ...

    def hand_over(self, record: HandOver) -> Receipt:
        """Take over a check-in. Handing the same ``record.key`` over again changes nothing and gives the same receipt.

        Raises:
            GatewayError: it is not known to be taken.
        """
        ...


class EarlierCheckIns(Protocol):
    """Who has checked in today."""

    def find_today(self, number: str, day: dt.date, full_name: str) -> Ticket | None:
        """The last ticket of this number and name on ``day`` of the hospital's own time, or ``None``.

        Anybody can type a number: another name is another person. Raises ``StoreError``.
        """
        ...


class HandOvers(Protocol):
    """Check-ins as the hospital system gets them."""

    def draft_of(self, check_in_id: uuid.UUID) -> HandOver | None:
        """A stored check-in whole, or ``None`` when its personal data is gone. Raises ``StoreError``."""
        ...


class QueueDesk(Protocol):
    """The hospital's queue service, which calls numbers."""

    def put(self, ticket: Ticket) -> None:
        """Tell it of a ticket; telling it again changes nothing. Raises ``GatewayError``."""
        ...


class CheckIns(Protocol):
    """The store as the check-in sees it."""

    def save(self, draft: CheckInDraft, at: dt.datetime) -> Ticket:
        """Store in one transaction; idempotent. Raises ``StoreError``."""
        ...

    def note(self, entry: AuditEntry, at: dt.datetime) -> None:
        """Add one line to the audit trail. Raises ``StoreError``."""
        ...


class TicketPrinter(Protocol):
    """Gives the patient a paper."""

    def print(self, ticket: Ticket) -> None:
        """Print. Raises ``PrinterError``."""
        ...


class PrinterState(enum.StrEnum):
    """What a printer says of itself."""

    READY = "ready"
    PAPER_LOW = "paper_low"
    NO_PAPER = "no_paper"
    GONE = "gone"
    UNKNOWN = "unknown"


class PrinterStatus(Protocol):
    """A printer that can be asked."""

    def status(self) -> PrinterState:
        """Ask, within a bounded time. Never raises: who does not answer is GONE or UNKNOWN."""
        ...


class Speaker(Protocol):
    """Says prompts aloud."""

    def say(self, key: str, language: str) -> None:
        """Begin to say the prompt ``key`` (a screen's name, or ``name.variant``) and return; ends what is being said."""
        ...

    def stop(self) -> None:
        """Be silent now."""
        ...

    def set_volume(self, level: int) -> None:
        """0 (silent) … 4 (loudest)."""
        ...


class StaffBell(Protocol):
    """Calls a human."""

    def ring(self, screen: str, code: str | None) -> None:
        """Somebody needs help on ``screen``, perhaps because of ``code``."""
        ...


class Executor(Protocol):
    """Runs work away from the caller's thread."""

    def submit(self, work: Callable[[], None], lane: Lane) -> None:
        """Run ``work`` soon, in any thread; what hangs in another lane does not hold it up."""
        ...
