"""Read an emulated card and say what was proven about it.

    python docs/examples/read_a_card.py

For a real card use ``reader.open_pcsc("part of the reader's name")`` and a folder with CSCA certificates.
"""

import sys
import threading

import reader
from crypto.errors import ChipIdError


def show(event: reader.ProgressEvent) -> None:
    """Called in the reading thread, once per step."""
    if event.file is not None and event.done_bytes == event.total_bytes:
        print(f"  read {event.file}: {event.total_bytes} bytes", file=sys.stderr)


def main() -> int:
    trust = reader.trust_for(None, test_mode=True)  # TEST authorities only; a site passes its own folder
    cancel = threading.Event()  # set it from any thread to stop before the next command
    key = reader.CanKey.from_citizen_number("040085000017")
    try:
        with reader.open_emulated("an") as card:
            outcome = reader.read(card, key, trust=trust, on_progress=show, cancel=cancel)
    except ChipIdError as error:
        print(f"Not read: {error} What to do: {error.hint.value}.")
        return 2
    print(outcome.verdict.decision.value, outcome.verdict.assurance.value)
    for check in outcome.checks:
        print(f"  {check.check}: {check.status.value} ({check.code})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
