"""How a place judges the facts. A policy is frozen data; judging is one function without exceptions to it.

Every check is looked at on its own, and the worst decision holds. So a further failed check never improves a
verdict, the order of checks never matters, and a stricter policy never accepts what a laxer one rejects.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterable
from typing import Final

from crypto.pki.valid_at import ValidAt
from reader.verification.checks import NOT_PERMITTED, NOT_READ, CheckName, CheckResult, CheckStatus
from reader.verification.identity import Assurance
from reader.verification.verdict import Decision, Verdict

__all__ = [
    "DESK",
    "HOSPITAL",
    "LABORATORY",
    "Requirement",
    "VerificationPolicy",
    "evaluate",
    "policy_named",
]

EXPIRED: Final = "document_validity.expired"
NO_CHIP_PROOF: Final = "chip_genuine.not_proven"

_CHIP_PROOFS: Final = frozenset(
    {CheckName.CHIP_AUTHENTICATION, CheckName.ACTIVE_AUTHENTICATION, CheckName.CHIP_AUTHENTICATION_MAPPING}
)


class Requirement(enum.StrEnum):
    """How a check counts (TR-03135-1 v5.0.1 §3.8, run modes)."""

    MANDATORY = "mandatory"  # without a result nobody is accepted
    OPTIONAL = "optional"  # counts where it was performed
    RECORDED = "recorded"  # shown, and never counts ("evaluatory")


@dataclasses.dataclass(frozen=True, slots=True)
class VerificationPolicy:
    """What a place makes of what is less than perfect.

    A failed proof of authenticity is REJECT everywhere, and without a trusted signature and a genuine chip nobody is
    accepted anywhere: passive authentication, the proof of the chip, the hashes of the groups that were read and
    access control count under every policy. Terminal authentication counts under none, since what a chip lets a
    terminal read says nothing about the document.

    Raises:
        ValueError: a decision would accept what was not proven.
    """

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
    """Access control used something weaker than the chip offered. The one step that a laboratory may pass over."""

    com_differs: Decision = Decision.REFER
    """EF.COM lists other groups or versions than the signed EF.SOD. It is not signed, and some states get it wrong."""

    validity: Requirement = Requirement.MANDATORY
    """Whether the last day has passed."""

    consistency: Requirement = Requirement.MANDATORY
    """Whether the chip's own files tell of one person."""

    com: Requirement = Requirement.OPTIONAL
    """EF.COM against EF.SOD."""

    revocation: Requirement = Requirement.OPTIONAL
    """Whether the signer's certificate was revoked. Mandatory only where lists are installed and kept fresh."""

    printed: Requirement = Requirement.OPTIONAL
    """What is printed on the card against its chip. Mandatory where every card is scanned before it is read."""

    online: Requirement = Requirement.OPTIONAL
    """Whether a licensed service knows the card as lost or cancelled. Mandatory where a service must be asked."""

    signer_valid_at: ValidAt = ValidAt.SIGNING_TIME
    """When the certificates must have been valid: when the issuer signed, or (stricter) today. Revocation asks today."""

    shows_terminal: bool = False
    """Whether terminal authentication is among the checks even where nobody asked for it."""

    def __post_init__(self) -> None:
        decisions = (self.unknown_issuer, self.chip_not_proven, self.expired, self.undetermined, self.com_differs)
        if Decision.ACCEPT in decisions:
            raise ValueError("a policy cannot accept what was not proven")

    def requirement_of(self, check: str) -> Requirement:
        """How a check counts here. The proofs of the chip and the hashes of its groups count where they were
        performed: of the proofs one is enough, and no group has to be read."""
        return self._chosen().get(check, _UNDER_EVERY_POLICY.get(check, Requirement.OPTIONAL))

    @property
    def mandatory_checks(self) -> tuple[str, ...]:
        """Checks without which nobody is accepted; beside them, some proof of the chip must have succeeded."""
        needs = {**_UNDER_EVERY_POLICY, **self._chosen()}
        return tuple(check for check, need in needs.items() if need is Requirement.MANDATORY)

    def _chosen(self) -> dict[str, Requirement]:
        return {
            CheckName.DOCUMENT_VALIDITY: self.validity,
            CheckName.DATA_CONSISTENCY: self.consistency,
            CheckName.COM_CONSISTENCY: self.com,
            CheckName.REVOCATION: self.revocation,
            CheckName.PRINTED_DATA: self.printed,
            CheckName.ONLINE_VERIFICATION: self.online,
        }


_UNDER_EVERY_POLICY: Final[dict[str, Requirement]] = {
    CheckName.ACCESS_CONTROL: Requirement.MANDATORY,
    CheckName.PASSIVE_AUTHENTICATION: Requirement.MANDATORY,
    CheckName.TERMINAL_AUTHENTICATION: Requirement.RECORDED,
    CheckName.KNOWN_DEVIATION: Requirement.OPTIONAL,  # no place may pass over what a country says of its own signers
}

HOSPITAL: Final = VerificationPolicy("hospital")
"""Reception: an expired or unverified card still leads to a person at the counter, never to a closed door."""

DESK: Final = VerificationPolicy("desk", expired=Decision.REJECT, shows_terminal=True)
"""Police desk: an expired card proves nobody."""

