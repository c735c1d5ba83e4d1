"""What the data blocks of ISO/IEC 39794-4, -5 and -6 have in common (Doc 9303-10 §4.5.6; ISO/IEC 39794-1).

The blocks are ASN.1 in DER with context tags, made to be extended: whoever meets a field that it does not know passes
over it. So only the fields that a reader needs are taken out; every other one stays as octets. What of this layout is
confirmed and what is assumed stands in docs/decisions/.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Iterator, Mapping
from typing import Final

from crypto.wire.tlv import Tlv, iter_tlvs, parse_tlv_prefix
from reader import errors

__all__ = ["BlockFields", "BlockVersion", "CaptureTime", "data_block", "representations"]

_ENVELOPE: Final = 0xA1  # Doc 9303-10 §4.5.6 table 2: biometric data in standardised format
_SEQUENCE: Final = 0x30
_CONTEXT: Final = 0x80
_LONGEST_INTEGER: Final = 8
MAX_REPRESENTATIONS: Final = 16
"""Most pictures in one block. The application profile for travel documents allows one."""


@dataclasses.dataclass(frozen=True, slots=True)
class BlockVersion:
    """Generation (3 is the first of ISO/IEC 39794) and year of the standard's edition."""

    generation: int
    year: int


@dataclasses.dataclass(frozen=True, slots=True)
class CaptureTime:
    """When a picture was taken; ``None`` where the block does not say."""

    year: int | None
    month: int | None
    day: int | None
    hour: int | None
    minute: int | None
    second: int | None
    millisecond: int | None


class BlockFields:
    """The fields of one block by the number of their context tag.

    Args:
        content: value field of the block.
        file: short name of the file, for errors.

    Raises:
        WireError: no sequence of data objects.
        DocumentError: ``document.malformed`` if one number stands twice.
    """

    def __init__(self, content: bytes, file: str) -> None:
        self._file = file
        self._fields: dict[int, Tlv] = {}
        self._taken: set[int] = set()
        for tlv in iter_tlvs(content):
            # DER has the fields in the order of their numbers, so each once. Other classes are no fields of a block
            if tlv.encoded[0] & 0xC0 == _CONTEXT and self._fields.setdefault(_number(tlv), tlv) is not tlv:
                raise self.malformed()

    def malformed(self) -> errors.DocumentError:
        """The error for this file."""
        return errors.DocumentError(errors.FILE_MALFORMED, file=self._file)

    def get(self, number: int) -> Tlv | None:
        """The field, or ``None`` if it is absent."""
        self._taken.add(number)
        return self._fields.get(number)

    def require(self, number: int) -> Tlv:
        """The field. Raises ``document.malformed`` if it is absent."""
        tlv = self.get(number)
        if tlv is None:
            raise self.malformed()
        return tlv

    def block(self, number: int) -> BlockFields | None:
        """The fields of a block inside this one, or ``None`` if it is absent."""
        tlv = self.get(number)
        return None if tlv is None else BlockFields(tlv.value, self._file)

    def integer(self, number: int) -> int | None:
        """An INTEGER or ENUMERATED that is not negative."""
        tlv = self.get(number)
        return None if tlv is None else self._unsigned(tlv.value)

    def code(self, number: int) -> int | None:
        """A code that may be extended: ``CHOICE { code [0], extensionBlock [1] { fallback [0], … } }``.

        Of an extension only the fallback is understood: the standard puts it there for readers that know no more.
        """
        tlv = self.get(number)
        if tlv is None or not tlv.is_constructed:
            return None if tlv is None else self._unsigned(tlv.value)
        choice = BlockFields(tlv.value, self._file)
        code = choice.integer(0)
        if code is not None:
            return code
        extension = choice.block(1)
        return None if extension is None else extension.integer(0)

    def version(self) -> BlockVersion:
        """The version block that every data block starts with (field 0)."""
        block = self.block(0)
        generation, year = (None, None) if block is None else (block.integer(0), block.integer(1))
        if generation is None or year is None:
            raise self.malformed()
        return BlockVersion(generation, year)

    def capture_time(self, number: int) -> CaptureTime | None:
        """A block of date and time; ``None`` if it is absent."""
        block = self.block(number)
        return None if block is None else CaptureTime(*(block.integer(part) for part in range(7)))

    def others(self) -> Mapping[int, bytes]:
        """The fields that nobody asked for so far, encoded as on the chip, by their number."""
        left = {number: tlv.encoded for number, tlv in self._fields.items() if number not in self._taken}
        return types.MappingProxyType(left)

    def _unsigned(self, value: bytes) -> int:
        if not 1 <= len(value) <= _LONGEST_INTEGER or value[0] & 0x80:
            raise self.malformed()
        return int.from_bytes(value, "big")


def _number(tlv: Tlv) -> int:
    """Number of a context tag (ISO/IEC 8825-1 §8.1.2)."""
    if tlv.encoded[0] & 0x1F != 0x1F:
        return tlv.encoded[0] & 0x1F
    number, more = 0, tlv.tag & ((1 << (8 * (_tag_size(tlv.tag) - 1))) - 1)
    for octet in more.to_bytes(_tag_size(tlv.tag) - 1, "big"):
        number = number << 7 | octet & 0x7F
    return number


def _tag_size(tag: int) -> int:
    return (tag.bit_length() + 7) // 8


def data_block(octets: bytes, tag: int, file: str) -> BlockFields:
    """The fields of a data block.

    Args:
        octets: value field of the object 7F2E: ``A1 { 64, 65 or 66 … }``; the inner object alone is accepted too.
        tag: 0x64 for fingers, 0x65 for faces, 0x66 for irises (Doc 9303-10 §4.5.6 table 3).
        file: short name of the file, for errors.

    Raises:
        WireError: no well-formed data object.
        DocumentError: ``document.format_unsupported`` if the block is of another part of the standard.
    """
    outer = parse_tlv_prefix(octets)
    block = parse_tlv_prefix(outer.value) if outer.tag == _ENVELOPE else outer
    if block.tag != tag:
        raise errors.DocumentError(errors.FORMAT_UNSUPPORTED, file=file)
    return BlockFields(block.value, file)


def representations(block: BlockFields, file: str) -> Iterator[tuple[BlockFields, bytes]]:
    """The representation blocks (field 1: a SEQUENCE OF SEQUENCE), each with its octets as on the chip.

    Raises:
        WireError, DocumentError: ``document.malformed`` if there are none, or more than :data:`MAX_REPRESENTATIONS`.
    """
    items = [tlv for tlv in block.require(1).children() if tlv.tag == _SEQUENCE]
    if not 1 <= len(items) <= MAX_REPRESENTATIONS:
        raise block.malformed()
    for item in items:
        yield BlockFields(item.value, file), item.encoded
