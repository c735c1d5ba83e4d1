"""Certificate revocation lists (RFC 5280 §5, Doc 9303-12 §7.1.4), over the octets as they were found.

Parsing proves nothing: whose list it is, its signature says, and that is looked at where the list is used.
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import hashlib
import types
from collections.abc import Mapping
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.pki import extensions as ext
from crypto.pki.certificate import CERTIFICATE_MALFORMED, read_time
from crypto.pki.extensions import Extension
from crypto.pki.names import Name, parse_name
from crypto.signatures.algorithms import AlgorithmIdentifier, parse_algorithm_identifier, signature_algorithm
from crypto.signatures.der import (
    BIT_STRING,
    INTEGER,
    SEQUENCE,
    inside,
    malformed_as,
    read_bit_string,
    read_integer,
    sequence,
)
from crypto.signatures.public_key import VerificationKey
from crypto.wire.tlv import Tlv, TlvReader, iter_tlvs, parse_tlv

__all__ = ["MAX_REVOKED", "RevocationList", "RevocationReason", "RevokedCertificate"]

CRL_MALFORMED = ErrorCode("crl.malformed", Hint.CALL_STAFF, "A list of revoked certificates is not well formed.")

MAX_REVOKED: Final = 10_000
"""Most entries of one list. A state's list names document signers and authorities: dozens, not thousands."""

_TIME_TAGS: Final = (0x17, 0x18)
_ENUMERATED: Final = 0x0A

CRL_NUMBER: Final = "2.5.29.20"
REASON_CODE: Final = "2.5.29.21"
INVALIDITY_DATE: Final = "2.5.29.24"

_UNDERSTOOD: Final = frozenset({ext.AUTHORITY_KEY_IDENTIFIER, ext.ISSUER_ALTERNATIVE_NAME, CRL_NUMBER})
_UNDERSTOOD_IN_ENTRIES: Final = frozenset({REASON_CODE, INVALIDITY_DATE})


class RevocationReason(enum.IntEnum):
    """Why a certificate was revoked (RFC 5280 §5.3.1). Whatever the reason: it no longer vouches for anything."""

    UNSPECIFIED = 0
    KEY_COMPROMISE = 1
    CA_COMPROMISE = 2
    AFFILIATION_CHANGED = 3
    SUPERSEDED = 4
    CESSATION_OF_OPERATION = 5
    CERTIFICATE_HOLD = 6
    REMOVE_FROM_CRL = 8
    PRIVILEGE_WITHDRAWN = 9
    AA_COMPROMISE = 10


@dataclasses.dataclass(frozen=True, slots=True)
class RevokedCertificate:
    """One entry.

    Attributes:
        serial_number: of the certificate; its issuer is the list's.
        revoked_at: since when, in UTC.
        reason: why; ``UNSPECIFIED`` if the list does not say.
    """

    serial_number: int
    revoked_at: datetime.datetime
    reason: RevocationReason


@dataclasses.dataclass(frozen=True, slots=True, repr=False, eq=False)
class RevocationList:
    """A list of revoked certificates. Two are equal if their octets are.

    Attributes:
        encoded: the whole, as found.
        tbs: the signed part, as found.
        issuer: whose certificates are listed, and who signed.
        this_update: when it was issued, in UTC.
        next_update: when the next one is due, in UTC, or ``None`` if the list does not say.
        number: cRLNumber, or ``None``: a higher one is newer.
        authority_key_identifier: the key that signed, or ``None``.
        former_names: names under which the issuer certified before (issuerAltName, Doc 9303-12 §7.1.4 table 10).
        revoked: the entries by serial number.
        unknown_critical_extensions: of the list or of entries. With one of them the list says nothing about any
            certificate (RFC 5280 §5.2, §5.3): it may be a delta, or about another issuer's certificates.
        signature_algorithm, signature: the issuer's signature over :attr:`tbs`.
    """

    encoded: bytes
    tbs: bytes
    issuer: Name
    this_update: datetime.datetime
    next_update: datetime.datetime | None
    number: int | None
    authority_key_identifier: bytes | None
    former_names: tuple[Name, ...]
    revoked: Mapping[int, RevokedCertificate]
    unknown_critical_extensions: tuple[str, ...]
    signature_algorithm: AlgorithmIdentifier
    signature: bytes

    @classmethod
    def parse(cls, encoded: bytes) -> RevocationList:
        """The list in these DER octets (a ``CertificateList``).

        Raises:
            CryptoError: ``crl.malformed``; also for more than :data:`MAX_REVOKED` entries.
        """
        with malformed_as(CRL_MALFORMED):
            outer = sequence(encoded)
            tbs = outer.take(SEQUENCE)
            algorithm = parse_algorithm_identifier(outer.take(SEQUENCE))
            signature = read_bit_string(outer.take(BIT_STRING))
            outer.finish()
            return _parse_signed_part(bytes(encoded), tbs, algorithm, signature)

    def is_signed_by(self, issuer_key: VerificationKey) -> bool:
        """Whether the list was signed with this key.

        Raises:
            CryptoError: the algorithm or the key cannot be used; then nothing is known.
        """
        return signature_algorithm(self.signature_algorithm).verify(issuer_key, self.signature, self.tbs)

    def is_current(self, at: datetime.datetime) -> bool:
        """Whether ``at`` lies between this update and the next. A list without a next update never grows old."""
        return self.this_update <= at and (self.next_update is None or at <= self.next_update)

    @property
    def sha256(self) -> bytes:
        """Fingerprint over the octets."""
        return hashlib.sha256(self.encoded).digest()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RevocationList) and self.encoded == other.encoded

    def __hash__(self) -> int:
        return hash(self.encoded)

    def __repr__(self) -> str:
        return f"RevocationList({self.issuer}, {len(self.revoked)} revoked, {self.this_update:%Y-%m-%d})"


