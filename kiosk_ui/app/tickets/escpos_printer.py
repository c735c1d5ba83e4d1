"""Prints tickets on a receipt printer that speaks ESC/POS, and finds out whether they came out.

The printer is asked before (``DLE EOT``: out of paper, open, off line: nothing is sent) and after: ``GS r`` waits behind
the picture in the printer's buffer, so its answer means that all before it is on paper. Every step has a time limit.
Whatever fails empties the printer's buffer, so that no slip comes out by itself when the next roll is put in.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

from PIL import Image

from crypto.errors import ErrorCode
from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.failures import (
    PRINTER_CUT_OFF,
    PRINTER_NO_PAPER,
    PRINTER_OUTCOME_UNKNOWN,
    PRINTER_STALLED,
    PRINTER_UNREACHABLE,
    PrinterError,
)
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.tickets.channels import Channel
from kiosk_ui.app.tickets.conversation import Conversation
from kiosk_ui.app.tickets.escpos_job import RasterCommand, escpos_job
from kiosk_ui.app.tickets.layout import PaperWidth
from kiosk_ui.app.tickets.raster import ticket_page

__all__ = ["EscPosPrinter"]

_STEP_S = 0.25


class EscPosPrinter:
    """A :class:`~kiosk_ui.app.ports.TicketPrinter` that can also be asked how it is.

    Args:
        open_channel: opens the line; one for each ticket, so that a printer may be switched off and on in between.
        paper: width of its roll.
        answers: whether it can be heard; one that cannot is believed to have printed what it took.
        command: which command carries pictures.
        cuts: whether it has a cutter.
        status_timeout_s: how long an answer to a question of status may take.
        print_timeout_s: how long it may take the data, and again how long it may print after that.
        rows_per_s: how fast a slow head prints: 50 mm/s.
    """

    def __init__(
        self,
        open_channel: Callable[[], Channel],
        paper: PaperWidth,
        *,
        answers: bool = True,
        command: RasterCommand = "bit_image",
        cuts: bool = True,
        status_timeout_s: float = 0.5,
        print_timeout_s: float = 6.0,
        rows_per_s: float = 400.0,
    ) -> None:
        self._open_channel = open_channel
        self._paper = paper
        self._answers = answers
        self._command: RasterCommand = command
        self._cuts = cuts
        self._status_timeout_s = status_timeout_s
        self._print_timeout_s = print_timeout_s
        self._rows_per_s = rows_per_s
        self._lock = threading.Lock()
        self._last = PrinterState.UNKNOWN
        self._tells_end = False

    def print(self, ticket: Ticket) -> None:
        """Print. The same ticket again prints the same paper again.

        Raises:
            PrinterError: ``printer.*``; the code says whether nothing, a part, or nobody knows what was printed.
        """
        page = ticket_page(ticket, self._paper)
        job = escpos_job(page, self._command, cut=self._cuts)
        with self._lock:
            try:
                with self._line() as channel:
                    self._last = self._print(channel, job, page)
            except PrinterError as error:
                self._last = _state_after(error.code)
                raise

    def status(self) -> PrinterState:
        """Ask how the printer is; while it prints, what was known last. Never raises."""
        if not self._lock.acquire(blocking=False):
            return self._last
        try:
            with self._line() as channel:
                self._last = self._talk(channel).report().state
        except PrinterError as error:
            self._last = _state_after(error.code)
        finally:
            self._lock.release()
        return self._last

    # ------------------------------------------------------------------------------------------------
    @contextlib.contextmanager
    def _line(self) -> Iterator[Channel]:
        """A line for one piece of work. What breaks outside of printing means that the printer is not there."""
        try:
            with closing(self._open_channel()) as channel:
                yield channel
        except OSError as error:
            self._tells_end = False  # there may be another printer when it is back
            raise PrinterError(PRINTER_UNREACHABLE, cause=type(error).__name__) from None

    def _talk(self, channel: Channel) -> Conversation:
        return Conversation(channel, answers=self._answers, timeout_s=self._status_timeout_s)

    def _print(self, channel: Channel, job: bytes, page: Image.Image) -> PrinterState:
        talk = self._talk(channel)
        before = talk.report()
        if before.code is not None:
            raise PrinterError(before.code)
        # Printers without GS r exist. One that has ever answered it answers it at the end, or something is wrong.
        self._tells_end = self._tells_end or (before.answered and talk.tells_end())
        try:
            channel.send(job, self._print_timeout_s)
        except TimeoutError:
            raise PrinterError(_why(talk) or PRINTER_STALLED) from None
        except OSError as error:
            raise PrinterError(PRINTER_CUT_OFF, cause=type(error).__name__) from None
        if not self._answers:
            return PrinterState.UNKNOWN
        if not before.answered:
            raise PrinterError(PRINTER_OUTCOME_UNKNOWN)  # it may well be printing: its buffer is left alone
        try:
            code = self._missing(talk, page.height / self._rows_per_s)
        except OSError:
            code = PRINTER_OUTCOME_UNKNOWN
        if code is not None:
            talk.forget()
            raise PrinterError(code)
        return before.state

    def _missing(self, talk: Conversation, printing_s: float) -> ErrorCode | None:
        """Wait for the paper. ``None``: it came out; else why it did not, or that nobody knows."""
        until = time.monotonic() + printing_s + (self._print_timeout_s if self._tells_end else 0)
        if self._tells_end:
            talk.ask_for_end()
        while (left := until - time.monotonic()) > 0:
            if not self._tells_end:
                time.sleep(min(_STEP_S, left))
            elif talk.end_within(min(_STEP_S, left)):
                return None
            if (code := talk.report().code) is not None:
                return code
        after = talk.report()
        if after.code is not None:
            return after.code
        # Where the end is told, silence about it is a bad sign, whatever else the printer says.
        return None if after.answered and not self._tells_end else PRINTER_OUTCOME_UNKNOWN


def _why(talk: Conversation) -> ErrorCode | None:
    """Why the printer takes no more, if it still says so. Its buffer is emptied."""
    try:
        code = talk.report().code
    except OSError:
        return None
    talk.forget()
    return code


def _state_after(code: ErrorCode) -> PrinterState:
    if code is PRINTER_NO_PAPER:
        return PrinterState.NO_PAPER
    return PrinterState.UNKNOWN if code is PRINTER_OUTCOME_UNKNOWN else PrinterState.GONE
