"""The outbox: nothing is forgotten, nothing is hammered, and what is done is done once in effect."""

from __future__ import annotations

import dataclasses
import datetime as dt
import threading
import uuid
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.hand_over import HandOver, Receipt
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, EligibilityQuery
from kiosk_ui.app.domain.patient import PatientFinding, PatientKind
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.failures import (
    BIRTH_DATE_INCOMPLETE,
    QUEUE_TICKET_REFUSED,
    RELAY_UNREACHABLE,
    STORE_FULL,
    GatewayError,
    StoreError,
)
from kiosk_ui.app.outbox import (
    BackOff,
    GiveUp,
    HandOverDelivery,
    InsuranceCheck,
    Outbox,
    OutboxRun,
    OutboxThread,
    QueueDelivery,
)
from kiosk_ui.app.ports import SystemClock
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.outbox_rows import OutboxItem, OutboxKind, OutboxStore, add
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.verdict import Decision

START = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)
CHECK_IN = uuid.UUID(int=1)
VALID = Eligibility(EligibilityKind.OK, "000", card_number="DN4404012345678")


class Insurer:
    """Answers from a list; an error in it is raised."""

    def __init__(self, *answers: Eligibility | GatewayError) -> None:
        self.answers = list(answers)
        self.asked: list[EligibilityQuery] = []

    def check(self, query: EligibilityQuery) -> Eligibility:
        self.asked.append(query)
        answer = self.answers.pop(0)
        if isinstance(answer, GatewayError):
            raise answer
        return answer


def draft() -> CheckInDraft:
    identity = Identity(
        "040085000017", "Nguyễn Văn An", dt.date(1985, 2, 3), Sex.MALE, "VNM", None, None, False, None,
        Assurance.CHIP_VERIFIED,
    )  # fmt: skip
    unknown = Eligibility.unavailable("relay.unreachable")
    return CheckInDraft(CHECK_IN, Visitor.from_identity(identity), unknown, DEFAULT_DEPARTMENTS[0], Decision.ACCEPT)


@pytest.fixture
def database(tmp_path: Path):
    opened = Database(sqlite_url(tmp_path / "kiosk.sqlite"))
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> CheckInStore:
    check_ins = CheckInStore(database, Pseudonyms(b"k" * 32))
    check_ins.save(draft(), START)
    return check_ins


def outbox_with(database: Database, store: CheckInStore, insurer: Insurer, **options) -> Outbox:
    handlers = {OutboxKind.INSURANCE_CHECK: InsuranceCheck(store, insurer)}
    return Outbox(OutboxStore(database), handlers, chance=lambda: 0.0, **options)


def test_an_unverified_check_in_is_asked_again_and_becomes_verified(database: Database, store: CheckInStore):
    insurer = Insurer(VALID)
    outbox = outbox_with(database, store, insurer)
    assert outbox.run_once(START) == OutboxRun(delivered=1)
    assert insurer.asked[0].number == "040085000017"
    stored = store.get(CHECK_IN)
    assert stored is not None
    assert stored.insurance_outcome == "valid"
    assert outbox.run_once(START + dt.timedelta(days=1)) == OutboxRun()


def test_pauses_double_while_the_relay_is_down(database: Database, store: CheckInStore):
    down = GatewayError(RELAY_UNREACHABLE)
    insurer = Insurer(down, down, down, VALID)
    outbox = outbox_with(database, store, insurer)
    now, moments = START, []
    while store.get(CHECK_IN).insurance_outcome != "valid":
        if outbox.run_once(now) != OutboxRun():
            moments.append((now - START).seconds)
        now += dt.timedelta(seconds=5)
    assert moments == [0, 15, 45, 105]


def test_a_gateway_that_says_try_later_is_asked_again(database: Database, store: CheckInStore):
    insurer = Insurer(Eligibility(EligibilityKind.RETRY, "100", raw='{"maKetQua":"100"}'), VALID)
    outbox = outbox_with(database, store, insurer)
    assert outbox.run_once(START) == OutboxRun(postponed=1)
    assert store.get(CHECK_IN).insurance_outcome == "unverified"
    assert outbox.run_once(START + dt.timedelta(minutes=1)) == OutboxRun(delivered=1)


