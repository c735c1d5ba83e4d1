"""What is personal: sealed in every file of the store, found again by number, whole for the hand-over, also in old stores."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import sqlite3
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kiosk_ui.app.domain.check_in import CheckInDraft, TicketKind
from kiosk_ui.app.domain.consent import Consent, ConsentPurpose
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS, Department
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind
from kiosk_ui.app.domain.patient import Appointment, PatientFinding, PatientKind
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.visitor import NumberKind, Visitor
from kiosk_ui.app.failures import StoreError
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store import database as database_module
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.checking import check_store
from kiosk_ui.app.store.database import CommitPoint, Database, sqlite_url
from kiosk_ui.app.store.outbox_rows import OutboxKind
from reader.verification.identity import Assurance, HolderChecked, Identity, Sex
from reader.verification.verdict import Decision
from reader.vietnamese.text import to_mrz

NOW = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)
TODAY = dt.date(2026, 3, 2)
PSEUDONYMS = Pseudonyms(b"k" * 32)
COUNTER = Department("counter", "Quầy", "Counter", "Q", "Tầng 1", "Floor 1")
GUARDIAN = Identity(
    "GUARDIANNO12", "GUARDIANNAME", dt.date(1977, 7, 7), Sex.FEMALE, "VNM", "GUARDIANADDRESS", dt.date(2037, 7, 7), False,
    b"GUARDIANPORTRAIT", Assurance.CHIP_VERIFIED, HolderChecked.STAFF,
)  # fmt: skip
VISITOR = Visitor(
    number="NUMBERMARK12",
    number_kind=NumberKind.BIRTH_CERTIFICATE,
    full_name="NAMEMARK Quỳnh",
    date_of_birth=dt.date(2021, 3, 4),
    birth_year=2021,
    sex=Sex.MALE,
    nationality="VNM",
    address="ADDRESSMARK",
    assurance=Assurance.TYPED,
    identification=Identification.GUARDIAN,
    guardian=GUARDIAN,
    portrait=b"PORTRAITMARK",
)
ANSWER = Eligibility(
    EligibilityKind.MISMATCH_NAME, "060", dt.date(2026, 1, 1), dt.date(2026, 12, 31), "CARDMARK", "FACILITYMARK", "NOTEMARK",
    '{"RAWMARK": 1}',
)  # fmt: skip
WHOLE = CheckInDraft(
    check_in_id=uuid.UUID(int=7),
    visitor=VISITOR,
    eligibility=ANSWER,
    department=COUNTER,
    decision=Decision.REFER,
    reasons=("document_validity.expired",),
    patient=PatientFinding(PatientKind.KNOWN, "PATIENTMARK", Appointment("APPOINTMARK", "nhi", NOW, "DOCTORMARK")),
    priority=Priority.CHILD_UNDER_6,
    appointment_id="APPOINTMARK",
    phone="PHONEMARK",
    consents=(Consent(ConsentPurpose.REMINDER_BY_PHONE, True, "1", NOW),),
    exit=TicketKind.COUNTER,
    missing=("identity", "insurance"),
    counter="5",
)
MARKS = [
    "NUMBERMARK", "NAMEMARK", "Quỳnh", "2021-03-04", "ADDRESSMARK", "PORTRAITMARK", "GUARDIAN", "1977-07-07", "CARDMARK",
    "FACILITYMARK", "NOTEMARK", "RAWMARK", "PATIENTMARK", "APPOINTMARK", "DOCTORMARK", "PHONEMARK",
]  # fmt: skip


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "kiosk" / "kiosk.sqlite"


@pytest.fixture
def database(file: Path) -> Iterator[Database]:
    opened = Database(sqlite_url(file))
    yield opened
    opened.close()


@pytest.fixture
def store(database: Database) -> CheckInStore:
    return CheckInStore(database, PSEUDONYMS)


def assert_nothing_shows(folder: Path) -> None:
    for path in folder.iterdir():
        octets = path.read_bytes()
        assert [mark for mark in MARKS if mark.encode() in octets] == [], path.name


def visitor(number: str = "040085000017", name: str = "Nguyễn Văn An") -> Visitor:
    identity = Identity(
        number, name, dt.date(1985, 2, 3), Sex.MALE, "VNM", None, None, False, None, Assurance.CHIP_VERIFIED
    )  # fmt: skip
    return Visitor.from_identity(identity)


def draft(check_in: int, department: Department = DEFAULT_DEPARTMENTS[0], **of_visitor: str) -> CheckInDraft:
    unknown = Eligibility.unavailable("relay.unreachable")
    return CheckInDraft(uuid.UUID(int=check_in), visitor(**of_visitor), unknown, department, Decision.ACCEPT)


# --------------------------------------------------------------------------------------- nothing in the clear
def test_no_octet_of_any_file_of_the_store_shows_the_person(
    store: CheckInStore, database: Database, file: Path
) -> None:
    store.save(WHOLE, NOW)
    store.record_insurance(WHOLE.check_in_id, ANSWER, NOW)
    assert file.with_name(file.name + "-wal").stat().st_size > 0  # while it is written to
    assert_nothing_shows(file.parent)
    database.close()
    assert_nothing_shows(file.parent)


def test_no_sealed_value_stays_in_a_statement_or_error(store: CheckInStore, file: Path) -> None:
    store.save(draft(1), NOW)
    connection = sqlite3.connect(file)
    connection.execute("update patient_snapshot set content = x'0102'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError) as caught:
        store.draft_of(uuid.UUID(int=1))
    assert caught.value.code.name == "store.damaged"


def test_a_cell_put_under_another_check_in_does_not_open(store: CheckInStore, file: Path) -> None:
    store.save(draft(1), NOW)
    store.save(draft(2, number="040085000018"), NOW)
    connection = sqlite3.connect(file)
    first = "(select content from patient_snapshot limit 1)"
    connection.execute(f"update patient_snapshot set content = {first}")  # noqa: S608 - no input
    connection.commit()
    connection.close()
    assert sorted(outcome(store, number) for number in (1, 2)) == ["opened", "store.damaged"]


def test_an_answer_of_the_insurer_made_to_point_at_somebody_else_is_not_handed_over(
    store: CheckInStore, database: Database, file: Path
) -> None:
    """Which check-in an answer is about stands in the clear beside it: who can write the file needs no key to change it."""
    for number in (1, 2):
        store.save(dataclasses.replace(draft(number), eligibility=ANSWER), NOW)
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("delete from insurance_answer where check_in_id = ?", (uuid.UUID(int=1).hex,))
        connection.execute("update insurance_answer set check_in_id = ?", (uuid.UUID(int=1).hex,))
    with pytest.raises(StoreError) as caught:
        store.draft_of(uuid.UUID(int=1))
    assert caught.value.code.name == "store.damaged"
    (problem,) = check_store(database).problems
    assert "1 sealed records cannot be opened" in problem


def outcome(store: CheckInStore, check_in: int) -> str:
    try:
        store.draft_of(uuid.UUID(int=check_in))
    except StoreError as error:
        return error.code.name
    return "opened"


# ----------------------------------------------------------------------------------------------- comes back
def test_the_hand_over_has_everything_but_the_photos(store: CheckInStore) -> None:
    ticket = store.save(WHOLE, NOW)
    whole = store.draft_of(WHOLE.check_in_id)
    assert whole is not None
    child = dataclasses.replace(VISITOR, portrait=None, guardian=dataclasses.replace(GUARDIAN, portrait=None))
    assert whole.visitor == child
    assert whole.eligibility == ANSWER
    assert whole.department == COUNTER
    assert (whole.key, whole.queue_number, whole.at) == (WHOLE.check_in_id, "Q001", NOW)
    assert (whole.method, whole.holder_checked, whole.priority) == (
        "NHAP_TAY",
        HolderChecked.NONE,
        Priority.CHILD_UNDER_6,
    )
    assert (whole.phone, whole.consents) == ("PHONEMARK", WHOLE.consents)
    assert (whole.patient_id, whole.appointment_id) == ("PATIENTMARK", "APPOINTMARK")
    assert whole.missing == ("identity", "insurance")
    assert store.ticket_of(WHOLE.check_in_id) == ticket
    assert ticket.slip is not None
    assert (ticket.kind, ticket.slip.full_name, ticket.slip.counter) == (TicketKind.COUNTER, "NAMEMARK Quỳnh", "5")


def test_the_row_says_what_staff_count_and_nothing_personal(store: CheckInStore) -> None:
    store.save(WHOLE, NOW)
    row = store.get(WHOLE.check_in_id)
    assert row is not None
    assert (row.kind, row.priority, row.identification) == ("counter", "child_under_6", "guardian")
    assert (row.patient_kind, row.missing, row.holder_checked) == ("known", "identity insurance", "none")
    assert [mark for mark in MARKS if mark in repr(row)] == []


def test_a_later_answer_counts_for_the_hand_over_and_one_that_says_nothing_does_not(store: CheckInStore) -> None:
    store.save(draft(1), NOW)
    store.record_insurance(uuid.UUID(int=1), ANSWER, NOW + dt.timedelta(minutes=1))
    store.record_insurance(uuid.UUID(int=1), Eligibility.unavailable("relay.refused"), NOW + dt.timedelta(minutes=2))
    whole = store.draft_of(uuid.UUID(int=1))
    assert whole is not None
    assert whole.eligibility == ANSWER


def test_answers_to_consent_are_in_the_trail(store: CheckInStore) -> None:
    refused = Consent(ConsentPurpose.REMINDER_BY_PHONE, False, "2", NOW)
    store.save(dataclasses.replace(draft(1), consents=(refused,)), NOW)
    assert ("consent.refused", "reminder_by_phone 2") in store.audit_of(uuid.UUID(int=1))


_TEXT = st.text(max_size=40)  # halves of characters too: an answer in JSON can hold them


@given(
    name=_TEXT,
    number=st.text("0123456789ABC", max_size=20),
    born=st.none() | st.dates(),
    phone=st.none() | _TEXT,
    raw=st.none() | _TEXT,
)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25)
def test_whatever_stands_on_a_card_comes_back(
    store: CheckInStore, name: str, number: str, born: dt.date | None, phone: str | None, raw: str | None
) -> None:
    person = dataclasses.replace(visitor(), full_name=name, number=number, date_of_birth=born)
    answer = dataclasses.replace(ANSWER, raw=raw)
    one = dataclasses.replace(draft(1), check_in_id=uuid.uuid4(), visitor=person, phone=phone, eligibility=answer)
    store.save(one, NOW)
    whole = store.draft_of(one.check_in_id)
    assert whole is not None
    assert (whole.visitor, whole.phone, whole.eligibility) == (person, phone, answer)


# ---------------------------------------------------------------------------------------- found by number
def test_who_comes_back_the_same_day_gets_the_newest_ticket_again(store: CheckInStore) -> None:
    store.save(draft(1), NOW)
    newest = store.save(draft(2, DEFAULT_DEPARTMENTS[4]), NOW + dt.timedelta(hours=1))
    store.save(draft(3, number="040085000018"), NOW + dt.timedelta(hours=2))
    assert store.find_today("040085000017", TODAY) == newest
    assert newest.number == "E001"


def test_a_search_word_put_beside_somebody_else_shows_no_ticket_of_theirs(store: CheckInStore, file: Path) -> None:
    store.save(draft(1), NOW)
    store.save(draft(2, number="040085000018"), NOW)
    with contextlib.closing(sqlite3.connect(file)) as connection, connection:
        words = "select number_word from patient_snapshot where check_in_id = ?"
        (word,) = connection.execute(words, (uuid.UUID(int=1).hex,)).fetchone()
        connection.execute("update patient_snapshot set number_word = ?", (word,))
    found = store.find_today("040085000017", TODAY)
    assert found is not None
    assert found.check_in_id == uuid.UUID(int=1)


def test_yesterday_and_strangers_are_not_found(store: CheckInStore) -> None:
    store.save(draft(1), NOW)
    assert store.find_today("040085000017", TODAY + dt.timedelta(days=1)) is None
    assert store.find_today("040085000018", TODAY) is None
    assert store.find_today("", TODAY) is None


def test_another_name_under_the_same_number_neither_is_shown_nor_hides_ones_own_ticket(store: CheckInStore) -> None:
    own = store.save(draft(1), NOW)
    name = draft(1).visitor.full_name
    other = draft(2)
    stranger = dataclasses.replace(other, visitor=dataclasses.replace(other.visitor, full_name="Trần Văn Khác"))
    newest = store.save(stranger, NOW + dt.timedelta(hours=1))
    assert store.find_today("040085000017", TODAY, name) == own
    assert store.find_today("040085000017", TODAY, to_mrz(name)) == own
    assert store.find_today("040085000017", TODAY, "Trần Văn Khác") == newest
    assert store.find_today("040085000017", TODAY, "Lê Thị Ba") is None


def test_people_without_a_number_are_not_one_person(store: CheckInStore) -> None:
    store.save(draft(1, number=""), NOW)
    assert store.find_today("", TODAY) is None


def test_the_ticket_found_again_knows_what_the_insurer_has_said_meanwhile(store: CheckInStore) -> None:
    assert store.save(draft(1), NOW).insurance_unverified
    store.record_insurance(uuid.UUID(int=1), Eligibility(EligibilityKind.OK, "000"), NOW)
    again = store.find_today("040085000017", TODAY)
    assert again is not None
    assert not again.insurance_unverified


# ------------------------------------------------------------------------------------------ older stores
OLD_ROWS = """
insert into check_in values ('{one}', '2026-03-02 00:15:00', '2026-03-02', 'noi', 1, 'A001', 'REFER', '', 'chip_read',
  'CHIP_CCCD', 'none', 'valid', 'ok', '000', '2026-12-31', '2026-03-02 00:15:00');
