"""The reader opens every emulated document of another state with its machine readable zone and ends as announced."""

from __future__ import annotations

import pytest

import reader
from emulator.cards import CardSpec, catalogue
from emulator.personalise.profile import load_profile

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


@pytest.mark.parametrize("spec", [spec for spec in FOREIGN if load_profile(spec.name).pace], ids=lambda spec: spec.name)
def test_pace_also_takes_the_card_access_number(spec: CardSpec) -> None:
    with reader.open_emulated(spec.name) as link:
        inspected = reader.read(link, reader.CanKey.from_digits(spec.can), trust=TRUST)
    assert inspected.verdict.decision.name == spec.expected
