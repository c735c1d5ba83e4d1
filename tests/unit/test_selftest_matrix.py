"""The table of the self-test leaves nothing out: what is not run is there with its reason."""

from __future__ import annotations

import itertools
import json

from reader.selftest.matrix import Combination, Section, combinations
from reader.selftest.runner import CombinationResult
from reader.selftest.table import as_json, as_text

TABLE = list(combinations())
CURVES = [
    "secp192r1",
    "brainpoolP192r1",
    "secp224r1",
    "brainpoolP224r1",
    "secp256r1",
    "brainpoolP256r1",
    "brainpoolP320r1",
    "secp384r1",
    "brainpoolP384r1",
    "brainpoolP512r1",
    "secp521r1",
]
GROUPS = ["modp-1024-160", "modp-2048-224", "modp-2048-256"]


def test_every_way_to_run_pace_is_named_once() -> None:
    """Doc 9303-11 §9.2.1 and table 5, written out here once more."""
    named = [(c.row, c.column, c.password) for c in TABLE if c.section is Section.PACE]
    rows = [f"ECDH {m} {c}" for m in ("GM", "IM", "CAM") for c in CURVES]
    rows += [f"DH {m} {g}" for m in ("GM", "IM", "CAM") for g in GROUPS]
    ciphers, passwords = ("3DES", "AES-128", "AES-192", "AES-256"), ("MRZ", "CAN", "PIN", "PUK")
    assert len(named) == len(set(named))
    assert set(named) == set(itertools.product(rows, ciphers, passwords))


def test_what_is_not_run_says_why_and_is_only_what_no_standard_defines() -> None:
    refused = {(c.row, c.column) for c in TABLE if c.section is Section.PACE and c.unsupported}
    assert refused == {
        *((f"DH CAM {g}", cipher) for g in GROUPS for cipher in ("3DES", "AES-128", "AES-192", "AES-256")),
        *((f"ECDH CAM {c}", "3DES") for c in CURVES),
        *(("ECDH IM secp224r1", cipher) for cipher in ("3DES", "AES-128", "AES-192", "AES-256")),
    }
    assert all(len(c.unsupported) > 20 for c in TABLE if c.unsupported)


def test_every_protocol_has_a_section_with_something_to_run() -> None:
    for section in Section:
        assert any(c.section is section and not c.unsupported for c in TABLE), section


def made(row: str, column: str, password: str, passed: bool | None, milliseconds: float = 0.0) -> CombinationResult:
    reason = "the standard does not define it" if passed is None else ""
    combination = Combination(Section.PACE, row, column, password, unsupported=reason)
    return CombinationResult(combination, passed, milliseconds, "access.wrong_key" if passed is False else "")


RESULTS = [
    made("ECDH GM secp256r1", "3DES", "MRZ", True, 1.25),
    made("ECDH GM secp256r1", "3DES", "CAN", True, 2.75),
    made("ECDH GM secp256r1", "AES-128", "MRZ", False),
    made("DH CAM modp-1024-160", "3DES", "MRZ", None),
]


def test_a_cell_shows_the_slowest_password_a_failure_or_the_note_with_the_reason() -> None:
    text = as_text(RESULTS)
    line = next(line for line in text.splitlines() if "ECDH GM" in line and "FAILED" in line)
    assert "2.8" in line
    assert "1.2" not in line
    assert "[1] not supported: the standard does not define it." in text
    assert "FAILED PACE: ECDH GM secp256r1, AES-128, MRZ: access.wrong_key" in text
    assert text.endswith("2 combinations passed, 1 failed, 1 are not supported for the reasons given.")


def test_the_json_has_a_row_for_each_combination() -> None:
    told = json.loads(as_json(RESULTS))
    assert (told["passed"], told["failed"], told["unsupported"]) == (2, 1, 1)
    assert [row["passed"] for row in told["combinations"]] == [True, True, False, None]
    assert told["combinations"][3]["unsupported"] == "the standard does not define it"
    assert told["combinations"][2]["problem"] == "access.wrong_key"
