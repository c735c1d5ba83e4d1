"""Who may sign a list: whom an administrator has pinned, or accepts by hand for this once.

A fingerprint is that of the signer's certificate, or of the CSCA certificate that it was issued under. Somebody whose
CSCA is pinned stays accepted when that CSCA changes its key, as long as link certificates lead there from the old one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.signed_list import ListSigner
from reader import errors
from reader.trust.certificate_condition import CertificateIndex
from reader.trust.manifest import Acceptance

__all__ = ["accept_signer", "is_vouched_for_by_test", "parse_fingerprint"]

_MOST_LINKS: Final = 8
_DIGITS: Final = frozenset("0123456789abcdef")


def parse_fingerprint(text: str) -> str:
    """A SHA-256 fingerprint as people write it: any case, with colons or spaces.

    Raises:
        TrustError: ``trust.fingerprint_malformed``.
    """
    plain = "".join(text.replace(":", "").split()).lower()
    if len(plain) != 64 or not set(plain) <= _DIGITS:
        raise errors.TrustError(errors.TRUST_FINGERPRINT_MALFORMED)
    return plain


def accept_signer(
    signer: ListSigner, pinned: Iterable[Certificate], by_hand: frozenset[str], known: CertificateIndex
) -> Acceptance:
    """Why this signer may speak.

    Args:
        signer: whose signature was found right.
        pinned: whom an administrator has pinned: signers, or authorities.
        by_hand: fingerprints given for this import.
        known: where link certificates may be.

    Raises:
        TrustError: ``trust.signer_not_accepted`` with the fingerprints that could be given.
    """
    pins = tuple(pinned)
    if any(_same_key(one, signer.certificate) for one in pins):
        return Acceptance.PINNED
    authorities = [one for one in pins if one.is_authority]
    if authorities and any(_leads_to(authority, authorities, known) for authority in signer.authorities):
        return Acceptance.PINNED
    fingerprints = {signer.certificate.sha256.hex(), *(one.sha256.hex() for one in signer.authorities)}
    if fingerprints & by_hand:
        return Acceptance.SIGNER_BY_HAND
    facts = {"signer": signer.certificate.sha256.hex(), "signer_name": str(signer.certificate.subject)}
    if signer.authorities:
        facts |= {"csca": signer.authorities[0].sha256.hex(), "csca_name": str(signer.authorities[0].subject)}
    raise errors.TrustError(errors.TRUST_SIGNER_NOT_ACCEPTED, **facts)


def is_vouched_for_by_test(
    signer: ListSigner, pinned: Iterable[Certificate], by_hand: frozenset[str], known: CertificateIndex
) -> bool:
    """Whether the signer counts because of a TEST certificate only, whatever it calls itself."""
    if signer.certificate.is_test or any(one.is_test for one in signer.authorities):
        return True
    try:
        accept_signer(signer, [one for one in pinned if not one.is_test], by_hand, known)
    except errors.TrustError:
        return True
    return False


def _same_key(one: Certificate, other: Certificate) -> bool:
    return one.public_key_info == other.public_key_info and one.subject.canonical == other.subject.canonical


def _leads_to(authority: Certificate, pinned: list[Certificate], known: CertificateIndex) -> bool:
    """Whether a pinned authority has this key, or has signed for it over a few link certificates."""
    now, seen = [authority], {authority.public_key_info}
    for _ in range(_MOST_LINKS):
        if any(_same_key(pin, one) for pin in pinned for one in now):
            return True
        older = []
        for one in now:
            for link in known.named(one.subject.canonical):
                if _same_key(link, one) and link.is_authority:  # a document signer's certificate links nothing
                    older += [issuer for issuer in _issuers(link, known, pinned) if issuer.public_key_info not in seen]
        seen.update(one.public_key_info for one in older)
        now = older
        if not now:
            return False
    return False


def _issuers(link: Certificate, known: CertificateIndex, pinned: list[Certificate]) -> list[Certificate]:
    """Who signed this certificate, among the known ones and the pinned ones."""
    found = []
    tried: set[bytes] = set()
    for candidate in (*pinned, *known.named(link.issuer.canonical)):
        if candidate.subject.canonical != link.issuer.canonical or candidate.public_key_info in tried:
            continue
        tried.add(candidate.public_key_info)
        try:
            if candidate.is_authority and link.is_signed_by(candidate.public_key()):
                found.append(candidate)
        except CryptoError:
            continue
        if len(tried) >= _MOST_LINKS * 4:
            break
    return found
