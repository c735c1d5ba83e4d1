"""Active authentication with ECDSA (Doc 9303-11 §6.1.2.3; TR-03111 §4.2.1): plain integers, nonces by RFC 6979."""

from __future__ import annotations

import hashlib
import hmac

from tests.interop.foreign_curves import Curve
from tests.interop.foreign_tlv import tlv
from tests.vectors.ours.groups import curve, number, octets, scalar_octets
from tests.vectors.ours.messaging import JsonObject

SUITES = [
    ("secp192r1", "sha224", ""),
    ("secp224r1", "sha224", ""),
    ("secp256r1", "sha256", ""),
    ("secp256r1", "sha512", ""),  # the hash is longer than the order: its left part counts
    ("secp384r1", "sha384", ""),
    ("secp521r1", "sha512", ""),
    ("brainpoolP192r1", "sha224", ""),
    ("brainpoolP224r1", "sha224", ""),
    ("brainpoolP256r1", "sha256", ""),
    ("brainpoolP320r1", "sha256", ""),
    ("brainpoolP384r1", "sha384", ""),
    ("brainpoolP512r1", "sha512", ""),
    # challenges for which r, or s, begins with a zero octet: DER drops it, the plain format does not
    ("secp256r1", "sha256", "short r"),
    ("brainpoolP256r1", "sha256", "short s"),
]


def rfc6979_nonce(order: int, private: int, digest: bytes, hash_name: str) -> int:
    """k of RFC 6979 §3.2."""
    bits, size = order.bit_length(), (order.bit_length() + 7) // 8
    seed = private.to_bytes(size, "big") + (leftmost(digest, bits) % order).to_bytes(size, "big")
    count = hashlib.new(hash_name).digest_size
    key, value = bytes(count), b"\x01" * count
    for mark in (b"\0", b"\x01"):
        key = hmac.new(key, value + mark + seed, hash_name).digest()
        value = hmac.new(key, value, hash_name).digest()
    while True:
        stream = b""
        while len(stream) < size:
            value = hmac.new(key, value, hash_name).digest()
            stream += value
        nonce = leftmost(stream[:size], bits)
        if 1 <= nonce < order:
            return nonce
        key = hmac.new(key, value + b"\0", hash_name).digest()
        value = hmac.new(key, value, hash_name).digest()


def leftmost(digest: bytes, bits: int) -> int:
    """The leading bits of a hash as a number (SEC 1 §4.1.3 step 5)."""
    return int.from_bytes(digest, "big") >> max(0, 8 * len(digest) - bits)


def sign(domain: Curve, private: int, nonce: int, digest: bytes) -> tuple[int, int]:
    """r and s."""
    r = domain.times(nonce, domain.g)[0] % domain.n
    s = pow(nonce, -1, domain.n) * (leftmost(digest, domain.n.bit_length()) + r * private) % domain.n
    return r, s


def der(r: int, s: int) -> bytes:
    """Ecdsa-Sig-Value (RFC 3279 §2.2.3)."""
    return tlv(0x30, *(tlv(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big")) for value in (r, s)))


def _challenge(domain: Curve, private: int, hash_name: str, name: str, wish: str) -> bytes:
    """The first challenge of its row whose signature is as wished."""
    for attempt in range(10_000):
        challenge = octets(f"challenge {attempt} of {name}", 8)
        if not wish:
            return challenge
        digest = hashlib.new(hash_name, challenge).digest()
        r, s = sign(domain, private, rfc6979_nonce(domain.n, private, digest, hash_name), digest)
        value = r if wish == "short r" else s
        if value.bit_length() <= domain.n.bit_length() - 8:
            return challenge
    raise AssertionError("no such challenge")


def cases() -> list[JsonObject]:
    """One signature per row."""
    found = []
    for curve_name, hash_name, wish in SUITES:
        domain, name = curve(curve_name), f"ECDSA {curve_name} {hash_name} {wish}".strip()
        private = number(name, domain.n)
        challenge = _challenge(domain, private, hash_name, name, wish)
        digest = hashlib.new(hash_name, challenge).digest()
        nonce = rfc6979_nonce(domain.n, private, digest, hash_name)
        r, s = sign(domain, private, nonce, digest)
        halves = [scalar_octets(value, domain.n) for value in (r, s)]
        found.append(
            {
                "name": name,
                "curve": curve_name,
                "hash_algorithm": hash_name,
                "private_key": scalar_octets(private, domain.n).hex(),
                "public_key": domain.octets(domain.times(private, domain.g)).hex(),
                "challenge": challenge.hex(),
                "digest": digest.hex(),
                "nonce_rfc6979": scalar_octets(nonce, domain.n).hex(),
                "r": halves[0].hex(),
                "s": halves[1].hex(),
                "internal_authenticate_command": f"0088000008{challenge.hex()}00",
                "signature_plain": b"".join(halves).hex(),
                "signature_der": der(r, s).hex(),
            }
        )
    return found
