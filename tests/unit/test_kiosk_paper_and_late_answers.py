"""A number stays on the screen until its owner can have it, and a late answer reaches the visit that it is about alone."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid

import pytest

from kiosk_ui.app import failures
from kiosk_ui.app.domain.check_in import CheckInDraft
from kiosk_ui.app.domain.identification import Identification, Way
from kiosk_ui.app.flows import effects as fx
from kiosk_ui.app.flows import events as ev
from kiosk_ui.app.flows import screens as s
from kiosk_ui.app.flows.check_in import CheckInFlow
from scripts.flow_map import CODE, EARLIER, MRZ, NOW, NUMBER, ticket_of
from tests.unit.kiosk_visitor import Visitor

NAME = "Nguyễn Thị Thử"


def limits_of(visitor: Visitor) -> list[float]:
    return [each.seconds for each in visitor.effects if isinstance(each, fx.StartTimer)]


def drafted(visitor: Visitor) -> CheckInDraft:
    return next(each.draft for each in reversed(visitor.effects) if isinstance(each, fx.SaveCheckIn))


def with_number_in_hand() -> Visitor:
    """A visitor whose slip waits for its paper; the card has been taken already."""
    visitor = Visitor()
    visitor(ev.NumberKnown(NUMBER, CODE))
    visitor.card_reads()
    visitor(ev.Confirmed())
    request = visitor.state.request
    visitor(ev.CardRemoved(), ev.TimerFired(visitor.state.timer), ev.DepartmentChosen("noi"))
    assert visitor.state.request > request
    visitor(ev.CheckInSaved(visitor.state.request, ticket_of(drafted(visitor))))
    assert isinstance(visitor.state.screen, s.TicketReady)
    assert visitor.state.card_away
    return visitor


def at_saving() -> Visitor:
    visitor = Visitor()
    visitor.chooses(Way.NO_CARD)
    visitor(ev.TextGiven(NAME), ev.BirthGiven(1, 5, 1980), ev.Confirmed())
    assert isinstance(visitor.state.screen, s.Saving)
    return visitor


# ------------------------------------------------------------------------------------------- paper
def test_the_screen_ends_early_only_for_who_has_card_and_paper():
    visitor = with_number_in_hand()
    times = visitor.flow.rules.time_limits
    assert limits_of(visitor)[-1] == times.ticket_s, "a slow printer has not printed yet"
    visitor(ev.TicketPrinted(visitor.state.request))
    assert limits_of(visitor)[-1] == times.ticket_card_away_s


@pytest.mark.parametrize("code", ["printer.out_of_paper", failures.PRINTER_OUTCOME_UNKNOWN.name])
def test_who_gets_no_paper_has_the_whole_time_to_learn_the_number(code: str):
    visitor = with_number_in_hand()
    before = visitor.state.timer
    visitor(ev.TicketNotPrinted(visitor.state.request, code))
    assert limits_of(visitor)[-1] == visitor.flow.rules.time_limits.ticket_s
    visitor(ev.TimerFired(before))  # the printer took so long that the first time is over now
    assert isinstance(visitor.state.screen, s.TicketReady)


def test_a_printer_that_answers_leaves_staff_are_coming_where_it_is():
    visitor = with_number_in_hand()
    visitor(ev.StaffAsked())
    visitor(ev.TicketNotPrinted(visitor.state.request, "printer.out_of_paper"))
    assert isinstance(visitor.state.overlay, s.StaffCalled)


# -------------------------------------------------------------------------------------- late answers
def test_a_late_answer_with_a_number_that_was_held_already_is_this_visits_own():
    visitor = at_saving()
    first = visitor.state.request
    visitor(ev.TimerFired(visitor.state.timer), ev.TryAgain())
    held = dataclasses.replace(ticket_of(drafted(visitor)), check_in_id=uuid.UUID(int=999))
    visitor(ev.CheckInSaved(first, held, drafted(visitor).check_in_id))
    assert isinstance(visitor.state.screen, s.SlipReady)
    assert visitor.state.screen.ticket == held


def test_nothing_late_of_the_first_visit_reaches_the_second():
    visitor = at_saving()
    first, theirs = visitor.state.request, drafted(visitor)
    visitor(ev.TimerFired(visitor.state.timer), ev.StartAgain())
    for steps in ((), (ev.NumberKnown(NUMBER, CODE),), (ev.OtherWaysAsked(), ev.WayChosen(Way.NO_CARD))):
        visitor(*steps)
        before = visitor.state
        visitor(
            ev.CheckInSaved(first, ticket_of(theirs), theirs.check_in_id),
            ev.SaveFailed(first, "store.busy", failures.STORE_SLOW.hint),
            ev.EarlierKnown(first, EARLIER),
            ev.TicketNotPrinted(first, "printer.out_of_paper"),
        )
        assert visitor.state == before


# ------------------------------------------------------------------------------------ the wrong clock
def by_the_clock_of(year: int) -> Visitor:
    visitor = Visitor()
    visitor.flow = CheckInFlow(now=lambda: dt.datetime(year, 6, 1, 7, tzinfo=NOW.tzinfo))
    return visitor


def test_a_clock_far_ahead_takes_no_child_for_a_grown_up():
    visitor = by_the_clock_of(2090)
    visitor.chooses(Way.CHILD)
    assert visitor(ev.TextGiven("040323000017")) == s.TypeName(s.Whose.CHILD)


def test_a_clock_far_ahead_makes_no_guardian_of_a_child():
    visitor = by_the_clock_of(2090)
    visitor.chooses(Way.CHILD)
    visitor(ev.TextGiven("123/2023"), ev.TextGiven(NAME), ev.BirthGiven(1, 5, 2023))
    visitor(ev.NumberKnown(NUMBER, CODE))
    visitor.card_reads()
    visitor(ev.Confirmed())
    draft = visitor.slip()
    assert draft.visitor.guardian is not None
    assert "guardian" in draft.missing, "nobody can say how old they are: the counter looks"


@pytest.mark.parametrize("year", [1970, 2090])
def test_the_century_of_a_passports_birth_does_not_hang_on_a_wrong_clock(year: int):
    visitor = by_the_clock_of(year)
    visitor(ev.MrzGiven(MRZ))
    screen = visitor(ev.WithoutChip())
    assert isinstance(screen, s.ConfirmDeclared)
    assert screen.person.date_of_birth == dt.date(1974, 8, 12)


# --------------------------------------------------------------------------------------- putting right
def test_a_name_that_is_put_right_keeps_the_guardians_chip_beside_it():
    visitor = Visitor()
    visitor.chooses(Way.CHILD)
    visitor(ev.TextGiven("123/2023"), ev.TextGiven("Nguyễn Thị Th"), ev.BirthGiven(1, 5, 2023))
    visitor(ev.NumberKnown(NUMBER, CODE))
    visitor.card_reads()
    visitor(ev.Confirmed(), ev.NotMe())
    visitor(ev.TextGiven("123/2023"), ev.TextGiven(NAME), ev.BirthGiven(1, 5, 2023))
    child = visitor.slip().visitor
    assert child.guardian is not None
    assert (child.full_name, child.identification) == (NAME, Identification.GUARDIAN)
