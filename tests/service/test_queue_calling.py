"""Who is called next: fair to those with a priority and to those without, never twice, and nobody is forgotten."""

from __future__ import annotations

import dataclasses
import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk_ui.app.domain.priority import ASKED_FOR, Priority
from kiosk_ui.service.queue.calling import (
    CallingRule,
    Lane,
    Rank,
    after_action,
    after_call,
    best,
    choose,
    merged,
    upcoming,
)
from kiosk_ui.service.queue.entry import Action, Entry, Standing, State, allowed, standing_of

T0 = dt.datetime(2026, 3, 2, 0, 0, tzinfo=dt.UTC)
RULE = CallingRule()
DONE = (State.SERVED, State.LEFT)


def entry(place: int, priority: Priority = Priority.NONE, **changes: object) -> Entry:
    """Number ``A…`` that was drawn ``place`` minutes after midnight."""
    made = Entry(
        key=f"{place:032x}",
        label=f"A{place:03d}",
        queue="noi",
        priority=priority,
        standing=Standing.SETTLED if priority is Priority.EMERGENCY else standing_of(priority),  # staff alone give it
        place_at=T0 + dt.timedelta(minutes=place),
        state=State.WAITING,
        since=T0,
    )
    return dataclasses.replace(made, **changes)


def order(entries: list[Entry], rule: CallingRule = RULE, lane: Lane | None = None) -> list[str]:
    return [each.entry.label for each in upcoming(entries, lane or Lane(), rule, T0, len(entries))]


def test_who_drew_first_is_called_first() -> None:
    assert order([entry(3), entry(1), entry(2)]) == ["A001", "A002", "A003"]


def test_after_each_two_ordinary_numbers_comes_one_with_a_priority() -> None:
    ordinary = [entry(place) for place in range(1, 7)]
    old = [entry(place, Priority.AGE) for place in range(11, 15)]
    # The first of the day is one with a priority, then one after each two.
    assert order(ordinary + old) == [
        *("A011", "A001", "A002"),
        *("A012", "A003", "A004"),
        *("A013", "A005", "A006"),
        "A014",
    ]


@pytest.mark.parametrize("share", [1, 2, 5])
def test_the_share_is_the_hospitals(share: int) -> None:
    called = order(
        [entry(place) for place in range(1, 21)] + [entry(place, Priority.CHILD_UNDER_6) for place in range(31, 35)],
        CallingRule(ordinary_per_prioritised=share),
    )
    places = [position for position, label in enumerate(called) if label >= "A031"]
    assert [after - before for before, after in itertools.pairwise(places)] == [share + 1] * 3


def test_an_emergency_goes_before_everybody_and_takes_nobodys_share() -> None:
    entries = [entry(1), entry(2, Priority.AGE), entry(3, Priority.EMERGENCY)]
    assert order(entries) == ["A003", "A002", "A001"]
    assert after_call(Lane(5, 1), entries[2], RULE) == Lane(6, 1)


@pytest.mark.parametrize("priority", ASKED_FOR)
def test_a_priority_that_is_asked_for_counts_once_staff_confirmed_it(priority: Priority) -> None:
    asked = entry(9, priority)
    assert asked.standing is Standing.ASKED
    others = [entry(place) for place in range(1, 5)]
    assert order([*others, asked])[-1] == "A009"
    confirmed = dataclasses.replace(asked, standing=Standing.CONFIRMED)
    assert order([*others, confirmed])[0] == "A009"
    declined = dataclasses.replace(asked, standing=Standing.DECLINED)
    assert order([*others, declined])[-1] == "A009"


def test_a_skipped_number_comes_back_after_three_calls() -> None:
    skipped = after_action(entry(1, state=State.CALLED), Action.SKIP, turns=1, rule=RULE, now=T0)
    assert (skipped.state, skipped.turn_due) == (State.SKIPPED, 4)
    waiting = [entry(place) for place in range(2, 8)]
    assert order([skipped, *waiting], lane=Lane(1, 1)) == ["A002", "A003", "A004", "A001", "A005", "A006", "A007"]


