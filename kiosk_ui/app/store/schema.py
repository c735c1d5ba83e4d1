"""Tables of the store. Migrations build them; a test compares the two.

What is personal stands in two tables only, ``patient_snapshot`` and ``insurance_answer``, each time in one sealed cell
(:mod:`kiosk_ui.app.store.records`), so that it can be deleted on its own. The citizen number is deliberately not unique:
one person may visit twice a day, and two records may carry one number by mistake (vietnam.md D.4). No portrait is stored.
"""

from __future__ import annotations

import datetime as dt
import uuid

import sqlalchemy as sa

__all__ = [
    "UtcDateTime",
    "audit_head",
    "audit_log",
    "check_in",
    "insurance_answer",
    "metadata",
    "outbox",
    "patient_snapshot",
    "queue_counter",
    "queue_floor",
    "store_key",
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
    sa.Column("kind", sa.String(10), nullable=False),  # queue ticket, or slip for the counter
    sa.Column("priority", sa.String(20), nullable=False),
    sa.Column("identification", sa.String(20), nullable=False),
    sa.Column("patient_kind", sa.String(12), nullable=False),  # what the hospital system knew; "not_asked"
    sa.Column("missing", sa.Text(), nullable=False),  # why a counter has to look: words, with blanks between
    sa.UniqueConstraint("department", "day", "queue_number"),
)

patient_snapshot = sa.Table(
    "patient_snapshot",
    metadata,
    sa.Column("check_in_id", sa.Uuid[uuid.UUID](), sa.ForeignKey("check_in.id", ondelete="CASCADE"), primary_key=True),
    sa.Column("kept_from", UtcDateTime(), nullable=False),  # its time to be deleted counts from here
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("number_word", sa.String(32)),  # keyed, to be found by; nothing if there is no number
    sa.Column("content", sa.LargeBinary(), nullable=False),  # sealed
    sa.Index(None, "number_word"),
)

insurance_answer = sa.Table(
    "insurance_answer",
    metadata,
    sa.Column("id", sa.Uuid[uuid.UUID](), primary_key=True),
    sa.Column("check_in_id", sa.Uuid[uuid.UUID](), sa.ForeignKey("check_in.id", ondelete="CASCADE"), nullable=False),
    sa.Column("received_at", UtcDateTime(), nullable=False),
    sa.Column("code", sa.String(60), nullable=False),
    sa.Column("key_id", sa.String(16), nullable=False),
    sa.Column("content", sa.LargeBinary(), nullable=False),  # sealed; as received: the evidence of Decree 188/2025
    sa.Index(None, "check_in_id"),
)

queue_counter = sa.Table(
    "queue_counter",
    metadata,
    sa.Column("department", sa.String(40), primary_key=True),
    sa.Column("day", sa.Date(), primary_key=True),
    sa.Column("last_number", sa.Integer(), nullable=False),
)

queue_floor = sa.Table(  # after a store was put back from a backup: numbers up to here may have been given already
    "queue_floor",
    metadata,
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
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("sequence", sa.Integer(), nullable=False),  # among the items of one kind about one check-in
    sa.Index(None, "state", "kind", "due_at"),
    sa.Index(None, "check_in_id"),
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
    sa.Column("previous_hash", sa.String(64)),  # both are always there; the first version had room for them only
    sa.Column("row_hash", sa.String(64)),
)

audit_head = sa.Table(  # one row: the chain's end, which whoever adds to the chain takes first; and where it begins now
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer(), primary_key=True),
    sa.Column("last_id", sa.BigInteger(), nullable=False),
    sa.Column("last_hash", sa.String(64), nullable=False),
    sa.Column("checkpoint_id", sa.BigInteger(), nullable=False),
    sa.Column("checkpoint_hash", sa.String(64), nullable=False),
)

store_key = sa.Table(  # names of the keys that rows may be sealed with; the keys themselves are never here
    "store_key",
    metadata,
    sa.Column("id", sa.String(16), primary_key=True),
    sa.Column("is_current", sa.Boolean(), nullable=False),
    sa.Column("since", UtcDateTime(), nullable=False),
)
