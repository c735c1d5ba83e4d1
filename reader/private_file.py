"""Files with personal data: for their owner's eyes only, whole or not at all, and never in another file's place."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

__all__ = ["open_private", "require_free", "write_private"]


def require_free(path: Path, *, force: bool) -> None:
    """Look before the card is read, so that a wrong path costs nobody a reading.

    Raises:
        FileExistsError: something is there, and ``force`` does not allow to replace it.
        OSError: a folder is there, or the folder to put it into is not.
    """
    if path.is_dir():
        raise IsADirectoryError
    if not path.parent.is_dir():
        raise NotADirectoryError
    if not force and (path.exists() or path.is_symlink()):
        raise FileExistsError


def open_private(path: Path, *, force: bool = False) -> int:
    """A new file that grows while something goes on, such as a trace. What is in it so far stays if the program dies.

    Returns:
        A descriptor, open for writing; whoever asked closes it.

    Raises:
        FileExistsError: something is there, and ``force`` does not allow to replace it; or it is no file at all.
        OSError: it cannot be made.
    """
    require_free(path, force=force and (path.is_file() or path.is_symlink()))
    if force:
        path.unlink(missing_ok=True)
    binary = getattr(os, "O_BINARY", 0)  # Windows would change line ends
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | binary, 0o600)


def write_private(path: Path, octets: bytes, *, force: bool = False) -> None:
    """Write beside, then put in place.

    Raises:
        FileExistsError: something is there, and ``force`` does not allow to replace it.
        OSError: it cannot be written; nothing is left behind.
    """
    require_free(path, force=force)
    beside = path.with_name(f".{secrets.token_hex(8)}.part")
    try:
        _write_new(beside, octets)
        if force:
            os.replace(beside, path)
        else:
            _put_in_place(beside, path, octets)
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _put_in_place(beside: Path, path: Path, octets: bytes) -> None:
    """Unlike a rename, a link never takes another's place. Memory sticks know no links."""
    try:
        os.link(beside, path)
    except FileExistsError:
        raise
    except OSError:
        try:
            _write_new(path, octets)
        except FileExistsError:
            raise
        except OSError:
            with contextlib.suppress(OSError):
                path.unlink(missing_ok=True)  # it was made just now; half a file helps nobody
            raise


def _write_new(path: Path, octets: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(octets)
        file.flush()
        os.fsync(file.fileno())
