"""Each finding has one code and one outcome, and the page that people look codes up in has them all."""

import re
from pathlib import Path

from crypto.pki.findings import Finding, FindingCode, Outcome
from crypto.pki.signed_object import SignedObjectResult

PAGE = Path(__file__).parents[3] / "docs" / "passive-authentication.md"


def test_the_page_names_every_code_with_its_outcome_and_nothing_else() -> None:
    rows = re.findall(r"^\| `([a-z_.]+)` \| (\w+) \| .+\. \|$", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert rows == [(code.value, code.outcome.value) for code in FindingCode]


def test_codes_are_unique_and_stable_in_form() -> None:
    assert len({code.value for code in FindingCode}) == len(FindingCode)
    assert all(re.fullmatch(r"[a-z_]+\.[a-z_]+", code.value) for code in FindingCode)


def test_the_whole_is_never_better_than_its_parts_and_not_to_know_of_a_revocation_changes_nothing() -> None:
    revocations = [code for code in FindingCode if code.value.startswith("signer_revocation.")]
    order = (Outcome.FAILED, Outcome.UNDETERMINED, Outcome.SUCCESSFUL)
    for signature in FindingCode:
        for chain in FindingCode:
            whole = {
                SignedObjectResult(Finding(signature), Finding(chain), revocation=Finding(code)).finding
                for code in revocations
            }
            worst = min((signature.outcome, chain.outcome), key=order.index)
            assert [finding.outcome for finding in whole] == [worst]
