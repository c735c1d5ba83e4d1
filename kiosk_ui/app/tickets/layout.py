"""What stands on a ticket or slip, top to bottom, for a roll of a given width. No drawing here.

A queue ticket says what a queue ticket says and nothing more: no name, no number of a document, no reason for a
priority. A slip says what the counter needs, so that nobody asks it again.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import unicodedata

from PIL import ImageFont

from kiosk_ui.app.domain.check_in import Slip, Ticket
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.tickets import wording as w
from reader import fonts

__all__ = ["DOTS_PER_MM", "LINE_HEIGHT", "PaperWidth", "QrMark", "TicketLine", "ticket_lines", "type_face"]

DOTS_PER_MM = 8  # 203 dpi
LINE_HEIGHT = 1.45  # Vietnamese capitals carry two marks; less clips them
_LONGEST_NAME = 100  # characters; a forged card must not print metres of paper
_QR_MM = 26.0
_NO_TEXT = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


class PaperWidth(enum.IntEnum):
    """Width of the roll in millimetres."""

    MM_58 = 58
    MM_80 = 80

    @property
    def printed_mm(self) -> int:
        """What the head reaches: 384 dots of 58 mm, 576 of 80 mm."""
        return 48 if self is PaperWidth.MM_58 else 72

    @property
    def dots(self) -> int:
        """Dots of the head."""
        return self.printed_mm * DOTS_PER_MM

    @property
    def type_scale(self) -> float:
        """How large the type is beside that of 80 mm paper: narrow paper is read by the same eyes."""
        return 0.85 if self is PaperWidth.MM_58 else 1.0


@dataclasses.dataclass(frozen=True, slots=True)
class TicketLine:
    """One line as drawn, centred.

    Attributes:
        text: fits the paper's width.
        size_mm: size of the type (em) in millimetres.
        bold: whether it is set in bold.
        gap_mm: empty space above it.
        boxed: white on black: seen from afar.
    """

    text: str
    size_mm: float
    bold: bool = False
    gap_mm: float = 0.0
    boxed: bool = False

    @property
    def height_mm(self) -> float:
        """Height without the gap."""
        return self.size_mm * LINE_HEIGHT


@dataclasses.dataclass(frozen=True, slots=True)
class QrMark:
    """A QR code, centred.

    Attributes:
        content: what it says.
        height_mm: its height and width with the quiet zone.
        gap_mm: empty space above it.
    """

    content: str
    height_mm: float = _QR_MM
    gap_mm: float = 2.0


Row = TicketLine | QrMark


def ticket_lines(ticket: Ticket, paper: PaperWidth = PaperWidth.MM_80) -> tuple[TicketLine, ...]:
    """The lines of text alone."""
    return tuple(row for row in ticket_rows(ticket, paper) if isinstance(row, TicketLine))


def ticket_rows(ticket: Ticket, paper: PaperWidth = PaperWidth.MM_80) -> tuple[Row, ...]:
    """Everything on the paper, each line no wider than it."""
    rows = _queue_rows(ticket) if ticket.slip is None else _slip_rows(ticket, ticket.slip)
    rows.append(TicketLine(f"{ticket.issued_at:%d/%m/%Y  %H:%M}", 3.6, gap_mm=2))
    return tuple(fitted for row in rows for fitted in _fit(row, paper))


def _queue_rows(ticket: Ticket) -> list[Row]:
    rows: list[Row] = [
        TicketLine(f"{w.QUEUE_NUMBER.vi} · {w.QUEUE_NUMBER.en}", 4.2),
        TicketLine(ticket.number, 24.0, bold=True),
    ]
    rows += _priority(ticket.priority)
    rows += [
        TicketLine(ticket.department_vi, 7.0, bold=True),
        TicketLine(ticket.department_en, 4.2),
        TicketLine(ticket.place_vi, 6.0, bold=True, gap_mm=2),
        TicketLine(ticket.place_en, 4.2),
        TicketLine(ticket.way_vi, 4.6, gap_mm=1),
        TicketLine(ticket.way_en, 3.6),
    ]
    if ticket.wait_minutes is not None and ticket.wait_minutes > 0:
        rows += _pair(w.wait_words(ticket.wait_minutes), 5.0, gap_mm=2)
    if ticket.insurance_unverified:
        rows += _pair(w.UNVERIFIED, 4.2, gap_mm=3)
    if ticket.at_counter:
        rows += _pair(w.AT_COUNTER, 4.2, gap_mm=3)
    rows += [TicketLine(w.TAKE_CARD.vi, 6.0, bold=True, gap_mm=3), TicketLine(w.TAKE_CARD.en, 4.2)]
    return [row for row in rows if not isinstance(row, TicketLine) or row.text]


def _priority(priority: Priority) -> list[Row]:
    """That there is one, never which: a bystander may read the ticket."""
    if priority is Priority.NONE:
        return []
    rows: list[Row] = [TicketLine(f"{w.PRIORITY.vi} · {w.PRIORITY.en}", 5.0, bold=True, gap_mm=1, boxed=True)]
    return [*rows, *_pair(w.STAFF_CONFIRM, 4.2)] if priority.needs_staff else rows


def _slip_rows(ticket: Ticket, slip: Slip) -> list[Row]:
    rows: list[Row] = [
        TicketLine(w.GO_TO_COUNTER.vi.format(n=_together(slip.counter)), 8.0, bold=True),
        TicketLine(w.GO_TO_COUNTER.en.format(n=_together(slip.counter)), 4.6),
    ]
    if ticket.number:
        rows += [
            TicketLine(w.COUNTER_NUMBER.vi, 4.2, gap_mm=2),
            TicketLine(w.COUNTER_NUMBER.en, 3.6),
            TicketLine(ticket.number, 20.0, bold=True),
        ]
    rows += _priority(ticket.priority)
    name = slip.full_name
    if name:
        shown = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"
        rows.append(TicketLine(shown, 5.6, bold=True, gap_mm=3))
    if slip.date_of_birth_text:
        rows.append(TicketLine(f"{w.BORN.vi} · {w.BORN.en}: {slip.date_of_birth_text}", 4.0))
    if slip.masked_number:
        rows.append(TicketLine(f"{w.NUMBER.vi} · {w.NUMBER.en}: {_together(slip.masked_number)}", 4.0))
    reasons = w.reason_words(slip.reasons)
    if reasons:
        rows += [TicketLine(w.TO_SETTLE.vi, 4.6, bold=True, gap_mm=3), TicketLine(w.TO_SETTLE.en, 3.6)]
        for reason in reasons:
            rows += [TicketLine(reason.vi, 4.6, gap_mm=0.5), TicketLine(reason.en, 3.6)]
    rows += [
        QrMark(slip.reference),
        TicketLine(slip.reference, 6.0, bold=True),
        TicketLine(f"{w.REFERENCE.vi} · {w.REFERENCE.en}", 3.6),
    ]
    rows += _pair(w.KEEP_SLIP, 4.2, gap_mm=2)
    rows += [TicketLine(w.TAKE_CARD.vi, 6.0, bold=True, gap_mm=3), TicketLine(w.TAKE_CARD.en, 4.2)]
    return rows


def _together(text: str) -> str:
    """Never broken over two lines."""
    return text.replace(" ", "\u00a0")


def _pair(words: w.Words, size_mm: float, gap_mm: float = 0.0) -> list[Row]:
    return [TicketLine(words.vi, size_mm, bold=True, gap_mm=gap_mm), TicketLine(words.en, min(size_mm, 3.6))]


# ---------------------------------------------------------------------------------------------- setting
@functools.lru_cache(maxsize=64)
def type_face(bold: bool, size_dots: int) -> ImageFont.FreeTypeFont:
    """The shipped type at a size in dots."""
    return ImageFont.truetype(fonts.BOLD if bold else fonts.REGULAR, max(1, size_dots))


def _fit(row: Row, paper: PaperWidth) -> list[Row]:
    """Break at blanks so that each part fits; a single word that is too long is set smaller, never cut."""
    if isinstance(row, QrMark):
        return [row]
    size = row.size_mm * paper.type_scale
    font, room = type_face(row.bold, round(size * DOTS_PER_MM)), (paper.printed_mm - 2) * DOTS_PER_MM
    if row.boxed:
        room -= round(size * DOTS_PER_MM)  # the box's edge
    parts = _even_parts(_plain(row.text).split(" "), font, room)
    fitted: list[Row] = []
    for index, text in enumerate(parts):
        width = font.getlength(text)
        own = size if width <= room else size * room / width
        fitted.append(dataclasses.replace(row, text=text, size_mm=own, gap_mm=row.gap_mm if index == 0 else 0.0))
    return fitted


def _plain(text: str) -> str:
    """Without line breaks, control characters and marks of direction: a forged card may hold any of them."""
    return "".join(" " if unicodedata.category(sign) in _NO_TEXT else sign for sign in text)


def _even_parts(words: list[str], font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    """Break so that no line is longer than ``room``, and evenly: never one lonely word on the last line."""
    parts = _parts(words, font, room)
    if len(parts) == 1:
        return parts
    narrow = font.getlength(" ".join(words)) / len(parts)
    while narrow < room:
        even = _parts(words, font, narrow)
        if len(even) <= len(parts) and all(font.getlength(part) <= room for part in even):
            return even
        narrow += DOTS_PER_MM
    return parts


def _parts(words: list[str], font: ImageFont.FreeTypeFont, room: float) -> list[str]:
    parts: list[str] = []
    for word in words:
        longer = f"{parts[-1]} {word}" if parts else word
        if parts and font.getlength(longer) <= room:
            parts[-1] = longer
        else:
            parts.append(word)
    return parts
