"""What PACE computes in a group: mapping the nonce, and the agreement on the mapped generator.

One class for each kind of group that Doc 9303-11 §9.6 knows. Public keys come and go as octets, so that the steps of
the protocol need not know which kind it is.
"""

from __future__ import annotations

import abc
import hashlib
from collections.abc import Callable
from typing import ClassVar, Final

from crypto.pace.integrated import map_integrated_dh, map_integrated_ecdh, pseudo_random_element
from crypto.pace.mapping import map_generic_dh, map_generic_ecdh
from crypto.pace.parameters import Agreement, standardized_curve
from crypto.primitives.block_cipher import SymmetricCipher
from crypto.primitives.curves import Curve, Point
from crypto.primitives.dh_groups import DH_GROUPS, DhGroup
from crypto.primitives.secret import Secret
from crypto.wire.status_word import StatusWord
from emulator.chip.content import PaceOffer
from emulator.chip.ephemeral import fresh_dh_key_pair, fresh_key_pair, fresh_scalar
from emulator.chip.refusal import CommandRefusedError

__all__ = ["DhAgreement", "EcdhAgreement", "KeyAgreement", "agreement_for"]


class KeyAgreement(abc.ABC):
    """Domain parameters of one run and the generator that the mapping puts in place of the standard one."""

    public_key_tag: ClassVar[int]
    """Tag of a public value in a public key data object (Doc 9303-11 tables 10 and 11)."""

    @abc.abstractmethod
    def map_generic(self, nonce: bytes, peer: bytes) -> bytes:
        """Generic mapping (Doc 9303-11 §4.4.3.3.1).

        Args:
            nonce: s.
            peer: the terminal's mapping public key.

        Returns:
            The chip's mapping public key.

        Raises:
            CryptoError: ``peer`` is no element of the group, or no generator comes out.
        """

    @abc.abstractmethod
    def map_integrated(self, cipher: SymmetricCipher, nonce_s: bytes, nonce_t: bytes) -> None:
        """Integrated mapping (Doc 9303-11 §4.4.3.3.2).

        Raises:
            CryptoError: ``nonce_t`` is not as long as a key, or no generator comes out.
        """

    @abc.abstractmethod
    def agree(self, peer: bytes) -> tuple[bytes, bytes]:
        """Key agreement with a fresh key on the mapped generator (Doc 9303-11 §4.4.1 step 3c).

        Args:
            peer: the terminal's ephemeral public key.

        Returns:
            The chip's ephemeral public key and the shared secret K.

        Raises:
            CryptoError: ``peer`` is no element of the group.
            CommandRefusedError: 6300, both public keys are the same.
        """

    @abc.abstractmethod
    def compress(self, public_key: bytes) -> bytes:
        """Comp(PK) of an encoded public key of this group (TR-03110-3 §A.2.2.3)."""


class EcdhAgreement(KeyAgreement):
    """Over an elliptic curve."""

    public_key_tag = 0x86

    def __init__(self, curve: Curve, random_bytes: Callable[[int], bytes]) -> None:
        self.curve: Final = curve
        self._random: Final = random_bytes
        self._generator = curve.g
        self._mapping_scalar = Secret(b"")

    def map_generic(self, nonce: bytes, peer: bytes) -> bytes:
        """See :meth:`KeyAgreement.map_generic`."""
        curve = self.curve
        peer_point = curve.decode_point(peer)
        scalar = fresh_scalar(curve.n, self._random)
        key = curve.private_key(scalar)
        self._generator = map_generic_ecdh(curve, nonce, key, peer_point)
        self._mapping_scalar = Secret(scalar.to_bytes(curve.order_bytes, "big"))
        return key.public_octets

    def map_integrated(self, cipher: SymmetricCipher, nonce_s: bytes, nonce_t: bytes) -> None:
        """See :meth:`KeyAgreement.map_integrated`."""
        element = pseudo_random_element(cipher, nonce_s, nonce_t, self.curve.p)
        self._generator = map_integrated_ecdh(self.curve, element)

    def agree(self, peer: bytes) -> tuple[bytes, bytes]:
        """See :meth:`KeyAgreement.agree`."""
        peer_point = self.curve.decode_point(peer)
        key = fresh_key_pair(self.curve, self._random)
        own: Point = key.multiply(self._generator)
        _require_different(own == peer_point)
        return self.curve.encode_point(own), key.shared_x(peer_point)

    def compress(self, public_key: bytes) -> bytes:
        """The x-coordinate."""
        return public_key[1 : 1 + self.curve.field_bytes]

    def chip_authentication_data(self, static_scalar: Secret) -> bytes:
        """CA_IC = SK_IC^-1 · SK_Map,IC modulo the order, after generic mapping (Doc 9303-11 §4.4.3.5.1).

        Args:
            static_scalar: SK_IC, big-endian.

        Returns:
            As many octets as the order has (FE2OS; Doc 9303-11 §4.4.5.6).
        """
        order = self.curve.n
        inverse = pow(int.from_bytes(static_scalar.reveal(), "big"), -1, order)
        data = inverse * int.from_bytes(self._mapping_scalar.reveal(), "big") % order
        return data.to_bytes(self.curve.order_bytes, "big")


