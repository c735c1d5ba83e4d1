"""The hospital relay as the kiosk's insurer: the gateway's JSON without token and password, which the relay holds.

``POST`` of ``{"maThe", "hoTen", "ngaySinh"}`` (vietnam.md D.2); one attempt, one bounded time, one bounded answer.
Trying again is the outbox's work.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import json
import ssl
import unicodedata
from collections.abc import Callable

import httpx

from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery
from kiosk_ui.app.failures import (
    BIRTH_DATE_INCOMPLETE,
    INSURANCE_SLOW,
    RELAY_ANSWER_TOO_LARGE,
    RELAY_REFUSED,
    RELAY_UNREACHABLE,
    GatewayError,
)
from kiosk_ui.app.gateways.relay_answer import parse_answer

__all__ = ["HospitalRelay", "name_for_insurer"]

_MAX_ANSWER_BYTES = 256 * 1024  # an answer with a long history has some 20 kB


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class HospitalRelay:
    """An :class:`~kiosk_ui.app.ports.EligibilityGateway` over HTTP.

    Args:
        url: the relay's address for the check; only this address is ever called, redirects are not followed.
        connect_timeout_s: for reaching it.
        total_timeout_s: for everything, to the last byte.
        zone: the hospital's own time, for "today".
        now: aware present moment.
        ssl_context: for a hospital with its own certificate authority; the system's authorities otherwise.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout_s: float = 2.0,
        total_timeout_s: float = 4.0,
        zone: dt.tzinfo = dt.timezone(dt.timedelta(hours=7)),
        now: Callable[[], dt.datetime] = _utc_now,
        ssl_context: ssl.SSLContext | None = None,
    ) -> None:
        self._url = httpx.URL(url)
        self._connect_timeout_s = connect_timeout_s
        self._total_timeout_s = total_timeout_s
        self._zone = zone
        self._now = now
        # Building a context takes milliseconds: once, and not at all for plain HTTP on loopback.
        self._verify = ssl_context or (ssl.create_default_context() if self._url.scheme == "https" else False)

    def check(self, query: EligibilityQuery) -> Eligibility:
        """Ask about one person.

        Raises:
            GatewayError: ``relay.unreachable``, ``relay.no_answer_in_time``, ``relay.refused`` (with the HTTP status),
                ``relay.answer_too_large``, ``relay.answer_unusable``, ``relay.answer_contradictory``;
                ``relay.birth_date_incomplete`` without asking.
        """
        if query.date_of_birth is None:
            raise GatewayError(BIRTH_DATE_INCOMPLETE)
        body = {
            "maThe": query.number,  # the citizen number serves as card number (vietnam.md D.2)
            "hoTen": name_for_insurer(query.full_name),
            "ngaySinh": query.date_of_birth.strftime("%d/%m/") + f"{query.date_of_birth.year:04d}",
        }
        # An event loop of its own, because only there one deadline covers connecting, headers and body together:
        # a relay that sends a byte every second would pass each of httpx's separate time-outs.
        raw = asyncio.run(self._post(json.dumps(body, ensure_ascii=False).encode()))
        return parse_answer(raw, self._now().astimezone(self._zone).date(), query)

    async def _post(self, body: bytes) -> bytes:
        timeout = httpx.Timeout(self._total_timeout_s, connect=self._connect_timeout_s)
        headers = {"Content-Type": "application/json; charset=utf-8", "Accept-Encoding": "identity"}
        try:
            async with (
                asyncio.timeout(self._total_timeout_s),
                # trust_env: a proxy from the environment must never see patients.
                httpx.AsyncClient(timeout=timeout, verify=self._verify, trust_env=False) as client,
                client.stream("POST", self._url, content=body, headers=headers) as response,
            ):
                if response.status_code != httpx.codes.OK:
                    raise GatewayError(RELAY_REFUSED, http_status=response.status_code)
                return await _bounded_body(response)
        except (TimeoutError, httpx.TimeoutException):
            raise GatewayError(INSURANCE_SLOW) from None
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise GatewayError(RELAY_UNREACHABLE, cause=type(error).__name__) from None


async def _bounded_body(response: httpx.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _MAX_ANSWER_BYTES:
            raise GatewayError(RELAY_ANSWER_TOO_LARGE, limit_bytes=_MAX_ANSWER_BYTES)
    return bytes(body)


def name_for_insurer(name: str) -> str:
    """The name as the insurer compares it: NFC, single spaces (vietnam.md D.2)."""
    return " ".join(unicodedata.normalize("NFC", name).split())
