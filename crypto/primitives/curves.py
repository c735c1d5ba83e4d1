"""Elliptic-curve arithmetic through OpenSSL.

Multiplications by a secret scalar are OpenSSL's, whose ladders are constant-time. ``cryptography`` offers only the
x-coordinate of a product (ECDH); ``_OpenSslPrivateKey.multiply`` shows how the whole point comes out of two of them
without a secret ever being a Python number. What Python adds itself are single affine additions. Only three curves that
OpenSSL-through-``cryptography`` lacks are computed in Python, with the scalar split into random shares.
Decision records: ``docs/decisions/0003-elliptic-curves.md`` and ``0004-curves-openssl-does-not-offer.md``.
"""

from __future__ import annotations

import abc
import dataclasses
import functools
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.primitives.curve_parameters import CURVE_PARAMETERS

__all__ = ["Curve", "EcPrivateKey", "Point", "curve", "curves", "random_scalar"]

CURVE_UNKNOWN = ErrorCode("curve.unknown", Hint.NOT_SUPPORTED, "The elliptic curve is not one that documents use.")
CURVE_UNSUPPORTED = ErrorCode(
    "curve.unsupported", Hint.NOT_SUPPORTED, "The elliptic curve is not supported by the installed crypto library."
)
POINT_INVALID = ErrorCode("curve.point_invalid", Hint.CALL_STAFF, "A public key is not a point of its curve.")
SCALAR_INVALID = ErrorCode("curve.scalar_invalid", Hint.CALL_STAFF, "A private key is out of range for its curve.")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Point:
    """An affine point. The point at infinity has no representation here: operations that meet it raise."""

    x: int
    y: int


@dataclasses.dataclass(frozen=True, slots=True)
class Curve:
    """A curve y² = x³ + ax + b over GF(p) with base point ``g`` of prime order ``n`` and cofactor 1."""

    name: str
    p: int
    a: int
    b: int
    g: Point
    n: int

    def __repr__(self) -> str:
        return f"Curve({self.name})"

    @property
    def field_bytes(self) -> int:
        """Length of a coordinate in bytes."""
        return (self.p.bit_length() + 7) // 8

    @property
    def order_bytes(self) -> int:
        """Length of a scalar, and of each half of a plain signature, in bytes."""
        return (self.n.bit_length() + 7) // 8

    @property
    def in_openssl(self) -> bool:
        """Whether the crypto library computes on this curve; on the others Python does."""
        return self.name in _OPENSSL

    def contains(self, point: Point) -> bool:
        """Whether the coordinates are reduced and satisfy the curve's equation (SEC 1 §3.2.2.1)."""
        in_field = 0 <= point.x < self.p and 0 <= point.y < self.p
        return in_field and (point.y**2 - point.x**3 - self.a * point.x - self.b) % self.p == 0

    def encode_point(self, point: Point) -> bytes:
        """Uncompressed encoding ``04 || x || y`` (TR-03111 §3.2.1)."""
        return b"\x04" + point.x.to_bytes(self.field_bytes, "big") + point.y.to_bytes(self.field_bytes, "big")

    def decode_point(self, octets: bytes) -> Point:
        """The point in an uncompressed encoding.

        Raises:
            CryptoError: wrong length or first byte, or not on the curve.
        """
        size = self.field_bytes
        if len(octets) != 1 + 2 * size or octets[0] != 0x04:
            raise CryptoError(POINT_INVALID)
        point = Point(int.from_bytes(octets[1 : 1 + size], "big"), int.from_bytes(octets[1 + size :], "big"))
        if not self.contains(point):
            raise CryptoError(POINT_INVALID)
        return point

    def add(self, first: Point, second: Point) -> Point:
        """Affine addition (SEC 1 §2.2.1). Raises :class:`CryptoError` if the sum is the point at infinity."""
        if first.x == second.x:
            if (first.y + second.y) % self.p == 0:
                raise CryptoError(POINT_INVALID)
            slope = (3 * first.x * first.x + self.a) * pow(2 * first.y, -1, self.p)
        else:
            slope = (second.y - first.y) * pow(second.x - first.x, -1, self.p)
        x = (slope * slope - first.x - second.x) % self.p
        return Point(x, (slope * (first.x - x) - first.y) % self.p)

    def negate(self, point: Point) -> Point:
        """The inverse point."""
        return Point(point.x, -point.y % self.p)

    def private_key(self, scalar: int) -> EcPrivateKey:
        """The key pair with this private scalar, 1 ≤ scalar < n. Raises :class:`CryptoError` for any other."""
        if not 1 <= scalar < self.n:
            raise CryptoError(SCALAR_INVALID)
        if not self.in_openssl:
            return _SplitPrivateKey(self, scalar)
        return _OpenSslPrivateKey(self, ec.derive_private_key(scalar, self.native()))

    def fresh_key(self) -> EcPrivateKey:
        """A new key pair, its scalar uniform in 1 … n-1 (TR-03111 §4.1.1).

        OpenSSL draws the scalar itself, so that it never is a Python number, and spares the check of a number from
        outside, which costs as much as the public point.
        """
        if not self.in_openssl:
            return _SplitPrivateKey(self, random_scalar(self))
        return _FreshPrivateKey(self, ec.generate_private_key(self.native()))

    def public_key(self, point: Point) -> ec.EllipticCurvePublicKey:
        """OpenSSL's key object for a point. Raises :class:`CryptoError` if it is not on the curve."""
        if not self.contains(point):
            raise CryptoError(POINT_INVALID)
        return ec.EllipticCurvePublicNumbers(point.x, point.y, self.native()).public_key()

    def native(self) -> ec.EllipticCurve:
        """OpenSSL's curve. Raises :class:`CryptoError` (``curve.unsupported``) for the three that it is not offered for."""
        try:
            return _OPENSSL[self.name]
        except KeyError:
            raise CryptoError(CURVE_UNSUPPORTED, curve=self.name) from None


