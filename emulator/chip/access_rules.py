"""Who may touch which file (Doc 9303-10 §3.5 and §3.11; Doc 9303-11 §4.2, §7.1.3)."""

from __future__ import annotations

import enum

__all__ = ["AccessCondition", "SecurityStatus"]


class AccessCondition(enum.Enum):
    """What must have happened before a file can be selected and read."""

    ALWAYS = "always"
    CHIP_ACCESS = "after PACE or BAC"
    """Also only through secure messaging: without it the status below is lost."""
    TERMINAL_AUTHENTICATION = "after terminal authentication"


class SecurityStatus(enum.IntEnum):
    """What the terminal has proven in the running session. It falls back to ``NONE`` when the session ends."""

    NONE = 0
    CHIP_ACCESS = 1

    def satisfies(self, condition: AccessCondition) -> bool:
        """Whether a file under this condition may be used."""
        if condition is AccessCondition.ALWAYS:
            return True
        # Terminal authentication is not among the statuses that this chip can reach, so DG3 and DG4 stay closed.
        return condition is AccessCondition.CHIP_ACCESS and self is SecurityStatus.CHIP_ACCESS
