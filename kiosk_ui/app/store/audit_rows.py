"""Writing the audit trail inside the transaction of what it speaks of, as a chain.

Each row carries the SHA-256 of its own content together with the hash of the row before, so that a changed, moved or
removed row shows (:mod:`kiosk_ui.app.store.audit_chain`). Whoever writes takes the chain's end first and keeps it until
the commit, so that several kiosks write one chain.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import json
import uuid
from typing import Final

import sqlalchemy as sa

from kiosk_ui.app.audit import AuditEntry
from kiosk_ui.app.failures import STORE_DAMAGED, StoreError
from kiosk_ui.app.store.schema import audit_head, audit_log

__all__ = ["FIRST_HASH", "ChainEnd", "add_entry", "chain_end", "entries", "row_hash"]

FIRST_HASH: Final = "0" * 64
"""What stands before the first row."""

_FORM: Final = 1  # version of the canonical form


@dataclasses.dataclass(frozen=True, slots=True)
class ChainEnd:
    """The newest row of the chain, and where the chain begins now.

    Attributes:
        last_id: the newest row; 0 if there is none.
        last_hash: its hash, 64 hexadecimal digits.
        checkpoint_id: the newest row that was removed because its time was over; 0 if none was.
        checkpoint_hash: its hash: the first row that is left was chained to it.
    """

    last_id: int
    last_hash: str
    checkpoint_id: int
    checkpoint_hash: str


def row_hash(
    previous_hash: str,
    number: int,
    at: dt.datetime,
    device: str,
    action: str,
    outcome: str,
    check_in_id: uuid.UUID | None,
    subject: str | None,
) -> str:
    """SHA-256 over the canonical form of one row: a JSON array without blanks, in UTF-8.

    Args:
        previous_hash: of the row before.
        number: the row's id.
        at: aware; written in UTC to the microsecond.
        device: as all that follow, the row's column of that name.
        action: stable name.
        outcome: words of ours.
        check_in_id: or ``None``.
        subject: or ``None``.
    """
    moment = at.astimezone(dt.UTC).isoformat(timespec="microseconds")
    check_in = None if check_in_id is None else check_in_id.hex
    form = [_FORM, previous_hash, number, moment, device, action, outcome, check_in, subject]
    return hashlib.sha256(json.dumps(form, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()


def chain_end(connection: sa.Connection, *, lock: bool = False) -> ChainEnd:
    """The chain's end; with ``lock``, nobody else adds to the chain before this transaction ends.

    Raises:
        StoreError: ``store.damaged`` if the chain's end is gone.
    """
    query = sa.select(audit_head)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise StoreError(STORE_DAMAGED, cause="the end of the audit trail is gone")
    return ChainEnd(row.last_id, row.last_hash, row.checkpoint_id, row.checkpoint_hash)


def add_entry(connection: sa.Connection, entry: AuditEntry, *, device: str, at: dt.datetime) -> None:
    """Append one row to the chain. The last thing a transaction does, since all others wait for it from here on."""
    end = chain_end(connection, lock=True)
    number = end.last_id + 1
    own = row_hash(
        end.last_hash, number, at, device, entry.action.value, entry.outcome, entry.check_in_id, entry.subject
    )
    connection.execute(
        audit_log.insert().values(
            id=number,
            at=at,
            device=device,
            action=entry.action.value,
            outcome=entry.outcome,
            check_in_id=entry.check_in_id,
            subject=entry.subject,
            previous_hash=end.last_hash,
            row_hash=own,
        )
    )
    connection.execute(audit_head.update().values(last_id=number, last_hash=own))


def entries(connection: sa.Connection, check_in_id: uuid.UUID | None = None) -> list[tuple[str, str]]:
    """Actions and outcomes in the order written, of one check-in or of all."""
    query = sa.select(audit_log.c.action, audit_log.c.outcome).order_by(audit_log.c.id)
    if check_in_id is not None:
        query = query.where(audit_log.c.check_in_id == check_in_id)
    return [(row.action, row.outcome) for row in connection.execute(query)]
