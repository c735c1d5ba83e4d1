"""Secure messaging, the terminal's half (Doc 9303-11 §9.8; ISO/IEC 7816-4 §10).

A channel that fails once is closed for good: nothing is sent or accepted through it any more. A bare status word,
a missing MAC, a status word that differs from the protected one, data in the wrong order: each is a failure.
"""

from __future__ import annotations

import dataclasses
import functools
from typing import Final

from crypto.errors import ChipIdError
from crypto.primitives.block_cipher import KeyedCipher, SymmetricCipher
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import MAC_BYTES, KeyedMac, macs_equal
from crypto.primitives.padding import pad, unpad
from crypto.primitives.secret import Secret
from crypto.wire import limits
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from crypto.wire.tlv import encode_tlv, parse_tlv
from reader import errors

__all__ = ["SecureChannel", "SessionKeys", "bare_status", "block_capacity"]

_CRYPTOGRAM = 0x87  # padding indicator 01, then the encrypted data (even instructions)
_CRYPTOGRAM_TLV = 0x85  # encrypted data objects, no indicator (odd instructions)
_LE = 0x97
_MAC_HEADER = b"\x8e\x08"  # DO'8E', eight bytes
_STATUS_HEADER = b"\x99\x02"  # DO'99', two bytes
_STATUS_END = len(_STATUS_HEADER) + 2
_TAIL_BYTES = _STATUS_END + len(_MAC_HEADER) + MAC_BYTES  # of every protected answer
_SM_HEADER_AUTHENTICATED = 0x0C  # CLA: secure messaging, command header included in the MAC
_UNPROTECTED = "unprotected"  # fact of an error: the answer was a bare status word


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SessionKeys:
    """Keys of a channel and the value from which its send sequence counter starts.

    Attributes:
        cipher: 3DES or AES.
        k_enc, k_mac: session keys of ``cipher.key_bytes`` bytes.
        initial_counter: SSC before the first command, ``cipher.block_bytes`` long.
    """

    cipher: SymmetricCipher
    k_enc: Secret
    k_mac: Secret
    initial_counter: int = 0

    @classmethod
    def derive(cls, cipher: SymmetricCipher, shared_secret: bytes, initial_counter: int = 0) -> SessionKeys:
        """KSEnc and KSMac from a shared secret (Doc 9303-11 §9.7.1, §9.7.4)."""
        return cls(
            cipher,
            Secret(derive_key(shared_secret, KeyUse.ENCRYPTION, cipher)),
            Secret(derive_key(shared_secret, KeyUse.MAC, cipher)),
            initial_counter,
        )


