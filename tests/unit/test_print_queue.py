"""A ticket goes to the system's print queue, and what the queue does to it is found out. lp and its kin are scripts."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from kiosk_ui.app.failures import PrinterError
from kiosk_ui.app.ports import PrinterState
from kiosk_ui.app.tickets.cups import CupsPrinter
from kiosk_ui.app.tickets.layout import PaperWidth
from tests.unit.test_counter_slip import NAME, SLIP, TICKET

SHELL = "#!/bin/sh\n"


class Queue:
    """A folder on PATH with commands of ours, and what they were told."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        (folder / "bin").mkdir()
        # the shell's own commands, but never a real lp
        for name in ("cat", "sleep"):
            source = next(Path(part) / name for part in os.get_exec_path() if (Path(part) / name).exists())
            (folder / "bin" / name).symlink_to(source)
        monkeypatch.setenv("PATH", str(folder / "bin"))

    def has(self, name: str, script: str) -> None:
        path = self.folder / "bin" / name
        path.write_text(f'{SHELL}echo "{name} $*" >>{self.folder}/told\n{script}\n')
        path.chmod(0o755)

    @property
    def told(self) -> list[str]:
        return (self.folder / "told").read_text().splitlines()


@pytest.fixture
def queue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Queue:
    return Queue(tmp_path, monkeypatch)


def printer(**changes) -> CupsPrinter:
    return CupsPrinter("tickets", PaperWidth.MM_80, **({"print_timeout_s": 0.2, "command_timeout_s": 1.0} | changes))


def refusal() -> str:
    with pytest.raises(PrinterError) as caught:
        printer().print(SLIP)
    assert NAME not in str(caught.value)
    return caught.value.code.name


def test_a_ticket_goes_through_as_pdf_of_its_own_size(queue: Queue):
    queue.has("lp", f'cat >{queue.folder}/given; echo "request id is tickets-12 (1 file(s))"')
    queue.has("lpstat", "")
    printer().print(TICKET)
    assert (queue.folder / "given").read_bytes().startswith(b"%PDF-")
    assert queue.told[0] == "lpstat -l -p tickets"
    assert queue.told[1].startswith("lp -d tickets -t ticket -o media=Custom.80x")
    assert queue.told[2] == "lpstat -W not-completed -o tickets"


def test_a_job_that_stays_in_the_queue_is_taken_back(queue: Queue):
    queue.has("lp", 'cat >/dev/null; echo "request id is tickets-12 (1 file(s))"')
    queue.has("lpstat", 'echo "tickets-12 kiosk 10240 Mon 02 Mar 2026"')
    queue.has("cancel", "")
    assert refusal() == "printer.no_answer_in_time"
    assert queue.told[-1] == "cancel tickets-12"


def test_another_job_in_the_queue_is_not_ours(queue: Queue):
    queue.has("lp", 'cat >/dev/null; echo "request id is tickets-1 (1 file(s))"')
    queue.has("lpstat", 'echo "tickets-12 kiosk 10240 Mon 02 Mar 2026"')
    printer().print(TICKET)


@pytest.mark.parametrize(
    ("lp", "lpstat", "code"),
    [
        ("echo 'lp: The printer or class does not exist.' >&2; exit 1", "", "printer.queue_refused"),
        ("exec sleep 30", "", "printer.no_answer_in_time"),
        ("cat >/dev/null; echo rubbish", "", "printer.outcome_unknown"),
        ("exit 0", "", "printer.outcome_unknown"),  # takes nothing: a broken pipe is no crash
        ("cat >/dev/null; echo request id is tickets-12", "exit 1", "printer.outcome_unknown"),
        ("cat >/dev/null; echo request id is tickets-12", "exec sleep 30", "printer.outcome_unknown"),
        ("cat >/dev/null; echo request id is tickets-12", "echo tickets-12", "printer.outcome_unknown"),  # no cancel
    ],
)
def test_what_the_queue_does_wrong_has_a_word(queue: Queue, lp: str, lpstat: str, code: str):
    queue.has("lp", lp)
    queue.has("lpstat", lpstat)
    assert refusal() == code


def test_without_cups_it_is_said_that_it_is_missing(queue: Queue):
    assert refusal() == "printer.support_missing"
    assert printer().status() is PrinterState.GONE


def test_a_command_that_cannot_be_run_is_missing_too(queue: Queue):
    (queue.folder / "bin" / "lp").write_bytes(b"\x7fELF no program")
    (queue.folder / "bin" / "lp").chmod(0o755)
    assert refusal() == "printer.support_missing"


@pytest.mark.parametrize(
    ("says", "state"),
    [
        ("printer tickets is idle.  enabled since Mon", PrinterState.READY),
        ("printer tickets now printing tickets-12.  enabled since Mon", PrinterState.READY),
        ("printer tickets disabled since Mon -", PrinterState.GONE),
        ("printer tickets is idle.  enabled since Mon\n\tRejecting Jobs\n\tAlerts: none", PrinterState.GONE),
        ("printer tickets is idle.\n\tAlerts: media-empty-error", PrinterState.NO_PAPER),
        ("printer tickets now printing tickets-3.\n\tAlerts: cover-open media-empty", PrinterState.GONE),
        ("printer tickets is idle.\n\tDescription: disabled media-empty\n\tAlerts: none", PrinterState.READY),
        ("printer tickets is idle.\n\tAlerts: media-low-warning toner-low-report", PrinterState.PAPER_LOW),
        ("printer tickets is idle.\n\tAlerts: media-empty-report", PrinterState.READY),  # of another tray
        ("", PrinterState.UNKNOWN),
    ],
)
def test_the_operator_sees_what_the_queue_says(queue: Queue, says: str, state: PrinterState):
    queue.has("lpstat", f"echo '{says}'")
    assert printer().status() is state


def test_the_default_queue_is_named_by_leaving_it_out(queue: Queue):
    queue.has("lp", "cat >/dev/null; echo request id is any-3")
    says = {"-d": "system default destination: any", "-l": "printer any is idle.", "-W": ""}
    queue.has("lpstat", "case $1 in " + "".join(f"{word}) echo '{text}';; " for word, text in says.items()) + "esac")
    standard = CupsPrinter("", PaperWidth.MM_58)
    standard.print(TICKET)
    assert queue.told[2].startswith("lp -t ticket -o media=Custom.58x")
    assert standard.status() is PrinterState.READY
    queue.has("lpstat", "echo 'no system default destination'")
    assert standard.status() is PrinterState.GONE


@pytest.mark.parametrize(
    ("alert", "code"),
    [("media-empty-error", "no_paper"), ("cover-open", "cover_open"), ("offline-report", "no_answer_in_time")],
)
def test_why_a_job_stays_is_said_if_the_driver_knows(queue: Queue, alert: str, code: str):
    queue.has("lp", "cat >/dev/null; echo request id is tickets-12")
    queue.has("lpstat", f"[ $1 = -W ] && echo tickets-12 || echo 'printer tickets is idle.\n\tAlerts: {alert}'")
    queue.has("cancel", "")
    assert refusal() == f"printer.{code}"
    assert queue.told[-1] == "cancel tickets-12"


def test_nothing_is_put_into_a_queue_that_stands_still(queue: Queue):
    queue.has("lp", "cat >/dev/null; echo request id is tickets-12")
    queue.has("lpstat", "echo 'printer tickets disabled since Mon -'")
    assert refusal() == "printer.off_line"
    assert queue.told == ["lpstat -l -p tickets"]
