"""FHIR R4B in particular: matching, appointments, and what a check-in becomes on the server."""

from __future__ import annotations

import base64
import datetime as dt
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.services.fhir_server import FhirServer
from emulator.services.loopback import Misbehaviour
from kiosk_ui.app.domain.consent import Consent, ConsentPurpose
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind
from kiosk_ui.app.domain.patient import PatientKind
from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.failures import GatewayError
from kiosk_ui.app.gateways.fhir_resources import Joining, condition, transaction
from kiosk_ui.app.settings_hospital import FhirSettings
from reader.verification.identity import Assurance, Identity, Sex
from tests.unit.hospital_records import AN, NOON, NUMBER, PERSONAL, Peer, fhir_peer, record, visitor


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    made = fhir_peer(tmp_path)
    with made.site:
        yield made


@pytest.fixture
def server(peer: Peer) -> FhirServer:
    assert isinstance(peer.site, FhirServer)
    return peer.site


def appointment(server: FhirServer, patient: str, at: dt.datetime, code: str = "mat", **more: object) -> str:
    content = {
        "status": "booked",
        "start": at.isoformat(),
        "end": (at + dt.timedelta(minutes=15)).isoformat(),
        "serviceType": [{"coding": [{"code": code}]}],
        "participant": [
            {"actor": {"reference": f"Patient/{patient}"}, "status": "accepted"},
            {"actor": {"reference": "Practitioner/9", "display": "BS. Thử Nghiệm"}, "status": "accepted"},
        ],
    }
    return server.put("Appointment", **{**content, **more})


# ----------------------------------------------------------------------------------------- matching
def test_a_server_without_match_is_searched_and_no_number_stands_in_an_address(peer: Peer, server: FhirServer) -> None:
    server._has_match = False
    patient_id = peer.add()
    assert peer.open().find(AN).patient_id == patient_id
    assert any("/Patient/_search" in address for address in server.addresses)
    assert not [address for address in server.addresses if NUMBER in address]


def test_a_likeness_without_the_number_is_nobody(peer: Peer, server: FhirServer) -> None:
    server.put("Patient", identifier=[{"system": "urn:other", "value": NUMBER}], name=[{"text": AN.full_name}])
    assert peer.open().find(AN).kind is PatientKind.NEW


def test_records_that_were_closed_do_not_count(peer: Peer) -> None:
    peer.add(active=False)
    assert peer.open().find(AN).kind is PatientKind.NEW


def test_a_number_that_somebody_only_claimed_finds_nobody(peer: Peer) -> None:
    typed = visitor(identification=Identification.TYPED, assurance=Assurance.TYPED)
    peer.open().hand_over(record(typed, method="NHAP_TAY"))
    assert peer.open().find(AN).kind is PatientKind.NEW


def test_a_name_in_parts_is_put_together_family_first(peer: Peer, server: FhirServer) -> None:
    numbers = [{"system": "urn:chipid:citizen-number", "value": NUMBER}]
    server.put("Patient", identifier=numbers, name=[{"family": "Nguyễn", "given": ["Văn", "An"]}], birthDate="1985")
    assert peer.open().find(AN).kind is PatientKind.KNOWN


@pytest.mark.parametrize("patient_id", ["../Patient", "a b", "", "x" * 65, "1?_delete"])
def test_a_logical_id_that_is_none_is_not_believed(peer: Peer, server: FhirServer, patient_id: str) -> None:
    peer.add()
    next(iter(server.resources.values()))["id"] = patient_id
    with pytest.raises(GatewayError) as caught:
        peer.open().find(AN)
    assert caught.value.code.name == "hospital.answer_unusable"


def test_a_wrong_token_is_a_refusal(peer: Peer, server: FhirServer) -> None:
    server._token = "another"
    with pytest.raises(GatewayError) as caught:
        peer.open().find(AN)
    assert (caught.value.code.name, dict(caught.value.facts)) == ("hospital.refused", {"http_status": 401})


# -------------------------------------------------------------------------------------- appointments
def test_todays_first_appointment_is_found(peer: Peer, server: FhirServer) -> None:
    patient_id = peer.add()
    appointment(server, patient_id, NOON + dt.timedelta(hours=3), "noi")
    first = appointment(server, patient_id, NOON + dt.timedelta(hours=1))
    appointment(server, patient_id, NOON + dt.timedelta(days=1))
    found = peer.open().find(AN).appointment
    assert found is not None
    assert (found.id, found.department_code, found.doctor) == (first, "mat", "BS. Thử Nghiệm")
    assert found.at == NOON + dt.timedelta(hours=1)


def test_the_hospitals_own_codes_are_translated(peer: Peer, server: FhirServer) -> None:
    appointment(server, peer.add(), NOON, "KHOA-MAT")
    assert peer.open().find(AN).appointment is None  # the kiosk has no such department
    found = peer.open(department_ids={"mat": "KHOA-MAT"}).find(AN).appointment
    assert found is not None
    assert found.department_code == "mat"


