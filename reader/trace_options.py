"""``--trace`` and ``--replay`` of ``chipid read``: what looks on at a reading, or stands in for its card."""

from __future__ import annotations

import argparse
import contextlib
import dataclasses
import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from crypto.errors import ChipIdError

if TYPE_CHECKING:
    from reader.inspection import ReadOutcome
    from reader.link import LinkWitness
    from reader.plan import ReadPlan
    from reader.protocols.active_authentication import DrawChallenge
    from reader.randomness import Randomness
    from reader.terminal_credentials import TerminalCredentials
    from reader.trace import TraceRecorder
    from reader.transport.base import CardTransport, ReturningCard
    from reader.transport.replay import Recording

__all__ = ["ReadingTools", "add_trace_arguments", "check_trace_arguments", "reading_tools"]


def add_trace_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of a trace; ``--replay`` stands beside ``--reader``."""
    group = parser.add_argument_group("recording what goes over the link", "see docs/trace.md")
    group.add_argument("--trace", metavar="FILE", type=Path, help="headers, lengths, status words, times; no contents")
    group.add_argument(
        "--trace-full", action="store_true", help="contents as well, to be replayed; of TEST cards alone"
    )


def check_trace_arguments(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Ends the program with wrong usage if they do not go together."""
    if arguments.trace_full and arguments.trace is None:
        parser.error("argument --trace-full: not allowed without --trace, which names the file")
    if arguments.trace_full and (arguments.pin is not None or arguments.puk is not None):
        parser.error(
            "argument --trace-full: not allowed with --pin or --puk: whoever has the trace could find them out"
        )
    if arguments.trace_full and arguments.reader is not None and not arguments.test_mode:
        parser.error("argument --trace-full: at a reader it needs --test-mode: TEST cards alone are recorded in full")
    if arguments.replay is not None and (arguments.trace is not None or arguments.evidence is not None):
        parser.error("argument --replay: not allowed with --trace or --evidence: no card lies here")


@dataclasses.dataclass(frozen=True, slots=True)
class ReadingTools:
    """What one reading works with. Nothing is recorded as long as nobody asks for it.

    Attributes:
        card: an open connection.
        plan: what to read.
        read_at: the instant for which the document is judged.
        draw_challenge: source of challenges.
        terminal: the terminal's certificates and key, or ``None``.
        comes_back: where a torn card comes back.
        recorder: writes a trace, or ``None``.
        recording: is replayed, or ``None``.
    """

    card: CardTransport
    plan: ReadPlan
    read_at: dt.datetime
    draw_challenge: DrawChallenge
    terminal: TerminalCredentials | None = None
    comes_back: ReturningCard | None = None
    recorder: TraceRecorder | None = None
    recording: Recording | None = None

    @property
    def witness(self) -> LinkWitness | None:
        """Who looks on."""
        return self.recorder

    @property
    def randomness(self) -> Randomness:
        """What the terminal draws by lot."""
        from reader.randomness import SYSTEM_RANDOMNESS

        source = self.recorder or self.recording
        return SYSTEM_RANDOMNESS if source is None else source.randomness

    def conclude(self, outcome: ReadOutcome) -> None:
        """The card is read and judged. Raises ``replay.diverged`` if a recording is not at its end."""
        if self.recorder is not None:
            self.recorder.conclude(outcome)
        if self.recording is not None:
            self.recording.require_end()

    @property
    def problem(self) -> ChipIdError | None:
        """What kept the trace from being written to its end."""
        return None if self.recorder is None else self.recorder.problem


@contextlib.contextmanager
def reading_tools(
    arguments: argparse.Namespace,
    *,
    plan: ReadPlan,
    terminal: TerminalCredentials | None,
    challenges: Callable[[], DrawChallenge],
) -> Iterator[ReadingTools]:
    """Open the card that the arguments name, or the recording, and the trace if they ask for one.

    Args:
        arguments: with ``reader``, ``emulated``, ``replay``, ``trace``, ``trace_full``, ``force``.
        plan: what to read; a replay reads what was recorded.
        terminal: the terminal's certificates and key, or ``None``.
        challenges: gives the source of challenges; a replay has its own.

    Raises:
        TransportError: there is no such card or reader.
        DocumentError: ``trace.exists``, ``trace.unwritable``; ``trace.unreadable`` and its like.
    """
    from reader import inspection, transport

    if arguments.replay is not None:
        from reader.transport.replay import load_recording

        recording = load_recording(arguments.replay)
        returns = recording if recording.has_returns else None
        yield ReadingTools(
            recording.card(),
            recording.plan,
            recording.read_at,
            recording.draw_challenge,
            recording.terminal(terminal),
            returns,
            recording=recording,
        )
        return
    name, is_emulated = arguments.reader or arguments.emulated, arguments.reader is None
    draw_challenge, read_at = challenges(), inspection.local_now()
    with transport.open_emulated(name) if is_emulated else transport.open_pcsc(name) as card:
        comes_back = None if is_emulated else transport.PcscReturning(name)
        with _traced(arguments, ReadingTools(card, plan, read_at, draw_challenge, terminal, comes_back)) as tools:
            yield tools


@contextlib.contextmanager
def _traced(arguments: argparse.Namespace, tools: ReadingTools) -> Iterator[ReadingTools]:
    """The same tools, with a trace of what they are used for if ``--trace`` asks for it."""
    if arguments.trace is None:
        yield tools
        return
    from reader.trace import Payloads, TraceFile, TraceRecorder

    payloads = Payloads.NONE
    if arguments.trace_full:
        payloads = Payloads.FULL if tools.card.is_emulated else Payloads.WHEN_PROVEN
    file = TraceFile(arguments.trace, force=arguments.force)
    with TraceRecorder(file, payloads, plan=tools.plan, read_at=tools.read_at) as recorder:
        recorder.begin(tools.card)
        yield dataclasses.replace(
            tools,
            draw_challenge=recorder.challenges(tools.draw_challenge),
            terminal=recorder.terminal(tools.terminal),
            comes_back=recorder.returning(tools.comes_back),
            recorder=recorder,
        )
