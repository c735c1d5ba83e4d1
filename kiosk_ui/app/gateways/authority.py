"""Whose certificates count for a peer: the system's authorities, or the hospital's own."""

from __future__ import annotations

import ssl
from pathlib import Path

from kiosk_ui.app.failures import SETTINGS_UNUSABLE, SettingsError

__all__ = ["trusting"]


def trusting(authority: Path | None) -> ssl.SSLContext | None:
    """A context that trusts one file of certificates alone; ``None`` for the system's authorities.

    Args:
        authority: PEM file, or ``None``.

    Raises:
        SettingsError: the file cannot be read, or holds no certificate.
    """
    if authority is None:
        return None
    try:
        return ssl.create_default_context(cafile=str(authority))
    except OSError:  # ssl.SSLError is one
        raise SettingsError(SETTINGS_UNUSABLE, (f"The certificates in {authority} cannot be used.",)) from None
