"""The TEST countries: certification authorities, document signers, EF.SOD and EF.CardSecurity.

Everything is derived and deterministic: the same certificates and the same files, octet by octet, on every machine.
The names say TEST ONLY, and anybody can compute the private keys (:mod:`emulator.personalise.keys`).
"""

from __future__ import annotations

import dataclasses
import datetime
import enum
import functools
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from asn1crypto import algos, cms, core, keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from crypto.primitives.curves import Point, curve
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from emulator.personalise.indefinite_lengths import with_indefinite_lengths
from emulator.personalise.keys import derived_signing_key
from emulator.personalise.security_infos import KeyEncoding, ec_public_key_info
from emulator.personalise.security_object_form import SecurityObjectForm, SignerReference

__all__ = [
    "LDS_VERSIONS",
    "UNICODE_VERSION",
    "Authority",
    "SecurityObjectForm",
    "SignerReference",
    "authority_certificate",
    "sign_card_security",
    "sign_security_object",
    "trust_anchors",
]

_CURVE: Final = "brainpoolP384r1"
_LDS_SECURITY_OBJECT: Final = "2.23.136.1.1.1"
_OLD_LDS_SECURITY_OBJECT: Final = "1.2.528.1.1006.1.20.1"
_SECURITY_OBJECT: Final = "0.4.0.127.0.7.3.2.1"  # id-SecurityObject (TR-03110-3 §A.1.2.5)
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
LDS_VERSIONS: Final = {0: b"0107", 1: b"0108"}
"""LDS version by version of the LDS security object, which came with it (Doc 9303-10 §4.6.2)."""
UNICODE_VERSION: Final = b"040000"
_DOCUMENT_TYPE_LIST: Final = x509.ObjectIdentifier("2.23.136.1.1.6.2")
_CRL_ADDRESS: Final = "http://csca.test-only.invalid/test-only.crl"
_UTC: Final = datetime.UTC


class Authority(enum.StrEnum):
    """A TEST country signing authority."""

    TEST = "test"
    UNKNOWN = "unknown"
    """Issues cards just as well, but is not among :func:`trust_anchors`."""
    UTOPIA = "utopia"
    """Of the state UTO, which the standard uses in its examples: issues the documents that are not Vietnamese."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Period:
    """A document signer's private key and the issuing dates that it serves."""

    label: str
    first: datetime.date
    last: datetime.date
    serial: int


@dataclasses.dataclass(frozen=True, slots=True)
class _State:
    """Whose authority it is: country of the certificates, state of the MRZ, document codes of the MRZ."""

    country: str
    mrz_state: str
    document_codes: tuple[str, ...]


_VIET_NAM: Final = _State("VN", "VNM", ("ID",))
_STATES: Final = {
    Authority.TEST: _VIET_NAM,
    Authority.UNKNOWN: _VIET_NAM,
    Authority.UTOPIA: _State("UT", "UTO", ("I", "P")),
}
_AUTHORITY_NAMES: Final = {
    Authority.TEST: "CSCA TEST ONLY",
    Authority.UNKNOWN: "CSCA TEST ONLY UNKNOWN",
    Authority.UTOPIA: "CSCA TEST ONLY UTOPIA",
}
_AUTHORITY_SERIALS: Final = {Authority.TEST: 0x7E5701, Authority.UNKNOWN: 0x7E5702, Authority.UTOPIA: 0x7E5703}
_AUTHORITY_FIRST: Final = datetime.datetime(2020, 12, 1, tzinfo=_UTC)
_AUTHORITY_KEY_LAST: Final = datetime.datetime(2030, 12, 31, tzinfo=_UTC)
_AUTHORITY_LAST: Final = datetime.datetime(2049, 12, 31, tzinfo=_UTC)
_SIGNER_LAST: Final = datetime.datetime(2049, 6, 30, tzinfo=_UTC)  # past the last expiry of a card that it signed
_PERIODS: Final = (
    _Period("1", datetime.date(2021, 1, 1), datetime.date(2024, 6, 30), 0x7E5711),
    _Period("2", datetime.date(2024, 7, 1), datetime.date(2026, 12, 31), 0x7E5712),
)


