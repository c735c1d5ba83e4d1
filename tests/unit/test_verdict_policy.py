"""The laws of judging: no combination of facts may buy a better verdict than its worst fact allows."""

from __future__ import annotations

import datetime as dt
import random

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.policy import DESK, HOSPITAL, LABORATORY, Requirement, VerificationPolicy, evaluate
from reader.verification.verdict import Decision, Verdict, VerifiedIdentity

POLICIES = st.sampled_from([HOSPITAL, DESK, LABORATORY])
NAMES = [*(name.value for name in CheckName), "data_group_hash.DG1", "data_group_hash.DG13"]
CODES = {
    "document_validity": ["document_validity.expired", "document_validity.clock_implausible"],
    "data_group_hash.DG1": ["data_group_hash.mismatch", "data_group_hash.not_read"],
    "online_verification": [f"online_verification.{word}" for word in ("lost", "not_asked", "unknown")],
    "known_deviation": [f"known_deviation.{word}" for word in ("known", "possible", "signer_key")],
    "signer_revocation": ["signer_revocation.revoked", "signer_revocation.no_list"],
}


REFUSALS = [Decision.REFER, Decision.REJECT]
NEEDS = [Requirement.RECORDED, Requirement.OPTIONAL, Requirement.MANDATORY]
CHECKS_WITH_A_CHOICE = ["validity", "consistency", "com", "revocation", "printed", "online"]
DECISIONS = ["unknown_issuer", "chip_not_proven", "expired", "undetermined", "com_differs"]


@st.composite
def two_policies(draw: st.DrawFn) -> tuple[VerificationPolicy, VerificationPolicy]:
    """Any policy that can be made, and one that is in nothing laxer."""
    lax: dict[str, object] = {}
    strict: dict[str, object] = {}
    for name, ladder in (
        *((name, REFUSALS) for name in DECISIONS),
        *((name, NEEDS) for name in CHECKS_WITH_A_CHOICE),
        ("downgraded", list(Decision)),
    ):
        steps = sorted(draw(st.lists(st.integers(0, len(ladder) - 1), min_size=2, max_size=2)))
        lax[name], strict[name] = ladder[steps[0]], ladder[steps[1]]
    return VerificationPolicy("lax", **lax), VerificationPolicy("strict", **strict)


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


@given(st.lists(check_results(), max_size=8), two_policies())
def test_whatever_a_policy_is_made_of_a_stricter_one_is_never_kinder(facts, policies) -> None:
    lax, strict = (evaluate(facts, policy).decision.severity for policy in policies)
    assert lax <= strict


@given(st.lists(check_results(), max_size=8), check_results(), two_policies())
def test_no_policy_rewards_a_failure(facts, extra, policies) -> None:
    failed = CheckResult(extra.check, CheckStatus.FAILED, extra.code)
    for policy in policies:
        assert evaluate([*facts, failed], policy).decision.severity >= evaluate(facts, policy).decision.severity


@given(st.lists(check_results(), max_size=8), two_policies())
def test_no_policy_can_be_made_that_accepts_without_issuer_and_chip(facts, policies) -> None:
    for policy in policies:
        if (verdict := evaluate(facts, policy)).decision is Decision.ACCEPT:
            assert verdict.assurance is Assurance.CHIP_VERIFIED
            assert {fact.check for fact in facts} >= set(policy.mandatory_checks)


@given(st.lists(check_results(), max_size=8), POLICIES)
def test_saying_it_twice_changes_nothing(facts, policy) -> None:
    assert evaluate([*facts, *facts], policy) == evaluate(facts, policy)


@given(st.lists(check_results(), max_size=8), POLICIES)
def test_nothing_that_is_not_successful_goes_without_a_word(facts, policy) -> None:
    verdict = evaluate(facts, policy)
    shown = {*verdict.reasons, *verdict.recorded}
    for fact in facts:
        is_chip_proof = fact.check in ("chip_authentication", "active_authentication", "chip_authentication_mapping")
        assert fact.status is CheckStatus.SUCCESSFUL or fact.code in shown or is_chip_proof
    assert not set(verdict.reasons) & set(verdict.recorded)


