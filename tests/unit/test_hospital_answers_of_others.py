"""What is known of one person is never shown to another, joined with another, or taken for their insurance."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from crypto.errors import Hint
from emulator.services.fhir_server import FhirServer
from emulator.services.loopback import Misbehaviour, Reply, Request
from emulator.services.medipay_his import MediPayHis
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import InsuranceOutcome
from kiosk_ui.app.domain.patient import PatientKind
from kiosk_ui.app.domain.xml0 import xml0_of
from kiosk_ui.app.failures import GatewayError
from kiosk_ui.app.gateways.relay_answer import parse_answer
from kiosk_ui.app.gateways.result_codes import kinds_by_code
from kiosk_ui.app.gateways.same_person import is_same_birth
from kiosk_ui.app.settings import Settings
from tests.unit.hospital_records import AN, ASK_AN, NAME, NUMBER, Peer, fhir_peer, medipay_peer, record, visitor

TODAY = dt.date(2026, 3, 2)
STRANGER = {
    "hoTen": "Trần Thị Bình", "ngaySinh": "01/01/1950", "maThe": "DN4404099999999", "maDKBD": "40002",
    "gtTheTu": "01/01/2026", "gtTheDen": "31/12/2026",
}  # fmt: skip
SAYS_SO_ITSELF = {"060", "061", "070"}


# -------------------------------------------------------------------------------------------- insurer
@pytest.mark.parametrize("code", sorted(kinds_by_code()))
def test_no_code_brings_a_strangers_card_into_this_visit(code: str) -> None:
    raw = json.dumps({**STRANGER, "maKetQua": code}).encode()
    if code not in SAYS_SO_ITSELF:
        with pytest.raises(GatewayError) as caught:
            parse_answer(raw, TODAY, ASK_AN)
        assert caught.value.code.name == "relay.answer_unusable"
        return
    found = parse_answer(raw, TODAY, ASK_AN)
    assert found.outcome is InsuranceOutcome.COUNTER
    assert (found.card_number, found.valid_from, found.valid_until, found.facility) == (None, None, None, None)


def test_another_citizen_number_is_another_person_even_without_a_name() -> None:
    ours = {"maKetQua": "000", "maThe": NUMBER, "gtTheDen": "31/12/2026"}
    assert parse_answer(json.dumps(ours).encode(), TODAY, ASK_AN).outcome is InsuranceOutcome.VALID
    with pytest.raises(GatewayError):
        parse_answer(json.dumps({**ours, "maThe": "040185000011"}).encode(), TODAY, ASK_AN)


# ------------------------------------------------------------------------------------------------ FHIR
class Careless(FhirServer):
    """A server whose ``$match`` leaves out what does not resemble, and whose searches pass over the patient."""

    def respond(self, request: Request) -> Reply:
        if request.path.endswith("/Patient/$match"):
            return Reply({"resourceType": "Bundle", "type": "searchset"})
        if request.path.endswith("/Appointment"):
            found = [{"resource": each} for each in self.of_kind("Appointment")]
            return Reply({"resourceType": "Bundle", "type": "searchset", "entry": found})
        return super().respond(request)


@pytest.fixture
def server() -> Iterator[Careless]:
    with Careless(token="TEST-token") as running:
        yield running


@pytest.fixture
def peer(tmp_path: Path, server: Careless) -> Peer:
    usual = fhir_peer(tmp_path)

    def settings(**changes: object) -> Settings:
        return usual.settings(**{"url": server.base_url, **changes})

    return dataclasses.replace(usual, site=server, settings=settings)


def put(server: FhirServer, **more: object) -> str:
    numbers = [{"system": "urn:chipid:citizen-number", "value": NUMBER}]
    return server.put("Patient", **{"identifier": numbers, "name": [{"text": NAME}], "birthDate": "1985-02-03", **more})


@pytest.mark.parametrize(
    "more",
    [
        {"name": [{"text": "Trần Thị Bình"}]},
        {"name": [{"text": "Trần Thị Bình"}, {"use": "nickname"}]},
        {"birthDate": "1950-01-01"},
        {"active": False},
        {
            "identifier": [
                {"system": "urn:chipid:citizen-number", "value": NUMBER},
                {"system": "urn:chipid:citizen-number", "value": "040185000011"},
            ]
        },
        {"identifier": [{"system": "urn:chipid:citizen-number", "value": NUMBER, "use": "old"}]},
    ],
    ids=["name", "name beside an empty one", "birth", "out of use", "two numbers", "old number"],
)
def test_a_record_that_match_left_out_is_not_joined_by_its_number_alone(
    peer: Peer, server: Careless, more: dict[str, object]
) -> None:
    stranger = put(server, **more)
    for _ in range(2):  # the answer may have been lost
        assert peer.open().hand_over(record()).patient_id != stranger
    (visit,) = server.of_kind("Encounter")
    assert visit["subject"] != {"reference": f"Patient/{stranger}"}
    assert all(each["beneficiary"] != {"reference": f"Patient/{stranger}"} for each in server.of_kind("Coverage"))
    assert len(server.of_kind("Patient")) == 2


def test_the_persons_own_record_is_joined_though_match_left_it_out(peer: Peer, server: Careless) -> None:
    own = put(server)
    assert peer.open().hand_over(record()).patient_id == own
    assert len(server.of_kind("Patient")) == 1


def test_a_new_patient_is_made_once_though_the_answer_is_lost(peer: Peer, server: Careless) -> None:
    server.misbehave(Misbehaviour.LOST_ANSWER, times=1, path="/fhir")
    with pytest.raises(GatewayError):
        peer.open().hand_over(record())
    peer.open().hand_over(record())
    assert [len(server.of_kind(kind)) for kind in ("Patient", "Encounter", "Coverage")] == [1, 1, 1]


def test_an_appointment_of_somebody_else_is_not_shown(tmp_path: Path, server: Careless) -> None:
    usual = fhir_peer(tmp_path)

    class PassingOver(FhirServer):
        def respond(self, request: Request) -> Reply:
            return (
                Careless.respond(server, request) if request.path.endswith("/Appointment") else super().respond(request)
            )

    with PassingOver(token="TEST-token") as passing:
        mine = put(passing)
        for who, hour in ((f"{mine}7", 13), ("77", 14), (mine, 15)):
            server.put(
                "Appointment",
                status="booked",
                start=f"2026-03-02T{hour}:00:00+07:00",
                serviceType=[{"coding": [{"code": "mat"}]}],
                participant=[{"actor": {"reference": f"{passing.base_url}/Patient/{who}"}, "status": "accepted"}],
            )
        found = dataclasses.replace(usual, settings=lambda **c: usual.settings(url=passing.base_url)).open().find(AN)
    assert found.kind is PatientKind.KNOWN
    assert found.appointment is not None
    assert found.appointment.at.hour == 15


def test_a_card_that_somebody_only_claimed_does_not_stand_before_its_owners(peer: Peer, server: Careless) -> None:
    claimed = record(visitor(identification=Identification.TYPED), key=uuid.UUID(int=9))
    peer.open().hand_over(claimed)
    peer.open().hand_over(claimed)
    peer.open().hand_over(record())
    first, own = server.of_kind("Coverage")
    owner = server.of_kind("Encounter")[1]["subject"]
    assert own["beneficiary"] == owner
    assert first["beneficiary"] != owner


CONTAINED = {"resourceType": "Patient", "id": "p", "name": [{"text": NAME}], "birthDate": "1985-02-03"}


@pytest.mark.parametrize(
    "patient",
    [
        {"identifier": [{"system": "urn:chipid:citizen-number", "value": "040185000011"}]},
        {"name": [{"family": "Trần", "given": ["Thị", "Bình"]}]},
        {"name": [{}, {"text": "Trần Thị Bình"}]},
        {"birthDate": "1950-01-01"},
    ],
    ids=["number", "name in parts", "name after an empty one", "birth"],
)
def test_insurance_of_another_contained_person_insures_nobody(tmp_path: Path, patient: dict[str, object]) -> None:
    peer = fhir_peer(tmp_path)
    server = peer.site
    assert isinstance(server, FhirServer)
    coverage = {"resourceType": "Coverage", "id": "c", "subscriberId": "DN4404012345678"}
    said = {"outcome": "complete", "insurance": [{"coverage": {"reference": "#c"}, "inforce": True}]}
    with server:
        server.eligibility[NUMBER] = {**said, "contained": [CONTAINED, coverage], "patient": {"reference": "#p"}}
        assert peer.insurer().check(ASK_AN).outcome is InsuranceOutcome.VALID
        other = {**CONTAINED, **patient, "id": "q"}
        server.eligibility[NUMBER] = {**said, "contained": [CONTAINED, other, coverage], "patient": {"reference": "#q"}}
        with pytest.raises(GatewayError):
            peer.insurer().check(ASK_AN)


def test_an_insurance_in_force_counts_though_another_one_comes_first(tmp_path: Path) -> None:
    peer = fhir_peer(tmp_path)
    server = peer.site
    assert isinstance(server, FhirServer)
    coverage = {"resourceType": "Coverage", "id": "c", "subscriberId": "DN4404012345678"}
    over = {"coverage": {"display": "TEST"}, "inforce": False}
    with server:
        now = {"coverage": {"reference": "#c"}, "inforce": True}
        server.eligibility[NUMBER] = {"outcome": "complete", "contained": [coverage], "insurance": [over, now]}
        assert peer.insurer().check(ASK_AN).card_number == "DN4404012345678"
        server.eligibility[NUMBER] = {"outcome": "complete", "insurance": [{}]}
        with pytest.raises(GatewayError):
            peer.insurer().check(ASK_AN)


# ---------------------------------------------------------------------------------------- same person
@pytest.mark.parametrize(
    ("said", "can_be"),
    [
        ("1985-02-03", True), ("1985-02-03T00:00:00+07:00", True), ("1985-02-03 00:00:00", True), ("19850203", True),
        ("03/02/1985", True), ("3.2.1985", True), ("03-02-1985", True), ("03021985", True), ("03/02/1985 00:00", True),
        ("1985", True), ("1985-02", True), ("02/1985", True), ("00/00/1985", True), ("1985-00-00", True),
        ("", True), ("-", True), ("00/00/0000", True), ("không rõ", True),
        ("1985-02-04", False), ("1950-01-01T00:00:00", False), ("19850204", False), ("04/02/1985", False),
        ("03021950", False), ("1950", False), ("1985-03", False), ("03/1985", False), ("00/00/1950", False),
        ("02/03/1985", False),
    ],
)  # fmt: skip
def test_what_is_known_of_a_date_of_birth_must_be_the_same(said: str, can_be: bool) -> None:
    assert is_same_birth(said, dt.date(1985, 2, 3)) is can_be
    assert is_same_birth(said, None)


@pytest.mark.parametrize("said", ["04/02/1985", "1950", "1950-01-01T00:00:00"])
def test_no_system_joins_a_person_of_another_birth(tmp_path: Path, said: str) -> None:
    for made in (medipay_peer, fhir_peer):
        peer = made(tmp_path)
        with peer.site:
            peer.add(born=said)
            with pytest.raises(GatewayError) as caught:
                peer.open().find(AN)
            assert caught.value.code.name == "hospital.patient_ambiguous"


def test_a_hospital_systems_insurance_is_held_against_its_hours_too(tmp_path: Path) -> None:
    peer = medipay_peer(tmp_path)
    his = peer.site
    assert isinstance(his, MediPayHis)
    good = {
        "HO_TEN": NAME.replace(" ", "\u00a0") + "\t", "NGAY_SINH": "1985-02-03T00:00:00", "MA_THE_BHYT": "DN4404012345678",
        "GT_THE_TU": "2026-01-01T00:00:00", "GT_THE_DEN": "2026-12-31 00:00:00", "MA_KQ": "000", "TEN_KQ": "Đúng\r\nthẻ",
    }  # fmt: skip
    with his:
        his.insurance[NUMBER] = good
        found = peer.insurer().check(ASK_AN)
        assert (found.valid_until, found.note) == (dt.date(2026, 12, 31), "Đúng  thẻ")
        his.insurance[NUMBER] = {**good, "GT_THE_DEN": "2026-03-01T00:00:00"}
        with pytest.raises(GatewayError) as caught:
            peer.insurer().check(ASK_AN)
        assert caught.value.code.name == "relay.answer_contradictory"
        his.insurance[NUMBER] = {**good, "NGAY_SINH": "1950-01-01T00:00:00"}
        with pytest.raises(GatewayError):
            peer.insurer().check(ASK_AN)


# --------------------------------------------------------------------------------------------- MediPay
@pytest.mark.parametrize("strangers", [1, 2])
def test_a_visit_does_not_go_into_a_strangers_record_by_its_number_in_medipay(tmp_path: Path, strangers: int) -> None:
    peer = medipay_peer(tmp_path)
    his = peer.site
    assert isinstance(his, MediPayHis)
    with his:
        for _ in range(strangers):
            peer.add(name="Trần Thị Bình")
        peer.open().hand_over(record(missing=("name",)))
        (visit,) = his.visits.values()
    assert (visit["MA_BN"], visit["SO_GTTT"], visit["LOAI_GTTT"]) == (None, None, None)
    assert visit["CAN_XEM_LAI"] == "name patient_ambiguous"


def test_who_could_not_be_looked_for_at_the_check_in_is_found_at_the_hand_over_in_medipay(tmp_path: Path) -> None:
    peer = medipay_peer(tmp_path)
    his = peer.site
    assert isinstance(his, MediPayHis)
    with his:
        known = peer.add()
        his.misbehave(Misbehaviour.MAINTENANCE, times=1, path="/benhnhan")
        with pytest.raises(GatewayError):
            peer.open().hand_over(record())
        assert peer.open().hand_over(record()).patient_id == known
        (visit,) = his.visits.values()
    assert (visit["MA_BN"], visit["SO_GTTT"], visit["CAN_XEM_LAI"]) == (known, NUMBER, None)


# ------------------------------------------------------------------------------- two kiosks at one time
def test_a_card_that_stands_twice_in_the_server_loses_no_visit(tmp_path: Path) -> None:
    peer = fhir_peer(tmp_path)
    server = peer.site
    assert isinstance(server, FhirServer)
    with server:
        for _ in range(2):
            server.put("Coverage", identifier=[{"system": "urn:chipid:insurance-card", "value": "DN4404012345678"}])
        for _ in range(2):
            assert peer.open().hand_over(record()).reference.startswith("Encounter/")
        assert [len(server.of_kind(kind)) for kind in ("Patient", "Encounter", "Coverage")] == [1, 1, 3]


def test_a_conflict_with_another_kiosk_passes(tmp_path: Path) -> None:
    class Conflicting(FhirServer):
        conflicts = 1

        def respond(self, request: Request) -> Reply:
            if request.path == "/fhir" and self.conflicts:
                self.conflicts -= 1
                return Reply({"resourceType": "OperationOutcome"}, status=409)
            return super().respond(request)

    usual = fhir_peer(tmp_path)
    with Conflicting(token="TEST-token") as server:
        system = dataclasses.replace(usual, settings=lambda **c: usual.settings(url=server.base_url)).open()
        with pytest.raises(GatewayError) as caught:
            system.hand_over(record())
        assert caught.value.code.hint is Hint.RETRY_LATER
        assert system.hand_over(record()).reference


def test_of_a_renewed_card_the_facilitys_code_goes_into_xml0() -> None:
    answer = {
        "maKetQua": "003", "maThe": "DN4404012345678", "maTheMoi": "DN4404012345678", "gtTheTuMoi": "01/01/2026",
        "gtTheDenMoi": "31/12/2026", "maDKBDMoi": "40001", "tenDKBDMoi": "Bệnh viện thử nghiệm",
    }  # fmt: skip
    found = parse_answer(json.dumps(answer).encode(), TODAY, ASK_AN)
    made = xml0_of(record(eligibility=found), facility="40001", zone=dt.UTC)
    assert made.values["MA_DKBD"] == "40001"
