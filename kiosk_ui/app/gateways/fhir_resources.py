"""The FHIR R4B (4.3.0) resources that a check-in becomes. Written by hand: six small ones need no library.

Patient, Coverage, Encounter, Consent and DocumentReference, each created only if its identifier is not there yet
(conditional create, FHIR R4B http.html#ccreate), in one transaction.
"""

from __future__ import annotations

import base64
import dataclasses
import datetime as dt
import uuid
from collections.abc import Mapping
from typing import Final
from urllib.parse import quote

from kiosk_ui.app.domain.consent import Consent
from kiosk_ui.app.domain.hand_over import HandOver
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, InsuranceOutcome
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.visitor import NumberKind, Visitor
from kiosk_ui.app.settings_hospital import FhirSettings
from reader.verification.identity import Sex

__all__ = [
    "EXTENSION",
    "GENDERS",
    "Joining",
    "Json",
    "condition",
    "eligibility_request",
    "identifier",
    "match_parameters",
    "transaction",
]

Json = dict[str, object]

GENDERS: Final = {Sex.MALE: "male", Sex.FEMALE: "female", Sex.UNSPECIFIED: "unknown"}
EXTENSION: Final = "urn:chipid:fhir:"  # what R4B has no element for: how sure the identity is, and what staff look into
_ACT_CODE: Final = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
_CONSENT_SCOPE: Final = {
    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
}
_CONSENT_CATEGORY: Final = {"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}
_INSURER: Final = {"display": "Bảo hiểm xã hội Việt Nam"}


def identifier(system: str, value: str) -> Json:
    """An ``Identifier``."""
    return {"system": system, "value": value}


def condition(system: str, value: str) -> str:
    """The search of a conditional create: ``identifier=system|value``."""
    for letter in "\\,$|":  # separators inside a value are escaped (FHIR R4B search.html#escaping)
        value = value.replace(letter, f"\\{letter}")
    return f"identifier={quote(system, safe=':/')}%7C{quote(value, safe='', errors='replace')}"


def match_parameters(names: FhirSettings, number: str, full_name: str, born: dt.date | None, sex: Sex) -> Json:
    """``Parameters`` of ``Patient/$match``."""
    patient: Json = {
        "resourceType": "Patient",
        "identifier": [identifier(system_of_number(names, number, None), number)],
        "name": [{"text": full_name}],
    }
    if sex is not Sex.UNSPECIFIED:
        patient["gender"] = GENDERS[sex]
    if born is not None:
        patient["birthDate"] = born.isoformat()
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "resource", "resource": patient},
            {"name": "onlyCertainMatches", "valueBoolean": False},  # several certain ones would be hidden otherwise
            {"name": "count", "valueInteger": 5},
        ],
    }


def system_of_number(names: FhirSettings, number: str, kind: NumberKind | None) -> str:
    """``Identifier.system`` of a person's number."""
    is_digits = number.isascii() and number.isdigit()
    if kind is NumberKind.CITIZEN or (kind is None and is_digits and len(number) == 12):
        return names.citizen_system
    if kind is NumberKind.OLD_CARD or (kind is None and is_digits and len(number) == 9):
        return names.old_card_system
    return names.passport_system


def eligibility_request(
    names: FhirSettings, number: str, full_name: str, born: dt.date, now: dt.datetime, request_id: uuid.UUID
) -> Json:
    """``CoverageEligibilityRequest`` for one person, who is contained: the server may not know them yet."""
    return {
        "resourceType": "CoverageEligibilityRequest",
        "identifier": [identifier(names.check_in_system, f"eligibility-{request_id}")],
        "contained": [
            {
                "resourceType": "Patient",
                "id": "patient",
                "identifier": [identifier(system_of_number(names, number, None), number)],
                "name": [{"text": full_name}],
                "birthDate": born.isoformat(),
            },
            {
                "resourceType": "Coverage",
                "id": "coverage",
                "status": "active",
                "subscriberId": number,
                "beneficiary": {"reference": "#patient"},
                "payor": [_INSURER],
            },
        ],
        "status": "active",
        "purpose": ["validation"],
        "patient": {"reference": "#patient"},
        "created": now.isoformat(timespec="seconds"),
        "insurer": _INSURER,
        "insurance": [{"focal": True, "coverage": {"reference": "#coverage"}}],
    }


