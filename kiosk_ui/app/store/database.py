"""Opening a database: safe settings, private file, migrations, and transactions that can be watched."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import os
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from kiosk_ui.app.failures import STORE_BUSY, STORE_KEY_MISSING, STORE_TOO_NEW, STORE_UNAVAILABLE, StoreError
from kiosk_ui.app.full_disk import store_failure
from kiosk_ui.app.keys import KeyPlace, StoreKey, StoreKeys
from kiosk_ui.app.store.causes import failure_of
from kiosk_ui.app.store.schema import store_key

__all__ = ["CommitPoint", "CommitWatcher", "ConstraintError", "Database", "nobody_watches", "sqlite_file", "sqlite_url"]

HEAD = "0002"  # newest migration; a test compares it with the folder
_MIGRATIONS = Path(__file__).with_name("migrations")
_BUSY_TIMEOUT_MS = 5_000
# A kiosk that freezes, or whose cable is pulled, in the middle of a transaction must not hold up all the others: its
# row locks are taken away by the server, and nobody waits for a server that says nothing (PostgreSQL manual, 20.11 and
# 34.1.2). All together stay below the ten seconds that a screen waits for the store.
_POSTGRESQL_LIMITS = {
    "connect_timeout": 4,  # seconds
    "tcp_user_timeout": 8_000,  # milliseconds, as all that follow
    "options": (
        f"-c lock_timeout={_BUSY_TIMEOUT_MS} -c statement_timeout=8000 -c idle_in_transaction_session_timeout=4000"
    ),
}
_MIGRATION_LOCK = 0x6368_6970  # "chip": any constant, the same in every kiosk


class ConstraintError(StoreError):
    """A constraint of the tables refused the transaction: a lost race, or a row that is gone."""


class CommitPoint(enum.StrEnum):
    """The two moments between which a transaction becomes true."""

    BEFORE = "before"
    AFTER = "after"


CommitWatcher = Callable[[str, CommitPoint], None]
"""Called with a transaction's name right before and right after its commit (tests pull the plug there)."""


def nobody_watches(_name: str, _point: CommitPoint) -> None:
    """The ordinary watcher."""


def sqlite_url(path: Path) -> str:
    """URL of a SQLite file."""
    return sa.URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def sqlite_file(url: str) -> Path | None:
    """The file of an address, or ``None`` if it is a server's. Raises :class:`StoreError` for what is no address."""
    try:
        address = sa.make_url(url)
    except sa.exc.ArgumentError:
        raise StoreError(STORE_UNAVAILABLE, cause="store_url is no address of a database") from None
    return Path(address.database or "") if address.get_backend_name() == "sqlite" else None


