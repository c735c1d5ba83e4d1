"""A FHIR R4B server as the hospital system: ``Patient/$match``, Appointment, and one transaction for each check-in."""

from __future__ import annotations

import dataclasses
import datetime as dt
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from kiosk_ui.app.domain.hand_over import HandOver, Receipt
from kiosk_ui.app.domain.patient import Appointment, PatientFinding, PatientKind, PatientQuery
from kiosk_ui.app.domain.xml0 import xml0_of
from kiosk_ui.app.failures import (
    HOSPITAL_ANSWER_UNUSABLE,
    HOSPITAL_PATIENT_AMBIGUOUS,
    HOSPITAL_RECORD_REFUSED,
    HOSPITAL_REFUSED,
    HOSPITAL_SLOW,
    GatewayError,
)
from kiosk_ui.app.gateways.bounded_http import Answer
from kiosk_ui.app.gateways.deadline import Deadline
from kiosk_ui.app.gateways.fhir_peer import FhirPeer
from kiosk_ui.app.gateways.fhir_resources import Joining, condition, match_parameters, system_of_number, transaction
from kiosk_ui.app.gateways.fhir_updates import arrived, brought_up_to_date
from kiosk_ui.app.gateways.hospital_peer import json_object, raise_for_status, text_of, valid_xml0
from kiosk_ui.app.gateways.same_person import is_same_birth, is_same_name
from kiosk_ui.app.settings_hospital import HospitalSettings

__all__ = ["FhirHospital", "FhirPeer", "entries_of", "tables", "whole_name"]

_log = logging.getLogger(__name__)
_NO_SUCH_OPERATION: Final = frozenset({400, 404, 405, 501})  # what servers say that have no $match
_LOGICAL_ID: Final = re.compile(r"[A-Za-z0-9.\-]{1,64}")  # FHIR R4B datatypes.html#id
_MAX_ENTRIES: Final = 100
_SEVERAL: Final = 412  # a conditional create found more than one (FHIR R4B http.html#ccreate)
_IN_EACH_OTHERS_WAY: Final = (
    409  # what servers say to one of two that create the same at once: the next attempt finds it
)
_BOOKED: Final = "booked,pending,arrived,checked-in"


