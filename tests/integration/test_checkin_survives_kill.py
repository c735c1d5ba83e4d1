"""A kiosk is killed before and after every commit and at random moments: what a patient saw confirmed is stored, once."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.killed_check_ins import (
    Worker,
    check_everything_is_delivered_in_the_end,
    check_store,
    check_who_was_told,
)

SEED = 20260302
RANDOM_KILLS = 24  # `make soak` has 200 of them over 2,000 check-ins


@pytest.fixture
def worker() -> Iterator[Worker]:
    running = Worker()
    yield running
    running.close()


@pytest.mark.slow
def test_killed_before_and_after_every_commit(worker: Worker, tmp_path: Path):
    undisturbed = worker.run(tmp_path / "undisturbed.sqlite", None, patients=2)
    assert len(undisturbed["confirmed"]) == 2
    commits = undisturbed["commits"]
    assert commits > 12, "migration, check-ins, reads, leases, answers, ticking off"
    for point in ("before", "after"):
        store = tmp_path / f"{point}.sqlite"
        confirmed = []
        for commit in range(1, commits + 1):
            ended = worker.run(store, {"commit": commit, "point": point})
            assert ended["killed"]
            confirmed += ended["confirmed"]
            check_store(store, confirmed)
        assert confirmed
        check_everything_is_delivered_in_the_end(store)
        check_store(store, confirmed)
        check_who_was_told(store)


def patient_seconds(worker: Worker, store: Path) -> float:
    """For one patient, in a kiosk that nobody disturbs."""
    undisturbed = worker.run(store, None)
    return undisturbed["open_s"] / len(undisturbed["confirmed"])


@pytest.mark.slow
def test_killed_at_random_moments(worker: Worker, tmp_path: Path):
    moments = random.Random(SEED)
    store = tmp_path / "random.sqlite"
    confirmed: list[list[str]] = []
    for number in range(RANDOM_KILLS):
        if number % 12 == 0:  # how long a check-in takes on this machine, as busy as it is now
            patient_s = patient_seconds(worker, tmp_path / f"measured-{number}.sqlite")
        ended = worker.run(store, {"open_s": moments.uniform(0.0, 3.0) * patient_s})
        assert ended["killed"]
        confirmed += ended["confirmed"]
    assert len(confirmed) > RANDOM_KILLS / 4, "the kiosk hardly ever got as far as a ticket"
    check_store(store, confirmed)
    check_everything_is_delivered_in_the_end(store)
    check_store(store, confirmed)
    check_who_was_told(store)


@pytest.mark.slow
def test_killed_within_its_first_start(worker: Worker, tmp_path: Path):
    moments = random.Random(SEED)
    for attempt in range(8):
        store = tmp_path / f"first-{attempt}.sqlite"
        worker.run(store, {"after_s": moments.uniform(0.0, 0.08)})
        again = worker.run(store, None)  # a half-made store must not keep the next start from working
        check_store(store, again["confirmed"])
        assert len(again["confirmed"]) == 4