def test_what_cannot_be_asked_is_not_asked_for_ever(database: Database, store: CheckInStore):
    outbox = outbox_with(database, store, Insurer(GatewayError(BIRTH_DATE_INCOMPLETE)))
    assert outbox.run_once(START) == OutboxRun(delivered=1)
    assert store.get(CHECK_IN).insurance_outcome == "unverified"
    assert OutboxStore(database).waiting([OutboxKind.INSURANCE_CHECK]) == 0


def test_after_three_days_of_trying_it_is_left_to_staff(database: Database, store: CheckInStore):
    down = GatewayError(RELAY_UNREACHABLE)
    outbox = outbox_with(database, store, Insurer(down, down), back_off=BackOff(fewest_attempts=2))
    assert outbox.run_once(START) == OutboxRun(postponed=1)
    assert outbox.run_once(START + dt.timedelta(days=3)) == OutboxRun(given_up=1)
    assert OutboxStore(database).waiting([OutboxKind.INSURANCE_CHECK]) == 0


def test_a_kiosk_that_was_off_over_a_long_holiday_does_not_give_up_at_its_first_try(
    database: Database, store: CheckInStore
):
    down = GatewayError(RELAY_UNREACHABLE)
    outbox = outbox_with(database, store, Insurer(down, VALID))
    after = START + dt.timedelta(days=9)
    assert outbox.run_once(after) == OutboxRun(postponed=1)  # the network comes up later than the kiosk
    assert outbox.run_once(after + dt.timedelta(minutes=1)) == OutboxRun(delivered=1)


def test_what_was_put_off_or_taken_while_the_clock_ran_ahead_does_not_wait_for_years(
    database: Database, store: CheckInStore
):
    ahead = START + dt.timedelta(days=3_650)
    insurer = Insurer(GatewayError(RELAY_UNREACHABLE), VALID)
    outbox = outbox_with(database, store, insurer)
    assert outbox.run_once(ahead) == OutboxRun(postponed=1)
    leased = OutboxStore(database).lease_next(ahead + dt.timedelta(hours=1), tuple(OutboxKind), dt.timedelta(minutes=2))
    assert leased is not None  # and the process died
    assert outbox.run_once(START) == OutboxRun(delivered=1)


def test_what_was_written_in_1970_is_not_given_up_when_the_clock_is_set_right(tmp_path: Path):
    database = Database(sqlite_url(tmp_path / "kiosk.sqlite"))
    check_ins = CheckInStore(database, Pseudonyms(b"k" * 32))
    check_ins.save(draft(), dt.datetime(1970, 1, 1, 0, 3, tzinfo=dt.UTC))
    outbox = outbox_with(database, check_ins, Insurer(GatewayError(RELAY_UNREACHABLE), VALID))
    assert outbox.run_once(START) == OutboxRun(postponed=1)
    assert outbox.run_once(START + dt.timedelta(minutes=1)) == OutboxRun(delivered=1)
    database.close()


def test_a_mistake_in_one_run_does_not_end_the_runs_that_follow(
    database: Database, store: CheckInStore, caplog: pytest.LogCaptureFixture
):
    tried = threading.Event()
    again = threading.Event()

    def mistaken(item: OutboxItem, now: dt.datetime) -> None:
        if item.kind is OutboxKind.INSURANCE_CHECK and not tried.is_set():
            tried.set()
            raise RuntimeError("Nguyễn Văn An")
        again.set()

    outbox = Outbox(OutboxStore(database), dict.fromkeys(OutboxKind, mistaken))
    thread = OutboxThread(outbox, SystemClock(), interval_s=0.01)
    thread.start()
    assert tried.wait(10)
    assert again.wait(10)
    thread.stop()
    assert "RuntimeError" in caplog.text
    assert "Nguyễn" not in caplog.text


class Hospital:
    """Takes over, or answers from a list of errors first."""

    def __init__(self, *errors: GatewayError) -> None:
        self.errors = list(errors)
        self.taken: list[HandOver] = []

    def find(self, query: object) -> PatientFinding:
        return PatientFinding(PatientKind.NEW)

    def hand_over(self, record: HandOver) -> Receipt:
        if self.errors:
            raise self.errors.pop(0)
        self.taken.append(record)
        return Receipt()


