"""An invented country that publishes lists: authorities, link certificates, revocation lists, master and deviation lists.

Certificates come from the crypto library, the lists from a few lines of DER. Whoever is to count outside test mode must
not say TEST, so the country's name does not: Utopia (UT) exists nowhere.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import functools
import hashlib
from collections.abc import Iterable

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID, ObjectIdentifier

from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv

UTC = dt.UTC
NOW = dt.datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
MASTER_LIST = "2.23.136.1.1.2"
DEVIATION_LIST = "2.23.136.1.1.7"
MASTER_LIST_SIGNING = "2.23.136.1.1.3"
DEVIATION_LIST_SIGNING = "2.23.136.1.1.8"


@dataclasses.dataclass(frozen=True)
class Party:
    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER)

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(self.der).hexdigest()


@functools.cache
def key(number: int) -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def name(common_name: str, country: str = "UT") -> x509.Name:
    return x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, country), x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    )


def certificate(
    subject: x509.Name,
    subject_key: ec.EllipticCurvePrivateKey,
    issuer: Party | None = None,
    *,
    authority: bool | None = True,
    purposes: Iterable[str] = (),
    serial_number: int = 1,
    not_before: dt.datetime = NOW - dt.timedelta(days=365),
    not_after: dt.datetime = NOW + dt.timedelta(days=3650),
    signs_certificates: bool | None = None,
) -> Party:
    issuer_name = subject if issuer is None else issuer.certificate.subject
    issuer_key = subject_key if issuer is None else issuer.key
    signing = bool(authority) if signs_certificates is None else signs_certificates
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer_name)
        .public_key(subject_key.public_key())
        .serial_number(serial_number)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
        .add_extension(
            x509.KeyUsage(not signing, False, False, False, False, signing, signing, False, False), critical=True
        )
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(subject_key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), critical=False)
    )
    if authority is not None:
        builder = builder.add_extension(x509.BasicConstraints(authority, None), critical=True)
    if purposes:
        usage = x509.ExtendedKeyUsage([ObjectIdentifier(one) for one in purposes])
        builder = builder.add_extension(usage, critical=True)
    return Party(builder.sign(issuer_key, hashes.SHA256()), subject_key)


@functools.cache
def csca(number: int = 1, country: str = "UT") -> Party:
    """Authority number … of a country, self-signed; all of one country have one name."""
    return certificate(name("Utopia CSCA", country), key(number), serial_number=number)


@functools.cache
def link(old: int, new: int) -> Party:
    """The new key's certificate, signed with the old key."""
    return certificate(name("Utopia CSCA"), key(new), csca(old), serial_number=1000 + new)


@functools.cache
def list_signer(authority: int = 1, purpose: str = MASTER_LIST_SIGNING) -> Party:
    return certificate(name("Utopia list signer"), key(50), csca(authority), authority=None, purposes=(purpose,))


@functools.cache
def document_signer(authority: int = 1, serial_number: int = 77) -> Party:
    return certificate(
        name("Utopia document signer"), key(60), csca(authority), authority=None, serial_number=serial_number
    )


def oid(dotted: str) -> bytes:
    return encode_tlv(0x06, encode_oid(dotted))


def master_list_content(members: Iterable[bytes], version: int = 0) -> bytes:
    return encode_tlv(0x30, [encode_tlv(0x02, bytes([version])), encode_tlv(0x31, sorted(members))])


def signed(
    content: bytes,
    signer: Party,
    carried: Iterable[Party] = (),
    *,
    content_type: str = MASTER_LIST,
    at: dt.datetime = NOW - dt.timedelta(days=30),
    spoil: bool = False,
) -> bytes:
    """A CMS message around a list; the signer is named by its key identifier (Doc 9303-12 §9.1)."""
    digest_algorithm = encode_tlv(0x30, oid("2.16.840.1.101.3.4.2.1"))
    attributes = sorted(
        [
            encode_tlv(0x30, [oid("1.2.840.113549.1.9.3"), encode_tlv(0x31, oid(content_type))]),
            encode_tlv(
                0x30,
                [
                    oid("1.2.840.113549.1.9.5"),
                    encode_tlv(0x31, encode_tlv(0x17, at.strftime("%y%m%d%H%M%SZ").encode())),
                ],
            ),
            encode_tlv(
                0x30,
                [oid("1.2.840.113549.1.9.4"), encode_tlv(0x31, encode_tlv(0x04, hashlib.sha256(content).digest()))],
            ),
        ]
    )
    signature = signer.key.sign(encode_tlv(0x31, attributes), ec.ECDSA(hashes.SHA256()))
    if spoil:
        signature = signer.key.sign(b"something else", ec.ECDSA(hashes.SHA256()))
    identifier = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    info = encode_tlv(
        0x30,
        [
            encode_tlv(0x02, b"\x03"),
            encode_tlv(0x80, identifier),
            digest_algorithm,
            encode_tlv(0xA0, attributes),
            encode_tlv(0x30, oid("1.2.840.10045.4.3.2")),
            encode_tlv(0x04, signature),
        ],
    )
    inner = encode_tlv(
        0x30,
        [
            encode_tlv(0x02, b"\x03"),
            encode_tlv(0x31, digest_algorithm),
            encode_tlv(0x30, [oid(content_type), encode_tlv(0xA0, encode_tlv(0x04, content))]),
            encode_tlv(0xA0, [signer.der, *(one.der for one in carried)]),
            encode_tlv(0x31, info),
        ],
    )
    return encode_tlv(0x30, [oid("1.2.840.113549.1.7.2"), encode_tlv(0xA0, inner)])


def master_list(
    *members: Party, signer: Party | None = None, carried: Iterable[Party] | None = None, **more: object
) -> bytes:
    chosen = list_signer() if signer is None else signer
    with_it = (csca(),) if carried is None else carried
    return signed(master_list_content(one.der for one in members), chosen, with_it, **more)  # type: ignore[arg-type]


def revocation_list(
    issuer: Party, serial_numbers: Iterable[int] = (), *, at: dt.datetime = NOW - dt.timedelta(days=5)
) -> bytes:
    builder = (
        x509.CertificateRevocationListBuilder()
        .issuer_name(issuer.certificate.subject)
        .last_update(at)
        .next_update(at + dt.timedelta(days=30))
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer.key.public_key()), critical=False)
    )
    for number in serial_numbers:
        entry = x509.RevokedCertificateBuilder().serial_number(number).revocation_date(at).build()
        builder = builder.add_revoked_certificate(entry)
    return builder.sign(issuer.key, hashes.SHA256()).public_bytes(Encoding.DER)


def pem(*parts: bytes, label: str = "CERTIFICATE") -> bytes:
    blocks = (f"-----BEGIN {label}-----\n{base64.encodebytes(one).decode()}-----END {label}-----\n" for one in parts)
    return "".join(blocks).encode()


def ldif(*values: tuple[str, bytes]) -> bytes:
    """An LDIF file with an entry for each value, its lines folded at 76 characters."""
    lines = ["version: 1", "# made for a test", ""]
    for number, (attribute, octets) in enumerate(values, start=1):
        lines += [f"dn: cn={number},o=dsc,c=UT,dc=data,dc=download,dc=pkd", "objectClass: top"]
        whole = f"{attribute}:: {base64.b64encode(octets).decode()}"
        lines += [whole[:76], *(f" {whole[start : start + 75]}" for start in range(76, len(whole), 75)), ""]
    return "\n".join(lines).encode()
