"""Secure messaging on the chip: every case of command, errors inside and about it, and chips with other habits.

Doc 9303-11 §9.8; TR-03110-3 §E; ISO/IEC 7816-4 §10.
"""

from __future__ import annotations

import pytest

from crypto.primitives.block_cipher import encrypt_cbc
from crypto.primitives.padding import pad
from crypto.primitives.secret import Secret
from crypto.wire.tlv import encode_tlv
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipBehaviour, ChipContent, ElementaryFile, PaceOffer, UnprotectedErrors
from emulator.chip.passwords import Pin
from tests.unit.emulator_terminal import CAN, PIN, RefusedError, Terminal, generic_mapping

LONG = bytes(range(256)) * 200
BEHIND_PACE = ElementaryFile(0x0101, LONG, 1, AccessCondition.PACE)
NEVER = ElementaryFile(0x0103, b"fingers", 3, AccessCondition.FINGERPRINTS)
ARCS = {"3DES": 1, "AES-128": 2, "AES-192": 3, "AES-256": 4}


def session(cipher: str = "AES-128", *, behaviour: ChipBehaviour | None = None, password: int = CAN) -> Terminal:
    protocol = generic_mapping(ARCS[cipher])
    content = ChipContent(
        master_files=(BEHIND_PACE, NEVER),
        can=Secret(b"123456"),
        pin=Pin(Secret(b"654321")),
        pace=(PaceOffer(protocol, 12),),
        behaviour=behaviour or ChipBehaviour(),
    )
    terminal = Terminal(VirtualCard(content))
    terminal.pace(protocol, 12, password, b"654321" if password == PIN else b"123456")
    return terminal


every_cipher = pytest.mark.parametrize("cipher", ARCS)


# -- every case of command --------------------------------------------------------------------------------------------


@every_cipher
def test_every_case_of_command_runs_and_the_counter_never_slips(cipher: str) -> None:
    """Cases 1 to 4, short and extended, with even and odd instructions, refused ones in between."""
    terminal = session(cipher, password=PIN)
    for extended in (False, True):
        assert terminal.send("00041003", extended=extended)[1] == "6982"  # case 1: neither data nor Le
        assert terminal.send("00A4020C", b"\x01\x01", extended=extended) == (b"", "9000")  # case 3
        assert terminal.send("00B00000", le=b"\x10", extended=extended) == (LONG[:16], "9000")  # case 2
        assert terminal.send("00B00005", le=b"\x00\x07", extended=extended) == (
            LONG[5:12],
            "9000",
        )  # DO'97' of two bytes
        data, status = terminal.send("00B10000", bytes.fromhex("54020100"), b"\x20", extended=extended)  # case 4, odd
        assert (data[:2], status) == (b"\x53\x1e", "9000")
        assert data[2:] == LONG[256 : 256 + 30]
        assert terminal.send("00A40200", b"\x01\x01", b"\0", extended=extended)[1] == "9000"  # case 4
        assert terminal.send("00B10000", bytes.fromhex("54020100"), extended=extended)[1] == "6700"  # no Le, no answer
    assert terminal.send("002C0203", b"112233")[1] == "9000"


@every_cipher
def test_a_long_file_comes_in_one_answer(cipher: str) -> None:
    terminal = session(cipher)
    assert terminal.send("00A4020C", b"\x01\x01")[1] == "9000"
    assert terminal.send("00B00000", le=b"\xc8\x00", extended=True) == (LONG, "9000")
    data, status = terminal.send("00B00000", le=b"\0\0", extended=True)
    assert (data, status) == (LONG, "9000")  # the maximum: all that is there
    short, status = terminal.send("00B00000", le=b"\0\0")  # what was asked for does not fit into a short answer
    assert status == "9000"
    assert LONG.startswith(short)
    assert 200 < len(short) < 256


@pytest.mark.parametrize("le", [b"", b"\0\0\0", b"\0\0\1\0"])
def test_a_length_that_is_none(le: bytes) -> None:
    terminal = session()
    assert terminal.send("00A4020C", b"\x01\x01")[1] == "9000"
    assert terminal.channel is not None
    answer = terminal.card.transmit(terminal.channel.wrap(bytes.fromhex("00B00000"), le=le))
    if le:
        assert answer.hex() == "6988"
    else:  # an empty DO'97' is met in the field and means the short maximum
        assert terminal.channel.unwrap(answer)[1] == "9000"


@pytest.mark.parametrize(
    ("header", "tag"), [("00A4020C", 0x85), ("00B10000", 0x87)], ids=["DO'85' with even INS", "DO'87' with odd INS"]
)
def test_data_under_the_tag_of_the_other_kind_of_instruction_ends_the_session(header: str, tag: int) -> None:
    """Doc 9303-11 §9.8.4: DO'85' with odd, DO'87' with even instruction bytes."""
    terminal = session()
    channel = terminal.channel
    assert channel is not None
    channel.counter += 1
    cryptogram = encrypt_cbc(channel.cipher, channel.ks_enc, channel._iv(), pad(b"\x01\x01", channel.block))
    objects = encode_tlv(tag, cryptogram if tag == 0x85 else b"\x01" + cryptogram)
    head = bytes([0x0C]) + bytes.fromhex(header)[1:]
    body = objects + encode_tlv(0x8E, channel._mac(pad(head, channel.block) + objects))
    assert terminal.card.transmit(head + bytes([len(body)]) + body + b"\0").hex() == "6988"
    assert terminal.raw("00B0810000") == "6982"


