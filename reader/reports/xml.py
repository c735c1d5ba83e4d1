"""The result as XML with the structure, names and words of TR-03135-1 v5.0.1.

Namespaces: §6.2 table 6.1. Elements for time: §6.4 tables 6.2 to 6.7. Elements for checks: tables 5.3, 5.29, 5.80
and 5.131. Results: §3.6.2. What the guideline's text leaves to its schema files, and what this terminal cannot know
(pictures, patterns, a user's corrections), is left out; see ``docs/decisions/0013-reports-and-evidence.md``.

Nothing here relates to a person (§6.3: what may be logged in any case). What is this program's own stands in a
namespace of its own, as §6.2 allows for application-specific checks; its schema is ``chipid-report-1.xsd``.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Final
from xml.etree import ElementTree

from crypto.errors import ChipIdError
from crypto.pki.certificate import Certificate
from crypto.pki.findings import Finding, FindingCode, Outcome
from crypto.pki.passive_authentication import PassiveAuthenticationResult
from reader.inspection import ReadOutcome
from reader.lds import files
from reader.lds.document import IdDocument
from reader.progress import ReadingPhase
from reader.reports.page import Circumstances
from reader.verification.aggregation import CheckGroup, aggregate, combine
from reader.verification.checks import CheckName, CheckResult, CheckStatus
from reader.verification.clock import is_plausible, is_wrong_clock
from reader.verification.printed import Agreement, FieldComparison, PrintedField, PrintedSource

__all__ = ["NAMESPACES", "OWN_NAMESPACE", "as_xml"]

OWN_NAMESPACE: Final = "urn:chipid-kiosk:report:1"
NAMESPACES: Final = {
    "ct": "http://trdoccheck.bsi.bund.de/ct/5",
    "dc": "http://trdoccheck.bsi.bund.de/dc/5",
    "dce": "http://trdoccheck.bsi.bund.de/dce/5",
    "dcc": "http://trdoccheck.bsi.bund.de/dcc/5",
    "base": "http://trdoccheck.bsi.bund.de/base/5",
    "own": OWN_NAMESPACE,
}
_HASHES: Final = "data_group_hash."
_MANDATORY: Final = (files.SOD, files.COM, files.data_group(1), files.data_group(2))  # Doc 9303-10 §4
_ELECTRONIC: Final = (
    CheckGroup.CHIP_ACCESS,
    CheckGroup.DOCUMENT_AUTHENTICATION,
    CheckGroup.INTEGRITY,
    CheckGroup.CHIP_AUTHENTICITY,
)
_STATUS_OF: Final = {
    Outcome.SUCCESSFUL: CheckStatus.SUCCESSFUL,
    Outcome.FAILED: CheckStatus.FAILED,
    Outcome.UNDETERMINED: CheckStatus.UNDETERMINED,
}
_Element = ElementTree.Element


def as_xml(outcome: ReadOutcome, circumstances: Circumstances) -> bytes:
    """The result as an XML document in UTF-8."""
    for prefix, namespace in NAMESPACES.items():
        ElementTree.register_namespace(prefix, namespace)
    root = _Element(_name("ct", "CheckTransaction"))
    _measured(root, "ct", circumstances.read_at, sum(outcome.timing_ms.values()))
    document = _add(root, "dc", "DocumentCheck")
    _measured(document, "dc", circumstances.read_at, sum(outcome.timing_ms.values()))
    groups = {group.group: group.status for group in aggregate(outcome.checks)}
    electronic = combine(groups[group] for group in _ELECTRONIC if group in groups)
    combined = groups.get(CheckGroup.DATA, CheckStatus.UNDETERMINED)
    checks = _add(document, "dc", "Checks", groups[CheckGroup.DOCUMENT])
    _add(checks, "dc", "ElectronicChecks", electronic)  # table 5.3
    _add(checks, "dc", "CombinedCheck", combined)
    _electronic_check(document, outcome, circumstances, electronic)
    _combined_check(document, outcome, combined)
    _own_report(root, outcome, circumstances)
    ElementTree.indent(root)
    text = ElementTree.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'.encode()


# ------------------------------------------------------------------------------------------ elements
def _name(prefix: str, local: str) -> str:
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _add(parent: _Element, prefix: str, local: str, status: CheckStatus | None = None, **attributes: str) -> _Element:
    """A new last child; with a result, in the guideline's word for it (§3.6.2: *not supported* is two words)."""
    element = ElementTree.SubElement(parent, _name(prefix, local), attributes)
    if status is not None:
        _add(element, "base", "Result").text = status.value.replace("_", " ")
    return element


