"""One fact each: what a check found out. Facts are gathered here; judging them is :mod:`.policy`'s work.

The five results and their names are those of BSI TR-03135-1 v5 ("successful, failed, undetermined, not supported,
aborted").
"""

from __future__ import annotations

import dataclasses
import enum
from typing import Final

__all__ = [
    "KNOWN_DEVIATION_POSSIBLE",
    "NOT_PERMITTED",
    "NOT_READ",
    "CheckName",
    "CheckResult",
    "CheckStatus",
    "data_group_hash",
]


class CheckStatus(enum.StrEnum):
    """Outcome of one check (TR-03135-1 v5.0.1, results of checks)."""

    SUCCESSFUL = "successful"
    FAILED = "failed"
    UNDETERMINED = "undetermined"
    NOT_SUPPORTED = "not_supported"
    ABORTED = "aborted"


class CheckName(enum.StrEnum):
    """Stable names; they are keys of the JSON that ``chipid read`` prints."""

    PASSIVE_AUTHENTICATION = "passive_authentication"
    CHIP_AUTHENTICATION = "chip_authentication"
    ACTIVE_AUTHENTICATION = "active_authentication"
    CHIP_AUTHENTICATION_MAPPING = "chip_authentication_mapping"  # only where PACE-CAM opened the chip
    TERMINAL_AUTHENTICATION = "terminal_authentication"  # says nothing about the document
    DOCUMENT_VALIDITY = "document_validity"
    DATA_CONSISTENCY = "data_consistency"
    ACCESS_CONTROL = "access_control"
    COM_CONSISTENCY = "com_consistency"  # EF.COM against EF.SOD
    REVOCATION = "signer_revocation"
    KNOWN_DEVIATION = "known_deviation"  # only where a deviation list is installed
    PRINTED_DATA = "printed_data"  # only where something printed was given
    ONLINE_VERIFICATION = "online_verification"


NOT_READ: Final = "data_group_hash.not_read"
"""The issuer signed such a group, and nobody asked the chip for it."""

NOT_PERMITTED: Final = "data_group_hash.not_permitted"
"""The chip keeps the group for terminals with more rights."""

KNOWN_DEVIATION_POSSIBLE: Final = "known_deviation.possible"
"""A defect may be meant; not all by which its list names documents could be compared."""

_NOT_PERFORMED: Final = frozenset(
    {
        NOT_READ,
        NOT_PERMITTED,
        KNOWN_DEVIATION_POSSIBLE,
        f"{CheckName.ONLINE_VERIFICATION}.not_asked",
        f"{CheckName.ONLINE_VERIFICATION}.no_answer",
        f"{CheckName.REVOCATION}.no_list",
        f"{CheckName.REVOCATION}.not_checked",
    }
)


def data_group_hash(number: int) -> str:
    """Name of the hash check of one data group: ``data_group_hash.DG13``."""
    return f"data_group_hash.DG{number}"


@dataclasses.dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found.

    Attributes:
        check: a :class:`CheckName` or :func:`data_group_hash` name.
        status: one of the five outcomes.
        code: stable dotted reason, e.g. ``passive_authentication.issuer_unknown``.
        detail: one English sentence for staff; never card content.
    """

    check: str
    status: CheckStatus
    code: str
    detail: str = ""

    @property
    def is_performed(self) -> bool:
        """Whether anything was looked at. What was not is shown, but it is no result of the document's
        (TR-03135-1 v5.0.1 §3.6.1: only a process that ran to its end is the input of another)."""
        return self.code not in _NOT_PERFORMED
