"""What must be true of a store after any number of sudden deaths; for the kill tests and for the long run."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.domain.hand_over import HandOver, Receipt
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, EligibilityQuery
from kiosk_ui.app.domain.patient import PatientFinding, PatientKind, PatientQuery
from kiosk_ui.app.outbox import HandOverDelivery, InsuranceCheck, Outbox, QueueDelivery
from kiosk_ui.app.ports import SystemClock
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.checking import check_store as look_at
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.outbox_rows import OutboxKind, OutboxStore

__all__ = ["Worker", "check_everything_is_delivered_in_the_end", "check_store", "check_who_was_told"]

_WORKER = Path(__file__).parent / "integration" / "checkin_kill_worker.py"


class Worker:
    """The process that forks kiosks."""

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(_WORKER)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, store: Path, kill: dict[str, Any] | None, patients: int = 4) -> dict[str, Any]:
        """One kiosk, killed as ordered or ended by itself; what it said."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.write(json.dumps({"store": str(store), "kill": kill, "patients": patients}) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer

    def close(self) -> None:
        """End it."""
        assert self.process.stdin
        assert self.process.stdout
        self.process.stdin.close()
        assert self.process.wait(30) == 0
        self.process.stdout.close()


def _rows(store: Path, query: str, *values: object) -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(store)
    try:
        return connection.execute(query, values).fetchall()
    finally:
        connection.close()


def check_store(store: Path, confirmed: list[list[str]]) -> None:
    """Nothing confirmed is lost or doubled, and every transaction is whole or not there."""
    if not _rows(store, "select name from sqlite_master"):
        assert not confirmed  # died before the first commit of all
        return
    assert _rows(store, "pragma integrity_check") == [("ok",)]
    stored = Counter(_rows(store, "select id, queue_label from check_in"))
    for check_in_id, number in confirmed:
        assert stored[check_in_id.replace("-", ""), number] == 1, f"{number} was confirmed"
    labels = Counter(_rows(store, "select department, day, queue_label from check_in"))
    assert max(labels.values(), default=1) == 1, "a queue number was given twice"
    # A transaction is whole or not there: no gap in the numbers, nothing without its companions.
    for department, day, last in _rows(store, "select department, day, last_number from queue_counter"):
        numbers = "select queue_number from check_in where department = ? and day = ?"
        assert sorted(number for (number,) in _rows(store, numbers, department, day)) == list(range(1, last + 1))
    total = len(stored)
    for companions in (
        "select check_in_id from patient_snapshot",
        "select distinct check_in_id from outbox where kind = 'hand_over'",  # again when insurance is verified later
        "select check_in_id from outbox where kind = 'queue'",
        "select distinct check_in_id from insurance_answer",
        "select check_in_id from audit_log where action = 'check_in.stored'",
    ):
        assert len(_rows(store, companions)) == total
    unverified = set(_rows(store, "select id from check_in where insurance_outcome = 'unverified'"))
    waiting = "select check_in_id from outbox where kind = 'insurance_check' and state = 'waiting'"
    assert unverified <= set(_rows(store, waiting)), "an unverified check-in would never be asked about again"


class _Back:
    """The insurer, the hospital system and the queue service, all back. They add to the file of those before them."""

    def __init__(self, told: Path) -> None:
        self._told = told

    def check(self, query: EligibilityQuery) -> Eligibility:
        return Eligibility(EligibilityKind.OK, "000", card_number="DN4404012345678")

    def find(self, query: PatientQuery) -> PatientFinding:
        return PatientFinding(PatientKind.NEW)

    def hand_over(self, record: HandOver) -> Receipt:
        self._hear(f"hospital {record.key} {record.queue_number}")
        return Receipt()

    def put(self, ticket: Ticket) -> None:
        self._hear(f"queue {ticket.check_in_id} {ticket.number}")

    def _hear(self, line: str) -> None:
        with self._told.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def _told_file(store: Path) -> Path:
    return store.with_name(store.name + ".told")


def check_everything_is_delivered_in_the_end(store: Path) -> None:
    """With everybody back, the outbox empties, and the chain, the seals and the references hold."""
    database = Database(sqlite_url(store))
    check_ins, back = CheckInStore(database, Pseudonyms(b"k" * 32)), _Back(_told_file(store))
    handlers = {
        OutboxKind.INSURANCE_CHECK: InsuranceCheck(check_ins, back),
        OutboxKind.HAND_OVER: HandOverDelivery(check_ins, back),
        OutboxKind.QUEUE: QueueDelivery(check_ins, back),
    }
    now = SystemClock().now()
    Outbox(OutboxStore(database), handlers).run_once(now.replace(year=now.year + 1), limit=100_000)
    counts = OutboxStore(database).counts()
    assert (counts.waiting, counts.parked) == (0, 0)
    assert look_at(database).problems == ()
    database.close()
    assert _rows(store, "select count(*) from check_in where insurance_outcome = 'unverified'") == [(0,)]


def check_who_was_told(store: Path) -> int:
    """Everybody was told of every check-in, and always the same. Returns how often somebody was told twice."""
    lines = Counter(_told_file(store).read_text(encoding="utf-8").splitlines())
    for check_in_id, number in _rows(store, "select id, queue_label from check_in"):
        dashed = f"{check_in_id[:8]}-{check_in_id[8:12]}-{check_in_id[12:16]}-{check_in_id[16:20]}-{check_in_id[20:]}"
        for whom in ("hospital", "queue"):
            assert f"{whom} {dashed} {number}" in lines, f"the {whom} was never told of {number}"
    assert len(lines) == 2 * len(_rows(store, "select id from check_in")), "somebody was told of another number"
    return sum(lines.values()) - len(lines)
