"""SecurityInfos: what a chip can do and with which keys (Doc 9303-11 §9.2, TR-03110-3 §A.1).

The same structure stands in EF.CardAccess (unsigned, before access control) and in DG14 (signed). Objects that are
not known here are kept as octets, and so are known ones that are not well formed: one bad object does not hide the rest.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Final, TypeVar

from crypto.errors import CryptoError, WireError
from crypto.pace.parameters import PaceProtocol, pace_protocol
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.wire.oid import decode_oid
from crypto.wire.tlv import Tlv, parse_tlv, parse_tlv_prefix
from reader import errors
from reader.lds.public_key import (
    AlgorithmIdentifier,
    SubjectPublicKey,
    parse_algorithm_identifier,
    parse_subject_public_key,
)

__all__ = [
    "ActiveAuthenticationInfo",
    "ChipAuthenticationInfo",
    "ChipAuthenticationPublicKeyInfo",
    "MalformedSecurityInfo",
    "PaceDomainParameterInfo",
    "PaceInfo",
    "SecurityInfo",
    "SecurityInfos",
    "TerminalAuthenticationInfo",
    "parse_card_access",
    "parse_security_infos",
]

ID_PK: Final = "0.4.0.127.0.7.2.2.1"  # TR-03110-3 §A.1.1.2: .1 is DH, .2 is ECDH
ID_TA: Final = "0.4.0.127.0.7.2.2.2"
ID_CA: Final = "0.4.0.127.0.7.2.2.3"
ID_PACE: Final = "0.4.0.127.0.7.2.2.4"
ID_AA: Final = "2.23.136.1.1.5"  # Doc 9303-11 §9.2.4 id-icao-mrtd-security-aaProtocolObject
_PACE_FAMILIES: Final = {f"{ID_PACE}.{family}" for family in (1, 2, 3, 4, 6)}
_CIPHERS: Final = {
    1: SymmetricCipher.TDES,
    2: SymmetricCipher.AES128,
    3: SymmetricCipher.AES192,
    4: SymmetricCipher.AES256,
}
_CA_OIDS: Final = {f"{ID_CA}.{agreement}.{cipher}": (agreement, cipher) for agreement in (1, 2) for cipher in _CIPHERS}
_SET, _SEQUENCE, _INTEGER, _OCTET_STRING, _OID = 0x31, 0x30, 0x02, 0x04, 0x06
_MAX_INTEGER_BYTES: Final = 32


@dataclasses.dataclass(frozen=True, slots=True)
class SecurityInfo:
    """One object of the set; also the whole of what is known about one with an unknown identifier.

    Attributes:
        oid: dotted object identifier of the protocol.
        encoded: the SEQUENCE as read.
    """

    oid: str
    encoded: bytes = dataclasses.field(repr=False)


@dataclasses.dataclass(frozen=True, slots=True)
class PaceInfo(SecurityInfo):
    """PACEInfo (Doc 9303-11 §9.2.1).

    Attributes:
        protocol: agreement, mapping and cipher.
        version: 2; version 1 is obsolete.
        parameter_id: standardised domain parameters, or the key of a :class:`PaceDomainParameterInfo`.
    """

    protocol: PaceProtocol
    version: int
    parameter_id: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class PaceDomainParameterInfo(SecurityInfo):
    """PACEDomainParameterInfo (Doc 9303-11 §9.2.2): domain parameters that the chip brings itself."""

    domain_parameter: AlgorithmIdentifier
    parameter_id: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class ChipAuthenticationInfo(SecurityInfo):
    """ChipAuthenticationInfo (Doc 9303-11 §9.2.5).

    Attributes:
        is_elliptic: ECDH; else DH.
        cipher: of the secure messaging that follows.
        version: 1 for what Doc 9303 describes.
        key_id: which key, where the chip has several.
    """

    is_elliptic: bool
    cipher: SymmetricCipher
    version: int
    key_id: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class ChipAuthenticationPublicKeyInfo(SecurityInfo):
    """ChipAuthenticationPublicKeyInfo (Doc 9303-11 §9.2.6)."""

    is_elliptic: bool
    public_key: SubjectPublicKey
    key_id: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class TerminalAuthenticationInfo(SecurityInfo):
    """TerminalAuthenticationInfo (Doc 9303-11 §9.2.7).

    Attributes:
        version: 1 for what passports do.
        ef_cvca: file identifier of EF.CVCA, or ``None`` for the usual one.
        ef_cvca_sfi: its short identifier, or ``None``.
    """

    version: int
    ef_cvca: int | None
    ef_cvca_sfi: int | None


@dataclasses.dataclass(frozen=True, slots=True)
class ActiveAuthenticationInfo(SecurityInfo):
    """ActiveAuthenticationInfo (Doc 9303-11 §9.2.4): the signature algorithm of an elliptic-curve key in DG15."""

    version: int
    signature_algorithm: str


@dataclasses.dataclass(frozen=True, slots=True)
class MalformedSecurityInfo(SecurityInfo):
    """An object of a known kind that is not well formed. It offers nothing; checks say that it is there."""


_Kind = TypeVar("_Kind", bound=SecurityInfo)


@dataclasses.dataclass(frozen=True, slots=True)
class SecurityInfos:
    """The set, in the order of the chip.

    Attributes:
        infos: every object.
        encoded: the SET as read.
    """

    infos: tuple[SecurityInfo, ...]
    encoded: bytes = dataclasses.field(repr=False)

    def of(self, kind: type[_Kind]) -> tuple[_Kind, ...]:
        """The objects of one kind, e.g. ``infos.of(PaceInfo)``."""
        return tuple(info for info in self.infos if isinstance(info, kind))

    @property
    def unknown(self) -> tuple[SecurityInfo, ...]:
        """The objects that are none of the known kinds."""
        return tuple(info for info in self.infos if type(info) is SecurityInfo)

    @property
    def malformed(self) -> tuple[MalformedSecurityInfo, ...]:
        """The objects of a known kind that are not well formed."""
        return self.of(MalformedSecurityInfo)


def parse_card_access(octets: bytes) -> SecurityInfos:
    """Read EF.CardAccess (Doc 9303-10 §3.11.3, Doc 9303-11 §9.2): the SET stands alone.

    Raises:
        WireError: it is not well formed.
        DocumentError: ``document.malformed``.
    """
    return parse_security_infos(parse_tlv(octets, _SET))


def parse_security_infos(tlv: Tlv) -> SecurityInfos:
    """A SecurityInfos as one data object.

    Raises:
        WireError: it is not well formed.
        DocumentError: ``document.malformed`` if it is no SET of SEQUENCEs that each begin with an identifier.
    """
    if tlv.tag != _SET:
        raise errors.DocumentError(errors.FILE_MALFORMED)
    return SecurityInfos(tuple(_parse_info(child) for child in tlv.children()), tlv.encoded)


def _parse_info(tlv: Tlv) -> SecurityInfo:
    first = parse_tlv_prefix(tlv.value) if tlv.tag == _SEQUENCE and tlv.value else None
    if first is None or first.tag != _OID:
        raise errors.DocumentError(errors.FILE_MALFORMED)
    oid = decode_oid(first.value)
    parse = _parser_of(oid)
    if parse is None:
        return SecurityInfo(oid, tlv.encoded)
    try:
        _, *parts = tlv.children()
        if not parts:  # every known kind has requiredData
            return MalformedSecurityInfo(oid, tlv.encoded)
        return parse(oid, tuple(parts), tlv.encoded)
    except (errors.DocumentError, WireError, CryptoError):
        return MalformedSecurityInfo(oid, tlv.encoded)


_Parser = Callable[[str, tuple[Tlv, ...], bytes], SecurityInfo]


def _parser_of(oid: str) -> _Parser | None:
    if pace_protocol(oid) is not None:
        return _pace_info
    if oid in _PACE_FAMILIES:
        return _pace_domain_parameters
    if oid in _CA_OIDS:
        return _chip_authentication
    return {
        f"{ID_PK}.1": _chip_authentication_key,
        f"{ID_PK}.2": _chip_authentication_key,
        ID_TA: _terminal_authentication,
        ID_AA: _active_authentication,
    }.get(oid)


def _pace_info(oid: str, parts: tuple[Tlv, ...], encoded: bytes) -> SecurityInfo:
    protocol = pace_protocol(oid)
    if protocol is None:  # unreachable by _parser_of; said for the type checker and for whoever calls it next
        return SecurityInfo(oid, encoded)
    return PaceInfo(oid, encoded, protocol, _integer(parts[0]), _optional_integer(parts))


def _pace_domain_parameters(oid: str, parts: tuple[Tlv, ...], encoded: bytes) -> SecurityInfo:
    return PaceDomainParameterInfo(oid, encoded, parse_algorithm_identifier(parts[0]), _optional_integer(parts))


def _chip_authentication(oid: str, parts: tuple[Tlv, ...], encoded: bytes) -> SecurityInfo:
    agreement, cipher = _CA_OIDS[oid]
    return ChipAuthenticationInfo(
        oid,
        encoded,
        is_elliptic=agreement == 2,
        cipher=_CIPHERS[cipher],
        version=_integer(parts[0]),
        key_id=_optional_integer(parts),
    )


def _chip_authentication_key(oid: str, parts: tuple[Tlv, ...], encoded: bytes) -> SecurityInfo:
    return ChipAuthenticationPublicKeyInfo(
        oid,
        encoded,
        is_elliptic=oid == f"{ID_PK}.2",
        public_key=parse_subject_public_key(parts[0].encoded),
        key_id=_optional_integer(parts),
    )


def _terminal_authentication(oid: str, parts: tuple[Tlv, ...], encoded: bytes) -> SecurityInfo:
    ef_cvca = sfi = None
    if len(parts) > 1 and parts[1].tag == _SEQUENCE:  # FileID ::= SEQUENCE { fid, sfi OPTIONAL } of OCTET STRINGs
        numbers = [int.from_bytes(child.value, "big") for child in parts[1].children() if child.tag == _OCTET_STRING]
        ef_cvca = numbers[0] if numbers else None
        sfi = numbers[1] if len(numbers) > 1 else None
    return TerminalAuthenticationInfo(oid, encoded, _integer(parts[0]), ef_cvca, sfi)


def _active_authentication(oid: str, parts: tuple[Tlv, ...], encoded: bytes) -> SecurityInfo:
    if len(parts) < 2 or parts[1].tag != _OID:
        raise errors.DocumentError(errors.FILE_MALFORMED)
    return ActiveAuthenticationInfo(oid, encoded, _integer(parts[0]), decode_oid(parts[1].value))


def _integer(tlv: Tlv) -> int:
    """A version or an id: not negative, and not endless. A key id may be large, e.g. ``02 02 00 C3``."""
    if tlv.tag != _INTEGER or not tlv.value or len(tlv.value) > _MAX_INTEGER_BYTES or tlv.value[0] & 0x80:
        raise errors.DocumentError(errors.FILE_MALFORMED)
    return int.from_bytes(tlv.value, "big")


def _optional_integer(parts: tuple[Tlv, ...]) -> int | None:
    return _integer(parts[1]) if len(parts) > 1 else None
