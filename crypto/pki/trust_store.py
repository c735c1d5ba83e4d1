"""The trust anchors of one verification, in memory. Where they come from and how they are kept is the reader's."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from crypto.pki.certificate import Certificate
from crypto.pki.names import Name

__all__ = ["TrustAnchor", "TrustStore"]


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


class TrustStore:
    """A set of trust anchors, found by the name and by the key identifier of their subject.

    Certificates are parsed when they are added, their keys at the first use; both stay.
    """

    def __init__(self) -> None:
        self._anchors: dict[bytes, TrustAnchor] = {}
        self._by_subject: dict[object, list[TrustAnchor]] = {}
        self._by_key_identifier: dict[bytes, list[TrustAnchor]] = {}

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
