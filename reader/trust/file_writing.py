"""Files that are there whole or not at all, and one writer at a time. On any system with a C library or Windows."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Final

__all__ = ["PARTIAL_SUFFIX", "Busy", "flush_folder", "locked", "write_all", "write_whole"]

PARTIAL_SUFFIX: Final = ".part"
"""A file with this ending was being written when its writer was stopped. It is nothing."""

_WRITERS: Final = 8
_HANDFUL: Final = 16


class Busy(Exception):  # noqa: N818 - whoever meets it says what it means
    """Somebody else holds the lock."""


def write_whole(path: Path, octets: bytes, *, mode: int = 0o644) -> None:
    """Write beside the place, make sure that it is on the disk, then put it there under its name.

    Raises:
        OSError: nothing has changed.
    """
    partial = path.with_name(path.name + PARTIAL_SUFFIX)
    with contextlib.suppress(FileNotFoundError):
        partial.unlink()  # left by a writer that was killed; a link that somebody laid there is not followed
    descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink()
        raise


def write_all(files: Sequence[tuple[Path, bytes]]) -> Iterator[int]:
    """:func:`write_whole` for many files, several at a time, since each waits for the disk; yields how many are done.

    Raises:
        OSError: of the first that could not be written; others may have been.
    """
    from concurrent.futures import ThreadPoolExecutor  # who only reads a store need not wait for it

    handfuls = [files[start : start + _HANDFUL] for start in range(0, len(files), _HANDFUL)]
    done = 0
    with ThreadPoolExecutor(_WRITERS) as writers:
        for written in writers.map(_write_handful, handfuls):
            done += written
            yield done


def _write_handful(files: Sequence[tuple[Path, bytes]]) -> int:
    for path, octets in files:
        write_whole(path, octets)
    return len(files)


def flush_folder(folder: Path) -> None:
    """Make sure that the names in a folder are on the disk, where the system knows how to."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def locked(path: Path, *, wait_s: float = 0.0) -> Iterator[None]:
    """Hold a lock that ends with the process, however it ends. The file stays: it is no lock by itself.

    Args:
        path: the lock's file.
        wait_s: how long to wait for somebody else to give it up.

    Raises:
        Busy: somebody else holds it.
        OSError: the file cannot be made.
    """
    with path.open("a+b") as file:
        patience = time.monotonic() + wait_s
        while not _try_to_lock(file):
            if time.monotonic() >= patience:
                raise Busy
            time.sleep(0.02)
        try:
            yield
        finally:
            _unlock(file)


if sys.platform == "win32":
    import msvcrt

    def _try_to_lock(file: IO[bytes]) -> bool:
        file.seek(0)
        try:
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _try_to_lock(file: IO[bytes]) -> bool:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _unlock(file: IO[bytes]) -> None:
        fcntl.flock(file, fcntl.LOCK_UN)