@pytest.mark.parametrize(
    "more",
    [
        {"status": "cancelled"},
        {"start": "2026-03-02"},
        {"start": "soon"},
        {"serviceType": []},
        {"serviceType": "mat"},
        {"participant": [{"actor": {"reference": "Patient/999"}}]},
    ],
)
def test_an_appointment_that_cannot_be_kept_is_not_shown_and_the_patient_is_known(
    peer: Peer, server: FhirServer, more: dict
) -> None:
    appointment(server, peer.add(), NOON, **more)
    server.misbehave(Misbehaviour.NONE)
    found = peer.open().find(AN)
    assert (found.kind, found.appointment) == (PatientKind.KNOWN, None)


@pytest.mark.parametrize("how", [Misbehaviour.SERVER_ERROR, Misbehaviour.RUBBISH, Misbehaviour.WRONG_TYPES])
def test_appointments_that_cannot_be_looked_up_make_nobody_unknown(
    peer: Peer, server: FhirServer, how: Misbehaviour, caplog: pytest.LogCaptureFixture
) -> None:
    peer.add()
    server.misbehave(how, path="/fhir/Appointment")
    assert peer.open().find(AN).kind is PatientKind.KNOWN
    assert "appointments could not be looked up" in caplog.text
    assert not [word for word in PERSONAL if word in caplog.text]


# ----------------------------------------------------------------------------------------- hand-over
def test_a_check_in_becomes_patient_coverage_consent_document_and_encounter(peer: Peer, server: FhirServer) -> None:
    receipt = peer.open().hand_over(record())
    assert [resource["resourceType"] for resource in server.resources.values()] == [
        "Patient", "Coverage", "Consent", "DocumentReference", "Encounter",
    ]  # fmt: skip
    (patient,), (encounter,) = server.of_kind("Patient"), server.of_kind("Encounter")
    assert (receipt.patient_id, receipt.reference) == (patient["id"], f"Encounter/{encounter['id']}")
    for kind in ("Coverage", "Consent", "DocumentReference", "Encounter"):
        assert f'"Patient/{patient["id"]}"' in json.dumps(server.of_kind(kind)[0])
    assert encounter["class"] == {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "AMB"}
    (document,) = server.of_kind("DocumentReference")
    attached = document["content"][0]["attachment"]["data"]
    assert b"<HO_TEN>Nguy\xe1\xbb\x85n V\xc4\x83n An</HO_TEN>" in base64.b64decode(attached)


def test_a_chips_number_joins_the_record_that_is_there(peer: Peer, server: FhirServer) -> None:
    patient_id = peer.add()
    assert peer.open().hand_over(record()).patient_id == patient_id
    assert len(server.of_kind("Patient")) == 1


@pytest.mark.parametrize("how", [Identification.TYPED, Identification.QR, Identification.PHONE])
def test_a_claimed_number_never_joins_somebodys_record(peer: Peer, server: FhirServer, how: Identification) -> None:
    patient_id = peer.add()
    claimed = record(visitor(identification=how, assurance=Assurance.TYPED), method="NHAP_TAY")
    receipts = {peer.open().hand_over(claimed) for _ in range(2)}
    assert len(receipts) == 1
    assert receipts.pop().patient_id != patient_id
    stranger = server.of_kind("Patient")[1]
    assert NUMBER in json.dumps(stranger)
    assert peer.open().find(AN).patient_id == patient_id


def test_a_claim_made_first_is_not_joined_by_the_persons_own_chip_later(peer: Peer, server: FhirServer) -> None:
    claimed = record(visitor(identification=Identification.TYPED, assurance=Assurance.TYPED), method="NHAP_TAY")
    first = peer.open().hand_over(claimed)
    second = peer.open().hand_over(record(key=uuid.UUID(int=9)))
    assert first.patient_id != second.patient_id


def test_a_claim_says_where_it_probably_belongs(peer: Peer, server: FhirServer) -> None:
    patient_id = peer.add()
    claimed = visitor(identification=Identification.QR, assurance=Assurance.DECLARED_QR)
    receipt = peer.open().hand_over(record(claimed, patient_id=patient_id))
    assert receipt.patient_id != patient_id
    assert server.of_kind("Patient")[1]["link"] == [
        {"other": {"reference": f"Patient/{patient_id}"}, "type": "seealso"}
    ]


def test_a_known_patient_and_an_appointment_are_named_and_not_made_again(peer: Peer, server: FhirServer) -> None:
    receipt = peer.open().hand_over(record(patient_id="P-7", appointment_id="A-1"))
    assert receipt.patient_id == "P-7"
    assert server.of_kind("Patient") == []
    (encounter,) = server.of_kind("Encounter")
    assert encounter["subject"] == {"reference": "Patient/P-7"}
    assert encounter["appointment"] == [{"reference": "Appointment/A-1"}]


def test_a_refused_consent_is_kept_as_refused(peer: Peer, server: FhirServer) -> None:
    refused = Consent(ConsentPurpose.REMINDER_BY_PHONE, given=False, text_version="1", at=NOON)
    peer.open().hand_over(record(consents=(refused,)))
    (rule,) = server.of_kind("Consent")[0]["provision"]["provision"]  # the root rule itself may have no type
    assert rule["type"] == "deny"


