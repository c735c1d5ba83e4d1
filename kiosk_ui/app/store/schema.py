"""Tables of the store. Migrations build them; a test compares the two.

Personal columns stand in two tables only, ``patient_snapshot`` and ``insurance_answer``, so that they can be encrypted
and deleted on their own. The citizen number is deliberately not unique: one person may visit twice a day, and two
records may carry one number by mistake (vietnam.md D.4). No portrait is stored.
"""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa

__all__ = [
    "audit_log",
    "check_in",
    "insurance_answer",
    "metadata",
    "outbox",
    "patient_snapshot",
    "queue_counter",
]


class UtcDateTime(sa.TypeDecorator[dt.datetime]):
    """An aware moment, kept as UTC. Naive moments are refused: nobody could say what they mean."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment to be stored needs a time zone")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: sa.Dialect) -> dt.datetime | None:
        if value is None:
            return None
        # SQLite keeps no zone; what was written was UTC.
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

check_in = sa.Table(
    "check_in",
    metadata,
    sa.Column("id", sa.Uuid[uuid.UUID](), primary_key=True),
    sa.Column("created_at", UtcDateTime(), nullable=False),
    sa.Column("day", sa.Date(), nullable=False),  # the hospital's own calendar day
    sa.Column("department", sa.String(40), nullable=False),
    sa.Column("queue_number", sa.Integer(), nullable=False),
    sa.Column("queue_label", sa.String(12), nullable=False),
    sa.Column("decision", sa.String(10), nullable=False),  # verdict on the card: staff look into what is referred
    sa.Column("decision_reasons", sa.Text(), nullable=False),  # codes of checks, with blanks between
    sa.Column("assurance", sa.String(20), nullable=False),
    sa.Column("national_method", sa.String(20), nullable=False),  # phuong_thuc_dinh_danh
    sa.Column("holder_checked", sa.String(10), nullable=False),
    sa.Column("insurance_outcome", sa.String(12), nullable=False),
    sa.Column("insurance_kind", sa.String(20), nullable=False),
    sa.Column("insurance_code", sa.String(60), nullable=False),
    sa.Column("insurance_valid_until", sa.Date()),
    sa.Column("insurance_checked_at", UtcDateTime()),
    sa.UniqueConstraint("department", "day", "queue_number"),
)

patient_snapshot = sa.Table(
    "patient_snapshot",
    metadata,
    sa.Column("check_in_id", sa.Uuid[uuid.UUID](), sa.ForeignKey("check_in.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("number", sa.String(20), nullable=False),
    sa.Column("full_name", sa.Text(), nullable=False),
    sa.Column("date_of_birth", sa.Date()),
)

insurance_answer = sa.Table(
    "insurance_answer",
    metadata,
    sa.Column("id", sa.Uuid[uuid.UUID](), primary_key=True),
    sa.Column("check_in_id", sa.Uuid[uuid.UUID](), sa.ForeignKey("check_in.id", ondelete="CASCADE"), nullable=False),
    sa.Column("received_at", UtcDateTime(), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("card_number", sa.String(20)),
    sa.Column("raw", sa.Text()),  # as received; the evidence that Decree 188/2025 asks for
    sa.Index(None, "check_in_id"),
)

queue_counter = sa.Table(
    "queue_counter",
    metadata,
    sa.Column("department", sa.String(40), primary_key=True),
    sa.Column("day", sa.Date(), primary_key=True),
    sa.Column("last_number", sa.Integer(), nullable=False),
)

outbox = sa.Table(
    "outbox",
    metadata,
    sa.Column("id", sa.Uuid[uuid.UUID](), primary_key=True),
    sa.Column("idempotency_key", sa.String(100), nullable=False, unique=True),
    sa.Column("kind", sa.String(40), nullable=False),
    sa.Column("check_in_id", sa.Uuid[uuid.UUID](), sa.ForeignKey("check_in.id", ondelete="CASCADE"), nullable=False),
    sa.Column("created_at", UtcDateTime(), nullable=False),
    sa.Column("due_at", UtcDateTime(), nullable=False),
    sa.Column("attempts", sa.Integer(), nullable=False),
    sa.Column("leased_until", UtcDateTime()),
    sa.Column("done_at", UtcDateTime()),
    sa.Column("last_error", sa.String(60)),
    sa.Index(None, "kind", "done_at", "due_at"),
)

audit_log = sa.Table(
    "audit_log",
    metadata,
    sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True),
    sa.Column("at", UtcDateTime(), nullable=False),
    sa.Column("device", sa.String(60), nullable=False),
    sa.Column("action", sa.String(40), nullable=False),
    sa.Column("outcome", sa.String(60), nullable=False),
    sa.Column("check_in_id", sa.Uuid[uuid.UUID]()),  # no foreign key: the trail outlives what it speaks of
    sa.Column("subject", sa.String(32)),  # keyed pseudonym, never a number or a name
    sa.Column("previous_hash", sa.String(64)),  # room for the chain
    sa.Column("row_hash", sa.String(64)),
)
