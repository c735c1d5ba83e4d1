"""An emulated receipt printer (ESC/POS) on TCP loopback or on a pseudo terminal, with what printers do wrong.

Its sheets can be looked at as pictures. Status: DLE EOT n is answered at once, whatever else is going on; GS r n waits
in the buffer and is answered when all before it is on paper, and not at all while the printer is off line.
"""

from __future__ import annotations

import abc
import enum
import os
import pty
import select
import socket
import threading
import time
import tty
from types import TracebackType
from typing import Self

from emulator.services.thermal_paper import Sheet, ThermalPaper, find_real_time

__all__ = ["PrinterFault", "PtyReceiptPrinter", "ReceiptPrinter", "TcpReceiptPrinter"]

_LONGEST_REAL_TIME = 10  # bytes
_POLL_S = 0.02
_SLOW_BYTES = 512


class PrinterFault(enum.StrEnum):
    """What can be wrong with a printer that is switched on. An empty roll is ``paper.rows_left = 0``."""

    NONE = "none"
    PAPER_LOW = "paper_low"  # prints; the near-end sensor says so
    COVER_OPEN = "cover_open"
    CUTTER_JAMMED = "cutter_jammed"  # off line with an error
    SILENT = "silent"  # prints, and never answers a question
    NO_BUFFERED_STATUS = "no_buffered_status"  # answers DLE EOT, not GS r: printers without that command
    GARBAGE = "garbage"  # prints, and answers with what is no status
    LIES = "lies"  # says that all is well, and carries nothing out
    HANGS = "hangs"  # stops taking data in the middle of the picture, and answers nothing any more
    DISCONNECTS = "disconnects"  # hangs up in the middle of the picture
    SLOW = "slow"  # takes its data in small pieces


class ReceiptPrinter(abc.ABC):
    """A printer. A context manager: it is switched on inside the block.

    Args:
        dots: width of its head: 576 for 80 mm paper, 384 for 58 mm.
        fault: what is wrong with it.
        after_bytes: how much of a job :attr:`PrinterFault.HANGS` and :attr:`PrinterFault.DISCONNECTS` let pass.

    Attributes:
        paper: the mechanics: the roll and the sheets.
        fault: may be changed at any time.
        jobs: connections so far.
    """

    def __init__(self, dots: int = 576, *, fault: PrinterFault = PrinterFault.NONE, after_bytes: int = 2_000) -> None:
        self.paper = ThermalPaper(dots)
        self.fault = fault
        self.after_bytes = after_bytes
        self.jobs = 0
        self._taken = 0
        self._tail = b""
        self._over = threading.Event()
        self._idle = threading.Event()
        self._idle.set()
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @abc.abstractmethod
    def start(self) -> None:
        """Switch on."""

    @abc.abstractmethod
    def stop(self) -> None:
        """Switch off: whoever asks is refused. May be called twice."""

    @property
    def sheets(self) -> list[Sheet]:
        """The pieces of paper that were cut off, oldest first."""
        with self._lock:
            return list(self.paper.sheets)

    def refill(self, rows: int | None = None) -> None:
        """Put in a new roll: what is still in the buffer is printed now."""
        with self._lock:
            self.paper.rows_left = rows
            self.paper.work()

    def wait_for_end_of_job(self, seconds: float = 5.0) -> bool:
        """Wait until the line is closed and all that came over it was heard."""
        return self._idle.wait(seconds)

    def wait_for_sheets(self, count: int, seconds: float = 5.0) -> bool:
        """Wait until so many sheets were cut off."""
        until = time.monotonic() + seconds
        while len(self.sheets) < count:
            if time.monotonic() > until:
                return False
            time.sleep(_POLL_S)
        return True

    # ----------------------------------------------------------------------------- used by the lines
    def begin_job(self) -> None:
        """A line was opened."""
        with self._lock:
            self.jobs += 1
            self._idle.clear()
            self._taken = 0
            self._tail = b""

    def end_job(self) -> None:
        """The line was closed."""
        self._idle.set()

    def most_now(self) -> int:
        """How many bytes the printer takes next; 0: none any more, it hangs."""
        if self.fault is PrinterFault.HANGS and self._taken >= self.after_bytes:
            return 0
        if self.fault is PrinterFault.SLOW:
            time.sleep(0.002)
            return _SLOW_BYTES
        return 4_096

    def hangs_up(self) -> bool:
        """Whether the line is to be closed now."""
        return self.fault is PrinterFault.DISCONNECTS and self._taken >= self.after_bytes

    def take(self, data: bytes) -> bytes:
        """Take what has arrived; returns what the printer says to it."""
        with self._lock:
            self._taken += len(data)
            answers = self._in_real_time(data)
            if self.fault in (PrinterFault.LIES, PrinterFault.HANGS, PrinterFault.DISCONNECTS):
                return answers if self._taken < self.after_bytes or self.fault is PrinterFault.LIES else b""
            self.paper.put(data)
            if self._error() is None:
                buffered = self.paper.work()
                if self.fault not in (PrinterFault.SILENT, PrinterFault.NO_BUFFERED_STATUS, PrinterFault.GARBAGE):
                    answers += buffered
            return answers

    def _in_real_time(self, data: bytes) -> bytes:
        heard = self._tail + data
        answers = b""
        end = 0
        for command in find_real_time(heard):
            end = command.end
            if command.asks is not None:
                answers += self._status(command.asks)
            elif command.clears:
                self.paper.clear()
        self._tail = heard[max(end, len(heard) - _LONGEST_REAL_TIME + 1) :]
        return answers

    def _error(self) -> str | None:
        match self.fault:
            case PrinterFault.COVER_OPEN:
                return "cover"
            case PrinterFault.CUTTER_JAMMED:
                return "cutter"
            case _:
                return "paper" if self.paper.is_out else None

    def _status(self, which: int) -> bytes:
        """One byte for DLE EOT n: bits 1 and 4 are always set, bits 0 and 7 never."""
        if self.fault is PrinterFault.SILENT:
            return b""
        if self.fault is PrinterFault.GARBAGE:
            return b"\xff\x00?"
        error = None if self.fault is PrinterFault.LIES else self._error()
        byte = 0x12
        match which:
            case 1:
                byte |= 0x08 if error else 0
            case 2:
                byte |= {"cover": 0x04, "paper": 0x20, "cutter": 0x40}.get(error or "", 0)
            case 3:
                byte |= 0x08 if error == "cutter" else 0
            case _:
                byte |= 0x60 if error == "paper" else 0
                byte |= 0x0C if self.fault is PrinterFault.PAPER_LOW or error == "paper" else 0
        return bytes([byte])


