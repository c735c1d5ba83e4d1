"""What a country says is wrong with its own documents: shown, and never to anybody's advantage."""

from __future__ import annotations

import datetime as dt
import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reader
from crypto.pki.certificate import Certificate
from crypto.pki.deviation_list import DEVIATION_LIST, Deviation, DeviationDescription, DeviationKind
from emulator.cards import chip_content
from emulator.personalise.profile import load_profile
from reader.trust.deviations import PublishedDeviations
from reader.verification.aggregation import CheckGroup, aggregate
from reader.verification.assessment import Assessment, assess
from reader.verification.checks import CheckStatus
from reader.verification.identity import Assurance
from reader.verification.policy import DESK, HOSPITAL, LABORATORY, VerificationPolicy
from reader.verification.verdict import Decision
from reader.verification.wording import remark_of
from tests.unit.reader_cards import NOON, TRUST, read_content

POLICIES = [HOSPITAL, DESK, LABORATORY]
CARDS = ["an", "changed", "copied", "expired", "unknown-csca", "attack-com-hides", "rsa-active"]


@functools.cache
def read_once(name: str) -> reader.ReadOutcome:
    key = reader.CanKey.from_citizen_number(load_profile(name).holder.number)
    return read_content(chip_content(name), key)


@functools.cache
def signer_of(name: str) -> Certificate:
    passive = read_once(name).assessment.passive
    assert passive is not None
    assert passive.signer is not None
    return passive.signer


def defect(kind: DeviationKind, group: int | None = None) -> DeviationDescription:
    oid = f"{DEVIATION_LIST}.{kind.value}" if kind.value else "2.999.1"
    return DeviationDescription(oid, kind, "TEST words of the country", data_group=group)


def about(signer: Certificate, *kinds: DeviationKind, **more: object) -> Deviation:
    return Deviation(
        tuple(defect(kind) for kind in kinds),
        signer_issuer=signer.issuer,
        signer_serial_number=signer.serial_number,
        **more,  # type: ignore[arg-type]
    )


def published(*deviations: Deviation, country: str = "VN") -> tuple[PublishedDeviations, ...]:
    return (PublishedDeviations(country, "TEST list", deviations, is_test=True),)


def judged(
    *deviations: Deviation, name: str = "an", policy: VerificationPolicy = HOSPITAL, country: str = "VN"
) -> Assessment:
    return assess(read_once(name).reading, TRUST, policy, NOON, deviations=published(*deviations, country=country))


def found(assessment: Assessment, check: str = "known_deviation") -> tuple[CheckStatus, str] | None:
    return next(((one.status, one.code) for one in assessment.checks if one.check == check), None)


def test_without_a_list_nothing_is_said() -> None:
    assert found(assess(read_once("an").reading, TRUST, HOSPITAL, NOON)) is None


@pytest.mark.parametrize("policy", POLICIES)
def test_a_list_without_this_document_is_good_news_that_changes_nothing(policy: VerificationPolicy) -> None:
    other = about(signer_of("unknown-csca"), DeviationKind.CERTIFICATE_OR_KEY)
    for assessment in (judged(policy=policy), judged(other, policy=policy)):
        assert found(assessment) == (CheckStatus.SUCCESSFUL, "known_deviation.none")
        assert assessment.verdict.decision is Decision.ACCEPT


def test_no_country_speaks_about_documents_of_another() -> None:
    foreign = about(signer_of("an"), DeviationKind.CERTIFICATE_OR_KEY)
    assert judged(foreign, country="UT").verdict.decision is Decision.ACCEPT


@pytest.mark.parametrize("policy", POLICIES)
def test_a_certain_defect_is_for_a_person_to_look_at(policy: VerificationPolicy) -> None:
    assessment = judged(about(signer_of("an"), DeviationKind.DATA_GROUP_HASH), policy=policy)
    assert found(assessment) == (CheckStatus.UNDETERMINED, "known_deviation.known")
    assert assessment.verdict.decision is Decision.REFER
    assert "known_deviation.known" in assessment.verdict.reasons


@pytest.mark.parametrize("policy", POLICIES)
def test_a_signer_whose_key_its_country_calls_bad_signs_nothing(policy: VerificationPolicy) -> None:
    assessment = judged(about(signer_of("an"), DeviationKind.CERTIFICATE_OR_KEY), policy=policy)
    assert found(assessment) == (CheckStatus.FAILED, "known_deviation.signer_key")
    assert assessment.verdict.decision is Decision.REJECT
    assert assessment.verdict.assurance is Assurance.UNKNOWN
    groups = {one.group: one.status for one in aggregate(assessment.checks)}
    assert groups[CheckGroup.DOCUMENT_AUTHENTICATION] is CheckStatus.FAILED


