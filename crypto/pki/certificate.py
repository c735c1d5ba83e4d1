"""X.509 certificates as documents use them (RFC 5280 §4.1, Doc 9303-12 §7.1), over the octets as they were found."""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
import re
from collections.abc import Mapping
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint, WireError
from crypto.pki import extensions as ext
from crypto.pki.extensions import Extension, KeyUsage
from crypto.pki.names import COMMON_NAME, ORGANIZATION, Name, parse_name
from crypto.signatures.algorithms import AlgorithmIdentifier, parse_algorithm_identifier, signature_algorithm
from crypto.signatures.der import BIT_STRING, INTEGER, SEQUENCE, malformed_as, read_bit_string, read_integer, sequence
from crypto.signatures.public_key import DsaPublicKey, VerificationKey, parse_certificate_key
from crypto.wire.tlv import Tlv, TlvReader

__all__ = ["Certificate"]

CERTIFICATE_MALFORMED = ErrorCode("certificate.malformed", Hint.CALL_STAFF, "A certificate is not well formed.")

_UTC_TIME: Final = 0x17
_GENERALIZED_TIME: Final = 0x18
_TIME_FORMS: Final = {
    _UTC_TIME: re.compile(r"(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?Z", re.ASCII),
    _GENERALIZED_TIME: re.compile(r"(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)?(?:\.\d+)?Z", re.ASCII),
}
_TEST_WORD: Final = re.compile(r"\btest\b", re.IGNORECASE)


@dataclasses.dataclass(frozen=True, slots=True, repr=False, eq=False)
class Certificate:
    """A certificate. Two are equal if their octets are.

    Attributes:
        encoded: the whole, as found.
        tbs: the signed part, as found.
        serial_number: may be negative or long: some are.
        issuer, subject: names.
        not_before, not_after: validity, in UTC, both ends included.
        public_key_info: ``SubjectPublicKeyInfo`` as found.
        signature_algorithm, signature: the issuer's signature over :attr:`tbs`.
        extensions: all extensions by object identifier.
        subject_key_identifier, authority_key_identifier: key identifiers, or ``None``.
        key_usage: permitted uses, or ``None`` if not restricted.
        is_authority: ``cA`` of basicConstraints; ``None`` if the extension is absent.
        path_length: ``pathLenConstraint``, or ``None``.
    """

    encoded: bytes
    tbs: bytes
    serial_number: int
    issuer: Name
    subject: Name
    not_before: datetime.datetime
    not_after: datetime.datetime
    public_key_info: bytes
    signature_algorithm: AlgorithmIdentifier
    signature: bytes
    extensions: Mapping[str, Extension]
    subject_key_identifier: bytes | None
    authority_key_identifier: bytes | None
    key_usage: KeyUsage | None
    is_authority: bool | None
    path_length: int | None
    # A place to remember the parsed key in, so that an anchor's key is parsed once; it is no part of the value.
    _parsed_key: list[VerificationKey] = dataclasses.field(default_factory=list, init=False)

    @classmethod
    def parse(cls, encoded: bytes) -> Certificate:
        """The certificate in these DER octets.

        Raises:
            CryptoError: ``certificate.malformed``. An unusable key is found out by :meth:`public_key` only.
        """
        with malformed_as(CERTIFICATE_MALFORMED):
            outer = sequence(encoded)
            tbs = outer.take(SEQUENCE)
            algorithm = parse_algorithm_identifier(outer.take(SEQUENCE))
            signature = read_bit_string(outer.take(BIT_STRING))
            outer.finish()
            return _parse_signed_part(bytes(encoded), tbs, algorithm, signature)

    def public_key(self, issuer_key: VerificationKey | None = None) -> VerificationKey:
        """The subject's key; parsed once.

        Args:
            issuer_key: the key that signed this certificate, for a DSA key that leaves out its parameters.

        Raises:
            CryptoError: as :func:`crypto.signatures.public_key.parse_certificate_key`.
        """
        if self._parsed_key:
            return self._parsed_key[0]
        key = parse_certificate_key(self.public_key_info, issuer_key)
        if not isinstance(issuer_key, DsaPublicKey):  # what depends on nobody else is remembered
            self._parsed_key.append(key)
        return key

    def is_signed_by(self, issuer_key: VerificationKey) -> bool:
        """Whether the issuer's signature was made with this key.

        Raises:
            CryptoError: the algorithm or the key cannot be used; then nothing is known.
        """
        return signature_algorithm(self.signature_algorithm).verify(issuer_key, self.signature, self.tbs)

    @property
    def key_identifier(self) -> bytes | None:
        """The identifier in the certificate, or else the SHA-1 of the key's bits (RFC 5280 §4.2.1.2 method 1).

        ``None`` if the certificate has none and its key is too malformed to compute one.
        """
        if self.subject_key_identifier is not None:
            return self.subject_key_identifier
        try:
            info = sequence(self.public_key_info)
            info.take(SEQUENCE)
            bits = read_bit_string(info.take(BIT_STRING))
        except WireError:
            return None
        return hashlib.sha1(bits, usedforsecurity=False).digest()

    @property
    def is_self_issued(self) -> bool:
        """Whether subject and issuer are the same name; the key may be another (link certificates)."""
        return self.subject.canonical == self.issuer.canonical

    @property
    def is_test(self) -> bool:
        """Whether the subject's common name or organisation has the word TEST in it."""
        texts = (*self.subject.values(COMMON_NAME), *self.subject.values(ORGANIZATION))
        return any(_TEST_WORD.search(text) for text in texts)

    @property
    def sha256(self) -> bytes:
        """Fingerprint over the octets."""
        return hashlib.sha256(self.encoded).digest()

    @property
    def unknown_critical_extensions(self) -> tuple[str, ...]:
        """Critical extensions that nothing here evaluates."""
        return tuple(
            oid for oid, extension in self.extensions.items() if extension.is_critical and oid not in ext.UNDERSTOOD
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Certificate) and self.encoded == other.encoded

    def __hash__(self) -> int:
        return hash(self.encoded)

    def __repr__(self) -> str:
        return f"Certificate({self.subject}, serial {self.serial_number:X})"


