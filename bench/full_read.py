"""One full read and verification of the ordinary CCCD: commands, bytes, milliseconds by phase.

In-process, the emulated chip answers in this program; through PC/SC, it sits in a real slot of a private pcscd. What
passes inside ``transmit`` is the chip's computing and the link; the rest is the reader's own work.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import reader
from emulator.adapters.private_pcscd import PrivatePcscd
from reader.transport.base import CardTransport

__all__ = ["run"]

CARD = "an"
CAN_OF_CARD = "000017"
ROUNDS = 15


class TimedTransport:
    """Passes everything on and adds up the seconds that pass inside."""

    def __init__(self, inner: CardTransport) -> None:
        self._inner = inner
        self.seconds = 0.0

    def __getattr__(self, name: str) -> object:
        return getattr(self._inner, name)

    def transmit(self, command: bytes) -> bytes:
        start = time.perf_counter()
        try:
            return self._inner.transmit(command)
        finally:
            self.seconds += time.perf_counter() - start

    def __enter__(self) -> Self:
        self._inner.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._inner.__exit__(kind, value, trace)


def measure(open_card: Callable[[], CardTransport]) -> tuple[reader.ReadOutcome, dict[str, float]]:
    """Read ``ROUNDS`` times; the last outcome, and the median milliseconds by phase."""
    trust = reader.trust_for(None, test_mode=True)
    rows: list[dict[str, float]] = []
    outcome: reader.ReadOutcome | None = None
    for _ in range(ROUNDS + 1):
        with TimedTransport(open_card()) as card:  # type: ignore[arg-type]  # the rest passes through __getattr__
            outcome = reader.read(card, reader.CanKey.from_digits(CAN_OF_CARD), trust=trust)  # type: ignore[arg-type]
        row = dict(outcome.timing_ms)
        row["total"] = sum(row.values())
        row["of it chip and link"] = 1000 * card.seconds
        rows.append(row)
    if outcome is None or outcome.verdict.decision.value != "ACCEPT":
        raise SystemExit("The card was not accepted; there is nothing to measure.")
    return outcome, {key: statistics.median(row[key] for row in rows[1:]) for key in rows[-1]}  # first: warm-up


@contextmanager
def card_in_pcsc_slot() -> Iterator[str]:
    """A private pcscd with the card in its first slot; yields the reader's name."""
    with PrivatePcscd() as service:
        os.environ.update(service.environment)  # before the first PC/SC context of this process
        chipid = [sys.executable, "-m", "kiosk_ui.cli", "card", "run", CARD]
        service.run_inside(chipid, stdout=subprocess.DEVNULL)
        name = service.reader_names[0]
        deadline = time.monotonic() + 15
        while not any(info.name == name and info.state.value == "card" for info in reader.list_pcsc_readers()):
            if time.monotonic() > deadline:
                raise SystemExit("The emulated card did not appear in the virtual reader.")
            time.sleep(0.05)
        yield name


def run() -> None:
    """Print the table."""
    columns = [("in-process", *measure(lambda: reader.open_emulated(CARD)))]
    reason = PrivatePcscd.unavailable_reason()
    if reason is None:
        with card_in_pcsc_slot() as name:
            columns.append(("PC/SC (pcscd, vpcd)", *measure(lambda: reader.open_pcsc(name))))
    print(f"\nOne full read and verification of '{CARD}' (cccd profile), median of {ROUNDS}\n")
    print(f"| {'':<24} | " + " | ".join(f"{title:>20}" for title, _, _ in columns) + " |")
    print(f"|{'-' * 26}|" + "|".join(f"{'-' * 21}:" for _ in columns) + "|")
    counts = {
        "commands": lambda outcome: outcome.link.commands,
        "bytes sent": lambda outcome: outcome.link.bytes_sent,
        "bytes received": lambda outcome: outcome.link.bytes_received,
    }
    for label, count in counts.items():
        print(f"| {label:<24} | " + " | ".join(f"{count(outcome):>20,}" for _, outcome, _ in columns) + " |")
    for phase in columns[0][2]:
        label = f"ms {phase.replace('_', ' ')}"
        print(f"| {label:<24} | " + " | ".join(f"{times.get(phase, 0.0):>20.1f}" for _, _, times in columns) + " |")
    if reason is not None:
        print(f"\nNot measured through PC/SC: {reason}")
