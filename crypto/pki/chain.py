"""From a document signer to a trust anchor (Doc 9303-12 §6.1, RFC 5280 §6.1).

A path has two certificates: the document signer's (DS) and a country signing CA's (CSCA), which is a trust anchor.
After a change of key there may be link certificates between them, by which the old key vouches for the new one.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Final

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.cms import unusable
from crypto.pki.findings import Finding, FindingCode, Outcome
from crypto.pki.path_rules import DocumentClaims, judge_path, judge_validity
from crypto.pki.revocation import RevocationList
from crypto.pki.revocation_check import NOT_CHECKED, check_revocation
from crypto.pki.trust_store import TrustAnchor, TrustStore

__all__ = ["MAX_LINKS", "ChainResult", "verify_chain"]

MAX_LINKS: Final = 5
"""Most link certificates of a path: a quarter of a century of new keys (Doc 9303-12 §4.1.4)."""

_MAX_LINK_SIGNATURES: Final = 24
"""Most signatures of link certificates that are tried for one signer, however many certificates a chip carries."""

_MAX_EXPANSIONS: Final = 9
"""Most certificates for which anchors are sought: the signer, and links that did sign."""

_NO_CLAIMS: Final = DocumentClaims()


@dataclasses.dataclass(frozen=True, slots=True)
class ChainResult:
    """What the path says.

    Attributes:
        finding: trusted, or the one thing that stands in the way.
        anchor: the trust anchor that the path leads to by right signatures, also if a rule forbids the path;
            ``None`` if there is none.
        links: the link certificates between, from the signer upwards; usually none.
        revocation: whether the signer or an authority was revoked, or why that is not known.
        revocation_lists: the lists that were consulted about the signer.
    """

    finding: Finding
    anchor: TrustAnchor | None = None
    links: tuple[Certificate, ...] = ()
    revocation: Finding = NOT_CHECKED
    revocation_lists: tuple[RevocationList, ...] = ()

    @property
    def issuer(self) -> Certificate | None:
        """The certificate whose key signed the DS certificate, or ``None``."""
        if self.links:
            return self.links[0]
        return None if self.anchor is None else self.anchor.certificate


def verify_chain(
    signer: Certificate,
    store: TrustStore,
    at: datetime.datetime,
    *,
    now: datetime.datetime | None = None,
    links: Iterable[Certificate] = (),
    claims: DocumentClaims = _NO_CLAIMS,
) -> ChainResult:
    """Looks for a trust anchor that issued the DS certificate, and applies the path rules.

    Every anchor with the issuer's name or key identifier is tried, so that a CSCA before and after a change of key,
    and a self-signed and a link certificate of one key, all can serve. If several signed, the best result counts. If
    none signed, a link certificate may lead to one.

    Args:
        signer: the DS certificate.
        store: the anchors, link certificates and revocation lists.
        at: the instant for which all certificates must be valid; with a time zone.
        now: the instant for which revocation lists must be current; ``at`` if not given.
        links: certificates that came with the document; some may be link certificates.
        claims: what the document says of itself.
    """
    paths, refusal = _PathFinder(store, links).paths(signer)
    if not paths:
        return ChainResult(refusal)
    results = [_judge(signer, path, store, at, now or at, claims) for path in paths]
    return next((result for result in results if result.finding.is_successful), results[0])


@dataclasses.dataclass(frozen=True, slots=True)
class _Path:
    links: tuple[Certificate, ...]
    anchor: TrustAnchor


def _judge(
    signer: Certificate,
    path: _Path,
    store: TrustStore,
    at: datetime.datetime,
    now: datetime.datetime,
    claims: DocumentClaims,
) -> ChainResult:
    """The rules in the order in which they are reported; validity last, so that "expired" means nothing worse."""
    certificates = (signer, *path.links, path.anchor.certificate)
    finding = judge_path(certificates, claims)
    revocation = check_revocation(certificates, store, now)
    if finding.outcome is not Outcome.FAILED:
        if revocation.finding.outcome is Outcome.FAILED:
            finding = revocation.finding
        elif (code := judge_validity(certificates, at)) is not None:
            finding = Finding(code)
    return ChainResult(finding, path.anchor, path.links, revocation.finding, revocation.lists)


class _PathFinder:
    """Finds every anchor that a signer's certificate leads to by right signatures, within bounds."""

    def __init__(self, store: TrustStore, carried: Iterable[Certificate]) -> None:
        self._store = store
        self._candidates = tuple(dict.fromkeys((*carried, *(link.certificate for link in store.links))))
        self._signatures_left = _MAX_LINK_SIGNATURES
        self._expansions_left = _MAX_EXPANSIONS

    def paths(self, certificate: Certificate, below: tuple[Certificate, ...] = ()) -> tuple[list[_Path], Finding]:
        """The paths; and, if there are none, why no anchor signed the certificate."""
        self._expansions_left -= 1
        signed_by, refusal = _find_issuers(certificate, self._store)
        found = [_Path(below, anchor) for anchor in signed_by]
        if found or len(below) >= MAX_LINKS:
            return found, refusal
        key_identifier = certificate.authority_key_identifier
        for link in sorted(self._candidates, key=lambda link: link.subject_key_identifier != key_identifier):
            if self._expansions_left == 0:
                break
            if link != certificate and link not in below and self._has_issued(link, certificate):
                found += self.paths(link, (*below, link))[0]
        return found, refusal

    def _has_issued(self, link: Certificate, certificate: Certificate) -> bool:
        is_named = link.subject.canonical == certificate.issuer.canonical
        key_identifier = certificate.authority_key_identifier
        if not is_named and (key_identifier is None or link.subject_key_identifier != key_identifier):
            return False
        if self._signatures_left == 0:
            return False
        self._signatures_left -= 1
        try:
            return certificate.is_signed_by(link.public_key())
        except CryptoError:  # a key that cannot be used leads nowhere
            return False