def _parse_signed_part(encoded: bytes, tbs: Tlv, algorithm: AlgorithmIdentifier, signature: bytes) -> Certificate:
    reader = TlvReader(tbs.value)
    reader.take_optional(0xA0)  # version
    serial_number = read_integer(reader.take(INTEGER))
    if parse_algorithm_identifier(reader.take(SEQUENCE)).oid != algorithm.oid:  # RFC 5280 §4.1.1.2
        raise CryptoError(CERTIFICATE_MALFORMED)
    issuer = parse_name(reader.take(SEQUENCE))
    not_before, not_after = _validity(reader.take(SEQUENCE))
    subject = parse_name(reader.take(SEQUENCE))
    public_key_info = reader.take(SEQUENCE).encoded
    reader.take_optional(0x81)  # issuerUniqueID
    reader.take_optional(0x82)  # subjectUniqueID
    extensions = ext.parse_extensions(reader.take_optional(0xA3))
    reader.finish()
    is_authority, path_length = ext.read_basic_constraints(extensions.get(ext.BASIC_CONSTRAINTS))
    return Certificate(
        encoded=encoded,
        tbs=tbs.encoded,
        serial_number=serial_number,
        issuer=issuer,
        subject=subject,
        not_before=not_before,
        not_after=not_after,
        public_key_info=public_key_info,
        signature_algorithm=algorithm,
        signature=signature,
        extensions=extensions,
        subject_key_identifier=ext.read_subject_key_identifier(extensions.get(ext.SUBJECT_KEY_IDENTIFIER)),
        authority_key_identifier=ext.read_authority_key_identifier(extensions.get(ext.AUTHORITY_KEY_IDENTIFIER)),
        key_usage=ext.read_key_usage(extensions.get(ext.KEY_USAGE)),
        is_authority=is_authority,
        path_length=path_length,
    )


def _validity(tlv: Tlv) -> tuple[datetime.datetime, datetime.datetime]:
    reader = TlvReader(tlv.value)
    return read_time(reader.take_any()), read_time(reader.take_any())


def read_time(tlv: Tlv) -> datetime.datetime:
    """A UTCTime or GeneralizedTime in UTC (RFC 5280 §4.1.2.5); seconds may be missing, fractions are dropped.

    Raises:
        CryptoError: ``certificate.malformed``: another type, another form, or no such day.
    """
    if tlv.tag not in _TIME_FORMS:
        raise CryptoError(CERTIFICATE_MALFORMED)
    match = _TIME_FORMS[tlv.tag].fullmatch(tlv.value.decode("latin-1"))
    if match is None:
        raise CryptoError(CERTIFICATE_MALFORMED)
    year, month, day, hour, minute, second = (int(group or 0) for group in match.groups())
    if tlv.tag == _UTC_TIME:
        year += 2000 if year < 50 else 1900  # RFC 5280 §4.1.2.5.1
    try:
        return datetime.datetime(year, month, day, hour, minute, second, tzinfo=datetime.UTC)
    except ValueError:
        raise CryptoError(CERTIFICATE_MALFORMED) from None
