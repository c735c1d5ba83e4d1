"""To which day a ticket belongs, and which place it has: by the service's clock, whatever the kiosk's clock says.

A kiosk says when it drew the number and what its clock says now. Only the difference counts: for how long the ticket has
been under way. It is right with any clock that runs, also with one that stands a day behind. What a clock that was put
right in between would spoil is bounded by the kiosk's other numbers: they were drawn in their order.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import re

import sqlalchemy as sa

from kiosk_ui.service.queue.rows import from_ms
from kiosk_ui.service.queue.tables import queue_entry, queue_told

__all__ = ["Neighbours", "neighbours", "place_of", "sequence_of"]

_STALE_TICKET = dt.timedelta(hours=18)  # without the kiosk's own clock: older than this is no place in today's queue
_OLDEST_PLACE = dt.timedelta(days=15)  # longer than any day is kept: only a moment that makes no sense is older


@dataclasses.dataclass(frozen=True, slots=True)
class Neighbours:
    """Places of the kiosk's numbers before and after one of its numbers; ``None``: there is none yet."""

    before: dt.datetime | None = None
    after: dt.datetime | None = None


def place_of(
    issued_at: dt.datetime, sent_at: dt.datetime | None, now: dt.datetime, near: Neighbours, *, of_today: bool
) -> dt.datetime:
    """The moment that decides the place: who drew a number first comes first, also if it arrives late.

    Args:
        issued_at: when the number was drawn, by the kiosk's clock.
        sent_at: what that clock said when the ticket was sent; ``None``: an earlier kiosk, whose clock is believed.
        now: the service's moment.
        near: places of the kiosk's neighbouring numbers.
        of_today: whether the kiosk means today; looked at only without ``sent_at``.
    """
    if sent_at is None:
        if not of_today:
            return max(min(issued_at, now), now - _OLDEST_PLACE)
        return issued_at if now - _STALE_TICKET <= issued_at <= now else now
    under_way = sent_at - issued_at
    if not dt.timedelta() <= under_way <= _OLDEST_PLACE:
        under_way = dt.timedelta()  # the clock was put right or wrong in between: nobody knows how long
    place = now - under_way
    if near.after is not None:
        place = min(place, near.after)
    if near.before is not None:
        place = max(place, near.before)
    return min(place, now)


def sequence_of(label: str) -> int:
    """The number in a label such as ``A012``."""
    digits = re.search(r"[0-9]+$", label)
    return int(digits.group()) if digits else 0


def neighbours(connection: sa.Connection, *, kiosk: str, kiosk_day: dt.date, queue: str, sequence: int) -> Neighbours:
    """Places of the numbers that ``kiosk`` drew before and after ``sequence`` on its own ``kiosk_day`` for ``queue``.

    None if it drew this one before: its store was lost, and what it drew then says nothing about now.
    """
    told, entry = queue_told.c, queue_entry.c
    mine = (told.kiosk == kiosk, told.kiosk_day == kiosk_day, entry.queue == queue)
    both = queue_told.join(queue_entry, told.key == entry.key)
    same = sa.select(sa.func.count()).select_from(both).where(*mine, told.sequence == sequence)
    if connection.execute(same).scalar_one():
        return Neighbours()
    before = sa.select(sa.func.max(entry.place_at)).select_from(both).where(*mine, told.sequence < sequence)
    after = sa.select(sa.func.min(entry.place_at)).select_from(both).where(*mine, told.sequence > sequence)
    found = [connection.execute(query).scalar_one_or_none() for query in (before, after)]
    return Neighbours(*(None if each is None else from_ms(each) for each in found))
