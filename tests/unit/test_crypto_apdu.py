"""Command and response APDUs: the seven cases of ISO/IEC 7816-3 §12.1.3, and status words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.errors import WireError
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord

HEADER = "00b08405"
SEVEN_CASES = [
    ("1", CommandApdu(0x00, 0xB0, 0x84, 0x05), HEADER),
    ("2S", CommandApdu(0x00, 0xB0, 0x84, 0x05, ne=4), HEADER + "04"),
    ("2S, most", CommandApdu(0x00, 0xB0, 0x84, 0x05, ne=256), HEADER + "00"),
    ("3S", CommandApdu(0x00, 0xB0, 0x84, 0x05, b"\xaa\xbb"), HEADER + "02aabb"),
    ("4S", CommandApdu(0x00, 0xB0, 0x84, 0x05, b"\xaa\xbb", ne=256), HEADER + "02aabb00"),
    ("2E", CommandApdu(0x00, 0xB0, 0x84, 0x05, ne=257, extended=True), HEADER + "000101"),
    ("2E, most", CommandApdu(0x00, 0xB0, 0x84, 0x05, ne=65_536, extended=True), HEADER + "000000"),
    ("2E, small", CommandApdu(0x00, 0xB0, 0x84, 0x05, ne=4, extended=True), HEADER + "000004"),
    ("3E", CommandApdu(0x00, 0xB0, 0x84, 0x05, b"\xaa", extended=True), HEADER + "000001aa"),
    ("4E", CommandApdu(0x00, 0xB0, 0x84, 0x05, b"\xaa", ne=65_536, extended=True), HEADER + "000001aa0000"),
    ("4E, small", CommandApdu(0x00, 0xB0, 0x84, 0x05, b"\xaa", ne=1, extended=True), HEADER + "000001aa0001"),
]


@pytest.mark.parametrize(("case", "command", "octets"), SEVEN_CASES)
def test_each_case_is_written_and_read_as_the_standard_says(case: str, command: CommandApdu, octets: str) -> None:
    assert command.encode().hex() == octets, case
    assert CommandApdu.parse(bytes.fromhex(octets)) == command, case


@given(st.binary(max_size=700))
def test_arbitrary_octets_parse_to_themselves_or_raise_only_a_wire_error(octets: bytes) -> None:
    try:
        command = CommandApdu.parse(octets)
    except WireError:
        return
    assert command.encode() == octets


BYTE = st.integers(0, 255)


@given(BYTE, BYTE, BYTE, BYTE, st.binary(max_size=400), st.integers(0, 65_536), st.booleans())
def test_every_command_comes_back(cla: int, ins: int, p1: int, p2: int, data: bytes, ne: int, extended: bool) -> None:
    command = CommandApdu(cla, ins, p1, p2, data, ne, extended)
    back = CommandApdu.parse(command.encode())
    assert (back.header, back.data, back.ne) == (command.header, data, ne)
    if data or ne:  # a bare header has no length field that could tell
        assert back.is_extended == command.is_extended


def test_the_longest_command_and_answer_are_possible_and_longer_ones_are_refused() -> None:
    longest = CommandApdu(0, 0xD6, 0, 0, bytes(65_535), 65_536)
    assert len(longest.encode()) == 4 + 3 + 65_535 + 2
    assert CommandApdu.parse(longest.encode()).data == bytes(65_535)
    with pytest.raises(WireError):
        CommandApdu(0, 0xD6, 0, 0, bytes(65_536))
    with pytest.raises(WireError):
        CommandApdu(0, 0xB0, 0, 0, ne=65_537)
    with pytest.raises(WireError):
        CommandApdu(0, 0xB0, 0, 0, ne=-1)


@pytest.mark.parametrize("header", [(256, 0, 0, 0), (0, -1, 0, 0), (0, 0, 999, 0), (0, 0, 0, 256)])
def test_a_header_byte_out_of_range_is_refused(header: tuple[int, int, int, int]) -> None:
    with pytest.raises(WireError):
        CommandApdu(*header)


def test_long_data_or_a_long_answer_make_a_command_extended_by_themselves() -> None:
    assert not CommandApdu(0, 0xA4, 4, 12, bytes(255), 256).is_extended
    assert CommandApdu(0, 0xA4, 4, 12, bytes(256)).is_extended
    assert CommandApdu(0, 0xB0, 0, 0, ne=257).is_extended


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "00",
        "00b000",
        HEADER + "0000",  # half a length field
        HEADER + "02aa",  # less data than announced
        HEADER + "02aabb0000",  # two octets of Le in a short command
        HEADER + "000000aa",  # extended Lc of zero
        HEADER + "000001aa00",  # one octet of Le in an extended command
        HEADER + "000002aa",
        HEADER + "000001aa000000",
    ],
)
def test_a_malformed_command_is_refused(octets: str) -> None:
    with pytest.raises(WireError):
        CommandApdu.parse(bytes.fromhex(octets))


@given(st.binary(max_size=300), st.integers(0, 0xFFFF))
def test_every_answer_comes_back(data: bytes, sw: int) -> None:
    answer = ResponseApdu.parse(ResponseApdu(data, sw).encode())
    assert (answer.data, answer.sw) == (data, sw)
    assert answer.is_success is (sw == 0x9000)


@pytest.mark.parametrize("octets", [b"", b"\x90"])
def test_an_answer_without_a_status_word_is_refused(octets: bytes) -> None:
    with pytest.raises(WireError):
        ResponseApdu.parse(octets)


def test_nothing_of_the_data_is_printed() -> None:
    assert repr(CommandApdu(0x0C, 0xB0, 0, 4, b"secret", 256)) == "CommandApdu(0C B0 00 04, 6 bytes, ne=256)"
    assert repr(ResponseApdu(b"secret", 0x6282)) == "ResponseApdu(6 bytes, 6282)"


def test_a_status_word_prints_as_everybody_writes_it() -> None:
    assert f"{StatusWord(0x6A82)} {StatusWord(0x6A82)!r} {StatusWord(0x0001)}" == "6A82 6A82 0001"


@pytest.mark.parametrize(
    ("sw", "warning", "more", "ne", "tries"),
    [
        (0x9000, False, None, None, None),
        (0x6282, True, None, None, None),
        (0x6300, True, None, None, None),
        (0x63C0, True, None, None, 0),
        (0x63C2, True, None, None, 2),
        (0x63CF, True, None, None, 15),
        (0x6100, False, 0, None, None),
        (0x6110, False, 16, None, None),
        (0x6C00, False, None, 256, None),
        (0x6C1A, False, None, 26, None),
        (0x6982, False, None, None, None),
    ],
)
def test_a_status_word_tells_what_it_carries(
    sw: int, warning: bool, more: int | None, ne: int | None, tries: int | None
) -> None:
    # ISO/IEC 7816-4 §5.6, tables 5 and 6
    word = StatusWord(sw)
    assert (word.is_warning, word.more_available, word.correct_ne, word.tries_left) == (warning, more, ne, tries)
    assert word.is_success is (sw == 0x9000)