def _measured(parent: _Element, prefix: str, start: dt.datetime, total_ms: float) -> _Element:
    """Tables 6.2, 6.3, 6.5: start, end and duration."""
    measurement = _add(parent, prefix, "TimeMeasurement")
    overall = _add(measurement, prefix, "Overall")
    _add(overall, "base", "StartTime").text = start.isoformat(timespec="milliseconds")
    end = start + dt.timedelta(milliseconds=total_ms)
    _add(overall, "base", "EndTime").text = end.isoformat(timespec="milliseconds")
    _add(overall, "base", "Duration").text = _duration(total_ms)
    return measurement


def _duration(milliseconds: float) -> str:
    return f"PT{milliseconds / 1000:.3f}S"


# ------------------------------------------------------------------------------------------ electronic component
def _electronic_check(
    document: _Element, outcome: ReadOutcome, circumstances: Circumstances, status: CheckStatus
) -> None:
    check = _add(document, "dce", "ElectronicCheck")
    total_ms = sum(outcome.timing_ms.values())
    measurement = _measured(check, "dce", circumstances.read_at, total_ms)
    verifying_ms = outcome.timing_ms.get(ReadingPhase.VERIFYING.label, 0.0)
    _add(measurement, "dce", "ProcessingDuration").text = _duration(verifying_ms)
    _add(measurement, "dce", "ElectronicComponentInteractionDuration").text = _duration(total_ms - verifying_ms)
    checks = _add(check, "dce", "Checks", status)
    by_name = {str(each.check): each for each in outcome.checks}
    application = _add(checks, "dce", "SelectableApplicationsCheck", CheckStatus.SUCCESSFUL)  # §5.8.2: it was read
    _add(application, "dce", "SelectableApplicationCheck", CheckStatus.SUCCESSFUL, aid=files.EMRTD_AID.hex().upper())
    _access(checks, outcome)
    _mandatory_files(checks, outcome)
    _authenticity(checks, by_name, outcome.checks)
    _signatures(checks, outcome.assessment.passive, circumstances.read_at)
    _integrity(checks, by_name)


def _access(checks: _Element, outcome: ReadOutcome) -> None:
    """§5.8.3. A chip that was read was opened by one of the three; what was tried in vain before is a failure."""
    access = _add(checks, "dce", "AccessProtocolsCheck", CheckStatus.SUCCESSFUL)
    protocol = outcome.reading.access.protocol
    pace_failed = any(each.value == "bac_as_pace_was_refused" for each in outcome.reading.access.downgrades)
    if protocol == "BAC":
        _add(access, "dce", "BacCheck", CheckStatus.SUCCESSFUL)
    if protocol == "PACE" or pace_failed:
        _add(access, "dce", "PaceCheck", CheckStatus.FAILED if pace_failed else CheckStatus.SUCCESSFUL)
    if protocol == "NONE":
        _add(access, "dce", "PlainCheck", CheckStatus.SUCCESSFUL)


def _mandatory_files(checks: _Element, outcome: ReadOutcome) -> None:
    """§5.8.4: are they there, and well formed? What was not asked for is not among them."""
    raw, unread = outcome.reading.document, outcome.reading.unread
    asked = [file for file in _MANDATORY if file in raw or file in unread]
    there = {file: CheckStatus.SUCCESSFUL if file in raw else CheckStatus.FAILED for file in asked}
    syntax = {file: _syntax(outcome, file) for file in asked if file in raw}
    mandatory = _add(checks, "dce", "MandatoryFilesCheck", combine([*there.values(), *syntax.values()]))
    availability = _add(mandatory, "dce", "AvailabilityCheck", combine(there.values()))
    for file, status in there.items():
        _add(availability, "dce", "FileAvailabilityCheck", status, file=file.ef_name)
    well_formed = _add(mandatory, "dce", "SyntaxCheck", combine(syntax.values()))
    names = {"SOD": "EfSodCheck", "COM": "EfComCheck", "DG1": "Dg1Check", "DG2": "Dg2Check"}
    for file, status in syntax.items():
        _add(well_formed, "dce", names[file.name], status)


