"""One number in a queue: what can happen to it, and what it may never hold (a name)."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum

from kiosk_ui.app.domain.priority import Priority

__all__ = ["COUNTER_QUEUE", "COUNTING", "Action", "Entry", "Standing", "State", "allowed", "standing_of"]

COUNTER_QUEUE = "counter"  # slips have a queue of their own, whatever department they are for


class State(enum.StrEnum):
    """Where a number stands."""

    WAITING = "waiting"
    CALLED = "called"
    SKIPPED = "skipped"  # nobody came; it comes back by itself after some calls
    RETURNED = "returned"  # the person is there again
    HELD = "held"  # staff keep it aside: an examination elsewhere, a paper to be fetched
    SERVED = "served"
    LEFT = "left"  # nobody came several times, or the person went home


class Action(enum.StrEnum):
    """What staff do with a number."""

    CALL = "call"
    CALL_AGAIN = "call_again"
    SERVE = "serve"
    SKIP = "skip"
    RETURN = "return"
    HOLD = "hold"
    LEAVE = "leave"


class Standing(enum.StrEnum):
    """Whether a priority counts."""

    SETTLED = "settled"  # by the date of birth, or by staff who gave it
    ASKED = "asked"  # the person says so; staff look
    CONFIRMED = "confirmed"
    DECLINED = "declined"


COUNTING = (Standing.SETTLED, Standing.CONFIRMED)
"""With these a priority counts."""

# Slips of the finger can be undone: a number that was ended by mistake is returned.
_ALLOWED: dict[State, frozenset[Action]] = {
    State.WAITING: frozenset({Action.CALL, Action.HOLD, Action.LEAVE}),
    State.CALLED: frozenset(
        {Action.CALL_AGAIN, Action.SERVE, Action.SKIP, Action.RETURN, Action.HOLD, Action.LEAVE},
    ),
    State.SKIPPED: frozenset({Action.CALL, Action.RETURN, Action.HOLD, Action.LEAVE}),
    State.RETURNED: frozenset({Action.CALL, Action.HOLD, Action.LEAVE}),
    State.HELD: frozenset({Action.CALL, Action.RETURN, Action.LEAVE}),
    State.SERVED: frozenset({Action.RETURN}),
    State.LEFT: frozenset({Action.RETURN}),
}


def allowed(state: State) -> frozenset[Action]:
    """What can be done with a number in ``state``."""
    return _ALLOWED[state]


def standing_of(priority: Priority) -> Standing:
    """How a priority begins that a kiosk sends: what needs staff is only asked for (`Priority.needs_staff`), and an
    emergency, which staff alone give, whatever a kiosk says."""
    is_asked = priority.needs_staff or priority is Priority.EMERGENCY
    return Standing.ASKED if is_asked else Standing.SETTLED


@dataclasses.dataclass(frozen=True, slots=True)
class Entry:
    """One number of one day.

    Attributes:
        key: keyed pseudonym of the check-in; nobody finds the check-in by it without the service's key.
        label: as printed and called, e.g. ``A012``.
        queue: the department's code, or ``counter``.
        priority: why it may go first.
        standing: whether that counts yet.
        place_at: aware moment that decides the place: who drew a number first comes first.
        state: where it stands.
        since: aware moment of the last change.
        turn_due: a skipped or returned number may be called once its queue has made so many calls.
        skips: how often nobody came.
        calls: how often it was called.
        desk: which desk called it last.
        called_at: aware moment of the call that counts for how long it takes; ``announced_at`` of the last call of all.
        served_at: aware moment when it was done.
        twin: another check-in of the day holds the same label: two kiosks have the same index.
        revision: grows with each change, so that a screen that is behind is noticed.
    """

    key: str
    label: str
    queue: str
    priority: Priority
    standing: Standing
    place_at: dt.datetime
    state: State
    since: dt.datetime
    turn_due: int = 0
    skips: int = 0
    calls: int = 0
    desk: str | None = None
    called_at: dt.datetime | None = None
    announced_at: dt.datetime | None = None
    served_at: dt.datetime | None = None
    twin: bool = False
    revision: int = 0

    @property
    def is_prioritised(self) -> bool:
        """Has a priority that counts."""
        return self.priority is not Priority.NONE and self.standing in COUNTING

    @property
    def is_emergency(self) -> bool:
        """Goes before everybody."""
        return self.priority is Priority.EMERGENCY and self.is_prioritised
