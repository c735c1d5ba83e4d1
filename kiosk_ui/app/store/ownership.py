"""Whose files are: what root puts into the kiosk's folder belongs to the kiosk, or it could not open it afterwards."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["give_to_owner_of", "make_folder"]


def give_to_owner_of(folder: Path, *paths: Path) -> None:
    """Where root works, give each of ``paths`` that is there to the owner of ``folder``; anybody else leaves them alone.

    Raises:
        OSError: it cannot be given.
    """
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    owner = folder.stat()
    for path in paths:
        if path.exists():
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def make_folder(folder: Path) -> None:
    """Make ``folder`` and those above it where they are missing, for their owner alone: that of the first one that is there.

    Raises:
        OSError: one cannot be made.
    """
    if folder.is_dir():
        return
    make_folder(folder.parent)
    folder.mkdir(exist_ok=True, mode=0o700)
    give_to_owner_of(folder.parent, folder)
