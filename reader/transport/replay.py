"""A recorded conversation as a card: answers what it answered then, if it is asked what it was asked then.

Only a full trace (docs/trace.md) can be replayed: it holds what the terminal drew by lot, so that the same reading sends
the same octets. Whatever comes out was proven when it was recorded, by nobody knows which card: a replay is a test
fixture, and counts as an emulated card.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, TypeAlias

from crypto.errors import all_codes
from crypto.primitives.curves import Curve
from reader import errors
from reader.protocols.active_authentication import Challenge
from reader.randomness import Randomness
from reader.redaction import shown_command
from reader.trace import (
    REPLAY_DIVERGED,
    TRACE_UNREADABLE,
    TRACE_VERSION,
    TRACE_VERSION_UNKNOWN,
    TRACE_WITHOUT_PAYLOADS,
    Draw,
)

if TYPE_CHECKING:
    from crypto.primitives.dh_groups import DhGroup
    from crypto.signatures.algorithms import SignatureAlgorithm
    from reader.plan import ReadPlan
    from reader.terminal_credentials import TerminalCredentials
    from reader.transport.base import CardTransport

__all__ = ["Recording", "ReplayTransport", "load_recording"]


_MOST_LINE_BYTES: Final = 1 << 19  # the longest command and answer as hexadecimal, with everything around them
_MOST_LINES: Final = 200_000
_MOST_BYTES: Final = 256 << 20
_STEPS: Final = ("reset", "command", "card", "return")
_Record: TypeAlias = Mapping[str, object]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class _Step:
    """One thing that happened.

    Attributes:
        kind: ``reset``, ``command``, ``card`` or ``return``.
        record: the line in the trace.
        number: of a command or reset; of a card.
    """

    kind: str
    record: _Record
    number: int


class Recording:
    """One reading as it went, and how far it has been replayed.

    Args:
        records: the lines of a trace.

    Raises:
        DocumentError: ``trace.unreadable``, ``trace.without_payloads``, ``trace.version_unknown``.
    """

    def __init__(self, records: Iterator[_Record]) -> None:
        header = next(records, {})
        if header.get("kind") != "chipid-trace":
            raise errors.DocumentError(TRACE_UNREADABLE)
        if header.get("version") != TRACE_VERSION:
            raise errors.DocumentError(TRACE_VERSION_UNKNOWN)
        self._steps: deque[_Step] = deque()
        self._payloads: dict[int, _Record] = {}
        self._answers_to_reset: dict[int, bytes] = {}
        self._drawn: dict[Draw, deque[bytes]] = {what: deque() for what in Draw}
        self._read_at: dt.datetime | None = None
        self._plan = _text(header, "plan"), header.get("photo") is not False
        self._sent = 0
        for record in records:
            self._take(record)
        commands = [step.number for step in self._steps if step.kind == "command"]
        if not all(number in self._payloads for number in commands):
            raise errors.DocumentError(TRACE_WITHOUT_PAYLOADS)
        self._require_instant()

    def _take(self, record: _Record) -> None:
        kind = _text(record, "kind")
        if kind in _STEPS:
            number = 0 if kind == "return" else _number(record, "card" if kind == "card" else "n")
            self._steps.append(_Step(kind, record, number))
        elif kind == "payload":
            self._payloads[_number(record, "n")] = record
        elif kind == "answer_to_reset":
            self._answers_to_reset[_number(record, "card")] = _octets(record, "octets")
        elif kind == "drawn":
            self._drawn[_draw(record)].append(_octets(record, "octets"))
        elif kind == "instant":
            self._read_at = _instant(record)

    # ------------------------------------------------------------------------- how it was, and again is
    @property
    def read_at(self) -> dt.datetime:
        """The instant for which the document was judged."""
        return self._require_instant()

    def _require_instant(self) -> dt.datetime:
        if self._read_at is None:
            raise errors.DocumentError(TRACE_WITHOUT_PAYLOADS)
        return self._read_at

    @property
    def has_returns(self) -> bool:
        """Whether a torn card was waited for (and still will be)."""
        return any(step.kind == "return" for step in self._steps)

    @property
    def plan(self) -> ReadPlan:
        """What was read. Raises ``trace.unreadable`` for a plan that nobody knows."""
        from reader.plan import plan_named

        name, photo = self._plan
        try:
            plan = plan_named(name)
        except KeyError:
            raise errors.DocumentError(TRACE_UNREADABLE) from None
        return plan if photo else plan.without_photo()

    @property
    def randomness(self) -> Randomness:
        """What the terminal drew then, once more, in the same order."""
        return Randomness(self._drawn_octets, self._drawn_scalar)

    def draw_challenge(self) -> Challenge:
        """The challenge that was posed then."""
        return Challenge(self._next_drawn(Draw.CHALLENGE))

    def terminal(self, credentials: TerminalCredentials | None) -> TerminalCredentials | None:
        """The same terminal; it signs as it did then."""
        if credentials is None:
            return None
        signer = _RecordedSignatures(credentials.signer.curve, self)
        return dataclasses.replace(credentials, signer=signer)

    def card(self) -> ReplayTransport:
        """The card that lay there next. Raises ``replay.diverged`` if none did."""
        step = self._next("card")
        try:
            atr = self._answers_to_reset[step.number]
        except KeyError:
            raise errors.DocumentError(TRACE_WITHOUT_PAYLOADS) from None
        return ReplayTransport(self, atr, _number(step.record, "max_command"), _number(step.record, "max_response"))

    def wait(self, timeout_s: float, cancel: threading.Event) -> CardTransport:
        """As :meth:`reader.transport.base.ReturningCard.wait`; nothing is waited for."""
        if cancel.is_set():
            raise errors.Cancelled
        _raise_recorded(self._next("return").record)
        return self.card()

    def require_end(self) -> None:
        """Raises ``replay.diverged`` if more was sent then than has been now."""
        if self._steps:
            raise self._diverged("fewer_commands")

    # --------------------------------------------------------------------------------------- step by step
    def pass_on(self, command: bytes | None) -> bytes:
        """A command, or a power cycle, to the card.

        Raises:
            TransportError: ``replay.diverged``; or what came in place of the answer then.
        """
        step = self._next("reset" if command is None else "command")
        self._sent += command is not None
        if command is None:
            _raise_recorded(step.record)
            return b""
        payload = self._payloads[step.number]
        self._compare(command, step.record, payload)
        _raise_recorded(step.record)
        return _octets(payload, "answer")

    def _compare(self, command: bytes, record: _Record, payload: _Record) -> None:
        """A command whose payload no trace holds is compared by its header and lengths."""
        for what in ("header", "data_bytes", "expected_bytes", "is_extended"):
            if shown_command(command).get(what) != record.get(what):
                raise self._diverged(what)
        if "command" in payload and _octets(payload, "command") != command:
            raise self._diverged("payload")

    def _next(self, kind: str) -> _Step:
        if not self._steps:
            raise self._diverged("more_commands")
        if self._steps[0].kind != kind:
            raise self._diverged(f"{kind}_in_place_of_{self._steps[0].kind}")
        return self._steps.popleft()

    def _diverged(self, what: str) -> errors.TransportError:
        """From now on nothing fits any more."""
        self._steps.clear()
        return errors.TransportError(REPLAY_DIVERGED, command=max(1, self._sent), what=what)

    def _drawn_octets(self, count: int) -> bytes:
        octets = self._next_drawn(Draw.OCTETS)
        if len(octets) != count:
            raise self._diverged("random_octets")
        return octets

    def _drawn_scalar(self, domain: Curve | DhGroup) -> int:
        scalar = int.from_bytes(self._next_drawn(Draw.SCALAR), "big")
        order = domain.n if isinstance(domain, Curve) else domain.q
        if not 1 <= scalar < order:
            raise self._diverged("random_scalar")
        return scalar

    def _next_drawn(self, what: Draw) -> bytes:
        if not self._drawn[what]:
            raise self._diverged(f"random_{what.value}")
        return self._drawn[what].popleft()

    def signature(self) -> bytes:
        """What the terminal's key signed then."""
        return self._next_drawn(Draw.SIGNATURE)


