"""A plain terminal for the chip's own tests, written from the standards and independent of the reader.

It does one thing at a time, in whatever order a test wants, so that the chip meets orders that no reader uses.
"""

from __future__ import annotations

import hashlib
from typing import Protocol

from crypto.pace.mapping import map_generic_ecdh
from crypto.pace.parameters import PaceProtocol, pace_protocol, standardized_curve
from crypto.primitives.block_cipher import SymmetricCipher, decrypt_cbc, encrypt_block, encrypt_cbc
from crypto.primitives.curves import Curve, Point, random_scalar
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import aes_cmac, mac, retail_mac
from crypto.primitives.padding import pad, unpad
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, iter_tlvs, parse_tlv
from emulator.cards import card, catalogue
from emulator.chip.content import ChipBehaviour

SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")
CAN, MRZ = 2, 1
SPECS = {spec.name: spec for spec in catalogue(laboratory=True)}


class Answers(Protocol):
    def transmit(self, command: bytes) -> bytes: ...


class RefusedError(Exception):
    """The chip said no; the text is the status word."""


class Channel:
    """The terminal's half of secure messaging, for tests."""

    def __init__(self, cipher: SymmetricCipher, seed: bytes, counter: int = 0) -> None:
        self.cipher, self.counter, self.block = cipher, counter, cipher.block_bytes
        self.ks_enc = derive_key(seed, KeyUse.ENCRYPTION, cipher)
        self.ks_mac = derive_key(seed, KeyUse.MAC, cipher)

    def _ssc(self) -> bytes:
        return self.counter.to_bytes(self.block, "big")

    def _iv(self) -> bytes:
        return encrypt_block(self.cipher, self.ks_enc, self._ssc()) if self.cipher.is_aes else bytes(8)

    def _mac(self, data: bytes) -> bytes:
        padded = pad(self._ssc() + data, self.block)
        return aes_cmac(self.ks_mac, padded) if self.cipher.is_aes else retail_mac(self.ks_mac, padded)

    def wrap(self, header: bytes, data: bytes = b"", le: bytes | None = None, *, extended: bool = False) -> bytes:
        """``le``: the value field of DO'97', ``None`` for no such object."""
        self.counter = (self.counter + 1) % (1 << 8 * self.block)
        header = bytes([header[0] | 0x0C]) + header[1:]
        objects = b""
        if data:
            cryptogram = encrypt_cbc(self.cipher, self.ks_enc, self._iv(), pad(data, self.block))
            objects += encode_tlv(0x85, cryptogram) if header[1] & 1 else encode_tlv(0x87, b"\x01" + cryptogram)
        if le is not None:
            objects += encode_tlv(0x97, le)
        body = objects + encode_tlv(0x8E, self._mac(pad(header, self.block) + objects))
        if extended:
            return header + b"\0" + len(body).to_bytes(2, "big") + body + b"\0\0"
        return header + bytes([len(body)]) + body + b"\0"

    def unwrap(self, answer: bytes) -> tuple[bytes, str]:
        """Data and status word; every object must be there and right."""
        self.counter = (self.counter + 1) % (1 << 8 * self.block)
        objects = {tlv.tag: tlv for tlv in iter_tlvs(answer[:-2])}
        covered = b"".join(tlv.encoded for tag, tlv in objects.items() if tag != 0x8E)
        assert objects[0x8E].value == self._mac(covered), "the chip's MAC is wrong"
        assert objects[0x99].value == answer[-2:], "inner and outer status word differ"
        data = b""
        if 0x87 in objects:
            assert objects[0x87].value[0] == 1
            data = unpad(decrypt_cbc(self.cipher, self.ks_enc, self._iv(), objects[0x87].value[1:]), self.block)
        elif 0x85 in objects:
            data = unpad(decrypt_cbc(self.cipher, self.ks_enc, self._iv(), objects[0x85].value), self.block)
        return data, answer[-2:].hex().upper()


