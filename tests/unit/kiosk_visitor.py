"""Somebody at the kiosk, for tests of the flows: touches, scans, cards, and the slip in their hand at the end."""

from __future__ import annotations

import itertools
import uuid

from crypto.errors import Hint
from kiosk_ui.app.domain.check_in import CheckInDraft, TicketKind
from kiosk_ui.app.domain.identification import Way
from kiosk_ui.app.domain.reading import Decision, ReadingStep, ReadResult
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow
from scripts.flow_map import NOW, NUMBER, ticket_of
from scripts.flow_map import person as somebody

__all__ = ["Visitor"]

UNREADABLE = ("card.mute", Hint.RETRY_CARD)


class Visitor:
    """Somebody at the kiosk."""

    def __init__(self) -> None:
        numbers = itertools.count(1)
        self.flow = CheckInFlow(new_id=lambda: uuid.UUID(int=next(numbers)), now=lambda: NOW)
        self.state = self.flow.initial()
        self.effects: list[fx.Effect] = []

    def __call__(self, *events: ev.Event) -> s.Screen:
        for event in events:
            step = self.flow.handle(self.state, event)
            self.state = step.state
            self.effects.extend(step.effects)
        return self.state.screen

    def chooses(self, way: Way) -> s.Screen:
        return self(ev.OtherWaysAsked(), ev.WayChosen(way))

    def card_fails(self, code: str = UNREADABLE[0], hint: Hint = UNREADABLE[1]) -> s.Screen:
        self(ev.ReadingProgressed(self.state.request, ReadingStep.OPENING, 0, 6))
        return self(ev.ReadingFailed(self.state.request, code, hint))

    def card_reads(self, number: str = NUMBER, decision: Decision = Decision.ACCEPT) -> s.Screen:
        self(ev.ReadingProgressed(self.state.request, ReadingStep.OPENING, 0, 6))
        return self(ev.ReadingFinished(self.state.request, ReadResult(somebody(number), decision)))

    def slip(self) -> CheckInDraft:
        """Confirm what was declared, and take the card if there is one; the draft behind the slip."""
        screen = self.state.screen
        assert isinstance(screen, s.ConfirmDeclared)
        assert screen.person.portrait is None
        assert isinstance(self(ev.Confirmed()), s.Saving)
        draft = next(effect.draft for effect in reversed(self.effects) if isinstance(effect, fx.SaveCheckIn))
        self(ev.CheckInSaved(self.state.request, ticket_of(draft)))
        if isinstance(self.state.screen, s.TakeCard):
            self(ev.CardRemoved())
        shown = self.state.screen
        assert isinstance(shown, s.SlipReady)
        assert shown.ticket.slip is not None
        assert shown.ticket.slip.full_name == draft.visitor.full_name
        assert draft.exit is TicketKind.COUNTER
        assert draft.decision is Decision.REFER
        return draft
