"""How long a reading takes at each bit rate, by the model of the link, and how near it comes to the floor.

The card is an ordinary CCCD with a photo of 15 kB: EF.SOD, DG1, DG2, DG13, DG14 and DG15, PACE, chip authentication and
active authentication; once with short answers, once with answers of 2,046 bytes, once with answers of any length. What
the reader sends is recorded in this process and put through :mod:`emulator.adapters.radio_link`; nothing is measured by
a clock, so the table is the same on every machine. The floor comes from :mod:`bench.floor`, which knows no reader.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import reader
from bench.floor import SHORT_FIELD, Suite, floor
from emulator.adapters.chip_times import ChipTimes, load_chip
from emulator.adapters.inprocess import EmulatedTransport
from emulator.adapters.radio import BitRate, RadioLink
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipBehaviour, ChipContent
from emulator.personalise.document import personalise
from emulator.personalise.profile import load_profile

__all__ = [
    "CHIPS",
    "MOST_BYTES",
    "MOST_COMMANDS_LONG",
    "MOST_MORE",
    "SHAPES",
    "Reading",
    "Shape",
    "record",
    "run",
    "times",
]

CARD = "quy"
SUITE = Suite()
"""PACE and chip authentication with AES-128 on brainpoolP256r1, active authentication with ECDSA on the same curve."""
CHIPS = ("chip-2021", "chip-2013")

MOST_BYTES = 1.05
"""Times the bytes of the floor."""
MOST_MORE = 3
"""Commands more than the floor."""
MOST_COMMANDS_LONG = 25
"""Commands in all where a chip gives 2,000 bytes or more at once."""
LONG_BLOCK = 2_000

_CARD_ACCESS, _SOD = 0x011C, 0x011D
_READ_GROUPS = (0x0101, 0x0102, 0x010D, 0x010E, 0x010F)

Sent = tuple[bytes, int]
"""A command's octets, and the length of its answer."""


@dataclasses.dataclass(frozen=True, slots=True)
class Shape:
    """What a chip's answers are like.

    Attributes:
        title: for the table.
        behaviour: of the chip.
        field_bytes: data field of its longest answer.
    """

    title: str
    behaviour: ChipBehaviour
    field_bytes: int


SHAPES = (
    Shape("short", ChipBehaviour(extended_length=False), SHORT_FIELD),
    Shape("2,046 bytes", ChipBehaviour(max_response_data=2_046), 2_046),
    Shape("any length", ChipBehaviour(), ChipBehaviour().max_response_data),
)


@dataclasses.dataclass(frozen=True, slots=True)
class Reading:
    """What went over the link in one reading, and what the floor says.

    Attributes:
        shape: of the chip.
        sent: the reader's commands.
        floor: the floor's.
        photo_bytes: size of the photo.
    """

    shape: Shape
    sent: Sequence[Sent]
    floor: Sequence[Sent]
    photo_bytes: int

    @property
    def commands_more(self) -> int:
        """Commands over the floor."""
        return len(self.sent) - len(self.floor)

    @property
    def byte_ratio(self) -> float:
        """Bytes both ways over those of the floor."""
        return octets(self.sent) / octets(self.floor)

    def misses(self) -> list[str]:
        """Which targets are missed."""
        missed = []
        if self.byte_ratio > MOST_BYTES:
            missed.append(f"bytes over {MOST_BYTES} × floor")
        if self.commands_more > MOST_MORE:
            missed.append(f"more than floor + {MOST_MORE} commands")
        if self.shape.field_bytes >= LONG_BLOCK and len(self.sent) > MOST_COMMANDS_LONG:
            missed.append(f"more than {MOST_COMMANDS_LONG} commands")
        return missed


@dataclasses.dataclass(frozen=True, slots=True)
class Seconds:
    """Where the time of a reading goes."""

    air: float
    chip: float
    host: float

    @property
    def total(self) -> float:
        return self.air + self.chip + self.host


def octets(sent: Sequence[Sent]) -> int:
    """Bytes both ways."""
    return sum(len(command) + answer_bytes for command, answer_bytes in sent)


def times(sent: Sequence[Sent], rate: BitRate, chip: ChipTimes) -> Seconds:
    """The model's seconds for a whole conversation."""
    link = RadioLink(rate)
    exchanges = [link.exchange(len(command), answer, chip.seconds(command, answer)) for command, answer in sent]
    return Seconds(
        sum(each.air_s for each in exchanges),
        sum(each.chip_s for each in exchanges),
        sum(each.host_s for each in exchanges),
    )


