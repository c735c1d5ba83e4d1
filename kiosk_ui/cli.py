"""``chipid``: one command, a sub-command per job. Each room is imported only when its job is asked for."""

from __future__ import annotations

import codecs
import contextlib
import errno
import importlib
import io
import json
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from types import FrameType
from typing import TextIO

from reader import console

__all__ = ["main"]

EXIT_NOT_DONE = 2
EXIT_USAGE = 64  # sysexits.h EX_USAGE; 0, 1 and 2 have meanings of their own in `chipid read`

_COMMANDS: dict[str, tuple[str, str]] = {
    # command: (module:function, what it is for)
    "read": ("kiosk_ui.online_reading:read_command", "read a card and say what was proven about it"),
    "verify": ("reader.evidence.command:verify_command", "judge a kept reading again, without the card"),
    "pin": ("reader.pin_command:pin_command", "unblock or change a card's PIN"),
    "trust": ("reader.trust.command:trust_command", "whom to trust: import master lists and certificates, list, audit"),
    "readers": ("reader.cli:readers_command", "list the PC/SC readers and what is in them"),
    "survey": ("reader.survey.command:survey_command", "report what kind of card this is, without anything personal"),
    "scan": ("kiosk_ui.scan_command:scan_command", "show what a scanner or document reader sends"),
    "selftest": ("reader.selftest.command:selftest_command", "run every combination of protocols on emulated chips"),
    "cards": ("emulator.cli:main", "list the built-in emulated people"),
    "card": ("emulator.cli:main", "put an emulated card into a virtual reader"),
    "terminal-certificates": ("emulator.cli:main", "make certificates with which a TEST terminal reads DG3 and DG4"),
    "kiosk": ("kiosk_ui.bootstrap:main", "run the reception kiosk"),
    "service": (
        "kiosk_ui.service_command:service_command",
        "run the hospital's service: queue, call screen, staff panel",
    ),
    "store": ("kiosk_ui.store_command:store_command", "look after the kiosk's store: backup, restore, check, new key"),
    "operator-pin": ("kiosk_ui.operator_command:operator_pin_command", "choose the PIN of the kiosk's operator's page"),
    "doctor": ("kiosk_ui.doctor:main", "say what is missing on this machine and how to get it"),
}

# one function serves them all, so it is told which was meant
_TAKE_THEIR_NAME = frozenset({"cards", "card", "terminal-certificates"})


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point. Returns the exit code; a result that nobody could read (closed pipe, full disk) is no result."""
    if sys.stdout is None:
        sys.stdout = _closed_output()
    _write_whatever_the_encoding()
    try:
        code = _dispatch(list(sys.argv[1:] if argv is None else argv))
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        if error.errno not in (errno.EPIPE, errno.ENOSPC):
            raise
        console.say(f"chipid: the output could not be written: {error.strerror}.\n")
        console.abandon(sys.stdout)
        return EXIT_NOT_DONE
    except KeyboardInterrupt:
        console.say("chipid: Stopped.\n")
        return EXIT_NOT_DONE
    return code


def _closed_output() -> TextIO:
    """In place of a standard output that was closed before the program began: writing fails as it does on a full disk."""

    class Closed(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(errno.EPIPE, "it is closed")

    return Closed()


def _dispatch(arguments: list[str]) -> int:
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        sys.stdout.write(_usage())
        return 0 if arguments else EXIT_USAGE
    if arguments[0] in ("-V", "--version", "version"):
        sys.stdout.write(f"chipid {_version()}\n")
        return 0
    if arguments[0] not in _COMMANDS:
        console.say(f"chipid: there is no command '{arguments[0]}'.\n\n{_usage()}")
        return EXIT_USAGE
    module_name, function_name = _COMMANDS[arguments[0]][0].split(":")
    with _ctrl_c_afterwards():
        command: Callable[[list[str]], int] = getattr(importlib.import_module(module_name), function_name)
    return command(arguments if arguments[0] in _TAKE_THEIR_NAME else arguments[1:])


def _write_whatever_the_encoding() -> None:
    """A terminal or pipe that lacks Vietnamese letters is given ``\\uXXXX``, which is JSON too, not an exception."""
    codecs.register_error("chipid.escaped", _escaped)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="chipid.escaped")


def _escaped(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return json.dumps(error.object[error.start : error.end])[1:-1], error.end


@contextlib.contextmanager
def _ctrl_c_afterwards() -> Iterator[None]:
    """Ctrl-C counts when the block is over: in the midst of an import it can turn into an error that is none."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed = threading.Event()

    def note(number: int, frame: FrameType | None) -> None:
        pressed.set()

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if pressed.is_set():
        raise KeyboardInterrupt


def _usage() -> str:
    width = max(map(len, _COMMANDS)) + 1
    rows = "\n".join(f"  {name:<{width}}{purpose}" for name, (_, purpose) in _COMMANDS.items())
    return f"usage: chipid COMMAND …\n\n{rows}\n\n'chipid COMMAND --help' says more.\n"


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return version("chipid-kiosk")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
