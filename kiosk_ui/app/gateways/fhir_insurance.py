"""Insurance by way of a FHIR R4B server: ``CoverageEligibilityRequest/$submit`` and the response that it gives.

A server that asks the Vietnamese insurer passes on its three digits as ``error.code`` in the code system that the
settings name. Without them the answer is read as R4B has it: in force, not in force, or no insurance.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Mapping

from kiosk_ui.app.domain.insurance import Eligibility, EligibilityQuery
from kiosk_ui.app.failures import BIRTH_DATE_INCOMPLETE, HOSPITAL_ANSWER_UNUSABLE, GatewayError
from kiosk_ui.app.gateways.fhir import tables, whole_name
from kiosk_ui.app.gateways.fhir_peer import FhirPeer
from kiosk_ui.app.gateways.fhir_resources import eligibility_request, system_of_number
from kiosk_ui.app.gateways.hospital_peer import json_object, raise_for_status, text_of
from kiosk_ui.app.gateways.insurer_words import NO_INFORMATION, NO_LONGER_VALID, VALID, InsurerWords
from kiosk_ui.app.gateways.relay import name_for_insurer
from kiosk_ui.app.settings_hospital import FhirSettings, HospitalSettings

__all__ = ["FhirInsurance"]


class FhirInsurance:
    """An :class:`~kiosk_ui.app.ports.EligibilityGateway` over FHIR.

    Args:
        peer: the server.
        settings: how it is set up.
        zone: the hospital's own time, for "today".
        now: aware present moment.
        new_id: makes the identifier of each request.
    """

    def __init__(
        self,
        peer: FhirPeer,
        settings: HospitalSettings,
        zone: dt.tzinfo,
        now: Callable[[], dt.datetime],
        new_id: Callable[[], uuid.UUID] = uuid.uuid4,
    ) -> None:
        self._peer = peer
        self._settings = settings
        self._zone = zone
        self._now = now
        self._new_id = new_id

    def check(self, query: EligibilityQuery) -> Eligibility:
        """Ask about one person.

        Raises:
            GatewayError: no usable answer came (``hospital.…``), or it makes no sense (``relay.…``).
        """
        if query.date_of_birth is None:
            raise GatewayError(BIRTH_DATE_INCOMPLETE)
        now = self._now().astimezone(self._zone)
        names = self._settings.fhir
        name = name_for_insurer(query.full_name)
        request = eligibility_request(names, query.number, name, query.date_of_birth, now, self._new_id())
        answer = self._peer.post("/CoverageEligibilityRequest/$submit", request, self._settings.find_timeout_s)
        raise_for_status(answer)
        response = _response_in(json_object(answer.body))
        _refuse_another_person(response, query, names)
        return _words(response, names).judged(answer.body, now.date(), query)


def _response_in(found: Mapping[str, object]) -> Mapping[str, object]:
    """The response itself, or the one that a bundle carries."""
    candidates = [found]
    if found.get("resourceType") == "Bundle":
        candidates = [each for entry in tables(found.get("entry")) if isinstance(each := entry.get("resource"), dict)]
    responses = [each for each in candidates if each.get("resourceType") == "CoverageEligibilityResponse"]
    if len(responses) != 1:
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="not one response")
    return responses[0]


def _refuse_another_person(response: Mapping[str, object], query: EligibilityQuery, names: FhirSettings) -> None:
    """A server that mixes people up: nothing of the answer is kept."""
    patient = response.get("patient")
    named = patient.get("identifier") if isinstance(patient, dict) else None
    numbers = {text_of(named, "value")} if isinstance(named, dict) else set()
    if numbers - {"", query.number}:
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="an answer about somebody else")
    # A record may have further numbers, so only one with numbers of this kind that are all others is another person's.
    system = system_of_number(names, query.number, None)
    held = {
        text_of(each, "value")
        for each in tables(_patient_of(response).get("identifier"))
        if text_of(each, "system") == system
    }
    if held and query.number not in held:
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="an answer about somebody else")


def _words(response: Mapping[str, object], names: FhirSettings) -> InsurerWords:
    outcome = text_of(response, "outcome")
    code = _insurers_code(response, names.result_code_system)
    if outcome not in ("complete", "error", "partial") or (outcome != "complete" and not code):
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="not decided")
    insurances = tables(response.get("insurance"))
    insurance = _that_counts(insurances)
    coverage = _coverage(response, insurance)
    period = insurance.get("benefitPeriod")
    days = period if isinstance(period, dict) else {}
    name, born = _beneficiary(response)
    return InsurerWords(
        code=code or (_code_of(insurance) if insurances else NO_INFORMATION),
        note=text_of(response, "disposition", longest=1_000),
        name=name,
        born=born,
        card=_card(insurance, coverage),
        starts=_day(text_of(days, "start")),
        ends=_day(text_of(days, "end")),
    )


def _insurers_code(response: Mapping[str, object], system: str) -> str:
    codes = {
        text_of(coding, "code")
        for error in tables(response.get("error"))
        if isinstance(concept := error.get("code"), dict)
        for coding in tables(concept.get("coding"))
        if text_of(coding, "system") == system
    }
    if len(codes) > 1:
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="several result codes")
    return codes.pop() if codes else ""


def _that_counts(insurances: list[Mapping[str, object]]) -> Mapping[str, object]:
    """The one in force if there is one, else the first; without any nothing."""
    return next((each for each in insurances if each.get("inforce") is True), next(iter(insurances), {}))


def _code_of(insurance: Mapping[str, object]) -> str:
    in_force = insurance.get("inforce")
    if not isinstance(in_force, bool):
        raise GatewayError(HOSPITAL_ANSWER_UNUSABLE, cause="neither in force nor not")
    return VALID if in_force else NO_LONGER_VALID


def _coverage(response: Mapping[str, object], insurance: Mapping[str, object]) -> Mapping[str, object]:
    """The coverage that is meant, if it is contained in the response."""
    reference = insurance.get("coverage")
    name = text_of(reference, "reference") if isinstance(reference, dict) else ""
    return next((each for each in tables(response.get("contained")) if name == f"#{text_of(each, 'id')}"), {})


def _card(insurance: Mapping[str, object], coverage: Mapping[str, object]) -> str:
    reference = insurance.get("coverage")
    named = reference.get("identifier") if isinstance(reference, dict) else None
    return text_of(coverage, "subscriberId") or (text_of(named, "value") if isinstance(named, dict) else "")


def _beneficiary(response: Mapping[str, object]) -> tuple[str, str]:
    """Name and date of birth of the patient whom the response contains."""
    patient = _patient_of(response)
    name = next((name for each in tables(patient.get("name")) if (name := whole_name(each))), "")
    return name, text_of(patient, "birthDate")


def _patient_of(response: Mapping[str, object]) -> Mapping[str, object]:
    """The patient who is meant, if the response contains one."""
    contained = [each for each in tables(response.get("contained")) if each.get("resourceType") == "Patient"]
    patient = response.get("patient")
    name = text_of(patient, "reference") if isinstance(patient, dict) else ""
    return next((each for each in contained if name == f"#{text_of(each, 'id')}"), next(iter(contained), {}))


def _day(text: str) -> dt.date | None:
    """The day of a ``dateTime``."""
    try:
        return dt.date.fromisoformat(text[:10])
    except ValueError:
        return None
