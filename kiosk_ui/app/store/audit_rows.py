"""Writing the audit trail inside the transaction of what it speaks of. Rows are only ever added."""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa

from kiosk_ui.app.audit import AuditEntry
from kiosk_ui.app.store.schema import audit_log

__all__ = ["add_entry", "entries"]


def add_entry(connection: sa.Connection, entry: AuditEntry, *, device: str, at: dt.datetime) -> None:
    """Append one row."""
    connection.execute(
        audit_log.insert().values(
            at=at,
            device=device,
            action=entry.action.value,
            outcome=entry.outcome,
            check_in_id=entry.check_in_id,
            subject=entry.subject,
        )
    )


def entries(connection: sa.Connection, check_in_id: uuid.UUID | None = None) -> list[tuple[str, str]]:
    """Actions and outcomes in the order written, of one check-in or of all."""
    query = sa.select(audit_log.c.action, audit_log.c.outcome).order_by(audit_log.c.id)
    if check_in_id is not None:
        query = query.where(audit_log.c.check_in_id == check_in_id)
    return [(row.action, row.outcome) for row in connection.execute(query)]
