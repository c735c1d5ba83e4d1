"""Every limit of a length, a count, a depth or a time stands in docs/limits.md with the value that the code has."""

from __future__ import annotations

import pathlib
import subprocess
import sys


def test_the_page_of_limits_is_current(root: pathlib.Path) -> None:
    made = subprocess.run(
        [sys.executable, "scripts/document_limits.py", "--print"],
        cwd=root,
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    page = (root / "docs" / "limits.md").read_text(encoding="utf-8")
    assert page == made.stdout, "run `make docs`"
