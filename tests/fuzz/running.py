"""Runs parsers with changed inputs, a batch at a time. A batch follows from the parser, its number and the run's seed alone.

Every input must end in an answer or in an error of ours, within a second of processor time. Inputs that end at a line
where none ended before are kept as further seeds of the batch; one input in :data:`TRACED_EVERY` is run under a tracer that notes
the lines that it reaches.
"""

from __future__ import annotations

import contextlib
import dataclasses
import random
import signal
import sys
import time
import types
from collections.abc import Iterator
from typing import Final

from crypto.errors import ChipIdError
from tests.fuzz.corpus_files import seeds_of
from tests.fuzz.lines import LineTracer
from tests.fuzz.mutation import Seed, mutate
from tests.fuzz.parsers import PARSERS, Parser

__all__ = ["BATCH_INPUTS", "BatchResult", "Failure", "HangError", "alarm_clock", "run_batch", "run_one", "wind_up"]

BATCH_INPUTS: Final = 2000
TRACED_EVERY: Final = 100
MOST_PROCESSOR_S: Final = 1.0
_HANG_AFTER_S: Final = 10.0
_MOST_KEPT: Final = 40


class HangError(BaseException):
    """An input that kept a parser busy. No parser can take it for an error of its own."""


@dataclasses.dataclass(frozen=True, slots=True)
class Failure:
    """An input that must not do what it did.

    Attributes:
        parser: its name.
        batch: number of the batch.
        octets: the input.
        what: the type of the exception, or that it took too long.
    """

    parser: str
    batch: int
    octets: bytes
    what: str


@dataclasses.dataclass(slots=True)
class BatchResult:
    """What came of a batch.

    Attributes:
        inputs: how many.
        refused: how many ended in an error of ours.
        slowest_s: processor seconds of the slowest.
        failures: inputs that broke a promise.
        lines: file and line of every line that the traced inputs reached.
    """

    inputs: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    failures: list[Failure] = dataclasses.field(default_factory=list)
    lines: set[tuple[str, int]] = dataclasses.field(default_factory=set)


@contextlib.contextmanager
def alarm_clock() -> Iterator[None]:
    """Processor time that runs out interrupts a parser that does not come to an end, where the system can."""
    if not hasattr(signal, "setitimer"):
        yield
        return

    def ring(*_: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGPROF, ring)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def wind_up() -> None:
    """Give the next input its time."""
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_PROF, _HANG_AFTER_S)


def _ended_at(error: ChipIdError) -> tuple[object, ...]:
    """Which error, and the line that raised it."""
    trace: types.TracebackType | None = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return (error.code.name, None if trace is None else (id(trace.tb_frame.f_code), trace.tb_lineno))


def run_one(parser: Parser, octets: bytes) -> tuple[object, ...]:
    """Where one input ended: nowhere for an answer, else at an error of ours. Anything else is raised."""
    try:
        parser.run(octets)
    except ChipIdError as error:
        return _ended_at(error)
    except parser.also as error:
        return (type(error).__name__,)
    return ()


def run_batch(name: str, number: int, seed: str, inputs: int = BATCH_INPUTS) -> BatchResult:
    """One batch of one parser."""
    parser = PARSERS[name]
    rng = random.Random(f"{seed} {name} {number}")
    seeds = list(seeds_of(parser))
    given = len(seeds)
    seen: set[tuple[object, ...]] = set()
    tracer = LineTracer()
    result = BatchResult(lines=tracer.lines)
    with alarm_clock():
        for index in range(inputs):
            octets = mutate(rng, rng.choice(seeds), seeds, parser.grammar)
            ended = _guarded(parser, octets, number, tracer if index % TRACED_EVERY == 0 else None, result)
            if ended is not None and ended not in seen:
                seen.add(ended)
                if len(seeds) < given + _MOST_KEPT and len(octets) < 4096:
                    seeds.append(Seed.of(octets, parser.grammar))
    return result


def _guarded(
    parser: Parser, octets: bytes, number: int, tracer: LineTracer | None, result: BatchResult
) -> tuple[object, ...] | None:
    """One input, counted; ``None`` if it broke a promise."""
    begun = time.process_time()
    ended: tuple[object, ...] | None = None
    what = ""
    wind_up()
    try:
        if tracer is None:
            ended = run_one(parser, octets)
        else:
            with tracer:
                ended = run_one(parser, octets)
    except (Exception, HangError) as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        what = type(error).__name__
    finally:
        sys.settrace(None)
    took = time.process_time() - begun
    if tracer is None and took > MOST_PROCESSOR_S and not what:  # a stall of the machine does not come again
        took = min(took, _processor_time_of(parser, octets))
        what = f"{took:.1f} s" if took > MOST_PROCESSOR_S else ""
    result.inputs += 1
    result.refused += bool(ended)
    if tracer is None:
        result.slowest_s = max(result.slowest_s, took)
    if what:
        result.failures.append(Failure(parser.name, number, octets, what))
        return None
    return ended


def _processor_time_of(parser: Parser, octets: bytes) -> float:
    begun = time.process_time()
    run_one(parser, octets)
    return time.process_time() - begun
