"""A smart-card service in memory, behind the calls of winscard: for what no virtual reader can be made to do.

It answers as pcsc-lite does (winscard.h), misbehaves on demand, and counts what is not given back.
"""

# ruff: noqa: N802 - the names are those of winscard

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Sequence

from smartcard import scard

ATR = bytes.fromhex("3B800181")
GET_FEATURES = scard.SCARD_CTL_CODE(3400)
PLUG_AND_PLAY = "\\\\?PnP?\\Notification"


@dataclasses.dataclass
class Slot:
    """One reader. While ``failure`` is set, commands end with it instead of an answer.

    A card that ``is_overlooked`` lies there, but the service calls the slot empty until it is powered.
    """

    has_card: bool = False
    is_mute: bool = False
    is_overlooked: bool = False
    visits: int = 0
    holder: int = 0  # 0 nobody, -1 exclusive, else how many share it
    protocol: int = scard.SCARD_PROTOCOL_T1
    failure: int = scard.SCARD_S_SUCCESS
    answer: bytes = b"\x90\x00"
    controls: dict[int, bytes] = dataclasses.field(default_factory=dict)

    @property
    def event(self) -> int:
        state = scard.SCARD_STATE_PRESENT if self.has_card else scard.SCARD_STATE_EMPTY
        if self.has_card and self.is_mute:
            state |= scard.SCARD_STATE_MUTE
        if self.holder:
            state |= scard.SCARD_STATE_EXCLUSIVE if self.holder < 0 else scard.SCARD_STATE_INUSE
        return int(state | self.visits << 16)


class ServiceInMemory:
    """Stands in for the module ``smartcard.scard``; constants are those of the real one."""

    def __init__(self) -> None:
        self.readers: dict[str, Slot] = {}
        self.refusal = scard.SCARD_S_SUCCESS  # of everything
        self.has_plug_and_play = True
        self.contexts: set[int] = set()
        self.cards: dict[int, str] = {}
        self.sent: list[bytes] = []
        self.controlled: list[int] = []
        self.reconnected = 0
        self.dispositions: list[int] = []
        self._numbers = 0
        self._news = threading.Condition()

    def __getattr__(self, name: str) -> object:
        if not name.startswith("SCARD_"):
            raise AttributeError(name)
        return getattr(scard, name)

    # ------------------------------------------------------------------- what people do to it
    def change(self, name: str, **what: object) -> None:
        """A card laid down or lifted counts as a visit."""
        with self._news:
            slot = self.readers.setdefault(name, Slot())
            if "has_card" in what and what["has_card"] != slot.has_card:
                slot.visits += 1
            for field, value in what.items():
                setattr(slot, field, value)
            self._news.notify_all()

    def exchange_card(self, name: str) -> None:
        """Another card, before anybody looked."""
        with self._news:
            self.readers[name].visits += 2
            self._news.notify_all()

    def unplug(self, name: str) -> None:
        with self._news:
            del self.readers[name]
            self._news.notify_all()

    def refuse(self, result: int) -> None:
        with self._news:
            self.refusal = result
            self._news.notify_all()

    # ------------------------------------------------------------------- winscard
    def SCardEstablishContext(self, scope: int) -> tuple[int, int]:
        if self.refusal:
            return self.refusal, 0
        self._numbers += 1
        self.contexts.add(self._numbers)
        return scard.SCARD_S_SUCCESS, self._numbers

    def SCardReleaseContext(self, context: int) -> int:
        self.contexts.discard(context)
        return self.refusal

    def SCardListReaders(self, context: int, groups: Sequence[str]) -> tuple[int, list[str]]:
        if self.refusal:
            return self.refusal, []
        return (scard.SCARD_S_SUCCESS if self.readers else scard.SCARD_E_NO_READERS_AVAILABLE), list(self.readers)

    def SCardGetStatusChange(
        self, context: int, wait_ms: int, known: Sequence[tuple[str, int]]
    ) -> tuple[int, list[tuple[str, int, list[int]]]]:
        with self._news:
            listed = set(self.readers)
            self._news.wait_for(lambda: self._differs(known, listed), min(wait_ms, 50) / 1000)
            if self.refusal:
                return self.refusal, []
            if any(
                name not in self.readers and not (name == PLUG_AND_PLAY and self.has_plug_and_play) for name, _ in known
            ):
                return scard.SCARD_E_UNKNOWN_READER, []
            if not self._differs(known, listed):
                return scard.SCARD_E_TIMEOUT, []
            return scard.SCARD_S_SUCCESS, [self._state(name) for name, _ in known]

    def _differs(self, known: Sequence[tuple[str, int]], listed: set[str]) -> bool:
        """As pcsc-lite: another program taking a card is no difference."""
        taken = scard.SCARD_STATE_EXCLUSIVE | scard.SCARD_STATE_INUSE
        return (
            bool(self.refusal)
            or set(self.readers) != listed
            or any(
                event != self.readers[name].event and (event == 0 or event != self.readers[name].event & ~taken)
                for name, event in known
                if name in self.readers
            )
        )

    def _state(self, name: str) -> tuple[str, int, list[int]]:
        slot = self.readers.get(name, Slot())
        return name, slot.event, list(ATR) if slot.has_card else []

    def SCardConnect(self, context: int, name: str, share: int, protocols: int) -> tuple[int, int, int]:
        slot = self.readers.get(name)
        if slot is None:
            return scard.SCARD_E_UNKNOWN_READER, 0, 0
        if slot.holder:
            return scard.SCARD_E_SHARING_VIOLATION, 0, 0
        if not slot.has_card and share != scard.SCARD_SHARE_DIRECT:
            return scard.SCARD_E_NO_SMARTCARD, 0, 0
        if slot.is_mute:
            return scard.SCARD_W_UNRESPONSIVE_CARD, 0, 0
        self._numbers += 1
        self.cards[self._numbers] = name
        slot.holder = -1
        return scard.SCARD_S_SUCCESS, self._numbers, slot.protocol

    def SCardReconnect(self, card: int, share: int, protocols: int, disposition: int) -> tuple[int, int]:
        self.reconnected += 1
        slot = self.readers[self.cards[card]]
        slot.has_card, slot.is_overlooked = slot.has_card or slot.is_overlooked, False
        return scard.SCARD_S_SUCCESS, self.readers[self.cards[card]].protocol

    def SCardDisconnect(self, card: int, disposition: int) -> int:
        self.dispositions.append(disposition)
        slot = self.readers.get(self.cards.pop(card))
        if slot is not None:
            slot.holder = 0
        return scard.SCARD_S_SUCCESS

    def SCardStatus(self, card: int) -> tuple[int, str, int, int, list[int]]:
        return scard.SCARD_S_SUCCESS, self.cards[card], 0, scard.SCARD_PROTOCOL_T1, list(ATR)

    def SCardTransmit(self, card: int, header: int, command: Sequence[int]) -> tuple[int, list[int]]:
        slot = self.readers.get(self.cards[card])
        if slot is None:
            return scard.SCARD_E_READER_UNAVAILABLE, []
        self.sent.append(bytes(command))
        return slot.failure, [] if slot.failure else list(slot.answer)

    def SCardControl(self, card: int, code: int, octets: Sequence[int]) -> tuple[int, list[int]]:
        self.controlled.append(code)
        answer = self.readers[self.cards[card]].controls.get(code)
        return (scard.SCARD_E_UNSUPPORTED_FEATURE, []) if answer is None else (scard.SCARD_S_SUCCESS, list(answer))
