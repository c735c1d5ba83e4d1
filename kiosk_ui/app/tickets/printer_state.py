"""What a printer says about itself (ESC/POS ``DLE EOT n``), or its queue (``lpstat -l -p``), and what follows."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Final

from crypto.errors import ErrorCode
from kiosk_ui.app.failures import PRINTER_COVER_OPEN, PRINTER_NO_PAPER, PRINTER_OFF_LINE, PRINTER_QUEUE_REFUSED
from kiosk_ui.app.ports import PrinterState

__all__ = ["PrinterReport", "is_end_of_job", "is_status", "report_of", "report_of_queue"]


@dataclasses.dataclass(frozen=True, slots=True)
class PrinterReport:
    """What came of asking.

    Attributes:
        state: for the operator. One that is there and prints nothing now (open, jammed) counts as gone.
        code: why nothing can be printed, or ``None``.
    """

    state: PrinterState
    code: ErrorCode | None = None

    @property
    def answered(self) -> bool:
        """Whether the printer says anything about itself."""
        return self.state is not PrinterState.UNKNOWN


def is_status(byte: int) -> bool:
    """Whether this is an answer to DLE EOT: bits 1 and 4 set, 0 and 7 clear. Else it is noise."""
    return byte & 0b1001_0011 == 0b0001_0010


def is_end_of_job(byte: int) -> bool:
    """Whether this is an answer to GS r 1: bits 4 and 7 clear, each sensor's two bits (0 and 1, 2 and 3) alike."""
    return byte & 0b1001_0000 == 0 and byte & 0b1111 in (0b0000, 0b0011, 0b1100, 0b1111)


def report_of(answers: Mapping[int, int]) -> PrinterReport:
    """Judge the answers to DLE EOT 1 (printer), 2 (why off line) and 4 (paper), by n.

    An open cover also looks like missing paper, so it is looked for first.
    """
    if not answers:
        return PrinterReport(PrinterState.UNKNOWN)
    printer, cause, paper = (answers.get(which, 0) for which in (1, 2, 4))
    if cause & 0x04:
        return PrinterReport(PrinterState.GONE, PRINTER_COVER_OPEN)
    if paper & 0x60 or cause & 0x20:
        return PrinterReport(PrinterState.NO_PAPER, PRINTER_NO_PAPER)
    if printer & 0x08 or cause & 0x40:
        return PrinterReport(PrinterState.GONE, PRINTER_OFF_LINE)
    if paper & 0x0C:
        return PrinterReport(PrinterState.PAPER_LOW)
    return PrinterReport(PrinterState.READY)


_HINDRANCES: Final = (  # printer-state-reasons, RFC 8011 section 5.4.12, in the order in which they are looked for
    ({"cover-open", "door-open", "interlock-open"}, PrinterReport(PrinterState.GONE, PRINTER_COVER_OPEN)),
    ({"media-empty", "media-needed"}, PrinterReport(PrinterState.NO_PAPER, PRINTER_NO_PAPER)),
    ({"media-jam", "offline", "shutdown", "timed-out"}, PrinterReport(PrinterState.GONE, PRINTER_OFF_LINE)),
)


def report_of_queue(said: str) -> PrinterReport:
    """Judge what CUPS' ``lpstat -l -p QUEUE`` prints, in English: whether the queue runs, and its driver's alerts."""
    if re.search(r"^printer \S+ disabled", said, re.MULTILINE):
        return PrinterReport(PrinterState.GONE, PRINTER_OFF_LINE)
    alerts = re.findall(r"^\s*Alerts: (.*)$", said, re.MULTILINE)
    words = {word for line in alerts for word in line.split()}
    # Without a suffix it is an error; a report or a warning hinders nothing.
    errors = {word.removesuffix("-error") for word in words}
    for reasons, report in _HINDRANCES:
        if reasons & errors:
            return report
    if "Rejecting Jobs" in said:
        return PrinterReport(PrinterState.GONE, PRINTER_QUEUE_REFUSED)
    if words & {"media-low", "media-low-error", "media-low-warning", "media-empty-warning"}:
        return PrinterReport(PrinterState.PAPER_LOW)
    is_up = re.search(r"^printer \S+ (is idle|now printing)", said, re.MULTILINE) is not None
    return PrinterReport(PrinterState.READY if is_up else PrinterState.UNKNOWN)
