"""Keys for which nobody needs the private key: the curve is written out with another base point (CVE-2020-0601).

Whoever may choose the base point takes the public key Q itself: with G' = Q the private key is 1. A verifier that
takes the written-out curve as it comes believes the signatures.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from crypto.primitives.curves import Curve, Point
from emulator.personalise.keys import derived_scalar
from emulator.personalise.security_infos import KeyEncoding, ec_public_key_info

__all__ = ["BasePointKey"]

_DIGEST_BITS: Final = 256


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class BasePointKey:
    """Signs as the owner of ``point`` would, on the curve whose base point is ``point``.

    Attributes:
        curve: the genuine curve, with an order of at least 256 bits.
        point: somebody's public key.
    """

    curve: Curve
    point: Point

    @property
    def public_key_info(self) -> bytes:
        """SubjectPublicKeyInfo: the genuine key, the curve written out with the other base point."""
        return ec_public_key_info(dataclasses.replace(self.curve, g=self.point), self.point, KeyEncoding.EXPLICIT)

    def sign_der(self, octets: bytes) -> bytes:
        """``SEQUENCE { r, s }`` with SHA-256."""
        return encode_dss_signature(*self._sign(octets))

    def sign(self, challenge: bytes) -> bytes:
        """r ‖ s with SHA-256, as a chip answers active authentication (TR-03111 §5.2.1)."""
        return b"".join(number.to_bytes(self.curve.order_bytes, "big") for number in self._sign(challenge))

    def _sign(self, octets: bytes) -> tuple[int, int]:
        """ECDSA (TR-03111 §4.2.1) with base point Q and private key 1: r = x(k·Q), s = (e + r) / k."""
        n = self.curve.n
        digest = hashlib.sha256(octets).digest()
        e = int.from_bytes(digest, "big") >> max(0, _DIGEST_BITS - n.bit_length())
        k = derived_scalar(f"nonce/{digest.hex()}", self.curve.name)
        r = int.from_bytes(self.curve.private_key(k).shared_x(self.point), "big") % n
        return r, pow(k, -1, n) * (e + r) % n
