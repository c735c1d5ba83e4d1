"""An emulated hospital system that waits on loopback for the records of the JTHeID card tool (shared notes, B.4)."""

from __future__ import annotations

import queue

from emulator.services.loopback import LoopbackService, Misbehaviour

__all__ = ["CardToolReceiver", "Misbehaviour"]

_NAMES = frozenset(
    {
        "id_card",
        "full_name",
        "date_of_birth",
        "gender",
        "nationality",
        "race",
        "religion",
        "place_of_origin",
        "place_of_residence",
        "personal_identification",
        "date_of_issue",
        "date_of_expiry",
        "father_name",
        "mother_name",
        "wife_name",
        "old_id_card",
        "id_img",
    }
)


class CardToolReceiver(LoopbackService):
    """The system. A context manager: it listens inside the block.

    Args:
        delay_s: how slow :attr:`Misbehaviour.SLOW` is.
    """

    def __init__(self, *, delay_s: float = 30.0) -> None:
        super().__init__("/", delay_s=delay_s)
        self.records: queue.Queue[dict[str, object]] = queue.Queue()
        self.unusable = 0

    def answer(self, question: object) -> dict[str, object]:
        """Take a record: every field of the tool's is there, and each is a text."""
        if (
            not isinstance(question, dict)
            or set(question) != _NAMES
            or not all(isinstance(value, str) for value in question.values())
        ):
            self.unusable += 1
            return {"ok": False}
        self.records.put(question)
        return {"ok": True}
