"""``chipid selftest`` as users run it: every supported combination, on chips made to order, through real commands.

Chip and terminal share no protocol code, so that a passed combination says something about both.
"""

from __future__ import annotations

import dataclasses
import itertools
import json
import threading

import pytest

from emulator.adapters.inprocess import provider
from reader.inspection import local_now
from reader.selftest import command
from reader.selftest.matrix import Combination, Section, combinations
from reader.selftest.runner import run_all, run_combination
from reader.transport.laboratory import ChipOrder, Laboratory, OrderedChip
from tests.soak import soak_share

RUNNABLE = [combination for combination in combinations() if not combination.unsupported]


def cell(combination: Combination) -> tuple[Section, str, str]:
    """A row and a column of one table. Each is run with every password that it knows."""
    return combination.section, combination.row, combination.column


def family(combination: Combination) -> str:
    """PACE is so many that it is tested in pieces: by kind of group and mapping."""
    if combination.section is not Section.PACE:
        return combination.section.value
    return f"PACE {' '.join(combination.row.split()[:2])}"


def with_one_password_each() -> list[Combination]:
    """Every cell once; the passwords take turns, so that each meets every mapping and, over the rows, every cipher."""
    cells = [list(group) for _, group in itertools.groupby(RUNNABLE, key=cell)]
    rows = {row: number for number, row in enumerate(dict.fromkeys((c.section, c.row) for c in RUNNABLE))}
    return [
        group[(rows[group[0].section, group[0].row] + column) % len(group)]
        for _, row in itertools.groupby(cells, key=lambda group: (group[0].section, group[0].row))
        for column, group in enumerate(row)
    ]


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted({family(combination) for combination in RUNNABLE}))
def test_every_supported_combination_passes_with_one_of_its_passwords(name: str) -> None:
    wanted = [combination for combination in with_one_password_each() if family(combination) == name]
    results = list(run_all(provider, iter(wanted), threading.Event()))
    assert len(results) == len(wanted)
    assert [f"{result.combination.name}: {result.problem}" for result in results if not result.passed] == []
    assert all(result.milliseconds > 0 for result in results)


def test_no_row_no_column_and_no_password_is_left_out_of_that() -> None:
    chosen = with_one_password_each()
    assert {cell(combination) for combination in chosen} == {cell(combination) for combination in RUNNABLE}
    for axis in ("row", "column"):
        met = {(c.section, getattr(c, axis), c.password) for c in chosen if c.section is Section.PACE}
        # the mapping from a chip's own key has three ciphers, so a row of it meets three passwords of the four
        least = {(c.section, getattr(c, axis), c.password) for c in RUNNABLE if c.section is Section.PACE}
        assert {entry for entry in least - met if " CAM " not in entry[1]} == set()


@pytest.mark.soak
@pytest.mark.parametrize("combination", soak_share("selftest", RUNNABLE), ids=lambda combination: combination.name)
def test_every_supported_combination_passes_with_every_password(combination: Combination) -> None:
    result = run_combination(provider, combination, local_now())
    assert (result.passed, result.problem) == (True, "")


class WrongChip:
    """A laboratory that delivers another chip than was ordered."""

    def __init__(self, **instead: object) -> None:
        self._instead = instead

    def make(self, order: ChipOrder) -> OrderedChip:
        """The ordered chip, but for what is different."""
        chip = provider.make(dataclasses.replace(order, **{k: v for k, v in self._instead.items() if k != "chip"}))
        return dataclasses.replace(chip, **self._instead.get("chip", {}))  # type: ignore[arg-type]


def one(section: Section, *words: str) -> Combination:
    return next(c for c in RUNNABLE if c.section is section and all(word in c.name for word in words))


@pytest.mark.parametrize(
    ("combination", "laboratory", "problem"),
    [
        (one(Section.PACE, "secp256r1", "CAN"), WrongChip(chip={"can": "999999"}), "access.wrong_key"),
        (one(Section.PACE, "secp256r1", "PIN"), WrongChip(chip={"pin": "999999"}), "access.wrong_key.pin"),
        (one(Section.PACE, "secp256r1", "MRZ"), WrongChip(pace_oid=""), "selftest.other_protocol"),
        (one(Section.BAC), WrongChip(pace_oid="0.4.0.127.0.7.2.2.4.2.2", parameter_id=13), "selftest.other_protocol"),
        (one(Section.CHIP_AUTHENTICATION, "secp256r1"), WrongChip(chip={"trust_anchors": ()}), "issuer_unknown"),
    ],
    ids=["can", "pin", "no-pace", "no-bac", "nobody-to-trust"],
)
def test_a_chip_that_is_not_as_ordered_does_not_pass(
    combination: Combination, laboratory: Laboratory, problem: str
) -> None:
    result = run_combination(laboratory, combination, local_now())
    assert result.passed is False
    assert problem in result.problem


def test_what_is_not_supported_is_not_run() -> None:
    refused = next(combination for combination in combinations() if combination.unsupported)
    assert run_combination(WrongChip(), refused, local_now()).passed is None


def test_a_stopped_run_ends_before_the_next_combination() -> None:
    stop = threading.Event()
    results = []
    for result in run_all(provider, iter(RUNNABLE[:5]), stop):
        results.append(result)
        stop.set()
    assert len(results) == 1


def test_the_command_prints_what_was_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.selftest_command(["--only", "gm secp256r1 can", "--json"]) == 0
    output = capsys.readouterr()
    told = json.loads(output.out)
    assert (told["passed"], told["failed"], told["unsupported"]) == (5, 0, 0)  # four ciphers, and spelt out
    assert "5 of 5 combinations" in output.err
    assert command.selftest_command(["--only", "cam dh modp-1024 can"]) == 0
    assert "not supported: chip-authentication mapping is defined over elliptic curves only" in capsys.readouterr().out


def test_words_that_fit_nothing_are_said_to_fit_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.selftest_command(["--only", "rot13"]) == 2
    assert "no combination" in capsys.readouterr().err


def test_without_an_emulator_it_says_what_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("reader.transport.providers", list)
    assert command.selftest_command(["--only", "bac"]) == 2
    assert "emulated.no_laboratory" in capsys.readouterr().err


def test_a_failed_combination_ends_with_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("reader.transport.providers", lambda: [WrongChip(chip={"can": "999999"})])
    assert command.selftest_command(["--only", "3des gm secp256r1 can"]) == 1
    assert "FAILED" in capsys.readouterr().out
