"""What DG11 and DG12 share: the tag list in front, names in DO'A0', dates in two codings (Doc 9303-10 §4.7.11, §4.7.12)."""

from __future__ import annotations

import datetime
import enum
from collections.abc import Sequence

from crypto.wire.tlv import encode_tag, encode_tlv

__all__ = ["DateCoding", "counted_names", "encode_date", "template_with_tag_list"]


class DateCoding(enum.StrEnum):
    """How a full date is written."""

    ASCII = "ascii"
    """Eight digits."""
    BCD = "bcd"
    """Four octets with two digits each, as early documents have it."""


def encode_date(day: datetime.date | str, coding: DateCoding) -> bytes:
    """A full date ``yyyymmdd``.

    Args:
        day: a date, or its eight digits where parts are unknown, ``19420000``.
        coding: how.
    """
    digits = day if isinstance(day, str) else f"{day:%Y%m%d}"
    return bytes.fromhex(digits) if coding is DateCoding.BCD else digits.encode("ascii")


def counted_names(tag: int, names: Sequence[str]) -> bytes:
    """DO'A0': how many, then each under its tag."""
    encoded = b"".join(encode_tlv(tag, name.encode()) for name in names)
    return encode_tlv(0xA0, encode_tlv(0x02, bytes([len(names)])) + encoded)


def template_with_tag_list(tag: int, elements: Sequence[tuple[int, bytes]], *, tag_list: bool = True) -> bytes:
    """A whole file: DO'5C' with the tags in order, then the data objects themselves.

    Args:
        tag: of the file.
        elements: tag for the list, and the whole encoded data object. The two differ for names: the list has the tag
            of the names, which lie inside DO'A0'.
        tag_list: whether DO'5C' is written; the standard demands it, some documents lack it.
    """
    listed = encode_tlv(0x5C, b"".join(encode_tag(element) for element, _ in elements)) if tag_list else b""
    return encode_tlv(tag, listed + b"".join(encoded for _, encoded in elements))
