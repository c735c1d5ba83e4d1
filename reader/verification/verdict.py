"""What a policy makes of the facts."""

from __future__ import annotations

import dataclasses
import enum

from reader.verification.identity import Assurance

__all__ = ["Decision", "Verdict"]


class Decision(enum.StrEnum):
    """May somebody be served because of this card, without a person looking into it?"""

    ACCEPT = "ACCEPT"
    REFER = "REFER"
    REJECT = "REJECT"

    @property
    def severity(self) -> int:
        """ACCEPT 0, REFER 1, REJECT 2: the worst of several decisions is the one that holds."""
        return list(Decision).index(self)


@dataclasses.dataclass(frozen=True, slots=True)
class Verdict:
    """A decision with its reasons.

    Attributes:
        decision: accept, refer or reject.
        reasons: stable codes of the checks that kept it from ACCEPT, worst first; empty for ACCEPT.
        assurance: how sure we are of the identity data.
    """

    decision: Decision
    reasons: tuple[str, ...]
    assurance: Assurance
