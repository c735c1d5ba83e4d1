"""A terminal that shares no code with this project: the standard library and `cryptography` only.

Written from Doc 9303-10/-11, TR-03110 and ISO/IEC 7816-4 for a card that is nothing but ``transmit(bytes) -> bytes``.
If it and a card agree, both agree with the standard; the reader and the shared ``crypto`` room have no part in that.
Points are added here in plain Python, keys are derived here, TLVs are cut here. It is a peer for tests, not a product:
nothing in it resists side channels.
"""

from __future__ import annotations

import base64
import dataclasses
import hashlib
import secrets
import subprocess
from collections.abc import Callable, Iterator

from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.cmac import CMAC

Transmit = Callable[[bytes], bytes]
Point = tuple[int, int]

APPLICATION = bytes.fromhex("A0000002471001")
MRZ, CAN = 1, 2


# -- BER-TLV ---------------------------------------------------------------------------------------------------


def tlv(tag: int, *values: bytes) -> bytes:
    """One data object, shortest length."""
    value = b"".join(values)
    size = len(value)
    length = bytes([size]) if size < 0x80 else b"\x81%c" % size if size < 0x100 else b"\x82" + size.to_bytes(2, "big")
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + length + value


def header(octets: bytes) -> tuple[int, int, int]:
    """Tag, length of the value, length of the header."""
    end = 1
    if octets[0] & 0x1F == 0x1F:
        while octets[end] & 0x80:
            end += 1
        end += 1
    tag = int.from_bytes(octets[:end], "big")
    first = octets[end]
    if first < 0x80:
        return tag, first, end + 1
    size = first & 0x7F
    assert 1 <= size <= 3, "a length of one to three octets"
    return tag, int.from_bytes(octets[end + 1 : end + 1 + size], "big"), end + 1 + size


def objects(octets: bytes) -> Iterator[tuple[int, bytes]]:
    """The data objects one after the other; there must be nothing else."""
    while octets:
        tag, size, start = header(octets)
        assert len(octets) >= start + size, "the value is all there"
        yield tag, octets[start : start + size]
        octets = octets[start + size :]


def only(octets: bytes, *tags: int) -> bytes:
    """The value at the end of a chain of tags, each the only object at its place."""
    for tag in tags:
        ((found, octets),) = objects(octets)
        assert found == tag, f"{found:X} in place of {tag:X}"
    return octets


def oid(dotted: str) -> bytes:
    """The value field of an object identifier."""
    first, second, *rest = (int(arc) for arc in dotted.split("."))
    body = b""
    for arc in (40 * first + second, *rest):
        groups = [arc & 0x7F]
        while arc := arc >> 7:
            groups.append(arc & 0x7F | 0x80)
        body += bytes(reversed(groups))
    return body


# -- curves -----------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Curve:
    """y² = x³ + ax + b over GF(p), base point of order n."""

    p: int
    a: int
    b: int
    g: Point
    n: int

    @property
    def size(self) -> int:
        return (self.p.bit_length() + 7) // 8

    def has(self, point: Point) -> bool:
        x, y = point
        return 0 <= x < self.p and 0 <= y < self.p and (y * y - x * x * x - self.a * x - self.b) % self.p == 0

    def octets(self, point: Point) -> bytes:
        return b"\x04" + b"".join(value.to_bytes(self.size, "big") for value in point)

    def point(self, octets: bytes) -> Point:
        assert octets[0] == 4
        assert len(octets) == 1 + 2 * self.size
        point = int.from_bytes(octets[1 : 1 + self.size], "big"), int.from_bytes(octets[1 + self.size :], "big")
        assert self.has(point)
        return point

    def add(self, left: Point, right: Point) -> Point:
        if left == right:
            slope = (3 * left[0] * left[0] + self.a) * pow(2 * left[1], -1, self.p)
        else:
            slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, self.p)
        x = (slope * slope - left[0] - right[0]) % self.p
        return x, (slope * (left[0] - x) - left[1]) % self.p

    def times(self, scalar: int, point: Point) -> Point:
        """Double and add in Jacobian coordinates, leading bit first."""
        x, y, z = *point, 1
        p = self.p
        for bit in bin(scalar)[3:]:
            square = y * y % p
            s = 4 * x * square % p
            m = (3 * x * x + self.a * pow(z, 4, p)) % p
            x, y, z = (m * m - 2 * s) % p, 0, 2 * y * z % p
            y = (m * (s - x) - 8 * square * square) % p
            if bit == "1":
                zz = z * z % p
                h, r = (point[0] * zz - x) % p, (point[1] * zz * z - y) % p
                hh = h * h % p
                v = x * hh % p
                x, y, z = (r * r - h * hh - 2 * v) % p, y * h * hh % p, z * h % p
                y = (r * (v - x) - y) % p
        inverse = pow(z, -1, p)
        return x * inverse * inverse % p, y * pow(inverse, 3, p) % p

    def key(self) -> int:
        return secrets.randbelow(self.n - 1) + 1


