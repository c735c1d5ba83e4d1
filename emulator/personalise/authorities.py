"""The TEST countries: certification authorities, document signers and revocation lists (Doc 9303-12 §7.1).

Everything is derived and deterministic: the same certificates, octet by octet, on every machine.
The names say TEST ONLY, and anybody can compute the private keys (:mod:`emulator.personalise.keys`).
"""

from __future__ import annotations

import dataclasses
import datetime
import functools
from collections.abc import Callable, Iterable
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from crypto.primitives.curves import Point, curve
from crypto.wire.tlv import encode_tlv, parse_tlv
from emulator.personalise.keys import derived_signing_key
from emulator.personalise.security_infos import KeyEncoding, ec_public_key_info
from emulator.personalise.security_object_form import Authority

__all__ = [
    "CURVE",
    "Authority",
    "DocumentSigner",
    "Issuer",
    "SignerTerms",
    "authority_certificate",
    "certificate_of",
    "document_signer",
    "issuer_of",
    "key_usage",
    "revocation_lists",
    "sign_with",
    "signed_anew",
    "signer_name",
    "trust_anchors",
    "usual_terms",
]

CURVE: Final = "brainpoolP384r1"
"""Of all keys of the TEST countries."""
REVOKED_SERIAL: Final = 0x7E5713
_DOCUMENT_TYPE_LIST: Final = x509.ObjectIdentifier("2.23.136.1.1.6.2")
_CRL_ADDRESS: Final = "http://csca.test-only.invalid/test-only.crl"
_UTC: Final = datetime.UTC

Sign = Callable[[bytes], bytes]
"""An ECDSA signature with SHA-256 in DER over these octets."""


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
_LIST_FIRST: Final = datetime.datetime(2025, 6, 1, tzinfo=_UTC)
_REVOKED_ON: Final = datetime.datetime(2025, 5, 20, tzinfo=_UTC)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Issuer:
    """Who signs certificates.

    Attributes:
        authority: whose country and names they carry.
        common_name: of the issuer.
        key_identifier_of: public key that the authority key identifier names.
        sign: makes the signatures.
    """

    authority: Authority
    common_name: str
    key_identifier_of: ec.EllipticCurvePublicKey
    sign: Sign


