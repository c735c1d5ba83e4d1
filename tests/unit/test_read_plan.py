"""What each purpose reads, and in which order: identity first, the photo last and only if it is wanted."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reader
from emulator.adapters.inprocess import provider
from reader.plan import DESK, HOSPITAL, LABORATORY, ReadPlan, plan_named
from reader.progress import ProgressEvent, ReadingPhase
from reader.verification.verdict import Decision
from tests.unit.reader_cards import NOON, TRUST, can_of

CCCD = frozenset({1, 2, 3, 11, 13, 14, 15, 16})
PLANS = (HOSPITAL, DESK, LABORATORY)
groups = st.frozensets(st.integers(1, 16))


def test_a_hospital_reads_who_it_is_first_and_the_photo_last() -> None:
    assert HOSPITAL.groups(CCCD) == (1, 13, 15, 2)
    assert HOSPITAL.without_photo().groups(CCCD) == (1, 13, 15)


@pytest.mark.parametrize("plan", [DESK, LABORATORY], ids=lambda plan: plan.name)
def test_a_desk_and_a_laboratory_read_all(plan: ReadPlan) -> None:
    assert plan.groups(CCCD) == (1, 13, 15, 2, 11, 16)
    assert plan.sensitive_groups(CCCD) == (3,)
    assert plan.without_photo().groups(CCCD) == (1, 13, 15, 11, 16)


@given(groups, st.sampled_from(PLANS), st.booleans())
def test_no_plan_reads_what_is_not_there_or_anything_twice_or_the_photo_unasked(
    available: frozenset[int], plan: ReadPlan, photo: bool
) -> None:
    plan = plan if photo else plan.without_photo()
    wanted = plan.groups(available)
    assert set(wanted) <= available - {3, 4, 14}
    assert len(set(wanted)) == len(wanted)
    assert (2 in wanted) == (photo and 2 in available)
    if plan.others_too:
        assert set(wanted) == available - {3, 4, 14} - (set() if photo else {2})


@pytest.mark.parametrize("plan", PLANS, ids=lambda plan: plan.name)
def test_each_plan_has_a_name_and_waits_a_bounded_time(plan: ReadPlan) -> None:
    assert plan_named(plan.name) is plan
    assert plan.most_returns * plan.return_within_s <= 60


@pytest.mark.parametrize("change", [{"most_returns": -1}, {"return_within_s": -0.1}, {"return_within_s": float("inf")}])
def test_a_plan_that_waits_without_an_end_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="bounded"):
        dataclasses.replace(HOSPITAL, **change)  # type: ignore[arg-type]


def test_the_numbers_of_phases_stay() -> None:
    assert {phase.label: int(phase) for phase in ReadingPhase} == {
        "connecting": 10,
        "card_awaited": 15,
        "access_control": 20,
        "reading_file": 30,
        "chip_authentication": 40,
        "terminal_authentication": 45,
        "active_authentication": 50,
        "verifying": 60,
        "done": 90,
    }


def test_a_card_read_without_its_photo_is_accepted_and_much_shorter() -> None:
    files: list[str] = []

    def note(event: ProgressEvent) -> None:
        if event.phase is ReadingPhase.READING_FILE and event.done_bytes == event.total_bytes:
            files.append(event.file or "")

    with provider.open("an") as card:
        outcome = reader.read(
            card, can_of("an"), trust=TRUST, now=lambda: NOON, plan=HOSPITAL.without_photo(), on_progress=note
        )
    assert files == ["COM", "SOD", "DG14", "DG1", "DG13", "DG15"]
    assert outcome.verdict.decision is Decision.ACCEPT
    assert outcome.identity is not None
    assert outcome.identity.portrait is None
    assert outcome.link.bytes_received < 6_000
