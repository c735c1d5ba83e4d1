"""Chip and terminal authentication with libeac on one side: APDUs straight from TR-03110-3 §B, computed by libeac.

libeac has the steps of version 2. Version 1 differs in the order, in the name of the chip that is signed, and in that
the session keys follow from the shared secret alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from tests.interop.foreign_tlv import objects, oid, only, tlv
from tests.interop.libeac import (
    BY_CHIP_AUTHENTICATION,
    FIELD_BYTES,
    Channel,
    Context,
    Refused,
    ShortenedError,
    Terminal,
)

CHIP_REFERENCE, TERMINAL_REFERENCE = 0x84, 0x83
OF_PACE, OF_CHIP_AUTHENTICATION = 0, 1


class EacTerminal(Terminal):
    """libeac as a terminal that authenticates chips, and itself to them."""

    def _require(self, header: bytes, data: bytes = b"", le: int | None = None) -> bytes:
        answer, status = self.send(header, data, le)
        if status != 0x9000:
            raise Refused(f"{status:04X}")
        return answer

    def _new_channel(self) -> None:
        self.context.ask("channel", BY_CHIP_AUTHENTICATION)
        self.channel = Channel(self.context)

    def new_key(self, protocol: str, parameter_id: int) -> bytes:
        """An ephemeral key for chip authentication; its compressed form, which terminal authentication signs."""
        self.context.ask("ca", protocol.encode("ascii"), parameter_id)
        self._protocol, self._parameter_id = protocol, parameter_id
        for _ in range(60):  # of P-521's points every second one is shortened
            compressed = self.context.ask("ca_ephemeral_key")
            point = self.context.ask("ca_public_key")
            if parameter_id in FIELD_BYTES or 1 + 2 * len(compressed) == len(point):
                return compressed
        raise ShortenedError

    def _send_key(self, key_id: int | None) -> dict[int, bytes]:
        reference = b"" if key_id is None else tlv(CHIP_REFERENCE, bytes([key_id]))
        self._require(b"\0\x22\x41\xa4", tlv(0x80, oid(self._protocol)) + reference)
        own = self.context.ask("ca_public_key")
        answer = self._require(b"\0\x86\0\0", tlv(0x7C, tlv(0x80, own)), le=0)
        return dict(objects(only(answer, 0x7C)))

    def chip_authentication_1(self, chip_key: bytes, key_id: int | None = None, *, by_kat: bool = False) -> None:
        """Version 1 (TR-03110-3 §B.2), by MSE:Set KAT for 3DES if so asked. A new channel is open then."""
        self.context.ask("ca_agree", chip_key)
        self.context.require_whole_secret(OF_CHIP_AUTHENTICATION, self._parameter_id)
        if by_kat:
            reference = b"" if key_id is None else tlv(CHIP_REFERENCE, bytes([key_id]))
            self._require(b"\0\x22\x41\xa6", tlv(0x91, self.context.ask("ca_public_key")) + reference)
        else:
            assert self._send_key(key_id) == {}
        self.context.ask("ca_keys_version_1")
        self._new_channel()

    def chip_authentication_2(self, chip_key: bytes, key_id: int | None = None) -> None:
        """Version 2: libeac checks the chip's token. A new channel is open then."""
        self.context.ask("ca_agree", chip_key)
        self.context.require_whole_secret(OF_CHIP_AUTHENTICATION, self._parameter_id)
        answer = self._send_key(key_id)
        self.context.ask("ca_keys_as_terminal", answer[0x81], answer[0x82])
        self._new_channel()

    def terminal_authentication(
        self,
        certificates: Sequence[bytes],
        private_key: bytes,
        compressed_key: bytes,
        chip_identifier: bytes,
        announced: bytes = b"",
    ) -> None:
        """Either version (TR-03110-3 §B.3).

        Args:
            certificates: DO'7F21' each, from what the chip trusts down to the terminal's.
            private_key: PKCS#8 in DER.
            compressed_key: of the ephemeral key.
            chip_identifier: ID_PICC.
            announced: what MSE:Set AT says besides the terminal's name: nothing in version 1, DO'80' and DO'91' in 2.
        """
        for certificate in certificates:
            content = only(certificate, 0x7F21)
            body = dict(objects(dict(objects(content))[0x7F4E]))
            self._require(b"\0\x22\x81\xb6", tlv(TERMINAL_REFERENCE, body[0x42]))
            self._require(b"\0\x2a\0\xbe", content)
        self._require(b"\0\x22\x81\xa4", tlv(TERMINAL_REFERENCE, body[0x5F20]) + announced)
        challenge = self._require(b"\0\x84\0\0", le=8)
        self.context.ask("ta", private_key, certificates[-1])
        self.context.ask("ta_set_challenge", challenge)
        self._require(b"\0\x82\0\0", self._signature(compressed_key, chip_identifier))

    def _signature(self, compressed_key: bytes, chip_identifier: bytes) -> bytes:
        """libeac 1.1.2 writes r and s in fewer octets than the order has (TR-03111 §5.2.1) where both fit; on P-521 that is
        every fourth time. So the longest of a few is taken.
        """
        return max((self.context.ask("ta_signature", compressed_key, chip_identifier) for _ in range(12)), key=len)


