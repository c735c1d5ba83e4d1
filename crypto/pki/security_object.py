"""The document security object: which hash belongs to which data group (Doc 9303-10 §4.6.2.3)."""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Mapping
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.signatures.algorithms import parse_algorithm_identifier
from crypto.signatures.der import INTEGER, OCTET_STRING, SEQUENCE, inside, malformed_as, read_integer
from crypto.signatures.hash_algorithms import HashAlgorithm, hash_algorithm
from crypto.wire.tlv import Tlv, TlvReader, iter_tlvs, parse_tlv

__all__ = ["SECURITY_OBJECT_TYPES", "SecurityObject", "parse_security_object"]

SECURITY_OBJECT_MALFORMED = ErrorCode(
    "security_object.malformed", Hint.CALL_STAFF, "The list of hashes on the document is not well formed."
)
SECURITY_OBJECT_VERSION = ErrorCode(
    "security_object.version_unsupported",
    Hint.NOT_SUPPORTED,
    "The list of hashes on the document has a version that this program does not know.",
)

SECURITY_OBJECT_TYPES: Final = frozenset({"2.23.136.1.1.1", "1.3.27.1.1.1", "1.2.528.1.1006.1.20.1"})
"""Content types of EF.SOD: id-icao-ldsSecurityObject, and two that early documents used before it was fixed."""

_PRINTABLE_STRING: Final = 0x13


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SecurityObject:
    """An LDSSecurityObject.

    Attributes:
        version: 0 or 1.
        hash_algorithm: the function behind all hashes.
        hashes: hash by number of the data group, 1 to 16.
        lds_version, unicode_version: as in EF.COM; version 1 only, else ``None``.
    """

    version: int
    hash_algorithm: HashAlgorithm
    hashes: Mapping[int, bytes]
    lds_version: str | None
    unicode_version: str | None

    def __repr__(self) -> str:
        groups = ", ".join(f"DG{number}" for number in self.hashes)
        return f"SecurityObject(version {self.version}, {self.hash_algorithm.label}, {groups})"


def parse_security_object(octets: bytes) -> SecurityObject:
    """The security object in the content of EF.SOD.

    Raises:
        CryptoError: ``security_object.malformed`` (also: a group twice or out of range, or a hash of the wrong
            length), ``security_object.version_unsupported``, ``hash.unsupported``.
    """
    with malformed_as(SECURITY_OBJECT_MALFORMED):
        reader = TlvReader(parse_tlv(octets, SEQUENCE).value)
        version = read_integer(reader.take(INTEGER))
        if version not in (0, 1):
            raise CryptoError(SECURITY_OBJECT_VERSION, version=version)
        algorithm = hash_algorithm(parse_algorithm_identifier(reader.take(SEQUENCE)).oid)
        hashes = _hashes(reader.take(SEQUENCE), algorithm)
        versions = reader.take_optional(SEQUENCE)
        reader.finish()
        lds_version, unicode_version = (None, None) if versions is None else _version_info(versions)
    return SecurityObject(version, algorithm, types.MappingProxyType(hashes), lds_version, unicode_version)


def _hashes(tlv: Tlv, algorithm: HashAlgorithm) -> dict[int, bytes]:
    hashes: dict[int, bytes] = {}
    for item in iter_tlvs(tlv.value):
        reader = inside(item)
        number = read_integer(reader.take(INTEGER))
        value = reader.take(OCTET_STRING).value
        reader.finish()
        if not 1 <= number <= 16 or number in hashes or len(value) != algorithm.digest_bytes:
            raise CryptoError(SECURITY_OBJECT_MALFORMED)
        hashes[number] = value
    if not hashes:
        raise CryptoError(SECURITY_OBJECT_MALFORMED)
    return hashes


def _version_info(tlv: Tlv) -> tuple[str, str]:
    reader = TlvReader(tlv.value)
    lds = reader.take(_PRINTABLE_STRING).value.decode("latin-1")
    return lds, reader.take(_PRINTABLE_STRING).value.decode("latin-1")