def run_until_settled(outbox: Outbox, runs: int = 10) -> list[OutboxRun]:
    """A kiosk that runs for some hours."""
    happened = [outbox.run_once(START + number * dt.timedelta(minutes=10)) for number in range(runs)]
    return [run for run in happened if run != OutboxRun()]


def test_the_hospital_system_is_told_once_and_the_trail_says_so(database: Database, store: CheckInStore):
    hospital = Hospital(GatewayError(RELAY_UNREACHABLE))
    outbox = Outbox(OutboxStore(database), {OutboxKind.HAND_OVER: HandOverDelivery(store, hospital)})
    assert run_until_settled(outbox) == [OutboxRun(postponed=1), OutboxRun(delivered=1)]
    (record,) = hospital.taken
    assert (record.key, record.queue_number, record.visitor.full_name) == (CHECK_IN, "A001", "Nguyễn Văn An")
    assert ("check_in.handed_over", "taken") in store.audit_of(CHECK_IN)


def test_a_refusal_that_people_have_to_see_to_is_given_up_soon_and_seen_by_staff(
    database: Database, store: CheckInStore
):
    hospital = Hospital(*[GatewayError(QUEUE_TICKET_REFUSED)] * 9)
    outbox = Outbox(OutboxStore(database), {OutboxKind.HAND_OVER: HandOverDelivery(store, hospital)})
    assert run_until_settled(outbox) == [OutboxRun(postponed=1)] * 4 + [OutboxRun(given_up=1)]
    rows = OutboxStore(database)
    (parked,) = rows.parked()
    assert (parked.queue_label, parked.reason, parked.attempts) == ("A001", "queue.ticket_refused", 5)
    assert rows.counts(START).parked == 1
    rows.try_again(START)  # staff have put it right
    hospital.errors.clear()
    assert outbox.run_once(START) == OutboxRun(delivered=1)
    assert rows.counts(START).parked == 0


def test_what_a_handler_calls_hopeless_is_given_up_at_once(database: Database, store: CheckInStore):
    def hopeless(item: OutboxItem, now: dt.datetime) -> None:
        raise GiveUp("hospital.unknown_department")

    outbox = Outbox(OutboxStore(database), {OutboxKind.HAND_OVER: hopeless})
    assert outbox.run_once(START) == OutboxRun(given_up=1)
    assert OutboxStore(database).parked()[0].reason == "hospital.unknown_department"


def test_a_check_in_whose_person_was_deleted_is_not_handed_over(database: Database, store: CheckInStore):
    with database.transaction("delete") as connection:
        connection.exec_driver_sql("delete from patient_snapshot")
    hospital = Hospital()
    outbox = Outbox(OutboxStore(database), {OutboxKind.HAND_OVER: HandOverDelivery(store, hospital)})
    assert outbox.run_once(START) == OutboxRun(given_up=1)
    assert hospital.taken == []
    assert OutboxStore(database).parked()[0].reason == "store.personal_data_gone"


def test_one_damaged_record_does_not_hold_up_the_others(database: Database, store: CheckInStore):
    other = dataclasses.replace(draft(), check_in_id=uuid.UUID(int=2))
    store.save(other, START)
    with database.transaction("damage") as connection:
        connection.exec_driver_sql("update patient_snapshot set content = x'00' where check_in_id = ?", (CHECK_IN.hex,))
    hospital = Hospital()
    outbox = Outbox(OutboxStore(database), {OutboxKind.HAND_OVER: HandOverDelivery(store, hospital)})
    assert outbox.run_once(START) == OutboxRun(delivered=1, postponed=1)
    assert [record.key for record in hospital.taken] == [other.check_in_id]


def test_the_queue_service_gets_the_ticket(database: Database, store: CheckInStore):
    told: list[Ticket] = []

    class Desk:
        def put(self, ticket: Ticket) -> None:
            told.append(ticket)

    queueing = CheckInStore(database, Pseudonyms(b"k" * 32), tell=(OutboxKind.QUEUE,))
    ticket = queueing.save(dataclasses.replace(draft(), check_in_id=uuid.UUID(int=2)), START)
    outbox = Outbox(OutboxStore(database), {OutboxKind.QUEUE: QueueDelivery(queueing, Desk())})
    assert outbox.run_once(START) == OutboxRun(delivered=1)
    assert told == [ticket]


