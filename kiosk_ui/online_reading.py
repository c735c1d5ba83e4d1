"""``chipid read`` with a network: the reader itself has none, so the authentication service is brought to it here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from reader import cli

if TYPE_CHECKING:
    from reader.verification.online import AuthenticationService

__all__ = ["read_command", "service_at"]


def read_command(argv: Sequence[str]) -> int:
    """``chipid read``. Returns the exit code."""
    return cli.read_command(argv, service_at=service_at)


def service_at(url: str) -> AuthenticationService:
    """The licensed authentication service at an address.

    Args:
        url: ``https``; plain ``http`` on this machine only, and never a user name or password.

    Raises:
        ValueError: the address may not be used.
    """
    # only a reading that asks somebody pays for loading them
    from kiosk_ui.app.gateways.authentication import HttpAuthenticationService
    from kiosk_ui.app.settings import AuthenticationSettings

    settings = AuthenticationSettings(url=url)
    return HttpAuthenticationService(
        url, connect_timeout_s=settings.connect_timeout_s, total_timeout_s=settings.total_timeout_s
    )
