"""A card that is torn away at every moment of a reading, and comes back: read whole, or a clear error; never a mixture.

Each reading that is brought to its end is held against one that nobody disturbed: the same octets, the same checks, the
same verdict.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

import reader
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from kiosk_ui.cli import main
from reader import errors
from reader.lds import files
from reader.plan import DESK, HOSPITAL
from reader.terminal_credentials import TerminalCredentials, load_credentials
from tests.hostile.torn_cards import (
    BAC,
    CAM,
    CCCD,
    DH,
    GM_CAM,
    LONG_BLOCKS,
    PLAIN,
    QUICK,
    SMALL,
    SMALL_PHOTO,
    WITH_PHOTO,
    Case,
    Hand,
    Tear,
    TornTransport,
    key_of,
    positions,
    read_torn,
    require_same,
    untorn,
)
from tests.soak import soak_share
from tests.unit.reader_cards import PEOPLE

OPENING = 9  # commands: EF.CardAccess, (EF.ATR/INFO,) PACE, the application; and one more
PROOFS = 4  # chip and active authentication, EF.SOD's first block, the begun file's first block


def sweep(case: Case, tears: Sequence[Tear], moments: Sequence[int]) -> None:
    whole = untorn(case)
    for at in moments:
        for tear in tears:
            ending = case.read((at, tear))
            try:
                require_same(ending, whole)
                assert ending.awaited == 1
            except AssertionError as difference:
                raise AssertionError(f"{case.name}, command {at}, {tear.value}: {difference}") from difference


def one_way_each(case: Case, moments: Sequence[int]) -> None:
    """Each of these commands, and one way after the other."""
    ways = list(Tear)
    for at in moments:
        sweep(case, [ways[at % len(ways)]], [at])


@pytest.mark.parametrize("tear", Tear)
def test_a_cccd_torn_at_any_command_is_read_on_as_if_nothing_had_been(tear: Tear) -> None:
    sweep(CCCD, [tear], positions(CCCD))


def test_a_small_photo_torn_at_any_command_is_read_on() -> None:
    """As big as six blocks: in a real one there are eighty of the same."""
    for tear in Tear:
        sweep(SMALL_PHOTO, [tear], positions(SMALL_PHOTO)[untorn(CCCD).commands :])


def test_a_photo_torn_anywhere_is_read_on() -> None:
    photo = positions(WITH_PHOTO)[untorn(CCCD).commands :]
    one_way_each(WITH_PHOTO, soak_share("a torn photo", photo, at_least=16))


@pytest.mark.parametrize("case", [LONG_BLOCKS, BAC, CAM], ids=lambda case: case.name)
def test_other_cards_torn_at_any_command_are_read_on(case: Case) -> None:
    one_way_each(case, positions(case))


@pytest.mark.parametrize("case", [GM_CAM, DH, PLAIN, SMALL], ids=lambda case: case.name)
def test_rarer_cards_torn_anywhere_are_read_on(case: Case) -> None:
    one_way_each(case, soak_share(f"torn {case.name}", positions(case), at_least=6))


ALL_CASES = [
    (Case(name, plan), at, tear)
    for name, plan, commands in (
        *((case.name, QUICK, 40) for case in (LONG_BLOCKS, BAC, CAM, GM_CAM, DH, PLAIN, SMALL)),
        *((case.name, HOSPITAL, 130) for case in (CCCD, BAC)),
        *((case.name, DESK, 150) for case in (LONG_BLOCKS, SMALL)),
    )
    for at in range(1, commands + 1)
    for tear in Tear
]


@pytest.mark.soak
@pytest.mark.timeout(0)  # thousands of readings, when the whole of it is asked for
def test_cards_torn_at_any_command_in_any_way_are_read_on() -> None:
    for case, at, tear in soak_share("torn cards", ALL_CASES):
        if at in positions(case):
            sweep(case, [tear], [at])


def test_what_was_read_is_not_read_again() -> None:
    """Beyond the commands of an untorn reading there are those of one more opening, and no more."""
    whole = untorn(WITH_PHOTO)
    for at in list(positions(WITH_PHOTO))[20::15]:
        ending = WITH_PHOTO.read((at, Tear.ANSWER_LOST))
        require_same(ending, whole)
        assert ending.commands <= whole.commands + OPENING + PROOFS


def test_several_tears_in_one_reading() -> None:
    whole = untorn(WITH_PHOTO)
    ending = WITH_PHOTO.read((40, Tear.BEFORE), (30, Tear.ANSWER_HALF), (12, Tear.ANSWER_LOST))
    require_same(ending, whole)
    assert ending.awaited == 3


def test_a_card_torn_while_it_is_opened_again() -> None:
    whole = untorn(CCCD)
    for at in range(1, 14):
        ending = CCCD.read((23, Tear.ANSWER_LOST), (at, list(Tear)[at % len(Tear)]))
        require_same(ending, whole)


def test_a_card_that_never_lies_still_is_given_up() -> None:
    ending = CCCD.read(*[(10, Tear.BEFORE)] * 4)
    assert ending.error is not None
    assert ending.error.code is errors.CARD_REMOVED
    assert ending.awaited == HOSPITAL.most_returns == 3


@pytest.mark.parametrize(("tear", "code"), [(Tear.BEFORE, errors.CARD_REMOVED), (Tear.MUTE, errors.CARD_MUTE)])
def test_a_card_that_does_not_come_back_is_told_as_ever(tear: Tear, code: object) -> None:
    hand = Hand()
    with TornTransport(VirtualCard(CCCD.content), 12, tear) as first:
        ending = read_torn(first, key_of("an"), hand)
    assert ending.error is not None
    assert ending.error.code is code
    assert hand.waits == [HOSPITAL.return_within_s]


def test_half_an_answer_of_a_card_that_does_not_come_back_is_a_card_taken_away() -> None:
    with TornTransport(VirtualCard(CCCD.content), 12, Tear.ANSWER_HALF) as first:
        ending = read_torn(first, key_of("an"), Hand())
    assert ending.error is not None
    assert ending.error.code is errors.CARD_REMOVED


def test_without_a_place_to_come_back_to_a_torn_card_ends_the_reading() -> None:
    ending = CCCD.read((12, Tear.BEFORE), returns=False)
    assert ending.error is not None
    assert (ending.error.code, ending.awaited) == (errors.CARD_REMOVED, 0)


def test_a_plan_may_wait_for_nobody() -> None:
    plan = dataclasses.replace(HOSPITAL, most_returns=0)
    ending = Case("an", plan).read((12, Tear.BEFORE))
    assert ending.error is not None
    assert (ending.error.code, ending.awaited) == (errors.CARD_REMOVED, 0)


def test_a_broken_reader_is_told_as_that() -> None:
    class Unplugged(Hand):
        def wait(self, timeout_s: float, cancel: threading.Event) -> TornTransport:
            raise errors.TransportError(errors.READER_NOT_FOUND)

    with TornTransport(VirtualCard(CCCD.content), 12) as first:
        ending = read_torn(first, key_of("an"), Unplugged())
    assert ending.error is not None
    assert ending.error.code is errors.READER_NOT_FOUND


def test_whoever_stops_while_the_card_is_awaited_is_heard() -> None:
    cancel = threading.Event()
    card = VirtualCard(CCCD.content)
    hand = Hand([TornTransport(card)], waiting=cancel.set)
    with TornTransport(card, 12) as first, pytest.raises(errors.Cancelled):
        read_torn(first, key_of("an"), hand, cancel=cancel)
    assert hand.laid == []


def test_whoever_stops_when_the_card_is_back_leaves_no_connection_open() -> None:
    cancel = threading.Event()
    card = VirtualCard(CCCD.content)

    class Late(Hand):
        def wait(self, timeout_s: float, cancel: threading.Event) -> TornTransport:
            self.laid.append(self.left.pop())
            cancel.set()
            return self.laid[0]

    hand = Late([TornTransport(card)])
    with TornTransport(card, 12) as first, pytest.raises(errors.Cancelled):
        read_torn(first, key_of("an"), hand, cancel=cancel)
    assert hand.laid[0].is_closed
    assert hand.laid[0].commands == 0


# ------------------------------------------------------------------------------ secrets of the holder
def test_a_pin_is_never_sent_again_by_itself() -> None:
    card = VirtualCard(chip_content("pin-puk"))
    key = reader.PinKey.from_digits(PEOPLE["pin-puk"].pin)
    for at in (3, 6, 9, 15):
        hand = Hand([TornTransport(card)])
        with TornTransport(card, at, Tear.ANSWER_LOST) as first:
            ending = read_torn(first, key, hand)
        assert ending.error is not None
        assert (ending.error.code, hand.waits) == (errors.CARD_REMOVED, [])


# --------------------------------------------------------------------------------- with certificates
@pytest.fixture(scope="module")
def terminal(tmp_path_factory: pytest.TempPathFactory) -> TerminalCredentials:
    folder: Path = tmp_path_factory.mktemp("terminal") / "t"
    assert main(["terminal-certificates", "--out", str(folder)]) == 0
    return load_credentials(folder)


@pytest.mark.parametrize("name", ["eac1-ecdh", "eac2"])
def test_fingerprints_are_read_on_after_the_terminal_has_shown_its_certificates_again(
    name: str, terminal: TerminalCredentials
) -> None:
    case = Case(name)
    whole = case.read(terminal=terminal)
    assert whole.outcome is not None
    assert files.data_group(3) in whole.outcome.reading.document.contents
    ways = [Tear.ANSWER_LOST, Tear.ANSWER_HALF, Tear.BEFORE, Tear.ANSWER_STUMP]
    last = range(whole.commands - 3, whole.commands + 1)
    for at in sorted({*soak_share(f"torn {name}", range(1, whole.commands + 1), at_least=6), *last}):
        ending = case.read((at, ways[at % len(ways)]), terminal=terminal)
        try:
            require_same(ending, whole)
        except AssertionError as difference:
            raise AssertionError(f"{name}, command {at}, {ways[at % len(ways)].value}: {difference}") from difference
