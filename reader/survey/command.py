"""``chipid survey``: a field report of a card, for people or as JSON, without anything personal in it."""

from __future__ import annotations

import argparse
import json
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from crypto.errors import ChipIdError
from reader import console, errors
from reader.cli import EXIT_NOT_READ, UsageParser, access_key, cancelled_by_ctrl_c, printed_data, progress_printer
from reader.protocols.access_key import AccessKey
from reader.survey.files import Facts

__all__ = ["as_text", "survey_command"]


def survey_command(argv: Sequence[str]) -> int:
    """``chipid survey``. Exit code 0 if the card was opened and read, 2 if not, or if the report could not be kept.

    Args:
        argv: what follows the command's name.
    """
    arguments = _parser().parse_args(list(argv))
    try:
        key = access_key(arguments, printed_data(arguments))
        _look(arguments)
        with cancelled_by_ctrl_c() as cancel:
            report = _survey(arguments, key, cancel)
        return _hand_over(arguments, report)
    except (errors.Cancelled, KeyboardInterrupt):
        return _fail("Stopped. Nothing was kept.")
    except ChipIdError as error:
        return _fail(str(error))


def _parser() -> UsageParser:
    parser = UsageParser(
        prog="chipid survey",
        description="Report what kind of card this is and how it behaves: protocols, sizes, status words, times. Nothing "
        "of what it says about its holder. Read it before you pass it on.",
        epilog="In place of a number, '-' reads it from standard input. docs/survey.md says what each line is for.",
    )
    card = parser.add_mutually_exclusive_group(required=True)
    card.add_argument("--reader", metavar="NAME", help="PC/SC reader; see 'chipid readers'")
    card.add_argument("--emulated", metavar="NAME", help="built-in emulated card; see 'chipid cards'")
    # no PIN and no PUK: their tries run out, and a survey is not worth one
    key = parser.add_mutually_exclusive_group(required=True)
    key.add_argument("--number", metavar="N12", help="12-digit citizen number; its last six digits open a CCCD")
    key.add_argument("--can", metavar="N6", help="card access number, six digits")
    key.add_argument("--mrz", metavar="LINES", help="machine-readable lines, joined by newlines")
    parser.add_argument("--json", action="store_true", help="print the report as JSON")
    parser.add_argument("--output", metavar="FILE", type=Path, help="keep the report as JSON in a new file")
    parser.set_defaults(pin=None, puk=None, qr=None)
    return parser


def _survey(arguments: argparse.Namespace, key: AccessKey, cancel: threading.Event) -> Facts:
    from reader import transport
    from reader.survey.report import survey

    name: str | None = arguments.emulated
    with transport.open_pcsc(arguments.reader) if name is None else transport.open_emulated(name) as card:
        return survey(card, key, on_progress=progress_printer(), cancel=cancel)


def _look(arguments: argparse.Namespace) -> None:
    """Before the card is asked, so that a wrong path costs nobody a survey."""
    from reader.private_file import require_free

    if arguments.output is not None:
        try:
            require_free(arguments.output, force=False)
        except OSError as error:
            raise _unwritable(error) from None


def _hand_over(arguments: argparse.Namespace, report: Facts) -> int:
    from reader.private_file import write_private

    text = json.dumps(report, ensure_ascii=False, indent=2)
    if arguments.output is not None:
        try:
            write_private(arguments.output, text.encode() + b"\n")
        except OSError as error:
            raise _unwritable(error) from None
    try:
        console.write_result(text if arguments.json else as_text(report))
    except OSError as error:
        return _fail(f"The report could not be written to standard output: {error.strerror or 'it is closed'}.")
    access = report.get("access")
    return EXIT_NOT_READ if isinstance(access, dict) and "error" in access else 0


def _unwritable(error: OSError) -> errors.DocumentError:
    if isinstance(error, FileExistsError):
        return errors.DocumentError(errors.REPORT_EXISTS)
    return errors.DocumentError(errors.REPORT_UNWRITABLE, cause=type(error).__name__)


def as_text(report: Facts) -> str:
    """The same for people: a line for each fact, indented as they belong together."""
    return "\n".join(_lines(report, 0))


def _lines(value: object, depth: int) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _named(str(name).replace("_", " "), inner, depth)
    elif isinstance(value, list):
        for inner in value:
            yield from _named("-", inner, depth)


def _named(name: str, value: object, depth: int) -> Iterator[str]:
    begin, colon = "  " * depth + name, "" if name == "-" else ":"
    if isinstance(value, dict) and not any(isinstance(inner, dict | list) for inner in value.values()):
        value = ", ".join(f"{key.replace('_', ' ')} {_word(inner)}" for key, inner in value.items())
    elif isinstance(value, list) and not any(isinstance(inner, dict | list) for inner in value):
        value = ", ".join(_word(inner) for inner in value)
    if isinstance(value, dict | list):
        yield begin + colon
        yield from _lines(value, depth + 1)
    else:
        yield f"{begin}{colon} {_word(value)}".rstrip()


def _word(value: object) -> str:
    if value is None:
        return "unknown"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value)


def _fail(sentence: str) -> int:
    console.say(f"chipid: {sentence}\n")
    return EXIT_NOT_READ
