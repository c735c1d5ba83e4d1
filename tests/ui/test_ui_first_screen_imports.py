"""The first screen waits for nothing that only a visit needs. The seconds are measured in ``bench/kiosk.py``."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "PIL": "pictures",
    "alembic": "the store",
    "asyncio": "the service",
    "cryptography.hazmat.bindings": "keys and certificates",
    "httpx": "gateways",
    "serial": "scanners",
    "smartcard": "PC/SC",
    "sqlalchemy": "the store",
    "ssl": "gateways",
    "emulator": "the demonstration",
    "kiosk_ui.app.driver": "carries a visit out",
    "kiosk_ui.app.flows.check_in": "decides in a visit",
    "kiosk_ui.app.keys": "the store's key",
}

_UP_TO_THE_FIRST_FRAME = """
import builtins, os, sys
pythons_own = builtins.__import__
import kiosk_ui.qt.display as display
display.has_display = lambda: True
from kiosk_ui.bootstrap import main
class Seen(Exception): pass
def look(name, arguments):
    if name == "import" and arguments[0] == "kiosk_ui.bootstrap.attending":  # loaded behind the first frame
        text = "\\n".join([str(builtins.__import__ is pythons_own), *sorted(sys.modules)])
        os.write(1, text.encode())
        os._exit(0)
sys.addaudithook(look)
main([])
"""


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Whether Python's own ``import`` is in its place, and the modules, when the first screen has been painted."""
    drawn = {"QT_QPA_PLATFORM": "offscreen", "QT_QUICK_BACKEND": "software"}
    environment = os.environ | drawn | {"CHIPID_DATA_FOLDER": str(tmp_path_factory.mktemp("data"))}
    done = subprocess.run(
        [sys.executable, "-c", _UP_TO_THE_FIRST_FRAME],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    return done.stdout.split()


def test_what_only_a_visit_needs_is_not_there_yet(seen: list[str]) -> None:
    found = {name: HEAVY[name] for name in HEAVY if any(each == name or each.startswith(f"{name}.") for each in seen)}
    assert "kiosk_ui.qt.application" in seen
    assert not found


def test_importing_qt_leaves_import_as_it_was(seen: list[str]) -> None:
    assert seen[0] == "True"
