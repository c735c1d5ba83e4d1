"""Passive authentication of the files of one reading, at once or in part while the rest is still being read.

What was found early is taken over only if it is about the very same octets, trust anchors, policy and instant; anything
else is found anew. So an assessment with early findings is the same as one without.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from crypto.errors import ChipIdError
from crypto.pki.findings import Finding, FindingCode
from reader.lds import files

if TYPE_CHECKING:
    from crypto.pki.passive_authentication import PassiveAuthenticationResult
    from crypto.pki.security_object import SecurityObject
    from crypto.pki.trust_store import TrustStore
    from reader.lds.document import RawDocument
    from reader.verification.policy import VerificationPolicy

__all__ = ["NOTHING_EARLY", "Basis", "EarlyFindings", "hash_findings", "hash_of_group", "verify_passively"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Basis:
    """What the outcome of passive authentication hangs on, beside the files.

    Attributes:
        trust: trust anchors.
        policy: how to judge; it says at which instant certificates have to be valid.
        at: now, with a time zone.
    """

    trust: TrustStore
    policy: VerificationPolicy
    at: dt.datetime


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class EarlyFindings:
    """What was found before all files were there.

    Attributes:
        security_object: EF.SOD and DG1 exactly as read, on what basis, and what they prove; ``None`` if nothing was
            looked at yet.
        hashes: by number of a data group, its octets and what its hash says under that EF.SOD.
    """

    security_object: tuple[bytes, bytes, Basis, PassiveAuthenticationResult] | None = None
    hashes: Mapping[int, tuple[bytes, Finding]] = dataclasses.field(default_factory=dict)

    def passive(self, document: RawDocument, basis: Basis) -> PassiveAuthenticationResult | None:
        """What is known of this very document on this very basis; ``None`` if nothing is."""
        if self.security_object is None:
            return None
        sod, dg1, then, result = self.security_object
        same_files = document.get(files.SOD) == sod and document.get(files.data_group(1)) == dg1
        same_basis = then.trust is basis.trust and then.policy == basis.policy and then.at == basis.at
        return result if same_files and same_basis else None


NOTHING_EARLY: Final = EarlyFindings()


def verify_passively(
    document: RawDocument, basis: Basis, early: EarlyFindings = NOTHING_EARLY
) -> PassiveAuthenticationResult | None:
    """What EF.SOD proves, held against the issuing state and the kind of document that DG1 names.

    Args:
        document: the files exactly as read; those other than EF.SOD and DG1 do not matter.
        basis: trust anchors, policy, instant.
        early: taken over where it fits.

    Returns:
        ``None`` without EF.SOD.
    """
    sod = document.get(files.SOD)
    if sod is None:
        return None
    known = early.passive(document, basis)
    if known is not None:
        return known
    # only now: the first command to the card waits for none of this
    from crypto.pki.passive_authentication import verify_security_object
    from reader.verification.clock import without_wrong_clock

    try:
        mrz = document.view.mrz
    except ChipIdError:  # what is wrong with DG1 is noted elsewhere
        mrz = None
    result = verify_security_object(
        sod,
        basis.trust,
        basis.at,
        valid_at=basis.policy.signer_valid_at,
        document_code=None if mrz is None else mrz.document_code,
        issuing_state=None if mrz is None else mrz.issuing_state,
    )
    return without_wrong_clock(result, basis.at, valid_at=basis.policy.signer_valid_at)


def hash_of_group(security_object: SecurityObject, number: int, content: bytes) -> Finding:
    """What the hash of one data group says: match, mismatch, or not listed."""
    from crypto.pki.passive_authentication import compare_hashes

    return compare_hashes(security_object, {number: content})[number]


def hash_findings(
    document: RawDocument, passive: PassiveAuthenticationResult | None, early: EarlyFindings = NOTHING_EARLY
) -> dict[int, Finding]:
    """By number of each group that is there or listed. Without a readable list nothing is covered.

    Args:
        document: the files exactly as read.
        passive: what EF.SOD proves.
        early: taken over for groups of the very same octets, if it is about the same EF.SOD.
    """
    from crypto.pki.passive_authentication import compare_hashes

    contents = {file.number: document.require(file) for file in document.data_groups if file.number is not None}
    if passive is None or passive.security_object is None:
        return {number: Finding(FindingCode.HASH_NOT_LISTED) for number in contents}
    known: dict[int, Finding] = {}
    if early.security_object is not None and early.security_object[0] == document.get(files.SOD):
        known = {number: found for number, (octets, found) in early.hashes.items() if contents.get(number) == octets}
    rest = {number: octets for number, octets in contents.items() if number not in known}
    found = {**compare_hashes(passive.security_object, rest), **known}
    return {number: found[number] for number in sorted(found)}
