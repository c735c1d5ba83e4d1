"""JSON from far away, read so that it can mean one thing only.

RFC 8259 §4 leaves open what a name given twice means: most readers take the last, some the first. An answer that says
``valid`` to one and ``expired`` to the other is no answer.
"""

from __future__ import annotations

import json
from typing import NoReturn

__all__ = ["parsed"]


def parsed(octets: bytes) -> object:
    """The value of a JSON text in UTF-8, with or without a byte order mark.

    Args:
        octets: as received.

    Raises:
        ValueError: it is no JSON, is nested without end, has a name twice in one object, or a number that JSON has not.
    """
    try:
        return json.loads(
            octets.decode("utf-8-sig"),  # bytes alone would be taken as UTF-16 as well
            object_pairs_hook=_each_name_once,
            parse_constant=_no_number,
        )
    except RecursionError:
        raise ValueError("nested without end") from None


def _each_name_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON (RFC 8259 §6)")
