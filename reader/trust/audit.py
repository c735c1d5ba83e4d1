"""What an administrator should know about a trust store: algorithms, key sizes, expiries, entries that cannot be used.

Each finding says what to do. "Problem" means that documents cannot be verified or a signature cannot be relied on;
"warning" that this will come, or that somebody should look; "note" is for the record.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Final

from crypto.errors import CryptoError
from crypto.pki.certificate import Certificate
from crypto.pki.revocation import RevocationList
from crypto.signatures.algorithms import signature_algorithm
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.signatures.public_key import EcPublicKey, VerificationKey
from reader.trust.audit_codes import AuditCode, Severity
from reader.trust.certificate_condition import CertificateIndex, Restriction, restrictions_of
from reader.trust.manifest import Acceptance, Entry, EntryKind, OwnSignature
from reader.trust.sealing import SealState
from reader.trust.signer_revocation import revoked_signers
from reader.trust.store_folder import StoreOnDisk

__all__ = ["AuditCode", "AuditFinding", "Severity", "audit"]

SOON: Final = dt.timedelta(days=90)
LIST_IS_OLD: Final = dt.timedelta(days=180)
"""Doc 9303-12 §5.2 wants what changes to be passed on within days; national lists come out every few months."""

SHORT_RSA_BITS: Final = 2048
SHORT_CURVE_BITS: Final = 224
"""Doc 9303-12 §4.1.2 wants 3072 and 256 for authorities today; below these numbers signatures can be forged or soon
will be (SP 800-57 part 1, 112 bits of security)."""


@dataclasses.dataclass(frozen=True, slots=True)
class AuditFinding:
    """One thing found.

    Attributes:
        code: what; it carries the advice.
        entry: in which entry, or ``None`` if it is about the store.
        detail: numbers or names that belong to it.
    """

    code: AuditCode
    entry: Entry | None = None
    detail: str = ""


_RESTRICTIONS: Final = {
    Restriction.NOT_MARKED_AS_AUTHORITY: AuditCode.NOT_MARKED_AS_AUTHORITY,
    Restriction.NO_RIGHT_TO_SIGN_CERTIFICATES: AuditCode.KEY_USAGE,
    Restriction.UNKNOWN_CRITICAL_EXTENSION: AuditCode.CRITICAL_EXTENSION,
}


def audit(store: StoreOnDisk, at: dt.datetime) -> list[AuditFinding]:
    """Look at everything in a store, problems first.

    Args:
        store: as it was read.
        at: now, with a time zone.
    """
    certificates = {
        entry.sha256: Certificate.parse(store.contents[entry.sha256])
        for entry in store.manifest.entries.values()
        if entry.kind not in (EntryKind.REVOCATION_LIST, EntryKind.DEVIATION_LIST)
    }
    authorities = CertificateIndex(
        certificates[one.sha256] for one in store.manifest.entries.values() if one.kind is EntryKind.AUTHORITY
    )
    findings = list(_about_the_store(store, at))
    for entry in store.manifest.entries.values():
        if entry.kind is EntryKind.REVOCATION_LIST:
            findings += _about_revocation_list(entry, store.contents[entry.sha256], authorities, at)
        elif entry.sha256 in certificates:
            findings += _about_certificate(entry, certificates[entry.sha256], authorities, at)
    order = list(Severity)
    codes = list(AuditCode)
    return sorted(findings, key=lambda one: (order.index(one.code.severity), codes.index(one.code)))


def _about_the_store(store: StoreOnDisk, at: dt.datetime) -> Iterator[AuditFinding]:
    if store.seal is not SealState.SEALED:
        yield AuditFinding(AuditCode.NOT_SEALED)
    for name in store.strays:
        yield AuditFinding(AuditCode.STRAY_FILE, detail=name)
    pinned = {one.country for one in store.manifest.entries.values() if one.may_sign_lists}
    revoked = revoked_signers(store, at)
    for entry in store.manifest.entries.values():
        if entry.sha256 in revoked:
            yield AuditFinding(AuditCode.LIST_SIGNER_REVOKED, entry)
    for provenance in store.manifest.provenances.values():
        if provenance.signer in revoked:
            yield AuditFinding(AuditCode.LIST_SIGNER_REVOKED, detail=f"{provenance.file}, signer {provenance.signer}")
        if provenance.signed_at is not None and at - provenance.signed_at > LIST_IS_OLD:
            age = (at - provenance.signed_at).days
            yield AuditFinding(AuditCode.LIST_OLD, detail=f"{provenance.file}, {age} days")
        if provenance.acceptance is Acceptance.SIGNER_BY_HAND and provenance.issuer not in pinned:
            yield AuditFinding(AuditCode.ACCEPTED_BY_HAND, detail=f"{provenance.file}, signer {provenance.signer}")
    if not any(one.kind is EntryKind.REVOCATION_LIST for one in store.manifest.entries.values()):
        yield AuditFinding(AuditCode.NO_REVOCATION_LISTS)


def _about_certificate(
    entry: Entry, certificate: Certificate, authorities: CertificateIndex, at: dt.datetime
) -> Iterator[AuditFinding]:
    if certificate.is_test:
        yield AuditFinding(AuditCode.TEST_CERTIFICATE, entry)
    yield from _about_key(entry, certificate)
    if entry.kind is EntryKind.AUTHORITY:
        for restriction in restrictions_of(certificate):
            yield AuditFinding(_RESTRICTIONS[restriction], entry)
        if entry.own_signature is OwnSignature.WRONG:
            yield AuditFinding(AuditCode.OWN_SIGNATURE_WRONG, entry)
        elif entry.own_signature is not OwnSignature.VERIFIED:
            yield AuditFinding(AuditCode.OWN_SIGNATURE_UNVERIFIED, entry, entry.own_signature.value)
    elif not authorities.has_issuer_of(certificate):
        yield AuditFinding(AuditCode.ISSUER_MISSING, entry, str(certificate.issuer))
    if _is_over_sha1(certificate):
        yield AuditFinding(AuditCode.HASH_WEAK, entry)
    yield from _about_validity(entry, certificate, at)


def _is_over_sha1(certificate: Certificate) -> bool:
    try:
        return signature_algorithm(certificate.signature_algorithm).hash_algorithm is HashAlgorithm.SHA1
    except CryptoError:  # an algorithm that is not known here: its own signature counts as unverified
        return False


def _about_validity(entry: Entry, certificate: Certificate, at: dt.datetime) -> Iterator[AuditFinding]:
    if at > certificate.not_after:
        yield AuditFinding(AuditCode.EXPIRED, entry)
    elif at < certificate.not_before:
        yield AuditFinding(AuditCode.NOT_YET_VALID, entry, f"{certificate.not_before:%Y-%m-%d}")
    elif certificate.not_after - at < SOON:
        yield AuditFinding(AuditCode.EXPIRES_SOON, entry)


def _about_key(entry: Entry, certificate: Certificate) -> Iterator[AuditFinding]:
    try:
        key = certificate.public_key()
    except CryptoError as error:
        yield AuditFinding(AuditCode.KEY_UNUSABLE, entry, error.code.name)
        return
    least = SHORT_CURVE_BITS if isinstance(key, EcPublicKey) else SHORT_RSA_BITS
    if key.size_bits < least:
        yield AuditFinding(AuditCode.KEY_SHORT, entry, describe_key(key))


def _about_revocation_list(
    entry: Entry, octets: bytes, authorities: CertificateIndex, at: dt.datetime
) -> Iterator[AuditFinding]:
    parsed = RevocationList.parse(octets)
    if parsed.next_update is not None and parsed.next_update < at:
        yield AuditFinding(AuditCode.REVOCATION_LIST_EXPIRED, entry, f"due {parsed.next_update:%Y-%m-%d}")
    if parsed.unknown_critical_extensions:
        yield AuditFinding(AuditCode.REVOCATION_LIST_UNUSABLE, entry, ", ".join(parsed.unknown_critical_extensions))
    elif not authorities.has_signer_of(parsed):
        yield AuditFinding(AuditCode.REVOCATION_LIST_UNUSABLE, entry)


def describe_key(key: VerificationKey) -> str:
    """For people, e.g. ``EC brainpoolP384r1`` or ``RSA 3072``."""
    if isinstance(key, EcPublicKey):
        return f"EC {key.curve.name}"
    return f"{type(key).__name__.removesuffix('PublicKey').upper()} {key.size_bits}"
