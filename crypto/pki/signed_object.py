"""Signed objects of a chip (EF.SOD, EF.CardSecurity): who signed, and does the way lead to a trust anchor?

**Which instant counts.** By default, certificates are judged at the time of signing if the signer states one that is
not after ``at``, else at ``at``: a document stays good for as long as it was issued for (Doc 9303-12 §4.1). A stricter
policy judges at ``at`` alone. Revocation always asks what is known now.
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Iterable
from typing import Final

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.chain import ChainResult, verify_chain
from crypto.pki.cms import SignedData, SignerInfo, verify_signer
from crypto.pki.findings import Finding, FindingCode, Outcome
from crypto.pki.path_rules import DocumentClaims
from crypto.pki.revocation import RevocationList
from crypto.pki.revocation_check import NOT_CHECKED
from crypto.pki.trust_store import TrustAnchor, TrustStore
from crypto.pki.valid_at import ValidAt

__all__ = ["CHAIN_NOT_CHECKED", "SignedObjectResult", "ValidAt", "forget_signers", "verify_signed_data"]

CHAIN_NOT_CHECKED: Final = Finding(FindingCode.CHAIN_NOT_CHECKED)

_MAX_CANDIDATES: Final = 8
"""Most certificates that are held against the signatures of one object, all together: a directory may hold wrong ones
under the right number."""

_MAX_CARRIED: Final = 16
"""Most certificates of a signed object that are looked at. Documents carry one, with links a few."""

_REMEMBERED_OCTETS: Final = 4096
"""Longer certificates are parsed anew each time, so that nobody can fill the memory with them."""

_NO_CLAIMS: Final = DocumentClaims()


@dataclasses.dataclass(frozen=True, slots=True)
class SignedObjectResult:
    """What a signed object proves. The facts stay apart, since each alone can mislead.

    Attributes:
        signature: whether the signer's key signed this content.
        chain: whether the signer's certificate leads to a trust anchor.
        signer: the certificate that the signature was held against, or ``None``.
        anchor: the trust anchor that issued it, or ``None``.
        signing_time: when the signer says that it signed, or ``None``.
        links: link certificates between signer and anchor, from the signer upwards; usually none.
        revocation: whether the signer or its authority was revoked, or why that is not known. A revoked one makes
            ``chain`` fail too; not to know is no failure and changes nothing else.
        revocation_lists: the lists that were consulted about the signer.
    """

    signature: Finding
    chain: Finding = CHAIN_NOT_CHECKED
    signer: Certificate | None = None
    anchor: TrustAnchor | None = None
    signing_time: datetime.datetime | None = None
    links: tuple[Certificate, ...] = ()
    revocation: Finding = NOT_CHECKED
    revocation_lists: tuple[RevocationList, ...] = ()

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
    *,
    valid_at: ValidAt = ValidAt.SIGNING_TIME,
    claims: DocumentClaims = _NO_CLAIMS,
) -> SignedObjectResult:
    """The signature over the content, and the way from the signer to a trust anchor.

    Args:
        signed: the parsed CMS object.
        trust_store: who is trusted.
        at: now, with a time zone.
        other_signers: document signer certificates from elsewhere, for objects that carry none; those of the trust
            store are found in any case.
        valid_at: the instant for which the certificates must be valid.
        claims: what the document says of itself, to be held against its signer.
    """
    view = _View(signed, *_carried(signed), tuple(other_signers), trust_store, at, valid_at, claims)
    results: list[SignedObjectResult] = []
    left = _MAX_CANDIDATES
    for signer in signed.signers:  # Doc 9303-10 recommends one; another algorithm may bring a second
        if left == 0:
            break
        candidates = _candidates(view, signer)[:left]
        left -= len(candidates)
        result = _verify_one(view, signer, candidates)
        if result.is_trusted:
            return result
        results.append(result)
    if not results:
        return SignedObjectResult(Finding(FindingCode.MALFORMED))
    # A signature that is wrong stays wrong beside one of a stranger's, of whom nothing is known.
    return next((result for result in results if result.finding.outcome is Outcome.FAILED), results[0])


@dataclasses.dataclass(frozen=True, slots=True)
class _View:
    """Everything that one verification looks at, the same for each signer."""

    signed: SignedData
    carried: tuple[Certificate, ...]
    refusal: Finding
    elsewhere: tuple[Certificate, ...]
    trust_store: TrustStore
    at: datetime.datetime
    valid_at: ValidAt
    claims: DocumentClaims


def _verify_one(view: _View, signer: SignerInfo, candidates: Iterable[Certificate]) -> SignedObjectResult:
    """With the certificate that serves best: a trusted one, else one whose key signed, else the first."""
    stated, at = signer.signing_time, view.at
    instant = at if stated is None or stated > at or view.valid_at is ValidAt.NOW else stated
    results = []
    for certificate in candidates:
        chain = verify_chain(certificate, view.trust_store, instant, now=at, links=view.carried, claims=view.claims)
        signature = verify_signer(view.signed, signer, certificate, chain.issuer)
        result = _result(signature, chain, certificate, stated)
        if result.is_trusted:
            return result
        results.append(result)
    if not results:
        return SignedObjectResult(view.refusal, signing_time=stated)
    return next((result for result in results if result.signature.is_successful), results[0])


def _result(
    signature: Finding, chain: ChainResult, signer: Certificate, signing_time: datetime.datetime | None
) -> SignedObjectResult:
    return SignedObjectResult(
        signature=signature,
        chain=chain.finding,
        signer=signer,
        anchor=chain.anchor,
        signing_time=signing_time,
        links=chain.links,
        revocation=chain.revocation,
        revocation_lists=chain.revocation_lists,
    )


def _carried(signed: SignedData) -> tuple[tuple[Certificate, ...], Finding]:
    """The certificates in the object; and what it means if none of them is the signer's."""
    carried = []
    refusal = Finding(FindingCode.SIGNER_CERTIFICATE_ABSENT)
    for encoded in signed.certificates[:_MAX_CARRIED]:
        try:
            carried.append(_remembered(encoded) if len(encoded) <= _REMEMBERED_OCTETS else Certificate.parse(encoded))
        except CryptoError as error:
            refusal = Finding(FindingCode.SIGNER_MALFORMED, error.code.name)
    return tuple(carried), refusal


@functools.lru_cache(maxsize=64)  # one signer signs what a terminal sees in weeks: tens of thousands of documents
def _remembered(encoded: bytes) -> Certificate:
    return Certificate.parse(encoded)


def forget_signers() -> None:
    """Forgets the certificates seen in earlier documents. Nothing changes but the time that the next one takes."""
    _remembered.cache_clear()


def _candidates(view: _View, signer: SignerInfo) -> tuple[Certificate, ...]:
    """Certificates that may be the signer's: from the object itself, else from elsewhere.

    An object with a single certificate whose signer is named wrongly means that one; the signature will tell.
    """
    if signer.serial_number is not None:
        listed = view.trust_store.signers_by_serial_number(signer.serial_number)
    else:
        listed = view.trust_store.signers_by_key_identifier(signer.subject_key_identifier or b"")
    everywhere = (*view.carried, *view.elsewhere, *listed)
    named = [certificate for certificate in everywhere if signer.names(certificate)]
    if not named and len(view.carried) == 1:
        named = [view.carried[0]]
    return tuple(dict.fromkeys(named))
