"""The TEST country's verifying authority: card-verifiable certificates for terminals (TR-03110-3 §C, §D).

What terminals show is made here, what chips check is :mod:`emulator.chip.terminal_authentication`. Every key on a curve
follows from a label (:mod:`emulator.personalise.keys`), and so does the authority's RSA key: **anybody can make
certificates of this authority**, and only emulated cards trust it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import types
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa

from crypto.pace.parameters import STANDARDIZED_CURVES
from crypto.pki.cvc import ID_TA, CvRole, TerminalType, terminal_signature_algorithm
from crypto.primitives.curves import Curve, curve
from crypto.signatures.ecdsa_signing import EcdsaSigningKey
from crypto.wire.oid import encode_oid
from crypto.wire.tlv import encode_tlv
from emulator.personalise.keys import derived_scalar, shipped_authority_rsa_key

__all__ = [
    "CV_ALGORITHMS",
    "RIGHTS",
    "RSA_BITS",
    "CvHolder",
    "CvKeyPair",
    "CvSuite",
    "Validity",
    "authority_certificate",
    "certificate",
    "holder",
    "verifying_authority",
]

CV_ALGORITHMS: Final[Mapping[str, str]] = types.MappingProxyType(
    {
        # TR-03110-3 tables 14 and 15
        "rsa-sha1": f"{ID_TA}.1.1",
        "rsa-sha256": f"{ID_TA}.1.2",
        "rsa-pss-sha1": f"{ID_TA}.1.3",
        "rsa-pss-sha256": f"{ID_TA}.1.4",
        "rsa-sha512": f"{ID_TA}.1.5",
        "rsa-pss-sha512": f"{ID_TA}.1.6",
        "ecdsa-sha1": f"{ID_TA}.2.1",
        "ecdsa-sha224": f"{ID_TA}.2.2",
        "ecdsa-sha256": f"{ID_TA}.2.3",
        "ecdsa-sha384": f"{ID_TA}.2.4",
        "ecdsa-sha512": f"{ID_TA}.2.5",
    }
)
"""Object identifier by the name that people type."""

RIGHTS: Final[Mapping[str, int]] = types.MappingProxyType({"dg3": 0b01, "dg4": 0b10})
"""Rights of an inspection system (TR-03110-3 table 20)."""
_RSA_CODES: Final = {1024: "1", 1280: "2", 1536: "3", 2048: "4", 3072: "5"}
RSA_BITS: Final = tuple(_RSA_CODES)
"""Sizes of TR-03110-3 §A.6.3.2."""
_AUTHORIZATION_BYTES: Final = {TerminalType.AUTHENTICATION_TERMINAL: 5}  # the other types: 1 (TR-03110-3 §C.4)
_SHIPPED_BITS: Final = 2048
_RSA_TOO_SHORT_FOR_PSS_SHA512: Final = 1024
_AUTHORITY_FIRST: Final = dt.date(2020, 12, 1)
_AUTHORITY_LAST: Final = dt.date(2049, 12, 31)


@dataclasses.dataclass(frozen=True, slots=True)
class CvSuite:
    """Algorithm and size of key, the same for a whole chain (TR-03110-3 §2.3).

    Attributes:
        algorithm: a key of :data:`CV_ALGORITHMS`.
        curve_name: for ECDSA, else empty.
        rsa_bits: for RSA, else 0.
    """

    algorithm: str
    curve_name: str = ""
    rsa_bits: int = 0

    def __post_init__(self) -> None:
        if self.algorithm not in CV_ALGORITHMS:
            raise ValueError(f"there is no algorithm {self.algorithm!r}; there are {', '.join(CV_ALGORITHMS)}")
        if self.is_rsa and (self.rsa_bits not in RSA_BITS or self.curve_name):
            raise ValueError(f"an RSA key has one of {', '.join(map(str, RSA_BITS))} bits and no curve")
        if self.rsa_bits == _RSA_TOO_SHORT_FOR_PSS_SHA512 and self.algorithm == "rsa-pss-sha512":
            raise ValueError("a hash and a salt of 64 bytes each do not fit into an RSA key of 1024 bits")
        if not self.is_rsa and (self.curve_name not in STANDARDIZED_CURVES.values() or self.rsa_bits):
            raise ValueError(f"an ECDSA key lies on one of {', '.join(STANDARDIZED_CURVES.values())}")

    @classmethod
    def parse(cls, text: str) -> CvSuite:
        """From ``ecdsa-sha256/brainpoolP256r1`` or ``rsa-sha256/2048``. Raises ``ValueError``."""
        algorithm, _, size = text.partition("/")
        if algorithm.startswith("rsa"):
            return cls(algorithm, rsa_bits=int(size) if size.isdecimal() else 0)
        return cls(algorithm, curve_name=size)

    @property
    def is_rsa(self) -> bool:
        """Whether keys are RSA keys."""
        return self.algorithm.startswith("rsa")

    @property
    def oid(self) -> str:
        """id-TA-…, dotted."""
        return CV_ALGORITHMS[self.algorithm]

    @property
    def code(self) -> str:
        """Three characters that tell suites apart in a sequence number."""
        if self.is_rsa:
            return f"R{self.oid[-1]}{_RSA_CODES[self.rsa_bits]}"
        number = next(number for number, name in STANDARDIZED_CURVES.items() if name == self.curve_name)
        return f"E{self.oid[-1]}{'0123456789ABCDEFGHIJ'[number]}"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class CvKeyPair:
    """A private key that signs certificates, or a terminal's challenges.

    Attributes:
        oid: id-TA-…, dotted.
        key: the private key.
        scalar: for a key on a curve the private number, which the key itself does not give away again.
    """

    oid: str
    key: EcdsaSigningKey | rsa.RSAPrivateKey
    scalar: int = 0

    def __repr__(self) -> str:
        return f"CvKeyPair({self.oid})"

    def private_key_pem(self) -> bytes:
        """Unencrypted PKCS#8. Raises :class:`crypto.errors.CryptoError` where OpenSSL lacks the curve."""
        native: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
        if isinstance(self.key, EcdsaSigningKey):
            native = ec.derive_private_key(self.scalar, self.key.curve.native())
        else:
            native = self.key
        from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

        return native.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    def sign(self, data: bytes) -> bytes:
        """Plain r || s, or an RSA signature (TR-03110-3 §A.6.3, §A.6.4)."""
        algorithm = terminal_signature_algorithm(self.oid)
        digest = algorithm.hash_algorithm
        if isinstance(self.key, EcdsaSigningKey):
            return self.key.sign_plain(digest, data)
        if algorithm.salt_bytes is None:
            return self.key.sign(data, padding.PKCS1v15(), digest.native)
        return self.key.sign(data, padding.PSS(padding.MGF1(digest.native), algorithm.salt_bytes), digest.native)

    def public_key(self, *, domain: bool) -> bytes:
        """DO'7F49' (TR-03110-3 §D.3).

        Args:
            domain: whether a key on a curve spells its parameters out; those below an authority must not.
        """
        oid = encode_tlv(0x06, encode_oid(self.oid))
        if not isinstance(self.key, EcdsaSigningKey):
            numbers = self.key.public_key().public_numbers()
            return encode_tlv(0x7F49, oid + _unsigned(0x81, numbers.n) + _unsigned(0x82, numbers.e))
        own = self.key.curve
        point = encode_tlv(0x86, own.encode_point(self.key.public_point))
        if not domain:
            return encode_tlv(0x7F49, oid + point)
        return encode_tlv(0x7F49, oid + _domain(own) + point + _unsigned(0x87, 1))


