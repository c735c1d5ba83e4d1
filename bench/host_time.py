"""The host's own work in one full read and verification, phase by phase, beside the bare library calls in it.

The card is an ordinary CCCD with a photo of 15 kB: EF.SOD, DG1, DG2, DG13, DG14 and DG15, PACE, chip authentication and
active authentication, once in short blocks and once in long ones. It answers in this process; what passes inside
``transmit`` is the chip's computing and is taken out. Everything is processor time, so that it is the time of one core
however many there are, and what other programs do meanwhile is not counted. The signer of the document is new to the host.

"Bare" replays what the phase asked of the crypto library (:mod:`bench.openssl_calls`): no reader can be faster.
Decoding the photo is no part of reading and stands in a line of its own.
"""

from __future__ import annotations

import dataclasses
import statistics
import time
from collections.abc import Callable

import reader
from bench.openssl_calls import BareCalls, caught, not_caught
from crypto.pki import signed_object
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from reader.lds.face_image import decode_image

__all__ = ["TARGET_MS", "HostTime", "measure", "run"]

SHORT_BLOCKS, LONG_BLOCKS = "quy", "blocks-2048"
"""Two cards with a photo of 15 kB: one says nothing of long blocks, one gives 2 kB at a time."""
ROUNDS = 31
TARGET_MS = 25.0
"""For everything together, on one core."""


@dataclasses.dataclass(frozen=True, slots=True)
class HostTime:
    """Medians in milliseconds of processor time.

    Attributes:
        host: by phase.
        bare: the library calls of the same phase.
        total, total_bare: of whole readings; no sums of medians.
        decoding: of the photo to pixels, by the clock.
        commands: of one reading.
        photo_bytes: size of DG2.
    """

    host: dict[str, float]
    bare: dict[str, float]
    total: float
    total_bare: float
    decoding: float
    commands: int
    photo_bytes: int


class _Chip(EmulatedTransport):
    """Adds up the processor time that the chip takes in the reading's thread."""

    seconds = 0.0

    def transmit(self, command: bytes) -> bytes:
        start = time.thread_time()
        try:
            return not_caught(lambda: super(_Chip, self).transmit(command))
        finally:
            self.seconds += time.thread_time() - start


class _Phases:
    """Books processor time on the phase that the progress names, and where its library calls begin."""

    def __init__(self, chip: _Chip, bare: BareCalls) -> None:
        self._chip, self._bare = chip, bare
        self.seconds: dict[str, float] = {}
        self.calls: list[tuple[str, int]] = []
        self._phase: reader.ReadingPhase | None = None
        self._name = ""
        self._since = 0.0

    def __call__(self, event: reader.ProgressEvent) -> None:
        if event.phase is self._phase:
            return
        self._phase = event.phase
        now = time.process_time() - self._chip.seconds
        if self._name:
            self.seconds[self._name] = self.seconds.get(self._name, 0.0) + now - self._since
        self.calls.append((event.phase.label, len(self._bare)))
        self._name, self._since = event.phase.label, now


class _Case:
    """One card and what was measured of it so far."""

    def __init__(self, name: str) -> None:
        self._content = chip_content(name)
        self._trust = reader.trust_for(None, test_mode=True)
        if self._content.can is None:
            raise SystemExit("The card has no access number; there is nothing to measure.")
        self._key = reader.CanKey(self._content.can)
        bare = BareCalls()
        seen: list[tuple[reader.ReadOutcome, _Phases]] = []
        caught(lambda: seen.append(self._read(bare)), bare)
        self.outcome, phases = seen[0]
        self._replays = _by_phase(bare, phases.calls)
        self._hosts: list[dict[str, float]] = []
        self._bares: list[dict[str, float]] = []

    def _read(self, bare: BareCalls) -> tuple[reader.ReadOutcome, _Phases]:
        signed_object.forget_signers()  # the document's signer is one that this host has never seen
        with _Chip(VirtualCard(self._content)) as chip:
            phases = _Phases(chip, bare)
            outcome = reader.read(chip, self._key, trust=self._trust, on_progress=phases)
        if outcome.verdict.decision.value != "ACCEPT":
            raise SystemExit("The card was not accepted; there is nothing to measure.")
        return outcome, phases

    def take(self) -> None:
        """One reading, then the bare calls in it, so that a slow moment of the machine meets both."""
        _, phases = self._read(BareCalls())
        self._hosts.append({name: 1000 * seconds for name, seconds in phases.seconds.items()})
        self._bares.append({name: _milliseconds(replay, time.process_time) for name, replay in self._replays.items()})

    def result(self) -> HostTime:
        photo = self.outcome.document.portrait or b""
        return HostTime(
            _medians(self._hosts),
            _medians(self._bares),
            statistics.median(sum(row.values()) for row in self._hosts),
            statistics.median(sum(row.values()) for row in self._bares),
            statistics.median(_milliseconds(lambda: decode_image(photo), time.perf_counter) for _ in range(5)),
            self.outcome.link.commands,
            len(photo),
        )


