"""A country that exists only here: its signing CA, its document signers, and security objects made by hand.

Certificates come from the crypto library, security objects from a few lines of DER, so that every field can be
wrong on purpose. Every name says TEST.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime
import functools
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv
from tests.unit.crypto_pki.explicit_keys import explicit_key_info, key_info_of, signed_again

UTC = datetime.UTC
NOW = datetime.datetime(2026, 6, 1, 12, 0, tzinfo=UTC)
DATA_GROUPS = {1: b"\x61\x03abc", 2: b"\x75\x05photo", 13: b"\x6d\x03xyz"}

HASHES: dict[str, hashes.HashAlgorithm] = {
    "sha1": hashes.SHA1(),  # noqa: S303
    "sha224": hashes.SHA224(),
    "sha256": hashes.SHA256(),
    "sha384": hashes.SHA384(),
    "sha512": hashes.SHA512(),
}
HASH_OIDS = {
    "sha1": "1.3.14.3.2.26",
    "sha224": "2.16.840.1.101.3.4.2.4",
    "sha256": "2.16.840.1.101.3.4.2.1",
    "sha384": "2.16.840.1.101.3.4.2.2",
    "sha512": "2.16.840.1.101.3.4.2.3",
}
ECDSA_OIDS = {"sha1": "1.2.840.10045.4.1"} | {
    name: f"1.2.840.10045.4.3.{number}" for number, name in enumerate(("sha224", "sha256", "sha384", "sha512"), 1)
}
DSA_OIDS = {"sha1": "1.2.840.10040.4.3"} | {
    name: f"2.16.840.1.101.3.4.3.{number}" for number, name in enumerate(("sha224", "sha256", "sha384", "sha512"), 1)
}
RSA_OIDS = {"sha1": 5, "sha224": 14, "sha256": 11, "sha384": 12, "sha512": 13}
CURVES: dict[str, ec.EllipticCurve] = {
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
    "explicit": ec.BrainpoolP256R1(),
}
DSA_PARAMETERS = {"dsa": "dsa_2048_256.pem", "dsa-1024": "dsa_1024_160.pem"}
"""Made once with ``openssl genpkey -genparam -algorithm DSA``: to find them takes seconds."""

PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | dsa.DSAPrivateKey


@functools.cache
def private_key(scheme: str, number: int = 0) -> PrivateKey:
    """The key of that number; made once for the whole run."""
    if scheme.startswith("rsa"):
        return rsa.generate_private_key(65537, 2048)
    if scheme in DSA_PARAMETERS:
        lines = (Path(__file__).parent / DSA_PARAMETERS[scheme]).read_text(encoding="ascii").splitlines()
        numbers = parse_tlv(base64.b64decode("".join(lines[1:-1]))).children()
        p, q, g = (int.from_bytes(number.value, "big") for number in numbers)
        return dsa.DSAParameterNumbers(p, q, g).parameters().generate_private_key()
    return ec.generate_private_key(CURVES[scheme])


def oid(dotted: str) -> bytes:
    return encode_tlv(0x06, encode_oid(dotted))


def algorithm(dotted: str, parameters: bytes = b"") -> bytes:
    return encode_tlv(0x30, [oid(dotted), parameters])


def integer(number: int) -> bytes:
    return encode_tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big", signed=True))


def pss_padding(hash_name: str) -> padding.PSS:
    return padding.PSS(padding.MGF1(HASHES[hash_name]), HASHES[hash_name].digest_size)


def name(common_name: str, country: str = "UT", organization: str = "Utopia TEST") -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, country),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organization),
            x509.NameAttribute(NameOID.COMMON_NAME, common_name),
        ]
    )


@dataclasses.dataclass(frozen=True)
class Party:
    """A certificate with its private key."""

    certificate: x509.Certificate
    key: PrivateKey
    scheme: str
    encoded: bytes | None = None

    @property
    def der(self) -> bytes:
        return self.certificate.public_bytes(Encoding.DER) if self.encoded is None else self.encoded

    def sign(self, data: bytes, hash_name: str) -> bytes:
        if isinstance(self.key, rsa.RSAPrivateKey):
            pad = pss_padding(hash_name) if self.scheme == "rsa-pss" else padding.PKCS1v15()
            return self.key.sign(data, pad, HASHES[hash_name])
        if isinstance(self.key, dsa.DSAPrivateKey):
            return self.key.sign(data, HASHES[hash_name])
        return self.key.sign(data, ec.ECDSA(HASHES[hash_name]))

    def signature_algorithm(self, hash_name: str) -> bytes:
        if self.scheme == "rsa-pkcs1":
            return algorithm(f"1.2.840.113549.1.1.{RSA_OIDS[hash_name]}", encode_tlv(0x05))
        if self.scheme == "rsa-pss":
            inner = algorithm(HASH_OIDS[hash_name], encode_tlv(0x05))
            mask = algorithm("1.2.840.113549.1.1.8", inner)
            salt = integer(HASHES[hash_name].digest_size)
            fields = [encode_tlv(0xA0, inner), encode_tlv(0xA1, mask), encode_tlv(0xA2, salt)]
            return algorithm("1.2.840.113549.1.1.10", encode_tlv(0x30, fields))
        if self.scheme in DSA_PARAMETERS:
            return algorithm(DSA_OIDS[hash_name])
        return algorithm(ECDSA_OIDS[hash_name])


def key_usage(*uses: str) -> x509.KeyUsage:
    names = (
        *("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"),
        *("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"),
    )
    return x509.KeyUsage(**{each: each in uses for each in names})


CSCA_NAME = name("CSCA Utopia TEST")
DS_NAME = name("DS 1 Utopia TEST")


def build(
    scheme: str,
    key: PrivateKey,
    subject: x509.Name,
    issuer: x509.Name,
    issuer_key: PrivateKey,
    extensions: Sequence[tuple[x509.ExtensionType, bool]],
    not_before: datetime.datetime,
    not_after: datetime.datetime,
    serial: int,
    hash_name: str = "sha256",
) -> Party:
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(serial)
        .not_valid_before(not_before)
        .not_valid_after(not_after)
    )
    for extension, critical in extensions:
        builder = builder.add_extension(extension, critical)
    pss = pss_padding(hash_name) if scheme == "rsa-pss" else None
    return Party(builder.sign(issuer_key, HASHES[hash_name], rsa_padding=pss), key, scheme)


def csca(scheme: str = "secp256r1", number: int = 0, **changes: Any) -> Party:
    """A self-signed country signing CA, or with changes what should not pass for one."""
    key = private_key(scheme, number)
    options: dict[str, Any] = {
        "subject": CSCA_NAME,
        "issuer": None,
        "issuer_key": key,
        "is_authority": True,
        "usage": ("key_cert_sign", "crl_sign"),
        "not_before": datetime.datetime(2020, 1, 1, tzinfo=UTC),
        "not_after": datetime.datetime(2036, 1, 1, tzinfo=UTC),
        "more": (),
        "ski": True,
    } | changes
    extensions: list[tuple[x509.ExtensionType, bool]] = [*options["more"]]
    if options["ski"]:
        extensions.append((x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))
    if options["is_authority"] is not None:
        path_length = 0 if options["is_authority"] else None
        extensions.append((x509.BasicConstraints(options["is_authority"], path_length), True))
    if options["usage"] is not None:
        extensions.append((key_usage(*options["usage"]), True))
    made = build(
        scheme,
        key,
        options["subject"],
        options["issuer"] or options["subject"],
        options["issuer_key"],
        extensions,
        options["not_before"],
        options["not_after"],
        options.get("serial", 1 + number),
    )
    return finished(made, made, options.get("hash_name", "sha256"))


def finished(made: Party, issuer: Party, hash_name: str) -> Party:
    """The party with what the library cannot write in its certificate."""
    if made.scheme == "explicit":
        return signed_again(made, issuer, explicit_key_info(made.key.public_key()), hash_name)
    return made if hash_name == "sha256" else signed_again(made, issuer, key_info_of(made.der), hash_name)


def document_signer(authority: Party, number: int = 100, **changes: Any) -> Party:
    """A document signer of that CA, with the CA's kind of key unless another is asked for."""
    options: dict[str, Any] = {
        "scheme": authority.scheme,
        "subject": DS_NAME,
        "issuer": authority.certificate.subject,
        "issuer_key": authority.key,
        "usage": ("digital_signature",),
        "not_before": datetime.datetime(2024, 1, 1, tzinfo=UTC),
        "not_after": datetime.datetime(2035, 1, 1, tzinfo=UTC),
        "more": (),
        "aki": authority.key,
        "ski": True,
        "serial": 0x1000 + number,
    } | changes
    key = private_key(options["scheme"], number)
    extensions: list[tuple[x509.ExtensionType, bool]] = [*options["more"]]
    if options["aki"] is not None:
        extensions.append((x509.AuthorityKeyIdentifier.from_issuer_public_key(options["aki"].public_key()), False))
    if options["ski"]:
        extensions.append((x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False))
    if options["usage"] is not None:
        extensions.append((key_usage(*options["usage"]), True))
    # The padding of the certificate's own signature is its issuer's.
    made = build(
        authority.scheme,
        key,
        options["subject"],
        options["issuer"],
        options["issuer_key"],
        extensions,
        options["not_before"],
        options["not_after"],
        options["serial"],
    )
    return finished(dataclasses.replace(made, scheme=options["scheme"]), authority, options.get("hash_name", "sha256"))


