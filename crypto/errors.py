"""The root of the one tree of errors.

    ChipIdError(code)
    ├── WireError            bytes that are no TLV or APDU                (crypto.errors)
    ├── CryptoError          a key, curve or signature that cannot be used (crypto.errors)
    ├── TransportError       the link: reader gone, card taken away        (reader.errors)
    ├── CardStatusError      the chip refused a command                    (reader.errors)
    ├── ProtocolError        access control or secure messaging failed     (reader.errors)
    ├── DocumentError        a file that is not what it should be          (reader.errors)
    ├── TrustError           trust anchors that cannot be used             (reader.errors)
    └── KioskError           store, settings, printer, relay               (kiosk_ui.app.failures)

An error says *which* thing happened by an :class:`ErrorCode` that never changes its name. Its text is fixed per
code, so that no value from a card can reach a log or a screen through an error; the few numbers that help
(a status word, a length) are passed as ``facts`` and are integers or words of ours.
"""

from __future__ import annotations

import dataclasses
import enum
import types
from collections.abc import Mapping

__all__ = ["ChipIdError", "CryptoError", "ErrorCode", "Hint", "WireError", "all_codes"]


class Hint(enum.StrEnum):
    """What a person can do about it. Each screen needs only this."""

    RETRY_CARD = "retry_card"
    REENTER_KEY = "reenter_key"
    CALL_STAFF = "call_staff"
    RETRY_LATER = "retry_later"
    NOT_SUPPORTED = "not_supported"


_REGISTRY: dict[str, ErrorCode] = {}


@dataclasses.dataclass(frozen=True, slots=True)
class ErrorCode:
    """A stable, documented name for one thing that can go wrong.

    Args:
        name: dotted lower-case name, e.g. ``card.removed``. Never renamed once released.
        hint: what a person can do.
        text: one English sentence: what happened, and what to do.
    """

    name: str
    hint: Hint
    text: str

    def __post_init__(self) -> None:
        if self.name in _REGISTRY:
            raise ValueError(f"error code {self.name} is declared twice")
        _REGISTRY[self.name] = self


def all_codes() -> Mapping[str, ErrorCode]:
    """Every code declared so far, by name. Import the rooms first whose codes you want to see."""
    return types.MappingProxyType(_REGISTRY)


class ChipIdError(Exception):
    """Base of every error that this project raises on purpose.

    Attributes:
        code: the :class:`ErrorCode`.
        facts: numbers and words of ours that help staff (``status_word="6982"``); never card content.
    """

    def __init__(self, code: ErrorCode, **facts: int | str) -> None:
        super().__init__(code.text)
        self.code = code
        self.facts: Mapping[str, int | str] = types.MappingProxyType(facts)

    @property
    def hint(self) -> Hint:
        """What a person can do about it."""
        return self.code.hint

    def __str__(self) -> str:
        shown = ", ".join(f"{name} {value}" for name, value in self.facts.items())
        return f"{self.code.text} [{self.code.name}{'; ' + shown if shown else ''}]"


class WireError(ChipIdError):
    """Octets that are no well-formed or no acceptably small TLV or APDU."""


class CryptoError(ChipIdError):
    """A key, point, curve or algorithm that cannot be used."""
