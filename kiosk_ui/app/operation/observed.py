"""What passes between the check-in and the world, counted on its way. Nothing is changed, delayed or kept."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
from collections.abc import Callable
from typing import TypeVar

from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket
from kiosk_ui.app.domain.hand_over import HandOver, Receipt
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery
from kiosk_ui.app.domain.patient import PatientFinding, PatientKind, PatientQuery
from kiosk_ui.app.driver import FrontEnd
from kiosk_ui.app.failures import GatewayError, PrinterError
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.operation import families as f
from kiosk_ui.app.operation.measures import Measures
from kiosk_ui.app.ports import CheckIns, Clock, EligibilityGateway, HospitalSystem, QueueDesk, TicketPrinter

__all__ = [
    "ObservedCheckIns",
    "ObservedHospital",
    "ObservedInsurer",
    "ObservedPrinter",
    "ObservedQueue",
    "ObservedScreens",
    "PeerBook",
    "PeerState",
]

_T = TypeVar("_T")
ANSWERED = "answered"
_MISTAKE = "mistake"  # of ours: what was raised is no word about the service


@dataclasses.dataclass(frozen=True, slots=True)
class PeerState:
    """The last question to a service.

    Attributes:
        outcome: "answered", or the stable name of what went wrong.
        at: when.
        seconds: how long it took.
    """

    outcome: str
    at: dt.datetime
    seconds: float


class PeerBook:
    """How the services of the hospital have answered."""

    def __init__(self, measures: Measures, clock: Clock) -> None:
        self._measures = measures
        self._clock = clock
        self._lock = threading.Lock()
        self._last: dict[str, PeerState] = {}

    def ask(
        self, peer: str, question: Callable[[], _T], outcome_of: Callable[[_T], str] = lambda answer: ANSWERED
    ) -> _T:
        """Ask, and note how it went; ``outcome_of`` names answers that are none."""
        begun = self._clock.monotonic()
        outcome = _MISTAKE
        try:
            answer = question()
            outcome = outcome_of(answer)
            return answer
        except GatewayError as error:
            outcome = error.code.name
            raise
        finally:
            seconds = self._clock.monotonic() - begun
            self._measures.count(f.PEER_REQUESTS, peer, outcome)
            self._measures.observe(f.PEER_SECONDS, seconds, peer)
            with self._lock:
                self._last[peer] = PeerState(outcome, self._clock.now(), seconds)

    def last(self, peer: str) -> PeerState | None:
        """The last question to this service, or ``None`` if there was none yet."""
        with self._lock:
            return self._last.get(peer)


class ObservedInsurer:
    """An :class:`~kiosk_ui.app.ports.EligibilityGateway` that is watched.

    Args:
        inner: the gateway.
        peers: where it is noted.
        peer: who is asked behind it: the relay, or the hospital system.
    """

    def __init__(self, inner: EligibilityGateway, peers: PeerBook, peer: str = "relay") -> None:
        self._inner = inner
        self._peers = peers
        self._peer = peer

    def check(self, query: EligibilityQuery) -> Eligibility:
        """Ask the insurer."""
        return self._peers.ask(self._peer, lambda: self._inner.check(query))


def _found(finding: PatientFinding) -> str:
    return finding.code if finding.kind is PatientKind.UNAVAILABLE and finding.code else ANSWERED


class ObservedHospital:
    """A :class:`~kiosk_ui.app.ports.HospitalSystem` that is watched."""

    def __init__(self, inner: HospitalSystem, peers: PeerBook) -> None:
        self._inner = inner
        self._peers = peers

    def find(self, query: PatientQuery) -> PatientFinding:
        """Look for a patient."""
        return self._peers.ask("hospital", lambda: self._inner.find(query), _found)

    def hand_over(self, record: HandOver) -> Receipt:
        """Hand over a check-in."""
        return self._peers.ask("hospital", lambda: self._inner.hand_over(record))


class ObservedQueue:
    """A :class:`~kiosk_ui.app.ports.QueueDesk` that is watched."""

    def __init__(self, inner: QueueDesk, peers: PeerBook) -> None:
        self._inner = inner
        self._peers = peers

    def put(self, ticket: Ticket) -> None:
        """Tell the queue service of a ticket."""
        self._peers.ask("queue", lambda: self._inner.put(ticket))


class ObservedPrinter:
    """A :class:`~kiosk_ui.app.ports.TicketPrinter` that is watched."""

    def __init__(self, inner: TicketPrinter, measures: Measures) -> None:
        self._inner = inner
        self._measures = measures

    def print(self, ticket: Ticket) -> None:
        """Print."""
        try:
            self._inner.print(ticket)
        except PrinterError as error:
            self._measures.count(f.TICKETS, error.code.name)
            raise
        self._measures.count(f.TICKETS, "printed")


class ObservedScreens:
    """A front end that is watched: which screens were shown how long, and at which one visits ended."""

    def __init__(self, inner: FrontEnd, measures: Measures, clock: Clock) -> None:
        self._inner = inner
        self._measures = measures
        self._clock = clock
        self._name = s.Welcome.name
        self._since = clock.monotonic()

    def show(self, state: s.CheckInState) -> None:
        """Show a state."""
        name = state.screen.name
        if name != self._name:
            now = self._clock.monotonic()
            if self._name != s.Welcome.name:  # how long nobody came is no step
                self._measures.observe(f.STEP_SECONDS, now - self._since, self._name)
                if name == s.Welcome.name:
                    self._measures.count(f.VISITS_LEFT, self._name)
            self._name, self._since = name, now
        self._inner.show(state)

    def clear(self) -> None:
        """Forget everything of the person."""
        self._inner.clear()


class ObservedCheckIns:
    """A store that is watched. The audit trail passes here, and with it each reading and each call for staff."""

    def __init__(self, inner: CheckIns, measures: Measures) -> None:
        self._inner = inner
        self._measures = measures

    def save(self, draft: CheckInDraft, at: dt.datetime) -> Ticket:
        """Store a check-in."""
        ticket = self._inner.save(draft, at)
        self._measures.count(f.CHECK_INS, ticket.kind.value, draft.visitor.assurance.value)
        return ticket

    def note(self, entry: AuditEntry, at: dt.datetime) -> None:
        """Add one line to the audit trail."""
        match entry.action:
            case AuditAction.CARD_READ:
                self._measures.count(f.READINGS, entry.outcome.lower().replace(" ", "."))
            case AuditAction.CARD_NOT_READ:
                self._measures.count(f.READINGS, entry.outcome)
            case AuditAction.STAFF_CALLED:
                self._measures.count(f.STAFF_CALLS, entry.outcome)
            case _:
                pass
        self._inner.note(entry, at)
