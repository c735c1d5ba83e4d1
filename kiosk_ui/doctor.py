"""``chipid doctor``: looks at this machine and says what is missing, what for, and how to get it.

Each examination takes what it looks at as an argument, so that any machine can be described to it. Nothing is changed
but one empty file that is made and removed again in the data folder. Qt is looked for, never loaded.
"""

from __future__ import annotations

import argparse
import ctypes
import dataclasses
import datetime
import enum
import glob
import importlib.util
import json
import os
import pathlib
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final, NoReturn

from crypto.errors import ChipIdError
from reader import errors, fonts

__all__ = ["Finding", "NeededFor", "examine", "main", "render"]

_OLDEST_PYTHON: Final = (3, 11)
#: A clock outside this range was never set: the project is younger, and no certificate that it can meet lives longer.
_EARLIEST_TIME: Final = datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)
_LATEST_TIME: Final = datetime.datetime(2060, 1, 1, tzinfo=datetime.UTC)

_INSTALL_SERVICE: Final = (
    "sudo apt-get install pcscd && sudo systemctl enable --now pcscd.socket (without systemd: sudo pcscd)"
)


class NeededFor(enum.StrEnum):
    """What does not work without the thing."""

    EVERYTHING = "everything"
    KIOSK = "the kiosk"
    WINDOW = "the kiosk's window; without it the kiosk runs off screen"
    CARD_READER = "card readers; emulated cards work without"
    SCANNER = "a QR scanner; the number can be typed instead"
    VIRTUAL_READER = "putting an emulated card into a PC/SC reader"


#: Without these the commands of the README do not work; the rest is a matter of what is plugged in.
_INDISPENSABLE: Final = frozenset({NeededFor.EVERYTHING, NeededFor.KIOSK})


