"""The chip's half of PACE with each of its three mappings, over curves and in finite fields (Doc 9303-11 §4.4)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

from crypto.errors import CryptoError, WireError
from crypto.pace.parameters import Mapping, PasswordReference
from crypto.primitives.block_cipher import encrypt_block, encrypt_cbc
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import mac, macs_equal
from crypto.primitives.padding import pad
from crypto.primitives.secret import Secret
from crypto.wire.apdu import CommandApdu
from crypto.wire.oid import decode_oid, encode_oid
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv, iter_tlvs, parse_tlv
from emulator.chip.content import ChipContent, PaceOffer
from emulator.chip.key_agreement import EcdhAgreement, KeyAgreement, agreement_for
from emulator.chip.refusal import CommandRefusedError
from emulator.chip.secure_messaging import ChipChannel

__all__ = ["PaceRun", "start_pace"]

_GENERIC_NONCE_BYTES: Final = 16
"""Doc 9303-11 §4.4.3.3 leaves the number of blocks to the chip; 128 bits are what most documents send."""


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


def _static_scalar(content: ChipContent, offer: PaceOffer, agreement: KeyAgreement) -> Secret | None:
    """The static key with which this run proves that the chip is genuine; ``None`` without CAM.

    Raises:
        CommandRefusedError: 6A80, there is no such key on the curve of the run (Doc 9303-11 §4.4.3.5).
    """
    if offer.protocol.mapping is not Mapping.CHIP_AUTHENTICATION:
        return None
    if isinstance(agreement, EcdhAgreement):
        for key in content.chip_authentication_mapping:
            if key.curve == agreement.curve:
                return key.scalar
    raise CommandRefusedError(StatusWord.WRONG_DATA)


class PaceRun:
    """One run of the protocol: four steps in this order, each once, none after a failure."""

    def __init__(
        self, offer: PaceOffer, seed: bytes, random_bytes: Callable[[int], bytes], content: ChipContent
    ) -> None:
        self._agreement: Final = agreement_for(offer, random_bytes)
        self._static_scalar: Final = _static_scalar(content, offer, self._agreement)
        self._protocol: Final = offer.protocol
        self._cipher: Final = offer.protocol.cipher
        self._password_key: Final = derive_key(seed, KeyUse.PASSWORD, self._cipher)
        self._random: Final = random_bytes
        self._wrong_password_status: Final = content.behaviour.wrong_password_status
        integrated = offer.protocol.mapping is Mapping.INTEGRATED
        # Doc 9303-11 §4.4.5.2.3: chip authentication mapping exchanges what generic mapping does
        mapping_step = self._integrated_mapping_step if integrated else self._generic_mapping_step
        self._nonce_bytes: Final = self._integrated_nonce_bytes() if integrated else _GENERIC_NONCE_BYTES
        self._steps = iter((self._nonce_step, mapping_step, self._agreement_step, self._token_step))
        self._steps_left = 4
        self._nonce = b""
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

    def _integrated_nonce_bytes(self) -> int:
        """Doc 9303-11 §4.4.3.3: the smallest number of blocks that is no shorter than a key."""
        block = self._cipher.block_bytes
        return -(-self._cipher.key_bytes // block) * block

    def _nonce_step(self, body: bytes) -> bytes:
        if body:
            raise CommandRefusedError(StatusWord.WRONG_DATA)
        self._nonce = self._random(self._nonce_bytes)
        zero_iv = bytes(self._cipher.block_bytes)
        return encode_tlv(0x80, encrypt_cbc(self._cipher, self._password_key, zero_iv, self._nonce))

    def _generic_mapping_step(self, body: bytes) -> bytes:
        return encode_tlv(0x82, self._agreement.map_generic(self._nonce, parse_tlv(body, 0x81).value))

    def _integrated_mapping_step(self, body: bytes) -> bytes:
        self._agreement.map_integrated(self._cipher, self._nonce, parse_tlv(body, 0x81).value)
        return encode_tlv(0x82, b"")  # Doc 9303-11 §4.4.5.2.2: there, and empty

    def _agreement_step(self, body: bytes) -> bytes:
        peer = parse_tlv(body, 0x83).value
        own, self._shared = self._agreement.agree(peer)
        ks_mac = derive_key(self._shared, KeyUse.MAC, self._cipher)
        # §4.4.3.4: each side's token covers the other side's key; the terminal's covers ours
        self._tokens = (self._token(ks_mac, own), self._token(ks_mac, peer))
        return encode_tlv(0x84, own)

    def _token(self, ks_mac: bytes, public_key: bytes) -> bytes:
        """Over OID and public key in DO'7F49' (Doc 9303-11 §4.4.3.4 and §9.4)."""
        oid = encode_tlv(0x06, encode_oid(self._protocol.oid))
        value = encode_tlv(self._agreement.public_key_tag, public_key)
        return mac(self._cipher, ks_mac, encode_tlv(0x7F49, oid + value))

    def _token_step(self, body: bytes) -> bytes:
        expected, own = self._tokens
        if not macs_equal(parse_tlv(body, 0x85).value, expected):
            raise CommandRefusedError(self._wrong_password_status)
        self.channel = ChipChannel.derive(self._cipher, self._shared)
        return encode_tlv(0x86, own) + self._encrypted_chip_authentication_data()

    def _encrypted_chip_authentication_data(self) -> bytes:
        """DO'8A' with A_IC for CAM, nothing for the other mappings (Doc 9303-11 §4.4.5 and §4.4.3.5)."""
        if self._static_scalar is None or not isinstance(self._agreement, EcdhAgreement):
            return b""
        data = self._agreement.chip_authentication_data(self._static_scalar)
        ks_enc = derive_key(self._shared, KeyUse.ENCRYPTION, self._cipher)
        block = self._cipher.block_bytes
        iv = encrypt_block(self._cipher, ks_enc, b"\xff" * block)  # §4.4.3.5.4: E(KSenc, -1)
        return encode_tlv(0x8A, encrypt_cbc(self._cipher, ks_enc, iv, pad(data, block)))  # §4.4.3.5.3: method 2
