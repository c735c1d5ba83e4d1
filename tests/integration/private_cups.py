"""A print service of our own: CUPS' scheduler with its configuration, spool and socket in one folder, and a paper printer.

The printer is a backend script whose paper is a folder. What is in the file ``how`` decides what it does: ``empty`` and
``open`` say so and wait, ``stop`` stops the queue, ``fail`` fails.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

__all__ = ["PrivateCups", "find", "private_cups"]

_LONGEST_START_S = 20.0
_PARTS = Path("/usr/lib/cups")
_OPEN_TO_ALL = "<Policy default>\n  <Limit All>\n    Order deny,allow\n  </Limit>\n</Policy>\n"
_BACKEND = """#!/bin/sh
[ $# -eq 0 ] && { echo 'file paper:/ "TEST printer" "TEST printer"'; exit 0; }
how() { cat "{folder}/how" 2>/dev/null; }
waits() { echo "STATE: +$2" >&2; while [ "$(how)" = "$1" ]; do sleep 0.05; done; echo "STATE: -$2" >&2; }
case $(how) in
empty) waits empty media-empty-error ;;
open) waits open cover-open ;;
stop) exit 4 ;; # CUPS_BACKEND_STOP
fail) exit 1 ;; # CUPS_BACKEND_FAILED
esac
cat ${6:-} >"{folder}/out/$1.pdf"
"""


def find(program: str) -> str | None:
    """Where one of CUPS' programs is; ``None`` if it is not installed."""
    return shutil.which(program, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


class PrivateCups:
    """A running scheduler."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.environment = {"CUPS_SERVER": str(folder / "s"), "HOME": str(folder)}

    def run(self, program: str, *arguments: str) -> str:
        """One of CUPS' commands; returns what it says."""
        done = subprocess.run(
            [find(program) or program, *arguments],
            capture_output=True,
            text=True,
            env=os.environ | self.environment,
            check=True,
            timeout=20,
        )
        return done.stdout

    def printer_is(self, how: str) -> None:
        """From now on the printer does this."""
        (self.folder / "how").write_text(how, encoding="ascii")

    @property
    def printed(self) -> list[bytes]:
        """What came out, in order."""
        return [path.read_bytes() for path in sorted((self.folder / "out").iterdir(), key=lambda path: int(path.stem))]


@contextlib.contextmanager
def private_cups() -> Iterator[PrivateCups]:
    """Inside the block the scheduler runs; it listens on a socket in its folder and nowhere else."""
    with tempfile.TemporaryDirectory(prefix="cups-") as name:  # short: a socket's path has 107 bytes at most
        folder = Path(name)
        cups = PrivateCups(folder)
        _lay_out(folder)
        configuration = ["-c", str(folder / "etc" / "cupsd.conf"), "-s", str(folder / "etc" / "cups-files.conf")]
        with (folder / "said").open("wb") as said:
            scheduler = subprocess.Popen([find("cupsd") or "cupsd", "-f", *configuration], stdout=said, stderr=said)
        try:
            _wait_for(cups, scheduler)
            yield cups
        finally:
            cups.printer_is("")
            scheduler.terminate()
            scheduler.wait(20)


def _lay_out(folder: Path) -> None:
    for part in ("etc", "spool/tmp", "cache", "run", "log", "bin/backend", "out"):
        (folder / part).mkdir(parents=True)
    for part in ("filter", "daemon", "monitor", "notifier", "driver", "cgi-bin"):
        (folder / "bin" / part).symlink_to(_PARTS / part)
    backend = folder / "bin" / "backend" / "paper"
    backend.write_text(_BACKEND.replace("{folder}", str(folder)), encoding="ascii")
    backend.chmod(0o700)  # a backend that others may not run is run as the scheduler's own user
    (folder / "etc" / "cupsd.conf").write_text(
        f"Listen {folder}/s\nLogLevel warn\nDefaultAuthType None\nWebInterface No\nBrowsing No\n"
        f"PreserveJobFiles No\nPreserveJobHistory No\n<Location />\n  Order allow,deny\n  Allow all\n</Location>\n{_OPEN_TO_ALL}",
        encoding="ascii",
    )
    places = {
        "ServerRoot": "etc", "ServerBin": "bin", "RequestRoot": "spool", "TempDir": "spool/tmp", "CacheDir": "cache",
        "StateDir": "run", "ErrorLog": "log/error", "AccessLog": "log/access", "PageLog": "log/page",
    }  # fmt: skip
    lines = [f"{name} {folder / place}" for name, place in places.items()]
    (folder / "etc" / "cups-files.conf").write_text("\n".join([*lines, "SystemGroup root", ""]), encoding="ascii")


def _wait_for(cups: PrivateCups, scheduler: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + _LONGEST_START_S
    while True:
        with contextlib.suppress(subprocess.CalledProcessError):
            if "is running" in cups.run("lpstat", "-r"):
                return
        if scheduler.poll() is not None or time.monotonic() > until:
            raise RuntimeError((cups.folder / "said").read_text(encoding="utf-8", errors="replace"))
        time.sleep(0.05)
