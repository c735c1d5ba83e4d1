"""A terminal that shares no code with this project: the standard library and `cryptography` only.

Written from Doc 9303-10/-11, TR-03110 and ISO/IEC 7816-4 for a card that is nothing but ``transmit(bytes) -> bytes``.
If it and a card agree, both agree with the standard; the reader and the shared ``crypto`` room have no part in that.
Points are added in plain Python (``foreign_curves``), keys are derived and messages protected (``foreign_messaging``), TLVs
are cut (``foreign_tlv``) and SecurityInfos read (``foreign_security_infos``) beside it, none of them with other help. It is
a peer for tests, not a product: nothing in it resists side channels.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable

from tests.interop.foreign_curves import STANDARDIZED, Point
from tests.interop.foreign_messaging import SUITES, TDES, Refused, Session
from tests.interop.foreign_security_infos import ChipKey
from tests.interop.foreign_tlv import header, objects, only, tlv

Transmit = Callable[[bytes], bytes]

APPLICATION = bytes.fromhex("A0000002471001")
MRZ, CAN = 1, 2


class Terminal:
    """Sends commands plain or, after access control, protected."""

    def __init__(self, transmit: Transmit) -> None:
        self.transmit = transmit
        self.session: Session | None = None
        self.commands = 0

    def raw(self, command: bytes | str) -> tuple[bytes, str]:
        """These octets as they are."""
        self.commands += 1
        answer = self.transmit(bytes.fromhex(command) if isinstance(command, str) else command)
        assert len(answer) >= 2
        return answer[:-2], answer[-2:].hex().upper()

    def send(self, head: str, data: bytes = b"", le: bytes | None = None) -> tuple[bytes, str]:
        """One command. ``le`` is one octet (short) or two (extended)."""
        octets = bytes.fromhex(head)
        extended = le is not None and len(le) == 2
        if self.session is not None:
            self.commands += 1
            answer = self.transmit(self.session.protect(octets, data, le, extended=extended))
            return self.session.unprotect(answer, odd=bool(octets[1] & 1))
        if extended:
            body = (b"\0" + len(data).to_bytes(2, "big") + data + le) if data else b"\0" + le
        else:
            body = (bytes([len(data)]) + data if data else b"") + (le or b"")
        return self.raw(octets + body)

    def expect(self, head: str, data: bytes = b"", le: bytes | None = None) -> bytes:
        """One command that must succeed."""
        answer, status = self.send(head, data, le)
        if status != "9000":
            raise Refused(status)
        return answer

    # -- access control --

    def bac(self, mrz_information: bytes, *, le: bytes = b"\x28") -> None:
        """Doc 9303-11 §4.3."""
        seed = hashlib.sha1(mrz_information, usedforsecurity=False).digest()[:16]
        enc, mac_key = TDES.kdf(seed, 1), TDES.kdf(seed, 2)
        challenge = self.expect("00840000", le=b"\x08")
        nonce, key = secrets.token_bytes(8), secrets.token_bytes(16)
        cryptogram = TDES.encrypt(enc, bytes(8), nonce + challenge + key)
        answer = self.expect("00820000", cryptogram + TDES.mac(mac_key, TDES.pad(cryptogram)), le)
        assert len(answer) == 40
        assert TDES.mac(mac_key, TDES.pad(answer[:32])) == answer[32:]
        plain = TDES.decrypt(enc, bytes(8), answer[:32])
        assert plain[:16] == challenge + nonce
        secret = bytes(a ^ b for a, b in zip(plain[16:], key, strict=True))
        self.session = Session(TDES, secret, int.from_bytes(challenge[4:] + nonce[4:], "big"))

    def pace(
        self,
        protocol: bytes,
        parameter_id: int,
        reference: int,
        password: bytes,
        *,
        name_parameters: bool = True,
        more: bytes = b"",
        le: bytes = b"\0",
    ) -> None:
        """PACE with generic mapping over ECDH (Doc 9303-11 §4.4)."""
        suite, curve = SUITES[protocol[-1]], STANDARDIZED[parameter_id]
        chosen = tlv(0x80, protocol) + tlv(0x83, bytes([reference])) + more
        self.expect("0022C1A4", chosen + (tlv(0x84, bytes([parameter_id])) if name_parameters else b""))
        seed = hashlib.sha1(password, usedforsecurity=False).digest() if reference == MRZ else password
        encrypted = only(self.expect("10860000", tlv(0x7C), le), 0x7C, 0x80)
        nonce = suite.decrypt(suite.kdf(seed, 3), bytes(suite.block), encrypted)
        own = curve.key()
        peer = curve.point(self._step(0x81, curve.octets(curve.times(own, curve.g)), 0x82, le))
        mapped = curve.add(curve.times(int.from_bytes(nonce, "big"), curve.g), curve.times(own, peer))
        own = curve.key()
        own_point = curve.times(own, mapped)
        peer = curve.point(self._step(0x83, curve.octets(own_point), 0x84, le))
        assert peer != own_point
        secret = curve.times(own, peer)[0].to_bytes(curve.size, "big")
        mac_key = suite.kdf(secret, 2)

        def token(point: Point) -> bytes:
            return suite.token_mac(mac_key, tlv(0x7F49, tlv(0x06, protocol), tlv(0x86, curve.octets(point))))

        answer = self.expect("00860000", tlv(0x7C, tlv(0x85, token(peer))), le)
        (tag, chip_token), *trust_points = objects(only(answer, 0x7C))
        assert (tag, chip_token) == (0x86, token(own_point))
        # Names of trust points come where rights were asked for, at most two of them (TR-03110-3 §B.1)
        assert {tag for tag, _ in trust_points} <= ({0x87, 0x88} if more else set())
        self.session = Session(suite, secret)

    def _step(self, tag: int, value: bytes, wanted: int, le: bytes) -> bytes:
        return only(self.expect("10860000", tlv(0x7C, tlv(tag, value)), le), 0x7C, wanted)

    # -- genuineness --

    def chip_authentication(
        self, protocol: bytes, key: ChipKey, *, by_template: bool = False, le: bytes = b"\0"
    ) -> None:
        """Version 1 (Doc 9303-11 §6.2). The new keys hold from the next command on."""
        public, secret = key.agree()
        reference = b"" if key.reference is None else tlv(0x84, key.reference)
        if by_template:
            self.expect("002241A6", tlv(0x91, public) + reference)
        else:
            self.expect("002241A4", tlv(0x80, protocol) + reference)
            assert self.expect("00860000", tlv(0x7C, tlv(0x80, public)), le) == tlv(0x7C)
        self.session = Session(SUITES[protocol[-1]], secret)

    # -- files --

    def read_by_identifier(
        self, identifier: int, *, first: int = 4, block: int = 223, header_le: bytes | None = None
    ) -> bytes:
        """SELECT, the header, then blocks. ``block`` of 256 asks for the maximum."""
        self.expect("00A4020C", identifier.to_bytes(2, "big"))
        content = self.expect("00B00000", le=header_le or bytes([first]))
        return self._rest(content, block)

    def read_by_short_identifier(self, short: int, *, first: int = 8, block: int = 223) -> bytes:
        """READ BINARY with a short identifier, then the file is current."""
        return self._rest(self.expect(f"00B0{0x80 | short:02X}00", le=bytes([first])), block)

    def read_whole(self, identifier: int) -> bytes:
        """SELECT and one READ BINARY of extended length."""
        self.expect("00A4020C", identifier.to_bytes(2, "big"))
        return self.expect("00B00000", le=b"\0\0")

    def read_odd(self, identifier: int, block: int = 200) -> bytes:
        """READ BINARY with INS B1, file identifier in P1-P2, offset in DO'54', data in DO'53'."""
        content, total = b"", 4
        while len(content) < total:
            where = tlv(0x54, len(content).to_bytes(2, "big"))
            ask = min(block, total - len(content))
            content += only(self.expect(f"00B1{identifier:04X}", where, bytes([ask + (2 if ask < 128 else 3)])), 0x53)
            total = sum(header(content)[1:])
        assert len(content) == total
        return content

    def _rest(self, content: bytes, block: int) -> bytes:
        total = sum(header(content)[1:])
        while len(content) < total:
            ask = min(block, total - len(content))
            piece = self.expect(f"00B0{len(content):04X}", le=bytes([ask & 0xFF]))
            assert piece
            content += piece
        assert len(content) == total, "nothing behind the file's outer object"
        return content
