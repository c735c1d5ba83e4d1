"""A card that is torn away at every moment of a reading, and comes back: read whole, or a clear error; never a mixture.

Each reading that is brought to its end is held against one that nobody disturbed: the same octets, the same checks, the
same verdict.
"""

from __future__ import annotations

import dataclasses
import functools
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reader
from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from emulator.personalise.document import personalise
from emulator.personalise.profile import load_profile
from kiosk_ui.cli import main
from reader import errors
from reader.lds import files
from reader.plan import DESK, HOSPITAL, ReadPlan
from reader.terminal_credentials import TerminalCredentials, load_credentials
from reader.verification.verdict import Decision
from tests.hostile.torn_cards import Ending, Hand, Tear, TornTransport, read_torn
from tests.soak import soak_share
from tests.unit.reader_cards import PEOPLE, can_of, signed_card

QUICK = HOSPITAL.without_photo()  # a fourth of the commands, and every kind of them
OPENING = 9  # commands: EF.CardAccess, (EF.ATR/INFO,) PACE, the application; and one more
PROOFS = 4  # chip and active authentication, EF.SOD's first block, the begun file's first block


def key_of(name: str) -> reader.CanKey | reader.MrzKey:
    return (
        reader.MrzKey.from_lines(PEOPLE[name].mrz)
        if name in ("bac-only", "short-reads")
        else can_of(name.removesuffix("-small"))
    )


@functools.cache
def small_photo() -> ChipContent:
    """An's card with a DG2 of six blocks that holds no picture; the TEST authority signs anything."""
    return signed_card("an", {2: bytes.fromhex("75820500") + bytes(index % 251 for index in range(0x500))})


@dataclasses.dataclass(frozen=True)
class Case:
    """A card and a plan."""

    name: str
    plan: ReadPlan = QUICK

    @property
    def content(self) -> ChipContent:
        return small_photo() if self.name == "an-small" else chip_content(self.name)

    def read(self, *tears: tuple[int, Tear], returns: bool = True, **options: object) -> Ending:
        """The same card each time; the last connection holds."""
        card = VirtualCard(self.content)
        transports = [*(TornTransport(card, at, tear) for at, tear in tears), TornTransport(card)]
        hand = Hand(transports[1:]) if returns else None
        return read_torn(transports[0], key_of(self.name), hand, plan=self.plan, **options)


CCCD, WITH_PHOTO, LONG_BLOCKS = Case("an"), Case("an", HOSPITAL), Case("blocks-2048", HOSPITAL)
SMALL_PHOTO = Case("an-small", HOSPITAL)
BAC, CAM, PLAIN = Case("bac-only"), Case("pace-cam"), Case("no-access-control")
GM_CAM, DH, SMALL = Case("pace-gm-cam"), Case("chip-auth-dh"), Case("short-reads")


@functools.cache
def untorn(case: Case) -> Ending:
    ending = case.read()
    assert ending.outcome is not None
    assert ending.awaited == 0
    return ending


def require_same(ending: Ending, whole: Ending) -> None:
    """Read whole, and every proof given again."""
    assert whole.outcome is not None
    assert ending.error is None, ending.error
    assert ending.outcome is not None
    assert ending.outcome.reading.document.contents == whole.outcome.reading.document.contents
    assert ending.outcome.checks == whole.outcome.checks
    assert ending.outcome.verdict == whole.outcome.verdict
    assert ending.outcome.reading.unread == whole.outcome.reading.unread


def positions(case: Case) -> range:
    return range(1, untorn(case).commands + 1)


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


# ------------------------------------------------------------------------------------ another card
def copy_of(name: str) -> ChipContent:
    """The same octets in a chip that holds none of the private keys."""
    stolen = personalise(dataclasses.replace(load_profile(name), copied=True))
    return dataclasses.replace(
        chip_content(name),
        chip_authentication=stolen.chip_authentication,
        active_authentication=stolen.active_authentication,
    )


