"""One contract for the store, kept by SQLite in one kiosk and by PostgreSQL where several kiosks share one.

PostgreSQL runs as a cluster of the test's own in a temporary folder, reachable through a socket there and nowhere else.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
import getpass
import importlib.util
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kiosk_ui.app.audit import AuditAction, AuditEntry
from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind
from kiosk_ui.app.domain.visitor import Visitor
from kiosk_ui.app.failures import StoreError
from kiosk_ui.app.keys import KeyPlace
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store import schema
from kiosk_ui.app.store.audit_chain import AnchorFile
from kiosk_ui.app.store.check_ins import CheckInStore
from kiosk_ui.app.store.checking import check_store
from kiosk_ui.app.store.database import Database, sqlite_url
from kiosk_ui.app.store.numbers import Stride
from kiosk_ui.app.store.outbox_rows import OutboxKind, OutboxStore
from kiosk_ui.app.store.rekeying import rekey
from kiosk_ui.app.store.retention import Retention
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.verdict import Decision

NOI = DEFAULT_DEPARTMENTS[0]
NOW = dt.datetime(2026, 3, 2, 0, 15, tzinfo=dt.UTC)
DOWN = Eligibility.unavailable("relay.unreachable")
KIOSKS = 4


class Cluster:
    """A PostgreSQL of the test's own."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="chipid-pg-"))
        self.databases = 0
        # The server refuses to run as root.
        self.user = "postgres" if getpass.getuser() == "root" else getpass.getuser()
        if self.user == "postgres":
            shutil.chown(self.folder, "postgres")
        data = str(self.folder / "data")
        self._command("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
        options = f"-c listen_addresses='' -c unix_socket_directories='{self.folder}' -c fsync=off"
        self._command("pg_ctl", "-D", data, "-w", "-l", str(self.folder / "log"), "-o", options, "start")

    @staticmethod
    def program(name: str) -> str | None:
        newest = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"))
        return str(newest[-1]) if newest else shutil.which(name)

    @classmethod
    def missing(cls) -> str | None:
        if importlib.util.find_spec("psycopg") is None:
            return "the 'postgres' extra is not installed"
        if cls.program("initdb") is None:
            return "no PostgreSQL server is installed"
        if getpass.getuser() == "root" and shutil.which("runuser") is None:
            return "PostgreSQL refuses to run as root, and there is no runuser"
        return None

    def new_url(self) -> str:
        self.databases += 1
        name = f"store{self.databases}"
        self._command("createdb", "-h", str(self.folder), "-U", "postgres", name)
        return f"postgresql+psycopg://postgres@/{name}?host={self.folder}"

    def dump(self, url: str) -> bytes:
        name = url.partition("?")[0].rpartition("/")[2]
        file = self.folder / f"{name}.sql"
        self._command("pg_dump", "-h", str(self.folder), "-U", "postgres", "-f", str(file), name)
        return file.read_bytes()

    def stop(self) -> None:
        self._command("pg_ctl", "-D", str(self.folder / "data"), "-m", "immediate", "stop")
        shutil.rmtree(self.folder)

    def _command(self, name: str, *arguments: str) -> None:
        program = self.program(name)
        assert program
        as_user = ["runuser", "-u", self.user, "--"] if getpass.getuser() == "root" else []
        subprocess.run(
            [*as_user, program, *arguments], check=True, cwd=self.folder, stdout=subprocess.DEVNULL, timeout=60
        )


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    reason = Cluster.missing()
    if reason is not None:
        if os.environ.get("CI"):
            pytest.fail(f"CI must have a PostgreSQL: {reason}", pytrace=False)
        pytest.skip(reason)
    running = Cluster()
    yield running
    running.stop()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.slow)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return sqlite_url(tmp_path / "kiosk.sqlite")
    return request.getfixturevalue("cluster").new_url()


@pytest.fixture
def keys(tmp_path: Path) -> KeyPlace:
    """The key file that kiosks with one store have in common."""
    return KeyPlace(tmp_path / "store.key")


@pytest.fixture
def kiosk(url: str, keys: KeyPlace) -> Iterator[Callable[[], tuple[CheckInStore, OutboxStore]]]:
    """Makes kiosks that share the store."""
    opened: list[Database] = []

    def make() -> tuple[CheckInStore, OutboxStore]:
        database = Database(url, keys=keys)
        opened.append(database)
        return CheckInStore(database, Pseudonyms(b"k" * 32)), OutboxStore(database)

    yield make
    for database in opened:
        database.close()


def draft(number: int, check_in_id: uuid.UUID | None = None) -> CheckInDraft:
    identity = Identity(
        f"0400850{number:05d}", "Đặng Thị Quý", dt.date(1955, 1, 1), Sex.FEMALE, "VNM", None, None, True, None,
        Assurance.CHIP_READ,
    )  # fmt: skip
    return CheckInDraft(
        check_in_id or uuid.UUID(int=number), Visitor.from_identity(identity), DOWN, NOI, Decision.ACCEPT
    )


