"""Chips by other people that answer READ BINARY in ways of their own: the exact files, in a sensible number of commands."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import reader
from crypto.errors import ErrorCode
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.tlv import encode_tlv
from emulator.personalise.answer_to_reset import contactless_atr
from reader import errors
from reader.plan import HOSPITAL
from tests.unit.reader_cards import TRUST
from tests.unit.textbook_chip import CAN, TextbookChip, pace_info

Answer = Callable[[bytes, int, int], ResponseApdu | None]
"""What a chip answers: content of the file, offset, Ne; ``None`` for the ordinary."""


def body(size: int) -> bytes:
    return bytes(index * 7 % 251 for index in range(size))


FILES = {
    0x011E: bytes.fromhex(
        "60165f0104303130375f36063034303030305c0461756d77"
    ),  # names DG1, DG2, DG13 and a group too many
    0x011D: encode_tlv(0x77, body(1_500)),
    0x0101: encode_tlv(0x61, body(93)),
    0x0102: encode_tlv(0x75, body(9_000)),
    0x010D: encode_tlv(0x6D, body(332)),
}


class OddChip(TextbookChip):
    """Answers reads by ``answer``; ``most_long`` extended commands work, the next and all later ones are answered 6700."""

    def __init__(self, answer: Answer = lambda content, offset, ne: None, files: dict[int, bytes] = FILES) -> None:
        super().__init__({CAN: b"123456"}, files, encode_tlv(0x31, pace_info()))
        self.answer = answer
        self.most_long: int | None = None
        self.piece_bytes: int | None = None
        self.waiting = b""

    def __enter__(self) -> OddChip:
        return self

    def transmit(self, octets: bytes) -> bytes:
        command = CommandApdu.parse(octets)
        if command.ins == 0xC0:
            return self._piece()
        if command.is_extended and self.messaging is not None and self.most_long is not None:
            if not self.most_long:
                self.messaging = None
                return b"\x67\x00"
            self.most_long -= 1
        self.waiting = super().transmit(octets)
        return self._piece()

    def _piece(self) -> bytes:
        """Response chaining below secure messaging (ISO/IEC 7816-4 §5.3.4)."""
        most = self.piece_bytes or len(self.waiting)
        data, status = self.waiting[:-2], self.waiting[-2:]
        if len(data) <= most:
            return data + status
        self.waiting = data[most:] + status
        return data[:most] + bytes([0x61, min(len(data) - most, 256) & 0xFF])

    def _read(self, command: CommandApdu, data: bytes) -> ResponseApdu:
        if not self.in_application:
            return super()._read(command, data)
        offset = command.p1 << 8 | command.p2
        if command.p1 & 0x80:
            self.selected, offset = 0x0100 | command.p1 & 0x1F, command.p2
        content = self.files.get(self.selected or 0)
        if content is None:
            return ResponseApdu(b"", 0x6A82)
        odd = self.answer(content, offset, command.ne)
        if odd is not None:
            return odd
        block = content[offset : offset + command.ne]
        return ResponseApdu(block, 0x9000 if len(block) == command.ne else 0x6282 if block else 0x6B00)


def read(chip: OddChip) -> tuple[dict[int, bytes], dict[str, ErrorCode], int]:
    """Files as read, why others were not, and the number of commands."""
    outcome = reader.read(chip, reader.CanKey.from_digits("123456"), trust=TRUST, plan=HOSPITAL)
    contents = outcome.reading.document.contents
    kept = {file.fid: content for file, content in contents.items() if file.in_application}
    unread = {file.name: code for file, code in outcome.reading.unread.items() if file.fid not in kept}
    return kept, unread, outcome.link.commands


def shortened_by_16(content: bytes, offset: int, ne: int) -> ResponseApdu:
    return ResponseApdu(content[offset : offset + max(1, ne - 16)], 0x9000)


def more_than_asked(content: bytes, offset: int, ne: int) -> ResponseApdu:
    """DO'97' is not looked at."""
    return ResponseApdu(content[offset : offset + 223], 0x9000)


def half(content: bytes, offset: int, ne: int) -> ResponseApdu:
    return ResponseApdu(content[offset : offset + ne // 2 + 1], 0x6282)


def at_most_15(content: bytes, offset: int, ne: int) -> ResponseApdu:
    return ResponseApdu(content[offset : offset + min(15, ne)], 0x9000)


@pytest.mark.parametrize(
    ("answer", "most_commands"),
    [(shortened_by_16, 160), (more_than_asked, 75), (half, 250), (at_most_15, 800)],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_chips_that_give_other_than_asked(answer: Answer, most_commands: int) -> None:
    kept, unread, commands = read(OddChip(answer))
    assert (kept, unread) == (FILES, {})
    assert commands <= most_commands


@pytest.mark.parametrize("piece_bytes", [256, 100, 17])
def test_protected_answers_in_pieces(piece_bytes: int) -> None:
    chip = OddChip()
    chip.piece_bytes = piece_bytes
    kept, unread, _ = read(chip)
    assert (kept, unread) == (FILES, {})


def long_chip(answer: Answer = lambda content, offset, ne: None) -> OddChip:
    chip = OddChip(answer)
    chip.atr = contactless_atr(extended_length=True)
    return chip


@pytest.mark.parametrize("most_long", [0, 1, 2, 3, 4])
def test_a_chip_that_takes_long_commands_for_a_while(most_long: int) -> None:
    """A bare 6700 ends the channel; the chip is opened again, and at last read in short blocks."""
    chip = long_chip()
    chip.most_long = most_long
    kept, unread, commands = read(chip)
    assert (kept, unread) == (FILES, {})
    assert chip.openings <= 3
    assert commands <= 100


@pytest.mark.parametrize("status", [0x6700, 0x6B00, 0x6F00, 0x6A86, 0x6985, 0x6A80])
@pytest.mark.parametrize("longest", [257, 1_000])
def test_long_blocks_are_refused_in_whatever_words(longest: int, status: int) -> None:
    def refuse(content: bytes, offset: int, ne: int) -> ResponseApdu | None:
        return ResponseApdu(b"", status) if ne > longest else None

    kept, unread, commands = read(long_chip(refuse))
    assert (kept, unread) == (FILES, {})
    assert commands <= 90


def test_a_file_that_ends_before_its_announced_end_is_told_and_the_others_are_read() -> None:
    files = FILES | {0x0102: encode_tlv(0x75, body(9_000))[:-3]}
    kept, unread, commands = read(OddChip(files=files))
    assert unread == {"DG2": errors.SHORT_ANSWER}
    assert set(kept) == set(FILES) - {0x0102}
    assert commands <= 75


@pytest.mark.parametrize("length_bytes", [2, 3, 4])
def test_lengths_in_any_number_of_octets(length_bytes: int) -> None:
    size = 300
    content = bytes([0x6D, 0x80 | length_bytes]) + size.to_bytes(length_bytes, "big") + body(size)
    kept, _, _ = read(OddChip(files=FILES | {0x010D: content + b"\0" * 40}))
    assert kept[0x010D] == content, "and nothing of what lies behind it"