def _authority_key(authority: Authority) -> ec.EllipticCurvePrivateKey:
    return derived_signing_key(f"csca/{authority}", _CURVE)


def _signer_key(authority: Authority, period: _Period) -> ec.EllipticCurvePrivateKey:
    return derived_signing_key(f"ds/{authority}/{period.label}", _CURVE)


def _name(authority: Authority, common_name: str) -> x509.Name:
    """Country in capitals (Doc 9303-12 §7.1), and TEST ONLY where nobody can miss it."""
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, _STATES[authority].country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "chipid-kiosk"),
            x509.NameAttribute(NameOID.ORGANIZATIONAL_UNIT_NAME, "TEST ONLY"),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


def _alternative_names(authority: Authority) -> list[x509.GeneralName]:
    """The three-letter code of the MRZ as locality (Doc 9303-12 §7.1.1.2)."""
    locality = x509.NameAttribute(NameOID.LOCALITY_NAME, _STATES[authority].mrz_state)
    return [x509.DirectoryName(x509.Name([locality]))]


def _key_usage(*, signs_documents: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=signs_documents,
        key_cert_sign=not signs_documents,
        crl_sign=not signs_documents,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _builder(issuer: Authority, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    """What authority and signer certificates share (Doc 9303-12 §7.1, tables 4 and 5)."""
    issuer_key = _authority_key(issuer).public_key()
    crl = x509.DistributionPoint([x509.UniformResourceIdentifier(_CRL_ADDRESS)], None, None, None)
    return (
        x509.CertificateBuilder()
        .issuer_name(_name(issuer, _AUTHORITY_NAMES[issuer]))
        .public_key(key)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.SubjectAlternativeName(_alternative_names(issuer)), critical=False)
        .add_extension(x509.IssuerAlternativeName(_alternative_names(issuer)), critical=False)
        .add_extension(x509.CRLDistributionPoints([crl]), critical=False)
    )


def _sign(builder: x509.CertificateBuilder, issuer: Authority) -> bytes:
    certificate = builder.sign(_authority_key(issuer), hashes.SHA256(), ecdsa_deterministic=True)
    return certificate.public_bytes(Encoding.DER)


@functools.cache
def authority_certificate(authority: Authority) -> bytes:
    """DER of the self-signed certificate of a TEST authority (Doc 9303-12 §7.1.1)."""
    builder = (
        _builder(authority, _authority_key(authority).public_key())
        .subject_name(_name(authority, _AUTHORITY_NAMES[authority]))
        .serial_number(_AUTHORITY_SERIALS[authority])
        .not_valid_before(_AUTHORITY_FIRST)
        .not_valid_after(_AUTHORITY_LAST)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_key_usage(signs_documents=False), critical=True)
        .add_extension(x509.PrivateKeyUsagePeriod(_AUTHORITY_FIRST, _AUTHORITY_KEY_LAST), critical=False)
    )
    return _sign(builder, authority)


def trust_anchors() -> tuple[bytes, ...]:
    """DER certificates to trust when TEST cards are to be accepted. The unknown authority is not among them."""
    return authority_certificate(Authority.TEST), authority_certificate(Authority.UTOPIA)


@functools.cache
def _signer_certificate(authority: Authority, period: _Period, explicit: bool) -> bytes:
    """DER of a document signer certificate (Doc 9303-12 §7.1.2)."""
    first = datetime.datetime.combine(period.first, datetime.time(), _UTC)
    last = datetime.datetime.combine(period.last, datetime.time(23, 59, 59), _UTC)
    # DocumentTypeList: version 0 and the document codes of the MRZ (Doc 9303-12 §7.1.2)
    codes = [encode_tlv(0x13, code.encode("ascii")) for code in _STATES[authority].document_codes]
    document_types = encode_tlv(0x30, encode_tlv(0x02, b"\0") + encode_tlv(0x31, codes))
    builder = (
        _builder(authority, _signer_key(authority, period).public_key())
        .subject_name(_name(authority, f"Document Signer TEST ONLY {period.label}"))
        .serial_number(period.serial)
        .not_valid_before(first)
        .not_valid_after(_SIGNER_LAST)
        .add_extension(_key_usage(signs_documents=True), critical=True)
        .add_extension(x509.PrivateKeyUsagePeriod(first, last), critical=False)
        .add_extension(x509.UnrecognizedExtension(_DOCUMENT_TYPE_LIST, document_types), critical=False)
    )
    certificate = _sign(builder, authority)
    return _with_explicit_parameters(certificate, authority) if explicit else certificate


