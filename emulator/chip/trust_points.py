"""Whose certificates a chip believes, and what day it thinks it is (TR-03110-3 §2.5, §2.6, §A.6.2; Doc 9303-11 §7.1.4.3).

A chip has no clock. It knows a day that is certainly past: the latest on which somebody whom it trusts has issued a
certificate. Trust points and that day belong to the card: they outlive every session, every reset and every loss of power.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable
from typing import Final

from crypto.pki.cvc import CvCertificate, CvRole, TerminalType
from crypto.primitives.curves import Curve
from crypto.signatures.algorithms import SignatureAlgorithm
from crypto.signatures.public_key import EcPublicKey, PublicKey
from crypto.wire.tlv import encode_tlv

__all__ = ["Authorization", "TrustPoints", "TrustedKey"]

_DO_AUTHORITY_REFERENCE: Final = 0x42
_EF_CVCA_BYTES: Final = 36  # TR-03110-3 table 13
_MOST_ENABLED: Final = 2  # for each type of terminal (Doc 9303-11 §7.1.4.3.4)
_MOST_KEPT: Final = 4
"""With those that are disabled and may still have a link certificate to verify; an enabled key is never overwritten."""


@dataclasses.dataclass(frozen=True, slots=True)
class Authorization:
    """Terminal type and rights of a certificate holder (TR-03110-3 §C.4).

    Attributes:
        role_oid: object identifier of the terminal type, dotted.
        rights: the bits below the two of the role, as a number.
    """

    role_oid: str
    rights: int

    @classmethod
    def of(cls, role_oid: str, relative: bytes) -> Authorization:
        """From the value of DO'53' in an authorisation template, one byte at least."""
        bits = 8 * len(relative) - 2  # the two highest bits are the role
        return cls(role_oid, int.from_bytes(relative, "big") & ((1 << bits) - 1))

    def narrowed_by(self, other: Authorization) -> Authorization:
        """The bitwise AND of TR-03110-3 §2.6, with the other's terminal type.

        Bits of two terminal types mean different things. So a certificate of another type than its issuer's is no
        error in itself (the guideline's own worked example has one), but it carries no right.
        """
        return Authorization(other.role_oid, self.rights & other.rights if self.role_oid == other.role_oid else 0)

    def allows(self, terminal: TerminalType, right: int) -> bool:
        """Whether the holder is such a terminal and has this right, counted from the last bit as 0."""
        return self.role_oid == terminal.value and bool(self.rights >> right & 1)


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class TrustedKey:
    """A public key that the chip has verified, with what it keeps from the certificate (TR-03110-3 §A.6.2.3).

    Attributes:
        reference: certificate holder reference.
        key: the public key, on its curve.
        algorithm_oid: id-TA-…, dotted: how the holder signs.
        algorithm: the same, ready for use.
        role: CVCA, DV or terminal.
        authorization: effective: that of the whole chain down to here.
        effective: first day of validity.
        expiration: last day of validity.
    """

    reference: str
    key: PublicKey
    algorithm_oid: str
    algorithm: SignatureAlgorithm
    role: CvRole
    authorization: Authorization
    effective: dt.date
    expiration: dt.date

    def __repr__(self) -> str:
        return f"TrustedKey({self.reference}, {self.role.name})"

    @classmethod
    def at_personalisation(cls, certificate: CvCertificate) -> TrustedKey:
        """A trust point out of a CVCA's own certificate. Raises :class:`crypto.errors.CryptoError` for a useless key."""
        granted = Authorization.of(certificate.role_oid, certificate.authorization)
        return cls._of(certificate, None, granted)

    def issue(self, certificate: CvCertificate) -> TrustedKey:
        """What the chip imports from a certificate that this key has signed.

        Raises:
            CryptoError: the public key lies on no curve, neither its own nor the issuer's (TR-03110-3 §D.3.3).
        """
        relative = Authorization.of(certificate.role_oid, certificate.authorization)
        # A new trust point is judged by its own template: the issuer is the same authority (TR-03110-3 §2.6.2). But an
        # authority for one type of terminal makes none for another
        successor = certificate.role is CvRole.CVCA and relative.role_oid == self.authorization.role_oid
        granted = relative if successor else self.authorization.narrowed_by(relative)
        return self._of(certificate, self.curve, granted)

    @classmethod
    def _of(cls, certificate: CvCertificate, inherited: Curve | None, granted: Authorization) -> TrustedKey:
        return cls(
            reference=certificate.holder_reference,
            key=certificate.public_key.on(inherited),
            algorithm_oid=certificate.public_key.oid,
            algorithm=certificate.public_key.algorithm,
            role=certificate.role,
            authorization=granted,
            effective=certificate.effective,
            expiration=certificate.expiration,
        )

    @property
    def curve(self) -> Curve | None:
        """The domain parameters that certificates below inherit; ``None`` for RSA."""
        return self.key.curve if isinstance(self.key, EcPublicKey) else None


class TrustPoints:
    """The trust points of one card, most recent first, and its current date.

    Args:
        initial: from personalisation, most recent first.
        personalised_on: the date to start with.
    """

    def __init__(self, initial: Iterable[TrustedKey], personalised_on: dt.date) -> None:
        self._points = tuple(initial)
        self._displaced: frozenset[str] = frozenset()
        self._succeeded: frozenset[str] = frozenset()
        self._current_date = personalised_on

    @property
    def current_date(self) -> dt.date:
        """The day that is certainly past (TR-03110-3 §2.5)."""
        return self._current_date

    @property
    def all(self) -> tuple[TrustedKey, ...]:
        """Most recent first; disabled ones, too, as they still verify link certificates."""
        return self._points

    def find(self, reference: str) -> TrustedKey | None:
        """The trust point of that name."""
        return next((point for point in self._points if point.reference == reference), None)

    def has_expired(self, key: TrustedKey) -> bool:
        """Whether the last day of validity is past, as far as the chip can tell."""
        return key.expiration < self._current_date

    def advance(self, day: dt.date) -> None:
        """A trusted issuer has signed something on that day; the date never goes back."""
        self._current_date = max(self._current_date, day)

    def is_enabled(self, key: TrustedKey) -> bool:
        """Whether certificates of document verifiers or terminals may be verified with it (Doc 9303-11 §7.1.4.3.4)."""
        return key.reference not in self._displaced and not self.has_expired(key)

    def has_room(self, day: dt.date, role_oid: str) -> bool:
        """Whether one more trust point can be stored beside those that are enabled then.

        Args:
            day: its effective date, which counts already: date and keys change in one step (TR-03110-3 §2.5.1).
            role_oid: its terminal type, of which the oldest gives way to it.
        """
        enabled = [point for point in self._points if self.is_enabled(point) and point.expiration >= day]
        rivals = sum(point.authorization.role_oid == role_oid for point in enabled)
        return len(enabled) - (rivals >= _MOST_ENABLED) < _MOST_KEPT

    def enable(self, new: TrustedKey, issuer: TrustedKey) -> None:
        """Imports the key of a link certificate and its date in one step (TR-03110-3 §2.5.1, Doc 9303-11 §7.1.4.3.4).

        A disabled trust point has done its last service when its successor is there. One without successor is kept for
        that as long as there is room: a chip may trust several lines of keys.

        Args:
            new: there must be room for it (:meth:`has_room`).
            issuer: whom it succeeds.
        """
        self.advance(new.effective)
        self._succeeded |= {issuer.reference}
        self._points = (new, *self._points)
        self._displace(new.authorization.role_oid)
        kept = [point for point in self._points if self.is_enabled(point) or point.reference not in self._succeeded]
        while len(kept) > _MOST_KEPT:
            kept.remove([point for point in kept if not self.is_enabled(point)][-1])
        self._points = tuple(kept)
        names = frozenset(point.reference for point in kept)
        self._displaced, self._succeeded = self._displaced & names, self._succeeded & names

    def _displace(self, role_oid: str) -> None:
        """Of more than two the one with the least recent effective date is disabled (Doc 9303-11 §7.1.4.3.4)."""
        rivals = [
            point for point in self._points if point.authorization.role_oid == role_oid and self.is_enabled(point)
        ]
        if len(rivals) > _MOST_ENABLED:
            # of two with the same date the one that came first
            self._displaced |= {min(reversed(rivals), key=lambda point: point.effective).reference}

    def references(self, terminal: TerminalType) -> tuple[bytes, ...]:
        """Those that a type of terminal is told of: two at most (TR-03110-3 §A.6.2.4, §B.1.4).

        The most recent one stands first, also if it has expired: a link certificate can still follow upon it.
        """
        fitting = [point for point in self._points if point.authorization.role_oid == terminal.value]
        ordered = fitting[:1] + sorted(fitting[1:], key=self.is_enabled, reverse=True)
        return tuple(point.reference.encode("latin-1") for point in ordered[:_MOST_ENABLED])

    def ef_cvca(self) -> bytes:
        """Content of EF.CVCA: references for inspection systems in DO'42', padded with zeros (TR-03110-3 table 13)."""
        names = self.references(TerminalType.INSPECTION_SYSTEM)
        listed = b"".join(encode_tlv(_DO_AUTHORITY_REFERENCE, name) for name in names)
        return listed.ljust(_EF_CVCA_BYTES, b"\0")
