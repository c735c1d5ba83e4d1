"""How long it takes: nothing is said without knowledge, and never one figure."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.service.queue.calling import CallingRule, Lane, upcoming
from kiosk_ui.service.queue.waiting import FEWEST_SERVED, WaitRange, calls_before, expected_wait
from tests.service.test_queue_calling import T0, entry

RULE = CallingRule()


def minutes(*each: float) -> list[dt.timedelta]:
    return [dt.timedelta(minutes=one) for one in each]


def test_nothing_is_said_until_five_were_served() -> None:
    assert expected_wait(minutes(4, 4, 4, 4), 10, 1) is None
    assert expected_wait(minutes(4, 4, 4, 4, 4), 10, 1) == WaitRange(30, 50)


def test_more_desks_make_it_shorter_and_no_desk_counts_as_one() -> None:
    served = minutes(6, 6, 6, 6, 6)
    assert expected_wait(served, 10, 2) == WaitRange(20, 40)
    assert expected_wait(served, 10, 0) == expected_wait(served, 10, 1)


def test_only_the_last_fifteen_count() -> None:
    slow_morning = minutes(*[30] * 20)
    assert expected_wait(slow_morning + minutes(*[5] * 15), 6, 1) == WaitRange(20, 40)


def test_one_long_visit_does_not_frighten_everybody() -> None:
    assert expected_wait(minutes(5, 5, 5, 5, 90), 4, 1) == WaitRange(15, 25)


def test_a_wait_longer_than_a_day_of_work_is_not_known() -> None:
    assert expected_wait(minutes(*[60] * 5), 20, 1) is None


@given(
    st.lists(st.floats(0, 120), min_size=FEWEST_SERVED, max_size=40),
    st.integers(0, 200),
    st.integers(0, 12),
)
def test_a_range_is_a_range_of_whole_five_minutes(served: list[float], calls: int, desks: int) -> None:
    found = expected_wait(minutes(*served), calls, desks)
    if found is not None:
        assert 0 <= found.least < found.most
        assert found.least % 5 == found.most % 5 == 0
        assert found.most <= 8 * 60 + 5


@given(st.integers(0, 12), st.integers(0, 12), st.booleans(), st.integers(1, 4))
def test_the_count_of_calls_before_is_right_but_for_whose_turn_it_is(
    first: int, ordinary: int, prioritised: bool, share: int
) -> None:
    rule = CallingRule(ordinary_per_prioritised=share)
    there = [entry(place, Priority.AGE) for place in range(1, first + 1)]
    there += [entry(place) for place in range(first + 1, first + ordinary + 1)]
    me = entry(999, Priority.AGE if prioritised else Priority.NONE)
    order = [each.entry for each in upcoming([*there, me], Lane(), rule, T0, len(there) + 1)]
    assert order.index(me) == pytest.approx(calls_before(prioritised, first, ordinary, rule), abs=share)
