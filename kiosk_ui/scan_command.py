"""``chipid scan``: a live test of a scanner or document reader. Shows what arrives, redacted unless asked otherwise.

One line per arrival on stdout: what it is, how long, in which encoding, which fields it has and how many characters
each. Nothing personal is shown without ``--show``. Exit codes: 0 something usable arrived, 1 nothing usable did, 2 the
device could not be opened, 64 wrong usage. The keys of the JSON lines are a promise to whoever calls this from a script.
"""

from __future__ import annotations

import argparse
import queue
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from crypto.errors import ChipIdError
from kiosk_ui.scan_report import Arrival, ScanReport
from reader import console, errors
from reader.cli import UsageParser, cancelled_by_ctrl_c
from reader.inspection import trust_for

if TYPE_CHECKING:
    import threading

__all__ = ["scan_command"]

EXIT_NOTHING_USABLE = 1
EXIT_NOT_OPENED = 2
EXIT_USAGE = 64
_LOOK_EVERY_S = 0.1
_LONGEST_KEYED_LINE = 4096

SERIAL_KINDS = ("code", "elyctis", "desko", "est-100pr")


class _Device(Protocol):
    def start(self) -> None: ...
    def stop(self) -> None: ...


def _parser() -> UsageParser:
    parser = UsageParser(
        prog="chipid scan",
        description="Show what a scanner or document reader sends, until Ctrl-C.",
        epilog="Nothing personal is shown without --show. docs/scanners.md says how devices are set up.",
    )
    parser.add_argument("--port", metavar="NAME", help="serial port, e.g. /dev/ttyACM0 or COM3")
    parser.add_argument(
        "--kind",
        choices=(*SERIAL_KINDS, "hn212", "keyboard"),
        default="code",
        help="what hangs there (code); keyboard: a scanner that types, read from standard input",
    )
    parser.add_argument("--baud", metavar="N", type=int, help="bits per second, if not what the maker sets")
    parser.add_argument("--parity", choices=("none", "odd", "even"), help="if not what the maker sets")
    parser.add_argument("--url", metavar="URL", help="address of an HN212 (http://192.168.5.1:8000)")
    parser.add_argument(
        "--trust", metavar="FOLDER", type=Path, help="CSCA certificates, for files that a device hands over"
    )
    parser.add_argument("--test-mode", action="store_true", help="allow TEST authorities")
    parser.add_argument("--count", metavar="N", type=int, help="end after so many arrivals")
    parser.add_argument("--seconds", metavar="S", type=float, help="end after so long")
    parser.add_argument("--json", action="store_true", help="one JSON object per line")
    parser.add_argument("--show", action="store_true", help="show the content as well: personal data on your screen")
    return parser


def scan_command(argv: Sequence[str]) -> int:
    """``chipid scan``. Returns the exit code."""
    parser = _parser()
    arguments = parser.parse_args(list(argv))
    if arguments.kind in SERIAL_KINDS and arguments.port is None:
        parser.error("the argument --port is required for a device on a serial port")
    for name, least in (("count", 1), ("seconds", 0), ("baud", 300)):
        value = getattr(arguments, name)
        if value is not None and not least <= value <= 4_000_000:
            parser.error(f"argument --{name}: at least {least}, at most 4,000,000")
    try:
        trust = trust_for(arguments.trust, test_mode=arguments.test_mode)
        report = ScanReport(trust, as_json=arguments.json, shows_content=arguments.show)
        with cancelled_by_ctrl_c() as cancel:
            return _run(arguments, report, cancel)
    except ChipIdError as error:
        console.say(f"chipid: {error}\n")
        return EXIT_NOT_OPENED


def _run(arguments: argparse.Namespace, report: ScanReport, cancel: threading.Event) -> int:
    if arguments.kind == "keyboard":
        arrivals: Iterator[Arrival] = _keyed()
        return _print_all(arrivals, report, arguments.count)
    found: queue.Queue[Arrival | ChipIdError | None] = queue.Queue()
    device = _device(arguments, found.put)
    device.start()
    try:
        opened = _wait(found, cancel, None)
        if isinstance(opened, ChipIdError):
            console.say(f"chipid: {opened}\n")
            return EXIT_NOT_OPENED
        console.say(f"Ready{_named(arguments)}. Hold something to the device; Ctrl-C ends.\n")
        deadline = None if arguments.seconds is None else time.monotonic() + arguments.seconds
        return _print_all(_arrivals(found, cancel, deadline), report, arguments.count)
    finally:
        device.stop()