class TcpReceiptPrinter(ReceiptPrinter):
    """A printer with a network card: the raw port, one connection at a time."""

    def __init__(
        self, dots: int = 576, *, fault: PrinterFault = PrinterFault.NONE, after_bytes: int = 2_000, port: int = 0
    ) -> None:
        super().__init__(dots, fault=fault, after_bytes=after_bytes)
        self.port = port
        self._server: socket.socket | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Listen on 127.0.0.1; the port stays the same over :meth:`stop` and :meth:`start`."""
        if self._server is not None:
            return
        self._over.clear()
        server = socket.socket()
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)  # printers have little memory
        server.bind(("127.0.0.1", self.port))
        server.listen(2)
        server.settimeout(_POLL_S)
        self.port = server.getsockname()[1]
        self._server = server
        self._thread = threading.Thread(target=self._serve, args=(server,), name="receipt-printer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Stop listening."""
        if self._server is None or self._thread is None:
            return
        self._over.set()
        self._thread.join()
        self._server.close()
        self._server = self._thread = None

    def _serve(self, server: socket.socket) -> None:
        while not self._over.is_set():
            try:
                line, _ = server.accept()
            except TimeoutError:
                continue
            with line:
                self.begin_job()
                line.settimeout(_POLL_S)
                self._talk(line)
            self.end_job()

    def _talk(self, line: socket.socket) -> None:
        while not self._over.is_set() and not self.hangs_up():
            most = self.most_now()
            if most == 0:
                self._over.wait(_POLL_S)
                if _was_closed(line):
                    return
                continue
            try:
                data = line.recv(most)
                if not data:
                    return
                line.sendall(self.take(data))
            except TimeoutError:
                continue
            except OSError:
                return


def _was_closed(line: socket.socket) -> bool:
    """Whether the other side gave up on a printer that hangs. Its unread data stands before its farewell."""
    poller = select.poll()
    poller.register(line, select.POLLRDHUP)
    return bool(poller.poll(0))


class PtyReceiptPrinter(ReceiptPrinter):
    """A printer on a serial line or a device file: a pseudo terminal."""

    def __init__(self, dots: int = 576, *, fault: PrinterFault = PrinterFault.NONE, after_bytes: int = 2_000) -> None:
        super().__init__(dots, fault=fault, after_bytes=after_bytes)
        self.path = ""
        self._ends: tuple[int, int] | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Open the line; :attr:`path` is its name."""
        if self._ends is not None:
            return
        self._over.clear()
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        self.path = os.ttyname(theirs)
        self._ends = (ours, theirs)
        self.begin_job()
        self._thread = threading.Thread(target=self._serve, args=(ours,), name="receipt-printer", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Close the line; its name is gone."""
        if self._ends is None or self._thread is None:
            return
        self._over.set()
        self._thread.join()
        for end in self._ends:
            os.close(end)
        self._ends = self._thread = None

    def _serve(self, ours: int) -> None:
        while not self._over.is_set():
            most = self.most_now()
            if most == 0 or not select.select([ours], [], [], _POLL_S)[0]:
                self._over.wait(_POLL_S if most == 0 else 0)
                continue
            answers = self.take(os.read(ours, most))
            if answers:
                os.write(ours, answers)
