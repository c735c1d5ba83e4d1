"""The relay's addresses: ``POST /check`` for insurance, ``POST /verify`` for an authentication service.

A kiosk shows who it is by its token. What went wrong is told by the error's stable name alone, and one line of the log
says that a check was made, by which kiosk and account and for which officer's pseudonym, never about whom.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import datetime as dt
import hmac
import json
import logging
import time
import unicodedata
import uuid
from collections.abc import Callable, Mapping
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from crypto.errors import ErrorCode
from crypto.primitives.secret import Secret
from kiosk_ui.app.failures import (
    INSURER_ACCOUNT_REFUSED,
    INSURER_SLOW,
    ONLINE_ANSWER_TOO_LARGE,
    ONLINE_REFUSED,
    ONLINE_SLOW,
    ONLINE_UNREACHABLE,
    SETTINGS_UNUSABLE,
    GatewayError,
    SettingsError,
)
from kiosk_ui.app.gateways.bounded_http import BoundedPost, PostFailedError, PostProblem
from kiosk_ui.app.gateways.secret_place import bearer, read_secret
from kiosk_ui.app.gateways.strict_json import parsed
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.service.relay.insurer import InsurerGateway, Officer, Question
from kiosk_ui.service.relay.settings import CardKey, RelayServiceSettings

__all__ = ["Relay", "routes"]

_log = logging.getLogger(__name__)
_MAX_QUESTION_BYTES: Final = 8_192  # a name, a date and three numbers
_MOST_UNDER_WAY: Final = 32  # questions, each for some seconds at worst; others wait
_JSON: Final = "application/json; charset=utf-8"
_STATUS: Final = {INSURER_SLOW: 504, ONLINE_SLOW: 504, INSURER_ACCOUNT_REFUSED: 503}
_VERIFY_CODES: Final = {
    PostProblem.UNREACHABLE: ONLINE_UNREACHABLE,
    PostProblem.TOO_SLOW: ONLINE_SLOW,
    PostProblem.REFUSED: ONLINE_REFUSED,
    PostProblem.TOO_LARGE: ONLINE_ANSWER_TOO_LARGE,
}


def _tidy(value: object) -> object:
    """As the insurer compares names: NFC, single spaces (vietnam.md D.2)."""
    return " ".join(unicodedata.normalize("NFC", value).split()) if isinstance(value, str) else value


class _CheckBody(BaseModel):
    """What a kiosk asks: the gateway's JSON without officer and account, and further numbers of the same person."""

    model_config = ConfigDict(strict=True, extra="forbid", hide_input_in_errors=True)

    number: Annotated[str, Field(alias="maThe", pattern=r"^([0-9]{10}|[0-9]{12}|[A-Z]{2}[1-5][0-9]{12})$")]
    full_name: Annotated[
        str, BeforeValidator(_tidy), StringConstraints(min_length=1, max_length=255), Field(alias="hoTen")
    ]
    born: Annotated[str, Field(alias="ngaySinh", pattern=r"^([0-9]{2}/[0-9]{2}/)?[0-9]{4}$")]
    social_number: Annotated[str | None, Field(alias="maSoBHXH", pattern=r"^[0-9]{10}$")] = None
    card_code: Annotated[str | None, Field(alias="maTheBHYT", pattern=r"^[A-Z]{2}[1-5][0-9]{12}$")] = None

    def question(self) -> Question:
        kinds: Mapping[int, CardKey] = {12: "cccd", 10: "bhxh10", 15: "the15"}
        numbers: dict[CardKey, str] = {}
        if self.social_number is not None:
            numbers["bhxh10"] = self.social_number
        if self.card_code is not None:
            numbers["the15"] = self.card_code
        numbers[kinds[len(self.number)]] = self.number
        return Question(numbers, self.full_name, self.born)