def _syntax(outcome: ReadOutcome, file: files.FileId) -> CheckStatus:
    document, passive = outcome.document, outcome.assessment.passive
    if file is files.SOD:
        return CheckStatus.FAILED if passive is None or passive.security_object is None else CheckStatus.SUCCESSFUL
    try:
        is_parsed = {files.COM: _has_com, files.data_group(1): _has_mrz, files.data_group(2): _has_face}[file](document)
    except ChipIdError:
        is_parsed = False
    return CheckStatus.SUCCESSFUL if is_parsed else CheckStatus.FAILED


def _has_com(document: IdDocument) -> bool:
    return document.com is not None


def _has_mrz(document: IdDocument) -> bool:
    return document.mrz is not None


def _has_face(document: IdDocument) -> bool:
    return bool(document.faces)


def _authenticity(checks: _Element, by_name: dict[str, CheckResult], everything: Sequence[CheckResult]) -> None:
    """§5.8.5. A chip that failed one proof is not genuine, whatever another one says."""
    group = next((each for each in aggregate(everything) if each.group is CheckGroup.CHIP_AUTHENTICITY), None)
    status = CheckStatus.UNDETERMINED if group is None else group.status
    authenticity = _add(checks, "dce", "AuthenticityCheck", status)
    for name, local in (
        (CheckName.ACTIVE_AUTHENTICATION, "ActiveAuthCheck"),
        (CheckName.CHIP_AUTHENTICATION, "ChipAuthCheck"),
        (CheckName.CHIP_AUTHENTICATION_MAPPING, "PaceChipAuthMappingCheck"),
    ):
        if name in by_name:
            _add(authenticity, "dce", local, by_name[name].status)


def _signatures(checks: _Element, passive: PassiveAuthenticationResult | None, at: dt.datetime) -> None:
    """§5.8.6 and §5.8.7, for EF.SOD. The two periods of validity are evaluatory (§3.8): whether a certificate that was
    valid when it signed may have expired since is the policy's matter, and ``chain`` has what the policy says."""
    if passive is None:
        _add(checks, "dce", "SignatureCheck", CheckStatus.FAILED)
        return
    digest, value = _digest_and_value(passive.signature)
    signature = _add(checks, "dce", "SignatureCheck", combine([digest, value]))
    file = _add(signature, "dce", "SecurityFileCheck", combine([digest, value]), file=files.SOD.ef_name)
    _add(file, "dce", "DigestCheck", digest)
    _add(file, "dce", "SignatureValueCheck", value)
    chain = _STATUS_OF[passive.chain.outcome]
    issuer = _add(checks, "dce", "IssuerCertificatesCheck", chain)
    certificate = _add(issuer, "dce", "SecurityFileCheck", chain, file=files.SOD.ef_name)
    _add(certificate, "dce", "SignerSignatureCheck", _signed_by_issuer(passive.chain))
    clock = None if is_wrong_clock(passive.chain) else at
    _add(certificate, "dce", "SignerValidityPeriodCheck", _validity(passive.signer, clock))
    anchor = None if passive.anchor is None else passive.anchor.certificate
    _add(certificate, "dce", "CountrySignerValidityPeriodCheck", _validity(anchor, clock))
    _add(certificate, "dce", "SignerTrustedCheck", chain)


def _digest_and_value(signature: Finding) -> tuple[CheckStatus, CheckStatus]:
    """§5.8.6.1: digest inside the file, and the signature over it. The second is not looked at if the first is wrong."""
    status = _STATUS_OF[signature.outcome]
    if signature.code is FindingCode.CONTENT_DIGEST_MISMATCH:
        return CheckStatus.FAILED, CheckStatus.UNDETERMINED
    if signature.code is FindingCode.SIGNATURE_WRONG:
        return CheckStatus.SUCCESSFUL, CheckStatus.FAILED
    return status, status