class Database:
    """One open database at the newest version of its tables.

    Args:
        url: an SQLAlchemy URL: ``sqlite:///…`` or ``postgresql+psycopg://…``. Time-outs given in it win over ours.
        watcher: sees every commit.
        keys: where the keys lie; by default the systemd credential, or a file beside an SQLite file.

    Raises:
        StoreError: ``store.unavailable`` if it cannot be opened, ``store.too_new`` if a newer program has written it,
            ``store.key_missing``, ``store.key_wrong`` or ``store.key_unusable`` if what is in it cannot be opened,
            ``store.damaged``, ``store.read_only``, ``store.disk_full``. Nothing was changed then.
    """

    def __init__(self, url: str, watcher: CommitWatcher = nobody_watches, keys: KeyPlace | None = None) -> None:
        self._watcher = watcher
        self._engine = _engine(url)
        self._key_place = keys or _usual_key_place(self._engine)
        self._keys: StoreKeys | None = None
        if self._engine.dialect.name == "sqlite":
            sa.event.listen(self._engine, "connect", _prepare_sqlite)
            sa.event.listen(self._engine, "connect", _remember_file)
            sa.event.listen(self._engine, "checkout", _same_file)
            sa.event.listen(self._engine, "begin", _begin_immediate)
        try:
            self._migrate()
        except BaseException:
            self._engine.dispose()  # nobody gets this object, so nobody else could close it
            raise
        self._tidy_up()

    @property
    def keys(self) -> StoreKeys:
        """The keys of what is sealed here."""
        if self._keys is None:
            raise StoreError(STORE_KEY_MISSING)
        return self._keys

    def key_to_seal_with(self, connection: sa.Connection) -> StoreKey:
        """The key that the store names as the one to write with. It stays that until the transaction ends.

        Raises:
            StoreError: ``store.key_wrong`` if it is not in the key file.
        """
        query = sa.select(store_key.c.id).where(store_key.c.is_current).with_for_update(read=True)
        return self.keys.get(connection.execute(query).scalar_one())

    def close(self) -> None:
        """Let go of all connections."""
        self._engine.dispose()

    @contextlib.contextmanager
    def transaction(self, name: str) -> Iterator[sa.Connection]:
        """A transaction that commits at the end of the block, or leaves nothing behind.

        Raises:
            ConstraintError: a constraint refused it; the caller may know what that means.
            StoreError: ``store.unavailable`` for every other failure of the database.
        """
        try:
            with self._engine.connect() as connection:
                with connection.begin():
                    yield connection
                    self._watcher(name, CommitPoint.BEFORE)
                self._watcher(name, CommitPoint.AFTER)
        # "from None": the driver's own text may quote values.
        except sa.exc.IntegrityError as error:
            raise ConstraintError(STORE_BUSY, cause=type(error.orig).__name__) from None
        except sa.exc.SQLAlchemyError as error:
            raise failure_of(error) from None

    def roll_back_to(self, revision: str) -> None:
        """Take the tables back to an older version, for an older program. This object is of no use afterwards.

        Before ``0002`` nothing was encrypted: going back there opens everything. One transaction, as the way forward.

        Raises:
            StoreError: ``store.too_new`` if there is no such version; otherwise as :meth:`transaction`.
        """
        with self.transaction("migrate") as connection:
            _lock_migrations(connection)
            _move(connection, self.keys, revision)
        self._tidy_up()

    def _migrate(self) -> None:
        with self.transaction("migrate") as connection:
            _lock_migrations(connection)
            version = _version(connection)
            names = _key_names(connection)
            self._keys = self._key_place.load(needed=bool(names))
            for name in names:
                self._keys.get(name)
            if version != HEAD:  # the usual start does not even import Alembic
                _move(connection, self._keys, "head")

    def _tidy_up(self) -> None:
        """Cut the log file off: its pages may hold what was in the clear before a migration."""
        if self._engine.dialect.name != "sqlite":
            return
        # Another process may read at this moment; it will cut it off.
        with contextlib.suppress(sa.exc.SQLAlchemyError, sqlite3.Error), contextlib.ExitStack() as open_now:
            raw = open_now.enter_context(contextlib.closing(self._engine.raw_connection()))
            cursor = open_now.enter_context(contextlib.closing(raw.cursor()))
            for pragma in ("busy_timeout = 0", "wal_checkpoint(TRUNCATE)", f"busy_timeout = {_BUSY_TIMEOUT_MS}"):
                cursor.execute(f"PRAGMA {pragma}")


def _engine(url: str) -> sa.Engine:
    """An engine that has not connected yet."""
    try:
        address = sa.make_url(url)
        backend = address.get_backend_name()
        # hide_parameters: an error or log line must never carry a patient's data.
        limits = {name: limit for name, limit in _POSTGRESQL_LIMITS.items() if name not in address.query}
        arguments = limits if backend == "postgresql" and address.get_driver_name() == "psycopg" else {}
        engine = sa.create_engine(address, hide_parameters=True, pool_pre_ping=True, connect_args=arguments)
    # What SQLAlchemy raises for addresses that are none, and for databases whose driver is not installed. "from None":
    # an address may hold a password.
    except (sa.exc.ArgumentError, ValueError):
        raise StoreError(STORE_UNAVAILABLE, cause="store_url is no address of a database") from None
    except ImportError as error:
        raise StoreError(STORE_UNAVAILABLE, cause=f"no driver: {error.name} is not installed") from None
    if backend == "sqlite":
        _make_private_file(Path(address.database or ""))
    return engine


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    version = connection.execute(
        sa.select(sa.column("version_num", sa.String)).select_from(sa.table("alembic_version"))
    )
    return version.scalar_one_or_none()


