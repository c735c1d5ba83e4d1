"""Who may touch which file (Doc 9303-10 §3.5 and §3.11; Doc 9303-11 §4.2, §7.1.3)."""

from __future__ import annotations

import enum
from typing import Final

__all__ = ["AccessCondition", "SecurityStatus"]


class AccessCondition(enum.Enum):
    """What must have happened before a file can be selected and read."""

    ALWAYS = "always"
    CHIP_ACCESS = "after PACE or BAC"
    """Also only through secure messaging: without it the status below is lost."""
    PACE = "after PACE only"
    """EF.CardSecurity (Doc 9303-10 §3.11, table 34)."""
    TERMINAL_AUTHENTICATION = "after terminal authentication"


class SecurityStatus(enum.IntEnum):
    """What the terminal has proven in the running session. It falls back to ``NONE`` when the session ends."""

    NONE = 0
    CHIP_ACCESS = 1
    """By BAC."""
    PACE = 2

    def satisfies(self, condition: AccessCondition) -> bool:
        """Whether a file under this condition may be used."""
        # Terminal authentication is not among the statuses that this chip can reach, so DG3 and DG4 stay closed.
        needed = _NEEDED.get(condition)
        return needed is not None and self >= needed


_NEEDED: Final = {
    AccessCondition.ALWAYS: SecurityStatus.NONE,
    AccessCondition.CHIP_ACCESS: SecurityStatus.CHIP_ACCESS,
    AccessCondition.PACE: SecurityStatus.PACE,
}
