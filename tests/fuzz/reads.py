"""Many readings one after the other in one process, and how much memory it has after each few of them."""

from __future__ import annotations

import dataclasses
import gc
import itertools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import reader
from crypto.errors import ChipIdError
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import catalogue, chip_content
from emulator.chip.card import VirtualCard
from reader.lds.face_image import decode_image
from tests.unit.reader_cards import TRUST

__all__ = ["MemoryCurve", "read_many", "resident_kilobytes", "slope_bytes"]

SAMPLE_EVERY: Final = 25
_DECODE_EVERY: Final = 50  # a photo is decoded in a process of its own; that too must leave nothing behind
_STATM: Final = Path("/proc/self/statm")


@dataclasses.dataclass(frozen=True, slots=True)
class MemoryCurve:
    """Resident memory over a run.

    Attributes:
        samples: number of readings so far, and kilobytes of resident memory then.
        descriptors: open descriptors at the start and at the end.
        threads: at the start and at the end.
    """

    samples: tuple[tuple[int, int], ...]
    descriptors: tuple[int, int]
    threads: tuple[int, int]


def resident_kilobytes() -> int:
    """Resident memory of this process (Linux)."""
    return int(_STATM.read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE") // 1024


def _descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


def _threads() -> int:
    return len(os.listdir("/proc/self/task"))


def read_many(number: int) -> MemoryCurve:
    """Read the cards of the catalogue in turn, some with a wrong key, and sample the memory."""
    people = [person for person in catalogue() if person.can]
    for person in people:  # what is made once per process is no growth
        _read(person.name, person.can)
    before = _descriptors(), _threads()
    samples = []
    for count, person in enumerate(itertools.islice(itertools.cycle(people), number), start=1):
        _read(person.name, "999999" if count % 10 == 0 else person.can, picture=count % _DECODE_EVERY == 0)
        if count % SAMPLE_EVERY == 0:
            gc.collect()
            samples.append((count, resident_kilobytes()))
    return MemoryCurve(tuple(samples), (before[0], _descriptors()), (before[1], _threads()))


def _read(name: str, can: str, *, picture: bool = False) -> None:
    try:
        with EmulatedTransport(VirtualCard(chip_content(name))) as card:
            outcome = reader.read(card, reader.CanKey.from_digits(can), trust=TRUST)
    except ChipIdError:
        return
    if picture and outcome.document.portrait is not None:
        decode_image(outcome.document.portrait)


def slope_bytes(samples: Sequence[tuple[int, int]]) -> float:
    """Bytes that a reading adds, by least squares over the second half of the run: the first fills caches."""
    half = samples[len(samples) // 2 :]
    mean_x = sum(count for count, _ in half) / len(half)
    mean_y = sum(kilobytes for _, kilobytes in half) / len(half)
    across = sum((count - mean_x) ** 2 for count, _ in half)
    return 1024 * sum((count - mean_x) * (kilobytes - mean_y) for count, kilobytes in half) / across if across else 0.0
