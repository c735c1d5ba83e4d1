"""The four rooms are ours, stand alone where they promise to, and share one list of errors."""

import importlib
import pathlib
import pkgutil
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from crypto.errors import Hint, all_codes

# What house.md allows to need Qt or pyscard; everything else must import without either.
NEEDS_QT_OR_PCSC = ("kiosk_ui.qt", "kiosk_ui.bootstrap", "reader.transport.pcsc", "reader.transport.monitor")


def _module_names(rooms: tuple[str, ...], root: pathlib.Path) -> Iterator[str]:
    """Every module that can be imported: not the programs, nor the migrations, which Alembic runs."""
    for room in rooms:
        yield room
        for found in pkgutil.walk_packages([str(root / room)], prefix=f"{room}."):
            if not found.name.endswith(".__main__") and ".migrations" not in found.name:
                yield found.name


@pytest.mark.parametrize("room", ["crypto", "reader", "emulator", "kiosk_ui"])
def test_no_foreign_distribution_stands_in_for_a_room(room: str, root: pathlib.Path) -> None:
    module = importlib.import_module(room)
    assert module.__file__ is not None
    assert pathlib.Path(module.__file__).resolve().parent == root / room


def test_the_rooms_are_found_from_any_folder(
    tmp_path: pathlib.Path, rooms: tuple[str, ...], root: pathlib.Path
) -> None:
    program = f"import {', '.join(rooms)}\nfor room in ({', '.join(rooms)}): print(room.__file__)"
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.split() == [str(root / room / "__init__.py") for room in rooms]


def test_all_but_the_window_and_the_reader_slot_works_without_qt_and_pyscard(
    rooms: tuple[str, ...], root: pathlib.Path
) -> None:
    names = [
        name
        for name in _module_names(rooms, root)
        if not any(name == needy or name.startswith(f"{needy}.") for needy in NEEDS_QT_OR_PCSC)
    ]
    program = (
        "import importlib, sys\n"
        "sys.modules['PySide6'] = sys.modules['smartcard'] = None\n"  # importing either raises ImportError
        f"for name in {names!r}: importlib.import_module(name)\n"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_every_error_code_is_well_formed_and_unique(rooms: tuple[str, ...], root: pathlib.Path) -> None:
    # A second declaration of a name raises when its module is imported, so importing all of them is the test.
    for name in _module_names(rooms, root):
        importlib.import_module(name)
    codes = all_codes()
    assert len(codes) > 10
    for name, code in codes.items():
        assert name == code.name
        assert re.fullmatch(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+", name), name
        assert isinstance(code.hint, Hint), name
        assert code.text.endswith("."), f"{name}: an error is a whole sentence"
        assert code.text[0].isupper(), name
        assert not re.search(r"[{}%\n]", code.text), f"{name}: the text is fixed; nothing is put into it"


def test_texts_of_errors_tell_codes_apart() -> None:
    texts = [code.text for code in all_codes().values()]
    assert len(texts) == len(set(texts))
