"""What a desk's panel asks. Signed in by a cookie that scripts cannot read; each change shows that our page made it."""

from __future__ import annotations

import asyncio
import hmac
import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated

from pydantic import Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.service.guards import Body, address_of, parsed_body
from kiosk_ui.service.queue.book import Desk, QueueBook
from kiosk_ui.service.queue.entry import Action, Entry, Standing, allowed
from kiosk_ui.service.queue.sign_in import Sessions, csrf_token
from kiosk_ui.service.queue.views import Views
from reader.verification.identity import HolderChecked

__all__ = ["StaffRoutes"]

_log = logging.getLogger(__name__)

COOKIE = "chipid_desk"
DEVICE_COOKIE = "chipid_device"  # one for each desk: its code stands behind
_COOKIE_PATH = "/staff"
_COOKIE_LASTS_S = 12 * 3600
_DEVICE_LASTS_S = 400 * 24 * 3600  # no browser keeps one longer (RFC 6265bis §5.5)
_GUESSES_AT_ONCE = 2  # each takes 32 MiB and a tenth of a second

_Key = Annotated[str, Field(pattern=r"^[0-9a-f]{16,64}$")]
_Revision = Annotated[int, Field(ge=0, le=2**31 - 1)]


class _SignInBody(Body):
    desk: Annotated[str, Field(max_length=40)]
    pin: Annotated[str, Field(max_length=40)]


class _NextBody(Body):
    current: _Key | None


class _CallBody(Body):
    key: _Key
    revision: _Revision
    current: _Key | None


class _ActBody(Body):
    key: _Key
    revision: _Revision
    action: Action


class _PriorityBody(Body):
    key: _Key
    revision: _Revision
    priority: Priority
    standing: Standing


class _HolderBody(Body):
    key: _Key
    revision: _Revision
    checked: bool


class _EmergencyBody(Body):
    queue: Annotated[str, Field(max_length=40)]


class _FindBody(Body):
    text: Annotated[str, Field(min_length=1, max_length=40)]


