"""Files of a chip that another device read: is what it hands over what an issuer signed?

Passive authentication (Doc 9303-11 §5.1) needs no chip, so it is run here on the files as delivered. It proves the
*data*. It cannot prove that a chip was there, nor that it was the issued one: those proofs (chip and active
authentication) are conversations, and this program had none. So both stay *undetermined*, nobody is ever accepted
because of such files, and the best that they come to is ``chip_read``.

Without EF.SOD everything is the device's own word.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import enum
from typing import Final

from crypto.errors import ChipIdError
from crypto.pki.findings import Finding, Outcome
from crypto.pki.passive_authentication import PassiveAuthenticationResult, compare_hashes, verify_security_object
from crypto.pki.trust_store import TrustStore
from reader.lds import files
from reader.lds.document import IdDocument, RawDocument
from reader.scanners.vendor.declared import DeclaredPerson, DeviceReading
from reader.verification.checks import CheckName, CheckResult, CheckStatus, data_group_hash
from reader.verification.clock import without_wrong_clock
from reader.verification.document_checks import check_validity
from reader.verification.expiry import expiry_of
from reader.verification.identity import Assurance, Identity, Sex
from reader.verification.policy import VerificationPolicy, evaluate
from reader.verification.verdict import Decision, Verdict
from reader.vietnamese.text import compare_names

__all__ = ["DataStanding", "DeliveredAssessment", "assess_delivered"]

_NOT_OURS: Final = "not_ours"
_STATUSES: Final = {
    Outcome.SUCCESSFUL: CheckStatus.SUCCESSFUL,
    Outcome.FAILED: CheckStatus.FAILED,
    Outcome.UNDETERMINED: CheckStatus.UNDETERMINED,
}
_SEXES: Final = {"nam": Sex.MALE, "nữ": Sex.FEMALE}


class DataStanding(enum.StrEnum):
    """What the person's data are worth."""

    AUTHENTIC = "authentic"  # signed by a trusted issuer; the chip was not proven
    ISSUER_UNKNOWN = "issuer_unknown"  # signed and unchanged, by somebody whom no trust anchor vouches for
    CONTRADICTED = "contradicted"  # a check failed: changed files, a wrong signature, a device that says otherwise
    DECLARED = "declared"  # nothing to check


_SIGNED: Final = frozenset({DataStanding.AUTHENTIC, DataStanding.ISSUER_UNKNOWN})


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class DeliveredAssessment:
    """Facts about what a device handed over. Its ``repr`` shows nothing personal.

    Attributes:
        standing: what the person's data are worth.
        checks: every check with its result.
        verdict: never ACCEPT.
        identity: whom the signed files name; if nothing can be checked, whom the device names, as ``unknown``
            assurance; ``None`` if a check failed or nobody is named.
    """

    standing: DataStanding
    checks: tuple[CheckResult, ...]
    verdict: Verdict
    identity: Identity | None

    def __repr__(self) -> str:
        return f"DeliveredAssessment({self.standing.value}, {self.verdict.decision.name})"


def assess_delivered(
    reading: DeviceReading, trust: TrustStore, policy: VerificationPolicy, at: dt.datetime
) -> DeliveredAssessment:
    """Check what a device handed over.

    Args:
        reading: what it has told.
        trust: trust anchors.
        policy: how to judge.
        at: now, with a time zone.
    """
    raw = reading.document or RawDocument({})
    document = IdDocument(raw)
    passive = _passive(raw, document, trust, policy, at)
    hashes = _hashes(raw, passive)
    checks = [
        *(() if passive is None else (_of(CheckName.PASSIVE_AUTHENTICATION, passive.finding),)),
        *(() if passive is None else (_of(CheckName.REVOCATION, passive.revocation),)),
        *(_of(data_group_hash(number), finding) for number, finding in sorted(hashes.items())),
        _not_ours(CheckName.CHIP_AUTHENTICATION),
        _not_ours(CheckName.ACTIVE_AUTHENTICATION),
        _device_agrees(document, reading.person, at.date()),
    ]
    signed_from = None if passive is None or passive.signer is None else passive.signer.not_before.date()
    if passive is not None:
        checks.append(check_validity(document, at, signed_from))
    standing = _standing(passive, hashes, tuple(checks))
    verdict = _verdict(tuple(checks), policy, standing)
    identity: Identity | None = None
    if standing is DataStanding.DECLARED and reading.person is not None:
        identity = _declared_identity(reading.person, reading.portrait)
    elif standing in _SIGNED:
        try:
            identity = _signed_identity(document, verdict.assurance, at.date(), signed_from)
        except ChipIdError:  # signed, and still not readable: it names nobody
            identity = None
    return DeliveredAssessment(standing, tuple(checks), verdict, identity)


