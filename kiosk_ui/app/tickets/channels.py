"""Lines to a receipt printer: bytes out, bytes in, and never longer than allowed. ``TimeoutError``: it takes nothing.

Each line's ``send`` either hands over everything or raises; a line that raised is of no use any more.
"""

from __future__ import annotations

import contextlib
import os
import select
import socket
import struct
import time
from typing import Final, Protocol

__all__ = ["Channel", "DeviceChannel", "NetworkChannel"]

_MOST_READ = 64  # bytes; answers are single bytes
_SEND_BUFFER = 8_192  # bytes; small, so that what was sent is nearly what the printer took
_RATES: Final = (1_200, 2_400, 4_800, 9_600, 19_200, 38_400, 57_600, 115_200, 230_400)


class Channel(Protocol):
    """One open line."""

    def send(self, data: bytes, seconds: float) -> None:
        """Hand over everything within ``seconds``. Raises ``TimeoutError`` or another ``OSError``."""
        ...

    def receive(self, seconds: float) -> bytes:
        """What the printer says next; empty if it says nothing within ``seconds``. Raises ``OSError``."""
        ...

    def close(self) -> None:
        """Let go of the line. May be called twice."""
        ...


class NetworkChannel:
    """The raw port of a printer with a network card.

    Args:
        host: name or address.
        port: 9100 with nearly every maker.
        connect_timeout_s: for reaching it.

    Raises:
        OSError: it cannot be reached.
    """

    def __init__(self, host: str, port: int, connect_timeout_s: float) -> None:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self._socket = socket.socket(family, kind, protocol)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.settimeout(connect_timeout_s)
            self._socket.connect(address)
        except OSError:
            self._socket.close()
            raise

    def send(self, data: bytes, seconds: float) -> None:
        """Hand over everything within ``seconds``. Raises ``TimeoutError`` or another ``OSError``."""
        until = time.monotonic() + seconds
        rest = memoryview(data)
        try:
            while rest:
                self._socket.settimeout(_left(until))
                rest = rest[self._socket.send(rest) :]
        except OSError:
            # What waits on this side must not reach the printer when it comes back to life: closing now aborts.
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            raise

    def receive(self, seconds: float) -> bytes:
        """What the printer says next; empty if it says nothing within ``seconds``. Raises ``OSError``."""
        self._socket.settimeout(max(seconds, 0.001))
        try:
            said = self._socket.recv(_MOST_READ)
        except TimeoutError:
            return b""
        if not said:
            raise ConnectionResetError
        return said

    def close(self) -> None:
        """Say farewell in order, so that what is under way still arrives."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_WR)
        self._socket.close()


class DeviceChannel:
    """A device file: ``/dev/usb/lp0``, or a serial line.

    Args:
        path: of the file.
        baud_rate: bits per second of a serial line; other files have none.

    Raises:
        OSError: it cannot be opened.
    """

    def __init__(self, path: str, baud_rate: int) -> None:
        # Never waits: a serial line without a partner would otherwise block for good.
        flags = os.O_NONBLOCK | os.O_NOCTTY
        try:
            self._file = os.open(path, os.O_RDWR | flags)
        except PermissionError:
            self._file = os.open(path, os.O_WRONLY | flags)  # prints, and cannot be heard
        try:
            if os.isatty(self._file):
                _set_line(self._file, baud_rate)
        except OSError:
            os.close(self._file)
            raise

    def send(self, data: bytes, seconds: float) -> None:
        """Hand over everything within ``seconds``. Raises ``TimeoutError`` or another ``OSError``."""
        until = time.monotonic() + seconds
        rest = memoryview(data)
        try:
            while rest:
                select.select([], [self._file], [], _left(until))
                with contextlib.suppress(BlockingIOError):
                    rest = rest[os.write(self._file, rest[:_SEND_BUFFER]) :]
        except TimeoutError:
            _drop_unsent(self._file)
            raise

    def receive(self, seconds: float) -> bytes:
        """What the printer says next; empty if it says nothing within ``seconds``. Raises ``OSError``."""
        until = time.monotonic() + seconds
        while select.select([self._file], [], [], max(0.0, until - time.monotonic()))[0]:
            try:
                said = os.read(self._file, _MOST_READ)
            except BlockingIOError:
                continue
            if said:
                return said
            break  # a device that has nothing to say is at its end of file at once
        return b""

    def close(self) -> None:
        """Let go of the line. May be called twice."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


def _left(until: float) -> float:
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _set_line(file: int, baud_rate: int) -> None:
    """Eight data bits, no parity, no letters changed on the way (raw), at the printer's speed."""
    import termios  # not on every system; where there are such lines it is
    import tty

    if baud_rate not in _RATES:
        raise OSError
    try:
        tty.setraw(file)
        settings = termios.tcgetattr(file)
        settings[4] = settings[5] = getattr(termios, f"B{baud_rate}")
        settings[2] |= termios.CLOCAL | termios.CREAD
        termios.tcsetattr(file, termios.TCSANOW, settings)
    except termios.error:
        raise OSError from None


def _drop_unsent(file: int) -> None:
    """What waits on this side of a serial line must not reach the printer when it comes back to life."""
    import termios

    with contextlib.suppress(termios.error):
        termios.tcflush(file, termios.TCOFLUSH)
