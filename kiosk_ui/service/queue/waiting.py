"""How long it takes, said honestly: nothing until enough people were seen today, then a range, never one figure."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import statistics
from collections.abc import Sequence

from kiosk_ui.service.queue.calling import CallingRule

__all__ = ["FEWEST_SERVED", "WINDOW", "WaitRange", "calls_before", "expected_wait"]

FEWEST_SERVED = 5
WINDOW = 15  # the last so many of the day: a doctor who comes or goes changes the pace
_STEP_MINUTES = 5
_LONGEST_MINUTES = 8 * 60  # more than a day of work says only that nobody knows
_LEAST_SPREAD = 0.2
_LEAST_SHARE = 0.25  # less is chance: a queue that few people join


@dataclasses.dataclass(frozen=True, slots=True)
class WaitRange:
    """Minutes, in steps of five; ``least`` is less than ``most``."""

    least: int
    most: int


def expected_wait(
    served: Sequence[dt.timedelta], calls: int, desks: int, share: float | None = None
) -> WaitRange | None:
    """How long ``calls`` calls take.

    Args:
        served: how long each person took today, from call to end, oldest first.
        calls: how many are called before.
        desks: how many desks call for this queue now; at least one is assumed.
        share: how many desks that is worth, as they call for other queues too; all of each if not given.

    Returns:
        ``None`` until :data:`FEWEST_SERVED` were served, and for a wait longer than a day of work.
    """
    if len(served) < FEWEST_SERVED:
        return None
    minutes = [max(0.0, each.total_seconds() / 60) for each in served[-WINDOW:]]
    lower, median, upper = statistics.quantiles(minutes, n=4, method="inclusive")
    worth = desks if share is None else max(share, _LEAST_SHARE)
    # Quartiles of single visits, around the median by a fifth at least: even people make an uneven day.
    least = calls / max(1, desks) * min(lower, median * (1 - _LEAST_SPREAD))
    # A desk that calls here now and then shortens the better end alone: nobody is promised more than there is.
    most = calls / (worth if desks > 0 else 1) * max(upper, median * (1 + _LEAST_SPREAD))
    if most > _LONGEST_MINUTES:
        return None
    low = math.floor(least / _STEP_MINUTES) * _STEP_MINUTES
    high = math.ceil(most / _STEP_MINUTES) * _STEP_MINUTES
    return WaitRange(low, max(high, low + _STEP_MINUTES))


def calls_before(prioritised: bool, prioritised_waiting: int, ordinary_waiting: int, rule: CallingRule) -> int:
    """How many are called before somebody who joins now, by the rule; one more or less depends on whose turn it is."""
    share = rule.ordinary_per_prioritised
    if prioritised:
        return prioritised_waiting + min(ordinary_waiting, share * prioritised_waiting)
    return ordinary_waiting + min(prioritised_waiting, ordinary_waiting // share + 1)
