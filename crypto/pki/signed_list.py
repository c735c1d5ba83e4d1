"""What master lists and deviation lists have in common: a CMS message whose signer a country's CSCA has certified for
just that (Doc 9303-12 §9.1, §10.1). Whether that country may speak here is for whoever imports the list to say.
"""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Iterable
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint, WireError
from crypto.pki.certificate import Certificate
from crypto.pki.cms import CMS_MALFORMED, SIGNED_DATA, SignedData, SignerInfo, parse_signed_data, verify_signer
from crypto.pki.extensions import KeyUsage
from crypto.pki.findings import Outcome
from crypto.signatures.der import OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, malformed_as, read_oid
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import (
    TLV_TRAILING,
    TLV_TRUNCATED,
    Tlv,
    encode_tlv,
    iter_tlvs,
    parse_tag,
    parse_tlv,
)

__all__ = ["EXTENDED_KEY_USAGE", "ListSigner", "extended_key_usage", "parse_signed_list", "verify_list_signer"]

LIST_TYPE_UNKNOWN = ErrorCode(
    "signed_list.type_unknown", Hint.CALL_STAFF, "A signed message is not the kind of list that it should be."
)
LIST_SIGNER_ABSENT = ErrorCode(
    "signed_list.signer_absent", Hint.CALL_STAFF, "A signed list does not carry the certificate of its signer."
)
LIST_SIGNATURE_WRONG = ErrorCode(
    "signed_list.signature_wrong", Hint.CALL_STAFF, "The signature of a list is wrong: it was changed or damaged."
)
LIST_SIGNATURE_UNUSABLE = ErrorCode(
    "signed_list.signature_unusable",
    Hint.NOT_SUPPORTED,
    "A list was signed with a key or an algorithm that this program does not have.",
)
LIST_SIGNER_EXPIRED = ErrorCode(
    "signed_list.signer_expired", Hint.CALL_STAFF, "The signer of a list was not certified when the list was signed."
)
LIST_SIGNER_UNFIT = ErrorCode(
    "signed_list.signer_unfit", Hint.CALL_STAFF, "The signer of a list was certified for something else than that."
)

EXTENDED_KEY_USAGE: Final = "2.5.29.37"
MAX_LIST_BYTES: Final = 32 << 20
"""The largest list of today has 0.9 MB and nearly 600 certificates."""


@dataclasses.dataclass(frozen=True, slots=True)
class ListSigner:
    """Who signed a list. Its signature over the list is right.

    Attributes:
        certificate: the signer's.
        authorities: every certificate with whose key the signer's was signed and whose name is its issuer's:
            of one key there may be a self-signed and link certificates. Empty if none is known.
        signing_time: when the signer says that it signed, or ``None``.
    """

    certificate: Certificate
    authorities: tuple[Certificate, ...]
    signing_time: datetime.datetime | None


def parse_signed_list(octets: bytes, content_type: str) -> SignedData:
    """The CMS message around a list. Lists may be longer than any file of a chip.

    Args:
        octets: the whole file.
        content_type: what the list must be, as dotted text.

    Raises:
        CryptoError: ``cms.malformed``; ``signed_list.type_unknown``.
    """
    with malformed_as(CMS_MALFORMED):
        try:
            signed = _parse_long(octets)
        except WireError:  # written in BER, as no list should be (§9): the general parser knows that
            signed = parse_signed_data(octets)
    if signed.content_type != content_type:
        raise CryptoError(LIST_TYPE_UNKNOWN, content_type=signed.content_type)
    return signed


