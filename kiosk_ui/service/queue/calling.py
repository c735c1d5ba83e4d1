"""Who is called next. The rule is data, the choice a function of what stands in the queue: no clock, no store.

1. An emergency.
2. Whoever was skipped or put back, once the queue has made the calls that the rule names.
3. After each ``ordinary_per_prioritised`` ordinary numbers one with a priority, so that neither waits for ever; among
   equals whoever drew a number first.
4. If nobody else is there, whoever is to come back anyway.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterable, Sequence

from kiosk_ui.service.queue.entry import Action, Entry, State

__all__ = [
    "CallingRule",
    "Candidate",
    "Lane",
    "Rank",
    "after_action",
    "after_call",
    "best",
    "choose",
    "merged",
    "upcoming",
]


@dataclasses.dataclass(frozen=True, slots=True)
class CallingRule:
    """The hospital's rule.

    Attributes:
        ordinary_per_prioritised: so many ordinary numbers are called between two with a priority while both wait.
        skipped_come_back_after: calls of the queue after which a number that nobody answered is called again.
        returned_come_back_after: the same for a number that staff put back: the person stands there.
        calls_before_left: a number that nobody answered so often counts as left; staff can still put it back.
        quiet_pause_s: in an empty queue a skipped number is called again after this many seconds at the earliest.
    """

    ordinary_per_prioritised: int = 2
    skipped_come_back_after: int = 3
    returned_come_back_after: int = 1
    calls_before_left: int = 3
    quiet_pause_s: float = 120.0


@dataclasses.dataclass(frozen=True, slots=True)
class Lane:
    """What one queue remembers of its day.

    Attributes:
        turns: calls so far.
        ordinary_run: ordinary calls since the last one with a priority, at most the rule's number; ``None`` before
            the first call, when a priority goes first.
    """

    turns: int = 0
    ordinary_run: int | None = None


class Rank(enum.IntEnum):
    """Why somebody is next."""

    EMERGENCY = 1
    IN_TURN = 2
    BEFORE_TIME = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Candidate:
    """Who is next in one queue, and why."""

    entry: Entry
    rank: Rank


def choose(entries: Iterable[Entry], lane: Lane, rule: CallingRule, now: dt.datetime) -> Candidate | None:
    """Who is next among ``entries`` of one queue; ``None`` if nobody can be called.

    Args:
        entries: of one queue and day, in any order and state.
        lane: what the queue remembers.
        rule: the hospital's.
        now: aware present moment, for the pause in an empty queue alone.
    """
    callable_now = [each for each in entries if each.state in (State.WAITING, State.SKIPPED, State.RETURNED)]
    waiting = [each for each in callable_now if each.state is State.WAITING]
    returning = [each for each in callable_now if each.state is not State.WAITING]
    due = [each for each in returning if each.turn_due <= lane.turns]
    for group, rank in (
        ([each for each in (*waiting, *due) if each.is_emergency], Rank.EMERGENCY),
        (due, Rank.IN_TURN),
        (_by_share(waiting, lane, rule), Rank.IN_TURN),
    ):
        if group:
            return Candidate(_first(group), rank)
    pause = dt.timedelta(seconds=rule.quiet_pause_s)
    early = [each for each in returning if each.state is State.RETURNED or now - each.since >= pause]
    if not early:
        return None
    # This queue makes no calls that could bring the turn: whoever stands there again has it after the pause.
    there = [each for each in early if each.state is State.RETURNED and now - each.since >= pause]
    return Candidate(_first(there), Rank.IN_TURN) if there else Candidate(_first(early), Rank.BEFORE_TIME)


def _by_share(waiting: Sequence[Entry], lane: Lane, rule: CallingRule) -> Sequence[Entry]:
    prioritised = [each for each in waiting if each.is_prioritised]
    ordinary = [each for each in waiting if not each.is_prioritised]
    their_turn = lane.ordinary_run is None or lane.ordinary_run >= rule.ordinary_per_prioritised
    return (prioritised or ordinary) if their_turn else (ordinary or prioritised)


def _first(group: Sequence[Entry]) -> Entry:
    # The label settles two numbers of the same moment, so that every screen shows the same order.
    return min(group, key=lambda each: (each.turn_due, each.place_at, each.label, each.key))


def best(candidates: Iterable[Candidate]) -> Candidate | None:
    """Whom a desk that serves several queues calls: an emergency of any, else who has waited longest.

    Who is called before the time has waited since nobody answered: behind all who were there by then, but not behind
    those who come later, else one queue that is never empty would keep them waiting for ever.
    """

    def order(each: Candidate) -> tuple[bool, dt.datetime, Rank, str]:
        waits_since = each.entry.since if each.rank is Rank.BEFORE_TIME else each.entry.place_at
        return each.rank is not Rank.EMERGENCY, waits_since, each.rank, each.entry.label

    return min(candidates, key=order, default=None)


def after_call(lane: Lane, entry: Entry, rule: CallingRule) -> Lane:
    """What the queue remembers once ``entry`` (as it stood before) is called."""
    run = lane.ordinary_run
    if entry.state is State.WAITING and not entry.is_emergency:
        # Who comes back had a share already.
        before = rule.ordinary_per_prioritised if run is None else run
        run = 0 if entry.is_prioritised else min(before + 1, rule.ordinary_per_prioritised)
    return Lane(lane.turns + 1, run)


def after_action(entry: Entry, action: Action, turns: int, rule: CallingRule, now: dt.datetime) -> Entry:
    """What ``entry`` becomes by an ``action`` that is allowed and is no call.

    Args:
        entry: as it stands.
        action: what staff do.
        turns: calls of its queue so far.
        rule: the hospital's.
        now: aware present moment.
    """
    match action:
        case Action.CALL_AGAIN:
            return dataclasses.replace(entry, calls=entry.calls + 1, announced_at=now)
        case Action.SERVE:
            return dataclasses.replace(entry, state=State.SERVED, since=now, served_at=now)
        case Action.SKIP:
            state = State.LEFT if entry.skips + 1 >= rule.calls_before_left else State.SKIPPED
            due = turns + rule.skipped_come_back_after
            return dataclasses.replace(entry, state=state, since=now, skips=entry.skips + 1, turn_due=due)
        case Action.RETURN:
            due = turns + rule.returned_come_back_after
            return dataclasses.replace(entry, state=State.RETURNED, since=now, turn_due=due, served_at=None)
        case Action.HOLD:
            return dataclasses.replace(entry, state=State.HELD, since=now)
        case Action.LEAVE:
            return dataclasses.replace(entry, state=State.LEFT, since=now)
        case Action.CALL:
            raise ValueError("a call changes the queue as well: after_call")


def upcoming(entries: Iterable[Entry], lane: Lane, rule: CallingRule, now: dt.datetime, count: int) -> list[Candidate]:
    """Who would be called next in one queue, in this order, if nothing else happened; at most ``count``."""
    rest = list(entries)
    found: list[Candidate] = []
    while len(found) < count:
        candidate = choose(rest, lane, rule, now)
        if candidate is None:
            break
        found.append(candidate)
        lane = after_call(lane, candidate.entry, rule)
        rest.remove(candidate.entry)
    return found


def merged(orders: Iterable[Sequence[Candidate]], count: int) -> list[Entry]:
    """Several queues' orders as a desk that serves them all would call them; at most ``count``."""
    rest = [list(order) for order in orders if order]
    found: list[Entry] = []
    while rest and len(found) < count:
        heads = [order[0] for order in rest]
        chosen = best(heads)
        if chosen is None:
            break
        found.append(chosen.entry)
        rest[heads.index(chosen)].pop(0)
        rest = [order for order in rest if order]
    return found
