"""Tables of the queue's store. No name, no citizen number, no check-in's id: labels, departments, priorities, times.

Moments are whole milliseconds since 1970 (UTC), so that every database keeps and compares them alike.
"""

from __future__ import annotations

import sqlalchemy as sa

__all__ = [
    "SCHEMA_VERSION",
    "metadata",
    "queue_entry",
    "queue_event",
    "queue_lane",
    "queue_told",
    "schema_version",
    "staff_session",
]

SCHEMA_VERSION = 1

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

schema_version = sa.Table("queue_schema", metadata, sa.Column("version", sa.Integer(), primary_key=True))

queue_lane = sa.Table(
    "queue_lane",
    metadata,
    sa.Column("day", sa.Date(), primary_key=True),  # the hospital's own calendar day
    sa.Column("queue", sa.String(40), primary_key=True),
    sa.Column("turns", sa.Integer(), nullable=False),
    sa.Column("ordinary_run", sa.Integer()),
)

queue_entry = sa.Table(
    "queue_entry",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),  # keyed pseudonym of the check-in
    sa.Column("day", sa.Date(), nullable=False),
    sa.Column("queue", sa.String(40), nullable=False),
    sa.Column("label", sa.String(12), nullable=False),
    sa.Column("reference", sa.String(64)),  # keyed hash of a slip's reference
    sa.Column("kiosk", sa.String(60), nullable=False),  # who sent it
    sa.Column("priority", sa.String(20), nullable=False),
    sa.Column("standing", sa.String(10), nullable=False),
    sa.Column("place_at", sa.BigInteger(), nullable=False),
    sa.Column("state", sa.String(10), nullable=False),
    sa.Column("since", sa.BigInteger(), nullable=False),
    sa.Column("turn_due", sa.Integer(), nullable=False),
    sa.Column("skips", sa.Integer(), nullable=False),
    sa.Column("calls", sa.Integer(), nullable=False),
    sa.Column("desk", sa.String(40)),
    sa.Column("called_at", sa.BigInteger()),
    sa.Column("announced_at", sa.BigInteger()),  # the last time it was called, also again
    sa.Column("served_at", sa.BigInteger()),
    sa.Column("twin", sa.Boolean(), nullable=False),
    sa.Column("revision", sa.Integer(), nullable=False),
    sa.Index(None, "day", "queue", "state"),
    sa.Index(None, "day", "label"),
    sa.Index(None, "reference"),
)

# What a kiosk said of a ticket beside its place, and what goes back to it. A table of its own: an earlier program leaves
# it alone, so that going back needs no other store.
queue_told = sa.Table(
    "queue_told",
    metadata,
    sa.Column("key", sa.String(64), primary_key=True),
    sa.Column("day", sa.Date(), nullable=False),  # of the queue, for deleting
    sa.Column("kiosk", sa.String(60), nullable=False),
    sa.Column("kiosk_day", sa.Date(), nullable=False),  # by the kiosk's own clock
    sa.Column("label", sa.String(12), nullable=False),
    sa.Column("sequence", sa.Integer(), nullable=False),  # the number in the label
    sa.Column("holder", sa.String(10), nullable=False),  # whether somebody compared the person with the photo
    sa.Column("holder_at", sa.BigInteger()),  # when a desk said so; nothing before
    sa.Index(None, "kiosk", "kiosk_day"),
)

queue_event = sa.Table(
    "queue_event",
    metadata,
    sa.Column(
        "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=True
    ),  # who did what, for the day's questions; purged with it
    sa.Column("day", sa.Date(), nullable=False),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("action", sa.String(20), nullable=False),
    sa.Column("desk", sa.String(40), nullable=False),
    sa.Column("at", sa.BigInteger(), nullable=False),
    sa.Index(None, "day", "action", "at"),
)

staff_session = sa.Table(
    "staff_session",
    metadata,
    sa.Column("token", sa.String(64), primary_key=True),  # keyed hash of the cookie: the store opens no session
    sa.Column("desk", sa.String(40), nullable=False),
    sa.Column("opened_at", sa.BigInteger(), nullable=False),
    sa.Column("seen_at", sa.BigInteger(), nullable=False),
)
