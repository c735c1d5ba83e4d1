"""The foreign terminal's ciphers, keys and secure messaging (Doc 9303-11 §9.7, §9.8)."""

from __future__ import annotations

import dataclasses
import hashlib

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

from tests.interop.foreign_tlv import objects, tlv


@dataclasses.dataclass(frozen=True)
class Suite:
    """3DES or AES, told by the last arc of the protocol's object identifier."""

    key_size: int
    block: int

    def kdf(self, secret: bytes, counter: int) -> bytes:
        name = "sha1" if self.key_size == 16 else "sha256"
        return hashlib.new(name, secret + counter.to_bytes(4, "big"), usedforsecurity=False).digest()[: self.key_size]

    def _cipher(self, key: bytes, mode: modes.Mode) -> Cipher[modes.Mode]:
        return Cipher(AES(key) if self.block == 16 else TripleDES(key + key[:8]), mode)

    def encrypt(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        run = self._cipher(key, modes.CBC(iv)).encryptor()
        return run.update(data) + run.finalize()

    def decrypt(self, key: bytes, iv: bytes, data: bytes) -> bytes:
        run = self._cipher(key, modes.CBC(iv)).decryptor()
        return run.update(data) + run.finalize()

    def mac(self, key: bytes, data: bytes) -> bytes:
        """AES-CMAC cut to eight octets, or the retail MAC over data that is padded already."""
        if self.block == 16:
            cmac = CMAC(AES(key))
            cmac.update(data)
            return cmac.finalize()[:8]
        left, right = key[:8] * 3, key[8:] * 3
        chained = Cipher(TripleDES(left), modes.CBC(bytes(8))).encryptor().update(data)  # the last block hangs on all
        run = Cipher(TripleDES(right), modes.ECB()).decryptor()  # noqa: S305 - one block of the retail MAC
        return _des(left, run.update(chained[-8:]) + run.finalize())

    def pad(self, data: bytes) -> bytes:
        return data + b"\x80" + bytes(-(len(data) + 1) % self.block)

    def token_mac(self, key: bytes, data: bytes) -> bytes:
        """The MAC of PACE tokens: CMAC pads by itself, the retail MAC does not."""
        return self.mac(key, data if self.block == 16 else self.pad(data))


def _des(key: bytes, block: bytes) -> bytes:
    run = Cipher(TripleDES(key), modes.ECB()).encryptor()  # noqa: S305 - one block of the retail MAC
    return run.update(block) + run.finalize()


SUITES = {1: Suite(16, 8), 2: Suite(16, 16), 3: Suite(24, 16), 4: Suite(32, 16)}
TDES = SUITES[1]


class Refused(Exception):  # noqa: N818 - says what happened to the command
    """The card's status word was not the one that the step needs."""

    def __init__(self, status: str) -> None:
        super().__init__(status)
        self.status = status


class Session:
    """Secure messaging (Doc 9303-11 §9.8)."""

    def __init__(self, suite: Suite, secret: bytes, counter: int = 0) -> None:
        self.suite = suite
        self.enc, self.mac_key = suite.kdf(secret, 1), suite.kdf(secret, 2)
        self.counter = counter

    def _next(self) -> bytes:
        self.counter = (self.counter + 1) % (1 << 8 * self.suite.block)
        return self.counter.to_bytes(self.suite.block, "big")

    def _iv(self, counter: bytes) -> bytes:
        return bytes(8) if self.suite.block == 8 else self.suite.encrypt(self.enc, bytes(16), counter)

    def protect(self, head: bytes, data: bytes, le: bytes | None, *, extended: bool) -> bytes:
        counter, suite = self._next(), self.suite
        head = bytes([head[0] | 0x0C]) + head[1:]
        body = b""
        if data:
            cryptogram = suite.encrypt(self.enc, self._iv(counter), suite.pad(data))
            body = tlv(0x85, cryptogram) if head[1] & 1 else tlv(0x87, b"\x01", cryptogram)
        if le is not None:
            body += tlv(0x97, le)
        body += tlv(0x8E, suite.mac(self.mac_key, suite.pad(counter + suite.pad(head) + body)))
        if extended or len(body) > 255:
            return head + b"\0" + len(body).to_bytes(2, "big") + body + b"\0\0"
        return head + bytes([len(body)]) + body + b"\0"

    def unprotect(self, answer: bytes, *, odd: bool) -> tuple[bytes, str]:
        """The plain answer. Every object, its order and its MAC are checked."""
        body, outer = answer[:-2], answer[-2:].hex().upper()
        if not body:
            raise Refused(outer)  # the chip has ended the session
        counter, suite = self._next(), self.suite
        found = list(objects(body))
        tags = [tag for tag, _ in found]
        assert tags in ([0x99, 0x8E], [0x85 if odd else 0x87, 0x99, 0x8E]), [hex(tag) for tag in tags]
        parts = dict(found)
        covered = body[: -len(tlv(0x8E, parts[0x8E]))]
        assert len(parts[0x8E]) == 8
        assert parts[0x8E] == suite.mac(self.mac_key, suite.pad(counter + covered)), "the MAC fits"
        assert parts[0x99].hex().upper() == outer, "both status words say the same"
        if len(found) == 2:
            return b"", outer
        cryptogram = parts[tags[0]]
        if not odd:
            assert cryptogram[0] == 1, "padding indicator"
            cryptogram = cryptogram[1:]
        padded = suite.decrypt(self.enc, self._iv(counter), cryptogram)
        data = padded.rstrip(b"\0")
        assert data.endswith(b"\x80")
        assert len(padded) - len(data) < suite.block
        return data[:-1], outer
