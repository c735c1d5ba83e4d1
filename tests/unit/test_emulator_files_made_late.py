"""What the emulator does not do before it is needed: the files of a chip, and what the TEST authorities publish."""

from __future__ import annotations

import dataclasses

import pytest

from emulator import cards
from emulator.chip.access_rules import AccessCondition
from emulator.chip.card import VirtualCard
from emulator.chip.content import ElementaryFile
from emulator.chip.files_on_demand import FilesOnDemand
from emulator.personalise import authorities, published
from emulator.personalise.document import personalise
from emulator.personalise.profile import load_profile

FILE = ElementaryFile(0x0101, b"\x61\x00", 0x01, AccessCondition.CHIP_ACCESS)
SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")
READ_CARD_ACCESS = bytes.fromhex("00B09C0000")


def test_published_files_are_what_the_authorities_derive() -> None:
    """If not, ``python -m emulator.personalise.published`` writes them anew."""
    assert published.trust_anchors() == authorities.trust_anchors()
    assert published.revocation_lists() == authorities.revocation_lists()


def test_what_is_published_says_that_it_is_for_tests_only() -> None:
    for octets in (*cards.trust_anchors(), *cards.revocation_lists()):
        assert b"TEST ONLY" in octets


def test_files_are_made_once_and_only_when_somebody_looks() -> None:
    made: list[int] = []

    def make() -> tuple[ElementaryFile, ...]:
        made.append(1)
        return (FILE,)

    files = FilesOnDemand(make)
    assert repr(files) == "FilesOnDemand(not made yet)"
    assert not files.are_made
    assert list(files) == [FILE]
    assert (len(files), files[0], files[:1]) == (1, FILE, (FILE,))
    assert files + (FILE,) == (FILE,) + files == (FILE, FILE)  # noqa: RUF005 - both sides of the operator are meant
    assert files == (FILE,)
    assert files == FilesOnDemand(lambda: (FILE,))
    assert files != (FILE, FILE)
    assert hash(files) == hash((FILE,))
    assert len(made) == 1


def test_what_making_raises_looking_raises_again() -> None:
    def fail() -> tuple[ElementaryFile, ...]:
        raise ValueError("no signer was active")

    files = FilesOnDemand(fail)
    for _ in range(2):
        with pytest.raises(ValueError, match="no signer"):
            len(files)


def test_a_chip_that_nobody_has_opened_has_drawn_and_signed_nothing() -> None:
    content = personalise(load_profile("an"))
    files = content.application_files
    assert isinstance(files, FilesOnDemand)
    chip = VirtualCard(content)
    answer = chip.transmit(READ_CARD_ACCESS)
    assert answer.endswith(b"\x90\x00")
    assert not files.are_made
    chip.transmit(SELECT_APPLICATION)
    chip.transmit(bytes.fromhex("00B09E0004"))  # READ BINARY of EF.COM is refused by looking at the file's access rule
    assert files.are_made


def test_a_chip_is_the_same_whether_its_files_are_made_early_or_late() -> None:
    late, early = personalise(load_profile("aes256")), personalise(load_profile("aes256"))
    early = dataclasses.replace(early, application_files=tuple(early.application_files))
    assert late.application_files == early.application_files
    assert [file.identifier for file in late.application_files][:2] == [0x011E, 0x011D]