def test_a_person_who_is_there_again_comes_after_the_next() -> None:
    returned = after_action(entry(1, state=State.SKIPPED), Action.RETURN, turns=4, rule=RULE, now=T0)
    assert order([returned, entry(2), entry(3)], lane=Lane(4, 1)) == ["A002", "A001", "A003"]


def test_nobody_is_called_for_ever() -> None:
    number = entry(1, state=State.CALLED)
    for expected in (State.SKIPPED, State.SKIPPED, State.LEFT):
        number = after_action(dataclasses.replace(number, state=State.CALLED), Action.SKIP, 0, RULE, T0)
        assert number.state is expected
    assert choose([number], Lane(100, 0), RULE, T0 + dt.timedelta(hours=5)) is None
    back = after_action(number, Action.RETURN, 100, RULE, T0)
    assert choose([back], Lane(100, 0), RULE, T0) is not None, "staff can still put it back"


def test_in_an_empty_queue_a_skipped_number_is_called_again_after_a_pause() -> None:
    skipped = after_action(entry(1, state=State.CALLED), Action.SKIP, turns=1, rule=RULE, now=T0)
    assert choose([skipped], Lane(1, 1), RULE, T0 + dt.timedelta(seconds=119)) is None
    later = choose([skipped], Lane(1, 1), RULE, T0 + dt.timedelta(seconds=120))
    assert later is not None
    assert later.rank is Rank.BEFORE_TIME


def test_a_desk_with_several_queues_calls_who_has_waited_longest_but_an_emergency_first() -> None:
    eyes = dataclasses.replace(entry(1), label="E001", queue="mat")
    urgent = dataclasses.replace(entry(30, Priority.EMERGENCY), label="CC001", queue="mat")
    mine = entry(5)
    candidates = [choose(each, Lane(), RULE, T0) for each in ([eyes], [mine])]
    found = best(each for each in candidates if each is not None)
    assert found is not None
    assert found.entry.label == "E001"
    orders = [upcoming(each, Lane(), RULE, T0, 5) for each in ([eyes, urgent], [mine])]
    assert [each.label for each in merged(orders, 5)] == ["CC001", "E001", "A005"]
    assert best([]) is None


def test_every_state_but_the_two_ends_leads_to_an_end_and_each_end_can_be_undone() -> None:
    for state in State:
        reached = {state}
        frontier = [state]
        while frontier:
            now = frontier.pop()
            for action in allowed(now):
                new = (
                    State.CALLED
                    if action in (Action.CALL, Action.CALL_AGAIN)
                    else after_action(entry(1, state=now), action, 0, RULE, T0).state
                )
                if new not in reached:
                    reached.add(new)
                    frontier.append(new)
        assert set(DONE) <= reached, state
        assert State.CALLED in reached, state
    with pytest.raises(ValueError, match="after_call"):
        after_action(entry(1), Action.CALL, 0, RULE, T0)


# --------------------------------------------------------------------------------------- properties
rules = st.builds(
    CallingRule,
    ordinary_per_prioritised=st.integers(1, 5),
    skipped_come_back_after=st.integers(0, 5),
    returned_come_back_after=st.integers(0, 5),
    calls_before_left=st.integers(1, 4),
    quiet_pause_s=st.just(0.0),
)
priorities = st.sampled_from(list(Priority))


@st.composite
def queues(draw: st.DrawFn) -> list[Entry]:
    kinds = draw(st.lists(priorities, min_size=1, max_size=25))
    return [entry(place, priority) for place, priority in enumerate(draw(st.permutations(kinds)), 1)]