def revocation_list(
    authority: Party,
    *serials: int,
    this_update: datetime.datetime = datetime.datetime(2026, 5, 1, tzinfo=UTC),
    next_update: datetime.datetime = datetime.datetime(2026, 8, 1, tzinfo=UTC),
    **changes: Any,
) -> bytes:
    """A list of that authority with these serial numbers on it, in DER."""
    issuer = changes.get("issuer", authority.certificate.subject)
    builder = x509.CertificateRevocationListBuilder().issuer_name(issuer)
    builder = builder.last_update(this_update).next_update(next_update)
    for serial in serials:
        revoked = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(this_update)
        builder = builder.add_revoked_certificate(revoked.build())
    number = (x509.CRLNumber(changes.get("number", 1)), False)
    key = (x509.AuthorityKeyIdentifier.from_issuer_public_key(authority.key.public_key()), False)
    for extension, critical in (number, key, *changes.get("more", ())):
        builder = builder.add_extension(extension, critical)
    pss = pss_padding("sha256") if authority.scheme == "rsa-pss" else None
    return builder.sign(changes.get("key", authority.key), HASHES["sha256"], rsa_padding=pss).public_bytes(Encoding.DER)


def security_object(groups: Mapping[int, bytes], hash_name: str = "sha256", version: int = 0) -> bytes:
    """An LDSSecurityObject over whole files."""
    items = [
        encode_tlv(0x30, [integer(number), encode_tlv(0x04, hashlib.new(hash_name, file).digest())])
        for number, file in groups.items()
    ]
    info = encode_tlv(0x30, [encode_tlv(0x13, b"0108"), encode_tlv(0x13, b"040000")]) if version else b""
    fields = [integer(version), algorithm(HASH_OIDS[hash_name], encode_tlv(0x05)), encode_tlv(0x30, items), info]
    return encode_tlv(0x30, fields)


