"""Whole conversations with hostile chips: answers changed at any point, on the link and beneath secure messaging, where the
chip itself would be the liar; and chips whose files are hostile through and through.

Each follows from the run's seed and its number, as far as chance is ours (nonces and ephemeral keys are not). It must end in an
outcome or in an error of ours, within a second of processor time, and never in more trust than the unchanged card deserves.
"""

from __future__ import annotations

import dataclasses
import functools
import random
import time
from typing import Final

import reader
from crypto.errors import ChipIdError
from crypto.pki.passive_authentication import read_security_object
from crypto.pki.security_object import SecurityObject
from crypto.wire.apdu import CommandApdu, ResponseApdu
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card_names, chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from emulator.chip.misbehaviour import Misbehaviour
from reader.lds import files
from reader.plan import DESK, HOSPITAL, LABORATORY, ReadPlan
from reader.reports import result as report
from reader.verification.verdict import Decision
from tests.fuzz.mutation import Grammar, Seed, mutate
from tests.fuzz.running import HangError, alarm_clock, wind_up
from tests.unit.reader_cards import PEOPLE, TRUST, can_of

__all__ = ["ConversationResult", "hold_to_the_truth", "run_conversations"]

MOST_PROCESSOR_S: Final = 1.0
PLANS: Final = (HOSPITAL, DESK, LABORATORY)
_TREE: Final = Grammar(is_tree=True)
_OCTETS: Final = Grammar()
_MOST_COMMANDS: Final = 4000
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


@functools.cache
def _file_as_seed(name: str, identifier: int) -> Seed:
    all_files = (*chip_content(name).application_files, *chip_content(name).master_files)
    octets = next(file.content for file in all_files if file.identifier == identifier)
    return Seed.of(octets, _TREE if len(octets) < 4000 else _OCTETS)


def with_hostile_files(name: str, rng: random.Random) -> ChipContent:
    """The chip of that name, one or two of its files changed as trees: it has keys and protocols, and lies in its files."""
    content = chip_content(name)
    application, master = list(content.application_files), list(content.master_files)
    for _ in range(rng.randrange(1, 3)):
        folder = master if master and rng.random() < 0.2 else application
        index = rng.randrange(len(folder))
        seed = _file_as_seed(name, folder[index].identifier)
        changed_octets = mutate(rng, seed, [seed], _TREE)
        folder[index] = dataclasses.replace(folder[index], content=changed_octets[:60_000])
    return dataclasses.replace(content, application_files=tuple(application), master_files=tuple(master))


def converse(name: str, by_mrz: bool, plan: ReadPlan, rng: random.Random | None) -> reader.ReadOutcome | None:
    """A reading, or ``None`` if it ended with an error of ours. Anything else is raised."""
    content, misbehaviour, kind = chip_content(name), None, 0.0 if rng is None else rng.random()
    if rng is not None:
        content = with_hostile_files(name, rng) if kind < 0.35 else content
        misbehaviour = LyingChip(rng) if kind > 0.3 else None
    try:
        key = reader.MrzKey.from_lines(PEOPLE[name].mrz) if by_mrz else can_of(name)
        with EmulatedTransport(VirtualCard(content, misbehaviour=misbehaviour)) as card:
            outcome = reader.read(card, key, trust=TRUST, plan=plan)
    except ChipIdError:
        return None
    report.as_json(outcome)
    report.as_text(outcome)
    return outcome


@functools.cache
def honest(name: str, by_mrz: bool, plan: ReadPlan) -> reader.ReadOutcome:
    """The same card without lies."""
    outcome = converse(name, by_mrz, plan, None)
    assert outcome is not None
    return outcome


@dataclasses.dataclass(frozen=True, slots=True)
class _Setting:
    """Which card is read how; what the chip does follows from ``rng``."""

    name: str
    by_mrz: bool
    plan: ReadPlan
    rng: random.Random

    @classmethod
    def of(cls, seed: int | str) -> _Setting:
        rng = random.Random(seed)
        name, plan = rng.choice(card_names()), rng.choice(PLANS)
        return cls(name, name == "bac-only" or rng.random() < 0.3, plan, rng)

    def converse(self) -> reader.ReadOutcome | None:
        return converse(self.name, self.by_mrz, self.plan, self.rng)

    def compare(self, outcome: reader.ReadOutcome | None) -> None:
        """Raises ``AssertionError`` if a lie was accepted."""
        if outcome is None or outcome.verdict.decision is not Decision.ACCEPT:
            return
        truth = honest(self.name, self.by_mrz, self.plan)
        assert truth.verdict.decision is Decision.ACCEPT, self
        for file in truth.reading.document:
            if file.number is not None:
                assert outcome.reading.document.get(file) == truth.reading.document.get(file), (self, file.name)
        # Neither EF.COM nor EF.CardAccess is signed, and of EF.SOD not its list of digest algorithms (RFC 5652 §5.1, §5.4)
        assert _signed_by(outcome) == _signed_by(truth), self


def _signed_by(outcome: reader.ReadOutcome) -> SecurityObject:
    return read_security_object(outcome.reading.document.require(files.SOD))


def hold_to_the_truth(seed: int | str) -> None:
    """One conversation. Raises ``AssertionError`` if a lie was accepted, and whatever the reader should not raise."""
    setting = _Setting.of(seed)
    setting.compare(setting.converse())


@dataclasses.dataclass(slots=True)
class ConversationResult:
    """What came of some conversations.

    Attributes:
        conversations: how many.
        refused: how many ended in an error of ours.
        slowest_s: processor seconds of the slowest.
        failures: seed of the conversation and what it did, for each that broke a promise.
    """

    conversations: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    failures: list[tuple[str, str]] = dataclasses.field(default_factory=list)

    def add(self, other: ConversationResult) -> None:
        """Count another's conversations in."""
        self.conversations += other.conversations
        self.refused += other.refused
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.failures += other.failures


def run_conversations(first: int, count: int, seed: str) -> ConversationResult:
    """The conversations of these numbers."""
    result = ConversationResult()
    for name in card_names():  # what is made once per process is not the reader's time
        chip_content(name)
    with alarm_clock():
        for number in range(first, first + count):
            _guarded(f"{seed} conversation {number}", result)
    return result


def _guarded(seed: str, result: ConversationResult) -> None:
    setting, what, took = _Setting.of(seed), "", 0.0
    wind_up()
    try:
        begun = time.process_time()
        outcome = setting.converse()
        took = time.process_time() - begun
        result.refused += outcome is None
        setting.compare(outcome)
    except (Exception, HangError) as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        what = type(error).__name__
    if took > MOST_PROCESSOR_S and not what:  # the first of its kind fills caches; what hangs does so again
        took = _processor_time_again(seed)
        what = f"{took:.1f} s" if took > MOST_PROCESSOR_S else ""
    result.conversations += 1
    result.slowest_s = max(result.slowest_s, took)
    if what:
        result.failures.append((seed, what))


def _processor_time_again(seed: str) -> float:
    setting = _Setting.of(seed)
    begun = time.process_time()
    setting.converse()
    return time.process_time() - begun
