"""A computer that woke up in 1970 knows nothing about validity: that is never the document's fault."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Final, TypeVar

from crypto.pki.findings import Finding, FindingCode
from crypto.pki.signed_object import SignedObjectResult

__all__ = ["is_plausible", "without_wrong_clock"]

_EARLIEST_PLAUSIBLE: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""A clock before this program was written is wrong: a kiosk with an empty battery wakes up in 1970 or 2000."""

_LATEST_PLAUSIBLE: Final = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_CAUSE: Final = "clock_implausible"
_ABOUT_TIME: Final = frozenset(
    {
        FindingCode.SIGNER_NOT_YET_VALID,
        FindingCode.SIGNER_EXPIRED,
        FindingCode.ISSUER_NOT_YET_VALID,
        FindingCode.ISSUER_EXPIRED,
    }
)

_AFTER_A_LIST: Final = frozenset({FindingCode.NOT_REVOKED, FindingCode.REVOCATION_LIST_OUTDATED})

_Result = TypeVar("_Result", bound=SignedObjectResult)


def is_plausible(at: dt.datetime) -> bool:
    """Whether a clock can be right."""
    return _EARLIEST_PLAUSIBLE <= at < _LATEST_PLAUSIBLE


def without_wrong_clock(result: _Result, at: dt.datetime) -> _Result:
    """The same facts; what hangs on a clock that cannot be right counts as not checked: a chain that is wrong only by
    the time, and whether a list of revoked certificates is current."""
    if is_plausible(at):
        return result
    if result.chain.code in _ABOUT_TIME:
        result = dataclasses.replace(result, chain=Finding(FindingCode.CHAIN_NOT_CHECKED, _CAUSE))
    if result.revocation.code in _AFTER_A_LIST:
        result = dataclasses.replace(result, revocation=Finding(FindingCode.REVOCATION_NOT_CHECKED, _CAUSE))
    return result
