"""What every stage of the check-in stands on: the rules, the next state, and the moves that all stages share."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from collections.abc import Callable

from crypto.errors import ErrorCode
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.rules import CheckInRules
from kiosk_ui.app.flows.typed_input import calendar_of

__all__ = ["READING", "Frame", "Step", "cancel_of"]

READING = (s.PlaceCard, s.Reading, s.CardLifted)
"""The screens under which a reading runs."""


@dataclasses.dataclass(frozen=True, slots=True)
class Step:
    """What follows from an event: the next state, and what is to be done now, in order."""

    state: s.CheckInState
    effects: tuple[fx.Effect, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True)
class Frame:
    """Rules and sources of one flow; no state.

    Attributes:
        rules: what the hospital decides.
        new_id: makes the identifier of a check-in.
        now: aware moment in the hospital's own time.
    """

    rules: CheckInRules
    new_id: Callable[[], uuid.UUID]
    now: Callable[[], dt.datetime]

    def calendar(self) -> dt.date | None:
        """Today in the hospital's own time; ``None`` if this clock cannot be right."""
        return calendar_of(self.now())

    def priority_of(self, born: dt.date | None) -> Priority:
        """What the date of birth gives; nothing by a clock that cannot be right."""
        today = self.calendar()
        return Priority.NONE if today is None else Priority.by_birth(born, today)

    def show(self, state: s.CheckInState, screen: s.Screen, *effects: fx.Effect) -> Step:
        """Go to ``screen`` (or stay), take overlays away and start its time-out anew."""
        shown = dataclasses.replace(state, screen=screen, overlay=None, timer=state.timer + 1)
        seconds = self.rules.time_limits.seconds(screen, card_away=state.card_away)
        return Step(shown, (*effects, fx.StartTimer(shown.timer, seconds)))

    def cover(self, state: s.CheckInState, overlay: s.Overlay, seconds: int, *effects: fx.Effect) -> Step:
        """Lay ``overlay`` over the screen for ``seconds``."""
        covered = dataclasses.replace(state, overlay=overlay, timer=state.timer + 1)
        return Step(covered, (*effects, fx.StartTimer(covered.timer, seconds)))

    def welcome(self, state: s.CheckInState) -> Step:
        """Back to the beginning with nothing personal left; what is still running becomes stale."""
        if isinstance(state.screen, s.Welcome) and state.overlay is None:
            return Step(state)
        fresh = s.CheckInState(request=state.request + 1, timer=state.timer + 1)
        return Step(fresh, (*cancel_of(state), fx.StopTimer(), fx.Clear()))

    def problem(
        self, state: s.CheckInState, code: ErrorCode, *effects: fx.Effect, retry: s.Retry = s.Retry.NONE
    ) -> Step:
        """Something went wrong; the chip is not in the way of going on unless it is the store that fails."""
        without_chip = retry is not s.Retry.SAVE_AGAIN
        screen = s.Problem(code.name, code.hint, retry, self.rules.counter, without_chip)
        return self.show(state, screen, *effects)


def cancel_of(state: s.CheckInState) -> tuple[fx.Effect, ...]:
    """What ends the reading that runs under this screen, if one does."""
    return (fx.CancelReading(),) if isinstance(state.screen, READING) else ()