def _usual_key_place(engine: sa.Engine) -> KeyPlace:
    if engine.dialect.name == "sqlite":
        return KeyPlace.chosen(Path(engine.url.database or "").parent)
    # A credential or nothing: no folder belongs to a server.
    return dataclasses.replace(KeyPlace.chosen(Path(os.devnull)), may_make=False)


def _lock_migrations(connection: sa.Connection) -> None:
    """Several kiosks may start at once; SQLite locks anyway."""
    if connection.dialect.name == "postgresql":
        # A migration may take its time, and so may waiting for the kiosk that does it.
        connection.exec_driver_sql("SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0")
        connection.execute(sa.select(sa.func.pg_advisory_xact_lock(_MIGRATION_LOCK)))


def _key_names(connection: sa.Connection) -> list[str]:
    """Names of the keys with which something here may be sealed."""
    if not sa.inspect(connection).has_table(store_key.name):
        return []
    return list(connection.execute(sa.select(store_key.c.id).order_by(store_key.c.since)).scalars())


def _move(connection: sa.Connection, keys: StoreKeys, target: str) -> None:
    """Bring the tables to the version ``target``, forward or back."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    version = _version(connection)
    if (version is not None and version not in known) or target not in {"head", *known}:
        raise StoreError(STORE_TOO_NEW)
    config.attributes["connection"] = connection
    config.attributes["keys"] = keys
    if target == "head":
        command.upgrade(config, target)
    else:
        command.downgrade(config, target)


def _make_private_file(path: Path) -> None:
    """Create file and folder for the owner alone; SQLite's journal files take the mode of the main file."""
    if not path.name:
        raise StoreError(STORE_UNAVAILABLE, cause="no file name")
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        with contextlib.suppress(PermissionError):  # somebody else's file, lent to us: its mode is theirs to choose
            os.chmod(path, 0o600)  # one that was put back from a backup, say
        os.close(handle)
    except OSError as error:
        raise store_failure(error, STORE_UNAVAILABLE) from None


def _prepare_sqlite(connection: sqlite3.Connection, _record: object) -> None:
    connection.isolation_level = None  # transactions are begun below, explicitly
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",  # a commit that returned survives loss of power
        "foreign_keys = ON",
        "secure_delete = ON",  # deleted personal data is overwritten
        "trusted_schema = OFF",
        "cell_size_check = ON",  # a damaged page is found when it is read, not when it has done harm
        "temp_store = MEMORY",  # what is sorted or copied leaves no file behind
        f"busy_timeout = {_BUSY_TIMEOUT_MS}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _file_of(connection: sqlite3.Connection) -> tuple[int, int] | None:
    """Device and number of the file that the connection's path names now; ``None`` if there is none."""
    path = connection.execute("PRAGMA database_list").fetchone()[2]
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def _remember_file(connection: sqlite3.Connection, record: sa.pool.ConnectionPoolEntry) -> None:
    record.info["file"] = _file_of(connection)


def _same_file(connection: sqlite3.Connection, record: sa.pool.ConnectionPoolEntry, _proxy: object) -> None:
    """A file that was deleted or put in place of ours: what is written into the old one would be lost, in silence."""
    now = _file_of(connection)
    if now is None:
        raise StoreError(STORE_UNAVAILABLE, cause="the file is gone")
    if now != record.info["file"]:
        raise sa.exc.DisconnectionError  # the pool opens the new file


def _begin_immediate(connection: sa.Connection) -> None:
    # The write lock is taken at once, so that two writers wait for each other instead of failing half-way.
    connection.exec_driver_sql("BEGIN IMMEDIATE")
