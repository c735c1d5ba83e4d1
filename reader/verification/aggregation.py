"""Groups of checks, and one result for each (TR-03135-1 v5.0.1 §3.8, §5.5, §5.8.1, §5.10.1).

The verdict says what a place does; a group says what was found. Two rules go beyond the guideline's tables, both to
its safe side: a chip that failed one proof is not genuine even if another succeeded (table 5.102 would say
*successful*), and an answer of an authentication service, where there is one, counts for the document as a whole.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from typing import Final

from reader.verification.checks import CheckName, CheckResult, CheckStatus

__all__ = ["CheckGroup", "GroupResult", "aggregate", "combine"]


class CheckGroup(enum.StrEnum):
    """What belongs together. The order is that of a report; the whole document comes last."""

    CHIP_ACCESS = "chip_access"  # §5.8.3
    DOCUMENT_AUTHENTICATION = "document_authentication"  # §5.8.6 signature, §5.8.7 issuer's certificates, §5.8.9
    INTEGRITY = "integrity"  # §5.8.8 EF.COM against EF.SOD, hashes of the data groups
    CHIP_AUTHENTICITY = "chip_authenticity"  # §5.8.5 active, chip authentication, PACE mapping
    DATA = "data"  # §5.6.1 and §5.10: the files against one another, what is printed, the last day
    ONLINE = "online"  # requests into background systems, §3.7
    DOCUMENT = "document"  # §5.5: all of them


_GROUPS: Final = {
    CheckName.ACCESS_CONTROL: CheckGroup.CHIP_ACCESS,
    CheckName.PASSIVE_AUTHENTICATION: CheckGroup.DOCUMENT_AUTHENTICATION,
    CheckName.REVOCATION: CheckGroup.DOCUMENT_AUTHENTICATION,
    CheckName.KNOWN_DEVIATION: CheckGroup.DOCUMENT_AUTHENTICATION,
    CheckName.COM_CONSISTENCY: CheckGroup.INTEGRITY,
    CheckName.ACTIVE_AUTHENTICATION: CheckGroup.CHIP_AUTHENTICITY,
    CheckName.CHIP_AUTHENTICATION: CheckGroup.CHIP_AUTHENTICITY,
    CheckName.CHIP_AUTHENTICATION_MAPPING: CheckGroup.CHIP_AUTHENTICITY,
    CheckName.DATA_CONSISTENCY: CheckGroup.DATA,
    CheckName.PRINTED_DATA: CheckGroup.DATA,
    CheckName.DOCUMENT_VALIDITY: CheckGroup.DATA,
    CheckName.ONLINE_VERIFICATION: CheckGroup.ONLINE,
}
"""Terminal authentication is in no group: table 5.80 leaves it out, since it says nothing about the document."""

_HASHES: Final = "data_group_hash."

_PRECEDENCE: Final = (
    CheckStatus.FAILED,
    CheckStatus.ABORTED,
    CheckStatus.UNDETERMINED,
    CheckStatus.SUCCESSFUL,
    CheckStatus.NOT_SUPPORTED,
)
"""Table 3.1: the first of these that occurs is the result."""

_ONE_PROOF_IS_ENOUGH: Final = (
    CheckStatus.FAILED,
    CheckStatus.SUCCESSFUL,
    CheckStatus.ABORTED,
    CheckStatus.UNDETERMINED,
    CheckStatus.NOT_SUPPORTED,
)
"""Table 5.102, with a failure in the first place."""


@dataclasses.dataclass(frozen=True, slots=True)
class GroupResult:
    """One group.

    Attributes:
        group: which.
        status: of all its checks together.
        checks: names of the checks that made it, sorted.
        left_out: names of those that were not performed, sorted. They do not count, unless there are no others.
    """

    group: CheckGroup
    status: CheckStatus
    checks: tuple[str, ...]
    left_out: tuple[str, ...] = ()


def combine(statuses: Iterable[CheckStatus]) -> CheckStatus:
    """Table 3.1: failed > aborted > undetermined > successful > not supported.

    Of nothing at all nothing is known: ``UNDETERMINED``.
    """
    return _first(_PRECEDENCE, statuses)


def aggregate(checks: Iterable[CheckResult]) -> tuple[GroupResult, ...]:
    """The result of each group that has a check, and of the document as a whole, which is always the last.

    A check that was not performed is named, and says nothing about the document; a group of nothing else has that
    check's status, but is no part of the whole.
    """
    members: dict[CheckGroup, list[CheckResult]] = {}
    for check in checks:
        group = _group_of(check)
        if group is not None:
            members.setdefault(group, []).append(check)
    groups = tuple(_result(group, members[group]) for group in CheckGroup if group in members)
    performed = [group for group in groups if group.checks]
    names = tuple(sorted(name for group in performed for name in group.checks))
    left_out = tuple(sorted(name for group in groups for name in group.left_out))
    whole = combine(group.status for group in performed)
    return (*groups, GroupResult(CheckGroup.DOCUMENT, whole, names, left_out))


def _group_of(check: CheckResult) -> CheckGroup | None:
    if check.check.startswith(_HASHES):
        return CheckGroup.INTEGRITY
    return next((group for name, group in _GROUPS.items() if name == check.check), None)


def _result(group: CheckGroup, members: list[CheckResult]) -> GroupResult:
    performed = [check for check in members if check.is_performed]
    order = _ONE_PROOF_IS_ENOUGH if group is CheckGroup.CHIP_AUTHENTICITY else _PRECEDENCE
    return GroupResult(
        group,
        _first(order, [check.status for check in performed or members]),
        tuple(sorted({str(check.check) for check in performed})),
        tuple(sorted({str(check.check) for check in members if not check.is_performed})),
    )


def _first(order: tuple[CheckStatus, ...], statuses: Iterable[CheckStatus]) -> CheckStatus:
    return min(statuses, key=order.index, default=CheckStatus.UNDETERMINED)
