"""Queue numbers: unique in a shared store by its lock, and among kiosks that cannot talk to each other by stride."""

from __future__ import annotations

import dataclasses
import datetime as dt

import sqlalchemy as sa

from kiosk_ui.app.store.schema import queue_counter, queue_floor

__all__ = ["Stride", "draw_number", "skip_numbers"]


@dataclasses.dataclass(frozen=True, slots=True)
class Stride:
    """Kiosk *i* of *n* draws the numbers *i*, *i + n*, *i + 2n* …

    Attributes:
        kiosk: which one this is, from 1.
        kiosks: how many there are.

    Raises:
        ValueError: there is no such kiosk.
    """

    kiosk: int = 1
    kiosks: int = 1

    def __post_init__(self) -> None:
        if not 1 <= self.kiosk <= self.kiosks:
            raise ValueError("a kiosk has a number from 1 to the number of kiosks")

    def after(self, last: int) -> int:
        """The smallest of this kiosk's numbers above ``last`` (0 …)."""
        return last + 1 + (self.kiosk - last - 1) % self.kiosks


def draw_number(connection: sa.Connection, queue: str, day: dt.date, stride: Stride) -> int:
    """The next number of a queue's day. Its row stays locked until the commit, so no number is drawn twice.

    Kiosks that share a store share the row too, whatever their strides are: two with the same one do not collide.
    """
    c = queue_counter.c
    this_row = sa.and_(c.department == queue, c.day == day)
    last = connection.execute(sa.select(c.last_number).where(this_row).with_for_update()).scalar_one_or_none()
    if last is not None:
        number = stride.after(last)
        connection.execute(queue_counter.update().where(this_row).values(last_number=number))
        return number
    # The day's first. If another kiosk is faster, the primary key refuses this and the save is tried again.
    number = stride.after(_floor(connection, day))
    connection.execute(queue_counter.insert().values(department=queue, day=day, last_number=number))
    return number


def skip_numbers(connection: sa.Connection, day: dt.date, how_many: int) -> None:
    """After a store was put back from a backup: never draw what may have been given since the backup was made.

    Every queue goes on ``how_many`` above the highest number that the store knows of that day.
    """
    c = queue_counter.c
    highest = connection.execute(sa.select(sa.func.max(c.last_number)).where(c.day == day)).scalar_one_or_none() or 0
    last = max(highest, _floor(connection, day)) + how_many
    connection.execute(queue_floor.delete().where(queue_floor.c.day == day))
    connection.execute(queue_floor.insert().values(day=day, last_number=last))
    connection.execute(queue_counter.update().where(c.day == day).values(last_number=last))


def _floor(connection: sa.Connection, day: dt.date) -> int:
    query = sa.select(queue_floor.c.last_number).where(queue_floor.c.day == day)
    return connection.execute(query).scalar_one_or_none() or 0
