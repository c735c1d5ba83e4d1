"""Finite-field Diffie-Hellman keys and parameters out of ASN.1 (RFC 3279 §2.3.3, PKCS #3 §9; Doc 9303-11 §9.4.1).

Two ways of writing them are in use: ``dhpublicnumber`` with p, g, q, and ``dhKeyAgreement`` with p and g alone. A group
that equals a standardised one is that one; others are taken as they are, if they have a sensible size: which issuer
vouches for them is not decided here.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.signatures.der import (
    BIT_STRING,
    INTEGER,
    OBJECT_IDENTIFIER,
    SEQUENCE,
    malformed_as,
    read_bit_string,
    read_integer,
    read_oid,
    sequence,
)
from crypto.signatures.public_key import PUBLIC_KEY_MALFORMED, PUBLIC_KEY_UNSUPPORTED
from crypto.wire.tlv import Tlv, TlvReader, parse_tlv

__all__ = [
    "DH_KEY_AGREEMENT",
    "DH_PUBLIC_NUMBER",
    "DhPublicKey",
    "match_group",
    "parse_dh_domain",
    "parse_dh_public_key",
]

DH_PUBLIC_NUMBER: Final = "1.2.840.10046.2.1"  # X9.42, RFC 3279 §2.3.3
DH_KEY_AGREEMENT: Final = "1.2.840.113549.1.3.1"  # PKCS #3 §9
_STANDARDIZED: Final = "0.4.0.127.0.7.1.2"  # Doc 9303-11 §9.5.1: a parameter id in place of parameters
MIN_BITS: Final = 1024
MAX_BITS: Final = 4096
"""Sizes of p that are used: the smallest standardised one, and the largest that a chip can still compute with."""

DH_PARAMETERS_MANIPULATED = ErrorCode(
    "dh.parameters_manipulated",
    Hint.CALL_STAFF,
    "A key spells out a known group with another generator or order. Do not trust this document.",
)
DH_PARAMETERS_WEAK = ErrorCode(
    "dh.parameters_weak", Hint.NOT_SUPPORTED, "A key spells out a group that is too small, too large or inconsistent."
)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DhPublicKey:
    """A public value in a group, validated."""

    group: DhGroup
    value: int

    def __repr__(self) -> str:
        return f"DhPublicKey({self.group.name})"


def parse_dh_public_key(subject_public_key_info: bytes) -> DhPublicKey:
    """The key in a DER ``SubjectPublicKeyInfo``.

    Raises:
        CryptoError: ``public_key.malformed``, ``public_key.unsupported`` for other kinds of key,
            ``dh.parameters_weak``, ``dh.parameters_manipulated``, ``dh.value_invalid``.
    """
    with malformed_as(PUBLIC_KEY_MALFORMED):
        reader = sequence(subject_public_key_info)
        algorithm = TlvReader(reader.take(SEQUENCE).value)
        bits = read_bit_string(reader.take(BIT_STRING))
        reader.finish()
        oid = read_oid(algorithm.take(OBJECT_IDENTIFIER))
        group = parse_dh_domain(oid, algorithm.take_any())
        value = read_integer(parse_tlv(bits, INTEGER))
    if value <= 0:
        raise CryptoError(PUBLIC_KEY_MALFORMED)
    return DhPublicKey(
        group, group.decode(group.encode(value) if value < group.p else b"\xff" * (group.field_bytes + 1))
    )


def parse_dh_domain(oid: str, parameters: Tlv) -> DhGroup:
    """The group that the parameters of an AlgorithmIdentifier describe.

    Args:
        oid: of the algorithm.
        parameters: its parameters.

    Raises:
        CryptoError: as :func:`parse_dh_public_key`.
        WireError: the parameters are malformed.
    """
    if oid == _STANDARDIZED and parameters.tag == INTEGER:
        group = DH_GROUPS.get(read_integer(parameters))
        if group is None:
            raise CryptoError(PUBLIC_KEY_UNSUPPORTED, oid=oid)
        return group
    if oid not in (DH_PUBLIC_NUMBER, DH_KEY_AGREEMENT) or parameters.tag != SEQUENCE:
        raise CryptoError(PUBLIC_KEY_UNSUPPORTED, oid=oid)
    reader = TlvReader(parameters.value)
    p, g = read_integer(reader.take(INTEGER)), read_integer(reader.take(INTEGER))
    # X9.42 goes on with q, j and a seed; PKCS #3 with the wanted length of private values, which binds nobody
    q = read_integer(reader.take(INTEGER)) if oid == DH_PUBLIC_NUMBER else None
    return match_group(p, g, q)


def match_group(p: int, g: int, q: int | None) -> DhGroup:
    """The standardised group with this modulus, or a group of its own.

    Args:
        p: modulus.
        g: generator.
        q: order of the generator if it is given; else p - 1 is taken, which every generator's order divides.

    Raises:
        CryptoError: ``dh.parameters_weak``, ``dh.parameters_manipulated``.
    """
    for group in DH_GROUPS.values():
        if p == group.p:
            if g != group.g or q not in (None, group.q):
                raise CryptoError(DH_PARAMETERS_MANIPULATED)
            return group
    if not MIN_BITS <= p.bit_length() <= MAX_BITS or p % 2 == 0 or not 2 <= g <= p - 2:
        raise CryptoError(DH_PARAMETERS_WEAK)
    order = p - 1 if q is None else q
    # q divides p - 1, is long enough to resist, and g has that order; p is prime as far as Fermat's test to base g sees
    if order.bit_length() < 160 or (p - 1) % order or pow(g, order, p) != 1:
        raise CryptoError(DH_PARAMETERS_WEAK)
    return DhGroup(f"own-{p.bit_length()}", p, g, order)
