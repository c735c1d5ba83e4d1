"""Certificates in a CMS message that signs nothing: files that end in ``.p7b`` or ``.p7c`` (RFC 5652 §5.1, RFC 8551 §3.2.2).

Nobody has signed such a bundle. It is a parcel, and as trustworthy as whoever hands it over.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint, WireError
from crypto.pki.ber import to_definite_lengths
from crypto.pki.cms import SIGNED_DATA
from crypto.pki.signed_list import MAX_LIST_BYTES, long_objects, long_value
from crypto.signatures.der import OBJECT_IDENTIFIER, SEQUENCE, SET, malformed_as, read_oid
from crypto.wire.tlv import parse_tlv

__all__ = ["CertificateBundle", "parse_certificate_bundle"]

BUNDLE_MALFORMED = ErrorCode(
    "certificate_bundle.malformed", Hint.CALL_STAFF, "A bundle of certificates (PKCS #7) is not well formed."
)

DATA: Final = "1.2.840.113549.1.7.1"
_CERTIFICATES: Final = 0xA0
_CRLS: Final = 0xA1
_MAX_MEMBERS: Final = 60_000
_EMPTY_CONTENTS: Final = (b"\xa0\x00", b"\xa0\x02\x04\x00")
"""Nothing where the content would stand, as some programs write it that should leave it out."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class CertificateBundle:
    """What is in a bundle, each as found and not parsed yet.

    Attributes:
        certificates: X.509 certificates; other kinds are left out.
        revocation_lists: revocation lists.
    """

    certificates: tuple[bytes, ...]
    revocation_lists: tuple[bytes, ...]


def parse_certificate_bundle(octets: bytes) -> CertificateBundle:
    """The bundle in these octets, DER or BER.

    Raises:
        CryptoError: ``certificate_bundle.malformed``; also for a message that signs something: what it signs would be
            passed over, and its signature not looked at.
    """
    if len(octets) > MAX_LIST_BYTES:
        raise CryptoError(BUNDLE_MALFORMED, length=len(octets))
    with malformed_as(BUNDLE_MALFORMED):
        try:
            return _parse(octets)
        except WireError:
            definite = to_definite_lengths(octets)
            if definite == octets:
                raise
        return _parse(definite)


def _parse(octets: bytes) -> CertificateBundle:
    kind, wrapped = _fields(long_value(octets, SEQUENCE), 2, 2)
    if read_oid(parse_tlv(kind, OBJECT_IDENTIFIER)) != SIGNED_DATA:
        raise CryptoError(BUNDLE_MALFORMED)
    # version, digestAlgorithms, encapContentInfo, then certificates and crls where there are some, signerInfos
    _, _, encapsulated, *optional, signers = _fields(long_value(long_value(wrapped, 0xA0), SEQUENCE), 4, 6)
    content_type, *content = _fields(long_value(encapsulated, SEQUENCE), 1, 2)
    if read_oid(parse_tlv(content_type, OBJECT_IDENTIFIER)) != DATA or set(content) - set(_EMPTY_CONTENTS):
        raise CryptoError(BUNDLE_MALFORMED)
    if long_value(signers, SET):  # §5.1: no signers, no signature
        raise CryptoError(BUNDLE_MALFORMED)
    tags = [one[0] for one in optional]
    if tags not in ([], [_CERTIFICATES], [_CRLS], [_CERTIFICATES, _CRLS]):
        raise CryptoError(BUNDLE_MALFORMED)
    members = {tag: _sequences(long_value(one, tag)) for tag, one in zip(tags, optional, strict=True)}
    return CertificateBundle(members.get(_CERTIFICATES, ()), members.get(_CRLS, ()))


def _fields(octets: bytes, least: int, most: int) -> list[bytes]:
    found = [encoded for encoded, _ in long_objects(octets, most)]
    if len(found) < least:
        raise CryptoError(BUNDLE_MALFORMED)
    return found


def _sequences(octets: bytes) -> tuple[bytes, ...]:
    """Other kinds of certificates and of revocation information carry context tags (RFC 5652 §10.2)."""
    return tuple(one for one, _ in long_objects(octets, _MAX_MEMBERS) if one[0] == SEQUENCE)
