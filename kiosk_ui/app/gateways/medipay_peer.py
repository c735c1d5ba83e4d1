"""The interface of the MediPay kiosks: signed questions, and answers that say how they ended (vietnam.md G.1)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from crypto.primitives.secret import Secret
from kiosk_ui.app.failures import HOSPITAL_ANSWER_UNUSABLE, HOSPITAL_REFUSED, GatewayError
from kiosk_ui.app.gateways.authority import trusting
from kiosk_ui.app.gateways.bounded_http import BoundedHttp
from kiosk_ui.app.gateways.hospital_peer import ask, json_object, raise_for_status
from kiosk_ui.app.settings_hospital import HospitalSettings, MediPaySettings

__all__ = ["DONE", "NOT_FOUND", "Fields", "MediPayPeer", "Reply", "records_of", "signature"]

DONE: Final = "000"
NOT_FOUND: Final = "404"

Fields = Sequence[tuple[str, str | None]]
"""Names and values of a request in the order of the interface's description."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Reply:
    """What the system said. ``repr`` shows the code only.

    Attributes:
        code: ``000``, ``404`` or another one.
        data: the payload.
        raw: the whole answer as received.
    """

    code: str
    data: object
    raw: bytes

    def __repr__(self) -> str:
        return f"Reply({self.code})"


def signature(values: Sequence[str | None], secret: Secret) -> str:
    """``x-sign`` of a request's values: an absent one is empty (vietnam.md G.1)."""
    message = "|".join(value or "" for value in values)
    return hmac.new(secret.reveal(), message.encode(), hashlib.sha256).hexdigest()


class MediPayPeer:
    """The system at its address, with the signature that each request carries.

    Args:
        settings: where it is.
        access: who we are there.
        secret: key of the signatures.
        now: aware present moment, sent as ``x-timestamp``.
    """

    def __init__(
        self, settings: HospitalSettings, access: MediPaySettings, secret: Secret, now: Callable[[], dt.datetime]
    ) -> None:
        self._peer = BoundedHttp.to(
            settings.url or "",
            connect_timeout_s=settings.connect_timeout_s,
            total_timeout_s=settings.find_timeout_s,
            ssl_context=trusting(settings.authority),
        )
        self._merchant_id = access.merchant_id
        self._secret = secret
        self._now = now

    def get(self, path: str, fields: Fields, timeout_s: float) -> Reply:
        """Ask by GET. Raises ``GatewayError``."""
        query = [(name, _sendable(value) or "") for name, value in fields]
        headers = self._headers([value for _, value in query])
        answer = ask(self._peer, "GET", path, query=query, headers=headers, total_timeout_s=timeout_s)
        raise_for_status(answer)
        return _reply(answer.body)

    def post(self, path: str, groups: Mapping[str, Fields], timeout_s: float) -> Reply:
        """Send groups of fields by POST. Signed are the values of all groups, one after the other.

        Raises:
            GatewayError: there is no usable answer, or the record is refused as it is.
        """
        body = {group: {name: _sendable(value) for name, value in fields} for group, fields in groups.items()}
        headers = self._headers([value for fields in body.values() for value in fields.values()])
        octets = json.dumps(body, ensure_ascii=False).encode()
        answer = ask(self._peer, "POST", path, headers=headers, body=octets, total_timeout_s=timeout_s)
        raise_for_status(answer, about_record=True)
        return _reply(answer.body)

    def _headers(self, values: Sequence[str | None]) -> dict[str, str]:
        return {
            "x-merchant-id": self._merchant_id,
            "x-timestamp": str(round(self._now().timestamp() * 1000)),
            "x-sign": signature(values, self._secret),
        }


def _sendable(value: str | None) -> str | None:
    """A value that has octets in UTF-8: half a character, which a keyboard may leave, becomes a question mark."""
    return None if value is None else value.encode("utf-8", "replace").decode()


def _reply(raw: bytes) -> Reply:
    found = json_object(raw)
    code = found.get("code")
    if not isinstance(code, str) or not code:
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="no code")
    return Reply(code, found.get("data"), raw)


def records_of(reply: Reply, limit: int) -> list[dict[str, object]]:
    """The objects of an answer: one, or a list of them."""
    if reply.code != DONE:
        raise GatewayError(HOSPITAL_REFUSED, cause="another code than 000")
    found = reply.data if isinstance(reply.data, list) else [reply.data]
    if len(found) > limit or not all(isinstance(record, dict) for record in found):
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="no records")
    return [record for record in found if isinstance(record, dict)]
