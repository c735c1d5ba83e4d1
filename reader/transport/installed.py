"""Entry points of installed distributions, without the library that knows everything about distributions.

``importlib.metadata`` brings a parser of e-mail along and reads what every distribution says of itself: together this takes
as long as a tenth of the whole start of the program. Asked is one group only, and the format is a few lines of text
(PyPA specification "Entry points", file format). What lies in no plain folder is left to the library.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

__all__ = ["entry_points_of"]


def entry_points_of(group: str) -> tuple[str, ...]:
    """Object references ``module:attribute`` of a group, each once, in the order of ``sys.path``."""
    found = dict.fromkeys(value for folder in sys.path for value in _in_folder(Path(folder), group))
    return tuple(found) or _by_library(group)


def _in_folder(folder: Path, group: str) -> Iterator[str]:
    try:
        files = sorted(folder.glob("*-info/entry_points.txt"))
    except OSError:
        return
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):  # one damaged distribution keeps nobody from reading a card
            continue
        yield from _in_text(text, group)


def _in_text(text: str, group: str) -> Iterator[str]:
    section = ""
    for line in map(str.strip, text.splitlines()):
        if line.startswith("["):
            section = line.strip("[] ")
        elif section == group and "=" in line and not line.startswith(("#", ";")):
            yield line.partition("=")[2].partition("[")[0].strip()  # what stands in brackets names extras


def _by_library(group: str) -> tuple[str, ...]:
    from importlib.metadata import entry_points

    return tuple(dict.fromkeys(point.value for point in entry_points(group=group)))
