"""Checks of the document as a whole: EF.COM, the last day, the clock, revocation, issuing state."""

from __future__ import annotations

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

import reader
from crypto.pki.security_object import SecurityObject
from crypto.pki.trust_store import TrustStore
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.wire.tlv import encode_tlv
from emulator.cards import chip_content
from emulator.chip.content import ChipContent
from emulator.personalise.document import data_groups
from emulator.personalise.profile import load_profile
from reader.lds import files
from reader.lds.document import IdDocument, RawDocument
from reader.lds.mrz_fields import MrzDate
from reader.verification.aggregation import CheckGroup, aggregate
from reader.verification.checks import CheckStatus
from reader.verification.document_checks import check_com
from reader.verification.expiry import estimated_expiry, expiry_of
from reader.verification.identity import Assurance
from reader.verification.verdict import Decision
from tests.unit.reader_cards import NOON, TRUST, can_of, read_content, signed_card, status_of

TAGS = {1: 0x61, 2: 0x75, 3: 0x63, 11: 0x6B, 13: 0x6D, 14: 0x6E, 15: 0x6F}


def com(*groups: int, lds: bytes = b"0108", unicode: bytes = b"040000", more: bytes = b"") -> bytes:
    tags = bytes(TAGS[number] for number in groups) + more
    return encode_tlv(0x60, encode_tlv(0x5F01, lds) + encode_tlv(0x5F36, unicode) + encode_tlv(0x5C, tags))


def signed_list(*groups: int, lds: str | None = None, unicode: str | None = None) -> SecurityObject:
    hashes = {number: bytes(32) for number in groups}
    return SecurityObject(0 if lds is None else 1, HashAlgorithm.SHA256, hashes, lds, unicode)


def com_result(octets: bytes | None, security_object: SecurityObject | None) -> tuple[str, str]:
    raw = RawDocument({} if octets is None else {files.COM: octets})
    check = check_com(IdDocument(raw), security_object)
    return check.status.value, check.code.removeprefix("com_consistency.")


# ------------------------------------------------------------------------------- EF.COM and EF.SOD
@pytest.mark.parametrize(
    ("octets", "listed", "expected"),
    [
        (com(1, 2, 14), signed_list(1, 2, 14), ("successful", "agrees")),
        (com(14, 2, 1), signed_list(1, 2, 14), ("successful", "agrees")),  # the order means nothing
        (com(1, 2), signed_list(1, 2, 15), ("failed", "group_missing")),  # hides active authentication
        (com(1, 2, 15), signed_list(1, 2), ("failed", "group_extra")),
        (com(1, 3), signed_list(1, 2), ("failed", "group_missing")),
        (com(1, 2, more=b"\x7f\x61"), signed_list(1, 2), ("successful", "agrees")),  # a tag of no data group
        (com(1, lds=b"0107"), signed_list(1), ("successful", "agrees")),  # EF.SOD of version 0 names no version
        (com(1), signed_list(1, lds="0108", unicode="040000"), ("successful", "agrees")),
        (com(1, lds=b"0107"), signed_list(1, lds="0108", unicode="040000"), ("failed", "version_differs")),
        (com(1, unicode=b"050000"), signed_list(1, lds="0108", unicode="040000"), ("failed", "version_differs")),
        (None, signed_list(1), ("not_supported", "absent")),
        (com(1), None, ("not_supported", "absent")),
        (b"\x60\x02\x5c", signed_list(1), ("aborted", "unreadable")),
    ],
)
def test_the_unsigned_table_of_contents_is_held_against_the_signed_one(
    octets: bytes | None, listed: SecurityObject | None, expected: tuple[str, str]
) -> None:
    assert com_result(octets, listed) == expected


@given(st.sets(st.sampled_from(sorted(TAGS))), st.sets(st.sampled_from(sorted(TAGS)), min_size=1))
def test_it_agrees_exactly_if_both_list_the_same(listed: set[int], signed: set[int]) -> None:
    expected = "successful" if listed == signed else "failed"
    assert com_result(com(*listed), signed_list(*signed))[0] == expected


def with_com(content: ChipContent, octets: bytes) -> ChipContent:
    changed = tuple(
        dataclasses.replace(file, content=octets) if file.identifier == 0x011E else file
        for file in content.application_files
    )
    return dataclasses.replace(content, application_files=changed)


def test_hiding_a_group_in_the_table_of_contents_hides_nothing_and_is_seen() -> None:
    """The group is read because EF.SOD lists it; a person looks at the card, whose data are as sure as before."""
    outcome = read_content(with_com(chip_content("an"), com(1, 2, 3, 13, 14)), can_of("an"))
    assert status_of(outcome, "com_consistency") == (CheckStatus.FAILED, "com_consistency.group_missing")
    assert status_of(outcome, "active_authentication")[0] is CheckStatus.SUCCESSFUL
    assert (outcome.verdict.decision, outcome.verdict.assurance) == (Decision.REFER, Assurance.CHIP_VERIFIED)


