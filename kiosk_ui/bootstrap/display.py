"""Whether a window can be opened, found out before anything else is started."""

from __future__ import annotations

import os
import subprocess
import sys

from kiosk_ui.qt.display import has_display

__all__ = ["begin_to_look", "do_without_window", "why_no_window"]

_WITHIN_S = 20.0
_OPEN_AND_CLOSE = "from PySide6.QtGui import QGuiApplication; QGuiApplication(['chipid'])"


_begun: list[subprocess.Popen[str]] = []


def begin_to_look() -> None:
    """Begin to find out, in another process, while this one loads what it needs for a window."""
    if has_display() and not _begun:
        _begun.append(_try())


def why_no_window() -> str | None:
    """Why no window can be shown, in one sentence; ``None`` if one can.

    Qt ends the process that cannot open its display, so another process tries.
    """
    if not has_display():
        return "There is no display."
    named = [f"{name}={os.environ[name]}" for name in ("WAYLAND_DISPLAY", "DISPLAY") if os.environ.get(name)]
    where = f"The display ({', '.join(named)})" if named else "The display"
    with _begun.pop() if _begun else _try() as tried:
        try:
            _, said_by_qt = tried.communicate(timeout=_WITHIN_S)
        except subprocess.TimeoutExpired:
            tried.kill()
            return f"{where} does not answer."
    if tried.returncode == 0:
        return None
    # Qt names the reason in its first lines, as "category: reason".
    reasons = [line.partition(": ")[2] for line in said_by_qt.splitlines() if line.startswith("qt.qpa")]
    said = next((reason for reason in reasons if "connect" in reason or "needed" in reason), "")
    return f"{where} cannot be opened{f': {said.strip()}' if said else ''}."


def _try() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-P", "-c", _OPEN_AND_CLOSE],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for this process, and says nothing about the display
    )


def do_without_window() -> None:
    """Qt draws into memory from now on, whatever the environment says."""
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
