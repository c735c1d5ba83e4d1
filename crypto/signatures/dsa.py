"""DSA (FIPS 186-4 §4): old document signers use it, so it is verified; nothing is signed with it (Doc 9303-12 §4.1.6).

A key may leave out its domain parameters and mean its issuer's (RFC 3279 §2.3.2).
"""

from __future__ import annotations

import dataclasses

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import dsa

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.signatures.der import INTEGER, SEQUENCE, read_integer
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.wire.tlv import Tlv, TlvReader, parse_tlv

__all__ = ["DSA_PARAMETERS_ABSENT", "DsaParameters", "DsaPublicKey", "parse_dsa_key", "verify_dsa"]

DSA_MALFORMED = ErrorCode("dsa.malformed", Hint.CALL_STAFF, "A DSA key is not well formed.")
DSA_UNSUPPORTED = ErrorCode("dsa.unsupported", Hint.NOT_SUPPORTED, "A DSA key has a size that this program cannot use.")
DSA_PARAMETERS_ABSENT = ErrorCode(
    "dsa.parameters_absent",
    Hint.NOT_SUPPORTED,
    "A DSA key leaves out its parameters, and there is no issuer's key to take them from.",
)

_SIZES = frozenset({(1024, 160), (2048, 224), (2048, 256), (3072, 256)})
"""Bits of p and q (FIPS 186-4 §4.2)."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DsaParameters:
    """Domain parameters: a prime p, a prime q that divides p - 1, and a generator g of the group of order q."""

    p: int
    q: int
    g: int


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DsaPublicKey:
    """A DSA key: domain parameters and the public number y."""

    parameters: DsaParameters
    y: int
    _native: list[dsa.DSAPublicKey] = dataclasses.field(default_factory=list, init=False, compare=False)

    def __repr__(self) -> str:
        return f"DsaPublicKey({self.size_bits} bits)"

    @property
    def size_bits(self) -> int:
        """Bits of p."""
        return self.parameters.p.bit_length()

    def native(self) -> dsa.DSAPublicKey:
        """OpenSSL's key. Raises :class:`CryptoError` (``dsa.unsupported``) where it refuses the numbers."""
        if not self._native:
            domain = self.parameters
            numbers = dsa.DSAPublicNumbers(self.y, dsa.DSAParameterNumbers(domain.p, domain.q, domain.g))
            try:
                self._native.append(numbers.public_key())
            except (ValueError, UnsupportedAlgorithm):
                raise CryptoError(DSA_UNSUPPORTED, bits=self.size_bits) from None
        return self._native[0]


def parse_dsa_key(parameters: Tlv | None, bits: bytes, inherited: DsaParameters | None) -> DsaPublicKey:
    """The key in a ``SubjectPublicKeyInfo`` of type id-dsa (RFC 3279 §2.3.2).

    Args:
        parameters: the algorithm's parameters as found: a ``Dss-Parms`` sequence, NULL, or ``None``.
        bits: the content of the BIT STRING: an INTEGER y.
        inherited: the issuer's parameters, for a key without its own.

    Raises:
        CryptoError: ``dsa.malformed``, ``dsa.unsupported``, ``dsa.parameters_absent``.
        WireError: the octets are no DER.
    """
    y = read_integer(parse_tlv(bits, INTEGER))
    if parameters is not None and parameters.tag == SEQUENCE:
        domain = _parse_parameters(parameters)
    elif inherited is not None:
        domain = inherited
    else:
        raise CryptoError(DSA_PARAMETERS_ABSENT)
    if not 1 < y < domain.p or pow(y, domain.q, domain.p) != 1:  # FIPS 186-4 §4.1: y is a power of g
        raise CryptoError(DSA_MALFORMED)
    return DsaPublicKey(domain, y)


def _parse_parameters(tlv: Tlv) -> DsaParameters:
    reader = TlvReader(tlv.value)
    p, q, g = (read_integer(reader.take(INTEGER)) for _ in range(3))
    reader.finish()
    # Sizes first: nothing is computed with numbers of any length.
    if (p.bit_length(), q.bit_length()) not in _SIZES:
        raise CryptoError(DSA_UNSUPPORTED, bits=p.bit_length())
    if p < 0 or q < 0 or (p - 1) % q or not 1 < g < p or pow(g, q, p) != 1:
        raise CryptoError(DSA_MALFORMED)
    return DsaParameters(p, q, g)


def verify_dsa(key: DsaPublicKey, algorithm: HashAlgorithm, signature: bytes, data: bytes) -> bool:
    """Whether a DER signature (RFC 3279 §2.2.2) over the hash of ``data`` is right. A malformed one is wrong.

    Raises:
        CryptoError: ``dsa.unsupported``.
    """
    native = key.native()
    try:
        native.verify(signature, data, algorithm.native)  # a hash longer than q is cut (FIPS 186-4 §4.7)
    except InvalidSignature:
        return False
    return True
