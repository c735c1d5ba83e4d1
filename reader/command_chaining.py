"""How long a command may be for one card, and how a longer one is cut into a chain (ISO/IEC 7816-4 §5.3.3).

A chip that takes extended length gets one long command. One that says that it does not, or answers 6700 to a long command
(TR-03110-3 §B.9.3), gets the same data in parts: each but the last with bit 5 of CLA, each protected by itself. What one
refusal taught is kept for as long as the card lies there, since a bare 6700 closes the channel and the chip is opened anew.
"""

from __future__ import annotations

import dataclasses
from typing import Final

from crypto.primitives.block_cipher import SymmetricCipher
from crypto.wire import limits
from crypto.wire.apdu import CommandApdu
from reader.card_capabilities import CardCapabilities
from reader.protocols.secure_messaging import block_capacity

__all__ = ["CommandLengths"]

_CHAINED: Final = 0x10  # CLA bit 5: not the last command of a chain
_SHORT_OVERHEAD: Final = 4 + 1 + 1  # header, Lc, Le
_EXTENDED_OVERHEAD: Final = 4 + 3 + 2
_LEAST_FIELD: Final = 64  # no reader carries less
_LONGEST_SHORT_COMMAND: Final = 4 + 1 + limits.SHORT_NC + 1


class CommandLengths:
    """What is known about one card.

    Args:
        link_bytes: longest command APDU that the link carries.
    """

    def __init__(self, link_bytes: int) -> None:
        self._link_bytes = link_bytes
        self._card_bytes: int | None = None
        self._capabilities = CardCapabilities()
        self._refused = False

    def say(self, capabilities: CardCapabilities) -> None:
        """What the answer to reset tells."""
        self._capabilities = capabilities

    def say_longest(self, command_bytes: int) -> None:
        """What EF.ATR/INFO tells: the longest command APDU."""
        self._card_bytes = max(command_bytes, _LONGEST_SHORT_COMMAND)

    def note_refusal(self, command: CommandApdu, cipher: SymmetricCipher | None) -> bool:
        """The card answered 6700. Returns whether :meth:`parts` now cuts this command smaller."""
        before, was_refused = len(self.parts(command, cipher)), self._refused
        self._refused = True
        if len(self.parts(command, cipher)) > before:
            return True
        self._refused = was_refused  # it was about something else, the length of the answer perhaps
        return False

    def parts(self, command: CommandApdu, cipher: SymmetricCipher | None) -> list[CommandApdu]:
        """The command as it may be sent: alone, or as a chain.

        Args:
            command: plain.
            cipher: of the channel that it will go through, or ``None``.
        """
        data = command.data
        if not data:
            return [command]
        room = block_capacity(cipher, self._field_bytes)
        # a command that is itself part of a protocol's chain cannot be cut: nobody could tell the two chains apart
        if len(data) <= room or command.cla & _CHAINED or self._capabilities.chaining is False:
            return [command]
        pieces = [data[start : start + room] for start in range(0, len(data), room)]
        chain = [
            dataclasses.replace(command, cla=command.cla | _CHAINED, data=piece, ne=0, extended=False)
            for piece in pieces[:-1]
        ]
        ne = min(command.ne, limits.SHORT_NE) if self._is_short else command.ne
        return [*chain, dataclasses.replace(command, data=pieces[-1], ne=ne, extended=False)]

    @property
    def _is_short(self) -> bool:
        """Whether length fields must be short."""
        return (
            self._refused or self._capabilities.extended_length is False or self._link_bytes <= _LONGEST_SHORT_COMMAND
        )

    @property
    def _field_bytes(self) -> int:
        """Longest data field of a command as it goes over the link."""
        if self._is_short:  # there are readers that carry not even all of a short command
            return min(limits.SHORT_NC, max(_LEAST_FIELD, self._link_bytes - _SHORT_OVERHEAD))
        longest = min(self._link_bytes, self._card_bytes or self._link_bytes)
        return max(limits.SHORT_NC, min(longest - _EXTENDED_OVERHEAD, limits.EXTENDED_NC))
