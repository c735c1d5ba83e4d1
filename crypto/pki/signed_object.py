"""Signed objects of a chip (EF.SOD, EF.CardSecurity): who signed, and does the way lead to a trust anchor?

**Which instant counts.** Certificates are judged at the time of signing if the signer states one that is not after
``at``, else at ``at``: a document stays good for as long as it was issued for (Doc 9303-12 §5).
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Final

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.chain import verify_chain
from crypto.pki.cms import SignedData, SignerInfo, verify_signer
from crypto.pki.findings import Finding, FindingCode, Outcome
from crypto.pki.trust_store import TrustAnchor, TrustStore

__all__ = ["CHAIN_NOT_CHECKED", "SignedObjectResult", "verify_signed_data"]

CHAIN_NOT_CHECKED: Final = Finding(FindingCode.CHAIN_NOT_CHECKED)


@dataclasses.dataclass(frozen=True, slots=True)
class SignedObjectResult:
    """What a signed object proves. The facts stay apart, since each alone can mislead.

    Attributes:
        signature: whether the signer's key signed this content.
        chain: whether the signer's certificate leads to a trust anchor.
        signer: the certificate that the signature was held against, or ``None``.
        anchor: the trust anchor that issued it, or ``None``.
        signing_time: when the signer says that it signed, or ``None``.
    """

    signature: Finding
    chain: Finding = CHAIN_NOT_CHECKED
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
        """Whether a trusted state signed this content."""
        return self.finding.is_successful


def verify_signed_data(
    signed: SignedData,
    trust_store: TrustStore,
    at: datetime.datetime,
    other_signers: Iterable[Certificate] = (),
) -> SignedObjectResult:
    """The signature over the content, and the way from the signer to a trust anchor.

    Args:
        signed: the parsed CMS object.
        trust_store: who is trusted.
        at: now, with a time zone.
        other_signers: document signer certificates from elsewhere, for objects that carry none.
    """
    elsewhere = tuple(other_signers)
    results = []
    for signer in signed.signers:  # Doc 9303-10 recommends one; another algorithm may bring a second
        result = _verify_one(signed, signer, trust_store, at, elsewhere)
        if result.is_trusted:
            return result
        results.append(result)
    return results[0] if results else SignedObjectResult(Finding(FindingCode.MALFORMED))


def _verify_one(
    signed: SignedData,
    signer: SignerInfo,
    trust_store: TrustStore,
    at: datetime.datetime,
    other_signers: Iterable[Certificate],
) -> SignedObjectResult:
    signing_time = signer.signing_time
    certificate, refusal = _find_certificate(signed, signer, other_signers)
    if certificate is None:
        return SignedObjectResult(refusal, signing_time=signing_time)
    instant = signing_time if signing_time is not None and signing_time <= at else at
    chain = verify_chain(certificate, trust_store, instant)
    signature = verify_signer(signed, signer, certificate)
    return SignedObjectResult(signature, chain.finding, certificate, chain.anchor, signing_time)


def _find_certificate(
    signed: SignedData, signer: SignerInfo, other_signers: Iterable[Certificate]
) -> tuple[Certificate | None, Finding]:
    """The signer's certificate, from the object itself or elsewhere.

    An object with a single certificate whose signer is named wrongly means that one; the signature will tell.
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
