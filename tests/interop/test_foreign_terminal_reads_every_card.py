"""Every card of the catalogue is opened, read and judged by a terminal that shares no code with this project."""

from __future__ import annotations

import ast
import functools
import pathlib
import sys

import pytest

from emulator.cards import CardSpec, card, catalogue, trust_anchors
from emulator.personalise.issuer import Authority, authority_certificate
from tests.interop.document_judges import altered_groups, face_of, groups_in_com, mrz_of, signed_digests
from tests.interop.foreign_terminal import Refused, Terminal
from tests.interop.reading_habits import COM, HABITS, SOD, Printed, Reading, basic_access_and_odd_reads, in_plain
from tests.interop.reading_habits import by_short_identifier as by_short_identifiers
from tests.interop.reading_habits import extended_with_authorisation as extended

SPECS = {spec.name: spec for spec in catalogue(laboratory=True)}
GUARDED = [name for name in SPECS if name != "no-access-control"]
#: Cards that a habit cannot open, by what they are for.
WITHOUT_USUAL_PACE = ("bac-only", "pace-im", "pace-dh")
NEEDS_MORE = {
    (name, habit.__name__) for name in WITHOUT_USUAL_PACE for habit in HABITS if habit is not basic_access_and_odd_reads
} | {
    ("tdes-pace", by_short_identifiers.__name__),
    ("tdes-pace", extended.__name__),
}


@functools.cache
def digests(sod: bytes, unknown: bool) -> tuple[str, dict[int, bytes]]:
    """Verified once for each EF.SOD: openssl is a process."""
    return signed_digests(sod, authority_certificate(Authority.UNKNOWN) if unknown else trust_anchors()[0])


def judge(spec: CardSpec, reading: Reading) -> None:
    """What must be true of the files of any card."""
    version, listed = groups_in_com(reading.files[COM])
    signed_version, signed = digests(reading.files[SOD], spec.name == "unknown-csca")
    assert version == (signed_version or "0107")
    assert listed == set(signed)
    groups = {identifier & 0xFF: content for identifier, content in reading.files.items() if identifier < 0x0111}
    assert set(groups) == listed - {3}
    assert altered_groups(groups, signed) == ({13} if spec.name == "changed" else set())
    assert mrz_of(groups[1]) == spec.mrz
    if 2 in groups:
        assert face_of(groups[2])[0] in ("JPEG", "JPEG2000")
    expected = {identifier: "6A82" for identifier in (0x0102, 0x010D, 0x010F) if identifier & 0xFF not in listed}
    expected[0x0103] = "6982" if 3 in listed else "6A82"  # there, but only for an authenticated terminal
    assert reading.refused == expected


@pytest.mark.parametrize("habit", HABITS, ids=lambda habit: habit.__name__)
@pytest.mark.parametrize("name", GUARDED)
def test_a_reader_of_this_habit_reads_this_card(name: str, habit: object) -> None:
    spec, terminal = SPECS[name], Terminal(card(name).transmit)
    printed = Printed(spec.can.encode("ascii"), spec.mrz)
    if (name, habit.__name__) in NEEDS_MORE:  # type: ignore[attr-defined]
        with pytest.raises(Refused):
            habit(terminal, printed)  # type: ignore[operator]
        return
    reading = habit(terminal, printed)  # type: ignore[operator]
    judge(spec, reading)
    offers_agreement = name != "rsa-active"
    assert reading.chip_authentication == ("" if not offers_agreement else "6988" if name == "copied" else "done")
    if reading.active_authentication:
        assert reading.active_authentication == ("invalid" if name == "copied" else "valid")


def test_a_card_without_access_control_is_read_in_plain() -> None:
    """Doc 9303-11 §4.1: such documents exist. The fingerprints stay closed all the same."""
    judge(SPECS["no-access-control"], in_plain(Terminal(card("no-access-control").transmit)))


@pytest.mark.parametrize("name", GUARDED)
def test_no_other_card_shows_anything_in_plain(name: str) -> None:
    assert in_plain(Terminal(card(name).transmit)).files == {}


@pytest.mark.parametrize("module", ["foreign_terminal", "document_judges", "reading_habits"])
def test_the_terminal_shares_no_code_with_this_project(module: str) -> None:
    """Otherwise this file would prove less than it says."""
    tree = ast.parse(pathlib.Path(__file__).with_name(f"{module}.py").read_text(encoding="utf-8"))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    ours = {"tests.interop.foreign_terminal", "tests.interop.document_judges"}
    foreign = {name.partition(".")[0] for name in names - ours} - {"cryptography"}
    assert foreign <= sys.stdlib_module_names


def test_the_two_image_formats_and_the_card_without_a_portrait_are_met() -> None:
    met = set()
    for name in ("an", "quy", "child-2024"):
        reading = basic_access_and_odd_reads(
            Terminal(card(name).transmit), Printed(SPECS[name].can.encode("ascii"), SPECS[name].mrz)
        )
        met.add(face_of(reading.files[0x0102])[0] if 0x0102 in reading.files else "none")
    assert met == {"JPEG", "JPEG2000", "none"}
