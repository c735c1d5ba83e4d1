"""The chip's half of secure messaging (Doc 9303-11 §9.8, ISO/IEC 7816-4 §10)."""

from __future__ import annotations

from typing import Final

from crypto.errors import CryptoError, WireError
from crypto.primitives.block_cipher import SymmetricCipher, decrypt_cbc, encrypt_block, encrypt_cbc
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import MAC_BYTES, aes_cmac, macs_equal, retail_mac
from crypto.primitives.padding import pad, unpad
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import Tlv, encode_tlv, iter_tlvs
from emulator.chip.misbehaviour import Misbehaviour
from emulator.chip.refusal import CommandRefusedError

__all__ = ["ChipChannel"]

_DO_PLAIN_TLV: Final = 0x85
_DO_CRYPTOGRAM: Final = 0x87
_DO_LE: Final = 0x97
_DO_STATUS: Final = 0x99
_DO_MAC: Final = 0x8E
_RANK: Final = {_DO_PLAIN_TLV: 0, _DO_CRYPTOGRAM: 0, _DO_LE: 1, _DO_MAC: 2}  # the order of Doc 9303-11 §9.8.4


class ChipChannel:
    """Session keys and send sequence counter of one session.

    Args:
        cipher: 3DES or AES.
        ks_enc: session key for encryption.
        ks_mac: session key for MACs.
        counter: value of the send sequence counter before the first command.
    """

    __slots__ = ("_block", "_cipher", "_counter", "_ks_enc", "_ks_mac")

    def __init__(self, cipher: SymmetricCipher, ks_enc: bytes, ks_mac: bytes, counter: int) -> None:
        self._cipher = cipher
        self._block = cipher.block_bytes
        self._ks_enc = ks_enc
        self._ks_mac = ks_mac
        self._counter = counter

    @classmethod
    def derive(cls, cipher: SymmetricCipher, shared_secret: bytes, counter: int = 0) -> ChipChannel:
        """The session that a key agreement starts (Doc 9303-11 §9.7.4); the counter is zero except after BAC."""
        ks_enc = derive_key(shared_secret, KeyUse.ENCRYPTION, cipher)
        return cls(cipher, ks_enc, derive_key(shared_secret, KeyUse.MAC, cipher), counter)

    def __repr__(self) -> str:
        return f"ChipChannel({self._cipher.label})"

    def open_command(self, protected: CommandApdu) -> CommandApdu:
        """Checks and decrypts a command.

        Raises:
            CommandRefusedError: 6987 if the MAC is missing, 6988 for everything else. The session is over then
                (Doc 9303-11 §9.8.5); ending it is the caller's duty.
        """
        objects = self._ordered_objects(protected.data)
        self._step()
        mac_object = objects.get(_DO_MAC)
        if mac_object is None:
            raise CommandRefusedError(StatusWord.SM_OBJECTS_MISSING)
        covered = b"".join(tlv.encoded for tag, tlv in objects.items() if tag != _DO_MAC)
        if not self._authenticates(mac_object.value, protected.header, covered):
            raise CommandRefusedError(StatusWord.SM_OBJECTS_INCORRECT)
        data = self._command_data(protected.ins, objects)
        ne, extended = _expected_length(objects.get(_DO_LE))
        # The chaining bit survives, the two secure-messaging bits do not (ISO/IEC 7816-4 §5.4.1).
        return CommandApdu(protected.cla & 0x10, protected.ins, protected.p1, protected.p2, data, ne, extended)

    def seal_response(
        self, response: ResponseApdu, *, odd_ins: bool, misbehaviour: Misbehaviour | None = None
    ) -> ResponseApdu:
        """Protects an answer, also one without data (Doc 9303-11 §9.8.4, figure 6).

        Args:
            response: the plain answer.
            odd_ins: whether the command's instruction byte is odd.
            misbehaviour: may change the data objects before their MAC is computed.
        """
        self._step()
        objects: list[bytes] = []
        if response.data:
            cryptogram = encrypt_cbc(self._cipher, self._ks_enc, self._iv(), pad(response.data, self._block))
            if odd_ins:  # odd INS: the plain text is BER-TLV and DO'85' has no padding indicator
                objects.append(encode_tlv(_DO_PLAIN_TLV, cryptogram))
            else:
                objects.append(encode_tlv(_DO_CRYPTOGRAM, b"\x01" + cryptogram))
        objects.append(encode_tlv(_DO_STATUS, int(response.sw).to_bytes(2, "big")))
        if misbehaviour is not None:
            objects = misbehaviour.protected_objects(objects)
        body = b"".join(objects)
        return ResponseApdu(body + encode_tlv(_DO_MAC, self._mac(body)), response.sw)

    def count_plain_answer(self) -> None:
        """An answer went out without protection, on a chip with that habit; it is counted like any other (§9.8.2)."""
        self._step()

    def capacity(self, limit: int) -> int:
        """Most plain data bytes whose protected form, without status word, stays within ``limit`` bytes."""
        room = limit - 4 - 2 - MAC_BYTES  # DO'99' and DO'8E'
        blocks = room // self._block
        while blocks > 0 and len(encode_tlv(_DO_CRYPTOGRAM, bytes(1 + blocks * self._block))) > room:
            blocks -= 1
        return max(0, blocks * self._block - 1)  # at least one byte of the last block is padding

    def _ordered_objects(self, body: bytes) -> dict[int, Tlv]:
        """The data objects by tag, each known, none twice, in the standard's order."""
        objects: dict[int, Tlv] = {}
        rank = -1
        try:
            for tlv in iter_tlvs(body):
                own_rank = _RANK.get(tlv.tag, -1)
                if own_rank <= rank:
                    raise CommandRefusedError(StatusWord.SM_OBJECTS_INCORRECT)
                rank = own_rank
                objects[tlv.tag] = tlv
        except WireError:
            raise CommandRefusedError(StatusWord.SM_OBJECTS_INCORRECT) from None
        return objects

    def _authenticates(self, received: bytes, header: bytes, covered: bytes) -> bool:
        """Whether a command's checksum is right. Nothing but a padded header may be covered: then ISO/IEC 7816-4
        §10.2.3.1 adds no second padding, as only data objects call for it, while Doc 9303-11 figure 5 draws it always.
        Terminals of either school exist, and this chip takes both.
        """
        padded_header = pad(header, self._block)
        if macs_equal(self._mac(padded_header + covered), received):
            return True
        return not covered and macs_equal(self._checksum(self._counter_block() + padded_header), received)

    def _command_data(self, ins: int, objects: dict[int, Tlv]) -> bytes:
        odd = bool(ins & 1)
        if (_DO_CRYPTOGRAM if odd else _DO_PLAIN_TLV) in objects:  # Doc 9303-11 §9.8.4: DO'85' with odd INS only
            raise CommandRefusedError(StatusWord.SM_OBJECTS_INCORRECT)
        found = objects.get(_DO_PLAIN_TLV if odd else _DO_CRYPTOGRAM)
        if found is None:
            return b""
        cryptogram = found.value
        if not odd:
            if not cryptogram.startswith(b"\x01"):  # padding indicator: method 2
                raise CommandRefusedError(StatusWord.SM_OBJECTS_INCORRECT)
            cryptogram = cryptogram[1:]
        if not cryptogram or len(cryptogram) % self._block:
            raise CommandRefusedError(StatusWord.SM_OBJECTS_INCORRECT)
        try:
            return unpad(decrypt_cbc(self._cipher, self._ks_enc, self._iv(), cryptogram), self._block)
        except CryptoError:
            raise CommandRefusedError(StatusWord.SM_OBJECTS_INCORRECT) from None

    def _step(self) -> None:
        # Doc 9303-11 §9.8.2: increased before every command and every response; as wide as a block
        self._counter = (self._counter + 1) % (1 << 8 * self._block)

    def _counter_block(self) -> bytes:
        return self._counter.to_bytes(self._block, "big")

    def _iv(self) -> bytes:
        if not self._cipher.is_aes:
            return bytes(self._block)  # Doc 9303-11 §9.8.6.1
        return encrypt_block(self._cipher, self._ks_enc, self._counter_block())  # §9.8.7.1

    def _mac(self, covered: bytes) -> bytes:
        """MAC over counter and data objects; secure messaging pads by itself for either cipher (§9.8.1)."""
        return self._checksum(pad(self._counter_block() + covered, self._block))

    def _checksum(self, padded: bytes) -> bytes:
        return aes_cmac(self._ks_mac, padded) if self._cipher.is_aes else retail_mac(self._ks_mac, padded)


def _expected_length(le: Tlv | None) -> tuple[int, bool]:
    """Ne and whether its field was extended, from DO'97' (ISO/IEC 7816-4 §10.4)."""
    if le is None:
        return 0, False
    if len(le.value) > 2:
        raise CommandRefusedError(StatusWord.SM_OBJECTS_INCORRECT)
    number = int.from_bytes(le.value, "big")
    if len(le.value) == 2:
        return number or 65_536, True
    return number or 256, False  # an empty field means the short maximum
