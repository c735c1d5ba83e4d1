"""What the card reading tells the flow: plain steps while it runs, and one result at its end."""

from __future__ import annotations

import dataclasses
import enum

from reader.verification.identity import Identity
from reader.verification.verdict import Decision

__all__ = ["Decision", "ReadResult", "ReadingStep"]


class ReadingStep(enum.Enum):
    """What is happening on the card now, as a person would say it. The numbers are stable."""

    OPENING = 1
    SECURITY = 2
    IDENTITY = 3
    DETAILS = 4
    PHOTO = 5
    CHECKING = 6


@dataclasses.dataclass(frozen=True, slots=True)
class ReadResult:
    """What reading one card has come to.

    Attributes:
        identity: the person with the assurance reached. Its ``repr`` shows nothing personal.
        decision: what the policy says about it.
        reasons: stable codes of the checks that led to it, for staff and the audit.
    """

    identity: Identity
    decision: Decision
    reasons: tuple[str, ...] = ()
