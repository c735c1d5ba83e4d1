"""Certificates that the crypto library cannot write: with a key that spells out its curve or leaves out its parameters,
and signed with SHA-1.

The library makes the certificate, the key is exchanged in it, and the issuer signs again.
"""

from __future__ import annotations

import dataclasses
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from crypto.primitives.curve_parameters import CURVE_PARAMETERS
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv, parse_tlv


def _integer(number: int) -> bytes:
    return encode_tlv(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def explicit_key_info(key: ec.EllipticCurvePublicKey, generator: tuple[int, int] | None = None) -> bytes:
    """A SubjectPublicKeyInfo with a SpecifiedECDomain (TR-03111 annex A), with that base point if one is given."""
    p, a, b, x, y, n = CURVE_PARAMETERS[key.curve.name]
    x, y = generator or (x, y)
    size = (p.bit_length() + 7) // 8
    field = encode_tlv(0x30, [encode_tlv(0x06, encode_oid("1.2.840.10045.1.1")), _integer(p)])
    coefficients = encode_tlv(0x30, [encode_tlv(0x04, number.to_bytes(size, "big")) for number in (a, b)])
    base = encode_tlv(0x04, b"\x04" + x.to_bytes(size, "big") + y.to_bytes(size, "big"))
    domain = encode_tlv(0x30, [_integer(1), field, coefficients, base, _integer(n), _integer(1)])
    algorithm = encode_tlv(0x30, [encode_tlv(0x06, encode_oid("1.2.840.10045.2.1")), domain])
    numbers = key.public_numbers()
    point = b"\x04" + numbers.x.to_bytes(size, "big") + numbers.y.to_bytes(size, "big")
    return encode_tlv(0x30, [algorithm, encode_tlv(0x03, b"\0" + point)])


def without_parameters(key_info: bytes) -> bytes:
    """The same SubjectPublicKeyInfo without parameters of the algorithm (RFC 3279 §2.3.2)."""
    algorithm, bits = parse_tlv(key_info).children()
    return encode_tlv(0x30, [encode_tlv(0x30, algorithm.children()[0].encoded), bits.encoded])


def key_info_of(encoded: bytes) -> bytes:
    """The SubjectPublicKeyInfo of a version 3 certificate."""
    return parse_tlv(encoded).children()[0].children()[6].encoded


def signed_again(party: Any, issuer: Any, key_info: bytes, hash_name: str = "sha256") -> Any:
    """The party with another SubjectPublicKeyInfo in its certificate, signed by the issuer (or by itself)."""
    tbs = parse_tlv(party.der).children()[0]
    fields = [field.encoded for field in tbs.children()]
    algorithm = fields[2] = issuer.signature_algorithm(hash_name)
    fields[6] = key_info
    changed = encode_tlv(0x30, fields)
    signature = encode_tlv(0x03, b"\0" + issuer.sign(changed, hash_name))
    return dataclasses.replace(party, encoded=encode_tlv(0x30, [changed, algorithm, signature]))
