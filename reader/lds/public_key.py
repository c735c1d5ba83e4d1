"""SubjectPublicKeyInfo as chips carry it in DG14, DG15 and EF.CardSecurity (RFC 5280 §4.1.2.7, TR-03110-3 §A.1.1.2).

The octets are kept as read. An elliptic-curve key whose curve is named, or standardised by TR-03110, is also given as
a checked point; a key with explicit parameters stays octets, since matching those belongs to ``crypto.signatures``.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.pace.parameters import STANDARDIZED_CURVES
from crypto.primitives.curves import Curve, Point, curve
from crypto.signatures.public_key import CURVE_OIDS, EC_PUBLIC_KEY, EcPublicKey, PublicKey, parse_public_key
from crypto.wire.oid import decode_oid
from crypto.wire.tlv import Tlv, TlvReader, parse_tlv
from reader import errors

__all__ = ["AlgorithmIdentifier", "SubjectPublicKey", "parse_algorithm_identifier", "parse_subject_public_key"]

ID_STANDARDIZED_DOMAIN_PARAMETERS: Final = "0.4.0.127.0.7.1.2"  # Doc 9303-11 §9.5.1

_SEQUENCE, _BIT_STRING, _OID, _INTEGER = 0x30, 0x03, 0x06, 0x02


@dataclasses.dataclass(frozen=True, slots=True)
class AlgorithmIdentifier:
    """An algorithm and its parameters.

    Attributes:
        oid: dotted.
        parameters: the encoded parameters, or ``None`` if the field is absent (NULL is ``05 00``).
        encoded: the whole SEQUENCE as read.
    """

    oid: str
    parameters: bytes | None
    encoded: bytes

    @property
    def curve(self) -> Curve | None:
        """The elliptic curve, if it is given by name or by a standardised parameter id; else ``None``."""
        if self.parameters is None:
            return None
        parameters = parse_tlv(self.parameters)
        name: str | None = None
        if self.oid == EC_PUBLIC_KEY and parameters.tag == _OID:
            name = CURVE_OIDS.get(decode_oid(parameters.value))
        elif self.oid == ID_STANDARDIZED_DOMAIN_PARAMETERS and parameters.tag == _INTEGER:
            name = STANDARDIZED_CURVES.get(int.from_bytes(parameters.value, "big"))
        return None if name is None else curve(name)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class SubjectPublicKey:
    """A public key.

    Attributes:
        algorithm: what kind of key.
        key: content of the BIT STRING: an encoded point for EC, a SEQUENCE for RSA, an INTEGER for DH.
        encoded: the whole SubjectPublicKeyInfo as read.
    """

    algorithm: AlgorithmIdentifier
    key: bytes
    encoded: bytes

    def __repr__(self) -> str:
        return f"SubjectPublicKey({self.algorithm.oid})"

    @property
    def curve(self) -> Curve | None:
        """The elliptic curve, if it is named; ``None`` for other kinds and for explicit parameters."""
        return self.algorithm.curve

    def point(self) -> Point | None:
        """The public point, or ``None`` where :attr:`curve` is.

        Raises:
            CryptoError: the key is not a point of its curve.
        """
        return None if self.curve is None else self.curve.decode_point(self.key)

    def resolve(self) -> PublicKey:
        """The key itself: on a standardised, named or spelt-out curve, or RSA.

        Raises:
            CryptoError: as :func:`crypto.signatures.public_key.parse_public_key`.
        """
        if self.algorithm.oid == ID_STANDARDIZED_DOMAIN_PARAMETERS and self.curve is not None:
            return EcPublicKey(self.curve, self.curve.decode_point(self.key))
        return parse_public_key(self.encoded)


def parse_algorithm_identifier(tlv: Tlv) -> AlgorithmIdentifier:
    """An AlgorithmIdentifier (RFC 5280 §4.1.1.2).

    Raises:
        WireError: it is not well formed.
        DocumentError: ``document.malformed`` if it is no SEQUENCE.
    """
    if tlv.tag != _SEQUENCE:
        raise errors.DocumentError(errors.FILE_MALFORMED)
    reader = TlvReader(tlv.value)
    oid = decode_oid(reader.take(_OID).value)
    parameters = tlv.value[len(tlv.children()[0].encoded) :]
    if parameters:
        parse_tlv(parameters)  # exactly one object, or none
    return AlgorithmIdentifier(oid, parameters or None, tlv.encoded)


def parse_subject_public_key(octets: bytes) -> SubjectPublicKey:
    """A SubjectPublicKeyInfo.

    Raises:
        WireError: it is not well formed.
        DocumentError: ``document.malformed`` if the key is not a whole number of octets.
    """
    reader = TlvReader(parse_tlv(octets, _SEQUENCE).value)
    algorithm = parse_algorithm_identifier(reader.take(_SEQUENCE))
    bits = reader.take(_BIT_STRING).value
    reader.finish()
    if not bits or bits[0] != 0:
        raise errors.DocumentError(errors.FILE_MALFORMED)
    return SubjectPublicKey(algorithm, bits[1:], bytes(octets))
