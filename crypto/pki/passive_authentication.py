"""Passive authentication (Doc 9303-11 §5.1): are the data groups those that a trusted state signed?

Two steps that say different things: :func:`verify_security_object` looks at EF.SOD alone, :func:`compare_hashes`
holds the files as they were read against it.

Which instant the certificates are judged at: :mod:`crypto.pki.signed_object`.
"""

from __future__ import annotations

import dataclasses
import datetime
import hmac
from collections.abc import Iterable, Mapping
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.pki.certificate import Certificate
from crypto.pki.cms import SignedData, parse_signed_data, unusable
from crypto.pki.findings import Finding, FindingCode
from crypto.pki.path_rules import DocumentClaims
from crypto.pki.security_object import (
    SECURITY_OBJECT_TYPES,
    SECURITY_OBJECT_VERSION,
    SecurityObject,
    parse_security_object,
)
from crypto.pki.signed_object import SignedObjectResult, ValidAt, verify_signed_data
from crypto.pki.trust_store import TrustStore
from crypto.signatures.der import malformed_as
from crypto.signatures.hash_algorithms import HASH_UNSUPPORTED
from crypto.wire.tlv import parse_tlv

__all__ = [
    "PassiveAuthenticationResult",
    "compare_hashes",
    "read_security_object",
    "verify_security_object",
]

SOD_MALFORMED = ErrorCode("sod.malformed", Hint.CALL_STAFF, "The security object of the document is not well formed.")

EF_SOD_TAG: Final = 0x77


@dataclasses.dataclass(frozen=True, slots=True)
class PassiveAuthenticationResult(SignedObjectResult):
    """What EF.SOD proves.

    Attributes:
        security_object: the list of hashes; worth what ``signature`` and ``chain`` say. ``None`` if unreadable.
    """

    security_object: SecurityObject | None = None


def verify_security_object(
    ef_sod: bytes,
    trust_store: TrustStore,
    at: datetime.datetime,
    other_signers: Iterable[Certificate] = (),
    *,
    valid_at: ValidAt = ValidAt.SIGNING_TIME,
    document_code: str | None = None,
    issuing_state: str | None = None,
) -> PassiveAuthenticationResult:
    """Verifies EF.SOD: its signature, and the way from the signer to a trust anchor.

    Args:
        ef_sod: the file exactly as read, with its tag 77.
        trust_store: who is trusted.
        at: now, with a time zone.
        other_signers: document signer certificates from elsewhere, for documents that carry none; those of the trust
            store are found in any case.
        valid_at: the instant for which the certificates must be valid, by the caller's policy.
        document_code: DG1's, e.g. ``P`` or ``ID``, to be held against what the signer may sign; ``None``: not known.
        issuing_state: DG1's, e.g. ``VNM`` or ``D``, to be held against the authority's country; ``None``: not known.

    Returns:
        The facts. Nothing about the document makes this raise: a malformed file is a finding, too.
    """
    try:
        signed, security_object = _parse(ef_sod)
    except CryptoError as error:
        return PassiveAuthenticationResult(_unreadable(error))
    claims = DocumentClaims(document_code, issuing_state)
    result = verify_signed_data(signed, trust_store, at, other_signers, valid_at=valid_at, claims=claims)
    facts = {field.name: getattr(result, field.name) for field in dataclasses.fields(SignedObjectResult)}
    return PassiveAuthenticationResult(**facts, security_object=security_object)


def read_security_object(ef_sod: bytes) -> SecurityObject:
    """The list of hashes in EF.SOD, *without* any verification.

    Raises:
        CryptoError: ``sod.malformed``, ``cms.malformed``, and as :func:`parse_security_object`.
    """
    return _parse(ef_sod)[1]


def compare_hashes(security_object: SecurityObject, files: Mapping[int, bytes]) -> Mapping[int, Finding]:
    """Each data group against its hash (Doc 9303-11 §5.1 step 4).

    Args:
        security_object: the list of hashes.
        files: whole files exactly as read, tag and length included, by number of the data group.

    Returns:
        A finding for every group that is listed or was read: match; mismatch; read but not listed (*failed*:
        nobody vouches for it); listed but not read (*undetermined*).
    """
    algorithm = security_object.hash_algorithm
    findings: dict[int, Finding] = {}
    for number in sorted(security_object.hashes.keys() | files.keys()):
        expected, file = security_object.hashes.get(number), files.get(number)
        if expected is None:
            code = FindingCode.HASH_NOT_LISTED
        elif file is None:
            code = FindingCode.HASH_NOT_READ
        elif hmac.compare_digest(expected, algorithm.digest(file)):
            code = FindingCode.HASH_MATCH
        else:
            code = FindingCode.HASH_MISMATCH
        findings[number] = Finding(code)
    return findings


def _parse(ef_sod: bytes) -> tuple[SignedData, SecurityObject]:
    with malformed_as(SOD_MALFORMED):
        content = parse_tlv(ef_sod, EF_SOD_TAG).value
    signed = parse_signed_data(content)
    if signed.content_type not in SECURITY_OBJECT_TYPES:
        raise CryptoError(SOD_MALFORMED, content_type=signed.content_type)
    return signed, parse_security_object(signed.content)


def _unreadable(error: CryptoError) -> Finding:
    if error.code is SECURITY_OBJECT_VERSION:
        return Finding(FindingCode.VERSION_UNSUPPORTED, error.code.name)
    if error.code is HASH_UNSUPPORTED:
        return unusable(error)
    return Finding(FindingCode.MALFORMED, error.code.name)
