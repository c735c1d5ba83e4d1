"""Draws the one-page report: A4, selectable text, every colour doubled by a pictogram and a word.

The pictograms and colours are those of TR-03135-1 v5.0.1 table 5.1, darkened until white stands out on them.
"""

from __future__ import annotations

import io
import math
import unicodedata
from collections.abc import Sequence
from typing import Final, Literal

from fpdf import FPDF
from fpdf.fonts import TTFFont
from PIL import Image

from crypto.errors import ChipIdError
from reader import fonts
from reader.lds.face_image import decode_image
from reader.reports.page import Mark, Page, PageLine
from reader.reports.page_texts import text
from reader.reports.qr_code import evidence_name, qr_modules
from reader.verification.verdict import Decision

__all__ = ["report_pdf"]

_Colour = tuple[int, int, int]
_Align = Literal["L", "C", "R"]

_PAGE_WIDTH: Final = 210.0  # A4, in millimetres like everything here
_MARGIN: Final = 18.0
_WIDTH: Final = _PAGE_WIDTH - 2 * _MARGIN
_FOOTER_TOP: Final = 250.0
_BOTTOM: Final = 285.0
_PHOTO: Final = (33.0, 44.0)
_QR: Final = 31.0
_SCALES: Final = (1.0, 0.93, 0.86, 0.8, 0.74, 0.68)
"""Sizes of type that are tried until everything stands above the footer."""

_INK: Final = (28, 32, 38)
_MUTED: Final = (96, 104, 115)
_LINE: Final = (205, 209, 214)
_WHITE: Final = (255, 255, 255)
_GREEN: Final = (21, 107, 58)
_AMBER: Final = (148, 84, 0)
_RED: Final = (158, 30, 24)
_BLACK: Final = (28, 28, 28)
_GREY: Final = (120, 126, 134)
_COLOURS: Final = {
    Mark.SUCCESSFUL: _GREEN,
    Mark.NOT_DONE: _GREY,
    Mark.UNDETERMINED: _AMBER,
    Mark.ABORTED: _BLACK,
    Mark.FAILED: _RED,
}
_MARK_OF: Final = {
    Decision.ACCEPT: Mark.SUCCESSFUL,
    Decision.REFER: Mark.UNDETERMINED,
    Decision.REJECT: Mark.FAILED,
}
_MM_PER_POINT: Final = 25.4 / 72
_LINE_HEIGHT: Final = 1.36  # Vietnamese capitals carry two marks; less clips them


def report_pdf(page: Page) -> bytes:
    """The page as PDF. The type shrinks a little where a card has much to say; nothing is cut off."""
    for scale in _SCALES:
        sheet = _Sheet(page, scale)
        if _draw(sheet) <= _FOOTER_TOP or scale == _SCALES[-1]:
            break
        sheet.close()
    _draw_footer(sheet)
    return bytes(sheet.pdf.output())


def _draw(sheet: _Sheet) -> float:
    """Everything above the footer. Returns where it ends."""
    page = sheet.page
    y = _draw_head(sheet)
    y = _draw_verdict(sheet, y)
    y = _draw_person(sheet, y + 6)
    y = _draw_lines(sheet, y + 5, text("proven", page.language), page.proven)
    if not page.proven:
        y = sheet.write(_MARGIN, y, text("nothing", page.language), 10.5, colour=_MUTED)
    y = _draw_lines(sheet, y + 4, text("not_proven", page.language), page.not_proven)
    return _draw_circumstances(sheet, y + 4)


