"""Passive authentication (Doc 9303-11 §5.1): are the data groups those that a trusted state signed?

Two steps that say different things: :func:`verify_security_object` looks at EF.SOD alone, :func:`compare_hashes`
holds the files as they were read against it.

**Which instant counts.** Certificates are judged at the time of signing if the signer states one that is not after
``at``, else at ``at``: a document stays good for as long as it was issued for (Doc 9303-12 §5).
"""

from __future__ import annotations

import dataclasses
import datetime
import hmac
from collections.abc import Iterable, Mapping
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.pki.certificate import Certificate
from crypto.pki.chain import ChainResult, verify_chain
from crypto.pki.cms import SignedData, SignerInfo, parse_signed_data, unusable, verify_signer
from crypto.pki.findings import Finding, FindingCode, Outcome
from crypto.pki.security_object import (
    SECURITY_OBJECT_TYPES,
    SECURITY_OBJECT_VERSION,
    SecurityObject,
    parse_security_object,
)
from crypto.pki.trust_store import TrustAnchor, TrustStore
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
_NOT_CHECKED: Final = ChainResult(Finding(FindingCode.CHAIN_NOT_CHECKED))


@dataclasses.dataclass(frozen=True, slots=True)
class PassiveAuthenticationResult:
    """What EF.SOD proves. The facts stay apart, since each alone can mislead.

    Attributes:
        signature: whether the signer's key signed this list of hashes.
        chain: whether the signer's certificate leads to a trust anchor.
        security_object: the list of hashes; worth what ``signature`` and ``chain`` say. ``None`` if unreadable.
        signer: the certificate that the signature was held against, or ``None``.
        anchor: the trust anchor that issued it, or ``None``.
        signing_time: when the signer says that it signed, or ``None``.
    """

    signature: Finding
    chain: Finding
    security_object: SecurityObject | None = None
    signer: Certificate | None = None
    anchor: TrustAnchor | None = None
    signing_time: datetime.datetime | None = None

    @property
    def finding(self) -> Finding:
        """Both in one: trusted, or the first failure, or else the first thing that is not known."""
        for outcome in (Outcome.FAILED, Outcome.UNDETERMINED):
            for finding in (self.signature, self.chain):
                if finding.outcome is outcome:
                    return finding
        return Finding(FindingCode.TRUSTED)

    @property
    def is_trusted(self) -> bool:
        """Whether a trusted state signed this list of hashes."""
        return self.finding.is_successful


def verify_security_object(
    ef_sod: bytes,
    trust_store: TrustStore,
    at: datetime.datetime,
    other_signers: Iterable[Certificate] = (),
) -> PassiveAuthenticationResult:
    """Verifies EF.SOD: its signature, and the way from the signer to a trust anchor.

    Args:
        ef_sod: the file exactly as read, with its tag 77.
        trust_store: who is trusted.
        at: now, with a time zone.
        other_signers: document signer certificates from elsewhere, for documents that carry none.

    Returns:
        The facts. Nothing about the document makes this raise: a malformed file is a finding, too.
    """
    try:
        signed, security_object = _parse(ef_sod)
    except CryptoError as error:
        return PassiveAuthenticationResult(_unreadable(error), _NOT_CHECKED.finding)
    if not signed.signers:
        return PassiveAuthenticationResult(
            Finding(FindingCode.MALFORMED), _NOT_CHECKED.finding, security_object=security_object
        )
    elsewhere = tuple(other_signers)
    results = []
    for signer in signed.signers:  # Doc 9303-10 recommends one; another algorithm may bring a second
        result = _verify_one(signed, signer, security_object, trust_store, at, elsewhere)
        if result.is_trusted:
            return result
        results.append(result)
    return results[0]


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


def _verify_one(
    signed: SignedData,
    signer: SignerInfo,
    security_object: SecurityObject,
    trust_store: TrustStore,
    at: datetime.datetime,
    other_signers: Iterable[Certificate],
) -> PassiveAuthenticationResult:
    signing_time = signer.signing_time
    certificate, refusal = _find_certificate(signed, signer, other_signers)
    if certificate is None:
        return PassiveAuthenticationResult(
            refusal, _NOT_CHECKED.finding, security_object=security_object, signing_time=signing_time
        )
    instant = signing_time if signing_time is not None and signing_time <= at else at
    chain = verify_chain(certificate, trust_store, instant)
    signature = verify_signer(signed, signer, certificate)
    return PassiveAuthenticationResult(
        signature, chain.finding, security_object, certificate, chain.anchor, signing_time
    )


def _find_certificate(
    signed: SignedData, signer: SignerInfo, other_signers: Iterable[Certificate]
) -> tuple[Certificate | None, Finding]:
    """The signer's certificate, from EF.SOD or elsewhere.

    A document with a single certificate whose signer is named wrongly means that one; the signature will tell.
    """
    carried = []
    refusal = Finding(FindingCode.SIGNER_CERTIFICATE_ABSENT)
    for encoded in signed.certificates:
        try:
            carried.append(Certificate.parse(encoded))
        except CryptoError as error:
            refusal = Finding(FindingCode.SIGNER_MALFORMED, error.code.name)
    for certificate in (*carried, *other_signers):
        if signer.names(certificate):
            return certificate, refusal
    return (carried[0] if len(carried) == 1 else None), refusal
