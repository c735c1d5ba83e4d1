"""``chipid selftest``: does every supported combination of protocols work on this machine, and how long does it take?

Exit codes: 0 all passed, 1 something failed, 2 not run to the end, 64 wrong usage.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Iterator, Sequence

from crypto.errors import ChipIdError
from reader import console, errors, transport
from reader.cli import UsageParser, cancelled_by_ctrl_c
from reader.selftest.matrix import Combination, combinations
from reader.selftest.runner import CombinationResult, run_all
from reader.selftest.table import as_json, as_text
from reader.transport.laboratory import Laboratory

__all__ = ["selftest_command"]

EXIT_PASSED = 0
EXIT_FAILED = 1
EXIT_NOT_RUN = 2


def selftest_command(argv: Sequence[str]) -> int:
    """``chipid selftest``. Returns the exit code."""
    parser = UsageParser(
        prog="chipid selftest",
        description="Run every supported combination of protocols against emulated chips, and print the table.",
    )
    parser.add_argument("--json", action="store_true", help="print the results as JSON")
    parser.add_argument(
        "--only", metavar="WORDS", default="", help="only combinations whose name has all of these words"
    )
    arguments = parser.parse_args(list(argv))
    wanted = list(_wanted(arguments.only))
    if not wanted:
        console.say("chipid: no combination has all of these words in its name.\n")
        return EXIT_NOT_RUN
    try:
        with cancelled_by_ctrl_c() as cancel:
            results = _run(_laboratory(), wanted, cancel)
        console.write_result(as_json(results) if arguments.json else as_text(results))
    except ChipIdError as error:
        console.say(f"chipid: {error}\n")
        return EXIT_NOT_RUN
    except OSError as error:
        console.say(f"chipid: The table could not be written to standard output: {error.strerror or 'it is closed'}.\n")
        return EXIT_NOT_RUN
    if len(results) < len(wanted):
        console.say("chipid: Stopped. The table shows what was run until then.\n")
        return EXIT_NOT_RUN
    return EXIT_FAILED if any(result.passed is False for result in results) else EXIT_PASSED


def _wanted(words: str) -> Iterator[Combination]:
    parts = words.casefold().split()
    return (found for found in combinations() if all(part in found.name.casefold() for part in parts))


def _laboratory() -> Laboratory:
    for provider in transport.providers():
        if isinstance(provider, Laboratory):
            return provider
    raise errors.TransportError(errors.LABORATORY_NOT_FOUND)


def _run(laboratory: Laboratory, wanted: Sequence[Combination], cancel: threading.Event) -> list[CombinationResult]:
    results: list[CombinationResult] = []
    counts_up_in_place = sys.stderr is not None and sys.stderr.isatty()
    step = 1 if counts_up_in_place else 100
    for result in run_all(laboratory, iter(wanted), cancel):
        results.append(result)
        if len(results) % step == 0 or len(results) == len(wanted):
            line = f"{len(results)} of {len(wanted)} combinations"
            console.say(f"\r\x1b[K{line}" if counts_up_in_place else f"{line}\n")
    if counts_up_in_place:
        console.say("\n")
    return results
