"""Sweeps that are too long for every run: the suite takes a small share of each, ``make soak`` the whole of it.

A share follows from ``CHIPID_SOAK_SEED`` (0) alone, so that a run can be repeated, and another seed looks elsewhere.
``CHIPID_SOAK_SHARE`` is in percent (1).
"""

from __future__ import annotations

import os
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")

SHARE_PERCENT = float(os.environ.get("CHIPID_SOAK_SHARE", "1"))
SEED = os.environ.get("CHIPID_SOAK_SEED", "0")


def soak_share(
    sweep: str, cases: Sequence[T], *, percent: float = SHARE_PERCENT, seed: str = SEED, at_least: int = 1
) -> list[T]:
    """The cases of a sweep that this run looks at, in their order.

    Args:
        sweep: its name; sweeps of different names draw independently of one another.
        cases: all of them.
        percent: how many, 0 to 100.
        seed: which ones.
        at_least: never fewer than these.
    """
    if not 0 <= percent <= 100:
        raise ValueError("CHIPID_SOAK_SHARE is a number from 0 to 100")
    wanted = min(len(cases), max(at_least, round(len(cases) * percent / 100)))
    chosen = random.Random(f"{sweep} {seed}").sample(range(len(cases)), wanted)
    return [cases[index] for index in sorted(chosen)]
