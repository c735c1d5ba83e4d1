"""What a failure of the database means for the people at the kiosk. The driver's own text may quote values and is dropped."""

from __future__ import annotations

import sqlite3
from typing import Final

import sqlalchemy as sa

from crypto.errors import ErrorCode
from kiosk_ui.app.failures import STORE_DAMAGED, STORE_FULL, STORE_READ_ONLY, STORE_UNAVAILABLE, StoreError

__all__ = ["failure_of", "sqlite_failure"]

_SQLITE: Final[dict[int, ErrorCode]] = {  # https://sqlite.org/rescode.html, primary result codes
    8: STORE_READ_ONLY,  # SQLITE_READONLY
    11: STORE_DAMAGED,  # SQLITE_CORRUPT
    13: STORE_FULL,  # SQLITE_FULL
    26: STORE_DAMAGED,  # SQLITE_NOTADB
}
_POSTGRESQL: Final[dict[str, ErrorCode]] = {  # PostgreSQL manual, appendix A; a class or a whole code
    "25006": STORE_READ_ONLY,  # read_only_sql_transaction: a standby, say
    "53100": STORE_FULL,  # disk_full
    "XX001": STORE_DAMAGED,  # data_corrupted
    "XX002": STORE_DAMAGED,  # index_corrupted
}
_PRIMARY: Final = 0xFF
_NO_ROOM_FOR_LOG: Final = 4874  # SQLITE_IOERR_SHMSIZE: the log's index could not grow, on a full disk as a rule


def failure_of(error: sa.exc.SQLAlchemyError) -> StoreError:
    """The error to raise in place of SQLAlchemy's.

    Its fact ``cause`` is the driver's own name for what happened (``SQLITE_BUSY``, ``55P03``), or the class of the error.
    """
    original = error.orig if isinstance(error, sa.exc.DBAPIError) else None
    if isinstance(original, sqlite3.Error):
        return sqlite_failure(original)
    state = getattr(original, "sqlstate", None)
    if isinstance(state, str):
        return StoreError(_POSTGRESQL.get(state, STORE_UNAVAILABLE), cause=state)
    return StoreError(STORE_UNAVAILABLE, cause=type(original or error).__name__)


def sqlite_failure(error: sqlite3.Error) -> StoreError:
    """The error to raise in place of SQLite's own."""
    # Both are absent where the module itself raised, for a closed connection say.
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    number = getattr(error, "sqlite_errorcode", 0)
    code = STORE_FULL if number == _NO_ROOM_FOR_LOG else _SQLITE.get(number & _PRIMARY, STORE_UNAVAILABLE)
    return StoreError(code, cause=str(name))
