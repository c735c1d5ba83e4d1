"""What a person agreed to or refused, for one purpose each."""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum

__all__ = ["CONSENT_TEXT_VERSION", "Consent", "ConsentPurpose"]

CONSENT_TEXT_VERSION = "1"
"""Which wording was shown. Whoever changes the texts of a consent counts this up."""


class ConsentPurpose(enum.StrEnum):
    """What is asked for. Law 91/2025/QH15: for each purpose by itself, never ticked beforehand, provable."""

    REMINDER_BY_PHONE = "reminder_by_phone"


@dataclasses.dataclass(frozen=True, slots=True)
class Consent:
    """One answer to one question.

    Attributes:
        purpose: what was asked.
        given: the answer.
        text_version: which wording was shown.
        at: aware moment of the answer.
    """

    purpose: ConsentPurpose
    given: bool
    text_version: str
    at: dt.datetime
