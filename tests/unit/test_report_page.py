"""The one-page report: worst first, nothing claimed that was not proven, the same in both languages, always one page."""

from __future__ import annotations

import dataclasses
import re
import shutil
import string
import subprocess

import pytest

import reader
from crypto.pki.findings import FindingCode, Outcome
from crypto.pki.trust_store import TrustStore
from emulator.cards import catalogue, chip_content
from reader.reports import finding_texts, page_texts
from reader.reports import pdf as pdf_module
from reader.reports.finding_texts import finding_text
from reader.reports.page import Circumstances, Mark, Page, TrustSummary, page_of, trust_summary
from reader.reports.page_texts import Language, group_title
from reader.reports.pdf import report_pdf
from reader.reports.qr_code import evidence_name, qr_modules
from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.policy import HOSPITAL, evaluate
from reader.verification.verdict import Decision
from tests.unit.qr_reading import read_alphanumeric
from tests.unit.reader_cards import NOON, TRUST, can_of, read_content

DIGEST = "0123456789abcdef" * 4
BOTH = pytest.mark.parametrize("language", list(Language))


def outcome_of(name: str, trust: TrustStore = TRUST, policy: str = "hospital") -> reader.ReadOutcome:
    return read_content(chip_content(name), can_of(name), trust=trust, policy=policy)


def page_for(outcome: reader.ReadOutcome, language: Language = Language.ENGLISH, **changes: object) -> Page:
    photo = bool(changes.pop("with_photo", False))
    circumstances = Circumstances(
        NOON, "hospital", "chipid-kiosk", trust_summary(outcome, TRUST), "Desk 2", "ab" * 32, DIGEST
    )
    return page_of(outcome, dataclasses.replace(circumstances, **changes), language, with_photo=photo)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def good() -> reader.ReadOutcome:
    return outcome_of("an")


@pytest.mark.wide
@BOTH
@pytest.mark.parametrize("person", catalogue(), ids=lambda person: person.name)
def test_every_card_gives_a_page_that_fits_its_verdict(person: object, language: Language) -> None:
    name = person.name  # type: ignore[attr-defined]
    outcome = outcome_of(name)
    page = page_for(outcome, language)
    assert page.decision is outcome.verdict.decision
    assert page.headline
    assert "{" not in " ".join([page.reason, *(line.sentence for line in (*page.proven, *page.not_proven))])
    marks = [line.mark for line in page.not_proven]
    assert marks == sorted(marks, reverse=True), "worst first"
    assert {line.mark for line in page.proven} <= {Mark.SUCCESSFUL}
    assert (Mark.FAILED in marks) is any(check.status is CheckStatus.FAILED for check in outcome.checks)
    if name in ("long-name", "expired", "copied"):  # one of each verdict is drawn
        assert report_pdf(page).startswith(b"%PDF-")


def test_what_was_proven_stands_in_four_lines(good: reader.ReadOutcome) -> None:
    page = page_for(good)
    assert page.headline == "GENUINE"
    assert [line.sentence.split(" ")[0] for line in page.proven][:4] == ["The", "What", "The", "The"]
    assert "CSCA TEST ONLY, VN" in page.proven[0].sentence
    assert page.not_proven[-1].title == "The holder", "a genuine card is not yet its holder"
    assert ("Place", "Desk 2") in page.circumstances
    assert any(value.startswith("CSCA TEST ONLY, VN, certificate until") for _, value in page.circumstances)


def test_without_a_trusted_issuer_nothing_counts_as_proven() -> None:
    outcome = outcome_of("an", TrustStore())
    page = page_for(outcome, trust=TrustSummary(0))
    assert page.proven == ()
    assert page.reason == "No trusted authority of this issuer is installed."
    assert ("Authority", "no authority is installed") in page.circumstances


