"""The chip's half of PACE with generic mapping over elliptic curves (Doc 9303-11 §4.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from crypto.errors import CryptoError, WireError
from crypto.pace.mapping import map_generic_ecdh
from crypto.pace.parameters import PasswordReference, standardized_curve
from crypto.primitives.block_cipher import encrypt_cbc
from crypto.primitives.curves import Curve, Point
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import mac, macs_equal
from crypto.wire.apdu import CommandApdu
from crypto.wire.oid import decode_oid, encode_oid
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv, iter_tlvs, parse_tlv
from emulator.chip.content import ChipContent, PaceOffer
from emulator.chip.ephemeral import fresh_key_pair
from emulator.chip.refusal import CommandRefusedError
from emulator.chip.secure_messaging import ChipChannel

__all__ = ["PaceRun", "start_pace"]


def start_pace(content: ChipContent, data: bytes, random_bytes: Callable[[int], bytes]) -> PaceRun:
    """MSE:Set AT for PACE (Doc 9303-11 §4.4.4.1). Unknown data objects are ignored, as note 2 there asks.

    Raises:
        CommandRefusedError: 6A80 protocol unknown or ambiguous, 6A88 password or domain parameters unknown.
    """
    try:
        objects = {tlv.tag: tlv.value for tlv in iter_tlvs(data)}
        oid = decode_oid(objects.get(0x80, b""))
    except WireError:
        raise CommandRefusedError(StatusWord.WRONG_DATA) from None
    offers = [offer for offer in content.pace if offer.protocol.oid == oid]
    if not offers or 0x83 not in objects:
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    if 0x84 in objects:
        parameter_id = int.from_bytes(objects[0x84], "big")
        offers = [offer for offer in offers if offer.parameter_id == parameter_id]
        if not offers:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
    if len(offers) > 1:
        raise CommandRefusedError(StatusWord.WRONG_DATA)
    return PaceRun(offers[0], _password_seed(content, objects[0x83]), random_bytes, content)


def _password_seed(content: ChipContent, reference: bytes) -> bytes:
    """K = f(π) (Doc 9303-11 table 14)."""
    if reference == bytes([PasswordReference.MRZ]) and content.mrz_information is not None:
        return hashlib.sha1(content.mrz_information.reveal(), usedforsecurity=False).digest()
    if reference == bytes([PasswordReference.CAN]) and content.can is not None:
        return content.can.reveal()
    raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)


class PaceRun:
    """One run of the protocol: four steps in this order, each once, none after a failure."""

    def __init__(
        self, offer: PaceOffer, seed: bytes, random_bytes: Callable[[int], bytes], content: ChipContent
    ) -> None:
        curve = standardized_curve(offer.parameter_id)
        if curve is None:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        self._curve: Final[Curve] = curve
        self._protocol: Final = offer.protocol
        self._cipher: Final = offer.protocol.cipher
        self._password_key: Final = derive_key(seed, KeyUse.PASSWORD, self._cipher)
        self._random: Final = random_bytes
        self._wrong_password_status: Final = content.behaviour.wrong_password_status
        self._steps = iter((self._nonce_step, self._mapping_step, self._agreement_step, self._token_step))
        self._steps_left = 4
        self._nonce = b""
        self._generator = curve.g
        self._tokens = (b"", b"")
        self._shared = b""
        self.channel: ChipChannel | None = None
        """Set by the last step: the session that begins after its answer."""

    @property
    def has_begun(self) -> bool:
        """Whether the chain of GENERAL AUTHENTICATE is open."""
        return self._steps_left < 4

    def general_authenticate(self, command: CommandApdu) -> bytes:
        """The next step (Doc 9303-11 §4.4.5, table 4); returns dynamic authentication data DO'7C'.

        Raises:
            CommandRefusedError: the run is over then.
        """
        chained = bool(command.cla & 0x10)
        last = self._steps_left == 1
        if chained and last:
            raise CommandRefusedError(StatusWord.LAST_COMMAND_EXPECTED)
        if not chained and not last:  # Doc 9303-11 §4.4.4.3: chaining MUST be used
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        self._steps_left -= 1
        step = next(self._steps)
        try:
            dynamic = parse_tlv(command.data, 0x7C)
            return encode_tlv(0x7C, step(dynamic.value))
        except (WireError, CryptoError):
            raise CommandRefusedError(StatusWord.WRONG_DATA) from None

    def _nonce_step(self, body: bytes) -> bytes:
        if body:
            raise CommandRefusedError(StatusWord.WRONG_DATA)
        block = self._cipher.block_bytes
        # Doc 9303-11 §4.4.3.3: a whole number of blocks and no shorter than the key
        length = -(-self._cipher.key_bytes // block) * block
        self._nonce = self._random(length)
        return encode_tlv(0x80, encrypt_cbc(self._cipher, self._password_key, bytes(block), self._nonce))

    def _mapping_step(self, body: bytes) -> bytes:
        peer = self._curve.decode_point(parse_tlv(body, 0x81).value)
        key = fresh_key_pair(self._curve, self._random)
        self._generator = map_generic_ecdh(self._curve, self._nonce, key, peer)
        return encode_tlv(0x82, key.public_octets)

    def _agreement_step(self, body: bytes) -> bytes:
        peer = self._curve.decode_point(parse_tlv(body, 0x83).value)
        key = fresh_key_pair(self._curve, self._random)
        own: Point = key.multiply(self._generator)
        if own == peer:  # Doc 9303-11 §4.4.1 step 3c: the two keys SHALL differ
            raise CommandRefusedError(StatusWord.AUTHENTICATION_FAILED)
        self._shared = key.shared_x(peer)
        ks_mac = derive_key(self._shared, KeyUse.MAC, self._cipher)
        # §4.4.3.4: each side's token covers the other side's key; the terminal's covers ours
        self._tokens = (self._token(ks_mac, own), self._token(ks_mac, peer))
        return encode_tlv(0x84, self._curve.encode_point(own))

    def _token(self, ks_mac: bytes, point: Point) -> bytes:
        oid = encode_tlv(0x06, encode_oid(self._protocol.oid))
        public_key = encode_tlv(0x7F49, oid + encode_tlv(0x86, self._curve.encode_point(point)))
        return mac(self._cipher, ks_mac, public_key)

    def _token_step(self, body: bytes) -> bytes:
        expected, own = self._tokens
        if not macs_equal(parse_tlv(body, 0x85).value, expected):
            raise CommandRefusedError(self._wrong_password_status)
        self.channel = ChipChannel.derive(self._cipher, self._shared)
        return encode_tlv(0x86, own)
