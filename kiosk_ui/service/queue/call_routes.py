"""What the call screen asks: who was called where, who is next. Free to see in the hospital's network: it hangs in the hall."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kiosk_ui.service.queue.book import Desk, QueueBook
from kiosk_ui.service.queue.entry import COUNTER_QUEUE
from kiosk_ui.service.queue.views import Views

__all__ = ["CallRoutes"]


class CallRoutes:
    """Address of the call screen's state.

    Args:
        book: the queues.
        views: of the same book.
        desks: by code.
        hospital: its name.
        second_language: of the screen.
    """

    def __init__(
        self, book: QueueBook, views: Views, desks: Mapping[str, Desk], hospital: str, second_language: str
    ) -> None:
        self._book = book
        self._views = views
        self._desks = dict(desks)
        self._hospital = hospital
        self._second_language = second_language

    def routes(self) -> list[Route]:
        """What the application mounts."""
        return [Route("/call/state", self._state, methods=["GET"])]

    async def _state(self, request: Request) -> Response:
        """The screen's state, or 304 while nothing has changed but the clock (hence a weak tag, RFC 9110 §8.8.1)."""
        view = await run_in_threadpool(self._views.hall, self._wanted(request))
        calls = []
        for each in view.calls:
            desk = self._desks.get(each.desk)
            calls.append(
                {
                    "id": each.id,
                    "label": each.label,
                    "place": desk.place_vi if desk else "",
                    "place_2": desk.place_en if desk else "",
                    "at": each.at.isoformat(),
                    "current": each.is_current,
                }
            )
        state = {
            "hospital": self._hospital,
            "second_language": self._second_language,
            "utc_offset_minutes": self._book.utc_offset_minutes,
            "calls": calls,
            "following": list(view.following),
        }
        tag = f'W/"{hashlib.sha256(json.dumps(state).encode()).hexdigest()[:32]}"'
        # A proxy that keeps answers asks once a second for the whole hall.
        headers = {"ETag": tag, "Cache-Control": "public, max-age=1"}
        if tag in (each.strip() for each in request.headers.get("if-none-match", "").split(",")):
            return Response(status_code=304, headers=headers)
        return JSONResponse({"now": self._book.clock.now().isoformat(), **state}, headers=headers)

    def _wanted(self, request: Request) -> list[str]:
        """``?queues=noi,ngoai`` for a hall of its own; all of them otherwise."""
        every = [*self._book.departments, COUNTER_QUEUE]
        asked = request.query_params.get("queues")
        if asked is None:
            return every
        wanted = [each for each in every if each in asked.split(",")]
        if not wanted or set(asked.split(",")) - set(every):
            raise HTTPException(404)  # a misspelt hall must not show an empty screen
        return wanted