def test_a_signature_that_fails_is_not_praised_for_its_signer() -> None:
    outcome = outcome_of("an")
    failed = CheckResult("passive_authentication", CheckStatus.FAILED, "passive_authentication.country_mismatch")
    checks = [failed if check.check == "passive_authentication" else check for check in outcome.checks]
    page = page_for(judged(outcome, checks))
    assert page.reason == "The document names another country than its signer's."
    assert [line.sentence for line in page.proven if "signer" in line.sentence or "signature" in line.sentence] == []


def test_a_changed_group_takes_the_claim_of_integrity_with_it() -> None:
    page = page_for(outcome_of("changed"))
    assert page.reason == "Changed after it was signed: DG13 (personal data)."
    assert not any("unchanged" in line.sentence for line in page.proven)
    assert page.not_proven[0].code == "data_group_hash.mismatch"


def test_a_copied_chip_is_said_to_be_a_copy_once() -> None:
    page = page_for(outcome_of("copied"), Language.VIETNAMESE)
    assert page.headline == "KHÔNG CHẤP NHẬN"
    [line] = [line for line in page.not_proven if line.mark is Mark.FAILED]
    assert "bản sao" in line.sentence
    assert line.code == "chip_authentication.not_genuine, active_authentication.not_genuine"


def test_the_photo_is_there_on_request_only(good: reader.ReadOutcome) -> None:
    assert page_for(good).portrait is None
    assert b"/Subtype /Image" not in report_pdf(page_for(good))
    with_photo = page_for(good, with_photo=True)
    assert with_photo.portrait is not None
    assert b"/Subtype /Image" in report_pdf(with_photo)
    broken = dataclasses.replace(with_photo, portrait=b"\xff\xd8nonsense")
    assert b"/Subtype /Image" not in report_pdf(broken)


def test_a_test_card_says_so_and_a_page_without_evidence_says_that_it_proves_nothing(good: reader.ReadOutcome) -> None:
    assert page_for(good, is_test=True).is_test
    page = page_for(good, evidence_sha256=None, device=None)
    assert page.evidence_sha256 is None
    assert ("Device", "no device key") in page.circumstances
    assert report_pdf(page).count(b"/Type /Page\n") == 1


def test_neither_repr_nor_title_of_the_file_names_the_person(good: reader.ReadOutcome) -> None:
    page = page_for(good)
    assert good.identity is not None
    assert good.identity.full_name not in repr(page)
    title = re.search(rb"/Title \((.*?)\)", report_pdf(page))
    assert title is not None
    assert b"040085000017" not in title[1]


# ------------------------------------------------------------------------------------------ words
@BOTH
@pytest.mark.parametrize("code", [code for code in FindingCode if code.outcome is not Outcome.SUCCESSFUL])
def test_every_finding_about_signatures_has_a_sentence(code: FindingCode, language: Language) -> None:
    if code is not FindingCode.HASH_NOT_READ:  # takes no line
        assert finding_text(code.value, language)


@BOTH
@pytest.mark.parametrize("name", list(CheckName))
def test_every_check_has_a_title(name: CheckName, language: Language) -> None:
    assert group_title(name, language)


def test_both_languages_say_different_words_about_the_same_things() -> None:
    tables = (page_texts._TEXTS, page_texts._TITLES, finding_texts._FINDINGS, finding_texts._CHIP_FINDINGS)
    for key, (vietnamese, english) in [pair for table in tables for pair in table.items()]:
        assert vietnamese.strip(), key
        assert vietnamese != english, key
        assert [*string.Formatter().parse(vietnamese)] != [], key
        names = [
            {field for _, field, _, _ in string.Formatter().parse(each) if field} for each in (vietnamese, english)
        ]
        assert names[0] == names[1], key


def judged(outcome: reader.ReadOutcome, checks: list[CheckResult]) -> reader.ReadOutcome:
    assessment = dataclasses.replace(outcome.assessment, checks=tuple(checks), verdict=evaluate(checks, HOSPITAL))
    return dataclasses.replace(outcome, assessment=assessment)


