"""What one verification may lean on, in memory: trust anchors, revocation lists, document signers of a directory.

Where they come from and how they are kept is the reader's.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from crypto.pki.certificate import Certificate
from crypto.pki.countries import country_of
from crypto.pki.names import Name
from crypto.pki.revocation import RevocationList

__all__ = ["KnownLink", "KnownRevocationList", "KnownSigner", "TrustAnchor", "TrustStore"]


@dataclasses.dataclass(frozen=True, slots=True)
class TrustAnchor:
    """A certificate that is trusted because somebody put it here.

    Attributes:
        certificate: usually a country's signing CA (CSCA), self-signed or a link certificate.
        provenance: where it came from, for people.
    """

    certificate: Certificate
    provenance: str

    @property
    def is_test(self) -> bool:
        """Whether it marks itself as a test certificate."""
        return self.certificate.is_test


@dataclasses.dataclass(frozen=True, slots=True)
class KnownRevocationList:
    """A revocation list that somebody put here. It counts only if a trust anchor's key signed it.

    Attributes:
        revocation_list: the list.
        provenance: where it came from, for people.
    """

    revocation_list: RevocationList
    provenance: str


@dataclasses.dataclass(frozen=True, slots=True)
class KnownSigner:
    """A document signer's certificate from a directory (PKD). Nobody trusts it because it is here.

    Attributes:
        certificate: the certificate.
        provenance: where it came from, for people.
    """

    certificate: Certificate
    provenance: str


@dataclasses.dataclass(frozen=True, slots=True)
class KnownLink:
    """A certificate by which an old key of a state vouches for its new one. It counts only below a trust anchor.

    Attributes:
        certificate: the certificate.
        provenance: where it came from, for people.
    """

    certificate: Certificate
    provenance: str


class TrustStore:
    """A set of trust anchors, found by the name and by the key identifier of their subject; beside them revocation
    lists, link certificates that are no anchors themselves, and document signers for documents that carry none.

    Certificates are parsed when they are added, their keys at the first use; both stay.
    """

    def __init__(self) -> None:
        self._anchors: dict[bytes, TrustAnchor] = {}
        self._by_subject: dict[object, list[TrustAnchor]] = {}
        self._by_key_identifier: dict[bytes, list[TrustAnchor]] = {}
        self._revocation_lists: dict[bytes, KnownRevocationList] = {}
        self._revocation_lists_by_issuer: dict[object, list[RevocationList]] = {}
        self._signed_lists: dict[tuple[RevocationList, bytes], bool] = {}
        self._links: dict[bytes, KnownLink] = {}
        self._signers: dict[bytes, KnownSigner] = {}
        self._signers_by_serial_number: dict[int, list[Certificate]] = {}
        self._signers_by_key_identifier: dict[bytes, list[Certificate]] = {}

    def add(self, encoded: bytes, provenance: str) -> TrustAnchor:
        """Adds a DER certificate; one that is there already keeps its first provenance.

        Raises:
            crypto.errors.CryptoError: ``certificate.malformed``.
        """
        return self.add_certificate(Certificate.parse(encoded), provenance)

    def add_certificate(self, certificate: Certificate, provenance: str) -> TrustAnchor:
        """Adds a parsed certificate."""
        known = self._anchors.get(certificate.sha256)
        if known is not None:
            return known
        anchor = TrustAnchor(certificate, provenance)
        self._anchors[certificate.sha256] = anchor
        self._by_subject.setdefault(certificate.subject.canonical, []).append(anchor)
        if certificate.subject_key_identifier is not None:
            self._by_key_identifier.setdefault(certificate.subject_key_identifier, []).append(anchor)
        return anchor

    def add_revocation_list(self, encoded: bytes, provenance: str) -> RevocationList:
        """Adds a DER ``CertificateList``; one that is there already keeps its first provenance.

        Nothing is verified here: a list that no anchor signed is never used.

        Raises:
            crypto.errors.CryptoError: ``crl.malformed``.
        """
        added = RevocationList.parse(encoded)
        if (known := self._revocation_lists.get(added.sha256)) is not None:
            return known.revocation_list
        self._revocation_lists[added.sha256] = KnownRevocationList(added, provenance)
        country = country_of(added.issuer)
        # Nobody speaks under a former name but a state under its own: or each could revoke the others' signers.
        former = (name for name in added.former_names if country and country_of(name) == country)
        for canonical in dict.fromkeys(name.canonical for name in (added.issuer, *former)):
            self._revocation_lists_by_issuer.setdefault(canonical, []).append(added)
        return added

    def add_link(self, encoded: bytes, provenance: str) -> KnownLink:
        """Adds a link certificate in DER that is no trust anchor: it must itself be signed by one, or by another link.

        Raises:
            crypto.errors.CryptoError: ``certificate.malformed``.
        """
        link = KnownLink(Certificate.parse(encoded), provenance)
        return self._links.setdefault(link.certificate.sha256, link)

    def add_document_signer(self, encoded: bytes, provenance: str) -> KnownSigner:
        """Adds a document signer's DER certificate, to be found for documents that carry none.

        It is never trusted by itself: the way from it to a trust anchor is verified like that of any other.

        Raises:
            crypto.errors.CryptoError: ``certificate.malformed``.
        """
        certificate = Certificate.parse(encoded)
        if (known := self._signers.get(certificate.sha256)) is not None:
            return known
        signer = self._signers[certificate.sha256] = KnownSigner(certificate, provenance)
        self._signers_by_serial_number.setdefault(certificate.serial_number, []).append(certificate)
        if (key_identifier := certificate.key_identifier) is not None:
            self._signers_by_key_identifier.setdefault(key_identifier, []).append(certificate)
        return signer

    def copy(self) -> TrustStore:
        """Another store with the same content: what is added to the one is not in the other. Parsed certificates, with
        their keys, are shared."""
        other = TrustStore()
        # every table of this class maps to values that never change, or to lists of them
        for name, table in vars(self).items():
            tables = {key: list(value) if isinstance(value, list) else value for key, value in table.items()}
            setattr(other, name, tables)
        return other

    @property
    def revocation_lists(self) -> tuple[KnownRevocationList, ...]:
        """Every revocation list, in the order of their addition."""
        return tuple(self._revocation_lists.values())

    @property
    def links(self) -> tuple[KnownLink, ...]:
        """Every link certificate that is no anchor, in the order of their addition."""
        return tuple(self._links.values())

    @property
    def document_signers(self) -> tuple[KnownSigner, ...]:
        """Every document signer, in the order of their addition."""
        return tuple(self._signers.values())

    def revocation_lists_of(self, issuer: Name) -> tuple[RevocationList, ...]:
        """Every revocation list of that issuer, also under a later name of its own; signed by whomever."""
        return tuple(self._revocation_lists_by_issuer.get(issuer.canonical, ()))

    def is_list_signed_by(self, revocation_list: RevocationList, issuer: Certificate) -> bool:
        """Whether that certificate's key signed the list; computed once, since every document asks again.

        Raises:
            crypto.errors.CryptoError: the algorithm or the key cannot be used; then nothing is known.
        """
        question = (revocation_list, issuer.public_key_info)
        if question not in self._signed_lists:
            self._signed_lists[question] = revocation_list.is_signed_by(issuer.public_key())
        return self._signed_lists[question]

    def signers_by_serial_number(self, serial_number: int) -> tuple[Certificate, ...]:
        """Every document signer with that serial number, of any issuer: there, names are spelt in many ways."""
        return tuple(self._signers_by_serial_number.get(serial_number, ()))

    def signers_by_key_identifier(self, key_identifier: bytes) -> tuple[Certificate, ...]:
        """Every document signer whose key has that identifier."""
        return tuple(self._signers_by_key_identifier.get(key_identifier, ()))

    def by_subject(self, name: Name) -> tuple[TrustAnchor, ...]:
        """Every anchor of that subject: several after a change of key."""
        return tuple(self._by_subject.get(name.canonical, ()))

    def by_key_identifier(self, key_identifier: bytes) -> tuple[TrustAnchor, ...]:
        """Every anchor whose subject key has that identifier: self-signed and link certificates of one key."""
        return tuple(self._by_key_identifier.get(key_identifier, ()))

    def __len__(self) -> int:
        return len(self._anchors)

    def __iter__(self) -> Iterator[TrustAnchor]:
        return iter(tuple(self._anchors.values()))
