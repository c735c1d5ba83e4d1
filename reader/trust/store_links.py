"""Links in a trust store's folder: whoever changes the store would write, or take away, somewhere else."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from reader import errors

__all__ = ["refuse_links"]


def refuse_links(folder: Path, ours: Iterable[str]) -> None:
    """See that nothing in a store's folder leads elsewhere. The folder itself may be a link: somebody named it.

    Args:
        folder: where the store lies.
        ours: names of the folders in it that are written to.

    Raises:
        TrustError: ``trust.store_linked``; ``trust.store_unwritable`` if the folder cannot be looked through.
    """
    try:
        _refuse_links_in(folder, "")
        for name in ours:
            if (folder / name).is_dir():
                _refuse_links_in(folder / name, name)
    except OSError as error:
        raise errors.TrustError(errors.TRUST_STORE_UNWRITABLE, reason=error.strerror or "disk error") from error


def _refuse_links_in(folder: Path, shown: str) -> None:
    with os.scandir(folder) as found:
        for one in found:
            if one.is_symlink() or _is_junction(one.path):
                # strangers choose the names of what they lay there; the folders' names are ours
                raise errors.TrustError(errors.TRUST_STORE_LINKED, where=shown or "the store's folder")


def _is_junction(path: str) -> bool:
    """Windows has another kind of link for folders; Python knows it since 3.12."""
    is_junction = getattr(os.path, "isjunction", None)
    return is_junction is not None and bool(is_junction(path))
