"""Which lines of our rooms an input reaches, and how many there are to reach."""

from __future__ import annotations

import functools
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

__all__ = ["LineTracer", "coverage_table", "lines_of"]

ROOT: Final = Path(__file__).parents[2]
_ROOMS: Final = (str(ROOT / "crypto") + "/", str(ROOT / "reader") + "/")


class LineTracer:
    """Notes file and line of everything that runs in crypto and reader while it is entered."""

    def __init__(self) -> None:
        self.lines: set[tuple[str, int]] = set()

    def __enter__(self) -> LineTracer:
        sys.settrace(self._call)
        return self

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _call(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename.startswith(_ROOMS) else None

    def _line(self, frame: types.FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self.lines.add((frame.f_code.co_filename, frame.f_lineno))
        return self._line


def _codes(code: types.CodeType) -> Iterator[types.CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield constant
            yield from _codes(constant)


@functools.cache
def lines_of(path: Path) -> frozenset[int]:
    """The lines inside functions. Those of a module or a class itself ran when it was imported."""
    module = compile(path.read_text(encoding="utf-8"), str(path), "exec")
    found: set[int] = set()
    for code in _codes(module):
        if code.co_flags & 0x02:  # CO_NEWLOCALS: a function, not the body of a class
            first = code.co_firstlineno
            found |= {line for _, _, line in code.co_lines() if line is not None and line != first}
    return frozenset(found)


def coverage_table(reached: set[tuple[str, int]], modules: list[str]) -> list[tuple[str, int, int]]:
    """Module, lines reached and lines there are, for each of the modules."""
    rows = []
    for module in modules:
        path = ROOT.joinpath(*module.split(".")).with_suffix(".py")
        all_lines = lines_of(path)
        hit = {line for file, line in reached if file == str(path)} & all_lines
        rows.append((module, len(hit), len(all_lines)))
    return rows
