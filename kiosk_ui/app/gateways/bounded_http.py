"""Questions over HTTP in bounded time with bounded answers: nothing from far away may hold up a person."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import logging
import ssl
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import httpx

__all__ = ["Answer", "BoundedHttp", "BoundedPost", "PostFailedError", "PostProblem"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_MAX_ANSWER_BYTES = 256 * 1024  # an insurer's answer with a long history has some 20 kB


class _NoAddresses(logging.Filter):
    """Keeps the HTTP libraries from logging addresses: a query may hold a token or a number (and so may a redirect)."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


for _talkative in ("httpx", "httpcore.http11", "httpcore.http2"):
    logging.getLogger(_talkative).addFilter(_NoAddresses())


class PostProblem(enum.Enum):
    """Why there is no answer."""

    UNREACHABLE = "unreachable"
    TOO_SLOW = "too_slow"
    REFUSED = "refused"
    TOO_LARGE = "too_large"


class PostFailedError(Exception):
    """There is no answer.

    Attributes:
        problem: why.
        facts: numbers and words of ours for staff.
    """

    def __init__(self, problem: PostProblem, **facts: int | str) -> None:
        super().__init__(problem.value)
        self.problem = problem
        self.facts = facts


class _Unattended(ThreadPoolExecutor):
    """Runs look-ups of names, which nothing can interrupt, in threads that nobody waits for.

    The event loop waits for its own at its end, and the interpreter at its: as long as a name server that is silent.
    """

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        future: Future[_T] = Future()

        def run() -> None:
            if future.set_running_or_notify_cancel():
                try:
                    future.set_result(fn(*args, **kwargs))
                except (OSError, ValueError) as error:  # all that a look-up raises (UnicodeError is a ValueError)
                    future.set_exception(error)

        threading.Thread(target=run, name="name-look-up", daemon=True).start()
        return future

    def shutdown(self, wait: bool = True, **how: Any) -> None:  # noqa: ANN401 - as the class above has it
        del wait
        super().shutdown(wait=False, **how)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """What came back. Its ``repr`` shows the status only.

    Attributes:
        status: HTTP status; never a redirect.
        body: as received.
    """

    status: int
    body: bytes

    def __repr__(self) -> str:
        return f"Answer({self.status})"


