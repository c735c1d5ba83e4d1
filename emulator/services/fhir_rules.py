"""What FHIR R4B (4.3.0) allows in the resources that a reception writes: elements, how often, which codes, invariants.

From the StructureDefinitions of the base resources. A server that takes whatever it is sent proves nothing about whoever
sends it.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

__all__ = ["fault_of"]

_Table = Mapping[str, object]

# Of every resource (DomainResource) and every element.
_COMMON: Final = "id meta implicitRules language text contained[] extension[] modifierExtension[]"
# name: 0..1, name!: 1..1, name[]: 0..*, name![]: 1..*. Choices stand with their types.
_ELEMENTS: Final = {
    "Patient": "identifier[] active name[] telecom[] gender birthDate deceasedBoolean deceasedDateTime address[] "
    "maritalStatus multipleBirthBoolean multipleBirthInteger photo[] contact[] communication[] generalPractitioner[] "
    "managingOrganization link[]",
    "Coverage": "identifier[] status! type policyHolder subscriber subscriberId beneficiary! dependent relationship "
    "period payor![] class[] order network costToBeneficiary[] subrogation contract[]",
    "Encounter": "identifier[] status! statusHistory[] class! classHistory[] type[] serviceType priority subject "
    "episodeOfCare[] basedOn[] participant[] appointment[] period length reasonCode[] reasonReference[] diagnosis[] "
    "account[] hospitalization location[] serviceProvider partOf",
    "Consent": "identifier[] status! scope! category![] patient dateTime performer[] organization[] sourceAttachment "
    "sourceReference policy[] policyRule verification[] provision",
    "DocumentReference": "masterIdentifier identifier[] status! docStatus type category[] subject date author[] "
    "authenticator custodian relatesTo[] description securityLabel[] content![] context",
    "Appointment": "identifier[] status! cancelationReason serviceCategory[] serviceType[] specialty[] appointmentType "
    "reasonCode[] reasonReference[] priority description supportingInformation[] start end minutesDuration slot[] "
    "created comment patientInstruction basedOn[] participant![] requestedPeriod[]",
    "CoverageEligibilityRequest": "identifier[] status! priority purpose![] patient! servicedDate servicedPeriod "
    "created! enterer provider insurer! facility supportingInfo[] insurance[] item[]",
    # parts, by the path that leads to them
    "Patient.contact": "relationship[] name telecom[] address gender organization period",
    "Patient.link": "other! type!",
    "DocumentReference.content": "attachment! format",
    "DocumentReference.context": "encounter[] event[] period facilityType practiceSetting sourcePatientInfo related[]",
    "Consent.provision": "type period actor[] action[] securityLabel[] purpose[] class[] code[] dataPeriod data[] "
    "provision[]",
    "Appointment.participant": "type[] actor required status! period",
    "CoverageEligibilityRequest.insurance": "focal coverage! businessArrangement",
}
_FINANCIAL: Final = ("active", "cancelled", "draft", "entered-in-error")
_CODES: Final = {  # required bindings
    "Patient.gender": ("male", "female", "other", "unknown"),
    "Patient.link.type": ("replaced-by", "replaces", "refer", "seealso"),
    "Coverage.status": _FINANCIAL,
    "CoverageEligibilityRequest.status": _FINANCIAL,
    "CoverageEligibilityRequest.purpose": ("auth-requirements", "benefits", "discovery", "validation"),
    "Encounter.status": (
        "planned", "arrived", "triaged", "in-progress", "onleave", "finished", "cancelled", "entered-in-error", "unknown",
    ),
    "Consent.status": ("draft", "proposed", "active", "rejected", "inactive", "entered-in-error"),
    "Consent.provision.type": ("deny", "permit"),
    "DocumentReference.status": ("current", "superseded", "entered-in-error"),
    "Appointment.status": (
        "proposed", "pending", "booked", "arrived", "fulfilled", "cancelled", "noshow", "entered-in-error", "checked-in",
        "waitlist",
    ),
    "Appointment.participant.status": ("accepted", "declined", "tentative", "needs-action"),
}  # fmt: skip
_MOMENT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})"
)
_DAY: Final = re.compile(r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?")
_FORMS: Final = {
    "Patient.birthDate": _DAY,
    "DocumentReference.date": _MOMENT,  # instant
    "Consent.dateTime": re.compile(f"{_DAY.pattern}|{_MOMENT.pattern}"),
    "CoverageEligibilityRequest.created": re.compile(f"{_DAY.pattern}|{_MOMENT.pattern}"),
    "Appointment.start": _MOMENT,
    "Appointment.end": _MOMENT,
}


def fault_of(resource: _Table) -> str | None:
    """Where a resource breaks R4B, as a path or the name of an invariant; ``None``: nowhere."""
    kind = str(resource.get("resourceType"))
    if kind not in _ELEMENTS:
        return "resourceType"
    content = {name: value for name, value in resource.items() if name != "resourceType"}
    faults = (_structure(kind, content), _INVARIANTS.get(kind, _no_invariants)(content), _contained(content))
    return next(itertools.chain(*faults), None)


def _contained(content: _Table) -> Iterator[str]:
    for each in _objects(content.get("contained")):
        fault = fault_of(each)
        if fault is not None:
            yield f"contained.{fault}"
        if "contained" in each:
            yield "dom-2"


def _structure(path: str, content: _Table) -> Iterator[str]:
    rules = {}
    for word in f"{_COMMON} {_ELEMENTS[path]}".split():
        name = word.rstrip("![]")
        rules[name] = ("!" in word, "[]" in word)
    yield from (
        f"{path}.{name}" for name, (must, _) in rules.items() if must and content.get(name) in (None, "", [], {})
    )
    for name, value in content.items():
        if name not in rules:
            yield f"{path}.{name}"
            continue
        if isinstance(value, list) != rules[name][1] or value in ("", [], {}, None):  # nothing is empty (json.html)
            yield f"{path}.{name}"
        yield from _values(f"{path}.{name}", value if isinstance(value, list) else [value])


def _values(path: str, values: list[object]) -> Iterator[str]:
    below = "Consent.provision" if path.endswith("provision.provision") else path  # rules within rules are rules
    for value in values:
        if below in _ELEMENTS:
            yield from _structure(below, value) if isinstance(value, dict) else [path]
        if below in _CODES and value not in _CODES[below]:
            yield path
        if below in _FORMS and (not isinstance(value, str) or _FORMS[below].fullmatch(value) is None):
            yield path
        if path.endswith(".extension"):
            yield from _extension(value)


def _extension(value: object) -> Iterator[str]:
    """ext-1: either extensions or a value, not both."""
    table = value if isinstance(value, dict) else {}
    held = [name for name in table if name.startswith("value")]
    if not isinstance(table.get("url"), str) or (len(held) == 1) == ("extension" in table):
        yield "ext-1"


def _no_invariants(_: _Table) -> Iterator[str]:
    yield from ()


def _of_patient(content: _Table) -> Iterator[str]:
    told = ("name", "telecom", "address", "organization")
    if any(not any(name in each for name in told) for each in _objects(content.get("contact"))):
        yield "pat-1"


def _of_consent(content: _Table) -> Iterator[str]:
    if "policy" not in content and "policyRule" not in content:
        yield "ppc-1"
    provision = content.get("provision")
    if isinstance(provision, dict):
        # "Not permitted in root rule, required in all nested rules" (Consent.provision.type)
        if "type" in provision:
            yield "Consent.provision.type"
        if any("type" not in each for each in _objects(provision.get("provision"))):
            yield "Consent.provision.provision.type"


def _of_appointment(content: _Table) -> Iterator[str]:
    if any(not ("type" in each or "actor" in each) for each in _objects(content.get("participant"))):
        yield "app-1"
    if ("start" in content) != ("end" in content):
        yield "app-2"
    if "start" not in content and content.get("status") not in ("proposed", "cancelled", "waitlist"):
        yield "app-3"


_INVARIANTS: Final[Mapping[str, Callable[[_Table], Iterator[str]]]] = {
    "Patient": _of_patient,
    "Consent": _of_consent,
    "Appointment": _of_appointment,
}


def _objects(value: object) -> list[_Table]:
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []
