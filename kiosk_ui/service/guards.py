"""What stands before every address: how often one may ask, how long a question may take, what a page may load."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from kiosk_ui.app.gateways.strict_json import parsed
from kiosk_ui.service.crowd import Crowd

__all__ = ["MAX_BODY_BYTES", "Body", "Guards", "RateLimit", "address_of", "parsed_body"]

MAX_BODY_BYTES = 8_192  # the longest question has some 300
_BODY_TIMEOUT_S = 10.0
_ONLY_LOOKED_AT = ("/call", "/pages/")
_HEADERS = {
    # Nothing from elsewhere, nothing inline, in nobody's frame (CSP level 3).
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class Body(BaseModel):
    """What a request's JSON holds: exactly these fields, of exactly these types."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


_Body = TypeVar("_Body", bound=Body)


class RateLimit:
    """So many questions a second from one address, twice as many at once.

    Args:
        per_second: how many.
        monotonic: seconds that only grow.
    """

    _MOST_ADDRESSES = 10_000

    def __init__(self, per_second: float, monotonic: Callable[[], float]) -> None:
        self._per_second = per_second
        self._burst = 2 * per_second
        self._monotonic = monotonic
        self._left: dict[str, tuple[float, float]] = {}  # address: how many are left, as of when
        self._lock = threading.Lock()

    def allows(self, address: str) -> bool:
        """Count one question."""
        with self._lock:
            now = self._monotonic()
            left, then = self._left.pop(address, (self._burst, now))
            left = min(self._burst, left + max(0.0, now - then) * self._per_second)
            while len(self._left) >= self._MOST_ADDRESSES:
                del self._left[next(iter(self._left))]
            self._left[address] = (max(0.0, left - 1), now)
            return left >= 1


class Guards:
    """ASGI middleware around the whole service.

    Args:
        app: what is guarded.
        limit: how often one address may ask.
        crowd: who is connected.
        uses_tls: whether this service itself speaks TLS.
    """

    def __init__(self, app: ASGIApp, limit: RateLimit, crowd: Crowd, *, uses_tls: bool) -> None:
        self._app = app
        self._limit = limit
        self._crowd = crowd
        self._headers = dict(_HEADERS)
        if uses_tls:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"  # RFC 6797

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                # Files of the pages are asked for again by their tag; everything else is never kept.
                kept = scope["path"].startswith("/pages/")
                headers.setdefault("Cache-Control", "no-cache" if kept else "no-store")
                if scope["path"].startswith(_ONLY_LOOKED_AT) and self._crowd.is_crowded(_address(scope)):
                    headers["Connection"] = "close"  # RFC 9112 §9.6
            await send(message)

        if _has_two_lengths(scope):
            await _answer(guarded, 400, "request.malformed", {"Connection": "close"})
            return
        if not self._limit.allows(_address(scope)):
            await _answer(guarded, 429, "request.too_many", {"Retry-After": "1"})
            return
        await self._app(scope, receive, guarded)


async def _answer(send: Send, status: int, error: str, headers: dict[str, str]) -> None:
    body = json.dumps({"error": error}).encode()
    found = {"Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    raw = [(name.lower().encode(), value.encode()) for name, value in found.items()]
    await send({"type": "http.response.start", "status": status, "headers": raw})
    await send({"type": "http.response.body", "body": body})


def _has_two_lengths(scope: Scope) -> bool:
    """A length beside a coding: a proxy that reads the other one would take what follows for a request of its own, that
    is of somebody else (RFC 9112 §6.1)."""
    names = {name for name, _ in scope["headers"]}
    return b"content-length" in names and b"transfer-encoding" in names


def _address(scope: Scope) -> str:
    client: Any = scope.get("client")
    return str(client[0]) if client else "?"


def address_of(request: Request) -> str:
    """Where a request comes from, as far as the connection or a trusted proxy tells."""
    return _address(request.scope)


async def parsed_body(request: Request, kind: type[_Body]) -> _Body:
    """The request's JSON.

    Raises:
        HTTPException: 408 too slow, 413 too long (by the application's limit), 415 not JSON, 422 not as it must be.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HTTPException(415)
    try:
        async with asyncio.timeout(_BODY_TIMEOUT_S):
            octets = await request.body()
    except TimeoutError:
        raise HTTPException(408) from None
    try:
        parsed(octets)  # first: the model alone would take the last of two members with one name
        return kind.model_validate_json(octets)
    except ValueError:  # pydantic's ValidationError is one, too
        raise HTTPException(422) from None