def test_a_bench_only_notes_a_wrong_table_of_contents() -> None:
    outcome = read_content(with_com(chip_content("an"), com(1, 2, 3, 13, 14)), can_of("an"), policy="laboratory")
    assert outcome.verdict.decision is Decision.ACCEPT
    assert "com_consistency.group_missing" in outcome.verdict.recorded


# ------------------------------------------------------------------------------------- the last day
DAY = dt.date


@pytest.mark.parametrize(
    ("text", "signed_from", "today", "expected"),
    [
        # TR-03135-1 v5.0.1 §5.10.2, the guideline's own two examples
        ("150401", None, DAY(2012, 5, 2), DAY(2015, 4, 1)),
        ("110302", None, DAY(2012, 5, 2), DAY(2011, 3, 2)),
        # fifteen years ahead are ahead, sixteen are behind
        ("410601", None, DAY(2026, 6, 1), DAY(2041, 6, 1)),
        ("420601", None, DAY(2026, 6, 1), DAY(1942, 6, 1)),
        ("050101", None, DAY(2095, 1, 1), DAY(2105, 1, 1)),  # over the end of a century
        # with the signer's certificate: the first century in which the day comes after it
        ("450203", DAY(2023, 1, 1), DAY(2026, 6, 1), DAY(2045, 2, 3)),
        ("991231", DAY(2023, 1, 1), DAY(2026, 6, 1), DAY(2099, 12, 31)),
        ("050101", DAY(1999, 12, 1), DAY(2004, 6, 1), DAY(2005, 1, 1)),
        ("991231", DAY(1998, 12, 1), DAY(2026, 6, 1), DAY(1999, 12, 31)),
        ("040229", DAY(2003, 1, 1), DAY(2026, 6, 1), DAY(2004, 2, 29)),
        # no day of the calendar, or not a whole one
        ("250230", DAY(2023, 1, 1), DAY(2026, 6, 1), None),
        ("25<<<<", DAY(2023, 1, 1), DAY(2026, 6, 1), None),
        ("250231", None, DAY(2026, 6, 1), None),
        ("<<<<<<", None, DAY(2026, 6, 1), None),
    ],
)
def test_a_year_of_two_digits_is_told_by_the_guideline(
    text: str, signed_from: DAY | None, today: DAY, expected: DAY | None
) -> None:
    assert estimated_expiry(MrzDate(text), signed_from, today) == expected


@given(st.dates(DAY(1950, 1, 1), DAY(2099, 12, 31)), st.integers(1, 99 * 365))
def test_whatever_was_signed_expires_on_its_own_day(signed_from: DAY, later_days: int) -> None:
    last = signed_from + dt.timedelta(days=later_days)
    if last.year >= signed_from.year // 100 * 100 + 200 or (last.month, last.day) == (2, 29):
        return
    found = estimated_expiry(MrzDate(f"{last:%y%m%d}"), signed_from, DAY(2026, 6, 1))
    assert found is not None
    assert found > signed_from
    assert (found.year % 100, found.month, found.day) == (last.year % 100, last.month, last.day)
    assert found <= last


@given(st.dates(DAY(2000, 1, 1), DAY(2098, 12, 31)), st.dates(DAY(2000, 1, 1), DAY(2098, 12, 31)))
def test_without_a_signer_nothing_lies_more_than_fifteen_years_ahead(printed: DAY, today: DAY) -> None:
    found = estimated_expiry(MrzDate(f"{printed:%y%m%d}"), None, today)
    assert found is None or -85 <= found.year - today.year <= 15


@pytest.mark.parametrize("without", [(), (13,)])
def test_the_chip_says_the_same_with_and_without_group_13(without: tuple[int, ...]) -> None:
    profile = load_profile("an")
    groups = {number: octets for number, octets in data_groups(profile).items() if number not in without}
    chip = IdDocument(RawDocument({files.data_group(number): octets for number, octets in groups.items()}))
    assert expiry_of(chip, profile.holder.issued, NOON.date()) == profile.holder.expires


def test_a_card_of_22_years_is_not_taken_for_one_of_the_last_century() -> None:
    """Without a signer's certificate to tell: a Vietnamese card issued at 38 lasts until its holder is 60."""
    groups = data_groups(load_profile("an"))
    chip = IdDocument(RawDocument({files.data_group(1): groups[1]}))
    last = load_profile("an").holder.expires
    assert last is not None
    assert expiry_of(chip, None, last.replace(year=last.year - 22)) == last
    assert expiry_of(chip, None, last.replace(year=last.year - 23)) == last.replace(year=last.year - 100)