class FhirHospital:
    """A :class:`~kiosk_ui.app.ports.HospitalSystem` over FHIR.

    Args:
        peer: the server.
        settings: how it is set up.
        departments: our codes of departments.
        zone: the hospital's own time.
        counter: code of the counter's own queue, which is no department there.
        now: aware present moment.
    """

    def __init__(
        self,
        peer: FhirPeer,
        settings: HospitalSettings,
        *,
        departments: Iterable[str],
        zone: dt.tzinfo,
        counter: str,
        now: Callable[[], dt.datetime],
    ) -> None:
        self._peer = peer
        self._settings = settings
        self._names = settings.fhir
        self._ours = {code: code for code in departments}
        self._ours |= {theirs: ours for ours, theirs in settings.department_ids.items()}
        self._zone = zone
        self._counter = counter
        self._now = now

    # --------------------------------------------------------------------------------------- patients
    def find(self, query: PatientQuery) -> PatientFinding:
        """Look for a patient and today's appointment.

        Raises:
            GatewayError: no usable answer came, or the records under this number do not fit together.
        """
        if not query.number:
            return PatientFinding(PatientKind.UNAVAILABLE)  # a name alone is nobody's
        deadline = Deadline(self._settings.find_timeout_s, HOSPITAL_SLOW)
        found = self._one_of(self._candidates(query, deadline), query)
        if found is None:
            return PatientFinding(PatientKind.NEW)
        return PatientFinding(PatientKind.KNOWN, found, self._appointment(found, deadline))

    def _candidates(self, query: PatientQuery, deadline: Deadline) -> list[Mapping[str, object]]:
        parameters = match_parameters(self._names, query.number, query.full_name, query.date_of_birth, query.sex)
        answer = self._peer.post("/Patient/$match", parameters, deadline.left_s())
        if answer.status in _NO_SUCH_OPERATION:
            answer = self._search(query, deadline)
        raise_for_status(answer)
        return _patients_in(answer)

    def _search(self, query: PatientQuery, deadline: Deadline) -> Answer:
        where = condition(system_of_number(self._names, query.number, None), query.number)
        return self._peer.search("Patient", where, deadline.left_s())

    def _under_number(self, query: PatientQuery, deadline: Deadline) -> str | None:
        """The record that a conditional create would join: by the number alone, whatever ``$match`` thought of it.

        Raises:
            GatewayError: ``hospital.patient_ambiguous``: there is one that is not known to be this person's, because
                it has another name, is not in use any more, or has further numbers.
        """
        answer = self._search(query, deadline)
        raise_for_status(answer)
        found = self._one_of(_patients_in(answer), query)
        others = sum(resource.get("resourceType") == "Patient" for _, resource in entries_of(answer.body, "searchset"))
        if found is None and others:
            raise GatewayError(HOSPITAL_PATIENT_AMBIGUOUS, records=others)
        return found

    def _one_of(self, candidates: list[Mapping[str, object]], query: PatientQuery) -> str | None:
        system = system_of_number(self._names, query.number, None)
        same_number = [each for each in candidates if _numbers(each, system) == {query.number}]
        if not same_number:
            return None  # a likeness is not enough: a wrong match puts a visit into a stranger's record
        if len(same_number) > 1 or not _is_about(same_number[0], query):
            raise GatewayError(HOSPITAL_PATIENT_AMBIGUOUS, records=len(same_number))
        return _id_of(same_number[0])

    def _appointment(self, patient_id: str, deadline: Deadline) -> Appointment | None:
        """Today's next appointment. That it cannot be looked up does not make the patient unknown."""
        today = self._now().astimezone(self._zone).replace(hour=0, minute=0, second=0, microsecond=0)
        query = [
            ("patient", f"Patient/{patient_id}"),
            ("date", f"ge{today.isoformat()}"),
            ("date", f"lt{(today + dt.timedelta(days=1)).isoformat()}"),
            ("status", _BOOKED),
        ]
        try:
            answer = self._peer.get("/Appointment", query, deadline.left_s())
            raise_for_status(answer)
            found = [
                appointment
                for _, resource in entries_of(answer.body, "searchset")
                if _is_of_patient(resource, patient_id)  # a server may pass over what it does not understand
                and (appointment := self._appointment_of(resource, today)) is not None
            ]
        except GatewayError as error:
            _log.warning("appointments could not be looked up: %s", error.code.name)
            return None
        return min(found, key=lambda appointment: appointment.at, default=None)

    def _appointment_of(self, resource: Mapping[str, object], today: dt.datetime) -> Appointment | None:
        """What the kiosk can show; ``None`` for another day, another state, or a department that it does not know."""
        if resource.get("resourceType") != "Appointment" or text_of(resource, "status") not in _BOOKED.split(","):
            return None
        starts = _moment(text_of(resource, "start"))
        if starts is None or not today <= starts < today + dt.timedelta(days=1):
            return None
        codes = [code for name in ("serviceType", "specialty") for code in _codes(resource.get(name))]
        department = next((self._ours[code] for code in codes if code in self._ours), None)
        if department is None:
            return None
        return Appointment(_id_of(resource), department, starts, _doctor(resource))

    # -------------------------------------------------------------------------------------- hand-over
    def hand_over(self, record: HandOver) -> Receipt:
        """Create patient, coverage, encounter and what belongs to them in one transaction, unless they are there.

        Raises:
            GatewayError: it is not known to be taken; ``hospital.record_refused`` if repeating it cannot help.
        """
        for known in (record.patient_id, record.appointment_id):
            if known is not None and _LOGICAL_ID.fullmatch(known) is None:
                raise GatewayError(HOSPITAL_RECORD_REFUSED, cause="no logical id")
        deadline = Deadline(self._settings.hand_over_timeout_s, HOSPITAL_SLOW)
        joining = self._joining(record, deadline)
        department = record.department.code
        theirs = None if department == self._counter else self._settings.department_ids.get(department, department)
        xml0 = valid_xml0(record, xml0_of(record, facility=self._settings.facility, zone=self._zone))
        bundle = transaction(record, self._names, joining, department=theirs, xml0=xml0)
        answer = self._peer.post("", bundle, deadline.left_s())
        if answer.status == _SEVERAL:  # of the card's, as two kiosks at once may leave them: none of them is touched
            joining = dataclasses.replace(joining, has_own_coverage=True)
            bundle = transaction(record, self._names, joining, department=theirs, xml0=xml0)
            answer = self._peer.post("", bundle, deadline.left_s())
        if answer.status == _IN_EACH_OTHERS_WAY:
            raise GatewayError(HOSPITAL_REFUSED, http_status=answer.status)
        raise_for_status(answer, about_record=True)
        places, were_there = _places(answer.body, len(tables(bundle.get("entry"))))
        if were_there[-1]:  # the visit was handed over before: what was learned since is written into it
            for place, entry in zip(places, tables(bundle.get("entry")), strict=True):
                brought_up_to_date(self._peer, place, entry.get("resource"), deadline)
        if record.appointment_id is not None and not joining.is_apart:  # a claim keeps nobody's appointment
            arrived(self._peer, record.appointment_id, deadline)
        made = next((place.removeprefix("Patient/") for place in places if place.startswith("Patient/")), None)
        return Receipt(places[-1], made or joining.patient_id)

    def _joining(self, record: HandOver, deadline: Deadline) -> Joining:
        """Whose record the visit goes into, looked up now if it was not known at the check-in."""
        visitor = record.visitor
        if visitor.is_declared or not visitor.number:
            return Joining(record.patient_id, is_apart=True)
        if record.patient_id is not None:
            return Joining(record.patient_id)
        query = PatientQuery(visitor.number, visitor.full_name, visitor.date_of_birth, visitor.sex)
        try:
            found = self._one_of(self._candidates(query, deadline), query)
            return Joining(found or self._under_number(query, deadline))
        except GatewayError as error:
            if error.code is not HOSPITAL_PATIENT_AMBIGUOUS:
                raise
            return Joining(is_apart=True)


