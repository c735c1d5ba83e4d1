"""``chipid read`` where the standard streams are closed, full, cut off or cannot write Vietnamese; and odd trust folders.

Exit code 1 means "read but not accepted". A reading whose result is lost must not end with it, nor with 0.
"""

from __future__ import annotations

import base64
import io
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

import pytest

from emulator.personalise.issuer import trust_anchors
from reader.cli import read_command
from reader.trust.folder import load_folder

READ = ["--emulated", "an", "--can", "000017"]


def gone() -> TextIO:
    """A pipe that nobody reads any more."""
    readable, writable = os.pipe()
    os.close(readable)
    return os.fdopen(writable, "w", encoding="utf-8")


def full() -> TextIO:
    return open("/dev/full", "w", encoding="utf-8")


@pytest.fixture(params=[None, gone, full], ids=["closed", "nobody reads", "disk full"])
def broken(request: pytest.FixtureRequest) -> Iterator[TextIO | None]:
    stream: TextIO | None = None if request.param is None else request.param()
    yield stream
    if stream is not None:
        stream.close()


def test_a_result_that_cannot_be_delivered_is_no_result(
    broken: TextIO | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdout", broken)
    assert read_command([*READ, "--json"]) == 2
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("chipid: The result could not be written to standard output")


def test_a_card_is_read_without_anybody_seeing_the_progress(
    broken: TextIO | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stderr", broken)
    assert read_command([*READ, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdict"] == "ACCEPT"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1258", "utf-8"])
def test_json_is_the_same_json_in_every_locale(encoding: str, monkeypatch: pytest.MonkeyPatch) -> None:
    octets = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(octets, encoding=encoding))
    code = read_command([*READ, "--json"])
    assert code == 0
    assert json.loads(octets.getvalue().decode(encoding))["document"]["personal"]["ho_ten"] == "Nguyễn Văn An"


def test_the_readable_result_is_written_in_every_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    octets = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(octets, encoding="ascii"))
    assert read_command(READ) == 0
    assert octets.getvalue().startswith(b"ACCEPT")


@pytest.mark.parametrize(
    "stdin", [None, io.TextIOWrapper(io.BytesIO(b"000017\xff\xfe"), encoding="utf-8")], ids=["closed", "no text"]
)
def test_no_readable_input_is_one_sentence(
    stdin: TextIO | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", stdin)
    assert read_command(["--emulated", "an", "--can", "-"]) == 2
    text = capsys.readouterr().err
    assert "input.unreadable" in text
    assert "000017" not in text


class _Interrupted(io.StringIO):
    def read(self, size: int | None = -1, /) -> str:
        raise KeyboardInterrupt


def test_ctrl_c_ends_the_wait_for_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "stdin", _Interrupted())
    assert read_command(["--emulated", "an", "--can", "-"]) == 2
    assert capsys.readouterr().err == "chipid: Stopped. Nothing was kept.\n"


def test_a_number_out_of_place_is_not_repeated(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        read_command([*READ, "040085000017"])
    assert end.value.code == 64
    assert "040085000017" not in capsys.readouterr().err


def test_an_empty_name_is_a_name_that_does_not_exist(capsys: pytest.CaptureFixture[str]) -> None:
    assert read_command(["--emulated", "", "--can", "000017"]) == 2
    assert "emulated.not_found" in capsys.readouterr().err


def test_files_of_an_earlier_reading_are_replaced_for_their_owner_only(tmp_path: Path) -> None:
    old = tmp_path / "EF_DG1.bin"
    old.write_bytes(b"old")
    old.chmod(0o666)
    assert read_command([*READ, "--out", str(tmp_path)]) == 0
    assert old.read_bytes() != b"old"
    assert old.stat().st_mode & 0o077 == 0


# ------------------------------------------------------------------------------------ --trust
def pem(certificate: bytes) -> bytes:
    return b"-----BEGIN CERTIFICATE-----\n" + base64.encodebytes(certificate) + b"-----END CERTIFICATE-----\n"


def test_one_damaged_certificate_in_a_bundle_spoils_no_other(tmp_path: Path) -> None:
    good = trust_anchors()[0]
    bundle = pem(good[:-40]) + b"-----BEGIN CERTIFICATE-----\nnot base64!\n-----END CERTIFICATE-----\n" + pem(good)
    (tmp_path / "all.pem").write_bytes(bundle + b"-----BEGIN CERTIFICATE-----\ncut off")
    loaded = load_folder(tmp_path, test_mode=True)
    assert (len(loaded.store), loaded.unusable) == (1, ("all.pem",))


def test_a_bundle_of_a_thousand_certificates_is_read_to_its_end(tmp_path: Path) -> None:
    good = trust_anchors()[0]
    (tmp_path / "all.pem").write_bytes(pem(b"\x30\x03\x02\x01\x01" + bytes(1200)) * 1000 + pem(good))
    assert len(load_folder(tmp_path, test_mode=True).store) == 1


@pytest.mark.timeout(20)
def test_a_folder_of_rubbish_is_survived(tmp_path: Path) -> None:
    (tmp_path / "empty.cer").write_bytes(b"")
    (tmp_path / "folder.der").mkdir()
    os.mkfifo(tmp_path / "pipe.pem")  # opening it would wait for a writer for ever
    (tmp_path / "endless.pem").write_bytes(b"-----BEGIN CERTIFICATE-----" * 40_000)
    with (tmp_path / "huge.der").open("wb") as file:
        file.truncate(1 << 30)
    (tmp_path / "random.crt").write_bytes(bytes(range(256)) * 40)
    loaded = load_folder(tmp_path, test_mode=True)
    assert len(loaded.store) == 0
    assert set(loaded.unusable) == {path.name for path in tmp_path.iterdir()}


def test_what_is_left_out_of_a_trust_folder_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "test.der").write_bytes(trust_anchors()[0])
    (tmp_path / "notes.pem").write_bytes(b"no certificate")
    assert read_command([*READ, "--trust", str(tmp_path)]) == 0  # an emulated card implies test mode
    assert "'notes.pem'" in capsys.readouterr().err
    read_command(["--reader", "no such reader", "--can", "000017", "--trust", str(tmp_path)])
    text = capsys.readouterr().err
    assert "'test.der'" in text
    assert "--test-mode" in text
