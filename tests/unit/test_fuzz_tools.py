"""The fuzzer itself: its inputs follow from a seed, its seeds are valid, and it finds what it looks for."""

from __future__ import annotations

import random
import time

import pytest

from crypto.errors import WireError
from crypto.wire.tlv import TLV_MALFORMED, encode_tlv, parse_tlv
from tests.fuzz import running
from tests.fuzz.corpus_files import CORPUS, seeds_of
from tests.fuzz.lines import LineTracer, coverage_table
from tests.fuzz.mutation import LONGEST_INPUT, Grammar, Seed, mutate
from tests.fuzz.parsers import PARSERS, Parser

TREE = Grammar(is_tree=True)
NESTED = encode_tlv(0x30, [encode_tlv(0x04, encode_tlv(0x30, b"\x02\x01\x05")), encode_tlv(0x13, b"An")])


def inputs(number: int, seed: str = "0") -> list[bytes]:
    rng = random.Random(seed)
    seeds = [Seed.of(NESTED, TREE)]
    return [mutate(rng, seeds[0], seeds, TREE) for _ in range(number)]


def test_the_same_seed_makes_the_same_inputs_and_another_makes_others() -> None:
    assert inputs(50) == inputs(50)
    assert inputs(50) != inputs(50, "1")
    assert all(len(octets) <= LONGEST_INPUT for octets in inputs(2000))


def test_changes_are_made_deep_inside_with_the_lengths_around_them_right() -> None:
    well_formed = [octets for octets in inputs(2000) if octets != NESTED and is_one_object(octets)]
    assert len(well_formed) > 600  # every other one would be refused at its first octet
    inner = [parse_tlv(octets).children() for octets in well_formed if is_sequence(octets)]
    assert len({children[0].encoded for children in inner if children}) > 50


def is_one_object(octets: bytes) -> bool:
    try:
        parse_tlv(octets)
    except WireError:
        return False
    return True


def is_sequence(octets: bytes) -> bool:
    try:
        parse_tlv(octets, 0x30).children()
    except WireError:
        return False
    return True


@pytest.mark.parametrize("name", PARSERS)
def test_each_parser_has_seeds_and_answers_most_of_them(name: str) -> None:
    seeds = seeds_of(PARSERS[name])
    answered = [running.run_one(PARSERS[name], seed.octets) == () for seed in seeds]
    assert sum(answered) * 4 >= len(seeds) * 3 or sum(answered) >= 4


def test_the_corpus_is_small_and_belongs_to_the_parsers() -> None:
    files = sorted(CORPUS.glob("*.hex"))
    assert {file.stem for file in files} == set(PARSERS)
    assert sum(file.stat().st_size for file in files) < 300_000


def broken(octets: bytes) -> None:
    if octets[:1] == b"\x31":
        raise KeyError(octets)
    if octets[:1] == b"\x00":
        raise WireError(TLV_MALFORMED)


def test_an_exception_that_is_not_ours_is_found_with_its_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(running.PARSERS, "com", Parser("com", broken, TREE, ()))
    result = running.run_batch("com", 0, "0")
    assert result.inputs == running.BATCH_INPUTS
    assert result.refused > 0
    assert result.failures
    for failure in result.failures:
        assert (failure.parser, failure.batch, failure.what, failure.octets[:1]) == ("com", 0, "KeyError", b"\x31")


@pytest.mark.skipif(not hasattr(running.signal, "setitimer"), reason="this system cannot interrupt by processor time")
def test_a_parser_that_does_not_come_to_an_end_is_stopped_and_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def endless(octets: bytes) -> None:
        while octets:
            time.process_time()

    monkeypatch.setattr(running, "_HANG_AFTER_S", 0.05)
    monkeypatch.setitem(running.PARSERS, "com", Parser("com", endless, TREE, ()))
    result = running.run_batch("com", 0, "0", 3)
    assert {failure.what for failure in result.failures} == {"HangError"}


def test_lines_are_counted_in_functions_of_our_rooms_only() -> None:
    with LineTracer() as tracer:
        parse_tlv(NESTED)
    rows = coverage_table(tracer.lines, ["crypto.wire.tlv", "crypto.wire.oid"])
    (name, hit, lines), (_, none, others) = rows
    assert (name, none) == ("crypto.wire.tlv", 0)
    assert 3 < hit < lines
    assert others > 10
    assert all("/crypto/" in file or "/reader/" in file for file, _ in tracer.lines)
