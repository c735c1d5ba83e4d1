"""Mistakes that no card shows: two halves with one protocol between them, and traps of Qt.

Each rule is held against the tree, and against a tree in which somebody has broken it.
"""

from __future__ import annotations

import ast
import functools
import pathlib
from collections.abc import Iterator, Mapping

import pytest

Sources = Mapping[str, str]
THE_SEAM = "emulator/adapters/inprocess.py"  # how an emulated card is plugged into the terminal


@pytest.fixture(scope="module")
def sources(room_modules: tuple[pathlib.Path, ...], root: pathlib.Path) -> Sources:
    return {path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in room_modules}


@functools.cache
def nodes(source: str) -> tuple[ast.AST, ...]:
    """What the rules look at, out of a whole file."""
    return tuple(
        node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Import | ast.ImportFrom | ast.Call)
    )


def imported(source: str) -> Iterator[str]:
    for node in nodes(source):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""


def shared_halves(sources: Sources) -> list[str]:
    """Modules of one half that import from the other: a symmetric mistake in them would pass every test."""
    other = {"emulator": ("reader", "kiosk_ui"), "reader": ("emulator", "kiosk_ui"), "crypto": ("emulator", "reader")}
    return [
        f"{path} imports {name}"
        for path, source in sources.items()
        for name in imported(source)
        if path != THE_SEAM and name.partition(".")[0] in other.get(path.partition("/")[0], ())
    ]


def test_chip_and_terminal_share_no_protocol(sources: Sources) -> None:
    assert shared_halves(sources) == []
    path = "emulator/chip/secure_messaging.py"
    line = "from reader.protocols.secure_messaging import SecureChannel\n"
    assert shared_halves({**sources, path: sources[path] + line}) == [
        f"{path} imports reader.protocols.secure_messaging"
    ]


def calls(source: str, method: str) -> Iterator[tuple[ast.Attribute, list[ast.expr]]]:
    for node in nodes(source):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == method:
            yield node.func, node.args


def homeless_slots(sources: Sources) -> list[str]:
    """Signals connected to what belongs to no QObject: it would run in the thread that emits. Timers emit in their own."""
    return [
        f"{path}:{function.lineno}"
        for path, source in sources.items()
        if "PySide6" in source
        for function, (slot, *_) in calls(source, "connect")
        if not isinstance(slot, ast.Attribute | ast.Constant)
        and not (isinstance(slot, ast.Name) or ast.unparse(function.value).endswith(".timeout"))
    ]


def test_no_signal_of_another_thread_ends_in_a_function_without_an_owner(sources: Sources) -> None:
    assert homeless_slots(sources) == []
    path = "kiosk_ui/qt/loop.py"
    broken = sources[path] + "\ndef broken(worker):\n    worker.finished.connect(lambda: None)\n"
    assert len(homeless_slots({**sources, path: broken})) == 1


def traps(sources: Sources) -> list[str]:
    """Windows asked for without their own class being loaded, and context properties, which are null at the end."""
    found = [
        f"{path}: context property" for path, source in sources.items() if list(calls(source, "setContextProperty"))
    ]
    return found + [
        f"{path}: root objects without QtQuick"
        for path, source in sources.items()
        if list(calls(source, "rootObjects")) and "PySide6.QtQuick" not in imported(source)
    ]


def test_windows_have_their_own_class_and_nothing_hangs_on_a_context(sources: Sources) -> None:
    assert traps(sources) == []
    path = "kiosk_ui/qt/application.py"
    without = sources[path].replace("from PySide6.QtQuick import", "from PySide6.QtQml import")
    assert traps({**sources, path: without}) == [f"{path}: root objects without QtQuick"]
    context = sources[path] + "\ndef broken(engine):\n    engine.rootContext().setContextProperty('kiosk', None)\n"
    assert traps({**sources, path: context}) == [f"{path}: context property"]
