"""Nothing personal leaves a chip before access control, and little afterwards that should not."""

from __future__ import annotations

import dataclasses
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.pace.parameters import pace_protocols
from emulator.cards import card, chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from emulator.personalise.mrz import mrz_information
from tests.unit.emulator_terminal import (
    CAN,
    MRZ,
    SELECT_APPLICATION,
    SPECS,
    RefusedError,
    Terminal,
    generic_mapping,
    opened,
)

GM_AES128 = generic_mapping(2)


def every_way_to_read(identifier: int, short: int | None) -> list[str]:
    """Commands that would show something of a file if it were open."""
    fid = f"{identifier:04X}"
    ways = [f"00A402{p2}02{fid}{le}" for p2 in ("0C", "00", "04", "08") for le in ("", "00")]
    ways += [f"00A400{p2}02{fid}{le}" for p2 in ("0C", "00", "04") for le in ("", "00")]
    ways += [f"00A408{p2}02{fid}00" for p2 in ("0C", "00")] + [f"00A409{p2}02{fid}00" for p2 in ("0C", "00")]
    ways += ["00B0000000", "00B0000001", "00B00000000000", f"00B1{fid}0354010000", "00B100000354010000"]
    if short is not None:
        ways += [f"00B0{0x80 | short:02X}0000", f"00B100{short:02X}0354010000"]
    return ways


@pytest.mark.parametrize("name", ["an", "bac-only", "can-cuoc-2024"])
@pytest.mark.parametrize("in_application", [False, True])
def test_nothing_of_the_application_is_readable_before_access_control(name: str, in_application: bool) -> None:
    content = dataclasses.replace(chip_content(name), master_files=())  # so that no answer can come from there
    terminal = Terminal(VirtualCard(content))
    if in_application:
        terminal.select_application()
    for file in chip_content(name).application_files:
        for way in every_way_to_read(file.identifier, file.short_identifier):
            data, status = terminal.plain(way)
            assert data == b"", way
            assert status[:2] in ("69", "6A"), (way, status)


def test_master_file_data_is_open_and_nothing_else() -> None:
    terminal = Terminal(card("an"))
    expected = {file.identifier: file.content for file in chip_content("an").master_files}
    assert set(expected) == {0x011C, 0x2F01}
    for identifier, content in expected.items():
        assert terminal.raw(f"00A4020C02{identifier:04X}") == "9000"
        assert terminal.plain("00B0000000") == (content, "9000")


def test_after_pace_everything_but_the_fingerprints_is_readable() -> None:
    terminal = opened()
    for file in chip_content("an").application_files:
        status = terminal.send("00A4020C", file.identifier.to_bytes(2, "big"))[1]
        if file.identifier in (0x0103, 0x0104):
            assert status == "6982"
            assert terminal.send(f"00B0{0x80 | file.identifier & 0x1F:02X}00", le=b"\0") == (b"", "6982")
        else:
            assert status == "9000"
            assert terminal.read_selected(len(file.content), step=223) == file.content


def test_plain_read_after_pace_is_refused_and_ends_the_session() -> None:
    terminal = opened()
    assert terminal.send("00A4020C", b"\x01\x01")[1] == "9000"
    assert terminal.plain("00B0000004") == (b"", "6982")
    assert terminal.channel is not None
    assert terminal.card.transmit(terminal.channel.wrap(bytes.fromhex("00B00000"), le=b"\x04"))[-2:].hex() == "6988"


@pytest.mark.parametrize("what", ["MAC", "counter", "no MAC", "garbage", "unknown object", "indicator", "replay"])
def test_an_error_in_secure_messaging_ends_the_session_in_plain_words(what: str) -> None:
    terminal = opened()
    channel = terminal.channel
    assert channel is not None
    good = channel.wrap(bytes.fromhex("00A4020C"), b"\x01\x01")
    expected = "6988"
    if what == "MAC":
        bad = good[:-2] + bytes([good[-2] ^ 1]) + b"\0"
    elif what == "counter":
        channel.counter += 1
        bad = channel.wrap(bytes.fromhex("00A4020C"), b"\x01\x01")
    elif what == "no MAC":
        bad, expected = good[:4] + bytes([good[4] - 10]) + good[5:-11] + b"\0", "6987"
    elif what == "garbage":
        bad = good[:5] + bytes(len(good) - 6) + b"\0"
    elif what == "unknown object":
        bad = good[:4] + bytes([good[4] + 2]) + b"\x99\0" + good[5:]
    elif what == "indicator":
        bad = good.replace(b"\x87\x11\x01", b"\x87\x11\x02")
    else:
        channel.unwrap(terminal.card.transmit(good))
        bad = good
    assert terminal.card.transmit(bad).hex() == expected
    channel.counter = 0
    assert terminal.card.transmit(channel.wrap(bytes.fromhex("00B08100"), le=b"\0")).hex() == "6988"
    assert terminal.raw("00B0810000") == "6982"