@dataclasses.dataclass(frozen=True, slots=True)
class Joining:
    """Whose record a visit goes into.

    What a chip says joins the record under that number. What somebody only typed or showed must not: it would put a
    visit into a stranger's record. Nor may it where the records under the number do not fit the person. Such a visit gets
    a record of its own, which staff join after a look at the person.

    Attributes:
        patient_id: of the record that is there; ``None``: one is made, unless there is one under the number by then.
        is_apart: the visit gets a record of its own; ``patient_id`` is where it probably belongs.
        has_own_coverage: the card is not looked for: the server has several under its number.
    """

    patient_id: str | None = None
    is_apart: bool = False
    has_own_coverage: bool = False


def transaction(
    record: HandOver, names: FhirSettings, joining: Joining, *, department: str | None, xml0: bytes | None
) -> Json:
    """The ``Bundle`` that hands a check-in over. Sent again it creates nothing: every entry is conditional.

    The Encounter comes last, so that its entry of the answer is the last one too.

    Args:
        record: the check-in.
        names: systems of identifiers.
        joining: whose record the visit goes into.
        department: how the server calls it; ``None`` for the counter.
        xml0: the record XML0, if there is one.
    """
    entries: list[Json] = []
    patient = f"Patient/{joining.patient_id}"
    if joining.is_apart or joining.patient_id is None:
        patient = _full_url(record, "patient")
        made = _patient(record, names, joining)
        entries.append(_entry(patient, "Patient", made, _patient_condition(record, names, joining)))
    if counts(record.eligibility):
        card = identifier(names.card_system, record.eligibility.card_number or "")
        if joining.is_apart or joining.has_own_coverage:
            # Under the card's own name, one that was only claimed would stand before the owner's, who comes with the chip.
            card = identifier(names.check_in_system, f"{record.key}-coverage")
        where = condition(str(card["system"]), str(card["value"]))
        made = _coverage(record, card, patient)
        entries.append(_entry(_full_url(record, "coverage"), "Coverage", made, where))
    encounter = _full_url(record, "encounter")
    for consent in record.consents:
        name = f"{record.key}-{consent.purpose.value}"
        made = _consent(consent, names, name, patient)
        where = condition(names.check_in_system, name)
        entries.append(_entry(_full_url(record, consent.purpose.value), "Consent", made, where))
    if xml0 is not None:
        name = f"{record.key}-xml0"
        made = _document(record, names, name, patient, encounter, xml0)
        where = condition(names.check_in_system, name)
        entries.append(_entry(_full_url(record, "xml0"), "DocumentReference", made, where))
    where = condition(names.check_in_system, str(record.key))
    entries.append(_entry(encounter, "Encounter", _encounter(record, names, patient, department), where))
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def counts(eligibility: Eligibility) -> bool:
    """Whether there is an insurance card by which the visit may be paid."""
    is_good = eligibility.outcome is InsuranceOutcome.VALID or eligibility.kind is EligibilityKind.OK_MANUAL
    return is_good and eligibility.card_number is not None


def _full_url(record: HandOver, part: str) -> str:
    """The same at every repetition, so that the octets are."""
    return f"urn:uuid:{uuid.uuid5(record.key, part)}"


def _entry(full_url: str, kind: str, resource: Json, where: str) -> Json:
    return {
        "fullUrl": full_url,
        "resource": {"resourceType": kind, **resource},
        "request": {"method": "POST", "url": kind, "ifNoneExist": where},
    }


def _patient_condition(record: HandOver, names: FhirSettings, joining: Joining) -> str:
    visitor = record.visitor
    if joining.is_apart:
        return condition(names.check_in_system, str(record.key))
    return condition(system_of_number(names, visitor.number, visitor.number_kind), visitor.number)


def _patient(record: HandOver, names: FhirSettings, joining: Joining) -> Json:
    visitor = record.visitor
    identifiers = [identifier(names.check_in_system, str(record.key))]
    if visitor.number and joining.is_apart:
        # Under a system of its own: under the true one, the person's own chip would join this record next time.
        identifiers.append({"use": "temp", **identifier(f"{EXTENSION}number-to-confirm", visitor.number)})
    elif visitor.number:
        number = identifier(system_of_number(names, visitor.number, visitor.number_kind), visitor.number)
        identifiers.insert(0, {"use": "official", **number})
    patient: Json = {"identifier": identifiers, "gender": GENDERS[visitor.sex]}
    if visitor.full_name:
        patient["name"] = [{"use": "official", "text": visitor.full_name}]
    birth = _birth(visitor)
    if birth:
        patient["birthDate"] = birth
    if visitor.address:
        patient["address"] = [{"text": visitor.address}]
    if record.phone:
        patient["telecom"] = [{"system": "phone", "value": record.phone}]
    if visitor.guardian is not None:
        guardian: Json = {"name": {"text": visitor.guardian.full_name}, "gender": GENDERS[visitor.guardian.sex]}
        patient["contact"] = [{"relationship": [{"text": "guardian"}], **guardian}]
    if joining.patient_id is not None:
        patient["link"] = [{"other": {"reference": f"Patient/{joining.patient_id}"}, "type": "seealso"}]
    return patient


