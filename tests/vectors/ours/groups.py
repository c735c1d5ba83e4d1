"""Domain parameters and arithmetic for the vectors of our own: plain integers, parameters from outside this project.

Curves come from the ``ecdsa`` package, finite-field groups from the openssl command; points are multiplied by
``tests/interop/foreign_curves.py``. Nothing here imports ``crypto``, ``reader`` or ``emulator``.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import subprocess

from ecdsa import curves as ecdsa_curves
from ecdsa.curves import Curve as EcdsaCurve

from tests.interop.foreign_curves import Curve
from tests.interop.foreign_tlv import objects

ECDSA_NAMES = {
    "secp192r1": "NIST192p",
    "secp224r1": "NIST224p",
    "secp256r1": "NIST256p",
    "secp384r1": "NIST384p",
    "secp521r1": "NIST521p",
    "brainpoolP192r1": "BRAINPOOLP192r1",
    "brainpoolP224r1": "BRAINPOOLP224r1",
    "brainpoolP256r1": "BRAINPOOLP256r1",
    "brainpoolP320r1": "BRAINPOOLP320r1",
    "brainpoolP384r1": "BRAINPOOLP384r1",
    "brainpoolP512r1": "BRAINPOOLP512r1",
}
PARAMETER_IDS = {
    "secp192r1": 8,
    "brainpoolP192r1": 9,
    "secp224r1": 10,
    "brainpoolP224r1": 11,
    "secp256r1": 12,
    "brainpoolP256r1": 13,
    "brainpoolP320r1": 14,
    "secp384r1": 15,
    "brainpoolP384r1": 16,
    "brainpoolP512r1": 17,
    "secp521r1": 18,
}
"""Doc 9303-11 §9.5.1."""


def ecdsa_curve(name: str) -> EcdsaCurve:
    """The curve as the ``ecdsa`` package has it."""
    return next(each for each in ecdsa_curves.curves if each.name == ECDSA_NAMES[name])


@functools.cache
def curve(name: str) -> Curve:
    """The curve for the foreign terminal's arithmetic."""
    outside = ecdsa_curve(name)
    g, equation = outside.generator, outside.curve
    return Curve(
        int(equation.p()), int(equation.a()) % int(equation.p()), int(equation.b()), (int(g.x()), int(g.y())),
        int(outside.order),
    )  # fmt: skip


@dataclasses.dataclass(frozen=True)
class Group:
    """Numbers modulo p; g generates the subgroup of order q."""

    p: int
    g: int
    q: int

    @property
    def size(self) -> int:
        return (self.p.bit_length() + 7) // 8

    def octets(self, value: int) -> bytes:
        return value.to_bytes(self.size, "big")


@functools.cache
def group(number: int) -> Group:
    """The MODP group of RFC 5114 with this parameter id (Doc 9303-11 §9.5.1), as the openssl command writes it."""
    option = f"dh_rfc5114:{number + 1}"
    command = ["openssl", "genpkey", "-genparam", "-algorithm", "DHX", "-pkeyopt", option]
    lines = subprocess.run(command, capture_output=True, check=True, text=True).stdout.splitlines()
    ((_, body),) = objects(base64.b64decode("".join(lines[1:-1])))
    p, g, q = (int.from_bytes(value, "big") for _, value in list(objects(body))[:3])
    return Group(p, g, q)


def number(label: str, order: int) -> int:
    """A private number that anybody can make again: 1 … order-1, from the SHA-512 of a label."""
    octets = b"".join(hashlib.sha512(f"TEST {label} {part}".encode()).digest() for part in range(5))
    return int.from_bytes(octets, "big") % (order - 1) + 1


def octets(label: str, count: int) -> bytes:
    """Nonces and challenges, made the same way."""
    return hashlib.sha512(f"TEST {label}".encode()).digest()[:count]


def scalar_octets(value: int, order: int) -> bytes:
    """As many octets as the order has."""
    return value.to_bytes((order.bit_length() + 7) // 8, "big")
