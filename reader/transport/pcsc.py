"""Cards in PC/SC readers, through pyscard's plain winscard calls (PC/SC part 5).

A session takes the card exclusively, so that no other program can talk in between, and powers it down at the end,
so that nothing stays selected or authenticated behind it. Each thing that PC/SC can answer has its own error.
"""

from __future__ import annotations

import dataclasses
import enum
from types import TracebackType
from typing import Final, Self

from smartcard import scard

from crypto.errors import ErrorCode
from reader import errors
from reader.transport.reader_names import resolve_reader

__all__ = ["PcscTransport", "ReaderInfo", "SlotState", "list_readers"]

_PROTOCOLS: Final = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
_LONGEST_COMMAND: Final = 4 + 3 + 65_535 + 2
_LONGEST_RESPONSE: Final = 65_536 + 2

_CODES: Final[dict[int, ErrorCode]] = {
    scard.SCARD_E_NO_SERVICE: errors.PCSC_NOT_RUNNING,
    scard.SCARD_E_SERVICE_STOPPED: errors.PCSC_NOT_RUNNING,
    scard.SCARD_E_UNKNOWN_READER: errors.READER_NOT_FOUND,
    scard.SCARD_E_READER_UNAVAILABLE: errors.READER_NOT_FOUND,
    scard.SCARD_E_NO_READERS_AVAILABLE: errors.READER_NOT_FOUND,
    scard.SCARD_E_NO_SMARTCARD: errors.CARD_ABSENT,
    scard.SCARD_W_REMOVED_CARD: errors.CARD_REMOVED,
    scard.SCARD_W_UNPOWERED_CARD: errors.CARD_MUTE,
    scard.SCARD_W_UNRESPONSIVE_CARD: errors.CARD_MUTE,
    scard.SCARD_W_UNSUPPORTED_CARD: errors.CARD_MUTE,
    scard.SCARD_E_PROTO_MISMATCH: errors.CARD_MUTE,
    scard.SCARD_E_SHARING_VIOLATION: errors.CARD_IN_USE,
    scard.SCARD_W_RESET_CARD: errors.CARD_REMOVED,  # somebody reset it: our channel is gone with it
}


def check(result: int) -> None:
    """Raise the error that belongs to a PC/SC result code; success passes."""
    if result != scard.SCARD_S_SUCCESS:
        code = _CODES.get(result, errors.LINK_FAILED)
        raise errors.TransportError(code, pcsc=f"{result & 0xFFFFFFFF:08X}")


class Context:
    """A connection to the smart-card service, released on leaving."""

    def __init__(self) -> None:
        result, self.handle = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
        check(result)

    def close(self) -> None:
        """Release it. Failures do not matter any more."""
        scard.SCardReleaseContext(self.handle)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def reader_names(self) -> list[str]:
        """Names of the readers that are plugged in; none is an empty list."""
        result, names = scard.SCardListReaders(self.handle, [])
        if result == scard.SCARD_E_NO_READERS_AVAILABLE:
            return []
        check(result)
        return list(names)


class SlotState(enum.StrEnum):
    """What is in a reader."""

    EMPTY = "empty"
    CARD = "card"
    MUTE = "mute"
    IN_USE = "in_use"
    UNAVAILABLE = "unavailable"

    @classmethod
    def from_event(cls, event: int) -> SlotState:
        """From the state bits of SCardGetStatusChange."""
        if event & (scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE):
            return cls.UNAVAILABLE
        if not event & scard.SCARD_STATE_PRESENT:
            return cls.EMPTY
        if event & scard.SCARD_STATE_MUTE:
            return cls.MUTE
        if event & scard.SCARD_STATE_EXCLUSIVE:
            return cls.IN_USE
        return cls.CARD


@dataclasses.dataclass(frozen=True, slots=True)
class ReaderInfo:
    """One reader (slot): its PC/SC name, what is in it, and the card's answer to reset if there is one."""

    name: str
    state: SlotState
    atr: bytes


def list_readers() -> list[ReaderInfo]:
    """All readers with their state.

    Raises:
        TransportError: ``reader.service_down``.
    """
    with Context() as context:
        names = context.reader_names()
        if not names:
            return []
        asked = [(name, scard.SCARD_STATE_UNAWARE) for name in names]
        result, states = scard.SCardGetStatusChange(context.handle, 0, asked)
        check(result)
        return [ReaderInfo(name, SlotState.from_event(event), bytes(atr)) for name, event, atr in states]


class PcscTransport:
    """An exclusive connection to the card in one reader; implements :class:`reader.transport.base.CardTransport`.

    Args:
        reader_name: the PC/SC name, or a part of it that fits exactly one reader.

    Raises:
        TransportError: ``reader.not_found``, ``reader.ambiguous``, ``card.absent``, ``card.in_use``, ``card.mute`` …
    """

    def __init__(self, reader_name: str) -> None:
        self._context = Context()
        self._card: int | None = None
        try:
            self.reader_name = resolve_reader(self._context.reader_names(), reader_name)
            result, card, self._protocol = scard.SCardConnect(
                self._context.handle, self.reader_name, scard.SCARD_SHARE_EXCLUSIVE, _PROTOCOLS
            )
            check(result)
            self._card = card
            self._atr = self._read_atr()
        except BaseException:
            self.close()
            raise

    @property
    def atr(self) -> bytes:
        return self._atr

    @property
    def is_emulated(self) -> bool:
        return False

    @property
    def max_command(self) -> int:
        return _LONGEST_COMMAND

    @property
    def max_response(self) -> int:
        return _LONGEST_RESPONSE

    def transmit(self, command: bytes) -> bytes:
        result, answer = scard.SCardTransmit(self._handle(), self._protocol_header(), list(command))
        check(result)
        return bytes(answer)

    def reset(self) -> None:
        result, self._protocol = scard.SCardReconnect(
            self._handle(), scard.SCARD_SHARE_EXCLUSIVE, _PROTOCOLS, scard.SCARD_RESET_CARD
        )
        check(result)
        self._atr = self._read_atr()

    def close(self) -> None:
        if self._card is not None:
            # powered down rather than left: pcscd would keep it running with our application selected
            scard.SCardDisconnect(self._card, scard.SCARD_UNPOWER_CARD)
            self._card = None
        self._context.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _handle(self) -> int:
        if self._card is None:
            raise errors.TransportError(errors.CARD_REMOVED)
        return self._card

    def _protocol_header(self) -> int:
        header: int = scard.SCARD_PCI_T0 if self._protocol == scard.SCARD_PROTOCOL_T0 else scard.SCARD_PCI_T1
        return header

    def _read_atr(self) -> bytes:
        result, _, _, _, atr = scard.SCardStatus(self._handle())
        check(result)
        return bytes(atr)