def test_insurance_that_does_not_count_is_no_coverage(peer: Peer, server: FhirServer) -> None:
    expired = Eligibility(EligibilityKind.INVALID, "010", card_number="DN4404012345678")
    peer.open().hand_over(record(eligibility=expired))
    assert server.of_kind("Coverage") == []


def test_a_guardian_is_a_contact(peer: Peer, server: FhirServer) -> None:
    guardian = Identity(
        "040155000029", "Đặng Thị Quý", dt.date(1955, 1, 1), Sex.FEMALE, "VNM", None, None, True, None,
        Assurance.CHIP_VERIFIED,
    )  # fmt: skip
    child = visitor(
        number="", number_kind=NumberKind.NONE, identification=Identification.GUARDIAN, guardian=guardian, birth_year=2024,
        date_of_birth=None,
    )  # fmt: skip
    peer.open().hand_over(record(child))
    (patient,) = server.of_kind("Patient")
    assert patient["contact"][0]["name"] == {"text": "Đặng Thị Quý"}
    assert patient["birthDate"] == "2024"


@pytest.mark.parametrize("names", [("Nguyễn Văn An", "Nguyễn Văn An"), ("Trần Thị Bình",)])
def test_records_that_do_not_fit_are_left_alone_and_the_visit_gets_one_of_its_own(
    peer: Peer, server: FhirServer, names: tuple[str, ...]
) -> None:
    theirs = {peer.add(name=name) for name in names}
    receipts = {peer.open().hand_over(record()) for _ in range(2)}
    assert len(receipts) == 1
    assert receipts.pop().patient_id not in theirs
    assert len(server.of_kind("Encounter")) == 1


def test_a_record_that_appears_twice_in_between_leaves_nothing_half_done(peer: Peer, server: FhirServer) -> None:
    system = {"system": "urn:chipid:check-in", "value": str(record().key)}
    for _ in range(2):
        server.put("Encounter", identifier=[system], status="arrived")
    with pytest.raises(GatewayError) as caught:
        peer.open().hand_over(record())
    assert (caught.value.code.name, dict(caught.value.facts)) == ("hospital.record_refused", {"http_status": 412})
    assert server.of_kind("Patient") == []


def test_an_answer_that_was_lost_is_fetched_by_sending_it_again(peer: Peer, server: FhirServer) -> None:
    server.misbehave(Misbehaviour.LOST_ANSWER, times=1, path="/fhir")
    with pytest.raises(GatewayError) as caught:
        peer.open().hand_over(record())
    assert caught.value.code.name == "hospital.unreachable"
    (encounter,) = server.of_kind("Encounter")
    assert peer.open().hand_over(record()).reference == f"Encounter/{encounter['id']}"
    assert (len(server.of_kind("Patient")), len(server.of_kind("Coverage"))) == (1, 1)


@pytest.mark.parametrize("status", ["400 Bad Request", "500", "", "20"])
def test_an_entry_that_was_not_taken_is_not_called_taken(peer: Peer, server: FhirServer, status: str) -> None:
    server.entry_status = status or "none"
    with pytest.raises(GatewayError) as caught:
        peer.open().hand_over(record())
    assert caught.value.code.name == "hospital.answer_unusable"


def test_a_server_that_tells_no_places_has_taken_it_all_the_same(peer: Peer, server: FhirServer) -> None:
    server.loses_ids = True
    receipt = peer.open().hand_over(record())
    assert (receipt.reference, receipt.patient_id) == ("", None)


def test_the_same_check_in_is_the_same_octets() -> None:
    bundles = {
        json.dumps(transaction(record(), FhirSettings(), Joining(), department="noi", xml0=b"<x/>")) for _ in range(3)
    }
    assert len(bundles) == 1


@given(st.text(min_size=1, max_size=40))
def test_whatever_a_number_holds_the_condition_stays_one_condition(value: str) -> None:
    made = condition("urn:chipid:document-number", value.encode("utf-8", "replace").decode())
    assert made.count("=") == 1
    assert not set(made) & set("&#? |")


@pytest.mark.parametrize("place", ["patient_id", "appointment_id"])
def test_an_identifier_that_could_leave_its_place_is_refused(peer: Peer, server: FhirServer, place: str) -> None:
    with pytest.raises(GatewayError) as caught:
        peer.open().hand_over(record(**{place: "1/../../Patient/2"}))
    assert caught.value.code.name == "hospital.record_refused"
    assert server.asked == 0


def test_an_older_passport_system_is_a_setting(tmp_path: Path) -> None:
    made = fhir_peer(tmp_path)
    settings = made.settings(fhir={"passport_system": "http://hospital.test/passport"})
    assert settings.hospital.fhir.passport_system == "http://hospital.test/passport"
    foreign = record(visitor(number="C01X00T47", number_kind=NumberKind.DOCUMENT))
    bundle = transaction(foreign, settings.hospital.fhir, Joining(), department=None, xml0=None)
    assert "http://hospital.test/passport" in json.dumps(bundle)
