"""The queue's own database: SQLite on the service's machine, or PostgreSQL. A commit that returned survives a power cut."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa

from kiosk_ui.app.failures import STORE_TOO_NEW, STORE_UNAVAILABLE, StoreError
from kiosk_ui.service.queue.tables import SCHEMA_VERSION, metadata, schema_version

__all__ = ["QueueDatabase"]

_BUSY_TIMEOUT_MS = 5_000
# PostgreSQL manual 20.11: a connection that hangs may not hold the locks of a queue for everybody.
_POSTGRESQL_LIMITS = {
    "connect_timeout": 4,  # seconds
    "options": (
        f"-c lock_timeout={_BUSY_TIMEOUT_MS} -c statement_timeout=8000 -c idle_in_transaction_session_timeout=8000"
    ),
}
_SET_UP_LOCK = 0x7175_6575  # "queu": any constant, the same in every process


class QueueDatabase:
    """One open database with the queue's tables.

    Args:
        url: an SQLAlchemy URL, ``sqlite:///…`` or ``postgresql+psycopg://…``.

    Raises:
        StoreError: ``store.unavailable`` if it cannot be opened, ``store.too_new`` if a newer program made its tables.
    """

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._is_sqlite = self._engine.dialect.name == "sqlite"
        # SQLite has one writer, and waits for it by trying again: among many threads some would wait for ever.
        self._one_writer = threading.Lock()
        if self._is_sqlite:
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "checkout", _same_file)
            sa.event.listen(self._engine, "begin", _begin_sqlite)
        try:
            self._set_up()
        except BaseException:
            self._engine.dispose()
            raise

    @classmethod
    def file(cls, path: Path) -> QueueDatabase:
        """A file for the owner alone; its folder is made if need be."""
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        except OSError as error:
            raise StoreError(STORE_UNAVAILABLE, cause=type(error).__name__) from None
        return cls(sa.URL.create("sqlite", database=str(path)).render_as_string(hide_password=False))

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @property
    def locks_rows(self) -> bool:
        """Whether several writers are at work at once, so that rows must be locked."""
        return not self._is_sqlite

    @contextlib.contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """A transaction that commits at the end of the block, or leaves nothing behind.

        Raises:
            StoreError: ``store.unavailable`` for every failure of the database but a broken constraint.
            sqlalchemy.exc.IntegrityError: two did the same at once; the caller tries again.
        """
        lock = self._one_writer if self._is_sqlite else contextlib.nullcontext()
        with lock, self._transaction(immediate=True) as connection:
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """A transaction that only looks; writers do not wait for it.

        Raises:
            StoreError: ``store.unavailable``.
        """
        with self._transaction(immediate=False) as connection:
            yield connection

    @contextlib.contextmanager
    def _transaction(self, *, immediate: bool) -> Iterator[sa.Connection]:
        try:
            with (
                self._engine.connect().execution_options(chipid_immediate=immediate) as connection,
                connection.begin(),
            ):
                yield connection
        except sa.exc.IntegrityError:
            raise
        # "from None": the driver's own text may quote values.
        except sa.exc.DBAPIError as error:
            raise StoreError(STORE_UNAVAILABLE, cause=type(error.orig).__name__) from None
        except sa.exc.SQLAlchemyError as error:
            raise StoreError(STORE_UNAVAILABLE, cause=type(error).__name__) from None

    def _set_up(self) -> None:
        with self.write() as connection:
            if connection.dialect.name == "postgresql":  # two services may start at once
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_SET_UP_LOCK)))
            metadata.create_all(connection)
            version = connection.execute(sa.select(schema_version.c.version)).scalar_one_or_none()
            if version is None:
                connection.execute(schema_version.insert().values(version=SCHEMA_VERSION))
            elif version > SCHEMA_VERSION:
                raise StoreError(STORE_TOO_NEW)


def _engine(url: str) -> sa.Engine:
    try:
        address = sa.make_url(url)
        limits = _POSTGRESQL_LIMITS if address.get_backend_name() == "postgresql" else {}
        # hide_parameters: what was sent stays out of errors.
        return sa.create_engine(
            address, hide_parameters=True, pool_pre_ping=True, connect_args=limits, pool_size=10, max_overflow=40
        )
    except (sa.exc.ArgumentError, ValueError):
        raise StoreError(STORE_UNAVAILABLE, cause="store_url is no address of a database") from None
    except ImportError as error:
        raise StoreError(STORE_UNAVAILABLE, cause=f"no driver: {error.name} is not installed") from None


def _file_of(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """Device and number of the file that the connection's path names now; ``None`` if there is none."""
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _same_file(connection: sqlite3.Connection, record: sa.pool.ConnectionPoolEntry, _proxy: object) -> None:
    """A file that was deleted or put in place of ours: numbers written into the old one would be lost, in silence."""
    now = _file_of(connection)
    if now is None:
        raise StoreError(STORE_UNAVAILABLE, cause="the file is gone")
    if now != record.info["file"]:
        raise sa.exc.DisconnectionError  # the pool opens the new file


def _prepare_sqlite(connection: sqlite3.Connection, record: sa.pool.ConnectionPoolEntry) -> None:
    record.info["file"] = _file_of(connection)
    connection.isolation_level = None  # transactions are begun below, explicitly
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",  # a commit that returned survives loss of power
        "trusted_schema = OFF",
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: sa.Connection) -> None:
    # The write lock is taken at once, so that two writers wait for each other instead of failing half-way.
    immediate = connection.get_execution_options().get("chipid_immediate", True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")
