"""To look at what a parser answered as a user of it would."""

from __future__ import annotations

import contextlib
import dataclasses
import enum
import functools
import itertools
from collections.abc import Mapping
from typing import Final

from crypto.errors import ChipIdError

__all__ = ["MOST_ITEMS", "look_at"]

MOST_ITEMS: Final = 24
_DEEPEST: Final = 6


@functools.cache
def _asked_of(kind: type) -> tuple[str, ...]:
    """Fields and properties, also those that are computed at first use."""
    if not kind.__module__.startswith(("crypto.", "reader.")) or issubclass(kind, enum.Enum):
        return ()
    fields = [field.name for field in dataclasses.fields(kind)] if dataclasses.is_dataclass(kind) else []
    computed = [
        name
        for each in kind.__mro__
        for name, value in vars(each).items()
        if isinstance(value, (property, functools.cached_property))
    ]
    return tuple(dict.fromkeys(name for name in (*fields, *computed) if not name.startswith("_")))


def look_at(value: object, depth: int = 0) -> None:
    """Ask a value for what it has. Only an error of ours may come of it."""
    if depth > _DEEPEST or value is None or isinstance(value, (bytes, str, int, float)):
        return
    if isinstance(value, Mapping):
        look_at(tuple(itertools.islice(value.values(), MOST_ITEMS)), depth + 1)
        return
    if isinstance(value, (tuple, list, frozenset)):
        for item in itertools.islice(value, MOST_ITEMS):
            look_at(item, depth + 1)
        return
    names = _asked_of(type(value))
    if not names:
        return
    for name in names:
        with contextlib.suppress(ChipIdError):
            look_at(getattr(value, name), depth + 1)
    repr(value)