def opened_as(content: ChipContent, other: ChipContent) -> ChipContent:
    """The same card, as if it had the access number and the machine-readable zone of the other."""
    return dataclasses.replace(content, can=other.can, mrz_information=other.mrz_information)


def read_exchanged(
    first: ChipContent, second: ChipContent, at: int, name: str = "an", plan: ReadPlan = QUICK
) -> Ending:
    """The first card is torn away at that command, and the second one laid down in its place."""
    before = TornTransport(VirtualCard(first), at, Tear.ANSWER_LOST)
    return read_torn(before, key_of(name), Hand([TornTransport(VirtualCard(second))]), plan=plan)


@pytest.mark.parametrize("name", ["an", "bac-only", "pace-cam"])
def test_another_persons_card_with_the_same_access_number_is_told_and_not_read(name: str) -> None:
    case = Case(name)
    stranger = opened_as(chip_content("quy" if name != "bac-only" else "an"), case.content)
    stranger = dataclasses.replace(
        stranger, pace=case.content.pace, master_files=case.content.master_files,
        chip_authentication_mapping=case.content.chip_authentication_mapping,
    )  # fmt: skip
    told = []
    for at in positions(case):
        ending = read_exchanged(case.content, stranger, at, name)
        if ending.error is not None:
            assert ending.error.code is errors.ANOTHER_CARD, at
        else:  # of the first card there was nothing but an EF.COM that both have: the other one was read as it is
            assert ending.outcome is not None
            theirs = {file.content for file in stranger.application_files}
            kept = ending.outcome.reading.document
            assert all(kept.require(file) in theirs for file in kept.contents if file.in_application), at
        told.append(ending.error is not None)
    assert told == sorted(told), "once something is kept of a card, every other one is told"
    assert set(told) == {False, True}


@pytest.mark.parametrize("other", ["quy", "bac-only", "pace-cam"])
def test_a_card_that_does_not_open_by_the_key_that_opened_the_first_is_another(other: str) -> None:
    for at in (17, 20, 24):
        ending = read_exchanged(chip_content("an"), chip_content(other), at)
        assert ending.error is not None
        assert ending.error.code is errors.ANOTHER_CARD


def test_a_card_without_the_application_is_another() -> None:
    empty = dataclasses.replace(chip_content("an"), application_files=())
    for at in (17, 20, 24):
        ending = read_exchanged(chip_content("an"), empty, at)
        assert ending.error is not None
        assert ending.outcome is None


@pytest.mark.parametrize("plan", [QUICK, DESK], ids=lambda plan: plan.name)
def test_a_copy_laid_down_in_place_of_the_card_is_never_accepted(plan: ReadPlan) -> None:
    """Whatever the first card proved, the one that lies there now has to prove it, too."""
    moments = positions(Case("an", plan))
    for at in moments if plan is QUICK else moments[30::25]:
        ending = read_exchanged(chip_content("an"), copy_of("an"), at, plan=plan)
        assert ending.error is None
        assert ending.outcome is not None
        assert ending.outcome.verdict.decision is Decision.REJECT, at


def test_a_copy_of_a_card_with_mapping_is_never_accepted() -> None:
    case = CAM
    other = personalise(dataclasses.replace(load_profile("pace-cam"), copied=True))
    copied = dataclasses.replace(
        case.content,
        chip_authentication=other.chip_authentication,
        active_authentication=other.active_authentication,
        chip_authentication_mapping=other.chip_authentication_mapping,
    )
    for at in positions(case)[::2]:
        ending = read_exchanged(case.content, copied, at, "pace-cam")
        assert ending.outcome is None or ending.outcome.verdict.decision is Decision.REJECT, at


def test_the_card_after_its_copy_is_judged_by_itself() -> None:
    """The other way round no octet of the copy counts unless it is the issuer's."""
    whole = untorn(CCCD)
    for at in list(positions(CCCD))[::3]:
        require_same(read_exchanged(copy_of("an"), chip_content("an"), at), whole)


