"""What opens a chip: the card access number, what the machine-readable zone says, the holder's PIN or PUK.

Doc 9303-11 §9.7.2, §9.7.3; PIN and PUK: TR-03110-2 §2.2, encoded as in TR-03110-3 §A.2.1 table 5.

Keys are secrets: they are never printed, and their errors do not repeat what was typed.
"""

from __future__ import annotations

import abc
import hashlib
from collections.abc import Sequence
from typing import Final

from crypto.errors import ErrorCode
from crypto.pace.parameters import PasswordReference
from crypto.primitives.secret import Secret
from reader import errors
from reader.vietnamese.number import can_of

__all__ = ["AccessKey", "CanKey", "HolderKey", "MrzKey", "PinKey", "PukKey"]

_PIN_DIGITS: Final = range(4, 13)
_PUK_DIGITS: Final = range(6, 17)
"""TR-03110-2 §2.2 says "short" and "long". A slip of the finger need not cost a try; an unusual length must work."""


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
        if len(digits) != 6 or not _are_digits(digits):
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
        from reader.lds.mrz import parse_scanned_mrz  # a card access number needs none of it

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
    def document_number(self) -> bytes:
        """The document number with its check digit: the chip's name in terminal authentication after BAC.

        The MRZ information goes on with two dates of six digits and their check digits (TR-03110-1 §3.5.1).
        """
        return self._password.reveal()[:-14]

    @property
    def bac_seed(self) -> Secret:
        """Kseed of basic access control: the first 16 bytes of the same hash (Doc 9303-11 §9.7.2)."""
        return Secret(self.pace_seed.reveal()[:16])


class HolderKey(AccessKey):
    """A secret that only the holder knows, and that the chip counts the tries of (TR-03110-2 §2.2.3).

    Attributes:
        resume_with: the card access number, which a chip wants to see before the last try; ``None`` if nobody gave it.
    """

    __slots__ = ("resume_with",)

    def __init__(self, password: Secret, resume_with: CanKey | None = None) -> None:
        super().__init__(password)
        self.resume_with = resume_with

    @property
    def pace_seed(self) -> Secret:
        """The digits as characters (TR-03110-3 §A.2.1 table 5, §D.2.1.4)."""
        return self._password


class PinKey(HolderKey):
    """The holder's personal identification number."""

    @classmethod
    def from_digits(cls, digits: str, resume_with: CanKey | None = None) -> PinKey:
        """The number as the holder types it.

        Raises:
            DocumentError: ``pin.malformed`` if these are not 4 to 12 digits.
        """
        return cls(_secret_digits(digits, _PIN_DIGITS, errors.PIN_MALFORMED), resume_with)

    @property
    def reference(self) -> PasswordReference:
        return PasswordReference.PIN

    @property
    def digits(self) -> Secret:
        """The digits as octets: what a chip is told when this becomes the new PIN."""
        return self._password


class PukKey(HolderKey):
    """The key that unblocks the PIN."""

    @classmethod
    def from_digits(cls, digits: str, resume_with: CanKey | None = None) -> PukKey:
        """The number as the letter to the holder shows it; blanks and hyphens between its groups do not count.

        Raises:
            DocumentError: ``puk.malformed`` if these are not 6 to 16 digits.
        """
        joined = digits.replace(" ", "").replace("-", "")
        return cls(_secret_digits(joined, _PUK_DIGITS, errors.PUK_MALFORMED), resume_with)

    @property
    def reference(self) -> PasswordReference:
        return PasswordReference.PUK


def _secret_digits(digits: str, lengths: range, code: ErrorCode) -> Secret:
    digits = digits.strip()
    if len(digits) not in lengths or not _are_digits(digits):
        raise errors.DocumentError(code)
    return Secret(digits.encode("ascii"))


def _are_digits(text: str) -> bool:
    return text.isascii() and text.isdigit()