def test_a_check_in_comes_back_as_it_was_stored(kiosk):
    store, outbox = kiosk()
    ticket = store.save(draft(1), NOW)
    stored = store.get(ticket.check_in_id)
    assert stored is not None
    assert (stored.created_at, stored.day, stored.queue_label) == (NOW, dt.date(2026, 3, 2), "A001")
    assert (stored.assurance, stored.insurance_outcome) == ("chip_read", "unverified")
    query = store.insurance_query(ticket.check_in_id)
    assert query is not None
    assert (query.number, query.full_name, query.date_of_birth) == ("040085000001", "Đặng Thị Quý", dt.date(1955, 1, 1))
    assert outbox.waiting() == 2
    assert store.get(uuid.uuid4()) is None
    assert store.save(draft(1), NOW + dt.timedelta(hours=1)) == ticket
    with pytest.raises(StoreError):
        store.save(draft(2, check_in_id=ticket.check_in_id), NOW)


def test_a_later_answer_changes_the_check_in(kiosk):
    store, _ = kiosk()
    ticket = store.save(draft(1), NOW)
    store.record_insurance(ticket.check_in_id, Eligibility(EligibilityKind.RETRY, "100", raw="{}"), NOW)
    assert store.get(ticket.check_in_id).insurance_outcome == "unverified"
    store.record_insurance(ticket.check_in_id, Eligibility(EligibilityKind.OK, "000", raw="{}"), NOW)
    assert store.get(ticket.check_in_id).insurance_outcome == "valid"
    with pytest.raises(StoreError):  # an answer about nobody
        store.record_insurance(uuid.uuid4(), DOWN, NOW)


def test_kiosks_that_start_at_once_find_one_finished_store(kiosk):
    with concurrent.futures.ThreadPoolExecutor(KIOSKS) as pool:
        stores = list(pool.map(lambda _: kiosk()[0], range(KIOSKS)))
    assert [store.save(draft(n + 1), NOW).number for n, store in enumerate(stores)] == ["A001", "A002", "A003", "A004"]


def test_kiosks_that_draw_at_once_never_draw_the_same_number(kiosk):
    stores = [kiosk()[0] for _ in range(KIOSKS)]
    with concurrent.futures.ThreadPoolExecutor(KIOSKS) as pool:
        tickets = list(pool.map(lambda n: stores[n % KIOSKS].save(draft(n), NOW), range(1, 41)))
    assert sorted(ticket.number for ticket in tickets) == [f"A{n:03d}" for n in range(1, 41)]


def test_one_check_in_saved_at_once_from_everywhere_is_one_check_in(kiosk):
    stores = [kiosk()[0] for _ in range(KIOSKS)]
    with concurrent.futures.ThreadPoolExecutor(KIOSKS) as pool:
        tickets = set(pool.map(lambda store: store.save(draft(1), NOW).number, stores * 4))
    assert tickets == {"A001"}
    assert len(stores[0].of_day(dt.date(2026, 3, 2))) == 1


@pytest.fixture
def strided(url: str, keys: KeyPlace) -> Iterator[Callable[[int, int], CheckInStore]]:
    """Makes kiosks that draw every so-manieth number from the shared store."""
    opened: list[Database] = []

    def make(kiosk: int, kiosks: int) -> CheckInStore:
        opened.append(Database(url, keys=keys))
        return CheckInStore(opened[-1], Pseudonyms(b"k" * 32), stride=Stride(kiosk, kiosks))

    yield make
    for database in opened:
        database.close()


def test_two_kiosks_that_were_given_the_same_stride_do_not_collide_in_a_shared_store(strided):
    stores = [strided(2, 3), strided(2, 3), strided(1, 3)]
    with concurrent.futures.ThreadPoolExecutor(len(stores)) as pool:
        numbers = list(pool.map(lambda n: stores[n % 3].save(draft(n), NOW).number, range(1, 25)))
    assert len(set(numbers)) == 24
    for store in stores:
        assert all(row.queue_number % 3 in (1, 2) for row in store.of_day(dt.date(2026, 3, 2)))


def test_kiosks_that_share_a_store_write_one_trail(kiosk, url: str, keys: KeyPlace):
    stores = [kiosk()[0] for _ in range(KIOSKS)]

    def work(n: int) -> None:
        store = stores[n % KIOSKS]
        store.save(draft(n), NOW)
        store.note(AuditEntry(AuditAction.STAFF_CALLED, "welcome"), NOW)
        store.record_insurance(uuid.UUID(int=n), DOWN, NOW)

    with concurrent.futures.ThreadPoolExecutor(KIOSKS) as pool:
        list(pool.map(work, range(1, 17)))
    database = Database(url, keys=keys)
    report = check_store(database)
    assert (report.chain.rows, report.check_ins, report.sealed_cells, report.problems) == (48, 16, 48, ())
    purged = Retention().purge(database, NOW + dt.timedelta(days=40), tuple(OutboxKind), "kiosk-1")
    assert purged.persons == 16
    assert check_store(database).problems == ()
    database.close()


