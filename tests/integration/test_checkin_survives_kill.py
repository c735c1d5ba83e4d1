"""A kiosk is killed before and after every commit and at 200 random moments: what a patient saw confirmed is stored, once."""

from __future__ import annotations

import json
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, EligibilityQuery
from kiosk_ui.app.outbox import InsuranceCheck, Outbox
from kiosk_ui.app.ports import SystemClock
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.outbox_rows import OutboxKind, OutboxStore

SEED = 20260302
RANDOM_KILLS = 200


class Worker:
    """The process that forks kiosks."""

    def __init__(self) -> None:
        program = Path(__file__).with_name("checkin_kill_worker.py")
        self.process = subprocess.Popen(
            [sys.executable, str(program)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, store: Path, kill: dict | None) -> dict:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"store": str(store), "kill": kill}) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def close(self) -> None:
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        self.process.stdout.close()


@pytest.fixture
def worker() -> Iterator[Worker]:
    running = Worker()
    yield running
    running.close()


def rows(store: Path, query: str) -> list[tuple]:
    connection = sqlite3.connect(store)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def check_store(store: Path, confirmed: list[list[str]]) -> None:
    """What must be true after any number of sudden deaths."""
    if not rows(store, "select name from sqlite_master"):
        assert not confirmed  # died before the first commit of all
        return
    assert rows(store, "pragma integrity_check") == [("ok",)]
    stored = Counter(rows(store, "select id, queue_label from check_in"))
    for check_in_id, number in confirmed:
        assert stored[check_in_id.replace("-", ""), number] == 1, f"{number} was confirmed"
    labels = Counter(rows(store, "select department, day, queue_label from check_in"))
    assert max(labels.values(), default=1) == 1, "a queue number was given twice"
    # A transaction is whole or not there: no gap in the numbers, nothing without its companions.
    for department, day, last in rows(store, "select department, day, last_number from queue_counter"):
        numbers = "select queue_number from check_in where department = ? and day = ?"
        connection = sqlite3.connect(store)
        drawn = sorted(number for (number,) in connection.execute(numbers, (department, day)))
        connection.close()
        assert drawn == list(range(1, last + 1))
    total = len(rows(store, "select id from check_in"))
    for companions in (
        "select check_in_id from patient_snapshot",
        "select check_in_id from outbox where kind = 'hand_over'",
        "select distinct check_in_id from insurance_answer",
        "select check_in_id from audit_log where action = 'check_in.stored'",
    ):
        assert len(rows(store, companions)) == total
    unverified = set(rows(store, "select id from check_in where insurance_outcome = 'unverified'"))
    waiting = "select check_in_id from outbox where kind = 'insurance_check' and done_at is null"
    assert unverified <= set(rows(store, waiting)), "an unverified check-in would never be asked about again"


class Insurer:
    """Is back."""

    def check(self, query: EligibilityQuery) -> Eligibility:
        return Eligibility(EligibilityKind.OK, "000", card_number="DN4404012345678")


def check_everything_is_delivered_in_the_end(store: Path) -> None:
    database = Database(sqlite_url(store))
    check_ins = CheckInStore(database, Pseudonyms(b"k" * 32))
    outbox = Outbox(OutboxStore(database), {OutboxKind.INSURANCE_CHECK: InsuranceCheck(check_ins, Insurer())})
    later = SystemClock().now().replace(year=SystemClock().now().year + 1)
    outbox.run_once(later, limit=100_000)
    assert OutboxStore(database).waiting([OutboxKind.INSURANCE_CHECK]) == 0
    database.close()
    assert rows(store, "select count(*) from check_in where insurance_outcome = 'unverified'") == [(0,)]


@pytest.mark.slow
def test_killed_before_and_after_every_commit(worker: Worker, tmp_path: Path):
    undisturbed = worker.run(tmp_path / "undisturbed.sqlite", None)
    assert len(undisturbed["confirmed"]) == 4
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
        if number % 20 == 0:  # how long a check-in takes on this machine, as busy as it is now
            patient_s = patient_seconds(worker, tmp_path / f"measured-{number}.sqlite")
        ended = worker.run(store, {"open_s": moments.uniform(0.0, 3.0) * patient_s})
        assert ended["killed"]
        confirmed += ended["confirmed"]
    assert len(confirmed) > RANDOM_KILLS / 4, "the kiosk hardly ever got as far as a ticket"
    check_store(store, confirmed)
    check_everything_is_delivered_in_the_end(store)
    check_store(store, confirmed)


@pytest.mark.slow
def test_killed_within_its_first_start(worker: Worker, tmp_path: Path):
    moments = random.Random(SEED)
    for attempt in range(20):
        store = tmp_path / f"first-{attempt}.sqlite"
        worker.run(store, {"after_s": moments.uniform(0.0, 0.08)})
        again = worker.run(store, None)  # a half-made store must not keep the next start from working
        check_store(store, again["confirmed"])
        assert len(again["confirmed"]) == 4