def test_a_document_without_group_13_has_its_address_from_group_11() -> None:
    outcome = read_content(chip_content("passport-td3"), reader.CanKey.from_digits("184529"), policy="desk")
    assert outcome.identity is not None
    assert outcome.document.personal_data is None
    assert outcome.identity.address == "TESTGATAN 12, NORRHAMN, UTOPIA"


def test_a_card_without_end_has_no_last_day() -> None:
    outcome = read_content(chip_content("quy"), can_of("quy"))
    assert status_of(outcome, "document_validity") == (CheckStatus.SUCCESSFUL, "document_validity.no_expiry")
    assert outcome.identity is not None
    assert (outcome.identity.expires_on, outcome.identity.no_expiry) == (None, True)


# ---------------------------------------------------------------------------------------- revocation
def without_lists() -> TrustStore:
    store = TrustStore()
    for anchor in TRUST:
        store.add_certificate(anchor.certificate, anchor.provenance)
    return store


def test_no_list_of_revoked_signers_is_said_and_refuses_nobody() -> None:
    outcome = read_content(chip_content("an"), can_of("an"), trust=without_lists())
    assert status_of(outcome, "signer_revocation") == (CheckStatus.UNDETERMINED, "signer_revocation.no_list")
    assert outcome.verdict.decision is Decision.ACCEPT
    assert "signer_revocation.no_list" in outcome.verdict.recorded


def test_a_current_list_without_the_signer_is_good_news() -> None:
    outcome = read_content(chip_content("an"), can_of("an"))
    assert status_of(outcome, "signer_revocation") == (CheckStatus.SUCCESSFUL, "signer_revocation.not_revoked")


@pytest.mark.parametrize("year", [1970, 2015, 2150])
def test_a_clock_that_cannot_be_right_makes_no_list_old_and_no_card_expired(year: int) -> None:
    outcome = read_content(chip_content("an"), can_of("an"), now=lambda: dt.datetime(year, 1, 1, tzinfo=dt.UTC))
    assert status_of(outcome, "document_validity")[1] == "document_validity.clock_implausible"
    assert status_of(outcome, "signer_revocation") == (CheckStatus.UNDETERMINED, "signer_revocation.not_checked")
    assert outcome.verdict.decision is Decision.REFER


# ------------------------------------------------------------------------------------ issuing state
def test_a_signer_signs_for_its_own_state_alone() -> None:
    """DG1 names another state, and the signature over it is right."""
    lines = "I<LAO" + "085000017".ljust(10, "1") + "<" * 15 + "8502038M4502030LAO" + "<" * 11 + "6"
    dg1 = encode_tlv(0x61, encode_tlv(0x5F1F, (lines + "TEST<<ANH".ljust(30, "<")).encode("ascii")))
    outcome = read_content(signed_card("an", {1: dg1}), can_of("an"))
    assert status_of(outcome, "passive_authentication") == (
        CheckStatus.FAILED,
        "passive_authentication.country_mismatch",
    )
    assert outcome.verdict.decision is Decision.REJECT


# ------------------------------------------------------------------------------- verdicts and groups
@pytest.mark.parametrize("name", ["an", "quy", "can-cuoc-2024", "expired", "changed", "copied", "unknown-csca"])
def test_the_groups_of_a_card_say_what_its_verdict_says(name: str) -> None:
    outcome: reader.ReadOutcome = read_content(chip_content(name), can_of(name))
    results = {result.group: result.status for result in aggregate(outcome.checks)}
    if outcome.verdict.decision is Decision.ACCEPT:
        assert results[CheckGroup.DOCUMENT] is CheckStatus.SUCCESSFUL
    elif name == "unknown-csca":
        assert results[CheckGroup.DOCUMENT_AUTHENTICATION] is CheckStatus.UNDETERMINED
        assert results[CheckGroup.DOCUMENT] is CheckStatus.UNDETERMINED
    else:
        assert results[CheckGroup.DOCUMENT] is CheckStatus.FAILED
    assert results[CheckGroup.ONLINE] is CheckStatus.UNDETERMINED


@pytest.mark.parametrize("name", ["an", "expired", "changed", "unknown-csca", "no-card-access", "tdes-pace"])
def test_no_place_is_kinder_than_a_laxer_one_to_a_real_card(name: str) -> None:
    verdicts = [
        read_content(chip_content(name), can_of(name), policy=policy).verdict
        for policy in ("laboratory", "hospital", "desk")
    ]
    severities = [verdict.decision.severity for verdict in verdicts]
    assert severities == sorted(severities)
    for verdict in verdicts:
        assert "online_verification.not_asked" in (*verdict.reasons, *verdict.recorded)
