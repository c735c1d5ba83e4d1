"""The hospital relay as the kiosk's insurer: the gateway's JSON without token and password, which the relay holds.

``POST`` of ``{"maThe", "hoTen", "ngaySinh"}`` (vietnam.md D.2); one attempt, one bounded time, one bounded answer.
Trying again is the outbox's work.
"""

from __future__ import annotations

import datetime as dt
import json
import ssl
import unicodedata
from collections.abc import Callable

from crypto.primitives.secret import Secret
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery
from kiosk_ui.app.failures import (
    BIRTH_DATE_INCOMPLETE,
    INSURANCE_SLOW,
    RELAY_ANSWER_TOO_LARGE,
    RELAY_REFUSED,
    RELAY_UNREACHABLE,
    GatewayError,
)
from kiosk_ui.app.gateways.bounded_http import BoundedPost, PostFailedError, PostProblem
from kiosk_ui.app.gateways.relay_answer import parse_answer
from kiosk_ui.app.gateways.secret_place import bearer

__all__ = ["HospitalRelay", "name_for_insurer"]

_CODES = {
    PostProblem.UNREACHABLE: RELAY_UNREACHABLE,
    PostProblem.TOO_SLOW: INSURANCE_SLOW,
    PostProblem.REFUSED: RELAY_REFUSED,
    PostProblem.TOO_LARGE: RELAY_ANSWER_TOO_LARGE,
}


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
        token: by which the relay knows this kiosk; ``None`` for a relay that asks for none.
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
        token: Secret | None = None,
    ) -> None:
        headers = {} if token is None else {"Authorization": bearer(token)}
        self._post = BoundedPost.to(
            url,
            connect_timeout_s=connect_timeout_s,
            total_timeout_s=total_timeout_s,
            ssl_context=ssl_context,
            headers=headers,
        )
        self._zone = zone
        self._now = now

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
        try:
            raw = self._post.send(json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"))
        except PostFailedError as error:
            raise GatewayError(_CODES[error.problem], **error.facts) from None
        return parse_answer(raw, self._now().astimezone(self._zone).date(), query)


def name_for_insurer(name: str) -> str:
    """The name as the insurer compares it: NFC, single spaces (vietnam.md D.2)."""
    return " ".join(unicodedata.normalize("NFC", name).split())
