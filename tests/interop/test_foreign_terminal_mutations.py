"""Commands that no terminal sends, plain and under protection: always an answer, never a file, never a right left over."""

from __future__ import annotations

import random

import pytest

from emulator.cards import card, catalogue, chip_content
from tests.interop.document_judges import mrz_information
from tests.interop.foreign_messaging import Refused
from tests.interop.foreign_security_infos import ID_CA_ECDH, ID_PACE_ECDH_GM
from tests.interop.foreign_terminal import APPLICATION, Terminal
from tests.interop.foreign_tlv import tlv

SPECS = {spec.name: spec for spec in catalogue(laboratory=True)}
INSTRUCTIONS = (0xA4, 0xA4, 0xB0, 0xB0, 0xB1, 0x84, 0x82, 0x22, 0x86, 0x88, 0xC0, 0xCA, 0xB2, 0x20, 0x2A, 0x0E)
PARAMETERS = ("0000", "020C", "040C", "000C", "0400", "C1A4", "41A4", "41A6", "9E00", "8100", "8300", "7FFF")


def any_command(dice: random.Random) -> tuple[str, bytes, bytes | None]:
    """Header, data and Le of something that looks like a command of this application."""
    head = f"{dice.choice(('00', '00', '00', '10'))}{dice.choice(INSTRUCTIONS):02X}{dice.choice(PARAMETERS)}"
    point = b"\x04" + dice.randbytes(64)
    data = dice.choice(
        (
            *(b"", b"", b"\x01\x1c", b"\x01\x01", b"\x01\x03", b"\x3f\x00", APPLICATION, dice.randbytes(8)),
            *(tlv(0x7C), tlv(0x7C, tlv(0x80, point)), tlv(0x7C, tlv(0x81, point)), tlv(0x7C, tlv(0x85, bytes(8)))),
            tlv(0x80, ID_PACE_ECDH_GM + b"\x02") + tlv(0x83, bytes([dice.randrange(5)])),
            *(
                tlv(0x80, ID_CA_ECDH + b"\x02"),
                tlv(0x91, point),
                dice.randbytes(40),
                dice.randbytes(dice.randrange(300)),
            ),
            *(tlv(0x54, dice.randbytes(dice.randrange(6))), b"\x7f" * 9, b"\x30\x84\xff\xff\xff\xff"),
        )
    )
    return head, data, dice.choice((None, b"", b"\0", b"\x01", b"\xff", b"\0\0", b"\x01\0", b"\xff\xff"))


def mutated(dice: random.Random, command: bytes) -> bytes:
    octets = bytearray(command)
    for _ in range(dice.randrange(3)):
        place = dice.randrange(len(octets) + 1)
        match dice.randrange(4):
            case 0:
                octets[place:] = b""
            case 1:
                octets[place:place] = dice.randbytes(dice.randrange(1, 4))
            case 2 if place < len(octets):
                octets[place] ^= 1 << dice.randrange(8)
            case _:
                octets[place : place + 1] = dice.randbytes(1)
    return bytes(octets)


def is_open_file(data: bytes, closed: list[bytes]) -> bool:
    return len(data) >= 16 and any(data in content for content in closed)


@pytest.mark.parametrize("name", ["an", "aes256", "tdes-pace", "rsa-active", "bac-only"])
def test_plain_octets_never_open_a_file(name: str) -> None:
    dice = random.Random(f"plain {name}")
    closed = [file.content for file in chip_content(name).application_files]
    terminal = Terminal(card(name).transmit)
    for _ in range(1_500):
        head, data, le = any_command(dice)
        long = len(data) > 255 or len(le or b"") == 2
        lc = (b"\0" + len(data).to_bytes(2, "big") if long else bytes([len(data)])) if data else b"\0" if long else b""
        answer, status = terminal.raw(mutated(dice, bytes.fromhex(head) + lc + data + (le or b"")))
        assert len(status) == 4
        assert not is_open_file(answer, closed)
    terminal.raw("00A4040C07A0000002471001")
    assert terminal.raw("00B0810004")[1] == "6982"


@pytest.mark.parametrize("name", ["an", "bac-only"])
def test_protected_nonsense_is_answered_and_never_reaches_the_fingerprints(name: str) -> None:
    """The MACs fit; what they protect is anything. Whenever a session ends, all rights have ended with it."""
    dice = random.Random(f"protected {name}")
    fingerprints = next(file.content for file in chip_content(name).application_files if file.identifier == 0x0103)
    terminal = Terminal(card(name).transmit)
    ended = 0
    for _ in range(1_500):
        if terminal.session is None:
            terminal.expect("00A4040C", APPLICATION)
            assert terminal.raw("00B0810004") == (b"", "6982")
            terminal.bac(mrz_information(SPECS[name].mrz))
        try:
            answer, status = terminal.send(*any_command(dice))
        except Refused:
            terminal.session, ended = None, ended + 1
            continue
        assert len(status) == 4
        assert not is_open_file(answer, [fingerprints])
    assert (
        ended < 150
    )  # nonsense inside a session is refused under protection; only what agrees on new keys ends it here
