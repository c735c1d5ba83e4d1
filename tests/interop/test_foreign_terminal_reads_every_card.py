"""Every card of the catalogue is opened, read and judged by a terminal that shares no code with this project."""

from __future__ import annotations

import ast
import functools
import pathlib
import sys
from collections.abc import Callable, Iterator

import pytest

from emulator.cards import CardSpec, card, catalogue
from emulator.personalise.issuer import Authority, authority_certificate
from emulator.personalise.profile import load_profile
from tests.interop.document_judges import altered_groups, face_of, groups_in_com, mrz_of, signed_digests
from tests.interop.foreign_messaging import Refused
from tests.interop.foreign_terminal import Terminal
from tests.interop.reading_habits import BASIC_HABITS, COM, HABITS, SOD, USUAL_GROUPS, Printed, Reading, in_plain
from tests.interop.reading_habits import basic_access_and_odd_reads as odd_reads
from tests.interop.reading_habits import basic_access_in_small_blocks as small_blocks
from tests.interop.reading_habits import by_identifier_with_reference as by_identifier
from tests.interop.reading_habits import by_short_identifier as by_short_identifiers
from tests.interop.reading_habits import extended_with_authorisation as extended
from tests.interop.reading_habits import from_long_to_short as long_to_short

WITHOUT_OUR_CODE = [
    "foreign_tlv",
    "foreign_curves",
    "foreign_messaging",
    "foreign_security_infos",
    "foreign_terminal",
    "foreign_eac",
    "foreign_eac_certificates",
    "document_judges",
    "reading_habits",
]
Habit = Callable[[Terminal, Printed], Reading]
SPECS = {spec.name: spec for spec in catalogue(laboratory=True)}
PLAIN_ERRORS = {"plain-errors", "plain-errors-kept"}  # against the standard, to which these readers hold a chip
GUARDED = [name for name in SPECS if name != "no-access-control" and name not in PLAIN_ERRORS]
#: Cards that a habit cannot open or read, by what they are for.
WITHOUT_PACE = {
    "bac-only",
    "bac-unproven",
    "ca-breaks-off",
    "ca-refused",
    "cut-signature",
    "ef-dir-6982",
    "extended-mute",
    "extended-uncounted",
    "long-number",
    "select-mf-6a81",
    "select-mf-6a86",
    "short-reads",
    "signature-cut-to-fit",
    "sod-issuer-letters",
    "sod-old-type",
    "zero-le-6282",
    "zero-le-6b00",
}
WITHOUT_KNOWN_PACE = WITHOUT_PACE | {"pace-im", "pace-dh", "eac1-dh-rsa"}
OTHER_PACE = {
    "ca-3des-unannounced",
    "p384-short",
    "pace-bp320",
    "pace-gm-cam",
    "pace-gm-im",
    "pace-unproven",
    "select-mf-6982",
    "tdes-pace",
}
#: Chips of each size of zone and kind of key that also take Basic Access Control, which is slow here.
BOTH_WAYS = {"chip-auth-dh", "eac1-dh-rsa", "eac2", "id-td2", "long-number-td2", "pace-dh", "pace-only", "passport-td3"}
#: Chips that do not agree on the keys which they announce.
CHIP_AUTHENTICATION = {"copied": "6988", "ca-refused": "6985", "ca-breaks-off": "6985"}
#: Whoever takes one long answer for a whole file misses the rest.
GIVES_LESS_THAN_ASKED = {"blocks-2048"}
NEEDS_MORE = (
    {(name, habit) for name in WITHOUT_KNOWN_PACE for habit in HABITS if habit not in BASIC_HABITS}
    | {(name, habit) for name in ("pace-only", "eac2") for habit in BASIC_HABITS}
    | {(name, by_short_identifiers) for name in OTHER_PACE}
    | {(name, extended) for name in ("p384-short", "tdes-pace")}
    | {(name, odd_reads) for name in ("select-mf-6a81", "short-reads")}
)


@functools.cache
def digests(sod: bytes, authority: Authority) -> tuple[str, dict[int, bytes]]:
    """Verified once for each EF.SOD: openssl is a process."""
    return signed_digests(sod, authority_certificate(authority))


