"""Codes are a promise: each stands in docs/error-codes.md, with the text that people see."""

from __future__ import annotations

import pathlib
import subprocess
import sys


def test_the_page_of_error_codes_is_current(root: pathlib.Path) -> None:
    made = subprocess.run(
        [sys.executable, "scripts/document_errors.py", "--print"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    page = (root / "docs" / "error-codes.md").read_text(encoding="utf-8")
    assert page == made.stdout, "run `make docs`"
