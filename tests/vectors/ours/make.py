"""Writes the vectors of our own: ``python -m tests.vectors.ours.make``. A test holds the files to this derivation."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from tests.vectors.ours import active_authentication, chip_authentication, eac, messaging, pace
from tests.vectors.ours.messaging import JsonObject

FOLDER = Path(__file__).parent
SOURCE = (
    "OURS: made by this project for want of a published example, derived from the text of the standards "
    "with integers and hashes alone, apart from the project's own code (tests/vectors/ours/*.py)"
)
FILES: dict[str, tuple[str, Callable[[], list[JsonObject]]]] = {
    "active_authentication_ecdsa.json": (
        "INTERNAL AUTHENTICATE answered plain (r || s) and in DER; nonces by RFC 6979",
        active_authentication.cases,
    ),
    "chip_authentication.json": (
        "chip authentication version 1 without access control before it, and the first message under the new keys",
        chip_authentication.cases,
    ),
    "extended_access_control.json": (
        "PACE, then chip and terminal authentication version 1, or terminal and chip authentication version 2, then DG3",
        eac.cases,
    ),
    "pace.json": (
        "PACE on small brainpool curves, larger finite fields and longer keys; the password is a CAN",
        pace.cases,
    ),
    "secure_messaging.json": (
        "every case of command and refusals, for each cipher, with counters and MAC inputs",
        messaging.cases,
    ),
}


def content(name: str) -> str:
    """The text of one file."""
    note, cases = FILES[name]
    return json.dumps({"source": SOURCE, "ours": True, "note": note, "cases": cases()}, indent=1) + "\n"


def main() -> None:
    for name in FILES:
        (FOLDER / name).write_text(content(name), encoding="utf-8")


if __name__ == "__main__":
    main()
