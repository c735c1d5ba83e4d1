"""Elliptic curves in plain Python, and the domain parameters that the foreign terminal knows.

Nothing in it resists side channels: it is a peer for tests.
"""

from __future__ import annotations

import dataclasses
import secrets

from tests.interop.foreign_tlv import oid

Point = tuple[int, int]


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
