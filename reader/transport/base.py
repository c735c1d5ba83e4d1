"""The seam between the reading engine and whatever carries APDUs to a chip.

An emulated card in this process, a PC/SC slot and a recorded conversation look alike from here
(ISO/IEC 7816-4 command-response pairs as plain bytes).
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

__all__ = ["CardTransport", "ReturningCard", "TransportProvider"]


@runtime_checkable
class CardTransport(Protocol):
    """One open connection to one card. Use it as a context manager; leaving it releases the card."""

    @property
    def atr(self) -> bytes:
        """Answer to reset as the reader reports it."""
        ...

    @property
    def is_emulated(self) -> bool:
        """True for a card of the emulator in this process. A virtual PC/SC slot cannot be told apart: False."""
        ...

    @property
    def max_command(self) -> int:
        """Longest command APDU in bytes that the link carries."""
        ...

    @property
    def max_response(self) -> int:
        """Longest response APDU in bytes, status word included."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU and return the response APDU, status word included.

        Raises:
            reader.errors.TransportError: the card or the reader is gone, mute, or held by another program.
        """
        ...

    def reset(self) -> None:
        """Power-cycle the card (warm reset), so that no earlier application or channel is left open."""
        ...

    def close(self) -> None:
        """Release the card. May be called twice."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class ReturningCard(Protocol):
    """The place from which a card was torn away, and where it may be laid down again."""

    def wait(self, timeout_s: float, cancel: threading.Event) -> CardTransport:
        """Wait for a card in the same place and take it. Which card it is, the reading finds out.

        A card that is there by now is taken at once. The torn connection has been let go of before.

        Args:
            timeout_s: how long to wait, in seconds.
            cancel: ends the waiting when it is set.

        Returns:
            A new connection. Whoever asked for it closes it.

        Raises:
            reader.errors.TransportError: ``card.absent`` if none came in time; or the reader itself is gone.
            reader.errors.Cancelled: somebody asked to stop.
        """
        ...


class TransportProvider(Protocol):
    """What an entry point of the group ``chipid.transports`` names: a source of emulated cards."""

    def names(self) -> Sequence[str]:
        """Names of the cards that can be opened."""
        ...

    def open(self, name: str) -> CardTransport:
        """Power up a card. Raises ``KeyError`` for an unknown name."""
        ...

    def test_trust_anchors(self) -> Sequence[bytes]:
        """DER certificates of the TEST authorities that issued these cards."""
        ...

    def test_revocation_lists(self) -> Sequence[bytes]:
        """DER certificate revocation lists of these authorities."""
        ...
