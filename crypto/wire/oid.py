"""Object identifiers between dotted text and the content octets of BER (ISO/IEC 8825-1 §8.19)."""

from __future__ import annotations

import functools

from crypto.errors import ErrorCode, Hint, WireError

__all__ = ["decode_oid", "encode_oid"]

OID_MALFORMED = ErrorCode("oid.malformed", Hint.CALL_STAFF, "An object identifier is not well formed.")
_MAX_OCTETS = 64


@functools.lru_cache(maxsize=512)  # a protocol names itself in several of its messages
def encode_oid(dotted: str) -> bytes:
    """Content octets (no tag, no length) of ``"0.4.0.127…"``."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    return b"".join(_base128(arc) for arc in (40 * first + second, *rest))


def _base128(arc: int) -> bytes:
    septets = [arc & 0x7F]
    while arc := arc >> 7:
        septets.append(0x80 | (arc & 0x7F))
    return bytes(reversed(septets))


def decode_oid(octets: bytes) -> str:
    """Dotted text of content octets. Raises :class:`WireError` if empty, truncated, padded or absurdly long."""
    if len(octets) > _MAX_OCTETS:
        raise WireError(OID_MALFORMED)
    return _decode(bytes(octets))


@functools.lru_cache(maxsize=512)  # documents name the same few dozen over and over
def _decode(octets: bytes) -> str:
    if not octets or octets[-1] & 0x80:
        raise WireError(OID_MALFORMED)
    arcs: list[int] = []
    value = 0
    in_arc = False
    for octet in octets:
        if octet == 0x80 and value == 0 and not in_arc:  # a leading zero septet: not the shortest form (§8.19.2)
            raise WireError(OID_MALFORMED)
        in_arc = bool(octet & 0x80)
        value = value << 7 | (octet & 0x7F)
        if not octet & 0x80:
            arcs.append(value)
            value = 0
    root = min(arcs[0] // 40, 2)
    return ".".join(str(arc) for arc in (root, arcs[0] - 40 * root, *arcs[1:]))
