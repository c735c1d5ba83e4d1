"""One POST over HTTP in bounded time with a bounded answer: nothing from far away may hold up a person."""

from __future__ import annotations

import asyncio
import dataclasses
import enum
import ssl
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, ParamSpec, TypeVar

import httpx

__all__ = ["BoundedPost", "PostFailedError", "PostProblem"]

_P = ParamSpec("_P")
_T = TypeVar("_T")
_MAX_ANSWER_BYTES = 256 * 1024  # an insurer's answer with a long history has some 20 kB


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


@dataclasses.dataclass(frozen=True, slots=True)
class BoundedPost:
    """How to send.

    Attributes:
        url: the only address that is ever called; redirects are not followed.
        connect_timeout_s: for reaching it.
        total_timeout_s: for everything, to the last byte.
        verify: for HTTPS the authorities that count; ``False`` for plain HTTP.
    """

    url: httpx.URL
    connect_timeout_s: float
    total_timeout_s: float
    verify: ssl.SSLContext | bool

    @classmethod
    def to(
        cls, url: str, *, connect_timeout_s: float, total_timeout_s: float, ssl_context: ssl.SSLContext | None = None
    ) -> BoundedPost:
        """To an address. Without a context of its own, HTTPS trusts the system's authorities."""
        address = httpx.URL(url)
        # Building a context takes milliseconds: once, and not at all for plain HTTP on loopback.
        verify = ssl_context or (ssl.create_default_context() if address.scheme == "https" else False)
        return cls(address, connect_timeout_s, total_timeout_s, verify)

    def send(self, body: bytes, *, tries: int = 1) -> bytes:
        """Send JSON and return what comes back with status 200.

        Args:
            body: UTF-8 JSON.
            tries: more than one only for a question that may arrive twice; all of them share the time.

        Raises:
            PostFailedError: there is none.
        """
        # An event loop of its own, because only there one deadline covers connecting, headers and body together:
        # a peer that sends a byte every second would pass each of httpx's separate time-outs.
        return asyncio.run(self._send(body, tries))

    async def _send(self, body: bytes, tries: int) -> bytes:
        asyncio.get_running_loop().set_default_executor(_Unattended())
        try:
            async with asyncio.timeout(self.total_timeout_s):
                for _ in range(tries - 1):
                    try:
                        return await self._once(body)
                    except PostFailedError as error:
                        if error.problem is not PostProblem.UNREACHABLE:
                            raise
                return await self._once(body)
        except TimeoutError:
            raise PostFailedError(PostProblem.TOO_SLOW) from None

    async def _once(self, body: bytes) -> bytes:
        timeout = httpx.Timeout(self.total_timeout_s, connect=self.connect_timeout_s)
        headers = {"Content-Type": "application/json; charset=utf-8", "Accept-Encoding": "identity"}
        try:
            async with (
                # trust_env: a proxy from the environment must never see patients.
                httpx.AsyncClient(timeout=timeout, verify=self.verify, trust_env=False) as client,
                client.stream("POST", self.url, content=body, headers=headers) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise PostFailedError(PostProblem.REFUSED, http_status=response.status_code)
                return await _bounded_body(response)
        except httpx.TimeoutException:
            raise PostFailedError(PostProblem.TOO_SLOW) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            if isinstance(error, TimeoutError):
                raise PostFailedError(PostProblem.TOO_SLOW) from None
            raise PostFailedError(PostProblem.UNREACHABLE, cause=type(error).__name__) from None


async def _bounded_body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _MAX_ANSWER_BYTES:
            raise PostFailedError(PostProblem.TOO_LARGE, limit_bytes=_MAX_ANSWER_BYTES)
    return bytes(body)