def verify_list_signer(
    signed: SignedData, purpose: str, authorities: Iterable[Certificate], at: datetime.datetime
) -> ListSigner:
    """The signer of a list, after its signature and its certificate have been looked at.

    Args:
        signed: the message.
        purpose: extended key usage for lists of that kind, as dotted text. It is required of every signer that is no
            authority itself: else any document signer could make a list.
        authorities: certificates among which the issuer may be, beside those in the message. Looked through once.
        at: now; the certificate must be valid at the signing time if one is stated that is not after that.

    Raises:
        CryptoError: one of the ``signed_list.…`` codes, or as the parsing of a carried certificate.
    """
    if not signed.signers:
        raise CryptoError(LIST_SIGNER_ABSENT)
    info = signed.signers[0]  # §9.1: one is recommended; a second could only say less
    carried = [Certificate.parse(encoded) for encoded in signed.certificates]
    certificate = next((one for one in carried if info.names(one)), None)
    if certificate is None:
        raise CryptoError(LIST_SIGNER_ABSENT)
    _check_signature(signed, info, certificate)
    _check_certificate(certificate, purpose, info.signing_time, at)
    issuers = _issuers_of(certificate, (*carried, *authorities))
    return ListSigner(certificate, issuers, info.signing_time)


def extended_key_usage(certificate: Certificate) -> frozenset[str]:
    """What the key was certified for, as dotted text; empty if nothing is said (RFC 5280 §4.2.1.12).

    Raises:
        CryptoError: ``signed_list.signer_unfit``: the extension is malformed.
    """
    extension = certificate.extensions.get(EXTENDED_KEY_USAGE)
    if extension is None:
        return frozenset()
    with malformed_as(LIST_SIGNER_UNFIT):
        purposes = iter_tlvs(parse_tlv(extension.value, SEQUENCE).value)
        return frozenset(read_oid(one) for one in purposes if one.tag == OBJECT_IDENTIFIER)


def _check_signature(signed: SignedData, info: SignerInfo, certificate: Certificate) -> None:
    finding = verify_signer(signed, info, certificate)
    if finding.outcome is Outcome.UNDETERMINED:
        raise CryptoError(LIST_SIGNATURE_UNUSABLE, reason=finding.cause or finding.code.value)
    if not finding.is_successful:
        raise CryptoError(LIST_SIGNATURE_WRONG, reason=finding.code.value)


def _check_certificate(
    certificate: Certificate, purpose: str, signed_at: datetime.datetime | None, at: datetime.datetime
) -> None:
    instant = signed_at if signed_at is not None and signed_at <= at else at
    if not certificate.not_before <= instant <= certificate.not_after:
        raise CryptoError(LIST_SIGNER_EXPIRED)
    if certificate.is_authority is not True and purpose not in extended_key_usage(certificate):  # Doc 9303-12 §7.1.1
        raise CryptoError(LIST_SIGNER_UNFIT)
    if certificate.key_usage is not None and not certificate.key_usage & (
        KeyUsage.DIGITAL_SIGNATURE | KeyUsage.KEY_CERT_SIGN
    ):
        raise CryptoError(LIST_SIGNER_UNFIT)
    if set(certificate.unknown_critical_extensions) - {EXTENDED_KEY_USAGE}:  # RFC 5280 §4.2
        raise CryptoError(LIST_SIGNER_UNFIT)


def _issuers_of(certificate: Certificate, among: Iterable[Certificate]) -> tuple[Certificate, ...]:
    found: dict[bytes, Certificate] = {}
    tried: dict[bytes, bool] = {}
    for candidate in among:
        if candidate.subject.canonical != certificate.issuer.canonical or candidate.is_authority is not True:
            continue
        if candidate.key_usage is not None and KeyUsage.KEY_CERT_SIGN not in candidate.key_usage:
            continue
        key_info = candidate.public_key_info
        if key_info not in tried:
            try:
                tried[key_info] = certificate.is_signed_by(candidate.public_key())
            except CryptoError:  # an authority whose key cannot be used vouches for nobody
                tried[key_info] = False
        if tried[key_info]:
            found[candidate.sha256] = candidate
    return tuple(found.values())