class _Sheet:
    """One A4 page that text and shapes are put on."""

    def __init__(self, page: Page, scale: float) -> None:
        self.page = page
        self.scale = scale
        self.pdf = FPDF(unit="mm", format="A4")
        self.pdf.set_auto_page_break(auto=False)
        self.pdf.set_margin(0)
        self.pdf.c_margin = 0
        self.pdf.set_title(text("title", page.language))
        self.pdf.set_lang(page.language.value)
        self.pdf.set_creator("chipid-kiosk")
        self.pdf.set_creation_date(page.read_at)
        self.pdf.add_font("NotoSans", "", fonts.REGULAR)
        self.pdf.add_font("NotoSans", "B", fonts.BOLD)
        self.pdf.add_page()

    def close(self) -> None:
        """Lets go of the font files, which otherwise only the output does."""
        for font in self.pdf.fonts.values():
            if isinstance(font, TTFFont):
                font.close()

    def write(
        self,
        x: float,
        y: float,
        words: str,
        size_pt: float,
        *,
        width: float = _WIDTH,
        bold: bool = False,
        colour: _Colour = _INK,
        align: _Align = "L",
    ) -> float:
        """Text, broken into lines where it must be. Returns where it ends."""
        size = size_pt * self.scale
        self._set(size, bold, colour)
        self.pdf.set_xy(x, y)
        height = size * _MM_PER_POINT * _LINE_HEIGHT
        self.pdf.multi_cell(width, height, self._drawable(words), align=align, new_x="LMARGIN", new_y="NEXT")
        return self.pdf.get_y()

    def width_of(self, words: str, size_pt: float, *, bold: bool = False) -> float:
        """How wide a text is on one line."""
        self._set(size_pt * self.scale, bold, _INK)
        return self.pdf.get_string_width(self._drawable(words))

    def _set(self, size_pt: float, bold: bool, colour: _Colour) -> None:
        self.pdf.set_font("NotoSans", "B" if bold else "", size_pt)
        self.pdf.set_text_color(*colour)

    def _drawable(self, words: str) -> str:
        """Composed letters on one line; what the font lacks becomes a question mark, so that a gap is seen as one."""
        font = self.pdf.fonts["notosans"]
        known = font.cmap if isinstance(font, TTFFont) else {}
        line = " ".join(unicodedata.normalize("NFC", words).split())
        return "".join(letter if ord(letter) in known else "?" for letter in line)

    def rule(self, y: float) -> None:
        """A thin line from margin to margin."""
        self.pdf.set_draw_color(*_LINE)
        self.pdf.set_line_width(0.25)
        self.pdf.line(_MARGIN, y, _PAGE_WIDTH - _MARGIN, y)

    def pictogram(self, mark: Mark, x: float, y: float, radius: float, *, ground: _Colour, ink: _Colour) -> None:
        """A filled circle with its sign, or an empty one (TR-03135-1 v5.0.1 table 5.1). ``x``, ``y``: its middle."""
        pdf = self.pdf
        pdf.set_fill_color(*ground)
        pdf.set_draw_color(*ground)
        pdf.set_line_width(radius * 0.22)
        if mark is Mark.NOT_DONE:
            pdf.circle(x, y, radius * 0.88, style="D")
            return
        pdf.circle(x, y, radius, style="F")
        pdf.set_draw_color(*ink)
        pdf.set_fill_color(*ink)
        r = radius
        if mark is Mark.SUCCESSFUL:
            self._stroke((x - 0.46 * r, y + 0.04 * r), (x - 0.12 * r, y + 0.4 * r), (x + 0.48 * r, y - 0.36 * r))
        elif mark is Mark.FAILED:
            self._stroke((x - 0.38 * r, y - 0.38 * r), (x + 0.38 * r, y + 0.38 * r))
            self._stroke((x - 0.38 * r, y + 0.38 * r), (x + 0.38 * r, y - 0.38 * r))
        elif mark is Mark.UNDETERMINED:
            self._stroke((x, y - 0.52 * r), (x, y + 0.12 * r))
            pdf.circle(x, y + 0.5 * r, 0.13 * r, style="F")
        else:
            pdf.rect(x - 0.36 * r, y - 0.36 * r, 0.72 * r, 0.72 * r, style="F")

    def _stroke(self, *points: tuple[float, float]) -> None:
        """A line with round ends."""
        self.pdf.polyline(points)
        for x, y in points:
            self.pdf.circle(x, y, self.pdf.line_width / 2, style="F")


