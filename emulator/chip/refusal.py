"""How a command handler of the chip says no."""

from __future__ import annotations

__all__ = ["CommandRefusedError"]


class CommandRefusedError(Exception):
    """The chip answers with this status word and no data. It never leaves ``VirtualCard.transmit``.

    Attributes:
        status: SW1-SW2 as one number.
    """

    def __init__(self, status: int) -> None:
        super().__init__(f"{status:04X}")
        self.status = status
