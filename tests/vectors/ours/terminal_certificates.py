"""Card-verifiable certificates and terminals' signatures (TR-03110-3 §C, §D), by integers and hashes alone."""

from __future__ import annotations

import functools
import hashlib
from typing import Protocol

from tests.interop.foreign_tlv import oid, tlv
from tests.vectors.ours.active_authentication import rfc6979_nonce, sign
from tests.vectors.ours.groups import curve, number, octets, scalar_octets
from tests.vectors.ours.messaging import JsonObject

INSPECTION_SYSTEM = "0.4.0.127.0.7.3.1.2.1"
_TERMINAL_AUTHENTICATION = "0.4.0.127.0.7.2.2.2"
_DIGEST_INFO_SHA256 = bytes.fromhex("3031300d060960864801650304020105000420")


class Key(Protocol):
    """A key that signs for terminal authentication."""

    oid: str

    def public(self, *, with_parameters: bool) -> bytes: ...

    def sign(self, data: bytes) -> bytes: ...

    def note(self) -> JsonObject: ...


class EcdsaKey:
    """id-TA-ECDSA-SHA-256 (TR-03110-3 §A.7.3.3)."""

    oid = f"{_TERMINAL_AUTHENTICATION}.2.3"

    def __init__(self, label: str, curve_name: str) -> None:
        self.domain, self.curve_name = curve(curve_name), curve_name
        self.private = number(label, self.domain.n)

    def public(self, *, with_parameters: bool) -> bytes:
        """DO'7F49' (§D.3.3): parameters in certificates of verifying authorities only."""
        domain = self.domain
        point = domain.octets(domain.times(self.private, domain.g))
        if not with_parameters:
            return tlv(0x7F49, tlv(0x06, oid(self.oid)), tlv(0x86, point))
        numbers = [_unsigned(value) for value in (domain.p, domain.a, domain.b)]
        parameters = [tlv(tag, value) for tag, value in zip((0x81, 0x82, 0x83), numbers, strict=True)]
        parameters += [tlv(0x84, domain.octets(domain.g)), tlv(0x85, _unsigned(domain.n))]
        return tlv(0x7F49, tlv(0x06, oid(self.oid)), *parameters, tlv(0x86, point), tlv(0x87, b"\x01"))

    def sign(self, data: bytes) -> bytes:
        digest = hashlib.sha256(data).digest()
        nonce = rfc6979_nonce(self.domain.n, self.private, digest, "sha256")
        return b"".join(scalar_octets(value, self.domain.n) for value in sign(self.domain, self.private, nonce, digest))

    def note(self) -> JsonObject:
        return {"curve": self.curve_name, "private_key": scalar_octets(self.private, self.domain.n).hex()}


class RsaKey:
    """id-TA-RSA-v1-5-SHA-256 with 1024 bits (TR-03110-3 §A.7.3.2)."""

    oid = f"{_TERMINAL_AUTHENTICATION}.1.2"

    def __init__(self, label: str) -> None:
        p, q = _prime(f"{label} p"), _prime(f"{label} q")
        self.n, self.e = p * q, 65537
        self.d = pow(self.e, -1, (p - 1) * (q - 1))

    def public(self, *, with_parameters: bool) -> bytes:
        """DO'7F49' (§D.3.1)."""
        return tlv(0x7F49, tlv(0x06, oid(self.oid)), tlv(0x81, _unsigned(self.n)), tlv(0x82, _unsigned(self.e)))

    def sign(self, data: bytes) -> bytes:
        """RSASSA-PKCS1-v1_5 (RFC 8017 §8.2)."""
        info = _DIGEST_INFO_SHA256 + hashlib.sha256(data).digest()
        padded = b"\0\x01" + b"\xff" * (128 - 3 - len(info)) + b"\0" + info
        return pow(int.from_bytes(padded, "big"), self.d, self.n).to_bytes(128, "big")

    def note(self) -> JsonObject:
        return {"modulus": f"{self.n:0256x}", "private_exponent": f"{self.d:0256x}"}


@functools.cache
def _prime(label: str) -> int:
    """The first prime at or above a number of 512 bits whose two highest bits are set, that fits e = 65537."""
    candidate = int.from_bytes(octets(label, 64), "big") | 3 << 510 | 1
    small = [3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47]
    while not (
        all(candidate % each for each in small)
        and candidate % 65537 != 1
        and all(_is_witness_of_primality(candidate, base) for base in small)
    ):
        candidate += 2
    return candidate


def _is_witness_of_primality(candidate: int, base: int) -> bool:
    """One round of Miller and Rabin."""
    odd, twos = candidate - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    power = pow(base, odd, candidate)
    return power in (1, candidate - 1) or any(pow(power, 1 << turn, candidate) == candidate - 1 for turn in range(twos))


def _unsigned(value: int) -> bytes:
    return value.to_bytes((value.bit_length() + 7) // 8, "big")


def template(rights: int) -> bytes:
    """DO'7F4C' of an inspection system (§C.4.1)."""
    return tlv(0x7F4C, tlv(0x06, oid(INSPECTION_SYSTEM)), tlv(0x53, bytes([rights])))


def certificate(holder: tuple[str, Key], issuer: tuple[str, Key], rights: int, first: str, last: str) -> bytes:
    """A certificate (§C.1). Dates are six digits, one to an octet."""
    own = rights & 0xC0 == 0xC0
    body = tlv(
        0x7F4E,
        b"\x5f\x29\x01\x00",
        tlv(0x42, issuer[0].encode()),
        holder[1].public(with_parameters=own),
        tlv(0x5F20, holder[0].encode()),
        template(rights),
        tlv(0x5F25, bytes(int(digit) for digit in first)),
        tlv(0x5F24, bytes(int(digit) for digit in last)),
    )
    return tlv(0x7F21, body, tlv(0x5F37, issuer[1].sign(body)))
