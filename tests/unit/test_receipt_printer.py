"""A receipt printer prints what was drawn, dot for dot, and whatever it does wrong, somebody is told which."""

from __future__ import annotations

import contextlib
import dataclasses
import datetime as dt
import io
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops

from emulator.services.receipt_printer import PrinterFault, PtyReceiptPrinter, TcpReceiptPrinter
from emulator.services.thermal_paper import ThermalPaper, find_real_time
from kiosk_ui.app.domain.check_in import Slip, Ticket, TicketKind
from kiosk_ui.app.failures import PrinterError
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.tickets.channels import DeviceChannel, NetworkChannel
from kiosk_ui.app.tickets.conversation import Conversation
from kiosk_ui.app.tickets.escpos_job import escpos_job
from kiosk_ui.app.tickets.escpos_printer import EscPosPrinter
from kiosk_ui.app.tickets.layout import PaperWidth
from kiosk_ui.app.tickets.printer_state import is_status, report_of
from kiosk_ui.app.tickets.raster import ticket_page

TICKET = Ticket(
    check_in_id=uuid.UUID("12345678-0000-4000-8000-000000000001"),
    number="G012",
    department_vi="Tai Mũi Họng",
    department_en="Ear, nose and throat",
    place_vi="Tầng 2, phòng 208",
    place_en="Floor 2, room 208",
    issued_at=dt.datetime(2026, 3, 2, 7, 15, tzinfo=dt.timezone(dt.timedelta(hours=7))),
    insurance_unverified=True,
    at_counter=False,
)
SLIP = dataclasses.replace(
    TICKET,
    kind=TicketKind.COUNTER,
    slip=Slip("NGUYỄN VĂN THỬ", "040 *** *** 017", "03/02/1945", ("insurance",), "3", "7KQ2M9XA"),
)
FEED_ROWS = 6 * 30  # the paper moves on before it is cut


def printer_on(machine: TcpReceiptPrinter | PtyReceiptPrinter, **changes) -> EscPosPrinter:
    chosen = {"status_timeout_s": 0.15, "print_timeout_s": 0.6, "rows_per_s": 4_000} | changes
    paper = chosen.pop("paper", PaperWidth.MM_80)
    if isinstance(machine, PtyReceiptPrinter):
        return EscPosPrinter(lambda: DeviceChannel(machine.path, 115_200), paper, **chosen)
    return EscPosPrinter(lambda: NetworkChannel("127.0.0.1", machine.port, 0.5), paper, **chosen)


def refusal_of(printer: EscPosPrinter, ticket: Ticket = TICKET) -> str:
    with pytest.raises(PrinterError) as caught:
        printer.print(ticket)
    assert "G012" not in str(caught.value)
    return caught.value.code.name


def is_on(sheet: Image.Image, page: Image.Image) -> bool:
    if sheet.height < page.height:
        return False
    printed = sheet.crop((0, 0, page.width, page.height))
    below = sheet.crop((0, page.height, sheet.width, sheet.height))
    return ImageChops.logical_xor(printed, page).getbbox() is None and set(below.tobytes()) <= {255}


# ------------------------------------------------------------------------------------- what is printed
@pytest.mark.parametrize("machine", [TcpReceiptPrinter, PtyReceiptPrinter])
@pytest.mark.parametrize("paper", list(PaperWidth))
@pytest.mark.parametrize("command", ["bit_image", "graphics"])
def test_the_paper_shows_what_was_drawn_dot_for_dot(machine, paper, command):
    with machine(paper.dots) as peer:
        printer_on(peer, paper=paper, command=command, print_timeout_s=3.0).print(SLIP)
        (sheet,) = peer.sheets
    assert is_on(sheet.image, ticket_page(SLIP, paper))
    assert sheet.image.height == ticket_page(SLIP, paper).height + FEED_ROWS
    assert peer.paper.unknown == 0
    assert peer.paper.hanging_rows == 0


def test_a_ticket_is_printed_again_on_request_with_the_same_number():
    with TcpReceiptPrinter() as peer:
        printer = printer_on(peer)
        printer.print(TICKET)
        printer.print(TICKET)
        first, second = (sheet.image for sheet in peer.sheets)
    assert ImageChops.logical_xor(first, second).getbbox() is None


def test_a_printer_without_a_cutter_feeds_the_paper_to_the_edge():
    page = ticket_page(TICKET)
    paper = ThermalPaper()
    paper.put(escpos_job(page, cut=False))
    paper.work()
    assert paper.sheets == []
    assert paper.hanging_rows == page.height + FEED_ROWS


