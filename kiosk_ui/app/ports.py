"""What the check-in needs from the outside world. Adapters and the tests' stand-ins pass the same contract tests."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Callable
from typing import Protocol

from crypto.errors import Hint
from kiosk_ui.app.audit import AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.reading import ReadingStep, ReadResult
from reader.scanners.qr import CitizenQr

__all__ = [
    "CardReading",
    "CheckIns",
    "Clock",
    "EligibilityGateway",
    "Executor",
    "ReadingListener",
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

    def start(self, number: CitizenNumber, listener: ReadingListener, scanned: CitizenQr | None = None) -> None:
        """Begin in the background and return at once: wait for a card, read it once, tell ``listener``.

        What the code on the card says, if it was scanned, is held against the chip and forgotten with the number.
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


class StaffBell(Protocol):
    """Calls a human."""

    def ring(self, screen: str, code: str | None) -> None:
        """Somebody needs help on ``screen``, perhaps because of ``code``."""
        ...


class Executor(Protocol):
    """Runs work away from the caller's thread."""

    def submit(self, work: Callable[[], None]) -> None:
        """Run ``work`` soon, in any thread."""
        ...
