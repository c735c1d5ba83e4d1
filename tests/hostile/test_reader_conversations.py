"""Whole conversations with chips whose answers are changed at random: an outcome or an error of ours, never more trust.

Answers are changed on the link, and beneath secure messaging, where the chip itself would be the liar. Every
conversation follows from its number, so that a failure can be repeated.
"""

from __future__ import annotations

import functools
import random

import pytest

import reader
from crypto.errors import ChipIdError
from crypto.wire.apdu import CommandApdu, ResponseApdu
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card_names, chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.misbehaviour import Misbehaviour
from reader.reports import result as report
from reader.verification.verdict import Decision
from tests.soak import soak_share
from tests.unit.reader_cards import PEOPLE, TRUST, can_of

_MOST_COMMANDS = 4000
_STATUS_WORDS = bytes.fromhex(
    "9000 6282 6283 6300 63C0 63C3 6700 6982 6983 6985 6987 6988 6A80 6A82 6A86 6A88 6B00 6D00 6E00 6F00 6110 6C10 6281"
)


def changed(rng: random.Random, octets: bytes) -> bytes:
    """Bits flipped, cut, lengthened, replaced."""
    copy = bytearray(octets)
    kind = rng.randrange(6)
    place = rng.randrange(len(copy)) if copy else 0
    if kind == 0 and copy:
        copy[place] ^= 1 << rng.randrange(8)
    elif kind == 1:
        del copy[place:]
    elif kind == 2:
        copy[place:place] = rng.randbytes(rng.randrange(1, 6))
    elif kind == 3 and copy:
        copy[min(place, rng.randrange(6))] = rng.choice((0x00, 0x30, 0x7F, 0x80, 0x81, 0x83, 0x84, 0xFF))
    elif kind == 4:
        del copy[place : place + rng.randrange(1, 4)]
    else:
        copy[:] = rng.randbytes(rng.randrange(220))
    return bytes(copy)


def any_status(rng: random.Random) -> int:
    position = 2 * rng.randrange(len(_STATUS_WORDS) // 2)
    return int.from_bytes(_STATUS_WORDS[position : position + 2], "big")


class LyingChip(Misbehaviour):
    """Changes answers, before or after protection."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._beneath = rng.random() < 0.6
        self._at, self._rate = (rng.randrange(1, 100), 0.0) if rng.random() < 0.7 else (0, rng.choice((0.01, 0.05)))
        self._commands = 0

    def before(self, command: bytes) -> None:
        self._commands += 1
        if self._commands > _MOST_COMMANDS:
            raise AssertionError("the reader does not come to an end")

    def _lies(self) -> bool:
        return self._commands == self._at or self._rng.random() < self._rate

    def plain_answer(self, command: CommandApdu, answer: ResponseApdu) -> ResponseApdu:
        if not self._beneath or not self._lies():
            return answer
        status = any_status(self._rng) if self._rng.random() < 0.4 else int(answer.sw)
        return ResponseApdu(changed(self._rng, answer.data)[:220] if self._rng.random() < 0.7 else answer.data, status)

    def sent_answer(self, command: bytes, answer: bytes) -> bytes:
        if self._beneath or not self._lies():
            return answer
        if self._rng.random() < 0.3:
            return answer[:-2] + any_status(self._rng).to_bytes(2, "big")
        return changed(self._rng, answer)


def converse(name: str, rng: random.Random | None) -> reader.ReadOutcome | None:
    """A reading, or ``None`` if it ended with an error of ours. Anything else fails the test."""
    key = reader.MrzKey.from_lines(PEOPLE[name].mrz) if name == "bac-only" else can_of(name)
    chip = VirtualCard(chip_content(name), misbehaviour=None if rng is None else LyingChip(rng))
    try:
        with EmulatedTransport(chip) as card:
            outcome = reader.read(card, key, trust=TRUST)
    except ChipIdError:
        return None
    report.as_json(outcome)
    report.as_text(outcome)
    return outcome


@functools.cache
def honest(name: str) -> reader.ReadOutcome:
    outcome = converse(name, None)
    assert outcome is not None
    return outcome


def hold_to_the_truth(number: int) -> None:
    rng = random.Random(number)
    name = rng.choice(card_names())
    outcome = converse(name, rng)
    if outcome is None or outcome.verdict.decision is not Decision.ACCEPT:
        return
    truth = honest(name)
    assert truth.verdict.decision is Decision.ACCEPT, (number, name)
    for file in truth.reading.document:
        if file.number is not None or file.name == "SOD":  # neither EF.COM nor EF.CardAccess is signed
            assert outcome.reading.document.get(file) == truth.reading.document.get(file), (number, name, file.name)


@pytest.mark.parametrize("block", range(6))
def test_no_lie_buys_trust(block: int) -> None:
    for number in range(block * 25, (block + 1) * 25):
        hold_to_the_truth(number)


@pytest.mark.soak
@pytest.mark.parametrize("number", soak_share("conversations", range(1000, 1800)))
def test_no_lie_buys_trust_in_a_longer_run(number: int) -> None:
    hold_to_the_truth(number)
