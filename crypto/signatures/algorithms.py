"""Signature algorithms by object identifier (Doc 9303-12 §4.1.2, RFC 3279, RFC 4055, RFC 5758, TR-03111 §5.2)."""

from __future__ import annotations

import dataclasses
import enum
import functools
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding

from crypto.errors import CryptoError, ErrorCode, Hint
from crypto.signatures import ecdsa_plain
from crypto.signatures.der import INTEGER, OBJECT_IDENTIFIER, SEQUENCE, malformed_as, read_integer, read_oid
from crypto.signatures.dsa import DsaPublicKey, verify_dsa
from crypto.signatures.hash_algorithms import HashAlgorithm, hash_algorithm
from crypto.signatures.public_key import (
    DSA,
    EC_PUBLIC_KEY,
    PUBLIC_KEY_UNSUPPORTED,
    EcPublicKey,
    RsaPublicKey,
    VerificationKey,
)
from crypto.signatures.rsa_encodings import verify_pkcs1_v15, verify_pss
from crypto.wire.tlv import Tlv, TlvReader, parse_tlv

__all__ = [
    "AlgorithmIdentifier",
    "SignatureAlgorithm",
    "SignatureScheme",
    "parse_algorithm_identifier",
    "signature_algorithm",
]

ALGORITHM_UNSUPPORTED = ErrorCode(
    "signature.algorithm_unsupported",
    Hint.NOT_SUPPORTED,
    "A signature was made with an algorithm that this program does not have.",
)
ALGORITHM_MALFORMED = ErrorCode(
    "signature.algorithm_malformed", Hint.CALL_STAFF, "The parameters of a signature algorithm are not well formed."
)


_REMEMBERED_OCTETS: Final = 128
"""Longer identifiers are parsed anew each time, so that nobody can fill the memory with them."""


class SignatureScheme(enum.StrEnum):
    """How the hash becomes a signature."""

    RSA_PKCS1_V15 = "RSASSA-PKCS1-v1_5"
    RSA_PSS = "RSASSA-PSS"
    ECDSA_DER = "ECDSA"
    ECDSA_PLAIN = "ECDSA-plain"
    DSA = "DSA"


@dataclasses.dataclass(frozen=True, slots=True)
class AlgorithmIdentifier:
    """An object identifier and its parameters as found (RFC 5280 §4.1.1.2)."""

    oid: str
    parameters: Tlv | None


def parse_algorithm_identifier(tlv: Tlv) -> AlgorithmIdentifier:
    """The content of an ``AlgorithmIdentifier`` sequence. Raises :class:`crypto.errors.WireError` if malformed."""
    octets = tlv.value
    return _remembered_identifier(octets) if len(octets) <= _REMEMBERED_OCTETS else _parse_identifier(octets)


@functools.lru_cache(maxsize=64)  # every document names the same two or three, several times each
def _remembered_identifier(octets: bytes) -> AlgorithmIdentifier:
    return _parse_identifier(octets)


def _parse_identifier(octets: bytes) -> AlgorithmIdentifier:
    reader = TlvReader(octets)
    oid = read_oid(reader.take(OBJECT_IDENTIFIER))
    # What follows the parameters is left alone: some certificates in public lists carry more, and it is signed.
    return AlgorithmIdentifier(oid, None if reader.at_end else reader.take_any())


