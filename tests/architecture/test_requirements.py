"""What gets installed is pinned, checked by hash, comes from no named place, and is what pyproject.toml asks for."""

import importlib.metadata
import pathlib
import re
import tomllib

import pytest
from packaging.requirements import Requirement

FILES = {
    # file: which extras of pyproject.toml it must hold, beside the base
    "kiosk.txt": ("ui", "printer", "service"),
    "dev.txt": ("dev",),
}


def _pins(path: pathlib.Path) -> dict[str, tuple[str, list[str]]]:
    """Name → (version, hashes) of a requirements file. Fails on any line that is neither pin, hash nor comment."""
    pins: dict[str, tuple[str, list[str]]] = {}
    name = ""
    for line in path.read_text(encoding="utf-8").splitlines():
        if pin := re.fullmatch(r"([a-z0-9][a-z0-9.-]*)==([A-Za-z0-9.+!]+)( ; [^\\]*)? \\", line):
            name = pin[1]
            assert name not in pins, f"{name} is there twice"
            pins[name] = (pin[2], [])
        elif hashed := re.fullmatch(r"    --hash=sha256:([0-9a-f]{64})( \\)?", line):
            pins[name][1].append(hashed[1])
        else:
            assert re.match(r" *#|$", line), f"{path.name}: {line}"
    return pins


def _project(root: pathlib.Path) -> dict[str, object]:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert isinstance(project, dict)
    return project


@pytest.mark.parametrize("name", ["build.txt", "kiosk.txt", "pcsc.txt", "dev.txt"])
def test_every_requirement_is_pinned_and_hashed_and_names_no_index(name: str, root: pathlib.Path) -> None:
    pins = _pins(root / "requirements" / name)
    assert pins
    assert [package for package, (_, hashes) in pins.items() if not hashes] == []
    text = (root / "requirements" / name).read_text(encoding="utf-8")
    assert not re.search(r"://|--index|--extra-index|--find-links|file:|@", text)


def test_the_files_agree_with_one_another(root: pathlib.Path) -> None:
    seen: dict[str, tuple[str, list[str]]] = {}
    for path in sorted((root / "requirements").glob("*.txt")):
        for package, pin in _pins(path).items():
            assert seen.setdefault(package, pin) == pin, f"{package} differs in {path.name}"


@pytest.mark.parametrize(("name", "extras"), FILES.items())
def test_the_pins_are_what_the_project_asks_for(name: str, extras: tuple[str, ...], root: pathlib.Path) -> None:
    project = _project(root)
    asked = [*project["dependencies"]]  # type: ignore[misc]
    for extra in extras:
        asked += project["optional-dependencies"][extra]  # type: ignore[index]
    pins = _pins(root / "requirements" / name)
    for line in asked:
        requirement = Requirement(line)
        package = re.sub(r"[-_.]+", "-", requirement.name).lower()
        assert package in pins, f"{package} is not in {name}: run 'make lock'"
        assert requirement.specifier.contains(pins[package][0]), f"{package} in {name} is not what is asked for"


def test_what_builds_the_wheel_is_pinned_too(root: pathlib.Path) -> None:
    system = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    pins = _pins(root / "requirements" / "build.txt")
    for requirement in map(Requirement, system["requires"]):
        assert requirement.specifier.contains(pins[requirement.name][0])
    assert "pyscard" in _pins(root / "requirements" / "pcsc.txt")


def test_the_version_is_one_number(root: pathlib.Path) -> None:
    version = _project(root)["version"]
    assert importlib.metadata.version("chipid-kiosk") == version
    assert str(version) in (root / "CHANGELOG.md").read_text(encoding="utf-8")
