"""Cards in PC/SC readers, through pyscard's plain winscard calls (PC/SC part 5).

A session takes the card exclusively, so that no other program can talk in between, and powers it down at the end,
so that nothing stays selected or authenticated behind it. Each thing that PC/SC can answer has its own error.

Three habits of PC/SC that this module guards against:

- a handle whose card was taken away still keeps the reader to itself, so that nobody gets the next card: it is given up
  the moment that it fails;
- reconnecting such a handle succeeds, with whatever card lies there then: the count of cards that came and went, which
  the service keeps, is compared before and after;
- right after a card has left, the service still calls it present, and the link merely broken: it is asked again until it
  has looked.
"""

from __future__ import annotations

import dataclasses
import enum
import threading
import weakref
from collections.abc import Sequence
from types import TracebackType
from typing import Final, Self

from smartcard import scard

from crypto.errors import ErrorCode
from reader import errors
from reader.transport.reader_limits import (
    SHORT,
    ReaderLimits,
    control_code_of_properties,
    limits_of_reader,
    max_data_size,
)
from reader.transport.reader_names import in_order_of_use, resolve_reader

__all__ = ["Context", "PcscTransport", "ReaderInfo", "SlotReading", "SlotState", "give_up", "list_readers", "wake"]

_PROTOCOLS: Final = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
_GET_FEATURES: Final = scard.SCARD_CTL_CODE(3400)  # CM_IOCTL_GET_FEATURE_REQUEST, PC/SC part 10 §2.2
_NOTICED_WITHIN_MS: Final = 500  # pcscd looks at a slot every 400 ms: by then it knows whether the card has left
_STATUS_WORD: Final = 2  # an answer without even this was cut off, whatever the driver says
_EVENT_COUNT_SHIFT: Final = 16  # the upper half of a slot's state counts the cards that came and went (winscard.h)

_CODES: Final[dict[int, ErrorCode]] = {
    scard.SCARD_E_NO_SERVICE: errors.PCSC_NOT_RUNNING,
    scard.SCARD_E_SERVICE_STOPPED: errors.PCSC_NOT_RUNNING,
    scard.SCARD_E_SYSTEM_CANCELLED: errors.PCSC_NOT_RUNNING,
    scard.SCARD_P_SHUTDOWN: errors.PCSC_NOT_RUNNING,
    scard.SCARD_E_INVALID_HANDLE: errors.PCSC_NOT_RUNNING,  # what the handle stood for ended with the service
    scard.SCARD_W_SECURITY_VIOLATION: errors.PCSC_NOT_PERMITTED,  # pcscd asked polkit, which said no
    scard.SCARD_E_NO_ACCESS: errors.PCSC_NOT_PERMITTED,
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
}
"""Whatever is not here is ``card.link_failed``; so is SCARD_W_RESET_CARD: our channel went with the reset."""


def check(result: int) -> None:
    """Raise the error that belongs to a PC/SC result code; success passes."""
    if result != scard.SCARD_S_SUCCESS:
        raise _error(_CODES.get(result, errors.LINK_FAILED), result)


def _error(code: ErrorCode, result: int) -> errors.TransportError:
    return errors.TransportError(code, pcsc=f"{result & 0xFFFFFFFF:08X}")


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
        if event & (
            scard.SCARD_STATE_EXCLUSIVE | scard.SCARD_STATE_INUSE
        ):  # shared, too, keeps us from having it alone
            return cls.IN_USE
        return cls.CARD


@dataclasses.dataclass(frozen=True, slots=True)
class ReaderInfo:
    """One reader (slot): its PC/SC name, what is in it, and the card's answer to reset if there is one.

    A card that this program itself holds is simply a card; ``in_use`` is one that another program holds.
    """

    name: str
    state: SlotState
    atr: bytes


@dataclasses.dataclass(frozen=True, slots=True)
class SlotReading:
    """A slot as the service sees it now.

    Attributes:
        info: what is in it.
        event: the state bits, to be handed back when waiting for a change.
        visits: how many cards have come and gone; two equal numbers with a card mean the same card all the time.
    """

    info: ReaderInfo
    event: int
    visits: int

    @classmethod
    def of(cls, name: str, event: int, atr: Sequence[int]) -> SlotReading:
        """From one entry of SCardGetStatusChange."""
        state = SlotState.from_event(event)
        if state is SlotState.IN_USE and _is_held_here(name):
            state = SlotState.CARD
        return cls(ReaderInfo(name, state, bytes(atr)), event, (event & 0xFFFFFFFF) >> _EVENT_COUNT_SHIFT)


