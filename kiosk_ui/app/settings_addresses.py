"""What an address in the settings may look like."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

__all__ = ["system_address"]


def system_address(url: str) -> str:
    """An address of a hospital system without a slash at its end. Raises ``ValueError``."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("this must be an address such as https://his.hospital.example/api")
    if not url.isprintable() or " " in url:
        raise ValueError("an address has no spaces and no invisible characters")
    _ = parts.port  # raises ValueError for one that is none
    if parts.username or parts.password:
        raise ValueError("an address with a user name or password is not allowed; secrets lie in files")
    if parts.scheme == "http" and not _is_this_machine(parts.hostname):
        raise ValueError("patients' data leaves this machine, so the address must begin with https://")
    return url.rstrip("/")


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
