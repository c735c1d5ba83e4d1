"""Whether an answer can be about the person who was asked about. What it leaves out speaks against nobody."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from reader.vietnamese.text import NameMatch, compare_names, compare_with_mrz, to_mrz

__all__ = ["is_same_birth", "is_same_name"]

_FULL_FIELD = 25  # letters of a name that may have been cut to the 30 characters of a card's MRZ (Doc 9303-5 §4.2.2)


# As hospital systems and the insurer write them, perhaps with an hour behind: 1985-02-03, 1985-02, 1985, 19850203, and
# 03/02/1985, 3.2.1985, 03021985. What is not known is zeros, or left out.
_YEAR_FIRST: Final = re.compile(r"(?P<y>[0-9]{4})(?:-(?P<m>[0-9]{1,2})(?:-(?P<d>[0-9]{1,2}))?)?")
_DAY_FIRST: Final = re.compile(r"(?:(?:(?P<d>[0-9]{1,2})[/.-])?(?P<m>[0-9]{1,2})[/.-])?(?P<y>[0-9]{4})")
_CLOSE: Final = (
    re.compile(r"(?P<y>(?:18|19|2[0-9])[0-9]{2})(?P<m>[0-9]{2})(?P<d>[0-9]{2})"),
    re.compile(r"(?P<d>[0-9]{2})(?P<m>[0-9]{2})(?P<y>[0-9]{4})"),
)


def is_same_birth(said: str, asked: dt.date | None) -> bool:
    """Whether a date of birth, as an answer has it, can be the one asked about: what it knows of it must be the same.

    Args:
        said: in any of the usual ways to write it, perhaps a part alone; what is no date at all says nothing.
        asked: complete date, or ``None``.
    """
    if asked is None:
        return True
    day = re.split(r"[T ]", said.strip(), maxsplit=1)[0]
    found = next((found for form in (_YEAR_FIRST, _DAY_FIRST, *_CLOSE) if (found := form.fullmatch(day))), None)
    if found is None:
        return True
    parts = ((found["y"], asked.year), (found["m"], asked.month), (found["d"], asked.day))
    return all(int(part) in (0, true) for part, true in parts if part is not None)


def is_same_name(said: str, asked: str) -> bool:
    """Whether two names can be one person's.

    Accents are passed over, since records of old were kept without, and so is what the card's machine-readable zone
    had no room for.
    """
    if not said or not asked or compare_names(said, asked) is not NameMatch.DIFFERENT:
        return True
    zone = to_mrz(asked)
    return compare_with_mrz(said, zone.split(), may_be_truncated=len(zone) >= _FULL_FIELD).agrees
