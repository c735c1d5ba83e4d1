"""The certificate extensions that a path's validity depends on (RFC 5280 §4.2.1, Doc 9303-12 §7.1)."""

from __future__ import annotations

import dataclasses
import enum
import functools
from collections.abc import Mapping
from typing import Final

from crypto.errors import ErrorCode, Hint, WireError
from crypto.pki.names import LOCALITY, Name, parse_name
from crypto.signatures.der import (
    BIT_STRING,
    BOOLEAN,
    INTEGER,
    OBJECT_IDENTIFIER,
    OCTET_STRING,
    SEQUENCE,
    inside,
    read_integer,
    read_oid,
    sequence,
)
from crypto.wire.tlv import Tlv, iter_tlvs, parse_tlv

__all__ = ["UNDERSTOOD", "Extension", "KeyUsage", "parse_extension_list", "parse_extensions"]

EXTENSION_MALFORMED = ErrorCode(
    "certificate.extension_malformed", Hint.CALL_STAFF, "An extension of a certificate is not well formed."
)

SUBJECT_KEY_IDENTIFIER: Final = "2.5.29.14"
KEY_USAGE: Final = "2.5.29.15"
PRIVATE_KEY_USAGE_PERIOD: Final = "2.5.29.16"
SUBJECT_ALTERNATIVE_NAME: Final = "2.5.29.17"
ISSUER_ALTERNATIVE_NAME: Final = "2.5.29.18"
BASIC_CONSTRAINTS: Final = "2.5.29.19"
CRL_DISTRIBUTION_POINTS: Final = "2.5.29.31"
CERTIFICATE_POLICIES: Final = "2.5.29.32"
AUTHORITY_KEY_IDENTIFIER: Final = "2.5.29.35"
NAME_CHANGE: Final = "2.23.136.1.1.6.1"
DOCUMENT_TYPE_LIST: Final = "2.23.136.1.1.6.2"

UNDERSTOOD: Final = frozenset(
    {
        SUBJECT_KEY_IDENTIFIER,
        KEY_USAGE,
        BASIC_CONSTRAINTS,
        AUTHORITY_KEY_IDENTIFIER,
        # These restrict nothing that is decided here: any policy is accepted, names and places only inform, and the
        # types of documents are looked at where the document's own is known.
        PRIVATE_KEY_USAGE_PERIOD,
        SUBJECT_ALTERNATIVE_NAME,
        ISSUER_ALTERNATIVE_NAME,
        CRL_DISTRIBUTION_POINTS,
        CERTIFICATE_POLICIES,
        NAME_CHANGE,
        DOCUMENT_TYPE_LIST,
    }
)
"""Extensions that may be critical. Any other critical one makes a certificate unusable (RFC 5280 §4.2)."""


_MAX_DOCUMENT_TYPE_LIST: Final = 2048
"""Longest list of types in bytes; there are some hundred codes in the world."""

_STRING_TAGS: Final = frozenset({0x0C, 0x13, 0x16})
"""UTF8String, PrintableString, IA5String."""


class KeyUsage(enum.Flag):
    """What a key may be used for, by bit number (RFC 5280 §4.2.1.3)."""

    DIGITAL_SIGNATURE = enum.auto()
    NON_REPUDIATION = enum.auto()
    KEY_ENCIPHERMENT = enum.auto()
    DATA_ENCIPHERMENT = enum.auto()
    KEY_AGREEMENT = enum.auto()
    KEY_CERT_SIGN = enum.auto()
    CRL_SIGN = enum.auto()
    ENCIPHER_ONLY = enum.auto()
    DECIPHER_ONLY = enum.auto()


@dataclasses.dataclass(frozen=True, slots=True)
class Extension:
    """One extension: whether it is critical, and its value as found."""

    is_critical: bool
    value: bytes


def parse_extensions(tlv: Tlv | None) -> Mapping[str, Extension]:
    """Extensions by object identifier, from the ``[3]`` field of a certificate or the ``[0]`` field of a list.

    Without that field (``None``) there are none.

    Raises:
        WireError: malformed, or one extension twice (RFC 5280 §4.2).
    """
    return parse_extension_list(None if tlv is None else parse_tlv(tlv.value, SEQUENCE))


