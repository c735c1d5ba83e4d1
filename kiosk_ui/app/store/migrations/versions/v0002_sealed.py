"""Personal columns become one sealed cell a row; the audit trail becomes a chain; the outbox says in which state items are.

All of it happens in the one transaction of the migration: a kiosk that is killed meanwhile finds the store as it was. The
tables that held text in the clear are dropped, not changed, so that nothing of them stays behind in their pages.
"""

from __future__ import annotations

import datetime as dt
import json
import uuid
from collections.abc import Iterator

import sqlalchemy as sa
from alembic import context, op

from kiosk_ui.app.keys import CellPlace, StoreKey, StoreKeys
from kiosk_ui.app.store.audit_rows import FIRST_HASH, row_hash
from kiosk_ui.app.store.schema import UtcDateTime

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_NEW_COLUMNS = (
    ("kind", sa.String(10), "queue"),
    ("priority", sa.String(20), "none"),
    ("identification", sa.String(20), "chip"),
    ("patient_kind", sa.String(12), "not_asked"),
    ("missing", sa.Text(), ""),
)


def upgrade() -> None:
    """Seal what is there."""
    connection = op.get_bind()
    keys: StoreKeys = context.config.attributes["keys"]
    op.create_table(
        "store_key",
        sa.Column("id", sa.String(16), nullable=False),
        sa.Column("is_current", sa.Boolean(), nullable=False),
        sa.Column("since", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_store_key"),
    )
    table = sa.table("store_key", sa.column("id"), sa.column("is_current"), sa.column("since", UtcDateTime()))
    now = dt.datetime.now(dt.UTC)
    connection.execute(table.insert(), {"id": keys.first.id, "is_current": True, "since": now})
    for name, kind, default in _NEW_COLUMNS:
        op.add_column("check_in", sa.Column(name, kind, nullable=False, server_default=default))
    _seal_snapshots(connection, keys.first)
    _seal_answers(connection, keys.first)
    _queue_and_outbox()
    _chain(connection)


def downgrade() -> None:
    """Open what is sealed: the program before this version could not. The chain of the audit trail is forgotten."""
    connection = op.get_bind()
    keys: StoreKeys = context.config.attributes["keys"]
    op.drop_table("audit_head")
    op.drop_table("queue_floor")
    op.drop_index("ix_outbox_state_kind_due_at", "outbox")
    op.drop_index("ix_outbox_check_in_id", "outbox")
    connection.execute(sa.text("DELETE FROM outbox WHERE sequence > 1 OR kind NOT IN ('insurance_check', 'hand_over')"))
    for name in ("state", "sequence"):
        op.drop_column("outbox", name)
    op.create_index("ix_outbox_kind_done_at_due_at", "outbox", ["kind", "done_at", "due_at"])
    _open_answers(connection, keys)
    _open_snapshots(connection, keys)
    for name, _, _ in _NEW_COLUMNS:
        op.drop_column("check_in", name)
    op.drop_table("store_key")


# ----------------------------------------------------------------------------------------- patient_snapshot
def _owner(table: str) -> sa.Column[object]:
    key = sa.ForeignKey("check_in.id", name=f"fk_{table}_check_in_id", ondelete="CASCADE")
    return sa.Column("check_in_id", sa.Uuid(), key, nullable=False)


def _old_snapshots() -> sa.TableClause:
    return sa.table(
        "patient_snapshot",
        sa.column("check_in_id", sa.Uuid[uuid.UUID]()),
        sa.column("number", sa.String),
        sa.column("full_name", sa.Text),
        sa.column("date_of_birth", sa.Date()),
    )


def _new_snapshots() -> sa.TableClause:
    return sa.table(
        "patient_snapshot",
        sa.column("check_in_id", sa.Uuid[uuid.UUID]()),
        sa.column("kept_from", UtcDateTime()),
        sa.column("key_id", sa.String),
        sa.column("number_word", sa.String),
        sa.column("content", sa.LargeBinary),
    )


def _seal_snapshots(connection: sa.Connection, key: StoreKey) -> None:
    check_in = sa.table("check_in", sa.column("id", sa.Uuid[uuid.UUID]()), sa.column("created_at", UtcDateTime()))
    old = _old_snapshots()
    query = sa.select(old, check_in.c.created_at).join_from(old, check_in, check_in.c.id == old.c.check_in_id)
    rows = connection.execute(query).all()
    op.drop_table("patient_snapshot")
    op.create_table(
        "patient_snapshot",
        _owner("patient_snapshot"),
        sa.Column("kept_from", UtcDateTime(), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("number_word", sa.String(32)),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("check_in_id", name="pk_patient_snapshot"),
    )
    op.create_index("ix_patient_snapshot_number_word", "patient_snapshot", ["number_word"])
    for row in rows:
        born = None if row.date_of_birth is None else row.date_of_birth.isoformat()
        person = {"number": row.number, "full_name": row.full_name, "date_of_birth": born}
        place = CellPlace("patient_snapshot", "content", row.check_in_id.hex)
        values = {
            "check_in_id": row.check_in_id,
            "kept_from": row.created_at,
            "key_id": key.id,
            "number_word": key.search_word(row.number) if row.number else None,
            "content": key.seal(json.dumps({"visitor": person}, ensure_ascii=False).encode(), place),
        }
        connection.execute(_new_snapshots().insert(), values)


def _open_snapshots(connection: sa.Connection, keys: StoreKeys) -> None:
    rows = connection.execute(sa.select(_new_snapshots())).all()
    op.drop_table("patient_snapshot")
    op.create_table(
        "patient_snapshot",
        _owner("patient_snapshot"),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("full_name", sa.Text(), nullable=False),
        sa.Column("date_of_birth", sa.Date()),
        sa.PrimaryKeyConstraint("check_in_id", name="pk_patient_snapshot"),
    )
    for row in rows:
        place = CellPlace("patient_snapshot", "content", row.check_in_id.hex)
        person = json.loads(keys.open(row.key_id, row.content, place))["visitor"]
        born = person["date_of_birth"]
        values = {
            "check_in_id": row.check_in_id,
            "number": person["number"],
            "full_name": person["full_name"],
            "date_of_birth": None if born is None else dt.date.fromisoformat(born),
        }
        connection.execute(_old_snapshots().insert(), values)


# ----------------------------------------------------------------------------------------- insurance_answer
def _answers(*columns: str) -> sa.TableClause:
    return sa.table(
        "insurance_answer",
        sa.column("id", sa.Uuid[uuid.UUID]()),
        sa.column("check_in_id", sa.Uuid[uuid.UUID]()),
        sa.column("received_at", UtcDateTime()),
        sa.column("code", sa.String),
        *(sa.column(name) for name in columns),
    )


def _answer_columns() -> Iterator[sa.Column[object]]:
    yield sa.Column("id", sa.Uuid(), nullable=False)
    yield _owner("insurance_answer")
    yield sa.Column("received_at", UtcDateTime(), nullable=False)
    yield sa.Column("code", sa.String(60), nullable=False)


def _seal_answers(connection: sa.Connection, key: StoreKey) -> None:
    rows = connection.execute(sa.select(_answers("card_number", "raw"))).all()
    op.drop_table("insurance_answer")
    op.create_table(
        "insurance_answer",
        *_answer_columns(),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_insurance_answer"),
    )
    op.create_index("ix_insurance_answer_check_in_id", "insurance_answer", ["check_in_id"])
    for row in rows:
        content = {"card_number": row.card_number, "raw": row.raw}
        place = CellPlace("insurance_answer", "content", row.id.hex)
        values = {
            "id": row.id,
            "check_in_id": row.check_in_id,
            "received_at": row.received_at,
            "code": row.code,
            "key_id": key.id,
            "content": key.seal(json.dumps(content, ensure_ascii=False).encode(), place),
        }
        connection.execute(_answers("key_id", "content").insert(), values)


def _open_answers(connection: sa.Connection, keys: StoreKeys) -> None:
    rows = connection.execute(sa.select(_answers("key_id", "content"))).all()
    op.drop_table("insurance_answer")
    op.create_table(
        "insurance_answer",
        *_answer_columns(),
        sa.Column("card_number", sa.String(20)),
        sa.Column("raw", sa.Text()),
        sa.PrimaryKeyConstraint("id", name="pk_insurance_answer"),
    )
    op.create_index("ix_insurance_answer_check_in_id", "insurance_answer", ["check_in_id"])
    for row in rows:
        content = json.loads(keys.open(row.key_id, row.content, CellPlace("insurance_answer", "content", row.id.hex)))
        values = {
            "id": row.id,
            "check_in_id": row.check_in_id,
            "received_at": row.received_at,
            "code": row.code,
            "card_number": content["card_number"],
            "raw": content["raw"],
        }
        connection.execute(_answers("card_number", "raw").insert(), values)


# --------------------------------------------------------------------------------------- outbox, audit trail
def _queue_and_outbox() -> None:
    op.create_table(
        "queue_floor",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("day", name="pk_queue_floor"),
    )
    op.add_column("outbox", sa.Column("state", sa.String(10), nullable=False, server_default="waiting"))
    op.add_column("outbox", sa.Column("sequence", sa.Integer(), nullable=False, server_default="1"))
    op.drop_index("ix_outbox_kind_done_at_due_at", "outbox")
    op.create_index("ix_outbox_state_kind_due_at", "outbox", ["state", "kind", "due_at"])
    op.create_index("ix_outbox_check_in_id", "outbox", ["check_in_id"])
    ended = "UPDATE outbox SET state = 'delivered' WHERE done_at IS NOT NULL AND last_error IS NULL"
    given_up = "UPDATE outbox SET state = 'parked' WHERE done_at IS NOT NULL AND last_error IS NOT NULL"
    op.execute(ended)
    op.execute(given_up)


def _chain(connection: sa.Connection) -> None:
    op.create_table(
        "audit_head",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("last_id", sa.BigInteger(), nullable=False),
        sa.Column("last_hash", sa.String(64), nullable=False),
        sa.Column("checkpoint_id", sa.BigInteger(), nullable=False),
        sa.Column("checkpoint_hash", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    names = ("id", "device", "action", "outcome", "subject", "previous_hash", "row_hash")
    log = sa.table(
        "audit_log",
        sa.column("at", UtcDateTime()),
        sa.column("check_in_id", sa.Uuid[uuid.UUID]()),
        *(sa.column(name) for name in names),
    )
    rows = connection.execute(sa.select(log).order_by(log.c.id)).all()
    # A store that was here before and went back: the chain goes on where it began, or its anchors would not fit.
    begins = rows[0].previous_hash or FIRST_HASH if rows else FIRST_HASH
    checkpoint_id = rows[0].id - 1 if begins != FIRST_HASH else 0
    last_id, last_hash = 0, begins
    for row in rows:
        own = row_hash(last_hash, row.id, row.at, row.device, row.action, row.outcome, row.check_in_id, row.subject)
        hashes = {"previous_hash": last_hash, "row_hash": own}
        connection.execute(log.update().where(log.c.id == row.id).values(**hashes))
        last_id, last_hash = row.id, own
    columns = ("id", "last_id", "last_hash", "checkpoint_id", "checkpoint_hash")
    head = {"id": 1, "last_id": last_id, "last_hash": last_hash}
    head |= {"checkpoint_id": checkpoint_id, "checkpoint_hash": begins}
    connection.execute(sa.table("audit_head", *(sa.column(name) for name in columns)).insert(), head)