def test_refusals_inside_a_session_are_protected_and_leave_it_running() -> None:
    terminal = opened()
    assert terminal.send("00A4020C", b"\x01\x0a")[1] == "6A82"
    assert terminal.send("00B07FFF", le=b"\0")[1] == "6986"
    assert terminal.send("00D60000", b"x")[1] == "6D00"
    assert terminal.send("00A4020C", b"\x01\x01")[1] == "9000"
    assert terminal.send("00B07FFF", le=b"\0")[1] == "6B00"
    assert terminal.send("00B00000", le=b"\x02") == (b"\x61\x5d", "9000")


def test_bac_then_session_then_bac_again() -> None:
    information = mrz_information(SPECS["bac-only"].mrz).encode()
    terminal = Terminal(card("bac-only"))
    terminal.select_application()
    terminal.bac(information)
    assert terminal.send("00B08100", le=b"\x05")[0] == bytes.fromhex("615D5F1F5A")
    terminal.channel = None  # the terminal forgets; its next plain command ends the session
    with pytest.raises(RefusedError, match="6300"):
        terminal.bac(b"000000000000000000000000")
    terminal.bac(information)
    assert terminal.send("00B08100", le=b"\x05")[0] == bytes.fromhex("615D5F1F5A")


def test_a_bac_challenge_serves_once() -> None:
    terminal = Terminal(card("an"))
    terminal.select_application()
    assert terminal.raw("0082000028" + "00" * 40 + "28") == "6985"
    assert len(terminal.plain("0084000008")[0]) == 8
    assert terminal.raw("0082000028" + "00" * 40 + "28") == "6300"
    assert terminal.raw("0082000028" + "00" * 40 + "28") == "6985"
    assert terminal.raw("0084000007") == "6700"


def test_a_challenge_does_not_outlive_its_session() -> None:
    terminal = opened()
    challenge, status = terminal.send("00840000", le=b"\x08")
    assert (len(challenge), status) == (8, "9000")
    assert terminal.raw("0082000028" + bytes(40).hex() + "28") == "6985"


def test_bac_inside_a_pace_session_is_refused() -> None:
    terminal = opened()
    assert len(terminal.send("00840000", le=b"\x08")[0]) == 8
    assert terminal.send("00820000", bytes(40), b"\x28") == (b"", "6985")


def test_pace_runs_again_inside_its_own_session_and_replaces_the_keys() -> None:
    terminal = opened()
    first = terminal.channel
    terminal.pace(GM_AES128, 13, MRZ, mrz_information(SPECS["an"].mrz).encode())
    assert terminal.channel is not first
    assert terminal.send("00B08100", le=b"\x02")[0] == b"\x61\x5d"


@pytest.mark.parametrize(
    ("name", "arc", "parameter_id"), [("an", 2, 13), ("tdes-pace", 1, 12), ("aes256", 4, 17), ("aes256", 2, 13)]
)
@pytest.mark.parametrize("password", [CAN, MRZ])
def test_pace_opens_every_offered_suite_and_wrong_passwords_do_not(
    name: str, arc: int, parameter_id: int, password: int
) -> None:
    protocol = generic_mapping(arc)
    spec = SPECS[name]
    secret = spec.can.encode() if password == CAN else mrz_information(spec.mrz).encode()
    terminal = Terminal(card(name))
    with pytest.raises(RefusedError, match="6300"):
        terminal.pace(protocol, parameter_id, password, secret[:-1] + b"x")
    terminal.pace(protocol, parameter_id, password, secret)
    terminal.select_application()
    assert terminal.send("00B08100", le=b"\x02")[0] == b"\x61\x5d"


def test_unknown_protocols_passwords_and_parameters_are_named() -> None:
    terminal = Terminal(card("an"))
    for protocol in pace_protocols():
        if protocol is not GM_AES128:
            with pytest.raises(RefusedError, match="6A80"):
                terminal.pace(protocol, 13, CAN, b"000017")
    for password in (0, 3, 4, 9):
        with pytest.raises(RefusedError, match="6A88"):
            terminal.pace(GM_AES128, 13, password, b"000017")
    with pytest.raises(RefusedError, match="6A88"):
        terminal.pace(GM_AES128, 12, CAN, b"000017")
    with pytest.raises(RefusedError, match="6D00"):
        Terminal(VirtualCard(ChipContent())).pace(GM_AES128, 13, CAN, b"000017")


