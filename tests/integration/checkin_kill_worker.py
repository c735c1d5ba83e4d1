"""A kiosk that can be killed at any moment: the processes behind ``test_checkin_survives_kill``.

Started once per test, it imports everything and then forks one kiosk for each order that it reads on stdin:

    {"store": PATH, "kill": {"commit": 7, "point": "before"}}     dies by SIGKILL at its 7th commit
    {"store": PATH, "kill": {"after_s": 0.031}}                   is killed from outside 31 ms after its birth
    {"store": PATH, "kill": {"open_s": 0.031}}                    … after it has opened its store
    {"store": PATH, "kill": null, "patients": 500}                ends by itself after so many check-ins (4)

Each kiosk walks patients through the real flow, driver, store and outbox. Only the chip, the insurer, the hospital system and
the queue service are stand-ins: the insurer is down for every other question, and what the two others are told is written
into the file ``told`` beside the store, a line each. What the patient sees as confirmed is written at the moment when the
screen shows it. The answer to an order is one line: {"confirmed": [[id, number], …], "commits": n, "killed": bool,
"open_s": seconds from the opening of the store to the end, "memory": [[patients, octets], …]}.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import signal
import sys
import threading
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import alembic.command  # noqa: F401 - loaded here, so that no fork has to

from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.domain.hand_over import HandOver, Receipt
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, EligibilityQuery
from kiosk_ui.app.domain.number import CitizenNumber
from kiosk_ui.app.domain.patient import PatientFinding, PatientKind
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.driver import CheckInDriver, Ports
from kiosk_ui.app.failures import RELAY_UNREACHABLE, GatewayError
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow
from kiosk_ui.app.outbox import Handler, HandOverDelivery, InsuranceCheck, Outbox, QueueDelivery
from kiosk_ui.app.ports import ReadingListener, SystemClock
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import CommitPoint, Database, sqlite_url
from kiosk_ui.app.store.outbox_rows import OutboxKind, OutboxStore
from reader.verification.identity import Assurance, Identity, Sex

PATIENTS = 4  # of a kiosk that ends by itself; one that is to be killed goes on until it is
SAMPLE_EVERY = 25  # patients between two looks at the memory


class Chip:
    """Reads at once."""

    def start(self, key: CitizenNumber, listener: ReadingListener, scanned: object = None) -> None:
        identity = Identity(
            key.digits, "Nguyễn Văn An", dt.date(1985, 2, 3), Sex.MALE, "VNM", None, None, False, None,
            Assurance.CHIP_VERIFIED,
        )  # fmt: skip
        listener.progressed(ReadingStep.IDENTITY, 2, 6)
        listener.finished(ReadResult(identity, Decision.ACCEPT))
        listener.card_removed()

    def cancel(self) -> None:
        """Nothing runs."""


class Insurer:
    """Down for every other question."""

    def __init__(self) -> None:
        self._questions = 0

    def check(self, query: EligibilityQuery) -> Eligibility:
        self._questions += 1
        if self._questions % 2:
            raise GatewayError(RELAY_UNREACHABLE)
        return Eligibility(EligibilityKind.OK, "000", card_number="DN4404012345678", raw="{}")


class Told:
    """The hospital system and the queue service: they write down what they are told, and for every third they are down."""

    def __init__(self, place: Path) -> None:
        self._file = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._calls = 0

    def find(self, query: object) -> PatientFinding:
        return PatientFinding(PatientKind.NEW)

    def hand_over(self, record: HandOver) -> Receipt:
        self._hear(f"hospital {record.key} {record.queue_number}")
        return Receipt()

    def put(self, ticket: Ticket) -> None:
        self._hear(f"queue {ticket.check_in_id} {ticket.number}")

    def _hear(self, line: str) -> None:
        self._calls += 1
        if self._calls % 3 == 0:
            raise GatewayError(RELAY_UNREACHABLE)
        os.write(self._file, f"{line}\n".encode())
        os.fsync(self._file)


class Paper:
    """Prints nothing."""

    def print(self, ticket: object) -> None:
        """The screen counts, not the paper."""


class Bell:
    """Rings nowhere."""

    def ring(self, screen: str, code: str | None) -> None:
        """Nobody comes."""


class AtOnce:
    """Background work is done on the spot, so that each run takes the same steps."""

    def submit(self, work: Callable[[], None], lane: object = None) -> None:
        work()


class Screen:
    """Writes what is confirmed at the moment when it is shown."""

    def __init__(self, out: int) -> None:
        self._out = out

    def show(self, state: s.CheckInState) -> None:
        if isinstance(state.screen, s.TicketReady) and state.screen.printing is s.Printing.PENDING:
            ticket = state.screen.ticket
            os.write(self._out, json.dumps([str(ticket.check_in_id), ticket.number]).encode() + b"\n")

    def clear(self) -> None:
        """Nothing is kept."""


class CommitCounter:
    """Counts commits, and dies at one of them if told to."""

    def __init__(self, fatal: tuple[int, str] | None) -> None:
        self._fatal = fatal
        self.commits = 0

    def __call__(self, _name: str, point: CommitPoint) -> None:
        self.commits += point is CommitPoint.BEFORE
        if self._fatal == (self.commits, point.value):
            os.kill(os.getpid(), signal.SIGKILL)


def resident_octets() -> int:
    """Memory of this process that is in use (proc(5), statm)."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")


