"""The kiosk's side of the queue service: tickets are told as often as need be, and what it says of waiting is kept.

A ticket is told by ``PUT`` under its check-in, so that telling it again changes nothing; the outbox tries again. What is
told is a label, a department, a priority and a moment: never a name or a citizen number.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import re
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence

from crypto.errors import ErrorCode
from crypto.primitives.secret import Secret
from kiosk_ui.app.audit import AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft, HolderMark, Ticket, TicketKind
from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.failures import (
    QUEUE_ANSWER_UNUSABLE,
    QUEUE_REFUSED,
    QUEUE_SLOW,
    QUEUE_TICKET_REFUSED,
    QUEUE_TOKEN_REFUSED,
    QUEUE_UNREACHABLE,
    SETTINGS_UNUSABLE,
    GatewayError,
    SettingsError,
)
from kiosk_ui.app.gateways.bounded_http import Answer, BoundedHttp, PostFailedError, PostProblem
from kiosk_ui.app.gateways.secret_place import read_secret
from kiosk_ui.app.gateways.strict_json import parsed
from kiosk_ui.app.ports import CheckIns, Clock
from kiosk_ui.app.settings_queue import QueueSettings
from reader.verification.identity import HolderChecked

__all__ = ["CheckInsWithWait", "QueueService", "WaitBoard"]

_COUNTER = "counter"
_CODES = {
    PostProblem.UNREACHABLE: QUEUE_UNREACHABLE,
    PostProblem.TOO_SLOW: QUEUE_SLOW,
    PostProblem.REFUSED: QUEUE_REFUSED,
    PostProblem.TOO_LARGE: QUEUE_ANSWER_UNUSABLE,
}
_STATUSES: Mapping[int, ErrorCode] = {
    401: QUEUE_TOKEN_REFUSED,
    403: QUEUE_TOKEN_REFUSED,
    404: QUEUE_TICKET_REFUSED,
    409: QUEUE_TICKET_REFUSED,
    413: QUEUE_TICKET_REFUSED,
    422: QUEUE_TICKET_REFUSED,
}
_LONGEST_WAIT_MINUTES = 24 * 60
_LABEL = re.compile(r"[A-Z]{1,2}[0-9]{3,6}")


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class QueueService:
    """A :class:`~kiosk_ui.app.ports.QueueDesk` over HTTP.

    Args:
        url: the service's address, without path.
        token: this kiosk's.
        departments: as in the settings; a number's first letter tells whose it is.
        connect_timeout_s: for reaching it.
        total_timeout_s: for everything, to the last byte.
        ssl_context: for a hospital with its own certificate authority; the system's authorities otherwise.
        now: aware present moment, told with each ticket: by it the service knows how long the ticket was under way.

    Raises:
        SettingsError: the token cannot be one: it holds blanks, or characters that a header cannot carry.
    """

    def __init__(
        self,
        url: str,
        token: Secret,
        departments: Sequence[Department],
        *,
        connect_timeout_s: float = 2.0,
        total_timeout_s: float = 4.0,
        ssl_context: ssl.SSLContext | None = None,
        now: Callable[[], dt.datetime] = _utc_now,
    ) -> None:
        self._now = now
        self._peer = BoundedHttp.to(
            url, connect_timeout_s=connect_timeout_s, total_timeout_s=total_timeout_s, ssl_context=ssl_context
        )
        if re.fullmatch(rb"[!-~]+", token.reveal()) is None:
            raise SettingsError(
                SETTINGS_UNUSABLE, ("queue.token: this is no token that `chipid service token` makes.",)
            )
        self._token = token
        self._codes = {each.prefix: each.code for each in departments}

    @classmethod
    def of(
        cls,
        settings: QueueSettings,
        departments: Sequence[Department],
        now: Callable[[], dt.datetime] = _utc_now,
    ) -> QueueService:
        """The service that the settings name. Raises ``SettingsError`` if they name none, or token or authority is no
        use."""
        if settings.url is None or settings.token is None:
            raise SettingsError(SETTINGS_UNUSABLE, ("queue: neither url nor token is set.",))
        context = None
        if settings.authority is not None:
            try:
                context = ssl.create_default_context(cafile=settings.authority)
            except OSError as error:  # SSLError is one
                problem = (
                    f"queue.authority: {settings.authority} cannot be used ({error.strerror or 'no certificates'})."
                )
                raise SettingsError(SETTINGS_UNUSABLE, (problem,)) from None
        return cls(
            settings.url,
            read_secret(settings.token),
            departments,
            connect_timeout_s=settings.connect_timeout_s,
            total_timeout_s=settings.total_timeout_s,
            ssl_context=context,
            now=now,
        )

    def __repr__(self) -> str:
        return "QueueService(…)"

    def put(self, ticket: Ticket) -> None:
        """Tell it of a ticket; telling it again changes nothing.

        Raises:
            GatewayError: ``queue.unreachable``, ``queue.no_answer_in_time``, ``queue.refused`` (with the HTTP status),
                ``queue.answer_unusable``: worth another try. ``queue.token_refused``, ``queue.ticket_refused``: people
                have to look.
        """
        department = _COUNTER if ticket.kind is TicketKind.COUNTER else self._codes.get(ticket.number[:1])
        if department is None:
            raise GatewayError(QUEUE_TICKET_REFUSED)  # a department that left the settings since
        body = {
            "day": ticket.issued_at.date().isoformat(),  # the hospital's own time, so the hospital's own day
            "kind": ticket.kind.value,
            "department": department,
            "number": ticket.number,
            "priority": ticket.priority.value,
            "issued_at": ticket.issued_at.isoformat(),
            "sent_at": self._now().isoformat(),
            "holder_checked": ticket.holder_checked.value,
        }
        answer = self._ask("PUT", f"/queue/tickets/{ticket.check_in_id}", json.dumps(body).encode())
        if answer.status not in (200, 201) or not isinstance(_object(answer).get("state"), str):
            raise GatewayError(QUEUE_ANSWER_UNUSABLE)

    def holder_marks(self, day: dt.date) -> list[HolderMark]:
        """For which numbers that this kiosk drew on ``day`` a desk compared the person with the photo.

        Raises:
            GatewayError: as :meth:`put`.
        """
        found = _object(self._ask("GET", f"/queue/{day.isoformat()}/holders")).get("holders")
        if not isinstance(found, list):
            raise GatewayError(QUEUE_ANSWER_UNUSABLE)
        return [_mark(row) for row in found]

    def waits(self) -> Mapping[str, tuple[int | None, int | None]]:
        """How long somebody waits who joins a queue now: minutes at most, for an ordinary person and one with a
        priority, by the department's code; ``None`` where nobody can say.

        Raises:
            GatewayError: as :meth:`put`.
        """
        found = _object(self._ask("GET", "/queue/today")).get("queues")  # the service's day: its clock decides
        if not isinstance(found, list):
            raise GatewayError(QUEUE_ANSWER_UNUSABLE)
        return dict(_waits(row) for row in found)

    def _ask(self, method: str, path: str, body: bytes | None = None) -> Answer:
        headers = {"Authorization": f"Bearer {self._token.reveal().decode('ascii')}"}
        try:
            answer = self._peer.ask(method, path, headers=headers, body=body)
        except PostFailedError as error:
            raise GatewayError(_CODES[error.problem], **error.facts) from None
        if answer.status >= 400:
            code = _STATUSES.get(answer.status, QUEUE_REFUSED)
            raise GatewayError(code, http_status=answer.status)
        return answer


def _object(answer: Answer) -> dict[str, object]:
    try:
        found = parsed(answer.body)
    except ValueError:
        raise GatewayError(QUEUE_ANSWER_UNUSABLE) from None
    if not isinstance(found, dict):
        raise GatewayError(QUEUE_ANSWER_UNUSABLE)
    return found


def _mark(row: object) -> HolderMark:
    match row:
        case {"number": str(number), "checked": "none" | "staff" as checked} if _LABEL.fullmatch(number):
            return HolderMark(number, HolderChecked(checked))
        case _:
            raise GatewayError(QUEUE_ANSWER_UNUSABLE)


def _waits(row: object) -> tuple[str, tuple[int | None, int | None]]:
    if not isinstance(row, dict) or not isinstance(row.get("queue"), str):
        raise GatewayError(QUEUE_ANSWER_UNUSABLE)
    return row["queue"], (_most(row.get("wait_minutes")), _most(row.get("wait_minutes_prioritised")))


def _most(wait: object) -> int | None:
    """The upper end of a range: who is told ten minutes and waits five is not cross."""
    if wait is None:
        return None
    match wait:
        case [int(), int(most)] if 0 < most <= _LONGEST_WAIT_MINUTES:
            return most
        case _:
            raise GatewayError(QUEUE_ANSWER_UNUSABLE)


@dataclasses.dataclass(frozen=True, slots=True)
class _Seen:
    waits: Mapping[str, tuple[int | None, int | None]]
    at: float


class WaitBoard:
    """What the service said of waiting, looked at now and then in the background, so that no person waits for it.

    Call it often (a chore of the outbox's thread); it asks when it is time.

    Args:
        service: whom to ask.
        every_s: pause between questions.
        good_for_s: an answer older than this says nothing any more.
    """

    def __init__(self, service: QueueService, every_s: float = 60.0, good_for_s: float = 300.0) -> None:
        self._service = service
        self._every_s = every_s
        self._good_for_s = good_for_s
        self._lock = threading.Lock()
        self._asked_at: float | None = None
        self._seen: _Seen | None = None

    def __call__(self, now: dt.datetime, monotonic: float) -> None:
        """Ask if it is time. What goes wrong is no loss: then nothing is said."""
        if self._asked_at is not None and monotonic - self._asked_at < self._every_s:
            return
        self._asked_at = monotonic
        try:
            waits = self._service.waits()
        except GatewayError:
            return
        with self._lock:
            self._seen = _Seen(waits, monotonic)

    def minutes(self, department: str, priority: Priority, monotonic: float) -> int | None:
        """Minutes at most for somebody who joins now; ``None`` if nobody can say."""
        with self._lock:
            seen = self._seen
        if seen is None or monotonic - seen.at > self._good_for_s:
            return None
        ordinary, prioritised = seen.waits.get(department, (None, None))
        counts = priority is not Priority.NONE and not priority.needs_staff
        return prioritised if counts else ordinary


class CheckInsWithWait:
    """A :class:`~kiosk_ui.app.ports.CheckIns` whose tickets say how long it takes.

    Args:
        inner: the store.
        board: what is known of waiting.
        clock: seconds that only grow.
    """

    def __init__(self, inner: CheckIns, board: WaitBoard, clock: Clock) -> None:
        self._inner = inner
        self._board = board
        self._clock = clock

    def save(self, draft: CheckInDraft, at: dt.datetime) -> Ticket:
        """Store it. Raises ``StoreError``."""
        ticket = self._inner.save(draft, at)
        queue = _COUNTER if ticket.kind is TicketKind.COUNTER else draft.department.code
        wait = self._board.minutes(queue, ticket.priority, self._clock.monotonic())
        return dataclasses.replace(ticket, wait_minutes=wait)

    def note(self, entry: AuditEntry, at: dt.datetime) -> None:
        """Add one line to the audit trail. Raises ``StoreError``."""
        self._inner.note(entry, at)
