"""Where everything is wired: ``chipid kiosk`` for a hospital, and its demonstration with emulated people.

Only this package and the command line know both the kiosk and the emulator. Qt is imported when it is needed, so that
``--help`` works without it.
"""

from __future__ import annotations

import argparse
import os
import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from crypto.errors import ChipIdError
from kiosk_ui.app.operation.service_manager import ServiceManager
from kiosk_ui.bootstrap.display import begin_to_look
from kiosk_ui.bootstrap.stopping import EXIT_RESTART, start_again, told_to_stop

__all__ = ["EXIT_FAILED", "EXIT_USAGE", "main"]

EXIT_FAILED = 2
EXIT_USAGE = 64


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def _millimetres(text: str) -> float:
    try:
        length = float(text)
    except ValueError:
        length = 0.0
    if not 50 <= length <= 5000:
        raise argparse.ArgumentTypeError("a length in millimetres between 50 and 5000 is wanted")
    return length


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="chipid kiosk", description="Run the reception kiosk.")
    parser.add_argument(
        "--demo", action="store_true", help="emulated people, relay and scanner; nothing real is touched"
    )
    parser.add_argument("--reader", metavar="NAME", help="PC/SC reader; the first one by default")
    parser.add_argument("--scanner", metavar="PORT", help="serial port of the code scanner, e.g. /dev/ttyACM0")
    parser.add_argument("--settings", metavar="FILE", type=Path, help="settings of this kiosk (TOML)")
    parser.add_argument(
        "--trust", metavar="FOLDER", type=Path, help="CSCA certificates; 'trust' in the data folder by default"
    )
    parser.add_argument(
        "--language", metavar="CODE", default="vi", help="language that every visit begins with (vi, en, fr)"
    )
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--portrait", action="store_true", help="upright screen (the default)")
    shape.add_argument("--landscape", action="store_true", help="screen on its side")
    parser.add_argument(
        "--screen-mm",
        metavar=("WIDTH", "HEIGHT"),
        nargs=2,
        type=_millimetres,
        default=(268.0, 476.4),
        help="size of the screen when it stands upright; sizes on it are true (21.5 inches: 268 476.4)",
    )
    parser.add_argument("--hospital", metavar="NAME", default="Bệnh viện Mẫu", help="name on top of every screen")
    parser.add_argument("--still", action="store_true", help="no transitions between screens")
    parser.add_argument("--fullscreen", action="store_true", help="no frame, the whole screen")
    parser.add_argument(
        "--out", metavar="DIR", type=Path, default=Path("out"), help="where the demonstration leaves its results (out)"
    )
    return parser


def _parsed(argv: Sequence[str]) -> argparse.Namespace:
    parser = _parser()
    arguments = parser.parse_args(list(argv))
    real = [name for name in ("settings", "reader", "scanner", "trust") if getattr(arguments, name) is not None]
    if arguments.demo and real:
        parser.error(
            f"--demo has people, reader, scanner, relay and settings of its own; leave out --{real[0]}, or leave out --demo"
        )
    return arguments


def main(argv: Sequence[str]) -> int:
    """``chipid kiosk``. Returns the exit code: 0 done, 2 could not be run or did not end as it should, 64 wrong usage."""
    try:
        arguments = _parsed(argv)
    except SystemExit as left:  # --help, or wrong usage
        return left.code if isinstance(left.code, int) else EXIT_USAGE
    if find_spec("PySide6") is None:
        return _fail("The kiosk needs Qt. Install the 'ui' extra; 'chipid doctor' says what else is missing.")
    with told_to_stop() as stop:
        try:
            code = _run(arguments, stop)
        except ChipIdError as error:
            code = EXIT_FAILED if stop.is_set() else _fail(str(error))
    if stop.is_set():
        return _fail("Stopped.")
    return _started_again(code)


def _started_again(code: int) -> int:
    """What staff asked for on the operator's page: a service manager starts the program again, or it does so itself."""
    if code == EXIT_RESTART and not ServiceManager().is_there:
        start_again()
    return code


def _run(arguments: argparse.Namespace, stop: threading.Event) -> int:
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # none is used; looking for them reads every package
    begin_to_look()
    import kiosk_ui.qt.binding  # noqa: F401 - before anything else of Qt's
    from kiosk_ui.bootstrap import reception

    try:
        if not arguments.demo:
            return reception.run(arguments, stop)
        from kiosk_ui.bootstrap import demonstration  # the emulator is loaded for a demonstration only

        return demonstration.run(arguments, stop)
    except reception.CannotRunError as error:
        return _fail(str(error))


def _fail(sentence: str) -> int:
    sys.stderr.write(f"chipid: {sentence}\n")
    return EXIT_FAILED
