"""An emulated authentication service: knows invented cards that are lost, cancelled or in order, on loopback.

No licensed service publishes its interface, so the JSON is this project's own. A question::

    {"requestId": "<32 hex>", "number": "…", "fullName": "…", "dateOfBirth": "yyyy-mm-dd" or null,
     "evidenceSha256": "<64 hex: EF.SOD>"}

and its answer::

    {"requestId": "<the same>", "result": "matches|differs|lost|cancelled|unknown", "reference": "…"}

The same question sent again under the same ``requestId`` is one question and has the same answer, also if the card
was reported lost in between; another question under it is refused with ``"result": "refused"``.
"""

from __future__ import annotations

import dataclasses
import re
import unicodedata
from collections.abc import Mapping

from emulator.services.loopback import LoopbackService, Misbehaviour

__all__ = ["VERIFY_PATH", "AuthenticationServiceEmulator", "CardState", "Misbehaviour"]

VERIFY_PATH = "/v1/verify"
_HEX_32 = re.compile(r"[0-9a-f]{32}")
_HEX_64 = re.compile(r"[0-9a-f]{64}")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclasses.dataclass(frozen=True, slots=True)
class CardState:
    """What the service knows of an invented card.

    Attributes:
        full_name: as registered; empty takes whatever is asked.
        date_of_birth: ``yyyy-mm-dd``; empty takes whatever is asked.
        evidence_sha256: of the card's EF.SOD, 64 hexadecimal digits; empty takes every card of this person.
        is_lost, is_cancelled: reported so.
    """

    full_name: str = ""
    date_of_birth: str = ""
    evidence_sha256: str = ""
    is_lost: bool = False
    is_cancelled: bool = False


class AuthenticationServiceEmulator(LoopbackService):
    """The service. A context manager: it listens inside the block.

    Args:
        cards: citizen number → what is known.
        others: what is known of everybody else; ``None`` for "no such card".
        delay_s: how slow :attr:`Misbehaviour.SLOW` is.
        port: 0 takes a free one.
    """

    def __init__(
        self,
        cards: Mapping[str, CardState] | None = None,
        *,
        others: CardState | None = None,
        delay_s: float = 30.0,
        port: int = 0,
    ) -> None:
        super().__init__(VERIFY_PATH, delay_s=delay_s, port=port)
        self._cards = dict(cards or {})
        self._others = others
        self._answered: dict[str, tuple[object, dict[str, object]]] = {}

    @property
    def questions(self) -> int:
        """How many different questions were answered; a repeated one counts once."""
        return len(self._answered)

    def set_card(self, number: str, state: CardState) -> None:
        """Add or replace what is known of a card."""
        self._cards[number] = state

    def answer(self, question: object) -> dict[str, object]:
        """The service's JSON for one question."""
        if not isinstance(question, dict) or not _is_well_formed(question):
            return {"result": "refused"}
        request_id = question["requestId"]
        with self._lock:  # two attempts at one question may arrive together
            asked, answer = self._answered.get(request_id, (None, None))
            if answer is None:
                reference = f"TEST-{len(self._answered) + 1:06d}"
                answer = {"requestId": request_id, "result": self._result(question), "reference": reference}
                self._answered[request_id] = (question, answer)
            elif asked != question:
                return {"requestId": request_id, "result": "refused"}
        return answer

    def _result(self, question: Mapping[str, object]) -> str:
        card = self._cards.get(str(question["number"]), self._others)
        if card is None:
            return "unknown"
        if card.is_lost:
            return "lost"
        if card.is_cancelled:
            return "cancelled"
        pairs = (
            (_plain(card.full_name), _plain(str(question["fullName"]))),
            (card.date_of_birth, question["dateOfBirth"] or ""),
            (card.evidence_sha256, question["evidenceSha256"]),
        )
        return "matches" if all(known in ("", asked) for known, asked in pairs) else "differs"


def _plain(name: str) -> str:
    return " ".join(unicodedata.normalize("NFC", name).split()).casefold()


def _is_well_formed(question: Mapping[str, object]) -> bool:
    texts = [question.get(key) for key in ("requestId", "number", "fullName", "evidenceSha256")]
    born = question.get("dateOfBirth")
    if not all(isinstance(text, str) and text for text in texts):
        return False
    return (
        _HEX_32.fullmatch(str(texts[0])) is not None
        and _HEX_64.fullmatch(str(texts[3])) is not None
        and (born is None or (isinstance(born, str) and _DAY.fullmatch(born) is not None))
    )
