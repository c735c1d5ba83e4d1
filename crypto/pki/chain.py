"""From a document signer to a trust anchor: the path rules (Doc 9303-12 §6, RFC 5280 §6.1).

A path has two certificates: the document signer's (DS) and a country signing CA's (CSCA), which is a trust anchor.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.cms import unusable
from crypto.pki.extensions import KeyUsage
from crypto.pki.findings import Finding, FindingCode
from crypto.pki.trust_store import TrustAnchor, TrustStore

__all__ = ["ChainResult", "verify_chain"]


@dataclasses.dataclass(frozen=True, slots=True)
class ChainResult:
    """What the path says.

    Attributes:
        finding: trusted, or the one thing that stands in the way.
        anchor: the trust anchor whose key signed the DS certificate, also if a rule forbids the path;
            ``None`` if there is none.
    """

    finding: Finding
    anchor: TrustAnchor | None = None


def verify_chain(signer: Certificate, store: TrustStore, at: datetime.datetime) -> ChainResult:
    """Looks for a trust anchor that issued the DS certificate, and applies the path rules.

    Every anchor with the issuer's name or key identifier is tried, so that a CSCA before and after a change of key,
    and a self-signed and a link certificate of one key, all can serve. If several signed, the best result counts.

    Args:
        signer: the DS certificate.
        store: the anchors.
        at: the instant for which both certificates must be valid; with a time zone.
    """
    signed_by, refusal = _find_issuers(signer, store)
    if not signed_by:
        return ChainResult(refusal)
    results = [ChainResult(_apply_rules(signer, anchor.certificate, at), anchor) for anchor in signed_by]
    return next((result for result in results if result.finding.is_successful), results[0])


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


def _apply_rules(signer: Certificate, issuer: Certificate, at: datetime.datetime) -> Finding:
    """The rules in the order in which they are reported; validity last, so that "expired" means nothing worse."""
    rules = (
        (signer.issuer.canonical == issuer.subject.canonical, FindingCode.ISSUER_NAME_MISMATCH),  # RFC 5280 §6.1.3 a 4
        (issuer.is_authority is True, FindingCode.ISSUER_NOT_CA),  # RFC 5280 §6.1.4 k, Doc 9303-12 §7.1
        (_allows(issuer, KeyUsage.KEY_CERT_SIGN), FindingCode.ISSUER_KEY_USAGE),  # RFC 5280 §6.1.4 n
        (_allows(signer, KeyUsage.DIGITAL_SIGNATURE), FindingCode.SIGNER_KEY_USAGE),  # Doc 9303-12 §7.1
        (not signer.unknown_critical_extensions, FindingCode.CRITICAL_EXTENSION),  # RFC 5280 §4.2
        (not issuer.unknown_critical_extensions, FindingCode.CRITICAL_EXTENSION),
        (at >= signer.not_before, FindingCode.SIGNER_NOT_YET_VALID),
        (at <= signer.not_after, FindingCode.SIGNER_EXPIRED),
        (at >= issuer.not_before, FindingCode.ISSUER_NOT_YET_VALID),
        (at <= issuer.not_after, FindingCode.ISSUER_EXPIRED),
    )
    return Finding(next((code for holds, code in rules if not holds), FindingCode.TRUSTED))


def _allows(certificate: Certificate, usage: KeyUsage) -> bool:
    return certificate.key_usage is None or usage in certificate.key_usage
