"""A PC/SC service of one's own, with virtual readers, that touches nobody else's.

The driver of the virtual reader listens on every network interface, and a second pcscd on a machine would fight the
first one over ``/run/pcscd`` and over the USB readers. So this one lives in namespaces of its own (namespaces(7)):

- *network*: only its own loopback; cards must be started with :meth:`PrivatePcscd.run_inside`;
- *mount*: a private folder lies over ``/run/pcscd``, and programs outside find the socket in it through
  ``PCSCLITE_CSOCK_NAME`` (pcsc-lite, ``winscard_msg.c``). libpcsclite reads that variable when a process makes its first
  context, so set it before, or read in a process of its own;
- *user*, only where the caller may not make the other two without it.

A small keeper process (:mod:`emulator.adapters.pcscd_keeper`) holds the namespaces and is pcscd's parent. It ends with
this process, however this process ends. Linux only; anywhere else :meth:`PrivatePcscd.unavailable_reason` says so.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import glob
import os
import pathlib
import select
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import IO, Final, Self

__all__ = ["SLOT_PORTS", "PrivatePcscd", "PrivatePcscdError"]

#: TCP ports, inside the namespace, at which the two slots of the virtual reader wait for a card (vpcd's own numbers).
SLOT_PORTS: Final = (0x8C7B, 0x8C7C)

_READER_NAME: Final = "Virtual PCD"
_SOCKET_NAME: Final = "pcscd.comm"
_KEEPER: Final = pathlib.Path(__file__).with_name("pcscd_keeper.py").resolve()
_LONGEST_SOCKET_PATH: Final = 107  # unix(7): sun_path has 108 bytes with the closing NUL
_DRIVER_PLACES: Final = (
    "/usr/lib/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/lib/*/pcsc/drivers/serial/libifdvpcd.so",
    "/usr/local/lib/pcsc/drivers/serial/libifdvpcd.so",
)
_MAY_LIE_IN_SBIN: Final = ":/usr/local/sbin:/usr/sbin:/sbin"  # an ordinary user's PATH does not name these


class PrivatePcscdError(RuntimeError):
    """The private PC/SC service cannot be started here, or it broke. The text says why and what to do."""


class PrivatePcscd:
    """One pcscd with one virtual reader of two slots, for as long as the ``with`` block lasts.

    Args:
        start_timeout_s: seconds that starting may take before :class:`PrivatePcscdError` is raised.
    """

    def __init__(self, *, start_timeout_s: float = 10.0) -> None:
        self._start_timeout_s = start_timeout_s
        self._folder: pathlib.Path | None = None
        self._keeper: subprocess.Popen[bytes] | None = None
        self._started_inside: list[subprocess.Popen[bytes]] = []

    @staticmethod
    def unavailable_reason() -> str | None:
        """Why no private PC/SC service can run on this machine, in one sentence; ``None`` if it can."""
        found = _examine_machine()
        return found if isinstance(found, str) else None

    # ------------------------------------------------------------------------------------------- life
    def start(self) -> None:
        """Start the service and wait until it answers.

        Raises:
            PrivatePcscdError: it cannot run here, runs already, or did not come up in time.
        """
        if self._keeper is not None:
            raise PrivatePcscdError("This private PC/SC service is running already.")
        found = _examine_machine()
        if isinstance(found, str):
            raise PrivatePcscdError(found)
        self._folder = _make_folder()
        try:
            _write_reader_configuration(self._folder, found.driver)
            with (self._folder / "log").open("wb") as log:
                self._keeper = _start_keeper(found.namespaces, [found.pcscd, str(self._folder)], log)
            self._expect("ready")
            self._command("start")
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End what this object started (programs inside, pcscd, keeper) and remove its folder. May be called twice."""
        for program in self._started_inside:
            _end(program)
        self._started_inside.clear()
        if self._keeper is not None:
            _close_pipes(self._keeper)  # the keeper takes the closed pipe as its order to end pcscd and itself
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._keeper.wait(timeout=5)
            _end(self._keeper)
            self._keeper = None
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None

    def kill(self) -> None:
        """Kill pcscd without warning (SIGKILL), as a crash would. The namespaces and the programs inside stay."""
        self._command("kill")

    def restart(self) -> None:
        """Kill pcscd if it runs, start it again in the same place and wait until it answers.

        Virtual cards have lost their connection and must be connected again.
        """
        self._command("kill")
        self._command("start")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # ------------------------------------------------------------------------------------- using it
    @property
    def socket_path(self) -> pathlib.Path:
        """Where PC/SC clients outside the namespaces reach pcscd."""
        if self._folder is None:
            raise PrivatePcscdError("This private PC/SC service is not running.")
        return self._folder / "run" / _SOCKET_NAME

    @property
    def environment(self) -> Mapping[str, str]:
        """What a PC/SC client's environment needs in addition to its own."""
        return {"PCSCLITE_CSOCK_NAME": str(self.socket_path)}

    @property
    def reader_names(self) -> tuple[str, str]:
        """Names of the two slots as PC/SC gives them, in the order of :data:`SLOT_PORTS`."""
        return (f"{_READER_NAME} 00 00", f"{_READER_NAME} 00 01")

    def run_inside(
        self,
        argv: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        cwd: str | os.PathLike[str] | None = None,
        stdout: int | IO[bytes] | None = None,
        stderr: int | IO[bytes] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program, usually a card, in the network namespace where the virtual reader listens.

        The returned process *is* the program (nsenter replaces itself), so signals reach it. :meth:`stop` ends it if it
        still runs then.

        Args:
            argv: the program and its arguments.
            env: its whole environment; ``None`` for this process's own.
            cwd: its working directory; ``None`` for this process's own.
            stdout: as for :class:`subprocess.Popen`.
            stderr: as for :class:`subprocess.Popen`.

        Raises:
            PrivatePcscdError: the service is not running, or there is no ``nsenter``.
        """
        keeper = self._running_keeper()
        found = _examine_machine()
        if isinstance(found, str):
            raise PrivatePcscdError(found)
        enter = [found.nsenter, f"--net=/proc/{keeper.pid}/ns/net"]
        if found.namespaces is _Namespaces.WITH_USER:
            enter += [f"--user=/proc/{keeper.pid}/ns/user", "--preserve-credentials"]
        program = subprocess.Popen(
            [*enter, "--", *argv],
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            env=env,
            cwd=cwd,
            start_new_session=True,  # as for the keeper: Ctrl-C is for the program that uses us
        )
        self._started_inside.append(program)
        return program

    # ------------------------------------------------------------------------------------- the keeper
    def _running_keeper(self) -> subprocess.Popen[bytes]:
        if self._keeper is None:
            raise PrivatePcscdError("This private PC/SC service is not running.")
        return self._keeper

    def _command(self, word: str) -> None:
        keeper = self._running_keeper()
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either, and that is reported
            if keeper.stdin is not None:
                keeper.stdin.write(word.encode() + b"\n")
        self._expect(word)

    def _expect(self, word: str) -> None:
        answer = _read_line(self._running_keeper(), self._start_timeout_s)
        if answer == word:
            return
        why = "did not answer in time" if answer is None else "could not do its work"
        raise PrivatePcscdError(f"The private PC/SC service {why}. {self._last_words()}")

    def _last_words(self) -> str:
        """The end of the keeper's and pcscd's log. It holds no card data: pcscd logs commands only with --apdu."""
        if self._folder is None:
            return ""
        with contextlib.suppress(OSError):
            lines = (self._folder / "log").read_text(encoding="utf-8", errors="replace").splitlines()
            return "Its last words: " + " / ".join(lines[-4:]) if lines else "It said nothing."
        return "It left no log."


# ------------------------------------------------------------------------------------- this machine
class _Namespaces(enum.Enum):
    """How the namespaces can be made here; the values are arguments of unshare(1)."""

    # The keeper makes the mounts private itself: unshare cannot do it in a chroot.
    PLAIN = ("--mount", "--net", "--propagation", "unchanged")
    WITH_USER = ("--user", "--map-root-user", "--mount", "--net", "--propagation", "unchanged")


class _Machine:
    """Where the needed programs lie."""

    __slots__ = ("driver", "namespaces", "nsenter", "pcscd")

    def __init__(self, *, pcscd: str, driver: str, nsenter: str, namespaces: _Namespaces) -> None:
        self.pcscd = pcscd
        self.driver = driver
        self.nsenter = nsenter
        self.namespaces = namespaces


def _which(name: str) -> str | None:
    return shutil.which(name, path=os.environ.get("PATH", os.defpath) + _MAY_LIE_IN_SBIN)


@functools.cache
def _examine_machine() -> _Machine | str:
    """What is here, or the one sentence that says what is not."""
    if not sys.platform.startswith("linux"):
        return "A private PC/SC service needs Linux: it lives in namespaces."
    if not os.path.exists("/proc/self/mountinfo"):
        return "The folder /proc is not mounted in this environment. Run: mount -t proc proc /proc"
    pcscd, nsenter = _which("pcscd"), _which("nsenter")
    if pcscd is None:
        return "There is no pcscd on this machine. Install the package 'pcscd'."
    if nsenter is None or _which("unshare") is None:
        return "There is no 'unshare' or 'nsenter' on this machine. Install the package 'util-linux'."
    drivers = [found for place in _DRIVER_PLACES for found in sorted(glob.glob(place))]
    if not drivers:
        return "The virtual reader's driver is not installed. Install the package 'vsmartcard-vpcd'."
    for namespaces in _Namespaces:
        if _namespaces_work(namespaces):
            return _Machine(pcscd=pcscd, driver=drivers[0], nsenter=nsenter, namespaces=namespaces)
    return (
        "This system does not allow namespaces to this user. Run as root, or allow unprivileged user namespaces "
        "(on Ubuntu: sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0)."
    )


def _namespaces_work(namespaces: _Namespaces) -> bool:
    """Whether a keeper can do all that it must with such namespaces: found out by doing it once."""
    keeper = _start_keeper(namespaces, [], subprocess.DEVNULL)
    try:
        return _read_line(keeper, 10.0) == "ready"
    finally:
        _close_pipes(keeper)
        _end(keeper)


def _make_folder() -> pathlib.Path:
    """A private folder whose socket path fits into a socket address and that the keeper's /run does not hide."""
    parent = tempfile.gettempdir()
    if parent.startswith("/run/") or len(parent) + len("/chipid-pcscd-xxxxxxxx/run/pcscd.comm") > _LONGEST_SOCKET_PATH:
        parent = "/tmp"  # noqa: S108 - mkdtemp makes an unguessable folder of mode 0700 in it
    folder = pathlib.Path(tempfile.mkdtemp(prefix="chipid-pcscd-", dir=parent))
    for name in ("run", "readers", "no-usb-drivers"):
        (folder / name).mkdir()
    return folder


def _write_reader_configuration(folder: pathlib.Path, driver: str) -> None:
    """reader.conf(5) with the virtual reader and no other."""
    (folder / "readers" / "virtual").write_text(
        f'FRIENDLYNAME "{_READER_NAME}"\n'
        f"DEVICENAME /dev/null:0x{SLOT_PORTS[0]:X}\n"
        f"LIBPATH {driver}\n"
        f"CHANNELID 0x{SLOT_PORTS[0]:X}\n",
        encoding="ascii",
    )


def _start_keeper(namespaces: _Namespaces, arguments: Sequence[str], log: int | IO[bytes]) -> subprocess.Popen[bytes]:
    """Start the keeper in new namespaces. unshare(1) replaces itself, so the process *is* the keeper."""
    unshare = _which("unshare") or "unshare"
    return subprocess.Popen(
        [unshare, *namespaces.value, "--", sys.executable, "-I", "-S", str(_KEEPER), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=log,
        bufsize=0,
        start_new_session=True,  # a Ctrl-C is for the program that uses us; it stops us in good order
    )


def _read_line(process: subprocess.Popen[bytes], timeout_s: float) -> str | None:
    """One line of a process's output without its end; ``""`` at the end of output, ``None`` if none came in time."""
    if process.stdout is None:
        return ""
    deadline = time.monotonic() + timeout_s
    line = b""
    while not line.endswith(b"\n"):
        ready, _, _ = select.select([process.stdout], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return None
        piece = process.stdout.read(1)
        if not piece:
            return ""
        line += piece
    return line.decode("ascii", errors="replace").strip()


def _close_pipes(process: subprocess.Popen[bytes]) -> None:
    for pipe in (process.stdin, process.stdout, process.stderr):
        if pipe is not None:
            pipe.close()


def _end(process: subprocess.Popen[bytes]) -> None:
    """Ask a process of ours to end, then insist."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(timeout=2)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
