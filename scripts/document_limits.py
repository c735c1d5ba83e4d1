"""Writes docs/limits.md: every limit of a length, a count, a depth or a time (`make docs`). With --print: to standard output.

A limit is a constant of a module whose name begins with MAX, MOST, LONGEST or DEEPEST, or ends in LIMIT_BYTES, TIMEOUT_S or
WITHIN_S. What it is for is its docstring or comment; its value is asked of the module.
"""

from __future__ import annotations

import ast
import datetime as dt
import importlib
import itertools
import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "docs" / "limits.md"
ROOMS = {
    "crypto": "What octets may announce",
    "reader": "What chips, scanners, files and people may ask of the reader",
    "kiosk_ui/app": "What the kiosk takes from the network and keeps",
}
NAME = re.compile(r"_?(MAX|MOST|LONGEST|DEEPEST)_[A-Z0-9_]+|[A-Z0-9_]*(LIMIT_BYTES|TIMEOUT_S|WITHIN_S)")
NOT_OURS = {"reader.lds.image_process"}  # a script of its own, whose limits its own table names
INTRODUCTION = """# Limits

A hostile chip is a design input. Whatever can be long, many, deep or slow has an end, and each end is an error of its own or a
value that is left out. Made by `make docs` from the constants in the code; a test keeps it current.

A picture is decoded in a process that has ends of its own: 192 MiB of memory, 2 s of computing, 10 s of the clock,
no file, no network ([faces, fingers, irises](decisions/0008-faces-fingers-irises.md)).
"""


def _constants(path: Path) -> Iterator[tuple[str, str]]:
    """Names of limits in a module, and what is said of each."""
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    body = ast.parse(source).body
    for node, after in itertools.zip_longest(body, body[1:]):
        target = (
            node.target
            if isinstance(node, ast.AnnAssign)
            else node.targets[0]
            if isinstance(node, ast.Assign)
            else None
        )
        if not isinstance(target, ast.Name) or not NAME.fullmatch(target.id):
            continue
        yield target.id, _said_of(node, after, lines)


def _said_of(node: ast.stmt, after: ast.stmt | None, lines: list[str]) -> str:
    if isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant) and isinstance(after.value.value, str):
        return " ".join(after.value.value.split())
    beside = lines[(node.end_lineno or node.lineno) - 1].partition("  # ")[2]
    if beside:
        return beside.strip()
    above: list[str] = []
    for line in reversed(lines[: node.lineno - 1]):
        if not line.startswith("# ") or "----" in line:
            break
        above.insert(0, line.removeprefix("# "))
    return " ".join(above)


def _shown(value: object) -> str | None:
    if isinstance(value, dt.timedelta):
        return f"{value.total_seconds():g} s"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return f"{value:,}" if isinstance(value, int) else f"{value:g}"


def _rows(room: str) -> Iterator[str]:
    for path in sorted((ROOT / room).rglob("*.py")):
        found = list(_constants(path))
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
        if not found or name in NOT_OURS:
            continue
        module = importlib.import_module(name)
        for constant, said in found:
            value = _shown(getattr(module, constant))
            if value is not None:
                yield f"| `{name}` | `{constant.lstrip('_')}` | {value} | {said} |"


def document() -> str:
    """The page."""
    parts = [INTRODUCTION]
    for room, title in ROOMS.items():
        parts += [f"## {title}", "", "| module | limit | value | |", "|---|---|---|---|", *_rows(room), ""]
    return "\n".join(parts)


if __name__ == "__main__":
    if "--print" in sys.argv:
        sys.stdout.write(document())
    else:
        TARGET.write_text(document(), encoding="utf-8")
