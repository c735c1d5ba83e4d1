"""What every hospital system must do for a patient, asked of each adapter against its emulated peer."""

from __future__ import annotations

import base64
import concurrent.futures
import dataclasses
import json
import logging
import re
import uuid

import pytest

from emulator.services.loopback import Misbehaviour
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.patient import PatientFinding, PatientKind
from kiosk_ui.app.domain.priority import Priority
from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.failures import GatewayError
from kiosk_ui.app.flows.rules import CheckInRules
from kiosk_ui.app.gateways.no_hospital import NoHospital
from kiosk_ui.app.ports import HospitalSystem
from reader.verification.identity import Assurance, HolderChecked, Sex
from tests.unit.hospital_records import (
    AN,
    NOON,
    NUMBER,
    PERSONAL,
    PORTRAIT,
    Peer,
    fhir_peer,
    medipay_peer,
    record,
    visitor,
)


@pytest.fixture(params=[medipay_peer, fhir_peer], ids=["medipay", "fhir"])
def peer(request: pytest.FixtureRequest, tmp_path):
    made = request.param(tmp_path)
    with made.site:
        yield made


def refused(system: HospitalSystem, what: str) -> str:
    with pytest.raises(GatewayError) as caught:
        system.find(AN) if what == "find" else system.hand_over(record())
    shown = str(caught.value) + repr(caught.value) + repr(caught.value.__context__) + repr(caught.value.facts)
    assert not [word for word in PERSONAL if word in shown]
    return caught.value.code.name


# ------------------------------------------------------------------------------------------ finding
def test_somebody_new_is_new(peer: Peer) -> None:
    assert peer.open().find(AN).kind is PatientKind.NEW


def test_a_patient_is_found_by_the_number(peer: Peer) -> None:
    patient_id = peer.add()
    assert peer.open().find(AN) == PatientFinding(PatientKind.KNOWN, patient_id)


@pytest.mark.parametrize("name", ["NGUYEN VAN AN", "Nguyễn văn An", "Nguye\u0302\u0303n Va\u0306n An"])
def test_an_old_record_without_accents_is_the_same_person(peer: Peer, name: str) -> None:
    peer.add(name=name)
    assert peer.open().find(AN).kind is PatientKind.KNOWN


@pytest.mark.parametrize("changes", [{"name": "Trần Thị Bình"}, {"born": "1985-03-02"}])
def test_a_record_of_somebody_else_under_the_number_is_left_to_staff(peer: Peer, changes: dict) -> None:
    peer.add(**changes)
    assert refused(peer.open(), "find") == "hospital.patient_ambiguous"


def test_two_records_under_one_number_are_left_to_staff(peer: Peer) -> None:
    peer.add()
    peer.add()
    assert refused(peer.open(), "find") == "hospital.patient_ambiguous"


def test_nobody_is_looked_for_by_name_alone(peer: Peer) -> None:
    assert peer.open().find(dataclasses.replace(AN, number="")).kind is PatientKind.UNAVAILABLE
    assert peer.site.asked == 0


def test_a_part_of_a_date_of_birth_is_enough_with_the_number(peer: Peer) -> None:
    peer.add()
    assert peer.open().find(dataclasses.replace(AN, date_of_birth=None)).kind is PatientKind.KNOWN


# ---------------------------------------------------------------------------------------- hand-over
def test_a_check_in_arrives_whole(peer: Peer) -> None:
    receipt = peer.open().hand_over(record())
    (visit,) = peer.visits()
    arrived = json.dumps(visit, ensure_ascii=False)
    assert str(record().key) in arrived
    assert "A012" in arrived
    assert "CHIP_CCCD" in arrived
    assert receipt.reference
    assert receipt.patient_id


def test_handing_over_again_changes_nothing_and_gives_the_same_receipt(peer: Peer) -> None:
    system = peer.open()
    receipts = [system.hand_over(record()) for _ in range(3)]
    assert receipts[0] == receipts[1] == receipts[2]
    assert len(peer.visits()) == 1


