"""JSON of which there is only one spelling: one value, one sequence of octets.

Sorted keys, no blanks, ASCII with ``\\u`` escapes, whole numbers only. What is spelt otherwise is refused, so that no
octet of a signed file can be changed without changing what it says.
"""

from __future__ import annotations

import json
from typing import Any, Final, NoReturn

__all__ = ["NotCanonicalError", "decode", "encode"]

_MAX_DEPTH: Final = 12


class NotCanonicalError(Exception):
    """The octets are no JSON in canonical spelling. Carries no content."""


def encode(value: object) -> bytes:
    """Canonical octets of a value made of dicts with text keys, lists, texts, whole numbers, booleans and ``None``."""
    return json.dumps(value, ensure_ascii=True, allow_nan=False, sort_keys=True, separators=(",", ":")).encode("ascii")


def decode(octets: bytes) -> Any:  # noqa: ANN401 - JSON has any shape; whoever asked checks it
    """The value of canonical octets.

    Raises:
        NotCanonicalError: no JSON, another spelling, fractions, a text that cannot be shown on a line, or too deep.
    """
    try:
        value = json.loads(octets, parse_float=_refuse, parse_constant=_refuse)
        if _is_showable(value, _MAX_DEPTH) and encode(value) == octets:
            return value
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError; thousands of brackets end the recursion
        pass
    raise NotCanonicalError


def _refuse(text: str) -> NoReturn:
    raise ValueError


def _is_showable(value: object, depth: int) -> bool:
    """No control characters and no half surrogates: these texts are shown on terminals and printed."""
    if depth == 0:
        return False
    if isinstance(value, dict):
        return all(key.isprintable() and _is_showable(each, depth - 1) for key, each in value.items())
    if isinstance(value, list):
        return all(_is_showable(each, depth - 1) for each in value)
    return not isinstance(value, str) or value.isprintable()
