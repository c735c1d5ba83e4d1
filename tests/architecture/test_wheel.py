"""The wheel holds the four rooms with everything they need to run, and nothing else."""

import json
import os
import pathlib
import subprocess
import sys
import sysconfig
import zipfile

import pytest

pytestmark = pytest.mark.slow

Files = tuple[pathlib.Path, ...]


@pytest.fixture(scope="module")
def wheel(root: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(root)],
        capture_output=True,
        check=True,
    )
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def installed(wheel: pathlib.Path, tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    """The ``bin`` folder of an environment with the wheel in it; the libraries are lent by the suite's environment."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [
            *(sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python)),
            *("install", "--quiet", "--no-deps", "--no-index", str(wheel)),
        ],
        check=True,
    )
    site = subprocess.run(
        [str(python), "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    # A line of a .pth file is put on the path, but .pth files found there are not followed: the suite's editable
    # installation of this very project stays out.
    (pathlib.Path(site) / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return folder / "bin"


def _run(installed: pathlib.Path, *command: str, folder: pathlib.Path) -> "subprocess.CompletedProcess[str]":
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return subprocess.run(
        [str(installed / command[0]), *command[1:]],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_it_holds_every_file_of_the_rooms_and_no_other(
    wheel: pathlib.Path, tree: Files, rooms: tuple[str, ...], root: pathlib.Path
) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    code = {name for name in names if ".dist-info/" not in name}
    wanted = {path.relative_to(root).as_posix() for path in tree if path.relative_to(root).parts[0] in rooms}
    assert wanted - code == set(), "committed, but left out of the wheel"
    assert {name.split("/")[0] for name in code} == set(rooms)
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]


def test_it_carries_its_licence_and_its_command(wheel: pathlib.Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        (entry_points,) = (archive.read(name).decode() for name in names if name.endswith("/entry_points.txt"))
    assert {pathlib.PurePosixPath(name).name for name in names} >= {"LICENSE", "NOTICE"}
    assert "chipid = kiosk_ui.cli:main" in entry_points
    assert "[chipid.transports]" in entry_points


def test_the_installed_command_answers(installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    helped = _run(installed, "chipid", "--help", folder=tmp_path)
    assert helped.returncode == 0, helped.stderr
    assert "read" in helped.stdout
    where = _run(installed, "python", "-c", "import crypto; print(crypto.__file__)", folder=tmp_path)
    assert pathlib.Path(where.stdout.strip()).is_relative_to(installed.parent), "it must be the wheel that answers"


def test_the_installed_doctor_finds_the_font_in_the_wheel(installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    done = _run(installed, "chipid", "doctor", "--json", "--data-folder", str(tmp_path), folder=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)}
    assert rows["Font of screens and tickets"]["ok"]


def test_the_installed_command_draws_a_report_and_verifies_evidence(
    installed: pathlib.Path, tmp_path: pathlib.Path
) -> None:
    read = _run(
        installed,
        *("chipid", "read", "--emulated", "an", "--number", "040085000017"),
        *("--evidence", "e", "--report", "r.pdf", "--report", "r.xml", "--device-key", str(tmp_path / "key")),
        folder=tmp_path,
    )
    assert read.returncode == 0, read.stderr
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF-"), "the font came with the wheel"
    own = ("--device-key", str(tmp_path / "key"))
    verified = _run(installed, "chipid", "verify", "e", "--test-mode", *own, folder=tmp_path)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_an_emulated_card_is_read_by_the_installed_command(installed: pathlib.Path, tmp_path: pathlib.Path) -> None:
    listed = _run(installed, "chipid", "cards", "--json", folder=tmp_path)
    assert listed.returncode == 0, listed.stderr
    good = next(card for card in json.loads(listed.stdout) if card["expected"] == "ACCEPT")
    done = _run(
        installed, "chipid", "read", "--emulated", good["name"], "--number", good["number"], "--json", folder=tmp_path
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["verdict"] == "ACCEPT"