@dataclasses.dataclass(frozen=True, slots=True)
class BoundedHttp:
    """A peer at one base address. Redirects are not followed, nothing of the environment (proxies) is used.

    Attributes:
        base: everything that is asked lies below it.
        connect_timeout_s: for reaching it.
        total_timeout_s: for everything, to the last byte.
        verify: for HTTPS the authorities that count; ``False`` for plain HTTP.
    """

    base: httpx.URL
    connect_timeout_s: float
    total_timeout_s: float
    verify: ssl.SSLContext | bool

    @classmethod
    def to(
        cls, url: str, *, connect_timeout_s: float, total_timeout_s: float, ssl_context: ssl.SSLContext | None = None
    ) -> BoundedHttp:
        """To a base address. Without a context of its own, HTTPS trusts the system's authorities."""
        address = httpx.URL(url)
        # Building a context takes milliseconds: once, and not at all for plain HTTP on loopback.
        verify = ssl_context or (ssl.create_default_context() if address.scheme == "https" else False)
        return cls(address, connect_timeout_s, total_timeout_s, verify)

    def ask(
        self,
        method: str,
        path: str = "",
        *,
        query: Sequence[tuple[str, str]] | None = None,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        total_timeout_s: float | None = None,
        tries: int = 1,
    ) -> Answer:
        """Ask once.

        Args:
            method: ``GET``, ``POST``, ``PUT``.
            path: below the base address, ``"/…"``; empty for the base address itself.
            query: names and values of the query, in order; a name may come twice.
            headers: of the request; JSON is assumed for a body.
            body: of the request.
            total_timeout_s: instead of the peer's own.
            tries: more than one only for a question that may arrive twice; all of them share the time.

        Raises:
            PostFailedError: there is no answer, or it is a redirect. Other HTTP statuses are answers.
        """
        limit_s = self.total_timeout_s if total_timeout_s is None else total_timeout_s
        url = self.base if not path else self.base.copy_with(path=self.base.path.rstrip("/") + path)
        if query is not None:
            url = url.copy_merge_params(list(query))
        request = _Request(method, url, dict(headers or {}), body)
        # An event loop of its own, because only there one deadline covers connecting, headers and body together:
        # a peer that sends a byte every second would pass each of httpx's separate time-outs.
        return asyncio.run(self._ask(request, limit_s, tries))

    async def _ask(self, request: _Request, limit_s: float, tries: int) -> Answer:
        asyncio.get_running_loop().set_default_executor(_Unattended())
        try:
            async with asyncio.timeout(limit_s):
                for _ in range(tries - 1):
                    try:
                        return await self._once(request, limit_s)
                    except PostFailedError as error:
                        if error.problem is not PostProblem.UNREACHABLE:
                            raise
                return await self._once(request, limit_s)
        except TimeoutError:
            raise PostFailedError(PostProblem.TOO_SLOW) from None

    async def _once(self, request: _Request, limit_s: float) -> Answer:
        timeout = httpx.Timeout(limit_s, connect=min(self.connect_timeout_s, limit_s))
        headers = {"Accept-Encoding": "identity", **request.headers}
        if request.body is not None:
            headers.setdefault("Content-Type", "application/json; charset=utf-8")
        try:
            async with (
                # trust_env: a proxy from the environment must never see patients.
                httpx.AsyncClient(timeout=timeout, verify=self.verify, trust_env=False) as client,
                client.stream(request.method, request.url, content=request.body, headers=headers) as response,
            ):
                if 300 <= response.status_code < 400:
                    raise PostFailedError(PostProblem.REFUSED, http_status=response.status_code)
                return Answer(response.status_code, await _bounded_body(response))
        except httpx.TimeoutException:
            raise PostFailedError(PostProblem.TOO_SLOW) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if isinstance(error, TimeoutError):
                raise PostFailedError(PostProblem.TOO_SLOW) from None
            raise PostFailedError(PostProblem.UNREACHABLE, cause=type(error).__name__) from None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class _Request:
    method: str
    url: httpx.URL
    headers: dict[str, str]
    body: bytes | None


async def _bounded_body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _MAX_ANSWER_BYTES:
            raise PostFailedError(PostProblem.TOO_LARGE, limit_bytes=_MAX_ANSWER_BYTES)
    return bytes(body)


@dataclasses.dataclass(frozen=True, slots=True)
class BoundedPost:
    """POST of JSON to one address.

    Attributes:
        peer: at the only address that is ever called.
        headers: sent with each, for instance the sender's token; not shown.
    """

    peer: BoundedHttp
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict, repr=False)

    @classmethod
    def to(
        cls,
        url: str,
        *,
        connect_timeout_s: float,
        total_timeout_s: float,
        ssl_context: ssl.SSLContext | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> BoundedPost:
        """To an address. Without a context of its own, HTTPS trusts the system's authorities."""
        peer = BoundedHttp.to(
            url, connect_timeout_s=connect_timeout_s, total_timeout_s=total_timeout_s, ssl_context=ssl_context
        )
        return cls(peer, dict(headers or {}))

    def send(self, body: bytes, *, tries: int = 1) -> bytes:
        """Send JSON and return what comes back with status 200.

        Args:
            body: UTF-8 JSON.
            tries: more than one only for a question that may arrive twice; all of them share the time.

        Raises:
            PostFailedError: there is none.
        """
        answer = self.peer.ask("POST", headers=self.headers, body=body, tries=tries)
        if answer.status != httpx.codes.OK:
            raise PostFailedError(PostProblem.REFUSED, http_status=answer.status)
        return answer.body
