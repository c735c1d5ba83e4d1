"""Files with personal data: for their owner's eyes only, whole or not at all, and never in another file's place."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path

__all__ = ["require_free", "write_private"]


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


def write_private(path: Path, octets: bytes, *, force: bool = False) -> None:
    """Write beside, then put in place.

    Raises:
        FileExistsError: something is there, and ``force`` does not allow to replace it.
        OSError: it cannot be written; nothing is left behind.
    """
    require_free(path, force=force)
    beside = path.with_name(f".{secrets.token_hex(8)}.part")
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(octets)
            file.flush()
            os.fsync(file.fileno())
        if force:
            os.replace(beside, path)
        else:
            os.link(beside, path)  # unlike a rename it never takes another's place
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)
