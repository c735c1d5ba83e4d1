"""Groups of checks add up by the tables of TR-03135-1 v5.0.1, and never to more than their members say."""

from __future__ import annotations

import itertools
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.verification.aggregation import CheckGroup, GroupResult, aggregate, combine
from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.policy import DESK, HOSPITAL, evaluate
from reader.verification.verdict import Decision

FAILED, ABORTED, UNDETERMINED, SUCCESSFUL, NOT_SUPPORTED = (
    CheckStatus.FAILED,
    CheckStatus.ABORTED,
    CheckStatus.UNDETERMINED,
    CheckStatus.SUCCESSFUL,
    CheckStatus.NOT_SUPPORTED,
)
STATUSES = (FAILED, ABORTED, UNDETERMINED, SUCCESSFUL, NOT_SUPPORTED)

# TR-03135-1 v5.0.1 table 3.1, row by row
TABLE_3_1 = {
    FAILED: (FAILED, FAILED, FAILED, FAILED, FAILED),
    ABORTED: (FAILED, ABORTED, ABORTED, ABORTED, ABORTED),
    UNDETERMINED: (FAILED, ABORTED, UNDETERMINED, UNDETERMINED, UNDETERMINED),
    SUCCESSFUL: (FAILED, ABORTED, UNDETERMINED, SUCCESSFUL, SUCCESSFUL),
    NOT_SUPPORTED: (FAILED, ABORTED, UNDETERMINED, SUCCESSFUL, NOT_SUPPORTED),
}

NAMES = [*(name.value for name in CheckName), "data_group_hash.DG1", "data_group_hash.DG2", "data_group_hash.DG13"]
CODES = {
    "data_group_hash.DG2": ["data_group_hash.match", "data_group_hash.not_read"],
    "online_verification": ["online_verification.matches", "online_verification.not_asked"],
}


@st.composite
def check_results(draw: st.DrawFn) -> CheckResult:
    name = draw(st.sampled_from(NAMES))
    return CheckResult(
        name, draw(st.sampled_from(CheckStatus)), draw(st.sampled_from(CODES.get(name, [f"{name}.reason"])))
    )


FACTS = st.lists(check_results(), max_size=8)


def one(check: str, status: CheckStatus, code: str | None = None) -> CheckResult:
    return CheckResult(check, status, code or f"{check}.reason")


def group(checks: list[CheckResult], wanted: CheckGroup) -> GroupResult:
    return next(result for result in aggregate(checks) if result.group is wanted)


@pytest.mark.parametrize(("first", "second"), [*itertools.product(STATUSES, STATUSES)])
def test_two_results_add_up_as_in_the_guideline(first: CheckStatus, second: CheckStatus) -> None:
    expected = TABLE_3_1[first][STATUSES.index(second)]
    assert combine([first, second]) is expected
    hashes = [one("data_group_hash.DG1", first), one("data_group_hash.DG13", second)]
    assert group(hashes, CheckGroup.INTEGRITY).status is expected


@pytest.mark.parametrize(
    ("active", "chip", "expected"),
    [
        (SUCCESSFUL, SUCCESSFUL, SUCCESSFUL),
        (SUCCESSFUL, NOT_SUPPORTED, SUCCESSFUL),
        (SUCCESSFUL, UNDETERMINED, SUCCESSFUL),
        (SUCCESSFUL, ABORTED, SUCCESSFUL),
        (FAILED, NOT_SUPPORTED, FAILED),
        (FAILED, UNDETERMINED, FAILED),
        (FAILED, SUCCESSFUL, FAILED),  # stricter than table 5.102: it is a copy
        (UNDETERMINED, NOT_SUPPORTED, UNDETERMINED),
        (ABORTED, UNDETERMINED, ABORTED),
        (NOT_SUPPORTED, NOT_SUPPORTED, NOT_SUPPORTED),
    ],
)
def test_one_proof_of_the_chip_is_enough(active: CheckStatus, chip: CheckStatus, expected: CheckStatus) -> None:
    checks = [one("active_authentication", active), one("chip_authentication", chip)]
    assert group(checks, CheckGroup.CHIP_AUTHENTICITY).status is expected


@given(FACTS)
def test_a_group_is_green_only_by_a_green_member(facts: list[CheckResult]) -> None:
    for result in aggregate(facts):
        members = [fact for fact in facts if fact.check in result.checks + result.left_out]
        if result.status is SUCCESSFUL:
            assert any(fact.status is SUCCESSFUL for fact in members)
            assert not any(fact.status is FAILED for fact in members if fact.is_performed)


@given(FACTS)
def test_nothing_undetermined_is_green_unless_another_proof_of_the_chip_stands_for_it(
    facts: list[CheckResult],
) -> None:
    for result in aggregate(facts):
        if result.group in (CheckGroup.CHIP_AUTHENTICITY, CheckGroup.DOCUMENT):
            continue
        members = [fact for fact in facts if fact.check in result.checks and fact.is_performed]
        if any(fact.status is UNDETERMINED for fact in members):
            assert result.status is not SUCCESSFUL


@given(FACTS, check_results())
def test_one_more_failure_makes_its_group_and_the_document_fail(facts: list[CheckResult], extra: CheckResult) -> None:
    if extra.check == CheckName.TERMINAL_AUTHENTICATION:
        return
    failed = CheckResult(extra.check, FAILED, f"{extra.check}.reason")
    assert aggregate([*facts, failed])[-1].status is FAILED


@given(FACTS, st.randoms(use_true_random=False))
def test_neither_order_nor_repetition_matters(facts: list[CheckResult], shuffler: random.Random) -> None:
    shuffled = [*facts, *facts]
    shuffler.shuffle(shuffled)
    assert aggregate(shuffled) == aggregate(facts)


@given(FACTS)
def test_no_accepted_document_has_a_failed_group(facts: list[CheckResult]) -> None:
    for policy in (HOSPITAL, DESK):
        if evaluate(facts, policy).decision is Decision.ACCEPT:
            assert aggregate(facts)[-1].status is not FAILED


def test_nothing_is_known_of_nothing() -> None:
    assert aggregate([]) == (GroupResult(CheckGroup.DOCUMENT, UNDETERMINED, ()),)


def test_what_was_not_performed_is_named_and_does_not_count() -> None:
    checks = [
        one("data_group_hash.DG1", SUCCESSFUL),
        one("data_group_hash.DG3", UNDETERMINED, "data_group_hash.not_read"),
        one("online_verification", UNDETERMINED, "online_verification.not_asked"),
    ]
    assert group(checks, CheckGroup.INTEGRITY) == GroupResult(
        CheckGroup.INTEGRITY, SUCCESSFUL, ("data_group_hash.DG1",), ("data_group_hash.DG3",)
    )
    assert group(checks, CheckGroup.ONLINE).status is UNDETERMINED
    whole = group(checks, CheckGroup.DOCUMENT)
    assert whole.status is SUCCESSFUL
    assert whole.left_out == ("data_group_hash.DG3", "online_verification")


def test_terminal_authentication_is_in_no_group() -> None:
    assert [result.group for result in aggregate([one("terminal_authentication", FAILED)])] == [CheckGroup.DOCUMENT]


def test_every_other_check_is_in_a_group() -> None:
    for name in CheckName:
        if name is not CheckName.TERMINAL_AUTHENTICATION:
            assert len(aggregate([one(name, SUCCESSFUL)])) == 2, name
