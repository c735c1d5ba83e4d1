"""Traces: what went over the link to a card, one JSON object to a line, written while it happens (docs/trace.md).

A trace holds headers, lengths, status words, times and phases. Payloads, and what the terminal drew by lot, are added
for TEST cards alone, and only if that was asked for: for an emulated card at once, for a card in a reader when its
signature has been verified under a TEST authority. A citizen's card cannot be recorded in full.
"""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import enum
import json
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self

from crypto.errors import ChipIdError, ErrorCode, Hint
from crypto.primitives.curves import Curve, random_scalar
from crypto.primitives.dh_groups import DhGroup, random_exponent
from reader import errors
from reader.link import Passage
from reader.private_file import open_private
from reader.protocols.active_authentication import Challenge, DrawChallenge
from reader.randomness import SYSTEM_RANDOMNESS, Randomness
from reader.redaction import is_never_recorded, shown_answer, shown_answer_to_reset, shown_command

if TYPE_CHECKING:
    from crypto.signatures.algorithms import SignatureAlgorithm
    from reader.inspection import ReadOutcome
    from reader.plan import ReadPlan
    from reader.terminal_credentials import TerminalCredentials
    from reader.terminal_keys import TerminalSigner
    from reader.transport.base import CardTransport, ReturningCard

__all__ = ["TRACE_VERSION", "Draw", "Payloads", "TraceFile", "TraceRecorder", "is_test_document"]

TRACE_VERSION: Final = 1
TRACE_EXISTS = ErrorCode(
    "trace.exists", Hint.CALL_STAFF, "The file of the trace is there already. Name another one, or add --force."
)
TRACE_UNWRITABLE = ErrorCode(
    "trace.unwritable",
    Hint.CALL_STAFF,
    "The trace cannot be written to the end. What is in it so far is right; check the path and the disk.",
)
TRACE_UNREADABLE = ErrorCode(
    "trace.unreadable", Hint.CALL_STAFF, "This is no trace of a card, it is damaged, or it cannot be read."
)
TRACE_VERSION_UNKNOWN = ErrorCode(
    "trace.version_unknown",
    Hint.NOT_SUPPORTED,
    "The trace has a version that this program does not know. Use a newer program, or record it again.",
)
TRACE_WITHOUT_PAYLOADS = ErrorCode(
    "trace.without_payloads",
    Hint.NOT_SUPPORTED,
    "The trace holds no payloads, so it cannot be replayed. Record a TEST card with --trace-full.",
)
REPLAY_DIVERGED = ErrorCode(
    "replay.diverged",
    Hint.NOT_SUPPORTED,
    "The reading took another course than the recorded one. Give the same key and options as when it was recorded.",
)

_MOST_HELD_BYTES: Final = 16 << 20
"""Of payloads that wait for their card's signature; the files of a card and all protection around them stay far below."""


class Payloads(enum.StrEnum):
    """Whether payloads go into a trace."""

    NONE = "none"
    FULL = "full"
    """At once: the card is emulated in this process."""
    WHEN_PROVEN = "when_proven"
    """When EF.SOD turns out to be signed under a TEST authority; else never."""


class Draw(enum.StrEnum):
    """What the terminal draws by lot."""

    OCTETS = "octets"
    SCALAR = "scalar"
    CHALLENGE = "challenge"
    SIGNATURE = "signature"


