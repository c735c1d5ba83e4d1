"""Whether an answer can be about the person who was asked about. What it leaves out speaks against nobody."""

from __future__ import annotations

import datetime as dt

from reader.vietnamese.text import NameMatch, compare_names, compare_with_mrz, to_mrz

__all__ = ["is_same_birth", "is_same_name"]

_FULL_FIELD = 25  # letters of a name that may have been cut to the 30 characters of a card's MRZ (Doc 9303-5 §4.2.2)


def is_same_birth(said: dt.date | None, asked: dt.date | None) -> bool:
    """Whether two dates of birth can be one person's."""
    return said is None or asked is None or said == asked


def is_same_name(said: str, asked: str) -> bool:
    """Whether two names can be one person's.

    Accents are passed over, since records of old were kept without, and so is what the card's machine-readable zone
    had no room for.
    """
    if not said or not asked or compare_names(said, asked) is not NameMatch.DIFFERENT:
        return True
    zone = to_mrz(asked)
    return compare_with_mrz(said, zone.split(), may_be_truncated=len(zone) >= _FULL_FIELD).agrees