def _parse_long(octets: bytes) -> SignedData:
    """Takes the content out, has the general parser read the rest, and puts the content in again.

    The general parser's limit on one data object is that of a chip's file, and stays so.
    """
    if len(octets) > MAX_LIST_BYTES:
        raise CryptoError(CMS_MALFORMED, length=len(octets))
    content_info = _value(octets, SEQUENCE)
    kind, after = _prefix(content_info)
    message = _value(_value(content_info[after:], 0xA0), SEQUENCE)
    version, after_version = _prefix(message)
    digests, after_digests = _prefix(message, after_version)
    start, end = _extent(message, after_digests, SEQUENCE)
    encapsulated, rest = message[start:end], message[end:]
    content_type, after_type = _prefix(encapsulated)
    content = _value(_value(encapsulated[after_type:], 0xA0), OCTET_STRING)
    hollow = encode_tlv(SEQUENCE, (content_type, encode_tlv(0xA0, encode_tlv(OCTET_STRING))))
    inner = encode_tlv(SEQUENCE, (version, digests, hollow, rest))
    signed = parse_signed_data(encode_tlv(SEQUENCE, (kind, encode_tlv(0xA0, inner))))
    return dataclasses.replace(signed, content=content)


def _prefix(octets: bytes, offset: int = 0) -> tuple[bytes, int]:
    """The data object at ``offset`` as found, and the offset after it."""
    start, end = _extent(octets, offset)
    del start
    return octets[offset:end], end


def _value(octets: bytes, tag: int) -> bytes:
    """The value of the one data object that these octets are."""
    start, end = _extent(octets, 0, tag)
    if end != len(octets):
        raise WireError(TLV_TRAILING)
    return octets[start:end]


def _extent(octets: bytes, offset: int, tag: int | None = None) -> tuple[int, int]:
    """Where the value of a data object of definite length begins and ends. It lies within the octets."""
    found, position = parse_tag(octets, offset)
    if tag is not None and found != tag:
        raise WireError(TLV_TRUNCATED)
    if position >= len(octets):
        raise WireError(TLV_TRUNCATED)
    first = octets[position]
    position += 1
    length = first
    if first >= 0x80:
        count = first & 0x7F
        if not 1 <= count <= 4 or position + count > len(octets):
            raise WireError(TLV_TRUNCATED)
        length = int.from_bytes(octets[position : position + count], "big")
        position += count
    if position + length > len(octets):
        raise WireError(TLV_TRUNCATED)
    return position, position + length


def list_members(encoded_set: bytes) -> tuple[bytes, ...]:
    """The members of a SET OF that may be longer than any file of a chip, each as found.

    Raises:
        WireError: malformed.
    """
    return tuple(item.encoded for item in iter_tlvs(_value(encoded_set, 0x31)))


def long_value(octets: bytes, tag: int) -> bytes:
    """The value of one data object, however long. Raises :class:`WireError` if the octets are anything else."""
    return _value(octets, tag)


def long_objects(octets: bytes, most: int) -> tuple[tuple[bytes, bytes], ...]:
    """Data objects one behind the other, however long each is: as found, and the value.

    Args:
        octets: nothing but data objects of definite length.
        most: how many there may be.

    Raises:
        WireError: malformed, or more.
    """
    found: list[tuple[bytes, bytes]] = []
    position = 0
    while position < len(octets):
        start, end = _extent(octets, position)
        found.append((octets[position:end], octets[start:end]))
        position = end
        if len(found) > most:
            raise WireError(TLV_TRAILING)
    return tuple(found)


def long_sequence(octets: bytes) -> tuple[Tlv, bytes]:
    """The first member of a SEQUENCE, and the octets of those after it. Raises :class:`WireError` if malformed."""
    content = _value(octets, SEQUENCE)
    first, after = _prefix(content)
    return parse_tlv(first), content[after:]


_SIGNED_DATA_HEAD: Final = encode_tlv(OBJECT_IDENTIFIER, encode_oid(SIGNED_DATA))


def is_signed_message(octets: bytes) -> bool:
    """Whether these octets begin like a CMS SignedData, whole or cut off, in DER or BER."""
    return octets[:1] == b"\x30" and _SIGNED_DATA_HEAD in octets[:32]


def is_cut_off(octets: bytes) -> bool:
    """Whether one ASN.1 value begins here that announces more octets than there are."""
    try:
        parse_tag(octets)
        _extent(octets, 0)
    except WireError:
        return octets[:1] == b"\x30" and octets[1:2] != b"\x80"
    return False
