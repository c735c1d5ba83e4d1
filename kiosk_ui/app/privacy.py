"""What may be seen of a person by bystanders and in logs."""

from __future__ import annotations

import hashlib
import hmac

__all__ = ["Pseudonyms", "mask_number"]

_MIN_KEY_BYTES = 16


def mask_number(number: str) -> str:
    """First and last three characters in groups of three: ``040085000017`` becomes ``040 *** *** 017``.

    Numbers shorter than nine characters are hidden whole, since six visible ones would be most of them.
    """
    if len(number) < 9:
        return "***"
    hidden = "*" * (len(number) - 6)
    groups = [hidden[i : i + 3] for i in range(0, len(hidden), 3)]
    return " ".join([number[:3], *groups, number[-3:]])


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

    def of(self, identifier: str, purpose: str = "log") -> str:
        """16 hexadecimal digits for ``identifier``; another ``purpose`` gives another value."""
        message = f"{purpose}\x1f{identifier}".encode()
        return hmac.new(self._key, message, hashlib.sha256).hexdigest()[:16]