class EacChip:
    """libeac as a chip without secure messaging around the commands: what a protocol's generator sends comes in plain."""

    def __init__(self, context: Context, protocol: str, parameter_id: int, private: bytes, public: bytes) -> None:
        self.context, self._protocol, self._parameter_id = context, protocol, parameter_id
        context.ask("ca", protocol.encode("ascii"), parameter_id)
        context.ask("ca_static_key", private, public)
        self.announced = b""
        self.channel: Channel | None = None

    def transmit(self, header: bytes, data: bytes) -> bytes:
        """Commands of chip authentication; the answer's data."""
        if header == b"\0\x22\x41\xa4":
            assert dict(objects(data))[0x80] == oid(self._protocol)
            return b""
        if header == b"\0\x22\x41\xa6":
            self._agree(dict(objects(data))[0x91])
            self.context.ask("ca_keys_version_1")
            self._open()
            return b""
        assert header == b"\0\x86\0\0"
        terminal = only(data, 0x7C, 0x80)
        self._agree(terminal)
        if not self.announced:
            self.context.ask("ca_keys_version_1")
            self._open()
            return tlv(0x7C)
        self.context.ask("ca_checks_key", self.announced, terminal)
        answer = self.context.ask("ca_keys_as_chip", terminal)
        self._open()
        return tlv(0x7C, tlv(0x81, answer[:8]), tlv(0x82, answer[8:]))

    def _agree(self, terminal: bytes) -> None:
        self.context.ask("ca_agree", terminal)
        self.context.require_whole_secret(OF_CHIP_AUTHENTICATION, self._parameter_id)

    def _open(self) -> None:
        self.context.ask("channel", BY_CHIP_AUTHENTICATION)
        self.channel = Channel(self.context)


class Doorkeeper:
    """libeac as the chip that a terminal authenticates itself to, in plain. Raises :class:`Refused`."""

    def __init__(self, context: Context, trust_point: bytes, chip_identifier: bytes, compressed_key: bytes) -> None:
        self.context, self._identifier, self._compressed_key = context, chip_identifier, compressed_key
        context.ask("ta", b"", trust_point)
        self.seen: list[bytes] = []

    def transmit(self, header: bytes, data: bytes) -> bytes:
        """Commands of terminal authentication; the answer's data."""
        if header == b"\0\x22\x81\xb6":
            assert set(dict(objects(data))) == {TERMINAL_REFERENCE}
        elif header == b"\0\x2a\0\xbe":
            self.context.ask("ta_certificate", tlv(0x7F21, data))
        elif header == b"\0\x22\x81\xa4":
            announced = dict(objects(data))
            if 0x91 in announced:
                assert announced[0x91] == self._compressed_key
        elif header == b"\0\x84\0\0":
            return self.context.ask("ta_challenge")
        else:
            assert header == b"\0\x82\0\0"
            self.context.ask("ta_accepts", self._compressed_key, self._identifier, b"", data)
        self.seen.append(header)
        return b""
