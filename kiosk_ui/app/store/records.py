"""What is sealed, as JSON: the person of a check-in with everything said about them, and the insurer's answers.

Fields that an older version did not write are read as absent; a newer store is refused before anything is read.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Mapping
from typing import Any, TypeVar

from kiosk_ui.app.domain.check_in import CheckInDraft, Slip
from kiosk_ui.app.domain.consent import Consent, ConsentPurpose
from kiosk_ui.app.domain.departments import Department
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind
from kiosk_ui.app.domain.patient import Appointment, PatientFinding, PatientKind
from kiosk_ui.app.domain.visitor import NumberKind, Visitor, kind_of_number
from kiosk_ui.app.failures import STORE_DAMAGED, StoreError
from kiosk_ui.app.keys import CellPlace
from reader.verification.identity import Assurance, HolderChecked, Identity, Sex

__all__ = [
    "ANSWERS",
    "SNAPSHOTS",
    "PersonRecord",
    "answer_content",
    "answer_of",
    "person_content",
    "person_of",
    "place_of",
    "require_about",
]

SNAPSHOTS = "patient_snapshot"
ANSWERS = "insurance_answer"

_Json = Mapping[str, Any]
_T = TypeVar("_T")


@dataclasses.dataclass(frozen=True, slots=True, repr=False)
class PersonRecord:
    """The sealed part of a check-in. Its ``repr`` shows nothing.

    Attributes:
        visitor: the person, without portrait.
        department: whose queue the number is from, as it was called then; ``None`` in rows of the first version.
        patient: what the hospital system knew, or ``None`` if it was not asked.
        appointment_id: the appointment that was taken, or ``None``.
        phone: digits, or ``None``.
        consents: what was agreed to or refused.
        slip: what the counter's slip says, or ``None`` for a queue ticket.
    """

    visitor: Visitor
    department: Department | None
    patient: PatientFinding | None = None
    appointment_id: str | None = None
    phone: str | None = None
    consents: tuple[Consent, ...] = ()
    slip: Slip | None = None

    def __repr__(self) -> str:
        return "PersonRecord(…)"


def place_of(table: str, row: uuid.UUID) -> CellPlace:
    """Where a row's sealed cell stands."""
    return CellPlace(table, "content", row.hex)


# ------------------------------------------------------------------------------------------------ writing
def person_content(draft: CheckInDraft, slip: Slip | None) -> bytes:
    """What of a draft is sealed. The portraits are not in it."""
    return _octets(
        {
            "visitor": _visitor(draft.visitor),
            "department": dataclasses.asdict(draft.department),
            "patient": None if draft.patient is None else _finding(draft.patient),
            "appointment_id": draft.appointment_id,
            "phone": draft.phone,
            "consents": [_consent(consent) for consent in draft.consents],
            "slip": None if slip is None else dataclasses.asdict(slip),
        }
    )


def answer_content(eligibility: Eligibility, check_in_id: uuid.UUID) -> bytes:
    """One answer of the insurer, with what was received, and whom it is about: its row only points there in the clear."""
    content = {field.name: getattr(eligibility, field.name) for field in dataclasses.fields(eligibility)}
    return _octets({**content, "kind": eligibility.kind.value, "check_in": check_in_id.hex})


def _visitor(visitor: Visitor) -> dict[str, object]:
    return {
        "number": visitor.number,
        "number_kind": visitor.number_kind.value,
        "full_name": visitor.full_name,
        "date_of_birth": visitor.date_of_birth,
        "birth_year": visitor.birth_year,
        "sex": visitor.sex.value,
        "nationality": visitor.nationality,
        "address": visitor.address,
        "assurance": visitor.assurance.value,
        "identification": visitor.identification.value,
        "holder_checked": visitor.holder_checked.value,
        "guardian": None if visitor.guardian is None else _identity(visitor.guardian),
    }


def _identity(identity: Identity) -> dict[str, object]:
    fields = {field.name: getattr(identity, field.name) for field in dataclasses.fields(identity)}
    plain = {name: getattr(identity, name).value for name in ("sex", "assurance", "holder_checked")}
    return {**fields, **plain, "portrait": None}


def _finding(finding: PatientFinding) -> dict[str, object]:
    appointment = None if finding.appointment is None else dataclasses.asdict(finding.appointment)
    return {
        "kind": finding.kind.value,
        "patient_id": finding.patient_id,
        "appointment": appointment,
        "code": finding.code,
    }


def _consent(consent: Consent) -> dict[str, object]:
    return {**dataclasses.asdict(consent), "purpose": consent.purpose.value}


