"""The few ASN.1 types that keys, signatures and certificates are made of (ITU-T X.690), over bounded data objects."""

from __future__ import annotations

import types
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint, WireError
from crypto.wire.oid import decode_oid
from crypto.wire.tlv import TLV_ABSENT, Tlv, TlvReader, encode_tlv, parse_tlv

__all__ = [
    "BIT_STRING",
    "BOOLEAN",
    "INTEGER",
    "NULL",
    "OBJECT_IDENTIFIER",
    "OCTET_STRING",
    "SEQUENCE",
    "SET",
    "encode_integer",
    "inside",
    "malformed_as",
    "read_bit_string",
    "read_integer",
    "read_oid",
    "sequence",
]

BOOLEAN: Final = 0x01
INTEGER: Final = 0x02
BIT_STRING: Final = 0x03
OCTET_STRING: Final = 0x04
NULL: Final = 0x05
OBJECT_IDENTIFIER: Final = 0x06
SEQUENCE: Final = 0x30
SET: Final = 0x31

DER_MALFORMED = ErrorCode("der.malformed", Hint.CALL_STAFF, "An ASN.1 value is not well formed.")


class malformed_as:  # noqa: N801 - reads like the function that it could be, at a quarter of the cost
    """Says what was malformed: a :class:`WireError` inside becomes a :class:`CryptoError` with this code."""

    __slots__ = ("_code",)

    def __init__(self, code: ErrorCode) -> None:
        self._code = code

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: types.TracebackType | None
    ) -> None:
        if isinstance(error, WireError):
            raise CryptoError(self._code, reason=error.code.name) from error


def sequence(octets: bytes) -> TlvReader:
    """A reader inside the one SEQUENCE that these octets are."""
    return TlvReader(parse_tlv(octets, SEQUENCE).value)


def inside(tlv: Tlv) -> TlvReader:
    """A reader inside a data object that must be a SEQUENCE. Raises :class:`WireError` (``tlv.absent``) if it is none."""
    if tlv.tag != SEQUENCE:
        raise WireError(TLV_ABSENT, tag=f"{SEQUENCE:X}")
    return TlvReader(tlv.value)


def read_integer(tlv: Tlv) -> int:
    """An INTEGER, which may be negative (X.690 §8.3). Raises :class:`WireError` if it has no octets."""
    if not tlv.value:
        raise WireError(DER_MALFORMED)
    return int.from_bytes(tlv.value, "big", signed=True)


def encode_integer(value: int) -> bytes:
    """An INTEGER with as few octets as its value needs (X.690 §8.3.2)."""
    return encode_tlv(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big", signed=True))


def read_bit_string(tlv: Tlv) -> bytes:
    """A BIT STRING of whole octets (X.690 §8.6.2). Raises :class:`WireError` if bits are unused."""
    if not tlv.value or tlv.value[0] != 0:
        raise WireError(DER_MALFORMED)
    return tlv.value[1:]


def read_oid(tlv: Tlv) -> str:
    """An OBJECT IDENTIFIER as dotted text."""
    return decode_oid(tlv.value)
