"""An emulated card in a slot of vsmartcard's virtual PC/SC reader (vpcd).

The card is the TCP client. Each message is two length octets, big-endian, and a body; a body of one octet from the
reader is a control code, any other is a command APDU. Only ATR requests and commands are answered.

The reader writes length and body separately. With delayed acknowledgements each APDU would take 40 ms or more, so
the socket acknowledges at once: TCP_QUICKACK falls back by itself and has to be set around every receive.
"""

from __future__ import annotations

import contextlib
import socket
import time
from collections.abc import Callable
from typing import Final, Protocol

__all__ = ["DEFAULT_HOST", "DEFAULT_PORT", "SlotChip", "VirtualReaderError", "VpcdSlot"]

DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = 35_963

_CONTROL_OFF: Final = 0
_CONTROL_ON: Final = 1
_CONTROL_RESET: Final = 2
_CONTROL_ATR: Final = 4
_RETRY_S: Final = 0.1
_ASKED_WITHIN_S: Final = 10.0  # the reader looks for a card several times a second
_NO_ANSWER: Final = "no answer in time; does another card lie in this slot?"
_LONGEST_MESSAGE: Final = 0xFFFF
_NO_PRECISE_DIAGNOSIS: Final = b"\x6f\x00"
_QUICKACK: Final[int | None] = getattr(socket, "TCP_QUICKACK", None)  # Linux only


class VirtualReaderError(ConnectionError):
    """There is no virtual reader at that address, or it went away. The text says what to do."""


class SlotChip(Protocol):
    """What the slot needs of a card."""

    @property
    def atr(self) -> bytes:
        """Answer to reset."""
        ...

    def transmit(self, command: bytes) -> bytes:
        """One command, one answer."""
        ...

    def power_on(self) -> None:
        """The reader powers the card up."""
        ...

    def power_off(self) -> None:
        """The reader powers the card down."""
        ...

    def reset(self) -> None:
        """Warm reset."""
        ...


class VpcdSlot:
    """Puts a card into the slot and serves it there.

    Args:
        chip: the card.
        host, port: where the virtual reader waits for cards.
        patience_s: how long to wait for the reader to appear, also after it went away.
    """

    def __init__(
        self, chip: SlotChip, host: str = DEFAULT_HOST, port: int = DEFAULT_PORT, *, patience_s: float = 10.0
    ) -> None:
        self._chip = chip
        self._address = (host, port)
        self._patience_s = patience_s
        self._link: socket.socket | None = None
        self._stopped = False

    @property
    def address(self) -> str:
        """Host and port as ``HOST:PORT``."""
        return f"{self._address[0]}:{self._address[1]}"

    def serve(self, on_inserted: Callable[[], None] | None = None) -> None:
        """Serves the card until :meth:`stop` is called, reconnecting if the reader restarts.

        Args:
            on_inserted: called once, when the reader has first asked for the card.

        Raises:
            VirtualReaderError: no reader within the patience, or one that does not ask for the card.
        """
        announce = on_inserted
        while (link := self._connect()) is not None:
            with link:
                self._link = link
                link.settimeout(_ASKED_WITHIN_S)
                try:
                    while (message := self._receive_message(link)) is not None:
                        link.settimeout(None)
                        self._send_answer(link, message)
                        if announce is not None:
                            announce()
                            announce = None
                except TimeoutError:
                    raise VirtualReaderError(
                        f"Something answers at {self.address} but does not ask for the card. Is another card in this "
                        "slot? Take that one out, or give the other slot's port with --vpcd HOST:PORT."
                    ) from None
                except ConnectionError:
                    pass  # the reader went away in mid-sentence; try to reach it again
                finally:
                    self._link = None
                    self._chip.power_off()
            time.sleep(_RETRY_S)  # a reader that hangs up at once must not be called in a tight loop

    def stop(self) -> None:
        """Takes the card out; :meth:`serve` returns. May be called from another thread."""
        self._stopped = True
        link = self._link
        if link is not None:
            with contextlib.suppress(OSError):
                link.shutdown(socket.SHUT_RDWR)

    def _connect(self) -> socket.socket | None:
        """A link to the reader, or ``None`` once :meth:`stop` was called."""
        deadline = time.monotonic() + self._patience_s
        while not self._stopped:
            try:
                link = socket.create_connection(self._address, timeout=max(self._patience_s, _RETRY_S))
            except OSError as error:
                if time.monotonic() >= deadline:
                    raise VirtualReaderError(
                        f"No virtual reader answers at {self.address} ({error.strerror or _NO_ANSWER}). "
                        "Start pcscd with the vpcd driver (package vsmartcard-vpcd), or give --vpcd HOST:PORT."
                    ) from None
                time.sleep(_RETRY_S)
                continue
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return link
        return None

    def _send_answer(self, link: socket.socket, message: bytes) -> None:
        answer = self._answer(message)
        if answer is None:
            return
        if len(answer) > _LONGEST_MESSAGE:  # a card may be told to answer more than a message can hold
            answer = _NO_PRECISE_DIAGNOSIS
        link.sendall(len(answer).to_bytes(2, "big") + answer)

    def _answer(self, message: bytes) -> bytes | None:
        if len(message) != 1:
            try:
                return self._chip.transmit(message)
            except TimeoutError:  # a chip that says nothing more is, to a contactless reader, no longer there
                raise ConnectionError from None
        code = message[0]
        if code == _CONTROL_ATR:
            return self._chip.atr
        if code == _CONTROL_ON:
            self._chip.power_on()
        elif code == _CONTROL_OFF:
            self._chip.power_off()
        elif code == _CONTROL_RESET:
            self._chip.reset()
        return None

    def _receive_message(self, link: socket.socket) -> bytes | None:
        """One message, or ``None`` when the reader has closed the link between two messages."""
        length = 0
        while not length:  # an empty message says nothing
            head = self._receive(link, 2)
            if head is None:
                return None
            length = int.from_bytes(head, "big")
        return self._receive(link, length)

    @staticmethod
    def _receive(link: socket.socket, count: int) -> bytes | None:
        octets = bytearray()
        while len(octets) < count:
            _acknowledge_at_once(link)
            piece = link.recv(count - len(octets))
            _acknowledge_at_once(link)
            if not piece:
                return None
            octets += piece
        return bytes(octets)


def _acknowledge_at_once(link: socket.socket) -> None:
    if _QUICKACK is not None:
        link.setsockopt(socket.IPPROTO_TCP, _QUICKACK, 1)
