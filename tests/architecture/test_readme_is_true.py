"""What the README shows is what the commands print."""

from __future__ import annotations

import pathlib
import re
import subprocess
import sys

import reader
from emulator.cards import catalogue
from kiosk_ui.app.settings import load_settings


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


def test_the_readme_counts_the_cards(root: pathlib.Path) -> None:
    counted = re.search(r"stand in for (\d+) different cards", (root / "README.md").read_text(encoding="utf-8"))
    assert counted is not None
    assert int(counted[1]) == len(catalogue(laboratory=True))


def test_commands_and_bytes_of_the_readmes_table_are_those_of_a_reading(root: pathlib.Path) -> None:
    """Milliseconds are the machine's; what passes over the link is not. `make bench` prints the table anew."""
    page = (root / "README.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| (commands|bytes sent|bytes received) +\| +([\d,]+) \|", page, flags=re.MULTILINE))
    with reader.open_emulated("an") as card:
        link = reader.read(card, reader.CanKey.from_digits("000017"), trust=reader.trust_for(None, test_mode=True)).link
    assert {name: int(number.replace(",", "")) for name, number in rows.items()} == {
        "commands": link.commands,
        "bytes sent": link.bytes_sent,
        "bytes received": link.bytes_received,
    }


def test_the_settings_shown_to_hospitals_are_accepted(root: pathlib.Path, tmp_path: pathlib.Path) -> None:
    shown = re.findall(r"```toml\n(.*?)```", (root / "docs" / "kiosk.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    assert shown
    for number, block in enumerate(shown):
        file = tmp_path / f"{number}.toml"
        file.write_text(block, encoding="utf-8")
        settings = load_settings(file)
        assert settings.relay.url is not None
        assert settings.departments


_WITH_PARTS = frozenset({"card", "pin", "trust"})
"""Commands whose options belong to a word of their own: `chipid pin change`."""


def test_no_option_that_the_documentation_shows_is_unknown(root: pathlib.Path) -> None:
    """Every `chipid …` of a console block is understood as far as its options go."""
    pages = [root / "README.md", *sorted((root / "docs").glob("*.md"))]
    shown = {
        (tuple(words[: 2 if words[0] in _WITH_PARTS else 1]), option)
        for page in pages
        for line in re.findall(r"^(?:\$ )?(?:\.venv/bin/)?chipid (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
        for words in [line.partition("#")[0].split()]
        for option in words
        if option.startswith("--")
    }
    assert (("read",), "--number") in shown
    for command in {command for command, _ in shown}:
        told = subprocess.run(
            [sys.executable, "-m", "kiosk_ui.cli", *command, "--help"], capture_output=True, text=True, check=True
        )
        assert [option for name, option in shown if name == command and option not in told.stdout] == []
