"""The passwords that open a chip by PACE, and what the chip remembers about them for life (TR-03110-2 §2.2, §2.4).

MRZ and CAN are static and never blocked. The PIN has a retry counter, the PUK may have one. These counters belong to
the card: neither a reset nor a loss of power brings a try back.
"""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Final

from crypto.pace.parameters import PasswordReference
from crypto.primitives.secret import Secret
from crypto.wire.status_word import StatusWord
from emulator.chip.refusal import CommandRefusedError

__all__ = ["BlockingPassword", "Password", "PasswordStore", "Pin", "Puk"]

_MOST_TRIES: Final = 15
"""What fits into the X of 63CX."""
_TRIES_LEFT: Final = 0x63C0
"""Warning: X in the last four bits is the number of further tries (ISO/IEC 7816-4 table 6)."""


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Pin:
    """The PIN as it is personalised (TR-03110-2 §2.2.1).

    Attributes:
        secret: ASCII digits.
        tries: initial value of the retry counter, 2 to 15.
        tries_left: its value when the card is handed out, ``None`` for the initial one. 1: suspended, 0: blocked.
        activated: a PIN may be handed out deactivated.
        resets_left: how often the PUK may reset the retry counter, ``None`` for as often as one likes.
        new_lengths: shortest and longest PIN, in digits, that the holder may choose.
    """

    secret: Secret
    tries: int = 3
    tries_left: int | None = None
    activated: bool = True
    resets_left: int | None = None
    new_lengths: tuple[int, int] = (6, 6)

    def __post_init__(self) -> None:
        _require_counter(self.tries, self.tries_left)

    def __repr__(self) -> str:
        return "Pin(…)"


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Puk:
    """The PUK as it is personalised (TR-03110-2 §2.2.2).

    Attributes:
        secret: ASCII digits.
        tries: initial value of the retry counter, 2 to 15; ``None`` for a PUK that is never blocked.
        tries_left: its value when the card is handed out, ``None`` for the initial one.
        changes_pin: whether the PUK also allows to set a new PIN; the guideline leaves it to the chip (§2.4.1).
    """

    secret: Secret
    tries: int | None = None
    tries_left: int | None = None
    changes_pin: bool = True

    def __post_init__(self) -> None:
        if self.tries is not None:
            _require_counter(self.tries, self.tries_left)
        elif self.tries_left is not None:
            raise ValueError("without a retry counter there is nothing to be left of it")

    def __repr__(self) -> str:
        return "Puk(…)"


def _require_counter(tries: int, tries_left: int | None) -> None:
    # a counter that starts at 1 would be suspended before its first use (TR-03110-2 §2.2.3)
    if not 2 <= tries <= _MOST_TRIES or not 0 <= (tries if tries_left is None else tries_left) <= tries:
        raise ValueError("a retry counter starts at 2 to 15 and never stands above that")


class Password:
    """A password that is never blocked: MRZ, CAN, or a PUK without retry counter.

    Args:
        reference: its number in MSE:Set AT.
        secret: K = f(π), what the key of the encrypted nonce is derived from (TR-03110-3 table 5).
    """

    def __init__(self, reference: PasswordReference, secret: Secret) -> None:
        self.reference: Final = reference
        self._secret = secret

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.reference.name})"

    @property
    def seed(self) -> bytes:
        """K = f(π)."""
        return self._secret.reveal()

    @property
    def is_suspended(self) -> bool:
        """Whether the CAN is needed before the next try."""
        return False

    @property
    def announcement(self) -> int:
        """Status word of MSE:Set AT that chooses this password (TR-03110-3 §B.11.1)."""
        return StatusWord.SUCCESS

    def refusal(self, *, resumed: bool) -> int | None:
        """Status word by which the chip declines to run PACE with this password (TR-03110-3 §B.11.2).

        Args:
            resumed: whether the CAN has resumed it in the running session.

        Returns:
            ``None`` if it may be tried.
        """
        return None

    def spend_try(self) -> None:
        """Called before a token is compared, so that whoever cuts the power then has used up a try all the same."""

    def accept(self) -> None:
        """Called when the token was right."""

    def failure_status(self, otherwise: int) -> int:
        """Status word of a wrong token; ``otherwise`` for a password without counter."""
        return otherwise


class BlockingPassword(Password):
    """A password with a retry counter (TR-03110-2 §2.2.3).

    Args:
        reference: PIN or PUK.
        secret: ASCII digits.
        tries: initial value of the counter.
        tries_left: its present value.
        activated: deactivated passwords cannot be used at all.
    """

    def __init__(
        self, reference: PasswordReference, secret: Secret, tries: int, tries_left: int, *, activated: bool = True
    ) -> None:
        super().__init__(reference, secret)
        self._tries: Final = tries
        self._left = tries_left
        self.activated = activated

    @property
    def is_suspended(self) -> bool:
        """One try is left, and it needs the CAN first: else any passer-by could block the password from afar."""
        return self._left == 1

    @property
    def announcement(self) -> int:
        """63CX: X tries are left, if that is not the initial value; 6283: deactivated."""
        if not self.activated:
            return StatusWord.FILE_DEACTIVATED
        return StatusWord.SUCCESS if self._left == self._tries else _TRIES_LEFT | self._left

    def refusal(self, *, resumed: bool) -> int | None:
        """6984 deactivated, 6983 blocked, 6985 suspended and not resumed."""
        if not self.activated:
            return StatusWord.REFERENCE_DATA_NOT_USABLE
        if self._left == 0:
            return StatusWord.AUTHENTICATION_BLOCKED
        if self.is_suspended and not resumed:
            return StatusWord.CONDITIONS_NOT_SATISFIED
        return None

    def spend_try(self) -> None:
        """One try less."""
        self._left = max(0, self._left - 1)

    def accept(self) -> None:
        """All tries back."""
        self._left = self._tries

    def failure_status(self, otherwise: int) -> int:
        """63CX with what is left."""
        return _TRIES_LEFT | self._left

    def replace(self, secret: Secret) -> None:
        """Sets a new value. The counter is the caller's affair."""
        self._secret = secret