def test_steps_of_pace_out_of_order_end_the_run() -> None:
    start = "0022C1A40F800A04007F00070202040202830102"
    terminal = Terminal(card("an"))
    assert terminal.raw("10860000027C0000") == "6985"  # no MSE:Set AT
    assert terminal.raw(start) == "9000"
    assert terminal.raw("10860000047C02810000") == "6A80"  # mapping before nonce
    assert terminal.raw("10860000027C0000") == "6985"  # the run is over
    assert terminal.raw(start) == "9000"
    assert terminal.raw("00860000027C0000") == "6985"  # not chained
    assert terminal.raw(start) == "9000"
    assert terminal.raw("10860000027C0000") == "9000"
    assert terminal.raw("00A4020C02011C") == "9000"  # another command breaks the chain
    assert terminal.raw("1086000045" + "7C438141" + "04" + "00" * 64 + "00") == "6985"
    assert terminal.raw(start) == "9000"
    assert terminal.raw("10860000027C0000") == "9000"
    assert terminal.raw("1086000045" + "7C438141" + "04" + "00" * 64 + "00") == "6A80"  # no point of the curve


def test_reset_and_power_forget_everything() -> None:
    for forget in (VirtualCard.reset, VirtualCard.power_on):
        terminal = opened()
        assert isinstance(terminal.card, VirtualCard)
        forget(terminal.card)
        assert terminal.raw("00B09E0000") == "6A82"  # the master file is current again
        assert terminal.raw("00A4040C07A0000002471001") == "9000"
        assert terminal.raw("00B09E0000") == "6982"
    terminal.card.power_off()
    assert terminal.raw("00A4040C07A0000002471001") == "6F00"


INSTRUCTIONS = st.sampled_from([0xA4, 0xB0, 0xB1, 0x84, 0x82, 0x22, 0x86, 0x88, 0x2A, 0x2C, 0x44, 0xD6])
COMMANDS = st.one_of(
    st.binary(max_size=80),
    st.builds(
        lambda cla, ins, p1, p2, body: bytes([cla, ins, p1, p2]) + body,
        st.sampled_from([0x00, 0x0C, 0x10, 0x1C, 0x04, 0x80]),
        INSTRUCTIONS,
        st.sampled_from([0x00, 0x02, 0x04, 0x08, 0x41, 0x80, 0x81, 0x9E, 0xC1]),
        st.sampled_from([0x00, 0x0C, 0xA4, 0xA6]),
        st.one_of(
            st.binary(max_size=40),
            st.binary(max_size=60).map(lambda data: bytes([len(data)]) + data + b"\0" if data else b"\0"),
        ),
    ),
    st.just(SELECT_APPLICATION),
    st.just(bytes.fromhex("0084000008")),
    st.just(bytes.fromhex("0022C1A40F800A04007F00070202040202830102")),
    st.just(bytes.fromhex("0022C1A40F800A04007F00070202040202830103")),
    st.just(bytes.fromhex("1022C1A405800A04007F")),
    st.just(bytes.fromhex("002C020306313233343536")),
    st.just(bytes.fromhex("10860000027C0000")),
)


@settings(max_examples=70, deadline=None)
@given(st.lists(COMMANDS, max_size=12), st.booleans(), st.sampled_from(["an", "pin-puk"]))
def test_no_octets_make_the_chip_raise_or_fall_silent(commands: list[bytes], with_session: bool, name: str) -> None:
    terminal = opened(name) if with_session else Terminal(card(name))
    for command in commands:
        answer = terminal.card.transmit(command)
        assert len(answer) >= 2
        assert answer[-2] in (0x90, 0x62, 0x63, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E)
    personal = chip_content(name).application_files
    joined = b"".join(terminal.card.transmit(command) for command in commands)
    assert not any(file.content[:20] in joined for file in personal)


@settings(max_examples=30, deadline=None)
@given(
    st.binary(min_size=1, max_size=120),
    st.sampled_from(["0022C1A4", "1022C1A4", "002241A4", "002241A6", "00860000", "002C0203", "00880000"]),
)
def test_no_data_inside_a_session_ends_it(data: bytes, header: str) -> None:
    terminal = opened()
    status = terminal.send(header, data, b"\0")[1]  # unwrap checks MAC and status
    assert status[0] == "6" or header in ("00880000", "1022C1A4")  # a part of a chain is taken as it is
    assert terminal.send("00B08100", le=b"\x02")[0] == b"\x61\x5d"


def test_randomness_is_the_operating_systems_unless_it_is_given() -> None:
    drawn: list[int] = []

    def counting(count: int) -> bytes:
        drawn.append(count)
        return os.urandom(count)

    terminal = Terminal(card("an", random_bytes=counting))
    terminal.pace(GM_AES128, 13, CAN, b"000017")
    assert drawn[0] == 16
    assert set(drawn[1:]) == {32}  # a scalar out of range is drawn again
