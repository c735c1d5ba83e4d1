"""Whether a signer of lists was revoked by its own country (Doc 9303-12 §6.1.2, §9): when its list comes in, and later.

The same rules as for document signers (:mod:`crypto.pki.revocation_check`): whoever stands on a revocation list that an
authority above it signed is revoked for good, however old that list. Without one nothing is known, and nothing refused.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, TypeVar

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.countries import country_of
from crypto.pki.findings import FindingCode
from crypto.pki.revocation import RevocationList
from crypto.pki.revocation_check import check_revocation
from crypto.pki.trust_store import TrustStore
from reader.trust.manifest import EntryKind, Provenance
from reader.trust.sources import ItemKind, SourceFile
from reader.trust.store_folder import StoreOnDisk

__all__ = ["is_revoked", "revocation_lists_in", "revoked_signers"]

_Parsed = TypeVar("_Parsed")
_REVOKED: Final = frozenset({FindingCode.SIGNER_REVOKED, FindingCode.ISSUER_REVOKED})


def is_revoked(
    certificate: Certificate,
    issuers: Sequence[Certificate],
    others: Iterable[Certificate],
    lists: Iterable[RevocationList],
    at: dt.datetime,
) -> bool:
    """Whether this certificate, or the key of the authority that issued it, is on a list of its country.

    Args:
        certificate: of the signer.
        issuers: authorities whose key signed it; without one, nobody's list counts.
        others: further authorities that are trusted: a newer key of the same authority may have signed the list.
        lists: revocation lists of anybody; nothing about them has been verified.
        at: now.
    """
    if not issuers:
        return False
    path = (certificate, issuers[0])
    store = TrustStore()
    country = country_of(certificate.issuer)
    for authority in (*issuers, *others):
        if country_of(authority.subject) == country:
            store.add_certificate(authority, "")
    for one in lists:
        if country_of(one.issuer) == country:  # nobody else's list can be about it
            store.add_revocation_list(one.encoded, "")
    return check_revocation(path, store, at).finding.code in _REVOKED


def revocation_lists_in(sources: Iterable[SourceFile]) -> Iterator[RevocationList]:
    """Every well-formed revocation list in these files: what comes in beside a list counts for its signer as well."""
    for source in sources:
        for item in source.items:
            if item.kind is ItemKind.REVOCATION_LIST:
                try:
                    yield RevocationList.parse(item.octets)
                except CryptoError:  # it is rejected, with its reason, where it is taken
                    continue


def revoked_signers(store: StoreOnDisk, at: dt.datetime) -> frozenset[str]:
    """Fingerprints of the signers of a store's lists, and of pinned ones, that were revoked since.

    Args:
        store: as it was read.
        at: now, with a time zone.
    """
    entries = store.manifest.entries.values()
    of_lists = (store.contents[one.sha256] for one in entries if one.kind is EntryKind.REVOCATION_LIST)
    lists = list(_readable(RevocationList.parse, of_lists))
    if not lists:
        return frozenset()
    signers = {one.sha256.hex(): one for one in _signers(store)}
    countries = {country_of(one.issuer) for one in signers.values()}
    of_authorities = (
        store.contents[one.sha256] for one in entries if one.kind is EntryKind.AUTHORITY and one.country in countries
    )
    authorities = list(_readable(Certificate.parse, of_authorities))
    return frozenset(
        fingerprint
        for fingerprint, signer in signers.items()
        if is_revoked(signer, _issuers_of(signer, authorities), authorities, lists, at)
    )


def _readable(parse: Callable[[bytes], _Parsed], many: Iterable[bytes]) -> Iterator[_Parsed]:
    """In a store that nobody sealed anything may lie; who loads it tells what cannot be used."""
    for octets in many:
        try:
            yield parse(octets)
        except CryptoError:
            continue


def _signers(store: StoreOnDisk) -> Iterator[Certificate]:
    pinned = (
        store.contents[one.sha256] for one in store.manifest.entries.values() if one.kind is EntryKind.LIST_SIGNER
    )
    yield from _readable(Certificate.parse, pinned)
    yield from _readable(Certificate.parse, map(_decoded, store.manifest.provenances.values()))


def _decoded(provenance: Provenance) -> bytes:
    try:
        return base64.b64decode(provenance.signer_certificate, validate=True)
    except binascii.Error:
        return b""


def _issuers_of(signer: Certificate, authorities: Iterable[Certificate]) -> list[Certificate]:
    found = []
    for authority in authorities:
        try:
            if authority.subject.canonical == signer.issuer.canonical and signer.is_signed_by(authority.public_key()):
                found.append(authority)
        except CryptoError:
            continue
    return found
