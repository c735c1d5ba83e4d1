"""``python -m tests.soak_run``: the long runs behind ``docs/figures/soak.md``, on as many processes as asked for.

Ten thousand readings with an eye on the memory, ten million fuzzed inputs over all parsers with the lines that they reach, one
hundred thousand fuzzed conversations. ``--share`` takes that part of each in percent; the page says what was really run. The
exit status is 1 if a promise was broken, and ``out/soak/`` then holds what broke it.

It takes hours. What is done is kept in ``out/soak/``, and ``--go-on`` begins where a run of the same share, seed and
commit was stopped.
"""

from __future__ import annotations

import argparse
import concurrent.futures
import dataclasses
import datetime as dt
import functools
import json
import multiprocessing
import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

from bench.machine import describe
from tests.fuzz.conversations import ConversationResult, run_conversations
from tests.fuzz.parsers import PARSERS
from tests.fuzz.reads import MemoryCurve, read_many
from tests.fuzz.running import BATCH_INPUTS, BatchResult, run_batch
from tests.soak import SEED, SHARE_PERCENT, soak_share
from tests.soak_page import InputTotals, SoakFigures, memory_svg, page

T = TypeVar("T")

__all__ = ["BATCHES", "CONVERSATIONS", "CONVERSATIONS_AT_ONCE", "READS"]

READS: Final = 10_000
INPUTS: Final = 10_000_000
CONVERSATIONS: Final = 100_000
CONVERSATIONS_AT_ONCE: Final = 50
_PARSERS_AT_ONCE: Final = 4
_BATCHES_AT_ONCE: Final = 100
"""Parsers, and batches of conversations, after which what is done is kept."""

