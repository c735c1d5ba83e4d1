"""What is wrong with settings, a plain sentence for each problem."""

from __future__ import annotations

from pydantic import ValidationError

__all__ = ["sentences_of"]


def sentences_of(error: ValidationError) -> tuple[str, ...]:
    """One sentence for each problem: where, and what; never the value, which may be a secret.

    That a list is too short is left out where one of its items could not be used: then that is why.
    """
    problems = error.errors(include_url=False, include_input=False)
    places = [problem["loc"] for problem in problems]
    sentences = []
    for problem in problems:
        where = problem["loc"]
        if problem["type"] == "too_short" and any(len(at) > len(where) and at[: len(where)] == where for at in places):
            continue
        unknown = problem["type"] == "extra_forbidden"
        what = "there is no such setting" if unknown else problem["msg"].removeprefix("Value error, ")
        sentences.append(f"{'.'.join(map(str, where)) or 'settings'}: {what}.")
    return tuple(sentences)
