"""How a place judges the facts. A policy is frozen data; judging is one function without exceptions to it.

Every check is looked at on its own, and the worst decision holds. So a further failed check never improves a
verdict, the order of checks never matters, and a stricter policy never accepts what a laxer one rejects.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import Final

from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.identity import Assurance
from reader.verification.verdict import Decision, Verdict

__all__ = ["DESK", "HOSPITAL", "LABORATORY", "VerificationPolicy", "evaluate", "policy_named"]

EXPIRED: Final = "document_validity.expired"
NOT_READ: Final = "data_group_hash.not_read"
NOT_PERMITTED: Final = "data_group_hash.not_permitted"
NO_CHIP_PROOF: Final = "chip_genuine.not_proven"

_CHIP_PROOFS: Final = frozenset(
    {CheckName.CHIP_AUTHENTICATION, CheckName.ACTIVE_AUTHENTICATION, CheckName.CHIP_AUTHENTICATION_MAPPING}
)

_ABOUT_THE_TERMINAL: Final = CheckName.TERMINAL_AUTHENTICATION
"""What the chip lets a terminal read says nothing about the document, so it changes no verdict."""


@dataclasses.dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """What a place makes of what is less than perfect. A failed proof of authenticity is REJECT everywhere."""

    name: str
    """``hospital``, ``desk`` or ``laboratory``."""

    unknown_issuer: Decision = Decision.REFER
    """The chip is consistent, but no installed authority vouches for its signer."""

    chip_not_proven: Decision = Decision.REFER
    """Neither chip nor active authentication showed that this chip is the one that was issued."""

    expired: Decision = Decision.REFER
    """The document is genuine, and its last day has passed."""

    undetermined: Decision = Decision.REFER
    """Some other check came to no result: the clock is implausible, a file could not be read."""

    downgraded: Decision = Decision.REFER
    """Access control used something weaker than the chip offered."""

    shows_terminal: bool = False
    """Whether terminal authentication is among the checks even where nobody asked for it."""


HOSPITAL: Final = VerificationPolicy("hospital")
"""Reception: an expired or unverified card still leads to a person at the counter, never to a closed door."""

DESK: Final = VerificationPolicy("desk", expired=Decision.REJECT, shows_terminal=True)
"""Police desk: an expired card proves nobody."""

LABORATORY: Final = VerificationPolicy("laboratory", downgraded=Decision.ACCEPT, shows_terminal=True)
"""Bench: old test cards and forced fall-backs are the point, so a downgrade alone does not spoil a verdict."""


def policy_named(name: str) -> VerificationPolicy:
    """The policy of that name. Raises ``KeyError`` for an unknown one."""
    return {policy.name: policy for policy in (HOSPITAL, DESK, LABORATORY)}[name]


def evaluate(checks: Iterable[CheckResult], policy: VerificationPolicy) -> Verdict:
    """The verdict on a set of facts."""
    facts = tuple(check for check in checks if check.check != _ABOUT_THE_TERMINAL)
    findings = [(_judge(fact, policy), fact.code) for fact in facts if fact.check not in _CHIP_PROOFS]
    findings += _judge_chip(facts, policy)
    if not any(fact.check == CheckName.PASSIVE_AUTHENTICATION for fact in facts):
        findings.append((policy.unknown_issuer, "passive_authentication.not_done"))
    findings = sorted({finding for finding in findings if finding[0] is not Decision.ACCEPT}, key=_worst_first)
    decision = findings[0][0] if findings else Decision.ACCEPT
    return Verdict(decision, tuple(code for _, code in findings), _assurance(facts))


def _worst_first(finding: tuple[Decision, str]) -> tuple[int, str]:
    decision, code = finding
    return -decision.severity, code


def _judge(fact: CheckResult, policy: VerificationPolicy) -> Decision:
    """What one check means on its own."""
    if fact.status is CheckStatus.SUCCESSFUL:
        return Decision.ACCEPT
    if fact.status is CheckStatus.FAILED:
        return policy.expired if fact.code == EXPIRED else Decision.REJECT
    if fact.check == CheckName.PASSIVE_AUTHENTICATION:  # whatever kept it from a result: nobody vouches
        return policy.unknown_issuer
    if fact.status is CheckStatus.NOT_SUPPORTED or fact.code in (NOT_READ, NOT_PERMITTED):
        return Decision.ACCEPT  # the chip has no such thing, or nobody asked for that group or had the right to it
    if fact.check == CheckName.ACCESS_CONTROL:
        return policy.downgraded
    return policy.undetermined


def _judge_chip(facts: tuple[CheckResult, ...], policy: VerificationPolicy) -> list[tuple[Decision, str]]:
    """One proof is enough; a failed one is a copy, whatever another one says."""
    proofs = [fact for fact in facts if fact.check in _CHIP_PROOFS]
    failed = [(Decision.REJECT, fact.code) for fact in proofs if fact.status is CheckStatus.FAILED]
    proven = any(fact.status is CheckStatus.SUCCESSFUL for fact in proofs)
    return failed if failed or proven else [(policy.chip_not_proven, NO_CHIP_PROOF)]


def _assurance(facts: tuple[CheckResult, ...]) -> Assurance:
    """How sure the data are, whatever the policy makes of it (an expired card may still be a verified one)."""
    if any(fact.status is CheckStatus.FAILED and fact.code != EXPIRED for fact in facts):
        return Assurance.UNKNOWN
    successful = {fact.check for fact in facts if fact.status is CheckStatus.SUCCESSFUL}
    if CheckName.PASSIVE_AUTHENTICATION in successful and successful & _CHIP_PROOFS:
        return Assurance.CHIP_VERIFIED
    return Assurance.CHIP_READ