def _passive(
    raw: RawDocument, document: IdDocument, trust: TrustStore, policy: VerificationPolicy, at: dt.datetime
) -> PassiveAuthenticationResult | None:
    sod = raw.get(files.SOD)
    if sod is None:
        return None
    # These devices read one kind of card and leave DG1 out: what DG1 would say is held against the authority all the same,
    # or the signature of another country's would pass for a Vietnamese card's.
    code, state = "ID", "VNM"
    try:
        if document.mrz is not None:
            code, state = document.mrz.document_code, document.mrz.issuing_state
    except ChipIdError:  # an unreadable DG1 says nothing; its hash decides whether it was signed like that
        pass
    result = verify_security_object(
        sod, trust, at, valid_at=policy.signer_valid_at, document_code=code, issuing_state=state
    )
    return without_wrong_clock(result, at)


def _hashes(raw: RawDocument, passive: PassiveAuthenticationResult | None) -> dict[int, Finding]:
    """Of the groups that were delivered and of those that are only listed; without a readable list of none."""
    if passive is None or passive.security_object is None:
        return {}
    contents = {file.number: raw.require(file) for file in raw.data_groups if file.number is not None}
    return dict(compare_hashes(passive.security_object, contents))


def _of(check: str, finding: Finding) -> CheckResult:
    return CheckResult(check, _STATUSES[finding.outcome], finding.code.value, finding.cause)


def _not_ours(check: CheckName) -> CheckResult:
    detail = "Another device read the chip; this program has not spoken with it."
    return CheckResult(check, CheckStatus.UNDETERMINED, f"{check}.{_NOT_OURS}", detail)


def _device_agrees(document: IdDocument, person: DeclaredPerson | None, today: dt.date) -> CheckResult:
    """Whether the device's own words are those of the files that it handed over."""
    check = CheckName.DATA_CONSISTENCY
    try:
        number, name = document.number, document.full_name
        born = document.date_of_birth(today) if document.personal_data is not None else None
    except ChipIdError:
        return CheckResult(check, CheckStatus.FAILED, f"{check}.unreadable", "A delivered file is not well formed.")
    if person is None or number is None or name is None:
        return CheckResult(check, CheckStatus.UNDETERMINED, f"{check}.not_comparable", "There is nothing to compare.")
    is_same = number in (person.number.digits, person.number.document_number)
    is_same = is_same and (None in (born, person.date_of_birth) or born == person.date_of_birth)
    has_own_letters = document.personal_data is not None
    if not is_same or (has_own_letters and not compare_names(name, person.full_name).is_same_name):
        detail = "The device names another person than the files that it handed over."
        return CheckResult(check, CheckStatus.FAILED, f"{check}.device_differs", detail)
    return CheckResult(check, CheckStatus.SUCCESSFUL, f"{check}.consistent")


def _standing(
    passive: PassiveAuthenticationResult | None, hashes: dict[int, Finding], checks: tuple[CheckResult, ...]
) -> DataStanding:
    failed = {check.check for check in checks if check.status is CheckStatus.FAILED}
    if failed - {CheckName.DOCUMENT_VALIDITY}:
        return DataStanding.CONTRADICTED
    # DG13, else DG1, names the person; another group alone, though signed, says nothing about who it is
    names_somebody = any(number in hashes and hashes[number].is_successful for number in (13, 1))
    if passive is None or not passive.signature.is_successful or not names_somebody:
        return DataStanding.DECLARED
    return DataStanding.AUTHENTIC if passive.is_trusted else DataStanding.ISSUER_UNKNOWN


def _verdict(checks: tuple[CheckResult, ...], policy: VerificationPolicy, standing: DataStanding) -> Verdict:
    """The policy's, which cannot be ACCEPT without a proven chip; the assurance that of the data."""
    verdict = evaluate(checks, policy)
    decision = Decision.REFER if verdict.decision is Decision.ACCEPT else verdict.decision
    return dataclasses.replace(
        verdict, decision=decision, assurance=Assurance.CHIP_READ if standing in _SIGNED else Assurance.UNKNOWN
    )


def _signed_identity(
    document: IdDocument, assurance: Assurance, today: dt.date, signed_from: dt.date | None
) -> Identity | None:
    number, name = document.number, document.full_name
    if number is None or name is None:
        return None
    personal = document.personal_data
    spoken_sex = "" if personal is None else (personal.text("gioi_tinh") or "")
    return Identity(
        number=number,
        full_name=name,
        date_of_birth=document.date_of_birth(today),
        sex=_SEXES.get(spoken_sex.casefold(), document.sex),
        nationality="VNM" if document.mrz is None else document.mrz.nationality,
        address=document.address,
        expires_on=expiry_of(document, signed_from, today),
        no_expiry=document.no_expiry,
        portrait=_signed_portrait(document),  # the device's own picture is signed by nobody
        assurance=assurance,
    )


def _signed_portrait(document: IdDocument) -> bytes | None:
    try:
        return document.portrait
    except ChipIdError:
        return None


def _declared_identity(person: DeclaredPerson, portrait: bytes | None) -> Identity:
    return Identity(
        number=person.number.digits,
        full_name=person.full_name,
        date_of_birth=person.date_of_birth,
        sex=person.sex,
        nationality="VNM",
        address=person.residence,
        expires_on=person.expires_on,
        no_expiry=person.no_expiry,
        portrait=portrait,
        assurance=Assurance.UNKNOWN,
    )
