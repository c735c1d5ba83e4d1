"""``python -m tests.soak_check_ins``: 2,000 check-ins with the kiosk killed at 200 seeded moments.

Half of the moments are commits (right before or right after one of them), the other half lie anywhere in time. What is left
of the check-ins is done by one kiosk that nobody kills, with an eye on its memory. ``--share`` takes that part of it in
percent; the page ``docs/figures/soak-check-ins.md`` says what was really run. The exit status is 1 if a promise was broken.
"""

from __future__ import annotations

import argparse
import dataclasses
import datetime as dt
import random
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.killed_check_ins import (
    Worker,
    check_everything_is_delivered_in_the_end,
    check_store,
    check_who_was_told,
)
from tests.soak import SEED, SHARE_PERCENT

__all__ = ["CHECK_INS", "KILLS", "CheckInSoak", "soak_check_ins"]

CHECK_INS: Final = 2_000
KILLS: Final = 200
LEAST_UNDISTURBED: Final = 25
MOST_GROWTH_OCTETS: Final = 2_000.0
"""Most that a check-in may add to the memory in use: 4 MB in two thousand."""

_SETTLED: Final = (
    650  # check-ins after which the database's own cache (2 MB) is full, and all that is made once has been made
)
PAGE: Final = Path(__file__).parents[1] / "docs" / "figures" / "soak-check-ins.md"


@dataclasses.dataclass(frozen=True, slots=True)
class CheckInSoak:
    """What was run and what came of it.

    Attributes:
        confirmed: check-ins that a screen had confirmed. All of them are in the store, once.
        stored: check-ins in the store; those beyond were stored in the moment before the end of their kiosk.
        killed_at_commits: kiosks that ended right before or after a commit; ``killed_in_time`` anywhere.
        told_twice: deliveries that were repeated; the receiver knows them by their key.
        growth_octets: what a check-in adds to the memory of a kiosk that runs on; ``None`` if too few were looked at.
    """

    confirmed: int
    stored: int
    killed_at_commits: int
    killed_in_time: int
    told_twice: int
    growth_octets: float | None
    undisturbed: int
    seconds: float

    @property
    def is_flat(self) -> bool:
        """Whether the memory stays as it is."""
        return self.growth_octets is None or self.growth_octets < MOST_GROWTH_OCTETS