class EcPrivateKey(abc.ABC):
    """A private scalar. It is never printed; callers see only public points and results of key agreement."""

    __slots__ = ("curve", "public_point")

    def __init__(self, curve: Curve, public_point: Point) -> None:
        self.curve: Final = curve
        self.public_point: Final = public_point

    def __repr__(self) -> str:
        return f"EcPrivateKey({self.curve.name})"

    @property
    def public_octets(self) -> bytes:
        """The public point, uncompressed."""
        return self.curve.encode_point(self.public_point)

    @abc.abstractmethod
    def shared_x(self, point: Point) -> bytes:
        """x-coordinate of scalar·point as a field element (ECKA, TR-03111 §4.3.1).

        Raises:
            CryptoError: ``curve.point_invalid``.
        """

    @abc.abstractmethod
    def multiply(self, point: Point) -> Point:
        """The whole point scalar·point. Raises as :meth:`shared_x`."""

    def public_point_on(self, generator: Point) -> Point:
        """The public point on another generator; a fresh key may be given either sign. Raises as :meth:`shared_x`."""
        return self.multiply(generator)


class _OpenSslPrivateKey(EcPrivateKey):
    """The scalar is inside OpenSSL; Python does not see it."""

    __slots__ = ("_key",)

    def __init__(self, curve: Curve, key: ec.EllipticCurvePrivateKey) -> None:
        self._key: Final = key
        numbers = key.public_key().public_numbers()
        super().__init__(curve, Point(numbers.x, numbers.y))

    def shared_x(self, point: Point) -> bytes:
        return self._key.exchange(ec.ECDH(), self.curve.public_key(point))

    def multiply(self, point: Point) -> Point:
        """ECDH tells x but not y. A second product, with ``point + G``, tells it: with Q = scalar·point and
        K = scalar·G, which is known whole, that is x(Q + K) = ((yK - yQ) / (xK - xQ))² - xQ - xK. Multiplied out, yQ
        is the only unknown of a linear equation, as yQ² follows from xQ.
        """
        curve, k = self.curve, self.public_point
        if point.x == curve.g.x and curve.contains(point):  # Q = ±K: nothing to solve
            return k if point == curve.g else curve.negate(k)
        p = curve.p
        x = int.from_bytes(self.shared_x(point), "big")  # refuses what is no point of the curve
        # One inversion for the slope of point + G and for the equation: it costs more than all multiplications here.
        # Neither factor is zero: k.y could be so for a point of order two only, and the order is an odd prime.
        distance = curve.g.x - point.x
        inverse = pow(2 * k.y * distance, -1, p)
        slope = (curve.g.y - point.y) * inverse * 2 * k.y % p
        sum_x = (slope * slope - point.x - curve.g.x) % p
        x_of_sum = int.from_bytes(self.shared_x(Point(sum_x, (slope * (point.x - sum_x) - point.y) % p)), "big")
        y_squared = (x**3 + curve.a * x + curve.b) % p
        y = (k.y * k.y + y_squared - (x_of_sum + x + k.x) * (k.x - x) ** 2) * inverse * distance % p
        if y * y % p != y_squared:
            raise CryptoError(POINT_INVALID)
        return Point(x, y)


