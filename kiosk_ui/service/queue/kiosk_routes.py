"""What kiosks ask: take this ticket (as often as they like), and how long is it now.

``PUT /queue/tickets/{check_in_id}`` with the ticket as JSON: 201 new, 200 there already, 409 another number is stored for
this check-in, 422 no ticket of this hospital. ``GET /queue/{day}``: every queue of a day, or of ``today``, in numbers.
``GET /queue/{day}/holders``: for which of the kiosk's own numbers a desk compared the person with the photo. All need
the kiosk's token (``Authorization: Bearer``).
"""

from __future__ import annotations

import datetime as dt
import hmac
import uuid
from collections.abc import Mapping
from typing import Annotated

from pydantic import AwareDatetime, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crypto.primitives.secret import Secret
from kiosk_ui.app.domain.check_in import TicketKind
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.service.guards import Body, parsed_body
from kiosk_ui.service.queue.book import NewTicket, QueueBook
from kiosk_ui.service.queue.views import QueueView, Views
from kiosk_ui.service.queue.waiting import WaitRange
from reader.verification.identity import HolderChecked

__all__ = ["KioskRoutes", "TicketBody"]


class TicketBody(Body):
    """A ticket as a kiosk sends it. There is no field for a name, and unknown fields are refused."""

    day: dt.date
    kind: TicketKind
    department: Annotated[str, Field(pattern=r"^[a-z0-9_]{1,40}$")]
    number: Annotated[str, Field(pattern=r"^[A-Z]{1,2}[0-9]{3,6}$")]
    priority: Priority
    issued_at: AwareDatetime
    sent_at: AwareDatetime | None = None
    holder_checked: HolderChecked | None = None


class KioskRoutes:
    """Addresses for kiosks.

    Args:
        book: the queues.
        views: of the same book.
        tokens: for each kiosk's name its token.
    """

    def __init__(self, book: QueueBook, views: Views, tokens: Mapping[str, Secret]) -> None:
        self._book = book
        self._views = views
        self._tokens = dict(tokens)

    def routes(self) -> list[Route]:
        """What the application mounts."""
        return [
            Route("/queue/tickets/{check_in_id}", self._put, methods=["PUT"]),
            Route("/queue/{day}", self._day, methods=["GET"]),
            Route("/queue/{day}/holders", self._holders, methods=["GET"]),
        ]

    async def _put(self, request: Request) -> Response:
        kiosk = self._kiosk(request)
        check_in_id = _uuid(request.path_params["check_in_id"])
        body = await parsed_body(request, TicketBody)
        ticket = NewTicket(
            check_in_id,
            body.day,
            body.kind,
            body.department,
            body.number,
            body.priority,
            body.issued_at,
            body.sent_at,
            body.holder_checked,
        )
        return await run_in_threadpool(self._admitted, ticket, kiosk)

    def _admitted(self, ticket: NewTicket, kiosk: str) -> Response:
        admitted = self._book.admit(ticket, kiosk)
        entry = admitted.entry
        view = self._views.queue(admitted.day, entry.queue)
        answer = {
            "state": str(entry.state),
            "twin": entry.twin,
            "wait_minutes": _range(view.wait_prioritised if entry.is_prioritised else view.wait),
        }
        return JSONResponse(answer, 201 if admitted.is_new else 200)

    async def _day(self, request: Request) -> Response:
        self._kiosk(request)
        text = request.path_params["day"]
        day = self._book.today if text == "today" else _date(text)
        found = await run_in_threadpool(self._views.queues, day)
        return JSONResponse({"day": day.isoformat(), "queues": [_queue(each) for each in found]})

    async def _holders(self, request: Request) -> Response:
        kiosk, day = self._kiosk(request), _date(request.path_params["day"])
        found = await run_in_threadpool(self._views.holder_marks, kiosk, day)
        rows = [{"number": each.label, "checked": str(each.checked), "at": each.at.isoformat()} for each in found]
        return JSONResponse({"day": day.isoformat(), "holders": rows})

    def _kiosk(self, request: Request) -> str:
        """Who asks. Every token is compared, so that time tells nothing about them."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        octets = given.strip().encode()
        found = None
        for name, token in self._tokens.items():
            if hmac.compare_digest(token.reveal(), octets) and scheme.lower() == "bearer":
                found = name
        if found is None:
            raise HTTPException(401, headers={"WWW-Authenticate": "Bearer"})
        return found


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise HTTPException(404) from None


def _uuid(text: str) -> uuid.UUID:
    try:
        found = uuid.UUID(text)
    except ValueError:
        raise HTTPException(404) from None
    if str(found) != text:  # one way of writing it, else one check-in had several addresses
        raise HTTPException(404)
    return found


def _range(wait: WaitRange | None) -> list[int] | None:
    return None if wait is None else [wait.least, wait.most]


def _queue(view: QueueView) -> dict[str, object]:
    return {
        "queue": view.queue,
        "waiting": view.waiting,
        "wait_minutes": _range(view.wait),
        "wait_minutes_prioritised": _range(view.wait_prioritised),
    }
