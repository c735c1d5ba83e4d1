"""Secure messaging with every intermediate value (Doc 9303-11 §9.8), for ciphers that no standard prints an example of."""

from __future__ import annotations

import hashlib
from typing import Any

from tests.interop.foreign_messaging import SUITES, Suite
from tests.interop.foreign_tlv import tlv
from tests.vectors.ours.groups import octets

CIPHER_ARCS = {"3des": 1, "aes-128": 2, "aes-192": 3, "aes-256": 4}
JsonObject = dict[str, Any]


def suite(cipher: str) -> Suite:
    return SUITES[CIPHER_ARCS[cipher]]


def odd_parity(key: bytes) -> bytes:
    """DES keys as FIPS 46-3 writes them: an odd number of ones in each octet."""
    return bytes(octet ^ (octet.bit_count() % 2 ^ 1) for octet in key)


def key(cipher: str, seed: bytes, counter: int) -> bytes:
    """KDF(seed, counter) (Doc 9303-11 §9.7.1)."""
    derived = suite(cipher).kdf(seed, counter)
    return odd_parity(derived) if cipher == "3des" else derived


class Recorder:
    """One session; each exchange comes back with all that was computed on the way."""

    def __init__(self, cipher: str, ks_enc: bytes, ks_mac: bytes, counter: int = 0) -> None:
        self.cipher, self.suite = cipher, suite(cipher)
        self.ks_enc, self.ks_mac, self.counter = ks_enc, ks_mac, counter

    def exchange(self, plain_command: str, plain_response: str) -> JsonObject:
        command, response = bytes.fromhex(plain_command), bytes.fromhex(plain_response)
        out: JsonObject = {"plain_command": plain_command, "plain_response": plain_response}
        self._command(command, out)
        self._response(response, bool(command[1] & 1), out)
        return out

    def _next(self, out: JsonObject, side: str) -> tuple[bytes, bytes]:
        """Counter and IV of one message (§9.8.2, §9.8.6.1)."""
        self.counter += 1
        counter = self.counter.to_bytes(self.suite.block, "big")
        out[f"{side}_ssc"] = counter.hex()
        if self.suite.block == 8:
            return counter, bytes(8)
        return counter, self.suite.encrypt(self.ks_enc, bytes(16), counter)

    def _encrypt(self, data: bytes, iv: bytes, odd: bool, out: JsonObject, side: str) -> bytes:
        padded = self.suite.pad(data)
        cryptogram = self.suite.encrypt(self.ks_enc, iv, padded)
        out[f"{side}_data"] = data.hex()
        if any(iv):
            out[f"{side}_iv"] = iv.hex()
        out[f"{side}_data_padded"], out[f"{side}_data_encrypted"] = padded.hex(), cryptogram.hex()
        return tlv(0x85, cryptogram) if odd else tlv(0x87, b"\x01", cryptogram)

    def _mac(self, covered: bytes, out: JsonObject, side: str) -> bytes:
        checksum = self.suite.mac(self.ks_mac, covered)
        out[f"{side}_mac_input"], out[f"{side}_mac"] = covered.hex(), checksum.hex()
        return tlv(0x8E, checksum)

    def _command(self, command: bytes, out: JsonObject) -> None:
        head, data, le, extended = cut(command)
        counter, iv = self._next(out, "command")
        head = bytes([head[0] | 0x0C]) + head[1:]
        body = self._encrypt(data, iv, bool(head[1] & 1), out, "command") if data else b""
        body += b"" if le is None else tlv(0x97, le)
        covered = counter + self.suite.pad(head) + (self.suite.pad(body) if body else b"")
        body += self._mac(covered, out, "command")
        if extended or len(body) > 255:
            protected = head + b"\0" + len(body).to_bytes(2, "big") + body + b"\0\0"
        else:
            protected = head + bytes([len(body)]) + body + b"\0"
        out["protected_command"] = protected.hex()

    def _response(self, response: bytes, odd: bool, out: JsonObject) -> None:
        data, status = response[:-2], response[-2:]
        counter, iv = self._next(out, "response")
        body = self._encrypt(data, iv, odd, out, "response") if data else b""
        body += tlv(0x99, status)
        body += self._mac(counter + self.suite.pad(body), out, "response")
        out["protected_response"] = (body + status).hex()


def cut(command: bytes) -> tuple[bytes, bytes, bytes | None, bool]:
    """Header, data, value of DO'97' and whether lengths are extended (ISO/IEC 7816-3 §12.1.3)."""
    head, body = command[:4], command[4:]
    if not body:
        return head, b"", None, False
    if len(body) == 1:
        return head, b"", body, False
    if body[0]:
        return head, body[1 : 1 + body[0]], body[1 + body[0] :] or None, False
    if len(body) == 3:
        return head, b"", body[1:], True
    count = int.from_bytes(body[1:3], "big")
    return head, body[3 : 3 + count], body[3 + count :] or None, True


def exchanges(block: int) -> list[tuple[str, str, str]]:
    """Name, plain command and plain answer: every case of command, and answers that are no success."""
    text = hashlib.sha512(b"TEST content of a file").hexdigest() * 5
    whole = text[: 2 * (2 * block - 1)]  # one octet short of two blocks: padding of exactly one octet
    return [
        ("case 1: neither data nor answer", "00a4000c", "9000"),
        ("case 2: answer of whole blocks", "00b0000020", text[:64] + "9000"),
        ("case 2: all that fits (Le 00)", "00b0810000", whole + "9000"),
        ("case 3: data", "00a4020c02011e", "9000"),
        ("case 4: data and answer", "0088000008010203040506070800", text[:128] + "9000"),
        ("file not found: the counter goes on", "00a4020c0201ff", "6a82"),
        ("wrong length announced", "00b0000005", "6c04"),
        ("end of file: data under a warning", "00b0000010", text[:20] + "6282"),
        ("odd instruction: BER-TLV both ways", "00b10000045402010210", "5308" + text[:16] + "9000"),
        ("chained", "108600000c7c0a8108" + text[:16] + "00", "7c009000"),
        ("case 3 extended: 300 octets of data", "00d6000000012c" + text[:600], "9000"),
        ("case 4 extended", "0088000000000801020304050607080000", text[:512] + "9000"),
        ("case 2 extended: 300 octets of answer", "00b00000000000", text[:600] + "9000"),
        ("success without data", "00b0000001", "9000"),
    ]


def cases() -> list[JsonObject]:
    """One session per cipher."""
    found = []
    for cipher in CIPHER_ARCS:
        seed = octets(f"shared secret of {cipher}", 32)
        ks_enc, ks_mac = key(cipher, seed, 1), key(cipher, seed, 2)
        # one session begins at the last counter below a carry over five octets, as after BAC it may
        counter = 0x00FFFFFFFFFFFFFE if cipher == "3des" else 0
        session = Recorder(cipher, ks_enc, ks_mac, counter)
        steps = [{"name": name} | session.exchange(*pair) for name, *pair in exchanges(session.suite.block)]
        found.append(
            {
                "name": f"secure messaging {cipher}",
                "cipher": cipher,
                "shared_secret": seed.hex(),
                "ks_enc": ks_enc.hex(),
                "ks_mac": ks_mac.hex(),
                "initial_ssc": counter.to_bytes(session.suite.block, "big").hex(),
                "exchanges": steps,
            }
        )
    return found
