"""``chipid trust``: bring lists and certificates into a trust store, and see what is in it.

Results go to standard output, progress to standard error. Exit codes: 0 done, 1 an audit found a problem, 2 not done (and
nothing was changed), 64 wrong usage.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from crypto.errors import ChipIdError
from reader import console
from reader.cli import EXIT_NOT_READ, UsageParser
from reader.trust.import_plan import ImportOptions, OnStep

__all__ = ["trust_command"]

EXIT_PROBLEMS = 1

_PURPOSES = {
    "import": "bring files into the store, whole or not at all",
    "update": "bring the store up to date from a file or all files of a folder",
    "list": "what is in the store, from where, and how old",
    "show": "all that is known about one entry",
    "remove": "take one entry out of the store",
    "audit": "what needs attention, each with what to do",
}


def trust_command(argv: Sequence[str]) -> int:
    """``chipid trust import|update|list|show|audit|remove``. Returns the exit code."""
    arguments = _parse(argv)
    try:
        text, code = _ACTIONS[arguments.action](arguments)
    except KeyboardInterrupt:
        console.say("chipid: Stopped. The store is as it was, or as the import wanted it; nothing in between.\n")
        return EXIT_NOT_READ
    except ChipIdError as error:
        console.say(f"chipid: {error}\n")
        return EXIT_NOT_READ
    try:
        console.write_result(text)
    except OSError as error:
        problem = error.strerror or "it is closed"
        console.say(f"chipid: It was done, but standard output could not be written: {problem}.\n")
        return EXIT_NOT_READ
    return code


def _parse(argv: Sequence[str]) -> argparse.Namespace:
    """The action with its arguments; files and options may be mixed, as people type them."""
    names = "\n".join(f"  {name:<8}{purpose}" for name, purpose in _PURPOSES.items())
    parser = UsageParser(
        prog="chipid trust",
        description="Whom this machine trusts to issue documents.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=f"{names}\n\n'chipid trust ACTION --help' says more.",
    )
    parser.add_argument("action", choices=tuple(_PURPOSES), metavar="|".join(_PURPOSES))
    chosen = parser.parse_args(list(argv[:1]))
    action = _action_parser(chosen.action)
    return action.parse_intermixed_args(list(argv[1:]), namespace=chosen)


def _action_parser(name: str) -> UsageParser:
    action = UsageParser(prog=f"chipid trust {name}", description=_PURPOSES[name])
    if name == "import":
        action.add_argument(
            "files", metavar="FILE", nargs="+", type=Path,
            help="certificates or revocation lists (DER, PEM, .p7b), master or deviation lists, LDIF of the PKD",
        )  # fmt: skip
        action.add_argument(
            "--replace", action="store_true", help="begin a new store in this place, whatever was there"
        )
        action.add_argument(
            "--take-over", action="store_true",
            help="if this is a copy of a store that lies elsewhere, let this one count from now on",
        )  # fmt: skip
    if name == "update":
        action.add_argument("place", metavar="FOLDER-or-FILE", type=Path)
    if name in ("import", "update"):
        _add_import_options(action)
    if name == "list":
        action.add_argument("--country", metavar="XX", help="only entries of this country, two letters")
    if name in ("show", "remove"):
        action.add_argument("fingerprint", metavar="FINGERPRINT", help="SHA-256, or its first 8 digits or more")
    action.add_argument("--store", metavar="FOLDER", type=Path, help="where the store lies; by default the kiosk's")
    action.add_argument("--seal-key", metavar="FILE", type=Path, help="key file of the seal; by default the user's own")
    action.add_argument("--json", action="store_true", help="print the result as JSON")
    return action


def _add_import_options(action: argparse.ArgumentParser) -> None:
    action.add_argument(
        "--accept-signer", metavar="SHA256", action="append", default=[],
        help="fingerprint of a signer of lists, or of its CSCA, that you have compared elsewhere",
    )  # fmt: skip
    action.add_argument(
        "--pin", action="store_true",
        help="remember accepted signers, and let the certificates in the files sign lists from now on",
    )  # fmt: skip
    action.add_argument("--test-mode", action="store_true", help="take TEST certificates, too")
    action.add_argument(
        "--accept-authorities", action="store_true", help="take authorities in LDIF that nobody signed for"
    )
    action.add_argument("--allow-older", action="store_true", help="let an older list take the place of a newer one")


def _import(arguments: argparse.Namespace) -> tuple[str, int]:
    from reader.trust import presentation
    from reader.trust.importing import import_files

    report = import_files(
        arguments.files,
        _store(arguments),
        _options(arguments),
        key_file=arguments.seal_key,
        replace=arguments.replace,
        take_over=arguments.take_over,
        on_step=_progress(),
    )
    folder = _store(arguments)
    if arguments.json:
        return _json(presentation.report_as_json(report, folder)), 0
    return presentation.report_as_text(report, folder), 0


def _update(arguments: argparse.Namespace) -> tuple[str, int]:
    from reader.trust import presentation
    from reader.trust.importing import update_from

    folder = _store(arguments)
    report = update_from(arguments.place, folder, _options(arguments), key_file=arguments.seal_key, on_step=_progress())
    if arguments.json:
        return _json(presentation.report_as_json(report, folder)), 0
    return presentation.report_as_text(report, folder), 0


def _list(arguments: argparse.Namespace) -> tuple[str, int]:
    from reader.trust import presentation
    from reader.trust.store_loading import open_any

    store = open_any(_store(arguments), arguments.seal_key)
    if arguments.json:
        return _json(presentation.listing_as_json(store, _now(), arguments.country)), 0
    return presentation.listing_as_text(store, _now(), arguments.country), 0


def _show(arguments: argparse.Namespace) -> tuple[str, int]:
    from reader.trust import presentation
    from reader.trust.importing import find_entry
    from reader.trust.store_loading import open_any

    store = open_any(_store(arguments), arguments.seal_key)
    entry = find_entry(store.manifest, arguments.fingerprint)
    if arguments.json:
        return _json(presentation.entry_as_json(store, entry, _now())), 0
    return presentation.entry_as_text(store, entry, _now()), 0


def _remove(arguments: argparse.Namespace) -> tuple[str, int]:
    from reader.trust.importing import remove_entry

    entry = remove_entry(arguments.fingerprint, _store(arguments), key_file=arguments.seal_key)
    if arguments.json:
        return _json({"removed": {"fingerprint": entry.sha256, "name": entry.name}}), 0
    return f"Removed: {entry.sha256}  {entry.name}", 0


def _audit(arguments: argparse.Namespace) -> tuple[str, int]:
    from reader.trust import presentation
    from reader.trust.audit import audit
    from reader.trust.audit_codes import Severity
    from reader.trust.store_loading import open_any

    store = open_any(_store(arguments), arguments.seal_key)
    findings = audit(store, _now())
    code = EXIT_PROBLEMS if any(one.code.severity is Severity.PROBLEM for one in findings) else 0
    if arguments.json:
        return _json(presentation.audit_as_json(store, findings)), code
    return presentation.audit_as_text(store, findings), code


_ACTIONS = {
    "import": _import,
    "update": _update,
    "list": _list,
    "show": _show,
    "remove": _remove,
    "audit": _audit,
}


def _store(arguments: argparse.Namespace) -> Path:
    from reader.trust.store_folder import default_store_folder

    named: Path | None = arguments.store
    return default_store_folder() if named is None else named


def _options(arguments: argparse.Namespace) -> ImportOptions:
    from reader.trust.list_signers import parse_fingerprint

    return ImportOptions(
        accept_signers=frozenset(parse_fingerprint(text) for text in arguments.accept_signer),
        pin=arguments.pin,
        test_mode=arguments.test_mode,
        accept_authorities=arguments.accept_authorities,
        allow_older=arguments.allow_older,
    )


def _progress() -> OnStep:
    """A line for each kind of work; on a terminal it counts up in place."""
    on_terminal = sys.stderr is not None and sys.stderr.isatty()
    last = ""

    def show(what: str, done: int, total: int) -> None:
        nonlocal last
        if on_terminal:
            line_break = "\n" if last and what != last else ""
            console.say(f"{line_break}\r\x1b[K{what}{f': {done} of {total}' if total else ''} …")
            if what == "Writing" and done == total:
                console.say("\n")
        elif what != last:
            console.say(f"{what}{f' ({total})' if total else ''} …\n")
        last = what

    return show


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _json(table: dict[str, object]) -> str:
    return json.dumps(table, indent=2, ensure_ascii=False)
