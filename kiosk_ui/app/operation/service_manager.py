"""Telling systemd how the kiosk is: datagrams as sd_notify(3) describes them, without its library."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Mapping

__all__ = ["ServiceManager"]

_log = logging.getLogger(__name__)
_MICROSECONDS = 1_000_000


class ServiceManager:
    """The service manager that started this process, if one did.

    Args:
        environment: with ``NOTIFY_SOCKET``, ``WATCHDOG_USEC`` and ``WATCHDOG_PID`` (sd_watchdog_enabled(3)).
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        given = os.environ if environment is None else environment
        self._address = given.get("NOTIFY_SOCKET", "")
        if self._address.startswith("@"):
            self._address = "\0" + self._address[1:]  # unix(7): a name that is no file
        self.is_there = bool(self._address) or bool(given.get("INVOCATION_ID"))
        """Whether something will start this process again when it ends."""
        self.watchdog_s = _watchdog_s(given) if self._address else None
        """Within how many seconds it wants to hear ``WATCHDOG=1``; ``None`` if it does not."""

    def tell(self, *states: str) -> bool:
        """Send assignments such as ``READY=1``; whether they were sent. A manager that cannot be told is no error here."""
        if not self._address:
            return False
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as line:
                line.settimeout(1.0)  # a manager that takes nothing must not hold up the kiosk
                line.connect(self._address)
                line.sendall("\n".join(states).encode())
        except OSError as error:
            _log.warning("the service manager could not be told: %s", type(error).__name__)
            return False
        return True


def _watchdog_s(given: Mapping[str, str]) -> float | None:
    """sd_watchdog_enabled(3): the time counts for the process that is named, or for any if none is."""
    try:
        microseconds = int(given.get("WATCHDOG_USEC", "0"))
        process = int(given.get("WATCHDOG_PID", str(os.getpid())))
    except ValueError:
        return None
    return microseconds / _MICROSECONDS if microseconds > 0 and process == os.getpid() else None