def test_several_workers_may_print_at_once_and_each_sheet_is_whole():
    with TcpReceiptPrinter() as peer:
        printer = printer_on(peer, print_timeout_s=5.0)
        workers = [threading.Thread(target=printer.print, args=(ticket,)) for ticket in (TICKET, SLIP, TICKET)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        sheets = [sheet.image for sheet in peer.sheets]
    assert sum(is_on(sheet, ticket_page(TICKET)) for sheet in sheets) == 2
    assert sum(is_on(sheet, ticket_page(SLIP)) for sheet in sheets) == 1


@settings(max_examples=40)
@given(st.lists(st.sampled_from([0x10, 0x04, 0x05, 0x14, 0x01, 0x02, 0x08, 0x00, 0xFF]), min_size=48, max_size=960))
def test_no_picture_holds_a_command_of_real_time(dots):
    height = len(dots) // 48
    ink = Image.frombytes("1", (384, height), bytes(dots[: 48 * height]))
    page = ink.point(lambda dot: 255 - dot)
    assert find_real_time(escpos_job(page)) == []


@settings(max_examples=40)
@given(st.binary(min_size=48, max_size=48 * 20))
def test_a_picture_is_printed_as_it_is_but_for_single_dots_that_would_be_commands(dots):
    height = len(dots) // 48
    paper = ThermalPaper(384)
    paper.put(escpos_job(Image.frombytes("1", (384, height), dots[: 48 * height]).point(lambda dot: 255 - dot)))
    paper.work()
    printed = paper.sheets[0].image.crop((0, 0, 384, height)).point(lambda dot: 255 - dot).tobytes()
    for now, before in zip(printed, dots, strict=False):
        assert now == before or (before, now) == (0x10, 0x18)


def test_the_library_leaves_no_folder_no_log_handler_and_no_word_behind(tmp_path: Path):
    # In a process of its own: here the library may be loaded already.
    script = (
        "import logging, sys\n"
        "from PIL import Image\n"
        "from kiosk_ui.app.tickets.escpos_job import escpos_job\n"
        "escpos_job(Image.new('1', (576, 600), 255))\n"
        "sys.exit(len(logging.getLogger().handlers))\n"
    )
    environment = os.environ | {"TMPDIR": str(tmp_path)}
    environment.pop("ESCPOS_CAPABILITIES_PICKLE_DIR", None)
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (0, b"")
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------ what goes wrong
FAULTS = [
    (PrinterFault.COVER_OPEN, "printer.cover_open", 0),
    (PrinterFault.CUTTER_JAMMED, "printer.off_line", 0),
    (PrinterFault.SILENT, "printer.outcome_unknown", 1),
    (PrinterFault.GARBAGE, "printer.outcome_unknown", 1),
    (PrinterFault.HANGS, "printer.no_answer_in_time", 0),
    (PrinterFault.DISCONNECTS, "printer.cut_off", 0),
]


@pytest.mark.parametrize(("fault", "code", "sheets"), FAULTS, ids=[fault for fault, _, _ in FAULTS])
def test_each_misbehaviour_has_its_own_word_and_the_next_ticket_comes_out(fault, code, sheets):
    with TcpReceiptPrinter(fault=fault) as peer:
        printer = printer_on(peer)
        begun = time.monotonic()
        assert refusal_of(printer) == code
        assert time.monotonic() - begun < 20
        assert peer.wait_for_end_of_job()
        assert len(peer.sheets) == sheets
        peer.fault = PrinterFault.NONE
        printer.print(TICKET)
        assert len(peer.sheets) == sheets + 1
        assert printer.status() is PrinterState.READY


def test_a_printer_that_says_all_is_well_and_prints_nothing_is_found_out():
    with TcpReceiptPrinter() as peer:
        printer = printer_on(peer)
        printer.print(TICKET)  # from here on it is known to tell the end of a job
        peer.fault = PrinterFault.LIES
        assert refusal_of(printer) == "printer.outcome_unknown"
        assert len(peer.sheets) == 1


def test_a_serial_printer_that_hangs_is_noticed_too():
    with PtyReceiptPrinter(fault=PrinterFault.HANGS) as peer:
        assert refusal_of(printer_on(peer)) == "printer.no_answer_in_time"


@pytest.mark.parametrize("fault", [PrinterFault.SLOW, PrinterFault.PAPER_LOW, PrinterFault.NO_BUFFERED_STATUS])
def test_what_only_looks_wrong_prints(fault):
    with TcpReceiptPrinter(fault=fault) as peer:
        printer_on(peer, print_timeout_s=3.0).print(TICKET)
        assert peer.wait_for_sheets(1)


def test_without_paper_nothing_is_sent():
    with TcpReceiptPrinter() as peer:
        peer.paper.rows_left = 0
        printer = printer_on(peer)
        assert refusal_of(printer) == "printer.no_paper"
        assert printer.status() is PrinterState.NO_PAPER
        peer.refill()
        assert peer.sheets == []
        assert peer.paper.hanging_rows == 0


def test_a_slip_on_which_the_paper_ended_does_not_come_out_of_the_next_roll_by_itself():
    with TcpReceiptPrinter() as peer:
        peer.paper.rows_left = 300
        printer = printer_on(peer)
        assert refusal_of(printer, SLIP) == "printer.no_paper"
        assert peer.wait_for_end_of_job()
        assert peer.paper.hanging_rows == 300
        peer.refill()
        assert peer.paper.hanging_rows == 300  # not a dot more
        printer.print(SLIP)
        assert len(peer.sheets) == 1


def test_a_printer_that_is_switched_off_is_unreachable_and_found_again():
    peer = TcpReceiptPrinter()
    peer.start()
    printer = printer_on(peer)
    peer.stop()
    assert refusal_of(printer) == "printer.unreachable"
    assert printer.status() is PrinterState.GONE
    with peer:
        printer.print(TICKET)
        assert len(peer.sheets) == 1


def test_a_host_that_never_takes_the_call_is_given_up():
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(socket.socket())
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        waiting = [stack.enter_context(socket.socket()) for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(server.getsockname())  # the queue of callers is full
        port = server.getsockname()[1]
        printer = EscPosPrinter(lambda: NetworkChannel("127.0.0.1", port, 0.2), PaperWidth.MM_80)
        assert refusal_of(printer) == "printer.unreachable"


def test_a_printer_known_to_be_dumb_is_believed_and_asked_nothing():
    with TcpReceiptPrinter(fault=PrinterFault.SILENT) as peer:
        printer = printer_on(peer, answers=False)
        printer.print(TICKET)
        assert peer.wait_for_sheets(1)
        assert printer.status() is PrinterState.UNKNOWN


def test_a_missing_device_and_a_directory_are_unreachable(tmp_path: Path):
    for path in (tmp_path / "lp0", tmp_path):
        printer = EscPosPrinter(lambda path=path: DeviceChannel(str(path), 9_600), PaperWidth.MM_80)
        assert refusal_of(printer) == "printer.unreachable"


def test_a_full_device_is_said_to_have_broken_off():
    printer = EscPosPrinter(lambda: DeviceChannel("/dev/full", 9_600), PaperWidth.MM_80, answers=False)
    assert refusal_of(printer) == "printer.cut_off"


@pytest.mark.parametrize(
    ("fault", "state"),
    [
        (PrinterFault.NONE, PrinterState.READY),
        (PrinterFault.PAPER_LOW, PrinterState.PAPER_LOW),
        (PrinterFault.COVER_OPEN, PrinterState.GONE),
        (PrinterFault.CUTTER_JAMMED, PrinterState.GONE),
        (PrinterFault.SILENT, PrinterState.UNKNOWN),
        (PrinterFault.GARBAGE, PrinterState.UNKNOWN),
    ],
)
def test_the_operator_sees_how_the_printer_is(fault, state):
    with TcpReceiptPrinter(fault=fault) as peer:
        assert printer_on(peer).status() is state


def test_asking_while_a_ticket_is_printed_does_not_wait_for_it():
    with TcpReceiptPrinter(fault=PrinterFault.HANGS) as peer:
        printer = printer_on(peer, print_timeout_s=1.0)
        worker = threading.Thread(target=lambda: refusal_of(printer))
        worker.start()
        while peer.jobs == 0:
            time.sleep(0.005)
        assert printer.status() is PrinterState.UNKNOWN
        assert worker.is_alive()
        worker.join()


# --------------------------------------------------------------------------------------- the answers
@given(st.dictionaries(st.sampled_from([1, 2, 4]), st.integers(0, 255)))
def test_every_answer_means_something(answers):
    report = report_of(answers)
    assert (report.code is None) == (report.state in {PrinterState.READY, PrinterState.PAPER_LOW, PrinterState.UNKNOWN})
    assert report.answered == bool(answers)


@given(st.integers(0, 255))
def test_status_is_known_by_its_fixed_bits(byte):
    bits = f"{byte:08b}"
    assert is_status(byte) == (bits[0] == "0" and bits[3] == "1" and bits[6] == "1" and bits[7] == "0")


class Babbler:
    """A line that never falls silent."""

    def send(self, data: bytes, seconds: float) -> None:
        """Takes everything."""

    def receive(self, seconds: float) -> bytes:
        return b"\xff" * 64

    def close(self) -> None:
        """Nothing to let go of."""


def test_a_line_that_never_falls_silent_is_no_answer():
    talk = Conversation(Babbler(), answers=True, timeout_s=0.1)
    assert talk.report().state is PrinterState.UNKNOWN
    assert not talk.tells_end()


def test_nothing_of_a_slip_reaches_a_log_or_a_temporary_file(caplog, tmp_path: Path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    caplog.set_level(logging.DEBUG)
    with TcpReceiptPrinter(fault=PrinterFault.DISCONNECTS) as peer:
        printer = printer_on(peer)
        refusal_of(printer, SLIP)
        peer.fault = PrinterFault.NONE
        printer.print(SLIP)
    written = io.StringIO()
    for record in caplog.records:
        print(record.getMessage(), record.__dict__, file=written)
    assert "THỬ" not in written.getvalue()
    assert list(tmp_path.iterdir()) == []
