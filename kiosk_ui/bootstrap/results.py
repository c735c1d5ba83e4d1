"""The folder where a demonstration leaves its results."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from kiosk_ui.bootstrap.reception import CannotRunError

__all__ = ["REPORT", "folder_of_ours", "pictures_in"]

REPORT = "verification-report.json"
_ROOM_BYTES = 20 << 20  # what one tour leaves has about 6 MB


@contextlib.contextmanager
def folder_of_ours(folder: Path, *, tour: bool) -> Iterator[None]:
    """The folder, made if need be and used by no other demonstration while the block lasts.

    Args:
        folder: where it is.
        tour: whether pictures will be left too; the results of an earlier run are then removed, and nothing else.

    Raises:
        CannotRunError: it cannot be made or written, another demonstration uses it, or the disk is full.
    """
    handle = -1
    try:
        place = pictures_in(folder) if tour else folder
        place.mkdir(parents=True, exist_ok=True)
        handle = os.open(folder, os.O_RDONLY)
        _lock(handle)
        if tour:
            _remove_former(folder)
        for each in (folder, place):
            with tempfile.TemporaryFile(dir=each):
                pass
        if shutil.disk_usage(folder).free < _ROOM_BYTES:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    except OSError as error:
        _close(handle)
        raise CannotRunError(_why(folder, error)) from None
    try:
        yield
    finally:
        _close(handle)


def pictures_in(folder: Path) -> Path:
    """Where the pictures of the screens lie."""
    return folder / "screens"


def _lock(handle: int) -> None:
    """Raises ``BlockingIOError`` if somebody holds the lock, which goes with its process, however that ends."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise
    except OSError:  # a file system without locks
        pass


def _remove_former(folder: Path) -> None:
    pictures = pictures_in(folder).glob("[0-9][0-9]-??-*.png")
    for path in (folder / REPORT, *folder.glob("ticket-*.pdf"), *folder.glob("ticket-*.png"), *pictures):
        path.unlink(missing_ok=True)


def _close(handle: int) -> None:
    if handle >= 0:
        os.close(handle)


def _why(folder: Path, error: OSError) -> str:
    if isinstance(error, BlockingIOError):
        return (
            f"Another demonstration leaves its results in {folder}/. Let it end, or choose another folder with --out."
        )
    return f"The results cannot be kept in {folder}/: {error.strerror}. Choose another folder with --out."