class _RecordedSignatures:
    """The signatures of a terminal's key in the order in which it made them."""

    def __init__(self, curve: Curve | None, recording: Recording) -> None:
        self.curve = curve
        self._recording = recording

    def sign(self, data: bytes, algorithm: SignatureAlgorithm) -> bytes:
        return self._recording.signature()


class ReplayTransport:
    """The card of a recording (:class:`reader.transport.base.CardTransport`). Made by :meth:`Recording.card`."""

    def __init__(self, recording: Recording, atr: bytes, max_command: int, max_response: int) -> None:
        self._recording = recording
        self.atr = atr
        self.max_command = max_command
        self.max_response = max_response

    @property
    def is_emulated(self) -> bool:
        """No card lies here."""
        return True

    def transmit(self, command: bytes) -> bytes:
        """The recorded answer.

        Raises:
            TransportError: ``replay.diverged`` with the number of the command, counted from 1, and what differs; or
                what came in place of an answer then.
        """
        return self._recording.pass_on(command)

    def reset(self) -> None:
        """As it was recorded."""
        self._recording.pass_on(None)

    def close(self) -> None:
        """Nothing is held."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def load_recording(path: Path) -> Recording:
    """A trace from its file. Its last line may be cut off: the program that wrote it may have been killed.

    Raises:
        DocumentError: ``trace.unreadable``, ``trace.without_payloads``, ``trace.version_unknown``.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise errors.DocumentError(TRACE_UNREADABLE)
        with path.open("rb") as file:
            return Recording(_records(iter(lambda: file.readline(_MOST_LINE_BYTES), b"")))
    except OSError as error:
        raise errors.DocumentError(TRACE_UNREADABLE, cause=type(error).__name__) from None


