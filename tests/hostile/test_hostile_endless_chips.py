"""Chips that never come to an end: each way of keeping a reader busy is bounded, and told."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

import reader
from crypto.errors import ChipIdError, Hint
from crypto.wire.apdu import CommandApdu
from reader import errors
from reader.link import Link
from tests.unit.reader_cards import TRUST


class AnsweringCard:
    """Answers each command by a function; counts them."""

    is_emulated = True
    atr = b""
    max_command = max_response = 65_544

    def __init__(self, answer: Callable[[bytes], bytes]) -> None:
        self._answer = answer
        self.commands = 0

    def transmit(self, command: bytes) -> bytes:
        self.commands += 1
        return self._answer(command)

    def reset(self) -> None:
        return

    def close(self) -> None:
        return

    def __enter__(self) -> AnsweringCard:
        return self

    def __exit__(self, *_: object) -> None:
        return


def test_no_conversation_is_longer_than_any_document() -> None:
    card = AnsweringCard(lambda command: b"\x00\x90\x00")
    link = Link(card, threading.Event())
    for _ in range(65_536):
        link.exchange(CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=1))
    with pytest.raises(errors.TransportError) as caught:
        link.exchange(CommandApdu(0x00, 0xB0, 0x00, 0x00, ne=1))
    assert caught.value.code is errors.CARD_ENDLESS
    assert caught.value.hint is Hint.CALL_STAFF
    assert card.commands == 65_536


def in_small_pieces(command: bytes) -> bytes:
    """A million octets in every file, one octet at a time, each with the promise of more."""
    if command[1] == 0xB0 and command[2:4] in (b"\x9c\x00", b"\x9e\x00", b"\x00\x00"):
        return b"\x31\x83\x0f\xff\x00\x90\x00"
    return b"\0\x61\x01"


@pytest.mark.parametrize(
    "answer",
    [
        in_small_pieces,
        lambda command: b"\x61\x01",
        lambda command: b"\x6c\x01",
        lambda command: b"\x61\x00" if command[1] != 0xC0 else b"\x6c\x01",
        lambda command: bytes(600) + b"\x61\xff",
        lambda command: b"\x90\x00",
        lambda command: b"\x31\x83\x0f\xff\x00" + bytes(11) + b"\x90\x00",
    ],
    ids=["drop by drop", "61 for ever", "6C for ever", "61 and 6C", "61 and too much", "9000 for ever", "small blocks"],
)
@pytest.mark.timeout(30)
def test_a_chip_without_end_is_one_clear_error(answer: Callable[[bytes], bytes]) -> None:
    card = AnsweringCard(answer)
    with pytest.raises(ChipIdError):
        reader.read(card, reader.CanKey.from_digits("274190"), trust=TRUST)
    assert card.commands <= 65_536


def test_a_chip_may_be_left_at_any_command() -> None:
    stop = threading.Event()

    def answer(command: bytes) -> bytes:
        if card.commands > 200:
            stop.set()
        return b"\x31\x83\x0f\xff\x00" + bytes(11) + b"\x90\x00"

    card = AnsweringCard(answer)
    with pytest.raises(errors.Cancelled):
        reader.read(card, reader.CanKey.from_digits("274190"), trust=TRUST, cancel=stop)
    assert card.commands == 201
