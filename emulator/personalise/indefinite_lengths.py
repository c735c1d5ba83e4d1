"""A signed object in BER with indefinite lengths, as writers that stream their output make it."""

from __future__ import annotations

from typing import Final

from crypto.wire.tlv import encode_tag, encode_tlv, parse_tlv

__all__ = ["with_indefinite_lengths"]

_PIECE_BYTES: Final = 64


def with_indefinite_lengths(content_info: bytes) -> bytes:
    """The same ContentInfo, its outer layers of indefinite length and its content in pieces (ISO/IEC 8825-1 §8.1.3.6).

    What is signed or certified stays as it is: signed attributes and certificates are DER (RFC 5652 §5.4).
    """
    content_type, content = parse_tlv(content_info, 0x30).children()
    version, algorithms, encapsulated, *rest = content.children()[0].children()
    inner_type, inner = encapsulated.children()
    octets = inner.children()[0].value
    pieces = [encode_tlv(0x04, octets[start : start + _PIECE_BYTES]) for start in range(0, len(octets), _PIECE_BYTES)]
    in_pieces = _open_ended(0xA0, _open_ended(0x24, *pieces))
    signed_data = _open_ended(
        0x30,
        version.encoded,
        algorithms.encoded,
        _open_ended(0x30, inner_type.encoded, in_pieces),
        *(part.encoded for part in rest),
    )
    return _open_ended(0x30, content_type.encoded, _open_ended(0xA0, signed_data))


def _open_ended(tag: int, *parts: bytes) -> bytes:
    """Length octet 80, and two zero octets at the end."""
    return encode_tag(tag) + b"\x80" + b"".join(parts) + b"\0\0"
