"""A computer whose clock is wrong knows nothing about validity: that is never the document's fault.

A clock can be seen to be wrong in two ways. It stands where no clock of today can stand; or it stands before the first
day of a certificate that a trusted authority signed, and then that certificate is evidence against the clock: what was
made exists already. A forger gains nothing by it: only a certificate whose path has been verified, with every other
rule and revocation looked at first, says so; and the outcome is *undetermined*, which accepts nobody.

What two signed dates show between them needs no clock, so no clock excuses it: a signer who states that it signed after
its certificate's last day, or before its first one.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Final, TypeVar

from crypto.pki.certificate import Certificate
from crypto.pki.findings import Finding, FindingCode, Outcome
from crypto.pki.signed_object import SignedObjectResult, ValidAt

__all__ = ["is_behind", "is_plausible", "is_wrong_clock", "without_wrong_clock"]

_EARLIEST_PLAUSIBLE: Final = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""A clock before this program was written is wrong: a kiosk with an empty battery wakes up in 1970 or 2000."""

_LATEST_PLAUSIBLE: Final = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)
_CAUSE: Final = "clock_implausible"
_NOT_CHECKED: Final = Finding(FindingCode.CHAIN_NOT_CHECKED, _CAUSE)
_EXPIRED: Final = frozenset({FindingCode.SIGNER_EXPIRED, FindingCode.ISSUER_EXPIRED})
_NOT_YET_VALID: Final = frozenset({FindingCode.SIGNER_NOT_YET_VALID, FindingCode.ISSUER_NOT_YET_VALID})
_ABOUT_TIME: Final = _EXPIRED | _NOT_YET_VALID

_AFTER_A_LIST: Final = frozenset({FindingCode.NOT_REVOKED, FindingCode.REVOCATION_LIST_OUTDATED})

_Result = TypeVar("_Result", bound=SignedObjectResult)


def is_plausible(at: dt.datetime) -> bool:
    """Whether a clock can be right, as far as it can be told without a document."""
    return _EARLIEST_PLAUSIBLE <= at < _LATEST_PLAUSIBLE


def is_wrong_clock(finding: Finding) -> bool:
    """Whether a chain came to no result because the clock is wrong."""
    return finding == _NOT_CHECKED


def is_behind(result: SignedObjectResult, at: dt.datetime) -> bool:
    """Whether a rightly signed document shows that the clock is slow.

    Args:
        result: as :func:`without_wrong_clock` gave it.
        at: the clock.
    """
    return is_wrong_clock(result.chain) and any(at < one.not_before for one in _path(result))


def without_wrong_clock(result: _Result, at: dt.datetime, *, valid_at: ValidAt = ValidAt.SIGNING_TIME) -> _Result:
    """The same facts; what hangs on a clock that is wrong counts as not checked: a chain that is wrong only by the
    time, and whether a list of revoked certificates is current.

    Args:
        result: what was verified at ``at``.
        at: the clock; with a time zone.
        valid_at: the instant for which the certificates had to be valid.
    """
    chain = _chain(result, at, valid_at)
    if chain != result.chain:
        result = dataclasses.replace(result, chain=chain)
    is_wrong = is_wrong_clock(chain) or not is_plausible(at)
    if is_wrong and result.revocation.code in _AFTER_A_LIST:
        result = dataclasses.replace(result, revocation=Finding(FindingCode.REVOCATION_NOT_CHECKED, _CAUSE))
    return result


def _chain(result: SignedObjectResult, at: dt.datetime, valid_at: ValidAt) -> Finding:
    """The finding on the chain as far as the clock can be relied on; never better than *undetermined* where time alone
    stood in the way, and never better than it was."""
    found, path = result.chain, _path(result)
    if not path or (found.outcome is Outcome.FAILED and found.code not in _ABOUT_TIME):
        return found
    shown = _shown_by_signing_time(path, result.signing_time, valid_at)
    if shown is not None:
        return Finding(shown)
    if found.code not in _ABOUT_TIME:
        return found
    if not is_plausible(at):
        return _NOT_CHECKED
    if found.code in _EXPIRED:
        return found
    # Not yet valid now, and so the clock is slow; what is over by a slow clock is over.
    expired = _expired(path, at)
    return _NOT_CHECKED if expired is None else Finding(expired)


def _path(result: SignedObjectResult) -> tuple[Certificate, ...]:
    """From the signer to the trust anchor; empty if there is no anchor, and so nobody whose dates count."""
    if result.signer is None or result.anchor is None:
        return ()
    return (result.signer, *result.links, result.anchor.certificate)


def _shown_by_signing_time(
    path: Sequence[Certificate], stated: dt.datetime | None, valid_at: ValidAt
) -> FindingCode | None:
    """What the signed dates say without any clock. Only where the signing time counts at all, a certificate that was
    not yet valid then is wrong; one that had expired then has expired in any case."""
    if stated is None:
        return None
    expired = _expired(path, stated)
    if expired is not None or valid_at is ValidAt.NOW:
        return expired
    early = (one for one in path if stated < one.not_before)
    return next(
        (FindingCode.SIGNER_NOT_YET_VALID if one is path[0] else FindingCode.ISSUER_NOT_YET_VALID for one in early),
        None,
    )


def _expired(path: Sequence[Certificate], at: dt.datetime) -> FindingCode | None:
    over = (one for one in path if at > one.not_after)
    return next((FindingCode.SIGNER_EXPIRED if one is path[0] else FindingCode.ISSUER_EXPIRED for one in over), None)
