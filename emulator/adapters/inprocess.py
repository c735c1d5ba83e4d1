"""Emulated cards in this process, as the reader's transport: the entry point ``chipid.transports``.

This module alone of the emulator knows the reader's seam (``reader.transport.base``); it knows none of its errors.
A card that is taken away is a plain :class:`ConnectionError`, which the reader's session takes as "card removed".

Example: a card that is taken away at the twelfth command::

    from emulator.adapters.inprocess import provider, taken_away_at

    with provider.open("an", on_transmit=taken_away_at(12)) as link:
        ...
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Protocol, Self

from emulator.cards import attack_names, card, card_names, revocation_lists, trust_anchors
from emulator.chip.content import ChipBehaviour

if TYPE_CHECKING:
    from emulator.faults import Fault
    from reader.transport.base import CardTransport, TransportProvider
    from reader.transport.laboratory import ChipOrder, Laboratory, OrderedChip

__all__ = ["Chip", "EmulatedCards", "EmulatedTransport", "TransmitHook", "provider", "taken_away_at"]

_MAX_COMMAND: Final = 4 + 3 + 65_535 + 2  # header, Lc, data, Le (ISO/IEC 7816-3 §12.1.3, extended)
_MAX_RESPONSE: Final = 65_536 + 2

TransmitHook = Callable[[int, bytes], None]
"""Called before each command with its number, counted from 1, and its octets. May raise ``ConnectionError``."""


class Chip(Protocol):
    """What the transport needs of a card: :class:`emulator.chip.card.VirtualCard`, or one with faults around it."""

    @property
    def atr(self) -> bytes:
        """Answer to reset."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """One command, one answer."""
        ...

    def reset(self) -> None:
        """Warm reset."""
        ...

    def power_off(self) -> None:
        """The card leaves the field."""
        ...


class EmulatedTransport:
    """An open connection to one emulated card.

    Args:
        chip: the card.
        on_transmit: called before each command; the way to let somebody take the card away.
    """

    def __init__(self, chip: Chip, *, on_transmit: TransmitHook | None = None) -> None:
        self._chip = chip
        self._on_transmit = on_transmit
        self._commands = 0
        self._open = True

    @property
    def atr(self) -> bytes:
        """Answer to reset."""
        return self._chip.atr

    @property
    def is_emulated(self) -> bool:
        """Always true."""
        return True

    @property
    def max_command(self) -> int:
        """An extended command of the largest size fits. What the chip takes, it says itself in EF.ATR/INFO."""
        return _MAX_COMMAND

    @property
    def max_response(self) -> int:
        """An extended answer of the largest size fits."""
        return _MAX_RESPONSE

    def transmit(self, command: bytes) -> bytes:
        """Send one command APDU, return the answer with its status word.

        Raises:
            ConnectionError: closed, or the card was taken away.
            TimeoutError: the card does not answer.
        """
        if not self._open:
            raise ConnectionError("the emulated card is no longer there")
        self._commands += 1
        if self._on_transmit is not None:
            try:
                self._on_transmit(self._commands, command)
            except ConnectionError:
                self.close()  # a card that was taken away does not come back by itself
                raise
        return self._chip.transmit(command)

    def reset(self) -> None:
        """Warm reset. Raises ``ConnectionError`` if the card is gone."""
        if not self._open:
            raise ConnectionError("the emulated card is no longer there")
        self._chip.reset()

    def close(self) -> None:
        """Release the card. May be called twice."""
        if self._open:
            self._open = False
            self._chip.power_off()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def taken_away_at(command_number: int) -> TransmitHook:
    """A hook that takes the card away at the command of this number, counted from 1."""

    def hook(number: int, command: bytes) -> None:
        if number >= command_number:
            raise ConnectionError("the emulated card was taken away")

    return hook


class EmulatedCards:
    """The built-in people as a source of transports."""

    def names(self) -> Sequence[str]:
        """Names of all cards, laboratory and attack cards included."""
        return (*card_names(), *attack_names())

    def open(
        self,
        name: str,
        *,
        faults: Iterable[Fault] = (),
        behaviour: ChipBehaviour | None = None,
        on_transmit: TransmitHook | None = None,
    ) -> CardTransport:
        """Power up a fresh card.

        Args:
            name: slug of the card.
            faults: declared misbehaviour (:mod:`emulator.faults`).
            behaviour: habits of the operating system instead of the profile's.
            on_transmit: called before each command.

        Raises:
            KeyError: there is no such card.
        """
        return EmulatedTransport(card(name, faults=faults, behaviour=behaviour), on_transmit=on_transmit)

    def test_trust_anchors(self) -> Sequence[bytes]:
        """DER certificates of the TEST authorities that issued the cards worth trusting."""
        return trust_anchors()

    def test_revocation_lists(self) -> Sequence[bytes]:
        """DER certificate revocation lists of these authorities."""
        return revocation_lists()

    def make(self, order: ChipOrder) -> OrderedChip:
        """A fresh chip as ordered. Raises ``ValueError`` for an order that contradicts itself."""
        from emulator.laboratory import PIN, PUK, laboratory_card, laboratory_profile, laboratory_terminal, printed_on
        from reader.transport.laboratory import OrderedChip

        profile = laboratory_profile(**dataclasses.asdict(order))
        chip = OrderedChip(
            EmulatedTransport(laboratory_card(profile)),
            printed_on(profile),
            profile.holder.can,
            PIN if profile.pin is not None else "",
            PUK if profile.puk is not None else "",
            trust_anchors(),
        )
        if not order.terminal_authentication:
            return chip
        terminal = laboratory_terminal(order.terminal_authentication)
        certificates = b"".join((terminal.authority, *terminal.links, terminal.verifier, terminal.terminal))
        return dataclasses.replace(chip, terminal_certificates=certificates, terminal_key=terminal.private_key_pem)


provider: Final = EmulatedCards()
"""The object that the entry point names."""

if TYPE_CHECKING:
    _is_a_provider: TransportProvider = provider
    _is_a_laboratory: Laboratory = provider
