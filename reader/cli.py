"""``chipid read`` and ``chipid readers``: the reader on the command line.

Progress goes to stderr, the result to stdout. Exit codes: 0 accepted, 1 read but not accepted, 2 not read
or not delivered, 64 wrong usage. The keys of the JSON are a promise to whoever calls this from a script.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import functools
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TextIO

from crypto.errors import ChipIdError
from reader import console, errors
from reader.progress import OnProgress, ProgressEvent, ReadingPhase
from reader.protocols.access_key import AccessKey
from reader.reports.delivery import Delivery, add_delivery_arguments, delivery_of
from reader.trace_options import add_trace_arguments, check_trace_arguments, reading_tools

if TYPE_CHECKING:
    from reader.beside import FileReady
    from reader.inspection import ReadOutcome
    from reader.plan import ReadPlan
    from reader.terminal_credentials import TerminalCredentials
    from reader.trust.folder import TrustFolder
    from reader.verification.online import AuthenticationService
    from reader.verification.printed_data import PrintedData

__all__ = [
    "access_key",
    "cancelled_by_ctrl_c",
    "printed_data",
    "progress_printer",
    "read_command",
    "readers_command",
    "trusted",
]

EXIT_ACCEPTED = 0
EXIT_NOT_ACCEPTED = 1
EXIT_NOT_READ = 2
EXIT_USAGE = 64


def _path(text: str) -> Path:
    """An empty text would be the folder that one happens to be in, and whoever can write there would be trusted."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return Path(text)


class UsageParser(argparse.ArgumentParser):
    """argparse, but wrong usage ends with 64: 2 has a meaning of its own here. An empty path is wrong usage."""

    def __init__(self, *arguments: Any, **named: Any) -> None:  # noqa: ANN401 - as the class above has them
        super().__init__(*arguments, **named)
        self.register("type", Path, _path)

    def error(self, message: str) -> NoReturn:
        if message.startswith(("unrecognized arguments", "ambiguous option")):
            message = message.partition(":")[0]  # what follows was typed, and may be a number out of place
        console.say(f"{self.format_usage()}{self.prog}: {message}\n")
        self.exit(EXIT_USAGE)


