"""``chipid cards``, ``chipid card run``, ``chipid terminal-certificates``: what is emulated, on the command line.

Exit codes: 0 done, 1 the virtual reader cannot be reached or a file cannot be written, 64 wrong usage.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import pathlib
import signal
import sys
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Final, NoReturn

from emulator.adapters.vpcd import DEFAULT_HOST, DEFAULT_PORT, SlotChip, VirtualReaderError, VpcdSlot
from emulator.cards import CardSpec, attack_names, card, card_names, catalogue, trust_anchors
from emulator.terminal_certificates import add_terminal_certificate_arguments

__all__ = ["add_arguments", "main"]

EXIT_OK: Final = 0
EXIT_NOT_DONE: Final = 1
EXIT_USAGE: Final = 64
_LONGEST_PATIENCE_S: Final = 86_400


class _Parser(argparse.ArgumentParser):
    """Wrong usage ends with 64 (sysexits.h EX_USAGE)."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


class _Stopped(Exception):  # noqa: N818 - no error: somebody asked the program to end
    """SIGTERM or SIGINT arrived."""


def add_arguments(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the sub-commands ``cards``, ``card`` and ``terminal-certificates``.

    Each sets ``run`` to a function of the parsed arguments.
    """
    listing = commands.add_parser("cards", help="list the built-in emulated people")
    listing.add_argument("--json", action="store_true", help="as JSON")
    listing.add_argument(
        "--all", action="store_true", help="also chips that serve tests of the reader only, and forged cards"
    )
    listing.add_argument(
        "--trust-out",
        metavar="FOLDER",
        type=pathlib.Path,
        help="write the TEST authorities' certificates there instead",
    )
    listing.set_defaults(run=_run_cards, parser=listing)

    single = commands.add_parser("card", help="put an emulated card into a virtual reader")
    actions = single.add_subparsers(required=True, metavar="ACTION")
    run = actions.add_parser("run", help="serve a card until stopped")
    run.add_argument("name", metavar="NAME", help="one of the names that `cards` lists")
    run.add_argument(
        "--vpcd",
        metavar="HOST:PORT",
        type=_address,
        default=(DEFAULT_HOST, DEFAULT_PORT),
        help=f"where the virtual reader waits for cards (default {DEFAULT_HOST}:{DEFAULT_PORT})",
    )
    run.add_argument(
        "--patience",
        metavar="SECONDS",
        type=_seconds,
        default=10.0,
        help="how long to wait for the reader (default 10)",
    )
    run.add_argument(
        "--bit-rate",
        metavar="KBIT_S",
        type=int,
        choices=(106, 212, 424, 848),
        help="answer as slowly as a contactless chip of 2021 at 106, 212, 424 or 848 kbit/s (default: at once)",
    )
    run.set_defaults(run=_run_card, parser=run)

    add_terminal_certificate_arguments(commands)


def main(argv: Sequence[str]) -> int:
    """Runs ``cards …``, ``card run …`` or ``terminal-certificates …`` and returns the exit code."""
    parser = _Parser(prog="chipid", description="Emulated chip identity cards. All people are invented.")
    add_arguments(parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser))
    try:
        arguments, left_over = parser.parse_known_args(list(argv))
        if left_over:  # told by the sub-command, whose usage helps
            arguments.parser.error(f"there is no argument {' '.join(left_over)!r}")
    except SystemExit as left:  # --help, or wrong usage
        return left.code if isinstance(left.code, int) else EXIT_OK
    code: int = arguments.run(arguments)
    return code


def _address(text: str) -> tuple[str, int]:
    host, separator, port = text.rpartition(":")
    if not separator or not port.isdecimal() or not 0 < int(port) < 65_536:
        raise argparse.ArgumentTypeError("give HOST:PORT, for example 127.0.0.1:35963")
    return host.strip("[]") or DEFAULT_HOST, int(port)


def _seconds(text: str) -> float:
    with contextlib.suppress(ValueError):
        seconds = float(text)
        if 0 <= seconds <= _LONGEST_PATIENCE_S:  # NaN is not in the range either
            return seconds
    raise argparse.ArgumentTypeError(f"give seconds from 0 to {_LONGEST_PATIENCE_S}")


# -- cards -------------------------------------------------------------------------------------------


def _run_cards(arguments: argparse.Namespace) -> int:
    if arguments.trust_out is not None:
        return _write_trust_anchors(arguments.trust_out)
    specs = catalogue(laboratory=arguments.all, attacks=arguments.all)
    text = _as_json(specs, with_print=arguments.all) if arguments.json else _as_table(specs)
    sys.stdout.write(text + "\n")
    return EXIT_OK


def _as_json(specs: Sequence[CardSpec], *, with_print: bool) -> str:
    rows = [
        {
            "name": spec.name,
            "number": spec.number,
            "can": spec.can,
            "mrz": "\n".join(spec.mrz),
            "expected": spec.expected,
            "what_for": spec.what_for,
            **({"pin": spec.pin} if spec.pin else {}),
            **({"puk": spec.puk} if spec.puk else {}),
            **({"qr": spec.qr} if spec.qr and with_print else {}),
        }
        for spec in specs
    ]
    return json.dumps(rows, ensure_ascii=False, indent=2)


def _as_table(specs: Sequence[CardSpec]) -> str:
    rows = [("NAME", "NUMBER", "CAN", "EXPECTED", "WHAT FOR")]
    rows += [(spec.name, spec.number, spec.can, spec.expected, spec.what_for) for spec in specs]
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    lines = [
        "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[4]]) for row in rows
    ]
    return "\n".join(lines)


def _write_trust_anchors(folder: pathlib.Path) -> int:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for number, certificate in enumerate(trust_anchors(), start=1):
            path = folder / f"csca-test-only-{number}.cer"
            path.write_bytes(certificate)
            sys.stdout.write(f"{path}\n")
    except OSError as error:
        sys.stderr.write(
            f"chipid cards: cannot write into {folder} ({error.strerror}); give a folder that you may write.\n"
        )
        return EXIT_NOT_DONE
    return EXIT_OK


# -- card run ----------------------------------------------------------------------------------------


def _run_card(arguments: argparse.Namespace) -> int:
    name: str = arguments.name
    if name not in (*card_names(), *attack_names()):
        sys.stderr.write(f"chipid card run: there is no card {name!r}; `chipid cards` lists them.\n")
        return EXIT_USAGE
    host, port = arguments.vpcd

    def announce() -> None:
        sys.stdout.write(f"{name} is in the virtual reader at {host}:{port}; stop with Ctrl-C\n")
        sys.stdout.flush()

    try:
        with _stopping_on_signals():
            VpcdSlot(_slot_chip(name, arguments.bit_rate), host, port, patience_s=arguments.patience).serve(announce)
    except _Stopped:
        return EXIT_OK
    except VirtualReaderError as error:
        sys.stderr.write(f"chipid card run: {error}\n")
        return EXIT_NOT_DONE
    return EXIT_OK


def _slot_chip(name: str, kbit_s: int | None) -> SlotChip:
    """The card, behind the model of a contactless link if a bit rate is given."""
    if kbit_s is None:
        return card(name)
    from emulator.adapters.chip_times import load_chip
    from emulator.adapters.radio import BitRate, RadioChip, RadioLink

    return RadioChip(card(name), RadioLink(BitRate.named(kbit_s)), load_chip("chip-2021"))


@contextlib.contextmanager
def _stopping_on_signals() -> Iterator[None]:
    """SIGTERM and SIGINT raise :class:`_Stopped` inside the block, and do what they did before after it."""

    def stop(number: int, frame: FrameType | None) -> NoReturn:
        raise _Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
