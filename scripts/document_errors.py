"""Writes docs/error-codes.md from the codes that the rooms declare (`make docs`). With --print: to standard output."""

from __future__ import annotations

import importlib
import pkgutil
import sys
from pathlib import Path

import crypto
import kiosk_ui.app
import reader
from crypto.errors import Hint, all_codes

TARGET = Path(__file__).resolve().parents[1] / "docs" / "error-codes.md"
INTRODUCTION = """# Error codes

Every error of this project carries one of these codes. A code is never renamed once released; its text says what happened and
what to do, and never contains anything from a card. Made by `make docs`; a test keeps it current.

The hint is what a screen offers:

| hint | what a person does |
|---|---|
| `retry_card` | lay the card down again |
| `reenter_key` | enter the number again |
| `call_staff` | ask for help; nothing the person can do alone |
| `retry_later` | go on; it is tried again by itself |
| `not_supported` | take another way: another card, the counter |

"""


def declare_all() -> None:
    """Import every module that declares codes."""
    for room in (crypto, reader, kiosk_ui.app):
        for module in pkgutil.walk_packages(room.__path__, room.__name__ + "."):
            if "migrations" not in module.name and not module.name.startswith("reader.transport."):
                importlib.import_module(module.name)


def document() -> str:
    """The page."""
    declare_all()
    rows = [f"| `{code.name}` | `{code.hint.value}` | {code.text} |" for _, code in sorted(all_codes().items())]
    unknown = {code.hint for code in all_codes().values()} - set(Hint)
    if unknown:
        raise SystemExit(f"hints that are not explained: {unknown}")
    return INTRODUCTION + "| code | hint | text |\n|---|---|---|\n" + "\n".join(rows) + "\n"


if __name__ == "__main__":
    if "--print" in sys.argv:
        sys.stdout.write(document())
    else:
        TARGET.write_text(document(), encoding="utf-8")
