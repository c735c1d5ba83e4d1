"""Asks an ASGI application in this process, one question per event loop, from any thread."""

from __future__ import annotations

import asyncio

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

__all__ = ["AsgiClient"]


class AsgiClient:
    """A client of routes.

    Args:
        routes: of the application.
        headers: sent with each question.
    """

    def __init__(self, routes: list[Route], headers: dict[str, str] | None = None) -> None:
        self._app = Starlette(routes=routes)
        self._headers = headers or {}

    def request(self, method: str, path: str, **options) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self._app)
            async with httpx.AsyncClient(transport=transport, base_url="http://service.test") as client:
                return await client.request(
                    method, path, headers={**self._headers, **options.pop("headers", {})}, **options
                )

        return asyncio.run(ask())

    def post(self, path: str, **options) -> httpx.Response:
        return self.request("POST", path, **options)

    def get(self, path: str) -> httpx.Response:
        return self.request("GET", path)