def _with_explicit_parameters(certificate: bytes, authority: Authority) -> bytes:
    """The same certificate with the curve written out, and signed again.

    Doc 9303-12 §4.4 asks for this form; the crypto library only writes the curve's name.
    """
    public_key = x509.load_der_x509_certificate(certificate).public_key()
    if not isinstance(public_key, ec.EllipticCurvePublicKey):
        raise TypeError("document signers have elliptic-curve keys")
    point = public_key.public_numbers()
    key_info = ec_public_key_info(curve(_CURVE), Point(point.x, point.y), KeyEncoding.EXPLICIT)
    parsed = asn1_x509.Certificate.load(certificate)
    parsed["tbs_certificate"]["subject_public_key_info"] = keys.PublicKeyInfo.load(key_info)
    signature = _authority_key(authority).sign(
        parsed["tbs_certificate"].dump(force=True), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    )
    parsed["signature_value"] = signature
    rewritten: bytes = parsed.dump(force=True)
    return rewritten


def sign_security_object(
    groups: Mapping[int, bytes],
    *,
    authority: Authority,
    issued: datetime.date,
    version: int = 0,
    reference: SignerReference = SignerReference.ISSUER_AND_SERIAL,
    explicit_parameters: bool = False,
    digest_null: bool = False,
    form: SecurityObjectForm = SecurityObjectForm.DER,
) -> bytes:
    """EF.SOD over these data groups (Doc 9303-10 §4.6.2; RFC 5652 §5).

    Args:
        groups: whole files by data group number.
        authority: whose document signer signs.
        issued: date of issue; chooses the signer and is the signing time.
        version: of the LDS security object: 0, or 1 with the LDS version inside.
        reference: how the signer is named.
        explicit_parameters: whether the signer's certificate writes its curve out instead of naming it.
        digest_null: whether digest algorithms carry NULL parameters, which the standard forbids and many states write.
        form: how it is written.

    Returns:
        The whole file, tag 77.

    Raises:
        ValueError: no signer of this authority was active on that date.
    """
    digest_algorithm = _digest_algorithm(null=digest_null)
    content = _lds_security_object(groups, version, digest_algorithm)
    signer = _Signer(authority, issued, reference, explicit_parameters)
    content_type = _OLD_LDS_SECURITY_OBJECT if form is SecurityObjectForm.OLD_TYPE else _LDS_SECURITY_OBJECT
    signed = _signed_data(content, content_type, signer, digest_algorithm)
    if form is SecurityObjectForm.INDEFINITE_LENGTHS:
        signed = with_indefinite_lengths(signed)
    return encode_tlv(0x77, signed)


def sign_card_security(
    infos: bytes,
    *,
    authority: Authority,
    issued: datetime.date,
    reference: SignerReference = SignerReference.ISSUER_AND_SERIAL,
    explicit_parameters: bool = False,
    digest_null: bool = False,
) -> bytes:
    """EF.CardSecurity over SecurityInfos (Doc 9303-11 §9.2.11; TR-03110-3 §A.1.2.5).

    Args:
        infos: SET OF SecurityInfo.
        authority: whose document signer signs; it is the one that signs EF.SOD.
        issued: date of issue.
        reference: how the signer is named.
        explicit_parameters: as in :func:`sign_security_object`.
        digest_null: as in :func:`sign_security_object`.

    Returns:
        The whole file: a ContentInfo without a tag of the LDS around it.

    Raises:
        ValueError: no signer of this authority was active on that date.
    """
    signer = _Signer(authority, issued, reference, explicit_parameters)
    return _signed_data(infos, _SECURITY_OBJECT, signer, _digest_algorithm(null=digest_null))


