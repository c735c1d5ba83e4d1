"""The hospital's account at the insurer's gateway: its token is taken once, kept while it is good, and renewed by one.

CV 1923/BHXH-CNTT, appendix 03: ``POST /api/token/take`` of ``{username, password}`` (the password as its MD5 in
capital hexadecimal digits) gives ``{"maKetQua": "200", "APIKey": {access_token, id_token, token_type, username,
expires_in}}``.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import threading
from collections.abc import Callable
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from crypto.primitives.secret import Secret
from kiosk_ui.app.failures import (
    INSURER_ACCOUNT_REFUSED,
    INSURER_ANSWER_TOO_LARGE,
    INSURER_ANSWER_UNUSABLE,
    INSURER_REFUSED,
    INSURER_SLOW,
    INSURER_UNREACHABLE,
    GatewayError,
)
from kiosk_ui.app.gateways.bounded_http import Answer, BoundedHttp, PostFailedError, PostProblem
from kiosk_ui.app.gateways.deadline import Deadline
from kiosk_ui.app.gateways.strict_json import parsed

__all__ = ["GatewayAccount", "Token", "asked"]

_UNKNOWN_LIFE_S: Final = 600.0  # of a token whose end makes no sense; a 401 ends it sooner
_MAX_LIFE_S: Final = 86_400.0
_MARGIN_S: Final = 30.0  # a token is not used in its last seconds
_PAUSE_AFTER_REFUSAL_S: Final = 30.0  # an account that is tried with a wrong password again and again gets locked

_CODES: Final = {
    PostProblem.UNREACHABLE: INSURER_UNREACHABLE,
    PostProblem.TOO_SLOW: INSURER_SLOW,
    PostProblem.REFUSED: INSURER_REFUSED,
    PostProblem.TOO_LARGE: INSURER_ANSWER_TOO_LARGE,
}


def asked(
    peer: BoundedHttp, path: str, body: object, deadline: Deadline, query: dict[str, str] | None = None
) -> Answer:
    """One question to the gateway within the deadline.

    Raises:
        GatewayError: there is no answer; HTTP statuses other than redirects are answers.
    """
    try:
        octets = json.dumps(body, ensure_ascii=False).encode()
        return peer.ask("POST", path, query=list((query or {}).items()), body=octets, total_timeout_s=deadline.left_s())
    except PostFailedError as error:
        raise GatewayError(_CODES[error.problem], **error.facts) from None


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Token:
    """What the gateway gave; ``repr`` shows nothing.

    Attributes:
        query: the four parameters with which each check is made.
        ends_at: monotonic moment from which it is not used any more.
    """

    query: dict[str, str]
    ends_at: float

    def __repr__(self) -> str:
        return "Token(…)"


def _as_text(value: object) -> object:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


_Word = Annotated[str, StringConstraints(min_length=1, max_length=4_000)]
_Text = Annotated[str, BeforeValidator(_as_text), StringConstraints(max_length=60)]


def _as_end(value: object) -> object:
    """What makes no sense as a token's end is none, and the token is good all the same."""
    found = _as_text(value)
    return found if isinstance(found, str) and len(found) <= 60 else ""  # longer than any moment


class _ApiKey(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    access_token: _Word
    id_token: _Word
    expires_in: Annotated[str, BeforeValidator(_as_end)] = ""


class _TokenAnswer(BaseModel):
    model_config = ConfigDict(extra="ignore", hide_input_in_errors=True)

    result: Annotated[_Text, Field(alias="maKetQua")]
    key: Annotated[_ApiKey | None, Field(alias="APIKey")] = None


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


class GatewayAccount:
    """The account. May be used by many threads; only one of them renews the token.

    Args:
        peer: the gateway.
        path: of the token.
        username: of the account.
        password: of the account, as it was given.
        monotonic: seconds that only grow.
        now: aware present moment, for ends that are told as a date.
    """

    def __init__(
        self,
        peer: BoundedHttp,
        path: str,
        username: str,
        password: Secret,
        monotonic: Callable[[], float],
        now: Callable[[], dt.datetime] = _utc_now,
    ) -> None:
        self._peer = peer
        self._path = path
        self._username = username
        # The protocol wants MD5 of the password; it protects nothing, which is why only HTTPS is allowed.
        self._password_md5 = hashlib.md5(password.reveal(), usedforsecurity=False).hexdigest().upper()
        self._monotonic = monotonic
        self._now = now
        self._renewing = threading.Lock()
        self._token: Token | None = None
        self._refused_until = float("-inf")

    def token(self, deadline: Deadline, rejected: Token | None = None) -> Token:
        """A token that is good as far as is known.

        Args:
            deadline: of the request that needs it.
            rejected: the token that the gateway has just refused; another one is given, taken by this thread or by one
                that was faster.

        Raises:
            GatewayError: there is none.
        """
        if not self._renewing.acquire(timeout=deadline.left_s()):
            raise GatewayError(INSURER_SLOW)
        try:
            token = self._token
            if token is not None and token is not rejected and self._monotonic() < token.ends_at:
                return token
            if self._monotonic() < self._refused_until:
                raise GatewayError(INSURER_ACCOUNT_REFUSED)
            self._token = None
            self._token = self._taken(deadline)
            return self._token
        finally:
            self._renewing.release()

    def _taken(self, deadline: Deadline) -> Token:
        body = {"username": self._username, "password": self._password_md5}
        answer = asked(self._peer, self._path, body, deadline)
        if answer.status in (401, 403):
            raise self._refusal()
        if answer.status != 200:
            raise GatewayError(INSURER_REFUSED, http_status=answer.status)
        try:
            parsed(answer.body)  # first: the model alone would take the last of two members with one name
            given = _TokenAnswer.model_validate_json(answer.body)
        except ValueError:  # pydantic's ValidationError is one, too
            raise GatewayError(INSURER_ANSWER_UNUSABLE, cause="no token") from None
        if given.result == "401":
            raise self._refusal()
        if given.result != "200" or given.key is None:
            raise GatewayError(INSURER_ANSWER_UNUSABLE, cause="no token")
        query = {
            "token": given.key.access_token,
            "id_token": given.key.id_token,
            "username": self._username,
            "password": self._password_md5,
        }
        return Token(query, self._monotonic() + self._life_s(given.key.expires_in))

    def _refusal(self) -> GatewayError:
        self._refused_until = self._monotonic() + _PAUSE_AFTER_REFUSAL_S
        return GatewayError(INSURER_ACCOUNT_REFUSED)

    def _life_s(self, expires: str) -> float:
        """Seconds of use. The letter does not say what ``expires_in`` is: seconds and moments are both understood."""
        try:
            life = float(expires) if expires.isascii() and expires.isdigit() else self._until(expires)
        except (ValueError, OverflowError):  # a moment in year 1 or 9999 with an offset
            return _UNKNOWN_LIFE_S
        if life <= 0:  # over before it began: one of the two clocks is wrong
            return _UNKNOWN_LIFE_S
        return max(min(life, _MAX_LIFE_S) - _MARGIN_S, 1.0)

    def _until(self, moment: str) -> float:
        ends_at = dt.datetime.fromisoformat(moment)
        if ends_at.tzinfo is None:
            ends_at = ends_at.replace(tzinfo=dt.UTC)
        return (ends_at - self._now()).total_seconds()
