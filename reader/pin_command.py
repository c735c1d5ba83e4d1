"""``chipid pin``: unblock or change a card's PIN.

Exit codes: 0 done, 1 done but the result could not be written, 2 not done, 64 wrong usage.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence

from crypto.errors import ChipIdError
from reader import console, errors
from reader.cli import EXIT_NOT_READ, UsageParser, cancelled_by_ctrl_c
from reader.session import AccessReport

__all__ = ["pin_command"]

EXIT_NOT_TOLD = 1
_SECRETS = ("can", "pin", "puk", "new_pin")


def pin_command(argv: Sequence[str]) -> int:
    """``chipid pin unblock|change``. Returns the exit code."""
    arguments = _parser().parse_args(list(argv))
    try:
        _read_secrets(arguments)
        report = _manage(arguments)
    except (errors.Cancelled, KeyboardInterrupt):
        console.say("chipid: Stopped.\n")
        return EXIT_NOT_READ
    except ChipIdError as error:
        console.say(f"chipid: {error}\n")
        return EXIT_NOT_READ
    done = {"unblock": "unblocked", "change": "changed"}[arguments.action]
    try:
        console.write_result(_as_json(done, report) if arguments.json else f"The PIN is {done}.")
    except OSError:  # whoever takes this for a failure tries the old PIN again
        console.say(f"chipid: The PIN is {done}, but this could not be written to standard output.\n")
        return EXIT_NOT_TOLD
    return 0


def _parser() -> UsageParser:
    parser = UsageParser(prog="chipid pin", description="Unblock or change a card's PIN.")
    actions = parser.add_subparsers(dest="action", required=True, metavar="unblock|change")
    unblock = actions.add_parser("unblock", help="give the PIN all its tries back, by the PUK")
    unblock.add_argument("--puk", metavar="DIGITS", required=True, help="the key that unblocks the PIN")
    unblock.add_argument("--new-pin", metavar="DIGITS", help="set this PIN too, on chips that let the PUK do that")
    change = actions.add_parser("change", help="set a new PIN in place of the old one")
    change.add_argument("--pin", metavar="DIGITS", required=True, help="the PIN so far")
    change.add_argument("--new-pin", metavar="DIGITS", required=True, help="the PIN from now on")
    for action in (unblock, change):
        card = action.add_mutually_exclusive_group(required=True)
        card.add_argument("--reader", metavar="NAME", help="PC/SC reader; see 'chipid readers'")
        card.add_argument("--emulated", metavar="NAME", help="built-in emulated card; see 'chipid cards'")
        action.add_argument("--can", metavar="N6", help="card access number; allows the last try of the secret")
        action.add_argument("--json", action="store_true", help="print the result as JSON")
        action.epilog = (
            "In place of a secret, '-' reads it from standard input; of several, one from each line, in the order "
            "--can, --pin or --puk, --new-pin."
        )
    return parser


def _read_secrets(arguments: argparse.Namespace) -> None:
    """Put the lines of standard input in the place of each ``-``."""
    wanted = [name for name in _SECRETS if getattr(arguments, name, None) == "-"]
    if not wanted:
        return
    lines = console.read_secret().splitlines()
    if len(lines) < len(wanted):
        raise errors.DocumentError(errors.INPUT_UNREADABLE)
    for name, line in zip(wanted, lines, strict=False):
        setattr(arguments, name, line)


def _manage(arguments: argparse.Namespace) -> AccessReport:
    from reader import transport
    from reader.pin_management import change_pin, unblock_pin
    from reader.protocols.access_key import CanKey, PinKey, PukKey

    can = None if arguments.can is None else CanKey.from_digits(arguments.can)
    new_pin = None if arguments.new_pin is None else PinKey.from_digits(arguments.new_pin)
    puk = PukKey.from_digits(arguments.puk, resume_with=can) if arguments.action == "unblock" else None
    pin = PinKey.from_digits(arguments.pin, resume_with=can) if arguments.action == "change" else None
    emulated: str | None = arguments.emulated
    with (
        cancelled_by_ctrl_c() as cancel,
        transport.open_pcsc(arguments.reader) if emulated is None else transport.open_emulated(emulated) as card,
    ):
        if pin is not None and new_pin is not None:
            return change_pin(card, pin, new_pin, cancel=cancel)
        if puk is None:  # the parser asks for it; said for whoever calls this otherwise
            raise errors.DocumentError(errors.PUK_MALFORMED)
        return unblock_pin(card, puk, new_pin=new_pin, cancel=cancel)


def _as_json(done: str, report: AccessReport) -> str:
    access = {
        "suite": report.suite,
        "password": report.password,
        "tries_announced": report.tries_announced,
        "resumed_with_can": report.resumed_with_can,
    }
    return json.dumps({"pin": done, "access": access}, indent=2)
