"""Hands a reading to a hospital system that was written for the JTHeID desktop tool: posts the tool's record to it.

The system listens, usually on this machine (``http://localhost:8050/``), and is the server; whoever reads cards is its
client. The record holds everything that the card says and cannot say how sure we are, so the settings name the least
assurance with which anything is sent, and what was refused is never sent.
"""

from __future__ import annotations

import json
import logging
from typing import Final

import httpx

from crypto.errors import ChipIdError
from kiosk_ui.app.failures import (
    HANDOVER_REFUSED,
    HANDOVER_SLOW,
    HANDOVER_UNREACHABLE,
    GatewayError,
)
from kiosk_ui.app.gateways.bounded_http import BoundedPost, PostFailedError, PostProblem
from kiosk_ui.app.settings import HandoverSettings
from reader.inspection import ReadOutcome
from reader.scanners.vendor.jtheid import jtheid_record
from reader.verification.identity import Assurance
from reader.verification.verdict import Decision

__all__ = ["JtheidHandover", "handover_of"]

_log = logging.getLogger(__name__)
_CODES: Final = {
    PostProblem.UNREACHABLE: HANDOVER_UNREACHABLE,
    PostProblem.TOO_SLOW: HANDOVER_SLOW,
    PostProblem.REFUSED: HANDOVER_REFUSED,
    PostProblem.TOO_LARGE: HANDOVER_REFUSED,
}
_ENOUGH: Final = {
    Assurance.CHIP_VERIFIED: frozenset({Assurance.CHIP_VERIFIED}),
    Assurance.CHIP_READ: frozenset({Assurance.CHIP_VERIFIED, Assurance.CHIP_READ, Assurance.ONLINE_VERIFIED}),
}


class JtheidHandover:
    """Sends records to one address.

    Args:
        url: of the hospital system; only this address is ever called.
        least: readings with less assurance are not sent: ``CHIP_VERIFIED`` or ``CHIP_READ``.
        connect_timeout_s: for reaching it.
        total_timeout_s: for everything.
    """

    def __init__(
        self,
        url: str,
        *,
        least: Assurance = Assurance.CHIP_VERIFIED,
        connect_timeout_s: float = 1.0,
        total_timeout_s: float = 3.0,
    ) -> None:
        self._post = BoundedPost.to(url, connect_timeout_s=connect_timeout_s, total_timeout_s=total_timeout_s)
        self._enough = _ENOUGH[least]

    def takes(self, outcome: ReadOutcome) -> bool:
        """Whether a reading is sure enough to be sent."""
        return (
            outcome.identity is not None
            and outcome.verdict.decision is not Decision.REJECT
            and outcome.identity.assurance in self._enough
        )

    def send(self, outcome: ReadOutcome) -> bool:
        """Send a reading, once: a record that arrived twice would be two patients to some systems.

        Returns:
            Whether it was sent; false if it is not sure enough.

        Raises:
            GatewayError: ``handover.unreachable``, ``handover.no_answer_in_time`` or ``handover.refused``.
            DocumentError: DG13 cannot be read.
        """
        if outcome.identity is None or not self.takes(outcome):
            return False
        record = jtheid_record(outcome.identity, outcome.document)
        try:
            self._post.send(json.dumps(record, ensure_ascii=False).encode())
        except PostFailedError as error:
            if not _was_taken(error):
                raise GatewayError(_CODES[error.problem], **error.facts) from None
        return True

    def send_or_note(self, outcome: ReadOutcome) -> None:
        """The same for a kiosk: what goes wrong is a line in the log, and nobody waits for it."""
        try:
            self.send(outcome)
        except ChipIdError as error:
            _log.warning("handing the reading over: %s", error.code.name)


def handover_of(settings: HandoverSettings) -> JtheidHandover | None:
    """The hospital system that the settings name, or ``None``."""
    if settings.url is None:
        return None
    return JtheidHandover(
        settings.url,
        least=Assurance(settings.least_assurance),
        connect_timeout_s=settings.connect_timeout_s,
        total_timeout_s=settings.total_timeout_s,
    )


def _was_taken(error: PostFailedError) -> bool:
    """Systems answer 201 or 204 as well."""
    status = error.facts.get("http_status", 0)
    return error.problem is PostProblem.REFUSED and isinstance(status, int) and httpx.codes.is_success(status)