def _records(lines: Iterator[bytes]) -> Iterator[_Record]:
    for number, line in enumerate(lines, start=1):
        if number > _MOST_LINES or (not line.endswith(b"\n") and len(line) >= _MOST_LINE_BYTES):
            raise errors.DocumentError(TRACE_UNREADABLE, line=number)
        if not line.endswith(b"\n"):
            return
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            raise errors.DocumentError(TRACE_UNREADABLE, line=number) from None
        if not isinstance(record, dict):
            raise errors.DocumentError(TRACE_UNREADABLE, line=number)
        yield record


def _raise_recorded(record: _Record) -> None:
    """What came in place of an answer."""
    name = record.get("error")
    if name is None:
        return
    code = all_codes().get(name) if isinstance(name, str) else None
    if code is None:
        raise errors.DocumentError(TRACE_UNREADABLE)
    raise errors.TransportError(code)


def _text(record: _Record, name: str) -> str:
    value = record.get(name)
    if not isinstance(value, str):
        raise errors.DocumentError(TRACE_UNREADABLE)
    return value


def _number(record: _Record, name: str) -> int:
    value = record.get(name)
    if not isinstance(value, int) or value < 0:
        raise errors.DocumentError(TRACE_UNREADABLE)
    return value


def _octets(record: _Record, name: str) -> bytes:
    try:
        return bytes.fromhex(_text(record, name))
    except ValueError:
        raise errors.DocumentError(TRACE_UNREADABLE) from None


def _draw(record: _Record) -> Draw:
    try:
        return Draw(_text(record, "what"))
    except ValueError:
        raise errors.DocumentError(TRACE_UNREADABLE) from None


def _instant(record: _Record) -> dt.datetime:
    try:
        instant = dt.datetime.fromisoformat(_text(record, "read_at"))
    except ValueError:
        raise errors.DocumentError(TRACE_UNREADABLE) from None
    if instant.tzinfo is None:
        raise errors.DocumentError(TRACE_UNREADABLE)
    return instant