# ------------------------------------------------------------------------------------------ parts
def _draw_head(sheet: _Sheet) -> float:
    page = sheet.page
    sheet.write(_MARGIN, 13, text("title", page.language), 12, bold=True, colour=_MUTED)
    sheet.write(_MARGIN, 13, f"{page.read_at:%d/%m/%Y  %H:%M}", 12, colour=_MUTED, align="R")
    if not page.is_test:
        return 22
    words = text("test", page.language)
    sheet.pdf.set_draw_color(*_INK)
    sheet.pdf.set_line_width(0.5)
    sheet.pdf.set_dash_pattern(dash=2, gap=1.2)
    sheet.pdf.rect(_MARGIN, 20.5, _WIDTH, 7.5)
    sheet.pdf.set_dash_pattern()
    sheet.write(_MARGIN, 21.3, words, 11 / sheet.scale, bold=True, align="C")
    return 31


def _draw_verdict(sheet: _Sheet, y: float) -> float:
    page = sheet.page
    mark = _MARK_OF[page.decision]
    left, width = _MARGIN + 33, _WIDTH - 39
    headline_pt = 27 / sheet.scale
    while sheet.width_of(page.headline, headline_pt, bold=True) > width:
        headline_pt -= 0.5
    sheet.pdf.set_fill_color(*_COLOURS[mark])
    sheet.pdf.rect(_MARGIN, y, _WIDTH, 31, style="F", round_corners=True, corner_radius=3)
    sheet.pictogram(mark, _MARGIN + 17, y + 15.5, 10.5, ground=_WHITE, ink=_COLOURS[mark])
    reason_pt = 11.5 / sheet.scale
    lines = math.ceil(sheet.width_of(page.reason, reason_pt) / width)
    height = (headline_pt + lines * reason_pt) * sheet.scale * _MM_PER_POINT * _LINE_HEIGHT
    top = y + max(1.0, (31 - height) / 2)
    below = sheet.write(left, top, page.headline, headline_pt, width=width, bold=True, colour=_WHITE)
    sheet.write(left, below, page.reason, reason_pt, width=width, colour=_WHITE)
    return y + 31


def _draw_person(sheet: _Sheet, y: float) -> float:
    page = sheet.page
    top, room = y, _WIDTH
    if page.portrait is not None and _draw_portrait(sheet, page.portrait, y):
        room -= _PHOTO[0] + 6
    y = sheet.write(_MARGIN, y, text("who", page.language), 9, colour=_MUTED, width=room)
    y = sheet.write(_MARGIN, y, page.name, 19 if len(page.name) <= 40 else 15, bold=True, width=room) + 1.5
    *facts, last = page.person or (("", ""),)
    is_long = len(last[1]) > 24  # an address gets a line of its own
    columns = facts if is_long else page.person
    widths = [max(sheet.width_of(label, 8.5), sheet.width_of(value, 11)) for label, value in columns]
    gap = (room - sum(widths)) / max(len(columns), 1)
    bottom, x = y, _MARGIN
    for (label, value), wide in zip(columns, widths, strict=True):
        below = sheet.write(x, y, label, 8.5, width=wide + max(gap, 0.5), colour=_MUTED)
        bottom = max(bottom, sheet.write(x, below, value, 11, width=wide + max(gap, 0.5)))
        x += wide + gap
    if is_long:
        bottom = sheet.write(_MARGIN, bottom + 1.5, last[0], 8.5, width=room, colour=_MUTED)
        bottom = sheet.write(_MARGIN, bottom, last[1], 11, width=room)
    return bottom if room == _WIDTH else max(bottom, top + _PHOTO[1])


