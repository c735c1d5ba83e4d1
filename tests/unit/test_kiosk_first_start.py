"""The very first start of a kiosk: whatever it leaves behind when it is killed, the next start works."""

from __future__ import annotations

import os
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

from kiosk_ui.app.failures import SettingsError, StoreError
from kiosk_ui.app.keys import KeyPlace
from kiosk_ui.app.privacy import Pseudonyms
from kiosk_ui.app.store.database import Database

_FIRST_START = """
import os, signal, sys
from pathlib import Path
from kiosk_ui.app import keys, privacy

def die(*_):  # the power goes while the key is being made
    os.kill(os.getpid(), signal.SIGKILL)

setattr(keys.{module}, "{function}", die)
privacy.Pseudonyms.from_key_file(Path(sys.argv[1]))
"""


@pytest.mark.parametrize(("module", "function"), [("secrets", "token_bytes"), ("os", "fsync"), ("os", "link")])
def test_a_kiosk_that_dies_while_it_makes_its_key_starts_again(tmp_path: Path, module: str, function: str) -> None:
    program = _FIRST_START.format(module=module, function=function)
    died = subprocess.run([sys.executable, "-c", program, str(tmp_path / "pseudonyms.key")], check=False, timeout=60)
    assert died.returncode == -9
    key = Pseudonyms.from_key_file(tmp_path / "pseudonyms.key").of("040085000017")
    assert Pseudonyms.from_key_file(tmp_path / "pseudonyms.key").of("040085000017") == key
    assert (tmp_path / "pseudonyms.key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("function", ["fsync", "link"])
def test_a_kiosk_that_dies_while_it_makes_the_stores_key_starts_again(tmp_path: Path, function: str) -> None:
    program = _FIRST_START.format(module="os", function=function)
    program = program.replace("privacy.Pseudonyms.from_key_file(", "keys.KeyPlace(").rstrip() + ".load(needed=False)\n"
    died = subprocess.run([sys.executable, "-c", program, str(tmp_path / "store.key")], check=False, timeout=60)
    assert died.returncode == -9
    key = KeyPlace(tmp_path / "store.key").load(needed=False).first.id
    assert KeyPlace(tmp_path / "store.key").load(needed=True).first.id == key


@pytest.mark.parametrize("content", [b"", b"short"])
def test_a_key_that_is_none_is_said_and_not_made_anew(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "pseudonyms.key"
    path.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        Pseudonyms.from_key_file(path)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_key_that_is_a_pipe_stops_the_start_and_does_not_hold_it_up(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.key"
    os.mkfifo(pipe, 0o600)
    with pytest.raises(SettingsError):
        Pseudonyms.from_key_file(pipe)
    with pytest.raises(StoreError) as caught:
        KeyPlace(pipe).load(needed=True)
    assert caught.value.code.name == "store.key_unusable"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "rubbish",
        "postgresql+psycopg://kiosk:SECRET@host:port/store",
        "oracle+cx_oracle://kiosk:SECRET@host/store",
        "nosuch://kiosk:SECRET@host/store",
        "sqlite://",
    ],
)
def test_an_address_of_no_database_is_one_clear_error_without_its_password(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Database(url)
    assert caught.value.code.name == "store.unavailable"
    assert "SECRET" not in "".join(traceback.format_exception(caught.value)).replace(url, "")


def test_a_file_that_is_no_store_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "kiosk.sqlite"
    path.write_bytes(b"somebody's letters " * 500)
    with pytest.raises(StoreError):
        Database(f"sqlite:///{path}")
    assert path.read_bytes() == b"somebody's letters " * 500
    assert os.listdir(tmp_path) == ["kiosk.sqlite"]
