"""A chip is opened again in the middle of a reading: what goes wrong there is never taken for the refusal of one file."""

from __future__ import annotations

import dataclasses
import functools
import random

import pytest

import reader
from crypto.wire.apdu import CommandApdu
from emulator.adapters.inprocess import EmulatedTransport
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent, TooLongRead
from emulator.personalise.answer_to_reset import contactless_atr
from reader import errors
from reader.lds import files
from reader.link import Link
from reader.plan import HOSPITAL, ReadPlan
from reader.session import CardSession
from reader.verification.checks import CheckStatus
from reader.verification.verdict import Decision
from tests.hostile.torn_cards import (
    CAM,
    QUICK,
    Ending,
    Hand,
    Tear,
    TornTransport,
    key_of,
    read_torn,
    require_same,
    untorn,
)
from tests.unit.reader_cards import TRUST, can_of, status_of


def with_habits(*, announced: bool | None, **habits: object) -> ChipContent:
    content = chip_content("an")
    behaviour = dataclasses.replace(content.behaviour, **habits)  # type: ignore[arg-type]
    return dataclasses.replace(content, behaviour=behaviour, atr=contactless_atr(extended_length=announced))


@functools.cache
def opened_twice() -> ChipContent:
    """It announces long commands and answers the first of them with a bare 6700, which ends the channel."""
    return with_habits(announced=True, extended_length=False)


def read(*cards: tuple[ChipContent, int, Tear], plan: ReadPlan = QUICK) -> Ending:
    laid = [TornTransport(VirtualCard(content), at, tear) for content, at, tear in cards]
    return read_torn(laid[0], can_of("an"), Hand(laid[1:]), plan=plan)


@functools.cache
def whole(plan: ReadPlan = QUICK) -> Ending:
    return read((opened_twice(), 0, Tear.BEFORE), plan=plan)


@pytest.mark.parametrize("tear", [Tear.ANSWER_LOST, Tear.ANSWER_HALF, Tear.ANSWER_STUMP])
def test_a_card_torn_while_it_is_opened_again_is_read_on(tear: Tear) -> None:
    for at in range(1, whole().commands + 1):
        require_same(read((opened_twice(), at, tear), (opened_twice(), 0, tear)), whole())


HABITS = [
    with_habits(announced=True),
    with_habits(announced=True, max_response_data=400, too_long_read=TooLongRead.REFUSED),
    with_habits(announced=True, extended_length=False),
    with_habits(announced=None, extended_length=False, max_response_data=128, too_long_read=TooLongRead.REFUSED),
    with_habits(announced=None, extended_length=False, max_response_data=110, too_long_read=TooLongRead.SHORTENED),
    with_habits(announced=False, extended_length=False, max_response_data=184, too_long_read=TooLongRead.REFUSED),
]


def test_a_card_that_comes_back_with_other_habits_is_read_on() -> None:
    """In a weaker field, or through another mode of the reader: what was learnt before is no law."""
    draw = random.Random(17)
    for _ in range(20):
        first, second, third = draw.choices(HABITS, k=3)
        tears = [(first, draw.randint(15, 100)), (second, draw.randint(10, 80)), (third, 0)]
        ending = read(*((content, at, draw.choice(list(Tear))) for content, at in tears), plan=HOSPITAL)
        require_same(ending, whole(HOSPITAL))


def test_a_signed_list_of_keys_that_was_shown_once_is_judged_also_if_it_is_closed_later() -> None:
    """EF.CardSecurity, to which the proof of chip-authentication mapping is held."""
    shown = CAM.content
    closed = dataclasses.replace(shown, master_files=tuple(f for f in shown.master_files if f.identifier != 0x011D))
    whole_reading = untorn(CAM)
    for at in (whole_reading.commands // 2 + 2, whole_reading.commands - 3):
        laid = [TornTransport(VirtualCard(shown), at, Tear.ANSWER_LOST), TornTransport(VirtualCard(closed))]
        ending = read_torn(laid[0], key_of(CAM.name), Hand(laid[1:]), plan=QUICK)
        assert ending.outcome is not None
        assert ending.outcome.reading.document.get(files.CARD_SECURITY) is not None
        assert status_of(ending.outcome, "chip_authentication_mapping")[0] is CheckStatus.SUCCESSFUL


class PlainAfterRefusal(EmulatedTransport):
    """Somebody between chip and reader: one file is refused in plain, PACE does not work any more, and from then on every
    file is given without protection."""

    def __init__(self, refusal: bytes) -> None:
        super().__init__(VirtualCard(chip_content("an")))
        self.refusal = refusal
        self.is_refused = False
        self.asked_in_plain: list[bytes] = []

    def transmit(self, command: bytes) -> bytes:
        parsed = CommandApdu.parse(command)
        if parsed.header == bytes.fromhex("0CB08D00"):
            self.is_refused = True
            return self.refusal
        if not self.is_refused:
            return super().transmit(command)
        if parsed.ins == 0x86:
            return b"\x6a\x80"
        if parsed.ins == 0xB0 and parsed.p1 not in (0x9C, 0x81):
            self.asked_in_plain.append(command)
        return super().transmit(command)


@pytest.mark.parametrize("refusal", ["6982", "6a82", "6985"])
def test_nothing_is_read_in_plain_from_a_chip_that_does_not_open_again(refusal: str) -> None:
    with PlainAfterRefusal(bytes.fromhex(refusal)) as card, pytest.raises(errors.ProtocolError) as caught:
        reader.read(card, can_of("an"), trust=TRUST)
    assert caught.value.code is errors.CHIP_DECEPTIVE
    assert card.is_refused
    assert not card.asked_in_plain


def test_a_session_that_could_not_be_opened_again_sends_nothing_in_plain() -> None:
    with PlainAfterRefusal(b"\x69\x82") as card:
        session = CardSession(Link(card))
        session.open(can_of("an"), QUICK)
        assert session.read_file(files.COM)
        card.is_refused = True
        with pytest.raises(errors.CardStatusError):
            session.open(can_of("an"), QUICK)
        for ask in (lambda: session.read_file(files.COM), lambda: session.is_present(files.COM)):
            with pytest.raises(errors.ProtocolError) as caught:
                ask()
            assert caught.value.code is errors.CHANNEL_CLOSED
        assert not card.asked_in_plain


def test_the_card_itself_is_accepted() -> None:
    outcome = whole().outcome
    assert outcome is not None
    assert outcome.verdict.decision is Decision.ACCEPT
