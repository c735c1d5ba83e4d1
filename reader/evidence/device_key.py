"""The key by which a device stands for what it states. It says *which* device speaks, never that it speaks the truth."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from reader import errors
from reader.evidence.container import fingerprint_of
from reader.private_file import write_private

__all__ = ["DeviceKey", "default_key_file", "known_device", "load", "load_or_make"]

_MAX_BYTES: Final = 4096
_EXPOSED: Final = stat.S_IRWXG | stat.S_IRWXO


class DeviceKey:
    """An Ed25519 key pair (RFC 8032) that signs evidence. Its ``repr`` shows no key."""

    __slots__ = ("_key",)

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key

    def __repr__(self) -> str:
        return f"DeviceKey({self.fingerprint[:16]}…)"

    @property
    def public_key(self) -> bytes:
        """32 octets."""
        return self._key.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the public key; see :func:`reader.evidence.container.fingerprint_of`."""
        return fingerprint_of(self.public_key)

    def sign(self, octets: bytes) -> bytes:
        """64 octets."""
        return self._key.sign(octets)


def default_key_file(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the key lies if nobody says otherwise (XDG Base Directory Specification, XDG_CONFIG_HOME).

    Raises:
        TrustError: ``device_key.unwritable``: this user has no folder at all.
    """
    base = environ.get("XDG_CONFIG_HOME") or ""
    # The specification has relative paths ignored.
    try:
        home = Path(base) if os.path.isabs(base) else Path.home() / ".config"
    except RuntimeError:
        raise errors.TrustError(errors.DEVICE_KEY_UNWRITABLE) from None
    return home / "chipid-kiosk" / "device.key"


def load_or_make(path: Path) -> DeviceKey:
    """The device's key; made at first use, readable by its owner only.

    Raises:
        TrustError: ``device_key.unusable``, ``device_key.exposed`` or ``device_key.unwritable``.
    """
    try:
        return _load(path)
    except FileNotFoundError:
        pass
    try:
        _make(path)
        return _load(path)
    except OSError as error:
        raise errors.TrustError(errors.DEVICE_KEY_UNWRITABLE, cause=type(error).__name__) from None


def load(path: Path) -> DeviceKey:
    """A key that must be there. Raises as :func:`load_or_make`, and makes nothing."""
    try:
        return _load(path)
    except FileNotFoundError:
        raise errors.TrustError(errors.DEVICE_KEY_UNUSABLE, cause="FileNotFoundError") from None


def known_device(path: Path | None = None) -> str | None:
    """Fingerprint of the key at its usual place or at this one; ``None`` without a usable one. Makes nothing."""
    try:
        return _load(default_key_file() if path is None else path).fingerprint
    except (FileNotFoundError, errors.TrustError):
        return None


def _load(path: Path) -> DeviceKey:
    """Raises ``FileNotFoundError`` if nothing is there."""
    try:
        if not path.is_file():
            if not path.exists():
                raise FileNotFoundError
            raise errors.TrustError(errors.DEVICE_KEY_UNUSABLE)
        with path.open("rb") as file:
            if os.name == "posix" and os.fstat(file.fileno()).st_mode & _EXPOSED:
                raise errors.TrustError(errors.DEVICE_KEY_EXPOSED)
            octets = file.read(_MAX_BYTES + 1)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise errors.TrustError(errors.DEVICE_KEY_UNUSABLE, cause=type(error).__name__) from None
    try:
        key = load_pem_private_key(octets[:_MAX_BYTES], password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):  # TypeError: it wants a password
        raise errors.TrustError(errors.DEVICE_KEY_UNUSABLE) from None
    if not isinstance(key, Ed25519PrivateKey):
        raise errors.TrustError(errors.DEVICE_KEY_UNUSABLE)
    return DeviceKey(key)


def _make(path: Path) -> None:
    """Of two programs that start at once, one key wins and both use it."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    pem = Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with contextlib.suppress(FileExistsError):
        write_private(path, pem)
