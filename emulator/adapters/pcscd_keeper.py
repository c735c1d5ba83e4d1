"""The keeper of a private pcscd: a program that runs inside the namespaces and is pcscd's parent.

Started by :mod:`emulator.adapters.private_pcscd` with ``unshare``; it uses the standard library alone, so that it starts
fast and in isolated mode. It speaks one word a line: says ``ready``, obeys ``start`` and ``kill`` by saying the word
back when it is done (``failed`` if it could not), and when its input ends it ends pcscd, removes the folder and ends.
That happens even if the program that started it is killed, so that nothing is left behind.

Arguments: the path of pcscd and the folder, in which ``readers/`` holds reader.conf(5) files and ``run/`` will hold the
socket. Without arguments it only shows, by saying ``ready``, that the namespaces can be used.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Sequence
from typing import Final

__all__: list[str] = []

_SYSTEM_SOCKET_FOLDER: Final = "/run/pcscd"  # compiled into pcscd (ipcdir)
_SOCKET_NAME: Final = "pcscd.comm"
_LONGEST_START_S: Final = 30.0  # whoever waits for us gives up sooner; this only keeps an orphan from waiting for ever
_POLL_S: Final = 0.01
_SIOCGIFFLAGS: Final = 0x8913  # netdevice(7)
_SIOCSIFFLAGS: Final = 0x8914
_IFF_UP: Final = 0x1
_MS_BIND: Final = 0x1000  # mount(2)
_MS_REC: Final = 0x4000
_MS_PRIVATE: Final = 0x40000
_PR_SET_PDEATHSIG: Final = 1  # prctl(2)


def _raise_loopback() -> None:
    """Bring up the new network namespace's only interface: struct ifreq is a name of 16 bytes, then the flags."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        request = struct.pack("16sh22x", b"lo", 0)
        (flags,) = struct.unpack_from("h", fcntl.ioctl(control, _SIOCGIFFLAGS, request), 16)
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | _IFF_UP))


def _mount(source: str | None, target: str, kind: str | None, flags: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    words = [None if word is None else os.fsencode(word) for word in (source, target, kind)]
    if libc.mount(*words, ctypes.c_ulong(flags), None) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), target)


def _keep_mounts_to_ourselves() -> None:
    """Make every mount of this namespace private, so that what is mounted from now on is seen by nobody else."""
    try:
        _mount(None, "/", None, _MS_REC | _MS_PRIVATE)
    except OSError as problem:
        if problem.errno != errno.EINVAL:
            raise
        _move_to_a_private_root()


def _move_to_a_private_root() -> None:
    """The same where the root is no mount point: in a chroot (mount(2): EINVAL).

    A mount on an ordinary folder in there could spread to the system outside. So begin at a place that is a mount point,
    which can be made private; stack a folder on it, put the whole tree once more into that, and move in.
    """
    place = _some_mount_point()
    _mount(None, place, None, _MS_REC | _MS_PRIVATE)
    _mount("tmpfs", place, "tmpfs", 0)
    root = os.path.join(place, "root")
    os.mkdir(root)
    _mount("/", root, None, _MS_BIND | _MS_REC)
    _mount(None, root, None, _MS_REC | _MS_PRIVATE)
    os.chroot(root)
    os.chdir("/")
    if not os.path.exists("/proc/self"):
        _mount("proc", "/proc", "proc", 0)


def _some_mount_point() -> str:
    """A folder that is a mount point, rather not /proc. Source: proc_pid_mountinfo(5), field 5."""
    lines = pathlib.Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines()
    places = [place for place in (line.split()[4] for line in lines) if os.path.isdir(place)]
    if not places:
        raise OSError(errno.ENOENT, "this chroot has no mount point, not even /proc")
    return min(places, key=lambda place: place == "/proc")


class _Keeper:
    """Parent of pcscd inside the namespaces. Obeys the words start and kill; ends when its input ends."""

    def __init__(self, pcscd: str, folder: pathlib.Path) -> None:
        self._pcscd = pcscd
        self._folder = folder
        self._service: subprocess.Popen[bytes] | None = None

    def start(self) -> bool:
        """Start pcscd and wait until its socket answers; False if it ended instead."""
        for stale in (self._folder / "run").iterdir():
            stale.unlink()
        self._service = subprocess.Popen(
            self._command_line(),
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr,
            env={**os.environ, "PCSCLITE_HP_DROPDIR": str(self._folder / "no-usb-drivers")},  # leave USB readers alone
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - this process has one thread
        )
        deadline = time.monotonic() + _LONGEST_START_S
        while not self._answers():
            if self._service.poll() is not None or time.monotonic() > deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def kill(self) -> bool:
        """End pcscd at once, as a crash would."""
        if self._service is not None:
            self._service.kill()
            self._service.wait()
        self._service = None
        return True

    def _command_line(self) -> list[str]:
        line = [self._pcscd, "--foreground", "--error", "--config", str(self._folder / "readers")]
        # pcscd may be built to ask polkit, which cannot be reached from in here; the folder's mode 0700 guards the socket.
        usage = subprocess.run([self._pcscd, "--help"], capture_output=True, check=False).stdout
        return [*line, "--disable-polkit"] if b"--disable-polkit" in usage else line

    def _answers(self) -> bool:
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._folder / "run" / _SOCKET_NAME)) == 0


def _die_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _say(word: str) -> None:
    os.write(1, word.encode("ascii") + b"\n")


def _keep(arguments: Sequence[str]) -> int:
    """The keeper's life; see the module's text."""
    _raise_loopback()
    _keep_mounts_to_ourselves()
    _mount("tmpfs", "/run", "tmpfs", 0)
    os.mkdir(_SYSTEM_SOCKET_FOLDER)
    if not arguments:
        _say("ready")
        return 0
    pcscd, folder = arguments[0], pathlib.Path(arguments[1])
    _mount(str(folder / "run"), _SYSTEM_SOCKET_FOLDER, None, _MS_BIND)
    keeper = _Keeper(pcscd, folder)
    _say("ready")
    try:
        for line in sys.stdin:
            word = line.strip()
            done = {"start": keeper.start, "kill": keeper.kill}[word]()
            _say(word if done else "failed")
    finally:
        keeper.kill()
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(_keep(sys.argv[1:]))
