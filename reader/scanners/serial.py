"""A scanner on a serial port (USB-CDC or RS-232), the only way in which Vietnamese letters arrive whole.

:class:`ScannerPort` is the port itself, without a thread: one message per call. :class:`SerialScanner` runs it in a
thread of its own for a kiosk, survives unplugging and opens the port again.
"""

from __future__ import annotations

import collections
import contextlib
import dataclasses
import enum
import errno
import os
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import serial

from crypto.errors import ErrorCode
from reader import errors
from reader.scanners import codes
from reader.scanners.framing import Framer, LineFramer

__all__ = ["RETRY_S", "Parity", "ScannerPort", "SerialLine", "SerialScanner"]

try:
    import termios
except ImportError:  # Windows
    _OF_TERMINALS: tuple[type[Exception], ...] = ()
else:
    _OF_TERMINALS = (termios.error,)  # no OSError, and not always wrapped by pyserial

_PORT_ERRORS: Final[tuple[type[Exception], ...]] = (serial.SerialException, OSError, *_OF_TERMINALS)
_NOT_OPENED: Final[tuple[type[Exception], ...]] = (*_PORT_ERRORS, ValueError)
_LOST: Final[tuple[type[Exception], ...]] = (*_PORT_ERRORS, TypeError)  # TypeError: closed by another thread during it
_READ_BYTES: Final = 4096
_WRITE_S: Final = 2.0  # a command of three octets; longer means that nobody takes them
_POLL_S: Final = 0.2  # how often a waiting read looks whether it was cancelled, where the port cannot be woken up
RETRY_S: Final = 1.0
"""Pause before a lost port is opened again."""


class Parity(enum.StrEnum):
    """The ninth bit of a character on the wire."""

    NONE = "none"
    ODD = "odd"
    EVEN = "even"


_PARITIES: Final = {Parity.NONE: serial.PARITY_NONE, Parity.ODD: serial.PARITY_ODD, Parity.EVEN: serial.PARITY_EVEN}


@dataclasses.dataclass(frozen=True, slots=True)
class SerialLine:
    """How a device speaks: eight data bits, one stop bit.

    Attributes:
        baud_rate: in bits per second; USB-CDC devices ignore it.
        parity: of each character.
        framer: makes what cuts the stream into messages.
        greeting: sent each time the port is open.
        reply: what a message is answered with, from the message; none by default.
    """

    baud_rate: int = 9600
    parity: Parity = Parity.NONE
    framer: Callable[[Callable[[], float]], Framer] = LineFramer
    greeting: bytes = b""
    reply: Callable[[bytes], bytes] | None = None


