"""Changing and unblocking the PIN (TR-03110-2 §2.4; TR-03110-3 §B.6, §B.11.9)."""

from __future__ import annotations

from typing import Final

from crypto.pace.parameters import PasswordReference
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from emulator.chip.passwords import PasswordStore
from emulator.chip.refusal import CommandRefusedError
from emulator.chip.session import Session

__all__ = ["PinManagement"]

_NEW_PIN: Final = 0x02
_ONLY_RESET: Final = 0x03


class PinManagement:
    """The commands about the PIN of one card.

    Args:
        passwords: what the card remembers.
    """

    def __init__(self, passwords: PasswordStore) -> None:
        self._passwords: Final = passwords

    def reset_retry_counter(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        """RESET RETRY COUNTER (TR-03110-3 §B.11.9), in a session that was opened by the PIN or the PUK.

        The PIN allows to change the PIN, the PUK to unblock it and, where the card goes so far, to change it
        (TR-03110-2 §2.4.1). The CAN is fixed on this card.
        """
        if not self._passwords.has_pin:
            raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)
        if command.p1 not in (_NEW_PIN, _ONLY_RESET) or command.p2 != PasswordReference.PIN:
            raise CommandRefusedError(StatusWord.WRONG_P1_P2)
        # A password was shown to this session only if there is one: without secure messaging nothing is allowed.
        password = None if session.pace_outcome is None else session.pace_outcome.password
        by_puk = password is PasswordReference.PUK
        if not by_puk and not (password is PasswordReference.PIN and command.p1 == _NEW_PIN):
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if bool(command.data) != (command.p1 == _NEW_PIN):
            raise CommandRefusedError(StatusWord.WRONG_LENGTH)
        if command.data:
            self._passwords.set_pin(command.data, by_puk=by_puk)
        else:
            self._passwords.unblock_pin(by_puk=by_puk)
        session.resumed -= {PasswordReference.PIN}  # all tries are back; another suspension needs the CAN anew
        return ResponseApdu(b"", StatusWord.SUCCESS)
