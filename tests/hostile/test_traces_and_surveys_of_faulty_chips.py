"""Whatever a chip does wrong, a trace and a field report show nothing of its holder, and end with an error of ours."""

from __future__ import annotations

import datetime as dt
import json
import random
from pathlib import Path

import pytest

import reader
from crypto.errors import ChipIdError
from emulator.adapters.inprocess import EmulatedTransport, provider
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.faults import Fault, FaultKind
from reader.plan import HOSPITAL
from reader.survey.command import as_text
from reader.survey.report import survey
from reader.trace import Payloads, TraceFile, TraceRecorder
from tests.unit.reader_cards import PEOPLE, TRUST

PERSON = PEOPLE["an"]
KEY = reader.CanKey.from_digits(PERSON.can)
NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)


def marks() -> list[str]:
    """What could tell whose card it is, as text and as octets."""
    with provider.open("an") as card:
        document = reader.read(card, KEY, trust=TRUST, now=lambda: NOW).document
    values = [PERSON.number, PERSON.number[3:], PERSON.can, PERSON.full_name, *PERSON.mrz, PERSON.mrz[0][5:14]]
    for value in document.personal.values():
        values += list(value) if isinstance(value, tuple) else [value or ""]
    values = [value for value in values if len(value) >= 6 and value not in ("Việt Nam", "MẪU THỬ")]
    return [value.lower() for value in values] + [value.encode().hex() for value in values]


MARKS = marks()


def assert_clean(text: str) -> None:
    assert not [place for place, mark in enumerate(MARKS) if mark in text.lower()]


@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.label)
def test_no_misbehaviour_makes_a_trace_talk(kind: FaultKind, tmp_path: Path) -> None:
    for at in (4, 20):
        path, code = tmp_path / str(at), None
        try:
            with (
                provider.open("an", faults=[Fault(kind, at=at)]) as card,
                TraceRecorder(TraceFile(path), Payloads.NONE, plan=HOSPITAL, read_at=NOW) as recorder,
            ):
                recorder.begin(card)
                recorder.conclude(reader.read(card, KEY, trust=TRUST, witness=recorder, now=lambda: NOW))
        except ChipIdError as error:
            code = error.code.name
        assert json.loads(path.read_text().splitlines()[-1]).get("code") == code
        assert_clean(path.read_text(encoding="ascii"))


@pytest.mark.slow
@pytest.mark.parametrize("kind", list(FaultKind), ids=lambda kind: kind.label)
def test_no_misbehaviour_makes_a_survey_talk(kind: FaultKind) -> None:
    for at in (1, 30, 60):
        try:
            with provider.open("an", faults=[Fault(kind, at=at)]) as card:
                report = survey(card, KEY)
        except ChipIdError:
            continue
        assert_clean(json.dumps(report, ensure_ascii=False))
        assert_clean(as_text(report))


class Scrambled(EmulatedTransport):
    """Some of a card's answers are rubbish, cut off, changed by a bit, or a wrong Le."""

    def __init__(self, chip: VirtualCard, seed: int) -> None:
        super().__init__(chip)
        self._lots = random.Random(seed)
        self._share = self._lots.choice([0.02, 0.2, 1.0])

    def transmit(self, command: bytes) -> bytes:
        answer = super().transmit(command)
        lots = self._lots
        if lots.random() > self._share:
            return answer
        changed = bytearray(answer)
        changed[lots.randrange(len(changed))] ^= 1 << lots.randrange(8)
        cut = answer[: lots.randrange(len(answer) + 1)]
        return lots.choice([lots.randbytes(lots.randrange(40)), cut, bytes(changed), b"\x6c" + lots.randbytes(1)])


@pytest.mark.parametrize("seed", range(40))
def test_rubbish_in_place_of_answers_ends_in_a_report_or_an_error_of_ours(seed: int) -> None:
    try:
        with Scrambled(VirtualCard(chip_content("an")), seed) as card:
            report = survey(card, KEY)
    except ChipIdError:
        return
    assert_clean(json.dumps(report, ensure_ascii=False))