def _birth(visitor: Visitor) -> str:
    """``date``: a year alone is one, too (FHIR R4B datatypes.html#date)."""
    if visitor.date_of_birth is not None:
        return visitor.date_of_birth.isoformat()
    return "" if visitor.birth_year is None else f"{visitor.birth_year:04d}"


def _coverage(record: HandOver, name: Json, patient: str) -> Json:
    eligibility = record.eligibility
    days = {"start": eligibility.valid_from, "end": eligibility.valid_until}
    period = {name: day.isoformat() for name, day in days.items() if day is not None}
    coverage: Json = {
        "identifier": [name],
        "status": "active",
        "subscriberId": eligibility.card_number or "",
        "beneficiary": {"reference": patient},
        "payor": [_INSURER],
    }
    return coverage | ({"period": period} if period else {})


def _consent(consent: Consent, names: FhirSettings, name: str, patient: str) -> Json:
    return {
        "identifier": [identifier(names.check_in_system, name)],
        "status": "active",
        "scope": _CONSENT_SCOPE,
        "category": [_CONSENT_CATEGORY],
        "patient": {"reference": patient},
        "dateTime": consent.at.isoformat(timespec="seconds"),
        "policyRule": {"text": f"{consent.purpose.value}, wording {consent.text_version}"},  # ppc-1 wants one
        # What is permitted or denied stands in a rule within the rule: at the root ``type`` is not permitted (R4B,
        # Consent.provision.type).
        "provision": {
            "provision": [{"type": "permit" if consent.given else "deny", "purpose": [_purpose(consent.purpose.value)]}]
        },
    }


def _purpose(word: str) -> Json:
    return {"system": f"{EXTENSION}purpose", "code": word}


def _document(record: HandOver, names: FhirSettings, name: str, patient: str, encounter: str, xml0: bytes) -> Json:
    return {
        "identifier": [identifier(names.check_in_system, name)],
        "status": "current",
        "type": {"text": "XML0 (3176/QĐ-BYT)"},
        "subject": {"reference": patient},
        "date": record.at.isoformat(timespec="seconds"),
        "content": [{"attachment": {"contentType": "application/xml", "data": base64.b64encode(xml0).decode()}}],
        "context": {"encounter": [{"reference": encounter}]},
    }


def _encounter(record: HandOver, names: FhirSettings, patient: str, department: str | None) -> Json:
    service: Json = {"text": record.department.name_vi}
    if department is not None:
        service["coding"] = [{"code": department, "display": record.department.name_vi}]
    identifiers = [identifier(names.check_in_system, str(record.key))]
    if record.queue_number:
        identifiers.append({"use": "temp", **identifier(f"{EXTENSION}queue-number", record.queue_number)})
    encounter: Json = {
        "identifier": identifiers,
        "status": "arrived",
        "class": {"system": _ACT_CODE, "code": "AMB"},
        "subject": {"reference": patient},
        "period": {"start": record.at.isoformat(timespec="seconds")},
        "serviceType": service,
        "extension": _extensions(record),
    }
    if record.appointment_id is not None:
        encounter["appointment"] = [{"reference": f"Appointment/{record.appointment_id}"}]
    return encounter


def _extensions(record: HandOver) -> list[Json]:
    words: Mapping[str, str] = {
        "identification-method": record.method,
        "assurance": record.visitor.assurance.value,
        "holder-checked": record.holder_checked.value,
        "insurer-result": record.eligibility.code,
        "priority": "" if record.priority is Priority.NONE else record.priority.value,
        "priority-to-confirm": "true" if record.priority.needs_staff else "",
    }
    found: list[Json] = [{"url": EXTENSION + name, "valueString": word} for name, word in words.items() if word]
    return found + [{"url": f"{EXTENSION}to-look-into", "valueString": word} for word in record.missing]
