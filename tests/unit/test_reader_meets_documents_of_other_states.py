"""The reader opens every emulated document of another state with its machine readable zone and ends as announced."""

from __future__ import annotations

from pathlib import Path

import pytest

import reader
from emulator.cards import CardSpec, catalogue
from emulator.cli import main as chipid
from emulator.personalise.profile import load_profile
from reader import plan
from reader.terminal_credentials import load_credentials

FOREIGN = [spec for spec in catalogue(laboratory=True) if load_profile(spec.name).travel_document is not None]
TRUST = reader.trust_for(None, test_mode=True)


@pytest.mark.parametrize("spec", FOREIGN, ids=lambda spec: spec.name)
def test_the_verdict_is_the_announced_one(spec: CardSpec) -> None:
    with reader.open_emulated(spec.name) as link:
        inspected = reader.read(link, reader.MrzKey.from_lines(spec.mrz), trust=TRUST)
    assert inspected.verdict.decision.name == spec.expected
    zone = inspected.document.mrz
    assert zone.document_number == spec.number
    assert zone.issuing_state == "UTO"
    assert not zone.wrong_check_digits


OTHER_SUITES = {
    "ca-3des-unannounced",
    "p384-short",
    "pace-bp320",
    "pace-gm-cam",
    "pace-gm-im",
    "pace-only",
    "select-mf-6982",
}


@pytest.mark.parametrize("spec", [spec for spec in FOREIGN if spec.name in OTHER_SUITES], ids=lambda spec: spec.name)
def test_pace_also_takes_the_card_access_number(spec: CardSpec) -> None:
    with reader.open_emulated(spec.name) as link:
        inspected = reader.read(link, reader.CanKey.from_digits(spec.can), trust=TRUST)
    assert inspected.verdict.decision.name == spec.expected


@pytest.mark.parametrize(
    ("name", "closed"), [("passport-td3", {"DG3"}), ("id-td2", {"DG3", "DG4"}), ("face-39794", {"DG3"})]
)
def test_a_terminal_with_certificates_reads_what_is_closed_to_others(
    name: str, closed: set[str], tmp_path: Path
) -> None:
    """Without certificates these groups cannot be read; with them their hashes are those in EF.SOD."""
    assert chipid(["terminal-certificates", "--out", str(tmp_path / "terminal")]) == 0
    credentials = load_credentials(tmp_path / "terminal")
    spec = next(spec for spec in FOREIGN if spec.name == name)
    found = {}
    for terminal in (None, credentials):
        with reader.open_emulated(name) as link:
            key = reader.CanKey.from_digits(spec.can)
            inspected = reader.read(link, key, trust=TRUST, plan=plan.LABORATORY, terminal=terminal)
        assert inspected.verdict.decision.name == "ACCEPT"
        found[terminal is not None] = {file.name for file in inspected.document.raw}
    assert found[True] - found[False] == closed