LDS_SECURITY_OBJECT = "2.23.136.1.1.1"


def attribute(dotted: str, *values: bytes) -> bytes:
    return encode_tlv(0x30, [oid(dotted), encode_tlv(0x31, values)])


def utc_time(instant: datetime.datetime) -> bytes:
    return encode_tlv(0x17, instant.strftime("%y%m%d%H%M%SZ").encode())


def signer_info(signer: Party, content: bytes, hash_name: str, **changes: Any) -> bytes:
    """A SignerInfo with signed attributes in DER order."""
    options: dict[str, Any] = {
        "content_type": LDS_SECURITY_OBJECT,
        "digest": hashlib.new(hash_name, content).digest(),
        "signing_time": None,
        "drop": (),
        "sid": "issuer",
        "change_signature": None,
        "attributes": None,
        "sent_attributes": None,
        "issuer": signer.certificate.issuer,
    } | changes
    attributes = [
        attribute("1.2.840.113549.1.9.3", oid(options["content_type"])),
        attribute("1.2.840.113549.1.9.4", encode_tlv(0x04, options["digest"])),
    ]
    kept = [each for index, each in enumerate(attributes) if ("content_type", "digest")[index] not in options["drop"]]
    if options["signing_time"] is not None:
        kept.append(attribute("1.2.840.113549.1.9.5", utc_time(options["signing_time"])))
    if options["attributes"] is not None:
        kept = options["attributes"]
    signed = b"".join(sorted(kept)) if options["attributes"] is None else b"".join(kept)
    to_sign = encode_tlv(0x31, signed)
    sent = encode_tlv(0xA0, signed if options["sent_attributes"] is None else options["sent_attributes"](kept))
    if "all" in options["drop"]:
        to_sign, sent = content, b""
    signature = signer.sign(to_sign, hash_name)
    if options["change_signature"]:
        signature = options["change_signature"](signature)
    if options["sid"] == "issuer":
        sid = encode_tlv(0x30, [options["issuer"].public_bytes(), integer(signer.certificate.serial_number)])
    else:
        identifier = signer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier)
        sid = encode_tlv(0x80, identifier.value.digest)
    fields = [
        integer(1 if options["sid"] == "issuer" else 3),
        sid,
        algorithm(HASH_OIDS[hash_name], encode_tlv(0x05)),
        sent,
        signer.signature_algorithm(hash_name),
        encode_tlv(0x04, signature),
    ]
    return encode_tlv(0x30, fields)


