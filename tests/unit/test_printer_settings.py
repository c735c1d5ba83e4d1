"""The settings of the printer: each kind is made, and what cannot work is told before the first patient."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from emulator.services.receipt_printer import TcpReceiptPrinter
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.settings import load_settings
from kiosk_ui.app.settings_printing import PrinterSettings
from kiosk_ui.app.tickets.choice import ask_soon, printer_of
from kiosk_ui.app.tickets.cups import CupsPrinter
from kiosk_ui.app.tickets.escpos_printer import EscPosPrinter
from kiosk_ui.app.tickets.files import FileTicketPrinter
from kiosk_ui.app.tickets.layout import PaperWidth
from tests.unit.test_counter_slip import TICKET


@pytest.mark.parametrize(
    ("table", "made"),
    [
        ({}, FileTicketPrinter),
        ({"kind": "network", "host": "192.168.1.50"}, EscPosPrinter),
        ({"kind": "network", "host": "printer-2.hospital.lan", "paper": 58, "command": "graphics"}, EscPosPrinter),
        ({"kind": "usb"}, EscPosPrinter),
        ({"kind": "usb", "vendor": 0x04B8, "product": 0x0202}, EscPosPrinter),
        ({"kind": "device", "device": "/dev/usb/lp0", "answers": False}, EscPosPrinter),
        ({"kind": "cups"}, CupsPrinter),
        ({"kind": "cups", "queue": "tickets"}, CupsPrinter),
    ],
)
def test_every_kind_of_printer_is_made_without_opening_anything(table, made, tmp_path: Path):
    assert isinstance(printer_of(PrinterSettings(**table), tmp_path / "tickets"), made)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "table",
    [
        {"kind": "fax"},
        {"kind": "network"},
        {"kind": "device"},
        {"kind": "network", "host": "8.8.8.8"},
        {"kind": "network", "host": "-oProxy"},
        {"kind": "network", "host": "printer;reboot"},
        {"kind": "cups", "queue": "-o"},
        {"kind": "cups", "queue": "a b"},
        {"kind": "device", "device": "/dev/ttyS0", "baud_rate": 9_601},
        {"paper": 76},
        {"product": 2},
        {"vendor": 0x1_0000},
        {"print_timeout_s": 0},
        {"colour": "red"},
    ],
)
def test_what_cannot_work_is_refused(table):
    with pytest.raises(ValidationError):
        PrinterSettings(**table)


def test_the_printer_is_a_table_of_the_kiosks_file(tmp_path: Path):
    file = tmp_path / "kiosk.toml"
    file.write_text('[printer]\nkind = "network"\nhost = "127.0.0.1"\nport = 9\nconnect_timeout_s = 0.2\n')
    settings = load_settings(file)
    assert printer_of(settings.printer, tmp_path).status() is PrinterState.GONE


@pytest.mark.parametrize("paper", [58, 80])
def test_the_printer_that_the_settings_name_prints(paper: int, tmp_path: Path):
    with TcpReceiptPrinter(PaperWidth(paper).dots) as peer:
        settings = PrinterSettings(kind="network", host="127.0.0.1", port=peer.port, paper=paper)
        printer = printer_of(settings, tmp_path)
        printer.print(TICKET)
        assert len(peer.sheets) == 1
        assert printer.status() is PrinterState.READY


def test_a_printer_that_is_not_ready_is_told_in_the_log_at_the_start(caplog):
    settings = PrinterSettings(kind="network", host="127.0.0.1", port=9, connect_timeout_s=0.2)
    ask_soon(printer_of(settings, Path())).join(10)
    assert "the printer is not ready: gone" in caplog.text
