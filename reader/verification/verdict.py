"""What a policy makes of the facts."""

from __future__ import annotations

import dataclasses
import enum

from reader.verification.identity import Assurance, Identity

__all__ = ["Decision", "Verdict", "VerifiedIdentity"]


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
        recorded: codes of everything else that is not simply successful, sorted: what was left out, what the chip
            does not have, and what this policy passes over. Nothing of it changed the decision.
    """

    decision: Decision
    reasons: tuple[str, ...]
    assurance: Assurance
    recorded: tuple[str, ...] = ()


@dataclasses.dataclass(frozen=True, slots=True, repr=False, kw_only=True)
class VerifiedIdentity(Identity):
    """An identity that stands behind an accepted verdict. There is no other way to make one.

    Raises:
        ValueError: the verdict is not ACCEPT, or says something else about the assurance.
    """

    verdict: Verdict

    def __post_init__(self) -> None:
        if self.verdict.decision is not Decision.ACCEPT or self.verdict.assurance is not self.assurance:
            raise ValueError("a verified identity needs an accepted verdict")
