"""Tickets and slips as pictures for thermal heads of 203 dpi: black and white, exactly as wide as the head.

Receipt printers have no Vietnamese code page worth trusting, so text is drawn.
"""

from __future__ import annotations

import io

from PIL import Image, ImageDraw

from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.tickets.layout import DOTS_PER_MM, PaperWidth, QrMark, TicketLine, ticket_rows, type_face
from reader.reports.qr_code import qr_modules

__all__ = ["MARGIN_MM", "page_height_mm", "ticket_page", "ticket_png"]

MARGIN_MM = 4
_QUIET_MODULES = 4  # ISO/IEC 18004: the quiet zone is four modules wide
_BOX_EDGE = 0.5  # of the type's size, on both sides


def ticket_page(ticket: Ticket, paper: PaperWidth = PaperWidth.MM_80) -> Image.Image:
    """The paper, mode ``1``, white is 255."""
    page = Image.new("L", (paper.dots, _dots(page_height_mm(ticket, paper))), 255)
    draw = ImageDraw.Draw(page)
    y_mm = float(MARGIN_MM)
    for row in ticket_rows(ticket, paper):
        y_mm += row.gap_mm
        if isinstance(row, QrMark):
            _draw_code(page, row, y_mm)
        else:
            _draw_line(draw, row, page.width / 2, y_mm)
        y_mm += row.height_mm
    # A thermal head knows no grey: cut at half, without dithering, so that edges stay clean.
    return page.point(lambda value: 255 if value > 127 else 0).convert("1", dither=Image.Dither.NONE)


def ticket_png(ticket: Ticket, paper: PaperWidth = PaperWidth.MM_80) -> bytes:
    """The paper as PNG, 203 dpi."""
    stored = io.BytesIO()
    ticket_page(ticket, paper).save(stored, "PNG", dpi=(203, 203))
    return stored.getvalue()


def page_height_mm(ticket: Ticket, paper: PaperWidth) -> float:
    """Length of the paper."""
    return sum(row.gap_mm + row.height_mm for row in ticket_rows(ticket, paper)) + 2 * MARGIN_MM


def _draw_line(draw: ImageDraw.ImageDraw, line: TicketLine, middle_x: float, y_mm: float) -> None:
    font = type_face(line.bold, _dots(line.size_mm))
    middle_y = _dots(y_mm + line.height_mm / 2)
    if line.boxed:
        half = font.getlength(line.text) / 2 + _BOX_EDGE * _dots(line.size_mm)
        draw.rectangle((middle_x - half, _dots(y_mm), middle_x + half, _dots(y_mm + line.height_mm)), fill=0)
    draw.text((middle_x, middle_y), line.text, font=font, fill=255 if line.boxed else 0, anchor="mm")


def _draw_code(page: Image.Image, mark: QrMark, y_mm: float) -> None:
    """Whole dots for each module: a thermal head smears edges that fall between two dots."""
    modules = qr_modules(mark.content)
    room = _dots(mark.height_mm)
    module = max(1, room // (len(modules) + 2 * _QUIET_MODULES))
    left = (page.width - module * len(modules)) // 2
    top = _dots(y_mm) + (room - module * len(modules)) // 2
    for down, row in enumerate(modules):
        for across, dark in enumerate(row):
            if dark:
                x, y = left + across * module, top + down * module
                page.paste(0, (x, y, x + module, y + module))


def _dots(mm: float) -> int:
    return round(mm * DOTS_PER_MM)
