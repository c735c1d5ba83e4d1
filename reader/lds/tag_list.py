"""Tag lists (5C) of EF.COM, DG11 and DG12 (Doc 9303-10 §4.6.1, §4.7.11, §4.7.12). They are hints: nothing relies on them."""

from __future__ import annotations

__all__ = ["split_tags"]


def split_tags(octets: bytes) -> tuple[tuple[int, ...], bytes]:
    """The tags of a list as numbers, in their order, and what is left where the list ends inside a tag."""
    tags: list[int] = []
    position = 0
    while position < len(octets):
        size = 1
        if octets[position] & 0x1F == 0x1F:  # ISO/IEC 7816-4 §5.2.2.1: the number goes on in the next octets
            size = 2
            while position + size <= len(octets) and octets[position + size - 1] & 0x80:
                size += 1
        if position + size > len(octets):
            break
        tags.append(int.from_bytes(octets[position : position + size], "big"))
        position += size
    return tuple(tags), bytes(octets[position:])
