"""Telling a full disk from other failures of files: what to do about it is another thing."""

from __future__ import annotations

import errno
from typing import Final

from crypto.errors import ErrorCode
from kiosk_ui.app.failures import STORE_FULL, StoreError

__all__ = ["is_full", "store_failure"]

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_full(error: OSError) -> bool:
    """Whether there was no room: on the disk, or in what this user may take of it."""
    return error.errno in _FULL


def store_failure(error: OSError, otherwise: ErrorCode) -> StoreError:
    """The error to raise where a file of the store could not be written: ``store.disk_full``, or ``otherwise``."""
    return StoreError(STORE_FULL if is_full(error) else otherwise, cause=error.strerror or type(error).__name__)