@BOTH
def test_a_code_of_tomorrow_is_shown_by_its_name(good: reader.ReadOutcome, language: Language) -> None:
    checks = [*good.checks, CheckResult("data_consistency", CheckStatus.FAILED, "data_consistency.of_tomorrow")]
    page = page_for(judged(good, checks), language)
    assert page.decision is Decision.REJECT
    assert page.reason == "data_consistency.of_tomorrow"


# ------------------------------------------------------------------------------------------ paper
@pytest.mark.slow
@BOTH
def test_whatever_the_card_says_it_stays_one_page_of_a4(good: reader.ReadOutcome, language: Language) -> None:
    worst = [
        CheckResult("data_consistency", CheckStatus.FAILED, code)
        for code in finding_texts._FINDINGS
        if not code.startswith("data_group_hash.")
    ]
    assert good.identity is not None
    names = {"vi": ("Nguyễn " * 40, "A"), "en": ("W" * 300, "王小明 \u202e\x07 \U0001f600")}
    for name in names[language]:
        identity = dataclasses.replace(outcome_identity(good), full_name=name, address="Ẳ" * 500, number="9" * 80)
        outcome = judged(good, [*good.checks, *worst])
        outcome = dataclasses.replace(outcome, assessment=dataclasses.replace(outcome.assessment, identity=identity))
        pdf = report_pdf(page_for(outcome, language, place="W" * 400, with_photo=True, is_test=True))
        assert pdf.count(b"/Type /Page\n") == 1
        box = re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
        assert box is not None
        assert (round(float(box[1])), round(float(box[2]))) == (595, 842)
        if shutil.which("pdftotext"):
            assert_nothing_overlaps_the_footer(pdf, language)


def outcome_identity(outcome: reader.ReadOutcome) -> reader.verification.identity.Identity:  # type: ignore[name-defined]
    from reader.verification.identity import Identity

    return Identity(**{field.name: getattr(outcome.identity, field.name) for field in dataclasses.fields(Identity)})


def assert_nothing_overlaps_the_footer(pdf: bytes, language: Language) -> None:
    """Every word lies on the paper, and what stands lowest above the footer's first word stays above it."""
    done = subprocess.run(["pdftotext", "-bbox", "-", "-"], input=pdf, capture_output=True, check=True, timeout=30)
    words = re.findall(
        r'xMin="([\d.-]+)" yMin="([\d.-]+)" xMax="([\d.-]+)" yMax="([\d.-]+)">(.*?)<', done.stdout.decode()
    )
    assert words
    for x_min, y_min, x_max, y_max, word in words:
        assert float(x_min) >= 40, word
        assert float(x_max) <= 556, word
        assert float(y_min) >= 20, word
        assert float(y_max) <= 825, word
    first = page_texts.text("tied", language).split(" ")[0]
    footer_top = min(float(word[1]) for word in words if word[4] == first and float(word[1]) > 700)
    above = [float(word[3]) for word in words if float(word[1]) < footer_top - 1]
    assert max(above) <= footer_top + 2, "the footer is free"


def test_the_same_page_is_the_same_file(good: reader.ReadOutcome) -> None:
    assert report_pdf(page_for(good)) == report_pdf(page_for(good))


def test_the_code_names_the_evidence_file() -> None:
    """Read by a few lines that know nothing of the library that drew it."""
    assert read_alphanumeric(qr_modules(evidence_name(DIGEST))) == f"CHIPID-EVIDENCE:SHA256:{DIGEST.upper()}"


@pytest.mark.parametrize("mark", [mark for mark in Mark if mark is not Mark.NOT_DONE])
def test_white_stands_out_on_every_colour_that_carries_it(mark: Mark) -> None:
    """Contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3)."""

    def luminance(colour: tuple[int, int, int]) -> float:
        linear = [c / 255 / 12.92 if c <= 10 else ((c / 255 + 0.055) / 1.055) ** 2.4 for c in colour]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    assert (1.05 / (luminance(pdf_module._COLOURS[mark]) + 0.05)) >= 5
