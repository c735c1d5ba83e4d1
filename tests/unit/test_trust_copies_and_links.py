"""A store has one place: copies are told as copies, and nothing is written through a link that leads elsewhere."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from reader.errors import TrustError
from reader.trust.command import trust_command
from reader.trust.folder import load_folder
from reader.trust.import_plan import ImportOptions
from reader.trust.importing import import_files, remove_entry
from reader.trust.sealing import SealKey, SealState, default_key_file
from tests.unit.trust_lists import NOW, csca

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    for number in range(1, 6):
        (tmp_path / f"{number}.cer").write_bytes(csca(number).der)
    bring(tmp_path, 1)
    return tmp_path


def bring(place: Path, number: int, store: str = "store", **more: bool) -> str:
    report = import_files([place / f"{number}.cer"], place / store, ImportOptions(), at=NOW, **more)
    return report.moved_from


def installed(place: Path, store: str = "store") -> int:
    loaded = load_folder(place / store, test_mode=False)
    assert loaded.seal is SealState.SEALED
    return len(loaded.store)


def everything(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(folder.rglob("*"))}


# ------------------------------------------------------------------------------------------------ copies
def test_a_copy_is_read_but_not_changed_while_the_store_is_in_its_place(place: Path) -> None:
    shutil.copytree(place / "store", place / "copy")
    assert installed(place, "copy") == 1
    before = everything(place)
    with pytest.raises(TrustError, match="is a copy of a trust store in another place") as refusal:
        bring(place, 2, "copy")
    assert refusal.value.code.name == "trust.store_copy"
    assert refusal.value.facts["store"] == str(place / "store")
    with pytest.raises(TrustError, match="store_copy"):
        remove_entry(csca(1).fingerprint, place / "copy")
    assert {name for name in everything(place) if not name.endswith(".lock")} == {
        name for name in before if not name.endswith(".lock")
    }
    assert SealKey.load(default_key_file()).knows(place / "store")
    bring(place, 2)
    assert installed(place) == 2


def test_a_copy_that_stayed_behind_is_told_as_an_older_copy(place: Path) -> None:
    shutil.copytree(place / "store", place / "copy")
    bring(place, 2)
    with pytest.raises(TrustError, match="tampered; what older copy"):
        installed(place, "copy")
    shutil.rmtree(place / "copy")
    shutil.copytree(place / "store", place / "copy")
    assert installed(place, "copy") == 2, "copied again, it is right again"


def test_an_update_that_brings_nothing_leaves_every_copy_good(place: Path, capsys: Capture) -> None:
    """An empty stick, or one with other things on it, put in every day."""
    shutil.copytree(place / "store", place / "copy")
    before = (place / "store" / "store.json").read_bytes()
    (place / "stick").mkdir()
    assert trust_command(["update", str(place / "stick"), "--store", str(place / "store")]) == 0
    assert "No file was found" in capsys.readouterr().out
    (place / "stick" / "notes.txt").write_text("nothing to import")
    assert trust_command(["update", str(place / "stick"), "--store", str(place / "store")]) == 0
    assert "notes.txt" in capsys.readouterr().out
    assert (place / "store" / "store.json").read_bytes() == before
    assert installed(place) == installed(place, "copy") == 1


def test_a_copy_takes_over_on_purpose_and_says_so(place: Path, capsys: Capture) -> None:
    shutil.copytree(place / "store", place / "copy")
    words = ["import", str(place / "2.cer"), "--store", str(place / "copy")]
    assert trust_command(words) == 2
    assert "--take-over" in capsys.readouterr().err
    assert trust_command([*words, "--take-over"]) == 0
    assert f"and no more in {place / 'store'}" in capsys.readouterr().out
    assert installed(place, "copy") == 2
    with pytest.raises(TrustError, match="tampered; what older copy"):
        installed(place)
    (place / "copy" / "store.json").unlink()
    with pytest.raises(TrustError, match=r"tampered; what store\.json missing"):
        installed(place, "copy")


def test_a_store_that_was_moved_is_followed_and_the_import_says_from_where(place: Path, capsys: Capture) -> None:
    (place / "store").rename(place / "moved")
    words = ["import", str(place / "2.cer"), "--store", str(place / "moved"), "--json"]
    assert trust_command(words) == 0
    assert json.loads(capsys.readouterr().out)["moved_from"] == str(place / "store")
    assert installed(place, "moved") == 2
    assert trust_command(words) == 0
    assert json.loads(capsys.readouterr().out)["moved_from"] is None, "it is told once"


def test_a_store_named_by_a_link_to_its_folder_is_no_copy(place: Path) -> None:
    (place / "link").symlink_to(place / "store", target_is_directory=True)
    assert bring(place, 2, "link") == ""
    assert installed(place) == 2


def test_a_link_put_into_the_store_s_place_does_not_make_the_key_forget_the_place(place: Path) -> None:
    (place / "store").rename(place / "moved")
    (place / "store").symlink_to(place / "moved", target_is_directory=True)
    assert bring(place, 2) == ""
    assert installed(place) == 2
    (place / "store").unlink()
    with pytest.raises(TrustError, match=r"tampered; what store\.json missing"):
        installed(place)
    (place / "store").mkdir()
    (place / "store" / "ours.cer").write_bytes(csca(3).der)
    with pytest.raises(TrustError, match=r"tampered; what store\.json missing"):
        installed(place)


def test_a_place_in_which_something_else_lies_now_makes_the_copy_none_the_less_a_copy(place: Path) -> None:
    """Or whoever empties the store's place could have the key forget it by the next import into a copy."""
    (place / "store").rename(place / "copy")
    (place / "store").mkdir()
    with pytest.raises(TrustError, match="store_copy"):
        bring(place, 2, "copy")
    with pytest.raises(TrustError, match=r"tampered; what store\.json missing"):
        installed(place)