class StaffRoutes:
    """Addresses for the panel.

    Args:
        book: the queues.
        views: of the same book.
        sessions: who is signed in.
        desks: by code.
        record_url: where the hospital system opens a slip's record, or ``None``.
    """

    def __init__(
        self, book: QueueBook, views: Views, sessions: Sessions, desks: Mapping[str, Desk], record_url: str | None
    ) -> None:
        self._book = book
        self._views = views
        self._sessions = sessions
        self._desks = dict(desks)
        self._record_url = record_url
        # Threads of their own: guesses that wait for their turn take none from kiosks and desks, and browsers that are
        # known do not stand in a row with strangers.
        self._strangers = ThreadPoolExecutor(_GUESSES_AT_ONCE, thread_name_prefix="sign-in")
        self._known = ThreadPoolExecutor(1, thread_name_prefix="known-sign-in")

    def close(self) -> None:
        """Let go of the threads; a PIN that is being looked at is looked at to its end. May be called twice."""
        self._strangers.shutdown(wait=False, cancel_futures=True)
        self._known.shutdown(wait=False, cancel_futures=True)

    def routes(self) -> list[Route]:
        """What the application mounts."""
        changes: dict[str, Callable[[Request, Desk], Awaitable[Response]]] = {
            "call-next": self._call_next,
            "call": self._call,
            "act": self._act,
            "priority": self._priority,
            "holder": self._holder,
            "emergency": self._emergency,
            "find": self._find,
        }
        return [
            Route("/staff/api/desks", self._list, methods=["GET"]),
            Route("/staff/api/sign-in", self._sign_in, methods=["POST"]),
            Route("/staff/api/sign-out", self._sign_out, methods=["POST"]),
            Route("/staff/api/state", self._state, methods=["GET"]),
            *(Route(f"/staff/api/{name}", self._change(does), methods=["POST"]) for name, does in changes.items()),
        ]

    # --------------------------------------------------------------------------------------- signing in
    async def _list(self, request: Request) -> Response:
        return JSONResponse({"desks": [{"code": each.code, "name": each.name} for each in self._desks.values()]})

    async def _sign_in(self, request: Request) -> Response:
        _same_site(request)
        body = await parsed_body(request, _SignInBody)
        device = request.cookies.get(_device_cookie(body.desk), "") if body.desk in self._desks else ""
        threads = self._known if self._sessions.knows(body.desk, device) else self._strangers
        result = await asyncio.get_running_loop().run_in_executor(
            threads, self._sessions.sign_in, body.desk, body.pin, address_of(request), device
        )
        if result.token is None:
            known = body.desk if body.desk in self._desks else "of an unknown name"
            _log.warning("sign-in refused at desk %s%s", known, ", which is locked" if result.wait_s > 0 else "")
            if result.wait_s > 0:
                wait = math.ceil(result.wait_s)
                body_out = {"error": "sign_in.locked", "wait_s": wait}
                return JSONResponse(body_out, 429, headers={"Retry-After": str(wait)})
            return JSONResponse({"error": "sign_in.refused"}, 403)
        _log.info("signed in at desk %s", body.desk)
        before = request.cookies.get(COOKIE, "")
        if before:  # one browser has one session: what it replaces opens nothing any more
            await run_in_threadpool(self._sessions.sign_out, before)
        answer = JSONResponse({"csrf": csrf_token(result.token)})
        _keep(request, answer, COOKIE, result.token, _COOKIE_LASTS_S)
        _keep(request, answer, _device_cookie(body.desk), result.device, _DEVICE_LASTS_S)
        return answer

    async def _sign_out(self, request: Request) -> Response:
        _same_site(request)
        token = request.cookies.get(COOKIE, "")
        if token:
            _require_csrf(request, token)
            await run_in_threadpool(self._sessions.sign_out, token)
        answer = JSONResponse({})
        answer.delete_cookie(COOKIE, path=_COOKIE_PATH, httponly=True, samesite="strict")
        return answer

    async def _signed_in(self, request: Request) -> tuple[Desk, str]:
        token = request.cookies.get(COOKIE, "")
        code = await run_in_threadpool(self._sessions.desk_of, token) if token else None
        if code is None or code not in self._desks:
            raise HTTPException(401)
        return self._desks[code], token

    def _change(self, does: Callable[[Request, Desk], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
        async def guarded(request: Request) -> Response:
            _same_site(request)
            desk, token = await self._signed_in(request)
            _require_csrf(request, token)
            return await does(request, desk)

        return guarded

    # ------------------------------------------------------------------------------------------- looking
    async def _state(self, request: Request) -> Response:
        desk, token = await self._signed_in(request)
        view = await run_in_threadpool(self._views.desk, desk)
        lists = ("following", "asked", "skipped", "held", "stranded", "done")
        return JSONResponse(
            {
                "csrf": csrf_token(token),
                "desk": {"code": desk.code, "name": desk.name, "place": desk.place_vi},
                "queues": [self._queue(name) for name in desk.queues],
                "now": self._book.clock.now().isoformat(),
                "waiting": view.waiting,
                "current": None if view.current is None else _entry(view.current),
                "holder_checked": None if view.holder is None else str(view.holder),
                "record_url": self._record_url,
                **{name: [_entry(each) for each in getattr(view, name)] for name in lists},
            }
        )

    def _queue(self, name: str) -> dict[str, str]:
        department = self._book.departments.get(name)
        return {"queue": name, "name_vi": department.name_vi if department else ""}

    async def _find(self, request: Request, desk: Desk) -> Response:
        body = await parsed_body(request, _FindBody)
        found = await run_in_threadpool(self._book.find, desk, body.text)
        return JSONResponse({"found": [_entry(each) for each in found]})

    # ------------------------------------------------------------------------------------------ changing
    async def _call_next(self, request: Request, desk: Desk) -> Response:
        body = await parsed_body(request, _NextBody)
        called = await run_in_threadpool(self._book.call_next, desk, body.current)
        return JSONResponse({"called": None if called is None else _entry(called)})

    async def _call(self, request: Request, desk: Desk) -> Response:
        body = await parsed_body(request, _CallBody)
        called = await run_in_threadpool(self._book.call_one, desk, body.key, body.revision, body.current)
        return JSONResponse({"called": _entry(called)})

    async def _act(self, request: Request, desk: Desk) -> Response:
        body = await parsed_body(request, _ActBody)
        changed = await run_in_threadpool(self._book.act, desk, body.key, body.action, body.revision)
        return JSONResponse({"entry": _entry(changed)})

    async def _priority(self, request: Request, desk: Desk) -> Response:
        body = await parsed_body(request, _PriorityBody)
        changed = await run_in_threadpool(
            self._book.set_priority, desk, body.key, body.priority, body.standing, body.revision
        )
        return JSONResponse({"entry": _entry(changed)})

    async def _holder(self, request: Request, desk: Desk) -> Response:
        body = await parsed_body(request, _HolderBody)
        checked = HolderChecked.STAFF if body.checked else HolderChecked.NONE
        found = await run_in_threadpool(self._book.set_holder, desk, body.key, body.revision, checked)
        return JSONResponse({"holder_checked": str(found)})

    async def _emergency(self, request: Request, desk: Desk) -> Response:
        body = await parsed_body(request, _EmergencyBody)
        added = await run_in_threadpool(self._book.add_emergency, desk, body.queue)
        return JSONResponse({"entry": _entry(added)}, 201)


def _entry(entry: Entry) -> dict[str, object]:
    return {
        "key": entry.key,
        "label": entry.label,
        "queue": entry.queue,
        "priority": str(entry.priority),
        "standing": str(entry.standing),
        "state": str(entry.state),
        "placed": entry.place_at.isoformat(),
        "since": entry.since.isoformat(),
        "skips": entry.skips,
        "calls": entry.calls,
        "desk": entry.desk,
        "twin": entry.twin,
        "revision": entry.revision,
        "allowed": sorted(map(str, allowed(entry.state))),
    }


def _device_cookie(desk: str) -> str:
    return f"{DEVICE_COOKIE}_{desk}"


def _keep(request: Request, answer: Response, name: str, value: str, lasts_s: int) -> None:
    """A cookie that scripts cannot read and other sites cannot send."""
    answer.set_cookie(
        name,
        value,
        max_age=lasts_s,
        path=_COOKIE_PATH,
        secure=_is_encrypted(request),
        httponly=True,
        samesite="strict",
    )


def _is_encrypted(request: Request) -> bool:
    """Whether the browser speaks TLS, with us or with a proxy that does not tell: then it sends its own ``Origin``."""
    return request.url.scheme == "https" or request.headers.get("origin", "").startswith("https://")


def _same_site(request: Request) -> None:
    """Another site's page may not act here (W3C Fetch Metadata; where a browser does not send it, by ``Origin``)."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise HTTPException(403)
        return  # a proxy may have changed the host, so that it could not be compared
    origin = request.headers.get("origin")
    if origin is not None and origin.partition("://")[2] != request.headers.get("host", ""):
        raise HTTPException(403)


def _require_csrf(request: Request, token: str) -> None:
    given = request.headers.get("x-csrf-token", "")
    if not hmac.compare_digest(given.encode(), csrf_token(token).encode()):
        raise HTTPException(403)