LABORATORY: Final = VerificationPolicy(
    "laboratory", downgraded=Decision.ACCEPT, com=Requirement.RECORDED, shows_terminal=True
)
"""Bench: old test cards and forced fall-backs are the point, so a downgrade alone does not spoil a verdict."""


def policy_named(name: str) -> VerificationPolicy:
    """The policy of that name. Raises ``KeyError`` for an unknown one."""
    return {policy.name: policy for policy in (HOSPITAL, DESK, LABORATORY)}[name]


def evaluate(checks: Iterable[CheckResult], policy: VerificationPolicy) -> Verdict:
    """The verdict on a set of facts. What kept nobody from anything is among the verdict's records."""
    everything = tuple(checks)
    facts = tuple(fact for fact in everything if policy.requirement_of(fact.check) is not Requirement.RECORDED)
    findings = [(_judge(fact, policy), fact.code) for fact in facts if fact.check not in _CHIP_PROOFS]
    findings += _judge_chip(facts, policy) + _judge_missing(facts, policy)
    findings = sorted({finding for finding in findings if finding[0] is not Decision.ACCEPT}, key=_worst_first)
    decision = findings[0][0] if findings else Decision.ACCEPT
    reasons = tuple(dict.fromkeys(code for _, code in findings))
    noted = {fact.code for fact in everything if fact.status is not CheckStatus.SUCCESSFUL}
    return Verdict(decision, reasons, _assurance(facts), tuple(sorted(noted - set(reasons))))


def _worst_first(finding: tuple[Decision, str]) -> tuple[int, str]:
    decision, code = finding
    return -decision.severity, code


def _judge(fact: CheckResult, policy: VerificationPolicy) -> Decision:
    """What one check means on its own."""
    if fact.status is CheckStatus.SUCCESSFUL:
        return Decision.ACCEPT
    if fact.status is CheckStatus.FAILED:
        return _judge_failed(fact, policy)
    if fact.check == CheckName.PASSIVE_AUTHENTICATION:  # whatever kept it from a result: nobody vouches
        return policy.unknown_issuer
    if fact.code in (NOT_READ, NOT_PERMITTED):
        return Decision.ACCEPT  # nobody asked for that group, or had the right to it
    if not fact.is_performed:
        is_needed = policy.requirement_of(fact.check) is Requirement.MANDATORY
        return policy.undetermined if is_needed else Decision.ACCEPT
    if fact.status is CheckStatus.NOT_SUPPORTED:
        return Decision.ACCEPT  # the chip has no such thing
    if fact.check == CheckName.ACCESS_CONTROL:
        return policy.downgraded
    return policy.undetermined


def _judge_failed(fact: CheckResult, policy: VerificationPolicy) -> Decision:
    """REJECT, but for two facts that say nothing against the data. Failing is never better than no result."""
    if fact.code == EXPIRED:
        return _worse(policy.expired, policy.undetermined)
    if fact.check == CheckName.COM_CONSISTENCY:
        return _worse(policy.com_differs, policy.undetermined)
    return Decision.REJECT


def _worse(first: Decision, second: Decision) -> Decision:
    return max(first, second, key=lambda decision: decision.severity)


def _judge_chip(facts: tuple[CheckResult, ...], policy: VerificationPolicy) -> list[tuple[Decision, str]]:
    """One proof is enough; a failed one is a copy, whatever another one says."""
    proofs = [fact for fact in facts if fact.check in _CHIP_PROOFS]
    failed = [(Decision.REJECT, fact.code) for fact in proofs if fact.status is CheckStatus.FAILED]
    proven = any(fact.status is CheckStatus.SUCCESSFUL for fact in proofs)
    return failed if failed or proven else [(policy.chip_not_proven, NO_CHIP_PROOF)]


def _judge_missing(facts: tuple[CheckResult, ...], policy: VerificationPolicy) -> list[tuple[Decision, str]]:
    """A mandatory check that is not among the facts was not done."""
    done = {fact.check for fact in facts}
    decisions: dict[str, Decision] = {CheckName.PASSIVE_AUTHENTICATION: policy.unknown_issuer}
    return [
        (decisions.get(name, policy.undetermined), f"{name}.not_done")
        for name in policy.mandatory_checks
        if name not in done
    ]


_SPEAKS_AGAINST_NO_DATA: Final = frozenset(
    {EXPIRED, f"{CheckName.ONLINE_VERIFICATION}.lost", f"{CheckName.ONLINE_VERIFICATION}.cancelled"}
)
"""A card that is expired, lost or cancelled is still the one that was issued."""


def _assurance(facts: tuple[CheckResult, ...]) -> Assurance:
    """How sure the data are, whatever the policy makes of it (an expired card may still be a verified one)."""
    failed = (fact for fact in facts if fact.status is CheckStatus.FAILED)
    if any(fact.code not in _SPEAKS_AGAINST_NO_DATA and fact.check != CheckName.COM_CONSISTENCY for fact in failed):
        return Assurance.UNKNOWN
    successful = {fact.check for fact in facts if fact.status is CheckStatus.SUCCESSFUL}
    if CheckName.PASSIVE_AUTHENTICATION in successful and successful & _CHIP_PROOFS:
        return Assurance.CHIP_VERIFIED
    if CheckName.ONLINE_VERIFICATION in successful:
        return Assurance.ONLINE_VERIFIED
    return Assurance.CHIP_READ
