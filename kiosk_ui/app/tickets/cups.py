"""Tickets by way of the system's print queue (CUPS): a PDF to ``lp``, and a look whether the queue let it out.

The PDF goes through a pipe: nothing of a slip is left in a file of ours. What the queue keeps is the system's matter;
docs/printing.md says how to have it keep nothing.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from typing import Final

from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.failures import (
    PRINTER_OFF_LINE,
    PRINTER_OUTCOME_UNKNOWN,
    PRINTER_QUEUE_REFUSED,
    PRINTER_STALLED,
    PRINTER_SUPPORT_MISSING,
    PrinterError,
)
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.tickets.layout import PaperWidth
from kiosk_ui.app.tickets.pdf import ticket_pdf
from kiosk_ui.app.tickets.printer_state import PrinterReport, report_of_queue
from kiosk_ui.app.tickets.raster import page_height_mm

__all__ = ["CupsPrinter"]

_DEFAULT: Final = re.compile(r"destination: (\S+)")
_JOB: Final = re.compile(r"\b(\S+-\d+)\b")
_LOOK_EVERY_S = 0.3
_TITLE = "ticket"  # a queue shows titles to everybody


class CupsPrinter:
    """A :class:`~kiosk_ui.app.ports.TicketPrinter` on a print queue.

    Args:
        queue: its name; empty: the system's default.
        paper: width of the roll.
        print_timeout_s: how long the queue may take to let a ticket out.
        command_timeout_s: how long ``lp`` and its kin may take to answer.
    """

    def __init__(
        self, queue: str, paper: PaperWidth, *, print_timeout_s: float = 6.0, command_timeout_s: float = 4.0
    ) -> None:
        self._queue = queue
        self._paper = paper
        self._print_timeout_s = print_timeout_s
        self._command_timeout_s = command_timeout_s

    def print(self, ticket: Ticket) -> None:
        """Print, and wait until the job has left the queue. One that stays is taken back.

        Raises:
            PrinterError: there is no ``lp``, the queue stands still or refused the job, or the job did not leave it in
                time: for want of paper, say, if the driver knows why.
        """
        if self._said_of_queue().code is PRINTER_OFF_LINE:
            raise PrinterError(
                PRINTER_OFF_LINE
            )  # nothing is put into a queue that stands still: it would come out later
        height = round(page_height_mm(ticket, self._paper) + 0.5)
        size = f"media=Custom.{self._paper.value}x{height}mm"
        said = self._run(["lp", *self._to_queue(), "-t", _TITLE, "-o", size, "-"], ticket_pdf(ticket, self._paper))
        found = _JOB.search(said)
        if found is None:
            raise PrinterError(PRINTER_OUTCOME_UNKNOWN)
        self._wait_for(found[1])

    def status(self) -> PrinterState:
        """What the queue says; it knows no more of the printer than its driver does. Never raises."""
        return self._said_of_queue().state

    # ------------------------------------------------------------------------------------------------
    def _to_queue(self) -> list[str]:
        return ["-d", self._queue] if self._queue else []

    def _said_of_queue(self) -> PrinterReport:
        try:
            queue = self._queue or self._default_queue()
            said = self._run(["lpstat", "-l", "-p", queue], b"") if queue else ""
        except PrinterError as error:
            return PrinterReport(PrinterState.UNKNOWN if error.code is PRINTER_STALLED else PrinterState.GONE)
        return report_of_queue(said) if queue else PrinterReport(PrinterState.GONE)

    def _default_queue(self) -> str:
        """Its name; empty if there is none."""
        found = _DEFAULT.search(self._run(["lpstat", "-d"], b""))
        return found[1] if found else ""

    def _wait_for(self, job: str) -> None:
        until = time.monotonic() + self._print_timeout_s
        while True:
            try:
                waiting = self._run(
                    ["lpstat", "-W", "not-completed", "-o", *([self._queue] if self._queue else [])], b""
                )
            except PrinterError:
                raise PrinterError(PRINTER_OUTCOME_UNKNOWN) from None
            if job not in waiting.split():
                return
            if time.monotonic() > until:
                break
            time.sleep(_LOOK_EVERY_S)
        why = self._said_of_queue().code or PRINTER_STALLED  # before it is taken back: then nothing hinders any more
        # Taken back, so that it does not come out when its owner has long gone.
        try:
            self._run(["cancel", job], b"")
        except PrinterError:
            raise PrinterError(PRINTER_OUTCOME_UNKNOWN) from None
        raise PrinterError(why)

    def _run(self, command: list[str], given: bytes) -> str:
        """Run one of CUPS' commands; returns what it says, in English."""
        program = shutil.which(command[0])
        if program is None:
            raise PrinterError(PRINTER_SUPPORT_MISSING, missing=command[0])
        try:
            done = subprocess.run(
                [program, *command[1:]],
                input=given,
                capture_output=True,
                timeout=self._command_timeout_s,
                env=os.environ | {"LC_ALL": "C"},
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise PrinterError(PRINTER_STALLED, command=command[0]) from None
        except OSError as error:
            raise PrinterError(PRINTER_SUPPORT_MISSING, cause=type(error).__name__) from None
        if done.returncode != 0:
            # What the command says could name the file or the user; its exit status is enough.
            raise PrinterError(PRINTER_QUEUE_REFUSED, command=command[0], status=done.returncode)
        return done.stdout.decode("utf-8", "replace")