def _curve(p: str, a: str, b: str, x: str, y: str, n: str) -> Curve:
    return Curve(int(p, 16), int(a, 16), int(b, 16), (int(x, 16), int(y, 16)), int(n, 16))


NIST_P256 = _curve(
    "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
    "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    "6b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296",
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
)
BRAINPOOL_P256 = _curve(
    "a9fb57dba1eea9bc3e660a909d838d726e3bf623d52620282013481d1f6e5377",
    "7d5a0975fc2c3057eef67530417affe7fb8055c126dc5c6ce94a4b44f330b5d9",
    "26dc5c6ce94a4b44f330b5d9bbd77cbf958416295cf7e1ce6bccdc18ff8c07b6",
    "8bd2aeb9cb7e57cb2c4b482ffc81b7afb9de27e1e3bd23c23a4453bd9ace3262",
    "547ef835c3dac4fd97f8461a14611dc9c27745132ded8e545c1d54c72f046997",
    "a9fb57dba1eea9bc3e660a909d838d718c397aa3b561a6f7901e0e82974856a7",
)
BRAINPOOL_P384 = _curve(
    "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b412b1da197fb71123acd3a729901d1a71874700133107ec53",
    "7bc382c63d8c150c3c72080ace05afa0c2bea28e4fb22787139165efba91f90f8aa5814a503ad4eb04a8c7dd22ce2826",
    "04a8c7dd22ce28268b39b55416f0447c2fb77de107dcd2a62e880ea53eeb62d57cb4390295dbc9943ab78696fa504c11",
    "1d1c64f068cf45ffa2a63a81b7c13f6b8847a3e77ef14fe3db7fcafe0cbd10e8e826e03436d646aaef87b2e247d4af1e",
    "8abe1d7520f9c2a45cb1eb8e95cfd55262b70b29feec5864e19c054ff99129280e4646217791811142820341263c5315",
    "8cb91e82a3386d280f5d6f7e50e641df152f7109ed5456b31f166e6cac0425a7cf3ab6af6b7fc3103b883202e9046565",
)
BRAINPOOL_P512 = _curve(
    "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330871"
    "7d4d9b009bc66842aecda12ae6a380e62881ff2f2d82c68528aa6056583a48f3",
    "7830a3318b603b89e2327145ac234cc594cbdd8d3df91610a83441caea9863bc"
    "2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a72bf2c7b9e7c1ac4d77fc94ca",
    "3df91610a83441caea9863bc2ded5d5aa8253aa10a2ef1c98b9ac8b57f1117a7"
    "2bf2c7b9e7c1ac4d77fc94cadc083e67984050b75ebae5dd2809bd638016f723",
    "81aee4bdd82ed9645a21322e9c4c6a9385ed9f70b5d916c1b43b62eef4d0098e"
    "ff3b1f78e2d0d48d50d1687b93b97d5f7c6d5047406a5e688b352209bcb9f822",
    "7dde385d566332ecc0eabfa9cf7822fdf209f70024a57b1aa000c55b881f8111"
    "b2dcde494a5f485e5bca4bd88a2763aed1ca2b2fa8f0540678cd1e0f3ad80892",
    "aadd9db8dbe9c48b3fd4e6ae33c9fc07cb308db3b3c9d20ed6639cca70330870"
    "553e5c414ca92619418661197fac10471db1d381085ddaddb58796829ca90069",
)
NIST_P384 = _curve(
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000ffffffff",
    "fffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffeffffffff0000000000000000fffffffc",
    "b3312fa7e23ee7e4988e056be3f82d19181d9c6efe8141120314088f5013875ac656398d8a2ed19d2a85c8edd3ec2aef",
    "aa87ca22be8b05378eb1c71ef320ad746e1d3b628ba79b9859f741e082542a385502f25dbf55296c3a545e3872760ab7",
    "3617de4a96262c6f5d9e98bf9292dc29f8f41dbd289a147ce9da3113b5f0b8c00a60b1ce1d7e819d7a431d7c90ea0e5f",
    "ffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973",
)
BRAINPOOL_P320 = _curve(
    "d35e472036bc4fb7e13c785ed201e065f98fcfa6f6f40def4f92b9ec7893ec28fcd412b1f1b32e27",
    "3ee30b568fbab0f883ccebd46d3f3bb8a2a73513f5eb79da66190eb085ffa9f492f375a97d860eb4",
    "520883949dfdbc42d3ad198640688a6fe13f41349554b49acc31dccd884539816f5eb4ac8fb1f1a6",
    "43bd7e9afb53d8b85289bcc48ee5bfe6f20137d10a087eb6e7871e2a10a599c710af8d0d39e20611",
    "14fdd05545ec1cc8ab4093247f77275e0743ffed117182eaa9c77877aaac6ac7d35245d1692e8ee1",
    "d35e472036bc4fb7e13c785ed201e065f98fcfa5b68f12a32d482ec7ee8658e98691555b44c59311",
)
STANDARDIZED = {  # Doc 9303-11 table 12
    12: NIST_P256,
    13: BRAINPOOL_P256,
    14: BRAINPOOL_P320,
    15: NIST_P384,
    16: BRAINPOOL_P384,
    17: BRAINPOOL_P512,
}
CURVES_BY_OID = {
    oid("1.2.840.10045.3.1.7"): NIST_P256,
    oid("1.3.132.0.34"): NIST_P384,
    oid("1.3.36.3.3.2.8.1.1.7"): BRAINPOOL_P256,
    oid("1.3.36.3.3.2.8.1.1.11"): BRAINPOOL_P384,
    oid("1.3.36.3.3.2.8.1.1.13"): BRAINPOOL_P512,
}