def test_who_comes_back_is_found_by_every_kiosk(kiosk):
    (one, _), (other, _) = kiosk(), kiosk()
    ticket = one.save(draft(1), NOW)
    assert other.find_today("040085000001", dt.date(2026, 3, 2)) == ticket
    assert other.find_today("040085000002", dt.date(2026, 3, 2)) is None
    whole = other.draft_of(ticket.check_in_id)
    assert whole is not None
    assert (whole.visitor.full_name, whole.eligibility) == ("Đặng Thị Quý", DOWN)


def test_what_was_given_up_is_seen_and_tried_again(kiosk):
    store, outbox = kiosk()
    ticket = store.save(draft(1), NOW)
    for _ in range(2):
        item = outbox.lease_next(NOW, tuple(OutboxKind), dt.timedelta(minutes=2))
        assert item is not None
        outbox.done(item, NOW, "hospital.refused" if item.kind is OutboxKind.HAND_OVER else None)
    (parked,) = outbox.parked()
    assert (parked.kind, parked.queue_label, parked.reason) == (OutboxKind.HAND_OVER, ticket.number, "hospital.refused")
    counts = outbox.counts(NOW + dt.timedelta(minutes=5))
    assert (counts.waiting, counts.parked, counts.oldest_age) == (0, 1, None)
    assert outbox.try_again(NOW) == 1
    counts = outbox.counts(NOW + dt.timedelta(minutes=5))
    assert (counts.waiting, counts.parked, counts.oldest_age) == (1, 0, dt.timedelta(minutes=5))


def test_a_new_key_reaches_every_kiosk(kiosk, url: str, keys: KeyPlace, tmp_path: Path):
    store, _ = kiosk()
    store.save(draft(1), NOW)
    database = Database(url, keys=keys)
    anchors = AnchorFile(tmp_path / "audit.anchors", database.keys)
    rekey(database, keys, anchors, now=NOW, device="kiosk-1", forget_old=True)
    store.save(draft(2), NOW)
    for number in (1, 2):
        assert store.find_today(f"0400850{number:05d}", dt.date(2026, 3, 2)) is not None
    assert check_store(database).problems == ()
    database.close()


@pytest.mark.slow
def test_a_dump_of_the_server_names_nobody(cluster: Cluster, keys: KeyPlace):
    url = cluster.new_url()
    database = Database(url, keys=keys)
    store = CheckInStore(database, Pseudonyms(b"k" * 32))
    answer = Eligibility(EligibilityKind.OK, "000", card_number="CARDMARK", raw='{"RAWMARK": 1}')
    store.save(draft(1), NOW)
    store.record_insurance(uuid.UUID(int=1), answer, NOW)
    database.roll_back_to("0001")
    database.close()
    assert b"CARDMARK" in cluster.dump(url)  # the dump would show it
    Database(url, keys=keys).close()
    dump = cluster.dump(url)
    assert b"check_in" in dump
    for mark in ("040085000001", "Đặng Thị Quý", "1955-01-01", "CARDMARK", "RAWMARK"):
        assert mark.encode() not in dump, mark
    database = Database(url, keys=keys)
    assert check_store(database).problems == ()
    database.close()


def test_an_item_of_the_outbox_is_taken_by_one_kiosk_only(kiosk):
    kiosks = [kiosk() for _ in range(KIOSKS)]
    for number in range(1, 21):
        kiosks[0][0].save(draft(number), NOW)

    def drain(outbox: OutboxStore) -> list[uuid.UUID]:
        taken = []
        misses = 0
        while misses < 3:  # a lost race looks like an empty outbox for a moment
            item = outbox.lease_next(NOW, [OutboxKind.INSURANCE_CHECK], dt.timedelta(minutes=2))
            if item is None:
                misses += 1
                continue
            taken.append(item.id)
            outbox.done(item, NOW)
        return taken

    with concurrent.futures.ThreadPoolExecutor(KIOSKS) as pool:
        taken = [item for items in pool.map(drain, [outbox for _, outbox in kiosks]) for item in items]
    assert len(taken) == len(set(taken)) == 20


@pytest.mark.slow
def test_a_kiosk_that_freezes_in_its_transaction_holds_up_nobody_for_long(cluster: Cluster, keys: KeyPlace):
    url = cluster.new_url()
    frozen, running = Database(url, keys=keys), Database(url, keys=keys)
    store = CheckInStore(running, Pseudonyms(b"k" * 32))
    store.save(draft(1), NOW)

    def freeze() -> None:
        with frozen.transaction("frozen") as connection:
            connection.execute(schema.queue_counter.update().values(last_number=99))
            # The server takes the lock from who says nothing; who waits gets the number at once or at the next try.
            with contextlib.suppress(StoreError):
                store.save(draft(2), NOW)
            assert store.save(draft(2), NOW).number == "A002"

    with pytest.raises(StoreError):  # and the frozen one learns that it has missed its turn
        freeze()
    frozen.close()
    running.close()


def test_migrations_build_exactly_the_tables_of_the_schema(url: str, keys: KeyPlace):
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    database = Database(url, keys=keys)
    with database.transaction("look") as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, schema.metadata) == []
    database.close()
