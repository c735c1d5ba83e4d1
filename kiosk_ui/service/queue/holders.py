"""Whether anybody compared a person with the photo of the card: what kiosks say, what desks add, and what goes back.

The record of the visit is the kiosk's, so that a desk's mark goes back there, by the label that the kiosk gave.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Collection, Mapping

import sqlalchemy as sa

from kiosk_ui.service.queue.arrival import sequence_of
from kiosk_ui.service.queue.rows import from_ms, to_ms
from kiosk_ui.service.queue.tables import queue_told
from reader.verification.identity import HolderChecked

__all__ = ["HolderMark", "insert", "marks", "of", "put"]


@dataclasses.dataclass(frozen=True, slots=True)
class HolderMark:
    """What a desk said about one number of a kiosk.

    Attributes:
        label: as the kiosk printed it.
        checked: ``staff``, or ``none`` if the desk took it back.
        at: aware moment, by the service's clock.
    """

    label: str
    checked: HolderChecked
    at: dt.datetime


def insert(connection: sa.Connection, key: str, day: dt.date, label: str, told: Mapping[str, object]) -> None:
    """Note what a kiosk said: ``kiosk``, ``kiosk_day`` and ``holder``."""
    values = {**told, "holder": str(told["holder"]), "key": key, "day": day, "label": label}
    connection.execute(queue_told.insert(), {**values, "sequence": sequence_of(label), "holder_at": None})


def of(connection: sa.Connection, keys: Collection[str]) -> dict[str, HolderChecked]:
    """What is known of these numbers; nothing about those that came without a check-in."""
    rows = connection.execute(sa.select(queue_told.c.key, queue_told.c.holder).where(queue_told.c.key.in_(keys)))
    return {row.key: HolderChecked(row.holder) for row in rows}


def put(connection: sa.Connection, key: str, checked: HolderChecked, at: dt.datetime) -> None:
    """A desk's word."""
    values = {"holder": str(checked), "holder_at": to_ms(at)}
    connection.execute(queue_told.update().where(queue_told.c.key == key), values)


def marks(connection: sa.Connection, kiosk: str, kiosk_day: dt.date) -> list[HolderMark]:
    """What desks said about the numbers that a kiosk drew on its own ``kiosk_day``, in the order of the numbers.

    Not about a number that it drew twice, as one does whose store was put back or is new: the mark is on one of two people.
    """
    c, other = queue_told.c, queue_told.alias("other")
    drawn_twice = sa.exists().where(
        other.c.kiosk == c.kiosk, other.c.kiosk_day == c.kiosk_day, other.c.label == c.label, other.c.key != c.key
    )
    where = (c.kiosk == kiosk, c.kiosk_day == kiosk_day, c.holder_at.is_not(None), sa.not_(drawn_twice))
    rows = connection.execute(sa.select(queue_told).where(*where).order_by(c.label, c.key))
    return [HolderMark(row.label, HolderChecked(row.holder), from_ms(row.holder_at)) for row in rows]