def _signed_by_issuer(chain: Finding) -> CheckStatus:
    """§5.6.3.2.1. Of a chain that failed at another step it is not said here whether this one was right."""
    if chain.code is FindingCode.SIGNER_SIGNATURE_WRONG:
        return CheckStatus.FAILED
    return CheckStatus.SUCCESSFUL if chain.is_successful else CheckStatus.UNDETERMINED


def _validity(certificate: Certificate | None, at: dt.datetime | None) -> CheckStatus:
    """§5.6.3.2.2 and §5.6.3.2.3, at the time of inspection; ``None`` if the clock is known to be wrong."""
    if certificate is None or at is None or not is_plausible(at):
        return CheckStatus.UNDETERMINED
    is_valid = certificate.not_before <= at <= certificate.not_after
    return CheckStatus.SUCCESSFUL if is_valid else CheckStatus.FAILED


def _integrity(checks: _Element, by_name: dict[str, CheckResult]) -> None:
    """§5.8.8: EF.COM against EF.SOD, and every data group that was read."""
    hashes = {
        name.removeprefix(_HASHES): check.status
        for name, check in by_name.items()
        if name.startswith(_HASHES) and check.is_performed
    }
    com = by_name.get(CheckName.COM_CONSISTENCY)
    parts = [*hashes.values(), *(() if com is None else (com.status,))]
    integrity = _add(checks, "dce", "IntegrityCheck", combine(parts))
    if com is not None:
        _add(integrity, "dce", "EfSodVsEfComCheck", com.status)
    groups = _add(integrity, "dce", "DataGroupsIntegrityCheck", combine(hashes.values()))
    for name, status in hashes.items():
        _add(groups, "dce", "DataGroupIntegrityCheck", status, file=f"EF.{name}")


# ------------------------------------------------------------------------------------------ combined, own
def _combined_check(document: _Element, outcome: ReadOutcome, status: CheckStatus) -> None:
    """§5.10: the last day, and what was printed against the chip."""
    by_name = {str(each.check): each for each in outcome.checks}
    checks = _add(_add(document, "dcc", "CombinedCheck"), "dcc", "Checks", status)
    validity = by_name.get(CheckName.DOCUMENT_VALIDITY)
    if validity is not None:
        _add(checks, "dcc", "DateOfExpiryCheck", validity.status)
    components = {
        each.field.value: _component(each)
        for each in outcome.assessment.printed
        if each.source is PrintedSource.MRZ and each.agreement is not Agreement.NOT_COMPARED
    }
    if components:
        comparison = _add(checks, "dcc", "MrzVsDg1Check", combine(components.values()))
        for name, result in components.items():
            _add(comparison, "dcc", "ComponentCheck", result, component=name)
    _add(checks, "dcc", "ChipPresenceCheck", CheckStatus.SUCCESSFUL)


def _component(compared: FieldComparison) -> CheckStatus:
    """§5.6.4; a difference in optional data alone is no failure (§5.10.4)."""
    if compared.agreement is Agreement.AGREES:
        return CheckStatus.SUCCESSFUL
    is_open = compared.agreement is Agreement.SIMILAR or compared.field is PrintedField.OPTIONAL_DATA
    return CheckStatus.UNDETERMINED if is_open else CheckStatus.FAILED


def _own_report(root: _Element, outcome: ReadOutcome, circumstances: Circumstances) -> None:
    """This program's own findings with their stable codes."""
    report = _add(root, "own", "Report")
    for local, value in (
        ("Verdict", outcome.verdict.decision.value),
        ("Assurance", outcome.verdict.assurance.value),
        ("Policy", circumstances.policy),
        ("AccessProtocol", outcome.reading.access.suite),
        ("Software", circumstances.software),
        ("Place", circumstances.place),
        ("Device", circumstances.device or ""),
        ("EvidenceSha256", circumstances.evidence_sha256 or ""),
    ):
        if value:
            _add(report, "own", local).text = _sayable(value)
    _add(report, "own", "IsTest").text = "true" if circumstances.is_test else "false"
    for reason in outcome.verdict.reasons:
        _add(report, "own", "Reason").text = reason
    for check in outcome.checks:
        found = _add(report, "own", "Check")
        found.attrib.update(name=str(check.check), status=check.status.value, code=check.code)


def _sayable(text: str) -> str:
    """Without what XML 1.0 §2.2 has no way to write."""
    return "".join(letter for letter in text if letter.isprintable())