def _read_parser() -> UsageParser:
    parser = UsageParser(
        prog="chipid read",
        description="Read a card and say what was proven about it.",
        epilog="In place of a secret, '-' reads it from standard input.",
    )
    card = parser.add_mutually_exclusive_group(required=True)
    card.add_argument("--reader", metavar="NAME", help="PC/SC reader; see 'chipid readers'")
    card.add_argument("--emulated", metavar="NAME", help="built-in emulated card; see 'chipid cards'")
    card.add_argument("--replay", metavar="FILE", type=Path, help="a full trace of a TEST card; see --trace-full")
    add_key_arguments(parser)
    parser.add_argument("--trust", metavar="FOLDER", type=Path, help="folder with CSCA certificates (DER or PEM)")
    parser.add_argument(
        "--terminal",
        metavar="FOLDER",
        type=Path,
        help="folder with this terminal's certificates (*.cvcert) and terminal.key; opens DG3 and DG4",
    )
    parser.add_argument(
        "--terminal-key",
        metavar="URI",
        help="pkcs11: URI of the terminal's key in a token, in place of terminal.key; the PIN by pin-source=file:… in it "
        "or in CHIPID_TERMINAL_PIN",
    )
    parser.add_argument(
        "--online",
        metavar="URL",
        help="ask the licensed authentication service at this address whether the card is lost or cancelled",
    )
    parser.add_argument("--policy", choices=("hospital", "desk", "laboratory"), default="hospital")
    parser.add_argument("--no-photo", action="store_true", help="leave out DG2, most of what goes over the link")
    parser.add_argument(
        "--test-mode", action="store_true", help="allow TEST authorities; implied by --emulated and --replay"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")
    parser.add_argument("--out", metavar="FOLDER", type=Path, help="keep the files exactly as read")
    add_delivery_arguments(parser)
    add_trace_arguments(parser)
    return parser


def add_key_arguments(parser: argparse.ArgumentParser) -> None:
    """What opens a chip. :func:`check_key_arguments` says which of them go together."""
    printed = parser.add_mutually_exclusive_group()
    printed.add_argument("--number", metavar="N12", help="12-digit citizen number; its last six digits open a CCCD")
    printed.add_argument("--can", metavar="N6", help="card access number, six digits; beside --pin for a last try")
    printed.add_argument("--mrz", metavar="LINES", help="machine-readable lines, joined by newlines")
    secret = parser.add_mutually_exclusive_group()
    secret.add_argument("--pin", metavar="DIGITS", help="the holder's PIN")
    secret.add_argument("--puk", metavar="DIGITS", help="the key that unblocks the PIN")
    parser.add_argument(
        "--qr",
        metavar="TEXT",
        help="what the QR code on the card says: held against the chip, as --number and --mrz are; opens it by its "
        "number if there is no other key",
    )


def check_key_arguments(parser: argparse.ArgumentParser, arguments: argparse.Namespace) -> None:
    """Ends the program with wrong usage if the keys given do not go together."""
    printed = [value for value in (arguments.number, arguments.can, arguments.mrz) if value is not None]
    secret = [value for value in (arguments.pin, arguments.puk) if value is not None]
    if not printed + secret and arguments.qr is None:
        parser.error("one of the arguments --number --can --mrz --pin --puk --qr is required")
    if secret and arguments.mrz is not None:
        parser.error("argument --mrz: not allowed with argument --pin or --puk; a last try is allowed by --can")
    if [*printed, *secret, arguments.qr].count("-") > 1:
        parser.error("only one secret can be read from standard input")


def read_command(argv: Sequence[str], *, service_at: Callable[[str], AuthenticationService] | None = None) -> int:
    """``chipid read``. Returns the exit code.

    Args:
        argv: what follows the command's name.
        service_at: makes the authentication service at an address; ``ValueError`` for an address that may not be used.
            The reader itself has no network.
    """
    parser = _read_parser()
    arguments = parser.parse_args(list(argv))
    check_key_arguments(parser, arguments)
    if arguments.terminal_key is not None and arguments.terminal is None:
        parser.error("argument --terminal-key: not allowed without --terminal, which names the certificates")
    check_trace_arguments(parser, arguments)
    service = _service(parser, arguments.online, service_at)
    delivery = delivery_of(parser, arguments)
    try:
        printed = printed_data(arguments)  # may wait for standard input, and Ctrl-C must end that at once
        key = access_key(arguments, printed)
        with cancelled_by_ctrl_c() as cancel:
            return _read(arguments, key, printed, delivery, cancel, service)
    except (errors.Cancelled, KeyboardInterrupt):
        return _fail("Stopped. Nothing was kept.")
    except ChipIdError as error:
        return _fail(str(error))


def _service(
    parser: UsageParser, url: str | None, service_at: Callable[[str], AuthenticationService] | None
) -> AuthenticationService | None:
    if url is None:
        return None
    if service_at is None:
        parser.error("argument --online: this program was built without a network")
    try:
        return service_at(url)
    except ValueError:
        parser.error(
            "argument --online: an address such as https://service.example/verify, without user name or password"
        )


def _read(
    arguments: argparse.Namespace,
    key: AccessKey,
    printed: PrintedData,
    delivery: Delivery,
    cancel: threading.Event,
    service: AuthenticationService | None,
) -> int:
    from reader import inspection

    test_mode = arguments.test_mode or arguments.reader is None
    anchors = functools.cache(lambda: trusted(arguments.trust, test_mode=test_mode))
    if arguments.trust is not None:
        anchors()  # what is wrong with the folder is said before the card is touched
    terminal = _terminal(arguments.terminal, arguments.terminal_key)
    if arguments.out is not None and (problem := _prepare_folder(arguments.out)):
        return _fail(problem)
    delivery.prepare()
    with reading_tools(arguments, plan=_plan(arguments), terminal=terminal, challenges=delivery.challenges) as tools:
        read_at = tools.read_at
        outcome = inspection.read(
            tools.card,
            key,
            policy=arguments.policy,
            trust=lambda: anchors().store,
            on_progress=progress_printer(),
            on_file=_tell_a_changed_file,
            cancel=cancel,
            plan=tools.plan,
            comes_back=tools.comes_back,
            terminal=tools.terminal,
            printed=printed if printed.is_given else None,
            now=lambda: read_at,
            service=service,
            deviations=() if arguments.trust is None else anchors().deviations,
            draw_challenge=tools.draw_challenge,
            randomness=tools.randomness,
            witness=tools.witness,
        )
        tools.conclude(outcome)
    code = _hand_over(arguments, outcome, anchors, read_at, printed, delivery)
    return code if tools.problem is None else _fail(str(tools.problem))


def _hand_over(
    arguments: argparse.Namespace,
    outcome: ReadOutcome,
    anchors: Callable[[], TrustFolder],
    read_at: dt.datetime,
    printed: PrintedData,
    delivery: Delivery,
) -> int:
    """The result to standard output, and what was asked to be kept to its files. Returns the exit code."""
    from reader.reports import result  # after the reading, which waits for nothing that it does not need

    delivered = _print(result.as_json(outcome) if arguments.json else result.as_text(outcome))
    if arguments.out is not None:
        try:
            result.write_files(outcome, arguments.out)
        except OSError as error:
            return _fail(f"The files could not be kept in the folder given by --out: {error.strerror or 'disk error'}.")
    delivery.keep(
        outcome,
        trust=anchors().store,
        read_at=read_at,
        policy=arguments.policy,
        is_emulated=arguments.reader is None,
        printed=printed if printed.is_given else None,
    )
    if not delivered:
        return EXIT_NOT_READ
    return EXIT_ACCEPTED if outcome.verdict.decision.name == "ACCEPT" else EXIT_NOT_ACCEPTED


def trusted(folder: Path | None, *, test_mode: bool) -> TrustFolder:
    """Trust anchors; what was left out of a folder is said, or nobody would know why a card is not accepted."""
    from reader import inspection
    from reader.trust.folder import TrustFolder, load_folder

    if folder is None:
        return TrustFolder(inspection.trust_for(None, test_mode=test_mode))
    loaded = load_folder(folder, test_mode=test_mode)
    for name in loaded.unusable:
        console.say(f"chipid: {name!r} in the folder given by --trust holds no usable certificate; it is left out.\n")
    for name in loaded.test_refused:
        console.say(f"chipid: {name!r} is a certificate for tests; it is left out without --test-mode.\n")
    for name in loaded.strays:
        console.say(
            f"chipid: {name!r} lies in the folder given by --trust and is no part of the store; it is left out.\n"
        )
    if not len(loaded.store):
        console.say(
            "chipid: the folder given by --trust holds no certificate that counts, so no issuer can be verified.\n"
        )
    return loaded


def _terminal(folder: Path | None, key_uri: str | None) -> TerminalCredentials | None:
    if folder is None:
        return None
    from reader.terminal_credentials import load_credentials

    return load_credentials(folder, key_uri)


def _print(text: str) -> bool:
    """Whether the result reached standard output; a script must not take a lost one for an answer."""
    try:
        console.write_result(text)
    except OSError as error:
        _fail(f"The result could not be written to standard output: {error.strerror or 'it is closed'}.")
        return False
    return True


def printed_data(arguments: argparse.Namespace) -> PrintedData:
    """What was given of the card's surface."""
    from reader.verification.printed_data import PrintedData

    number = mrz = qr = None
    if arguments.mrz is not None:
        from reader.lds.mrz import parse_scanned_mrz

        lines = _secret(arguments.mrz).replace("\\n", "\n").split("\n")  # shells make a real newline awkward to type
        mrz = parse_scanned_mrz([line.strip() for line in lines if line.strip()])
    if arguments.number is not None:
        from reader.vietnamese.number import parse_number

        number = parse_number(_secret(arguments.number))
    if arguments.qr is not None:
        from reader.scanners.qr import parse_citizen_qr

        qr = parse_citizen_qr(_secret(arguments.qr))
    return PrintedData(number=number, qr=qr, mrz=mrz)


def access_key(arguments: argparse.Namespace, printed: PrintedData) -> AccessKey:
    """A secret of the holder's, else what is printed; a QR code names the number only where nothing else was given:
    beside a PIN, who scanned the card has not yet allowed the last try."""
    from reader.protocols.access_key import CanKey, MrzKey, PinKey, PukKey

    can: CanKey | None = None
    if arguments.can is not None:
        can = CanKey.from_digits(_secret(arguments.can))
    elif printed.number is not None:
        can = CanKey.from_citizen_number(printed.number.digits)
    if arguments.pin is not None:
        return PinKey.from_digits(_secret(arguments.pin), resume_with=can)
    if arguments.puk is not None:
        return PukKey.from_digits(_secret(arguments.puk), resume_with=can)
    if can is not None:
        return can
    if printed.mrz is not None:
        return MrzKey.from_lines(printed.mrz.lines)
    return CanKey.from_citizen_number("" if printed.qr is None else printed.qr.number.digits)


def _secret(argument: str) -> str:
    """The value itself, or standard input for ``-``, so that it need not stand in the process list."""
    return console.read_secret() if argument == "-" else argument.strip()


def _prepare_folder(folder: Path) -> str | None:
    """Make the folder before the card is read, so that a wrong path costs nobody a reading."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        return f"The folder given by --out cannot be made: {error.strerror}."
    return None


def _fail(sentence: str) -> int:
    console.say(f"chipid: {sentence}\n")
    return EXIT_NOT_READ


@contextlib.contextmanager
def cancelled_by_ctrl_c() -> Iterator[threading.Event]:
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
    ReadingPhase.CARD_AWAITED: "The card was taken away. Put it back: reading goes on where it stopped …",
    ReadingPhase.ACCESS_CONTROL: "Opening the chip …",
    ReadingPhase.CHIP_AUTHENTICATION: "Asking the chip to prove that it is genuine …",
    ReadingPhase.TERMINAL_AUTHENTICATION: "Showing this terminal's certificates to the chip …",
    ReadingPhase.ACTIVE_AUTHENTICATION: "Having the chip sign a challenge …",
    ReadingPhase.VERIFYING: "Checking signatures …",
    ReadingPhase.DONE: "Done. The card can be taken away.",
}


def progress_printer() -> OnProgress:
    """A line per step; on a terminal, the file being read counts up in place."""
    stderr: TextIO | None = sys.stderr
    on_terminal = stderr is not None and stderr.isatty()

    def show(event: ProgressEvent) -> None:
        if event.phase is not ReadingPhase.READING_FILE:
            begin = "\r\x1b[K" if on_terminal else ""  # a tear leaves a line unended
            console.say(f"{begin}{_PHASE_TEXTS[event.phase]}\n")
            return
        complete = event.done_bytes == event.total_bytes
        text = f"Reading {event.file}: {event.done_bytes:,} of {event.total_bytes:,} bytes"
        if on_terminal:
            console.say(f"\r\x1b[K{text}" + ("\n" if complete else ""))
        elif complete:
            console.say(text + "\n")

    return show


def _tell_a_changed_file(ready: FileReady) -> None:
    """At once, while the rest is still being read; the verdict says it again."""
    if ready.is_as_signed is False:
        console.say(f"{ready.file.name} is not what the chip's issuer signed.\n")


def _plan(arguments: argparse.Namespace) -> ReadPlan:
    from reader.plan import plan_named

    plan = plan_named(arguments.policy)
    return plan.without_photo() if arguments.no_photo else plan


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
        text = json.dumps(rows, indent=2, ensure_ascii=False)
    elif not found:
        text = "No PC/SC reader is plugged in. 'chipid doctor' says what else may be missing."
    else:
        width = max(len(info.name) for info in found)
        text = "\n".join(f"{info.name:<{width}}  {_STATE_TEXTS[info.state.value]}" for info in found)
    return 0 if _print(text) else EXIT_NOT_READ


_STATE_TEXTS = {
    "empty": "no card",
    "card": "card present",
    "mute": "card present, but it does not answer",
    "in_use": "card present, used by another program",
    "unavailable": "not available",
}
