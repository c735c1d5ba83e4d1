"""How a command handler of the chip says no."""

from __future__ import annotations

from crypto.wire.apdu import CommandApdu
from crypto.wire.status_word import StatusWord

__all__ = ["CommandRefusedError", "require_header", "require_le"]


class CommandRefusedError(Exception):
    """The chip answers with this status word and no data. It never leaves ``VirtualCard.transmit``.

    Attributes:
        status: SW1-SW2 as one number.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status


def require_header(command: CommandApdu, parameters: int) -> None:
    """P1-P2 have one value only; anything else is 6A86."""
    if command.p1 << 8 | command.p2 != parameters:
        raise CommandRefusedError(StatusWord.WRONG_P1_P2)


def require_le(command: CommandApdu) -> None:
    """The command must say that it wants an answer, or ISO/IEC 7816-3 case 1 or 3 would forbid one."""
    if not command.ne:
        raise CommandRefusedError(StatusWord.WRONG_LENGTH)
