"""PIN and PUK from the side of a terminal that shares no code with this project (TR-03110-2 §2.2, §2.4; part 3 §B.6)."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import pytest

from emulator.cards import card
from tests.interop.foreign_eac import PIN, PUK, EacTerminal
from tests.interop.foreign_eac_meetings import SPECS, USUAL_PACE, at, can, typed_mrz
from tests.interop.foreign_messaging import Refused
from tests.interop.foreign_terminal import APPLICATION, CAN, MRZ
from tests.interop.foreign_tlv import tlv

NAME = "pin-puk"
NEW = b"135790"


def pin(name: str = NAME) -> bytes:
    return SPECS[name].pin.encode("ascii")


def puk(name: str = NAME) -> bytes:
    return SPECS[name].puk.encode("ascii")


def fails(terminal: EacTerminal, reference: int, password: bytes) -> tuple[str, str]:
    """What the chip said when the password was chosen, and at the end."""
    with pytest.raises(Refused) as caught:
        terminal.pace(*USUAL_PACE, reference, password)
    return terminal.announced, caught.value.status


def opens(terminal: EacTerminal, reference: int, password: bytes) -> str:
    """What the chip said when the password was chosen; then the application opens."""
    terminal.pace(*USUAL_PACE, reference, password)
    terminal.expect("00A4040C", APPLICATION)
    assert terminal.read_by_identifier(0x0101)[0] == 0x61
    return terminal.announced


@pytest.mark.parametrize(("reference", "password"), [(PIN, pin), (PUK, puk)])
def test_pin_and_puk_open_the_chip_like_the_can(reference: int, password: Callable[[], bytes]) -> None:
    assert opens(at(NAME), reference, password()) == "9000"


def test_the_whole_life_of_a_pin() -> None:
    """Counted down and told, suspended, resumed by the CAN inside its channel, blocked, and unblocked by the PUK."""
    chip = card(NAME)
    terminal = EacTerminal(chip.transmit)
    assert fails(terminal, PIN, b"000000") == ("9000", "63C2")
    assert fails(terminal, PIN, b"000001") == ("63C2", "63C1")
    assert fails(terminal, PIN, pin())[0] == "63C1", "suspended: not even the right one is taken"
    assert fails(EacTerminal(chip.transmit), PIN, pin())[1] in ("6985", "6982")
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, CAN, can(NAME))
    assert fails(terminal, PIN, b"000002") == ("63C1", "63C0"), "resumed, and the last try lost"
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, CAN, can(NAME))
    announced, refused = fails(terminal, PIN, pin())
    assert announced == "63C0"
    assert refused in ("6983", "6982"), "blocked, and the CAN does not help"
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, PUK, puk())
    terminal.expect("002C0303")
    assert opens(EacTerminal(chip.transmit), PIN, pin()) == "9000"


def test_tries_are_counted_for_life_and_only_at_the_token() -> None:
    """What was lost stays lost over a reset; a run that never comes to its token costs nothing (TR-03110-2 §2.2.3)."""
    chip = card(NAME)
    assert fails(EacTerminal(chip.transmit), PIN, b"000000") == ("9000", "63C2")
    chip.reset()
    for _ in range(3):
        terminal = EacTerminal(chip.transmit)
        terminal.send("0022C1A4", tlv(0x80, USUAL_PACE[0]) + tlv(0x83, bytes([PIN])))
        terminal.expect("10860000", tlv(0x7C), b"\0")
    chip.power_off()
    chip.power_on()
    assert opens(EacTerminal(chip.transmit), PIN, pin()) == "63C2"


def test_other_passwords_have_no_counter() -> None:
    chip = card(NAME)
    for reference, password in ((CAN, b"000000"), (MRZ, typed_mrz("an")), (PUK, b"0000000000")):
        for _ in range(3):
            announced, refused = fails(EacTerminal(chip.transmit), reference, password)
            assert (announced, refused) == ("9000", "6300")
    assert opens(EacTerminal(chip.transmit), PUK, puk()) == "9000"


def test_a_resumed_pin_brings_its_tries_back() -> None:
    chip = card("pin-suspended")
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, CAN, can("pin-suspended"))
    assert opens(terminal, PIN, pin("pin-suspended")) == "63C1"
    assert fails(EacTerminal(chip.transmit), PIN, b"000000") == ("9000", "63C2")


def test_a_channel_that_broke_resumes_nothing() -> None:
    """Any plain command ends the session, and the CAN is forgotten with it."""
    chip = card("pin-suspended")
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, CAN, can("pin-suspended"))
    terminal.raw("00A4040C07A0000002471001")
    terminal.session = None
    assert fails(terminal, PIN, pin("pin-suspended"))[1] in ("6985", "6982")


def test_a_wrong_pin_inside_a_channel_leaves_the_channel() -> None:
    """The next terminal command is protected by the keys of the CAN, as before."""
    terminal = at(NAME)
    terminal.pace(*USUAL_PACE, CAN, can(NAME))
    assert fails(terminal, PIN, b"000000") == ("9000", "63C2")
    terminal.expect("00A4040C", APPLICATION)
    assert terminal.read_by_identifier(0x0101)[0] == 0x61


@pytest.mark.parametrize(("reference", "password"), [(PIN, pin), (PUK, puk)])
def test_holder_changes_the_pin(reference: int, password: Callable[[], bytes]) -> None:
    chip = card(NAME)
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, reference, password())
    terminal.expect("002C0203", NEW)
    assert fails(EacTerminal(chip.transmit), PIN, pin())[1] == "63C2"
    assert opens(EacTerminal(chip.transmit), PIN, NEW) == "63C2"


@pytest.mark.parametrize(
    ("reference", "password"), [(CAN, can), (MRZ, typed_mrz)], ids=["opened by the CAN", "opened by the zone"]
)
@pytest.mark.parametrize(("head", "data"), [("002C0203", NEW), ("002C0303", b"")])
def test_nobody_else_manages_the_pin(reference: int, password: Callable[[str], bytes], head: str, data: bytes) -> None:
    chip = card(NAME)
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, reference, password(NAME))
    assert terminal.send(head, data)[1] == "6982"
    assert opens(EacTerminal(chip.transmit), PIN, pin()) == "9000"


@pytest.mark.parametrize("command", ["002C0303", "002C020306313335373930"])
def test_nothing_is_managed_in_plain(command: str) -> None:
    chip = card(NAME)
    assert EacTerminal(chip.transmit).raw(command)[1] == "6982"
    assert opens(EacTerminal(chip.transmit), PIN, pin()) == "9000"


def test_the_right_of_the_puk_ends_with_a_handover_to_the_can() -> None:
    terminal = at(NAME)
    terminal.pace(*USUAL_PACE, PUK, puk())
    terminal.pace(*USUAL_PACE, CAN, can(NAME))
    assert terminal.send("002C0203", NEW)[1] == "6982"


def test_the_puk_of_a_blocked_card_helps_as_often_as_the_issuer_allows() -> None:
    chip = card("pin-blocked")
    for left in (1, 0):
        terminal = EacTerminal(chip.transmit)
        assert fails(terminal, PIN, pin("pin-blocked"))[0] == "63C0"
        terminal.pace(*USUAL_PACE, PUK, puk("pin-blocked"))
        terminal.expect("002C0303")
        assert left == 0 or opens(EacTerminal(chip.transmit), PIN, pin("pin-blocked")) == "9000"
        wear_out(chip.transmit)
    terminal = EacTerminal(chip.transmit)
    terminal.pace(*USUAL_PACE, PUK, puk("pin-blocked"))
    with pytest.raises(Refused):
        terminal.expect("002C0303")
    assert fails(EacTerminal(chip.transmit), PIN, pin("pin-blocked"))[0] == "63C0"


def wear_out(transmit: Callable[[bytes], bytes]) -> None:
    """Wrong PINs until the chip has blocked it."""
    for number in itertools.count():
        assert number < 4
        terminal = EacTerminal(transmit)
        terminal.pace(*USUAL_PACE, CAN, can("pin-blocked"))
        if fails(terminal, PIN, b"000000")[1] == "63C0":
            return


def test_a_card_without_pin_does_not_know_one() -> None:
    assert fails(at("an"), PIN, b"123456") == ("6A88", "6A88")
    assert fails(at("an"), PUK, b"1234567890") == ("6A88", "6A88")


@pytest.mark.parametrize("reference", [0, 5, 0x80, 0xFF])
def test_there_is_no_fifth_password(reference: int) -> None:
    assert fails(at(NAME), reference, b"123456")[1] in ("6A88", "6A80")
