"""Who may touch which file (Doc 9303-10 §3.5 and §3.11; Doc 9303-11 §4.2, §7.1.3)."""

from __future__ import annotations

import dataclasses
import enum
from typing import Final

__all__ = ["AccessCondition", "AccessLevel", "SecurityStatus"]


class AccessCondition(enum.Enum):
    """What must have happened before a file can be selected and read."""

    ALWAYS = "always"
    CHIP_ACCESS = "after PACE or BAC"
    """Also only through secure messaging: without it the status below is lost."""
    PACE = "after PACE only"
    """EF.CardSecurity (Doc 9303-10 §3.11, table 34)."""
    TERMINAL_AUTHENTICATION = "after terminal authentication"


class AccessLevel(enum.IntEnum):
    """How the terminal has opened the chip in the running session."""

    NONE = 0
    CHIP_ACCESS = 1
    """By BAC."""
    PACE = 2


@dataclasses.dataclass(frozen=True, slots=True)
class SecurityStatus:
    """What the terminal has proven in the running session. A session that ends takes it along.

    Attributes:
        level: how the chip was opened.
    """

    level: AccessLevel = AccessLevel.NONE

    @property
    def is_open(self) -> bool:
        """Whether access control has been passed."""
        return self.level is not AccessLevel.NONE

    def reached(self, level: AccessLevel) -> SecurityStatus:
        """The status after that level has been proven, too."""
        return dataclasses.replace(self, level=max(self.level, level))

    def satisfies(self, condition: AccessCondition) -> bool:
        """Whether a file under this condition may be used."""
        needed = _NEEDED.get(condition)
        return needed is not None and self.level >= needed


_NEEDED: Final = {
    AccessCondition.ALWAYS: AccessLevel.NONE,
    AccessCondition.CHIP_ACCESS: AccessLevel.CHIP_ACCESS,
    AccessCondition.PACE: AccessLevel.PACE,
}