@dataclasses.dataclass(frozen=True, slots=True)
class SignatureAlgorithm:
    """An algorithm with everything that it needs.

    Attributes:
        scheme: how the hash becomes a signature.
        hash_algorithm: the hash over the data.
        mask_hash: for PSS, the hash inside MGF1, else ``None``.
        salt_bytes: for PSS, the length of the salt in bytes, else ``None``.
    """

    scheme: SignatureScheme
    hash_algorithm: HashAlgorithm
    mask_hash: HashAlgorithm | None = None
    salt_bytes: int | None = None

    @property
    def name(self) -> str:
        """For people, e.g. ``ECDSA with sha256``."""
        return f"{self.scheme.value} with {self.hash_algorithm.label}"

    def verify(self, key: VerificationKey, signature: bytes, data: bytes) -> bool:
        """Whether ``signature`` over ``data`` was made with the private half of ``key``.

        A malformed signature, and one of another kind of key, is simply wrong.

        Raises:
            CryptoError: the key or the combination cannot be used here; then nothing is known either way.
        """
        if isinstance(key, DsaPublicKey):
            return self.scheme is SignatureScheme.DSA and verify_dsa(key, self.hash_algorithm, signature, data)
        if isinstance(key, EcPublicKey):
            if self.scheme is SignatureScheme.ECDSA_DER:
                return ecdsa_plain.verify_der(key, self.hash_algorithm, signature, data)
            if self.scheme is SignatureScheme.ECDSA_PLAIN:
                return ecdsa_plain.verify_plain(key, self.hash_algorithm, signature, data)
            return False
        if self.scheme not in (SignatureScheme.RSA_PKCS1_V15, SignatureScheme.RSA_PSS):
            return False
        return self._verify_rsa(key, signature, data)

    def _verify_rsa(self, key: RsaPublicKey, signature: bytes, data: bytes) -> bool:
        if not key.is_for_openssl:
            return self._verify_rsa_by_hand(key, signature, data)
        try:
            key.native().verify(signature, data, self._rsa_padding(), self.hash_algorithm.native)
        except InvalidSignature:
            return False
        except (ValueError, UnsupportedAlgorithm):  # the library's "not with these parameters"
            raise CryptoError(ALGORITHM_UNSUPPORTED, bits=key.size_bits) from None
        return True

    def _verify_rsa_by_hand(self, key: RsaPublicKey, signature: bytes, data: bytes) -> bool:
        if not key.is_bounded:
            raise CryptoError(PUBLIC_KEY_UNSUPPORTED, bits=key.size_bits)
        if self.mask_hash is None or self.salt_bytes is None:
            return verify_pkcs1_v15(key, self.hash_algorithm, signature, data)
        return verify_pss(
            key, self.hash_algorithm, signature, data, mask_hash=self.mask_hash, salt_bytes=self.salt_bytes
        )

    def _rsa_padding(self) -> padding.AsymmetricPadding:
        if self.mask_hash is None or self.salt_bytes is None:
            return padding.PKCS1v15()
        return padding.PSS(padding.MGF1(self.mask_hash.native), self.salt_bytes)


_SHA = HashAlgorithm
_FIXED: Final = {
    # RFC 8017 §A.2.4
    "1.2.840.113549.1.1.5": (SignatureScheme.RSA_PKCS1_V15, _SHA.SHA1),
    "1.2.840.113549.1.1.14": (SignatureScheme.RSA_PKCS1_V15, _SHA.SHA224),
    "1.2.840.113549.1.1.11": (SignatureScheme.RSA_PKCS1_V15, _SHA.SHA256),
    "1.2.840.113549.1.1.12": (SignatureScheme.RSA_PKCS1_V15, _SHA.SHA384),
    "1.2.840.113549.1.1.13": (SignatureScheme.RSA_PKCS1_V15, _SHA.SHA512),
    "1.3.14.3.2.29": (SignatureScheme.RSA_PKCS1_V15, _SHA.SHA1),  # the OIW name, still met in old certificates
    # RFC 3279 §2.2.3, RFC 5758 §3.2
    "1.2.840.10045.4.1": (SignatureScheme.ECDSA_DER, _SHA.SHA1),
    "1.2.840.10045.4.3.1": (SignatureScheme.ECDSA_DER, _SHA.SHA224),
    "1.2.840.10045.4.3.2": (SignatureScheme.ECDSA_DER, _SHA.SHA256),
    "1.2.840.10045.4.3.3": (SignatureScheme.ECDSA_DER, _SHA.SHA384),
    "1.2.840.10045.4.3.4": (SignatureScheme.ECDSA_DER, _SHA.SHA512),
    # TR-03111 §5.2.1.1
    "0.4.0.127.0.7.1.1.4.1.1": (SignatureScheme.ECDSA_PLAIN, _SHA.SHA1),
    "0.4.0.127.0.7.1.1.4.1.2": (SignatureScheme.ECDSA_PLAIN, _SHA.SHA224),
    "0.4.0.127.0.7.1.1.4.1.3": (SignatureScheme.ECDSA_PLAIN, _SHA.SHA256),
    "0.4.0.127.0.7.1.1.4.1.4": (SignatureScheme.ECDSA_PLAIN, _SHA.SHA384),
    "0.4.0.127.0.7.1.1.4.1.5": (SignatureScheme.ECDSA_PLAIN, _SHA.SHA512),
    # RFC 3279 §2.2.2, RFC 5758 §3.1; the last two as NIST registered them
    "1.2.840.10040.4.3": (SignatureScheme.DSA, _SHA.SHA1),
    "2.16.840.1.101.3.4.3.1": (SignatureScheme.DSA, _SHA.SHA224),
    "2.16.840.1.101.3.4.3.2": (SignatureScheme.DSA, _SHA.SHA256),
    "2.16.840.1.101.3.4.3.3": (SignatureScheme.DSA, _SHA.SHA384),
    "2.16.840.1.101.3.4.3.4": (SignatureScheme.DSA, _SHA.SHA512),
}
_RSA_ENCRYPTION: Final = "1.2.840.113549.1.1.1"
_KEY_TYPES: Final = {
    _RSA_ENCRYPTION: SignatureScheme.RSA_PKCS1_V15,  # RFC 3370 §3.2
    DSA: SignatureScheme.DSA,  # RFC 3370 §3.1
    EC_PUBLIC_KEY: SignatureScheme.ECDSA_DER,  # no standard, but seen in documents
}
"""Where a signer names the type of its key instead of an algorithm, the hash is the one named beside it."""
_ECDSA_SPECIFIED: Final = "1.2.840.10045.4.3"
_RSASSA_PSS: Final = "1.2.840.113549.1.1.10"
_MGF1: Final = "1.2.840.113549.1.1.8"
MAX_SALT_BYTES: Final = 1024
"""No salt is longer than the largest modulus."""


