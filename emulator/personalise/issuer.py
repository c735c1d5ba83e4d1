"""What the TEST countries of :mod:`emulator.personalise.authorities` sign: EF.SOD and EF.CardSecurity.

Everything is derived and deterministic: the same files, octet by octet, on every machine.
"""

from __future__ import annotations

import dataclasses
import datetime
import hashlib
from collections.abc import Mapping
from typing import Any, Final

from asn1crypto import algos, cms, core
from asn1crypto import x509 as asn1_x509

from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from emulator.personalise.authorities import (
    DocumentSigner,
    authority_certificate,
    document_signer,
    revocation_lists,
    trust_anchors,
)
from emulator.personalise.indefinite_lengths import with_indefinite_lengths
from emulator.personalise.security_object_form import (
    LDS_VERSIONS,
    UNICODE_VERSION,
    Authority,
    SecurityObjectForm,
    SignerReference,
)

__all__ = [
    "LDS_VERSIONS",
    "UNICODE_VERSION",
    "Authority",
    "SecurityObjectForm",
    "SignerReference",
    "authority_certificate",
    "revocation_lists",
    "sign_card_security",
    "sign_security_object",
    "trust_anchors",
]

_LDS_SECURITY_OBJECT: Final = "2.23.136.1.1.1"
_OLD_LDS_SECURITY_OBJECT: Final = "1.2.528.1.1006.1.20.1"
_SECURITY_OBJECT: Final = "0.4.0.127.0.7.3.2.1"  # id-SecurityObject (TR-03110-3 §A.1.2.5)
_SHA256: Final = "2.16.840.1.101.3.4.2.1"
_UTC: Final = datetime.UTC


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
    signer: DocumentSigner | None = None,
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
        signer: who signs instead of the authority's own.

    Returns:
        The whole file, tag 77.

    Raises:
        ValueError: no signer of this authority was active on that date.
    """
    digest_algorithm = _digest_algorithm(null=digest_null)
    content = _lds_security_object(groups, version, digest_algorithm)
    signed_by = signer or document_signer(authority, issued, explicit=explicit_parameters)
    content_type = _OLD_LDS_SECURITY_OBJECT if form is SecurityObjectForm.OLD_TYPE else _LDS_SECURITY_OBJECT
    signed = _signed_data(content, content_type, _Signature(signed_by, issued, reference, digest_algorithm))
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
    signer = document_signer(authority, issued, explicit=explicit_parameters)
    signature = _Signature(signer, issued, reference, _digest_algorithm(null=digest_null))
    return _signed_data(infos, _SECURITY_OBJECT, signature)


@dataclasses.dataclass(frozen=True, slots=True)
class _Signature:
    """Who signs, when, and how the signature shows it."""

    signer: DocumentSigner
    issued: datetime.date
    reference: SignerReference
    digest_algorithm: bytes


def _signed_data(content: bytes, content_type: str, terms: _Signature) -> bytes:
    """ContentInfo with SignedData around the content, one signer, its certificate inside (RFC 5652 §5)."""
    signer, digest_algorithm = terms.signer, terms.digest_algorithm
    attributes = _signed_attributes(content, content_type, terms.issued)
    certificate = asn1_x509.Certificate.load(signer.certificate)
    others = [asn1_x509.Certificate.load(octets) for octets in signer.further_certificates]
    signer_info = cms.SignerInfo(
        {
            "version": "v3" if terms.reference is SignerReference.KEY_IDENTIFIER else "v1",
            "sid": _signer_identifier(certificate, terms.reference),
            "digest_algorithm": algos.DigestAlgorithm.load(digest_algorithm),
            "signed_attrs": attributes,
            "signature_algorithm": algos.SignedDigestAlgorithm({"algorithm": "sha256_ecdsa"}),
            "signature": signer.sign(attributes.untag().dump()),
        }
    )
    signed_data = cms.SignedData(
        {
            "version": "v3",
            "digest_algorithms": [algos.DigestAlgorithm.load(digest_algorithm)],
            "encap_content_info": {"content_type": content_type, "content": core.ParsableOctetString(content)},
            "certificates": [certificate, *others],
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