def kiosk(store: Path, out: int, fatal: tuple[int, str] | None, patients: int) -> int:
    """Walk patients through their check-ins; returns how many commits it took."""
    counter = CommitCounter(fatal)
    database = Database(sqlite_url(store), counter)
    os.write(out, b'"open"\n')
    tell = (OutboxKind.HAND_OVER, OutboxKind.QUEUE)
    check_ins = CheckInStore(database, Pseudonyms(b"k" * 32), tell=tell)
    insurer, clock, told = Insurer(), SystemClock(), Told(store.with_name(store.name + ".told"))
    handlers: dict[OutboxKind, Handler] = {
        OutboxKind.INSURANCE_CHECK: InsuranceCheck(check_ins, insurer),
        OutboxKind.HAND_OVER: HandOverDelivery(check_ins, told),
        OutboxKind.QUEUE: QueueDelivery(check_ins, told),
    }
    outbox = Outbox(OutboxStore(database), handlers)
    ports = Ports(Chip(), insurer, check_ins, Paper(), Bell(), clock, AtOnce(), Pseudonyms(b"k" * 32), told, check_ins)
    driver = CheckInDriver(CheckInFlow(), ports, Screen(out))
    for patient in range(patients):
        number = f"040{uuid.uuid4().int % 10**9:09d}"  # nobody comes twice: who does is shown the first ticket again
        for event in (ev.NumberKnown(number), ev.Confirmed(), ev.DepartmentChosen("noi"), ev.GoOn()):
            driver.post(event)
            driver.run_pending()
        outbox.run_once(clock.now() + dt.timedelta(hours=1))
        if patient % SAMPLE_EVERY == 0:
            os.write(out, json.dumps({"memory": [patient, resident_octets()]}).encode() + b"\n")
    database.close()
    return counter.commits


def obey(order: dict) -> dict:
    """Fork one kiosk, kill it as ordered, and tell what its screen had confirmed."""
    kill = order["kill"] or {}
    fatal = (kill["commit"], kill["point"]) if "commit" in kill else None
    out, into = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        os.close(out)
        commits = kiosk(Path(order["store"]), into, fatal, 10_000 if kill else order.get("patients", PATIENTS))
        os.write(into, json.dumps({"commits": commits}).encode() + b"\n")
        os._exit(0)
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        # A line is shorter than PIPE_BUF, so it arrives whole or not at all.
        opened = pipe.readline() if "open_s" in kill or not kill else b""
        opened_at = time.monotonic()
        if "open_s" in kill:
            time.sleep(kill["open_s"])
            os.kill(child, signal.SIGKILL)
        elif "after_s" in kill:
            time.sleep(max(0.0, kill["after_s"] - (time.monotonic() - began)))
            os.kill(child, signal.SIGKILL)
        lines = [json.loads(line) for line in (opened, *pipe) if line]
        open_s = time.monotonic() - opened_at
    _, status = os.waitpid(child, 0)
    said = [line for line in lines if isinstance(line, dict)]
    commits = [line["commits"] for line in said if "commits" in line]
    return {
        "confirmed": [line for line in lines if isinstance(line, list)],
        "commits": commits[0] if commits else None,
        "killed": os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL,
        "open_s": open_s,
        "memory": [line["memory"] for line in said if "memory" in line],
    }


def main() -> None:
    """Obey until stdin ends."""
    if threading.active_count() != 1:
        raise SystemExit("forking with threads would be unsafe")
    for line in sys.stdin:
        sys.stdout.write(json.dumps(obey(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
