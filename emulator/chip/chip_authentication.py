"""The chip's half of chip authentication (Doc 9303-11 §6.2; TR-03110-1 §3.4, TR-03110-2 §3.4, TR-03110-3 §B.2).

Version 1 proves the chip by the first answer under the new keys; terminal authentication version 1 comes after it.
Version 2 comes after terminal authentication version 2 and adds a nonce and a token to the answer. Version 3, which
signs under a pseudonym, is not spoken here.
"""

from __future__ import annotations

import dataclasses
import hashlib
from collections.abc import Callable, Sequence
from typing import Final

from crypto.errors import CryptoError, WireError
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.dh_groups import DhPrivateKey
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import mac, macs_equal
from crypto.wire.oid import decode_oid, encode_oid
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv, iter_tlvs, parse_tlv
from emulator.chip.content import ChipAuthenticationKey
from emulator.chip.refusal import CommandRefusedError
from emulator.chip.secure_messaging import ChipChannel

__all__ = [
    "ChipAuthenticated",
    "agree_by_general_authenticate",
    "agree_by_key_agreement_template",
    "agree_with_authenticated_terminal",
    "compress_public_key",
    "select_key",
]

_DO_DYNAMIC: Final = 0x7C
_NONCE_BYTES: Final = 8  # TR-03110-3 §B.2.2


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class ChipAuthenticated:
    """What an agreement has come to.

    Attributes:
        channel: the session that starts after the answer.
        compressed_key: Comp(PK_PCD): what terminal authentication signs, or has signed.
        answer: data of the answer.
    """

    channel: ChipChannel
    compressed_key: bytes
    answer: bytes


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


def agree_by_general_authenticate(key: ChipAuthenticationKey, data: bytes) -> ChipAuthenticated:
    """Version 1: GENERAL AUTHENTICATE with the terminal's ephemeral key in 7C{80}.

    Raises:
        CommandRefusedError: 6A80 no valid public key, 6982 the key serves version 2 only.
    """
    _require_version(key, 1)
    public_key = _ephemeral_key(data)
    shared = _agree(key, public_key)
    # TR-03110-3 §B.2: no protocol data in the answer of version 1
    return ChipAuthenticated(
        ChipChannel.derive(key.cipher, shared),
        compress_public_key(key.private_key, public_key),
        encode_tlv(_DO_DYNAMIC),
    )


def agree_by_key_agreement_template(keys: Sequence[ChipAuthenticationKey], data: bytes) -> ChipAuthenticated:
    """Version 1 by MSE:Set KAT, for 3DES only: key in DO'91', reference in DO'84' (Doc 9303-11 §6.2.4.1).

    Raises:
        CommandRefusedError: 6A80 no key for 3DES here or no valid public key, 6A88 key unknown or ambiguous.
    """
    objects = _objects(data)
    candidates = [key for key in keys if key.cipher is SymmetricCipher.TDES and 1 in key.versions]
    if not candidates or 0x91 not in objects:
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    key = _by_reference(candidates, objects.get(0x84))
    public_key = objects[0x91]
    shared = _agree(key, public_key)
    compressed = compress_public_key(key.private_key, public_key)
    return ChipAuthenticated(ChipChannel.derive(key.cipher, shared), compressed, b"")


def agree_with_authenticated_terminal(
    key: ChipAuthenticationKey, data: bytes, authenticated: bytes, random_bytes: Callable[[int], bytes]
) -> ChipAuthenticated:
    """Version 2 (TR-03110-2 §3.4.1).

    Args:
        key: the chip's key.
        data: 7C{80} with the terminal's ephemeral key.
        authenticated: Comp(PK_PCD) as terminal authentication has signed it.
        random_bytes: source of r_PICC.

    Raises:
        CommandRefusedError: 6300 not the key that terminal authentication announced, 6A80 no valid public key,
            6982 the key serves version 1 only.
    """
    _require_version(key, 2)
    public_key = _ephemeral_key(data)
    shared = _agree(key, public_key)
    compressed = compress_public_key(key.private_key, public_key)
    if not macs_equal(compressed, authenticated):  # step 3
        raise CommandRefusedError(StatusWord.AUTHENTICATION_FAILED)
    nonce = random_bytes(_NONCE_BYTES)
    seed = shared + nonce  # TR-03110-3 §A.2.3: H(K || r || c)
    token = mac(key.cipher, derive_key(seed, KeyUse.MAC, key.cipher), _token_input(key, public_key))
    answer = encode_tlv(_DO_DYNAMIC, encode_tlv(0x81, nonce) + encode_tlv(0x82, token))
    return ChipAuthenticated(ChipChannel.derive(key.cipher, seed), compressed, answer)


def compress_public_key(kind: object, public_key: bytes) -> bytes:
    """Comp(PK) (TR-03110-3 §A.2.2.3).

    Args:
        kind: a :class:`DhPrivateKey` for finite fields, anything else for curves.
        public_key: the public value as it was sent.

    Returns:
        SHA-1 of a DH value, 20 bytes; the x-coordinate of a point, as long as the field.
    """
    if isinstance(kind, DhPrivateKey):
        return hashlib.sha1(public_key, usedforsecurity=False).digest()
    return public_key[1 : 1 + (len(public_key) - 1) // 2]


def _token_input(key: ChipAuthenticationKey, public_key: bytes) -> bytes:
    """DO'7F49' with the protocol and the *terminal's* ephemeral key (TR-03110-3 §A.2.4, §D.3)."""
    tag = 0x84 if isinstance(key.private_key, DhPrivateKey) else 0x86
    return encode_tlv(0x7F49, encode_tlv(0x06, encode_oid(key.oid)) + encode_tlv(tag, public_key))


def _require_version(key: ChipAuthenticationKey, version: int) -> None:
    if version not in key.versions:
        raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)


def _ephemeral_key(data: bytes) -> bytes:
    try:
        return parse_tlv(parse_tlv(data, _DO_DYNAMIC).value, 0x80).value
    except WireError:
        raise CommandRefusedError(StatusWord.WRONG_DATA) from None


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


def _agree(key: ChipAuthenticationKey, public_key: bytes) -> bytes:
    """The shared secret K.

    A value that is no element of the group, or of a small subgroup of it, gets no answer to learn from
    (TR-03110-3 §A.2.2.1; RFC 2631 §2.1.5).
    """
    private_key = key.private_key
    try:
        if isinstance(private_key, DhPrivateKey):
            return private_key.shared_octets(private_key.group.decode(public_key))
        return private_key.shared_x(private_key.curve.decode_point(public_key))
    except CryptoError:
        raise CommandRefusedError(StatusWord.WRONG_DATA) from None
