"""``chipid`` itself: strange terminals, and Ctrl-C at the wrong moment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import types
from collections.abc import Iterator

import pytest

from emulator.cards import catalogue
from kiosk_ui import cli


def chipid(*arguments: str, encoding: str) -> subprocess.CompletedProcess[bytes]:
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    command = [sys.executable, "-m", "kiosk_ui.cli", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, check=False, timeout=60)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", [["--help"], ["cards"], ["cards", "--all"], ["doctor"], ["kiosk", "--help"]])
def test_a_terminal_without_vietnamese_letters_gets_an_answer_too(arguments: list[str]) -> None:
    done = chipid(*arguments, encoding="ascii")
    assert b"Traceback" not in done.stderr
    assert done.stdout.isascii()
    assert len(done.stdout.splitlines()) > 5


def test_json_is_the_same_json_in_every_encoding() -> None:
    done = chipid("cards", "--json", encoding="ascii")
    assert [row["what_for"] for row in json.loads(done.stdout)] == [spec.what_for for spec in catalogue()]


@pytest.fixture
def pressing_module(monkeypatch: pytest.MonkeyPatch) -> Iterator[types.ModuleType]:
    """A command whose import is hit by Ctrl-C."""
    module = types.ModuleType("pressing")
    module.run = lambda arguments: 0  # type: ignore[attr-defined]

    def load(name: str) -> types.ModuleType:
        os.kill(os.getpid(), signal.SIGINT)
        return module

    monkeypatch.setitem(cli._COMMANDS, "pressing", ("pressing:run", ""))
    monkeypatch.setattr(cli.importlib, "import_module", load)
    return module


def test_ctrl_c_while_modules_load_is_one_sentence(
    pressing_module: types.ModuleType, capsys: pytest.CaptureFixture[str]
) -> None:
    before = signal.getsignal(signal.SIGINT)
    assert cli.main(["pressing"]) == 2
    assert capsys.readouterr().err == "chipid: Stopped.\n"
    assert signal.getsignal(signal.SIGINT) is before