# ------------------------------------------------------------------------------------ reading answers
def tables(value: object) -> list[Mapping[str, object]]:
    """The objects of a list; anything else has none."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def entries_of(raw: bytes, kind: str) -> Iterator[tuple[Mapping[str, object], Mapping[str, object]]]:
    """Entries of a ``Bundle`` with their resources.

    Raises:
        GatewayError: ``hospital.answer_unusable``: it is no bundle of this kind, or too long.
    """
    bundle = json_object(raw)
    entries = bundle.get("entry", [])
    if bundle.get("resourceType") != "Bundle" or bundle.get("type") != kind or not isinstance(entries, list):
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="no bundle")
    if len(entries) > _MAX_ENTRIES:
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="too many entries")
    for entry in entries:
        resource = entry.get("resource", {}) if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="no resource")
        yield entry, resource


def _places(raw: bytes, expected: int) -> tuple[list[str], list[bool]]:
    """``Type/id`` of each entry of a transaction's answer, in the order of the request (FHIR R4B http.html#trules), and
    whether it was there before (200 instead of 201, http.html#ccreate)."""
    places, were_there = [], []
    for entry, _ in entries_of(raw, "transaction-response"):
        response = entry.get("response")
        if not isinstance(response, dict) or not text_of(response, "status").startswith(("200", "201")):
            raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="an entry that was not taken")
        # "Encounter/12/_history/1", or with the server's address before it
        found = re.search(r"([A-Z][A-Za-z]+/[A-Za-z0-9.\-]{1,64})(/_history/[^/]+)?$", text_of(response, "location"))
        places.append(found.group(1) if found else "")
        were_there.append(text_of(response, "status").startswith("200"))
    if len(places) != expected:
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="another number of entries")
    return places, were_there


def _patients_in(answer: Answer) -> list[Mapping[str, object]]:
    """The records of a search or match that are in use and not ruled out."""
    return [
        resource
        for entry, resource in entries_of(answer.body, "searchset")
        if resource.get("resourceType") == "Patient"
        and resource.get("active") is not False
        and not _is_ruled_out(entry)
    ]


def _is_of_patient(appointment: Mapping[str, object], patient_id: str) -> bool:
    """Whether the patient takes part. A reference may have the server's address before it, or a version after it."""
    wanted = re.compile(rf"(.*/)?Patient/{re.escape(patient_id)}(/_history/[^/]+)?")
    actors = [each.get("actor") for each in tables(appointment.get("participant"))]
    return any(wanted.fullmatch(text_of(actor, "reference")) for actor in actors if isinstance(actor, dict))


def _is_ruled_out(entry: Mapping[str, object]) -> bool:
    search = entry.get("search")
    if not isinstance(search, dict):
        return False
    grades = {
        each.get("valueCode")
        for each in tables(search.get("extension"))
        if each.get("url") == "http://hl7.org/fhir/StructureDefinition/match-grade"
    }
    return search.get("mode") in ("outcome", "include") or "certainly-not" in grades


def _numbers(patient: Mapping[str, object], system: str) -> set[str]:
    return {
        text_of(each, "value")
        for each in tables(patient.get("identifier"))
        if text_of(each, "system") == system and text_of(each, "use") not in ("temp", "old")
    }


def _is_about(patient: Mapping[str, object], query: PatientQuery) -> bool:
    names = [name for each in tables(patient.get("name")) if (name := whole_name(each))]
    has_name = not names or any(is_same_name(name, query.full_name) for name in names)
    return has_name and is_same_birth(text_of(patient, "birthDate"), query.date_of_birth)


def whole_name(name: Mapping[str, object]) -> str:
    """A ``HumanName`` as it is read out; empty if it has neither text nor parts."""
    given = name.get("given")
    parts = [text_of(name, "family"), *([str(part) for part in given] if isinstance(given, list) else [])]
    return text_of(name, "text") or " ".join(part for part in parts if part)  # the family name comes first


def _id_of(resource: Mapping[str, object]) -> str:
    found = text_of(resource, "id")
    if _LOGICAL_ID.fullmatch(found) is None:
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="no logical id")
    return found


def _moment(text: str) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _codes(concepts: object) -> Iterator[str]:
    for concept in tables(concepts):
        for coding in tables(concept.get("coding")):
            yield text_of(coding, "code")


def _doctor(resource: Mapping[str, object]) -> str | None:
    for participant in tables(resource.get("participant")):
        actor = participant.get("actor")
        if isinstance(actor, dict) and text_of(actor, "reference").startswith("Practitioner"):
            return text_of(actor, "display") or None
    return None
