"""The chip as a whole: octets in, octets out, answers by state and never by script.

Nothing in this room is shared with the terminal beyond the language of ``crypto``: the chip is written from the
standards, so that its agreement with the reader is evidence for both.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final, NoReturn

from crypto.errors import WireError
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from emulator.chip.authentication import AuthenticationCommands
from emulator.chip.content import ChipContent, ExtendedRefusal, TooLongAnswer, UnprotectedErrors
from emulator.chip.misbehaviour import Misbehaviour
from emulator.chip.passwords import PasswordStore
from emulator.chip.pin_management import PinManagement
from emulator.chip.read_binary import read_binary, read_binary_odd
from emulator.chip.refusal import CommandRefusedError, require_le
from emulator.chip.secure_messaging import ChipChannel
from emulator.chip.session import Session

__all__ = ["VirtualCard"]

_ERRORS: Final = range(0x6400, 0x7000)
"""Status words that say that a command was not carried out (ISO/IEC 7816-4 §5.6)."""

_Handler = Callable[[Session, CommandApdu, int], ResponseApdu]


class VirtualCard:
    """A contactless identity card.

    Args:
        content: files, keys and habits.
        random_bytes: source of all randomness: challenges, nonces, ephemeral keys. Injectable, so that published
            examples can be replayed from the chip's side.
        misbehaviour: declared faults (:mod:`emulator.faults`); without any the chip keeps to the standards.
    """

    def __init__(
        self,
        content: ChipContent,
        *,
        random_bytes: Callable[[int], bytes] = os.urandom,
        misbehaviour: Misbehaviour | None = None,
    ) -> None:
        self._content: Final = content
        self._misbehaviour: Final = misbehaviour or Misbehaviour()
        self._powered = True
        passwords = PasswordStore(
            mrz_information=content.mrz_information, can=content.can, pin=content.pin, puk=content.puk
        )
        authentication = AuthenticationCommands(content, random_bytes, passwords)
        pin_management = PinManagement(passwords)
        self._restore: Final = authentication.restore
        self._session = self._fresh_session()
        self._handlers: Final[dict[int, _Handler]] = {
            0xA4: self._select,
            0xB0: self._read_binary,
            0xB1: self._read_binary_odd,
            0x84: authentication.get_challenge,
            0x82: authentication.external_authenticate,
            0x22: authentication.manage_security_environment,
            0x86: authentication.general_authenticate,
            0x2A: authentication.perform_security_operation,
            0x88: authentication.internal_authenticate,
            0x2C: pin_management.reset_retry_counter,
            0x44: pin_management.activate,
            0x04: pin_management.deactivate,
        }

    def __repr__(self) -> str:
        return f"VirtualCard({self._content!r})"

    @property
    def atr(self) -> bytes:
        """Answer to reset."""
        return self._content.atr

    @property
    def is_powered(self) -> bool:
        """Whether the card is in the field. A new card is."""
        return self._powered

    def power_on(self) -> None:
        """The card enters the field: everything volatile is forgotten."""
        self._powered = True
        self._session = self._fresh_session()

    def power_off(self) -> None:
        """The card leaves the field. Until :meth:`power_on` it answers every command with 6F00."""
        self._powered = False
        self._session = self._fresh_session()

    def _fresh_session(self) -> Session:
        session = Session(self._content)
        self._restore(session)
        return session

    def reset(self) -> None:
        """Warm reset: as if just powered on."""
        self.power_on()

    def transmit(self, command: bytes) -> bytes:
        """Answers one command APDU.

        Args:
            command: any octets at all.

        Returns:
            Data and status word, at least two bytes. Nothing that a terminal sends raises.

        Raises:
            ConnectionError: only if a declared fault takes the card away.
            TimeoutError: only by the habit of not answering long commands (:attr:`ExtendedRefusal.MUTE`).
        """
        octets = bytes(command)
        self._misbehaviour.before(octets)
        if not self._powered:
            return _refusal(StatusWord.NO_PRECISE_DIAGNOSIS)
        try:
            answer = self._exchange(octets).encode()
        except CommandRefusedError as refused:
            answer = _refusal(refused.status)
        return self._misbehaviour.sent_answer(octets, answer)

    # -- one exchange ------------------------------------------------------------------------------

    def _exchange(self, octets: bytes) -> ResponseApdu:
        """Raises :class:`CommandRefusedError` for what is answered without secure messaging."""
        session = self._session
        try:
            command = CommandApdu.parse(octets)
        except WireError:
            session.end()
            raise CommandRefusedError(StatusWord.WRONG_LENGTH) from None
        if command.extended and not self._content.behaviour.extended_length:
            self._refuse_extended_length()
        if command.cla & 0xEF == 0x0C:
            return self._protected_exchange(command)
        if session.channel is not None:
            session.end()  # Doc 9303-11 §9.8.3: a plain APDU aborts secure messaging
        _require_known_class(command.cla)
        limit = min(command.ne, self._content.behaviour.max_response_data)
        response = self._execute(command, limit)
        session.take_over(response, self._misbehaviour)
        return response

    def _protected_exchange(self, command: CommandApdu) -> ResponseApdu:
        session = self._session
        channel = session.channel
        if channel is None:
            raise CommandRefusedError(StatusWord.SM_OBJECTS_INCORRECT)
        try:
            plain = channel.open_command(command)
        except CommandRefusedError:
            session.end()  # Doc 9303-11 §9.8.5: the answer goes out unprotected
            raise
        limit = 65_536 if command.is_extended else 256
        capacity = channel.capacity(min(limit, self._content.behaviour.max_response_data))
        response = self._execute(plain, min(plain.ne, capacity))
        if response.sw in _ERRORS and self._content.behaviour.errors_unprotected is not UnprotectedErrors.NEVER:
            self._leave_unprotected(channel)
            return ResponseApdu(b"", response.sw)
        sealed = channel.seal_response(response, odd_ins=bool(command.ins & 1), misbehaviour=self._misbehaviour)
        session.take_over(response, self._misbehaviour)  # §9.8.2: the answer itself still ran under the old keys
        return sealed

    def _refuse_extended_length(self) -> NoReturn:
        """In the way of this operating system (:class:`ExtendedRefusal`)."""
        habit = self._content.behaviour.extended_refusal
        if habit is ExtendedRefusal.MUTE:
            self.power_off()
            raise TimeoutError("the emulated card does not answer")
        if habit is ExtendedRefusal.SESSION_ENDS:
            self._session.end()
        raise CommandRefusedError(StatusWord.WRONG_LENGTH)

    def _leave_unprotected(self, channel: ChipChannel) -> None:
        """The habit of answering an error in plain: the session ends with it, or the answer is only counted."""
        session = self._session
        session.discard_agreed_keys()
        if self._content.behaviour.errors_unprotected is UnprotectedErrors.SESSION_ENDS:
            session.end()
        else:
            channel.count_plain_answer()

    def _execute(self, command: CommandApdu, capacity: int) -> ResponseApdu:
        """Runs a plain command; refusals become status words here."""
        session = self._session
        try:
            handler = self._handlers.get(command.ins)
            if handler is None:
                session.chain.discard()
                raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)
            if command.ins != 0x86 and session.pace is not None and session.pace.has_begun:
                session.pace = None  # another command breaks the chain
            whole = self._joined(command)
            if whole is None:  # a part has nothing to say yet
                return ResponseApdu(b"", StatusWord.SUCCESS)
            command = whole
            response = handler(session, command, capacity)
            if len(response.data) > capacity:
                response = self._too_long(response, capacity)
        except CommandRefusedError as refused:
            response = ResponseApdu(b"", refused.status)
        return self._misbehaviour.plain_answer(command, response)

    def _too_long(self, response: ResponseApdu, capacity: int) -> ResponseApdu:
        if self._content.behaviour.too_long_answer is TooLongAnswer.REFUSED:
            raise CommandRefusedError(StatusWord.WRONG_LENGTH)
        return ResponseApdu(response.data[:capacity], response.sw)

    def _joined(self, command: CommandApdu) -> CommandApdu | None:
        """The command with all parts of its data field, ``None`` while parts are missing (ISO/IEC 7816-4 §5.3.3)."""
        session = self._session
        if command.ins == 0x86 and (session.pace is not None or session.agreement_key is None):
            session.chain.discard()  # every command of PACE's chain is a step of its own
            return command
        return session.chain.join(command)

    # -- files -------------------------------------------------------------------------------------

    def _select(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        information = session.files.select(command, session.security)
        return ResponseApdu(information[:capacity], StatusWord.SUCCESS)

    def _read_binary(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        require_le(command)
        return read_binary(command, session.files, session.security, self._content.behaviour, capacity)

    def _read_binary_odd(self, session: Session, command: CommandApdu, capacity: int) -> ResponseApdu:
        require_le(command)
        return read_binary_odd(command, session.files, session.security, self._content.behaviour, capacity)


def _refusal(status: int) -> bytes:
    return status.to_bytes(2, "big")


def _require_known_class(cla: int) -> None:
    """Class bytes other than plain interindustry on the basic channel (ISO/IEC 7816-4 §5.4.1)."""
    if cla & 0xEF == 0x00:
        return
    if cla & 0x80 or cla & 0xE0 == 0x20:  # proprietary, or reserved
        raise CommandRefusedError(StatusWord.CLASS_NOT_SUPPORTED)
    if cla & 0x40 or cla & 0x03:
        raise CommandRefusedError(StatusWord.LOGICAL_CHANNEL_NOT_SUPPORTED)
    raise CommandRefusedError(StatusWord.SECURE_MESSAGING_NOT_SUPPORTED)
