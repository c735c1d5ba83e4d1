"""Explicit elliptic-curve parameters, brought back to the named curve that they spell out.

Many documents write the whole curve into the key (X9.62 ``SpecifiedECDomain``, TR-03111 §2.3.1 and annex A). They
are accepted only if p, a, b, G, n and the cofactor *all* equal a known curve's: whoever may choose the base point G
can make a signature for any public key, as CVE-2020-0601 showed.
"""

from __future__ import annotations

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.primitives.curves import Curve, Point, curves, square_root
from crypto.signatures.der import BIT_STRING, INTEGER, OBJECT_IDENTIFIER, OCTET_STRING, SEQUENCE, read_integer, read_oid
from crypto.wire.tlv import Tlv, TlvReader

__all__ = ["decode_any_point", "match_curve", "match_numbers"]

CURVE_PARAMETERS_UNKNOWN = ErrorCode(
    "curve.parameters_unknown",
    Hint.NOT_SUPPORTED,
    "A key spells out an elliptic curve that is none of the known ones.",
)
CURVE_PARAMETERS_MANIPULATED = ErrorCode(
    "curve.parameters_manipulated",
    Hint.CALL_STAFF,
    "A key spells out a known elliptic curve with another base point or cofactor. Do not trust this document.",
)
POINT_ENCODING = ErrorCode("curve.point_encoding", Hint.CALL_STAFF, "A public key is not encoded as a curve's point.")

PRIME_FIELD = "1.2.840.10045.1.1"


def match_curve(parameters: Tlv) -> Curve:
    """The known curve that a ``SpecifiedECDomain`` sequence describes.

    Raises:
        CryptoError: ``curve.parameters_unknown``, or ``curve.parameters_manipulated`` if p, a, b and n are a known
            curve's but G or the cofactor is not.
        WireError: the sequence is malformed.
    """
    reader = TlvReader(parameters.value)
    reader.take(INTEGER)  # version
    field = TlvReader(reader.take(SEQUENCE).value)
    if read_oid(field.take(OBJECT_IDENTIFIER)) != PRIME_FIELD:
        raise CryptoError(CURVE_PARAMETERS_UNKNOWN)
    p = read_integer(field.take(INTEGER))
    coefficients = TlvReader(reader.take(SEQUENCE).value)
    a = int.from_bytes(coefficients.take(OCTET_STRING).value, "big")
    b = int.from_bytes(coefficients.take(OCTET_STRING).value, "big")
    coefficients.take_optional(BIT_STRING)  # the seed the curve was made from proves nothing here
    base = reader.take(OCTET_STRING).value
    n = read_integer(reader.take(INTEGER))
    cofactor = reader.take_optional(INTEGER)
    return match_numbers(p, a, b, base, n, 1 if cofactor is None else read_integer(cofactor))


def match_numbers(p: int, a: int, b: int, base: bytes, n: int, cofactor: int) -> Curve:
    """The known curve with exactly these parameters.

    Args:
        p: the field.
        a: of the equation.
        b: of the equation.
        base: the base point, encoded.
        n: its order.
        cofactor: must be 1.

    Raises:
        CryptoError: as :func:`match_curve`.
    """
    for curve in curves():
        if (p, a, b, n) == (curve.p, curve.a, curve.b, curve.n):
            if not _is_base_point(curve, base) or cofactor != 1:
                raise CryptoError(CURVE_PARAMETERS_MANIPULATED, curve=curve.name)
            return curve
    raise CryptoError(CURVE_PARAMETERS_UNKNOWN)


def _is_base_point(curve: Curve, encoded: bytes) -> bool:
    try:
        return decode_any_point(curve, encoded) == curve.g
    except CryptoError:
        return False


def decode_any_point(curve: Curve, octets: bytes) -> Point:
    """A point in uncompressed or compressed encoding (SEC 1 §2.3.4); certificates may use either.

    Raises:
        CryptoError: neither encoding, or not a point of the curve.
    """
    if octets[:1] == b"\x04":
        return curve.decode_point(octets)
    if octets[:1] not in (b"\x02", b"\x03") or len(octets) != 1 + curve.field_bytes:
        raise CryptoError(POINT_ENCODING, curve=curve.name)
    x = int.from_bytes(octets[1:], "big")
    if x >= curve.p:
        raise CryptoError(POINT_ENCODING, curve=curve.name)
    y = square_root(x**3 + curve.a * x + curve.b, curve.p)
    return Point(x, y if y & 1 == octets[0] & 1 else -y % curve.p)
