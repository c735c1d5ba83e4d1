"""What opens a chip: the card access number, or what the machine-readable zone says (Doc 9303-11 §9.7.2, §9.7.3).

Keys are secrets: they are never printed, and their errors do not repeat what was typed.
"""

from __future__ import annotations

import abc
import hashlib
from collections.abc import Sequence

from crypto.pace.parameters import PasswordReference
from crypto.primitives.secret import Secret
from reader import errors
from reader.lds.mrz import parse_scanned_mrz
from reader.vietnamese.number import can_of

__all__ = ["AccessKey", "CanKey", "MrzKey"]


class AccessKey(abc.ABC):
    """A password of the card holder or printed on the card."""

    __slots__ = ("_password", "may_be_cccd")

    def __init__(self, password: Secret, *, may_be_cccd: bool = False) -> None:
        self._password = password
        self.may_be_cccd = may_be_cccd
        """Whether this key may belong to a Vietnamese card, whose habits may then be assumed: not for a foreign MRZ."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}(…)"

    @property
    @abc.abstractmethod
    def reference(self) -> PasswordReference:
        """Which password PACE is told to use."""

    @property
    @abc.abstractmethod
    def pace_seed(self) -> Secret:
        """f(π): the octets from which PACE derives Kπ (Doc 9303-11 §9.7.3, table "Encoding of passwords")."""


class CanKey(AccessKey):
    """The card access number: six digits."""

    @classmethod
    def from_digits(cls, digits: str) -> CanKey:
        """The number as printed.

        Raises:
            DocumentError: ``can.malformed`` if these are not six digits.
        """
        digits = digits.strip()
        if len(digits) != 6 or not (digits.isascii() and digits.isdigit()):
            raise errors.DocumentError(errors.CAN_MALFORMED)
        return cls(Secret(digits.encode("ascii")), may_be_cccd=True)

    @classmethod
    def from_citizen_number(cls, number: str) -> CanKey:
        """The last six digits of a Vietnamese 12-digit citizen number: on the CCCD they are the CAN.

        Raises:
            DocumentError: ``number.malformed`` if these are not twelve digits.
        """
        return cls(Secret(can_of(number).encode("ascii")), may_be_cccd=True)

    @property
    def reference(self) -> PasswordReference:
        return PasswordReference.CAN

    @property
    def pace_seed(self) -> Secret:
        return self._password


class MrzKey(AccessKey):
    """Document number, date of birth and date of expiry, each with its check digit."""

    @classmethod
    def from_lines(cls, lines: Sequence[str]) -> MrzKey:
        """From the two or three lines of the machine-readable zone, as printed or scanned.

        Raises:
            DocumentError: ``mrz.malformed`` or ``mrz.check_digit``.
        """
        mrz = parse_scanned_mrz(lines)
        return cls(Secret(mrz.mrz_information.encode("ascii")), may_be_cccd=mrz.issuing_state == "VNM")

    @property
    def reference(self) -> PasswordReference:
        return PasswordReference.MRZ

    @property
    def pace_seed(self) -> Secret:
        """SHA-1 of the MRZ information, all 20 bytes."""
        return Secret(hashlib.sha1(self._password.reveal(), usedforsecurity=False).digest())

    @property
    def bac_seed(self) -> Secret:
        """Kseed of basic access control: the first 16 bytes of the same hash (Doc 9303-11 §9.7.2)."""
        return Secret(self.pace_seed.reveal()[:16])
