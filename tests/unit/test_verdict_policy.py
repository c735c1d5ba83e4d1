"""The laws of judging: no combination of facts may buy a better verdict than its worst fact allows."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.policy import DESK, HOSPITAL, LABORATORY, evaluate
from reader.verification.verdict import Decision, Verdict, VerifiedIdentity

POLICIES = st.sampled_from([HOSPITAL, DESK, LABORATORY])
NAMES = [*(name.value for name in CheckName), "data_group_hash.DG1", "data_group_hash.DG13"]
CODES = {
    "document_validity": ["document_validity.expired", "document_validity.clock_implausible"],
    "data_group_hash.DG1": ["data_group_hash.mismatch", "data_group_hash.not_read"],
}


@st.composite
def check_results(draw: st.DrawFn) -> CheckResult:
    name = draw(st.sampled_from(NAMES))
    code = draw(st.sampled_from(CODES.get(name, [f"{name}.reason"])))
    return CheckResult(name, draw(st.sampled_from(CheckStatus)), code)


def one(check: str, status: CheckStatus, code: str | None = None) -> CheckResult:
    return CheckResult(check, status, code or f"{check}.reason")


PERFECT = (
    one("access_control", CheckStatus.SUCCESSFUL),
    one("passive_authentication", CheckStatus.SUCCESSFUL),
    one("data_group_hash.DG1", CheckStatus.SUCCESSFUL),
    one("chip_authentication", CheckStatus.SUCCESSFUL),
    one("active_authentication", CheckStatus.NOT_SUPPORTED),
    one("data_consistency", CheckStatus.SUCCESSFUL),
    one("document_validity", CheckStatus.SUCCESSFUL),
)


@given(st.lists(check_results(), max_size=8), check_results(), POLICIES)
def test_one_more_failed_check_never_improves_a_verdict(facts, extra, policy) -> None:
    failed = CheckResult(extra.check, CheckStatus.FAILED, extra.code)
    assert evaluate([*facts, failed], policy).decision.severity >= evaluate(facts, policy).decision.severity


@given(st.lists(check_results(), max_size=8), POLICIES, st.randoms(use_true_random=False))
def test_the_order_of_checks_never_matters(facts, policy, shuffler: random.Random) -> None:
    shuffled = list(facts)
    shuffler.shuffle(shuffled)
    assert evaluate(facts, policy) == evaluate(shuffled, policy)


@given(st.lists(check_results(), max_size=8))
def test_a_stricter_policy_never_accepts_what_a_laxer_one_rejects(facts) -> None:
    lax_to_strict = [evaluate(facts, policy).decision.severity for policy in (LABORATORY, HOSPITAL, DESK)]
    assert lax_to_strict == sorted(lax_to_strict)


@example(
    [one("passive_authentication", CheckStatus.NOT_SUPPORTED), one("chip_authentication", CheckStatus.SUCCESSFUL)],
    HOSPITAL,
)
@given(st.lists(check_results(), max_size=8), POLICIES)
def test_accept_means_issuer_and_chip_were_both_proven(facts, policy) -> None:
    verdict = evaluate(facts, policy)
    if verdict.decision is Decision.ACCEPT:
        assert verdict.assurance is Assurance.CHIP_VERIFIED
        assert verdict.reasons == ()


@pytest.mark.parametrize("policy", [HOSPITAL, DESK, LABORATORY], ids=lambda policy: policy.name)
def test_a_perfect_card_is_accepted_everywhere(policy) -> None:
    assert evaluate(PERFECT, policy).decision is Decision.ACCEPT


@pytest.mark.parametrize(
    ("check", "status", "code", "expected"),
    [
        ("passive_authentication", CheckStatus.UNDETERMINED, "passive_authentication.issuer_unknown", "REFER"),
        ("passive_authentication", CheckStatus.FAILED, "passive_authentication.signature_wrong", "REJECT"),
        ("data_group_hash.DG1", CheckStatus.FAILED, "data_group_hash.mismatch", "REJECT"),
        ("data_group_hash.DG13", CheckStatus.ABORTED, "data_group_hash.unreadable", "REFER"),
        ("data_group_hash.DG11", CheckStatus.UNDETERMINED, "data_group_hash.not_read", "ACCEPT"),
        ("chip_authentication", CheckStatus.FAILED, "chip_authentication.not_genuine", "REJECT"),
        ("chip_authentication", CheckStatus.NOT_SUPPORTED, "chip_authentication.not_offered", "REFER"),
        ("document_validity", CheckStatus.FAILED, "document_validity.expired", "REFER"),
        ("document_validity", CheckStatus.UNDETERMINED, "document_validity.clock_implausible", "REFER"),
        ("data_consistency", CheckStatus.FAILED, "data_consistency.number_differs", "REJECT"),
        ("access_control", CheckStatus.UNDETERMINED, "access_control.downgraded", "REFER"),
    ],
)
def test_what_the_hospital_makes_of_one_flaw(check: str, status: CheckStatus, code: str, expected: str) -> None:
    facts = [fact for fact in PERFECT if fact.check != check] + [one(check, status, code)]
    verdict = evaluate(facts, HOSPITAL)
    assert verdict.decision.value == expected
    assert (code in verdict.reasons) == (expected != "ACCEPT" and not code.endswith("not_offered"))


def test_a_copy_stays_a_copy_even_if_another_proof_succeeded() -> None:
    facts = [fact for fact in PERFECT if fact.check != "active_authentication"]
    facts.append(one("active_authentication", CheckStatus.FAILED, "active_authentication.not_genuine"))
    assert evaluate(facts, HOSPITAL).decision is Decision.REJECT
    assert evaluate(facts, HOSPITAL).assurance is Assurance.UNKNOWN


def test_an_expired_card_keeps_its_assurance() -> None:
    facts = [fact for fact in PERFECT if fact.check != "document_validity"]
    facts.append(one("document_validity", CheckStatus.FAILED, "document_validity.expired"))
    assert evaluate(facts, HOSPITAL).assurance is Assurance.CHIP_VERIFIED


# ---------------------------------------------------------------------------------------- identity
FIELDS = {
    "number": "040085000017",
    "full_name": "Nguyễn Văn An",
    "date_of_birth": dt.date(1985, 2, 3),
    "sex": Sex.MALE,
    "nationality": "VNM",
    "address": None,
    "expires_on": None,
    "no_expiry": True,
    "portrait": None,
}


@pytest.mark.parametrize("decision", [Decision.REFER, Decision.REJECT])
def test_only_an_accepted_verdict_makes_a_verified_identity(decision: Decision) -> None:
    verdict = Verdict(decision, ("a.reason",), Assurance.CHIP_READ)
    with pytest.raises(ValueError, match="accepted verdict"):
        VerifiedIdentity(**FIELDS, assurance=Assurance.CHIP_VERIFIED, verdict=verdict)


def test_an_identity_shows_nobody_in_its_repr() -> None:
    identity = Identity(**FIELDS, assurance=Assurance.CHIP_READ)
    verified = VerifiedIdentity(
        **FIELDS,
        assurance=Assurance.CHIP_VERIFIED,
        verdict=Verdict(Decision.ACCEPT, (), Assurance.CHIP_VERIFIED),
    )
    for shown in (repr(identity), str(identity), f"{identity}", repr(verified), repr([verified])):
        assert "Nguyễn" not in shown
        assert "040085000017" not in shown