@dataclasses.dataclass(frozen=True, slots=True)
class SignerTerms:
    """What a document signer certificate says beyond names and key."""

    common_name: str
    serial: int
    not_before: datetime.datetime
    not_after: datetime.datetime
    private_key_last: datetime.datetime
    usage: x509.KeyUsage
    further: tuple[tuple[x509.ExtensionType, bool], ...] = ()
    """More extensions, each with whether it is critical."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DocumentSigner:
    """Who signs EF.SOD.

    Attributes:
        certificate: its DER certificate.
        sign: makes the signature.
        further_certificates: others that come along in the file.
    """

    certificate: bytes
    sign: Sign
    further_certificates: tuple[bytes, ...] = ()


def sign_with(key: ec.EllipticCurvePrivateKey) -> Sign:
    """ECDSA with SHA-256; always the same signature for the same octets (RFC 6979)."""
    return lambda octets: key.sign(octets, ec.ECDSA(hashes.SHA256(), deterministic_signing=True))


def _authority_key(authority: Authority) -> ec.EllipticCurvePrivateKey:
    return derived_signing_key(f"csca/{authority}", CURVE)


def issuer_of(authority: Authority) -> Issuer:
    """The authority itself."""
    key = _authority_key(authority)
    return Issuer(authority, _AUTHORITY_NAMES[authority], key.public_key(), sign_with(key))


def name_of(authority: Authority, common_name: str) -> x509.Name:
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


def key_usage(*, signs_documents: bool) -> x509.KeyUsage:
    """Of a document signer, or else of an authority (Doc 9303-12 table 5)."""
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


def _builder(issuer: Issuer, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    """What authority and signer certificates share (Doc 9303-12 §7.1, tables 4 and 5)."""
    crl = x509.DistributionPoint([x509.UniformResourceIdentifier(_CRL_ADDRESS)], None, None, None)
    names = _alternative_names(issuer.authority)
    return (
        x509.CertificateBuilder()
        .issuer_name(name_of(issuer.authority, issuer.common_name))
        .public_key(key)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key_identifier_of), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.IssuerAlternativeName(names), critical=False)
        .add_extension(x509.CRLDistributionPoints([crl]), critical=False)
    )


def _built(builder: x509.CertificateBuilder, sign: Sign) -> bytes:
    """The library signs with keys of its own only, so the true signature takes the place of another."""
    placeholder = derived_signing_key("placeholder", CURVE)
    certificate = builder.sign(placeholder, hashes.SHA256(), ecdsa_deterministic=True)
    return signed_anew(certificate.public_bytes(Encoding.DER), sign)


def signed_anew(certificate: bytes, sign: Sign | None, *, public_key_info: bytes = b"") -> bytes:
    """The same certificate with another signature, and with another SubjectPublicKeyInfo if one is given.

    Args:
        certificate: DER.
        sign: signs the TBSCertificate; ``None`` leaves the old signature, which then is wrong.
        public_key_info: DER.
    """
    tbs, algorithm, signature = parse_tlv(certificate, 0x30).children()
    octets = tbs.encoded
    if public_key_info:  # after version, serial number, algorithm, issuer, validity and subject (RFC 5280 §4.1)
        parts = [child.encoded for child in tbs.children()]
        octets = encode_tlv(0x30, [*parts[:6], public_key_info, *parts[7:]])
    made = signature.encoded if sign is None else encode_tlv(0x03, b"\0" + sign(octets))
    return encode_tlv(0x30, [octets, algorithm.encoded, made])


def certificate_of(issuer: Issuer, key: ec.EllipticCurvePublicKey, *, serial: int, is_authority: bool = True) -> bytes:
    """DER of an authority's certificate (Doc 9303-12 §7.1.1): subject and issuer have one name.

    Args:
        issuer: signs it: the authority itself, or its earlier key, which makes a link certificate.
        key: of the subject.
        serial: number.
        is_authority: what basicConstraints says.
    """
    builder = (
        _builder(issuer, key)
        .subject_name(name_of(issuer.authority, issuer.common_name))
        .serial_number(serial)
        .not_valid_before(_AUTHORITY_FIRST)
        .not_valid_after(_AUTHORITY_LAST)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=0 if is_authority else None), critical=True)
        .add_extension(key_usage(signs_documents=False), critical=True)
        .add_extension(x509.PrivateKeyUsagePeriod(_AUTHORITY_FIRST, _AUTHORITY_KEY_LAST), critical=False)
    )
    return _built(builder, issuer.sign)


@functools.cache
def authority_certificate(authority: Authority) -> bytes:
    """DER of the self-signed certificate of a TEST authority."""
    issuer = issuer_of(authority)
    return certificate_of(issuer, issuer.key_identifier_of, serial=_AUTHORITY_SERIALS[authority])


def trust_anchors() -> tuple[bytes, ...]:
    """DER certificates to trust when TEST cards are to be accepted. The unknown authority is not among them."""
    return authority_certificate(Authority.TEST), authority_certificate(Authority.UTOPIA)


@functools.cache
def revocation_lists() -> tuple[bytes, ...]:
    """DER certificate lists of the authorities among :func:`trust_anchors` (Doc 9303-12 §7.1.4).

    That of the TEST authority names one document signer; nobody reports anything to Utopia's.
    """
    return _revocation_list(Authority.TEST, (REVOKED_SERIAL,)), _revocation_list(Authority.UTOPIA, ())


def _revocation_list(authority: Authority, serials: Iterable[int]) -> bytes:
    key = _authority_key(authority)
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(name_of(authority, _AUTHORITY_NAMES[authority]))
        .last_update(_LIST_FIRST)
        .next_update(_AUTHORITY_LAST)  # a real one says ninety days at most (Doc 9303-12 §5.5.2)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
        .add_extension(x509.CRLNumber(7), critical=False)
    )
    for serial in serials:
        entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(_REVOKED_ON).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True).public_bytes(Encoding.DER)


# -- document signers ------------------------------------------------------------------------------------


def signer_name(label: str) -> str:
    """The common name of a document signer."""
    return f"Document Signer TEST ONLY {label}"


def usual_terms(
    authority: Authority, label: str, serial: int, first: datetime.date, last: datetime.date
) -> SignerTerms:
    """What an ordinary document signer certificate says (Doc 9303-12 §7.1.2).

    Args:
        authority: whose documents it signs.
        label: ends its name.
        serial: number.
        first: day on which it signs.
        last: day on which it signs.
    """
    begin = datetime.datetime.combine(first, datetime.time(), _UTC)
    end = datetime.datetime.combine(last, datetime.time(23, 59, 59), _UTC)
    # DocumentTypeList: version 0 and the document codes of the MRZ (Doc 9303-12 §7.1.2)
    codes = [encode_tlv(0x13, code.encode("ascii")) for code in _STATES[authority].document_codes]
    document_types = encode_tlv(0x30, encode_tlv(0x02, b"\0") + encode_tlv(0x31, codes))
    type_list = x509.UnrecognizedExtension(_DOCUMENT_TYPE_LIST, document_types)
    usage = key_usage(signs_documents=True)
    return SignerTerms(signer_name(label), serial, begin, _SIGNER_LAST, end, usage, ((type_list, False),))


def signer_certificate(issuer: Issuer, key: ec.EllipticCurvePublicKey, terms: SignerTerms) -> bytes:
    """DER of a document signer certificate (Doc 9303-12 §7.1.2)."""
    builder = (
        _builder(issuer, key)
        .subject_name(name_of(issuer.authority, terms.common_name))
        .serial_number(terms.serial)
        .not_valid_before(terms.not_before)
        .not_valid_after(terms.not_after)
        .add_extension(terms.usage, critical=True)
        .add_extension(x509.PrivateKeyUsagePeriod(terms.not_before, terms.private_key_last), critical=False)
    )
    for extension, is_critical in terms.further:
        builder = builder.add_extension(extension, critical=is_critical)
    return _built(builder, issuer.sign)


@functools.cache
def document_signer(authority: Authority, issued: datetime.date, *, explicit: bool = False) -> DocumentSigner:
    """The signer that was active on that date.

    Args:
        authority: whose.
        issued: date of issue.
        explicit: whether the certificate writes its curve out, as Doc 9303-12 §4.4 asks, instead of naming it.

    Raises:
        ValueError: no signer was active then.
    """
    period = next((period for period in _PERIODS if period.first <= issued <= period.last), None)
    if period is None:
        raise ValueError(f"no TEST document signer for {issued}")
    key = derived_signing_key(f"ds/{authority}/{period.label}", CURVE)
    issuer = issuer_of(authority)
    terms = usual_terms(authority, period.label, period.serial, period.first, period.last)
    certificate = signer_certificate(issuer, key.public_key(), terms)
    if explicit:
        certificate = signed_anew(certificate, issuer.sign, public_key_info=_explicit(key.public_key()))
    return DocumentSigner(certificate, sign_with(key))


def _explicit(key: ec.EllipticCurvePublicKey) -> bytes:
    """SubjectPublicKeyInfo with the whole curve, which the crypto library does not write."""
    point = key.public_numbers()
    return ec_public_key_info(curve(CURVE), Point(point.x, point.y), KeyEncoding.EXPLICIT)