@dataclasses.dataclass(frozen=True, slots=True)
class CvHolder:
    """Somebody with a name and a key.

    Attributes:
        reference: certificate holder reference (TR-03110-3 §A.6.1).
        key_pair: the key.
    """

    reference: str
    key_pair: CvKeyPair


@dataclasses.dataclass(frozen=True, slots=True)
class Validity:
    """First and last day, both inclusive (TR-03110-3 §2.4)."""

    first: dt.date
    last: dt.date


def _unsigned(tag: int, number: int) -> bytes:
    return encode_tlv(tag, number.to_bytes((number.bit_length() + 7) // 8, "big"))  # TR-03110-3 §D.2.1.1: no leading 00


def _domain(own: Curve) -> bytes:
    """DO'81' to DO'85' (TR-03110-3 table 27)."""
    base = encode_tlv(0x84, own.encode_point(own.g))
    return _unsigned(0x81, own.p) + _unsigned(0x82, own.a) + _unsigned(0x83, own.b) + base + _unsigned(0x85, own.n)


def _date(tag: int, day: dt.date) -> bytes:
    """One octet for each digit of YYMMDD (TR-03110-3 §D.2.1.3)."""
    return encode_tlv(tag, bytes(int(digit) for digit in day.strftime("%y%m%d")))


def certificate(
    issuer: CvHolder,
    subject: CvHolder,
    *,
    role: CvRole,
    rights: int,
    validity: Validity,
    terminal_type: TerminalType = TerminalType.INSPECTION_SYSTEM,
    domain: bool | None = None,
    extensions: bytes = b"",
) -> bytes:
    """A certificate, DO'7F21' (TR-03110-3 §C.1).

    Args:
        issuer: who signs.
        subject: whose public key is certified.
        role: authority, verifier or terminal.
        rights: the bits below the role.
        validity: first and last day.
        terminal_type: kind of terminal that the rights are about.
        domain: whether the key spells out its curve; by default only an authority's does.
        extensions: content of DO'65', absent if empty.
    """
    size = _AUTHORIZATION_BYTES.get(terminal_type, 1)
    relative = (role << (8 * size - 2) | rights).to_bytes(size, "big")
    template = encode_tlv(0x06, encode_oid(terminal_type.value)) + encode_tlv(0x53, relative)
    parts = [
        encode_tlv(0x5F29, b"\0"),
        encode_tlv(0x42, issuer.reference.encode("latin-1")),
        subject.key_pair.public_key(domain=role is CvRole.CVCA if domain is None else domain),
        encode_tlv(0x5F20, subject.reference.encode("latin-1")),
        encode_tlv(0x7F4C, template),
        _date(0x5F25, validity.first),
        _date(0x5F24, validity.last),
        encode_tlv(0x65, extensions) if extensions else b"",
    ]
    body = encode_tlv(0x7F4E, parts)
    return encode_tlv(0x7F21, body + encode_tlv(0x5F37, issuer.key_pair.sign(body)))


# -- the TEST country --------------------------------------------------------------------------------


def holder(reference: str, suite: CvSuite) -> CvHolder:
    """Somebody of that name. A key on a curve follows from the name; an RSA key is a fresh one."""
    if suite.is_rsa:
        return CvHolder(reference, CvKeyPair(suite.oid, rsa.generate_private_key(65537, suite.rsa_bits)))
    scalar = derived_scalar(f"cv/{reference}", suite.curve_name)
    return CvHolder(reference, CvKeyPair(suite.oid, EcdsaSigningKey(curve(suite.curve_name), scalar), scalar))


def verifying_authority(suite: CvSuite, generation: int = 1) -> CvHolder:
    """The TEST verifying authority with its key of one suite.

    Args:
        suite: an authority that changes its suite changes its name, too.
        generation: counted from 1; the next one is linked to it.

    Returns:
        The same key in every process, except for RSA keys that are not of 2048 bits or not the first: those are fresh.
    """
    reference = f"VNTESTCVCA{suite.code}{generation:02d}"
    if suite.rsa_bits == _SHIPPED_BITS and generation == 1:
        return CvHolder(reference, CvKeyPair(suite.oid, shipped_authority_rsa_key()))
    return holder(reference, suite)


def authority_certificate(authority: CvHolder) -> bytes:
    """The authority's own certificate, signed by itself: how a chip gets its trust point in personalisation."""
    validity = Validity(_AUTHORITY_FIRST, _AUTHORITY_LAST)
    return certificate(authority, authority, role=CvRole.CVCA, rights=sum(RIGHTS.values()), validity=validity)