def judge(spec: CardSpec, reading: Reading) -> None:
    """What must be true of the files of any card."""
    profile = load_profile(spec.name)
    version, listed = groups_in_com(reading.files[COM])
    signed_version, signed = digests(reading.files[SOD], profile.authority)
    assert version == (signed_version or "0107")
    assert listed == set(signed)
    groups = {identifier & 0xFF: content for identifier, content in reading.files.items() if identifier < 0x0111}
    assert set(groups) == listed - {3, 4}
    assert altered_groups(groups, signed) == ({13} if spec.name == "changed" else set())
    assert mrz_of(groups[1]) == spec.mrz
    if 2 in groups:
        assert face_of(groups[2], profile.lds.face_length_errors)[0] in ("JPEG", "JPEG2000")
    expected = {identifier: "6A82" for identifier in USUAL_GROUPS if identifier & 0xFF not in listed}
    # There, but only for an authenticated terminal
    expected |= {0x0100 | number: "6982" for number in (3, 4) if number in listed}
    assert reading.refused == expected


def cases() -> Iterator[tuple[str, Habit]]:
    """Every habit meets the cards that people are shown; a few of them meet each chip for the laboratory."""
    for name in GUARDED:
        if not SPECS[name].laboratory:
            yield from ((name, habit) for habit in HABITS if habit is not small_blocks)
        elif name in WITHOUT_PACE:
            yield from ((name, habit) for habit in (by_identifier, *BASIC_HABITS))
        elif name in GIVES_LESS_THAN_ASKED:
            yield name, by_identifier
        else:
            yield from ((name, habit) for habit in (by_identifier, extended))
            if name in BOTH_WAYS:
                yield name, odd_reads


@pytest.mark.parametrize(("name", "habit"), list(cases()), ids=lambda value: getattr(value, "__name__", value))
def test_a_reader_of_this_habit_reads_this_card(name: str, habit: Habit) -> None:
    spec, terminal = SPECS[name], Terminal(card(name).transmit)
    printed = Printed(spec.can.encode("ascii"), spec.mrz)
    if (name, habit) in NEEDS_MORE:
        with pytest.raises(Refused):
            habit(terminal, printed)
        return
    reading = habit(terminal, printed)
    judge(spec, reading)
    agreements = load_profile(name).chip_authentication
    offers_agreement = any(choice.announced and 1 in choice.versions for choice in agreements)
    assert reading.chip_authentication == (CHIP_AUTHENTICATION.get(name, "done") if offers_agreement else "")
    if reading.active_authentication:
        assert reading.active_authentication == ("invalid" if name in ("copied", "cut-signature") else "valid")


@pytest.mark.parametrize("name", ["extended-uncounted", "select-mf-6a86"])
def test_whoever_takes_the_counter_back_goes_on_in_the_same_session(name: str) -> None:
    """The refused command was not counted by the one chip; the other takes it."""
    spec = SPECS[name]
    reading = long_to_short(Terminal(card(name).transmit), Printed(b"", spec.mrz))
    judge(spec, reading)


def test_a_card_without_access_control_is_read_in_plain() -> None:
    """Doc 9303-11 §4.1: such documents exist. The fingerprints stay closed all the same."""
    judge(SPECS["no-access-control"], in_plain(Terminal(card("no-access-control").transmit)))


@pytest.mark.parametrize("name", GUARDED)
def test_no_other_card_shows_anything_in_plain(name: str) -> None:
    assert in_plain(Terminal(card(name).transmit)).files == {}


@pytest.mark.parametrize("module", WITHOUT_OUR_CODE)
def test_the_terminal_shares_no_code_with_this_project(module: str) -> None:
    """Otherwise the files of this folder would prove less than they say."""
    tree = ast.parse(pathlib.Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {f"tests.interop.{name}" for name in WITHOUT_OUR_CODE}
    foreign = {name.partition(".")[0] for name in names - ours} - {"cryptography"}
    assert foreign <= sys.stdlib_module_names


def test_the_two_image_formats_and_the_card_without_a_portrait_are_met() -> None:
    met = set()
    for name in ("an", "quy", "child-2024"):
        reading = odd_reads(Terminal(card(name).transmit), Printed(SPECS[name].can.encode("ascii"), SPECS[name].mrz))
        met.add(face_of(reading.files[0x0102])[0] if 0x0102 in reading.files else "none")
    assert met == {"JPEG", "JPEG2000", "none"}
