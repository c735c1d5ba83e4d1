"""What the files of a card say about its kind: protocols, keys, algorithms, formats, sizes. Nothing about its holder.

Each function names what goes into the report; whatever it does not name stays out. Contents of a file that is not well
formed are no reason to stop: then the error's code stands in the place of the facts.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Final, TypeAlias

from crypto.errors import ChipIdError
from crypto.pki.certificate import Certificate
from crypto.pki.cms import SignedData, SignerInfo, parse_signed_data
from crypto.pki.names import COUNTRY
from crypto.pki.security_object import parse_security_object
from crypto.signatures.algorithms import AlgorithmIdentifier, signature_algorithm
from crypto.signatures.hash_algorithms import hash_algorithm
from crypto.signatures.public_key import EcPublicKey, RsaPublicKey
from crypto.signatures.rsa_iso9796_2 import recover
from crypto.wire.tlv import parse_tlv
from reader.card_access import ASSUMED_CCCD_CARD_ACCESS
from reader.lds import files
from reader.lds.document import IdDocument, RawDocument
from reader.lds.face_record import FaceImage
from reader.lds.files import FileId
from reader.lds.public_key import SubjectPublicKey, parse_subject_public_key
from reader.lds.security_infos import (
    ActiveAuthenticationInfo,
    ChipAuthenticationInfo,
    ChipAuthenticationPublicKeyInfo,
    MalformedSecurityInfo,
    PaceDomainParameterInfo,
    PaceInfo,
    SecurityInfo,
    SecurityInfos,
    TerminalAuthenticationInfo,
    parse_card_access,
)
from reader.lds.sod import signed_data_of
from reader.survey.personal_fields import fields_of_dg13

__all__ = ["Facts", "card_access_facts", "file_facts", "listed_groups", "signature_facts", "size_shown"]

Facts: TypeAlias = dict[str, object]

_IMPERSONAL: Final = frozenset(
    {files.CARD_ACCESS, files.CARD_SECURITY, files.ATR_INFO, files.DIR, files.COM, files.SOD}
    | {files.data_group(number) for number in (1, 14, 15)}
)
"""Files whose length tells nothing about a person: that of DG1 is fixed by its format."""

_PHOTO_STEP: Final = 5_000
_STEP: Final = 128
_COUNTRY: Final = re.compile(r"[A-Za-z]{2,3}")
_STATE: Final = re.compile(r"[A-Z]{1,3}")
_VERSION: Final = re.compile(r"[0-9]{4,6}")
_EC_PUBLIC_KEY: Final = "1.2.840.10045.2.1"
_OPEN_ENDED: Final = "991231"  # what the MRZ of a card without expiry is thought to say


def file_facts(raw: RawDocument) -> Facts:
    """Everything that the report says about the files that were read.

    Args:
        raw: the files.
    """
    document = IdDocument(raw)
    parts: tuple[tuple[str, FileId, Callable[[], Facts]], ...] = (
        ("common_data", files.COM, lambda: _common_data(document)),
        ("security_object", files.SOD, lambda: _security_object(raw.require(files.SOD))),
        ("mrz", files.data_group(1), lambda: _mrz(document)),
        ("portrait", files.data_group(2), lambda: _portrait(document)),
        ("dg13", files.data_group(13), lambda: fields_of_dg13(document)),
        ("dg14", files.data_group(14), lambda: {"infos": _dg14(document)}),
        ("dg15", files.data_group(15), lambda: _dg15(document)),
    )
    return {name: _guarded(facts) for name, file, facts in parts if file in raw}


def _guarded(facts: Callable[[], Facts]) -> Facts:
    try:
        return facts()
    except ChipIdError as error:
        return {"error": error.code.name}


def size_shown(file: FileId, length: int) -> Facts:
    """The length of a file in bytes; of one with personal contents only rounded up."""
    if file in _IMPERSONAL:
        return {"bytes": length}
    step = _PHOTO_STEP if file.number in (2, 3, 4, 5, 7) else _STEP
    return {"bytes_up_to": -(-length // step) * step}


# ---------------------------------------------------------------------------------- EF.CardAccess, DG14
def card_access_facts(octets: bytes) -> Facts:
    """EF.CardAccess: whole only if it is the one that every CCCD is known to have."""
    facts: Facts = {"bytes": len(octets), "is_known_cccd": octets == ASSUMED_CCCD_CARD_ACCESS}
    if octets == ASSUMED_CCCD_CARD_ACCESS:
        facts["octets"] = octets.hex()
    return facts | _guarded(lambda: {"infos": _infos(parse_card_access(octets))})


def _dg14(document: IdDocument) -> list[Facts]:
    infos = document.security_infos
    return [] if infos is None else _infos(infos)


def _infos(infos: SecurityInfos) -> list[Facts]:
    return [{"oid": info.oid} | _info(info) for info in infos.infos]


def _info(info: SecurityInfo) -> Facts:
    match info:
        case PaceInfo():
            return {"protocol": info.protocol.name, "version": info.version, "parameter_id": info.parameter_id}
        case PaceDomainParameterInfo():
            return {"protocol": "PACE domain parameters"} | _domain(
                info.domain_parameter.oid, info.domain_parameter.curve
            )
        case ChipAuthenticationInfo():
            return {
                "protocol": "chip authentication",
                "version": info.version,
                "cipher": info.cipher.label,
                "has_key_id": info.key_id is not None,
            }
        case ChipAuthenticationPublicKeyInfo():
            return {"protocol": "chip authentication key", "has_key_id": info.key_id is not None} | _key(
                info.public_key
            )
        case TerminalAuthenticationInfo():
            return {"protocol": "terminal authentication", "version": info.version}
        case ActiveAuthenticationInfo():
            return {"protocol": "active authentication", "signature_algorithm": info.signature_algorithm}
        case MalformedSecurityInfo():
            return {"protocol": "malformed"}
    return {"protocol": "unknown"}


def _domain(oid: str, curve: object) -> Facts:
    return {"algorithm": oid, "curve": getattr(curve, "name", None)}


def _key(key: SubjectPublicKey) -> Facts:
    """Kind, size and curve of a public key, and whether the curve is named; not the key."""
    facts: Facts = {"algorithm": key.algorithm.oid, "parameters": _parameters(key)}
    try:
        resolved = key.resolve()
    except ChipIdError as error:
        return facts | {"error": error.code.name}
    if isinstance(resolved, RsaPublicKey):
        return facts | {"kind": "RSA", "bits": resolved.size_bits, "exponent_bits": resolved.exponent.bit_length()}
    return facts | {"kind": "EC", "bits": resolved.size_bits, "curve": resolved.curve.name}


def _parameters(key: SubjectPublicKey) -> str:
    parameters = key.algorithm.parameters
    if parameters is None:
        return "absent"
    if key.curve is not None:
        return "named"
    return "explicit" if key.algorithm.oid == _EC_PUBLIC_KEY and parse_tlv(parameters).tag == 0x30 else "other"


def _dg15(document: IdDocument) -> Facts:
    group = document.active_authentication_key
    return {} if group is None else _key(group.public_key)


def signature_facts(document: RawDocument, signature: bytes) -> Facts:
    """How the chip signs a challenge (Doc 9303-11 §6.1): for RSA the hash that the trailer names, for a curve the form.

    Args:
        document: with DG15.
        signature: the chip's answer.
    """
    facts: Facts = {"signature_bytes": len(signature)}
    try:
        group = IdDocument(document).active_authentication_key
        key = None if group is None else group.public_key.resolve()
        if isinstance(key, RsaPublicKey):
            facts["hash"] = recover(key, signature).hash_algorithm.label
        elif isinstance(key, EcPublicKey):  # r and s as numbers of one length (TR-03111 §5.2.1)
            facts["form"] = "plain" if len(signature) == 2 * key.curve.order_bytes else "other"
    except ChipIdError as error:
        facts["error"] = error.code.name
    return facts


# --------------------------------------------------------------------------------------- EF.COM, EF.SOD
def _common_data(document: IdDocument) -> Facts:
    com = document.com
    if com is None:
        return {}
    return {
        "lds_version": _version(com.lds_version),
        "unicode_version": _version(com.unicode_version),
        "groups": sorted(com.data_groups),
        "unknown_tags": len([tag for tag in com.tags if files.file_by_tag(tag) is None]),
    }


def _version(text: str | None) -> str | None:
    return text if text is not None and _VERSION.fullmatch(text) else None


def _security_object(octets: bytes) -> Facts:
    content = signed_data_of(octets)
    signed = parse_signed_data(content)
    listed = parse_security_object(signed.content)
    facts: Facts = {
        "content_type": signed.content_type,
        "version": listed.version,
        "hash": listed.hash_algorithm.label,
        "groups": sorted(listed.hashes),
        "lds_version": _version(listed.lds_version),
        "has_indefinite_lengths": content[1:2] == b"\x80",
        "certificates": len(signed.certificates),
        "signers": [_signer(signed, signer) for signer in signed.signers],
    }
    return facts


def _signer(signed: SignedData, signer: SignerInfo) -> Facts:
    facts: Facts = {
        "named_by": "subject_key_identifier" if signer.issuer is None else "issuer_and_serial_number",
        "digest": _digest(signer.digest_algorithm),
        "signature": _signature(signer.signature_algorithm, signer.digest_algorithm),
        "signed_attributes": sorted(signer.attributes),
        "signature_bytes": len(signer.signature),
    }
    for encoded in signed.certificates:
        try:
            certificate = Certificate.parse(encoded)
        except ChipIdError as error:
            return facts | {"certificate": {"error": error.code.name}}
        if signer.names(certificate):
            return facts | {"certificate": _guarded(functools.partial(_certificate, certificate))}
    return facts | {"certificate": None}


def _digest(algorithm: AlgorithmIdentifier) -> str:
    try:
        return hash_algorithm(algorithm.oid).label
    except ChipIdError:
        return algorithm.oid


def _signature(algorithm: AlgorithmIdentifier, digest: AlgorithmIdentifier | None = None) -> str:
    try:
        return signature_algorithm(algorithm, None if digest is None else hash_algorithm(digest.oid)).name
    except ChipIdError:
        return algorithm.oid


def _certificate(certificate: Certificate) -> Facts:
    """Of the document signer: its country and kind of key; no name, no number, no date."""
    countries = {value for value in certificate.issuer.values(COUNTRY) if _COUNTRY.fullmatch(value)}
    return {
        "country": min(countries, default=None),
        "is_test": certificate.is_test,
        "signed_with": _signature(certificate.signature_algorithm),
        "key": _key(parse_subject_public_key(certificate.public_key_info)),
    }


# -------------------------------------------------------------------------------------------- DG1, DG2
def _mrz(document: IdDocument) -> Facts:
    mrz = document.mrz
    if mrz is None:
        return {}
    return {
        "format": mrz.format.value,
        "issuing_state": mrz.issuing_state if _STATE.fullmatch(mrz.issuing_state) else None,
        "wrong_check_digits": sorted(digit.field.value for digit in mrz.wrong_check_digits),
        "has_citizen_number": mrz.citizen_number is not None,
        "expires_991231": mrz.date_of_expiry.text == _OPEN_ENDED,
    }


def _portrait(document: IdDocument) -> Facts:
    faces = document.faces
    if not faces:
        return {"images": 0}
    first = faces[0]
    facts: Facts = {
        "images": len(faces),
        "record": "ISO/IEC 19794-5" if isinstance(first, FaceImage) else "ISO/IEC 39794-5",
        "encoding": first.encoding.value,
        "image_bytes_up_to": -(-len(first.image) // _PHOTO_STEP) * _PHOTO_STEP,
    }
    return facts | {"length_deviation": first.length_deviation} if isinstance(first, FaceImage) else facts


def listed_groups(facts: Mapping[str, object]) -> list[int]:
    """Groups that EF.COM or EF.SOD names, of what :func:`file_facts` gave."""
    found: set[int] = set()
    for part in ("common_data", "security_object"):
        listed = facts.get(part)
        if isinstance(listed, dict):
            found.update(listed.get("groups", ()))
    return sorted(found)