class DhAgreement(KeyAgreement):
    """In a subgroup of the integers modulo p. The chip's own values are written without leading zeros (§9.4.1)."""

    public_key_tag = 0x84

    def __init__(self, group: DhGroup, random_bytes: Callable[[int], bytes]) -> None:
        self._group: Final = group
        self._random: Final = random_bytes
        self._generator = group.g

    def map_generic(self, nonce: bytes, peer: bytes) -> bytes:
        """See :meth:`KeyAgreement.map_generic`."""
        peer_value = self._decode(peer)
        key = fresh_dh_key_pair(self._group, self._random)
        self._generator = map_generic_dh(self._group, nonce, key, peer_value)
        return key.public_octets

    def map_integrated(self, cipher: SymmetricCipher, nonce_s: bytes, nonce_t: bytes) -> None:
        """See :meth:`KeyAgreement.map_integrated`."""
        element = pseudo_random_element(cipher, nonce_s, nonce_t, self._group.p)
        self._generator = map_integrated_dh(self._group, element)

    def agree(self, peer: bytes) -> tuple[bytes, bytes]:
        """See :meth:`KeyAgreement.agree`."""
        peer_value = self._decode(peer)
        key = fresh_dh_key_pair(self._group, self._random)
        own = key.raise_to(self._generator)
        _require_different(own == peer_value)
        return self._group.encode(own), key.shared_octets(peer_value)

    def compress(self, public_key: bytes) -> bytes:
        """SHA-1 of the public value."""
        return hashlib.sha1(public_key, usedforsecurity=False).digest()

    def _decode(self, octets: bytes) -> int:
        """The value, validated as Doc 9303-11 §4.4.3.3.1 demands (RFC 2631 §2.1.5).

        Doc 9303-11 §9.4.3 lets a terminal leave out leading zero octets, so a shorter value is not wrong in itself.
        """
        if octets[:1] != b"\0":
            octets = octets.rjust(self._group.field_bytes, b"\0")
        return self._group.decode(octets)


def agreement_for(offer: PaceOffer, random_bytes: Callable[[int], bytes]) -> KeyAgreement:
    """The group that an offer means.

    Raises:
        CommandRefusedError: 6A88, the parameter id names no group of the protocol's kind.
    """
    if offer.protocol.agreement is Agreement.DH:
        group = offer.domain or DH_GROUPS.get(offer.parameter_id)
        if isinstance(group, DhGroup):
            return DhAgreement(group, random_bytes)
    else:
        curve = offer.domain or standardized_curve(offer.parameter_id)
        if isinstance(curve, Curve):
            return EcdhAgreement(curve, random_bytes)
    raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)


def _require_different(same: bool) -> None:
    if same:  # Doc 9303-11 §4.4.1 step 3d
        raise CommandRefusedError(StatusWord.AUTHENTICATION_FAILED)
