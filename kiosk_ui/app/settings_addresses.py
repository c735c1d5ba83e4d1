"""What an address in the settings may look like."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

__all__ = ["gateway_address", "is_this_machine", "relay_address", "system_address"]


def relay_address(url: str) -> str:
    """An address of the hospital's relay. Raises ``ValueError``."""
    return _safe_address(url, "https://relay.hospital.example/check")


def system_address(url: str) -> str:
    """An address of a hospital system without a slash at its end. Raises ``ValueError``."""
    return _base_address(url, "https://his.hospital.example/api")


def gateway_address(url: str) -> str:
    """An address of the insurer without a slash at its end. Raises ``ValueError``."""
    return _base_address(url, "https://gateway.insurer.example")


def _base_address(url: str, example: str) -> str:
    parts = urlsplit(url)
    if parts.query or parts.fragment:
        raise ValueError(f"this must be an address such as {example}")
    return _safe_address(url, example).rstrip("/")


def _safe_address(url: str, example: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"this must be an address such as {example}")
    if not url.isprintable() or " " in url:
        raise ValueError("an address has no spaces and no invisible characters")
    _ = parts.port  # raises ValueError for one that is none
    if parts.username or parts.password:
        raise ValueError("an address with a user name or password is not allowed; secrets lie in files")
    if parts.scheme == "http" and not is_this_machine(parts.hostname):
        raise ValueError("patients' data leaves this machine, so the address must begin with https://")
    return url


def is_this_machine(host: str) -> bool:
    """Whether ``host`` means the machine that the program runs on."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