class ScannerPort:
    """One open port. Use it as a context manager.

    Args:
        device: name of the port, e.g. ``/dev/ttyACM0`` or ``COM3``.
        line: how the device speaks; a code scanner at 9600 8N1 by default.
        clock: seconds that never go back; for tests.

    Raises:
        TransportError: ``scanner.not_found``, ``scanner.busy`` or ``scanner.denied`` if it cannot be opened.
    """

    def __init__(
        self, device: str, line: SerialLine | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        line = line or SerialLine()
        self._clock = clock
        self._framer = line.framer(clock)
        self._waiting: collections.deque[bytes | errors.DocumentError] = collections.deque()
        self._cancelled = threading.Event()
        parity = _PARITIES[line.parity]
        try:
            self._port = serial.Serial(
                device, line.baud_rate, parity=parity, timeout=_POLL_S, write_timeout=_WRITE_S, exclusive=True
            )
        except _NOT_OPENED as error:
            raise errors.TransportError(_why_not_open(error)) from None

    def read_line(self, timeout_s: float | None = None) -> bytes | None:
        """The next message as octets: a scanned line without its end, or what the device's framing makes of it.

        Args:
            timeout_s: how long to wait; ``None`` waits until something comes.

        Returns:
            The message, or ``None`` if the time is over. One that has begun is kept for the next call.

        Raises:
            TransportError: ``scanner.gone`` if the port went away.
            DocumentError: what came was too long, noise, or without an end (``scanner.line_too_long``,
                ``scanner.garbage``, ``scanner.no_line_end``, ``device.frame_cut``, ``device.message_too_large``); the
                next call goes on with the next message.
            Cancelled: :meth:`cancel` was called.
        """
        deadline = None if timeout_s is None else self._clock() + timeout_s
        while True:
            if self._cancelled.is_set():
                raise errors.Cancelled
            if self._waiting:
                line = self._waiting.popleft()
                if isinstance(line, errors.DocumentError):
                    raise line
                return line
            remaining = _POLL_S if deadline is None else deadline - self._clock()
            self._waiting.extend(self._framer.feed(self._read(max(0.0, min(_POLL_S, remaining)))))
            late = self._framer.overdue()
            if late is not None:
                self._waiting.append(late)
            if not self._waiting and deadline is not None and self._clock() >= deadline:
                return None

    def _read(self, wait_s: float) -> bytes:
        """Whatever is there; waits for the first octet only."""
        try:
            self._port.timeout = wait_s
            first = self._port.read(1)
            return first + self._port.read(min(self._port.in_waiting, _READ_BYTES)) if first else b""
        except _LOST:
            if self._cancelled.is_set():
                raise errors.Cancelled from None
            raise errors.TransportError(codes.SCANNER_GONE) from None

    def write(self, octets: bytes) -> None:
        """Send a command to the device.

        Raises:
            TransportError: ``scanner.gone``, or ``device.silent`` if it does not take it.
        """
        try:
            self._port.write(octets)
        except serial.SerialTimeoutException:
            raise errors.TransportError(codes.DEVICE_SILENT) from None
        except _LOST:
            raise errors.TransportError(codes.SCANNER_GONE) from None

    def cancel(self) -> None:
        """Make a waiting :meth:`read_line` raise :class:`~reader.errors.Cancelled`. May be called by any thread."""
        self._cancelled.set()
        with contextlib.suppress(*_PORT_ERRORS, AttributeError):
            self._port.cancel_read()

    def close(self) -> None:
        """Give the port back. May be called twice."""
        with contextlib.suppress(*_PORT_ERRORS):
            self._port.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _why_not_open(error: Exception) -> ErrorCode:
    number = getattr(error, "errno", None)
    if number in (errno.EAGAIN, errno.EWOULDBLOCK, errno.EBUSY):  # locked, or opened for one program alone
        return codes.SCANNER_BUSY
    if number in (errno.EACCES, errno.EPERM) or "PermissionError" in str(error):
        # Windows refuses a port that is open elsewhere by the same words as one that is barred, which it rarely is
        return codes.SCANNER_BUSY if os.name == "nt" else codes.SCANNER_DENIED
    return codes.SCANNER_NOT_FOUND


class SerialScanner:
    """A scanner that reports by callbacks from a thread of its own, and comes back after it was unplugged.

    Args:
        device: name of the port.
        on_line: gets each message as octets.
        on_error: gets why the port cannot be opened, or ``scanner.gone``, once per loss; and each message that was lost
            (see :meth:`ScannerPort.read_line`).
        on_ready: called each time the port is open; after an error it means that the scanner is back.
        line: how the device speaks; a code scanner at 9600 8N1 by default.
        retry_s: pause before the port is opened again.
    """

    def __init__(
        self,
        device: str,
        on_line: Callable[[bytes], None],
        on_error: Callable[[errors.TransportError | errors.DocumentError], None],
        *,
        on_ready: Callable[[], None] | None = None,
        line: SerialLine | None = None,
        retry_s: float = RETRY_S,
    ) -> None:
        self._device = device
        self._line = line or SerialLine()
        self._on_line = on_line
        self._on_error = on_error
        self._on_ready = on_ready
        self._retry_s = retry_s
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._port: ScannerPort | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to listen. A missing scanner is reported by the callback, not raised. Called again, it does nothing."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="scanner", daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Stop listening and give the port back; no callback comes after this. May be called twice."""
        self._stopping.set()
        with self._lock:
            if self._port is not None:
                self._port.cancel()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        reported = False
        while not self._stopping.is_set():
            try:
                port = ScannerPort(self._device, self._line)
                reported = False
                self._listen(port)
            except errors.Cancelled:
                return
            except errors.TransportError as error:
                if not reported:
                    self._on_error(error)
                reported = True
            self._stopping.wait(self._retry_s)

    def _listen(self, port: ScannerPort) -> None:
        with port:
            with self._lock:
                self._port = port
                if self._stopping.is_set():  # stop() came before it could see the port
                    return
            try:
                if self._line.greeting:
                    port.write(self._line.greeting)
                if self._on_ready is not None:
                    self._on_ready()
                while True:
                    self._next_line(port)
            finally:
                with self._lock:
                    self._port = None

    def _next_line(self, port: ScannerPort) -> None:
        try:
            line = port.read_line()
        except errors.DocumentError as error:
            self._on_error(error)
            return
        if line is None:
            return
        if self._line.reply is not None and (reply := self._line.reply(line)):
            port.write(reply)
        self._on_line(line)
