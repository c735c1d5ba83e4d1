"""The store: what is confirmed is there once, numbers are unique, nothing is kept that need not be."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import datetime as dt
import sqlite3
import stat
import uuid
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.failures import StoreError
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store import database as database_module
from kiosk_ui.app.store import schema
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.database import CommitPoint, Database, sqlite_url
from kiosk_ui.app.store.numbers import Stride
from kiosk_ui.app.store.outbox_rows import OutboxKind, OutboxStore
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.verdict import Decision

NOI, MAT = DEFAULT_DEPARTMENTS[0], DEFAULT_DEPARTMENTS[4]
MORNING = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)  # 07:15 in Vietnam
VALID = Eligibility(EligibilityKind.OK, "000", valid_until=dt.date(2026, 12, 31), raw='{"maKetQua":"000"}')
DOWN = Eligibility.unavailable("relay.unreachable")
PORTRAIT = b"\xff\xd8 PORTRAIT-OF-NOBODY"
PSEUDONYMS = Pseudonyms(b"k" * 32)


def draft(number: int = 1, department=NOI, eligibility: Eligibility = VALID, assurance=Assurance.CHIP_VERIFIED):
    identity = Identity(
        number=f"0400850{number:05d}",
        full_name="Đặng Thị Quý",
        date_of_birth=dt.date(1955, 1, 1),
        sex=Sex.FEMALE,
        nationality="VNM",
        address="Thôn 3, Quỳnh Hồng",
        expires_on=None,
        no_expiry=True,
        portrait=PORTRAIT,
        assurance=assurance,
    )
    return CheckInDraft(
        uuid.UUID(int=number),
        Visitor.from_identity(identity),
        eligibility,
        department,
        Decision.REFER,
        ("document_validity.expired",),
    )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kiosk" / "kiosk.sqlite"


@pytest.fixture
def database(file: Path):
    opened = Database(sqlite_url(file))
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> CheckInStore:
    return CheckInStore(database, PSEUDONYMS)


@pytest.fixture
def outbox(database: Database) -> OutboxStore:
    return OutboxStore(database)


def rows(file: Path, query: str) -> list[tuple]:
    connection = sqlite3.connect(file)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


# ------------------------------------------------------------------------------------------ check-ins
def test_numbers_count_up_for_each_department(store: CheckInStore):
    numbers = [store.save(draft(n, dept), MORNING).number for n, dept in [(1, NOI), (2, NOI), (3, MAT), (4, NOI)]]
    assert numbers == ["A001", "A002", "E001", "A003"]


def test_a_new_day_begins_at_the_hospitals_midnight(store: CheckInStore):
    before_midnight = dt.datetime(2026, 3, 1, 16, 59, tzinfo=dt.UTC)
    after_midnight = dt.datetime(2026, 3, 1, 17, 0, tzinfo=dt.UTC)
    assert store.save(draft(1), before_midnight).number == "A001"
    assert store.save(draft(2), after_midnight).number == "A001"
    assert [c.day for c in store.of_day(dt.date(2026, 3, 2))] == [dt.date(2026, 3, 2)]


def test_the_same_draft_gives_the_same_ticket(store: CheckInStore, outbox: OutboxStore):
    first = store.save(draft(1), MORNING)
    store.save(draft(2), MORNING)
    again = store.save(draft(1), MORNING + dt.timedelta(minutes=3))
    assert again == first
    assert len(store.of_day(dt.date(2026, 3, 2))) == 2
    assert outbox.waiting() == 2
    assert [action for action, _ in store.audit_of(uuid.UUID(int=1))] == ["check_in.stored", "check_in.repeated"]


def test_an_identifier_is_never_shared_by_two_people(store: CheckInStore):
    store.save(draft(1), MORNING)
    other = draft(2)
    with pytest.raises(StoreError) as caught:
        store.save(CheckInDraft(uuid.UUID(int=1), other.visitor, VALID, NOI, Decision.ACCEPT), MORNING)
    assert caught.value.code.name == "store.check_in_conflict"


def test_one_person_may_come_twice_a_day(store: CheckInStore):
    one = draft(1)
    store.save(one, MORNING)
    assert store.save(CheckInDraft(uuid.uuid4(), one.visitor, VALID, NOI, Decision.ACCEPT), MORNING).number == "A002"


def test_what_is_kept_of_a_check_in(store: CheckInStore, file: Path):
    ticket = store.save(draft(1, eligibility=DOWN, assurance=Assurance.CHIP_READ), MORNING)
    stored = store.get(ticket.check_in_id)
    assert stored is not None
    assert stored.created_at == MORNING
    assert (stored.decision, stored.decision_reasons) == ("REFER", "document_validity.expired")
    assert (stored.assurance, stored.national_method, stored.holder_checked) == ("chip_read", "CHIP_CCCD", "none")
    assert (stored.insurance_outcome, stored.insurance_code) == ("unverified", "relay.unreachable")
    assert stored.insurance_checked_at is None
    assert ticket.insurance_unverified
    assert ticket.issued_at.isoformat() == "2026-03-02T07:15:00+07:00"
    whole = store.draft_of(ticket.check_in_id)
    assert whole is not None
    assert (whole.visitor.number, whole.visitor.full_name) == ("040085000001", "Đặng Thị Quý")
    assert whole.visitor.portrait is None  # a photo is never kept


def test_only_what_is_unverified_is_asked_again(store: CheckInStore, outbox: OutboxStore):
    store.save(draft(1, eligibility=VALID), MORNING)
    store.save(draft(2, eligibility=Eligibility(EligibilityKind.INVALID, "010")), MORNING)
    assert outbox.waiting([OutboxKind.INSURANCE_CHECK]) == 0
    store.save(draft(3, eligibility=DOWN), MORNING)
    assert outbox.waiting([OutboxKind.INSURANCE_CHECK]) == 1
    assert outbox.waiting([OutboxKind.HAND_OVER]) == 3


def test_a_later_answer_is_recorded_and_every_raw_answer_is_kept(store: CheckInStore, file: Path):
    ticket = store.save(draft(1, eligibility=DOWN), MORNING)
    later = MORNING + dt.timedelta(minutes=5)
    store.record_insurance(ticket.check_in_id, VALID, later)
    stored = store.get(ticket.check_in_id)
    assert stored is not None
    assert (stored.insurance_outcome, stored.insurance_checked_at) == ("valid", later)
    assert stored.insurance_valid_until == dt.date(2026, 12, 31)
    answers = rows(file, "select code from insurance_answer order by received_at")
    assert answers == [("relay.unreachable",), ("000",)]
    whole = store.draft_of(ticket.check_in_id)
    assert whole is not None
    assert whole.eligibility == VALID


INVALID = Eligibility(EligibilityKind.INVALID, "010")


@pytest.mark.parametrize(("missing", "to_counter"), [((), False), (("insurance",), True)])
def test_who_pays_is_not_sent_to_the_counter_for_insurance(store: CheckInStore, missing: tuple[str, ...], to_counter):
    ticket = store.save(dataclasses.replace(draft(1, eligibility=INVALID), missing=missing), MORNING)
    assert ticket.at_counter is to_counter
    assert store.ticket_of(ticket.check_in_id) == ticket
    assert store.get(ticket.check_in_id).insurance_outcome == "counter", "what the insurer said stays known"


@pytest.mark.parametrize(("answer", "missing"), [(INVALID, "identity insurance"), (VALID, "identity")])
def test_what_the_insurer_says_later_reaches_the_counter(store: CheckInStore, answer: Eligibility, missing: str):
    first = store.save(dataclasses.replace(draft(1, eligibility=DOWN), missing=("identity",)), MORNING)
    assert (first.at_counter, first.insurance_unverified) == (False, True)
    store.record_insurance(first.check_in_id, answer, MORNING)
    store.record_insurance(first.check_in_id, answer, MORNING)
    assert store.get(first.check_in_id).missing == missing
    again = store.ticket_of(first.check_in_id)
    assert again is not None
    assert (again.at_counter, again.insurance_unverified) == (answer is INVALID, False)


def test_many_kiosks_at_once_draw_different_numbers(file: Path):
    databases = [Database(sqlite_url(file)) for _ in range(4)]
    stores = [CheckInStore(database, PSEUDONYMS) for database in databases]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        tickets = list(pool.map(lambda n: stores[n % 4].save(draft(n), MORNING), range(1, 41)))
    assert sorted(ticket.number for ticket in tickets) == [f"A{n:03d}" for n in range(1, 41)]
    for database in databases:
        database.close()


def test_kiosks_that_cannot_talk_to_each_other_draw_different_numbers(tmp_path: Path):
    given = []
    for kiosk in (1, 2, 3):
        database = Database(sqlite_url(tmp_path / f"kiosk-{kiosk}" / "kiosk.sqlite"))
        store = CheckInStore(database, PSEUDONYMS, stride=Stride(kiosk, 3))
        given += [store.save(draft(n), MORNING).number for n in range(1, 6)]
        database.close()
    assert len(set(given)) == 15
    assert sorted(given)[:3] == ["A001", "A002", "A003"]


@given(st.integers(1, 99), st.data())
def test_the_numbers_of_all_kiosks_are_all_numbers_once(kiosks: int, data: st.DataObject):
    last = data.draw(st.integers(0, 10_000))
    following = [Stride(kiosk, kiosks).after(last) for kiosk in range(1, kiosks + 1)]
    assert sorted(following) == list(range(last + 1, last + kiosks + 1))


@pytest.mark.parametrize(("kiosk", "kiosks"), [(0, 1), (2, 1), (-1, 3), (1, 0)])
def test_a_kiosk_that_does_not_exist_draws_nothing(kiosk: int, kiosks: int):
    with pytest.raises(ValueError, match="number of kiosks"):
        Stride(kiosk, kiosks)


def test_a_naive_moment_is_refused(store: CheckInStore):
    with pytest.raises(ValueError, match="time zone"):
        schema.UtcDateTime().process_bind_param(dt.datetime(2026, 3, 2), sa.dialects.sqlite.dialect())  # noqa: DTZ001


# ----------------------------------------------------------------------------------- opening a database
def test_the_file_is_the_owners_alone(store: CheckInStore, file: Path):
    store.save(draft(1), MORNING)
    for path in file.parent.iterdir():
        assert stat.S_IMODE(path.stat().st_mode) & 0o077 == 0, path.name


def test_a_commit_is_on_the_disk_before_it_is_believed(database: Database):
    with database.transaction("look") as connection:
        settings = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in (
            "journal_mode", "synchronous", "foreign_keys", "secure_delete")}  # fmt: skip
    assert settings == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "secure_delete": 1}


def test_what_was_stored_is_there_after_opening_again(file: Path):
    for number in (1, 2):
        opened = Database(sqlite_url(file))
        assert CheckInStore(opened, PSEUDONYMS).save(draft(number), MORNING).number == f"A{number:03d}"
        opened.close()


def test_migrations_build_exactly_the_tables_of_the_schema(database: Database):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.transaction("look") as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []


def test_the_newest_migration_is_the_one_that_is_expected():
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    assert ScriptDirectory.from_config(config).get_heads() == [database_module.HEAD]


def test_a_store_of_a_newer_program_is_left_alone(file: Path, database: Database):
    database.close()
    connection = sqlite3.connect(file)
    connection.execute("update alembic_version set version_num = '9999'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError) as caught:
        Database(sqlite_url(file))
    assert caught.value.code.name == "store.too_new"


def test_a_file_that_is_no_database_is_a_clear_failure(file: Path):
    content = b"this is no database at all, but long enough to be looked at" * 40
    file.parent.mkdir()
    file.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        Database(sqlite_url(file))
    assert caught.value.code.name == "store.damaged"
    assert file.read_bytes() == content


def test_a_folder_that_cannot_be_made_is_a_clear_failure(tmp_path: Path):
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreError):
        Database(sqlite_url(tmp_path / "file" / "kiosk.sqlite"))


def test_every_commit_is_seen_before_and_after(file: Path):
    seen: list[tuple[str, CommitPoint]] = []
    opened = Database(sqlite_url(file), lambda name, point: seen.append((name, point)))
    CheckInStore(opened, PSEUDONYMS).save(draft(1), MORNING)
    opened.close()
    assert seen == [
        ("migrate", CommitPoint.BEFORE),
        ("migrate", CommitPoint.AFTER),
        ("check_in", CommitPoint.BEFORE),
        ("check_in", CommitPoint.AFTER),
    ]


class PlugPulledError(Exception):
    """Stands for the end of the process right before a commit."""


def test_nothing_is_left_of_a_transaction_that_did_not_commit(file: Path):
    def pull(name: str, point: CommitPoint) -> None:
        if (name, point) == ("check_in", CommitPoint.BEFORE):
            raise PlugPulledError

    opened = Database(sqlite_url(file), pull)
    with pytest.raises(PlugPulledError):
        CheckInStore(opened, PSEUDONYMS).save(draft(1, eligibility=DOWN), MORNING)
    opened.close()
    for table in set(schema.metadata.tables) - {"store_key", "audit_head"}:
        assert rows(file, f"select count(*) from {table}") == [(0,)]  # noqa: S608 - our own table names
    assert rows(file, "select last_id from audit_head") == [(0,)]


def test_errors_of_the_database_quote_no_patient(store: CheckInStore, database: Database, file: Path):
    store.save(draft(1), MORNING)
    connection = sqlite3.connect(file)
    connection.execute("drop table patient_snapshot")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError) as caught:
        store.save(draft(2), MORNING)
    text = str(caught.value) + repr(caught.value.__cause__) + repr(caught.value.__suppress_context__)
    assert "Quý" not in text
    assert caught.value.__suppress_context__
