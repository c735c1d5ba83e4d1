"""What the seal of a trust store says."""

from __future__ import annotations

import enum

__all__ = ["SealState"]


class SealState(enum.StrEnum):
    """What the seal says about a folder."""

    SEALED = "sealed"
    NOT_SEALED = "not_sealed"
    FOREIGN = "sealed_by_an_unknown_key"
