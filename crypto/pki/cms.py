"""CMS SignedData (RFC 5652 §5), read as found and verified without re-encoding."""

from __future__ import annotations

import dataclasses
import datetime
import hmac
from collections.abc import Mapping
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint, WireError
from crypto.pki.ber import to_definite_lengths
from crypto.pki.certificate import Certificate, read_time
from crypto.pki.findings import Finding, FindingCode
from crypto.pki.names import Name, parse_name
from crypto.signatures.algorithms import AlgorithmIdentifier, parse_algorithm_identifier, signature_algorithm
from crypto.signatures.der import (
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    SET,
    inside,
    malformed_as,
    read_integer,
    read_oid,
)
from crypto.signatures.explicit_parameters import CURVE_PARAMETERS_MANIPULATED
from crypto.signatures.hash_algorithms import hash_algorithm
from crypto.wire.tlv import Tlv, TlvReader, encode_tlv, iter_tlvs, parse_tlv

__all__ = ["SignedData", "SignerInfo", "parse_signed_data", "unusable", "verify_signer"]

CMS_MALFORMED = ErrorCode("cms.malformed", Hint.CALL_STAFF, "A signed message on the document is not well formed.")

SIGNED_DATA: Final = "1.2.840.113549.1.7.2"
CONTENT_TYPE: Final = "1.2.840.113549.1.9.3"
MESSAGE_DIGEST: Final = "1.2.840.113549.1.9.4"
SIGNING_TIME: Final = "1.2.840.113549.1.9.5"

_CONSTRUCTED_OCTET_STRING: Final = 0x24
_CERTIFICATES: Final = 0xA0
_CRLS: Final = 0xA1
_SIGNED_ATTRIBUTES: Final = 0xA0
_MAX_SIGNERS: Final = 8


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SignerInfo:
    """One signature over the content.

    Attributes:
        issuer, serial_number: who signed, by issuer and serial number, or both ``None``.
        subject_key_identifier: who signed, by key identifier, or ``None``.
        digest_algorithm: hash over the content.
        signed_attributes: the ``[0]`` field as found, or ``None`` if the content itself was signed.
        attributes: values of each signed attribute by type.
        signature_algorithm, signature: the signature.
    """

    issuer: Name | None
    serial_number: int | None
    subject_key_identifier: bytes | None
    digest_algorithm: AlgorithmIdentifier
    signed_attributes: bytes | None
    attributes: Mapping[str, tuple[Tlv, ...]]
    signature_algorithm: AlgorithmIdentifier
    signature: bytes

    def attribute(self, oid: str) -> Tlv | None:
        """The value of an attribute that has exactly one, else ``None`` (RFC 5652 §11.1, §11.2)."""
        values = self.attributes.get(oid, ())
        return values[0] if len(values) == 1 else None

    @property
    def signing_time(self) -> datetime.datetime | None:
        """When the signer says that it signed, or ``None`` (RFC 5652 §11.3). A malformed time is none."""
        value = self.attribute(SIGNING_TIME)
        if value is None:
            return None
        try:
            return read_time(value)
        except CryptoError:
            return None

    def names(self, certificate: Certificate) -> bool:
        """Whether this signer is the certificate's subject (RFC 5652 §5.3, sid).

        A certificate without the extension has the key identifier that everybody computes (RFC 5280 §4.2.1.2, 1).
        """
        if self.issuer is not None:
            same_issuer = self.issuer.canonical == certificate.issuer.canonical
            return same_issuer and self.serial_number == certificate.serial_number
        return self.subject_key_identifier is not None and self.subject_key_identifier == certificate.key_identifier


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SignedData:
    """A signed content.

    Attributes:
        content_type: what the content is.
        content: its octets.
        certificates: X.509 certificates that came along, not parsed yet.
        crls: revocation lists that came along, as found.
        signers: the signatures.
    """

    content_type: str
    content: bytes
    certificates: tuple[bytes, ...]
    crls: tuple[bytes, ...]
    signers: tuple[SignerInfo, ...]


def parse_signed_data(octets: bytes) -> SignedData:
    """The SignedData in a ContentInfo, with definite or indefinite lengths.

    Raises:
        CryptoError: ``cms.malformed``.
    """
    with malformed_as(CMS_MALFORMED):
        try:
            return _parse_content_info(octets)
        except WireError:
            definite = to_definite_lengths(octets)
            if definite == octets:
                raise
        return _parse_content_info(definite)


def _parse_content_info(octets: bytes) -> SignedData:
    info = TlvReader(parse_tlv(octets, SEQUENCE).value)
    if read_oid(info.take(OBJECT_IDENTIFIER)) != SIGNED_DATA:
        raise CryptoError(CMS_MALFORMED)
    reader = TlvReader(parse_tlv(info.take(0xA0).value, SEQUENCE).value)
    reader.take(INTEGER)  # version: says which fields may occur, and the fields say that themselves
    reader.take(SET)  # digestAlgorithms: a hint for streaming; each signer names its own
    encapsulated = TlvReader(reader.take(SEQUENCE).value)
    content_type = read_oid(encapsulated.take(OBJECT_IDENTIFIER))
    content = _octet_string(TlvReader(encapsulated.take(0xA0).value).take_any())
    certificates = reader.take_optional(_CERTIFICATES)
    crls = reader.take_optional(_CRLS)
    signers = tuple(iter_tlvs(reader.take(SET).value))
    reader.finish()
    if len(signers) > _MAX_SIGNERS:
        raise CryptoError(CMS_MALFORMED, signers=len(signers))
    return SignedData(
        content_type,
        content,
        _sequences_in(certificates),
        _sequences_in(crls),
        tuple(_parse_signer(signer) for signer in signers),
    )


