"""What all hospital systems have in common: one bounded question, an answer that is JSON, failures by name."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from kiosk_ui.app.domain.hand_over import HandOver
from kiosk_ui.app.domain.xml0 import Stage, Xml0Record
from kiosk_ui.app.failures import (
    HOSPITAL_ANSWER_TOO_LARGE,
    HOSPITAL_ANSWER_UNUSABLE,
    HOSPITAL_RECORD_REFUSED,
    HOSPITAL_REFUSED,
    HOSPITAL_SLOW,
    HOSPITAL_UNREACHABLE,
    GatewayError,
)
from kiosk_ui.app.gateways.bounded_http import Answer, BoundedHttp, PostFailedError, PostProblem
from kiosk_ui.app.gateways.strict_json import parsed

__all__ = ["ask", "json_object", "raise_for_status", "text_of", "valid_xml0"]

_log = logging.getLogger(__name__)
_CODES: Final = {
    PostProblem.UNREACHABLE: HOSPITAL_UNREACHABLE,
    PostProblem.TOO_SLOW: HOSPITAL_SLOW,
    PostProblem.REFUSED: HOSPITAL_REFUSED,
    PostProblem.TOO_LARGE: HOSPITAL_ANSWER_TOO_LARGE,
}
# Said of the record itself, so that sending it again cannot help. 404 is not among them: it may be a wrong address.
_OF_THE_RECORD: Final = frozenset({400, 409, 412, 413, 422})
_MAX_TEXT: Final = 200  # characters of an identifier or a name that is taken from an answer


def ask(
    peer: BoundedHttp,
    method: str,
    path: str,
    *,
    total_timeout_s: float,
    query: Sequence[tuple[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
) -> Answer:
    """One question. HTTP statuses other than redirects are answers.

    Raises:
        GatewayError: there is no answer, for a reason ``hospital.…``.
    """
    try:
        return peer.ask(method, path, query=query, headers=headers, body=body, total_timeout_s=total_timeout_s)
    except PostFailedError as error:
        raise GatewayError(_CODES[error.problem], **error.facts) from None


def raise_for_status(answer: Answer, *, about_record: bool = False) -> None:
    """Refuse an answer whose HTTP status is not one of success.

    Args:
        answer: what came.
        about_record: a record was sent, and the system may have said that it does not take it as it is.

    Raises:
        GatewayError: ``hospital.refused``, or ``hospital.record_refused``.
    """
    if 200 <= answer.status < 300:
        return
    is_final = about_record and answer.status in _OF_THE_RECORD
    raise GatewayError(HOSPITAL_RECORD_REFUSED if is_final else HOSPITAL_REFUSED, http_status=answer.status)


def json_object(raw: bytes, *, fraction: Callable[[str], object] = float) -> dict[str, object]:
    """An answer as a JSON object in UTF-8, no name twice; ``fraction`` as for :func:`~.strict_json.parsed`.

    Raises:
        GatewayError: ``hospital.answer_unusable``: it is none.
    """
    try:
        found = parsed(raw, fraction=fraction)
    except ValueError:
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="no JSON") from None
    if not isinstance(found, dict):
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="no JSON object")
    return found


def text_of(table: Mapping[str, object], name: str, *, longest: int = _MAX_TEXT) -> str:
    """A text of an answer, empty if it is absent or null. Numbers are taken as text: many systems send codes so.

    Line ends, tabs and spaces of other kinds (U+00A0) become spaces: people typed them.

    Raises:
        GatewayError: ``hospital.answer_unusable``: it is something else, too long, or cannot be printed.
    """
    value = table.get(name)
    if value is None:
        return ""
    if isinstance(value, int) and not isinstance(value, bool):
        value = str(value)
    if not isinstance(value, str) or len(value) > longest:
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="a field of another type")
    value = "".join(" " if letter.isspace() else letter for letter in value)
    if not value.isprintable():
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="a field of another type")
    return value.strip()


def valid_xml0(record: HandOver, made: Xml0Record) -> bytes | None:
    """The record XML0 if it is as the decision wants it at the reception; otherwise ``None``, and the log says why.

    A check-in is handed over all the same: nobody is lost for a field.
    """
    problems = made.problems(Stage.RECEPTION)
    if problems:
        faults = ", ".join(f"{problem.field} {problem.fault.value}" for problem in problems)
        _log.warning("check-in %s goes without XML0: %s", record.key, faults)
        return None
    return record.xml0 or made.to_xml()
