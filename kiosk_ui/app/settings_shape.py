"""What the settings' schema says of one place in it: which names there are, and what may stand there, in plain words."""

from __future__ import annotations

import dataclasses
import enum
import types
import typing
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import BaseModel
from pydantic.fields import FieldInfo

__all__ = ["KEY", "Holds", "Place", "names_below", "variables_of", "wanted_at"]

Place = Sequence[str | int]
"""The way to a setting, as pydantic says it: ``("departments", 0, "prefix")``."""

KEY: Final = "[key]"
"""Last step of a place that is not a setting but a name that the hospital has chosen."""


class Holds(enum.StrEnum):
    """What a variable of the environment gives."""

    VALUE = "value"
    TABLE = "table"
    FREE_TABLE = "free_table"
    """A table whose names the hospital chooses."""
    LIST = "list"


_LIMITS: Final = ("ge", "gt", "le", "lt", "min_length", "max_length", "pattern")
_PLAIN: Final[Mapping[object, str]] = {
    bool: "true or false",
    int: "a whole number",
    float: "a number",
    Path: "a path, as text",
}


@dataclasses.dataclass(frozen=True, slots=True)
class _Kind:
    """One type without its wrappings, and the limits that were found in them."""

    type: Any
    limits: Mapping[str, Any]

    @property
    def holds(self) -> Holds:
        """Of which sort it is."""
        origin = typing.get_origin(self.type)
        if origin in (tuple, list):
            return Holds.LIST
        if origin is dict:
            return Holds.FREE_TABLE
        return Holds.TABLE if self.children else Holds.VALUE

    @property
    def children(self) -> Mapping[str, Any]:
        """What its settings are called, each with its wrapped type; empty if it is no table with names of its own."""
        if isinstance(self.type, type) and issubclass(self.type, BaseModel):
            return self.type.model_fields
        if dataclasses.is_dataclass(self.type) and isinstance(self.type, type):
            return typing.get_type_hints(self.type, include_extras=True)
        return {}


def wanted_at(schema: type[BaseModel], place: Place) -> str | None:
    """What may stand at ``place``: "a whole number from 1 to 65535"; ``None`` for a place that the schema has not."""
    kind = _kind_at(schema, place)
    return None if kind is None else _described(kind)


def names_below(schema: type[BaseModel], place: Place) -> tuple[str, ...]:
    """The settings of the table at ``place``; none if there is no such table."""
    kind = _kind_at(schema, place)
    return () if kind is None else tuple(kind.children)


def variables_of(schema: type[BaseModel], prefix: str) -> Mapping[str, Holds]:
    """Every environment variable that names a setting, in capitals."""
    return {f"{prefix}{name}".upper(): holds for name, holds in _variables(_Kind(schema, {}))}


def _variables(table: _Kind) -> Iterator[tuple[str, Holds]]:
    for name, wrapped in table.children.items():
        kind = _unwrapped(wrapped)
        yield name, kind.holds
        yield from ((f"{name}__{below}", holds) for below, holds in _variables(kind))


def _kind_at(schema: type[BaseModel], place: Place) -> _Kind | None:
    kind = _Kind(schema, {})
    for step in place:
        arguments = typing.get_args(kind.type)
        origin = typing.get_origin(kind.type)
        if isinstance(step, int) and origin in (tuple, list):
            kind = _unwrapped(arguments[0])
        elif origin is dict and place[-1] == KEY:
            return _unwrapped(arguments[0])
        elif origin is dict:
            kind = _unwrapped(arguments[1])
        elif isinstance(step, str) and step in kind.children:
            kind = _unwrapped(kind.children[step])
        else:
            return None
    return kind


def _unwrapped(wrapped: object) -> _Kind:
    """Take off ``Annotated``, ``… | None`` and pydantic's own wrapping."""
    limits: dict[str, Any] = {}
    while True:
        if isinstance(wrapped, FieldInfo):
            limits |= _limits_in(wrapped.metadata)
            wrapped = wrapped.annotation
        elif typing.get_origin(wrapped) is typing.Annotated:
            wrapped, *notes = typing.get_args(wrapped)
            limits |= _limits_in(notes)
        elif typing.get_origin(wrapped) in (typing.Union, types.UnionType):
            wrapped = next(kind for kind in typing.get_args(wrapped) if kind is not type(None))
        else:
            return _Kind(wrapped, limits)


def _limits_in(notes: Sequence[object]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for note in notes:
        if isinstance(note, FieldInfo):
            found |= _limits_in(note.metadata)
        found |= {name: value for name in _LIMITS if (value := getattr(note, name, None)) is not None}
    return found


def _described(kind: _Kind) -> str:
    limits = kind.limits
    if typing.get_origin(kind.type) is Literal:
        *most, last = (f'"{each}"' if isinstance(each, str) else str(each) for each in typing.get_args(kind.type))
        return f"{', '.join(most)} or {last}" if most else last
    if kind.holds is Holds.LIST:
        return f"a list{_range(limits.get('min_length'), limits.get('max_length'), ' entries')}"
    if kind.holds is Holds.FREE_TABLE:
        return f"a table{_range(limits.get('min_length'), limits.get('max_length'), ' entries')}"
    if kind.holds is Holds.TABLE:
        return "a table of settings"
    if kind.type in (int, float):
        return _PLAIN[kind.type] + _number_range(limits)
    if kind.type in _PLAIN:
        return _PLAIN[kind.type]
    if "pattern" in limits:
        return f"text of the form {str(limits['pattern']).removeprefix('^').removesuffix('$')}"
    return f"text{_range(limits.get('min_length'), limits.get('max_length'), ' characters')}"


def _number_range(limits: Mapping[str, Any]) -> str:
    if "gt" in limits or "lt" in limits:
        said = [
            f"{word} {limits[name]}"
            for name, word in (("gt", "above"), ("ge", "at least"), ("lt", "below"), ("le", "at most"))
            if name in limits
        ]
        return " " + " and ".join(said)
    return _range(limits.get("ge"), limits.get("le"), "")


def _range(least: object, most: object, unit: str) -> str:
    if least is not None and most is not None:
        return f"{' of' if unit else ' from'} {least} to {most}{unit}"
    if least is not None:
        return f" of at least {least}{unit}"
    return "" if most is None else f" of at most {most}{unit}"
