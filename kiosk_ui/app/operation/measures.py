"""Counts and times of a running kiosk, kept in memory. No label ever holds anything from a card or from a person."""

from __future__ import annotations

import bisect
import collections
import dataclasses
import re
import statistics
import threading
from collections.abc import Mapping, Sequence

from kiosk_ui.app.operation.families import STEP_SECONDS, Family

__all__ = ["Measures", "Row", "StepTime"]

MOST_ROWS = 100
"""Label values of one figure; what comes beyond them is counted as "other", so that no monitoring overflows."""

_KEPT_TIMES = 200  # of each step, for the median and the slowest tenth that staff are shown
_WORD = re.compile(r"[a-z][a-z0-9_]*([.-][a-z0-9_]+)*")
_LONG_NUMBER = re.compile(r"\d{4}")
_LONGEST_WORD = 60
_OTHER = "other"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One row of a figure.

    Attributes:
        labels: values in the order of the family's labels.
        value: the count, the gauge, or a histogram's sum.
        buckets: of a histogram: how many values were at most each bound, and at last how many there were.
    """

    labels: tuple[str, ...]
    value: float
    buckets: tuple[int, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class StepTime:
    """How long one step took lately.

    Attributes:
        step: name of the screen.
        median_s, slow_s: the middle time, and the one that nine of ten stay below.
        count: of how many.
    """

    step: str
    median_s: float
    slow_s: float
    count: int


class Measures:
    """All figures. Any thread may add to them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: dict[Family, dict[tuple[str, ...], float]] = collections.defaultdict(dict)
        self._buckets: dict[Family, dict[tuple[str, ...], list[int]]] = collections.defaultdict(dict)
        self._steps: dict[str, collections.deque[float]] = {}

    def count(self, family: Family, *labels: str, amount: float = 1.0) -> None:
        """Add to a counter."""
        with self._lock:
            row = self._row(family, labels)
            self._values[family][row] = self._values[family].get(row, 0.0) + amount

    def put(self, family: Family, rows: Mapping[tuple[str, ...], float]) -> None:
        """Say a gauge anew; rows that are not named are gone."""
        with self._lock:
            self._values[family] = {}
            for labels, value in rows.items():
                self._values[family][self._row(family, labels)] = value

    def observe(self, family: Family, seconds: float, *labels: str) -> None:
        """Add one duration to a histogram."""
        with self._lock:
            row = self._row(family, labels)
            counts = self._buckets[family].setdefault(row, [0] * (len(family.bounds) + 1))
            counts[bisect.bisect_left(family.bounds, seconds)] += 1
            self._values[family][row] = self._values[family].get(row, 0.0) + seconds
            if family is STEP_SECONDS:
                self._steps.setdefault(row[0], collections.deque(maxlen=_KEPT_TIMES)).append(seconds)

    def rows(self, family: Family) -> list[Row]:
        """A figure's rows as they are now, in the order of their labels."""
        with self._lock:
            values = sorted(self._values.get(family, {}).items())
            counts = {row: tuple(each) for row, each in self._buckets.get(family, {}).items()}
        return [Row(labels, value, _added_up(counts.get(labels, ()))) for labels, value in values]

    def step_times(self) -> list[StepTime]:
        """Times of the steps lately, the slowest step first."""
        with self._lock:
            kept = {step: sorted(times) for step, times in self._steps.items()}
        found = [
            StepTime(step, statistics.median(times), times[min(len(times) - 1, len(times) * 9 // 10)], len(times))
            for step, times in kept.items()
        ]
        return sorted(found, key=lambda each: (-each.median_s, each.step))

    def _row(self, family: Family, labels: Sequence[str]) -> tuple[str, ...]:
        if len(labels) != len(family.labels):
            raise ValueError(f"{family.name} has the labels {family.labels}")
        row = tuple(_word(value) for value in labels)
        known = self._values[family]
        if row in known or len(known) < MOST_ROWS:
            return row
        return (_OTHER,) * len(labels)


def _added_up(counts: Sequence[int]) -> tuple[int, ...]:
    total = 0
    sums = []
    for each in counts:
        total += each
        sums.append(total)
    return tuple(sums)


def _word(value: str) -> str:
    """A word of the program, or "other": no name, no number and no sentence can become a label."""
    known = len(value) <= _LONGEST_WORD and _WORD.fullmatch(value) is not None and _LONG_NUMBER.search(value) is None
    return value if known else _OTHER
