"""Files come out whole and exact, however a chip ends them; whoever promises more than there is gets a clear error."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.tlv import encode_tlv, parse_tlv
from reader import errors
from reader.block_sizes import BlockSizes
from reader.file_reading import read_file
from reader.lds import files
from reader.link import Link
from reader.progress import ReadingPhase

DG2 = files.data_group(2)


def short(block_bytes: int) -> BlockSizes:
    """A link that carries blocks of that many bytes."""
    return BlockSizes(261, block_bytes + 2)


EndOfFile = Callable[[bytes, int, int], ResponseApdu]


def warns_with_data(content: bytes, offset: int, ne: int) -> ResponseApdu:
    block = content[offset : offset + ne]
    return ResponseApdu(block, 0x9000 if len(block) == ne else 0x6282)


def gives_less(content: bytes, offset: int, ne: int) -> ResponseApdu:
    return ResponseApdu(content[offset : offset + ne], 0x9000)


def says_the_right_length(content: bytes, offset: int, ne: int) -> ResponseApdu:
    rest = len(content) - offset
    return ResponseApdu(b"", 0x6C00 | rest) if rest < ne and rest < 256 else gives_less(content, offset, ne)


def refuses_to_read_past_the_end(content: bytes, offset: int, ne: int) -> ResponseApdu:
    return ResponseApdu(b"", 0x6B00) if offset + ne > len(content) else gives_less(content, offset, ne)


def refuses_by_wrong_length(content: bytes, offset: int, ne: int) -> ResponseApdu:
    return ResponseApdu(b"", 0x6700) if offset + ne > len(content) else gives_less(content, offset, ne)


ENDINGS = [
    warns_with_data,
    gives_less,
    says_the_right_length,
    refuses_to_read_past_the_end,
    refuses_by_wrong_length,
]


class FileServer:
    """A file behind READ BINARY, as ISO/IEC 7816-4 §11.3.3 has it, with one way to end a file."""

    def __init__(self, content: bytes, end: EndOfFile = warns_with_data, *, sfi: bool = True) -> None:
        self.content, self.end, self.sfi = content, end, sfi
        self.selected = False
        self.commands: list[CommandApdu] = []

    def __call__(self, command: CommandApdu) -> ResponseApdu:
        self.commands.append(command)
        if command.ins == 0xA4:
            self.selected = True
            return ResponseApdu(b"", 0x9000)
        if command.ins == 0xB1:
            offset = int.from_bytes(parse_tlv(command.data, 0x54).value, "big")
            return ResponseApdu(encode_tlv(0x53, self.content[offset : offset + command.ne - 4]), 0x9000)
        if command.p1 & 0x80:
            if not self.sfi:
                return ResponseApdu(b"", 0x6A82)
            self.selected = True
            return self.end(self.content, command.p2, command.ne)
        if not self.selected:
            return ResponseApdu(b"", 0x6986)
        return self.end(self.content, command.p1 << 8 | command.p2, command.ne)


@pytest.mark.parametrize("end", ENDINGS, ids=lambda end: end.__name__)
@pytest.mark.parametrize("sfi", [True, False], ids=["by short identifier", "by SELECT only"])
@settings(max_examples=40, deadline=None)
@given(value=st.integers(0, 900).map(lambda size: bytes(size % 256 for size in range(size))), block=st.integers(9, 256))
def test_a_file_comes_out_exactly_however_the_chip_ends_it(end: EndOfFile, sfi: bool, value: bytes, block: int) -> None:
    content = encode_tlv(0x75, value)
    if len(content) < 8:
        content = encode_tlv(0x75, value + bytes(8))  # real files are never shorter than the header probe
    assert read_file(FileServer(content, end, sfi=sfi), DG2, short(block)) == content


def test_what_lies_behind_the_last_octet_is_not_part_of_the_file() -> None:
    content = encode_tlv(0x75, b"content")
    assert read_file(FileServer(content + b"padding of the chip"), DG2, short(100)) == content


def test_offsets_past_32767_use_the_odd_instruction() -> None:
    content = encode_tlv(0x75, bytes(range(256)) * 160)
    chip = FileServer(content)
    assert read_file(chip, DG2, short(223)) == content
    assert {command.ins for command in chip.commands} == {0xB0, 0xB1}


def test_progress_ends_with_everything() -> None:
    told: list[tuple[int, int]] = []
    content = encode_tlv(0x75, bytes(1000))
    read_file(FileServer(content), DG2, short(223), lambda done, total: told.append((done, total)))
    assert told[-1] == (len(content), len(content))
    assert [done for done, _ in told] == sorted(done for done, _ in told)


@pytest.mark.parametrize(
    ("status_word", "code"),
    [
        (0x6A82, errors.FILE_NOT_FOUND),
        (0x6A88, errors.FILE_NOT_FOUND),
        (0x6982, errors.FILE_ACCESS_DENIED),
        (0x6F00, errors.COMMAND_REFUSED),
    ],
)
def test_a_refused_file_says_why(status_word: int, code: object) -> None:
    with pytest.raises(errors.CardStatusError) as caught:
        read_file(lambda command: ResponseApdu(b"", status_word), DG2, short(223))
    assert caught.value.code is code


def test_a_chip_that_announces_gigabytes_is_refused_before_anything_is_read() -> None:
    chip = FileServer(bytes.fromhex("7584FFFFFFFF") + bytes(500))
    with pytest.raises(errors.DocumentError) as caught:
        read_file(chip, DG2, short(223))
    assert caught.value.code is errors.FILE_TOO_LARGE
    assert len(chip.commands) == 1


def test_a_chip_that_stops_giving_is_a_short_answer() -> None:
    chip = FileServer(encode_tlv(0x75, bytes(1000))[:300])
    with pytest.raises(errors.CardStatusError) as caught:
        read_file(chip, DG2, short(223))
    assert caught.value.code in (errors.SHORT_ANSWER, errors.COMMAND_REFUSED)


# ------------------------------------------------------------------------------------------- link
class Wire:
    """A transport that answers with prepared octets or raises."""

    atr = b"\x3b\x00"
    is_emulated = True
    max_command = max_response = 65_544

    def __init__(self, *answers: str | Exception) -> None:
        self.answers = iter(answers)
        self.sent: list[str] = []

    def transmit(self, command: bytes) -> bytes:
        self.sent.append(command.hex())
        answer = next(self.answers)
        if isinstance(answer, Exception):
            raise answer
        return bytes.fromhex(answer)

    def reset(self) -> None: ...


SELECT = CommandApdu(0x00, 0xA4, 0x04, 0x0C, files.EMRTD_AID)
READ = CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=256)


def test_response_chaining_is_collected_into_one_answer() -> None:
    wire = Wire("0102 6102", "0304 6101", "05 9000")
    answer = Link(wire).exchange(READ)
    assert answer.data.hex() == "0102030405"
    assert answer.is_success
    assert wire.sent[1:] == ["00c0000002", "00c0000001"]


def test_a_chip_that_chains_without_end_is_stopped() -> None:
    with pytest.raises(errors.TransportError):
        Link(Wire(*["00" * 256 + "6100"] * 300)).exchange(READ)


def test_a_chip_that_chains_nothing_is_stopped() -> None:
    with pytest.raises(errors.TransportError):
        Link(Wire(*["6100"] * 300)).exchange(READ)


def test_a_wrong_length_is_asked_again_with_the_right_one() -> None:
    wire = Wire("6C04", "01020304 9000")
    assert Link(wire).exchange(READ).data.hex() == "01020304"
    assert wire.sent[1] == "00b0000004"


def test_a_protected_command_is_never_sent_twice() -> None:
    """It would use the same send sequence counter for two answers."""
    wire = Wire("6C04")
    answer = Link(wire).exchange(CommandApdu(0x0C, 0xB0, 0x00, 0x00, b"\x97\x01\x00", ne=256))
    assert str(answer.sw) == "6C04"
    assert len(wire.sent) == 1


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (ConnectionResetError(), errors.CARD_REMOVED),
        (OSError(), errors.CARD_REMOVED),
        (TimeoutError(), errors.CARD_MUTE),
        (errors.TransportError(errors.CARD_IN_USE), errors.CARD_IN_USE),
    ],
)
def test_a_broken_link_has_a_code_of_its_own(failure: Exception, code: object) -> None:
    with pytest.raises(errors.TransportError) as caught:
        Link(Wire(failure)).exchange(SELECT)
    assert caught.value.code is code


def test_an_answer_without_status_word_is_a_broken_link() -> None:
    with pytest.raises(errors.TransportError):
        Link(Wire("90")).exchange(SELECT)


def test_cancelling_stops_before_the_next_command() -> None:
    cancel = threading.Event()
    wire = Wire("9000")
    link = Link(wire, cancel)
    link.exchange(SELECT)
    cancel.set()
    with pytest.raises(errors.Cancelled):
        link.exchange(READ)
    assert len(wire.sent) == 1


def test_commands_and_bytes_are_counted_and_time_is_booked_by_phase() -> None:
    ticks = iter([0.0, 1.0, 3.0, 6.0, 10.0, 15.0])
    link = Link(Wire("9000", "01 9000"), clock=lambda: next(ticks))
    with link.phase(ReadingPhase.CONNECTING):
        link.exchange(SELECT)
        with link.phase(ReadingPhase.ACCESS_CONTROL):
            link.exchange(READ)
    assert (link.statistics.commands, link.statistics.bytes_received) == (2, 5)
    assert link.statistics.bytes_sent == len(SELECT.encode()) + len(READ.encode())
    assert link.timing_ms == {"connecting": 1000.0 + 3000.0, "access_control": 2000.0}