def parse_extension_list(tlv: Tlv | None) -> Mapping[str, Extension]:
    """Extensions by object identifier, from an ``Extensions`` sequence. Raises as :func:`parse_extensions`."""
    found: dict[str, Extension] = {}
    for item in () if tlv is None else iter_tlvs(tlv.value):
        reader = inside(item)
        oid = read_oid(reader.take(OBJECT_IDENTIFIER))
        flag = reader.take_optional(BOOLEAN)
        value = reader.take(OCTET_STRING).value
        if oid in found:
            raise WireError(EXTENSION_MALFORMED, oid=oid)
        found[oid] = Extension(flag is not None and flag.value != b"\0", value)
    return found


def read_subject_key_identifier(extension: Extension | None) -> bytes | None:
    """The identifier of the subject's key (RFC 5280 §4.2.1.2)."""
    return None if extension is None else parse_tlv(extension.value, OCTET_STRING).value


def read_authority_key_identifier(extension: Extension | None) -> bytes | None:
    """The identifier of the issuer's key, if that field is there (RFC 5280 §4.2.1.1)."""
    if extension is None:
        return None
    key_identifier = sequence(extension.value).take_optional(0x80)
    return None if key_identifier is None else key_identifier.value


def read_key_usage(extension: Extension | None) -> KeyUsage | None:
    """What the key may be used for (RFC 5280 §4.2.1.3)."""
    if extension is None:
        return None
    octets = parse_tlv(extension.value, BIT_STRING).value
    if not 2 <= len(octets) <= 3 or octets[0] > 7:
        raise WireError(EXTENSION_MALFORMED, oid=KEY_USAGE)
    bits = int.from_bytes(octets[1:].ljust(2, b"\0"), "big")
    usage = KeyUsage(0)
    for number, member in enumerate(KeyUsage):
        if bits & 0x8000 >> number:
            usage |= member
    return usage


def read_basic_constraints(extension: Extension | None) -> tuple[bool | None, int | None]:
    """Whether the subject is a certification authority, and the path length (RFC 5280 §4.2.1.9)."""
    if extension is None:
        return None, None
    reader = sequence(extension.value)
    authority = reader.take_optional(BOOLEAN)
    length = reader.take_optional(INTEGER)
    reader.finish()
    is_authority = authority is not None and authority.value != b"\0"
    return is_authority, None if length is None else read_integer(length)


def read_document_types(extension: Extension | None) -> frozenset[str] | None:
    """The document codes that a signer may sign, without fillers; ``None`` if the extension is absent.

    ``DocumentTypeListSyntax ::= SEQUENCE { version INTEGER, docTypeList SET OF PrintableString }`` (Doc 9303-12
    §7.1.1.6). States have written it in other shapes; whatever strings are in it count. Empty: nothing is readable.
    """
    if extension is None:
        return None
    # Nothing longer is remembered, so that nobody can fill the memory with it.
    return frozenset() if len(extension.value) > _MAX_DOCUMENT_TYPE_LIST else _document_types(extension.value)


@functools.lru_cache(maxsize=64)  # signers of one state all say the same
def _document_types(octets: bytes) -> frozenset[str]:
    try:
        strings = [tlv.value for tlv in parse_tlv(octets).walk() if tlv.tag in _STRING_TAGS]
    except WireError:
        return frozenset()
    return frozenset(text.decode("latin-1").strip().rstrip("<").upper() for text in strings) - {""}


def read_directory_names(extension: Extension | None) -> tuple[Name, ...]:
    """The directory names in a subject's or issuer's alternative name (RFC 5280 §4.2.1.6); others are left out.

    Nothing that is decided by them opens a door, so that a malformed extension is like none.
    """
    if extension is None:
        return ()
    try:
        general_names = parse_tlv(extension.value, SEQUENCE).children()
        return tuple(parse_name(parse_tlv(name.value, SEQUENCE)) for name in general_names if name.tag == 0xA4)
    except WireError:
        return ()


def read_issuing_states(extension: Extension | None) -> frozenset[str]:
    """The country codes as in the machine-readable zone, from an alternative name (Doc 9303-12 §7.1.1.2)."""
    names = read_directory_names(extension)
    return frozenset(value.strip().rstrip("<").upper() for name in names for value in name.values(LOCALITY))
