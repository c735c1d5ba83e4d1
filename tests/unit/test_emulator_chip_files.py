"""Every legal way to select and read works, and the ends of files behave as ISO/IEC 7816-4 or the profile says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.cards import card, chip_content
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipBehaviour, ChipContent, ElementaryFile, EndOfFile, TooLongRead
from emulator.personalise.answer_to_reset import contactless_atr
from tests.unit.emulator_terminal import Terminal, opened

LONG = bytes(i * 7 % 251 for i in range(40_000))
SHORT = bytes(range(100))
FILES = (
    ElementaryFile(0x011C, SHORT, 0x1C, AccessCondition.ALWAYS),
    ElementaryFile(0x0199, LONG, None, AccessCondition.ALWAYS),
)


def chip(**behaviour: object) -> Terminal:
    """A chip whose two open files lie in the master file."""
    return Terminal(VirtualCard(ChipContent(master_files=FILES, behaviour=ChipBehaviour(**behaviour))))  # type: ignore[arg-type]


def test_master_file_by_all_its_names() -> None:
    terminal = chip()
    for way in ("00A4000C", "00A4000C023F00", "00A4000000", "00A40000023F0000", "00A4040C"):
        assert terminal.raw("00A4040C07A0000002471001") == "9000"
        assert terminal.raw("00B09C0001") == "6A82", way
        assert terminal.raw(way) == "9000", way
        assert terminal.raw("00B09C0001") == "9000", way
    terminal.raw("00A4040C07A0000002471001")
    assert terminal.raw("00A4030C") == "9000"  # the parent
    assert terminal.raw("00A4030C") == "6A82"  # the master file has none


@pytest.mark.parametrize("status", [0x6D00, 0x6982, 0x6A81])
def test_refused_master_file_leaves_the_selection_alone(status: int) -> None:
    terminal = chip(master_file_status=status)
    assert terminal.raw("00A4020C02011C") == "9000"
    for way in ("00A4000C023F00", "00A4000C", "00A4040C"):
        assert terminal.raw(way) == f"{status:04X}"
    assert terminal.plain("00B0000001") == (b"\0", "9000")


def test_the_citizen_card_refuses_the_master_file_and_gives_card_access_directly() -> None:
    terminal = Terminal(card("an"))
    assert terminal.raw("00A4000C023F00") == "6D00"
    assert terminal.raw("00A4020C02011C") == "9000"
    assert terminal.plain("00B0000000")[0].hex() == (
        "3134300d060804007f0007020202020101300f060a04007f000702020302020201013012060a04007f0007020204020202010202010d"
    )


def test_application_by_full_and_cut_name_with_control_information() -> None:
    terminal = chip()
    assert terminal.plain("00A4040007A000000247100100") == (bytes.fromhex("6F098407A0000002471001"), "9000")
    assert terminal.plain("00A4040407A000000247100100") == (bytes.fromhex("62098407A0000002471001"), "9000")
    assert terminal.plain("00A4040005A00000024700")[1] == "9000"  # cut on the right
    assert terminal.raw("00A4040C06A00000024710") == "9000"
    assert terminal.raw("00A4040204A0000002") == "6A82"  # "next" of a single one
    assert terminal.raw("00A4040C07A0000002471002") == "6A82"
    assert terminal.raw("00A4040C08A000000247100100") == "6A82"
    assert terminal.raw("00A40410") == "6A86"
    assert terminal.raw("00A4050C02011C") == "6A86"


def test_files_by_identifier_path_and_current_directory() -> None:
    terminal = chip()
    for way in ("00A4000C02011C", "00A4020C02011C", "00A4080C02011C", "00A4090C02011C"):
        assert terminal.raw("00A4020C020199") == "9000"
        assert terminal.raw(way) == "9000", way
        assert terminal.plain("00B0000003") == (SHORT[:3], "9000"), way
    assert terminal.plain("00A4020002011C00")[0] == bytes.fromhex(
        "6F0F 8003000064 820101 8302011C 8801E0".replace(" ", "")
    )
    assert terminal.raw("00A4020C02011D") == "6A82"
    assert terminal.raw("00A4020C01") in ("6700", "6A87")
    assert terminal.raw("00A4020C0101") == "6A87"
    assert terminal.raw("00A4010C020100") == "6A82"


def test_sfi_reads_backwards_then_the_current_file_is_that_one() -> None:
    terminal = chip()
    terminal.raw("00A4020C020199")
    for offset in reversed(range(len(SHORT))):
        assert terminal.plain(f"00B09C{offset:02X}01") == (SHORT[offset : offset + 1], "9000")
    assert terminal.plain("00B0000A02") == (SHORT[10:12], "9000")
    assert terminal.raw("00B09F0000") == "6A86"
    assert terminal.raw("00B0FC0000") == "6A86"
    assert terminal.raw("00B0850000") == "6A82"


def test_no_current_file_no_le_and_data_where_none_belongs() -> None:
    terminal = chip()
    assert terminal.raw("00B0000000") == "6986"
    terminal.raw("00A4020C02011C")
    assert terminal.raw("00B00000") == "6700"
    assert terminal.raw("00B0000001AA00") == "6700"


@given(offset=st.integers(0, 32_767), count=st.integers(1, 2_000), extended=st.booleans())
@settings(max_examples=60, deadline=None)
def test_any_offset_and_length_reads_that_part(offset: int, count: int, extended: bool) -> None:
    terminal = chip()
    terminal.raw("00A4020C020199")
    if count > 256 or extended:
        data, status = terminal.plain(f"00B0{offset:04X}00{count:04X}")
    else:
        data, status = terminal.plain(f"00B0{offset:04X}{count & 0xFF:02X}")
    assert (data, status) == (LONG[offset : offset + count], "9000")


@pytest.mark.parametrize("offset", [0, 32_766, 32_768, 39_990, 39_999])
def test_odd_instruction_reaches_the_whole_file(offset: int) -> None:
    terminal = chip()
    terminal.raw("00A4020C020199")
    command = encode_tlv(0x54, offset.to_bytes(3, "big")).hex()
    for reference in ("0000", "0199"):
        data, status = terminal.plain(f"00B1{reference}05{command}00")
        assert status == "9000"
        assert len(data) <= 256
        part = parse_tlv(data, 0x53).value
        assert part
        assert LONG[offset:].startswith(part)
    assert terminal.raw("00B1001C0354010000") == "9000"  # by short identifier
    assert terminal.raw("00B1001C0354016400") == "6B00"
    assert terminal.raw("00B1001C0355016400") == "6A80"
    assert chip(odd_read=False).raw("00B1001C0354010000") == "6D00"


@pytest.mark.parametrize(
    ("habit", "expected"),
    [
        (EndOfFile.WARNING, (SHORT[96:], "6282")),
        (EndOfFile.SILENT, (SHORT[96:], "9000")),
        (EndOfFile.OUTSIDE, (b"", "6B00")),
        (EndOfFile.CORRECT_LENGTH, (b"", "6C04")),
    ],
)
def test_end_of_file(habit: EndOfFile, expected: tuple[bytes, str]) -> None:
    terminal = chip(end_of_file=habit)
    terminal.raw("00A4020C02011C")
    assert terminal.plain("00B0006010") == expected
    assert terminal.plain("00B0006004") == (SHORT[96:], "9000")
    assert terminal.plain("00B0006000") == (SHORT[96:], "9000")  # Le 00: as much as there is
    assert terminal.raw("00B0006401") == "6B00"
    assert terminal.raw("00B0006500") == "6B00"


def test_extended_length_only_where_it_is_offered() -> None:
    terminal = chip(extended_length=False)
    assert terminal.raw("00A4020C02011C") == "9000"
    assert terminal.raw("00B00000000010") == "6700"
    assert chip().raw("00A4020C00000201990000") == "9000"
    terminal = chip()
    terminal.raw("00A4020C020199")
    assert terminal.plain("00B00000000000") == (LONG, "9000")
    terminal = chip(max_response_data=512)
    terminal.raw("00A4020C020199")
    assert terminal.plain("00B00000000000") == (LONG[:512], "9000")
    assert terminal.plain("00B00000000201") == (LONG[:512], "9000")
    terminal = chip(max_response_data=512, too_long_read=TooLongRead.REFUSED)
    terminal.raw("00A4020C020199")
    assert terminal.raw("00B00000000201") == "6700"


def test_protected_answers_stay_within_a_short_apdu() -> None:
    terminal = opened()
    image = next(file.content for file in chip_content("an").application_files if file.identifier == 0x0102)
    assert terminal.send("00A4020C", b"\x01\x02")[1] == "9000"
    data, status = terminal.send("00B00000", le=b"\0")
    assert (data, status) == (image[:223], "9000")  # 223 of AES: the most that fits 256 with DO'87', DO'99', DO'8E'
    # Ne is a maximum: terminals that count what comes ask for 224 and more, and real AES chips answer with what fits
    assert terminal.send("00B00000", le=b"\xe0") == (image[:223], "9000")
    assert terminal.send("00B00000", le=b"\xff") == (image[:223], "9000")
    assert terminal.send("00B00000", le=b"\0\0", extended=True) == (image, "9000")
    assert terminal.send("00B10102", b"\x54\x02\x10\x00", b"\0")[0][:3].hex() == "5381dc"


@pytest.mark.parametrize("left", [1, 222, 223, 224, 239, 255])
@pytest.mark.parametrize("habit", EndOfFile)
def test_a_too_long_le_is_the_end_of_file_only_where_the_file_ends(left: int, habit: EndOfFile) -> None:
    """Capacity and end of file are told apart: with 224 bytes left a protected answer of AES carries 223, 9000."""
    terminal = opened(behaviour=ChipBehaviour(end_of_file=habit))
    image = next(file.content for file in chip_content("an").application_files if file.identifier == 0x0102)
    assert terminal.send("00A4020C", b"\x01\x02")[1] == "9000"
    offset = len(image) - left
    data, status = terminal.send(f"00B0{offset:04X}", le=b"\xff")
    if left > 222:
        assert (data, status) == (image[offset : offset + 223], "9000")
    else:
        expected = {"6282": (image[offset:], "6282"), "9000": (image[offset:], "9000"), "6B00": (b"", "6B00")}
        assert (data, status) == expected.get(habit.value, (b"", f"6C{left:02X}"))


def test_the_longest_answer_is_the_one_that_ef_atr_info_announces() -> None:
    content = ChipContent(master_files=(ElementaryFile(0x0199, bytes(70_000), None, AccessCondition.ALWAYS),))
    terminal = Terminal(VirtualCard(content))
    terminal.raw("00A4020C020199")
    data, status = terminal.plain("00B00000000000")
    assert (len(data) + 2, status) == (0xFFFF, "9000")


@pytest.mark.parametrize(
    ("cla", "status"),
    [("80", "6E00"), ("FF", "6E00"), ("01", "6881"), ("40", "6881"), ("04", "6882"), ("08", "6882"), ("20", "6E00")],
)
def test_class_bytes(cla: str, status: str) -> None:
    assert chip().raw(f"{cla}A4000C023F00") == status
    assert chip().raw("10A4000C023F00") == "6884"


def test_writing_is_unknown() -> None:
    terminal = chip()
    terminal.raw("00A4020C02011C")
    for ins in ("D0", "D6", "D7", "0E", "DA", "E0", "E4", "2A", "20", "24", "CA", "CB", "B2"):
        assert terminal.raw(f"00{ins}00000141") == "6D00"


@pytest.mark.parametrize("extended", [False, True])
def test_answer_to_reset_is_well_formed(extended: bool) -> None:
    atr = contactless_atr(extended_length=extended)
    assert atr[:4] == bytes([0x3B, 0x80 | len(atr) - 5, 0x80, 0x01])  # T=0 announced first, then T=1
    check = 0
    for byte in atr[1:]:
        check ^= byte
    assert check == 0
    assert bool(atr[-2] & 0x40) is extended