# -- ciphers and keys (Doc 9303-11 §9.7, §9.8.6, §9.8.7) ----------------------------------------------------------


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
        last = bytes(8)
        for start in range(0, len(data), 8):
            last = _des(left, bytes(a ^ b for a, b in zip(last, data[start : start + 8], strict=True)))
        run = Cipher(TripleDES(right), modes.ECB()).decryptor()  # noqa: S305 - one block of the retail MAC
        return _des(left, run.update(last) + run.finalize())

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


# -- the terminal ---------------------------------------------------------------------------------------------------


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


# -- SecurityInfos (Doc 9303-11 §9.2) -------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class FiniteField:
    """Integers modulo p, base g."""

    p: int
    g: int


@dataclasses.dataclass(frozen=True)
class ChipKey:
    """A static key for chip authentication; ``reference`` goes into DO'84'."""

    group: Curve | FiniteField
    public: Point | int
    reference: bytes | None

    def agree(self) -> tuple[bytes, bytes]:
        """An ephemeral public key and the shared secret (Doc 9303-11 §9.4, §9.6)."""
        if isinstance(self.group, Curve) and isinstance(self.public, tuple):
            own = self.group.key()
            shared = self.group.times(own, self.public)[0]
            return self.group.octets(self.group.times(own, self.group.g)), shared.to_bytes(self.group.size, "big")
        assert isinstance(self.group, FiniteField)
        assert isinstance(self.public, int)
        p, own = self.group.p, secrets.randbelow(self.group.p - 3) + 2
        assert 1 < self.public < p - 1
        public = pow(self.group.g, own, p)
        size = (p.bit_length() + 7) // 8
        return public.to_bytes((public.bit_length() + 7) // 8, "big"), pow(self.public, own, p).to_bytes(size, "big")


ID_PACE_ECDH_GM = oid("0.4.0.127.0.7.2.2.4.2")
ID_CA_DH = oid("0.4.0.127.0.7.2.2.3.1")
ID_CA_ECDH = oid("0.4.0.127.0.7.2.2.3.2")
ID_PK_DH = oid("0.4.0.127.0.7.2.2.1.1")
ID_PK_ECDH = oid("0.4.0.127.0.7.2.2.1.2")
DH_KEY_AGREEMENT = oid("1.2.840.113549.1.3.1")  # PKCS #3: p, g
DH_PUBLIC_NUMBER = oid("1.2.840.10046.2.1")  # X9.42: p, g, q
ID_AA = oid("2.23.136.1.1.5")
EC_PUBLIC_KEY = oid("1.2.840.10045.2.1")
STANDARDIZED_PARAMETERS = oid("0.4.0.127.0.7.1.2")


@dataclasses.dataclass
class SecurityInfos:
    """What a SET OF SecurityInfo says, as far as this terminal understands it."""

    pace: list[tuple[bytes, int]]
    chip_authentication: dict[bytes | None, bytes]
    chip_keys: dict[bytes | None, ChipKey]
    signature_hash: str = ""


def _unsigned(integer: bytes) -> bytes:
    return integer.lstrip(b"\0") or b"\0"


def security_infos(octets: bytes) -> SecurityInfos:
    """Reads EF.CardAccess, or DG14 without its outer tag."""
    infos = SecurityInfos([], {}, {})
    for _, info in objects(only(octets, 0x31)):
        (_, protocol), *rest = objects(info)
        if protocol[:-1] == ID_PACE_ECDH_GM:
            assert rest[0] == (0x02, b"\x02")
            infos.pace.append((protocol, int.from_bytes(rest[1][1], "big")))
        elif protocol[:-1] in (ID_CA_DH, ID_CA_ECDH):
            if rest[0] == (0x02, b"\x02"):
                continue  # version 2 starts with terminal authentication
            assert rest[0] == (0x02, b"\x01")
            infos.chip_authentication[_unsigned(rest[1][1]) if len(rest) > 1 else None] = protocol
        elif protocol == ID_PK_ECDH:
            reference = _unsigned(rest[1][1]) if len(rest) > 1 else None
            curve, public = public_key(tlv(0x30, rest[0][1]))
            infos.chip_keys[reference] = ChipKey(curve, public, reference)
        elif protocol == ID_PK_DH:
            reference = _unsigned(rest[1][1]) if len(rest) > 1 else None
            infos.chip_keys[reference] = ChipKey(*finite_field_key(rest[0][1]), reference)
        elif protocol == ID_AA:
            infos.signature_hash = {2: "sha224", 3: "sha256", 4: "sha384", 5: "sha512"}[rest[1][1][-1]]
    return infos


def public_key(octets: bytes) -> tuple[Curve, Point]:
    """SubjectPublicKeyInfo of a point: curve by name, by parameter id or written out."""
    (_, algorithm), (_, bits) = objects(only(octets, 0x30))
    (_, kind), (tag, parameters) = objects(algorithm)
    if kind == STANDARDIZED_PARAMETERS:
        curve = STANDARDIZED[parameters[0]]
    else:
        assert kind == EC_PUBLIC_KEY
        curve = CURVES_BY_OID[parameters] if tag == 0x06 else _explicit(parameters)
    assert bits[0] == 0
    return curve, curve.point(bits[1:])


def finite_field_key(octets: bytes) -> tuple[FiniteField, int]:
    """The value of a SubjectPublicKeyInfo in a finite field, written in one of three ways."""
    (_, algorithm), (_, bits) = objects(octets)
    (_, kind), (_, parameters) = objects(algorithm)
    if kind == STANDARDIZED_PARAMETERS:
        field = _standardized_field(parameters[0])
    else:
        assert kind in (DH_KEY_AGREEMENT, DH_PUBLIC_NUMBER)
        p, g = list(objects(parameters))[:2]
        field = FiniteField(int.from_bytes(p[1], "big"), int.from_bytes(g[1], "big"))
    assert bits[0] == 0
    return field, int.from_bytes(only(bits[1:], 0x02), "big")


def _standardized_field(number: int) -> FiniteField:
    """RFC 5114 §2, as the openssl command knows it."""
    name = ("dh_1024_160", "dh_2048_224", "dh_2048_256")[number]
    command = ["openssl", "genpkey", "-genparam", "-algorithm", "DHX", "-pkeyopt", f"group:{name}"]
    lines = subprocess.run(command, capture_output=True, check=True, text=True).stdout.split("-----")
    p, g = list(objects(only(base64.b64decode(lines[2]), 0x30)))[:2]
    return FiniteField(int.from_bytes(p[1], "big"), int.from_bytes(g[1], "big"))


def _explicit(parameters: bytes) -> Curve:
    """ECParameters (RFC 3279 §2.3.5); they must be a curve that this terminal knows."""
    (_, version), (_, field), (_, equation), (_, base), (_, order), (_, cofactor) = objects(parameters)
    assert (version, cofactor) == (b"\x01", b"\x01")
    (_, kind), (_, prime) = objects(field)
    assert kind == oid("1.2.840.10045.1.1")
    (_, a), (_, b) = list(objects(equation))[:2]
    half = len(base) // 2
    p, n = int.from_bytes(prime, "big"), int.from_bytes(order, "big")
    g = int.from_bytes(base[1 : 1 + half], "big"), int.from_bytes(base[1 + half :], "big")
    curve = Curve(p, int.from_bytes(a, "big"), int.from_bytes(b, "big"), g, n)
    assert curve in STANDARDIZED.values()
    return curve
