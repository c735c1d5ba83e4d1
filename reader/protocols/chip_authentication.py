"""Chip authentication version 1, the terminal's half (Doc 9303-11 §6.2; TR-03110-1 §3.4).

The chip proves that it holds the static key of DG14: only then can it answer the next command under the new
session keys. So the exchange here yields keys, and the proof is the first answer that opens with them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve, EcPrivateKey, Point, random_scalar
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from reader import errors
from reader.protocols.exchange import Steps
from reader.protocols.secure_messaging import SessionKeys

__all__ = ["ChipAuthenticationSuite", "chip_authentication_terminal"]


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ChipAuthenticationSuite:
    """One chip-authentication key and protocol of DG14.

    Attributes:
        oid: id-CA-ECDH-…, dotted.
        cipher: of the new channel.
        curve, chip_point: the chip's static public key.
        key_id: the reference to send, if DG14 gives one.
    """

    oid: str
    cipher: SymmetricCipher
    curve: Curve
    chip_point: Point
    key_id: int | None = None


def chip_authentication_terminal(
    suite: ChipAuthenticationSuite, new_scalar: Callable[[Curve], int] = random_scalar
) -> Steps[SessionKeys]:
    """Agree with the chip's static key. Runs inside the channel that access control opened.

    Returns:
        Keys of the next channel; the answer to the last command here still came under the old ones.

    Raises:
        ProtocolError: ``chip_authentication.refused``.
    """
    own_key = suite.curve.private_key(new_scalar(suite.curve))
    if suite.cipher.is_aes:
        yield from _set_at_and_authenticate(suite, own_key)
    else:
        yield from _set_kat(suite, own_key)
    return SessionKeys.derive(suite.cipher, own_key.shared_x(suite.chip_point))


def _set_at_and_authenticate(suite: ChipAuthenticationSuite, own_key: EcPrivateKey) -> Steps[None]:
    """MSE:Set AT, then GENERAL AUTHENTICATE (Doc 9303-11 §6.2.4.2)."""
    data = encode_tlv(0x80, encode_oid(suite.oid)) + _key_reference(suite)
    _require_success((yield CommandApdu(0x00, 0x22, 0x41, 0xA4, data)))
    data = encode_tlv(0x7C, encode_tlv(0x80, own_key.public_octets))
    _require_success((yield CommandApdu(0x00, 0x86, 0x00, 0x00, data, ne=256)))


def _set_kat(suite: ChipAuthenticationSuite, own_key: EcPrivateKey) -> Steps[None]:
    """MSE:Set KAT, for 3DES only (Doc 9303-11 §6.2.4.1)."""
    data = encode_tlv(0x91, own_key.public_octets) + _key_reference(suite)
    _require_success((yield CommandApdu(0x00, 0x22, 0x41, 0xA6, data)))


def _key_reference(suite: ChipAuthenticationSuite) -> bytes:
    """DO'84', an unsigned number in as few bytes as it needs: INTEGER 00C3 goes out as 84 01 C3."""
    if suite.key_id is None:
        return b""
    size = max(1, (suite.key_id.bit_length() + 7) // 8)
    return encode_tlv(0x84, suite.key_id.to_bytes(size, "big"))


def _require_success(answer: ResponseApdu) -> None:
    if not answer.is_success:
        raise errors.ProtocolError(errors.CHIP_AUTHENTICATION_REFUSED, status_word=str(answer.sw))
