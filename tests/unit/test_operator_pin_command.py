"""``chipid operator-pin`` keeps a hash that only its owner reads, and says why a PIN will not do."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest

from kiosk_ui.app.operation.pin import PinHash
from kiosk_ui.cli import main

PIN = "730915"


def choose(monkeypatch: pytest.MonkeyPatch, typed: str, *arguments: str) -> int:
    monkeypatch.setattr("sys.stdin", io.StringIO(typed))
    return main(["operator-pin", *arguments])


def test_the_hash_lies_in_the_data_folder_for_its_owner_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHIPID_DATA_FOLDER", str(tmp_path / "data"))
    assert choose(monkeypatch, PIN + "\n") == 0
    path = tmp_path / "data" / "operator.pin"
    assert path.stat().st_mode & 0o777 == 0o600
    kept = PinHash.load(path)
    assert kept is not None
    assert kept.matches(PIN)
    assert PIN not in "".join(capsys.readouterr())


def test_a_hash_for_the_settings_is_printed_and_can_be_used(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose(monkeypatch, PIN, "--print") == 0
    assert PinHash.parse(capsys.readouterr().out).matches(PIN)


@pytest.mark.parametrize("typed", ["", "12345\n", "111111\n", "no digits\n"])
def test_a_weak_pin_is_refused_and_nothing_is_written(
    typed: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHIPID_DATA_FOLDER", str(tmp_path))
    assert choose(monkeypatch, typed) == 2
    assert "igits" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_and_settings_that_are_none_are_said(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    monkeypatch.setenv("CHIPID_DATA_FOLDER", str(tmp_path / "file"))
    assert choose(monkeypatch, PIN) == 2
    assert "cannot be written" in capsys.readouterr().err
    assert choose(monkeypatch, PIN, "--settings", str(tmp_path / "none.toml")) == 2
    assert choose(monkeypatch, PIN, "--no-such-word") == 64


AS_ROOT = pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can write for somebody else")


@AS_ROOT
@pytest.mark.parametrize("folder", ["", "not/there/yet"])
def test_what_root_writes_belongs_to_the_kiosks_user(
    folder: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """systemd gives the data folder to the kiosk's user; a PIN file of root's there would keep the page shut."""
    os.chown(tmp_path, 4711, 4712)
    monkeypatch.setenv("CHIPID_DATA_FOLDER", str(tmp_path / folder))
    assert choose(monkeypatch, PIN) == 0
    for path in (tmp_path / folder / "operator.pin", tmp_path / folder):
        assert (path.stat().st_uid, path.stat().st_gid) == (4711, 4712)
    assert (tmp_path / folder / "operator.pin").stat().st_mode & 0o777 == 0o600
    assert "chown" not in capsys.readouterr().out


@AS_ROOT
def test_in_a_folder_of_roots_it_is_said_who_cannot_read_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHIPID_OPERATION__PIN_FILE", str(tmp_path / "operator.pin"))
    assert choose(monkeypatch, PIN) == 0
    assert f"chown USER {tmp_path / 'operator.pin'}" in capsys.readouterr().out
