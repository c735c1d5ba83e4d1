"""Data groups 5 and 7: the portrait and the signature as they are printed (Doc 9303-10 §4.7.5 and §4.7.7)."""

from __future__ import annotations

from collections.abc import Sequence

from crypto.wire.tlv import encode_tlv

__all__ = ["encode_dg5", "encode_dg7"]


def encode_dg5(portraits: Sequence[bytes]) -> bytes:
    """The whole file, tag 65: JPEG or JPEG 2000 images as printed."""
    return encode_tlv(0x65, _images(0x5F40, portraits))


def encode_dg7(signatures: Sequence[bytes]) -> bytes:
    """The whole file, tag 67: JPEG or JPEG 2000 images of the signature or usual mark."""
    return encode_tlv(0x67, _images(0x5F43, signatures))


def _images(tag: int, images: Sequence[bytes]) -> bytes:
    return encode_tlv(0x02, bytes([len(images)])) + b"".join(encode_tlv(tag, image) for image in images)
