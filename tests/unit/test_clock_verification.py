"""A clock that is wrong: whatever it shows, no genuine card is called a forgery, and no forgery gets by."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reader
from crypto.pki.findings import FindingCode, Outcome
from crypto.pki.passive_authentication import PassiveAuthenticationResult, verify_security_object
from crypto.pki.signed_object import ValidAt
from emulator.cards import chip_content
from emulator.chip.content import ChipContent
from emulator.personalise.authorities import (
    Authority,
    DocumentSigner,
    issuer_of,
    sign_with,
    signer_certificate,
    usual_terms,
)
from emulator.personalise.document import data_groups
from emulator.personalise.issuer import sign_security_object
from emulator.personalise.keys import derived_signing_key
from emulator.personalise.profile import load_profile
from reader.verification.checks import CheckStatus
from reader.verification.clock import is_behind, without_wrong_clock
from reader.verification.verdict import Decision
from tests.unit.reader_cards import TRUST, read_content, status_of

UTC = dt.UTC
PASSIVE = "passive_authentication"
KEY = derived_signing_key("ds/clock", "brainpoolP256r1")
GROUPS = {1: b"\x61\x03abc"}


def signer(first: dt.datetime, last: dt.datetime, authority: Authority = Authority.TEST) -> DocumentSigner:
    """A document signer of that period."""
    terms = usual_terms(authority, "C", 0x7E57C0, first.date(), last.date())
    terms = dataclasses.replace(terms, not_before=first, not_after=last, private_key_last=last)
    certificate = signer_certificate(issuer_of(authority), KEY.public_key(), terms)
    return DocumentSigner(certificate, sign_with(KEY))


def card_of(issued: dt.date, by: DocumentSigner, name: str = "an") -> ChipContent:
    """A card of the catalogue whose EF.SOD is of another signer."""
    content = chip_content(name)
    sod = sign_security_object(
        data_groups(load_profile(name)), authority=Authority.TEST, issued=issued, version=0, signer=by
    )
    replaced = tuple(
        dataclasses.replace(file, content=sod) if file.identifier == 0x011D else file
        for file in content.application_files
    )
    return dataclasses.replace(content, application_files=replaced)


def at(year: int, month: int = 1, day: int = 1) -> dt.datetime:
    return dt.datetime(year, month, day, 12, tzinfo=UTC)


def reading(content: ChipContent, clock: dt.datetime, name: str = "an", policy: str = "hospital") -> reader.ReadOutcome:
    key = reader.CanKey.from_citizen_number(load_profile(name).holder.number)
    return read_content(content, key, now=lambda: clock, policy=policy)


RECENT = signer(at(2026, 7), at(2040))


@pytest.mark.parametrize("clock", [at(2026, 1, 2), at(2026, 3), at(2026, 6, 30)])
@pytest.mark.parametrize("policy", ["hospital", "desk", "laboratory"])
def test_a_slow_clock_never_makes_a_card_of_a_new_signer_a_forgery(clock: dt.datetime, policy: str) -> None:
    """The battery is dead, the clock stands some days or months back, and nothing else shows it."""
    outcome = reading(card_of(dt.date(2026, 8, 1), RECENT), clock, policy=policy)
    assert outcome.verdict.decision is Decision.REFER
    assert status_of(outcome, PASSIVE) == (CheckStatus.UNDETERMINED, f"{PASSIVE}.chain_not_checked")
    assert status_of(outcome, "document_validity") == (
        CheckStatus.UNDETERMINED,
        "document_validity.clock_implausible",
    )
    assert "document_validity.clock_implausible" in outcome.verdict.reasons, "the operator is told why"


def test_with_the_right_clock_it_is_accepted() -> None:
    assert reading(card_of(dt.date(2026, 8, 1), RECENT), at(2026, 9)).verdict.decision is Decision.ACCEPT


def test_a_card_without_end_tells_of_the_slow_clock_too() -> None:
    outcome = reading(card_of(dt.date(2026, 8, 1), RECENT, "quy"), at(2026, 2), "quy")
    assert status_of(outcome, "document_validity")[1] == "document_validity.clock_implausible"


def test_what_is_over_by_a_slow_clock_is_over() -> None:
    """A card whose last day lies before even the slow clock's day: the true day is later still."""
    outcome = reading(card_of(dt.date(2026, 8, 1), RECENT, "expired"), at(2026, 2), "expired")
    assert status_of(outcome, "document_validity")[1] == "document_validity.expired"