def _parse_signed_part(encoded: bytes, tbs: Tlv, algorithm: AlgorithmIdentifier, signature: bytes) -> RevocationList:
    reader = TlvReader(tbs.value)
    reader.take_optional(INTEGER)  # version: says which fields may occur, and the fields say that themselves
    if parse_algorithm_identifier(reader.take(SEQUENCE)).oid != algorithm.oid:  # RFC 5280 §5.1.1.2
        raise CryptoError(CRL_MALFORMED)
    issuer = parse_name(reader.take(SEQUENCE))
    this_update = _time(reader.take_any())
    next_update = _optional_time(reader)
    entries, unknown_in_entries = _entries(reader.take_optional(SEQUENCE))
    extensions = ext.parse_extensions(reader.take_optional(0xA0))
    reader.finish()
    return RevocationList(
        encoded=encoded,
        tbs=tbs.encoded,
        issuer=issuer,
        this_update=this_update,
        next_update=next_update,
        number=_integer_in(extensions.get(CRL_NUMBER)),
        authority_key_identifier=ext.read_authority_key_identifier(extensions.get(ext.AUTHORITY_KEY_IDENTIFIER)),
        former_names=ext.read_directory_names(extensions.get(ext.ISSUER_ALTERNATIVE_NAME)),
        revoked=types.MappingProxyType(entries),
        unknown_critical_extensions=(*_unknown(extensions, _UNDERSTOOD), *sorted(unknown_in_entries)),
        signature_algorithm=algorithm,
        signature=signature,
    )


def _entries(tlv: Tlv | None) -> tuple[dict[int, RevokedCertificate], set[str]]:
    """The entries, and the critical extensions in them that nothing here evaluates. No field means no entry."""
    entries: dict[int, RevokedCertificate] = {}
    unknown: set[str] = set()
    for item in () if tlv is None else iter_tlvs(tlv.value):
        reader = inside(item)
        serial_number = read_integer(reader.take(INTEGER))
        revoked_at = _time(reader.take_any())
        fields = reader.take_optional(SEQUENCE)
        reader.finish()
        extensions = ext.parse_extension_list(fields)
        unknown.update(_unknown(extensions, _UNDERSTOOD_IN_ENTRIES))
        entries[serial_number] = RevokedCertificate(serial_number, revoked_at, _reason(extensions.get(REASON_CODE)))
        if len(entries) > MAX_REVOKED:
            raise CryptoError(CRL_MALFORMED)
    return entries, unknown


def _unknown(extensions: Mapping[str, Extension], understood: frozenset[str]) -> tuple[str, ...]:
    return tuple(oid for oid, extension in extensions.items() if extension.is_critical and oid not in understood)


def _reason(extension: Extension | None) -> RevocationReason:
    if extension is None:
        return RevocationReason.UNSPECIFIED
    value = read_integer(parse_tlv(extension.value, _ENUMERATED))
    try:
        return RevocationReason(value)
    except ValueError:  # a reason of tomorrow revokes as well
        return RevocationReason.UNSPECIFIED


def _integer_in(extension: Extension | None) -> int | None:
    return None if extension is None else read_integer(parse_tlv(extension.value, INTEGER))


def _optional_time(reader: TlvReader) -> datetime.datetime | None:
    for tag in _TIME_TAGS:
        if (field := reader.take_optional(tag)) is not None:
            return _time(field)
    return None


def _time(tlv: Tlv) -> datetime.datetime:
    try:
        return read_time(tlv)
    except CryptoError as error:
        if error.code is not CERTIFICATE_MALFORMED:
            raise
        raise CryptoError(CRL_MALFORMED) from error
