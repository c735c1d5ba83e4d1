"""Tickets and slips as one-page PDFs with text that can be searched and read aloud, for print queues and files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.tickets.layout import PaperWidth, QrMark, TicketLine, ticket_rows
from kiosk_ui.app.tickets.raster import MARGIN_MM, page_height_mm
from reader import fonts
from reader.reports.qr_code import qr_modules

if TYPE_CHECKING:
    from fpdf import FPDF

__all__ = ["ticket_pdf"]

_MM_PER_POINT = 25.4 / 72
_QUIET_MODULES = 4


def ticket_pdf(ticket: Ticket, paper: PaperWidth = PaperWidth.MM_80) -> bytes:
    """One page as wide as the roll and as long as needed."""
    from fpdf import FPDF  # takes a second to load: only when first needed

    pdf = FPDF(unit="mm", format=(paper.value, page_height_mm(ticket, paper)))
    pdf.set_auto_page_break(auto=False)
    pdf.set_margins(MARGIN_MM, MARGIN_MM)
    pdf.set_title(f"{ticket.number}")
    pdf.set_lang("vi")
    pdf.set_creation_date(ticket.issued_at)
    pdf.add_font("NotoSans", "", fonts.REGULAR)
    pdf.add_font("NotoSans", "B", fonts.BOLD)
    pdf.add_page()
    y_mm = float(MARGIN_MM)
    for row in ticket_rows(ticket, paper):
        y_mm += row.gap_mm
        if isinstance(row, QrMark):
            _draw_code(pdf, row, paper, y_mm)
        else:
            _write_line(pdf, row, paper, y_mm)
        y_mm += row.height_mm
    return bytes(pdf.output())


def _write_line(pdf: FPDF, line: TicketLine, paper: PaperWidth, y_mm: float) -> None:
    pdf.set_font("NotoSans", "B" if line.bold else "", line.size_mm / _MM_PER_POINT)
    width = pdf.get_string_width(line.text) + line.size_mm if line.boxed else float(paper.printed_mm)
    pdf.set_fill_color(0)
    pdf.set_text_color(255 if line.boxed else 0)
    pdf.set_xy((paper.value - width) / 2, y_mm)
    pdf.cell(width, line.height_mm, line.text, align="C", fill=line.boxed)


def _draw_code(pdf: FPDF, mark: QrMark, paper: PaperWidth, y_mm: float) -> None:
    modules = qr_modules(mark.content)
    module = mark.height_mm / (len(modules) + 2 * _QUIET_MODULES)
    left = (paper.value - module * len(modules)) / 2
    pdf.set_fill_color(0)
    for down, row in enumerate(modules):
        for across, dark in enumerate(row):
            if dark:
                y = y_mm + (down + _QUIET_MODULES) * module
                pdf.rect(left + across * module, y, module, module, style="F")
