"""What a receipt printer says about itself (ESC/POS ``DLE EOT n``), and what follows."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from crypto.errors import ErrorCode
from kiosk_ui.app.failures import PRINTER_COVER_OPEN, PRINTER_NO_PAPER, PRINTER_OFF_LINE
from kiosk_ui.app.ports import PrinterState

__all__ = ["PrinterReport", "is_end_of_job", "is_status", "report_of"]


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
