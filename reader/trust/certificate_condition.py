"""What a certificate is, whether its key can be used, and who signed it: looked at once, at its import."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator
from typing import Final

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.deviation_list import DEVIATION_LIST_SIGNING
from crypto.pki.extensions import KeyUsage
from crypto.pki.master_list import MASTER_LIST_SIGNING
from crypto.pki.names import COUNTRY
from crypto.pki.revocation import RevocationList
from crypto.pki.signed_list import extended_key_usage
from reader.trust.manifest import EntryKind, OwnSignature

__all__ = ["CertificateIndex", "Restriction", "country_of", "kind_of", "restrictions_of", "why_key_is_unusable"]

_LIST_SIGNING: Final = frozenset({MASTER_LIST_SIGNING, DEVIATION_LIST_SIGNING})
_MOST_KEYS_TRIED: Final = 32
"""Of one name. Real authorities have changed their key eight times at most."""


class Restriction(enum.StrEnum):
    """Why the path rules (RFC 5280 §6.1.4, Doc 9303-12 §7.1) let a certificate issue nothing although its key is fine."""

    NOT_MARKED_AS_AUTHORITY = "not_marked_as_ca"
    NO_RIGHT_TO_SIGN_CERTIFICATES = "key_usage_forbids_issuing"
    UNKNOWN_CRITICAL_EXTENSION = "unknown_critical_extension"


def kind_of(certificate: Certificate) -> EntryKind:
    """An authority, a signer of lists, or a document signer.

    Raises:
        CryptoError: an extension is malformed.
    """
    if certificate.is_authority:
        return EntryKind.AUTHORITY
    if extended_key_usage(certificate) & _LIST_SIGNING:
        return EntryKind.LIST_SIGNER
    usage = certificate.key_usage
    issues = certificate.is_self_issued if usage is None else KeyUsage.KEY_CERT_SIGN in usage
    return EntryKind.AUTHORITY if issues else EntryKind.DOCUMENT_SIGNER


def country_of(certificate: Certificate) -> str:
    """The subject's country in capital letters, or empty (Doc 9303-12 §7.1: two letters, of which some are small)."""
    country = next(iter(certificate.subject.values(COUNTRY)), "").upper()
    return country if country.isascii() and country.isalpha() and len(country) <= 3 else ""


def why_key_is_unusable(certificate: Certificate) -> str | None:
    """The error code, or ``None`` if signatures can be verified with the certificate's key."""
    try:
        certificate.public_key()
    except CryptoError as error:
        return error.code.name
    return None


def restrictions_of(certificate: Certificate) -> tuple[Restriction, ...]:
    """What keeps an authority's certificate from counting as an issuer."""
    usage = certificate.key_usage
    found = (
        (certificate.is_authority is not True, Restriction.NOT_MARKED_AS_AUTHORITY),
        (usage is not None and KeyUsage.KEY_CERT_SIGN not in usage, Restriction.NO_RIGHT_TO_SIGN_CERTIFICATES),
        (bool(certificate.unknown_critical_extensions), Restriction.UNKNOWN_CRITICAL_EXTENSION),
    )
    return tuple(restriction for holds, restriction in found if holds)


class CertificateIndex:
    """Certificates by the name and by the key identifier of their subject."""

    def __init__(self, certificates: Iterable[Certificate] = ()) -> None:
        self._by_name: dict[object, list[Certificate]] = {}
        self._by_key_identifier: dict[bytes, list[Certificate]] = {}
        for certificate in certificates:
            self.add(certificate)

    def add(self, certificate: Certificate) -> None:
        """Adds one; whether it is there already does not matter."""
        self._by_name.setdefault(certificate.subject.canonical, []).append(certificate)
        if certificate.subject_key_identifier is not None:
            self._by_key_identifier.setdefault(certificate.subject_key_identifier, []).append(certificate)

    def named(self, canonical_name: object) -> tuple[Certificate, ...]:
        """Every certificate of that subject."""
        return tuple(self._by_name.get(canonical_name, ()))

    def has_issuer_of(self, certificate: Certificate, *, of_same_state: bool = False) -> bool:
        """Whether an authority here, other than the certificate's own key, is its issuer by name, right and signature.

        Args:
            certificate: whose issuer is looked for.
            of_same_state: whether both must be of one country, as for authorities (Doc 9303-12 §7.1 table 5): else a
                state in the store could make itself another state's authority.
        """
        tried = {certificate.public_key_info}
        for candidate in self.named(certificate.issuer.canonical):
            if of_same_state and country_of(candidate) != country_of(certificate):
                continue
            if candidate.public_key_info in tried or restrictions_of(candidate) or len(tried) > _MOST_KEYS_TRIED:
                continue
            tried.add(candidate.public_key_info)
            try:
                if certificate.is_signed_by(candidate.public_key()):
                    return True
            except CryptoError:
                continue
        return False

    def has_signer_of(self, revocation_list: RevocationList) -> bool:
        """Whether an authority here, of the list's issuer by name, signed it."""
        tried: set[bytes] = set()
        for candidate in self.named(revocation_list.issuer.canonical):
            if candidate.public_key_info in tried or len(tried) > _MOST_KEYS_TRIED:
                continue
            tried.add(candidate.public_key_info)
            try:
                if revocation_list.is_signed_by(candidate.public_key()):
                    return True
            except CryptoError:
                continue
        return False

    def own_signature(self, certificate: Certificate) -> OwnSignature:
        """Whether a certificate here holds the key that signed this one; it may be this one itself."""
        problem = None
        for candidate in self._candidates(certificate):
            try:
                if certificate.is_signed_by(candidate.public_key()):
                    return OwnSignature.VERIFIED
            except CryptoError:
                problem = OwnSignature.UNUSABLE
        if problem is not None:
            return problem
        identifier, issuer = certificate.authority_key_identifier, certificate.issuer.canonical
        same_key = () if identifier is None else self._by_key_identifier.get(identifier, ())
        if any(one.subject.canonical == issuer for one in same_key):
            return OwnSignature.WRONG  # name and key identifier fit, and yet that key did not sign
        return OwnSignature.ISSUER_KEY_ABSENT if self.named(issuer) else OwnSignature.ISSUER_ABSENT

    def _candidates(self, certificate: Certificate) -> Iterator[Certificate]:
        """Whoever may have signed, likeliest first, each key once."""
        identifier = certificate.authority_key_identifier
        by_key = [] if identifier is None else self._by_key_identifier.get(identifier, [])
        by_name = self._by_name.get(certificate.issuer.canonical, [])
        first = [certificate] if certificate.is_self_issued else []
        seen: set[bytes] = set()
        for candidate in (*by_key, *first, *by_name):
            if candidate.public_key_info not in seen:
                seen.add(candidate.public_key_info)
                yield candidate
                if len(seen) >= _MOST_KEYS_TRIED:  # a hostile list may hold thousands of one name
                    return
