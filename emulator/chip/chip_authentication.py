"""The chip's half of chip authentication, version 1, over elliptic curves (Doc 9303-11 §6.2; TR-03110-1 §3.4)."""

from __future__ import annotations

from collections.abc import Sequence

from crypto.errors import CryptoError, WireError
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.wire.oid import decode_oid
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import iter_tlvs, parse_tlv
from emulator.chip.content import ChipAuthenticationKey
from emulator.chip.refusal import CommandRefusedError
from emulator.chip.secure_messaging import ChipChannel

__all__ = ["agree_by_general_authenticate", "agree_by_key_agreement_template", "select_key"]


def select_key(keys: Sequence[ChipAuthenticationKey], data: bytes) -> ChipAuthenticationKey:
    """MSE:Set AT (Doc 9303-11 §6.2.4.2): the key that DO'80' and DO'84' mean.

    Raises:
        CommandRefusedError: 6A80 protocol unknown, 6A88 key unknown or ambiguous.
    """
    objects = _objects(data)
    try:
        oid = decode_oid(objects.get(0x80, b""))
    except WireError:
        raise CommandRefusedError(StatusWord.WRONG_DATA) from None
    candidates = [key for key in keys if key.oid == oid]
    if not candidates:
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    return _by_reference(candidates, objects.get(0x84))


def agree_by_general_authenticate(key: ChipAuthenticationKey, data: bytes) -> ChipChannel:
    """GENERAL AUTHENTICATE with the terminal's ephemeral key in 7C{80}; the new session starts after the answer."""
    try:
        public_key = parse_tlv(parse_tlv(data, 0x7C).value, 0x80).value
    except WireError:
        raise CommandRefusedError(StatusWord.WRONG_DATA) from None
    return _agree(key, public_key)


def agree_by_key_agreement_template(keys: Sequence[ChipAuthenticationKey], data: bytes) -> ChipChannel:
    """MSE:Set KAT, for 3DES only: key in DO'91', reference in DO'84' (Doc 9303-11 §6.2.4.1)."""
    objects = _objects(data)
    candidates = [key for key in keys if key.cipher is SymmetricCipher.TDES]
    if not candidates or 0x91 not in objects:
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    return _agree(_by_reference(candidates, objects.get(0x84)), objects[0x91])


def _objects(data: bytes) -> dict[int, bytes]:
    try:
        return {tlv.tag: tlv.value for tlv in iter_tlvs(data)}
    except WireError:
        raise CommandRefusedError(StatusWord.WRONG_DATA) from None


def _by_reference(keys: Sequence[ChipAuthenticationKey], reference: bytes | None) -> ChipAuthenticationKey:
    if reference is not None:
        wanted = int.from_bytes(reference, "big")
        keys = [key for key in keys if key.key_id == wanted]
    if len(keys) != 1:
        raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
    return keys[0]


def _agree(key: ChipAuthenticationKey, public_key: bytes) -> ChipChannel:
    curve = key.private_key.curve
    try:
        shared = key.private_key.shared_x(curve.decode_point(public_key))
    except CryptoError:  # not a point of the curve: an invalid-curve attack gets no answer to learn from
        raise CommandRefusedError(StatusWord.WRONG_DATA) from None
    return ChipChannel.derive(key.cipher, shared)
