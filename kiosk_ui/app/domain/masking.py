"""Numbers of people as they may be shown and written down."""

from __future__ import annotations

__all__ = ["mask_number"]


def mask_number(number: str) -> str:
    """First and last three characters in groups of three: ``040085000017`` becomes ``040 *** *** 017``.

    Numbers shorter than nine characters are hidden whole, since six visible ones would be most of them.
    """
    if len(number) < 9:
        return "***"
    hidden = "*" * (len(number) - 6)
    groups = [hidden[i : i + 3] for i in range(0, len(hidden), 3)]
    return " ".join([number[:3], *groups, number[-3:]])