class TraceFile:
    """A file that is whole lines at every moment, also if the program is killed or the disk is full.

    Args:
        path: of a file that is not there yet; only its owner may read it.
        force: replace one that is.

    Raises:
        DocumentError: ``trace.exists``, ``trace.unwritable``.
    """

    def __init__(self, path: Path, *, force: bool = False) -> None:
        try:
            self._descriptor: int | None = open_private(path, force=force)
        except FileExistsError:
            raise errors.DocumentError(TRACE_EXISTS) from None
        except OSError as error:
            raise errors.DocumentError(TRACE_UNWRITABLE, cause=type(error).__name__) from None
        self._whole = 0
        self.problem: errors.DocumentError | None = None
        """What ended the writing before its time; the reading goes on without."""

    def write(self, record: Mapping[str, object]) -> None:
        """Append one line. After a failure nothing more is written, and half a line is taken back."""
        descriptor = self._descriptor
        if descriptor is None:
            return
        line = json.dumps(record, ensure_ascii=True, separators=(",", ":")).encode("ascii") + b"\n"
        try:
            left = memoryview(line)
            while left:
                left = left[os.write(descriptor, left) :]
        except OSError as error:
            self.problem = errors.DocumentError(TRACE_UNWRITABLE, cause=type(error).__name__)
            self._take_back(descriptor)
            self.close()
        else:
            self._whole += len(line)

    def _take_back(self, descriptor: int) -> None:
        with contextlib.suppress(OSError):  # then the last line is cut off, which whoever reads traces expects
            os.ftruncate(descriptor, self._whole)

    def close(self) -> None:
        """May be called twice."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class TraceRecorder:
    """Records one reading. Use it as a context manager: leaving it writes how the reading ended.

    Args:
        file: where to.
        payloads: whether they are recorded.
        plan: what is going to be read, so that a replay reads the same.
        read_at: the instant for which the document is judged.
    """

    def __init__(self, file: TraceFile, payloads: Payloads, *, plan: ReadPlan, read_at: dt.datetime) -> None:
        self._file = file
        self._payloads = payloads
        self._held: list[Mapping[str, object]] | None = [] if payloads is Payloads.WHEN_PROVEN else None
        self._held_bytes = 0
        self._began_s: float | None = None
        self._passages = self._cards = 0
        self._how: Mapping[str, object] = {"how": "complete"}
        photo = {"plan": plan.name, "photo": plan.photo}
        file.write({"kind": "chipid-trace", "version": TRACE_VERSION, "payloads": payloads.value, **photo})
        self._add({"kind": "instant", "read_at": read_at.isoformat()})

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(value, ChipIdError):
            self._how = {"how": "failed", "code": value.code.name}
        elif value is not None:
            self._how = {"how": "stopped"}
        if self._held is not None:
            self._drop("not_proven")
        self._file.write({"kind": "end", **self._how})
        self._file.close()

    @property
    def problem(self) -> errors.DocumentError | None:
        """What kept the trace from being written to its end, or ``None``."""
        return self._file.problem

    # ------------------------------------------------------------------------------- what is recorded
    def begin(self, card: CardTransport) -> None:
        """A card lies there: the first one, or one that came back."""
        self._cards += 1
        self._file.write(
            {
                "kind": "card",
                "card": self._cards,
                "is_emulated": card.is_emulated,
                "max_command": card.max_command,
                "max_response": card.max_response,
                **shown_answer_to_reset(card.atr),
            }
        )
        self._add({"kind": "answer_to_reset", "card": self._cards, "octets": card.atr.hex()})

    def on_passage(self, passage: Passage) -> None:
        """As :meth:`reader.link.LinkWitness.on_passage`."""
        if self._began_s is None:
            self._began_s = passage.began_s
        self._passages += 1
        record: dict[str, object] = {
            "kind": "reset" if passage.command is None else "command",
            "n": self._passages,
            "phase": None if passage.phase is None else passage.phase.label,
            "began_ms": _milliseconds(passage.began_s - self._began_s),
            "took_ms": _milliseconds(passage.ended_s - passage.began_s),
        }
        if passage.command is not None:
            record |= shown_command(passage.command)
        if passage.error is not None:
            record["error"] = passage.error.code.name
        elif passage.command is not None and passage.answer is not None:
            record |= shown_answer(passage.answer)
        self._add_payload(passage)  # before the line that it belongs to: a cut-off trace lacks no payload
        self._file.write(record)

    def _add_payload(self, passage: Passage) -> None:
        if self._payloads is Payloads.NONE or passage.command is None:
            return
        payload: dict[str, object] = {"kind": "payload", "n": self._passages}
        if not is_never_recorded(passage.command):
            payload["command"] = passage.command.hex()
        if passage.answer is not None:
            payload["answer"] = passage.answer.hex()
        self._add(payload)

    def _add(self, record: Mapping[str, object]) -> None:
        """What only the trace of a TEST card holds."""
        if self._payloads is Payloads.FULL:
            self._file.write(record)
        elif self._held is not None:
            self._held_bytes += sum(len(value) for value in record.values() if isinstance(value, str))
            self._held.append(record)
            if self._held_bytes > _MOST_HELD_BYTES:
                self._drop("too_long")

    def _drop(self, reason: str) -> None:
        self._held = None
        self._file.write({"kind": "payloads_left_out", "reason": reason})

    def conclude(self, outcome: ReadOutcome) -> None:
        """The card is read and judged: payloads that waited are written if it is a TEST card, else forgotten."""
        self._how = {"how": "complete", "verdict": outcome.verdict.decision.value}
        if self._held is None:
            return
        if is_test_document(outcome):
            for record in self._held:
                self._file.write(record)
            self._held = None
        else:
            self._drop("not_a_test_card")

    # ----------------------------------------------------------------------------- what is drawn by lot
    @property
    def randomness(self) -> Randomness:
        """Unpredictable as any other; told to the trace if it may become a full one."""
        if self._payloads is Payloads.NONE:
            return SYSTEM_RANDOMNESS
        return Randomness(self._octets, self._scalar)

    def _octets(self, count: int) -> bytes:
        return self._drawn(Draw.OCTETS, os.urandom(count))

    def _scalar(self, domain: Curve | DhGroup) -> int:
        scalar = random_scalar(domain) if isinstance(domain, Curve) else random_exponent(domain)
        self._drawn(Draw.SCALAR, scalar.to_bytes((scalar.bit_length() + 7) // 8, "big"))
        return scalar

    def _drawn(self, what: Draw, octets: bytes) -> bytes:
        self._add({"kind": "drawn", "what": what.value, "octets": octets.hex()})
        return octets

    def challenges(self, draw: DrawChallenge) -> DrawChallenge:
        """The same challenges, told to the trace."""

        def recorded() -> Challenge:
            challenge = draw()
            self._drawn(Draw.CHALLENGE, challenge.octets)
            return challenge

        return recorded

    def terminal(self, credentials: TerminalCredentials | None) -> TerminalCredentials | None:
        """The same terminal; its signatures, most of which are randomised, are told to the trace."""
        if credentials is None or self._payloads is Payloads.NONE:
            return credentials
        return dataclasses.replace(credentials, signer=_RecordedSigner(credentials.signer, self._drawn))

    # ----------------------------------------------------------------------------- a card that comes back
    def returning(self, place: ReturningCard | None) -> ReturningCard | None:
        """The same place; each return is told to the trace."""
        return None if place is None else _RecordedReturns(place, self)

    def on_return(self, card: CardTransport | None, error: errors.TransportError | None = None) -> None:
        """A card that was waited for came, or did not."""
        self._file.write({"kind": "return"} | ({} if error is None else {"error": error.code.name}))
        if card is not None:
            self.begin(card)


class _RecordedSigner:
    """A terminal's key whose signatures are told to a trace; the key itself is not."""

    def __init__(self, signer: TerminalSigner, drawn: Callable[[Draw, bytes], bytes]) -> None:
        self._signer = signer
        self._drawn = drawn

    @property
    def curve(self) -> Curve | None:
        return self._signer.curve

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        return self._drawn(Draw.SIGNATURE, self._signer.sign(data, algorithm))


class _RecordedReturns:
    """A place where a torn card is laid down again."""

    def __init__(self, place: ReturningCard, recorder: TraceRecorder) -> None:
        self._place = place
        self._recorder = recorder

    def wait(self, timeout_s: float, cancel: threading.Event) -> CardTransport:
        try:
            card = self._place.wait(timeout_s, cancel)
        except errors.TransportError as error:
            self._recorder.on_return(None, error)
            raise
        self._recorder.on_return(card)
        return card


def is_test_document(outcome: ReadOutcome) -> bool:
    """Whether every group that was read is signed, the signature holds, and the authority behind it is one for tests.

    No word of the document's own counts, and a TEST card's EF.SOD among somebody's files makes them no TEST card's.
    """
    from reader.verification.checks import CheckStatus, data_group_hash

    passive, read = outcome.assessment.passive, outcome.reading.document.data_groups
    if passive is None or passive.anchor is None or not passive.is_trusted or not read:
        return False
    signed = {check.check for check in outcome.checks if check.status is CheckStatus.SUCCESSFUL}
    groups = {data_group_hash(file.number) for file in read if file.number is not None}
    return groups <= signed and passive.anchor.certificate.is_test


def _milliseconds(seconds: float) -> float:
    return round(1000 * seconds, 3)
