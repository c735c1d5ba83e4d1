"""What may be seen of a person by bystanders and in logs."""

from __future__ import annotations

import hashlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from kiosk_ui.app.failures import SETTINGS_UNUSABLE, STORE_FULL, SettingsError, StoreError
from kiosk_ui.app.full_disk import is_full
from kiosk_ui.app.keys import make_once
from kiosk_ui.app.secret_files import without_waiting

__all__ = ["Pseudonyms"]

_MIN_KEY_BYTES = 16


class Pseudonyms:
    """Turns identifiers into keyed pseudonyms, so that logs can be joined but not read (HMAC-SHA256, RFC 2104).

    Without a key, twelve digits would be found again by trying them all; the key therefore stays on the device.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) < _MIN_KEY_BYTES:
            raise ValueError(f"a pseudonym key has at least {_MIN_KEY_BYTES} bytes")
        self._key = bytes(key)

    def __repr__(self) -> str:
        return "Pseudonyms(…)"

    @classmethod
    def from_key_file(cls, path: Path) -> Pseudonyms:
        """Use the key in ``path``, which is made at the first start for the owner alone.

        Raises:
            SettingsError: the file can neither be read nor made, is no regular file, or is too short to be a key.
            StoreError: ``store.disk_full``: it cannot be made for want of room.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            make_once(path, secrets.token_bytes(32))
            with open(path, "rb", opener=without_waiting) as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise ValueError("it is no file")
                return cls(file.read())
        except OSError as error:
            if is_full(error):
                raise StoreError(STORE_FULL) from None
            problem = f"The key file {path} can be neither read nor made ({error.strerror}). Look at data_folder."
            raise SettingsError(SETTINGS_UNUSABLE, (problem,)) from None
        except ValueError:
            problem = f"The key file {path} cannot be used. It needs at least {_MIN_KEY_BYTES} random bytes."
            raise SettingsError(SETTINGS_UNUSABLE, (problem,)) from None

    def of(self, identifier: str, purpose: str = "log") -> str:
        """16 hexadecimal digits for ``identifier``; another ``purpose`` gives another value."""
        message = f"{purpose}\x1f{identifier}".encode(errors="surrogatepass")
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:16]
