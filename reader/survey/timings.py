"""How a card answered, command by command, added up: kinds of commands, status words, times. No contents, no lengths
from which those of a person's files could be told."""

from __future__ import annotations

import dataclasses
import statistics
from typing import Final

from reader.link import Passage
from reader.redaction import shown_answer, shown_command

__all__ = ["Timings"]

_NAMES: Final = {
    "22": "MANAGE SECURITY ENVIRONMENT",
    "82": "EXTERNAL AUTHENTICATE",
    "84": "GET CHALLENGE",
    "86": "GENERAL AUTHENTICATE",
    "88": "INTERNAL AUTHENTICATE",
    "A4": "SELECT",
    "B0": "READ BINARY",
    "B1": "READ BINARY, odd instruction",
    "C0": "GET RESPONSE",
    "CA": "GET DATA",
}
_SIZES: Final = ((0, "no data"), (256, "up to 256 bytes"), (1024, "up to 1,024 bytes"), (4096, "up to 4,096 bytes"))


@dataclasses.dataclass(slots=True)
class _Kind:
    times_ms: list[float] = dataclasses.field(default_factory=list)
    status_words: dict[str, int] = dataclasses.field(default_factory=dict)


class Timings:
    """Looks on at a link (:class:`reader.link.LinkWitness`)."""

    def __init__(self) -> None:
        self._kinds: dict[tuple[str, bool, str], _Kind] = {}
        self._most_bytes = {False: 0, True: 0}

    def on_passage(self, passage: Passage) -> None:
        """Book one command-response pair, or a power cycle."""
        took_ms = 1000 * (passage.ended_s - passage.began_s)
        word = "none" if passage.error is None else passage.error.code.name
        if passage.command is None:
            self._book(("power cycle", False, "no data"), took_ms, word)
            return
        header = str(shown_command(passage.command).get("header") or "")
        name, is_protected = _NAMES.get(header[2:4], "other"), bool(int(header[:2] or "0", 16) & 0x0C)
        answer_bytes = 0
        if passage.answer is not None:
            shown = shown_answer(passage.answer)
            word, answer_bytes = str(shown["status_word"]), len(passage.answer) - 2
            self._most_bytes[is_protected] = max(self._most_bytes[is_protected], answer_bytes)
        self._book((name, is_protected, _size(answer_bytes)), took_ms, word)

    def _book(self, kind: tuple[str, bool, str], took_ms: float, word: str) -> None:
        booked = self._kinds.setdefault(kind, _Kind())
        booked.times_ms.append(took_ms)
        booked.status_words[word] = booked.status_words.get(word, 0) + 1

    def facts(self) -> list[dict[str, object]]:
        """One entry for each kind of command, in order of first appearance."""
        return [
            {
                "command": name,
                "protected": is_protected,
                "answer": size,
                "count": len(kind.times_ms),
                "median_ms": round(statistics.median(kind.times_ms), 3),
                "longest_ms": round(max(kind.times_ms), 3),
                "status_words": kind.status_words,
            }
            for (name, is_protected, size), kind in self._kinds.items()
        ]

    def longest_answers(self) -> dict[str, object]:
        """Bytes of the longest data fields that came, in steps that hide the length of a file's last block."""
        return {"plain": _size(self._most_bytes[False]), "protected": _size(self._most_bytes[True])}


def _size(count: int) -> str:
    return next((name for most, name in _SIZES if count <= most), "more than 4,096 bytes")
