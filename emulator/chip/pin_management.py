"""Changing, unblocking, activating and deactivating the PIN (TR-03110-2 §2.4; TR-03110-3 §B.6, §B.11.9 to §B.11.11)."""

from __future__ import annotations

from typing import Final

from crypto.pace.parameters import PasswordReference
from crypto.pki.cvc import TerminalType
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from emulator.chip.passwords import PasswordStore
from emulator.chip.refusal import CommandRefusedError, require_header
from emulator.chip.session import Session

__all__ = ["PinManagement"]

_NEW_PIN: Final = 0x02
_ONLY_RESET: Final = 0x03
_STATE_OF_PIN: Final = 0x1000 | PasswordReference.PIN  # P1-P2 of ACTIVATE and DEACTIVATE
_PIN_MANAGEMENT: Final = 5
"""Bit of an authentication terminal's authorisation (TR-03110-3 §C.4.2)."""


class PinManagement:
    """The commands about the PIN of one card. All of them need a session; outside of one nobody has any right.

    Args:
        passwords: what the card remembers.
    """

    def __init__(self, passwords: PasswordStore) -> None:
        self._passwords: Final = passwords

    def reset_retry_counter(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        """RESET RETRY COUNTER (TR-03110-3 §B.11.9).

        Who has entered the PIN may change it; who has entered the PUK may unblock the PIN and, where the card goes so
        far, change it (TR-03110-2 §2.4.1). A terminal with the right to manage PINs may do both (§2.4.2). The CAN is
        fixed on this card.
        """
        self._require_pin()
        if command.p1 not in (_NEW_PIN, _ONLY_RESET) or command.p2 != PasswordReference.PIN:
            raise CommandRefusedError(StatusWord.WRONG_P1_P2)
        authorized = _manages_pins(session)
        password = None if session.pace_outcome is None else session.pace_outcome.password
        by_puk = not authorized and password is PasswordReference.PUK
        by_pin = password is PasswordReference.PIN and command.p1 == _NEW_PIN
        if not (authorized or by_puk or by_pin):
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if bool(command.data) != (command.p1 == _NEW_PIN):
            raise CommandRefusedError(StatusWord.WRONG_LENGTH)
        if command.data:
            self._passwords.set_pin(command.data, by_puk=by_puk)
        else:
            self._passwords.unblock_pin(by_puk=by_puk)
        session.resumed -= {PasswordReference.PIN}  # all tries are back; another suspension needs the CAN anew
        return ResponseApdu(b"", StatusWord.SUCCESS)

    def activate(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        """ACTIVATE (TR-03110-3 §B.11.10)."""
        return self._set_state(session, command, activated=True)

    def deactivate(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        """DEACTIVATE (TR-03110-3 §B.11.11)."""
        return self._set_state(session, command, activated=False)

    def _set_state(self, session: Session, command: CommandApdu, *, activated: bool) -> ResponseApdu:
        self._require_pin()
        require_header(command, _STATE_OF_PIN)
        if not _manages_pins(session):
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if command.data:
            raise CommandRefusedError(StatusWord.WRONG_LENGTH)
        self._passwords.activate_pin(activated)
        return ResponseApdu(b"", StatusWord.SUCCESS)

    def _require_pin(self) -> None:
        if not self._passwords.has_pin:
            raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)


def _manages_pins(session: Session) -> bool:
    return session.security.allows(TerminalType.AUTHENTICATION_TERMINAL, _PIN_MANAGEMENT)