class Context:
    """A connection to the smart-card service, released on leaving.

    Raises:
        TransportError: ``reader.service_down``, ``reader.not_permitted``.
    """

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

    def slots(self, known: Sequence[tuple[str, int]], wait_ms: int = 0) -> list[SlotReading] | None:
        """The slots named, as soon as one differs from the state known of it; ``None`` if none did in time.

        Args:
            known: name and last event of each; 0 for one of which nothing is known, which is told at once.
            wait_ms: how long to wait for a difference.

        Raises:
            TransportError: ``reader.service_down``; ``reader.not_found``: one has been unplugged.
        """
        result, states = scard.SCardGetStatusChange(self.handle, wait_ms, list(known))
        if result == scard.SCARD_E_TIMEOUT:
            return None
        check(result)
        return [SlotReading.of(name, event, atr) for name, event, atr in states]

    def slot(self, name: str) -> SlotReading:
        """One slot, now. Raises as :meth:`slots`."""
        found = self.slots([(name, scard.SCARD_STATE_UNAWARE)])
        if not found:
            raise errors.TransportError(errors.READER_NOT_FOUND)
        return found[0]


def list_readers() -> list[ReaderInfo]:
    """All readers with their state, those first in which a person's card is most likely laid.

    Raises:
        TransportError: ``reader.service_down``, ``reader.not_permitted``.
    """
    with Context() as context:
        found = []
        for name in in_order_of_use(context.reader_names()):
            try:
                found.append(context.slot(name).info)
            except errors.TransportError as error:
                if error.code is not errors.READER_NOT_FOUND:  # unplugged since it was listed
                    raise
        return found


class PcscTransport:
    """An exclusive connection to the card in one reader; implements :class:`reader.transport.base.CardTransport`.

    The first failure gives the card up. :meth:`reset` takes it once more, if it has not left the reader since.

    Args:
        reader_name: the PC/SC name, or a part of it that fits exactly one reader.

    Attributes:
        reader_name: the whole PC/SC name.

    Raises:
        TransportError: ``reader.not_found``, ``reader.ambiguous``, ``card.absent``, ``card.in_use``, ``card.mute`` …
    """

    def __init__(self, reader_name: str) -> None:
        self._context = Context()
        self._card: int | None = None
        self._visits = -1
        self._limits = SHORT
        self._atr = b""
        self._is_closed = False
        try:
            self.reader_name = resolve_reader(self._context.reader_names(), reader_name)
            self._connect()
            self._limits = self._find_limits()
        except BaseException:
            self.give_up()
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
        return self._limits.max_command

    @property
    def max_response(self) -> int:
        return self._limits.max_response

    def transmit(self, command: bytes) -> bytes:
        if self._card is None:
            raise errors.TransportError(errors.CARD_REMOVED)
        is_t0 = self._protocol == scard.SCARD_PROTOCOL_T0
        header = scard.SCARD_PCI_T0 if is_t0 else scard.SCARD_PCI_T1
        octets = _for_t0(command) if is_t0 else command
        result, answer = scard.SCardTransmit(self._card, header, list(octets))
        if result != scard.SCARD_S_SUCCESS or len(answer) < _STATUS_WORD:
            error = self._explain(result)
            self.give_up()
            raise error
        return bytes(answer)

    def reset(self) -> None:
        if self._is_closed:
            raise errors.TransportError(errors.CARD_REMOVED)
        visits = self._visits
        try:
            if self.has_departed():
                raise errors.TransportError(errors.CARD_REMOVED)
            if self._card is None:
                self._connect()
            self._reconnect()
            if self._visits != visits:
                raise errors.TransportError(errors.CARD_REMOVED)
        except errors.TransportError as error:
            self._visits = visits
            self.give_up()
            if error.code is errors.CARD_ABSENT:  # it was there
                raise errors.TransportError(errors.CARD_REMOVED, **error.facts) from error
            raise

    def has_departed(self) -> bool:
        """Whether the card has left the reader since it was taken, even if one lies there now.

        Raises:
            TransportError: ``reader.service_down``, ``reader.not_found``.
        """
        return self._context.slot(self.reader_name).visits != self._visits

    def give_up(self) -> None:
        """Let go of the card, which has failed. Only :meth:`reset` takes it again.

        It is not powered down: where a card has left, that fails, and pcscd then calls the slot empty until the next card
        has been lifted, too, if that one was laid down before the service looked again.
        """
        self._disconnect(scard.SCARD_LEAVE_CARD)

    def close(self) -> None:
        if not self._is_closed:
            self._is_closed = True
            # powered down rather than left: pcscd would keep it running with our application selected
            self._disconnect(scard.SCARD_UNPOWER_CARD)
            self._context.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _disconnect(self, disposition: int) -> None:
        if self._card is not None:
            scard.SCardDisconnect(self._card, disposition)
            self._card = None
        with _LOCK:
            _OPEN.discard(self)

    def _connect(self) -> None:
        result, card, self._protocol = scard.SCardConnect(
            self._context.handle, self.reader_name, scard.SCARD_SHARE_EXCLUSIVE, _PROTOCOLS
        )
        check(result)
        self._card = card
        with _LOCK:
            _OPEN.add(self)
        self._note_card()

    def _reconnect(self) -> None:
        result, self._protocol = scard.SCardReconnect(
            self._card, scard.SCARD_SHARE_EXCLUSIVE, _PROTOCOLS, scard.SCARD_RESET_CARD
        )
        check(result)
        self._note_card()

    def _note_card(self) -> None:
        """The status comes last: it fails if the card has left before, so the number of visits is this card's."""
        self._visits = self._context.slot(self.reader_name).visits
        result, _, _, _, atr = scard.SCardStatus(self._card)
        check(result)
        self._atr = bytes(atr)
        _LAST_TAKEN[self.reader_name] = self._visits

    def _explain(self, result: int) -> errors.TransportError:
        """Why a command came back without an answer: what the service says of the slot by the time it has looked."""
        if result in _CODES:
            return _error(_CODES[result], result)
        try:
            now = self._context.slot(self.reader_name)
            if now.visits == self._visits and (changed := self._await_change(now)) is not None:
                now = changed
        except errors.TransportError as error:
            return error
        if now.visits != self._visits or now.info.state is SlotState.EMPTY:
            return _error(errors.CARD_REMOVED, result)
        return _error(errors.CARD_MUTE if now.info.state is SlotState.MUTE else errors.LINK_FAILED, result)

    def _await_change(self, now: SlotReading) -> SlotReading | None:
        found = self._context.slots([(self.reader_name, now.event)], _NOTICED_WITHIN_MS)
        return found[0] if found else None

    def _find_limits(self) -> ReaderLimits:
        """Asked of the driver, never of the card; the second question only of a driver that lists it."""
        if self._protocol == scard.SCARD_PROTOCOL_T0:
            return SHORT  # T=0 has no extended lengths (ISO/IEC 7816-3 §12.2)
        code = control_code_of_properties(self._ask_driver(_GET_FEATURES))
        return limits_of_reader(self.reader_name, None if code is None else max_data_size(self._ask_driver(code)))

    def _ask_driver(self, control_code: int) -> bytes:
        """The driver's answer; a driver that does not know the question has none."""
        result, answer = scard.SCardControl(self._card, control_code, [])
        return bytes(answer) if result == scard.SCARD_S_SUCCESS else b""