@pytest.mark.parametrize("field", DECISIONS)
def test_a_policy_that_accepts_what_was_not_proven_cannot_be_made(field: str) -> None:
    with pytest.raises(ValueError, match="not proven"):
        VerificationPolicy("careless", **{field: Decision.ACCEPT})


@pytest.mark.parametrize(
    ("need", "status", "code", "expected"),
    [
        (Requirement.OPTIONAL, CheckStatus.UNDETERMINED, "online_verification.not_asked", Decision.ACCEPT),
        (Requirement.OPTIONAL, CheckStatus.ABORTED, "online_verification.no_answer", Decision.ACCEPT),
        (Requirement.OPTIONAL, CheckStatus.UNDETERMINED, "online_verification.unknown", Decision.REFER),
        (Requirement.OPTIONAL, CheckStatus.FAILED, "online_verification.lost", Decision.REJECT),
        (Requirement.MANDATORY, CheckStatus.UNDETERMINED, "online_verification.not_asked", Decision.REFER),
        (Requirement.MANDATORY, CheckStatus.ABORTED, "online_verification.no_answer", Decision.REFER),
        (Requirement.MANDATORY, CheckStatus.SUCCESSFUL, "online_verification.matches", Decision.ACCEPT),
        (Requirement.RECORDED, CheckStatus.FAILED, "online_verification.lost", Decision.ACCEPT),
    ],
)
def test_a_place_says_how_much_a_check_counts(
    need: Requirement, status: CheckStatus, code: str, expected: Decision
) -> None:
    policy = VerificationPolicy("a place", online=need)
    verdict = evaluate([*PERFECT, one("online_verification", status, code)], policy)
    assert verdict.decision is expected
    where = verdict.recorded if expected is Decision.ACCEPT else verdict.reasons
    assert (code in where) == (status is not CheckStatus.SUCCESSFUL)


def test_a_mandatory_check_that_is_not_there_was_not_done() -> None:
    facts = [fact for fact in PERFECT if fact.check != "document_validity"]
    verdict = evaluate(facts, HOSPITAL)
    assert (verdict.decision, verdict.reasons) == (Decision.REFER, ("document_validity.not_done",))


def test_what_a_service_confirms_is_called_so_and_proves_no_issuer() -> None:
    unknown = one("passive_authentication", CheckStatus.UNDETERMINED, "passive_authentication.issuer_unknown")
    facts = [fact for fact in PERFECT if fact.check != "passive_authentication"]
    confirmed = one("online_verification", CheckStatus.SUCCESSFUL, "online_verification.matches")
    verdict = evaluate([*facts, unknown, confirmed], HOSPITAL)
    assert verdict.assurance is Assurance.ONLINE_VERIFIED
    assert verdict.decision is Decision.REFER


@pytest.mark.parametrize("reason", ["lost", "cancelled"])
def test_a_lost_card_is_refused_and_still_the_one_that_was_issued(reason: str) -> None:
    verdict = evaluate(
        [*PERFECT, one("online_verification", CheckStatus.FAILED, f"online_verification.{reason}")], HOSPITAL
    )
    assert (verdict.decision, verdict.assurance) == (Decision.REJECT, Assurance.CHIP_VERIFIED)


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
        ("com_consistency", CheckStatus.FAILED, "com_consistency.group_missing", "REFER"),
        ("printed_data", CheckStatus.FAILED, "printed_data.number_differs", "REJECT"),
        ("printed_data", CheckStatus.UNDETERMINED, "printed_data.name_without_marks", "REFER"),
        ("signer_revocation", CheckStatus.UNDETERMINED, "signer_revocation.no_list", "ACCEPT"),
        ("signer_revocation", CheckStatus.FAILED, "signer_revocation.revoked", "REJECT"),
        ("terminal_authentication", CheckStatus.FAILED, "terminal.no_chain", "ACCEPT"),
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
