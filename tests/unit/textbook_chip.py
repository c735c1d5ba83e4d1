"""A chip written down straight from the texts, for tests of the terminal: slow, small, and nobody's production code.

It shares nothing with the emulator or the terminal but TLV and APDU encoding: curve arithmetic is the schoolbook's, the
ciphers are the crypto library's. Sources: Doc 9303-11 §4.3, §4.4, §9.8; TR-03110-2 §2.2.3, §2.4.1; TR-03110-3 §B.11.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable
from typing import Any, Final

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.cmac import CMAC

from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, iter_tlvs, parse_tlv

AID: Final = bytes.fromhex("A0000002471001")
GM_AES_128: Final = "0.4.0.127.0.7.2.2.4.2.2"
MRZ, CAN, PIN, PUK = 1, 2, 3, 4
P256: Final = (
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF,
    0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFC,
    0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B,
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
    0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551,
)
"""p, a, b, x, y, n (SEC 2 §2.4.2)."""


def sha1(data: bytes) -> bytes:
    return hashlib.sha1(data, usedforsecurity=False).digest()


def integer(value: int) -> bytes:
    return encode_tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def pace_info(oid: str = GM_AES_128, parameter_id: int | None = 12, version: int = 2) -> bytes:
    """PACEInfo (Doc 9303-11 §9.2.1)."""
    reference = b"" if parameter_id is None else integer(parameter_id)
    return encode_tlv(0x30, encode_tlv(0x06, encode_oid(oid)) + integer(version) + reference)


# ------------------------------------------------------------------------------------------- secure messaging
def padded(data: bytes, block: int) -> bytes:
    """ISO/IEC 9797-1 padding method 2."""
    return data + b"\x80" + bytes(-(len(data) + 1) % block)


class Messaging:
    """The chip's half of a channel (Doc 9303-11 §9.8).

    Args:
        aes: AES and CMAC, else 3DES and retail MAC.
        secret: what the session keys are derived from.
        counter: send sequence counter before the first command.
    """

    def __init__(self, secret: bytes, counter: int = 0, *, aes: bool = True) -> None:
        self.aes = aes
        self.block = 16 if aes else 8
        self.k_enc, self.k_mac = (sha1(secret + bytes([0, 0, 0, c]))[:16] for c in (1, 2))
        self.counter = counter

    def cipher(self, *, encrypt: bool, data: bytes) -> bytes:
        if self.aes:
            iv = Cipher(algorithms.AES(self.k_enc), modes.ECB()).encryptor().update(self.ssc)  # noqa: S305
            cipher = Cipher(algorithms.AES(self.k_enc), modes.CBC(iv))
        else:
            cipher = Cipher(TripleDES(self.k_enc + self.k_enc[:8]), modes.CBC(bytes(8)))
        return (cipher.encryptor() if encrypt else cipher.decryptor()).update(data)

    @property
    def ssc(self) -> bytes:
        return self.counter.to_bytes(self.block, "big")

    def mac(self, data: bytes) -> bytes:
        message = self.ssc + padded(data, self.block)
        if self.aes:
            code = CMAC(algorithms.AES(self.k_mac))
            code.update(message)
            return code.finalize()[:8]
        return retail_mac(self.k_mac, message)

    def open(self, command: CommandApdu) -> CommandApdu:
        """The plain command in a protected one; ``ValueError`` for what the standard forbids."""
        self.counter += 1
        objects = list(iter_tlvs(command.data))
        body = b"".join(tlv.encoded for tlv in objects if tlv.tag != 0x8E)
        header = padded(command.header, self.block)
        if command.cla & 0x0C != 0x0C or objects[-1].tag != 0x8E or self.mac_of(header, body) != objects[-1].value:
            raise ValueError("protected command is wrong")
        data, ne = b"", 0
        for tlv in objects[:-1]:
            if tlv.tag == (0x85 if command.ins & 1 else 0x87):
                value = tlv.value if command.ins & 1 else tlv.value[1:]
                data = self.cipher(encrypt=False, data=value).rstrip(b"\0")[:-1]
            elif tlv.tag == 0x97:
                ne = int.from_bytes(tlv.value, "big") or (256 if len(tlv.value) == 1 else 65_536)
            else:
                raise ValueError("unexpected data object")
        return CommandApdu(command.cla & ~0x0C, command.ins, command.p1, command.p2, data, ne)

    def mac_of(self, header: bytes, body: bytes) -> bytes:
        """The header is padded by itself; the data objects only if there are any."""
        if body:
            return self.mac(header + body)
        message = self.ssc + header
        if self.aes:
            code = CMAC(algorithms.AES(self.k_mac))
            code.update(message)
            return code.finalize()[:8]
        return retail_mac(self.k_mac, message)

    def seal(self, answer: ResponseApdu, ins: int) -> ResponseApdu:
        """The protected form of an answer."""
        self.counter += 1
        status = encode_tlv(0x99, int(answer.sw).to_bytes(2, "big"))
        cryptogram = b""
        if answer.data:
            encrypted = self.cipher(encrypt=True, data=padded(answer.data, self.block))
            cryptogram = encode_tlv(0x85, encrypted) if ins & 1 else encode_tlv(0x87, b"\x01" + encrypted)
        body = cryptogram + status
        return ResponseApdu(body + encode_tlv(0x8E, self.mac(body)), int(answer.sw))


def retail_mac(key: bytes, message: bytes) -> bytes:
    """ISO/IEC 9797-1 MAC algorithm 3 with DES over a padded message."""
    first, second = key[:8], key[8:]
    chain = Cipher(TripleDES(first * 3), modes.CBC(bytes(8))).encryptor().update(message)[-8:]
    chain = Cipher(TripleDES(second * 3), modes.ECB()).decryptor().update(chain)  # noqa: S305
    return Cipher(TripleDES(first * 3), modes.ECB()).encryptor().update(chain)  # noqa: S305


# ---------------------------------------------------------------------------------------------------- the chip
class TextbookChip:
    """An LDS1 application behind PACE (generic mapping, AES-128, one curve) or BAC; implements ``CardTransport``.

    Attributes to be set by a test before use; ``bare`` answers a file's selection or reading without protection.
    """

    is_emulated = True
    max_command = max_response = 65_544

    def __init__(self, passwords: dict[int, bytes], files: dict[int, bytes], card_access: bytes | None = None) -> None:
        self.passwords = passwords
        self.files = files
        self.card_access = card_access
        self.atr = bytes.fromhex("3b80800101")
        self.curve = P256
        self.oid = GM_AES_128
        self.tries: dict[int, int] = {}
        self.most_tries = 3
        self.deactivated: set[int] = set()
        self.hides_reason = False
        self.bac_seed: bytes | None = None
        self.bare: dict[int, int] = {}
        self.extended = True
        self.longest: int | None = None
        self.atr_info = b""
        self.closed_to: set[int] = set()
        self.denied_to: set[int] = set()
        self.bare_length_errors = True
        self.refused_references: set[int] = set()
        self.log: list[CommandApdu] = []
        self.received: list[bytes] = []
        self.openings = 0
        self.resets_left: int | None = None
        self.messaging: Messaging | None = None
        self.reset()

    # ---- transport
    def reset(self) -> None:
        self.messaging = None
        self.used: int | None = None
        self.resumed = False
        self.in_application = False
        self.selected: int | None = None
        self.pending = b""
        self.pace: dict[str, Any] = {}
        self.challenge = b""

    def close(self) -> None:
        self.messaging = None

    def __enter__(self) -> TextbookChip:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def transmit(self, octets: bytes) -> bytes:
        command = CommandApdu.parse(octets)
        self.received.append(octets)
        too_long = self.longest is not None and len(octets) > self.longest
        if too_long or (command.is_extended and not self.extended and self.bare_length_errors):
            self.messaging = None  # it looks at the length before it looks into secure messaging
            return b"\x67\x00"
        if self.messaging is None:
            self.log.append(command)
            return self._answer(command).encode()
        messaging = self.messaging
        try:
            plain = messaging.open(command)
        except (ValueError, IndexError):
            self.messaging = None
            return b"\x69\x88"
        self.log.append(plain)
        if (status := self._bare_status(plain)) is not None:
            self.messaging = None
            return status.to_bytes(2, "big")
        if command.is_extended and not self.extended:
            return messaging.seal(ResponseApdu(b"", 0x6700), plain.ins).encode()
        answer = self._answer(plain)
        return messaging.seal(answer, plain.ins).encode()

    # ---- commands
    def _answer(self, command: CommandApdu) -> ResponseApdu:
        if command.cla & 0x10 and command.ins != 0x86:
            self.pending += command.data
            return ResponseApdu(b"", 0x9000)
        data, self.pending = self.pending + command.data, b""
        handlers: dict[int, Callable[[CommandApdu, bytes], ResponseApdu]] = {
            0xA4: self._select,
            0xB0: self._read,
            0x22: self._set_at,
            0x86: self._general_authenticate,
            0x84: self._get_challenge,
            0x82: self._external_authenticate,
            0x2C: self._reset_retry_counter,
            0x2A: lambda _, body: ResponseApdu(hashlib.sha256(body).digest(), 0x9000),
        }
        handler = handlers.get(command.ins)
        return ResponseApdu(b"", 0x6D00) if handler is None else handler(command, data)

    def _bare_status(self, command: CommandApdu) -> int | None:
        if command.ins == 0xA4 and command.p1 == 0x02:
            return self.bare.get(int.from_bytes(command.data, "big"))
        if command.ins == 0xB0 and command.p1 & 0x80:
            return self.bare.get(0x0100 | command.p1 & 0x1F)
        return None

    def _select(self, command: CommandApdu, data: bytes) -> ResponseApdu:
        if command.p1 == 0x04:
            if data != AID:
                return ResponseApdu(b"", 0x6A82)
            if self.used in self.closed_to:
                return ResponseApdu(b"", 0x6982)
            self.in_application, self.selected = True, None
            return ResponseApdu(b"", 0x9000)
        if command.p1 == 0x02 and int.from_bytes(data, "big") in self._visible():
            self.selected = int.from_bytes(data, "big")
            return ResponseApdu(b"", 0x9000)
        return ResponseApdu(b"", 0x6A82)

    def _visible(self) -> dict[int, bytes]:
        if self.in_application:
            return self.files if self.messaging is not None else {}
        outside = {0x0101: self.atr_info} if self.atr_info else {}
        return outside if self.card_access is None else outside | {0x011C: self.card_access}

    def _read(self, command: CommandApdu, _: bytes) -> ResponseApdu:
        files, offset = self._visible(), command.p1 << 8 | command.p2
        if command.p1 & 0x80:
            self.selected, offset = 0x0100 | command.p1 & 0x1F, command.p2
        if self.in_application and (self.messaging is None or self.used in self.denied_to):
            return ResponseApdu(b"", 0x6982)
        if self.selected not in files:
            return ResponseApdu(b"", 0x6A82)
        block = files[self.selected][offset : offset + command.ne]
        return ResponseApdu(block, 0x9000 if len(block) == command.ne else 0x6282)

    # ---- PACE
    def _set_at(self, command: CommandApdu, data: bytes) -> ResponseApdu:
        objects = {tlv.tag: tlv.value for tlv in iter_tlvs(data)}
        reference = objects[0x83][0]
        if reference not in self.passwords or objects[0x80] != encode_oid(self.oid):
            return ResponseApdu(b"", 0x6A88)
        if 0x84 in objects and int.from_bytes(objects[0x84], "big") in self.refused_references:
            return ResponseApdu(b"", 0x6A88)
        self.pace = {"reference": reference, "parameters": objects.get(0x84)}
        left = self.tries.get(reference)
        if reference in self.deactivated:
            return ResponseApdu(b"", 0x6283)
        announce = left is not None and left < self.most_tries and not self.hides_reason
        return ResponseApdu(b"", 0x63C0 | left if announce and left is not None else 0x9000)

    def _usable(self, reference: int) -> int | None:
        """Status word if the password may not be tried now (TR-03110-3 §B.11.2)."""
        left = self.tries.get(reference)
        status = None
        if reference in self.deactivated:
            status = 0x6984
        elif left == 0:
            status = 0x6983
        elif left == 1 and not self.resumed and reference in (PIN, PUK):
            status = 0x6985
        return 0x6982 if status and self.hides_reason else status

    def _general_authenticate(self, command: CommandApdu, data: bytes) -> ResponseApdu:
        objects = {tlv.tag: tlv.value for tlv in iter_tlvs(parse_tlv(data, 0x7C).value)}
        if not objects:
            return self._nonce()
        ((tag, value),) = objects.items()
        return {0x81: self._map, 0x83: self._agree, 0x85: self._confirm}[tag](value)

    def _nonce(self) -> ResponseApdu:
        reference = self.pace["reference"]
        if (status := self._usable(reference)) is not None:
            return ResponseApdu(b"", status)
        nonce = os.urandom(16)
        key = sha1(self.passwords[reference] + b"\0\0\0\3")[:16]
        encrypted = Cipher(algorithms.AES(key), modes.CBC(bytes(16))).encryptor().update(nonce)
        self.pace["nonce"] = int.from_bytes(nonce, "big")
        return dynamic(0x80, encrypted)

    def _map(self, value: bytes) -> ResponseApdu:
        g = self.curve[3], self.curve[4]
        own = 1 + int.from_bytes(os.urandom(20), "big")
        shared = self.multiply(own, self.decode(value))
        self.pace["generator"] = self.add(self.multiply(self.pace["nonce"], g), shared)
        return dynamic(0x82, self.encode(self.multiply(own, g)))

    def _agree(self, value: bytes) -> ResponseApdu:
        own = 1 + int.from_bytes(os.urandom(20), "big")
        public = self.encode(self.multiply(own, self.pace["generator"]))
        x, _ = self.multiply(own, self.decode(value))
        keys = Messaging(x.to_bytes(self.size, "big"))
        self.pace |= {"keys": keys, "own": public, "terminal": value}
        return dynamic(0x84, public)

    def _confirm(self, value: bytes) -> ResponseApdu:
        reference, keys = self.pace["reference"], self.pace["keys"]
        if value != self.token(keys, self.pace["own"]):
            if reference not in self.tries:
                return ResponseApdu(b"", 0x6300)
            self.tries[reference] -= 1
            return ResponseApdu(b"", 0x63C0 | self.tries[reference])
        if reference in self.tries:
            self.tries[reference] = self.most_tries
        self.openings += 1
        self.used, self.resumed = reference, self.resumed or reference == CAN
        self.messaging = keys  # the answer of a second run is still sealed by the keys of the first: see transmit
        return dynamic(0x86, self.token(keys, self.pace["terminal"]))

    def token(self, keys: Messaging, public: bytes) -> bytes:
        code = CMAC(algorithms.AES(keys.k_mac))
        template = encode_tlv(0x06, encode_oid(self.oid)) + encode_tlv(0x86, public)
        code.update(encode_tlv(0x7F49, template))
        return code.finalize()[:8]

    # ---- BAC (Doc 9303-11 §4.3)
    def _get_challenge(self, command: CommandApdu, _: bytes) -> ResponseApdu:
        self.challenge = os.urandom(8)
        return ResponseApdu(self.challenge, 0x9000)

    def _external_authenticate(self, command: CommandApdu, data: bytes) -> ResponseApdu:
        if self.bac_seed is None:
            return ResponseApdu(b"", 0x6A88)
        keys = Messaging(self.bac_seed, aes=False)
        if len(data) != 40 or retail_mac(keys.k_mac, padded(data[:32], 8)) != data[32:]:
            return ResponseApdu(b"", 0x6300)
        opened = keys.cipher(encrypt=False, data=data[:32])
        rnd_ifd, rnd_ic, k_ifd = opened[:8], opened[8:16], opened[16:]
        if rnd_ic != self.challenge:
            return ResponseApdu(b"", 0x6300)
        k_ic = os.urandom(16)
        encrypted = keys.cipher(encrypt=True, data=rnd_ic + rnd_ifd + k_ic)
        seed = bytes(a ^ b for a, b in zip(k_ifd, k_ic, strict=True))
        self.messaging = Messaging(seed, int.from_bytes(rnd_ic[4:] + rnd_ifd[4:], "big"), aes=False)
        self.openings += 1
        return ResponseApdu(encrypted + retail_mac(keys.k_mac, padded(encrypted, 8)), 0x9000)

    # ---- PIN management (TR-03110-3 §B.11.9)
    def _reset_retry_counter(self, command: CommandApdu, data: bytes) -> ResponseApdu:
        if command.p2 != PIN or self.used not in (PIN, PUK):
            return ResponseApdu(b"", 0x6982)
        if command.p1 == 0x02 and data and self.used == PIN:
            self.passwords[PIN] = data
        elif command.p1 == 0x03 and not data and self.used == PUK:
            self.tries[PIN] = self.most_tries
        else:
            return ResponseApdu(b"", 0x6982)
        return ResponseApdu(b"", 0x9000)

    # ---- the schoolbook's curve
    @property
    def size(self) -> int:
        return (self.curve[0].bit_length() + 7) // 8

    def encode(self, point: tuple[int, int]) -> bytes:
        return b"\x04" + point[0].to_bytes(self.size, "big") + point[1].to_bytes(self.size, "big")

    def decode(self, octets: bytes) -> tuple[int, int]:
        half = 1 + self.size
        return int.from_bytes(octets[1:half], "big"), int.from_bytes(octets[half:], "big")

    def add(self, one: tuple[int, int], two: tuple[int, int]) -> tuple[int, int]:
        p, a = self.curve[0], self.curve[1]
        doubling = one == two
        rise, run = (3 * one[0] ** 2 + a, 2 * one[1]) if doubling else (two[1] - one[1], two[0] - one[0])
        slope = rise * pow(run, -1, p)
        x = (slope * slope - one[0] - two[0]) % p
        return x, (slope * (one[0] - x) - one[1]) % p

    def multiply(self, scalar: int, point: tuple[int, int]) -> tuple[int, int]:
        result = point
        for bit in bin(scalar)[3:]:
            result = self.add(result, result)
            if bit == "1":
                result = self.add(result, point)
        return result


def dynamic(tag: int, value: bytes) -> ResponseApdu:
    """One object in the dynamic authentication data (Doc 9303-11 §4.4.4.2)."""
    return ResponseApdu(encode_tlv(0x7C, encode_tlv(tag, value)), 0x9000)
