"""Unblocking and changing the PIN (TR-03110-2 §2.4.1, TR-03110-3 §B.11.9), on a chip from the text and an emulated one."""

from __future__ import annotations

import contextlib
import io
import json
import sys
import threading

import pytest

from crypto.errors import ChipIdError
from crypto.wire.apdu import CommandApdu, ResponseApdu
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import card, catalogue
from kiosk_ui.cli import main
from reader import errors
from reader.pin_management import change_pin, unblock_pin
from reader.protocols.access_key import CanKey, PinKey, PukKey
from tests.unit.textbook_chip import CAN, PIN, PUK, TextbookChip, encode_tlv, pace_info

PEOPLE = {person.name: person for person in catalogue(laboratory=True)}
EMULATED_PIN, EMULATED_PUK = "481263", "9021745836"


def chip(**tries: int) -> TextbookChip:
    made = TextbookChip({CAN: b"274190", PIN: b"680135", PUK: b"5190284673"}, {}, encode_tlv(0x31, pace_info()))
    made.tries = {PIN: tries.get("pin", 3), PUK: tries.get("puk", 3)}
    return made


def test_the_puk_gives_the_pin_its_tries_back() -> None:
    blocked = chip(pin=0)
    report = unblock_pin(blocked, PukKey.from_digits("5190 2846 73"))
    assert (report.protocol, report.password) == ("PACE", "PUK")
    assert blocked.tries[PIN] == 3
    assert blocked.log[-1] == CommandApdu(0x00, 0x2C, 0x03, 0x03)
    assert not any(command.ins == 0xA4 and command.p1 == 0x04 for command in blocked.log), "no application is selected"


def test_the_pin_changes_the_pin() -> None:
    card_with_pin = chip()
    change_pin(card_with_pin, PinKey.from_digits("680135"), PinKey.from_digits("31415926"))
    assert card_with_pin.passwords[PIN] == b"31415926"
    sent_in_plain = [octets for octets in card_with_pin.received if not octets[0] & 0x0C]
    assert not any(b"31415926" in octets for octets in card_with_pin.received), "the new PIN travels protected"
    assert not any(octets[1] == 0x2C for octets in sent_in_plain)
    with pytest.raises(errors.ProtocolError) as caught:
        change_pin(card_with_pin, PinKey.from_digits("680135"), PinKey.from_digits("1111"))
    assert caught.value.code is errors.WRONG_PIN


def test_a_suspended_pin_is_changed_with_the_access_number_only() -> None:
    suspended = chip(pin=1)
    with pytest.raises(errors.ProtocolError) as caught:
        change_pin(suspended, PinKey.from_digits("680135"), PinKey.from_digits("111111"))
    assert caught.value.code is errors.PIN_SUSPENDED
    report = change_pin(
        suspended, PinKey.from_digits("680135", CanKey.from_digits("274190")), PinKey.from_digits("111111")
    )
    assert (report.tries_announced, report.resumed_with_can) == (1, True)
    assert suspended.passwords[PIN] == b"111111"


def test_a_chip_that_does_not_let_the_puk_set_a_pin_says_so_and_keeps_it() -> None:
    """TR-03110-2 §2.4.1: "MAY grant access to Change PIN"."""
    card_with_pin = chip(pin=0)
    with pytest.raises(errors.CardStatusError) as caught:
        unblock_pin(card_with_pin, PukKey.from_digits("5190284673"), new_pin=PinKey.from_digits("111111"))
    assert (caught.value.code, caught.value.facts["status_word"]) == (errors.PIN_CHANGE_REFUSED, "6982")
    assert card_with_pin.passwords[PIN] == b"680135"


def test_a_refused_unblocking_is_told() -> None:
    exhausted = chip(pin=0)
    exhausted._reset_retry_counter = lambda command, data: ResponseApdu(b"", 0x6983)  # type: ignore[method-assign]
    with pytest.raises(errors.CardStatusError) as caught:
        unblock_pin(exhausted, PukKey.from_digits("5190284673"))
    assert caught.value.code is errors.PIN_UNBLOCK_REFUSED


def test_a_card_without_pace_has_no_pin_to_manage() -> None:
    without = chip()
    without.card_access = None
    with pytest.raises(errors.ProtocolError) as caught:
        unblock_pin(without, PukKey.from_digits("5190284673"))
    assert caught.value.code is errors.ACCESS_NOT_SUPPORTED


def test_it_can_be_stopped_before_the_first_command() -> None:
    stop = threading.Event()
    stop.set()
    untouched = chip()
    with pytest.raises(errors.Cancelled):
        unblock_pin(untouched, PukKey.from_digits("5190284673"), cancel=stop)
    assert untouched.received == []


# --------------------------------------------------------------------------------- the emulator's own writing of it
def test_an_emulated_pin_is_unblocked_changed_and_used() -> None:
    blocked = card("pin-blocked")
    for attempt in (PinKey.from_digits(EMULATED_PIN), PinKey.from_digits(EMULATED_PIN, can_of("pin-blocked"))):
        with pytest.raises(errors.ProtocolError) as caught:
            change_pin(EmulatedTransport(blocked), attempt, PinKey.from_digits("111111"))
        assert caught.value.code is errors.PIN_BLOCKED
    unblock_pin(EmulatedTransport(blocked), PukKey.from_digits(EMULATED_PUK))
    change_pin(EmulatedTransport(blocked), PinKey.from_digits(EMULATED_PIN), PinKey.from_digits("111111"))
    with pytest.raises(errors.ProtocolError) as caught:
        change_pin(EmulatedTransport(blocked), PinKey.from_digits(EMULATED_PIN), PinKey.from_digits("222222"))
    assert (caught.value.code, caught.value.facts["tries_left"]) == (errors.WRONG_PIN, 2)
    change_pin(EmulatedTransport(blocked), PinKey.from_digits("111111"), PinKey.from_digits("222222"))


