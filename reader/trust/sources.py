"""What an administrator may hand in: certificates and revocation lists as DER or PEM or in a bundle (PKCS #7), master and
deviation lists (CMS), LDIF of the PKD. A file is known by what is in it; its name only names it.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import enum
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from crypto.errors import CryptoError, WireError
from crypto.pki.certificate_bundle import DATA, parse_certificate_bundle
from crypto.pki.deviation_list import DEVIATION_LIST
from crypto.pki.master_list import MASTER_LIST
from crypto.pki.signed_list import is_cut_off, is_signed_message
from crypto.signatures.der import BIT_STRING, INTEGER, OBJECT_IDENTIFIER, SEQUENCE, sequence
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import TlvReader, encode_tlv
from reader import errors
from reader.trust.file_reading import FileTooLargeError, read_plain
from reader.trust.ldif import is_ldif, ldif_values

__all__ = ["ItemKind", "SourceFile", "SourceItem", "SourceKind", "read_source"]

MAX_SOURCE_BYTES: Final = 256 << 20
"""The PKD's download of document signers has 80 MB."""
_MAX_PEM_BLOCKS: Final = 100_000
_BEGIN: Final = b"-----BEGIN "
_DASHES: Final = b"-----"
_HEAD_BYTES: Final = 512
"""A content type stands before the content, behind a few digest algorithms."""
_DATA_TYPE: Final = encode_tlv(OBJECT_IDENTIFIER, encode_oid(DATA))
_TIME_TAGS: Final = (0x17, 0x18)


class SourceKind(enum.StrEnum):
    """What a file is."""

    CERTIFICATE = "certificate"
    PEM = "pem"
    BUNDLE = "pkcs7"
    REVOCATION_LIST = "revocation_list"
    MASTER_LIST = "master_list"
    DEVIATION_LIST = "deviation_list"
    LDIF = "ldif"


class ItemKind(enum.StrEnum):
    """What one thing in a file is. Certificates are told apart when they are parsed."""

    CERTIFICATE = "certificate"
    REVOCATION_LIST = "revocation_list"
    MASTER_LIST = "master_list"
    DEVIATION_LIST = "deviation_list"
    UNKNOWN = "unknown"


_LISTS: Final = {
    encode_tlv(OBJECT_IDENTIFIER, encode_oid(MASTER_LIST)): ItemKind.MASTER_LIST,
    encode_tlv(OBJECT_IDENTIFIER, encode_oid(DEVIATION_LIST)): ItemKind.DEVIATION_LIST,
}


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SourceItem:
    """One thing out of a file.

    Attributes:
        kind: what it looks like.
        octets: DER (lists: as found).
        place: where in the file, for people; empty if it is the whole file.
    """

    kind: ItemKind
    octets: bytes
    place: str = ""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SourceFile:
    """A file that was read.

    Attributes:
        name: its name without folders.
        kind: what it is.
        sha256: fingerprint of the whole, in hexadecimal.
        items: what is in it.
    """

    name: str
    kind: SourceKind
    sha256: str
    items: tuple[SourceItem, ...]


def read_source(path: Path) -> SourceFile:
    """Read a file and say what is in it.

    Raises:
        TrustError: ``trust.source_unreadable``, ``trust.source_too_large``, ``trust.source_unknown``,
            ``trust.source_truncated``, ``trust.source_malformed``; each with the file's name.
    """
    octets = _read(path)
    try:
        kind, items = _identify(octets)
    except errors.TrustError as error:
        raise errors.TrustError(error.code, file=shown_name(path), **dict(error.facts)) from None
    return SourceFile(shown_name(path), kind, hashlib.sha256(octets).hexdigest(), items)


def shown_name(path: Path) -> str:
    """The file's name as text that any stream and JSON can hold, on one line."""
    return shown_path(path.name)


def shown_path(path: str) -> str:
    """The same for a whole path."""
    text = path.encode("utf-8", "backslashreplace").decode("utf-8")
    return "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)


def _read(path: Path) -> bytes:
    try:
        return read_plain(path, MAX_SOURCE_BYTES)
    except FileTooLargeError:
        raise errors.TrustError(errors.TRUST_SOURCE_TOO_LARGE, file=shown_name(path)) from None
    except OSError as error:
        reason = error.strerror or "it cannot be opened"
        raise errors.TrustError(errors.TRUST_SOURCE_UNREADABLE, file=shown_name(path), reason=reason) from None