class Terminal:
    """Talks to one chip. ``channel`` is the running session or ``None``."""

    def __init__(self, card: Answers) -> None:
        self.card = card
        self.channel: Channel | None = None

    def raw(self, text: str) -> str:
        """A plain command in hex; the status word (and only it) comes back."""
        return self.card.transmit(bytes.fromhex(text))[-2:].hex().upper()

    def plain(self, text: str) -> tuple[bytes, str]:
        answer = self.card.transmit(bytes.fromhex(text))
        return answer[:-2], answer[-2:].hex().upper()

    def send(
        self, header: str, data: bytes = b"", le: bytes | None = None, *, extended: bool = False
    ) -> tuple[bytes, str]:
        """A command through the running session."""
        assert self.channel is not None
        wrapped = self.channel.wrap(bytes.fromhex(header), data, le, extended=extended)
        return self.channel.unwrap(self.card.transmit(wrapped))

    def select_application(self) -> None:
        if self.channel is None:
            assert self.card.transmit(SELECT_APPLICATION) == b"\x90\x00"
        else:
            assert self.send("00A4040C", SELECT_APPLICATION[5:]) == (b"", "9000")

    def exchange(self, header: str, data: bytes) -> bytes:
        """Data out, data back, in the session if there is one. Raises :class:`RefusedError` unless 9000."""
        if self.channel is not None:
            answer, status = self.send(header, data, b"\0", extended=len(data) > 200)
        else:
            octets = self.card.transmit(bytes.fromhex(header) + bytes([len(data)]) + data + b"\0")
            answer, status = octets[:-2], octets[-2:].hex().upper()
        if status != "9000":
            raise RefusedError(status)
        return answer

    def pace(self, protocol: PaceProtocol, parameter_id: int, password: int, secret: bytes) -> None:
        """PACE with generic mapping; ``secret`` is the CAN, or the MRZ information."""
        curve = standardized_curve(parameter_id)
        assert curve is not None
        cipher = protocol.cipher
        reference = encode_tlv(0x80, encode_oid(protocol.oid)) + bytes([0x83, 1, password, 0x84, 1, parameter_id])
        self._command("0022C1A4", reference)
        key = hashlib.sha1(secret, usedforsecurity=False).digest() if password == MRZ else secret
        z = parse_tlv(self.exchange("10860000", b"\x7c\x00")).require(0x80).value
        k_pi = derive_key(key, KeyUse.PASSWORD, cipher)
        nonce = decrypt_cbc(cipher, k_pi, bytes(cipher.block_bytes), z)
        own = curve.private_key(random_scalar(curve))
        peer = curve.decode_point(self._step(0x81, own.public_octets, 0x82))
        generator = map_generic_ecdh(curve, nonce, own, peer)
        own = curve.private_key(random_scalar(curve))
        own_point = own.multiply(generator)
        peer = curve.decode_point(self._step(0x83, curve.encode_point(own_point), 0x84))
        shared = own.shared_x(peer)
        ks_mac = derive_key(shared, KeyUse.MAC, cipher)
        token = _token(protocol, curve, ks_mac, peer)
        answer = self._step(0x85, token, 0x86, last=True)
        assert answer == _token(protocol, curve, ks_mac, own_point)
        self.channel = Channel(cipher, shared)

    def _step(self, tag: int, value: bytes, answer_tag: int, *, last: bool = False) -> bytes:
        data = encode_tlv(0x7C, encode_tlv(tag, value))
        return parse_tlv(self.exchange("00860000" if last else "10860000", data), 0x7C).require(answer_tag).value

    def _command(self, header: str, data: bytes) -> None:
        plain = header + f"{len(data):02X}" + data.hex()
        status = self.raw(plain) if self.channel is None else self.send(header, data)[1]
        if status != "9000":
            raise RefusedError(status)

    def bac(self, mrz_information: bytes) -> None:
        """Basic access control, in the application."""
        rnd_ic, status = self.plain("0084000008")
        if status != "9000":
            raise RefusedError(status)
        seed = hashlib.sha1(mrz_information, usedforsecurity=False).digest()[:16]
        k_enc, k_mac = (derive_key(seed, use, SymmetricCipher.TDES) for use in (KeyUse.ENCRYPTION, KeyUse.MAC))
        rnd_ifd, k_ifd = b"terminal", b"a terminal's key"
        cryptogram = encrypt_cbc(SymmetricCipher.TDES, k_enc, bytes(8), rnd_ifd + rnd_ic + k_ifd)
        checksum = mac(SymmetricCipher.TDES, k_mac, cryptogram)
        answer, status = self.plain("0082000028" + (cryptogram + checksum).hex() + "28")
        if status != "9000":
            raise RefusedError(status)
        assert mac(SymmetricCipher.TDES, k_mac, answer[:32]) == answer[32:]
        plain = decrypt_cbc(SymmetricCipher.TDES, k_enc, bytes(8), answer[:32])
        assert plain[:16] == rnd_ic + rnd_ifd
        shared = bytes(a ^ b for a, b in zip(plain[16:], k_ifd, strict=True))
        self.channel = Channel(SymmetricCipher.TDES, shared, int.from_bytes(rnd_ic[4:] + rnd_ifd[4:], "big"))

    def read_selected(self, total: int, step: int = 200) -> bytes:
        """A selected file, block by block, through the session."""
        content = b""
        while len(content) < total:
            count = min(step, total - len(content))
            data, status = self.send(f"00B0{len(content):04X}", le=bytes([count]))
            assert (len(data), status) == (count, "9000")
            content += data
        return content


def _token(protocol: PaceProtocol, curve: Curve, ks_mac: bytes, point: Point) -> bytes:
    key = encode_tlv(0x06, encode_oid(protocol.oid)) + encode_tlv(0x86, curve.encode_point(point))
    return mac(protocol.cipher, ks_mac, encode_tlv(0x7F49, key))


def generic_mapping(arc: int) -> PaceProtocol:
    """id-PACE-ECDH-GM with the cipher of that last arc: 1 3DES, 2 to 4 AES."""
    protocol = pace_protocol(f"0.4.0.127.0.7.2.2.4.2.{arc}")
    assert protocol is not None
    return protocol


def opened(
    name: str = "an", *, arc: int = 2, parameter_id: int = 13, behaviour: ChipBehaviour | None = None
) -> Terminal:
    """A terminal at a built-in card, PACE done by CAN, application selected."""
    terminal = Terminal(card(name, behaviour=behaviour))
    terminal.pace(generic_mapping(arc), parameter_id, CAN, SPECS[name].can.encode())
    terminal.select_application()
    return terminal