class SecureChannel:
    """Protects commands and checks answers. One command, then its answer, in strict turns."""

    def __init__(self, keys: SessionKeys) -> None:
        self._cipher: Final = keys.cipher
        self._block: Final = keys.cipher.block_bytes
        self._encryption: Final = KeyedCipher(keys.cipher, keys.k_enc.reveal())
        self._checksum: Final = KeyedMac(keys.cipher, keys.k_mac.reveal())
        self._counter = keys.initial_counter
        self._counter_octets = b""
        self._open = True
        self._awaiting_answer = False
        self._has_answered = False

    def __repr__(self) -> str:
        return f"SecureChannel({self._cipher.label}, {'open' if self._open else 'closed'})"

    @property
    def cipher(self) -> SymmetricCipher:
        """The cipher of this channel."""
        return self._cipher

    @property
    def is_open(self) -> bool:
        """False after any failure or :meth:`close`."""
        return self._open

    @property
    def has_answered(self) -> bool:
        """Whether the other side has shown, by one correct answer, that it holds these keys."""
        return self._has_answered

    def close(self) -> None:
        """Never use these keys again."""
        self._open = False

    def protect(self, command: CommandApdu) -> CommandApdu:
        """The protected form of a command; the counter goes up by one (Doc 9303-11 §9.8.4, §9.8.6).

        Raises:
            ProtocolError: ``channel.closed``.
        """
        if not self._open or self._awaiting_answer:
            self.close()
            raise errors.ProtocolError(errors.CHANNEL_CLOSED)
        self._awaiting_answer = True
        self._counter_octets = self._count()
        cla = command.cla | _SM_HEADER_AUTHENTICATED
        header = bytes((cla, command.ins, command.p1, command.p2))
        is_extended = command.is_extended
        body = self._cryptogram(command) + _expected_length(command.ne, is_extended)
        # The padded header, then the data objects, padded again if there are any (§9.8.4 figure 5)
        do8e = _MAC_HEADER + self._mac(pad(header, self._block) + (pad(body, self._block) if body else b""))
        data = body + do8e
        is_extended |= len(data) > limits.SHORT_NC
        ne = limits.EXTENDED_NE if is_extended else limits.SHORT_NE
        return CommandApdu(cla, command.ins, command.p1, command.p2, data, ne, is_extended)

    def unprotect(self, response: ResponseApdu) -> ResponseApdu:
        """The plain form of a protected answer.

        Raises:
            ProtocolError: ``channel.broken``; the channel is closed. :func:`bare_status` tells a mere status word
                from an answer that was tampered with.
        """
        if not self._open or not self._awaiting_answer:
            self.close()
            raise errors.ProtocolError(errors.CHANNEL_CLOSED)
        self._awaiting_answer = False
        try:
            plain = self._unprotect(response)
        except ChipIdError as error:
            self.close()
            how = {} if response.data else {"answer": _UNPROTECTED}
            raise errors.ProtocolError(errors.CHANNEL_BROKEN, status_word=str(response.sw), **how) from error
        self._has_answered = True
        return plain

    def _unprotect(self, response: ResponseApdu) -> ResponseApdu:
        """``[87 or 85] || 99 02 SW || 8E 08 MAC``: looked at from its end, where everything has its place (§9.8.5).

        Status and MAC are mandatory: a bare 9000 proves nothing. Nothing is parsed or decrypted before the MAC is right.
        """
        self._counter_octets = self._count()
        data, sw = response.data, response.sw
        cryptogram_bytes = len(data) - _TAIL_BYTES
        covered, rest = data[: cryptogram_bytes + _STATUS_END], data[cryptogram_bytes + _STATUS_END :]
        status = _STATUS_HEADER + sw.to_bytes(2, "big")
        if cryptogram_bytes < 0 or covered[cryptogram_bytes:] != status or not rest.startswith(_MAC_HEADER):
            raise errors.ProtocolError(errors.CHANNEL_BROKEN)
        if not macs_equal(rest[len(_MAC_HEADER) :], self._mac(pad(covered, self._block))):
            raise errors.ProtocolError(errors.CHANNEL_BROKEN)
        return ResponseApdu(self._decrypt(data[:cryptogram_bytes]) if cryptogram_bytes else b"", sw)

    def _count(self) -> bytes:
        """SSC is incremented before every command and before every answer (Doc 9303-11 §9.8.2)."""
        self._counter = (self._counter + 1) % (1 << 8 * self._block)
        return self._counter.to_bytes(self._block, "big")

    def _iv(self) -> bytes:
        """Zero for 3DES, E(KSEnc, SSC) for AES (Doc 9303-11 §9.8.6.1)."""
        return self._encryption.encrypt_block(self._counter_octets) if self._cipher.is_aes else bytes(self._block)

    def _mac(self, padded: bytes) -> bytes:
        return self._checksum.of(self._counter_octets + padded)

    def _cryptogram(self, command: CommandApdu) -> bytes:
        if not command.data:
            return b""
        encrypted = self._encryption.encrypt_cbc(self._iv(), pad(command.data, self._block))
        if command.ins & 1:  # odd instruction: the data are BER-TLV objects (ISO/IEC 7816-4 §10.2)
            return encode_tlv(_CRYPTOGRAM_TLV, encrypted)
        return encode_tlv(_CRYPTOGRAM, b"\x01" + encrypted)

    def _decrypt(self, cryptogram: bytes) -> bytes:
        tlv = parse_tlv(cryptogram)
        value = tlv.value
        if tlv.tag == _CRYPTOGRAM and value[:1] == b"\x01":
            value = value[1:]
        elif tlv.tag != _CRYPTOGRAM_TLV:
            raise errors.ProtocolError(errors.CHANNEL_BROKEN)
        if not value or len(value) % self._block:
            raise errors.ProtocolError(errors.CHANNEL_BROKEN)
        return unpad(self._encryption.decrypt_cbc(self._iv(), value), self._block)


def _expected_length(ne: int, is_extended: bool) -> bytes:
    """DO'97': the Le field of the plain command (Doc 9303-11 §9.8.4)."""
    if not ne:
        return b""
    size = 2 if is_extended else 1
    return encode_tlv(_LE, (ne % (1 << 8 * size)).to_bytes(size, "big"))


def bare_status(error: errors.ProtocolError) -> StatusWord | None:
    """The status word that closed a channel by coming without protection; ``None`` if something else closed it."""
    if error.code is not errors.CHANNEL_BROKEN or error.facts.get("answer") != _UNPROTECTED:
        return None
    return StatusWord(int(str(error.facts["status_word"]), 16))


@functools.lru_cache(maxsize=64)  # asked before every command, of a few sizes
def block_capacity(cipher: SymmetricCipher | None, field_bytes: int) -> int:
    """Most plain data bytes that fit in a protected data field of ``field_bytes``, of a command or of an answer.

    DO'99' of an answer or DO'97' of a command takes 4 bytes at most, DO'8E' 10, DO'87' its tag, length, padding indicator
    and at least one byte of padding.
    """
    if cipher is None:
        return field_bytes
    room = field_bytes - 4 - 10
    for length_bytes in (1, 2, 3):
        cryptogram = (room - 1 - length_bytes - 1) // cipher.block_bytes * cipher.block_bytes
        if cryptogram > 0 and len(encode_tlv(_CRYPTOGRAM, bytes(1 + cryptogram))) <= room:
            return cryptogram - 1
    return 0