# -- errors -----------------------------------------------------------------------------------------------------------------


@every_cipher
def test_an_error_of_a_command_is_protected_and_the_session_goes_on(cipher: str) -> None:
    terminal = session(cipher)
    for header, data, status in [
        ("00A4020C", b"\x01\x03", "6982"),
        ("00A4020C", b"\x01\x0f", "6A82"),
        ("00FF0000", b"", "6D00"),
        ("0022C1A4", b"\x80\x00", "6A80"),
        ("00860000", b"\x7c\x00", "6700"),
        ("1084000A", b"", "6884"),
    ]:
        assert terminal.send(header, data) == (b"", status)  # checks MAC, DO'99' and counter
    assert terminal.send("00B08100", le=b"\x04") == (LONG[:4], "9000")


@every_cipher
@pytest.mark.parametrize("status", ["6987", "6988"])
def test_an_error_about_secure_messaging_is_plain_and_ends_the_session(cipher: str, status: str) -> None:
    """TR-03110-3 §E.4: keys deleted, rights reset."""
    terminal = session(cipher)
    channel = terminal.channel
    assert channel is not None
    good = channel.wrap(bytes.fromhex("00B08100"), le=b"\x04")
    missing = good[:4] + bytes([good[4] - 10]) + good[5:-11] + b"\0"
    wrong = good[:-2] + bytes([good[-2] ^ 0x80]) + b"\0"
    assert terminal.card.transmit(missing if status == "6987" else wrong).hex() == status
    assert terminal.card.transmit(good).hex() == "6988"
    assert terminal.raw("00B0810000") == "6982"


# -- chips that answer errors in plain ------------------------------------------------------------------------------------------


@every_cipher
def test_a_chip_may_answer_errors_in_plain_and_keep_its_keys(cipher: str) -> None:
    """The unprotected answer counts: the next command has a counter of two more, as after any other exchange."""
    terminal = session(cipher, behaviour=ChipBehaviour(errors_unprotected=UnprotectedErrors.SESSION_GOES_ON))
    channel = terminal.channel
    assert channel is not None
    for file, status in [(b"\x01\x03", "6982"), (b"\x01\x0f", "6a82"), (b"\x01\x03", "6982")]:
        assert terminal.card.transmit(channel.wrap(bytes.fromhex("00A4020C"), file)).hex() == status
        channel.counter += 1
    assert terminal.send("00B08100", le=b"\x04") == (LONG[:4], "9000")
    data, status = terminal.send("00B07FFF", le=b"\0")
    assert (data[:1], status) == (LONG[0x7FFF:0x8000], "9000")


@every_cipher
def test_a_chip_may_answer_errors_in_plain_and_throw_its_keys_away(cipher: str) -> None:
    terminal = session(cipher, behaviour=ChipBehaviour(errors_unprotected=UnprotectedErrors.SESSION_ENDS))
    channel = terminal.channel
    assert channel is not None
    assert terminal.send("00B08100", le=b"\x04") == (LONG[:4], "9000")
    assert terminal.card.transmit(channel.wrap(bytes.fromhex("00A4020C"), b"\x01\x0f")).hex() == "6a82"
    channel.counter += 1
    assert terminal.card.transmit(channel.wrap(bytes.fromhex("00B08100"), le=b"\x04")).hex() == "6988"
    assert terminal.raw("00B0810000") == "6982"
    terminal.channel = None
    terminal.pace(generic_mapping(ARCS[cipher]), 12, CAN, b"123456")
    assert terminal.send("00B08100", le=b"\x04") == (LONG[:4], "9000")


@pytest.mark.parametrize("habit", list(UnprotectedErrors))
def test_warnings_are_no_errors_and_stay_protected(habit: UnprotectedErrors) -> None:
    """62XX and 63XX: the end of a file, and a wrong PIN."""
    terminal = session(behaviour=ChipBehaviour(errors_unprotected=habit))
    assert terminal.send("00A4020C", b"\x01\x01")[1] == "9000"
    assert terminal.send("00B07FFF", le=b"\xff\xff", extended=True)[1] == "6282"
    with pytest.raises(RefusedError, match="63C2"):
        terminal.pace(generic_mapping(2), 12, PIN, b"000000")
    assert terminal.send("00B08100", le=b"\x04") == (LONG[:4], "9000")


def test_a_plain_error_agrees_on_no_keys() -> None:
    """A failed PACE inside a session, answered in plain, leaves the old keys where the chip keeps them."""
    terminal = session(behaviour=ChipBehaviour(errors_unprotected=UnprotectedErrors.SESSION_GOES_ON))
    channel = terminal.channel
    assert channel is not None
    assert terminal.card.transmit(channel.wrap(bytes.fromhex("10860000"), b"\x7c\x00", b"\0")).hex() == "6985"
    channel.counter += 1
    assert terminal.send("00B08100", le=b"\x04") == (LONG[:4], "9000")
