"""Wrong arguments, folders, keys and streams: one sentence for who typed it, an exit code, and never a traceback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from emulator.cards import catalogue
from kiosk_ui.cli import main
from reader import errors
from reader.terminal_credentials import load_credentials
from reader.terminal_token import TokenSigner, parse_token_uri
from tests.unit.terminal_tree import SYSTEM, key, pem, plain_tree, write_folder

PEOPLE = {person.name: person for person in catalogue(laboratory=True)}


def chipid(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[bytes]:
    """The command in a process of its own, with a standard output that is closed."""
    program = (
        "import os, sys; os.close(1); sys.stdout = None; from kiosk_ui.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    return subprocess.run(
        [sys.executable, "-c", program, *arguments],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=None if environment is None else os.environ | environment,
        timeout=60,
        check=False,
    )


# ------------------------------------------------------------------------------- the terminal's folder
def refused(folder: Path, uri: str | None = None) -> errors.TerminalError:
    with pytest.raises(errors.TerminalError) as caught:
        load_credentials(folder, uri)
    return caught.value


def test_a_folder_without_certificates_is_the_wrong_folder_whatever_else_it_lacks(tmp_path: Path) -> None:
    assert refused(tmp_path).code is errors.TERMINAL_CERTIFICATE_ABSENT


def test_an_administrator_is_told_which_file_is_meant(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "t", plain_tree().octets, private_key=pem(key(SYSTEM)))
    cases = {
        "rubbish.cvcert": (lambda path: path.write_bytes(b"rubbish"), errors.TERMINAL_CERTIFICATE_UNREADABLE),
        "long.cvcert": (lambda path: path.write_bytes(bytes(3_000_000)), errors.TERMINAL_CERTIFICATE_UNREADABLE),
        "folder.cvcert": (lambda path: path.mkdir(), errors.TERMINAL_FOLDER_UNREADABLE),
    }
    for name, (make, code) in cases.items():
        make(folder / name)
        error = refused(folder)
        assert (error.code, error.facts["file"]) == (code, f"'{name}'")
        (folder / name).rmdir() if (folder / name).is_dir() else (folder / name).unlink()
    assert load_credentials(folder).terminals


def test_a_file_name_cannot_write_to_the_administrators_screen(tmp_path: Path) -> None:
    (tmp_path / "\x1b[2J\n\u202e.cvcert").write_bytes(b"rubbish")
    assert str(refused(tmp_path)).isascii()
    assert str(refused(tmp_path)).isprintable()


@pytest.mark.parametrize("content", [b"", b"rubbish", bytes(3_000_000), pem(key(SYSTEM))[:-40]], ids=len)
def test_a_key_that_is_none_is_told_as_such(tmp_path: Path, content: bytes) -> None:
    folder = write_folder(tmp_path / "t", plain_tree().octets, private_key=content)
    error = refused(folder)
    assert error.code is errors.TERMINAL_KEY_UNREADABLE
    assert "PRIVATE" not in f"{error} {error!r} {error.__cause__!r}"


def test_a_folder_in_place_of_the_key_is_told_as_such(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "t", plain_tree().octets, private_key=None)
    (folder / "terminal.key").mkdir()
    assert refused(folder).code is errors.TERMINAL_KEY_UNREADABLE


# ---------------------------------------------------------------------------------- the URI of a token
@pytest.mark.parametrize(
    "uri",
    [
        "", "pkcs11", "pkcs11:", "file:///x", "pkcs11:token=a", "pkcs11:object=b", "pkcs11:token=a;token=b;id=%01",
        "pkcs11:token=%FF;object=b", "pkcs11:token=a;object=b;type=public", "pkcs11:token;object=b", "pkcs11:=a;object=b",
        "pkcs11:token=a;object=b;x-unknown=1", "pkcs11:token=\udcff;object=b", "pkcs11:token=a%00;object=b",
        "pkcs11:token=a;object=b?module-path=%00", "pkcs11:token=a;object=b?pin-source=file:%00",
        "pkcs11:token=a;object=b?pin-source=|cat", "pkcs11:token=a;object=b?pin-source=file:", "pkcs11:token=\n;object=b",
    ],
)  # fmt: skip
def test_a_uri_that_names_no_key_is_told_so(uri: str) -> None:
    with pytest.raises(errors.TerminalError) as caught:
        parse_token_uri(uri)
    assert caught.value.code is errors.TOKEN_URI_MALFORMED


def test_a_pin_that_is_no_text_is_told_so_and_shown_nowhere(tmp_path: Path) -> None:
    uri = "pkcs11:token=a;object=b?module-path=/nowhere.so"
    with pytest.raises(errors.TerminalError) as caught:
        TokenSigner.from_uri(uri, {"CHIPID_TERMINAL_PIN": "4711\udcff"})
    assert caught.value.code is errors.TOKEN_PIN_UNREADABLE
    assert caught.value.__cause__ is None
    (tmp_path / "pin").write_bytes(b"4711\xff")
    for source in (tmp_path, tmp_path / "pin", tmp_path / "nowhere"):
        with pytest.raises(errors.TerminalError) as caught:
            TokenSigner.from_uri(f"{uri}&pin-source={source}", {})
        assert caught.value.code is errors.TOKEN_PIN_UNREADABLE
        assert "4711" not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"


# ------------------------------------------------------------------------------------- streams
def test_a_pin_that_was_changed_is_not_called_unchanged_because_nobody_could_be_told() -> None:
    person = PEOPLE["pin-puk"]
    done = chipid("pin", "change", "--pin", person.pin, "--new-pin", "735201", "--emulated", "pin-puk")
    assert done.returncode == 1, "neither done and told, nor not done"
    said = done.stderr.decode()
    assert said == "chipid: The PIN is changed, but this could not be written to standard output.\n"


@pytest.mark.parametrize("command", [["cards"], ["--version"], ["--help"], ["selftest", "--only", "BAC"]], ids=" ".join)
def test_a_closed_standard_output_is_no_traceback(command: list[str]) -> None:
    done = chipid(*command)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stderr.strip().endswith(b".")


def test_certificates_that_were_written_are_not_said_to_be_unwritable(tmp_path: Path) -> None:
    done = chipid("terminal-certificates", "--out", str(tmp_path / "t"))
    assert done.returncode == 2
    assert done.stderr == b"chipid: the output could not be written: it is closed.\n"
    assert load_credentials(tmp_path / "t").terminals


@pytest.mark.parametrize(
    "arguments",
    [
        ["pin"],
        ["pin", "unblock"],
        ["pin", "open", "--puk", "9021745836"],
        ["pin", "unblock", "--puk", "9021745836"],
        ["pin", "unblock", "--puk", "9021745836", "--emulated", "an", "--pin", "481263"],
        ["pin", "change", "--pin", "481263", "735201", "--new-pin", "1111", "--emulated", "an"],
        ["read", "--emulated", "an", "--can", "000017", "--pin", "481263", "--puk", "9021745836"],
        ["read", "--emulated", "an", "--can", "000017", "--terminal-key", "pkcs11:token=a;object=b"],
        ["read", "--emulated", "an", "--reader", "x", "--can", "000017"],
        ["selftest", "481263"],
        ["terminal-certificates"],
        ["read", "--emulated", "an", "--can", "000017", "--trust", ""],
        ["read", "--emulated", "an", "--can", "000017", "--out", ""],
        ["verify", "x.evidence", "--trust", ""],
        ["verify", ""],
        ["trust", "list", "--store", ""],
        ["trust", "import", ""],
        ["trust", "update", "", "--seal-key", "x"],
        ["terminal-certificates", "--out", "x", "--rights", "dg5"],
        ["terminal-certificates", "--out", "x", "--valid-days", "0"],
        ["terminal-certificates", "--out", "x", "--rsa-bits", "2048"],
    ],
    ids=" ".join,
)
def test_wrong_usage_is_told_without_the_digits_that_were_typed(
    arguments: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    try:
        code = main(arguments)
    except SystemExit as left:
        code = int(str(left.code))
    said = capsys.readouterr()
    assert code == 64
    assert said.out == ""
    assert not any(secret in said.err for secret in ("481263", "9021745836", "735201"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["pin", "unblock", "--puk", "12", "--emulated", "pin-blocked"], "puk.malformed"),
        (["pin", "change", "--pin", "730512", "--new-pin", "x", "--emulated", "pin-puk"], "pin.malformed"),
        (["pin", "change", "--pin", "730512", "--new-pin", "735201", "--emulated", "an"], "access.not_supported"),
        (["pin", "change", "--pin", "730512", "--new-pin", "735201", "--emulated", "nobody"], "emulated.not_found"),
        (["read", "--emulated", "an", "--can", "000017", "--terminal", "nowhere"], "terminal.folder_unreadable"),
        (["read", "--emulated", "an", "--can", "1", "--trust", "nowhere"], "can.malformed"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_done_is_told_in_one_sentence_with_its_code(
    arguments: list[str], code: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("chipid: ")
    assert said.err.count("\n") == 1
    assert f"[{code}" in said.err
    assert not any(secret in said.err for secret in ("730512", "735201"))
