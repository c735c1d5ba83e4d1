"""The first store: check-ins, queue numbers, outbox, audit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Build the tables of version 0.1.0."""
    moment = sa.DateTime(timezone=True)
    _check_ins(moment)
    _insurance_answers(moment)
    _queue_and_outbox(moment)
    _audit(moment)


def downgrade() -> None:
    """Take them away, dependants first."""
    for table in ("audit_log", "outbox", "queue_counter", "insurance_answer", "patient_snapshot", "check_in"):
        op.drop_table(table)


def _owner(table: str, *, primary_key: bool = False) -> sa.Column[object]:
    key = sa.ForeignKey("check_in.id", name=f"fk_{table}_check_in_id", ondelete="CASCADE")
    return sa.Column("check_in_id", sa.Uuid(), key, primary_key=primary_key, nullable=False)


def _check_ins(moment: sa.DateTime) -> None:
    op.create_table(
        "check_in",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("department", sa.String(40), nullable=False),
        sa.Column("queue_number", sa.Integer(), nullable=False),
        sa.Column("queue_label", sa.String(12), nullable=False),
        sa.Column("decision", sa.String(10), nullable=False),
        sa.Column("decision_reasons", sa.Text(), nullable=False),
        sa.Column("assurance", sa.String(20), nullable=False),
        sa.Column("national_method", sa.String(20), nullable=False),
        sa.Column("holder_checked", sa.String(10), nullable=False),
        sa.Column("insurance_outcome", sa.String(12), nullable=False),
        sa.Column("insurance_kind", sa.String(20), nullable=False),
        sa.Column("insurance_code", sa.String(60), nullable=False),
        sa.Column("insurance_valid_until", sa.Date()),
        sa.Column("insurance_checked_at", moment),
        sa.PrimaryKeyConstraint("id", name="pk_check_in"),
        sa.UniqueConstraint("department", "day", "queue_number", name="uq_check_in_department_day_queue_number"),
    )
    op.create_table(
        "patient_snapshot",
        _owner("patient_snapshot", primary_key=True),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.Date()),
        sa.PrimaryKeyConstraint("check_in_id", name="pk_patient_snapshot"),
    )


def _insurance_answers(moment: sa.DateTime) -> None:
    op.create_table(
        "insurance_answer",
        sa.Column("id", sa.Uuid(), nullable=False),
        _owner("insurance_answer"),
        sa.Column("received_at", moment, nullable=False),
        sa.Column("code", sa.String(60), nullable=False),
        sa.Column("card_number", sa.String(20)),
        sa.Column("raw", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_insurance_answer"),
    )
    op.create_index("ix_insurance_answer_check_in_id", "insurance_answer", ["check_in_id"])


def _queue_and_outbox(moment: sa.DateTime) -> None:
    op.create_table(
        "queue_counter",
        sa.Column("department", sa.String(40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("department", "day", name="pk_queue_counter"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("idempotency_key", sa.String(100), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        _owner("outbox"),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("due_at", moment, nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("leased_until", moment),
        sa.Column("done_at", moment),
        sa.Column("last_error", sa.String(60)),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("idempotency_key", name="uq_outbox_idempotency_key"),
    )
    op.create_index("ix_outbox_kind_done_at_due_at", "outbox", ["kind", "done_at", "due_at"])


def _audit(moment: sa.DateTime) -> None:
    op.create_table(
        "audit_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("at", moment, nullable=False),
        sa.Column("device", sa.String(60), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("outcome", sa.String(60), nullable=False),
        sa.Column("check_in_id", sa.Uuid()),
        sa.Column("subject", sa.String(32)),
        sa.Column("previous_hash", sa.String(64)),
        sa.Column("row_hash", sa.String(64)),
        sa.PrimaryKeyConstraint("id", name="pk_audit_log"),
    )
