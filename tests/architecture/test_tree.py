"""The tree keeps the rules of CONTRIBUTING.md, so that a reader always finds what it promises."""

import ast
import functools
import pathlib
import re
import subprocess
from collections.abc import Iterator

import pytest

Files = tuple[pathlib.Path, ...]

LONGEST_FILE = 500
LONGEST_FUNCTION = 60
WORDS_THAT_NAME_NOTHING = {"util", "utils", "helper", "helpers", "data", "info", "misc", "common"}

# Put together here, so that this file does not hold what it looks for.
PACKAGE_HOSTS = ["py" + "pi.org", "python" + "hosted.org", "deb." + "debian.org", "archive." + "ubuntu.com"]
PLACES_OF_ONE_MACHINE = ["/home" + "/", "/wo" + "rk/", "/opt" + "/"]


def test_tests_are_no_packages(tree: Files, root: pathlib.Path) -> None:
    packages = [
        path.relative_to(root) for path in tree if path.name == "__init__.py" and root / "tests" in path.parents
    ]
    assert packages == [], "pytest imports each test file on its own (--import-mode=importlib)"


def test_test_files_have_telling_names_of_their_own(tree: Files, root: pathlib.Path) -> None:
    names = [path.name for path in tree if root / "tests" in path.parents and path.name.startswith("test_")]
    assert sorted(names) == sorted(set(names))


def test_modules_are_called_after_what_is_in_them(room_modules: Files, root: pathlib.Path) -> None:
    nameless = [
        path.relative_to(root)
        for path in room_modules
        if WORDS_THAT_NAME_NOTHING & {path.stem, *path.relative_to(root).parent.parts}
    ]
    assert nameless == []


def test_every_module_says_what_it_is(room_modules: Files, root: pathlib.Path) -> None:
    silent = [
        path.relative_to(root)
        for path in room_modules
        if path.stat().st_size > 0 and not ast.get_docstring(_parsed(path))
    ]
    assert silent == []


def test_files_can_be_read_in_one_go(room_modules: Files, root: pathlib.Path) -> None:
    lengths = {str(path.relative_to(root)): len(path.read_text(encoding="utf-8").splitlines()) for path in room_modules}
    assert {name: length for name, length in lengths.items() if length > LONGEST_FILE} == {}


def test_functions_fit_a_screen(room_modules: Files, root: pathlib.Path) -> None:
    too_long = {
        f"{path.relative_to(root)}:{function.lineno} {function.name}": length
        for path in room_modules
        for function, length in _functions(path)
        if length > LONGEST_FUNCTION
    }
    assert too_long == {}


@functools.cache
def _parsed(path: pathlib.Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def _functions(path: pathlib.Path) -> Iterator[tuple[ast.FunctionDef | ast.AsyncFunctionDef, int]]:
    """Each function with its length in lines; what it says about itself does not count."""
    for node in ast.walk(_parsed(path)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            is_docstring = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
            said = (first.end_lineno or 0) - first.lineno + 1 if is_docstring and ast.get_docstring(node) else 0
            yield node, (node.end_lineno or node.lineno) - node.lineno + 1 - said


def test_no_file_depends_on_one_machine_or_one_index(tree: Files, root: pathlib.Path) -> None:
    found = []
    for path in tree:
        content = path.read_bytes().lower()
        found += [
            f"{path.relative_to(root)}: {word}"
            for word in (*PACKAGE_HOSTS, *PLACES_OF_ONE_MACHINE)
            if word.encode() in content
        ]
    assert found == []


def test_the_four_rooms_and_nothing_else_is_packaged_code(tree: Files, root: pathlib.Path) -> None:
    with_packages = {path.relative_to(root).parts[0] for path in tree if path.name == "__init__.py"}
    assert with_packages - {"bench"} == {"crypto", "reader", "emulator", "kiosk_ui"}


def test_every_make_target_that_the_list_shows_exists_and_says_what_it_does(root: pathlib.Path) -> None:
    makefile = (root / "Makefile").read_text(encoding="utf-8")
    shown = set(re.findall(r"^([a-z-]+):.*## \S", makefile, flags=re.MULTILINE))
    assert {"help", "kiosk", "test", "check", "quick", "bench", "lock", "clean"} <= shown


@pytest.mark.parametrize("script", ["scripts/setup", "scripts/lock", "scripts/bare-root-check"])
def test_set_up_scripts_are_plain_posix_shell(script: str, root: pathlib.Path) -> None:
    path = root / script
    assert path.read_text(encoding="utf-8").startswith("#!/bin/sh\n"), "a bare machine has no other shell for sure"
    assert path.stat().st_mode & 0o111
    checked = subprocess.run(["sh", "-n", str(path)], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")
