"""From a folder to what one verification may lean on: a sealed store, or loose files as an administrator lays them down."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
from pathlib import Path

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.trust_store import TrustStore
from reader import errors
from reader.trust.certificate_condition import CertificateIndex, country_of, kind_of
from reader.trust.deviations import PublishedDeviations, read_deviations
from reader.trust.folder import TrustFolder, loose_files, unarmoured
from reader.trust.manifest import Acceptance, Entry, EntryKind, Manifest, Provenance
from reader.trust.sealing import SealKey, SealState, own_key_file
from reader.trust.signer_revocation import revoked_signers
from reader.trust.store_folder import StoreOnDisk, open_store

__all__ = ["key_for_reading", "load_store", "open_any"]


def key_for_reading(key_file: Path | None) -> SealKey | None:
    """The key that was named, else the user's own, else none.

    Raises:
        TrustError: ``trust.seal_key_unusable``.
    """
    chosen = own_key_file() if key_file is None else key_file
    return None if chosen is None else SealKey.load(chosen)


def load_store(folder: Path, *, test_mode: bool, key_file: Path | None = None) -> TrustFolder | None:
    """The anchors, revocation lists and document signers of a store; ``None`` if the folder holds loose files.

    Raises:
        TrustError: as :func:`reader.trust.store_folder.open_store`.
    """
    opened = open_store(folder, key_for_reading(key_file), must_be_sealed=key_file is not None)
    if opened is None:
        return None
    store = TrustStore()
    lists: list[PublishedDeviations] = []
    unusable, refused = [], []
    revoked = revoked_signers(opened, dt.datetime.now(dt.UTC)) if _has_deviations(opened) else frozenset()
    for entry in opened.manifest.entries.values():
        if entry.kind is EntryKind.DEVIATION_LIST and _signers_of(opened, entry) <= revoked:
            unusable.append(entry.file)  # nobody's word: its country has revoked who signed it
            continue
        octets = opened.contents[entry.sha256]
        provenance = opened.manifest.provenance_of(entry)
        try:
            if _add(store, lists, entry, octets, provenance, test_mode=test_mode):
                continue
            refused.append(entry.file)
        except CryptoError:
            unusable.append(entry.file)
    return TrustFolder(store, tuple(unusable), tuple(refused), opened.seal, opened.strays, tuple(lists))


def _has_deviations(opened: StoreOnDisk) -> bool:
    return any(one.kind is EntryKind.DEVIATION_LIST for one in opened.manifest.entries.values())


def _signers_of(opened: StoreOnDisk, entry: Entry) -> set[str]:
    return {opened.manifest.provenances[key].signer for key in entry.sources}


def _add(
    store: TrustStore,
    lists: list[PublishedDeviations],
    entry: Entry,
    octets: bytes,
    provenance: str,
    *,
    test_mode: bool,
) -> bool:
    """Returns whether it was not refused as a test certificate."""
    match entry.kind:
        case EntryKind.AUTHORITY:
            certificate = Certificate.parse(octets)
            if certificate.is_test and not test_mode:  # what it says of itself counts, not what store.json says
                return False
            store.add_certificate(certificate, provenance)
        case EntryKind.DOCUMENT_SIGNER:
            store.add_document_signer(octets, provenance)
        case EntryKind.REVOCATION_LIST:
            store.add_revocation_list(octets, provenance)
        case EntryKind.DEVIATION_LIST:
            published = read_deviations(octets, entry.country, provenance)
            if (entry.is_test or published.is_test) and not test_mode:
                return False
            lists.append(published)
        case EntryKind.LIST_SIGNER:
            pass  # it says something about lists, and vouches for no card
    return True


def open_any(folder: Path, key_file: Path | None = None) -> StoreOnDisk:
    """A store, or a folder of loose files seen as one that is not sealed.

    Raises:
        TrustError: as :func:`reader.trust.store_folder.open_store`; ``trust.store_absent``.
    """
    key = key_for_reading(key_file)
    opened = open_store(folder, key, must_be_sealed=key_file is not None)
    if opened is not None:
        return opened
    if not folder.is_dir():
        raise errors.TrustError(errors.TRUST_STORE_ABSENT)
    return _loose(folder)


def _loose(folder: Path) -> StoreOnDisk:
    entries: dict[str, Entry] = {}
    provenances: dict[str, Provenance] = {}
    contents: dict[str, bytes] = {}
    others: list[str] = []
    certificates: dict[str, Certificate] = {}
    newest = dt.datetime.fromtimestamp(0, dt.UTC)
    for path, octets in loose_files(folder):
        laid_down = dt.datetime.fromtimestamp(path.stat().st_mtime, dt.UTC)
        newest = max(newest, laid_down)
        digest = hashlib.sha256(octets).hexdigest()
        provenances[path.name] = Provenance("file", path.name, digest, laid_down, Acceptance.BY_ADMINISTRATOR)
        for encoded in unarmoured(octets):
            try:
                certificate = Certificate.parse(encoded)
                kind = kind_of(certificate)
            except CryptoError:
                others.append(path.name)
                continue
            fingerprint = certificate.sha256.hex()
            certificates[fingerprint], contents[fingerprint] = certificate, encoded
            entries[fingerprint] = Entry(
                fingerprint,
                kind,
                path.name,
                str(certificate.subject),
                country_of(certificate),
                laid_down,
                certificate.not_after,
                (path.name,),
                is_test=certificate.is_test,
            )
    if not entries:
        raise errors.TrustError(errors.TRUST_STORE_ABSENT)
    index = CertificateIndex(certificates.values())
    entries = {
        key: dataclasses.replace(one, own_signature=index.own_signature(certificates[key]))
        for key, one in entries.items()
    }
    manifest = Manifest("0" * 32, 0, newest, provenances, entries)
    return StoreOnDisk(folder, manifest, contents, SealState.NOT_SEALED, tuple(dict.fromkeys(others)))