class PasswordStore:
    """All passwords of one card. It lives as long as the card.

    Args:
        mrz_information: input of the MRZ password, or ``None``.
        can: ASCII digits, or ``None``.
        pin: or ``None``.
        puk: or ``None``.
    """

    def __init__(
        self, *, mrz_information: Secret | None = None, can: Secret | None = None, pin: Pin | None, puk: Puk | None
    ) -> None:
        self._pin_rules: Final = pin
        self._puk_rules: Final = puk
        self._resets_left = None if pin is None else pin.resets_left
        passwords: list[Password] = []
        if mrz_information is not None:  # Doc 9303-11 table 14: the MRZ is hashed, the others are taken as they are
            hashed = hashlib.sha1(mrz_information.reveal(), usedforsecurity=False).digest()
            passwords.append(Password(PasswordReference.MRZ, Secret(hashed)))
        if can is not None:
            passwords.append(Password(PasswordReference.CAN, can))
        self._pin = None if pin is None else _holder_pin(pin)
        if self._pin is not None:
            passwords.append(self._pin)
        if puk is not None:
            passwords.append(_holder_puk(puk))
        self._passwords: Final = {password.reference: password for password in passwords}

    def __repr__(self) -> str:
        return f"PasswordStore({', '.join(reference.name for reference in self._passwords)})"

    @property
    def has_pin(self) -> bool:
        """Whether the card has a PIN."""
        return self._pin is not None

    def select(self, reference: bytes) -> Password:
        """The password that DO'83' of MSE:Set AT names.

        Raises:
            CommandRefusedError: 6A88, the card has none of that number.
        """
        password = self._passwords.get(PasswordReference(reference[0])) if reference in _REFERENCES else None
        if password is None:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        return password

    def suspended(self) -> frozenset[PasswordReference]:
        """Those that a correct CAN resumes now, for the running session (TR-03110-2 §2.2.3)."""
        return frozenset(reference for reference, password in self._passwords.items() if password.is_suspended)

    def set_pin(self, new_pin: bytes, *, by_puk: bool) -> None:
        """Change PIN; the retry counter starts anew (TR-03110-3 §B.6.1).

        Args:
            new_pin: ASCII digits.
            by_puk: whether the PUK was shown, not the PIN and no certificate.

        Raises:
            CommandRefusedError: 6A80 no PIN of a length that this card takes, 6982 the PUK does not go so far here,
                6983 the PUK has reset the PIN too often, 6A88 there is no PIN.
        """
        pin, rules = self._pin, self._pin_rules
        if pin is None or rules is None:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        if by_puk and not (self._puk_rules is not None and self._puk_rules.changes_pin):
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        shortest, longest = rules.new_lengths
        if not shortest <= len(new_pin) <= longest or not (new_pin.isascii() and new_pin.isdigit()):
            raise CommandRefusedError(StatusWord.WRONG_DATA)
        self.unblock_pin(by_puk=by_puk)
        pin.replace(Secret(new_pin))

    def unblock_pin(self, *, by_puk: bool) -> None:
        """Resets the retry counter of the PIN (TR-03110-2 §2.4.1). Raises as :meth:`set_pin`: 6983, 6A88."""
        if self._pin is None:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        if by_puk and self._resets_left is not None:
            if self._resets_left == 0:
                raise CommandRefusedError(StatusWord.AUTHENTICATION_BLOCKED)
            self._resets_left -= 1
        self._pin.accept()

    def activate_pin(self, activated: bool) -> None:
        """Activate PIN, Deactivate PIN (TR-03110-3 §B.6.2). Raises :class:`CommandRefusedError`: 6A88."""
        if self._pin is None:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        self._pin.activated = activated


_REFERENCES: Final = frozenset(bytes([reference]) for reference in PasswordReference)


def _holder_pin(pin: Pin) -> BlockingPassword:
    left = pin.tries if pin.tries_left is None else pin.tries_left
    return BlockingPassword(PasswordReference.PIN, pin.secret, pin.tries, left, activated=pin.activated)


def _holder_puk(puk: Puk) -> Password:
    if puk.tries is None:
        return Password(PasswordReference.PUK, puk.secret)
    left = puk.tries if puk.tries_left is None else puk.tries_left
    return BlockingPassword(PasswordReference.PUK, puk.secret, puk.tries, left)
