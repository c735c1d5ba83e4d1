"""Tickets through a real print service: CUPS' own scheduler and commands, in a folder of its own."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import pytest

from kiosk_ui.app.failures import PrinterError
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.tickets.cups import CupsPrinter
from kiosk_ui.app.tickets.layout import PaperWidth
from kiosk_ui.app.tickets.pdf import ticket_pdf
from tests.integration.private_cups import PrivateCups, find, private_cups
from tests.unit.test_counter_slip import NAME, SLIP, TICKET

MISSING = [name for name in ("cupsd", "lp", "lpstat", "lpadmin", "cancel") if find(name) is None]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (cups-daemon, cups-client)"),
]


@pytest.fixture(scope="module")
def service() -> Iterator[PrivateCups]:
    with private_cups() as running:
        yield running


@pytest.fixture
def cups(service: PrivateCups, monkeypatch: pytest.MonkeyPatch) -> Iterator[PrivateCups]:
    for name, value in service.environment.items():
        monkeypatch.setenv(name, value)
    service.run("lpadmin", "-p", "tickets", "-v", "paper:/", "-m", "raw", "-E")
    yield service
    service.printer_is("")
    service.run("lpadmin", "-x", "tickets")


def printer(queue: str = "tickets") -> CupsPrinter:
    return CupsPrinter(queue, PaperWidth.MM_80, print_timeout_s=1.0, command_timeout_s=20.0)


def refusal(queue: str = "tickets") -> str:
    with pytest.raises(PrinterError) as caught:
        printer(queue).print(SLIP)
    assert NAME not in str(caught.value)
    return caught.value.code.name


def until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 30.0
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_ticket_and_a_slip_come_out_whole_and_nothing_of_them_stays(cups: PrivateCups) -> None:
    before = len(cups.printed)
    for each in (TICKET, SLIP):
        CupsPrinter("tickets", PaperWidth.MM_80, print_timeout_s=20.0, command_timeout_s=20.0).print(each)
    assert cups.printed[before:] == [ticket_pdf(TICKET), ticket_pdf(SLIP)]
    assert printer().status() is PrinterState.READY
    assert cups.run("lpstat", "-W", "all", "-o") == ""
    assert [path for path in (cups.folder / "spool").rglob("d*") if path.is_file()] == []  # documents are called so


@pytest.mark.parametrize(
    ("how", "code", "state"),
    [("empty", "printer.no_paper", PrinterState.NO_PAPER), ("open", "printer.cover_open", PrinterState.GONE)],
)
def test_what_the_driver_says_is_said_and_the_job_is_taken_back(
    cups: PrivateCups, how: str, code: str, state: PrinterState
) -> None:
    before = cups.printed
    cups.printer_is(how)
    (cups.folder / "other").write_bytes(b"%PDF- of somebody else")
    cups.run("lp", "-d", "tickets", str(cups.folder / "other"))  # at which the printer finds out
    until(lambda: printer().status() is state)
    assert refusal() == code
    cups.run("cancel", "-a", "tickets")
    assert cups.run("lpstat", "-W", "not-completed", "-o") == ""
    assert cups.printed == before  # and it does not come out with the next roll


def test_a_printer_that_fails_keeps_the_job_from_being_taken_for_printed(cups: PrivateCups) -> None:
    cups.printer_is("fail")
    assert refusal() == "printer.no_answer_in_time"
    assert cups.run("lpstat", "-W", "not-completed", "-o") == ""


def test_a_printer_that_stops_its_queue_is_off_line_until_the_queue_is_started(cups: PrivateCups) -> None:
    cups.printer_is("stop")
    assert refusal() in {"printer.off_line", "printer.no_answer_in_time"}  # as fast as this machine is
    until(lambda: printer().status() is PrinterState.GONE)
    cups.printer_is("")
    assert (refusal(), printer().status()) == ("printer.off_line", PrinterState.GONE)
    assert cups.run("lpstat", "-W", "not-completed", "-o") == ""
    cups.run("cupsenable", "tickets")
    CupsPrinter("tickets", PaperWidth.MM_80, print_timeout_s=20.0).print(TICKET)


def test_a_queue_that_takes_nothing_or_is_not_there_refuses(cups: PrivateCups) -> None:
    cups.run("cupsreject", "tickets")
    assert (refusal(), printer().status()) == ("printer.queue_refused", PrinterState.GONE)
    assert (refusal("nowhere"), printer("nowhere").status()) == ("printer.queue_refused", PrinterState.GONE)


def test_the_systems_default_queue_is_used_if_none_is_named(cups: PrivateCups) -> None:
    assert (refusal(""), printer("").status()) == ("printer.queue_refused", PrinterState.GONE)
    cups.run("lpadmin", "-d", "tickets")
    before = len(cups.printed)
    CupsPrinter("", PaperWidth.MM_58, print_timeout_s=20.0).print(TICKET)
    assert cups.printed[before:] == [ticket_pdf(TICKET, PaperWidth.MM_58)]


def test_without_a_scheduler_it_says_so(cups: PrivateCups, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUPS_SERVER", str(cups.folder / "nobody"))
    assert (refusal(), printer().status()) == ("printer.queue_refused", PrinterState.GONE)
