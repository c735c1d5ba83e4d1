"""Telling a full disk from other failures of files: what to do about it is another thing."""

from __future__ import annotations

import errno
from typing import Final

__all__ = ["is_full"]

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: OSError) -> bool:
    """Whether there was no room: on the disk, or in what this user may take of it."""
    return error.errno in _FULL