BATCHES: Final = -(-INPUTS // (BATCH_INPUTS * len(PARSERS)))
"""Batches for each parser."""

ROOT: Final = Path(__file__).parents[1]
FIGURES: Final = ROOT / "docs" / "figures"
FAILURES: Final = ROOT / "out" / "soak"


def _arguments() -> argparse.Namespace:
    shape = argparse.ArgumentParser(prog="python -m tests.soak_run", description=__doc__)
    shape.add_argument("--share", type=float, default=SHARE_PERCENT, help="percent of each run (CHIPID_SOAK_SHARE, 1)")
    shape.add_argument("--seed", default=SEED, help="which inputs (CHIPID_SOAK_SEED, 0)")
    shape.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    shape.add_argument("--go-on", action="store_true", help="with what an earlier run of the same kind has done")
    shape.add_argument("--no-page", action="store_true", help="leave docs/figures as it is")
    return shape.parse_args()


def _say(text: str) -> None:
    sys.stderr.write(f"soak: {text}\n")


def _in_processes(work: Callable[..., Any], tasks: list[tuple[Any, ...]], processes: int) -> Iterator[Any]:
    """The results, as they come. Each process is a fresh interpreter, so that none inherits a thread or a descriptor."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(processes, mp_context=context) as pool:
        running = [pool.submit(work, *task) for task in tasks]
        for done, future in enumerate(concurrent.futures.as_completed(running), start=1):
            if done % max(1, len(tasks) // 20) == 0:
                _say(f"{work.__name__}: {done} of {len(tasks)}")
            yield future.result()


def _inputs_to(parsers: list[str], share: float, seed: str, processes: int) -> InputTotals:
    tasks = [
        (name, number, seed)
        for name in parsers
        for number in soak_share(f"inputs {name}", range(BATCHES), percent=share, seed=seed)
    ]
    totals = InputTotals()
    results: Iterable[BatchResult] = _in_processes(run_batch, tasks, processes)
    for result in results:
        totals.inputs += result.inputs
        totals.refused += result.refused
        totals.slowest_s = max(totals.slowest_s, result.slowest_s)
        totals.lines |= result.lines
        totals.failures += [dataclasses.asdict(each) | {"octets": each.octets.hex()} for each in result.failures]
    return totals


def _conversations(starts: list[int], seed: str, processes: int) -> ConversationResult:
    totals = ConversationResult()
    results: Iterable[ConversationResult] = _in_processes(
        run_conversations, [(start, CONVERSATIONS_AT_ONCE, seed) for start in starts], processes
    )
    for result in results:
        totals.add(result)
    return totals


def _timed(work: Callable[[], Any]) -> tuple[Any, float]:
    begun = time.monotonic()
    return work(), (time.monotonic() - begun) / 3600


def _pieces(whole: list[T], size: int) -> Iterator[list[T]]:
    return (whole[first : first + size] for first in range(0, len(whole), size))


class _Kept:
    """Results of pieces of work, each in a file of its own as soon as it is there."""

    def __init__(self, asked: argparse.Namespace) -> None:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], cwd=ROOT, capture_output=True, text=True, check=False)
        self._name = f"{asked.share:g}-{asked.seed}-{commit.stdout.strip()[:12] or 'no-commit'}"
        self._use = asked.go_on

    def result(self, piece: str, work: Callable[[], Any]) -> Any:
        file = FAILURES / f"{piece}-{self._name}.pickle"
        if self._use and file.exists():
            return pickle.loads(file.read_bytes())  # noqa: S301 - our own, of a minute ago
        result = work()
        FAILURES.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_bytes(pickle.dumps(result))
        part.replace(file)
        return result


def main() -> int:
    """Run, write the page, say whether everything held."""
    asked = _arguments()
    machine = describe()
    number = max(100, round(READS * asked.share / 100))
    curve: MemoryCurve
    kept = _Kept(asked)
    curve, read_h = kept.result("reads", lambda: _timed(lambda: next(_in_processes(read_many, [(number,)], 1))))
    inputs, input_h = InputTotals(), 0.0
    for piece, some_parsers in enumerate(_pieces(list(PARSERS), _PARSERS_AT_ONCE), start=1):
        work = functools.partial(_inputs_to, some_parsers, asked.share, asked.seed, asked.processes)
        found, hours = kept.result(f"inputs-{piece}", functools.partial(_timed, work))
        inputs.add(found)
        input_h += hours
    starts = soak_share(
        "conversations", range(0, CONVERSATIONS, CONVERSATIONS_AT_ONCE), percent=asked.share, seed=asked.seed
    )
    talks, talk_h = ConversationResult(), 0.0
    for piece, some_starts in enumerate(_pieces(starts, _BATCHES_AT_ONCE), start=1):
        talk = functools.partial(_conversations, some_starts, asked.seed, asked.processes)
        heard, hours = kept.result(f"conversations-{piece}", functools.partial(_timed, talk))
        talks.add(heard)
        talk_h += hours
    figures = SoakFigures(
        machine=machine,
        day=dt.datetime.now(dt.UTC).date(),
        seed=asked.seed,
        share_percent=asked.share,
        processes=asked.processes,
        reads=number,
        memory=curve,
        inputs=inputs,
        conversations=talks,
        hours=(read_h, input_h, talk_h),
    )
    if not asked.no_page:
        FIGURES.mkdir(parents=True, exist_ok=True)
        (FIGURES / "soak.md").write_text(page(figures), encoding="utf-8")
        (FIGURES / "soak-memory.svg").write_text(memory_svg(curve), encoding="utf-8")
    for line in page(figures).splitlines()[:30]:
        _say(line)
    if figures.broken:
        FAILURES.mkdir(parents=True, exist_ok=True)
        (FAILURES / "failures.json").write_text(
            json.dumps([inputs.failures, talks.failures], indent=1), encoding="utf-8"
        )
        _say(f"{figures.broken} promises broken: {FAILURES / 'failures.json'}")
    return 1 if figures.broken or not figures.is_flat else 0


if __name__ == "__main__":
    sys.exit(main())