def soak_check_ins(check_ins: int, kills: int, seed: str, folder: Path) -> CheckInSoak:
    """Run it.

    Raises:
        AssertionError: something confirmed was lost or doubled, or somebody was never told.
    """
    begun = time.monotonic()
    moments = random.Random(f"check-ins {seed}")
    store = folder / "kiosk.sqlite"
    worker = Worker()
    try:
        measured = worker.run(folder / "measured.sqlite", None, patients=4)
        commits, patient_s = measured["commits"] / 4, measured["open_s"] / 4
        of_each = max(1.0, 0.4 * check_ins / max(1, kills))  # more than half are the last kiosk's
        confirmed: list[list[str]] = []
        for number in range(kills):
            if number % 2:
                point = moments.choice(("before", "after"))
                order = {"commit": moments.randint(1, round(2 * of_each * commits)), "point": point}
            else:
                order = {"open_s": moments.uniform(0, 2 * of_each * patient_s)}
            ended = worker.run(store, order)
            assert ended["killed"]
            confirmed += ended["confirmed"]
            if number % 20 == 0:
                check_store(store, confirmed)
        left = max(LEAST_UNDISTURBED, check_ins - len(confirmed), check_ins // 2)  # long enough to see the memory
        last = worker.run(store, None, patients=left)
        confirmed += last["confirmed"]
    finally:
        worker.close()
    assert len(last["confirmed"]) == left
    check_store(store, confirmed)
    check_everything_is_delivered_in_the_end(store)
    check_store(store, confirmed)
    return CheckInSoak(
        confirmed=len(confirmed),
        stored=_count(store),
        killed_at_commits=kills // 2,
        killed_in_time=kills - kills // 2,
        told_twice=check_who_was_told(store),
        growth_octets=_growth(last["memory"]),
        undisturbed=left,
        seconds=time.monotonic() - begun,
    )


def _count(store: Path) -> int:
    connection = sqlite3.connect(store)
    (found,) = connection.execute("select count(*) from check_in").fetchone()
    connection.close()
    return int(found)


def _growth(samples: list[tuple[int, int]]) -> float | None:
    """Octets for each check-in, by least squares over what was seen after the beginning."""
    settled = [(patient, octets) for patient, octets in samples if patient >= _SETTLED]
    if len(settled) < 8:
        return None
    mean_x = sum(x for x, _ in settled) / len(settled)
    mean_y = sum(y for _, y in settled) / len(settled)
    return sum((x - mean_x) * (y - mean_y) for x, y in settled) / sum((x - mean_x) ** 2 for x, _ in settled)


def page(found: CheckInSoak, machine: str, day: dt.date, seed: str) -> str:
    """The figures as a page."""
    growth = "too few to tell" if found.growth_octets is None else f"{found.growth_octets:,.0f} octets a check-in"
    return f"""# Check-ins that survive the plug being pulled

Made by `make soak` (`python -m tests.soak_check_ins`, seed {seed}) on {day}, in {found.seconds / 60:.0f} minutes, on: {machine}.

Each kiosk is a process of its own that walks patients through the real flow, store and outbox until it is killed with
SIGKILL. The insurer is down for every other question, the hospital system and the queue service for every third.

| | |
|---|---|
| check-ins that a screen had confirmed | {found.confirmed:,} |
| of them lost, or stored twice | 0 |
| check-ins in the store | {found.stored:,} (those beyond were stored in the moment before their kiosk ended) |
| kiosks killed right before or after a commit | {found.killed_at_commits} |
| kiosks killed at any moment | {found.killed_in_time} |
| queue numbers given twice, or left out | 0 |
| check-ins of which the hospital system or the queue service never heard | 0 |
| deliveries that were repeated, each with its first key | {found.told_twice} |
| audit trail, sealed records, references, after all of it | whole |
| memory of a kiosk that ran on for {found.undisturbed:,} check-ins | {growth} (at most {MOST_GROWTH_OCTETS:,.0f}) |

A number is part of the transaction that stores its check-in: that none is left out means that no transaction was half there.
Memory is looked at from the {_SETTLED}th check-in on: until then the database fills its cache of 2 MB, once.
SIGKILL ends a process, not a machine; that a commit is on the disk before it is believed is SQLite's `synchronous = FULL`.
"""


def main() -> int:
    """Run, write the page, say whether everything held."""
    from bench.machine import describe

    shape = argparse.ArgumentParser(prog="python -m tests.soak_check_ins", description=__doc__)
    shape.add_argument("--share", type=float, default=SHARE_PERCENT, help="percent (CHIPID_SOAK_SHARE, 1)")
    shape.add_argument("--seed", default=SEED, help="which moments (CHIPID_SOAK_SEED, 0)")
    shape.add_argument("--no-page", action="store_true", help="leave docs/figures as it is")
    asked = shape.parse_args()
    with tempfile.TemporaryDirectory(prefix="chipid-soak-") as folder:
        found = soak_check_ins(
            round(CHECK_INS * asked.share / 100), round(KILLS * asked.share / 100), asked.seed, Path(folder)
        )
    text = page(found, describe(), dt.datetime.now(dt.UTC).date(), asked.seed)
    if not asked.no_page:
        PAGE.parent.mkdir(parents=True, exist_ok=True)
        PAGE.write_text(text, encoding="utf-8")
    sys.stderr.write(text)
    return 0 if found.is_flat else 1


if __name__ == "__main__":
    sys.exit(main())