@pytest.mark.parametrize("at_byte", ["first", "middle", "last"])
def test_the_same_card_with_another_photo_never_makes_half_a_photo(at_byte: str) -> None:
    """EF.SOD begins alike, so it is the hash that tells: what is read to the end is not the issuer's."""
    original = chip_content("an")
    changed = []
    for file in original.application_files:
        octets = bytearray(file.content)
        if file.identifier & 0xFF == 2:
            position = {"first": 90, "middle": len(octets) // 2, "last": len(octets) - 1}[at_byte]
            octets[position] ^= 1
        changed.append(dataclasses.replace(file, content=bytes(octets)))
    other = dataclasses.replace(original, application_files=tuple(changed))
    whole = untorn(WITH_PHOTO)
    assert whole.outcome is not None
    photo = files.data_group(2)
    for at in list(positions(WITH_PHOTO))[30::18]:
        ending = read_exchanged(original, other, at, plan=HOSPITAL)
        if ending.error is not None:
            assert ending.error.code is errors.ANOTHER_CARD
            continue
        assert ending.outcome is not None
        is_whole = ending.outcome.reading.document.require(photo) == whole.outcome.reading.document.require(photo)
        assert (ending.outcome.verdict.decision is Decision.ACCEPT) == is_whole, at


def test_a_card_signed_anew_for_the_same_person_is_another() -> None:
    """A renewed card: same number, same access number, another EF.SOD."""
    renewed = signed_card("an", {15: None})
    for at in (17, 20, 24):
        ending = read_exchanged(chip_content("an"), renewed, at)
        assert ending.error is not None
        assert ending.error.code is errors.ANOTHER_CARD


def with_another_photo() -> ChipContent:
    original = small_photo()
    return dataclasses.replace(
        original,
        application_files=tuple(
            dataclasses.replace(file, content=file.content[:-1] + b"\xff") if file.identifier & 0xFF == 2 else file
            for file in original.application_files
        ),
    )


@functools.cache
def laid_down() -> dict[str, ChipContent]:
    """All of them open by the same number."""
    genuine, stolen = small_photo(), copy_of("an")
    return {
        "genuine": genuine,
        "copy": dataclasses.replace(
            genuine,
            chip_authentication=stolen.chip_authentication,
            active_authentication=stolen.active_authentication,
        ),
        "other photo": with_another_photo(),
        "renewed": signed_card("an", {15: None}),
        "stranger": opened_as(chip_content("quy"), genuine),
    }


LAID_DOWN = ("genuine", "copy", "other photo", "renewed", "stranger")
hands = st.lists(
    st.tuples(st.sampled_from(LAID_DOWN), st.integers(1, 45), st.sampled_from(Tear)), min_size=1, max_size=4
)


@settings(max_examples=20, deadline=None)
@given(hands)
def test_whatever_cards_are_laid_down_one_after_the_other_what_is_accepted_is_one_of_them(
    sequence: list[tuple[str, int, Tear]],
) -> None:
    transports = [TornTransport(VirtualCard(laid_down()[name]), at, tear) for name, at, tear in sequence]
    transports[-1] = TornTransport(VirtualCard(laid_down()[sequence[-1][0]]))
    hand = Hand(transports[1:])
    outcome = read_torn(transports[0], can_of("an"), hand, plan=HOSPITAL).outcome
    if outcome is None or outcome.verdict.decision is not Decision.ACCEPT:
        return
    last = sequence[len(hand.laid)][0]
    assert last in ("genuine", "stranger", "other photo")
    theirs = {file.content for file in laid_down()["stranger" if last == "stranger" else "genuine"].application_files}
    document = outcome.reading.document
    assert {document.require(file) for file in document.contents if file.in_application} <= theirs


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