def record(shape: Shape) -> Reading:
    """Read a card of that shape once. Raises ``SystemExit`` if it is not accepted."""
    profile = dataclasses.replace(load_profile(CARD), behaviour=shape.behaviour, announces_lengths=True)
    content = personalise(profile)
    if content.can is None:
        raise SystemExit("The card has no access number; there is nothing to read.")
    with _Recorder(VirtualCard(content)) as card:
        outcome = reader.read(card, reader.CanKey(content.can), trust=reader.trust_for(None, test_mode=True))
    if outcome.verdict.decision.value != "ACCEPT":
        raise SystemExit("The card was not accepted; there is nothing to count.")
    card_access, *files = _sizes(content)
    steps = floor(card_access, files, shape.field_bytes, SUITE)
    least = [(step.command, step.answer_bytes) for step in steps]
    return Reading(shape, tuple(card.sent), tuple(least), len(outcome.document.portrait or b""))


class _Recorder(EmulatedTransport):
    def __init__(self, chip: VirtualCard) -> None:
        super().__init__(chip)
        self.sent: list[Sent] = []

    def transmit(self, command: bytes) -> bytes:
        answer = super().transmit(command)
        self.sent.append((command, len(answer)))
        return answer


def _sizes(content: ChipContent) -> list[int]:
    """EF.CardAccess of the master file; then the files to be read."""
    outside = {file.identifier: len(file.content) for file in content.master_files}
    inside = {file.identifier: len(file.content) for file in content.application_files}
    return [outside[_CARD_ACCESS], inside[_SOD], *(inside[group] for group in _READ_GROUPS)]


def run() -> None:
    """Print both tables, and whether the targets are kept."""
    readings = [record(shape) for shape in SHAPES]
    photo = readings[0].photo_bytes
    print(f"\nOne reading of '{CARD}' (cccd profile, photo of {photo:,} bytes) beside the floor\n")
    _print_counts(readings)
    for name in CHIPS:
        chip = load_chip(name)
        print(f"\nSeconds by the model (docs/link-model.md), {chip.what}; in brackets over the floor's\n")
        _print_seconds(readings, chip)
    print()
    for reading in readings:
        missed = reading.misses()
        print(f"- answers {reading.shape.title}: {'MISSED: ' + ', '.join(missed) if missed else 'kept'}")


def _print_counts(readings: Sequence[Reading]) -> None:
    targets = f"(≤ {MOST_MORE})", f"(≤ {MOST_BYTES})", f"(≤ {MOST_COMMANDS_LONG})"
    more, ratio, commands = f"more {targets[0]}", f"ratio {targets[1]}", f"commands {targets[2]}"
    print(
        f"| {'answers':<12} | {commands:>15} | {'floor':>5} | {more:>10} | {'bytes':>6} | {'floor':>6} | {ratio:>14} |"
    )
    print(f"|{'-' * 14}|{'-' * 16}:|{'-' * 6}:|{'-' * 11}:|{'-' * 7}:|{'-' * 7}:|{'-' * 15}:|")
    for reading in readings:
        cells = f"{len(reading.sent):>15} | {len(reading.floor):>5} | {reading.commands_more:>10}"
        sizes = f"{octets(reading.sent):>6,} | {octets(reading.floor):>6,} | {reading.byte_ratio:>14.3f}"
        print(f"| {reading.shape.title:<12} | {cells} | {sizes} |")


def _print_seconds(readings: Sequence[Reading], chip: ChipTimes) -> None:
    print(f"| {'answers':<12} | " + " | ".join(f"{rate.kbit_s:>5} kbit/s" for rate in BitRate) + " |")
    print(f"|{'-' * 14}|" + "|".join(f"{'-' * 13}:" for _ in BitRate) + "|")
    for reading in readings:
        cells = []
        for rate in BitRate:
            total, least = times(reading.sent, rate, chip).total, times(reading.floor, rate, chip).total
            cells.append(f"{total:.2f} ({total / least:.3f})")
        print(f"| {reading.shape.title:<12} | " + " | ".join(f"{cell:>12}" for cell in cells) + " |")


if __name__ == "__main__":
    run()