@pytest.mark.parametrize("clock", [at(1970), at(2020), at(2022, 6), at(2026), at(2026, 6), at(2150)])
def test_a_signer_that_signed_after_its_last_day_is_failed_by_any_clock(clock: dt.datetime) -> None:
    name = "attack-ds-expired"
    outcome = reading(chip_content(name), clock, name)
    assert status_of(outcome, PASSIVE) == (CheckStatus.FAILED, f"{PASSIVE}.signer_expired")
    assert outcome.verdict.decision is Decision.REJECT


def test_a_certificate_without_a_trusted_authority_says_nothing_about_the_clock() -> None:
    """Or whoever makes a card could switch the checks of time off."""
    stranger = signer(at(2026, 7), at(2040), Authority.UNKNOWN)
    outcome = reading(card_of(dt.date(2026, 8, 1), stranger), at(2026, 2))
    assert status_of(outcome, PASSIVE)[1] == f"{PASSIVE}.issuer_unknown"
    assert status_of(outcome, "document_validity")[1] == "document_validity.valid"


def test_a_changed_file_stays_changed_under_a_slow_clock() -> None:
    content = card_of(dt.date(2026, 8, 1), RECENT)
    changed = tuple(
        dataclasses.replace(file, content=file.content[:-1] + bytes([file.content[-1] ^ 1]))
        if file.identifier == 0x010D
        else file
        for file in content.application_files
    )
    outcome = reading(dataclasses.replace(content, application_files=changed), at(2026, 2))
    assert outcome.verdict.decision is Decision.REJECT


# ------------------------------------------------------------------------------------------- properties
DAYS = st.integers(0, 2000).map(lambda days: at(2021, 1, 1) + dt.timedelta(days=days))
CLOCKS = st.one_of(DAYS, st.sampled_from([at(1970), at(2000), at(2025), at(2026), at(2150)]))
TRUE_NOW = at(2035)
RANK = {Outcome.FAILED: 0, Outcome.UNDETERMINED: 1, Outcome.SUCCESSFUL: 2}


def judged(sod: bytes, clock: dt.datetime, valid_at: ValidAt = ValidAt.SIGNING_TIME) -> PassiveAuthenticationResult:
    return without_wrong_clock(verify_security_object(sod, TRUST, clock, valid_at=valid_at), clock, valid_at=valid_at)


def sod_of(issued: dt.datetime, first: dt.datetime, last: dt.datetime, by: Authority = Authority.TEST) -> bytes:
    return sign_security_object(GROUPS, authority=Authority.TEST, issued=issued.date(), signer=signer(first, last, by))


@settings(max_examples=60, deadline=None)
@given(DAYS, st.integers(1, 500), st.integers(0, 500), CLOCKS, st.sampled_from(ValidAt))
def test_no_clock_that_is_slow_makes_a_genuine_document_fail(
    first: dt.datetime, before: int, after: int, clock: dt.datetime, valid_at: ValidAt
) -> None:
    issued = first + dt.timedelta(days=before)
    last = issued + dt.timedelta(days=after + 1)
    if clock > last and valid_at is ValidAt.NOW:
        return  # then it is over for a place that asks for today
    result = judged(sod_of(issued, first, last), clock, valid_at)
    assert result.finding.outcome is not Outcome.FAILED
    if clock < first:
        assert not result.is_trusted
        assert is_behind(result, clock)


@settings(max_examples=60, deadline=None)
@given(DAYS, DAYS, DAYS, CLOCKS)
def test_no_clock_makes_a_document_better_than_the_right_one(
    issued: dt.datetime, one: dt.datetime, other: dt.datetime, clock: dt.datetime
) -> None:
    first, last = sorted((one, other))
    sod = sod_of(issued, first, last + dt.timedelta(days=1))
    right, wrong = judged(sod, TRUE_NOW), judged(sod, clock)
    assert RANK[wrong.finding.outcome] <= RANK[right.finding.outcome]
    if right.finding.code is FindingCode.SIGNER_EXPIRED:
        assert wrong.finding == right.finding, "the dates in the document show it without any clock"


@settings(max_examples=30, deadline=None)
@given(DAYS, DAYS, CLOCKS)
def test_the_clock_never_matters_where_nobody_vouches(
    issued: dt.datetime, first: dt.datetime, clock: dt.datetime
) -> None:
    result = judged(sod_of(issued, first, at(2040), Authority.UNKNOWN), clock)
    assert result.finding.code in (FindingCode.ISSUER_UNKNOWN, FindingCode.ISSUER_KEY_UNKNOWN)
    assert not is_behind(result, clock)