insert into check_in values ('{two}', '2026-03-02 00:20:00', '2026-03-02', 'noi', 2, 'A002', 'ACCEPT', '', 'chip_verified',
  'CHIP_CCCD', 'none', 'unverified', 'unavailable', 'relay.unreachable', null, null);
insert into patient_snapshot values ('{one}', 'NUMBERMARK12', 'NAMEMARK Quỳnh', '2021-03-04');
insert into patient_snapshot values ('{two}', '040085000017', 'Nguyễn Văn An', null);
insert into insurance_answer values ('{one}', '{one}', '2026-03-02 00:15:00', '000', 'CARDMARK', '{{"RAWMARK": 1}}');
insert into queue_counter values ('noi', '2026-03-02', 2);
insert into outbox values ('{one}', 'hand_over:1', 'hand_over', '{one}', '2026-03-02 00:15:00', '2026-03-02 00:15:00', 1,
  null, '2026-03-02 00:16:00', null);
insert into outbox values ('{two}', 'insurance_check:2', 'insurance_check', '{two}', '2026-03-02 00:20:00',
  '2026-03-02 00:20:00', 0, null, null, null);
insert into audit_log (at, device, action, outcome, check_in_id) values ('2026-03-02 00:15:00.5', 'kiosk-1',
  'check_in.stored', 'chip_read valid', '{one}');
