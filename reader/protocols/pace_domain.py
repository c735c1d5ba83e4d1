"""The terminal's arithmetic of PACE over a curve or a finite field, behind one set of verbs.

Elements of the group (points, or numbers modulo p) stay inside: protocols see octets and opaque values.
"""

from __future__ import annotations

import abc
import hashlib
from collections.abc import Callable
from typing import Generic, TypeAlias, TypeVar

from crypto.pace.integrated import map_integrated_dh, map_integrated_ecdh, pseudo_random_element
from crypto.pace.mapping import map_generic_dh, map_generic_ecdh
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve, EcPrivateKey, Point
from crypto.primitives.dh_groups import DhGroup, DhPrivateKey, random_exponent

__all__ = ["DhDomain", "EcdhDomain", "NewScalar", "PaceDomain"]

Element = TypeVar("Element")
Key = TypeVar("Key")
NewScalar: TypeAlias = Callable[[Curve | DhGroup], int]
"""Gives private scalars that are to be known. A fresh one comes from where it is computed with, and is told nobody."""


class PaceDomain(abc.ABC, Generic[Key, Element]):
    """Domain parameters of one PACE run."""

    public_key_tag: int
    """Tag of a public value in the input of a token (Doc 9303-11 §9.4): 86 for points, 84 for numbers."""

    name: str

    @abc.abstractmethod
    def new_key(self, new_scalar: NewScalar | None) -> Key:
        """A key pair on the original generator: with the scalar that ``new_scalar`` gives, or fresh without one."""

    @abc.abstractmethod
    def public_octets(self, key: Key) -> bytes:
        """Its public value, encoded."""

    @abc.abstractmethod
    def decode(self, octets: bytes) -> Element:
        """The chip's public value, validated. Raises :class:`~crypto.errors.CryptoError`."""

    @abc.abstractmethod
    def map_generic(self, nonce: bytes, key: Key, chip_value: Element) -> Element:
        """The generator of the generic mapping. Raises :class:`~crypto.errors.CryptoError`."""

    @abc.abstractmethod
    def map_integrated(self, cipher: SymmetricCipher, nonce: bytes, own_nonce: bytes) -> Element:
        """The generator of the integrated mapping. Raises :class:`~crypto.errors.CryptoError`."""

    @abc.abstractmethod
    def public_octets_on(self, key: Key, generator: Element) -> bytes:
        """The key's public value on a mapped generator, encoded. A fresh key serves on one generator only."""

    @abc.abstractmethod
    def compress(self, public_octets: bytes) -> bytes:
        """Comp(PK) of a public value as it was sent (TR-03110-3 §A.2.2.3)."""

    @abc.abstractmethod
    def shared_secret(self, key: Key, chip_value: Element) -> bytes:
        """The shared secret as octets (Doc 9303-11 §9.6)."""


class EcdhDomain(PaceDomain[EcPrivateKey, Point]):
    """An elliptic curve."""

    public_key_tag = 0x86

    def __init__(self, curve: Curve) -> None:
        self.curve = curve
        self.name = curve.name

    def new_key(self, new_scalar: NewScalar | None) -> EcPrivateKey:
        return self.curve.fresh_key() if new_scalar is None else self.curve.private_key(new_scalar(self.curve))

    def public_octets(self, key: EcPrivateKey) -> bytes:
        return key.public_octets

    def decode(self, octets: bytes) -> Point:
        return self.curve.decode_point(octets)

    def map_generic(self, nonce: bytes, key: EcPrivateKey, chip_value: Point) -> Point:
        return map_generic_ecdh(self.curve, nonce, key, chip_value)

    def map_integrated(self, cipher: SymmetricCipher, nonce: bytes, own_nonce: bytes) -> Point:
        return map_integrated_ecdh(self.curve, pseudo_random_element(cipher, nonce, own_nonce, self.curve.p))

    def public_octets_on(self, key: EcPrivateKey, generator: Point) -> bytes:
        return self.curve.encode_point(key.public_point_on(generator))

    def compress(self, public_octets: bytes) -> bytes:
        """The x-coordinate, as long as a field element."""
        return public_octets[1 : 1 + self.curve.field_bytes]

    def shared_secret(self, key: EcPrivateKey, chip_value: Point) -> bytes:
        return key.shared_x(chip_value)


class DhDomain(PaceDomain[DhPrivateKey, int]):
    """A prime-order subgroup of a finite field."""

    public_key_tag = 0x84

    def __init__(self, group: DhGroup) -> None:
        self.group = group
        self.name = group.name

    def new_key(self, new_scalar: NewScalar | None) -> DhPrivateKey:
        return self.group.private_key(random_exponent(self.group) if new_scalar is None else new_scalar(self.group))

    def public_octets(self, key: DhPrivateKey) -> bytes:
        return key.public_octets

    def decode(self, octets: bytes) -> int:
        return self.group.decode(octets)

    def map_generic(self, nonce: bytes, key: DhPrivateKey, chip_value: int) -> int:
        return map_generic_dh(self.group, nonce, key, chip_value)

    def map_integrated(self, cipher: SymmetricCipher, nonce: bytes, own_nonce: bytes) -> int:
        return map_integrated_dh(self.group, pseudo_random_element(cipher, nonce, own_nonce, self.group.p))

    def public_octets_on(self, key: DhPrivateKey, generator: int) -> bytes:
        return self.group.encode(key.raise_to(generator))

    def compress(self, public_octets: bytes) -> bytes:
        """SHA-1: a name for the value, no protection of it."""
        return hashlib.sha1(public_octets, usedforsecurity=False).digest()

    def shared_secret(self, key: DhPrivateKey, chip_value: int) -> bytes:
        return key.shared_octets(chip_value)