# ------------------------------------------------------------------------------------------------- links
def link_folder(store: Path, elsewhere: Path) -> None:
    shutil.move(store / "certificates", elsewhere / "certificates")
    (store / "certificates").symlink_to(elsewhere / "certificates", target_is_directory=True)


def link_empty_folder(store: Path, elsewhere: Path) -> None:
    (store / "crls").rmdir()
    (store / "crls").symlink_to(elsewhere, target_is_directory=True)


def link_nowhere(store: Path, elsewhere: Path) -> None:
    (store / "deviation-lists").rmdir()
    (store / "deviation-lists").symlink_to(elsewhere / "nothing here")


def link_certificate(store: Path, elsewhere: Path) -> None:
    (file,) = (store / "certificates").iterdir()
    shutil.move(file, elsewhere / "a.cer")
    file.symlink_to(elsewhere / "a.cer")


def link_manifest(store: Path, elsewhere: Path) -> None:
    shutil.move(store / "store.json", elsewhere / "store.json")
    (store / "store.json").symlink_to(elsewhere / "store.json")


def link_lock(store: Path, elsewhere: Path) -> None:
    (store / ".lock").unlink()
    (store / ".lock").symlink_to(elsewhere / "made by the lock")


def link_stray(store: Path, elsewhere: Path) -> None:
    (store / "crls" / "UT-0.crl.part").symlink_to(elsewhere)


LINKS = [link_folder, link_empty_folder, link_nowhere, link_certificate, link_manifest, link_lock, link_stray]


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("link", LINKS)
def test_nothing_is_written_through_a_link(place: Path, link: object, replace: bool) -> None:
    (place / "elsewhere").mkdir()
    (place / "elsewhere" / "mine.txt").write_bytes(b"mine")
    assert callable(link)
    link(place / "store", place / "elsewhere")
    before = everything(place / "elsewhere"), everything(place / "store"), default_key_file().read_bytes()
    with pytest.raises(TrustError) as refusal:
        bring(place, 2, replace=replace)
    assert refusal.value.code.name == "trust.store_linked"
    assert (everything(place / "elsewhere"), everything(place / "store"), default_key_file().read_bytes()) == before
    if not replace:
        with pytest.raises(TrustError, match="store_linked"):
            remove_entry(csca(1).fingerprint, place / "store")
        assert everything(place / "elsewhere") == before[0]


def test_the_error_about_a_link_does_not_show_a_stranger_s_file_name(place: Path) -> None:
    (place / "store" / "certificates" / "\x1b[2J").symlink_to(place)
    with pytest.raises(TrustError) as refusal:
        bring(place, 2)
    assert refusal.value.facts["where"] == "certificates"
    assert "\x1b" not in str(refusal.value)


def test_a_store_with_its_certificates_behind_a_link_can_still_be_read(place: Path) -> None:
    """Reading believes fingerprints, whatever way led to the octets."""
    (place / "elsewhere").mkdir()
    link_folder(place / "store", place / "elsewhere")
    assert installed(place) == 1


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="permissions do not hold the administrator back")
def test_a_store_that_cannot_be_looked_through_is_not_written(place: Path) -> None:
    (place / "store" / "certificates").chmod(0o000)
    try:
        with pytest.raises(TrustError, match="store_unwritable"):
            bring(place, 2)
    finally:
        (place / "store" / "certificates").chmod(0o755)
