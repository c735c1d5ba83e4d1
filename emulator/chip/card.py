"""The chip as a whole: octets in, octets out, answers by state and never by script.

Nothing in this room is shared with the terminal beyond the language of ``crypto``: the chip is written from the
standards, so that its agreement with the reader is evidence for both.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Final

from crypto.errors import WireError
from crypto.wire.apdu import CommandApdu, ResponseApdu
from crypto.wire.status_word import StatusWord
from emulator.chip.access_rules import SecurityStatus
from emulator.chip.bac import mutual_authenticate
from emulator.chip.chip_authentication import (
    agree_by_general_authenticate,
    agree_by_key_agreement_template,
    select_key,
)
from emulator.chip.content import ChipAuthenticationKey, ChipContent
from emulator.chip.file_system import FileSystem
from emulator.chip.misbehaviour import Misbehaviour
from emulator.chip.pace import PaceRun, start_pace
from emulator.chip.read_binary import read_binary, read_binary_odd
from emulator.chip.refusal import CommandRefusedError
from emulator.chip.secure_messaging import ChipChannel

__all__ = ["VirtualCard"]

_CHALLENGE_BYTES: Final = 8
_SET_AT_MUTUAL: Final = 0xC1A4  # PACE
_SET_AT_INTERNAL: Final = 0x41A4  # chip authentication
_SET_KAT: Final = 0x41A6  # chip authentication with 3DES


class _State:
    """Everything that a reset forgets."""

    def __init__(self, content: ChipContent) -> None:
        self.files = FileSystem(content)
        self.channel: ChipChannel | None = None
        self.next_channel: ChipChannel | None = None  # takes over once the answer has gone out
        self.next_security = SecurityStatus.NONE
        self.security = SecurityStatus.NONE
        self.challenge: bytes | None = None
        self.pace: PaceRun | None = None
        self.agreement_key: ChipAuthenticationKey | None = None

    def end_session(self) -> None:
        """Keys deleted, rights reset (Doc 9303-11 §9.8.3). The selection stays; access rules guard it."""
        self.channel = None
        self.next_channel = None
        self.next_security = SecurityStatus.NONE
        self.security = SecurityStatus.NONE
        self.challenge = None
        self.pace = None
        self.agreement_key = None


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
        self._random: Final = random_bytes
        self._misbehaviour: Final = misbehaviour or Misbehaviour()
        self._powered = True
        self._state = _State(content)
        self._handlers: Final[dict[int, Callable[[CommandApdu, int], ResponseApdu]]] = {
            0xA4: self._select,
            0xB0: self._read_binary,
            0xB1: self._read_binary_odd,
            0x84: self._get_challenge,
            0x82: self._external_authenticate,
            0x22: self._manage_security_environment,
            0x86: self._general_authenticate,
            0x88: self._internal_authenticate,
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
        self._state = _State(self._content)

    def power_off(self) -> None:
        """The card leaves the field. Until :meth:`power_on` it answers every command with 6F00."""
        self._powered = False
        self._state = _State(self._content)

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
        state = self._state
        try:
            command = CommandApdu.parse(octets)
        except WireError:
            state.end_session()
            raise CommandRefusedError(StatusWord.WRONG_LENGTH) from None
        if command.extended and not self._content.behaviour.extended_length:
            state.end_session()
            raise CommandRefusedError(StatusWord.WRONG_LENGTH)
        if command.cla & 0xEF == 0x0C:
            return self._protected_exchange(command)
        if state.channel is not None:
            state.end_session()  # Doc 9303-11 §9.8.3: a plain APDU aborts secure messaging
        _require_known_class(command.cla)
        limit = min(command.ne, self._content.behaviour.max_response_data)
        response = self._execute(command, limit)
        self._take_over(response)
        return response

    def _protected_exchange(self, command: CommandApdu) -> ResponseApdu:
        state = self._state
        channel = state.channel
        if channel is None:
            raise CommandRefusedError(StatusWord.SM_OBJECTS_INCORRECT)
        try:
            plain = channel.open_command(command)
        except CommandRefusedError:
            state.end_session()  # Doc 9303-11 §9.8.5: the answer goes out unprotected
            raise
        limit = 65_536 if command.is_extended else 256
        capacity = channel.capacity(min(limit, self._content.behaviour.max_response_data))
        response = self._execute(plain, min(plain.ne, capacity))
        sealed = channel.seal_response(response, odd_ins=bool(command.ins & 1), misbehaviour=self._misbehaviour)
        self._take_over(response)  # §9.8.2: the answer itself still ran under the old keys
        return sealed

    def _execute(self, command: CommandApdu, capacity: int) -> ResponseApdu:
        """Runs a plain command; refusals become status words here."""
        state = self._state
        try:
            handler = self._handlers.get(command.ins)
            if handler is None:
                raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)
            if command.cla & 0x10 and command.ins != 0x86:
                raise CommandRefusedError(StatusWord.CHAINING_NOT_SUPPORTED)
            if command.ins != 0x86 and state.pace is not None and state.pace.has_begun:
                state.pace = None  # another command breaks the chain
            response = handler(command, capacity)
            if len(response.data) > capacity:
                raise CommandRefusedError(StatusWord.WRONG_LENGTH)
        except CommandRefusedError as refused:
            response = ResponseApdu(b"", refused.status)
        return self._misbehaviour.plain_answer(command, response)

    def _take_over(self, response: ResponseApdu) -> None:
        """Installs the keys that the command just answered has agreed on."""
        state = self._state
        new, state.next_channel = state.next_channel, None
        proven, state.next_security = state.next_security, SecurityStatus.NONE
        if new is not None and response.is_success:
            if state.channel is not None and self._misbehaviour.keeps_old_keys():
                return
            state.channel = new
            state.security = max(state.security, proven, SecurityStatus.CHIP_ACCESS)
            state.challenge = None
            state.agreement_key = None

    # -- files -------------------------------------------------------------------------------------

    def _select(self, command: CommandApdu, capacity: int) -> ResponseApdu:
        information = self._state.files.select(command, self._state.security)
        return ResponseApdu(information[:capacity], StatusWord.SUCCESS)

    def _read_binary(self, command: CommandApdu, capacity: int) -> ResponseApdu:
        _require_le(command)
        state = self._state
        return read_binary(command, state.files, state.security, self._content.behaviour, capacity)

    def _read_binary_odd(self, command: CommandApdu, capacity: int) -> ResponseApdu:
        _require_le(command)
        state = self._state
        return read_binary_odd(command, state.files, state.security, self._content.behaviour, capacity)

    # -- access control ----------------------------------------------------------------------------

    def _get_challenge(self, command: CommandApdu, capacity: int) -> ResponseApdu:
        """Doc 9303-11 §4.3.4.1."""
        _require_header(command, 0x0000)
        _require_le(command)
        if command.data:
            raise CommandRefusedError(StatusWord.WRONG_LENGTH)
        if not self._state.files.in_application:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        self._state.challenge = self._random(_CHALLENGE_BYTES)
        return ResponseApdu(self._state.challenge, StatusWord.SUCCESS)

    def _external_authenticate(self, command: CommandApdu, capacity: int) -> ResponseApdu:
        """BAC (Doc 9303-11 §4.3.4.2). The challenge serves once, also when the cryptogram is wrong."""
        _require_header(command, 0x0000)
        state = self._state
        challenge, state.challenge = state.challenge, None
        mrz_information = self._content.mrz_information
        if not self._content.basic_access_control or mrz_information is None:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        if challenge is None or state.channel is not None or not state.files.in_application:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        _require_le(command)
        answer, state.next_channel = mutual_authenticate(
            mrz_information, challenge, command.data, self._random, self._content.behaviour.wrong_password_status
        )
        return ResponseApdu(answer, StatusWord.SUCCESS)

    # -- security environment, PACE, chip and active authentication ------------------------------------

    def _manage_security_environment(self, command: CommandApdu, capacity: int) -> ResponseApdu:
        content, state = self._content, self._state
        if not content.pace and not content.chip_authentication:
            raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)
        function = command.p1 << 8 | command.p2
        if function == _SET_AT_MUTUAL:
            if state.files.in_application and not content.behaviour.pace_in_application:
                raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
            state.agreement_key = None
            state.pace = None
            state.pace = start_pace(content, command.data, self._random)
        elif function == _SET_AT_INTERNAL:
            self._require_chip_access()
            state.pace = None
            state.agreement_key = None
            state.agreement_key = select_key(content.chip_authentication, command.data)
        elif function == _SET_KAT:
            self._require_chip_access()
            state.next_channel = agree_by_key_agreement_template(content.chip_authentication, command.data)
        else:
            raise CommandRefusedError(StatusWord.WRONG_P1_P2)
        return ResponseApdu(b"", StatusWord.SUCCESS)

    def _general_authenticate(self, command: CommandApdu, capacity: int) -> ResponseApdu:
        _require_header(command, 0x0000)
        _require_le(command)
        state = self._state
        if state.pace is not None:
            return self._pace_step(state.pace, command)
        if state.agreement_key is None:
            raise CommandRefusedError(StatusWord.CONDITIONS_NOT_SATISFIED)
        if command.cla & 0x10:
            raise CommandRefusedError(StatusWord.CHAINING_NOT_SUPPORTED)
        self._require_chip_access()
        state.next_channel = agree_by_general_authenticate(state.agreement_key, command.data)
        return ResponseApdu(b"\x7c\x00", StatusWord.SUCCESS)

    def _pace_step(self, run: PaceRun, command: CommandApdu) -> ResponseApdu:
        state = self._state
        try:
            answer = run.general_authenticate(command)
        except CommandRefusedError:
            state.pace = None  # a failed run cannot be resumed
            raise
        if run.channel is not None:
            state.next_channel, state.pace = run.channel, None
            state.next_security = SecurityStatus.PACE
        return ResponseApdu(answer, StatusWord.SUCCESS)

    def _internal_authenticate(self, command: CommandApdu, capacity: int) -> ResponseApdu:
        """Active authentication (Doc 9303-11 §6.1.3)."""
        signer = self._content.active_authentication
        if signer is None:
            raise CommandRefusedError(StatusWord.INSTRUCTION_NOT_SUPPORTED)
        _require_header(command, 0x0000)
        _require_le(command)
        self._require_chip_access()
        if not self._state.files.in_application:
            raise CommandRefusedError(StatusWord.REFERENCED_DATA_NOT_FOUND)
        if len(command.data) != _CHALLENGE_BYTES:
            raise CommandRefusedError(StatusWord.WRONG_LENGTH)
        return ResponseApdu(signer.sign(command.data), StatusWord.SUCCESS)

    def _require_chip_access(self) -> None:
        if self._content.has_access_control and self._state.security is SecurityStatus.NONE:
            raise CommandRefusedError(StatusWord.SECURITY_STATUS_NOT_SATISFIED)


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


def _require_header(command: CommandApdu, parameters: int) -> None:
    if command.p1 << 8 | command.p2 != parameters:
        raise CommandRefusedError(StatusWord.WRONG_P1_P2)


def _require_le(command: CommandApdu) -> None:
    """The command must say that it wants an answer, or ISO/IEC 7816-3 case 1 or 3 would forbid one."""
    if not command.ne:
        raise CommandRefusedError(StatusWord.WRONG_LENGTH)
