"""``chipid operator-pin``: choose the PIN of the operator's page. Only a slow hash of it is kept."""

from __future__ import annotations

import argparse
import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from crypto.errors import ChipIdError
from kiosk_ui.app.operation.pin import PinHash, why_weak

__all__ = ["operator_pin_command"]

EXIT_DONE, EXIT_NOT_DONE, EXIT_USAGE = 0, 2, 64
_LONGEST_INPUT = 100


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\n")


def operator_pin_command(argv: Sequence[str]) -> int:
    """``chipid operator-pin``. Returns the exit code: 0 done, 2 not done, 64 wrong usage."""
    parser = _Parser(
        prog="chipid operator-pin",
        description="Choose the PIN of the operator's page: 6 to 12 digits, asked for twice, or one line on standard input.",
    )
    parser.add_argument("--settings", metavar="FILE", type=Path, help="settings of this kiosk (TOML)")
    parser.add_argument("--print", action="store_true", help="print the hash for operation.pin_hash; keep nothing")
    try:
        arguments = parser.parse_args(list(argv))
    except SystemExit as left:
        return left.code if isinstance(left.code, int) else EXIT_USAGE
    pin = _asked()
    if pin is None:
        return _fail("The two entries are not the same.")
    if (problem := why_weak(pin)) is not None:
        return _fail(problem)
    kept = PinHash.of(pin)
    if arguments.print:
        sys.stdout.write(kept.as_text() + "\n")
        return EXIT_DONE
    return _keep(kept, arguments.settings)


def _asked() -> str | None:
    """The PIN; ``None`` if it was typed in two ways."""
    if not sys.stdin.isatty():
        return sys.stdin.readline(_LONGEST_INPUT).strip()
    first = getpass.getpass("New PIN (6 to 12 digits): ")
    return first if getpass.getpass("Once more: ") == first else None


def _keep(kept: PinHash, settings_file: Path | None) -> int:
    from kiosk_ui.app.operation.operation import PIN_FILE
    from kiosk_ui.app.settings import load_settings

    try:
        settings = load_settings(settings_file)
    except ChipIdError as error:
        return _fail(str(error))
    path = settings.operation.pin_file or settings.data_folder / PIN_FILE
    try:
        kept.save(path)
    except OSError as error:
        return _fail(f"The file {path} cannot be written ({error.strerror}).")
    sys.stdout.write(f"The PIN counts from now on. Its hash is in {path}.\n")
    if _is_roots(path):
        sys.stdout.write(
            "The file belongs to root, as its folder does. A kiosk that runs as another user cannot read it: give it to "
            f"that user (chown USER {path}).\n"
        )
    return EXIT_DONE


def _is_roots(path: Path) -> bool:
    try:
        return os.name == "posix" and path.stat().st_uid == 0
    except OSError:
        return False


def _fail(sentence: str) -> int:
    sys.stderr.write(f"chipid: {sentence}\n")
    return EXIT_NOT_DONE
