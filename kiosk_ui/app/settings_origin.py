"""Where a setting was given: in which line of the file, or by which variable of the environment.

The variables are read here, too. A library for that would load a web of others before the first screen could stand.
"""

from __future__ import annotations

import functools
import json
import tomllib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from pydantic import BaseModel

from kiosk_ui.app.settings_problems import nearest
from kiosk_ui.app.settings_shape import Holds, Place, variables_of

__all__ = ["OTHER_VARIABLES", "PREFIX", "line_of", "origin_in", "problems_of_variables", "with_variables"]

PREFIX: Final = "CHIPID_"

OTHER_VARIABLES: Final[Mapping[str, str]] = {
    "CHIPID_PKCS11_MODULE": "chipid read: the PKCS#11 library of the terminal's key",
    "CHIPID_TERMINAL_PIN": "chipid read: the PIN of the token with the terminal's key",
    "CHIPID_QUICK": "tests: few examples of each property",
    "CHIPID_SOAK_SHARE": "tests: percent of the long runs",
    "CHIPID_SOAK_SEED": "tests: where the long runs begin",
    "CHIPID_PYMRTD_PYTHON": "tests: interpreter with an independent implementation",
    "CHIPID_SOCKETIO_PYTHON": "tests: interpreters with an independent implementation",
    "CHIPID_CANARY": "tests: a word that must not reach another process",
    "CHIPID_BENCH_WITNESS_S": "bench: what every thread does after so long a pause",
}
"""Variables of this project that are no settings of the kiosk, and what they are for."""

_LONGEST_FILE: Final = 500  # lines; none after these is named
_Table = dict[str, Any]


def origin_in(text: str, environment: Mapping[str, str]) -> Callable[[Place], str | None]:
    """For each setting's place, where its value was given, or ``None`` if that cannot be said.

    Args:
        text: the file.
        environment: whose variables win over the file.
    """
    given = {name.upper() for name in environment}
    statements = functools.cache(lambda: tuple(_statements(text)))

    def origin(place: Place) -> str | None:
        for end in range(len(place), 0, -1):
            variable = PREFIX + "__".join(map(str, place[:end])).upper()
            if variable in given:
                return variable
            # What is missing is looked for in the table that it should stand in.
            if (line := _line_among(statements(), place[:end])) is not None:
                return f"line {line}"
        return None

    return origin


def line_of(text: str, place: Place) -> int | None:
    """The line with which the setting at ``place`` begins, counted from 1; ``None`` if the file does not give it."""
    return _line_among(tuple(_statements(text)), place)


def _line_among(statements: Sequence[tuple[int, _Table]], place: Place) -> int | None:
    return next((line for line, so_far in statements if place and _has(so_far, place)), None)


def _statements(text: str) -> Iterator[tuple[int, _Table]]:
    """For each statement, the line that it begins with, and all that is said up to its end.

    TOML's own parser decides where a statement ends: the file is read up to ever later lines.
    """
    lines = text.splitlines()
    begins = 0  # the first line that no earlier statement has taken
    for end in range(1, min(len(lines), _LONGEST_FILE) + 1):
        if begins == end - 1 and (not lines[begins].strip() or lines[begins].lstrip().startswith("#")):
            begins = end
            continue
        try:
            so_far = tomllib.loads("\n".join(lines[:end]))
        except tomllib.TOMLDecodeError:
            continue  # in the middle of a value of several lines
        yield begins + 1, so_far
        begins = end


def _has(table: Any, place: Place) -> bool:  # noqa: ANN401 - whatever TOML can hold
    try:
        for step in place:
            table = table[step]
    except (KeyError, IndexError, TypeError):
        return False
    return True


def problems_of_variables(environment: Mapping[str, str], schema: type[BaseModel]) -> tuple[str, ...]:
    """A sentence for each variable that looks like one of ours and names no setting, or whose table cannot be read."""
    known = variables_of(schema, PREFIX)
    free = tuple(f"{table}__" for table in _free_tables(known))
    problems = []
    for given, value in sorted(environment.items()):
        name = given.upper()
        if not name.startswith(PREFIX) or name in OTHER_VARIABLES or name.startswith(free):
            continue
        if name not in known:
            meant = nearest(name.removeprefix(PREFIX), tuple(each.removeprefix(PREFIX) for each in known))
            problems.append(f"{given}: there is no such setting{f'; perhaps {PREFIX}{meant}' if meant else ''}.")
        elif known[name] is not Holds.VALUE and not _is_json(value):
            single = "" if known[name] is Holds.LIST else f"; a single setting of it is {name}__…"
            problems.append(f"{given}: this must be JSON{single}.")
    return tuple(problems)


def with_variables(table: Mapping[str, Any], environment: Mapping[str, str], schema: type[BaseModel]) -> _Table:
    """The file's settings with what the environment gives in their place; within a table, setting by setting.

    A whole table or list is given as JSON, a single setting of a table by ``CHIPID_TABLE__SETTING``; both together count.
    What :func:`problems_of_variables` finds wrong is left out.
    """
    known = variables_of(schema, PREFIX)
    given: _Table = {}
    for variable in sorted(environment, key=lambda each: (len(each), each)):  # a table before its single settings
        name = variable.upper()
        if not name.startswith(PREFIX):
            continue
        value: Any = environment[variable]
        if name not in known:
            if not any(name.startswith(f"{table}__") for table in _free_tables(known)):
                continue
        elif known[name] is not Holds.VALUE:
            if not _is_json(value):
                continue
            value = json.loads(value)
        *tables, setting = name.removeprefix(PREFIX).lower().split("__")
        given = _together(
            given, functools.reduce(lambda inner, outer: {outer: inner}, reversed(tables), {setting: value})
        )
    return _together(table, given)


def _free_tables(known: Mapping[str, Holds]) -> tuple[str, ...]:
    return tuple(name for name, holds in known.items() if holds is Holds.FREE_TABLE)


def _together(first: Mapping[str, Any], second: Mapping[str, Any]) -> _Table:
    """Both tables in one; where both have a setting that is no table, ``second`` counts."""
    merged = dict(first)
    for name, value in second.items():
        before = merged.get(name)
        merged[name] = _together(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return merged


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
