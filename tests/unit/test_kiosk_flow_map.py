"""Laws of the check-in, tried on every state that it can reach and every event that can meet it there."""

from __future__ import annotations

import dataclasses
import pathlib
import subprocess
import sys
from collections import defaultdict
from typing import get_args

import pytest

from crypto.errors import Hint
from kiosk_ui.app.domain.check_in import TicketKind
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from reader.verification.identity import Assurance
from scripts.flow_map import NAME, NUMBER, PASSPORT, Move, flow, shape, walk
from scripts.flow_map import person as somebody

WORDS = {
    NUMBER,
    NAME,
    PASSPORT,
    "181234567",
    "Nguyễn Thị Thử",
    "ERIKSSON ANNA MARIA",
    "0912345678",
    somebody().portrait,
}
pytestmark = pytest.mark.slow  # thousands of states are walked through before the first law is looked at

READING = (s.PlaceCard, s.Reading, s.CardLifted)


@pytest.fixture(scope="module")
def moves() -> list[Move]:
    return list(walk(flow()))


def personal(value: object) -> bool:
    """Whether anything that can be reached from ``value`` belongs to a person."""
    if isinstance(value, str | bytes):
        return value in WORDS
    if isinstance(value, tuple):
        return any(personal(item) for item in value)
    if dataclasses.is_dataclass(value):
        return any(personal(getattr(value, field.name)) for field in dataclasses.fields(value))
    return False


def test_every_screen_and_overlay_can_be_reached(moves: list[Move]):
    seen = {type(move.step.state.screen) for move in moves} | {type(move.step.state.overlay) for move in moves}
    assert {*get_args(s.Screen), *get_args(s.Overlay)} <= seen


def test_from_everywhere_people_and_time_find_back_to_the_first_screen(moves: list[Move]):
    """No dead end: even if card, insurer, hospital, store and printer never say another word."""
    leads_to = defaultdict(set)
    for move in moves:
        if isinstance(move.event, ev.TimerFired | ev.PersonEvent):
            leads_to[shape(move.step.state)].add(shape(move.before))
    home = {
        shape(move.before) for move in moves if isinstance(move.before.screen, s.Welcome) and not move.before.overlay
    }
    found, waiting = set(home), list(home)
    while waiting:
        for before in leads_to[waiting.pop()] - found:
            found.add(before)
            waiting.append(before)
    stranded = {move.before.screen.name for move in moves if shape(move.before) not in found}
    assert not stranded


def test_time_alone_clears_every_screen(moves: list[Move]):
    machine = flow()
    states = {shape(move.before): move.before for move in moves}
    for first in states.values():
        state = first
        for _ in range(250):
            if isinstance(state.screen, s.Welcome) and state.overlay is None:
                break
            state = machine.handle(state, ev.TimerFired(state.timer)).state
        else:
            pytest.fail(f"still on {state.screen.name}, which began on {first.screen.name}")


def test_start_again_clears_every_screen_but_the_one_that_writes(moves: list[Move]):
    machine = flow()
    for move in moves:
        if not isinstance(move.event, ev.StartAgain):
            continue
        step = move.step
        if isinstance(move.before.screen, s.Saving):
            assert step.state == move.before
            failed = machine.handle(
                move.before, ev.SaveFailed(move.before.request, "store.unavailable", Hint.RETRY_LATER)
            )
            step = machine.handle(failed.state, ev.StartAgain())
        assert isinstance(step.state.screen, s.Welcome)
        assert (step.state.overlay, step.state.visit, step.state.card_lies) == (None, None, False)


def test_staff_can_be_called_from_every_screen(moves: list[Move]):
    for move in moves:
        if isinstance(move.event, ev.StaffAsked):
            assert isinstance(move.step.state.overlay, s.StaffCalled)
            rings = [effect for effect in move.step.effects if isinstance(effect, fx.CallStaff)]
            assert len(rings) == (0 if isinstance(move.before.overlay, s.StaffCalled) else 1)


