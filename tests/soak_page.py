"""The page about the long runs: what was really run, on what, with which seed, and what came of it."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any, Final

from tests.fuzz.conversations import ConversationResult
from tests.fuzz.lines import coverage_table
from tests.fuzz.parsers import PARSERS
from tests.fuzz.reads import MemoryCurve, slope_bytes

__all__ = ["InputTotals", "SoakFigures", "memory_svg", "page"]

MOST_GROWTH_BYTES: Final = 200.0
"""Most that a reading may add to the resident memory: 2 MB in ten thousand."""


@dataclasses.dataclass(slots=True)
class InputTotals:
    """What came of all batches."""

    inputs: int = 0
    refused: int = 0
    slowest_s: float = 0.0
    lines: set[tuple[str, int]] = dataclasses.field(default_factory=set)
    failures: list[dict[str, Any]] = dataclasses.field(default_factory=list)

    def add(self, other: InputTotals) -> None:
        """Count another's inputs in."""
        self.inputs += other.inputs
        self.refused += other.refused
        self.slowest_s = max(self.slowest_s, other.slowest_s)
        self.lines |= other.lines
        self.failures += other.failures


@dataclasses.dataclass(frozen=True, slots=True)
class SoakFigures:
    """Everything that the page says."""

    machine: str
    day: dt.date
    seed: str
    share_percent: float
    processes: int
    reads: int
    memory: MemoryCurve
    inputs: InputTotals
    conversations: ConversationResult
    hours: tuple[float, float, float]

    @property
    def slope(self) -> float:
        """Bytes that a reading adds to the resident memory."""
        return slope_bytes(self.memory.samples)

    @property
    def is_flat(self) -> bool:
        """Whether memory, descriptors and threads stay as they were."""
        (first, last), (before, after) = self.memory.descriptors, self.memory.threads
        return last <= first and after <= before and self.slope < MOST_GROWTH_BYTES

    @property
    def broken(self) -> int:
        """How many promises were broken."""
        return len(self.inputs.failures) + len(self.conversations.failures)


_FURTHER_MODULES: Final = (
    "crypto.pki.ber crypto.pki.signed_list reader.card_capabilities reader.lds.details reader.lds.document reader.lds.face_image"
    " reader.lds.field_text reader.lds.image_encoding reader.lds.image_record reader.lds.instance_count reader.lds.iso39794"
    " reader.lds.mrz_fields reader.lds.public_key reader.trust.folder reader.trust.ldif"
)


def _module_of(function: str) -> str:
    return ".".join(part for part in function.split(".")[:-1] if part.islower())


def _modules() -> list[str]:
    """The modules of the functions that the fuzzer calls, and those that these lean on."""
    called = {_module_of(name) for parser in PARSERS.values() for name in parser.covers}
    return sorted(called | set(_FURTHER_MODULES.split()))


def page(figures: SoakFigures) -> str:
    """The page in Markdown."""
    return "\n".join([*_introduction(figures), "", *_memory(figures), "", *_lines_reached(figures.inputs), ""])


def _introduction(figures: SoakFigures) -> list[str]:
    inputs, talks = figures.inputs, figures.conversations
    hours = [f"{each:.2f} h" for each in figures.hours]
    refused, slowest = f"{inputs.refused:,}", f"{inputs.slowest_s:.2f} s"
    said = f"{talks.refused:,} | {talks.slowest_s:.2f} s"
    return [
        "# The long runs",
        "",
        "Written by `make soak`; what stands here was run, not extrapolated.",
        f"{figures.day}, {figures.machine}; {figures.processes} at once for inputs and conversations; seed `{figures.seed}`.",
        f"This was {figures.share_percent:g} % of the whole: 10,000 readings, 10 million inputs, 100,000 conversations.",
        "The test suite takes 1 % each time.",
        "",
        "| run | count | ended in an error of ours | slowest | promises broken | took |",
        "|---|---|---|---|---|---|",
        f"| readings in one process | {figures.reads:,} | every tenth | | {0 if figures.is_flat else 1} | {hours[0]} |",
        f"| inputs, {len(PARSERS)} parsers | {inputs.inputs:,} | {refused} | {slowest} | {len(inputs.failures)} | {hours[1]} |",
        f"| conversations | {talks.conversations:,} | {said} | {len(talks.failures)} | {hours[2]} |",
        "",
        "A promise is broken by an exception that is not ours, by more than a second of processor time (of a conversation:",
        "of both halves, the emulated chip's too), by memory that grows, and by a lie that was accepted.",
    ]


def _memory(figures: SoakFigures) -> list[str]:
    memory = figures.memory
    first, last = memory.samples[0], memory.samples[-1]
    return [
        "## Memory",
        "",
        f"Resident memory was {first[1]:,} kB after {first[0]} readings and {last[1]:,} kB after {last[0]:,}.",
        f"Over the second half the slope is {figures.slope:.1f} bytes a reading.",
        "Every tenth reading has a wrong key; every fiftieth shows the photo.",
        f"Descriptors before and after: {memory.descriptors[0]}, {memory.descriptors[1]};",
        f"threads: {memory.threads[0]}, {memory.threads[1]}.",
        "",
        "![resident memory over the readings](soak-memory.svg)",
    ]


def _lines_reached(inputs: InputTotals) -> list[str]:
    rows = coverage_table(inputs.lines, _modules())
    reached, lines = sum(hit for _, hit, _ in rows), sum(count for _, _, count in rows)
    return [
        "## Lines reached",
        "",
        "One input in a hundred was run under a tracer. Of the lines inside functions these inputs reached",
        f"**{reached:,} of {lines:,} ({100 * reached / lines:.0f} %)**.",
        "What is not reached is mostly not parsing (writing, signing and judging stand in the same modules),",
        "or needs a right signature.",
        "",
        "| module | reached | lines | |",
        "|---|---|---|---|",
        *(f"| `{module}` | {hit} | {count} | {100 * hit / max(1, count):.0f} % |" for module, hit, count in rows),
    ]


def memory_svg(curve: MemoryCurve) -> str:
    """Resident memory over the readings, from zero, so that flat looks flat."""
    width, height, left, bottom = 640, 240, 70, 40
    most_x, most_y = curve.samples[-1][0], max(kilobytes for _, kilobytes in curve.samples) * 1.25
    points = " ".join(
        f"{left + (width - left - 10) * count / most_x:.1f},{height - bottom - (height - bottom - 10) * kilobytes / most_y:.1f}"
        for count, kilobytes in curve.samples
    )
    top = int(most_y) // 1024
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" font-family="sans-serif" font-size="12">
<rect width="{width}" height="{height}" fill="#fff"/>
<path d="M{left} 10V{height - bottom}H{width - 10}" fill="none" stroke="#888"/>
<text x="{left - 8}" y="{height - bottom}" text-anchor="end">0</text>
<text x="{left - 8}" y="20" text-anchor="end">{top} MB</text>
<text x="{left}" y="{height - bottom + 18}">0</text>
<text x="{width - 10}" y="{height - bottom + 18}" text-anchor="end">{most_x} readings</text>
<polyline points="{points}" fill="none" stroke="#156b3a" stroke-width="2"/>
</svg>
"""