@dataclasses.dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at.

    Args:
        name: what was looked at.
        ok: whether it is as it should be.
        needed_for: what does not work without it.
        how_to_fix: one sentence for a technician; also given where ``ok``, for the record.
        detail: what was found, in a few words; may be empty.
    """

    name: str
    ok: bool
    needed_for: NeededFor
    how_to_fix: str
    detail: str = ""


# ------------------------------------------------------------------------------------------- Python
_PACKAGES: Final = (
    # import name, what to install, needed for
    ("cryptography", "the base package: make kiosk", NeededFor.EVERYTHING),
    ("asn1crypto", "the base package: make kiosk", NeededFor.EVERYTHING),
    ("PIL", "the base package: make kiosk", NeededFor.EVERYTHING),
    ("sqlalchemy", "the base package: make kiosk", NeededFor.KIOSK),
    ("httpx", "the base package: make kiosk", NeededFor.KIOSK),
    ("fpdf", "the base package: make kiosk", NeededFor.KIOSK),
    ("PySide6", "the extra 'ui': make kiosk, or pip install 'chipid-kiosk[ui]'", NeededFor.KIOSK),
    (
        "smartcard",
        "gcc, python3-dev and libpcsclite-dev, then the extra 'pcsc': make kiosk, or pip install 'chipid-kiosk[pcsc]'",
        NeededFor.CARD_READER,
    ),
    ("serial", "the base package: make kiosk", NeededFor.SCANNER),
)


def _is_importable(name: str) -> bool:
    return importlib.util.find_spec(name) is not None


def python_finding(version: tuple[int, int, int] = sys.version_info[:3]) -> Finding:
    """Whether the interpreter is new enough."""
    return Finding(
        name="Python",
        ok=version[:2] >= _OLDEST_PYTHON,
        needed_for=NeededFor.EVERYTHING,
        how_to_fix="Use Python 3.11 or newer; Debian 12 and Ubuntu 24.04 have one.",
        detail=".".join(str(part) for part in version),
    )


def package_findings(is_importable: Callable[[str], bool] = _is_importable) -> list[Finding]:
    """Whether each library is there, by import name."""
    return [
        Finding(f"Python library {name}", is_importable(name), needed_for, f"Install {source}.")
        for name, source, needed_for in _PACKAGES
    ]


# ---------------------------------------------------------------------------------- system libraries
_LIBRARIES: Final = (
    # shared object, Debian package, needed for
    ("libEGL.so.1", "libegl1", NeededFor.KIOSK),
    ("libGL.so.1", "libgl1", NeededFor.KIOSK),
    ("libxkbcommon.so.0", "libxkbcommon0", NeededFor.KIOSK),
    ("libfontconfig.so.1", "libfontconfig1", NeededFor.KIOSK),
    ("libdbus-1.so.3", "libdbus-1-3", NeededFor.KIOSK),
    ("libglib-2.0.so.0", "libglib2.0-0", NeededFor.KIOSK),
    ("libxcb-cursor.so.0", "libxcb-cursor0", NeededFor.WINDOW),
    ("libpcsclite.so.1", "libpcsclite1", NeededFor.CARD_READER),
)


def _can_load(name: str) -> bool:
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def library_findings(can_load: Callable[[str], bool] = _can_load) -> list[Finding]:
    """Whether the system libraries that Qt and PC/SC stand on can be loaded. Linux only: elsewhere they come with Qt."""
    return [
        Finding(f"System library {name}", can_load(name), needed_for, f"sudo apt-get install {package}")
        for name, package, needed_for in _LIBRARIES
    ]


def display_finding(environ: Mapping[str, str] = os.environ) -> Finding:
    """Whether there is a display to open a window on."""
    shown = environ.get("WAYLAND_DISPLAY") or environ.get("DISPLAY") or ""
    return Finding(
        name="Display",
        ok=bool(shown),
        needed_for=NeededFor.WINDOW,
        how_to_fix="Start from a graphical session, or set DISPLAY or WAYLAND_DISPLAY.",
        detail=shown,
    )


# -------------------------------------------------------------------------------- readers and scanners
_DRIVER_PATTERNS: Final = (
    "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/lib/*/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so",
)
_SERIAL_PATTERNS: Final = ("/dev/ttyACM*", "/dev/ttyUSB*")


def _reader_names() -> list[str]:
    """Names of the plugged-in readers.

    Raises:
        ImportError: pyscard, or the library under it, is not there.
        reader.errors.TransportError: the service does not answer.
    """
    from reader.transport.pcsc import list_readers

    return [found.name for found in list_readers()]


def service_findings(reader_names: Callable[[], list[str]] = _reader_names) -> list[Finding]:
    """Whether the smart-card service answers, and which readers it has."""
    how_to_fix = _INSTALL_SERVICE
    try:
        names: list[str] | None = reader_names()
        detail = "answers"
    except (ChipIdError, ImportError) as problem:
        names = None
        detail = "cannot be asked" if isinstance(problem, ImportError) else "does not answer"
        if isinstance(problem, ChipIdError) and problem.code is errors.PCSC_NOT_PERMITTED:
            detail, how_to_fix = "refuses this user", "docs/readers.md says which polkit rule lets a user in."
    service = Finding(
        name="Smart-card service (pcscd)",
        ok=names is not None,
        needed_for=NeededFor.CARD_READER,
        how_to_fix=how_to_fix,
        detail=detail,
    )
    readers = Finding(
        name="Card reader",
        ok=bool(names),
        needed_for=NeededFor.CARD_READER,
        how_to_fix="Plug a reader in; most need the driver package libccid. 'chipid readers' shows what is seen.",
        detail=", ".join(names) if names else "none seen",
    )
    return [service, readers]


def virtual_reader_finding(
    patterns: Iterable[str] = _DRIVER_PATTERNS, which: Callable[[str], str | None] = shutil.which
) -> Finding:
    """Whether emulated cards can be put into a real PC/SC slot."""
    drivers = [path for pattern in patterns for path in glob.glob(pattern)]
    missing = [name for name in ("unshare", "nsenter") if which(name) is None]
    package = "util-linux" if drivers else "pcscd vsmartcard-vpcd"
    return Finding(
        name="Virtual reader (vsmartcard-vpcd)",
        ok=bool(drivers) and not missing,
        needed_for=NeededFor.VIRTUAL_READER,
        how_to_fix=f"sudo apt-get install {package} (on Ubuntu in the archive 'universe')",
        detail=f"no {' and no '.join(missing)}" if missing else "",
    )


def serial_finding(
    patterns: Iterable[str] = _SERIAL_PATTERNS,
    may_use: Callable[[str], bool] = lambda path: os.access(path, os.R_OK | os.W_OK),
) -> Finding:
    """Whether a serial port is there that this user may use."""
    ports = sorted(path for pattern in patterns for path in glob.glob(pattern))
    barred = [path for path in ports if not may_use(path)]
    fix = "Plug a scanner in and set it to USB-COM (serial) mode."
    if barred:
        fix = "This user may not open the port: sudo usermod -aG dialout $USER, then log in again."
    return Finding(
        name="Serial port",
        ok=bool(ports) and not barred,
        needed_for=NeededFor.SCANNER,
        how_to_fix=fix,
        detail=", ".join(ports) if ports else "none plugged in",
    )


# ------------------------------------------------------------------------------- the kiosk's own things


def default_data_folder(environ: Mapping[str, str] = os.environ) -> pathlib.Path:
    """Where data go if no setting says otherwise (XDG Base Directory Specification, XDG_DATA_HOME)."""
    base = environ.get("XDG_DATA_HOME") or ""
    # The specification has relative paths ignored.
    home = pathlib.Path(base) if os.path.isabs(base) else pathlib.Path.home() / ".local" / "share"
    return home / "chipid-kiosk"


def font_finding(folder: pathlib.Path = fonts.FOLDER) -> Finding:
    """Whether the font that screens and tickets share came with the installation."""
    found = sorted(path.name for path in folder.glob("*.ttf")) if folder.is_dir() else []
    return Finding(
        name="Font of screens and tickets",
        ok=bool(found),
        needed_for=NeededFor.KIOSK,
        how_to_fix="The installation is not complete: install chipid-kiosk again.",
        detail=", ".join(found),
    )


def data_folder_finding(folder: pathlib.Path) -> Finding:
    """Whether the data folder, or the nearest folder above it that exists, takes a new file."""
    place = folder
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        with tempfile.NamedTemporaryFile(dir=place, prefix=".chipid-doctor-"):
            writable = True
    except OSError:
        writable = False
    return Finding(
        name="Data folder",
        ok=writable,
        needed_for=NeededFor.KIOSK,
        how_to_fix=f"Let this user write to {place}, or set another data folder in the settings.",
        detail=str(folder),
    )


def clock_finding(now: datetime.datetime) -> Finding:
    """Whether the clock can be right. Validity of cards and certificates hangs on it."""
    return Finding(
        name="Clock",
        ok=_EARLIEST_TIME <= now < _LATEST_TIME,
        needed_for=NeededFor.KIOSK,
        how_to_fix="Set the clock, and let it be kept: sudo timedatectl set-ntp true",
        detail=now.astimezone(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
    )


# ------------------------------------------------------------------------------------------ together
def examine(*, now: datetime.datetime | None = None, data_folder: pathlib.Path | None = None) -> list[Finding]:
    """Examine this machine.

    Args:
        now: the time to judge the clock by, aware; ``None`` for the machine's clock.
        data_folder: where the kiosk keeps its data; ``None`` for the default place.
    """
    findings = [python_finding(), *package_findings()]
    if sys.platform.startswith("linux"):
        findings += [*library_findings(), display_finding()]
    findings += service_findings()
    if sys.platform.startswith("linux"):
        findings += [virtual_reader_finding(), serial_finding()]
    findings += [
        font_finding(),
        data_folder_finding(default_data_folder() if data_folder is None else data_folder),
        clock_finding(datetime.datetime.now(datetime.UTC) if now is None else now),
    ]
    return findings


def render(findings: Sequence[Finding]) -> str:
    """A table for people: a sign and a word for each finding, and under each gap what it is for and how to close it."""
    width = max((len(finding.name) for finding in findings), default=0)
    lines = []
    for finding in findings:
        sign = "✓ ok     " if finding.ok else "✗ missing"
        lines.append(f"{sign}  {finding.name:<{width}}  {finding.detail}".rstrip())
        if not finding.ok:
            lines.append(f"             needed for: {finding.needed_for}")
            lines.append(f"             how to fix: {finding.how_to_fix}")
    lines += ["", _summary(findings)]
    return "\n".join(lines) + "\n"


def _summary(findings: Sequence[Finding]) -> str:
    gaps = [finding for finding in findings if not finding.ok]
    if not gaps:
        return "Everything is there."
    if any(finding.needed_for in _INDISPENSABLE for finding in gaps):
        return "The kiosk cannot run here yet. Close the gaps above that name everything or the kiosk."
    return "The kiosk can run here. What is missing is only needed for what stands beside it."


class _Parser(argparse.ArgumentParser):
    """argparse, but wrong usage ends with 64 as in every sub-command (sysexits.h EX_USAGE)."""

    def error(self, message: str) -> NoReturn:
        self.exit(64, f"{self.format_usage()}{self.prog}: {message}\n")


def main(argv: Sequence[str]) -> int:
    """``chipid doctor [--json] [--data-folder FOLDER]``.

    Returns:
        0 if the kiosk can run here, 1 if something indispensable is missing. Wrong usage ends the program with 64.
    """
    parser = _Parser(prog="chipid doctor", description="Say what is missing on this machine.")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--data-folder", type=pathlib.Path, help="the kiosk's data folder, if it is not the default")
    chosen = parser.parse_args(argv)
    findings = examine(data_folder=chosen.data_folder)
    if chosen.json:
        rows = [dataclasses.asdict(finding) for finding in findings]
        sys.stdout.write(json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
    else:
        sys.stdout.write(render(findings))
    return int(any(not finding.ok and finding.needed_for in _INDISPENSABLE for finding in findings))