_LOCK: Final = threading.Lock()
_OPEN: Final[weakref.WeakSet[PcscTransport]] = weakref.WeakSet()
"""Connections of this program that hold a reader."""
_LAST_TAKEN: Final[dict[str, int]] = {}
"""The count of cards at each reader when this program last took one there."""


def _open_at(reader_name: str) -> list[PcscTransport]:
    with _LOCK:
        return [transport for transport in _OPEN if transport.reader_name == reader_name]


def _is_held_here(reader_name: str) -> bool:
    return bool(_open_at(reader_name))


def give_up(reader_name: str) -> None:
    """Let go of whatever this program still holds in that reader, so that the next card can be taken.

    For when the card is known to be torn away: a handle that has not failed yet would keep the reader to itself.
    """
    for transport in _open_at(reader_name):
        transport.give_up()


def wake(reader_name: str) -> None:
    """Have the service look again at a slot that it calls empty, although it saw no card leave.

    That happens when a card is torn away while it is reset and laid down again before pcscd looks: the reset that failed
    made it note "empty", and its next look shows a card, as the one before. It would stay so until the card is lifted.
    Powering the slot brings the two together; no command goes to driver or card.

    Raises:
        TransportError: ``reader.service_down``, ``reader.not_found``.
    """
    with Context() as context:
        slot = context.slot(reader_name)
        if slot.info.state is not SlotState.EMPTY or slot.visits != _LAST_TAKEN.get(reader_name):
            return
        result, handle, _ = scard.SCardConnect(context.handle, reader_name, scard.SCARD_SHARE_DIRECT, 0)
        if result == scard.SCARD_S_SUCCESS:
            scard.SCardReconnect(handle, scard.SCARD_SHARE_EXCLUSIVE, _PROTOCOLS, scard.SCARD_RESET_CARD)
            scard.SCardDisconnect(handle, scard.SCARD_LEAVE_CARD)


def _for_t0(command: bytes) -> bytes:
    """A command APDU with short lengths as the T=0 transport carries it (ISO/IEC 7816-3 §12.2.2, §12.2.5).

    Case 1 gets a length of zero, and case 4 goes without Le: the chip answers 61XX, and is asked by GET RESPONSE.
    """
    if len(command) == 4:
        return command + b"\x00"
    has_data_and_le = len(command) > 5 and len(command) == 5 + command[4] + 1
    return command[:-1] if has_data_and_le else command
