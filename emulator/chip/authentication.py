"""The commands by which terminal and chip prove themselves to one another: which are allowed when, and in what order.

The protocols themselves have a module each. What is decided here is the state between the commands.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from crypto.pace.parameters import PasswordReference
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from emulator.chip.access_rules import AccessLevel
from emulator.chip.bac import mutual_authenticate
from emulator.chip.chip_authentication import (
    ChipAuthenticated,
    agree_by_general_authenticate,
    agree_by_key_agreement_template,
    agree_with_authenticated_terminal,
    select_key,
)
from emulator.chip.content import ChipAuthenticationKey, ChipContent
from emulator.chip.pace import PaceOutcome, PaceRun, start_pace
from emulator.chip.passwords import PasswordStore
from emulator.chip.refusal import CommandRefusedError, require_header, require_le
from emulator.chip.session import Session
from emulator.chip.terminal_authentication import TerminalAuthentication
from emulator.chip.trust_points import TrustPoints

__all__ = ["AuthenticationCommands"]

_CHALLENGE_BYTES: Final = 8
_SET_AT_MUTUAL: Final = 0xC1A4  # PACE
_SET_AT_INTERNAL: Final = 0x41A4  # chip authentication
_SET_KAT: Final = 0x41A6  # chip authentication with 3DES
_SET_DST: Final = 0x81B6  # certificates of a terminal
_SET_AT_EXTERNAL: Final = 0x81A4  # terminal authentication
_VERIFY_CERTIFICATE: Final = 0x00BE
_BIRTH_AND_EXPIRY: Final = 14  # two dates with a check digit each


class AuthenticationCommands:
    """Access control, chip, active and terminal authentication of one card.

    Args:
        content: keys and habits.
        random_bytes: source of challenges, nonces and ephemeral keys.
        passwords: what opens this card by PACE.
    """

    def __init__(self, content: ChipContent, random_bytes: Callable[[int], bytes], passwords: PasswordStore) -> None:
        self._content: Final = content
        self._passwords: Final = passwords
        self._random: Final = random_bytes
        self._trust_points: Final = TrustPoints(content.terminal_trust_points, content.personalised_on)
        self._terminals: Final = TerminalAuthentication(self._trust_points, content.terminal_authentication_versions)
        self._functions: Final[dict[int, Callable[[Session, CommandApdu], int | None]]] = {
            _SET_AT_MUTUAL: self._set_pace,
            _SET_AT_INTERNAL: self._set_chip_authentication,
            _SET_KAT: self._set_key_agreement,
        }
        if content.terminal_trust_points:
            self._functions[_SET_DST] = self._set_issuer
            self._functions[_SET_AT_EXTERNAL] = self._set_terminal

    def restore(self, session: Session) -> None:
        """Writes into a fresh session what the card remembers for life."""
        if self._content.terminal_trust_points:
            session.files.update_application_file(self._content.ef_cvca, self._trust_points.ef_cvca())

    # -- challenges --------------------------------------------------------------------------------

    def get_challenge(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        """For BAC (Doc 9303-11 §4.3.4.1), or in a session for terminal authentication (TR-03110-3 §B.11.6)."""
        require_header(command, 0x0000)
        require_le(command)
        if command.data:
            raise CommandRefusedError(StatusWord.WRONG_LENGTH)
        if session.channel is None and not session.files.in_application:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        session.challenge = self._random(_CHALLENGE_BYTES)
        return ResponseApdu(session.challenge, StatusWord.SUCCESS)

    def external_authenticate(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        """BAC (Doc 9303-11 §4.3.4.2), or in a session terminal authentication (TR-03110-3 §B.11.7).

        The challenge serves once, also when the cryptogram or the signature is wrong.
        """
        require_header(command, 0x0000)
        challenge, session.challenge = session.challenge, None
        if session.channel is not None and self._content.terminal_trust_points:
            return self._authenticate_terminal(session, command.data, challenge)
        mrz_information = self._content.mrz_information
        if not self._content.basic_access_control or mrz_information is None:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        if challenge is None or session.channel is not None or not session.files.in_application:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        require_le(command)
        answer, session.next_channel = mutual_authenticate(
            mrz_information, challenge, command.data, self._random, self._content.behaviour.wrong_password_status
        )
        return ResponseApdu(answer, StatusWord.SUCCESS)

    def _authenticate_terminal(self, session: Session, signature: bytes, challenge: bytes | None) -> ResponseApdu:
        if session.terminal is not None:  # TR-03110-1 §3.5.2: once in a session
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        if challenge is None:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        pace = session.pace_outcome
        proof = self._terminals.authenticate(
            session.terminal_keys,
            signature,
            identifier=self._identifier(pace),
            challenge=challenge,
            agreed_key=session.signed_key(1),
            pace=pace,
        )
        session.trust_terminal(proof)
        return ResponseApdu(b"", StatusWord.SUCCESS)

    def _identifier(self, pace: PaceOutcome | None) -> bytes:
        """ID_PICC (TR-03110-1 §3.5)."""
        if pace is None:
            return self._document_number()
        if not self._content.behaviour.static_binding:
            return pace.compressed_chip_key
        can = self._content.can
        return can.reveal() if can is not None and pace.password is PasswordReference.CAN else self._document_number()

    def _document_number(self) -> bytes:
        """With its check digit, as in the MRZ."""
        mrz_information = self._content.mrz_information
        if mrz_information is None:  # neither PACE nor BAC: there is nothing to bind the signature to
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        return mrz_information.reveal()[:-_BIRTH_AND_EXPIRY]

    # -- security environment ----------------------------------------------------------------------

    def manage_security_environment(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        """MSE: chooses the protocol and the keys of what follows."""
        if not self._content.pace and not self._content.chip_authentication:
            raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)
        function = self._functions.get(command.p1 << 8 | command.p2)
        if function is None:
            raise CommandRefusedError(StatusWord.WRONG_P1_P2)
        status = function(session, command)
        return ResponseApdu(b"", StatusWord.SUCCESS if status is None else status)

    def _set_pace(self, session: Session, command: CommandApdu) -> int:
        if session.files.in_application and not self._content.behaviour.pace_in_application:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        session.agreement_key = None
        session.pace = None
        session.pace = start_pace(
            self._content,
            command.data,
            self._random,
            self._passwords,
            resumed=session.resumed,
            authorities=self._trust_points.references,
        )
        return session.pace.announcement

    def _set_chip_authentication(self, session: Session, command: CommandApdu) -> None:
        self._require_chip_access(session)
        session.pace = None
        session.agreement_key = None
        session.agreement_key = select_key(self._content.chip_authentication, command.data)

    def _set_key_agreement(self, session: Session, command: CommandApdu) -> None:
        self._require_chip_access(session)
        if session.terminal is not None and session.terminal.version == 2:  # TR-03110-2 §3.4.1: version 2 follows
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
        self._require_working_agreement(session)
        session.agree(agree_by_key_agreement_template(self._content.chip_authentication, command.data))

    def _set_issuer(self, session: Session, command: CommandApdu) -> None:
        _require_channel(session)
        self._terminals.choose_issuer(session.terminal_keys, command.data)

    def _set_terminal(self, session: Session, command: CommandApdu) -> None:
        _require_channel(session)
        self._terminals.choose_terminal(session.terminal_keys, command.data)

    # -- certificates --------------------------------------------------------------------------------

    def perform_security_operation(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        """PSO:Verify Certificate (TR-03110-3 §B.11.5)."""
        if not self._content.terminal_trust_points:
            raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)
        require_header(command, _VERIFY_CERTIFICATE)
        _require_channel(session)
        self._terminals.verify_certificate(session.terminal_keys, command.data)
        self.restore(session)
        return ResponseApdu(b"", StatusWord.SUCCESS)

    # -- PACE and chip authentication ----------------------------------------------------------------

    def general_authenticate(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        """A step of PACE, or chip authentication: whichever MSE has chosen last."""
        require_header(command, 0x0000)
        require_le(command)
        if session.pace is not None:
            return self._pace_step(session, session.pace, command)
        if session.agreement_key is None:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        self._require_chip_access(session)
        self._require_working_agreement(session)
        agreement = self._agreement(session, session.agreement_key, command.data)
        session.agree(agreement)
        return ResponseApdu(agreement.answer, StatusWord.SUCCESS)

    def _agreement(self, session: Session, key: ChipAuthenticationKey, data: bytes) -> ChipAuthenticated:
        """Version 2 after terminal authentication version 2, else version 1 (TR-03110-2 §3.4.1, TR-03110-1 §3.5.1)."""
        terminal = session.terminal
        if terminal is not None and terminal.version == 2:
            return agree_with_authenticated_terminal(key, data, terminal.compressed_key, self._random)
        return agree_by_general_authenticate(key, data)

    def _require_working_agreement(self, session: Session) -> None:
        """Some documents announce chip authentication and cannot do it; some are lost afterwards."""
        behaviour = self._content.behaviour
        if behaviour.chip_authentication_status == StatusWord.SUCCESS:
            return
        if behaviour.chip_authentication_breaks_off:
            session.end()
        raise CommandRefusedError(behaviour.chip_authentication_status)

    def _pace_step(self, session: Session, run: PaceRun, command: CommandApdu) -> ResponseApdu:
        try:
            answer = run.general_authenticate(command)
        except CommandRefusedError:
            session.pace = None  # a failed run cannot be resumed
            raise
        if run.outcome is not None:
            session.next_channel, session.next_pace = run.outcome.channel, run.outcome
            session.pace = None
            session.next_level = AccessLevel.PACE
        return ResponseApdu(answer, StatusWord.SUCCESS)

    # -- active authentication -----------------------------------------------------------------------

    def internal_authenticate(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        """Active authentication (Doc 9303-11 §6.1.3)."""
        signer = self._content.active_authentication
        if signer is None:
            raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)
        require_header(command, 0x0000)
        require_le(command)
        self._require_chip_access(session)
        if not session.files.in_application:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        if len(command.data) != _CHALLENGE_BYTES:
            raise CommandRefusedError(StatusWord.WRONG_LENGTH)
        return ResponseApdu(signer.sign(command.data), StatusWord.SUCCESS)

    def _require_chip_access(self, session: Session) -> None:
        if self._content.has_access_control and not session.security.is_open:
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)


def _require_channel(session: Session) -> None:
    """TR-03110-3 §B.3: terminal authentication runs with secure messaging."""
    if session.channel is None:
        raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)
