"""``chipid``: one command, a sub-command per job. Each room is imported only when its job is asked for."""

from __future__ import annotations

import errno
import importlib
import sys
from collections.abc import Callable, Sequence
from importlib.metadata import PackageNotFoundError, version

from reader import console

__all__ = ["main"]

EXIT_NOT_DONE = 2
EXIT_USAGE = 64  # sysexits.h EX_USAGE; 0, 1 and 2 have meanings of their own in `chipid read`

_COMMANDS: dict[str, tuple[str, str]] = {
    # command: (module:function, what it is for)
    "read": ("reader.cli:read_command", "read a card and say what was proven about it"),
    "readers": ("reader.cli:readers_command", "list the PC/SC readers and what is in them"),
    "cards": ("emulator.cli:main", "list the built-in emulated people"),
    "card": ("emulator.cli:main", "put an emulated card into a virtual reader"),
    "kiosk": ("kiosk_ui.bootstrap:main", "run the reception kiosk"),
    "doctor": ("kiosk_ui.doctor:main", "say what is missing on this machine and how to get it"),
}

_TAKE_THEIR_NAME = frozenset({"cards", "card"})  # one function serves both, so it is told which was meant


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point. Returns the exit code; a result that nobody could read (closed pipe, full disk) is no result."""
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
    return code


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
    command: Callable[[list[str]], int] = getattr(importlib.import_module(module_name), function_name)
    return command(arguments if arguments[0] in _TAKE_THEIR_NAME else arguments[1:])


def _usage() -> str:
    rows = "\n".join(f"  {name:<9}{purpose}" for name, (_, purpose) in _COMMANDS.items())
    return f"usage: chipid COMMAND …\n\n{rows}\n\n'chipid COMMAND --help' says more.\n"


def _version() -> str:
    try:
        return version("chipid-kiosk")
    except PackageNotFoundError:
        return "(not installed)"


if __name__ == "__main__":
    sys.exit(main())