def signature_algorithm(identifier: AlgorithmIdentifier, digest: HashAlgorithm | None = None) -> SignatureAlgorithm:
    """The algorithm that an identifier names.

    Args:
        identifier: from a certificate, a CMS signer or a security info.
        digest: the hash named elsewhere (CMS ``digestAlgorithm``), for identifiers that name none themselves.

    Raises:
        CryptoError: ``signature.algorithm_unsupported``, ``hash.unsupported`` or ``signature.algorithm_malformed``.
    """
    if identifier.oid in _FIXED:
        return SignatureAlgorithm(*_FIXED[identifier.oid])
    if identifier.oid in _KEY_TYPES and digest is not None:
        return SignatureAlgorithm(_KEY_TYPES[identifier.oid], digest)
    if identifier.oid == _ECDSA_SPECIFIED and identifier.parameters is not None:  # X9.62: the hash is the parameter
        with malformed_as(ALGORITHM_MALFORMED):
            hash_function = hash_algorithm(parse_algorithm_identifier(identifier.parameters).oid)
        return SignatureAlgorithm(SignatureScheme.ECDSA_DER, hash_function)
    if identifier.oid == _RSASSA_PSS:
        with malformed_as(ALGORITHM_MALFORMED):
            return _pss(identifier.parameters)
    raise CryptoError(ALGORITHM_UNSUPPORTED, oid=identifier.oid)


def _pss(parameters: Tlv | None) -> SignatureAlgorithm:
    """RSASSA-PSS-params (RFC 4055 §3.1): every field has a default and its own context tag."""
    reader = TlvReader(b"" if parameters is None else parameters.value)
    hash_function = mask_hash = HashAlgorithm.SHA1
    salt_bytes = 20
    if (field := reader.take_optional(0xA0)) is not None:
        hash_function = hash_algorithm(_inner_algorithm(field).oid)
    if (field := reader.take_optional(0xA1)) is not None:
        mask_hash = _mask_hash(_inner_algorithm(field))
    if (field := reader.take_optional(0xA2)) is not None:
        salt_bytes = read_integer(parse_tlv(field.value, INTEGER))
    if (field := reader.take_optional(0xA3)) is not None and read_integer(parse_tlv(field.value, INTEGER)) != 1:
        raise CryptoError(ALGORITHM_UNSUPPORTED)  # trailerFieldBC is the only one there is
    reader.finish()
    if not 0 <= salt_bytes <= MAX_SALT_BYTES:
        raise CryptoError(ALGORITHM_MALFORMED)
    return SignatureAlgorithm(SignatureScheme.RSA_PSS, hash_function, mask_hash, salt_bytes)


def _inner_algorithm(field: Tlv) -> AlgorithmIdentifier:
    return parse_algorithm_identifier(parse_tlv(field.value, SEQUENCE))


def _mask_hash(mask: AlgorithmIdentifier) -> HashAlgorithm:
    if mask.oid != _MGF1 or mask.parameters is None:
        raise CryptoError(ALGORITHM_UNSUPPORTED, oid=mask.oid)
    return hash_algorithm(parse_algorithm_identifier(mask.parameters).oid)
