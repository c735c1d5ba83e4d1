"""The floor is held against lengths counted by hand, and the reader against the floor."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from bench import read_time_picture
from bench.floor import Suite, floor, longest_block, protected_answer_bytes, protected_command_bytes
from bench.read_time import CHIPS, MOST_COMMANDS_LONG, SHAPES, Reading, Shape, octets, record, times
from emulator.adapters.chip_times import load_chip
from emulator.adapters.radio import BitRate

AES = Suite()
TDES = Suite(block_bytes=8, nonce_bytes=16)


@pytest.fixture(scope="module", params=SHAPES, ids=lambda shape: shape.title)
def reading(request: pytest.FixtureRequest) -> Reading:
    shape: Shape = request.param
    return record(shape)


# ------------------------------------------------------------------------------------------------- the floor
def test_the_floor_knows_no_reader_and_no_chip() -> None:
    tree = ast.parse((Path(__file__).parents[2] / "bench" / "floor.py").read_text(encoding="utf-8"))
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    imported |= {name.name for node in ast.walk(tree) if isinstance(node, ast.Import) for name in node.names}
    assert imported == {"__future__", "dataclasses", "collections.abc", "typing"}


@pytest.mark.parametrize(
    ("field", "suite", "block"),
    [(256, AES, 223), (256, TDES, 231), (2_046, AES, 2_015), (65_533, AES, 65_503), (298, AES, 271)],
)
def test_the_longest_block(field: int, suite: Suite, block: int) -> None:
    """256: 256 - 14 = 242 for DO'87', less 81 with its length and the indicator: 238, whole blocks 224, less a byte."""
    assert longest_block(field, suite) == block
    assert protected_answer_bytes(block, suite) - 2 <= field < protected_answer_bytes(block + 1, suite) - 2


def test_each_step_has_the_bytes_that_a_hand_counts() -> None:
    """Two files: one of a block and two bytes, one of ten bytes."""
    steps = floor(54, [225, 10], 256, AES)
    assert [(step.what, len(step.command), step.answer_bytes) for step in steps] == [
        ("card access", 5, 56),
        ("PACE", 5 + 12 + 3, 2),
        ("PACE", 5 + 2 + 1, 2 + 2 + 16 + 2),
        ("PACE", 5 + 2 + 2 + 65 + 1, 2 + 2 + 65 + 2),
        ("PACE", 5 + 2 + 2 + 65 + 1, 2 + 2 + 65 + 2),
        ("PACE", 5 + 2 + 2 + 8 + 1, 2 + 2 + 8 + 2),
        ("application", 5 + (3 + 16) + 10 + 1, 4 + 10 + 2),
        ("chip authentication", 5 + (3 + 16) + 10 + 1, 4 + 10 + 2),
        ("chip authentication", 5 + (3 + 80) + 3 + 10 + 1, (3 + 16) + 4 + 10 + 2),
        ("active authentication", 5 + (3 + 16) + 3 + 10 + 1, (3 + 80) + 4 + 10 + 2),
        ("read", 5 + 3 + 10 + 1, (1 + 2 + 1 + 224) + 4 + 10 + 2),
        ("read", 5 + 3 + 10 + 1, (3 + 16) + 4 + 10 + 2),
        ("read", 5 + 3 + 10 + 1, (3 + 16) + 4 + 10 + 2),
    ]


def test_a_command_has_as_many_octets_as_its_length_field_says() -> None:
    for field in (256, 2_046, 65_533):
        for step in floor(54, [1_418, 93, 15_458], field, AES):
            command = step.command
            if len(command) == 5:  # header and Le
                continue
            if command[4]:
                assert len(command) in (5 + command[4], 5 + command[4] + 1)
            else:
                assert len(command) == 7 + int.from_bytes(command[5:7], "big") + 2


def test_long_blocks_cost_four_bytes_more_for_the_command() -> None:
    assert protected_command_bytes(0, 1, AES) == 4 + 1 + 3 + 10 + 1 == 19
    assert protected_command_bytes(0, 2, AES) == 4 + 3 + 4 + 10 + 2 == 23


@pytest.mark.parametrize(
    ("size", "field", "reads"), [(223, 256, 1), (224, 256, 2), (15_000, 256, 68), (15_000, 2_046, 8)]
)
def test_a_file_takes_as_many_reads_as_blocks_hold_it(size: int, field: int, reads: int) -> None:
    assert len(floor(54, [size], field, AES)) == 1 + 5 + 1 + 2 + 1 + reads


def test_a_file_with_nothing_in_it_is_not_read() -> None:
    assert len(floor(54, [0], 256, AES)) == 10


# ------------------------------------------------------------------------------------------------ the reader
def test_the_targets_are_kept(reading: Reading) -> None:
    assert reading.misses() == []
    assert 14_000 < reading.photo_bytes < 16_500


def test_the_floor_is_a_floor(reading: Reading) -> None:
    """The reader does all that the floor does, so it can need no less; what it adds are EF.COM and EF.ATR/INFO."""
    assert 0 <= reading.commands_more <= 2
    assert reading.byte_ratio >= 1.0
    for rate in BitRate:
        for name in CHIPS:
            chip = load_chip(name)
            assert times(reading.sent, rate, chip).total >= times(reading.floor, rate, chip).total


def test_each_protocol_command_is_as_short_as_the_floors(reading: Reading) -> None:
    """The floor's commands other than READ BINARY are those of the reader, length by length, header by header."""

    def protocols(sent: object) -> list[tuple[bytes, int, int]]:
        return sorted(
            (command[:4], len(command), answer)
            for command, answer in sent  # type: ignore[attr-defined]
            if command[1] != 0xB0
        )

    assert protocols(reading.sent) == protocols(reading.floor)


