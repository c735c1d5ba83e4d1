"""``chipid read`` and ``chipid readers``: the reader on the command line.

Progress goes to stderr, the result to stdout. Exit codes: 0 accepted, 1 read but not accepted, 2 not read,
64 wrong usage. The keys of the JSON are a promise to whoever calls this from a script.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import NoReturn

from crypto.errors import ChipIdError
from reader import errors
from reader.progress import OnProgress, ProgressEvent, ReadingPhase
from reader.protocols.access_key import AccessKey

__all__ = ["read_command", "readers_command"]

EXIT_ACCEPTED = 0
EXIT_NOT_ACCEPTED = 1
EXIT_NOT_READ = 2
EXIT_USAGE = 64


class UsageParser(argparse.ArgumentParser):
    """argparse, but wrong usage ends with 64: 2 has a meaning of its own here."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def _read_parser() -> UsageParser:
    parser = UsageParser(
        prog="chipid read",
        description="Read a card and say what was proven about it.",
        epilog="In place of a secret, '-' reads it from standard input.",
    )
    card = parser.add_mutually_exclusive_group(required=True)
    card.add_argument("--reader", metavar="NAME", help="PC/SC reader; see 'chipid readers'")
    card.add_argument("--emulated", metavar="NAME", help="built-in emulated card; see 'chipid cards'")
    key = parser.add_mutually_exclusive_group(required=True)
    key.add_argument("--number", metavar="N12", help="12-digit citizen number; its last six digits open a CCCD")
    key.add_argument("--can", metavar="N6", help="card access number, six digits")
    key.add_argument("--mrz", metavar="LINES", help="machine-readable lines, joined by newlines")
    parser.add_argument("--trust", metavar="FOLDER", type=Path, help="folder with CSCA certificates (DER or PEM)")
    parser.add_argument("--policy", choices=("hospital", "desk", "laboratory"), default="hospital")
    parser.add_argument("--test-mode", action="store_true", help="allow TEST authorities; implied by --emulated")
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="keep the files exactly as read")
    return parser


def read_command(argv: Sequence[str]) -> int:
    """``chipid read``. Returns the exit code."""
    arguments = _read_parser().parse_args(list(argv))
    try:
        with _cancelled_by_ctrl_c() as cancel:
            return _read(arguments, cancel)
    except errors.Cancelled:
        return _fail("Stopped. Nothing was kept.")
    except ChipIdError as error:
        return _fail(str(error))


def _read(arguments: argparse.Namespace, cancel: threading.Event) -> int:
    from reader import inspection, transport
    from reader.verification import report

    key = _access_key(arguments)
    test_mode = arguments.test_mode or arguments.emulated is not None
    trust = inspection.trust_for(arguments.trust, test_mode=test_mode)
    if arguments.out is not None and (problem := _prepare_folder(arguments.out)):
        return _fail(problem)
    opened = (
        transport.open_emulated(arguments.emulated) if arguments.emulated else transport.open_pcsc(arguments.reader)
    )
    with opened as card:
        outcome = inspection.read(
            card, key, policy=arguments.policy, trust=trust, on_progress=_progress_printer(), cancel=cancel
        )
    text = report.as_json(outcome) if arguments.json else report.as_text(outcome)
    sys.stdout.write(text if text.endswith("\n") else text + "\n")
    if arguments.out is not None:
        try:
            report.write_files(outcome, arguments.out)
        except OSError as error:
            return _fail(f"The files could not be kept in the folder given by --out: {error.strerror or 'disk error'}.")
    return EXIT_ACCEPTED if outcome.verdict.decision.name == "ACCEPT" else EXIT_NOT_ACCEPTED


def _access_key(arguments: argparse.Namespace) -> AccessKey:
    from reader.protocols.access_key import CanKey, MrzKey

    if arguments.number is not None:
        return CanKey.from_citizen_number(_secret(arguments.number))
    if arguments.can is not None:
        return CanKey.from_digits(_secret(arguments.can))
    lines = _secret(arguments.mrz).replace("\\n", "\n").split("\n")  # shells make a real newline awkward to type
    return MrzKey.from_lines([line.strip() for line in lines if line.strip()])


def _secret(argument: str) -> str:
    """The value itself, or standard input for ``-``, so that it need not stand in the process list."""
    return sys.stdin.read().strip() if argument == "-" else argument.strip()


def _prepare_folder(folder: Path) -> str | None:
    """Make the folder before the card is read, so that a wrong path costs nobody a reading."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"The folder given by --out cannot be made: {error.strerror}."
    return None


def _fail(sentence: str) -> int:
    sys.stderr.write(f"chipid: {sentence}\n")
    return EXIT_NOT_READ


@contextlib.contextmanager
def _cancelled_by_ctrl_c() -> Iterator[threading.Event]:
    """Ctrl-C and SIGTERM end the reading after the command under way."""
    cancel = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield cancel
        return

    def stop(number: int, frame: FrameType | None) -> None:
        cancel.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield cancel
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_PHASE_TEXTS = {
    ReadingPhase.CONNECTING: "Connecting to the card …",
    ReadingPhase.ACCESS_CONTROL: "Opening the chip …",
    ReadingPhase.CHIP_AUTHENTICATION: "Asking the chip to prove that it is genuine …",
    ReadingPhase.ACTIVE_AUTHENTICATION: "Having the chip sign a challenge …",
    ReadingPhase.VERIFYING: "Checking signatures …",
    ReadingPhase.DONE: "Done. The card can be taken away.",
}


def _progress_printer() -> OnProgress:
    """A line per step; on a terminal, the file being read counts up in place."""
    on_terminal = sys.stderr.isatty()

    def show(event: ProgressEvent) -> None:
        if event.phase is not ReadingPhase.READING_FILE:
            sys.stderr.write(_PHASE_TEXTS[event.phase] + "\n")
            return
        complete = event.done_bytes == event.total_bytes
        text = f"Reading {event.file}: {event.done_bytes:,} of {event.total_bytes:,} bytes"
        if on_terminal:
            sys.stderr.write(f"\r\x1b[K{text}" + ("\n" if complete else ""))
        elif complete:
            sys.stderr.write(text + "\n")
        sys.stderr.flush()

    return show


def readers_command(argv: Sequence[str]) -> int:
    """``chipid readers``: every PC/SC reader with what is in it. Exit code 2 if the service cannot be asked."""
    parser = UsageParser(prog="chipid readers", description="List the PC/SC readers and what is in them.")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(list(argv))
    try:
        from reader import transport

        found = transport.list_pcsc_readers()
    except ChipIdError as error:
        return _fail(str(error))
    if arguments.json:
        rows = [{"name": info.name, "state": info.state.value, "atr": info.atr.hex()} for info in found]
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    elif not found:
        sys.stdout.write("No PC/SC reader is plugged in. 'chipid doctor' says what else may be missing.\n")
    else:
        width = max(len(info.name) for info in found)
        sys.stdout.write("".join(f"{info.name:<{width}}  {_STATE_TEXTS[info.state.value]}\n" for info in found))
    return 0


_STATE_TEXTS = {
    "empty": "no card",
    "card": "card present",
    "mute": "card present, but it does not answer",
    "in_use": "card present, used by another program",
    "unavailable": "not available",
}