class _FreshPrivateKey(_OpenSslPrivateKey):
    """Its scalar was just drawn, and k is as good as n - k: both give the same x-coordinate with any point.

    So on a generator of PACE the half of the work that would tell the two apart is left out; the root that is taken
    says which of them was drawn.
    """

    __slots__ = ()

    def public_point_on(self, generator: Point) -> Point:
        curve = self.curve
        x = int.from_bytes(self.shared_x(generator), "big")
        return Point(x, square_root(x**3 + curve.a * x + curve.b, curve.p))


class _SplitPrivateKey(EcPrivateKey):
    """For the three curves that OpenSSL-through-``cryptography`` lacks, in Python.

    Python's arithmetic takes a time that depends on its numbers. So the scalar exists only as two random shares,
    drawn anew for every product: scalar·point = share·point + (scalar - share)·point, and no single multiplication
    is by the secret. What that is worth, and where it is not enough, is decision record 0004.
    """

    __slots__ = ("_shares",)

    def __init__(self, curve: Curve, scalar: int) -> None:
        self._shares = (scalar, 0)
        self._draw_shares(curve)
        super().__init__(curve, self._product(curve, curve.g))

    def _draw_shares(self, curve: Curve) -> None:
        shift = random_scalar(curve)
        first, second = self._shares
        self._shares = ((first + shift) % curve.n, (second - shift) % curve.n)

    def shared_x(self, point: Point) -> bytes:
        return self.multiply(point).x.to_bytes(self.curve.field_bytes, "big")

    def multiply(self, point: Point) -> Point:
        if not self.curve.contains(point):
            raise CryptoError(POINT_INVALID)
        self._draw_shares(self.curve)
        return self._product(self.curve, point)

    def _product(self, curve: Curve, point: Point) -> Point:
        from ecdsa.ellipticcurve import CurveFp, PointJacobi

        base = PointJacobi(CurveFp(curve.p, curve.a, curve.b, 1), point.x, point.y, 1, curve.n)
        product = (base * self._shares[0] + base * self._shares[1]).to_affine()
        return Point(int(product.x()), int(product.y()))


def square_root(value: int, p: int) -> int:
    """A square root modulo a prime: directly where p ≡ 3 (mod 4), else by Tonelli-Shanks (only secp224r1)."""
    value %= p
    root = pow(value, (p + 1) // 4, p) if p % 4 == 3 else _tonelli_shanks(value, p)
    if root * root % p != value:
        raise CryptoError(POINT_INVALID)
    return root


def _tonelli_shanks(value: int, p: int) -> int:
    """Square root modulo any odd prime (Handbook of Applied Cryptography, algorithm 3.34)."""
    if value == 0:
        return 0
    if pow(value, (p - 1) // 2, p) != 1:
        raise CryptoError(POINT_INVALID)
    odd, twos = p - 1, 0
    while odd % 2 == 0:
        odd, twos = odd // 2, twos + 1
    non_residue = next(z for z in range(2, p) if pow(z, (p - 1) // 2, p) == p - 1)
    c, root, t = pow(non_residue, odd, p), pow(value, (odd + 1) // 2, p), pow(value, odd, p)
    while t != 1:
        order, power = 0, t
        while power != 1:
            power, order = power * power % p, order + 1
        step = pow(c, 1 << (twos - order - 1), p)
        twos, c = order, step * step % p
        root, t = root * step % p, t * c % p
    return root


def random_scalar(curve: Curve) -> int:
    """A fresh private scalar, uniform in 1 … n-1 (TR-03111 §4.1.1)."""
    import secrets  # most readings draw nothing here: OpenSSL does

    return secrets.randbelow(curve.n - 1) + 1


_OPENSSL: Final[dict[str, ec.EllipticCurve]] = {
    "secp192r1": ec.SECP192R1(),
    "secp224r1": ec.SECP224R1(),
    "secp256r1": ec.SECP256R1(),
    "secp384r1": ec.SECP384R1(),
    "secp521r1": ec.SECP521R1(),
    "brainpoolP256r1": ec.BrainpoolP256R1(),
    "brainpoolP384r1": ec.BrainpoolP384R1(),
    "brainpoolP512r1": ec.BrainpoolP512R1(),
}


@functools.cache
def curve(name: str) -> Curve:
    """The curve of that name (SEC 2 or RFC 5639 spelling, e.g. ``brainpoolP256r1``)."""
    try:
        p, a, b, x, y, n = CURVE_PARAMETERS[name]
    except KeyError:
        raise CryptoError(CURVE_UNKNOWN, curve=name) from None
    return Curve(name, p, a, b, Point(x, y), n)


def curves() -> tuple[Curve, ...]:
    """Every known curve, also those that the crypto library cannot compute on."""
    return tuple(curve(name) for name in CURVE_PARAMETERS)
