"""A queue ticket says nothing of the person; a slip says all that the counter needs, so that nobody asks it again."""

from __future__ import annotations

import dataclasses
import datetime as dt
import io
import uuid
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from kiosk_ui.app.domain.check_in import Missing, Slip, Ticket, TicketKind
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.failures import PrinterError
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.tickets import files
from kiosk_ui.app.tickets.files import FileTicketPrinter
from kiosk_ui.app.tickets.layout import DOTS_PER_MM, PaperWidth, ticket_lines
from kiosk_ui.app.tickets.pdf import ticket_pdf
from kiosk_ui.app.tickets.raster import ticket_page, ticket_png
from kiosk_ui.app.tickets.wording import REASONS, wait_words
from reader.reports.qr_code import qr_modules

NAME = "NGUYỄN THỊ THANH THỬ NGHIỆM"
TICKET = Ticket(
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
SLIP = dataclasses.replace(
    TICKET,
    number="Q007",
    kind=TicketKind.COUNTER,
    slip=Slip(NAME, "040 *** *** 017", "03/02/1945", (Missing.IDENTITY, Missing.INSURANCE), "3", "7KQ2M9XA"),
)


def text_of(ticket: Ticket, paper: PaperWidth = PaperWidth.MM_80) -> str:
    return " ".join(line.text for line in ticket_lines(ticket, paper)).replace("\u00a0", " ")


@pytest.mark.parametrize("paper", list(PaperWidth))
def test_a_slip_says_where_to_go_who_comes_and_why(paper):
    text = text_of(SLIP, paper)
    for part in (
        "Mời đến quầy 3", "Please go to counter 3", "Q007", NAME, "03/02/1945", "040 *** *** 017",
        "Giấy tờ của quý khách", "Your papers", "Bảo hiểm y tế", "Health insurance", "7KQ2M9XA", "Nhớ lấy thẻ",
    ):  # fmt: skip
        assert part in text


def test_a_slip_of_which_nothing_is_known_still_sends_to_the_counter():
    text = text_of(dataclasses.replace(SLIP, number="", slip=Slip("", "", "", (), "3", "7KQ2M9XA")))
    assert "Mời đến quầy 3" in text
    assert "7KQ2M9XA" in text
    assert "Ngày sinh" not in text
    assert "Số giấy tờ" not in text


@pytest.mark.parametrize("paper", list(PaperWidth))
def test_the_code_on_a_slip_is_the_reference(paper):
    page = ticket_page(SLIP, paper)
    modules = qr_modules("7KQ2M9XA")
    size = max(1, 26 * DOTS_PER_MM // (len(modules) + 8))
    assert size >= 4  # half a millimetre: scanners read it
    left = (page.width - size * len(modules)) // 2
    middle = size // 2

    def is_dark(x: int, y: int) -> bool:
        return page.getpixel((x, y)) == 0

    def code_is_at(top: int) -> bool:
        return all(
            is_dark(left + column * size + middle, top + row * size + middle) == dark
            for row, line in enumerate(modules)
            for column, dark in enumerate(line)
        )

    assert any(code_is_at(top) for top in range(page.height - size * len(modules)))


@pytest.mark.parametrize("priority", list(Priority))
def test_a_ticket_shows_that_there_is_a_priority_but_never_which(priority):
    text = text_of(dataclasses.replace(TICKET, priority=priority)).casefold()
    assert ("ưu tiên" in text) == (priority is not Priority.NONE)
    assert ("nhân viên xác nhận" in text) == priority.needs_staff
    for telling in ("thai", "tàn tật", "khuyết", "pregn", "disab", "75", "công", "trẻ"):
        assert telling not in text


def test_way_and_wait_are_printed_if_known_and_left_out_if_not():
    known = dataclasses.replace(TICKET, way_vi="Thang máy B, rẽ trái", way_en="Lift B, turn left", wait_minutes=25)
    for part in ("Thang máy B, rẽ trái", "Lift B, turn left", "Chờ khoảng 25 phút", "About 25 min"):
        assert part in text_of(known)
    for minutes in (None, 0, -5):
        assert "Chờ" not in text_of(dataclasses.replace(TICKET, wait_minutes=minutes))


@pytest.mark.parametrize(("minutes", "vi"), [(59, "59 phút"), (60, "1 giờ"), (75, "1 giờ 15 phút"), (120, "2 giờ")])
def test_long_waits_are_said_in_hours(minutes, vi):
    assert wait_words(minutes).vi == f"Chờ khoảng {vi}"


def test_every_reason_has_words_and_an_unknown_one_is_never_shown_as_a_code():
    assert set(REASONS) == set(Missing)
    odd = dataclasses.replace(SLIP, slip=dataclasses.replace(SLIP.slip, reasons=("new_word", "newer_word")))
    assert text_of(odd).count("Thông tin khác") == 1
    assert "new_word" not in text_of(odd)


words = st.text(st.sampled_from("ẮƠỮgjỵĐ 0W"), min_size=1, max_size=60)


@settings(max_examples=25)
@given(words, words, words, st.sampled_from(list(PaperWidth)), st.sampled_from(list(Priority)))
def test_nothing_is_cut_off_whatever_the_hospital_calls_its_rooms(name, place, way, paper, priority):
    ticket = dataclasses.replace(
        TICKET, department_vi=name, place_vi=place, way_vi=way, priority=priority, wait_minutes=75,
        slip=None if priority is Priority.NONE else dataclasses.replace(SLIP.slip, full_name=name),
    )  # fmt: skip
    page = ticket_page(ticket, paper)
    left, top, right, bottom = page.convert("L").point(lambda value: 255 - value).getbbox()
    assert left >= 2
    assert top >= 2
    assert right <= paper.dots - 2
    assert bottom <= page.height - 2


def test_a_forged_name_does_not_print_metres_of_paper():
    endless = dataclasses.replace(SLIP, slip=dataclasses.replace(SLIP.slip, full_name="A" * 5_000 + " B" * 5_000))
    assert ticket_page(endless).height < ticket_page(SLIP).height + 100 * DOTS_PER_MM


@pytest.mark.parametrize("odd", ["A\nB", "A\u2028B", "A\x00B\x1b@", "A\u202eB", "\ud800", "\t", "e\u0301" * 50])
@pytest.mark.parametrize("paper", list(PaperWidth))
def test_what_a_forged_card_calls_itself_is_printed_as_a_line_of_text(odd, paper):
    forged = dataclasses.replace(SLIP, slip=dataclasses.replace(SLIP.slip, full_name=odd))
    assert ticket_page(forged, paper).width == paper.dots
    if paper is PaperWidth.MM_80:
        assert ticket_pdf(forged, paper).startswith(b"%PDF")
    assert not set("\n\u2028\x00\x1b\u202e") & set(text_of(forged, paper))


def test_a_ticket_without_a_slip_has_no_field_for_a_person():
    named = {field.name for field in dataclasses.fields(Slip)}
    assert not named & {field.name for field in dataclasses.fields(Ticket)}


# ----------------------------------------------------------------------------------------- files
def test_files_of_slips_hold_the_reference_and_nobody(tmp_path: Path):
    nobody = dataclasses.replace(
        SLIP, slip=dataclasses.replace(SLIP.slip, full_name="", masked_number="", date_of_birth_text="")
    )
    printer = FileTicketPrinter(tmp_path)
    printer.print(SLIP)
    pdf, png = printer.paths(SLIP)
    assert pdf.read_bytes() == ticket_pdf(nobody)
    with Image.open(png) as picture:
        assert picture.tobytes() == ticket_page(nobody).tobytes()


def test_a_demonstration_may_show_whole_slips(tmp_path: Path):
    printer = FileTicketPrinter(tmp_path, keeps_people=True)
    printer.print(SLIP)
    assert printer.paths(SLIP)[0].read_bytes() == ticket_pdf(SLIP)


def test_a_full_disk_is_named_and_leaves_no_half_file(tmp_path: Path, monkeypatch):
    def full(path: Path, content: bytes) -> None:
        with open("/dev/full", "wb", buffering=0) as disk:
            disk.write(content)

    monkeypatch.setattr(files, "_write_whole", full)
    with pytest.raises(PrinterError) as caught:
        FileTicketPrinter(tmp_path).print(SLIP)
    assert caught.value.code.name == "printer.disk_full"
    assert list(tmp_path.iterdir()) == []


def test_the_folder_says_whether_it_can_be_written(tmp_path: Path):
    assert FileTicketPrinter(tmp_path / "new").status() is PrinterState.READY
    (tmp_path / "in_the_way").write_text("")
    assert FileTicketPrinter(tmp_path / "in_the_way").status() is PrinterState.GONE


def test_narrow_paper_is_as_wide_as_its_head():
    with Image.open(io.BytesIO(ticket_png(TICKET, PaperWidth.MM_58))) as picture:
        assert (picture.width, picture.mode) == (384, "1")
