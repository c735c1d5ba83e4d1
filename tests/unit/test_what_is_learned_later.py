"""What is learned of a check-in later reaches the hospital system: insurance, and that staff compared the face."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk_ui.app.domain.check_in import CheckInDraft, HolderMark
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.hand_over import HandOver, Receipt
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, EligibilityQuery
from kiosk_ui.app.domain.patient import PatientFinding, PatientKind, PatientQuery
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.failures import QUEUE_UNREACHABLE, RELAY_UNREACHABLE, GatewayError
from kiosk_ui.app.holder_marks import HolderMarks
from kiosk_ui.app.outbox import HandOverDelivery, InsuranceCheck, Outbox
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.outbox_rows import OutboxKind, OutboxStore
from reader.verification.identity import Assurance, HolderChecked, Identity, Sex
from reader.verification.verdict import Decision

START = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)  # a quarter past seven in Vietnam
DAY = dt.date(2026, 3, 2)
HANOI = dt.timezone(dt.timedelta(hours=7))
VALID = Eligibility(EligibilityKind.OK, "000", card_number="040085000017")


class Hospital:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[HandOver] = []
        self.is_down = False

    def find(self, query: PatientQuery) -> PatientFinding:
        return PatientFinding(PatientKind.UNAVAILABLE)

    def hand_over(self, record: HandOver) -> Receipt:
        if self.is_down:
            raise GatewayError(RELAY_UNREACHABLE)
        self.told.append(record)
        return Receipt("V1")


class Insurer:
    """Down until it is told to answer."""

    answer: Eligibility | None = None

    def check(self, query: EligibilityQuery) -> Eligibility:
        if self.answer is None:
            raise GatewayError(RELAY_UNREACHABLE)
        return self.answer


class Kiosk:
    """A store with one check-in, its outbox, and what it talks to."""

    def __init__(self, database: Database) -> None:
        self.hospital, self.insurer = Hospital(), Insurer()
        self.database = database
        told = (OutboxKind.HAND_OVER, OutboxKind.QUEUE)
        self.store = CheckInStore(database, Pseudonyms(b"k" * 32), tell=told)
        handlers = {
            OutboxKind.INSURANCE_CHECK: InsuranceCheck(self.store, self.insurer),
            OutboxKind.HAND_OVER: HandOverDelivery(self.store, self.hospital),
        }
        self.outbox = Outbox(OutboxStore(database), handlers, chance=lambda: 0.0)
        self.now = START
        self.ticket = self.store.save(draft(uuid.UUID(int=1)), START)

    def tell_queue(self) -> None:
        """The queue service gets what it is to get."""
        Outbox(OutboxStore(self.database), {OutboxKind.QUEUE: lambda item, now: None}).run_once(self.now)

    def run(self, hours: float = 1.0) -> None:
        self.now += dt.timedelta(hours=hours)
        self.outbox.run_once(self.now)
        self.outbox.run_once(self.now)


def draft(check_in_id: uuid.UUID, eligibility: Eligibility | None = None) -> CheckInDraft:
    identity = Identity(
        "040085000017", "Nguyễn Văn An", dt.date(1985, 2, 3), Sex.MALE, "VNM", None, None, False, None,
        Assurance.CHIP_VERIFIED,
    )  # fmt: skip
    said = eligibility or Eligibility.unavailable("relay.unreachable")
    return CheckInDraft(check_in_id, Visitor.from_identity(identity), said, DEFAULT_DEPARTMENTS[0], Decision.ACCEPT)


@pytest.fixture
def kiosk(tmp_path: Path) -> Iterator[Kiosk]:
    opened = Database(sqlite_url(tmp_path / "kiosk.sqlite"))
    yield Kiosk(opened)
    opened.close()


# ------------------------------------------------------------------------------------------ insurance
def test_insurance_that_is_verified_later_is_handed_over_again(kiosk: Kiosk) -> None:
    kiosk.run()
    assert [each.eligibility.code for each in kiosk.hospital.told] == ["relay.unreachable"]
    kiosk.insurer.answer = VALID
    kiosk.run()
    assert [each.eligibility.code for each in kiosk.hospital.told] == ["relay.unreachable", "000"]
    assert {each.key for each in kiosk.hospital.told} == {uuid.UUID(int=1)}, "the same visit"
    kiosk.run(24)
    assert len(kiosk.hospital.told) == 2, "and then no more"


def test_a_hospital_that_was_down_all_the_while_is_told_once(kiosk: Kiosk) -> None:
    kiosk.hospital.is_down = True
    kiosk.run()
    kiosk.insurer.answer = VALID
    kiosk.run()
    kiosk.hospital.is_down = False
    kiosk.run(8)
    assert [each.eligibility.code for each in kiosk.hospital.told] == ["000"]


def test_what_is_learned_while_a_hand_over_is_under_way_is_told_after_it(kiosk: Kiosk) -> None:
    rows = OutboxStore(kiosk.database)
    taken = rows.lease_next(START, (OutboxKind.HAND_OVER,), dt.timedelta(minutes=2))
    assert taken is not None
    kiosk.store.record_insurance(uuid.UUID(int=1), VALID, START)
    rows.done(taken, START)
    kiosk.run()
    assert [each.eligibility.code for each in kiosk.hospital.told] == ["000"]


def test_an_answer_that_says_nothing_tells_nobody_anything(kiosk: Kiosk) -> None:
    kiosk.run()
    kiosk.store.record_insurance(uuid.UUID(int=1), Eligibility.unavailable("relay.no_answer_in_time"), START)
    kiosk.run()
    assert len(kiosk.hospital.told) == 1


# -------------------------------------------------------------------------------------------- holders
class Marks:
    """A queue service with marks by day."""

    def __init__(self, **by_day: list[HolderMark]) -> None:
        self.by_day = by_day
        self.asked: list[dt.date] = []
        self.is_down = False

    def holder_marks(self, day: dt.date) -> list[HolderMark]:
        self.asked.append(day)
        if self.is_down:
            raise GatewayError(QUEUE_UNREACHABLE)
        return self.by_day.get(f"d{day:%Y%m%d}", [])


def test_a_desks_mark_is_written_into_the_check_in_and_handed_over(kiosk: Kiosk) -> None:
    kiosk.tell_queue()
    kiosk.run()
    marks = Marks(
        d20260302=[HolderMark(kiosk.ticket.number, HolderChecked.STAFF), HolderMark("Z999", HolderChecked.STAFF)]
    )
    chore = HolderMarks(marks, kiosk.store, HANOI)
    for second in range(0, 180, 5):
        chore(kiosk.now, float(second))
    assert marks.asked == [DAY - dt.timedelta(days=1), DAY] * 3, "once a minute"
    kiosk.run()
    assert [each.holder_checked for each in kiosk.hospital.told] == [HolderChecked.NONE, HolderChecked.STAFF]
    stored = kiosk.store.get(uuid.UUID(int=1))
    assert stored is not None
    assert stored.holder_checked == "staff"
    assert ("holder.checked", "staff") in kiosk.store.audit_of(uuid.UUID(int=1))
    again = kiosk.store.ticket_of(uuid.UUID(int=1))
    assert again is not None
    assert again.holder_checked is HolderChecked.STAFF


def test_a_mark_that_is_taken_back_is_taken_back_here_too(kiosk: Kiosk) -> None:
    kiosk.tell_queue()
    for checked in (HolderChecked.STAFF, HolderChecked.STAFF, HolderChecked.NONE):
        kiosk.store.record_holder(DAY, kiosk.ticket.number, checked, START)
    kiosk.run()
    assert [each.holder_checked for each in kiosk.hospital.told] == [HolderChecked.NONE]
    said = [outcome for action, outcome in kiosk.store.audit_of(uuid.UUID(int=1)) if action == "holder.checked"]
    assert said == ["staff", "none"], "the trail keeps both"


def test_a_mark_on_another_days_number_vouches_for_nobody(kiosk: Kiosk) -> None:
    kiosk.tell_queue()
    assert not kiosk.store.record_holder(DAY - dt.timedelta(days=1), kiosk.ticket.number, HolderChecked.STAFF, START)
    assert not kiosk.store.record_holder(DAY, "A999", HolderChecked.STAFF, START)
    stored = kiosk.store.get(uuid.UUID(int=1))
    assert stored is not None
    assert stored.holder_checked == "none"


def test_a_mark_from_before_the_service_has_our_ticket_is_a_strangers(kiosk: Kiosk) -> None:
    """A kiosk whose store was lost draws the morning's numbers again, and the marks of the morning are still there."""
    assert not kiosk.store.record_holder(DAY, kiosk.ticket.number, HolderChecked.STAFF, START)
    stored = kiosk.store.get(uuid.UUID(int=1))
    assert stored is not None
    assert stored.holder_checked == "none"
    kiosk.tell_queue()
    assert kiosk.store.record_holder(DAY, kiosk.ticket.number, HolderChecked.STAFF, START)


def test_a_service_that_is_down_costs_one_question_and_is_asked_again(kiosk: Kiosk) -> None:
    kiosk.tell_queue()
    marks = Marks(d20260302=[HolderMark(kiosk.ticket.number, HolderChecked.STAFF)])
    marks.is_down = True
    chore = HolderMarks(marks, kiosk.store, HANOI)
    chore(kiosk.now, 0.0)
    assert len(marks.asked) == 1
    marks.is_down = False
    chore(kiosk.now, 61.0)
    stored = kiosk.store.get(uuid.UUID(int=1))
    assert stored is not None
    assert stored.holder_checked == "staff"
