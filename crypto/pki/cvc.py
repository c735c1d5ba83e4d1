"""Card-verifiable certificates: how a terminal shows a chip what it may read (TR-03110-3 §C and §D).

A chain leads from a country's verifying authority (CVCA) over a document verifier (DV) to the terminal. Certificates
are read here by both sides; the octets that were signed are kept as found. Making them is the test issuer's business.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
import types
from collections.abc import Mapping
from typing import Final

from crypto.errors import CryptoError, ErrorCode, Hint, WireError
from crypto.primitives.curves import Curve
from crypto.signatures.algorithms import SignatureAlgorithm, SignatureScheme
from crypto.signatures.explicit_parameters import match_numbers
from crypto.signatures.hash_algorithms import HashAlgorithm
from crypto.signatures.public_key import MAX_RSA_BITS, EcPublicKey, PublicKey, RsaPublicKey
from crypto.wire.oid import decode_oid
from crypto.wire.tlv import Tlv, TlvReader, parse_tlv

__all__ = [
    "ID_TA",
    "CvCertificate",
    "CvPublicKey",
    "CvRole",
    "TerminalType",
    "parse_cv_certificate",
    "parse_cv_certificates",
    "parse_cv_public_key",
    "terminal_signature_algorithm",
    "terminal_signature_algorithms",
]

CVC_MALFORMED = ErrorCode("cvc.malformed", Hint.CALL_STAFF, "A card-verifiable certificate is not well formed.")
CVC_KEY_UNUSABLE = ErrorCode(
    "cvc.key_unusable",
    Hint.CALL_STAFF,
    "The public key of a card-verifiable certificate cannot be used. Ask its issuer for another one.",
)
CVC_ALGORITHM_UNKNOWN = ErrorCode(
    "cvc.algorithm_unknown",
    Hint.NOT_SUPPORTED,
    "A card-verifiable certificate names a signature algorithm that terminal authentication does not have.",
)

ID_TA: Final = "0.4.0.127.0.7.2.2.2"
_ID_ROLES: Final = "0.4.0.127.0.7.3.1.2"

_SHA, _SCHEME = HashAlgorithm, SignatureScheme
_ALGORITHMS: Final[Mapping[str, SignatureAlgorithm]] = types.MappingProxyType(
    {
        # TR-03110-3 §A.1.1.3 (identifiers), §A.6.4 (RSA: MGF1 with the same hash, salt as long as the hash), §A.6.5 (plain)
        f"{ID_TA}.1.1": SignatureAlgorithm(_SCHEME.RSA_PKCS1_V15, _SHA.SHA1),
        f"{ID_TA}.1.2": SignatureAlgorithm(_SCHEME.RSA_PKCS1_V15, _SHA.SHA256),
        f"{ID_TA}.1.3": SignatureAlgorithm(_SCHEME.RSA_PSS, _SHA.SHA1, _SHA.SHA1, 20),
        f"{ID_TA}.1.4": SignatureAlgorithm(_SCHEME.RSA_PSS, _SHA.SHA256, _SHA.SHA256, 32),
        f"{ID_TA}.1.5": SignatureAlgorithm(_SCHEME.RSA_PKCS1_V15, _SHA.SHA512),
        f"{ID_TA}.1.6": SignatureAlgorithm(_SCHEME.RSA_PSS, _SHA.SHA512, _SHA.SHA512, 64),
        f"{ID_TA}.2.1": SignatureAlgorithm(_SCHEME.ECDSA_PLAIN, _SHA.SHA1),
        f"{ID_TA}.2.2": SignatureAlgorithm(_SCHEME.ECDSA_PLAIN, _SHA.SHA224),
        f"{ID_TA}.2.3": SignatureAlgorithm(_SCHEME.ECDSA_PLAIN, _SHA.SHA256),
        f"{ID_TA}.2.4": SignatureAlgorithm(_SCHEME.ECDSA_PLAIN, _SHA.SHA384),
        f"{ID_TA}.2.5": SignatureAlgorithm(_SCHEME.ECDSA_PLAIN, _SHA.SHA512),
    }
)

_CERTIFICATE, _BODY, _SIGNATURE = 0x7F21, 0x7F4E, 0x5F37
_PROFILE, _CAR, _PUBLIC_KEY, _CHR, _CHAT = 0x5F29, 0x42, 0x7F49, 0x5F20, 0x7F4C
_EFFECTIVE, _EXPIRATION, _EXTENSIONS = 0x5F25, 0x5F24, 0x65
_OID, _DISCRETIONARY = 0x06, 0x53
_MAX_REFERENCE_BYTES = 16  # TR-03110-3 §A.6.1: country 2, mnemonic up to 9, sequence number 5
_MAX_CERTIFICATES = 64


class TerminalType(enum.Enum):
    """Whose certificate it is, by the object identifier of its authorisation template (TR-03110-3 §C.4)."""

    INSPECTION_SYSTEM = f"{_ID_ROLES}.1"
    AUTHENTICATION_TERMINAL = f"{_ID_ROLES}.2"
    SIGNATURE_TERMINAL = f"{_ID_ROLES}.3"


class CvRole(enum.IntEnum):
    """The first two bits of the relative authorisation (TR-03110-3 §C.4.1)."""

    TERMINAL = 0b00
    DV_FOREIGN = 0b01
    DV_DOMESTIC = 0b10
    CVCA = 0b11


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class CvPublicKey:
    """A public key data object (TR-03110-3 §D.3).

    Attributes:
        oid: id-TA-…, dotted: the algorithm that the *holder* signs with.
        key: the key, on its curve; ``None`` while an elliptic key gives no domain parameters of its own, which only
            CVCA certificates must.
        point: the encoded public point of an elliptic key, else ``b""``.
        encoded: the whole DO'7F49' as found.
    """

    oid: str
    key: PublicKey | None
    point: bytes
    encoded: bytes

    def __repr__(self) -> str:
        return f"CvPublicKey({self.oid})"

    @property
    def curve(self) -> Curve | None:
        """The curve if the key spells it out."""
        return self.key.curve if isinstance(self.key, EcPublicKey) else None

    @property
    def algorithm(self) -> SignatureAlgorithm:
        """How the holder signs. Raises :class:`~crypto.errors.CryptoError` (``cvc.algorithm_unknown``)."""
        return terminal_signature_algorithm(self.oid)

    def on(self, inherited: Curve | None) -> PublicKey:
        """The key, on the issuer's curve where it names none itself (TR-03110-3 §D.3.3).

        Raises:
            CryptoError: ``cvc.key_unusable``: there is no curve to take; ``curve.point_invalid``.
        """
        if self.key is not None:
            return self.key
        if inherited is None:
            raise CryptoError(CVC_KEY_UNUSABLE)
        return EcPublicKey(inherited, inherited.decode_point(self.point))


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class CvCertificate:
    """A certificate, with the octets that its signature covers.

    Attributes:
        authority_reference: CAR: the holder reference of the key that signed it.
        holder_reference: CHR.
        public_key: the holder's.
        role_oid: object identifier of the authorisation template, dotted.
        authorization: relative authorisation, as found: the first two bits are the role.
        effective, expiration: first and last day, both inclusive (TR-03110-3 §C.1, §D.2.1.3).
        extensions: the content of DO'65', ``b""`` if absent.
        body: DO'7F4E' as found: what is signed.
        signature: content of DO'5F37'.
        encoded: the whole certificate as found.
    """

    authority_reference: str
    holder_reference: str
    public_key: CvPublicKey
    role_oid: str
    authorization: bytes
    effective: dt.date
    expiration: dt.date
    extensions: bytes
    body: bytes
    signature: bytes
    encoded: bytes

    def __repr__(self) -> str:
        return f"CvCertificate({self.holder_reference} by {self.authority_reference})"

    @property
    def role(self) -> CvRole:
        """CVCA, DV or terminal."""
        return CvRole(self.authorization[0] >> 6)

    @property
    def terminal_type(self) -> TerminalType | None:
        """The kind of terminal, or ``None`` for an unknown one."""
        return next((kind for kind in TerminalType if kind.value == self.role_oid), None)

    @property
    def is_self_signed(self) -> bool:
        """Whether it names itself as its authority."""
        return self.authority_reference == self.holder_reference

    def allows(self, right: int) -> bool:
        """Whether bit ``right`` of the authorisation, counted from the last one as 0, is set (TR-03110-3 §C.4)."""
        return bool(int.from_bytes(self.authorization, "big") >> right & 1)

    def is_valid_on(self, day: dt.date) -> bool:
        """Whether the day lies between effective and expiration date."""
        return self.effective <= day <= self.expiration

    def is_signed_by(self, issuer_key: PublicKey, issuer_algorithm: SignatureAlgorithm) -> bool:
        """Whether the signature fits the issuer's key, by the algorithm that the *issuer's* key names (§D.1.2).

        Raises:
            CryptoError: the key cannot be used here; then nothing is known.
        """
        return issuer_algorithm.verify(issuer_key, self.signature, self.body)


def terminal_signature_algorithm(oid: str) -> SignatureAlgorithm:
    """The algorithm of an id-TA identifier. Raises :class:`CryptoError` (``cvc.algorithm_unknown``)."""
    try:
        return _ALGORITHMS[oid]
    except KeyError:
        raise CryptoError(CVC_ALGORITHM_UNKNOWN, oid=oid) from None


def terminal_signature_algorithms() -> Mapping[str, SignatureAlgorithm]:
    """Every algorithm of terminal authentication, by dotted identifier."""
    return _ALGORITHMS


def parse_cv_certificates(octets: bytes) -> tuple[CvCertificate, ...]:
    """Certificates one after the other, as files may hold a chain. Raises as :func:`parse_cv_certificate`."""
    certificates: list[CvCertificate] = []
    try:
        reader = TlvReader(octets)
        while not reader.at_end:
            if len(certificates) == _MAX_CERTIFICATES:
                raise CryptoError(CVC_MALFORMED)
            certificates.append(parse_cv_certificate(reader.take(_CERTIFICATE).encoded))
    except WireError as error:
        raise CryptoError(CVC_MALFORMED, reason=error.code.name) from error
    return tuple(certificates)


def parse_cv_certificate(octets: bytes) -> CvCertificate:
    """One certificate, DO'7F21' (TR-03110-3 §C.1).

    Raises:
        CryptoError: ``cvc.malformed``; ``cvc.key_unusable`` or a ``curve.…`` code if the key is off its curve,
            manipulated or of no known kind.
    """
    try:
        parts = TlvReader(parse_tlv(octets, _CERTIFICATE).value)
        body = parts.take(_BODY)
        signature = parts.take(_SIGNATURE).value
        parts.finish()
        return _parse_body(body, signature, bytes(octets))
    except WireError as error:
        raise CryptoError(CVC_MALFORMED, reason=error.code.name) from error


def _parse_body(body: Tlv, signature: bytes, encoded: bytes) -> CvCertificate:
    reader = TlvReader(body.value)
    if reader.take(_PROFILE).value != b"\x00":  # version 1 is the only one
        raise CryptoError(CVC_MALFORMED)
    authority = _reference(reader.take(_CAR))
    public_key = parse_cv_public_key(reader.take(_PUBLIC_KEY))
    holder = _reference(reader.take(_CHR))
    template = TlvReader(reader.take(_CHAT).value)
    role_oid = decode_oid(template.take(_OID).value)
    authorization = template.take(_DISCRETIONARY).value
    template.finish()
    effective, expiration = _date(reader.take(_EFFECTIVE)), _date(reader.take(_EXPIRATION))
    extensions = reader.take_optional(_EXTENSIONS)
    reader.finish()
    if not 1 <= len(authorization) <= 32:
        raise CryptoError(CVC_MALFORMED)
    return CvCertificate(
        authority,
        holder,
        public_key,
        role_oid,
        authorization,
        effective,
        expiration,
        b"" if extensions is None else extensions.value,
        body.encoded,
        signature,
        encoded,
    )


def parse_cv_public_key(tlv: Tlv) -> CvPublicKey:
    """DO'7F49' (TR-03110-3 §D.3). Raises as :func:`parse_cv_certificate`."""
    reader = TlvReader(tlv.value)
    oid = decode_oid(reader.take(_OID).value)
    if oid.startswith(f"{ID_TA}.1."):
        return CvPublicKey(oid, _rsa_key(reader), b"", tlv.encoded)
    if oid.startswith(f"{ID_TA}.2."):
        return _elliptic_key(oid, reader, tlv.encoded)
    raise CryptoError(CVC_ALGORITHM_UNKNOWN, oid=oid)


def _rsa_key(reader: TlvReader) -> RsaPublicKey:
    """TR-03110-3 §D.3.1: modulus DO'81', exponent DO'82'."""
    modulus = int.from_bytes(reader.take(0x81).value, "big")
    exponent = int.from_bytes(reader.take(0x82).value, "big")
    reader.finish()
    if not 1024 <= modulus.bit_length() <= MAX_RSA_BITS or exponent < 3 or exponent % 2 == 0 or exponent >= modulus:
        raise CryptoError(CVC_KEY_UNUSABLE)
    return RsaPublicKey(modulus, exponent)


def _elliptic_key(oid: str, reader: TlvReader, encoded: bytes) -> CvPublicKey:
    """TR-03110-3 §D.3.3: all domain parameters or none of them, then the point in DO'86'."""
    first = reader.take_optional(0x81)
    if first is None:
        point = reader.take(0x86).value
        reader.finish()
        return CvPublicKey(oid, None, point, encoded)
    p = int.from_bytes(first.value, "big")
    a, b = (int.from_bytes(reader.take(tag).value, "big") for tag in (0x82, 0x83))
    base = reader.take(0x84).value
    n = int.from_bytes(reader.take(0x85).value, "big")
    point = reader.take(0x86).value
    cofactor = reader.take_optional(0x87)  # conditional: it may be left out, and is 1 on every curve that is known here
    reader.finish()
    curve = match_numbers(p, a, b, base, n, 1 if cofactor is None else int.from_bytes(cofactor.value, "big"))
    return CvPublicKey(oid, EcPublicKey(curve, curve.decode_point(point)), point, encoded)


def _reference(tlv: Tlv) -> str:
    """TR-03110-3 §A.6.1: ISO/IEC 8859-1, at most sixteen characters."""
    if not 1 <= len(tlv.value) <= _MAX_REFERENCE_BYTES:
        raise CryptoError(CVC_MALFORMED)
    return tlv.value.decode("latin-1")


def _date(tlv: Tlv) -> dt.date:
    """Six octets, one digit each, YYMMDD of the 21st century (TR-03110-3 §D.2.1.3)."""
    if len(tlv.value) != 6 or any(octet > 9 for octet in tlv.value):
        raise CryptoError(CVC_MALFORMED)
    digits = "".join(str(octet) for octet in tlv.value)
    try:
        return dt.date(2000 + int(digits[:2]), int(digits[2:4]), int(digits[4:]))
    except ValueError:
        raise CryptoError(CVC_MALFORMED) from None
