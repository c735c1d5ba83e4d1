"""A trust store as it will be: entries come in and go, in memory, until a change is whole."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping

from crypto.pki.certificate import Certificate
from reader import errors
from reader.trust.certificate_condition import CertificateIndex, country_of, restrictions_of
from reader.trust.manifest import MAX_ENTRIES, Acceptance, Entry, EntryKind, Manifest, OwnSignature, Provenance
from reader.trust.sources import SourceFile
from reader.trust.store_folder import FOLDERS

__all__ = ["StoreDraft"]


class StoreDraft:
    """What the store will be.

    Attributes:
        before: what it was, by fingerprint.
        entries: what it will be, by fingerprint.
        provenances: by key.
        contents: octets of new entries, by fingerprint.
        certificates: parsed certificates of authorities and signers of lists, by fingerprint.
        index: the same, by name and key identifier.
        seen: fingerprints of all entries that the files at hand hold, in their order.
        editions: members of each list that was taken, by the key of its provenance.
        gone: entries that left.
    """

    def __init__(self, current: Manifest | None, contents: Mapping[str, bytes], at: dt.datetime) -> None:
        self.before: dict[str, Entry] = dict(current.entries) if current else {}
        self.entries = dict(self.before)
        self.provenances: dict[str, Provenance] = dict(current.provenances) if current else {}
        self.contents: dict[str, bytes] = {}
        self.certificates: dict[str, Certificate] = {
            one.sha256: Certificate.parse(contents[one.sha256])
            for one in self.entries.values()
            if one.kind in (EntryKind.AUTHORITY, EntryKind.LIST_SIGNER)
        }
        self.index = CertificateIndex(self.certificates.values())
        self.seen: dict[str, None] = {}
        self.editions: dict[str, set[str]] = {}
        self.gone: list[Entry] = []
        self._at, self._old_contents = at, contents

    def octets_of(self, fingerprint: str) -> bytes:
        """The octets of an entry, new or old."""
        return self.contents[fingerprint] if fingerprint in self.contents else self._old_contents[fingerprint]

    def file_provenance(self, source: SourceFile) -> str:
        """The key of the provenance "from this very file, given by an administrator"."""
        key = f"file {source.sha256}"
        if key not in self.provenances:
            self.provenances[key] = Provenance(
                source.kind.value, source.name, source.sha256, self._at, Acceptance.BY_ADMINISTRATOR
            )
        return key

    def pinned(self) -> list[Certificate]:
        """Whom an administrator lets sign lists."""
        return [self.certificates[one.sha256] for one in self.entries.values() if one.may_sign_lists]

    def add_certificate(self, certificate: Certificate, kind: EntryKind, key: str, *, pin: bool = False) -> str:
        """Adds a certificate, or another provenance to one that is there. Returns its fingerprint."""
        fingerprint = certificate.sha256.hex()
        if fingerprint in self.entries:
            self.add_source(fingerprint, key)
        else:
            self.add_entry(
                fingerprint, kind, certificate.encoded, str(certificate.subject), country_of(certificate), key,
                expires_at=certificate.not_after, is_test=certificate.is_test,
            )  # fmt: skip
            if kind is not EntryKind.DOCUMENT_SIGNER:
                self.certificates[fingerprint] = certificate
                self.index.add(certificate)
        if pin and fingerprint in self.certificates:
            self.entries[fingerprint] = dataclasses.replace(self.entries[fingerprint], may_sign_lists=True)
        return fingerprint

    def add_entry(
        self,
        fingerprint: str,
        kind: EntryKind,
        octets: bytes,
        name: str,
        country: str,
        key: str,
        *,
        expires_at: dt.datetime | None,
        is_test: bool = False,
    ) -> None:
        """Adds something new.

        Raises:
            TrustError: ``trust.source_too_large``: there would be more entries than a store may have.
        """
        if len(self.entries) >= MAX_ENTRIES:
            raise errors.TrustError(errors.TRUST_SOURCE_TOO_LARGE, entries=MAX_ENTRIES)
        folder, suffix = FOLDERS[kind]
        file = f"{folder}/{country or 'XX'}-{fingerprint[:32]}.{suffix}"
        self.entries[fingerprint] = Entry(
            fingerprint, kind, file, name, country, self._at, expires_at, (key,), is_test=is_test
        )
        self.contents[fingerprint] = octets
        self.seen[fingerprint] = None

    def add_source(self, fingerprint: str, key: str) -> None:
        """Something that is there came from somewhere else, too."""
        entry = self.entries[fingerprint]
        if key not in entry.sources:
            self.entries[fingerprint] = dataclasses.replace(entry, sources=(*entry.sources, key))
        self.seen[fingerprint] = None

    def drop(self, fingerprint: str) -> None:
        """Takes an entry out."""
        entry = self.entries.pop(fingerprint)
        self.contents.pop(fingerprint, None)
        self.seen.pop(fingerprint, None)
        if fingerprint in self.before:
            self.gone.append(entry)

    def drop_what_lists_no_longer_have(self) -> None:
        """What came by a list alone leaves with it; whoever may sign lists was put there by a person, and stays."""
        for key, members in self.editions.items():
            for entry in list(self.entries.values()):
                if key not in entry.sources or entry.sha256 in members:
                    continue
                rest = tuple(source for source in entry.sources if source != key)
                if rest:
                    self.entries[entry.sha256] = dataclasses.replace(entry, sources=rest)
                else:
                    self.drop(entry.sha256)

    def unverified(self) -> list[Entry]:
        """New authorities, and those of whose own signature nothing was known: their issuer may have come."""
        return [
            one
            for one in self.entries.values()
            if one.sha256 in self.certificates
            and (one.sha256 not in self.before or one.own_signature is not OwnSignature.VERIFIED)
        ]

    def look_at_own_signature(self, entry: Entry) -> None:
        """Finds out whether a key of the store made it."""
        found = self.index.own_signature(self.certificates[entry.sha256])
        if found is not entry.own_signature:
            self.entries[entry.sha256] = dataclasses.replace(entry, own_signature=found)

    def same_key_without_restriction(self, certificate: Certificate) -> str:
        """Fingerprint of a certificate of the same key and name that may issue, or empty."""
        for other in self.index.named(certificate.subject.canonical):
            if other.public_key_info == certificate.public_key_info and not restrictions_of(other):
                return other.sha256.hex()
        return ""

    def used_provenances(self) -> dict[str, Provenance]:
        """Files that something is left of, and the newest edition of every list, so that no older one comes back."""
        used = {key for entry in self.entries.values() for key in entry.sources}
        return {key: one for key, one in self.provenances.items() if key in used or not key.startswith("file ")}
