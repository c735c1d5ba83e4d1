"""A plain terminal for the chip's own tests, written from the standards and independent of the reader.

It does one thing at a time, in whatever order a test wants, so that the chip meets orders that no reader uses.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable
from typing import Any, Protocol

from crypto.pace.mapping import map_generic_ecdh
from crypto.pace.parameters import Agreement, PaceProtocol, pace_protocol, standardized_curve
from crypto.primitives.block_cipher import SymmetricCipher, decrypt_cbc, encrypt_block, encrypt_cbc
from crypto.primitives.curves import Curve, Point, random_scalar
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.primitives.kdf import KeyUse, derive_key
from crypto.primitives.mac import aes_cmac, mac, retail_mac
from crypto.primitives.padding import pad, unpad
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, iter_tlvs, parse_tlv
from emulator.cards import card, catalogue
from emulator.chip.content import ChipBehaviour

SELECT_APPLICATION = bytes.fromhex("00A4040C07A0000002471001")
MRZ, CAN, PIN, PUK = 1, 2, 3, 4
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
        self.references: list[bytes] = []
        self.compressed_chip_key = b""

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
            long = len(data) > 200
            answer, status = self.send(header, data, b"\0\0" if long else b"\0", extended=long)
        else:
            octets = self.card.transmit(_plain_command(header, data, b"\0"))
            answer, status = octets[:-2], octets[-2:].hex().upper()
        if status != "9000":
            raise RefusedError(status)
        return answer

    def pace(
        self,
        protocol: PaceProtocol,
        parameter_id: int,
        password: int,
        secret: bytes,
        *,
        group: Curve | DhGroup | None = None,
        template: bytes = b"",
    ) -> str:
        """PACE with generic mapping; ``secret`` is the CAN, PIN or PUK, or the MRZ information.

        Args:
            protocol: what DO'80' names.
            parameter_id: what DO'84' names.
            password: what DO'83' names.
            secret: the password.
            group: where ``parameter_id`` is the issuer's own.
            template: a whole DO'7F4C', or nothing.

        Returns:
            The status word of MSE:Set AT, which may be a warning. ``references`` then has what DO'87' and DO'88' say.
        """
        cipher = protocol.cipher
        reference = encode_tlv(0x80, encode_oid(protocol.oid)) + bytes([0x83, 1, password, 0x84, 1, parameter_id])
        announced = self._command("0022C1A4", reference + template)
        side = _side(group or _standardized(protocol, parameter_id))
        key = hashlib.sha1(secret, usedforsecurity=False).digest() if password == MRZ else secret
        z = parse_tlv(self.exchange("10860000", b"\x7c\x00")).require(0x80).value
        k_pi = derive_key(key, KeyUse.PASSWORD, cipher)
        nonce = decrypt_cbc(cipher, k_pi, bytes(cipher.block_bytes), z)
        generator = side.map(nonce, lambda own: self._step(0x81, own, 0x82))
        own, peer, shared = side.agree(generator, lambda own: self._step(0x83, own, 0x84))
        ks_mac = derive_key(shared, KeyUse.MAC, cipher)
        answer = self._step(0x85, _token(protocol, side.tag, ks_mac, peer), 0x86, last=True)
        assert answer == _token(protocol, side.tag, ks_mac, own)
        self.references = [tlv.value for tlv in self.answered.children() if tlv.tag in (0x87, 0x88)]
        self.compressed_chip_key = side.compress(peer)
        self.channel = Channel(cipher, shared)
        return announced

    def _step(self, tag: int, value: bytes, answer_tag: int, *, last: bool = False) -> bytes:
        data = encode_tlv(0x7C, encode_tlv(tag, value))
        self.answered = parse_tlv(self.exchange("00860000" if last else "10860000", data), 0x7C)
        return self.answered.require(answer_tag).value

    def _command(self, header: str, data: bytes) -> str:
        if self.channel is None:
            status = self.card.transmit(_plain_command(header, data, b""))[-2:].hex().upper()
        else:
            status = self.send(header, data)[1]
        if status[:2] not in ("90", "62", "63"):
            raise RefusedError(status)
        return status

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


def _plain_command(header: str, data: bytes, le: bytes) -> bytes:
    if len(data) > 255:
        return bytes.fromhex(header) + b"\0" + len(data).to_bytes(2, "big") + data + (b"\0\0" if le else b"")
    return bytes.fromhex(header) + bytes([len(data)]) + data + le


def _token(protocol: PaceProtocol, tag: int, ks_mac: bytes, public_key: bytes) -> bytes:
    key = encode_tlv(0x06, encode_oid(protocol.oid)) + encode_tlv(tag, public_key)
    return mac(protocol.cipher, ks_mac, encode_tlv(0x7F49, key))


class _CurveSide:
    """The terminal's numbers on a curve."""

    tag = 0x86

    def __init__(self, curve: Curve) -> None:
        self.curve = curve

    def map(self, nonce: bytes, exchange: Callable[[bytes], bytes]) -> Point:
        own = self.curve.private_key(random_scalar(self.curve))
        return map_generic_ecdh(self.curve, nonce, own, self.curve.decode_point(exchange(own.public_octets)))

    def agree(self, generator: Point, exchange: Callable[[bytes], bytes]) -> tuple[bytes, bytes, bytes]:
        key = self.curve.private_key(random_scalar(self.curve))
        own = self.curve.encode_point(key.multiply(generator))
        peer = exchange(own)
        return own, peer, key.shared_x(self.curve.decode_point(peer))

    def compress(self, public_key: bytes) -> bytes:
        return public_key[1 : 1 + (len(public_key) - 1) // 2]


class _FieldSide:
    """The terminal's numbers in a finite field."""

    tag = 0x84

    def __init__(self, group: DhGroup) -> None:
        self.p, self.g, self.q = group.p, group.g, group.q

    def _octets(self, value: int) -> bytes:
        return value.to_bytes((value.bit_length() + 7) // 8, "big")  # Doc 9303-11 §9.4.1

    def map(self, nonce: bytes, exchange: Callable[[bytes], bytes]) -> int:
        exponent = secrets.randbelow(self.q - 1) + 1
        peer = int.from_bytes(exchange(self._octets(pow(self.g, exponent, self.p))), "big")
        return pow(self.g, int.from_bytes(nonce, "big"), self.p) * pow(peer, exponent, self.p) % self.p

    def agree(self, generator: int, exchange: Callable[[bytes], bytes]) -> tuple[bytes, bytes, bytes]:
        exponent = secrets.randbelow(self.q - 1) + 1
        own = self._octets(pow(generator, exponent, self.p))
        peer = exchange(own)
        shared = pow(int.from_bytes(peer, "big"), exponent, self.p)
        return own, peer, shared.to_bytes((self.p.bit_length() + 7) // 8, "big")

    def compress(self, public_key: bytes) -> bytes:
        return hashlib.sha1(public_key, usedforsecurity=False).digest()


def _side(group: Curve | DhGroup) -> Any:
    return _CurveSide(group) if isinstance(group, Curve) else _FieldSide(group)


def _standardized(protocol: PaceProtocol, parameter_id: int) -> Curve | DhGroup:
    if protocol.agreement is Agreement.DH:
        return DH_GROUPS[parameter_id]
    curve = standardized_curve(parameter_id)
    assert curve is not None
    return curve


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
