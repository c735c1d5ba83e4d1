"""Whether there is a screen at all, known without loading Qt."""

from __future__ import annotations

import os

__all__ = ["has_display"]


def has_display() -> bool:
    """Whether a window can be shown to somebody."""
    platform = os.environ.get("QT_QPA_PLATFORM", "")
    if platform:
        return platform not in {"offscreen", "minimal"}
    return bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))