def _sequences_in(tlv: Tlv | None) -> tuple[bytes, ...]:
    """The X.509 members of a CertificateSet; other kinds carry context tags (RFC 5652 §10.2.2)."""
    return () if tlv is None else tuple(item.encoded for item in iter_tlvs(tlv.value) if item.tag == SEQUENCE)


def _octet_string(tlv: Tlv) -> bytes:
    """An OCTET STRING, whole or in BER's segments (X.690 §8.7.3)."""
    if tlv.tag == OCTET_STRING:
        return tlv.value
    if tlv.tag != _CONSTRUCTED_OCTET_STRING:
        raise CryptoError(CMS_MALFORMED)
    return b"".join(segment.value for segment in tlv.walk() if segment.tag == OCTET_STRING)


def _parse_signer(tlv: Tlv) -> SignerInfo:
    reader = inside(tlv)
    reader.take(INTEGER)  # version
    issuer, serial_number = None, None
    key_identifier = reader.take_optional(0x80)
    if key_identifier is None:
        sid = TlvReader(reader.take(SEQUENCE).value)
        issuer, serial_number = parse_name(sid.take(SEQUENCE)), read_integer(sid.take(INTEGER))
    digest_algorithm = parse_algorithm_identifier(reader.take(SEQUENCE))
    signed_attributes = reader.take_optional(_SIGNED_ATTRIBUTES)
    algorithm = parse_algorithm_identifier(reader.take(SEQUENCE))
    signature = _octet_string(reader.take_any())
    return SignerInfo(
        issuer,
        serial_number,
        None if key_identifier is None else key_identifier.value,
        digest_algorithm,
        None if signed_attributes is None else signed_attributes.encoded,
        {} if signed_attributes is None else _parse_attributes(signed_attributes),
        algorithm,
        signature,
    )


def _parse_attributes(tlv: Tlv) -> Mapping[str, tuple[Tlv, ...]]:
    attributes: dict[str, tuple[Tlv, ...]] = {}
    for item in iter_tlvs(tlv.value):
        reader = inside(item)
        oid = read_oid(reader.take(OBJECT_IDENTIFIER))
        if oid in attributes:  # RFC 5652 §5.3: no attribute type twice
            raise CryptoError(CMS_MALFORMED)
        attributes[oid] = tuple(iter_tlvs(reader.take(SET).value))
    return attributes


def verify_signer(
    signed: SignedData, signer: SignerInfo, certificate: Certificate, issuer: Certificate | None = None
) -> Finding:
    """Whether the holder of the certificate's key signed this content (RFC 5652 §5.4 to §5.6).

    Signed attributes are required (Doc 9303-10 §4.6.2.2), with the content's type and its hash among them.
    Nothing is said here about whether the certificate itself is to be trusted.

    Args:
        signed: the message.
        signer: one of its signers.
        certificate: that signer's.
        issuer: the certificate above, for a DSA key that leaves out its parameters.
    """
    try:
        refusal = _check_attributes(signed, signer)
        if refusal is not None:
            return Finding(refusal)
        algorithm = signature_algorithm(signer.signature_algorithm, hash_algorithm(signer.digest_algorithm.oid))
        key = certificate.public_key(None if issuer is None else issuer.public_key())
        right = any(algorithm.verify(key, signer.signature, octets) for octets in _signed_octets(signer))
    except CryptoError as error:
        return unusable(error)
    return Finding(FindingCode.SIGNATURE_VALID if right else FindingCode.SIGNATURE_WRONG)


def unusable(error: CryptoError) -> Finding:
    """What it means that a key or an algorithm could not be used."""
    if error.code is CURVE_PARAMETERS_MANIPULATED:
        return Finding(FindingCode.CURVE_MANIPULATED, error.code.name)
    return Finding(FindingCode.ALGORITHM_UNSUPPORTED, error.code.name)


def _check_attributes(signed: SignedData, signer: SignerInfo) -> FindingCode | None:
    content_type = signer.attribute(CONTENT_TYPE)
    digest = signer.attribute(MESSAGE_DIGEST)
    if content_type is None or content_type.tag != OBJECT_IDENTIFIER or digest is None or digest.tag != OCTET_STRING:
        return FindingCode.ATTRIBUTE_MISSING
    with malformed_as(CMS_MALFORMED):
        if read_oid(content_type) != signed.content_type:
            return FindingCode.CONTENT_TYPE_MISMATCH
    computed = hash_algorithm(signer.digest_algorithm.oid).digest(signed.content)
    return None if hmac.compare_digest(computed, digest.value) else FindingCode.CONTENT_DIGEST_MISMATCH


def _signed_octets(signer: SignerInfo) -> tuple[bytes, ...]:
    """What may have been signed: the attributes as found under the tag of SET OF, and as DER would sort them.

    The signature is over the DER encoding (RFC 5652 §5.4). Most documents send that; some signed what they sent,
    others send the attributes in another order than they signed.
    """
    found = signer.signed_attributes or b""
    as_found = bytes([SET]) + found[1:]
    as_der = encode_tlv(SET, sorted(item.encoded for item in iter_tlvs(parse_tlv(found).value)))
    return (as_found,) if as_found == as_der else (as_found, as_der)
