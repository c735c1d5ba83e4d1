"""From a reading to facts, a verdict and an identity.

The files are taken exactly as read; passive authentication says which of them a trusted issuer signed; the chip's
own proofs count only as far as their keys hang on that signature.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterable

from crypto.errors import ChipIdError
from crypto.pki.findings import Finding, FindingCode, Outcome
from crypto.pki.passive_authentication import PassiveAuthenticationResult
from crypto.pki.trust_store import TrustStore
from reader import errors
from reader.chip_proofs import ChipAnswer
from reader.document_reader import Reading
from reader.lds import files
from reader.lds.document import IdDocument
from reader.trust.deviations import PublishedDeviations
from reader.verification.checks import NOT_PERMITTED, CheckName, CheckResult, CheckStatus, data_group_hash
from reader.verification.chip import (
    KeyBinding,
    check_active_authentication,
    check_chip_authentication,
    check_chip_authentication_mapping,
    check_chip_authentication_v2,
)
from reader.verification.clock import is_behind
from reader.verification.document_checks import check_access_control, check_com, check_consistency, check_validity
from reader.verification.expiry import expiry_of
from reader.verification.identity import Assurance, Identity
from reader.verification.known_defects import check_known_deviations, deviations_of, without_leaked_key
from reader.verification.online import NOT_ASKED, OnlineAnswer, check_online
from reader.verification.passive import NOTHING_EARLY, Basis, EarlyFindings, hash_findings, verify_passively
from reader.verification.policy import VerificationPolicy, evaluate
from reader.verification.printed import FieldComparison, PrintedData, check_printed_data
from reader.verification.terminal import check_terminal_authentication
from reader.verification.verdict import Decision, Verdict, VerifiedIdentity

__all__ = ["Assessment", "assess"]

_CHIP_KEY_GROUPS = {CheckName.CHIP_AUTHENTICATION: 14, CheckName.ACTIVE_AUTHENTICATION: 15}


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class Assessment:
    """Facts, what the policy makes of them, and who it is.

    Attributes:
        checks: every check with its result, in a stable order.
        verdict: the policy's.
        identity: ``None`` if the chip names nobody readable; a :class:`VerifiedIdentity` if the verdict is ACCEPT.
        printed: what was printed on the card against the chip, field by field; empty if nothing was given.
        passive: who signed EF.SOD, and which trust anchor vouches for them; ``None`` without EF.SOD.
    """

    checks: tuple[CheckResult, ...]
    verdict: Verdict
    identity: Identity | None
    printed: tuple[FieldComparison, ...] = ()
    passive: PassiveAuthenticationResult | None = None


def assess(
    reading: Reading,
    trust: TrustStore,
    policy: VerificationPolicy,
    at: dt.datetime,
    *,
    printed: PrintedData | None = None,
    online: OnlineAnswer | None = None,
    deviations: Iterable[PublishedDeviations] = (),
    early: EarlyFindings = NOTHING_EARLY,
) -> Assessment:
    """Check and judge one reading.

    Args:
        reading: what :class:`reader.document_reader.DocumentReader` brought.
        trust: trust anchors.
        policy: how to judge.
        at: now, with a time zone; local time decides which day it is.
        printed: what was scanned or typed from the card's surface.
        online: what an authentication service answered; ``None`` if none was asked.
        deviations: what countries say about defects of their documents; see :class:`reader.trust.folder.TrustFolder`.
        early: what was found while the card was being read; it saves time and changes nothing.
    """
    document = reading.document.view
    basis = Basis(trust, policy, at)
    passive = verify_passively(reading.document, basis, early)
    hashes = hash_findings(reading.document, passive, early)
    dg14 = _binding(passive, hashes.get(14))
    mapping = check_chip_authentication_mapping(reading, basis, dg14)
    terminal = check_terminal_authentication(reading, document, even_if_not_asked=policy.shows_terminal)
    signed_from = _signer_valid_from(passive)
    known = deviations_of(document, passive, hashes, deviations)
    defects = check_known_deviations(known)
    surface: tuple[CheckResult, ...] = ()
    comparisons: tuple[FieldComparison, ...] = ()
    if printed is not None and printed.is_given:
        check, comparisons = check_printed_data(document, printed, at.date())
        surface = (check,)
    checks = (
        check_access_control(reading.access, document, dg14_is_signed=dg14 is not KeyBinding.LOOSE),
        _passive_check(reading, passive),
        *(() if passive is None else (_of_finding(CheckName.REVOCATION, passive.revocation),)),
        *(() if defects is None else (defects,)),
        check_com(document, None if passive is None else passive.security_object),
        *_hash_checks(reading, hashes),
        _chip_authentication_check(reading, passive, hashes, basis),
        without_leaked_key(_chip_check(CheckName.ACTIVE_AUTHENTICATION, reading, passive, hashes), known),
        *(() if mapping is None else (mapping,)),
        *(() if terminal is None else (terminal,)),
        check_consistency(document, at.date()),
        check_validity(document, at, signed_from, clock_is_behind=passive is not None and is_behind(passive, at)),
        *surface,
        check_online(online or NOT_ASKED),
    )
    verdict = evaluate(checks, policy)
    return Assessment(checks, verdict, _identity(document, verdict, at.date(), signed_from), comparisons, passive)


def _signer_valid_from(passive: PassiveAuthenticationResult | None) -> dt.date | None:
    return None if passive is None or passive.signer is None else passive.signer.not_before.date()


def _passive_check(reading: Reading, passive: PassiveAuthenticationResult | None) -> CheckResult:
    check = CheckName.PASSIVE_AUTHENTICATION
    if passive is None:
        reason = "unreadable" if files.SOD in reading.unread else "absent"
        return CheckResult(check, CheckStatus.FAILED, f"{check}.{reason}", "The chip's signed list could not be read.")
    return _of_finding(check, passive.finding)


def _of_finding(check: str, finding: Finding) -> CheckResult:
    status = {
        Outcome.SUCCESSFUL: CheckStatus.SUCCESSFUL,
        Outcome.FAILED: CheckStatus.FAILED,
        Outcome.UNDETERMINED: CheckStatus.UNDETERMINED,
    }[finding.outcome]
    return CheckResult(check, status, finding.code.value, finding.cause)


# -------------------------------------------------------------------------------- data group hashes
def _hash_checks(reading: Reading, findings: dict[int, Finding]) -> list[CheckResult]:
    checks = []
    for number, finding in sorted(findings.items()):
        name = data_group_hash(number)
        unread = reading.unread.get(files.data_group(number))
        if unread is errors.TERMINAL_RIGHT_MISSING:
            checks.append(CheckResult(name, CheckStatus.ABORTED, NOT_PERMITTED, unread.text))
        elif finding.code is FindingCode.HASH_NOT_READ and unread is not None:
            # asked for, and the chip would not give it: not the same as never asked
            checks.append(CheckResult(name, CheckStatus.ABORTED, "data_group_hash.unreadable", unread.name))
        else:
            checks.append(_of_finding(name, finding))
    return checks


# ------------------------------------------------------------------------------------- chip proofs
def _chip_authentication_check(
    reading: Reading,
    passive: PassiveAuthenticationResult | None,
    hashes: dict[int, Finding],
    basis: Basis,
) -> CheckResult:
    """By a key of DG14, or of EF.CardSecurity. Announcing the second excuses no chip that hides the first."""
    first = _chip_check(CheckName.CHIP_AUTHENTICATION, reading, passive, hashes)
    is_withheld = first.code == f"{CheckName.CHIP_AUTHENTICATION}.key_withheld"
    if reading.chip.version == 1 or (is_withheld and reading.chip.answer is not ChipAnswer.GIVEN):
        return first
    return check_chip_authentication_v2(reading, basis, _binding(passive, hashes.get(14)))


def _chip_check(
    check: CheckName,
    reading: Reading,
    passive: PassiveAuthenticationResult | None,
    hashes: dict[int, Finding],
) -> CheckResult:
    group = _CHIP_KEY_GROUPS[check]
    finding = hashes.get(group)
    signed_list_is_intact = passive is not None and passive.signature.is_successful
    was_refused = finding is not None and finding.code is FindingCode.HASH_NOT_READ
    if signed_list_is_intact and was_refused and files.data_group(group) in reading.unread:
        # The issuer signed a key that the chip does not show when asked. Only a copy has a reason to hide it.
        return CheckResult(check, CheckStatus.FAILED, f"{check}.key_withheld", "The chip hides its signed key.")
    binding = _binding(passive, finding)
    if check is CheckName.CHIP_AUTHENTICATION:
        return check_chip_authentication(reading, binding)
    return check_active_authentication(reading, binding)


def _binding(passive: PassiveAuthenticationResult | None, finding: Finding | None) -> KeyBinding:
    if passive is None or finding is None or not finding.is_successful:
        return KeyBinding.LOOSE
    if passive.is_trusted:
        return KeyBinding.TRUSTED
    return KeyBinding.CONSISTENT if passive.signature.is_successful else KeyBinding.LOOSE


# ---------------------------------------------------------------------------------------- identity
def _identity(document: IdDocument, verdict: Verdict, today: dt.date, signed_from: dt.date | None) -> Identity | None:
    """Who the chip says it is; unreadable personal data make nobody."""
    try:
        number, name = document.number, document.full_name
        if number is None or name is None:
            return None
        identity = Identity(
            number=number,
            full_name=name,
            date_of_birth=document.date_of_birth(today),
            sex=document.sex,
            nationality="" if document.mrz is None else document.mrz.nationality,
            address=_address(document),
            expires_on=expiry_of(document, signed_from, today),
            no_expiry=document.no_expiry,
            portrait=_portrait(document),
            assurance=verdict.assurance,
        )
    except ChipIdError:
        return None
    if verdict.decision is Decision.ACCEPT and verdict.assurance is Assurance.CHIP_VERIFIED:
        fields = {field.name: getattr(identity, field.name) for field in dataclasses.fields(Identity)}
        return VerifiedIdentity(**fields, verdict=verdict)
    return identity


def _address(document: IdDocument) -> str | None:
    """Additional personal data that cannot be read are no reason to refuse the person either."""
    try:
        return document.address
    except ChipIdError:
        return None


def _portrait(document: IdDocument) -> bytes | None:
    """A photo that cannot be taken out of its record is no reason to refuse the person."""
    try:
        return document.portrait
    except ChipIdError:
        return None