def test_what_is_learned_later_reaches_the_visit_that_is_there(peer: Peer) -> None:
    system = peer.open()
    unknown = Eligibility.unavailable("relay.unreachable")
    first = system.hand_over(record(eligibility=unknown))
    arrived = json.dumps(peer.visits())
    assert "relay.unreachable" in arrived
    assert "DN4404012345678" not in _xml0_in(peer)
    for _ in range(2):  # told at least once
        again = system.hand_over(record(holder_checked=HolderChecked.STAFF))
        assert again == first
    (visit,) = peer.visits()
    arrived = json.dumps(visit)
    assert "relay.unreachable" not in arrived
    assert '"staff"' in arrived
    assert "<MA_THE_BHYT>DN4404012345678</MA_THE_BHYT>" in _xml0_in(peer)


def _xml0_in(peer: Peer) -> str:
    held = json.dumps(getattr(peer.site, "resources", None) or peer.visits())
    return "".join(
        base64.b64decode(word).decode() for word in re.findall(r'"(?:XML0|data)": "([A-Za-z0-9+/=]+)"', held)
    )


def test_many_at_once_make_one_visit(peer: Peer) -> None:
    system = peer.open()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        receipts = list(pool.map(lambda _: system.hand_over(record()), range(8)))
    assert len(set(receipts)) == 1
    assert len(peer.visits()) == 1


def test_two_check_ins_of_one_person_are_two_visits(peer: Peer) -> None:
    system = peer.open()
    system.hand_over(record())
    system.hand_over(record(key=uuid.UUID(int=8)))
    assert len(peer.visits()) == 2


def test_a_slip_for_the_counter_names_no_department(peer: Peer) -> None:
    slip = record(department=CheckInRules().counter_queue, missing=("identity", "insurance"), queue_number="Q001")
    assert peer.open().hand_over(slip).reference
    arrived = json.dumps(peer.visits(), ensure_ascii=False)
    assert "identity" in arrived
    assert '"counter"' not in arrived


def test_a_child_without_a_card_or_a_full_date_is_handed_over(peer: Peer) -> None:
    child = visitor(
        number="", number_kind=NumberKind.NONE, date_of_birth=None, birth_year=2024, sex=Sex.UNSPECIFIED,
        assurance=Assurance.TYPED, identification=Identification.TYPED, address=None, portrait=None,
    )  # fmt: skip
    made = record(
        child, method="NHAP_TAY", eligibility=Eligibility.unavailable("relay.not_set"), phone=None, consents=()
    )
    assert peer.open().hand_over(made).reference
    assert "NHAP_TAY" in json.dumps(peer.visits())


@pytest.mark.parametrize("name", ["An \ud800", "A" * 5_000, 'An\x00|&=?"', "<x>&amp;", "Ｎguyễn 🙂", "\u202eNA"])
def test_odd_names_are_handed_over_and_looked_for(peer: Peer, name: str) -> None:
    assert peer.open().find(dataclasses.replace(AN, full_name=name, number="C01X00T47|2")).kind is PatientKind.NEW
    assert peer.open().hand_over(record(visitor(full_name=name, address=name))).reference
    assert len(peer.visits()) == 1


def test_how_sure_we_are_and_what_was_asked_for_arrive_as_they_are(peer: Peer) -> None:
    made = record(holder_checked=HolderChecked.STAFF, priority=Priority.PREGNANT)
    peer.open().hand_over(made)
    arrived = json.dumps(peer.visits())
    assert "staff" in arrived
    assert "pregnant" in arrived


def test_no_photo_and_no_raw_answer_leaves_the_kiosk(peer: Peer) -> None:
    peer.open().hand_over(record())
    everything = json.dumps([peer.visits(), getattr(peer.site, "resources", {})], ensure_ascii=False)
    for octets in (PORTRAIT.decode(), base64.b64encode(PORTRAIT).decode(), "canary of the raw answer"):
        assert octets not in everything


