"""The few lines that find entry points agree with the library that knows all about them."""

from __future__ import annotations

import sys
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

from reader import transport
from reader.transport.installed import entry_points_of

GROUP = "chipid.transports"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(sys, "path", [str(tmp_path), str(tmp_path / "is not there"), ""])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def install(folder: Path, distribution: str, text: str | bytes) -> None:
    place = folder / f"{distribution}-1.0.dist-info"
    place.mkdir()
    (place / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
    (place / "entry_points.txt").write_bytes(text if isinstance(text, bytes) else text.encode())


@pytest.mark.parametrize("group", [GROUP, "console_scripts", "pytest11", "no.such.group"])
def test_what_is_installed_here_is_found_as_the_library_finds_it(group: str) -> None:
    assert set(entry_points_of(group)) == {point.value.partition(" [")[0] for point in entry_points(group=group)}


def test_only_the_group_that_is_asked_for_counts(folder: Path) -> None:
    install(
        folder,
        "one",
        f"[console_scripts]\nx = a:b\n\n[{GROUP}]\n# a remark = c:d\n emulated = e.f:g \n\n[other]\ny = h:i\n",
    )
    install(folder, "two", f"[{GROUP}]\nmore = j:k [extra]\nsame=e.f:g\n")
    assert entry_points_of(GROUP) == ("e.f:g", "j:k")
    assert {point.value.partition(" [")[0] for point in entry_points(group=GROUP)} == {"e.f:g", "j:k"}


def test_a_damaged_file_keeps_nobody_from_reading_a_card(folder: Path) -> None:
    install(folder, "damaged", b"[chipid.transports]\nx = \xff\xfe:y\n")
    install(folder, "good", f"[{GROUP}]\nx = a:b\n")
    (folder / "empty-1.0.dist-info").mkdir()
    assert entry_points_of(GROUP) == ("a:b",)


def test_what_lies_in_no_plain_folder_is_left_to_the_library(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = folder / "packed.whl"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("packed-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: packed\nVersion: 1.0\n")
        packed.writestr("packed-1.0.dist-info/entry_points.txt", f"[{GROUP}]\nx = a:b\n")
    monkeypatch.setattr(sys, "path", [str(archive)])
    assert entry_points_of(GROUP) == ("a:b",)


def test_the_emulated_cards_come_in_that_way_and_once() -> None:
    assert [provider.names() for provider in transport.providers()].count(transport.providers()[0].names()) == 1
    assert "an" in transport.providers()[0].names()