insert into audit_log (at, device, action, outcome) values ('2026-03-02 00:20:00', 'kiosk-1', 'staff.called', 'welcome');
"""
ONE, TWO = uuid.UUID(int=1), uuid.UUID(int=2)


@pytest.fixture
def old(file: Path) -> Path:
    """A store as version 0.1.0 has left it, with people in it and a log file that was not cut off."""
    from alembic import command
    from alembic.config import Config

    file.parent.mkdir(mode=0o700)
    config = Config()
    config.set_main_option("script_location", str(Path(database_module.__file__).with_name("migrations")))
    config.set_main_option("path_separator", "os")
    engine = sa.create_engine(sqlite_url(file))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    engine.dispose()
    connection = sqlite3.connect(file)
    connection.execute("pragma journal_mode = wal")
    connection.executescript(OLD_ROWS.format(one=ONE.hex, two=TWO.hex))
    wal = file.with_name(file.name + "-wal").read_bytes()
    connection.close()
    file.with_name(file.name + "-wal").write_bytes(wal)  # the kiosk was killed
    return file


def test_an_old_store_is_sealed_and_goes_on(old: Path) -> None:
    assert b"NAMEMARK" in old.read_bytes()
    database = Database(sqlite_url(old))
    store = CheckInStore(database, PSEUDONYMS)
    assert_nothing_shows(old.parent)  # also in what is free, and in the log file
    whole = store.draft_of(ONE)
    assert whole is not None
    assert (whole.visitor.number, whole.visitor.full_name) == ("NUMBERMARK12", "NAMEMARK Quỳnh")
    assert (whole.visitor.date_of_birth, whole.eligibility.kind) == (dt.date(2021, 3, 4), EligibilityKind.OK)
    assert (whole.eligibility.card_number, whole.eligibility.raw) == ("CARDMARK", '{"RAWMARK": 1}')
    assert (whole.eligibility.valid_until, whole.department.code) == (dt.date(2026, 12, 31), "noi")
    found = store.find_today("040085000017", TODAY)
    assert found is not None
    assert found.number == "A002"
    assert store.save(draft(3, number="040085000018"), NOW).number == "A003"
    report = check_store(database)
    assert (report.problems, report.check_ins, report.chain.rows) == ((), 3, 3)
    database.close()


def test_a_store_goes_back_and_forward_without_losing_anybody(old: Path) -> None:
    def rows() -> list[tuple[object, ...]]:
        connection = sqlite3.connect(old)
        names = [
            name for (name,) in connection.execute("select name from sqlite_master where type = 'table' order by 1")
        ]
        found = [row for name in names for row in connection.execute(f"select * from {name} order by 1")]  # noqa: S608
        connection.close()
        return found

    database = Database(sqlite_url(old))
    database.close()
    database = Database(sqlite_url(old))
    database.roll_back_to("0001")
    database.close()
    connection = sqlite3.connect(old)
    person = "select number, full_name, date_of_birth from patient_snapshot order by 1"
    assert connection.execute(person).fetchall() == [
        ("040085000017", "Nguyễn Văn An", None),
        ("NUMBERMARK12", "NAMEMARK Quỳnh", "2021-03-04"),
    ]
    assert connection.execute("select card_number, raw from insurance_answer").fetchall() == [
        ("CARDMARK", '{"RAWMARK": 1}')
    ]
    connection.close()
    assert len(rows()) == 11  # every row of the old store, and its version
    database = Database(sqlite_url(old))
    assert check_store(database).problems == ()
    assert CheckInStore(database, PSEUDONYMS).draft_of(ONE).visitor.full_name == "NAMEMARK Quỳnh"
    assert_nothing_shows(old.parent)
    database.close()


class PlugPulledError(Exception):
    """Stands for the end of the process right before a commit."""


def test_a_migration_that_does_not_reach_its_commit_changes_nothing(old: Path) -> None:
    def pull(name: str, point: CommitPoint) -> None:
        if (name, point) == ("migrate", CommitPoint.BEFORE):
            raise PlugPulledError

    for _ in range(2):
        with pytest.raises(PlugPulledError):
            Database(sqlite_url(old), pull)
    connection = sqlite3.connect(old)
    assert connection.execute("select version_num from alembic_version").fetchall() == [("0001",)]
    assert connection.execute("select count(*) from patient_snapshot where number is not null").fetchall() == [(2,)]
    connection.close()
    database = Database(sqlite_url(old))
    assert check_store(database).problems == ()
    database.close()


def test_an_unknown_version_to_go_back_to_is_refused(database: Database) -> None:
    with pytest.raises(StoreError):
        database.roll_back_to("0000")


def test_what_is_told_follows_from_who_is_to_be_told(database: Database) -> None:
    store = CheckInStore(database, PSEUDONYMS, tell=(OutboxKind.QUEUE, OutboxKind.HAND_OVER))
    store.save(draft(1), NOW)
    with database.transaction("look") as connection:
        kinds = connection.exec_driver_sql("select kind from outbox order by rowid").scalars().all()
    assert kinds == ["queue", "hand_over", "insurance_check"]
