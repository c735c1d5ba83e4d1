"""BER-TLV and object identifiers, cut and put together in plain Python (ITU-T X.690) for the foreign terminal."""

from __future__ import annotations

from collections.abc import Iterator


def tlv(tag: int, *values: bytes) -> bytes:
    """One data object, shortest length."""
    value = b"".join(values)
    size = len(value)
    length = bytes([size]) if size < 0x80 else b"\x81%c" % size if size < 0x100 else b"\x82" + size.to_bytes(2, "big")
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + length + value


def header(octets: bytes) -> tuple[int, int, int]:
    """Tag, length of the value, length of the header."""
    end = 1
    if octets[0] & 0x1F == 0x1F:
        while octets[end] & 0x80:
            end += 1
        end += 1
    tag = int.from_bytes(octets[:end], "big")
    first = octets[end]
    if first < 0x80:
        return tag, first, end + 1
    size = first & 0x7F
    assert 1 <= size <= 3, "a length of one to three octets"
    return tag, int.from_bytes(octets[end + 1 : end + 1 + size], "big"), end + 1 + size


def objects(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """The data objects one after the other; there must be nothing else."""
    while octets:
        tag, size, start = header(octets)
        assert len(octets) >= start + size, "the value is all there"
        yield tag, octets[start : start + size]
        octets = octets[start + size :]


def only(octets: bytes, *tags: int) -> bytes:
    """The value at the end of a chain of tags, each the only object at its place."""
    for tag in tags:
        ((found, octets),) = objects(octets)
        assert found == tag, f"{found:X} in place of {tag:X}"
    return octets


def oid(dotted: str) -> bytes:
    """The value field of an object identifier."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    body = b""
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        body += bytes(reversed(groups))
    return body
