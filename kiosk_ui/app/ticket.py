"""The queue ticket on paper: a raster for 80 mm thermal printers and a PDF, drawn from the same lines.

It says what a queue ticket says and nothing more: no name, no citizen number. Receipt printers have no Vietnamese code
page worth trusting, so text is drawn (vietnam.md F).
"""

from __future__ import annotations

import dataclasses
import functools
import io
import os
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from kiosk_ui.app.domain.check_in import Ticket
from kiosk_ui.app.failures import PRINTER_FAILED, PrinterError
from reader import fonts

__all__ = ["FileTicketPrinter", "TicketLine", "ticket_lines", "ticket_pdf", "ticket_png"]

_DOTS_PER_MM = 8  # 203 dpi
_PRINTED_MM = 72  # what an 80 mm thermal head reaches: 576 dots
_PAPER_MM = 80
_MARGIN_MM = 4
_LINE_HEIGHT = 1.45  # Vietnamese capitals carry two marks; less clips them
_MM_PER_POINT = 25.4 / 72


@dataclasses.dataclass(frozen=True, slots=True)
class TicketLine:
    """One line as drawn, centred.

    Attributes:
        text: fits the paper's width.
        size_mm: size of the type (em) in millimetres.
        bold: whether it is set in bold.
        gap_mm: empty space above it.
    """

    text: str
    size_mm: float
    bold: bool = False
    gap_mm: float = 0.0


def ticket_lines(ticket: Ticket) -> tuple[TicketLine, ...]:
    """What the ticket says, top to bottom, Vietnamese before English."""
    lines = [
        TicketLine("Số thứ tự · Queue number", 4.2),
        TicketLine(ticket.number, 24.0, bold=True),
        TicketLine(ticket.department_vi, 7.0, bold=True),
        TicketLine(ticket.department_en, 4.2),
        TicketLine(ticket.place_vi, 6.0, bold=True, gap_mm=2),
        TicketLine(ticket.place_en, 4.2),
    ]
    if ticket.insurance_unverified:
        lines.append(TicketLine("Bảo hiểm chưa được xác minh. Nhân viên sẽ kiểm tra sau.", 4.2, bold=True, gap_mm=3))
        lines.append(TicketLine("Insurance not verified yet. Staff will check later.", 3.6))
    if ticket.at_counter:
        lines.append(TicketLine("Mời đến quầy để kiểm tra bảo hiểm. Số thứ tự vẫn được giữ.", 4.2, bold=True, gap_mm=3))
        lines.append(TicketLine("Insurance is checked at the counter. Your place is kept.", 3.6))
    lines.append(TicketLine("Nhớ lấy thẻ", 6.0, bold=True, gap_mm=3))
    lines.append(TicketLine("Take your card", 4.2))
    lines.append(TicketLine(f"{ticket.issued_at:%d/%m/%Y  %H:%M}", 3.6, gap_mm=2))
    return tuple(wrapped for line in lines for wrapped in _wrap(line))


def ticket_png(ticket: Ticket) -> bytes:
    """The ticket as PNG: black and white, 576 dots wide, for 203 dpi."""
    lines = ticket_lines(ticket)
    height = _dots(sum(line.gap_mm + line.size_mm * _LINE_HEIGHT for line in lines) + 2 * _MARGIN_MM)
    page = Image.new("L", (_PRINTED_MM * _DOTS_PER_MM, height), 255)
    draw = ImageDraw.Draw(page)
    y_mm = float(_MARGIN_MM)
    for line in lines:
        y_mm += line.gap_mm
        middle = _dots(y_mm + line.size_mm * _LINE_HEIGHT / 2)
        draw.text((page.width / 2, middle), line.text, font=_font(line), fill=0, anchor="mm")
        y_mm += line.size_mm * _LINE_HEIGHT
    stored = io.BytesIO()
    # A thermal head knows no grey: cut at half, without dithering, so that edges stay clean.
    page.point(lambda value: 255 if value > 127 else 0).convert("1", dither=Image.Dither.NONE).save(
        stored, "PNG", dpi=(203, 203)
    )
    return stored.getvalue()


def ticket_pdf(ticket: Ticket) -> bytes:
    """The ticket as a one-page PDF, 80 mm wide, with selectable text."""
    from fpdf import FPDF  # takes a second to load: only when first needed

    lines = ticket_lines(ticket)
    height = sum(line.gap_mm + line.size_mm * _LINE_HEIGHT for line in lines) + 2 * _MARGIN_MM
    pdf = FPDF(unit="mm", format=(_PAPER_MM, height))
    pdf.set_auto_page_break(auto=False)
    pdf.set_margins(_MARGIN_MM, _MARGIN_MM)
    pdf.set_title(f"{ticket.number}")
    pdf.set_lang("vi")
    pdf.set_creation_date(ticket.issued_at)
    pdf.add_font("NotoSans", "", fonts.REGULAR)
    pdf.add_font("NotoSans", "B", fonts.BOLD)
    pdf.add_page()
    y_mm = float(_MARGIN_MM)
    for line in lines:
        y_mm += line.gap_mm
        pdf.set_font("NotoSans", "B" if line.bold else "", line.size_mm / _MM_PER_POINT)
        pdf.set_xy(_MARGIN_MM, y_mm)
        pdf.cell(_PRINTED_MM, line.size_mm * _LINE_HEIGHT, line.text, align="C")
        y_mm += line.size_mm * _LINE_HEIGHT
    return bytes(pdf.output())


class FileTicketPrinter:
    """A :class:`~kiosk_ui.app.ports.TicketPrinter` that leaves each ticket as PDF and PNG in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def print(self, ticket: Ticket) -> None:
        """Write both files; printing the same ticket again writes the same names.

        Raises:
            PrinterError: the folder cannot be written.
        """
        pdf, png = self.paths(ticket)
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            _write_whole(png, ticket_png(ticket))
            _write_whole(pdf, ticket_pdf(ticket))
        except OSError as error:
            raise PrinterError(PRINTER_FAILED, cause=type(error).__name__) from None

    def paths(self, ticket: Ticket) -> tuple[Path, Path]:
        """Where the ticket's PDF and PNG are, or will be."""
        stem = f"ticket-{ticket.number}-{ticket.check_in_id.hex[:8]}"
        return self._folder / f"{stem}.pdf", self._folder / f"{stem}.png"


def _write_whole(path: Path, content: bytes) -> None:
    """Nobody ever sees half a file."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=path.name, suffix=".part")
    try:
        with os.fdopen(handle, "wb") as part:
            part.write(content)
        os.replace(name, path)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise


def _dots(mm: float) -> int:
    return round(mm * _DOTS_PER_MM)


@functools.cache
def _type_face(bold: bool, size_dots: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(fonts.BOLD if bold else fonts.REGULAR, size_dots)


def _font(line: TicketLine) -> ImageFont.FreeTypeFont:
    return _type_face(line.bold, _dots(line.size_mm))


def _wrap(line: TicketLine) -> list[TicketLine]:
    """Break at blanks so that each part fits; a single word that is too long is set smaller, never cut."""
    font, room = _font(line), _dots(_PRINTED_MM - 2)
    parts: list[str] = []
    for word in line.text.split(" "):
        longer = f"{parts[-1]} {word}" if parts else word
        if parts and font.getlength(longer) <= room:
            parts[-1] = longer
        else:
            parts.append(word)
    wrapped = []
    for index, text in enumerate(parts):
        width = font.getlength(text)
        size = line.size_mm if width <= room else line.size_mm * room / width
        wrapped.append(TicketLine(text, size, line.bold, line.gap_mm if index == 0 else 0.0))
    return wrapped
