"""The text report says in words what kept a card from being accepted, and names the code beside them."""

from __future__ import annotations

import pytest

import reader  # noqa: F401 - the rooms whose codes are explained
from crypto.pki.findings import FindingCode, Outcome
from crypto.pki.trust_store import TrustStore
from emulator.cards import chip_content
from reader import errors
from reader.reports import result as report
from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.wording import further_reasons, remark_of
from tests.unit.reader_cards import can_of, read_content


def lines_about(text: str, check: str) -> list[str]:
    return [line for line in text.splitlines() if f" {check} " in line]


def test_an_unknown_issuer_is_explained() -> None:
    text = report.as_text(read_content(chip_content("an"), can_of("an"), trust=TrustStore()))
    (line,) = lines_about(text, "passive_authentication")
    assert line.endswith("No trusted authority of this issuer is installed. [passive_authentication.issuer_unknown]")


@pytest.mark.parametrize("code", [code for code in FindingCode if code.outcome is not Outcome.SUCCESSFUL])
def test_every_finding_but_an_unasked_group_has_a_sentence(code: FindingCode) -> None:
    remark = remark_of(CheckResult("passive_authentication", CheckStatus.UNDETERMINED, code.value))
    if code is not FindingCode.HASH_NOT_READ:  # the report prints that as "not read"
        assert remark.endswith(f". [{code.value}]")
        assert remark[0].isupper()


def test_the_cause_behind_a_finding_is_explained_too() -> None:
    check = CheckResult(
        "data_group_hash.DG3", CheckStatus.ABORTED, "data_group_hash.unreadable", errors.FILE_ACCESS_DENIED.name
    )
    assert remark_of(check) == (
        "The chip did not give this data group. The chip does not let this terminal read a file. "
        "[data_group_hash.unreadable]"
    )


def test_a_verdicts_reason_that_is_no_check_is_a_line_of_its_own() -> None:
    checks = [CheckResult(CheckName.CHIP_AUTHENTICATION, CheckStatus.NOT_SUPPORTED, "chip_authentication.not_offered")]
    assert further_reasons(["chip_genuine.not_proven", "chip_authentication.not_offered"], checks) == [
        "Nothing has proven that this chip is the one that was issued. [chip_genuine.not_proven]"
    ]
    assert further_reasons(["something.new"], []) == ["[something.new]"]


def test_what_is_simply_successful_needs_no_words() -> None:
    assert remark_of(CheckResult("data_consistency", CheckStatus.SUCCESSFUL, "data_consistency.agrees", "…")) == ""
    shown = CheckResult(CheckName.ACCESS_CONTROL, CheckStatus.SUCCESSFUL, "access_control.opened", "One is malformed.")
    assert remark_of(shown) == "One is malformed."