def _identify(octets: bytes) -> tuple[SourceKind, tuple[SourceItem, ...]]:
    if is_ldif(octets):
        items = tuple(_ldif_items(octets))
        if not items:
            raise errors.TrustError(errors.TRUST_SOURCE_UNKNOWN)
        return SourceKind.LDIF, items
    if _BEGIN in octets[: 1 << 20] and octets[:1] != b"\x30":
        return SourceKind.PEM, _pem_items(octets)
    if octets[:1] == b"\x30" and is_cut_off(octets):
        raise errors.TrustError(errors.TRUST_SOURCE_TRUNCATED)
    if _is_bundle(octets):
        return SourceKind.BUNDLE, _bundle_items(octets)
    item = _der_item(octets)
    if item.kind is ItemKind.UNKNOWN:
        raise errors.TrustError(errors.TRUST_SOURCE_UNKNOWN)
    return SourceKind(item.kind.value), (item,)


def _is_bundle(octets: bytes) -> bool:
    """Whether it looks like a message that signs no list: the content's type comes before any list's could."""
    return is_signed_message(octets) and _kind_of(octets) is ItemKind.UNKNOWN and _DATA_TYPE in octets[:_HEAD_BYTES]


def _bundle_items(octets: bytes, place: str = "") -> tuple[SourceItem, ...]:
    try:
        bundle = parse_certificate_bundle(octets)
    except CryptoError as error:
        raise errors.TrustError(errors.TRUST_SOURCE_MALFORMED, reason=error.code.name) from None
    before = f"{place}, " if place else ""
    found = [(f"{before}certificate {number}", one) for number, one in enumerate(bundle.certificates, start=1)]
    found += [(f"{before}revocation list {number}", one) for number, one in enumerate(bundle.revocation_lists, start=1)]
    if not found:
        raise errors.TrustError(errors.TRUST_SOURCE_UNKNOWN)
    return tuple(_der_item(one, where) for where, one in found)


def _der_item(octets: bytes, place: str = "") -> SourceItem:
    return SourceItem(_kind_of(octets), octets, place)


def _kind_of(octets: bytes) -> ItemKind:
    """What the octets look like. Their own parser says what is wrong with them."""
    if is_signed_message(octets):
        head = octets[:_HEAD_BYTES]
        return next((kind for oid, kind in _LISTS.items() if oid in head), ItemKind.UNKNOWN)
    try:
        outer = sequence(octets)
        signed_part = TlvReader(outer.take(SEQUENCE).value)
        outer.take(SEQUENCE)
        outer.take(BIT_STRING)
        if signed_part.take_optional(0xA0) is not None:  # only certificates have a tagged version (RFC 5280 §4.1)
            return ItemKind.CERTIFICATE
        signed_part.take_optional(INTEGER)  # a certificate's serial number, a revocation list's version (§5.1)
        signed_part.take(SEQUENCE)  # algorithm
        signed_part.take(SEQUENCE)  # issuer
        is_list = signed_part.take_any().tag in _TIME_TAGS  # this update; a certificate's validity is a sequence
    except WireError:
        return ItemKind.UNKNOWN
    return ItemKind.REVOCATION_LIST if is_list else ItemKind.CERTIFICATE


def _pem_items(octets: bytes) -> tuple[SourceItem, ...]:
    """What stands between PEM's lines (RFC 7468 §5 certificates, §6 revocation lists, §8 PKCS #7, §9 CMS)."""
    blocks = octets.split(_BEGIN)[1:]
    if len(blocks) > _MAX_PEM_BLOCKS:
        raise errors.TrustError(errors.TRUST_SOURCE_TOO_LARGE)
    items: list[SourceItem] = []
    for number, block in enumerate(blocks, start=1):
        label, _, rest = block.partition(_DASHES)
        if label.endswith(b"PRIVATE KEY"):
            continue  # whoever put it there: it is none of our business, and is not kept
        text, end, _ = rest.partition(b"-----END " + label + _DASHES)
        if not end:
            raise errors.TrustError(errors.TRUST_SOURCE_TRUNCATED, block=number)
        try:
            decoded = base64.b64decode(b"".join(text.split()), validate=True)
        except binascii.Error:
            raise errors.TrustError(errors.TRUST_SOURCE_MALFORMED, block=number) from None
        place = f"block {number}"
        items += _bundle_items(decoded, place) if _is_bundle(decoded) else [_der_item(decoded, place)]
    if not any(item.kind is not ItemKind.UNKNOWN for item in items):
        raise errors.TrustError(errors.TRUST_SOURCE_UNKNOWN)
    return tuple(items)


def _ldif_items(octets: bytes) -> Iterator[SourceItem]:
    """Values that are certificates or lists, under whatever name the directory keeps them; pictures and so on are not."""
    for value in ldif_values(octets):
        if value.octets[:1] == b"\x30":
            item = _der_item(value.octets, f"entry {value.entry}, {value.attribute}")
            if item.kind is not ItemKind.UNKNOWN:
                yield item