def test_a_record_that_cannot_be_made_is_left_out_and_the_log_says_why(
    peer: Peer, caplog: pytest.LogCaptureFixture
) -> None:
    assert peer.open(facility=None).hand_over(record()).reference
    assert "MA_CSKCB missing" in caplog.text
    assert not [word for word in PERSONAL if word in caplog.text]


# ------------------------------------------------------------------------------------ misbehaviour
FAILURES = {
    Misbehaviour.SLOW: "hospital.no_answer_in_time",
    Misbehaviour.DRIP: "hospital.no_answer_in_time",
    Misbehaviour.HANG_UP: "hospital.unreachable",
    Misbehaviour.LOST_ANSWER: "hospital.unreachable",
    Misbehaviour.CUT_OFF: "hospital.unreachable",
    Misbehaviour.SERVER_ERROR: "hospital.refused",
    Misbehaviour.UNAUTHORISED: "hospital.refused",
    Misbehaviour.NOT_FOUND: "hospital.refused",
    Misbehaviour.TOO_MANY: "hospital.refused",
    Misbehaviour.MAINTENANCE: "hospital.refused",
    Misbehaviour.REDIRECT: "hospital.refused",
    Misbehaviour.HUGE: "hospital.answer_too_large",
    Misbehaviour.RUBBISH: "hospital.answer_unusable",
    Misbehaviour.EMPTY: "hospital.answer_unusable",
    Misbehaviour.WRONG_JSON: "hospital.answer_unusable",
    Misbehaviour.WRONG_TYPES: "hospital.answer_unusable",
    Misbehaviour.TRUNCATED_JSON: "hospital.answer_unusable",
    Misbehaviour.WRONG_CHARSET: "hospital.answer_unusable",
    Misbehaviour.DEEP: "hospital.answer_unusable",
}


@pytest.mark.parametrize("how", [how for how in Misbehaviour if how is not Misbehaviour.NONE])
def test_every_misbehaviour_is_named_in_time_names_nobody_and_heals(
    peer: Peer, how: Misbehaviour, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    peer.add()
    slow = how in (Misbehaviour.SLOW, Misbehaviour.DRIP)
    system = peer.open(find_timeout_s=0.3, hand_over_timeout_s=0.3) if slow else peer.open()
    peer.site.misbehave(how)
    assert [refused(system, "find"), refused(system, "hand_over")] == [FAILURES[how]] * 2
    peer.site.misbehave(Misbehaviour.NONE)
    healed = peer.open()
    assert healed.find(AN).kind is PatientKind.KNOWN
    assert healed.hand_over(record()).reference
    assert len(peer.visits()) == 1  # also where the peer had taken it before its answer was lost
    assert not [word for word in PERSONAL if word in caplog.text]


def test_nobody_listens(peer: Peer) -> None:
    peer.site.stop()
    assert refused(peer.open(), "find") == "hospital.unreachable"
    assert refused(peer.open(), "hand_over") == "hospital.unreachable"


def test_what_is_wrong_with_the_record_is_not_tried_again(peer: Peer) -> None:
    peer.add()
    with pytest.raises(GatewayError) as caught:
        peer.open().hand_over(record(visitor(full_name=""), patient_id="no id/at all"))
    assert caught.value.code.name == "hospital.record_refused"
    assert peer.visits() == []


# ------------------------------------------------------------------------------------ none at all
def test_without_a_hospital_system_nobody_waits_and_nothing_is_tried_again() -> None:
    assert NoHospital().find(AN) == PatientFinding.unavailable("hospital.not_set")
    assert NoHospital().hand_over(record()).reference == ""


def test_nothing_personal_is_shown_by_what_adapters_hold(peer: Peer) -> None:
    shown = repr([AN, record(), peer.open(), vars(peer.open())])
    assert not [word for word in (*PERSONAL, "TEST-secret", "TEST-token") if word in shown]
    assert NOON.isoformat()[:10] not in repr(record())
    assert NUMBER not in repr(record())