def test_missed_targets_are_named() -> None:
    least = tuple((bytes(20), 200) for _ in range(22))
    more = Reading(SHAPES[1], (*least, *least[:4]), least, 15_000)
    assert more.misses() == [
        "bytes over 1.05 × floor",
        "more than floor + 3 commands",
        f"more than {MOST_COMMANDS_LONG} commands",
    ]
    assert Reading(SHAPES[1], least, least, 15_000).misses() == []
    assert octets(least) == 22 * 220


def test_a_reading_takes_seconds_and_not_minutes(reading: Reading) -> None:
    for name in CHIPS:
        seconds = [times(reading.sent, rate, load_chip(name)) for rate in BitRate]
        assert [each.total for each in seconds] == sorted((each.total for each in seconds), reverse=True)
        assert all(0.5 < each.total < 10 for each in seconds)


# ------------------------------------------------------------------------------------------------- its pages
ROOT = Path(__file__).parents[2]


def test_the_page_quotes_the_table(reading: Reading) -> None:
    """Another version of the image library may make the photo a block longer or shorter."""
    page = (ROOT / "docs" / "link-model.md").read_text(encoding="utf-8")
    row = re.search(rf"^\| {reading.shape.title} \| (\d+) \| (\d+) \| ([\d.]+) \|$", page, re.MULTILINE)
    assert row is not None
    assert [int(row[1]), int(row[2])] == pytest.approx([len(reading.sent), len(reading.floor)], abs=1)
    assert float(row[3]) == pytest.approx(reading.byte_ratio, abs=0.002)


@pytest.mark.parametrize("name", CHIPS)
def test_the_page_quotes_the_chips(name: str) -> None:
    page = (ROOT / "docs" / "link-model.md").read_text(encoding="utf-8")
    chip = load_chip(name)
    for value in (
        f"{1000 * chip.ec_multiplication(256):.1f} ms",
        f"{1000 * chip.modular_power(2048):.1f}".removesuffix(".0") + " ms",
        f"{chip.symmetric_us_per_byte:.1f} µs a byte",
        f"{chip.protection_ms:.1f} ms",
    ):
        assert value in page, value


def test_the_picture_shows_what_the_model_says() -> None:
    """Drawn again, each bar ends where it does in the page's picture; a signature is some bytes longer or shorter."""
    bars = read_time_picture.bars()
    shown = re.findall(r">(\d+\.\d\d) s<", read_time_picture.PICTURE.read_text(encoding="utf-8"))
    assert [float(seconds) for seconds in shown] == [pytest.approx(bar.seconds.total, abs=0.02) for bar in bars]
    assert re.findall(r">(\d+\.\d\d) s<", read_time_picture.draw(bars)) == [
        bar.label.removesuffix(" s") for bar in bars
    ]
