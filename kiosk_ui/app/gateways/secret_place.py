"""Where a secret of ours lies: a file for its owner alone, or a credential that systemd hands to the service.

A secret is never a setting itself: settings are copied, printed and mailed. It is named by its place.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator

from crypto.primitives.secret import Secret
from kiosk_ui.app.failures import SETTINGS_UNUSABLE, SettingsError
from kiosk_ui.app.secret_files import without_waiting

__all__ = ["SecretPlace", "bearer", "read_secret"]

_CREDENTIAL: Final = "credential:"
_MAX_SECRET_BYTES: Final = 4_096  # tokens and passwords are shorter


def _place(text: str) -> str:
    name = text.removeprefix(_CREDENTIAL)
    if text.startswith(_CREDENTIAL):
        if not name or "/" in name or name.startswith("."):
            raise ValueError("a credential is named by one word, as in credential:insurer-password")
    elif not Path(text).is_absolute():
        raise ValueError("this must be the whole path of a file, or credential:NAME")
    return text


SecretPlace = Annotated[str, AfterValidator(_place)]
"""``/path/of/a/file`` or ``credential:NAME`` (systemd's LoadCredential=)."""


def read_secret(place: str, environment: Mapping[str, str] | None = None) -> Secret:
    """The secret at ``place``, without the line's end that editors add.

    Args:
        place: a checked :data:`SecretPlace`.
        environment: where ``CREDENTIALS_DIRECTORY`` is looked up; the process's own by default.

    Raises:
        SettingsError: there is none, it is no regular file, it is empty or too long, or others than its owner could
            read the file.
    """
    path = _path_of(place, os.environ if environment is None else environment)
    try:
        with open(path, "rb", opener=without_waiting) as file:
            mode = os.fstat(file.fileno()).st_mode
            if not stat.S_ISREG(mode):
                raise _unusable(place, "is no file")
            # systemd mounts credentials for the service alone and may give the group a right to them.
            is_open = stat.S_IMODE(mode) & (
                stat.S_IRWXO if place.startswith(_CREDENTIAL) else stat.S_IRWXG | stat.S_IRWXO
            )
            octets = file.read(_MAX_SECRET_BYTES + 1)
    except OSError as error:
        raise _unusable(place, f"cannot be read ({error.strerror})") from None
    if is_open:
        raise _unusable(place, "can be read by others; take their rights away (chmod 600)")
    octets = octets.rstrip(b"\r\n")
    if not 0 < len(octets) <= _MAX_SECRET_BYTES:
        raise _unusable(place, "is empty or too long")
    return Secret(octets)


def bearer(token: Secret) -> str:
    """``Authorization`` with a token (RFC 6750 §2.1).

    Raises:
        SettingsError: the token holds what no header can carry.
    """
    octets = token.reveal()
    if not all(0x21 <= octet <= 0x7E for octet in octets):
        raise SettingsError(SETTINGS_UNUSABLE, ("A token may hold visible ASCII characters only, without spaces.",))
    return f"Bearer {octets.decode('ascii')}"


def _path_of(place: str, environment: Mapping[str, str]) -> Path:
    if not place.startswith(_CREDENTIAL):
        return Path(place)
    folder = environment.get("CREDENTIALS_DIRECTORY")
    if not folder:
        raise _unusable(place, "is not there: this program was not started by systemd with LoadCredential=")
    return Path(folder) / place.removeprefix(_CREDENTIAL)


def _unusable(place: str, why: str) -> SettingsError:
    return SettingsError(SETTINGS_UNUSABLE, (f"The secret at {place} {why}.",))
