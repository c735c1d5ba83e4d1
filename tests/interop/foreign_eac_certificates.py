"""Card-verifiable certificates by an issuer that shares no code with this project (TR-03110-3 §C.1, §D).

Private keys are `cryptography`'s; everything else is put together here, good or bad, as a test wants it.
"""

from __future__ import annotations

import dataclasses
import datetime as dt

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

from tests.interop.foreign_curves import BRAINPOOL_P256, BRAINPOOL_P384, NIST_P256, Curve
from tests.interop.foreign_eac import INSPECTION_SYSTEM, authorization
from tests.interop.foreign_tlv import oid, tlv

ID_TA = "0.4.0.127.0.7.2.2.2"
ECDSA_SHA256, ECDSA_SHA384 = oid(f"{ID_TA}.2.3"), oid(f"{ID_TA}.2.4")
RSA_SHA256, RSA_PSS_SHA256 = oid(f"{ID_TA}.1.2"), oid(f"{ID_TA}.1.4")
_HASHES: dict[bytes, hashes.HashAlgorithm] = {
    ECDSA_SHA256: hashes.SHA256(),
    ECDSA_SHA384: hashes.SHA384(),
    RSA_SHA256: hashes.SHA256(),
    RSA_PSS_SHA256: hashes.SHA256(),
}
_CURVES: dict[str, Curve] = {
    "brainpoolP256r1": BRAINPOOL_P256,
    "brainpoolP384r1": BRAINPOOL_P384,
    "secp256r1": NIST_P256,
}
CVCA, DOMESTIC_VERIFIER, FOREIGN_VERIFIER, TERMINAL = 0xC0, 0x80, 0x40, 0x00
DG3, DG4 = 1, 2
FIRST, LAST = dt.date(2026, 6, 1), dt.date(2026, 8, 31)

PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


@dataclasses.dataclass(frozen=True)
class Party:
    """Somebody with a name (certificate holder reference) and a key."""

    name: bytes
    key: PrivateKey
    algorithm: bytes = ECDSA_SHA256

    def sign(self, data: bytes) -> bytes:
        """Plain r ‖ s, or RSA (TR-03110-3 §A.6.3.1, §A.6.4.1)."""
        digest = _HASHES[self.algorithm]
        if isinstance(self.key, rsa.RSAPrivateKey):
            if self.algorithm == RSA_PSS_SHA256:
                return self.key.sign(data, padding.PSS(padding.MGF1(digest), digest.digest_size), digest)
            return self.key.sign(data, padding.PKCS1v15(), digest)
        size = (self.key.curve.key_size + 7) // 8
        both = decode_dss_signature(self.key.sign(data, ec.ECDSA(digest)))
        return b"".join(number.to_bytes(size, "big") for number in both)

    def public(self, *, domain: bool) -> bytes:
        """DO'7F49' (TR-03110-3 §D.3): an authority's key on a curve spells the curve out, no other does."""
        name = tlv(0x06, self.algorithm)
        if isinstance(self.key, rsa.RSAPrivateKey):
            numbers = self.key.public_key().public_numbers()
            return tlv(0x7F49, name, tlv(0x81, _unsigned(numbers.n)), tlv(0x82, _unsigned(numbers.e)))
        curve = _CURVES[self.key.curve.name]
        point = self.key.public_key().public_numbers()
        own = tlv(0x86, curve.octets((point.x, point.y)))
        if not domain:
            return tlv(0x7F49, name, own)
        before = b"".join(
            tlv(tag, _unsigned(number)) for tag, number in ((0x81, curve.p), (0x82, curve.a), (0x83, curve.b))
        )
        base = tlv(0x84, curve.octets(curve.g)) + tlv(0x85, _unsigned(curve.n))
        return tlv(0x7F49, name, before, base, own, tlv(0x87, b"\x01"))


def _unsigned(number: int) -> bytes:
    return number.to_bytes((number.bit_length() + 7) // 8, "big")


def new_party(name: str, curve: ec.EllipticCurve | None = None, algorithm: bytes = ECDSA_SHA256) -> Party:
    """With a fresh key on a curve, by default brainpoolP256r1."""
    return Party(name.encode("ascii"), ec.generate_private_key(curve or ec.BrainpoolP256R1()), algorithm)


def date(tag: int, day: dt.date) -> bytes:
    """YYMMDD, an octet for each digit (TR-03110-3 §D.2.1.3)."""
    return tlv(tag, bytes(int(digit) for digit in day.strftime("%y%m%d")))


def body(
    issuer: bytes,
    subject: Party,
    role: int,
    rights: int = DG3 | DG4,
    *,
    first: dt.date = FIRST,
    last: dt.date = LAST,
    domain: bool | None = None,
    template: bytes | None = None,
    extensions: bytes = b"",
) -> bytes:
    """DO'7F4E', of an inspection system's chain unless ``template`` says something else."""
    return tlv(
        0x7F4E,
        tlv(0x5F29, b"\0"),
        tlv(0x42, issuer),
        subject.public(domain=role == CVCA if domain is None else domain),
        tlv(0x5F20, subject.name),
        template or authorization(INSPECTION_SYSTEM, bytes([role | rights])),
        date(0x5F25, first),
        date(0x5F24, last),
        tlv(0x65, extensions) if extensions else b"",
    )


def signed(issuer: Party, octets: bytes) -> bytes:
    """DO'7F21' around a body."""
    return tlv(0x7F21, octets, tlv(0x5F37, issuer.sign(octets)))


def certify(
    issuer: Party,
    subject: Party,
    role: int,
    rights: int = DG3 | DG4,
    *,
    first: dt.date = FIRST,
    last: dt.date = LAST,
    template: bytes | None = None,
) -> bytes:
    """A certificate as it should be."""
    return signed(issuer, body(issuer.name, subject, role, rights, first=first, last=last, template=template))