class Relay:
    """The relay behind its addresses.

    Args:
        settings: how it is set up.
        environment: where systemd's credentials are looked up; the process's own by default.
        monotonic: seconds that only grow.
        now: aware present moment.

    Raises:
        SettingsError: a secret or key is not where the settings say.
    """

    def __init__(
        self,
        settings: RelayServiceSettings,
        *,
        environment: Mapping[str, str] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._account_name = settings.username
        self._monotonic = monotonic
        self._now = now
        self._pseudonyms = Pseudonyms.from_key_file(settings.pseudonym_key)
        self._tokens: dict[str, Secret] = {
            name: read_secret(kiosk.token, environment) for name, kiosk in settings.kiosks.items()
        }
        if len({token.reveal() for token in self._tokens.values()}) < len(self._tokens):
            raise SettingsError(SETTINGS_UNUSABLE, ("Two kiosks of the relay have the same token; give each its own.",))
        # Threads of its own: an insurer that is silent must not hold up the pages of the queue beside it.
        self._threads = concurrent.futures.ThreadPoolExecutor(_MOST_UNDER_WAY, thread_name_prefix="relay")
        self._officers = {
            name: Officer(kiosk.officer_name, kiosk.officer_number.get_secret_value())
            for name, kiosk in settings.kiosks.items()
        }
        self._gateway = InsurerGateway(
            settings, read_secret(settings.password, environment), monotonic=monotonic, now=now
        )
        self._verification = _verification(settings, environment)

    def routes(self) -> list[Route]:
        """What the application mounts."""
        found = [Route("/check", self.check, methods=["POST"], max_body_size=_MAX_QUESTION_BYTES)]
        if self._verification is not None:
            found.append(Route("/verify", self.verify, methods=["POST"], max_body_size=_MAX_QUESTION_BYTES))
        return found

    async def check(self, request: Request) -> Response:
        """One insurance check."""
        kiosk = self._kiosk(request)
        if kiosk is None:
            return _stranger()
        try:
            octets = await request.body()
            parsed(octets)  # first: the model alone would take the last of two members with one name
            question = _CheckBody.model_validate_json(octets).question()
        except ValueError:  # pydantic's ValidationError is one, too
            return JSONResponse({"error": "request.malformed"}, 400)
        return await self._in_a_thread(self._checked, kiosk, question, self._monotonic())

    async def _in_a_thread(self, work: Callable[..., Response], *arguments: object) -> Response:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work, *arguments)

    def _checked(self, kiosk: str, question: Question, began: float) -> Response:
        officer = self._officers[kiosk]
        pseudonym = self._pseudonyms.of(officer.number, "officer")
        transaction = uuid.uuid4().hex
        try:
            answer = self._gateway.check(question, officer, waited_s=self._monotonic() - began)
        except GatewayError as error:
            self._note(transaction, kiosk, pseudonym, error.code.name, began)
            return _failed(error.code, transaction)
        self._note(transaction, kiosk, pseudonym, answer.code, began)
        added = {
            "receivedAt": self._now().isoformat(timespec="seconds"),
            "officer": pseudonym,
            "transactionId": transaction,
        }
        return Response(answer.with_added(added), media_type=_JSON)

    async def verify(self, request: Request) -> Response:
        """A question for the authentication service, passed through as it is."""
        kiosk = self._kiosk(request)
        if kiosk is None:
            return _stranger()
        return await self._in_a_thread(self._verified, kiosk, await request.body())

    def _verified(self, kiosk: str, body: bytes) -> Response:
        if self._verification is None:
            return JSONResponse({"error": "not found"}, 404)
        transaction, began = uuid.uuid4().hex, self._monotonic()
        try:
            answer = self._verification.send(body)
        except PostFailedError as error:
            code = _VERIFY_CODES[error.problem]
            self._note(transaction, kiosk, "-", code.name, began)
            return _failed(code, transaction)
        self._note(transaction, kiosk, "-", "verified", began)
        return Response(answer, media_type=_JSON)

    def _kiosk(self, request: Request) -> str | None:
        """Which kiosk sends this token. Every token is compared, so that time tells nothing about them."""
        scheme, _, given = request.headers.get("authorization", "").partition(" ")
        octets = given.strip().encode()
        found = None
        for name, token in self._tokens.items():
            if hmac.compare_digest(token.reveal(), octets) and scheme.lower() == "bearer":
                found = name
        return found

    def _note(self, transaction: str, kiosk: str, officer: str, outcome: str, began: float) -> None:
        # Who asked through which account is to be kept for each call (Circular 12/2026, article 16).
        duration_ms = round((self._monotonic() - began) * 1000)
        _log.info(
            "check %s: kiosk %s, account %s, officer %s, outcome %s, %d ms",
            transaction, kiosk, self._account_name, officer, outcome, duration_ms,
        )  # fmt: skip


def routes(
    settings: RelayServiceSettings,
    *,
    environment: Mapping[str, str] | None = None,
) -> list[Route]:
    """The relay's routes for the hospital's service.

    Raises:
        SettingsError: a secret or key is not where the settings say.
    """
    return Relay(settings, environment=environment).routes()


def _verification(settings: RelayServiceSettings, environment: Mapping[str, str] | None) -> BoundedPost | None:
    if settings.verify_url is None:
        return None
    headers = {}
    if settings.verify_token is not None:
        headers["Authorization"] = bearer(read_secret(settings.verify_token, environment))
    return BoundedPost.to(
        settings.verify_url,
        connect_timeout_s=settings.connect_timeout_s,
        total_timeout_s=settings.total_timeout_s,
        headers=headers,
    )


def _stranger() -> Response:
    return JSONResponse({"error": "token.unknown"}, 401, headers={"WWW-Authenticate": "Bearer"})


def _failed(code: ErrorCode, transaction: str) -> Response:
    body = {"error": code.name, "transactionId": transaction}
    return Response(json.dumps(body), _STATUS.get(code, 502), media_type=_JSON)
