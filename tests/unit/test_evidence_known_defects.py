"""What a country says about defects reaches whoever verifies a kept reading, and the device's knowledge is not lost."""

from __future__ import annotations

import dataclasses

import pytest

from emulator.cards import chip_content
from reader.evidence.canonical import decode, encode
from reader.evidence.challenge import bound_challenges
from reader.evidence.container import open_evidence, seal
from reader.evidence.keeping import evidence_of
from reader.evidence.recheck import Judgement, differences, judge_again, parse
from reader.trust.deviations import PublishedDeviations
from reader.verification.assessment import assess
from reader.verification.policy import HOSPITAL
from reader.verification.verdict import Decision
from tests.unit.reader_cards import NOON, TRUST, can_of, read_content
from tests.unit.test_evidence_recheck import OURS, elsewhere
from tests.unit.test_known_defects_verification import DeviationKind, about, published, signer_of

CODES = {
    DeviationKind.CERTIFICATE_OR_KEY: "known_deviation.signer_key",
    DeviationKind.ACTIVE_AUTHENTICATION_KEY: "known_deviation.known",
}


def named(kind: DeviationKind) -> tuple[PublishedDeviations, ...]:
    return published(about(signer_of("an"), kind))


def kept_where_the_list_was(deviations: tuple[PublishedDeviations, ...]) -> bytes:
    """A reading on a device that has these lists."""
    challenges = bound_challenges(OURS.fingerprint, lambda: NOON)
    outcome = read_content(chip_content("an"), can_of("an"), draw_challenge=challenges)
    judged = assess(outcome.reading, TRUST, HOSPITAL, NOON, deviations=deviations)
    outcome = dataclasses.replace(outcome, assessment=judged)
    return evidence_of(outcome, OURS, trust=TRUST, read_at=NOON, policy="hospital", is_test=True)


def code_of(judgement: Judgement) -> str | None:
    return next((check.code for check in judgement.checks if check.check == "known_deviation"), None)


@pytest.mark.parametrize("kind", CODES)
def test_whoever_verifies_with_the_list_finds_the_defect(kind: DeviationKind) -> None:
    kept = parse(kept_where_the_list_was(()))
    assert code_of(judge_again(kept, elsewhere(), NOON)) is None
    again = judge_again(kept, elsewhere(), NOON, deviations=named(kind))
    assert code_of(again) == CODES[kind]
    assert again.verdict.decision is not Decision.ACCEPT


@pytest.mark.parametrize("kind", CODES)
@pytest.mark.parametrize("lists", [(), published()], ids=["no list", "a list without this document"])
def test_without_that_list_the_word_of_the_device_stands(
    kind: DeviationKind, lists: tuple[PublishedDeviations, ...]
) -> None:
    kept = parse(kept_where_the_list_was(named(kind)))
    again = judge_again(kept, elsewhere(), NOON, deviations=lists)
    assert code_of(again) == CODES[kind]
    assert again.verdict.decision is not Decision.ACCEPT
    assert "verdict" not in {difference.what for difference in differences(kept.statement, again)}


def test_a_worse_answer_here_is_not_softened_by_what_the_device_knew() -> None:
    kept = parse(kept_where_the_list_was(named(DeviationKind.ACTIVE_AUTHENTICATION_KEY)))
    again = judge_again(kept, elsewhere(), NOON, deviations=named(DeviationKind.CERTIFICATE_OR_KEY))
    assert code_of(again) == CODES[DeviationKind.CERTIFICATE_OR_KEY]
    assert again.verdict.decision is Decision.REJECT


def test_good_news_of_the_device_is_not_repeated() -> None:
    kept = parse(kept_where_the_list_was(published()))
    assert code_of(judge_again(kept, elsewhere(), NOON)) is None


def test_a_code_and_a_sentence_that_nobody_here_knows_are_not_passed_on() -> None:
    opened = open_evidence(kept_where_the_list_was(named(DeviationKind.CERTIFICATE_OR_KEY)))
    statement = decode(opened.parts["statement"])
    for check in statement["checks"]:  # type: ignore[index, union-attr]
        if check[0] == "known_deviation":  # type: ignore[index]
            check[2:] = ["known_deviation.harmless", "All is well."]  # type: ignore[index]
    octets = seal({**opened.parts, "statement": encode(statement)}, OURS)
    again = judge_again(parse(octets), elsewhere(), NOON)
    [check] = [check for check in again.checks if check.check == "known_deviation"]
    assert check.code == "known_deviation.not_transferable"
    assert "well" not in check.detail
    assert again.verdict.decision is not Decision.ACCEPT
