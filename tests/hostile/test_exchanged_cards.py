"""Another card is laid down in place of the one that was torn away: told, or judged for what it is; never a mixture."""

from __future__ import annotations

import dataclasses
import functools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emulator.cards import chip_content
from emulator.chip.card import VirtualCard
from emulator.chip.content import ChipContent
from emulator.personalise.document import personalise
from emulator.personalise.profile import load_profile
from reader import errors
from reader.lds import files
from reader.plan import DESK, HOSPITAL, ReadPlan
from reader.verification.verdict import Decision
from tests.hostile.torn_cards import (
    CAM,
    CCCD,
    QUICK,
    WITH_PHOTO,
    Case,
    Ending,
    Hand,
    Tear,
    TornTransport,
    key_of,
    positions,
    read_torn,
    require_same,
    small_photo,
    untorn,
)
from tests.unit.reader_cards import can_of, signed_card


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
    for at in positions(case)[:: 1 if name == "an" else 3]:
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
