"""Who is seen before others, and who settles that."""

from __future__ import annotations

import datetime as dt
import enum

from kiosk_ui.app.domain.visitor import age_on

__all__ = ["ASKED_FOR", "Priority"]

_OLD_AGE_YEARS = 75
_CHILD_BELOW_YEARS = 6


class Priority(enum.StrEnum):
    """Reason to be seen before others."""

    NONE = "none"
    AGE = "age"  # 75 or more by the date of birth: the machine settles it
    PREGNANT = "pregnant"
    DISABLED = "disabled"
    CHILD_UNDER_6 = "child_under_6"  # by the date of birth
    MERIT = "merit"  # people with merits to the country
    EMERGENCY = "emergency"  # given by staff alone

    @property
    def needs_staff(self) -> bool:
        """Whether it is only asked for, and staff confirm it."""
        return self in ASKED_FOR

    @classmethod
    def by_birth(cls, born: dt.date | None, today: dt.date) -> Priority:
        """What the date of birth alone gives; nothing if it is unknown or lies in the future."""
        if born is None or born > today:
            return cls.NONE
        age = age_on(today, born)
        if age >= _OLD_AGE_YEARS:
            return cls.AGE
        return cls.CHILD_UNDER_6 if age < _CHILD_BELOW_YEARS else cls.NONE


ASKED_FOR = (Priority.PREGNANT, Priority.DISABLED, Priority.MERIT)
"""What a person can ask for at the kiosk, in the order to show."""