def test_the_first_screen_holds_nothing_of_anybody(moves: list[Move]):
    for move in moves:
        state, effects = move.step.state, move.step.effects
        if isinstance(state.screen, s.Welcome):
            assert not personal(state)
            if not isinstance(move.before.screen, s.Welcome):
                assert fx.Clear() in effects
        if isinstance(move.before.screen, READING) and not isinstance(state.screen, (*READING, s.Confirm)):
            ended = isinstance(move.event, ev.ReadingFinished | ev.ReadingFailed)
            assert ended or fx.CancelReading() in effects, f"{move.words} leaves a reading running"


def test_nothing_personal_stands_in_any_repr(moves: list[Move]):
    for move in moves:
        text = repr(move.step)
        assert not any(str(word) in text for word in WORDS if isinstance(word, str)), move.words
        assert "portrait of nobody" not in text


def test_tickets_name_nobody_and_hold_back_nothing_that_was_typed(moves: list[Move]):
    for move in moves:
        screen = move.step.state.screen
        if isinstance(screen, s.TicketReady | s.TakeCard):
            visit = move.step.state.visit
            slip = visit is not None and visit.ticket is not None and visit.ticket.slip is not None
            assert slip or not personal(move.step.state)


def test_nobody_is_called_verified_whom_no_chip_has_named(moves: list[Move]):
    for move in moves:
        screen = move.step.state.screen
        if isinstance(screen, s.Confirm):
            assert (screen.proof is s.Proof.GENUINE) == (screen.assurance is Assurance.CHIP_VERIFIED)
        for effect in move.step.effects:
            if not isinstance(effect, fx.SaveCheckIn):
                continue
            visitor = effect.draft.visitor
            by_chip = visitor.identification is Identification.CHIP
            assert by_chip == (visitor.assurance in {Assurance.CHIP_VERIFIED, Assurance.CHIP_READ})
            assert by_chip or effect.draft.exit is TicketKind.COUNTER, "only a chip opens a department's queue"
            assert by_chip or "identity" in effect.draft.missing
            assert by_chip == bool(effect.draft.reasons or effect.draft.patient), "what was judged, and what was not"


def test_a_slip_says_why_and_holds_what_was_given(moves: list[Move]):
    slips = [
        effect.draft
        for move in moves
        for effect in move.step.effects
        if isinstance(effect, fx.SaveCheckIn) and effect.draft.exit is TicketKind.COUNTER
    ]
    assert slips
    for draft in slips:
        assert draft.missing
        assert draft.visitor.full_name
        assert draft.department == flow().rules.counter_queue
        assert ("guardian" in draft.missing) <= (draft.visitor.guardian is None)
    assert any(draft.visitor.guardian is not None for draft in slips)


def test_every_screen_but_the_first_has_a_time_out(moves: list[Move]):
    for move in moves:
        state = move.step.state
        timers = [effect for effect in move.step.effects if isinstance(effect, fx.StartTimer)]
        assert len(timers) <= 1
        assert all(effect.timer == state.timer and effect.seconds > 0 for effect in timers)
        is_idle = isinstance(state.screen, s.Welcome) and state.overlay is None
        changed = state.screen != move.before.screen or state.overlay != move.before.overlay
        only_paper = isinstance(move.event, ev.TicketPrinted | ev.TicketNotPrinted)
        if changed and not only_paper and not isinstance(move.before.overlay, s.StaffCalled):
            # on the first screen it only brings the hospital's own language and looks back
            assert timers or is_idle, f"{move.before.screen.name} {move.words}"


def test_a_card_that_lies_there_is_asked_for_before_the_number(moves: list[Move]):
    for move in moves:
        if isinstance(move.event, ev.CheckInSaved):
            expected = s.TakeCard if move.before.card_lies else s.TicketReady | s.SlipReady
            assert isinstance(move.step.state.screen, expected)


def test_the_page_of_the_flows_is_current():
    root = pathlib.Path(__file__).resolve().parents[2]
    made = subprocess.run(
        [sys.executable, "scripts/document_flows.py", "--print"], cwd=root, capture_output=True, text=True, check=True
    )
    assert (root / "docs" / "flows.md").read_text(encoding="utf-8") == made.stdout, "run `make docs`"
