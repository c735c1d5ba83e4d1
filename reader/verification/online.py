"""Asking a licensed authentication service: is this card lost or cancelled, and do its data match?

The service is a port: who carries the question over a network stands elsewhere, and may not be there at all. Then the
answer is :data:`NOT_ASKED`, and the verdict says that nobody looked. Such requests into background systems stand
beside the check of the document itself (TR-03135-1 v5.0.1 §3.7).
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import hashlib
import uuid
from collections.abc import Callable
from typing import Final, Protocol

from crypto.errors import ChipIdError
from reader.lds import files
from reader.lds.document import IdDocument
from reader.verification.checks import CheckName, CheckResult, CheckStatus

__all__ = [
    "NOT_ASKED",
    "AuthenticationService",
    "OnlineAnswer",
    "OnlineQuery",
    "OnlineStatus",
    "ask",
    "check_online",
    "query_about",
]

_CHECK: Final = CheckName.ONLINE_VERIFICATION


class OnlineStatus(enum.StrEnum):
    """What the service says, or why it said nothing."""

    MATCHES = "matches"
    DIFFERS = "differs"
    LOST = "lost"
    CANCELLED = "cancelled"
    UNKNOWN = "unknown"  # the service does not know the card
    NO_ANSWER = "no_answer"  # unreachable, too late, or unusable
    NOT_ASKED = "not_asked"


@dataclasses.dataclass(frozen=True, slots=True)
class OnlineAnswer:
    """One answer. It holds nothing personal.

    Attributes:
        status: what it says.
        error: name of the error code behind ``NO_ANSWER`` (``online.unreachable``), or empty.
        reference: the service's own reference of the query, or empty.
    """

    status: OnlineStatus
    error: str = ""
    reference: str = ""


NOT_ASKED: Final = OnlineAnswer(OnlineStatus.NOT_ASKED)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class OnlineQuery:
    """What the service is told, and no more. Its ``repr`` shows nothing personal.

    Attributes:
        request_id: 32 hexadecimal digits; the same question sent again has the same, and is one question.
        number: the 12-digit citizen number, or the number of another document.
        full_name: as on the chip, NFC.
        date_of_birth: ``None`` if the chip gives only a part of it.
        evidence_sha256: of EF.SOD as read, 64 hexadecimal digits: says which card it is without showing what is in it.
    """

    request_id: str
    number: str
    full_name: str
    date_of_birth: dt.date | None
    evidence_sha256: str

    def __repr__(self) -> str:
        return "OnlineQuery(…)"


class AuthenticationService(Protocol):
    """A licensed service. Whatever goes wrong on the way is an answer, too: nothing is raised for it."""

    def query(self, question: OnlineQuery) -> OnlineAnswer:
        """Ask. May take seconds, never longer than the service's own limit."""
        ...


def _new_id() -> str:
    return uuid.uuid4().hex


def query_about(document: IdDocument, today: dt.date, new_id: Callable[[], str] = _new_id) -> OnlineQuery | None:
    """The question about a chip; ``None`` if the chip names nobody, or has no EF.SOD.

    Args:
        document: the chip's files.
        today: decides the century of a year of birth with two digits.
        new_id: draws the identifier of the request.
    """
    sod = document.raw.get(files.SOD)
    try:
        number, name = document.number, document.full_name
        born = document.date_of_birth(today)
    except ChipIdError:
        return None
    if sod is None or not number or not name:
        return None
    return OnlineQuery(new_id(), number, name, born, hashlib.sha256(sod).hexdigest())


def ask(service: AuthenticationService, document: IdDocument, today: dt.date) -> OnlineAnswer:
    """Ask a service about a chip. An error of the service's is no answer, and never ends a reading."""
    question = query_about(document, today)
    if question is None:
        return NOT_ASKED
    try:
        return service.query(question)
    except ChipIdError as error:
        return OnlineAnswer(OnlineStatus.NO_ANSWER, error.code.name)


def check_online(answer: OnlineAnswer) -> CheckResult:
    """The answer as a check. Silence is never good news, and never the document's fault."""
    status, detail = _RESULTS[answer.status]
    if answer.status is OnlineStatus.NO_ANSWER and answer.error:
        detail = answer.error  # its text says what happened
    return CheckResult(_CHECK, status, f"{_CHECK}.{answer.status}", detail)


_RESULTS: Final = {
    OnlineStatus.MATCHES: (CheckStatus.SUCCESSFUL, "The authentication service confirms the card and its data."),
    OnlineStatus.DIFFERS: (CheckStatus.FAILED, "The authentication service has other data for this number."),
    OnlineStatus.LOST: (CheckStatus.FAILED, "The card was reported lost."),
    OnlineStatus.CANCELLED: (CheckStatus.FAILED, "The card was cancelled."),
    OnlineStatus.UNKNOWN: (CheckStatus.UNDETERMINED, "The authentication service does not know this card."),
    OnlineStatus.NO_ANSWER: (CheckStatus.ABORTED, "The authentication service gave no usable answer."),
    OnlineStatus.NOT_ASKED: (
        CheckStatus.UNDETERMINED,
        "Lost or cancelled: not checked, no authentication service was asked.",
    ),
}
