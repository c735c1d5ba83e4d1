"""What the README shows is what the commands print."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys


def console_blocks(page: str) -> list[tuple[str, list[str]]]:
    """Each ``$ command`` of the page's console blocks with the output shown under it."""
    blocks = []
    for block in re.findall(r"```console\n(.*?)```", page, flags=re.DOTALL):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = part.partition("\n")
            blocks.append((command, [line for line in output.splitlines() if line.strip() and line != "…"]))
    return blocks


def test_the_command_shown_prints_what_is_shown(root: pathlib.Path) -> None:
    blocks = [block for block in console_blocks((root / "README.md").read_text(encoding="utf-8")) if block[1]]
    assert blocks, "the README shows at least one command with its output"
    for command, shown in blocks:
        arguments = command.removeprefix(".venv/bin/chipid ").split()
        done = subprocess.run(
            [sys.executable, "-m", "kiosk_ui.cli", *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        printed = iter(done.stdout.splitlines())
        assert all(line in printed for line in shown), f"`{command}` prints something else"


def test_every_linked_file_of_the_documentation_exists(root: pathlib.Path) -> None:
    pages = [root / "README.md", root / "CONTRIBUTING.md", *sorted((root / "docs").rglob("*.md"))]
    dead = [
        f"{page.relative_to(root)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]
    assert dead == []
