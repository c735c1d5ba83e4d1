"""The hospital's service as one ASGI application: queue, pages and relay, whichever the settings have."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from pathlib import Path

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

import reader
from crypto.errors import ChipIdError, ErrorCode
from kiosk_ui.app.failures import (
    QUEUE_ACTION_NOT_ALLOWED,
    QUEUE_ENTRY_CHANGED,
    QUEUE_ENTRY_UNKNOWN,
    QUEUE_TICKET_CONFLICT,
    QUEUE_TICKET_UNUSABLE,
    StoreError,
)
from kiosk_ui.app.gateways.secret_place import read_secret
from kiosk_ui.app.ports import Clock, SystemClock
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.service.crowd import Crowd
from kiosk_ui.service.guards import MAX_BODY_BYTES, Guards, RateLimit
from kiosk_ui.service.queue.book import Desk, QueueBook
from kiosk_ui.service.queue.call_routes import CallRoutes
from kiosk_ui.service.queue.database import QueueDatabase
from kiosk_ui.service.queue.kiosk_routes import KioskRoutes
from kiosk_ui.service.queue.sign_in import Sessions
from kiosk_ui.service.queue.staff_routes import StaffRoutes
from kiosk_ui.service.queue.views import Views
from kiosk_ui.service.relay.routes import routes as relay_routes
from kiosk_ui.service.settings import QueueServiceSettings, ServiceSettings

__all__ = ["HospitalService", "build"]

_log = logging.getLogger(__name__)
_PAGES = Path(__file__).with_name("pages")
_FONTS = Path(reader.__file__).with_name("fonts")
_PURGE_EVERY_S = 3600.0
_STATUS: Mapping[ErrorCode, int] = {
    QUEUE_ENTRY_UNKNOWN: 404,
    QUEUE_ENTRY_CHANGED: 409,
    QUEUE_ACTION_NOT_ALLOWED: 409,
    QUEUE_TICKET_CONFLICT: 409,
    QUEUE_TICKET_UNUSABLE: 422,
}


class HospitalService:
    """Queue and relay, opened from the settings. Close it, or run :attr:`app`, which closes it at its end.

    Args:
        settings: how it is set up.
        clock: tells the time.
        environment: where systemd's credentials are looked up; the process's own by default.

    Raises:
        SettingsError: a secret or key is not where the settings say.
        StoreError: the queue's store cannot be opened.
    """

    def __init__(
        self, settings: ServiceSettings, *, clock: Clock | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.book: QueueBook | None = None
        self.crowd = Crowd()
        self._sessions: Sessions | None = None
        self._staff: StaffRoutes | None = None
        found: list[BaseRoute] = [Route("/health", self._health, methods=["GET"])]
        self._parts = [name for name in ("queue", "relay") if getattr(settings, name) is not None]
        if settings.relay is not None:
            found += relay_routes(settings.relay, environment=environment)
        if settings.queue is not None:
            found += self._queue_routes(settings.queue, environment)
        limit = RateLimit(settings.requests_per_second, self.clock.monotonic)
        self.app = Starlette(
            routes=found,
            middleware=[Middleware(Guards, limit=limit, crowd=self.crowd, uses_tls=settings.certificate is not None)],
            exception_handlers={ChipIdError: _failed, HTTPException: _refused},
            lifespan=self._lifespan,
            max_body_size=MAX_BODY_BYTES,
        )

    def close(self) -> None:
        """Close the store. May be called twice."""
        if self._staff is not None:
            self._staff.close()
        if self.book is not None:
            self.book.database.close()

    # ------------------------------------------------------------------------------------------------
    def _queue_routes(self, settings: QueueServiceSettings, environment: Mapping[str, str] | None) -> list[BaseRoute]:
        tokens = {name: read_secret(place, environment) for name, place in settings.kiosks.items()}
        pseudonyms = Pseudonyms.from_key_file(settings.data_folder / "queue.key")
        if settings.store_url is not None:
            database = QueueDatabase(settings.store_url.get_secret_value())
        else:
            database = QueueDatabase.file(settings.data_folder / "queue.sqlite")
        book = QueueBook(
            database,
            pseudonyms,
            settings.departments,
            settings.rule,
            self.clock,
            settings.zone,
            settings.days_kept,
            [each.code for each in settings.desks],
        )
        self.book = book
        desks = {
            each.code: Desk(each.code, each.name, each.place_vi, each.place_en, each.queues) for each in settings.desks
        }
        pins = {each.code: each.pin.get_secret_value() for each in settings.desks}
        self._sessions = Sessions(database, pins, self.clock)
        views = Views(book, self.clock.monotonic)
        self._staff = StaffRoutes(book, views, self._sessions, desks, settings.record_url)
        return [
            Route("/", _to_the_panel, methods=["GET"]),
            Route("/call", _page("call.html"), methods=["GET"]),
            Route("/staff", _page("staff.html"), methods=["GET"]),
            Mount("/pages/fonts", StaticFiles(directory=_FONTS)),
            Mount("/pages", StaticFiles(directory=_PAGES)),
            *KioskRoutes(book, views, tokens).routes(),
            *self._staff.routes(),
            *CallRoutes(book, views, desks, settings.hospital, settings.second_language).routes(),
        ]

    async def _health(self, request: Request) -> Response:
        """200 if the parts that are set up can work, else 503."""
        parts = dict.fromkeys(self._parts, "ok")
        if self.book is not None:
            try:
                await run_in_threadpool(self.book.look)
            except StoreError:
                parts["queue"] = "store.unavailable"
        is_well = set(parts.values()) == {"ok"}
        return JSONResponse({"status": "ok" if is_well else "failing", "parts": parts}, 200 if is_well else 503)

    @contextlib.asynccontextmanager
    async def _lifespan(self, app: Starlette) -> AsyncIterator[None]:
        purging = asyncio.create_task(self._purge_now_and_then())
        try:
            yield
        finally:
            purging.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await purging
            self.close()

    async def _purge_now_and_then(self) -> None:
        while self.book is not None and self._sessions is not None:
            try:
                gone = await run_in_threadpool(self.book.purge)
                await run_in_threadpool(self._sessions.purge)
            except StoreError as error:
                _log.warning("old numbers could not be deleted: %s", error.code.name)
            else:
                if gone:
                    _log.info("%d old numbers deleted", gone)
            await asyncio.sleep(_PURGE_EVERY_S)


def build(
    settings: ServiceSettings, *, clock: Clock | None = None, environment: Mapping[str, str] | None = None
) -> Starlette:
    """The application alone. Raises as :class:`HospitalService`."""
    return HospitalService(settings, clock=clock, environment=environment).app


async def _failed(request: Request, error: Exception) -> Response:
    """An error of ours: its stable name and nothing else."""
    if not isinstance(error, ChipIdError):
        raise error
    status = _STATUS.get(error.code, 503 if isinstance(error, StoreError) else 500)
    if status >= 500:
        _log.warning("answered with %s", error.code.name)
    return JSONResponse({"error": error.code.name}, status)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    return JSONResponse({"error": f"http.{error.status_code}"}, error.status_code, headers=error.headers)


def _page(name: str) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        return FileResponse(_PAGES / name, media_type="text/html; charset=utf-8")

    return page


async def _to_the_panel(request: Request) -> Response:
    return RedirectResponse("/staff", 307)