def test_a_chips_key_that_leaked_proves_nothing_by_itself() -> None:
    leaked = about(signer_of("an"), DeviationKind.ACTIVE_AUTHENTICATION_KEY)
    assessment = judged(leaked)
    assert found(assessment, "active_authentication") == (
        CheckStatus.UNDETERMINED,
        "active_authentication.key_compromised",
    )
    assert found(assessment, "chip_authentication") == (CheckStatus.SUCCESSFUL, "chip_authentication.genuine")
    only_active = judged(leaked, name="rsa-active")
    if found(only_active, "chip_authentication") != (CheckStatus.SUCCESSFUL, "chip_authentication.genuine"):
        assert only_active.verdict.assurance is not Assurance.CHIP_VERIFIED


def test_what_cannot_be_compared_is_shown_and_counts_for_nothing() -> None:
    """A passport says nowhere when it was issued, unless it has DG12; a rule about dates then fits as far as is known."""
    period = {
        "first_issued": dt.datetime(2000, 1, 1, tzinfo=dt.UTC),
        "last_issued": dt.datetime(2000, 2, 1, tzinfo=dt.UTC),
    }
    assert found(judged(about(signer_of("an"), DeviationKind.MRZ_DATA, **period))) == (
        CheckStatus.SUCCESSFUL,
        "known_deviation.none",
    ), "DG13 gives the date"
    nobody_named = Deviation((defect(DeviationKind.CHIP),))
    assessment = judged(nobody_named)
    assert found(assessment) == (CheckStatus.UNDETERMINED, "known_deviation.possible")
    assert assessment.verdict.decision is Decision.ACCEPT
    assert "known_deviation.possible" in assessment.verdict.recorded


def test_a_document_whose_signer_nobody_vouches_for_is_of_no_country() -> None:
    assert found(judged(about(signer_of("unknown-csca"), DeviationKind.MRZ), name="unknown-csca")) is None


def test_it_is_told_in_our_words_and_without_the_countrys() -> None:
    (check,) = (
        one
        for one in judged(about(signer_of("an"), DeviationKind.DATA_GROUP_HASH, DeviationKind.UNKNOWN)).checks
        if one.check == "known_deviation"
    )
    assert "wrong hash of a data group" in check.detail
    assert "kind that is not known" in check.detail
    assert "TEST words" not in check.detail
    assert "[known_deviation.known]" in remark_of(check)


KINDS = st.lists(st.sampled_from(DeviationKind), min_size=1, max_size=3)


@st.composite
def deviations(draw: st.DrawFn, name: str) -> Deviation:
    kinds = tuple(defect(kind, draw(st.sampled_from([None, 1, 2, 13]))) for kind in draw(KINDS))
    signer = signer_of(name) if draw(st.booleans()) else None
    is_dated = draw(st.booleans())
    return Deviation(
        kinds,
        document_type=draw(st.sampled_from([None, "ID", "P"])),
        signer_issuer=None if signer is None else signer.issuer,
        signer_serial_number=None if signer is None else signer.serial_number,
        first_issued=dt.datetime(2020, 1, 1, tzinfo=dt.UTC) if is_dated else None,
        last_issued=dt.datetime(2027, 1, 1, tzinfo=dt.UTC) if is_dated else None,
        document_numbers=draw(st.sampled_from([frozenset(), frozenset({"085000017"})])),
    )


@settings(max_examples=25, deadline=None)
@given(st.data(), st.sampled_from(CARDS), st.sampled_from(POLICIES))
def test_one_more_deviation_never_improves_a_verdict_and_never_turns_a_failure(
    data: st.DataObject, name: str, policy: VerificationPolicy
) -> None:
    fewer = data.draw(st.lists(deviations(name), max_size=2))
    more = [*fewer, data.draw(deviations(name))]
    without = assess(read_once(name).reading, TRUST, policy, NOON)
    before, after = judged(*fewer, name=name, policy=policy), judged(*more, name=name, policy=policy)
    assert without.verdict.decision.severity <= before.verdict.decision.severity <= after.verdict.decision.severity
    failed = {one.code for one in without.checks if one.status is CheckStatus.FAILED}
    assert failed <= {one.code for one in after.checks if one.status is CheckStatus.FAILED}
    proven = {one.check for one in after.checks if one.status is CheckStatus.SUCCESSFUL} - {"known_deviation"}
    assert proven <= {one.check for one in without.checks if one.status is CheckStatus.SUCCESSFUL}