def _draw_portrait(sheet: _Sheet, portrait: bytes, y: float) -> bool:
    """Whether there is a photo now; one that cannot be decoded leaves its place to the text."""
    try:
        pixels = decode_image(portrait)
    except ChipIdError:
        return False
    image = Image.frombytes("RGB", (pixels.width, pixels.height), pixels.rgb)
    image.thumbnail((480, 640))
    x = _PAGE_WIDTH - _MARGIN - _PHOTO[0]
    stored = io.BytesIO()
    image.save(stored, "PNG")
    sheet.pdf.image(stored, x, y, *_PHOTO, keep_aspect_ratio=True, alt_text=text("who", sheet.page.language))
    return True


def _draw_lines(sheet: _Sheet, y: float, title: str, lines: Sequence[PageLine]) -> float:
    y = sheet.write(_MARGIN, y, title, 12, bold=True) + 1
    for line in lines:
        y = _draw_line(sheet, y, line) + 1.3 * sheet.scale
    return y


def _draw_line(sheet: _Sheet, y: float, line: PageLine) -> float:
    radius = 2.5 * sheet.scale
    middle = y + 10.5 * sheet.scale * _MM_PER_POINT * _LINE_HEIGHT / 2
    sheet.pictogram(line.mark, _MARGIN + radius, middle, radius, ground=_COLOURS[line.mark], ink=_WHITE)
    left = _MARGIN + 8
    if line.title:
        title_width = 47.0
        ends = sheet.write(left, y, line.title, 10.5, width=title_width - 2, bold=True)
        left += title_width
    else:
        ends = y
    below = sheet.write(left, y, line.sentence, 10.5, width=_PAGE_WIDTH - _MARGIN - left)
    if line.code:
        below = sheet.write(left, below - 0.4, line.code, 7.5, width=_PAGE_WIDTH - _MARGIN - left, colour=_MUTED)
    return max(ends, below)


def _draw_circumstances(sheet: _Sheet, y: float) -> float:
    page = sheet.page
    sheet.rule(y)
    y = sheet.write(_MARGIN, y + 2, text("circumstances", page.language), 10, bold=True) + 0.5
    label_width = 34.0
    for label, value in page.circumstances:
        sheet.write(_MARGIN, y, label, 8.5, width=label_width, colour=_MUTED)
        y = sheet.write(_MARGIN + label_width, y, value, 8.5, width=_WIDTH - label_width)
    return y


def _draw_footer(sheet: _Sheet) -> None:
    page = sheet.page
    sheet.scale = 1.0
    sheet.rule(_FOOTER_TOP + 1.5)
    y = _FOOTER_TOP + 4
    if page.evidence_sha256 is None:
        sheet.write(_MARGIN, y, text("untied", page.language), 9.5, bold=True)
        return
    _draw_qr(sheet, evidence_name(page.evidence_sha256), _MARGIN, y)
    left = _MARGIN + _QR + 6
    width = _PAGE_WIDTH - _MARGIN - left
    y = sheet.write(left, y - 0.5, text("tied", page.language), 9.5, width=width)
    groups = [page.evidence_sha256[start : start + 8] for start in range(0, 64, 8)]
    for part in (groups[:4], groups[4:]):
        y = sheet.write(left, y + 0.5, "  ".join(part), 11, width=width, bold=True)
    sheet.write(left, y + 1.5, text("proves_nothing", page.language), 8.5, width=width, colour=_MUTED)


def _draw_qr(sheet: _Sheet, content: str, x: float, y: float) -> None:
    """Runs of dark modules as rectangles, so that no hairline shows between them."""
    rows = qr_modules(content)
    module = _QR / len(rows)
    sheet.pdf.set_fill_color(0, 0, 0)
    for number, row in enumerate(rows):
        start = 0
        while start < len(row):
            end = start
            while end < len(row) and row[end]:
                end += 1
            if end > start:
                sheet.pdf.rect(x + start * module, y + number * module, (end - start) * module, module, style="F")
            start = end + 1
