"""What the foreign terminal reads from EF.CardAccess, DG14 and public keys (Doc 9303-11 §9.2)."""

from __future__ import annotations

import base64
import dataclasses
import secrets
import subprocess

from tests.interop.foreign_curves import CURVES_BY_OID, STANDARDIZED, Curve, Point
from tests.interop.foreign_tlv import objects, oid, only, tlv


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