def can_of(name: str) -> CanKey:
    return CanKey.from_digits(PEOPLE[name].can)


def test_three_wrong_pins_pass_through_every_state_of_an_emulated_chip() -> None:
    chip_with_pin = card("pin-puk")
    wrong = PinKey.from_digits("999999")

    def failure(pin: PinKey) -> tuple[str, object]:
        with pytest.raises(ChipIdError) as caught:
            change_pin(EmulatedTransport(chip_with_pin), pin, PinKey.from_digits("111111"))
        return caught.value.code.name, caught.value.facts.get("tries_left")

    assert failure(wrong) == ("access.wrong_key.pin", 2)
    assert failure(wrong) == ("access.wrong_key.pin", 1)
    assert failure(wrong) == ("access.pin_suspended", None)
    assert failure(PinKey.from_digits("999999", can_of("pin-puk"))) == ("access.pin_blocked", None)
    assert failure(PinKey.from_digits(EMULATED_PIN, can_of("pin-puk"))) == ("access.pin_blocked", None)


# --------------------------------------------------------------------------------------------- the command line
def chipid(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    before, sys.stdin = sys.stdin, io.StringIO(stdin)
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            try:
                code = main(list(arguments))
            except SystemExit as end:
                code = int(end.code or 0)
    finally:
        sys.stdin = before
    return code, out.getvalue(), err.getvalue()


def test_the_command_unblocks_and_changes() -> None:
    where = ("--emulated", "pin-blocked")
    assert chipid("pin", "unblock", *where, "--puk", EMULATED_PUK)[:2] == (0, "The PIN is unblocked.\n")
    where = ("--emulated", "pin-puk")
    assert chipid("pin", "change", *where, "--pin", EMULATED_PIN, "--new-pin", "111111")[:2] == (
        0,
        "The PIN is changed.\n",
    )
    code, out, _ = chipid(
        "pin", "change", *where, "--pin", "-", "--new-pin", "-", "--json", stdin=f"{EMULATED_PIN}\n111111\n"
    )
    assert code == 0
    assert '"pin": "changed"' in out


@pytest.mark.parametrize(
    ("arguments", "stdin", "code", "name"),
    [
        (["unblock", "--puk", "1111111111"], "", 2, "access.wrong_key.puk"),
        (["unblock", "--puk", "123"], "", 2, "puk.malformed"),
        (["change", "--pin", EMULATED_PIN, "--new-pin", "12"], "", 2, "pin.malformed"),
        (["change", "--pin", "-", "--new-pin", "-"], EMULATED_PIN, 2, "input.unreadable"),
        (["change", "--pin", EMULATED_PIN], "", 64, "--new-pin"),
        (["unblock"], "", 64, "--puk"),
        ([], "", 64, "unblock|change"),
    ],
)
def test_what_goes_wrong_is_told_without_repeating_a_secret(
    arguments: list[str], stdin: str, code: int, name: str
) -> None:
    where = ["--emulated", "pin-puk"] if arguments else []
    found, out, err = chipid("pin", *arguments, *where, stdin=stdin)
    assert (found, out) == (code, "")
    assert name in err
    assert not any(secret in err for secret in ("1111111111", EMULATED_PIN))


@pytest.mark.parametrize(
    ("name", "arguments", "code", "error"),
    [
        ("pin-puk", ["--pin", EMULATED_PIN], 0, ""),
        ("pin-puk", ["--puk", EMULATED_PUK], 0, ""),
        ("pin-puk", ["--pin", "999999"], 2, "access.wrong_key.pin; status_word 63C2, password PIN, tries_left 2"),
        ("pin-suspended", ["--pin", EMULATED_PIN], 2, "access.pin_suspended"),
        ("pin-suspended", ["--pin", EMULATED_PIN, "--can", PEOPLE["pin-suspended"].can], 0, ""),
        ("pin-suspended", ["--pin", "-", "--number", PEOPLE["pin-suspended"].number], 0, ""),
        ("pin-blocked", ["--pin", EMULATED_PIN], 2, "access.pin_blocked"),
        ("pin-puk", ["--pin", EMULATED_PIN, "--puk", EMULATED_PUK], 64, "not allowed with"),
        ("pin-puk", ["--pin", EMULATED_PIN, "--mrz", "x"], 64, "not allowed with"),
        ("pin-puk", ["--pin", "-", "--can", "-"], 64, "standard input"),
        ("pin-puk", [], 64, "--pin"),
    ],
)
def test_reading_by_pin_and_puk(name: str, arguments: list[str], code: int, error: str) -> None:
    found, _, err = chipid("read", "--emulated", name, *arguments, "--json", stdin=EMULATED_PIN)
    assert found == code, err
    assert error in err
    assert EMULATED_PIN not in err


def test_the_result_says_how_many_tries_there_were_and_what_allowed_the_last() -> None:
    where = ("read", "--emulated", "pin-suspended", "--pin", EMULATED_PIN, "--can", PEOPLE["pin-suspended"].can)
    _, text, _ = chipid(*where)
    assert " with PIN, tries left before: 1, allowed by the card access number" in text
    access = json.loads(chipid(*where, "--json")[1])["access"]
    assert (access["password"], access["tries_announced"], access["resumed_with_can"]) == ("PIN", 1, True)
    access = json.loads(chipid("read", "--emulated", "pin-puk", "--pin", EMULATED_PIN, "--json")[1])["access"]
    assert (access["tries_announced"], access["resumed_with_can"]) == (None, False)
