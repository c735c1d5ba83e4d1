"""What is wrong with settings, a plain sentence for each problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from kiosk_ui.app.settings_shape import KEY, Place, names_below, wanted_at

__all__ = ["nearest", "sentences_of"]

_ALIKE: Final = 0.7  # below it the nearest name is as a rule not what was meant


def _unknown_origin(_place: Place) -> str | None:
    return None


def sentences_of(
    error: ValidationError, schema: type[BaseModel], origin: Callable[[Place], str | None] = _unknown_origin
) -> tuple[str, ...]:
    """One sentence for each problem: where, and what may stand there; never the value, which may be a secret.

    That a list is too short is left out where one of its items could not be used: then that is why.

    Args:
        error: what pydantic found.
        schema: the settings that were wanted.
        origin: for a setting's place, where its value was given ("line 4"), or ``None`` if that is not known.
    """
    problems = error.errors(include_url=False, include_input=False)
    places = [problem["loc"] for problem in problems]
    sentences = []
    for problem in problems:
        where = problem["loc"]
        if problem["type"] == "too_short" and any(len(at) > len(where) and at[: len(where)] == where for at in places):
            continue
        given = origin(where)
        name = ".".join(str(step) for step in where if step != KEY) or "settings"
        sentences.append(f"{name}: {_said(problem, schema)}{f' ({given})' if given else ''}.")
    return tuple(sentences)


def nearest(name: str, known: tuple[str, ...]) -> str | None:
    """The known name that was probably meant, or ``None``."""
    import difflib  # only where something is wrong: a kiosk starts without it

    found = difflib.get_close_matches(name, known, n=1, cutoff=_ALIKE)
    return found[0] if found else None


def _said(problem: ErrorDetails, schema: type[BaseModel]) -> str:
    where, kind = problem["loc"], problem["type"]
    if kind == "extra_forbidden":
        meant = nearest(str(where[-1]), names_below(schema, where[:-1]))
        return "there is no such setting" + (f"; perhaps {'.'.join(map(str, (*where[:-1], meant)))}" if meant else "")
    if kind == "value_error":  # raised by ourselves
        return problem["msg"].removeprefix("Value error, ")
    if kind == "missing":
        return "this has to be given"
    wanted = wanted_at(schema, where)
    if wanted is not None and where[-1:] == (KEY,):
        return f"the name must be {wanted}"
    return "this cannot be used here" if wanted is None else f"this must be {wanted}"