def test_items_of_one_kind_about_one_check_in_keep_their_order(database: Database, store: CheckInStore):
    with database.transaction("again") as connection:
        add(connection, OutboxKind.HAND_OVER, CHECK_IN, START - dt.timedelta(hours=1))  # due earlier, written later
    rows, lease = OutboxStore(database), dt.timedelta(minutes=2)
    first = rows.lease_next(START, [OutboxKind.HAND_OVER], lease)
    assert first is not None
    assert first.idempotency_key == f"hand_over:{CHECK_IN}"
    assert rows.lease_next(START, [OutboxKind.HAND_OVER], lease) is None  # the second waits for the first
    rows.done(first, START)
    second = rows.lease_next(START, [OutboxKind.HAND_OVER], lease)
    assert second is not None
    assert second.idempotency_key == f"hand_over:{CHECK_IN}:2"


def test_counts_never_say_that_something_is_younger_than_nothing(database: Database, store: CheckInStore):
    counts = OutboxStore(database).counts(START - dt.timedelta(days=3_650))  # the clock went back
    assert (counts.waiting, counts.oldest_age) == (2, dt.timedelta())


def test_chores_are_done_beside_the_outbox_and_their_failure_stops_nothing(
    database: Database, store: CheckInStore, caplog: pytest.LogCaptureFixture
):
    done = threading.Event()
    failed: list[float] = []

    def failing(now: dt.datetime, monotonic_s: float) -> None:
        failed.append(monotonic_s)
        raise StoreError(STORE_FULL)

    def working(now: dt.datetime, monotonic_s: float) -> None:
        if len(failed) > 1:
            done.set()

    outbox = Outbox(OutboxStore(database), {})
    thread = OutboxThread(outbox, SystemClock(), interval_s=0.01, chores=(failing, working))
    thread.start()
    assert done.wait(10)
    thread.stop()
    assert "store.disk_full" in caplog.text


def test_kinds_that_nobody_handles_wait_unharmed(database: Database, store: CheckInStore):
    outbox_with(database, store, Insurer(VALID)).run_once(START)
    assert OutboxStore(database).waiting([OutboxKind.HAND_OVER]) == 1
    assert Outbox(OutboxStore(database), {}).run_once(START) == OutboxRun()


def test_a_delivery_that_died_comes_round_again_with_the_same_key(database: Database, store: CheckInStore):
    rows = OutboxStore(database)
    lease = dt.timedelta(minutes=2)
    kinds = [OutboxKind.INSURANCE_CHECK]
    first = rows.lease_next(START, kinds, lease)
    assert first is not None
    assert rows.lease_next(START + dt.timedelta(minutes=1), kinds, lease) is None  # nobody else's meanwhile
    second = rows.lease_next(START + dt.timedelta(minutes=2), kinds, lease)
    assert second == first


def test_one_bad_item_does_not_hold_up_the_others(database: Database, store: CheckInStore):
    delivered: list[OutboxItem] = []

    def hand_over(item: OutboxItem, now: dt.datetime) -> None:
        delivered.append(item)

    handlers = {
        OutboxKind.INSURANCE_CHECK: InsuranceCheck(store, Insurer(GatewayError(RELAY_UNREACHABLE))),
        OutboxKind.HAND_OVER: hand_over,
    }
    assert Outbox(OutboxStore(database), handlers).run_once(START) == OutboxRun(delivered=1, postponed=1)
    assert delivered[0].idempotency_key == f"hand_over:{CHECK_IN}"


@given(st.integers(1, 200), st.floats(0, 1, exclude_max=True))
def test_every_pause_lies_between_half_and_the_whole(failures: int, chance: float):
    back_off = BackOff()
    whole = min(back_off.longest_s, back_off.first_s * 2 ** (failures - 1))
    assert whole / 2 <= back_off.pause(failures, chance).total_seconds() <= whole