@dataclasses.dataclass(frozen=True, slots=True)
class _Signer:
    """Whose document signer signs, when, and how the signature shows it."""

    authority: Authority
    issued: datetime.date
    reference: SignerReference
    explicit_parameters: bool

    @property
    def period(self) -> _Period:
        """Raises ``ValueError`` if no signer was active then."""
        for period in _PERIODS:
            if period.first <= self.issued <= period.last:
                return period
        raise ValueError(f"no TEST document signer for {self.issued}")


def _signed_data(content: bytes, content_type: str, signer: _Signer, digest_algorithm: bytes) -> bytes:
    """ContentInfo with SignedData around the content, one signer, its certificate inside (RFC 5652 §5)."""
    period = signer.period
    attributes = _signed_attributes(content, content_type, signer.issued)
    signature = _signer_key(signer.authority, period).sign(
        attributes.untag().dump(), ec.ECDSA(hashes.SHA256(), deterministic_signing=True)
    )
    certificate = asn1_x509.Certificate.load(_signer_certificate(signer.authority, period, signer.explicit_parameters))
    signer_info = cms.SignerInfo(
        {
            "version": "v3" if signer.reference is SignerReference.KEY_IDENTIFIER else "v1",
            "sid": _signer_identifier(certificate, signer.reference),
            "digest_algorithm": algos.DigestAlgorithm.load(digest_algorithm),
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": signature,
        }
    )
    signed_data = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [algos.DigestAlgorithm.load(digest_algorithm)],
            "encap_content_info": {"content_type": content_type, "content": core.ParsableOctetString(content)},
            "certificates": [certificate],
            "signer_infos": [signer_info],
        }
    )
    envelope: bytes = cms.ContentInfo({"content_type": "signed_data", "content": signed_data}).dump()
    return envelope


def _digest_algorithm(*, null: bool) -> bytes:
    """AlgorithmIdentifier of SHA-256; parameters MUST be absent (Doc 9303-10 §4.6.2.3 note 2)."""
    return encode_tlv(0x30, encode_tlv(0x06, encode_oid(_SHA256)) + (encode_tlv(0x05) if null else b""))


def _lds_security_object(groups: Mapping[int, bytes], version: int, digest_algorithm: bytes) -> bytes:
    """LDSSecurityObject with SHA-256 (Doc 9303-10 §4.6.2.3)."""
    values = [
        encode_tlv(0x30, encode_tlv(0x02, bytes([number])) + encode_tlv(0x04, hashlib.sha256(group).digest()))
        for number, group in sorted(groups.items())
    ]
    parts = [encode_tlv(0x02, bytes([version])), digest_algorithm, encode_tlv(0x30, values)]
    if version == 1:
        versions = encode_tlv(0x13, LDS_VERSIONS[version]) + encode_tlv(0x13, UNICODE_VERSION)
        parts.append(encode_tlv(0x30, versions))
    return encode_tlv(0x30, parts)


def _signed_attributes(content: bytes, content_type: str, issued: datetime.date) -> Any:  # noqa: ANN401 - asn1crypto has no types
    """Content type, digest and time (RFC 5652 §11.1 to §11.3)."""
    time = datetime.datetime.combine(issued, datetime.time(8, 0), _UTC)
    return cms.CMSAttributes(
        [
            cms.CMSAttribute({"type": "content_type", "values": [content_type]}),
            cms.CMSAttribute({"type": "message_digest", "values": [hashlib.sha256(content).digest()]}),
            cms.CMSAttribute({"type": "signing_time", "values": [cms.Time({"utc_time": time})]}),
        ]
    )


def _signer_identifier(certificate: Any, reference: SignerReference) -> Any:  # noqa: ANN401 - asn1crypto has no types
    if reference is SignerReference.KEY_IDENTIFIER:
        return cms.SignerIdentifier({"subject_key_identifier": certificate.key_identifier_value})
    issuer = certificate.issuer
    if reference is SignerReference.OTHER_STRING_TYPE:
        issuer = asn1_x509.Name.build(issuer.native, use_printable=True)
    named = cms.IssuerAndSerialNumber({"issuer": issuer, "serial_number": certificate.serial_number})
    return cms.SignerIdentifier({"issuer_and_serial_number": named})
