"""The bench compares a run of PACE with the library calls in it: these are counted here, without a clock."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.pace_suites import MOST_OWN_MS, MOST_RATIO, ROUNDS, SUITES, Conversation, Times, verdict
from crypto.pace.parameters import pace_protocols

PROTOCOLS = {protocol.name: protocol for protocol in pace_protocols()}


@pytest.mark.parametrize(
    ("name", "parameter_id", "keys", "agreements"),
    [
        # mapping key, s·G and session key; H and the own public key take two agreements each, the secret one
        ("PACE-ECDH-GM-AES-CBC-CMAC-128", 12, 3, 5),
        ("PACE-ECDH-GM-3DES-CBC-CBC", 13, 3, 5),
        ("PACE-ECDH-CAM-AES-CBC-CMAC-128", 13, 3, 5),
        # the session key; the own public key takes two agreements, the secret one
        ("PACE-ECDH-IM-AES-CBC-CMAC-128", 13, 1, 3),
    ],
)
def test_each_half_makes_the_calls_that_the_caption_says(
    name: str, parameter_id: int, keys: int, agreements: int
) -> None:
    for half in Conversation(PROTOCOLS[name], parameter_id).halves():
        assert (half.bare.counts["keys"], half.bare.counts["agreements"]) == (keys, agreements)
        assert half.bare.counts["ciphers"] >= 1
        assert half.bare.counts["hashes"] >= 3
        assert not half.bare.in_python
        half.bare()
        half.prepare()
        half.work()


def test_in_a_finite_field_the_powers_are_counted() -> None:
    """Two key pairs, g^s, H, the own value, the secret, and two checks that a value lies in the subgroup."""
    for half in Conversation(PROTOCOLS["PACE-DH-GM-AES-CBC-CMAC-128"], 0).halves():
        assert half.bare.counts["powers"] == 8
        half.bare()


def test_a_curve_that_python_computes_on_has_no_ratio() -> None:
    terminal, _ = Conversation(PROTOCOLS["PACE-ECDH-GM-AES-CBC-CMAC-128"], 9).halves()
    assert terminal.bare.in_python


def test_the_verdict_says_kept_or_missed_for_both_targets() -> None:
    conversations = [Conversation(PROTOCOLS[name], number) for name, number in SUITES]
    good = [Times.of([(1.4, 1.0)])] * (2 * len(conversations))
    assert [line.rpartition(": ")[2] for line in verdict(conversations, good)] == ["kept", "kept"]
    slow = [Times.of([(2.6, 1.0)])] * (2 * len(conversations))
    assert [line.rpartition(": ")[2] for line in verdict(conversations, slow)] == ["MISSED", "MISSED"]


def test_the_rows_of_the_readme_are_rows_of_the_bench() -> None:
    """Milliseconds are the machine's; suites and counted calls are not. And what the README shows keeps the targets."""
    readme = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")
    table = readme.partition("<!-- bench:pace_suites -->")[2].split("\n\n")[1].splitlines()[2:]
    assert len(table) >= 8
    known = {conversation.name: conversation for conversation in (Conversation(PROTOCOLS[n], p) for n, p in SUITES)}
    for row in table:
        name, _, _, own, ratio, _, _, chips_own, chips_ratio, calls = (
            cell.strip() for cell in row.strip("|").split("|")
        )
        counts = known[name].halves()[0].bare.counts
        assert calls == (f"{counts['keys']} + {counts['agreements']}" if counts["keys"] else "–")
        if "secp256r1" in name:
            assert max(float(own), float(chips_own)) <= MOST_OWN_MS
        elif ratio != "–":
            assert max(float(ratio), float(chips_ratio)) <= MOST_RATIO
    assert f"main rows of {len(SUITES)}" in readme
    assert f"medians of {ROUNDS}" in readme


def test_own_time_and_ratio_are_medians_over_pairs() -> None:
    """A slow moment that meets both sides of a pair must not look like time of ours."""
    times = Times.of([(1.5, 1.0), (15.0, 10.0), (3.0, 2.5)])
    assert (times.host, times.bare, times.own, times.ratio) == (3.0, 2.5, 0.5, 1.5)