def _octets(content: _Json) -> bytes:
    # ASCII, so that half a character that somebody sent us comes back as it was instead of stopping the check-in.
    return json.dumps(content, separators=(",", ":"), default=_moment).encode("ascii")


def _moment(value: object) -> str:
    if isinstance(value, dt.date):  # a moment too
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} is not to be stored")


# ------------------------------------------------------------------------------------------------ reading
def person_of(content: bytes) -> PersonRecord:
    """Raises :class:`StoreError` (``store.damaged``) for what this program never wrote."""
    try:
        found = json.loads(content)
        return PersonRecord(
            visitor=_visitor_of(found["visitor"]),
            department=_known(Department, found["department"]) if found.get("department") else None,
            patient=_finding_of(found["patient"]) if found.get("patient") else None,
            appointment_id=found.get("appointment_id"),
            phone=found.get("phone"),
            consents=tuple(map(_consent_of, found.get("consents", ()))),
            slip=_slip_of(found["slip"]) if found.get("slip") else None,
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(STORE_DAMAGED, cause="a sealed record is none") from None


def require_about(content: bytes, check_in_id: uuid.UUID) -> None:
    """Refuse an answer of the insurer, as unsealed, whose row was made to point at somebody else's check-in.

    Raises:
        StoreError: ``store.damaged``.
    """
    try:
        about = json.loads(content).get("check_in", check_in_id.hex)  # earlier versions did not write it
    except (ValueError, AttributeError):
        raise StoreError(STORE_DAMAGED, cause="a sealed answer is none") from None
    if about != check_in_id.hex:
        raise StoreError(STORE_DAMAGED, cause="an answer belongs to another check-in")


def answer_of(content: bytes, kind: str, code: str, valid_until: dt.date | None) -> Eligibility:
    """One answer of the insurer.

    Args:
        content: as unsealed.
        kind: as code and valid_until what the check-in's own row says, for answers of the first version.
        code: see kind.
        valid_until: see kind.

    Raises:
        StoreError: ``store.damaged`` for what this program never wrote.
    """
    try:
        found = json.loads(content)
        return Eligibility(
            kind=EligibilityKind(found.get("kind", kind)),
            code=found.get("code", code),
            valid_from=_date(found.get("valid_from")),
            valid_until=_date(found.get("valid_until")) if "kind" in found else valid_until,
            card_number=found.get("card_number"),
            facility=found.get("facility"),
            note=found.get("note"),
            raw=found.get("raw"),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise StoreError(STORE_DAMAGED, cause="a sealed answer is none") from None


def _visitor_of(found: _Json) -> Visitor:
    born = _date(found["date_of_birth"])
    return Visitor(
        number=found["number"],
        number_kind=NumberKind(found.get("number_kind", kind_of_number(found["number"]).value)),
        full_name=found["full_name"],
        date_of_birth=born,
        birth_year=found.get("birth_year", None if born is None else born.year),
        sex=Sex(found.get("sex", Sex.UNSPECIFIED.value)),
        nationality=found.get("nationality", ""),
        address=found.get("address"),
        assurance=Assurance(found.get("assurance", Assurance.UNKNOWN.value)),
        identification=Identification(found.get("identification", Identification.CHIP.value)),
        guardian=_identity_of(found["guardian"]) if found.get("guardian") else None,
        holder_checked=HolderChecked(found.get("holder_checked", HolderChecked.NONE.value)),
    )


def _identity_of(found: _Json) -> Identity:
    typed = {
        "date_of_birth": _date(found["date_of_birth"]),
        "expires_on": _date(found["expires_on"]),
        "sex": Sex(found["sex"]),
        "assurance": Assurance(found["assurance"]),
        "holder_checked": HolderChecked(found["holder_checked"]),
    }
    return _known(Identity, {**found, **typed})


def _finding_of(found: _Json) -> PatientFinding:
    seen = found["appointment"]
    appointment = None if seen is None else _known(Appointment, {**seen, "at": dt.datetime.fromisoformat(seen["at"])})
    return PatientFinding(PatientKind(found["kind"]), found["patient_id"], appointment, found["code"])


def _consent_of(found: _Json) -> Consent:
    at = dt.datetime.fromisoformat(found["at"])
    return Consent(ConsentPurpose(found["purpose"]), found["given"], found["text_version"], at)


def _slip_of(found: _Json) -> Slip:
    return _known(Slip, {**found, "reasons": tuple(found["reasons"])})


def _known(kind: type[_T], found: _Json) -> _T:
    names = {field.name for field in dataclasses.fields(kind)}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in found.items() if name in names})


def _date(text: str | None) -> dt.date | None:
    return None if text is None else dt.date.fromisoformat(text)