def _named(arguments: argparse.Namespace) -> str:
    """The serial number of a device that tells it."""
    if arguments.kind != "hn212":
        return ""
    from kiosk_ui.app.gateways.hn212 import DEFAULT_URL, serial_number

    try:
        return f": serial number {serial_number(arguments.url or DEFAULT_URL)}"
    except errors.TransportError:  # the events matter, that page does not
        return ""


def _print_all(arrivals: Iterator[Arrival], report: ScanReport, count: int | None) -> int:
    usable = number = 0
    for arrival in arrivals:
        line, is_usable = report.line(arrival)
        if line is None:
            continue
        try:
            console.write_result(line)
        except OSError as error:
            console.say(f"chipid: the output could not be written: {error.strerror or 'it is closed'}.\n")
            return EXIT_NOT_OPENED
        usable, number = usable + is_usable, number + 1
        if number == count:
            break
    return 0 if usable else EXIT_NOTHING_USABLE


_Found = Callable[["Arrival | ChipIdError | None"], None]


def _device(arguments: argparse.Namespace, found: _Found) -> _Device:
    """The device; ``None`` is told when it is open, an error when it is lost, and an arrival for each message."""
    if arguments.kind == "hn212":
        from kiosk_ui.app.gateways.hn212 import DEFAULT_URL, Hn212Listener
        from reader.scanners.vendor.hn212 import Hn212Card

        card = Hn212Card()
        return Hn212Listener(
            lambda message: found(Arrival.of(card.take, message)),
            found,
            on_ready=lambda: found(None),
            url=arguments.url or DEFAULT_URL,
        )
    from reader.scanners.devices import SerialKind, interpreter_of, line_of
    from reader.scanners.serial import Parity, SerialScanner

    kind = SerialKind(arguments.kind)
    interpreter = interpreter_of(kind)
    parity = None if arguments.parity is None else Parity(arguments.parity)
    return SerialScanner(
        arguments.port,
        lambda message: found(Arrival.of(interpreter.take, message)),
        found,
        on_ready=lambda: found(None),
        line=line_of(kind, baud_rate=arguments.baud, parity=parity),
    )


def _wait(
    found: queue.Queue[Arrival | ChipIdError | None], cancel: threading.Event, deadline: float | None
) -> Arrival | ChipIdError | None:
    """The next thing. Raises :class:`~reader.errors.Cancelled` when the time is over or Ctrl-C was pressed."""
    while not cancel.is_set() and (deadline is None or time.monotonic() < deadline):
        try:
            return found.get(timeout=_LOOK_EVERY_S)
        except queue.Empty:
            continue
    raise errors.Cancelled


def _arrivals(
    found: queue.Queue[Arrival | ChipIdError | None], cancel: threading.Event, deadline: float | None
) -> Iterator[Arrival]:
    while True:
        try:
            what = _wait(found, cancel, deadline)
        except errors.Cancelled:
            return
        if what is None:
            console.say("The device is back.\n")
        elif isinstance(what, errors.TransportError):
            console.say(f"chipid: {what}\n")
        elif isinstance(what, ChipIdError):
            yield Arrival(error=what)
        else:
            yield what


def _keyed() -> Iterator[Arrival]:
    """What is typed, line by line, until the end of standard input."""
    from reader.scanners.keyboard import KeyedLines

    stream, lines = sys.stdin, KeyedLines()
    while stream is not None:
        try:
            line = stream.readline(_LONGEST_KEYED_LINE)
        except (OSError, ValueError):  # ValueError: closed, or octets that are no text
            raise errors.DocumentError(errors.INPUT_UNREADABLE) from None
        if not line:
            return
        if line.strip():
            yield Arrival.of(lambda message: lines.take(message.decode()), line.strip().encode(errors="replace"))
