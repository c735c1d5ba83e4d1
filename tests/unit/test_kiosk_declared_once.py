"""Who declares the same person twice a day holds one number, and learns nothing that they did not say themselves."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools
import uuid
from pathlib import Path

import pytest

from kiosk_ui.app.audit import AuditAction
from kiosk_ui.app.declared_today import DeclaredOnce
from kiosk_ui.app.domain.check_in import CheckInDraft, Ticket, TicketKind, reference_of
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.visitor import NumberKind, Visitor, is_same_declaration
from kiosk_ui.app.failures import STORE_DAMAGED, STORE_UNAVAILABLE, StoreError
from kiosk_ui.app.flows.rules import CheckInRules
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import Database, sqlite_url
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.verdict import Decision

HERE = dt.timezone(dt.timedelta(hours=7))
MORNING = dt.datetime(2026, 3, 2, 7, 15, tzinfo=HERE)
LATER = MORNING + dt.timedelta(hours=3)
RULES = CheckInRules()
NUMBERS = itertools.count(1)

TYPED = Visitor(
    number="040085000017",
    number_kind=NumberKind.CITIZEN,
    full_name="Đặng Thị Quý",
    date_of_birth=dt.date(1955, 1, 1),
    birth_year=1955,
    sex=Sex.UNSPECIFIED,
    nationality="",
    address=None,
    assurance=Assurance.TYPED,
    identification=Identification.TYPED,
)
NO_NUMBER = dataclasses.replace(TYPED, number="", number_kind=NumberKind.NONE)
YEAR_ONLY = {"date_of_birth": None, "birth_year": 1955}
MOTHER = Identity(
    "040190000017", "Đặng Thị Mẹ", dt.date(1990, 1, 1), Sex.FEMALE, "", None, None, False, None, Assurance.DECLARED_QR
)
BY_CHIP = dataclasses.replace(MOTHER, assurance=Assurance.CHIP_VERIFIED)


def changed(who: Visitor, **fields: object) -> Visitor:
    return dataclasses.replace(who, **fields)


def draft(who: Visitor, *missing: str, **fields: object) -> CheckInDraft:
    made = CheckInDraft(
        uuid.UUID(int=next(NUMBERS)), who, Eligibility.not_asked("kiosk.insurance_not_asked"), RULES.counter_queue,
        Decision.REFER, exit=TicketKind.COUNTER, missing=missing or ("identity",), counter="1",
    )  # fmt: skip
    return dataclasses.replace(made, **fields)


@pytest.fixture
def store(tmp_path: Path):
    database = Database(sqlite_url(tmp_path / "kiosk" / "kiosk.sqlite"))
    yield CheckInStore(database, Pseudonyms(b"k" * 32), zone=HERE)
    database.close()


@pytest.fixture
def once(store: CheckInStore) -> DeclaredOnce:
    return DeclaredOnce(store, store, HERE)


# ------------------------------------------------------------------------------------ who is the same
@pytest.mark.parametrize(
    ("again", "same"),
    [
        (TYPED, True),
        (changed(TYPED, full_name="dang thi quy"), True),
        (changed(TYPED, **YEAR_ONLY), True),
        (changed(TYPED, identification=Identification.PHONE, assurance=Assurance.DECLARED_APP), True),
        (changed(TYPED, full_name="Nguyễn Văn An"), False),
        (changed(TYPED, number="040085000018"), False),
        (changed(TYPED, date_of_birth=dt.date(1955, 1, 2)), False),
        (changed(TYPED, date_of_birth=None, birth_year=1956), False),
        (changed(TYPED, number_kind=NumberKind.DOCUMENT), False),
        (NO_NUMBER, False),
    ],
    ids=["the very same", "without marks", "the year alone", "from the phone", "another name", "another number",
         "another day", "another year", "another kind", "no number"],
)  # fmt: skip
def test_who_counts_as_the_same_with_a_number(once: DeclaredOnce, again: Visitor, same: bool):
    first, second = once.save(draft(TYPED), MORNING), once.save(draft(again), LATER)
    assert (second.number == first.number) is same
    assert is_same_declaration(again, TYPED) is is_same_declaration(TYPED, again) is same


@pytest.mark.parametrize(
    ("again", "same"),
    [
        (NO_NUMBER, True),
        (changed(NO_NUMBER, full_name="đặng thị quý"), True),
        (changed(NO_NUMBER, full_name="Dang Thi Quy"), False),
        (changed(NO_NUMBER, date_of_birth=dt.date(1955, 1, 2)), False),
        (changed(NO_NUMBER, **YEAR_ONLY), False),
    ],
    ids=["the very same", "small letters", "without marks", "another day", "the year alone"],
)
def test_without_a_number_only_the_very_same_name_and_day_will_do(once: DeclaredOnce, again: Visitor, same: bool):
    first, second = once.save(draft(NO_NUMBER), MORNING), once.save(draft(again), LATER)
    assert (second.number == first.number) is same


@pytest.mark.parametrize(
    "more",
    [
        {"guardian": MOTHER},
        {"guardian": BY_CHIP},
        {"date_of_birth": dt.date(1955, 1, 1)},
        {"address": "Thôn Mẫu, xã Thử"},
    ],
    ids=["a guardian", "a guardian's chip", "the whole day", "an address"],
)
def test_who_says_more_the_second_time_is_stored_with_all_of_it(
    once: DeclaredOnce, store: CheckInStore, more: dict[str, object]
):
    """What a slip says must be in the record that its reference names: a counter looks there."""
    little = changed(TYPED, **YEAR_ONLY)
    if more.get("guardian") is BY_CHIP:
        little = changed(little, guardian=MOTHER)
    first, second = once.save(draft(little), MORNING), once.save(draft(changed(little, **more)), LATER)
    assert second.check_in_id != first.check_in_id
    kept = store.draft_of(second.check_in_id)
    assert kept is not None
    for name, value in more.items():
        assert getattr(kept.visitor, name) == value
    third = once.save(draft(little), LATER)
    assert third.check_in_id == second.check_in_id, "who says less again holds the newest number"


def test_two_of_one_name_and_year_do_not_share_a_number(once: DeclaredOnce):
    who = changed(NO_NUMBER, **YEAR_ONLY)
    assert once.save(draft(who), MORNING).number != once.save(draft(who), LATER).number


def test_two_children_whose_communes_count_alike_do_not_share_a_number(once: DeclaredOnce):
    kind = NumberKind.BIRTH_CERTIFICATE
    one = changed(
        TYPED, number="123/2023", number_kind=kind, full_name="Lê Thị Bé", birth_year=2023, date_of_birth=None
    )
    other = changed(one, full_name="Trần Văn Bé")
    assert once.save(draft(one), MORNING).number != once.save(draft(other), LATER).number


def test_tomorrow_is_another_day(once: DeclaredOnce):
    first = once.save(draft(TYPED), MORNING)
    second = once.save(draft(TYPED), MORNING + dt.timedelta(days=1))
    assert second.check_in_id != first.check_in_id


# -------------------------------------------------------------------------- what the paper gives away
def test_the_second_slip_says_nothing_that_was_not_said_by_who_holds_it(once: DeclaredOnce, store: CheckInStore):
    """A stranger who knows a name and a number must not be told the day of birth, or when its owner came."""
    unverified = Eligibility.unavailable("kiosk.insurance_asked_later")
    first = once.save(draft(TYPED, "identity", priority=Priority.AGE, eligibility=unverified), MORNING)
    refused = Eligibility(EligibilityKind.MISMATCH_NAME, "060")
    store.record_insurance(first.check_in_id, refused, MORNING + dt.timedelta(minutes=1))
    stranger = changed(TYPED, full_name="dang thi quy", **YEAR_ONLY)
    asked = draft(stranger, "identity", "date_of_birth", eligibility=unverified)
    second = once.save(asked, LATER)
    alone = once.save(draft(changed(stranger, number="040085000999"), *asked.missing, eligibility=unverified), LATER)
    assert second.slip is not None
    assert alone.slip is not None
    assert second.slip.reference == reference_of(first.check_in_id), "the counter finds the one record"
    differing = {
        field.name for field in dataclasses.fields(Ticket) if getattr(second, field.name) != getattr(alone, field.name)
    }
    assert differing == {"check_in_id", "number", "slip"}
    private = {"reference": "", "masked_number": ""}
    assert dataclasses.replace(second.slip, **private) == dataclasses.replace(alone.slip, **private)


def test_the_number_that_a_chip_was_given_stays_unknown_to_who_only_says_so(once: DeclaredOnce, store: CheckInStore):
    by_chip = changed(TYPED, identification=Identification.CHIP, assurance=Assurance.CHIP_VERIFIED)
    department = RULES.departments[0]
    chip = once.save(draft(by_chip, department=department, exit=TicketKind.QUEUE), MORNING)
    chip_slip = once.save(draft(by_chip), MORNING)
    declared = once.save(draft(TYPED), LATER)
    assert declared.number not in (chip.number, chip_slip.number)
    assert declared.check_in_id not in (chip.check_in_id, chip_slip.check_in_id)


def test_a_chip_is_never_given_a_declared_slip_in_place_of_its_own_number(once: DeclaredOnce):
    declared = once.save(draft(TYPED), MORNING)
    by_chip = changed(TYPED, identification=Identification.CHIP, assurance=Assurance.CHIP_VERIFIED)
    assert once.save(draft(by_chip), LATER).check_in_id != declared.check_in_id


# ------------------------------------------------------------------------------------ what is kept
def test_one_record_and_a_line_in_the_trail(once: DeclaredOnce, store: CheckInStore):
    first = once.save(draft(TYPED), MORNING)
    once.save(draft(TYPED), LATER)
    assert [row.id for row in store.of_day(MORNING.date())] == [first.check_in_id]
    actions = [action for action, _ in store.audit_of(first.check_in_id)]
    assert actions == [AuditAction.CHECK_IN_STORED.value, AuditAction.CHECK_IN_REPEATED.value]


def test_saving_the_same_draft_again_after_a_failure_is_still_the_same_check_in(
    once: DeclaredOnce, store: CheckInStore
):
    mine = draft(TYPED)
    assert once.save(mine, MORNING) == once.save(mine, MORNING)
    assert len(store.of_day(MORNING.date())) == 1


class Torn:
    """A store that can be written, and only in part be read."""

    def __init__(self, store: CheckInStore, *, fails: str) -> None:
        self._store = store
        self._fails = fails

    def of_day(self, day: dt.date):
        if self._fails == "day":
            raise StoreError(STORE_UNAVAILABLE)
        return self._store.of_day(day)

    def draft_of(self, check_in_id: uuid.UUID):
        if self._fails == "record" and check_in_id == self._store.of_day(MORNING.date())[-1].id:
            raise StoreError(STORE_DAMAGED)
        return self._store.draft_of(check_in_id)

    def ticket_of(self, check_in_id: uuid.UUID):
        return self._store.ticket_of(check_in_id)


def test_a_search_that_fails_keeps_nobody_from_a_number(store: CheckInStore):
    torn = DeclaredOnce(store, Torn(store, fails="day"), HERE)
    assert torn.save(draft(TYPED), MORNING).number != torn.save(draft(TYPED), LATER).number


def test_one_damaged_record_does_not_hide_the_others(store: CheckInStore):
    whole = DeclaredOnce(store, store, HERE)
    first = whole.save(draft(TYPED), MORNING)
    whole.save(draft(NO_NUMBER), MORNING + dt.timedelta(minutes=1))
    torn = DeclaredOnce(store, Torn(store, fails="record"), HERE)
    assert torn.save(draft(TYPED), LATER).number == first.number
