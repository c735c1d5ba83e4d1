"""A reading sends hardly a command or a byte more than the files and protocols need, with short blocks and with long ones.

The floor is computed here from the sizes of the files alone: CardAccess 1, PACE 5, SELECT of the application 1, chip
authentication 2, active authentication 1, and each file in blocks as long as an answer carries.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pytest

import reader
from crypto.wire.apdu import CommandApdu
from crypto.wire.tlv import encode_tlv
from emulator.adapters.inprocess import EmulatedTransport
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent, EndOfFile, TooLongRead
from emulator.personalise.answer_to_reset import contactless_atr
from reader.lds import files
from tests.unit.reader_cards import TRUST, can_of, signed_card

PROTOCOLS = 1 + 5 + 1 + 2 + 1
WANTED = (files.SOD, *(files.data_group(number) for number in (1, 2, 13, 14, 15)))
PORTRAIT_BYTES = 15_000


def protected_bytes(plain: int) -> int:
    """Length of a protected answer's data field (Doc 9303-11 §9.8.6): DO'87' with whole AES blocks, DO'99', DO'8E'."""
    value = 1 + (plain // 16 + 1) * 16
    length_field = 1 if value < 0x80 else 2 if value < 0x100 else 3
    return (1 + length_field + value) + 4 + 10


def longest_block(field_bytes: int) -> int:
    return max(plain for plain in range(1, field_bytes) if protected_bytes(plain) <= field_bytes)


def floor_commands(sizes: Iterable[int], block: int) -> int:
    return sum(-(-size // block) for size in sizes)


def floor_bytes(sizes: Iterable[int], block: int) -> int:
    """READ BINARY and its answers only. Header, Lc, DO'97', DO'8E', Le; the answer and its status word."""
    command = 4 + 1 + (3 + 10) + 1 if block <= 256 else 4 + 3 + (4 + 10) + 2
    total = 0
    for size in sizes:
        whole, rest = divmod(size, block)
        total += whole * (command + protected_bytes(block) + 2)
        total += command + protected_bytes(rest) + 2 if rest else 0
    return total


class Counter(EmulatedTransport):
    """Keeps what goes over the link."""

    def __init__(self, content: ChipContent, link_bytes: int = 65_544) -> None:
        super().__init__(VirtualCard(content))
        self.link_bytes = link_bytes
        self.exchanges: list[tuple[CommandApdu, int]] = []

    @property
    def max_command(self) -> int:
        return self.link_bytes

    @property
    def max_response(self) -> int:
        return self.link_bytes

    def transmit(self, command: bytes) -> bytes:
        assert len(command) <= self.link_bytes
        answer = super().transmit(command)
        assert len(answer) <= self.link_bytes
        self.exchanges.append((CommandApdu.parse(command), len(command) + len(answer)))
        return answer


def with_portrait(name: str) -> ChipContent:
    """The card with a photo of 15 kB in all."""
    return signed_card(name, {2: encode_tlv(0x75, bytes(PORTRAIT_BYTES - 4))})


def announcing(content: ChipContent) -> ChipContent:
    """The card says in its answer to reset that it takes extended length, and that its sizes stand in EF.ATR/INFO."""
    return dataclasses.replace(content, atr=contactless_atr(extended_length=True))


def short_only(content: ChipContent) -> ChipContent:
    behaviour = dataclasses.replace(content.behaviour, extended_length=False)
    kept = tuple(file for file in content.master_files if file.identifier != 0x2F01)
    atr = contactless_atr(extended_length=False)
    return dataclasses.replace(content, behaviour=behaviour, master_files=kept, atr=atr)


def read(transport: Counter, name: str) -> list[int]:
    """Read the card whole; the sizes of the files of the floor."""
    with transport:
        outcome = reader.read(transport, can_of(name), trust=TRUST)
    return [len(outcome.reading.document.require(file)) for file in WANTED]


@pytest.mark.parametrize("link_bytes", [261, 65_544], ids=["short link", "long link"])
def test_short_blocks_of_an_ordinary_card(link_bytes: int) -> None:
    """EF.COM is the one command more."""
    transport = Counter(short_only(with_portrait("an")), link_bytes)
    sizes = read(transport, "an")
    assert len(transport.exchanges) == PROTOCOLS + floor_commands(sizes, longest_block(256)) + 1
    assert not any(command.is_extended for command, _ in transport.exchanges)


def test_a_link_without_long_commands_makes_a_long_chip_a_short_one() -> None:
    transport = Counter(announcing(with_portrait("an")), 261)
    sizes = read(transport, "an")
    assert len(transport.exchanges) == PROTOCOLS + floor_commands(sizes, longest_block(256)) + 1


@pytest.mark.parametrize(
    ("name", "field_bytes"), [("blocks-2048", 2_046), ("an", 65_533)], ids=["2,046 bytes", "65,533 bytes"]
)
def test_long_blocks_of_a_chip_that_says_how_long(name: str, field_bytes: int) -> None:
    """EF.COM and EF.ATR/INFO are the two commands more."""
    transport = Counter(announcing(with_portrait(name)))
    sizes = read(transport, name)
    assert len(transport.exchanges) == PROTOCOLS + floor_commands(sizes, longest_block(field_bytes)) + 2
    assert len(transport.exchanges) <= 25


@pytest.mark.parametrize("field_bytes", [298, 1_000, 4_094])
def test_the_links_limit_is_as_good_as_the_chips(field_bytes: int) -> None:
    transport = Counter(announcing(with_portrait("an")), field_bytes + 2)
    sizes = read(transport, "an")
    assert len(transport.exchanges) == PROTOCOLS + floor_commands(sizes, longest_block(field_bytes)) + 2


@pytest.mark.parametrize("short", [True, False], ids=["short", "long"])
def test_the_bytes_are_those_of_the_files(short: bool) -> None:
    content = with_portrait("blocks-2048")
    transport = Counter(short_only(content) if short else content)
    sizes = read(transport, "blocks-2048")
    reads = [size for command, size in transport.exchanges if command.header[:2] == b"\x0c\xb0"]
    assert sum(reads) <= 1.05 * floor_bytes(sizes, longest_block(256 if short else 2_046))


def test_no_file_is_selected_that_can_be_read_by_its_short_identifier() -> None:
    transport = Counter(announcing(with_portrait("an")))
    read(transport, "an")
    selections = [command for command, _ in transport.exchanges if command.ins == 0xA4]
    assert [command.p1 for command in selections] == [0x04], "the application alone"


# ---------------------------------------------------------------------------------- chips that want it otherwise
def habits(content: ChipContent, **changes: object) -> ChipContent:
    return dataclasses.replace(content, behaviour=dataclasses.replace(content.behaviour, **changes))  # type: ignore[arg-type]


@pytest.mark.parametrize("short", [True, False], ids=["short", "long"])
@pytest.mark.parametrize("end", list(EndOfFile), ids=lambda end: end.value)
def test_the_end_of_files_is_found_out_once_per_chip(end: EndOfFile, short: bool) -> None:
    """One first block is refused. In short blocks only the two shortest files fear the same from then on; in long ones
    every file does, and costs one command more.
    """
    content = habits(with_portrait("blocks-2048"), end_of_file=end)
    transport = Counter(short_only(content) if short else content)
    sizes = read(transport, "blocks-2048")
    floor = PROTOCOLS + floor_commands(sizes, longest_block(256 if short else 2_046))
    spare = {EndOfFile.OUTSIDE: 4 if short else 10, EndOfFile.CORRECT_LENGTH: 3 if short else 9}.get(end, 2)
    assert len(transport.exchanges) <= floor + spare


@pytest.mark.parametrize("most", [100, 128, 184, 200, 240, 600, 2_000])
@pytest.mark.parametrize("too_long", list(TooLongRead), ids=lambda habit: habit.value)
def test_the_longest_block_is_found_out_once_per_chip(too_long: TooLongRead, most: int) -> None:
    """Nothing in EF.ATR/INFO says so: a handful of refused reads, then all files in nearly the longest blocks."""
    content = announcing(with_portrait("an"))
    told = tuple(file for file in content.master_files if file.identifier != 0x2F01)
    content = dataclasses.replace(content, master_files=told)
    content = habits(short_only(content) if most < 256 else content, max_response_data=most, too_long_read=too_long)
    transport = Counter(content)
    sizes = read(transport, "an")
    block = longest_block(most)
    floor = PROTOCOLS + floor_commands(sizes, block)
    if too_long is TooLongRead.SHORTENED:
        assert len(transport.exchanges) <= floor + 3
    elif most < 256:
        assert len(transport.exchanges) <= floor + 12
    else:  # who refuses the first long block is not asked for a second
        assert len(transport.exchanges) <= PROTOCOLS + floor_commands(sizes, longest_block(256)) + 6


def test_a_chip_that_does_not_mean_its_long_commands_is_opened_twice_and_read_short() -> None:
    """The answer to reset says extended length, the chip answers a bare 6700 and forgets its keys."""
    content = habits(announcing(with_portrait("an")), extended_length=False)
    transport = Counter(content)
    sizes = read(transport, "an")
    opening = 1 + 5 + 1  # EF.CardAccess, PACE, the application
    floor = PROTOCOLS + floor_commands(sizes, longest_block(256))
    assert len(transport.exchanges) == floor + 1 + 1 + opening + 1  # EF.COM, EF.ATR/INFO, and the refused read
    assert sum(command.is_extended for command, _ in transport.exchanges) == 1


class DeafToLongCommands(Counter):
    """A reader that loses the card when a command is long."""

    def transmit(self, command: bytes) -> bytes:
        if CommandApdu.parse(command).is_extended:
            self.exchanges.append((CommandApdu.parse(command), len(command)))
            raise TimeoutError
        return super().transmit(command)


def test_a_link_that_falls_silent_at_long_commands_is_read_short() -> None:
    transport = DeafToLongCommands(announcing(with_portrait("an")))
    read(transport, "an")
    assert sum(command.is_extended for command, _ in transport.exchanges) == 1


def test_a_card_that_says_nothing_of_long_commands_is_not_asked_for_any() -> None:
    transport = Counter(with_portrait("an"))
    sizes = read(transport, "an")
    assert len(transport.exchanges) == PROTOCOLS + floor_commands(sizes, longest_block(256)) + 1
