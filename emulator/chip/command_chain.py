"""Command chaining: a data field that comes in several commands (ISO/IEC 7816-4 §5.3.3).

All parts have the same header but for bit 5 of CLA, which only the last one lacks. Inside a session each part is a
command of its own to secure messaging, with its own cryptogram, MAC and count; what is joined here is what was
deciphered. The chain of GENERAL AUTHENTICATE by which PACE runs is another thing: there every part is a step that is
answered with data (Doc 9303-11 §4.4.4.3).
"""

from __future__ import annotations

from typing import Final

from crypto.wire import limits
from crypto.wire.apdu import CommandApdu
from crypto.wire.status_word import StatusWord
from emulator.chip.refusal import CommandRefusedError

__all__ = ["CHAINING_BIT", "CommandChain"]

CHAINING_BIT: Final = 0x10
_CHAINED_INSTRUCTIONS: Final = frozenset({0x22, 0x2A, 0x82, 0x86})
"""MSE, PSO, EXTERNAL AUTHENTICATE, GENERAL AUTHENTICATE: what carries keys, certificates and signatures."""


class CommandChain:
    """The parts of one command that have come so far."""

    def __init__(self) -> None:
        self._header = b""
        self._parts: list[bytes] = []

    @property
    def is_open(self) -> bool:
        """Whether a part has come and the last one has not."""
        return bool(self._header)

    def discard(self) -> None:
        """The chain is broken. What another command does to it is left open by the standard; here it is forgotten."""
        self._header = b""
        self._parts = []

    def join(self, command: CommandApdu) -> CommandApdu | None:
        """Takes the next command.

        Returns:
            The whole command, or ``None`` for a part that is not the last: that is answered with 9000.

        Raises:
            CommandRefusedError: 6884, this command is never chained; 6700, the whole is longer than any command may be.
        """
        header = bytes([command.cla & ~CHAINING_BIT, command.ins, command.p1, command.p2])
        if header != self._header:
            self.discard()
        if not command.cla & CHAINING_BIT:
            return self._whole(command)
        if command.ins not in _CHAINED_INSTRUCTIONS:
            raise CommandRefusedError(StatusWord.CHAINING_NOT_SUPPORTED)
        self._require_room(command)
        self._header = header
        self._parts.append(command.data)
        return None

    def _whole(self, command: CommandApdu) -> CommandApdu:
        if not self._parts:
            return command
        self._require_room(command)
        data = b"".join([*self._parts, command.data])
        self.discard()
        return CommandApdu(command.cla, command.ins, command.p1, command.p2, data, command.ne, command.extended)

    def _require_room(self, command: CommandApdu) -> None:
        if sum(map(len, self._parts)) + len(command.data) > limits.EXTENDED_NC:
            self.discard()
            raise CommandRefusedError(StatusWord.WRONG_LENGTH)