@given(queues(), rules, st.data())
def test_a_whole_day_calls_everybody_and_ends(entries: list[Entry], rule: CallingRule, data: st.DataObject) -> None:
    lane, book, now = Lane(), {each.key: each for each in entries}, T0
    calls: list[str] = []
    for _ in range(len(entries) * rule.calls_before_left + 1):
        now += dt.timedelta(minutes=1)
        candidate = choose(book.values(), lane, rule, now)
        if candidate is None:
            break
        chosen = candidate.entry
        assert chosen.state in (State.WAITING, State.SKIPPED, State.RETURNED)
        calls.append(chosen.key)
        lane = after_call(lane, chosen, rule)
        called = dataclasses.replace(chosen, state=State.CALLED, calls=chosen.calls + 1)
        end = data.draw(st.sampled_from([Action.SERVE, Action.SKIP]))
        book[chosen.key] = after_action(called, end, lane.turns, rule, now)
    assert all(each.state in DONE for each in book.values()), "nobody is left waiting"
    assert set(calls) == set(book)
    assert max(calls.count(key) for key in book) <= rule.calls_before_left


@given(queues(), rules)
def test_neither_kind_waits_longer_than_the_rule_says(entries: list[Entry], rule: CallingRule) -> None:
    found = [each.entry for each in upcoming(entries, Lane(), rule, T0, len(entries))]
    assert sorted(each.key for each in found) == sorted(each.key for each in entries), "each exactly once"
    emergencies = [each for each in found if each.is_emergency]
    assert found[: len(emergencies)] == emergencies
    rest = found[len(emergencies) :]
    for position, each in enumerate(rest):
        before = rest[max(0, position - rule.ordinary_per_prioritised) : position]
        later = rest[position + 1 :]
        if not each.is_prioritised and len(before) == rule.ordinary_per_prioritised:
            run_is_over = all(not one.is_prioritised for one in before)
            assert not (run_is_over and any(one.is_prioritised for one in later)), "a priority waits too long"
        if each.is_prioritised and position > 0 and rest[position - 1].is_prioritised:
            assert all(one.is_prioritised for one in later), "two priorities in a row while others wait"
    for kind in (True, False):
        same = [each for each in rest if each.is_prioritised is kind]
        assert same == sorted(same, key=lambda one: one.place_at), "among equals the first comes first"


@given(queues(), rules, st.integers(0, 40))
def test_what_a_screen_says_is_next_is_what_is_called_next(entries: list[Entry], rule: CallingRule, turns: int) -> None:
    lane = Lane(turns, min(turns, rule.ordinary_per_prioritised))
    said = upcoming(entries, lane, rule, T0, 3)
    called = choose(entries, lane, rule, T0)
    assert called is not None
    assert said[0] == called


@given(st.lists(st.booleans(), min_size=1, max_size=3), st.sampled_from([State.SKIPPED, State.RETURNED]))
def test_a_queue_that_is_never_empty_keeps_nobody_of_another_waiting_for_ever(
    also_waiting: list[bool], state: State
) -> None:
    """One desk, two queues: in the first somebody comes back, the second gets a new person with each call."""
    gone = after_action(entry(1, state=State.CALLED), Action.SKIP, turns=1, rule=RULE, now=T0 + dt.timedelta(hours=1))
    back = dataclasses.replace(gone, state=state)
    lanes = {"noi": Lane(1, 1), "mat": Lane()}
    queues = {"noi": [back], "mat": [dataclasses.replace(entry(50 + n), queue="mat") for n in range(len(also_waiting))]}
    now = T0 + dt.timedelta(hours=1)
    for place in range(20):
        now += dt.timedelta(minutes=3)
        queues["mat"].append(dataclasses.replace(entry(60 + 3 * place), queue="mat"))
        found = best(
            each for name, lane in lanes.items() if (each := choose(queues[name], lane, RULE, now)) is not None
        )
        assert found is not None
        if found.entry is back:
            break
        lanes["mat"] = after_call(lanes["mat"], found.entry, RULE)
        queues["mat"].remove(found.entry)
    assert found.entry is back