def _find_issuers(signer: Certificate, store: TrustStore) -> tuple[list[TrustAnchor], Finding]:
    """The anchors whose key made the signature; and, if there are none, why."""
    by_key = () if signer.authority_key_identifier is None else store.by_key_identifier(signer.authority_key_identifier)
    by_name = tuple(anchor for anchor in store.by_subject(signer.issuer) if anchor not in by_key)
    signed_by, unusable_keys = _that_signed(signer, by_key)
    if signed_by:
        return signed_by, Finding(FindingCode.TRUSTED)
    more, more_unusable = _that_signed(signer, by_name)
    if more:
        return more, Finding(FindingCode.TRUSTED)
    if unusable_keys:
        return [], unusable_keys[0]
    if any(anchor.certificate.subject.canonical == signer.issuer.canonical for anchor in by_key):
        # Name and key identifier are those of an anchor, and yet its key did not sign: forged or damaged.
        return [], Finding(FindingCode.SIGNER_SIGNATURE_WRONG)
    if more_unusable:
        return [], more_unusable[0]
    return [], Finding(FindingCode.ISSUER_KEY_UNKNOWN if by_name else FindingCode.ISSUER_UNKNOWN)


def _that_signed(signer: Certificate, anchors: Iterable[TrustAnchor]) -> tuple[list[TrustAnchor], list[Finding]]:
    """The anchors whose key made the signature, and what kept keys from being tried. Equal keys are tried once."""
    signed_by: list[TrustAnchor] = []
    unusable_keys: list[Finding] = []
    tried: dict[bytes, bool] = {}
    for anchor in anchors:
        key_info = anchor.certificate.public_key_info
        try:
            if key_info not in tried:
                tried[key_info] = signer.is_signed_by(anchor.certificate.public_key())
        except CryptoError as error:
            unusable_keys.append(unusable(error))
            continue
        if tried[key_info]:
            signed_by.append(anchor)
    return signed_by, unusable_keys
