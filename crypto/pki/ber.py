"""Indefinite lengths made definite, for the documents whose EF.SOD was written in BER (ITU-T X.690 §8.1.3.6).

DER inside it, such as certificates, comes out octet for octet as it went in.
"""

from __future__ import annotations

from typing import Final

from crypto.errors import ErrorCode, Hint, WireError
from crypto.wire import limits
from crypto.wire.tlv import TLV_TOO_DEEP, TLV_TOO_LARGE, TLV_TRUNCATED, encode_length, parse_tag, parse_tlv_header

__all__ = ["to_definite_lengths"]

BER_MALFORMED = ErrorCode("ber.malformed", Hint.CALL_STAFF, "A data object of indefinite length is not well formed.")

_INDEFINITE: Final = 0x80
_END_OF_CONTENTS: Final = b"\0\0"


class _Transcoder:
    """Walks through the octets once; counts what it meets so that no input can keep it busy."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._seen = 0

    def element(self, offset: int, end: int, depth: int) -> tuple[bytes, int]:
        """The data object at ``offset`` with definite lengths, and the offset after it."""
        self._seen += 1
        if depth > limits.MAX_TLV_DEPTH:
            raise WireError(TLV_TOO_DEEP)
        if self._seen > limits.MAX_TLV_OBJECTS:
            raise WireError(TLV_TOO_LARGE)
        data = self._data
        _, after_tag = parse_tag(data, offset)
        is_constructed = bool(data[offset] & 0x20)
        if after_tag >= end:
            raise WireError(TLV_TRUNCATED)
        if data[after_tag] == _INDEFINITE:
            if not is_constructed:
                raise WireError(BER_MALFORMED)
            content, after = self._until_end_of_contents(after_tag + 1, end, depth)
            return data[offset:after_tag] + encode_length(len(content)) + content, after
        _, length, header = parse_tlv_header(data, offset)
        start, after = offset + header, offset + header + length
        if after > end:
            raise WireError(TLV_TRUNCATED)
        if not is_constructed:
            return data[offset:after], after
        content = self._until(start, after, depth)
        if content == data[start:after]:  # nothing indefinite inside: the very octets, whatever their length's form
            return data[offset:after], after
        return data[offset:after_tag] + encode_length(len(content)) + content, after

    def _until(self, offset: int, end: int, depth: int) -> bytes:
        parts = []
        while offset < end:
            part, offset = self.element(offset, end, depth + 1)
            parts.append(part)
        return b"".join(parts)

    def _until_end_of_contents(self, offset: int, end: int, depth: int) -> tuple[bytes, int]:
        parts = []
        while self._data[offset : offset + 2] != _END_OF_CONTENTS:
            if offset >= end:
                raise WireError(TLV_TRUNCATED)
            part, offset = self.element(offset, end, depth + 1)
            parts.append(part)
        if offset + 2 > end:
            raise WireError(TLV_TRUNCATED)
        return b"".join(parts), offset + 2


def to_definite_lengths(octets: bytes) -> bytes:
    """The one data object in ``octets``, with every indefinite length replaced by a definite one.

    Raises:
        WireError: truncated, malformed, nested too deep, too many objects, or octets after the object.
    """
    transcoded, after = _Transcoder(octets).element(0, len(octets), 0)
    if after != len(octets):
        raise WireError(BER_MALFORMED)
    return transcoded
