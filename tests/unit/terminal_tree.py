"""Card-verifiable certificates for the terminal's tests, made straight from TR-03110-3 §C.1 and §D with one library.

Nothing here is shared with what reads or checks them.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import functools
from pathlib import Path

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

IS, AT = "04007f000703010201", "04007f000703010202"
CVCA, DV_DOMESTIC, DV_FOREIGN, TERMINAL = 0xC0, 0x80, 0x40, 0x00
DG3, DG4 = 1, 2
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey

# p, a, b, n, x, y of secp256r1 (SEC 2 §2.4.2)
P256 = {
    0x81: "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
    0x82: "ffffffff00000001000000000000000000000000fffffffffffffffffffffffc",
    0x83: "5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604b",
    0x84: "046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c296"
    "4fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5",
    0x85: "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551",
}


def tlv(tag: int, value: bytes) -> bytes:
    length = len(value)
    size = (
        bytes([length])
        if length < 0x80
        else bytes([0x81, length])
        if length < 0x100
        else b"\x82" + length.to_bytes(2, "big")
    )
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big") + size + value


def key(name: str, kind: str = "ec") -> Key:
    """The same key for the same name within one run."""
    return _key(name, kind)


@functools.cache
def _key(name: str, kind: str) -> Key:
    return (
        rsa.generate_private_key(65537, int(kind[3:]))
        if kind.startswith("rsa")
        else ec.generate_private_key(ec.SECP256R1())
    )


def public_key_object(private: Key, *, with_domain: bool, scheme: str = "") -> bytes:
    """DO'7F49' (§D.3). ``scheme``: last two arcs of id-TA, by default ECDSA or RSA v1.5 with SHA-256."""
    if isinstance(private, rsa.RSAPrivateKey):
        numbers = private.public_key().public_numbers()
        oid = bytes.fromhex("04007f00070202" + "02" + (scheme or "0102"))
        content = tlv(0x81, numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))
        return tlv(0x7F49, tlv(0x06, oid) + content + tlv(0x82, b"\x01\x00\x01"))
    point = private.public_key().public_numbers()
    octets = b"\x04" + point.x.to_bytes(32, "big") + point.y.to_bytes(32, "big")
    oid = bytes.fromhex("04007f00070202" + "02" + (scheme or "0203"))
    before = b"".join(tlv(tag, bytes.fromhex(text)) for tag, text in P256.items()) if with_domain else b""
    return tlv(0x7F49, tlv(0x06, oid) + before + tlv(0x86, octets) + (tlv(0x87, b"\x01") if with_domain else b""))


def sign(private: Key, data: bytes) -> bytes:
    """With SHA-256: plain ECDSA (§A.6.4.1) or RSASSA-PKCS1-v1_5."""
    if isinstance(private, rsa.RSAPrivateKey):
        return private.sign(data, padding.PKCS1v15(), hashes.SHA256())
    r, s = decode_dss_signature(private.sign(data, ec.ECDSA(hashes.SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def date(day: str) -> bytes:
    """YYMMDD, one digit an octet (§D.2.1.3)."""
    return bytes(int(digit) for digit in dt.date.fromisoformat(day).strftime("%y%m%d"))


def certificate(
    holder: str,
    authority: str,
    role: int,
    *,
    rights: int = DG3 | DG4,
    template: str = IS,
    valid: tuple[str, str] = ("2026-01-01", "2026-12-31"),
    kind: str = "ec",
    authority_kind: str = "ec",
    signed_by: str | None = None,
) -> bytes:
    """DO'7F21' for the key named ``holder``, signed by the key named ``authority`` (or ``signed_by``)."""
    authorization = bytes([role | rights]) if template == IS else bytes([role, 0, 0, 0, rights])
    body = tlv(
        0x7F4E,
        tlv(0x5F29, b"\0")
        + tlv(0x42, authority.encode())
        + public_key_object(key(holder, kind), with_domain=role == CVCA)
        + tlv(0x5F20, holder.encode())
        + tlv(0x7F4C, tlv(0x06, bytes.fromhex(template)) + tlv(0x53, authorization))
        + tlv(0x5F25, date(valid[0]))
        + tlv(0x5F24, date(valid[1])),
    )
    return tlv(0x7F21, body + tlv(0x5F37, sign(key(signed_by or authority, authority_kind), body)))


def pem(private: Key) -> bytes:
    return private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


ROOT, VERIFIER, SYSTEM = "XXTESTCVCA00001", "XXTESTDV00001", "XXTESTIS00001"


@dataclasses.dataclass(frozen=True)
class Tree:
    """The plainest chain: one authority, one verifier, one terminal."""

    root: bytes
    verifier: bytes
    terminal: bytes

    @property
    def octets(self) -> bytes:
        return self.root + self.verifier + self.terminal


@functools.cache
def plain_tree(rights: int = DG3 | DG4) -> Tree:
    return Tree(
        certificate(ROOT, ROOT, CVCA),
        certificate(VERIFIER, ROOT, DV_DOMESTIC),
        certificate(SYSTEM, VERIFIER, TERMINAL, rights=rights),
    )


def write_folder(folder: Path, *certificates: bytes, private_key: bytes | None) -> Path:
    """A folder as ``chipid read --terminal`` takes it."""
    folder.mkdir(exist_ok=True)
    for number, octets in enumerate(certificates):
        (folder / f"{number}.cvcert").write_bytes(octets)
    if private_key is not None:
        (folder / "terminal.key").write_bytes(private_key)
    return folder
