"""The MediPay interface in particular: signatures, departments, its codes, and what leaves the kiosk."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crypto.primitives.secret import Secret
from emulator.services.loopback import Misbehaviour
from emulator.services.medipay_his import MediPayHis
from kiosk_ui.app.domain.departments import DEFAULT_DEPARTMENTS
from kiosk_ui.app.domain.patient import PatientKind
from kiosk_ui.app.domain.visitor import NumberKind
from kiosk_ui.app.failures import GatewayError, SettingsError
from kiosk_ui.app.flows.rules import CheckInRules
from kiosk_ui.app.gateways.hospital_choice import hospital_of
from kiosk_ui.app.gateways.medipay import document_type, signature
from kiosk_ui.app.settings import Settings
from kiosk_ui.app.settings_hospital import HospitalSettings
from reader.verification.identity import Sex
from tests.unit.hospital_records import AN, NUMBER, Peer, medipay_peer, record, visitor


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    made = medipay_peer(tmp_path)
    with made.site:
        yield made


@pytest.fixture
def his(peer: Peer) -> MediPayHis:
    assert isinstance(peer.site, MediPayHis)
    return peer.site


# ---------------------------------------------------------------------------------------- signature
def test_a_signature_is_hmac_over_the_values_and_absent_ones_are_empty() -> None:
    expected = hmac.new(b"key", "040085000017||Nguyễn".encode(), hashlib.sha256).hexdigest()
    assert signature([NUMBER, None, "Nguyễn"], Secret(b"key")) == expected
    assert signature([], Secret(b"key")) == hmac.new(b"key", b"", hashlib.sha256).hexdigest()


@given(st.lists(st.none() | st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=10), max_size=5))
def test_a_signature_is_64_hexadecimal_digits(values: list[str | None]) -> None:
    assert len(bytes.fromhex(signature(values, Secret(b"key")))) == 32


def test_a_wrong_key_or_clock_is_a_refusal(peer: Peer, his: MediPayHis) -> None:
    his._secret = b"another"
    with pytest.raises(GatewayError) as caught:
        peer.open().find(AN)
    assert dict(caught.value.facts) == {"http_status": 401}
    his._secret, his._now_ms = b"TEST-secret", 0
    with pytest.raises(GatewayError):
        peer.open().find(AN)


# ---------------------------------------------------------------------------------------- the codes
@pytest.mark.parametrize("code", ["999", "001", "OK"])
def test_another_code_than_000_is_no_answer_about_anybody(peer: Peer, his: MediPayHis, code: str) -> None:
    his.code_for_all = code
    for ask in (lambda: peer.open().find(AN), lambda: peer.open().hand_over(record())):
        with pytest.raises(GatewayError) as caught:
            ask()
        assert caught.value.code.name == "hospital.refused"


def test_000_without_a_record_is_no_answer_and_an_empty_list_is_nobody(peer: Peer, his: MediPayHis) -> None:
    his.code_for_all = "000"  # and data is null
    with pytest.raises(GatewayError) as caught:
        peer.open().find(AN)
    assert caught.value.code.name == "hospital.answer_unusable"
    his.code_for_all = None
    his.patients[NUMBER] = []
    assert peer.open().find(AN).kind is PatientKind.NEW


@pytest.mark.parametrize(
    "row",
    [
        {"HO_TEN": AN.full_name},
        {"MA_BN": ["BN1"], "HO_TEN": AN.full_name},
        {"MA_BN": "x" * 201},
        {"MA_BN": "BN\x001"},
        "BN1",
        17,
    ],
)
def test_a_record_that_makes_no_sense_is_not_believed(peer: Peer, his: MediPayHis, row: object) -> None:
    his.patients[NUMBER] = row
    with pytest.raises(GatewayError) as caught:
        peer.open().find(AN)
    assert caught.value.code.name == "hospital.answer_unusable"


def test_numbers_may_come_as_numbers(peer: Peer, his: MediPayHis) -> None:
    his.patients[NUMBER] = {"ID_BN": 4711, "HO_TEN": AN.full_name, "NGAY_SINH": "1985-02-03T00:00:00"}
    assert peer.open().find(AN).patient_id == "4711"


# -------------------------------------------------------------------------------------- departments
@pytest.mark.parametrize(("code", "theirs"), [("noi", "K01"), ("mat", "K02"), ("tai_mui_hong", "K03")])
def test_departments_are_found_by_name(peer: Peer, his: MediPayHis, code: str, theirs: str) -> None:
    department = next(each for each in DEFAULT_DEPARTMENTS if each.code == code)
    peer.open().hand_over(record(department=department))
    assert next(iter(his.visits.values()))["ID_KHOA"] == theirs


def test_a_department_may_be_set_and_then_nobody_is_asked(peer: Peer, his: MediPayHis) -> None:
    peer.open(department_ids={"noi": "K02"}).hand_over(record(patient_id="BN000777"))
    assert next(iter(his.visits.values()))["ID_KHOA"] == "K02"
    assert his.asked == 1


# ------------------------------------------------------------------------------------------ services
def registered(his: MediPayHis) -> tuple[object, object]:
    (visit,) = his.visits.values()
    return visit["ID_DICH_VU"], visit["CAN_XEM_LAI"]


def medipay(peer: Peer, **changes: object) -> dict[str, object]:
    known = peer.settings().hospital.medipay
    assert known is not None
    return {"medipay": {"merchant_id": known.merchant_id, "secret": known.secret, **changes}}


def test_without_services_in_the_settings_nobody_is_asked_and_nothing_is_to_look_into(
    peer: Peer, his: MediPayHis
) -> None:
    peer.open().hand_over(record(patient_id="BN000777"))
    assert registered(his) == (None, None)
    assert his.asked == 2, "the departments, and the visit"


def test_a_service_may_be_set_for_each_department(peer: Peer, his: MediPayHis) -> None:
    peer.open(**medipay(peer, service_ids={"noi": "DV01"})).hand_over(record(patient_id="BN000777"))
    assert registered(his) == ("DV01", None)


@pytest.mark.parametrize(
    ("code", "kind", "service", "to_look_into"),
    [
        ("noi", "Khám thường", "DV01", None),  # of two the one that is called like the department
        ("noi", "L2", "DV02", None),
        ("mat", None, "DV04", None),  # the only one
        ("noi", "Khám sức khoẻ", "DV01", None),  # no such kind: all of the department
        ("tai_mui_hong", None, None, "service_to_choose"),
    ],
)
def test_a_service_is_looked_up_where_the_hospital_says_so(
    peer: Peer, his: MediPayHis, code: str, kind: str | None, service: str | None, to_look_into: str | None
) -> None:
    department = next(each for each in DEFAULT_DEPARTMENTS if each.code == code)
    fields = medipay(peer, look_up_services=True, examination_kind=kind)
    peer.open(**fields).hand_over(record(department=department, patient_id="BN000777"))
    assert registered(his) == (service, to_look_into)


@pytest.mark.parametrize(
    "how", [Misbehaviour.SERVER_ERROR, Misbehaviour.RUBBISH, Misbehaviour.NOT_FOUND, Misbehaviour.HUGE]
)
def test_a_visit_is_registered_whatever_becomes_of_the_list_of_services(
    peer: Peer, his: MediPayHis, how: Misbehaviour
) -> None:
    his.misbehave(how, path="/dichvu")
    peer.open(**medipay(peer, look_up_services=True)).hand_over(record(patient_id="BN000777"))
    assert registered(his) == (None, "service_to_choose")


@pytest.mark.parametrize("path", ["/dichvu", "/loai-kham"])
def test_a_list_that_never_comes_holds_up_no_visit(peer: Peer, his: MediPayHis, path: str) -> None:
    his.misbehave(Misbehaviour.SLOW, path=path)
    fields = medipay(peer, look_up_services=True, examination_kind="Khám thường")
    peer.open(**fields, hand_over_timeout_s=1.0).hand_over(record(patient_id="BN000777"))
    assert registered(his) == (None, "service_to_choose")


def test_a_slip_for_the_counter_has_no_service_to_look_into(peer: Peer, his: MediPayHis) -> None:
    slip = record(department=CheckInRules().counter_queue, queue_number="Q001", patient_id="BN000777")
    peer.open(**medipay(peer, look_up_services=True)).hand_over(slip)
    assert registered(his) == (None, None)


def test_an_unknown_department_is_left_to_staff(peer: Peer, his: MediPayHis) -> None:
    skin = next(each for each in DEFAULT_DEPARTMENTS if each.code == "da_lieu")
    with pytest.raises(GatewayError) as caught:
        peer.open().hand_over(record(department=skin))
    assert caught.value.code.name == "hospital.department_unknown"
    with pytest.raises(GatewayError) as caught:
        peer.open(department_ids={"da_lieu": "K99"}).hand_over(record(department=skin))
    assert caught.value.code.name == "hospital.record_refused"
    assert his.visits == {}


# ------------------------------------------------------------------------------------ what is handed over
@pytest.mark.parametrize(("sex", "code"), [(Sex.MALE, "1"), (Sex.FEMALE, "2"), (Sex.UNSPECIFIED, "3")])
def test_the_record_takes_the_sex_as_1_2_3(peer: Peer, his: MediPayHis, sex: Sex, code: str) -> None:
    peer.open().hand_over(record(visitor(sex=sex)))
    assert next(iter(his.visits.values()))["GIOI_TINH"] == code


def test_the_record_carries_xml0_and_no_photo(peer: Peer, his: MediPayHis) -> None:
    peer.open().hand_over(record())
    (visit,) = his.visits.values()
    assert b"<SO_CCCD>040085000017</SO_CCCD>" in base64.b64decode(str(visit["XML0"]))
    assert visit["ANH_BN_CCCD"] is None
    assert visit["GT_THE_DEN"] == "20261231"


@pytest.mark.parametrize(
    ("number", "kind", "word"),
    [
        (NUMBER, None, "CCCD"),
        ("181234567", None, "CMND"),
        ("C01X00T47", None, "HC"),
        ("123/2024", NumberKind.BIRTH_CERTIFICATE, "GKS"),
        ("", NumberKind.NONE, None),
    ],
)
def test_documents_have_their_words(number: str, kind: NumberKind | None, word: str | None) -> None:
    types = {"citizen": "CCCD", "old_card": "CMND", "document": "HC", "birth_certificate": "GKS"}
    assert document_type(number, kind, types) == word


# ------------------------------------------------------------------------------------------- settings
@pytest.mark.parametrize(
    "table",
    [
        {"kind": "medipay"},
        {"kind": "medipay", "url": "https://his.test"},
        {"kind": "fhir"},
        {"kind": "fhir", "url": "http://his.test"},
        {"kind": "fhir", "url": "https://me:word@his.test"},
        {"kind": "fhir", "url": "https://his.test?x=1"},
        {"kind": "none", "insurer": "hospital"},
        {"kind": "oracle"},
        {"kind": "none", "facility": "4001"},
        {"kind": "none", "secret": "TEST"},
        {"kind": "medipay", "url": "https://his.test", "medipay": {"merchant_id": "m", "secret": "TEST-secret"}},
    ],
)
def test_settings_that_cannot_work_or_would_be_unsafe_are_refused(table: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        HospitalSettings.model_validate(table)


def test_a_secret_that_is_not_there_stops_the_start_and_says_where(peer: Peer, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    settings = peer.settings(medipay={"merchant_id": "m", "secret": str(tmp_path / "elsewhere" / "key")})
    with pytest.raises(SettingsError, match="elsewhere/key"):
        hospital_of(settings)


def test_by_default_there_is_no_hospital_system() -> None:
    assert Settings().hospital == HospitalSettings()
