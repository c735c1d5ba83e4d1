"""JSON from far away, read so that it can mean one thing only.

RFC 8259 §4 leaves open what a name given twice means: most readers take the last, some the first. An answer that says
``valid`` to one and ``expired`` to the other is no answer.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from typing import NoReturn

__all__ = ["octets_of", "parsed"]


def parsed(octets: bytes, *, fraction: Callable[[str], object] = float) -> object:
    """The value of a JSON text in UTF-8, with or without a byte order mark.

    Args:
        octets: as received.
        fraction: what becomes of a number with a point or an exponent; ``Decimal`` keeps every digit of it.

    Raises:
        ValueError: it is no JSON, is nested without end, has a name twice in one object, or a number that JSON has not.
    """
    try:
        return json.loads(
            octets.decode("utf-8-sig"),  # bytes alone would be taken as UTF-16 as well
            object_pairs_hook=_each_name_once,
            parse_constant=_no_number,
            parse_float=fraction,
        )
    except RecursionError:
        raise ValueError("nested without end") from None
    except ArithmeticError:  # of a ``Decimal`` whose exponent has twenty digits
        raise ValueError("a number that nobody can mean") from None


def octets_of(value: object) -> bytes:
    """A value as JSON text in UTF-8, with every digit of a ``Decimal``; half a character becomes a question mark.

    Raises:
        ValueError: it is nested without end, or holds a number that JSON has not.
    """
    try:
        return _text_of(value).encode("utf-8", "replace")
    except RecursionError:
        raise ValueError("nested without end") from None


def _text_of(value: object) -> str:
    match value:
        case dict():
            return "{" + ", ".join(f"{_text_of(str(name))}: {_text_of(each)}" for name, each in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(map(_text_of, value)) + "]"
        case Decimal():
            return str(value)  # finite, as it was read: JSON has no other
        case _:
            return json.dumps(value, ensure_ascii=False, allow_nan=False)


def _each_name_once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def _no_number(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are no JSON (RFC 8259 §6)")