def signed_data(
    content: bytes,
    certificates: Sequence[bytes],
    signer_infos: Sequence[bytes],
    content_type: str = LDS_SECURITY_OBJECT,
) -> bytes:
    """A ContentInfo around everything."""
    digests = dict.fromkeys(parse_tlv(info).children()[2].encoded for info in signer_infos)
    encapsulated = encode_tlv(0x30, [oid(content_type), encode_tlv(0xA0, encode_tlv(0x04, content))])
    fields = [
        integer(3),
        encode_tlv(0x31, digests),
        encapsulated,
        encode_tlv(0xA0, certificates) if certificates else b"",
        encode_tlv(0x31, signer_infos),
    ]
    return encode_tlv(0x30, [oid("1.2.840.113549.1.7.2"), encode_tlv(0xA0, encode_tlv(0x30, fields))])


def ef_sod(
    signer: Party,
    groups: Mapping[int, bytes] = DATA_GROUPS,
    hash_name: str = "sha256",
    version: int = 0,
    certificates: Sequence[bytes] | None = None,
    content: bytes | None = None,
    **changes: Any,
) -> bytes:
    """A whole EF.SOD of that signer."""
    content = security_object(groups, hash_name, version) if content is None else content
    info = signer_info(signer, content, hash_name, **changes)
    carried = [signer.der] if certificates is None else certificates
    content_type = changes.get("outer_content_type", LDS_SECURITY_OBJECT)
    return encode_tlv(0x77, signed_data(content, carried, [info], content_type))


class Forge:
    """Everything that makes certificates and security objects, for the tests."""

    now = NOW
    groups = DATA_GROUPS
    name = staticmethod(name)
    csca = staticmethod(csca)
    document_signer = staticmethod(document_signer)
    revocation_list = staticmethod(revocation_list)
    ef_sod = staticmethod(ef_sod)
    security_object = staticmethod(security_object)
    signer_info = staticmethod(signer_info)
    signed_data = staticmethod(signed_data)
    attribute = staticmethod(attribute)
    oid = staticmethod(oid)


@pytest.fixture(scope="session")
def forge() -> Forge:
    return Forge()
