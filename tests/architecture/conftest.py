"""What the architecture tests look at: the tree as it is committed, or as it lies there where git is not at hand."""

import functools
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROOMS = ("crypto", "reader", "emulator", "kiosk_ui")
_NOT_OURS = {".git", ".venv", "out", "dist", "build", "__pycache__"}


@functools.cache
def _tree() -> tuple[pathlib.Path, ...]:
    git = shutil.which("git")
    if git is not None and (ROOT / ".git").exists():
        listed = subprocess.run([git, "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
        if listed.returncode == 0:
            names = listed.stdout.split("\0")
            return tuple(sorted(ROOT / name for name in names if name and (ROOT / name).is_file()))
    found = (path for path in ROOT.rglob("*") if path.is_file())
    return tuple(
        sorted(
            path
            for path in found
            if not any(part in _NOT_OURS or part.endswith("_cache") for part in path.relative_to(ROOT).parts)
        )
    )


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def rooms() -> tuple[str, ...]:
    """Names of the four import packages."""
    return ROOMS


@pytest.fixture(scope="session")
def tree() -> tuple[pathlib.Path, ...]:
    """Every file of the project, without what is made from them."""
    return _tree()


@pytest.fixture(scope="session")
def room_modules() -> tuple[pathlib.Path, ...]:
    """Every Python file of the four rooms."""
    return tuple(path for path in _tree() if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in ROOMS)
