"""BER-TLV data objects (ISO/IEC 7816-4 §5.2.2, ISO/IEC 8825-1), bounded.

A parsed :class:`Tlv` keeps the octets it was found in, so that a hash or a signature is always computed over what
the chip sent and never over a re-encoding. Absent is ``None`` or an error, empty is ``b""``: never the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import NamedTuple

from crypto.errors import ErrorCode, Hint, WireError
from crypto.wire import limits

__all__ = [
    "Tlv",
    "TlvReader",
    "encode_length",
    "encode_tag",
    "encode_tlv",
    "iter_tlvs",
    "parse_tag",
    "parse_tlv",
    "parse_tlv_header",
    "parse_tlv_prefix",
]

TLV_TRUNCATED = ErrorCode("tlv.truncated", Hint.RETRY_CARD, "A data object ends before its announced length.")
TLV_MALFORMED = ErrorCode("tlv.malformed", Hint.CALL_STAFF, "A data object has an impossible tag or length.")
TLV_TOO_LARGE = ErrorCode("tlv.too_large", Hint.CALL_STAFF, "A data object announces more than is allowed.")
TLV_TOO_DEEP = ErrorCode("tlv.too_deep", Hint.CALL_STAFF, "Data objects are nested deeper than is allowed.")
TLV_TRAILING = ErrorCode("tlv.trailing", Hint.CALL_STAFF, "There are octets after the data object.")
TLV_ABSENT = ErrorCode("tlv.absent", Hint.CALL_STAFF, "A required data object is absent.")


class Tlv(NamedTuple):
    """One data object.

    A named tuple and no dataclass, since it is made a hundred times and more for every document, at half the cost.

    Attributes:
        tag: the tag field as one big-endian number, e.g. ``0x5F1F`` or ``0x7F49``.
        value: the value field.
        encoded: tag, length and value as they were found.
    """

    tag: int
    value: bytes
    encoded: bytes

    def __repr__(self) -> str:
        return f"Tlv({self.tag:X}, {len(self.value)} bytes)"  # never the value: it may be personal

    @property
    def is_constructed(self) -> bool:
        """Whether the value is itself a sequence of data objects (ISO/IEC 7816-4 §5.2.2.1, bit 6)."""
        first = self.encoded[0]
        return bool(first & 0x20)

    def children(self) -> tuple[Tlv, ...]:
        """The data objects inside the value. Raises :class:`WireError` if it is no sequence of them."""
        return tuple(iter_tlvs(self.value))

    def find(self, tag: int) -> Tlv | None:
        """The first child with this tag, or ``None``."""
        return next((child for child in iter_tlvs(self.value) if child.tag == tag), None)

    def require(self, tag: int) -> Tlv:
        """The first child with this tag. Raises :class:`WireError` (``tlv.absent``) if there is none."""
        child = self.find(tag)
        if child is None:
            raise WireError(TLV_ABSENT, tag=f"{tag:X}")
        return child

    def walk(self) -> Iterator[Tlv]:
        """This object and everything below it, parents first, within the limits on depth and count."""
        stack = [(self, 0)]
        seen = 0
        while stack:
            tlv, depth = stack.pop()
            seen += 1
            if depth > limits.MAX_TLV_DEPTH:
                raise WireError(TLV_TOO_DEEP)
            if seen > limits.MAX_TLV_OBJECTS:
                raise WireError(TLV_TOO_LARGE)
            yield tlv
            if tlv.is_constructed:
                stack.extend((child, depth + 1) for child in reversed(tlv.children()))


def parse_tlv_header(data: bytes, offset: int = 0) -> tuple[int, int, int]:
    """Read a tag and a length field.

    Returns:
        ``(tag, length of the value, length of the header)``; the value itself need not be there yet.

    Raises:
        WireError: truncated, malformed, indefinite, or longer than :data:`limits.MAX_FILE_BYTES`.
    """
    tag, position = parse_tag(data, offset)
    if position >= len(data):
        raise WireError(TLV_TRUNCATED)
    first = data[position]
    position += 1
    if first < 0x80:
        return tag, first, position - offset
    count = first & 0x7F
    if count == 0 or count > limits.MAX_LENGTH_BYTES - 1:  # indefinite, or more than '84'
        raise WireError(TLV_MALFORMED)
    if position + count > len(data):
        raise WireError(TLV_TRUNCATED)
    length = int.from_bytes(data[position : position + count], "big")
    if length > limits.MAX_FILE_BYTES:
        raise WireError(TLV_TOO_LARGE, announced=length)
    return tag, length, position + count - offset


def parse_tag(data: bytes, offset: int = 0) -> tuple[int, int]:
    """Read a tag field: ``(tag, offset of the octet after it)``. Raises :class:`WireError` as a header does."""
    if offset >= len(data):
        raise WireError(TLV_TRUNCATED)
    position = offset + 1
    if data[offset] & 0x1F != 0x1F:
        return data[offset], position
    while True:  # the tag number follows in further octets, bit 8 says "more"
        if position >= len(data):
            raise WireError(TLV_TRUNCATED)
        position += 1
        if not data[position - 1] & 0x80:
            break
        if position - offset >= limits.MAX_TAG_BYTES:
            raise WireError(TLV_MALFORMED)
    return int.from_bytes(data[offset:position], "big"), position


def parse_tlv_prefix(data: bytes, offset: int = 0) -> Tlv:
    """The data object that starts at ``offset``; what follows it is left alone."""
    size = len(data)
    if 0 <= offset < size - 1 and (length := data[offset + 1]) < 0x80 and (tag := data[offset]) & 0x1F != 0x1F:
        start = offset + 2  # nine headers in ten: one octet for each field
    elif 0 <= offset < size - 2 and data[offset + 1] == 0x81 and (tag := data[offset]) & 0x1F != 0x1F:
        start, length = offset + 3, data[offset + 2]  # most of the rest, and nearly all of secure messaging
    else:
        tag, length, header = parse_tlv_header(data, offset)
        start = offset + header
    end = start + length
    if end > size:
        raise WireError(TLV_TRUNCATED)
    return Tlv(tag, data[start:end], data[offset:end])


def parse_tlv(data: bytes, tag: int | None = None) -> Tlv:
    """Exactly one data object and nothing after it; of the given tag if one is given."""
    tlv = parse_tlv_prefix(data)
    if len(tlv.encoded) != len(data):
        raise WireError(TLV_TRAILING)
    if tag is not None and tlv.tag != tag:
        raise WireError(TLV_ABSENT, tag=f"{tag:X}")
    return tlv


def iter_tlvs(data: bytes) -> Iterator[Tlv]:
    """The data objects of a value field, one after the other, to its end."""
    offset = 0
    count = 0
    while offset < len(data):
        count += 1
        if count > limits.MAX_TLV_OBJECTS:
            raise WireError(TLV_TOO_LARGE)
        tlv = parse_tlv_prefix(data, offset)
        offset += len(tlv.encoded)
        yield tlv


class TlvReader:
    """Walks through data objects whose order a standard prescribes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._offset = 0

    @property
    def offset(self) -> int:
        """How many octets have been consumed."""
        return self._offset

    @property
    def at_end(self) -> bool:
        """Whether every octet has been consumed."""
        return self._offset >= len(self._data)

    def take(self, tag: int) -> Tlv:
        """The next data object, which must have this tag."""
        tlv = self.take_optional(tag)
        if tlv is None:
            raise WireError(TLV_ABSENT, tag=f"{tag:X}")
        return tlv

    def take_optional(self, tag: int) -> Tlv | None:
        """The next data object if it has this tag, else ``None`` and nothing is consumed."""
        data, offset = self._data, self._offset
        if offset >= len(data) or (tag < 0x100 and data[offset] != tag):  # another first octet, another tag
            return None
        tlv = parse_tlv_prefix(data, offset)
        if tlv.tag != tag:
            return None
        self._offset += len(tlv.encoded)
        return tlv

    def take_any(self) -> Tlv:
        """The next data object, whatever its tag."""
        tlv = parse_tlv_prefix(self._data, self._offset)
        self._offset += len(tlv.encoded)
        return tlv

    def finish(self) -> None:
        """Raises :class:`WireError` (``tlv.trailing``) if octets are left."""
        if not self.at_end:
            raise WireError(TLV_TRAILING)


def encode_tag(tag: int) -> bytes:
    """A tag given as one number, as octets."""
    return tag.to_bytes(max(1, (tag.bit_length() + 7) // 8), "big")


def encode_length(length: int) -> bytes:
    """The shortest length field (DER, ISO/IEC 8825-1 §10.1)."""
    if length < 0x80:
        return bytes([length])
    size = (length.bit_length() + 7) // 8
    return bytes([0x80 | size]) + length.to_bytes(size, "big")


def encode_tlv(tag: int, value: bytes | Iterable[bytes] = b"") -> bytes:
    """One data object around a value, or around the concatenation of several encoded objects."""
    content = value if isinstance(value, (bytes, bytearray)) else b"".join(value)
    if tag < 0x100 and len(content) < 0x80:
        return bytes((tag, len(content))) + content  # nine headers in ten: one octet for each field
    return encode_tag(tag) + encode_length(len(content)) + content
