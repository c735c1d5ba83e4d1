"""A licensed authentication service over HTTP: an :class:`~reader.verification.online.AuthenticationService`.

No licensed service publishes its interface, so the JSON is this project's own; a hospital's relay can translate::

    POST {"requestId", "number", "fullName", "dateOfBirth": "yyyy-mm-dd" | null, "evidenceSha256"}
    200  {"requestId", "result": "matches|differs|lost|cancelled|unknown", "reference"}

A question is the same question as long as its ``requestId`` is: an attempt whose answer was lost on the way is made
once more, within the same time.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Mapping
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from crypto.errors import ErrorCode
from crypto.primitives.secret import Secret
from kiosk_ui.app.failures import (
    ONLINE_ANSWER_TOO_LARGE,
    ONLINE_ANSWER_UNUSABLE,
    ONLINE_REFUSED,
    ONLINE_SLOW,
    ONLINE_UNREACHABLE,
)
from kiosk_ui.app.gateways.authority import trusting
from kiosk_ui.app.gateways.bounded_http import BoundedPost, PostFailedError, PostProblem
from kiosk_ui.app.gateways.secret_place import bearer, read_secret
from kiosk_ui.app.gateways.strict_json import parsed
from kiosk_ui.app.settings import AuthenticationSettings
from reader.verification.online import OnlineAnswer, OnlineQuery, OnlineStatus

__all__ = ["HttpAuthenticationService", "service_of"]

_TRIES: Final = 2
_CODES: Final = {
    PostProblem.UNREACHABLE: ONLINE_UNREACHABLE,
    PostProblem.TOO_SLOW: ONLINE_SLOW,
    PostProblem.REFUSED: ONLINE_REFUSED,
    PostProblem.TOO_LARGE: ONLINE_ANSWER_TOO_LARGE,
}


class _Answer(BaseModel):
    """The fields that are used; others are not looked at."""

    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)

    request_id: Annotated[str, Field(alias="requestId")]
    result: Literal["matches", "differs", "lost", "cancelled", "unknown"]
    reference: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:/-]{0,64}$")] = ""


class HttpAuthenticationService:
    """The service at one address.

    Args:
        url: of the service; only this address is ever called, redirects are not followed.
        connect_timeout_s: for reaching it.
        total_timeout_s: for everything, to the last byte.
        ssl_context: for a service that asks for a certificate, or has its own authority.
        token: by which the service, or the relay to it, knows this kiosk; ``None`` for one that asks for none.
    """

    def __init__(
        self,
        url: str,
        *,
        connect_timeout_s: float = 2.0,
        total_timeout_s: float = 4.0,
        ssl_context: ssl.SSLContext | None = None,
        token: Secret | None = None,
    ) -> None:
        self._post = BoundedPost.to(
            url,
            connect_timeout_s=connect_timeout_s,
            total_timeout_s=total_timeout_s,
            ssl_context=ssl_context,
            headers={} if token is None else {"Authorization": bearer(token)},
        )

    def query(self, question: OnlineQuery) -> OnlineAnswer:
        """Ask about one card. What goes wrong on the way is an answer, too; nothing is raised."""
        born = question.date_of_birth
        body = {
            "requestId": question.request_id,
            "number": question.number,
            "fullName": question.full_name,
            "dateOfBirth": None if born is None else born.isoformat(),
            "evidenceSha256": question.evidence_sha256,
        }
        try:
            raw = self._post.send(json.dumps(body, ensure_ascii=False).encode(), tries=_TRIES)
        except PostFailedError as error:
            return _no_answer(_CODES[error.problem])
        try:
            parsed(raw)  # first: the model alone would take the last of two members with one name
            answer = _Answer.model_validate_json(raw)
        except ValueError:  # pydantic's ValidationError is one, too
            return _no_answer(ONLINE_ANSWER_UNUSABLE)
        if answer.request_id != question.request_id:
            return _no_answer(ONLINE_ANSWER_UNUSABLE)  # an answer to another question says nothing about this card
        return OnlineAnswer(OnlineStatus(answer.result), reference=answer.reference)


def service_of(
    settings: AuthenticationSettings, environment: Mapping[str, str] | None = None
) -> HttpAuthenticationService | None:
    """The service that the settings name. Without one every reading says that nobody looked for lost cards.

    Args:
        settings: where it is.
        environment: where systemd's credentials are looked up; the process's own by default.

    Raises:
        SettingsError: its token or authority is not where the settings say.
    """
    if settings.url is None:
        return None
    return HttpAuthenticationService(
        settings.url,
        connect_timeout_s=settings.connect_timeout_s,
        total_timeout_s=settings.total_timeout_s,
        ssl_context=trusting(settings.authority),
        token=None if settings.token is None else read_secret(settings.token, environment),
    )


def _no_answer(code: ErrorCode) -> OnlineAnswer:
    return OnlineAnswer(OnlineStatus.NO_ANSWER, code.name)
