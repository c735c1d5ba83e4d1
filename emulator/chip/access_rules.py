"""Who may touch which file (Doc 9303-10 §3.5 and §3.11; Doc 9303-11 §4.2, §7.1.3)."""

from __future__ import annotations

import dataclasses
import enum
from typing import Final

from crypto.pki.cvc import TerminalType
from emulator.chip.trust_points import Authorization

__all__ = ["AccessCondition", "AccessLevel", "SecurityStatus"]


class AccessCondition(enum.Enum):
    """What must have happened before a file can be selected and read."""

    ALWAYS = "always"
    CHIP_ACCESS = "after PACE or BAC"
    """Also only through secure messaging: without it the status below is lost."""
    PACE = "after PACE only"
    """EF.CardSecurity (Doc 9303-10 §3.11, table 34)."""
    FINGERPRINTS = "after terminal authentication with the right to read DG3"
    IRISES = "after terminal authentication with the right to read DG4"


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
        authorization: what terminal authentication allows in the running channel, or ``None``.
    """

    level: AccessLevel = AccessLevel.NONE
    authorization: Authorization | None = None

    @property
    def is_open(self) -> bool:
        """Whether access control has been passed."""
        return self.level is not AccessLevel.NONE

    def reached(self, level: AccessLevel) -> SecurityStatus:
        """The status after that level has been proven, too."""
        return dataclasses.replace(self, level=max(self.level, level))

    def with_rights(self, authorization: Authorization | None) -> SecurityStatus:
        """The status with these rights and no others."""
        return dataclasses.replace(self, authorization=authorization)

    def allows(self, terminal: TerminalType, right: int) -> bool:
        """Whether the terminal has proven to be of that type and to have the right, counted from the last bit as 0."""
        return self.authorization is not None and self.authorization.allows(terminal, right)

    def satisfies(self, condition: AccessCondition) -> bool:
        """Whether a file under this condition may be used."""
        right = _RIGHTS.get(condition)
        if right is not None:
            return self.allows(TerminalType.INSPECTION_SYSTEM, right)
        needed = _NEEDED.get(condition)
        return needed is not None and self.level >= needed


_NEEDED: Final = {
    AccessCondition.ALWAYS: AccessLevel.NONE,
    AccessCondition.CHIP_ACCESS: AccessLevel.CHIP_ACCESS,
    AccessCondition.PACE: AccessLevel.PACE,
}
_RIGHTS: Final = {AccessCondition.FINGERPRINTS: 0, AccessCondition.IRISES: 1}
"""Bits of an inspection system's authorisation (TR-03110-3 table 20)."""
