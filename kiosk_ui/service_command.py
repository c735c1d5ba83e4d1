"""``chipid service``: run the hospital's own service (queue, call screen, staff panel, relay).

``chipid service pin`` and ``chipid service token`` make what its settings need. Exit codes: 0 stopped as told, 2 it could
not be run, 64 wrong usage.
"""

from __future__ import annotations

import argparse
import getpass
import logging
import secrets
import signal
import sys
import threading
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

from crypto.errors import ChipIdError
from kiosk_ui.app.failures import SETTINGS_UNUSABLE, SettingsError
from reader import console
from reader.cli import UsageParser

__all__ = ["service_command"]

EXIT_NOT_DONE = 2
_TOKEN_BYTES = 32


def _parser() -> UsageParser:
    parser = UsageParser(
        prog="chipid service",
        description="Run the hospital's own service: queue, call screen, staff panel, relay to the insurer.",
        epilog="docs/queue.md says how it is set up.",
    )
    parser.add_argument(
        "action",
        nargs="?",
        choices=("run", "pin", "token"),
        default="run",
        help="run it (default); pin: print the hash of a desk's PIN; token: write a kiosk's token into --out",
    )
    parser.add_argument("--settings", metavar="FILE", type=Path, help="settings of the service (TOML)")
    parser.add_argument("--host", help="address to listen at, in place of the settings'")
    parser.add_argument("--port", type=int, help="port to listen at, in place of the settings'")
    parser.add_argument("--certificate", metavar="FILE", type=Path, help="PEM, for TLS")
    parser.add_argument("--key", metavar="FILE", type=Path, help="PEM, for TLS")
    parser.add_argument(
        "--plain-http", action="store_true", help="listen beyond this machine without TLS: PINs go in the clear"
    )
    parser.add_argument("--out", metavar="FILE", type=Path, help="new file for a token, for you alone")
    return parser


def service_command(argv: Sequence[str]) -> int:
    """``chipid service``. Returns the exit code."""
    parser = _parser()
    arguments = parser.parse_args(list(argv))
    if arguments.action == "run" and arguments.settings is None:
        parser.error("the argument --settings is required to run the service")
    if arguments.action == "token" and arguments.out is None:
        parser.error("the argument --out is required for a token")
    if find_spec("starlette") is None or find_spec("uvicorn") is None:
        return _fail("The service needs starlette and uvicorn. Install the 'service' extra.")
    actions = {"run": _run, "pin": _pin, "token": _token}
    try:
        return actions[arguments.action](arguments)
    except ChipIdError as error:
        return _fail(str(error))


def _run(arguments: argparse.Namespace) -> int:
    from kiosk_ui.service.app import HospitalService
    from kiosk_ui.service.listening import server
    from kiosk_ui.service.settings import load_service_settings

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    names = ("host", "port", "certificate", "key")
    overrides = {name: getattr(arguments, name) for name in names if getattr(arguments, name) is not None}
    if arguments.plain_http:
        overrides["plain_http"] = True
    settings = load_service_settings(arguments.settings, overrides)
    service = HospitalService(settings)
    try:
        listening = server(settings, service)
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                # The server takes both while it runs, ends in order, and raises them again: by then all is done.
                signal.signal(number, lambda *_: None)
        listening.run()
        return 0 if listening.started else EXIT_NOT_DONE
    except SystemExit:  # the library's way of saying that it cannot listen there; its log says why
        return _fail(
            f"The service could not listen at {settings.host} port {settings.port}: another program listens there, or "
            "the address is not this machine's."
        )
    finally:
        service.close()


def _pin(arguments: argparse.Namespace) -> int:
    del arguments
    from kiosk_ui.service.queue.sign_in import hash_pin

    typed = getpass.getpass("PIN: ") if sys.stdin is not None and sys.stdin.isatty() else console.read_secret()
    try:
        hashed = hash_pin(typed)
    except ValueError as error:
        return _fail(f"That will not do: {error}.")
    console.write_result(hashed)
    return 0


def _token(arguments: argparse.Namespace) -> int:
    from reader.private_file import write_private

    try:
        write_private(arguments.out, secrets.token_urlsafe(_TOKEN_BYTES).encode() + b"\n")
    except FileExistsError:
        return _fail("There is a file of that name already; nothing was changed.")
    except OSError as error:
        raise SettingsError(SETTINGS_UNUSABLE, (f"The token cannot be written ({error.strerror}).",)) from None
    console.say("The token is written. Copy the file to the kiosk and to the service, for the program alone.\n")
    return 0


def _fail(sentence: str) -> int:
    console.say(f"chipid: {sentence}\n")
    return EXIT_NOT_DONE
