"""Plain files, read whole and bounded. A pipe or a device in their place is never waited for."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["FileTooLargeError", "read_plain"]


class FileTooLargeError(OSError):
    """The file is longer than it may be."""


def read_plain(path: Path, most_bytes: int) -> bytes:
    """All of a plain file; links are followed.

    Raises:
        FileTooLargeError: it has more than ``most_bytes``.
        OSError: it cannot be opened, or is no plain file.
    """
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is no plain file")
        if status.st_size > most_bytes:
            raise FileTooLargeError(errno.EFBIG, "it is too large")
    except BaseException:
        os.close(descriptor)
        raise
    with os.fdopen(descriptor, "rb") as file:
        octets = file.read(most_bytes + 1)
    if len(octets) > most_bytes:
        raise FileTooLargeError(errno.EFBIG, "it is too large")
    return octets
