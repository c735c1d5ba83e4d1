"""The ticket says what a queue ticket says, in both languages, on 80 mm paper."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import os
import re
import unicodedata
import uuid
from pathlib import Path

import pytest
from PIL import Image, ImageFont

from kiosk_ui.app.domain.check_in import Ticket, queue_label
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.failures import PrinterError
from kiosk_ui.app.tickets.files import FileTicketPrinter
from kiosk_ui.app.tickets.layout import ticket_lines
from kiosk_ui.app.tickets.pdf import ticket_pdf
from kiosk_ui.app.tickets.raster import ticket_png
from reader import fonts

PLAIN = Ticket(
    check_in_id=uuid.UUID("12345678-0000-4000-8000-000000000001"),
    number="G012",
    department_vi="Tai Mũi Họng",
    department_en="Ear, nose and throat",
    place_vi="Tầng 2, phòng 208",
    place_en="Floor 2, room 208",
    issued_at=dt.datetime(2026, 3, 2, 7, 15, tzinfo=dt.timezone(dt.timedelta(hours=7))),
    insurance_unverified=False,
    at_counter=False,
)


def text_of(ticket: Ticket) -> str:
    return " ".join(line.text for line in ticket_lines(ticket))


def test_it_says_number_place_time_and_take_your_card():
    text = text_of(PLAIN)
    last = "Nhớ lấy thẻ, giữ phiếu này"
    for part in ("G012", "Tai Mũi Họng", "Tầng 2, phòng 208", "Floor 2, room 208", "02/03/2026  07:15", last):
        assert part in text
    assert "Bảo hiểm" not in text


def test_unverified_insurance_is_said():
    assert "chưa được xác minh" in text_of(dataclasses.replace(PLAIN, insurance_unverified=True))
    assert "quầy" in text_of(dataclasses.replace(PLAIN, at_counter=True))


def test_the_number_is_by_far_the_largest():
    sizes = sorted((line.size_mm for line in ticket_lines(PLAIN)), reverse=True)
    assert sizes[0] >= 3 * sizes[1]
    assert max(ticket_lines(PLAIN), key=lambda line: line.size_mm).text == "G012"


def test_the_raster_is_as_wide_as_the_print_head_and_black_and_white():
    image = Image.open(io.BytesIO(ticket_png(PLAIN)))
    assert image.width == 576
    assert image.mode == "1"
    ink = image.histogram()[0] / (image.width * image.height)
    assert 0.02 < ink < 0.4


@pytest.mark.parametrize("flags", [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize("department", DEFAULT_DEPARTMENTS, ids=lambda d: d.code)
def test_nothing_touches_the_edge(department, flags):
    ticket = dataclasses.replace(
        PLAIN, department_vi=department.name_vi, department_en=department.name_en,
        place_vi="Khu nhà B, tầng 12, cuối hành lang bên phải, phòng 1208",
        number=queue_label(department.prefix, 1888), insurance_unverified=flags[0], at_counter=flags[1],
    )  # fmt: skip
    image = Image.open(io.BytesIO(ticket_png(ticket))).convert("L").point(lambda value: 255 - value)
    left, top, right, bottom = image.getbbox()
    assert left >= 4
    assert top >= 4
    assert right <= 576 - 4
    assert bottom <= image.height - 4


def test_a_word_wider_than_the_paper_becomes_smaller_and_stays_whole():
    long_word = "Nghiêng" * 12
    (line,) = [x for x in ticket_lines(dataclasses.replace(PLAIN, place_vi=long_word)) if x.text == long_word]
    assert line.size_mm < 6


def test_the_pdf_is_one_page_of_80_mm_with_embedded_type_and_readable_text():
    pdf = ticket_pdf(PLAIN)
    assert pdf.startswith(b"%PDF-")
    width, height = (float(v) for v in re.search(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf).groups())
    assert width == pytest.approx(80 / 25.4 * 72, abs=0.1)
    assert height > width
    assert pdf.count(b"/Type /Page\n") == 1
    assert b"/FontFile2" in pdf
    # The map from glyphs to letters makes the text searchable and speakable.
    maps = b"".join(re.findall(rb"beginbf(?:char|range)(.*?)endbf", pdf, re.DOTALL)).upper()
    assert f"{ord('ũ'):04X}".encode() in maps


def test_the_shipped_type_has_every_vietnamese_letter():
    letters = [
        unicodedata.normalize("NFC", base + mark + tone)
        for base in "aAeEiIoOuUyY"
        for mark in ("", "\u0302", "\u0306", "\u031b")
        for tone in ("", "\u0300", "\u0301", "\u0303", "\u0309", "\u0323")
    ]
    wanted = {letter for letter in letters if len(letter) == 1} | set("đĐ₫·—…")
    assert len(wanted) > 130
    for name in ("NotoSans-Regular.ttf", "NotoSans-Bold.ttf"):
        font = ImageFont.truetype(fonts.FOLDER / name, 40)
        missing = font.getmask("\ue123").getbbox(), bytes(font.getmask("\ue123"))
        for letter in wanted:
            assert (font.getmask(letter).getbbox(), bytes(font.getmask(letter))) != missing, letter


def test_the_printer_leaves_both_files_and_repeats_them(tmp_path: Path):
    printer = FileTicketPrinter(tmp_path / "tickets")
    printer.print(PLAIN)
    printer.print(PLAIN)
    assert sorted(path.name for path in (tmp_path / "tickets").iterdir()) == [
        "ticket-G012-12345678.pdf",
        "ticket-G012-12345678.png",
    ]
    pdf, png = printer.paths(PLAIN)
    assert pdf.read_bytes().startswith(b"%PDF")
    assert png.read_bytes().startswith(b"\x89PNG")


def test_a_printer_without_a_folder_says_so(tmp_path: Path):
    (tmp_path / "tickets").write_text("in the way")
    with pytest.raises(PrinterError) as caught:
        FileTicketPrinter(tmp_path / "tickets").print(PLAIN)
    assert caught.value.code.name == "printer.failed"


@pytest.mark.parametrize(("number", "label"), [(1, "A001"), (12, "A012"), (999, "A999"), (1000, "A1000")])
def test_queue_labels(number: int, label: str):
    assert queue_label("A", number) == label


def test_the_folder_of_tickets_does_not_grow_without_end(tmp_path: Path):
    """A kiosk whose printer nobody has named would fill its disk; what is not a ticket is not touched."""
    folder = tmp_path / "tickets"
    folder.mkdir()
    (folder / "ticket-notes.txt").write_text("of the staff", encoding="utf-8")
    (folder / "report-A001-12345678.pdf").write_bytes(b"%PDF")
    for at in range(8):
        for kind in ("pdf", "png", "png.part"):
            old = folder / f"ticket-A{at:03}-{at:08x}.{kind}"
            old.write_bytes(b"x")
            os.utime(old, (1_000 + at, 1_000 + at))
    printer = FileTicketPrinter(folder, most_kept=3)
    printer.print(PLAIN)
    printer.print(PLAIN)  # a reprint is no further ticket
    left = {path.name for path in folder.iterdir()}
    assert {path.name for path in printer.paths(PLAIN)} <= left
    assert {"ticket-notes.txt", "report-A001-12345678.pdf"} <= left
    assert len(left) == 2 + 2 * 3
    assert "ticket-A007-00000007.pdf" in left
    assert "ticket-A005-00000005.pdf" not in left