def measure(rounds: int = ROUNDS) -> tuple[HostTime, HostTime]:
    """The card with short blocks and that with long ones, read in turns."""
    cases = _Case(SHORT_BLOCKS), _Case(LONG_BLOCKS)
    for _ in range(rounds):
        for case in cases:
            case.take()
    short, extended = (case.result() for case in cases)
    return short, extended


def _by_phase(bare: BareCalls, begins: list[tuple[str, int]]) -> dict[str, Callable[[], None]]:
    """The calls of each phase; one that was entered several times has several stretches."""
    ends = [*(first for _, first in begins[1:]), len(bare)]
    stretches: dict[str, list[Callable[[], object]]] = {}
    for (name, first), end in zip(begins, ends, strict=True):
        stretches.setdefault(name, []).append(bare.part(first, end))

    def all_of(parts: list[Callable[[], object]]) -> Callable[[], None]:
        def replay() -> None:
            for part in parts:
                part()

        return replay

    return {name: all_of(parts) for name, parts in stretches.items()}


def _milliseconds(work: Callable[[], object], clock: Callable[[], float]) -> float:
    start = clock()
    work()
    return 1000 * (clock() - start)


def _medians(rows: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(row[name] for row in rows) for name in rows[0]}


def run() -> None:
    """Print the table, and whether the target is kept."""
    columns = measure()
    print("\nThe host's own time for one full read and verification of a CCCD, photo of", end=" ")
    print(f"{columns[0].photo_bytes:,} bytes; processor milliseconds, median of {ROUNDS}\n")
    titles = [f"{'short: host':>12} | {'bare':>6}", f"{'extended: host':>14} | {'bare':>6}"]
    print(f"| {'phase':<24} | " + " | ".join(titles) + " |")
    print(f"|{'-' * 26}|{'-' * 13}:|{'-' * 7}:|{'-' * 15}:|{'-' * 7}:|")
    for name in columns[0].host:
        _print_row(name.replace("_", " "), [(each.host.get(name, 0.0), each.bare.get(name, 0.0)) for each in columns])
    _print_row("all together", [(each.total, each.total_bare) for each in columns])
    print(f"| {'commands':<24} | {columns[0].commands:>12} | {'':>6} | {columns[1].commands:>14} | {'':>6} |")
    print(f"\n- decoding the photo, not in the table: {columns[0].decoding:.1f} ms")
    for title, column in zip(("short", "extended"), columns, strict=True):
        kept = "kept" if column.total <= TARGET_MS else "MISSED"
        own = column.total - column.total_bare
        print(f"- {title} blocks: {column.total:.1f} ms (target {TARGET_MS:.0f}): {kept}; {own:.1f} ms of it its own")


def _print_row(name: str, cells: list[tuple[float, float]]) -> None:
    (short, short_bare), (extended, extended_bare) = cells
    print(f"| {name:<24} | {short:>12.2f} | {short_bare:>6.2f} | {extended:>14.2f} | {extended_bare:>6.2f} |")


if __name__ == "__main__":
    run()
