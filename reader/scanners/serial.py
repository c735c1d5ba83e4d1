"""A code scanner on a serial port (USB-CDC or RS-232), the only way in which Vietnamese letters arrive whole.

:class:`ScannerPort` is the port itself, without a thread: one line per call. :class:`SerialScanner` runs it in a thread
of its own for a kiosk, survives unplugging and opens the port again.
"""

from __future__ import annotations

import collections
import contextlib
import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Final, Self

import serial

from reader import errors
from reader.scanners.framing import LineFramer

__all__ = ["RETRY_S", "ScannerPort", "SerialScanner"]

_READ_BYTES: Final = 4096
_POLL_S: Final = 0.2  # how often a waiting read looks whether it was cancelled, where the port cannot be woken up
RETRY_S: Final = 1.0
"""Pause before a lost port is opened again."""


class ScannerPort:
    """One open port. Use it as a context manager.

    Args:
        device: name of the port, e.g. ``/dev/ttyACM0`` or ``COM3``.
        baud_rate: in bits per second; USB-CDC scanners ignore it.
        clock: seconds that never go back; for tests.

    Raises:
        TransportError: ``scanner.not_found`` if it cannot be opened.
    """

    def __init__(self, device: str, *, baud_rate: int = 9600, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._framer = LineFramer(clock)
        self._waiting: collections.deque[bytes | errors.DocumentError] = collections.deque()
        self._cancelled = threading.Event()
        try:
            self._port = serial.Serial(device, baud_rate, timeout=_POLL_S, exclusive=True)
        except (serial.SerialException, OSError, ValueError):
            raise errors.TransportError(errors.SCANNER_NOT_FOUND) from None

    def read_line(self, timeout_s: float | None = None) -> bytes | None:
        """The next scanned line as octets, without its end.

        Args:
            timeout_s: how long to wait; ``None`` waits until something comes.

        Returns:
            The line, or ``None`` if the time is over. A line that has begun is kept for the next call.

        Raises:
            TransportError: ``scanner.gone`` if the port went away.
            DocumentError: ``scanner.line_too_long``; the next call goes on with the next line.
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
            if not self._waiting and deadline is not None and self._clock() >= deadline:
                return None

    def _read(self, wait_s: float) -> bytes:
        """Whatever is there; waits for the first octet only."""
        try:
            self._port.timeout = wait_s
            first = self._port.read(1)
            return first + self._port.read(min(self._port.in_waiting, _READ_BYTES)) if first else b""
        except (serial.SerialException, OSError, TypeError):  # TypeError: closed by another thread during the read
            if self._cancelled.is_set():
                raise errors.Cancelled from None
            raise errors.TransportError(errors.SCANNER_GONE) from None

    def cancel(self) -> None:
        """Make a waiting :meth:`read_line` raise :class:`~reader.errors.Cancelled`. May be called by any thread."""
        self._cancelled.set()
        with contextlib.suppress(serial.SerialException, OSError, AttributeError):
            self._port.cancel_read()

    def close(self) -> None:
        """Give the port back. May be called twice."""
        with contextlib.suppress(serial.SerialException, OSError):
            self._port.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class SerialScanner:
    """A scanner that reports by callbacks from a thread of its own, and comes back after it was unplugged.

    Args:
        device: name of the port.
        on_line: gets each line as octets.
        on_error: gets ``scanner.not_found`` or ``scanner.gone`` once per loss, and ``scanner.line_too_long``.
        on_ready: called each time the port is open; after an error it means that the scanner is back.
        baud_rate: in bits per second.
        retry_s: pause before the port is opened again.
    """

    def __init__(
        self,
        device: str,
        on_line: Callable[[bytes], None],
        on_error: Callable[[errors.TransportError | errors.DocumentError], None],
        *,
        on_ready: Callable[[], None] | None = None,
        baud_rate: int = 9600,
        retry_s: float = RETRY_S,
    ) -> None:
        self._device = device
        self._on_line = on_line
        self._on_error = on_error
        self._on_ready = on_ready
        self._baud_rate = baud_rate
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
                port = ScannerPort(self._device, baud_rate=self._baud_rate)
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
        if line is not None:
            self._on_line(line)
