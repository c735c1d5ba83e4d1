"""Whatever a hospital system sends, an adapter comes to an answer or to one of its own errors, and never believes rubbish."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Mapping

from hypothesis import given, settings
from hypothesis import strategies as st

from crypto.primitives.secret import Secret
from kiosk_ui.app.domain.insurance import Eligibility, EligibilityKind, InsuranceOutcome
from kiosk_ui.app.domain.patient import PatientKind
from kiosk_ui.app.failures import GatewayError
from kiosk_ui.app.gateways import medipay_peer as medipay_peer_module
from kiosk_ui.app.gateways.bounded_http import Answer
from kiosk_ui.app.gateways.fhir import FhirHospital, FhirPeer
from kiosk_ui.app.gateways.fhir_access import NoAccess
from kiosk_ui.app.gateways.fhir_insurance import FhirInsurance
from kiosk_ui.app.gateways.medipay import Fields, MediPayHospital, MediPayPeer, Reply
from kiosk_ui.app.gateways.medipay_insurance import MediPayInsurance
from kiosk_ui.app.settings_hospital import HospitalSettings, MediPaySettings
from kiosk_ui.service.relay import insurer as relay_insurer
from tests.unit.hospital_records import AN, ASK_AN, HANOI, NAME, NOON, NUMBER, record

FHIR = HospitalSettings(kind="fhir", url="http://127.0.0.1:9", facility="40001")
ACCESS = MediPaySettings(merchant_id="m", secret="/nowhere")
MEDIPAY = HospitalSettings(kind="medipay", url="http://127.0.0.1:9", facility="40001", medipay=ACCESS)
PATIENT = {
    "resourceType": "Bundle",
    "type": "searchset",
    "entry": [
        {
            "resource": {
                "resourceType": "Patient",
                "id": "17",
                "active": True,
                "identifier": [{"system": "urn:chipid:citizen-number", "value": NUMBER}],
                "name": [{"text": NAME}],
                "birthDate": "1985-02-03",
            },
            "search": {"mode": "match", "score": 1},
        }
    ],
}
TAKEN = {
    "resourceType": "Bundle",
    "type": "transaction-response",
    "entry": [{"response": {"status": "201 Created", "location": f"Encounter/{n}/_history/1"}} for n in range(4)],
}
ELIGIBLE = {
    "resourceType": "CoverageEligibilityResponse",
    "outcome": "complete",
    "disposition": "TEST",
    "contained": [{"resourceType": "Coverage", "id": "c", "subscriberId": "4012345678"}],
    "insurance": [{"coverage": {"reference": "#c"}, "inforce": True, "benefitPeriod": {"end": "2026-12-31"}}],
}
ROW = {
    "code": "000",
    "message": "TEST",
    "data": {
        "MA_BN": "BN1", "HO_TEN": NAME, "NGAY_SINH": "1985-02-03", "MA_DINH_DANH": NUMBER, "MA_KQ": "000", "MA_LK": "1",
        "MA_THE_BHYT": "4012345678", "GT_THE_TU": "2026-01-01", "GT_THE_DEN": "2026-12-31",
    },
}  # fmt: skip
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-1, 3)
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from([NUMBER, "000"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


class CannedFhir(FhirPeer):
    """A server that answers everything with the same octets."""

    def __init__(self, body: bytes) -> None:
        super().__init__(FHIR, NoAccess())
        self._body = body

    def post(self, path: str, resource: Mapping[str, object], timeout_s: float) -> Answer:
        return Answer(200, self._body)

    def get(self, path: str, query: object, timeout_s: float) -> Answer:
        return Answer(200, self._body)


class CannedMediPay(MediPayPeer):
    """A system that answers everything with the same octets."""

    def __init__(self, body: bytes) -> None:
        super().__init__(MEDIPAY, ACCESS, Secret(b"key"), lambda: NOON)
        self._body = body

    def get(self, path: str, fields: Fields, timeout_s: float) -> Reply:
        return self._answered()

    def post(self, path: str, groups: Mapping[str, Fields], timeout_s: float) -> Reply:
        return self._answered()

    def _answered(self) -> Reply:
        return medipay_peer_module._reply(self._body)


def fhir(body: bytes) -> FhirHospital:
    return FhirHospital(CannedFhir(body), FHIR, departments=("noi",), zone=HANOI, counter="counter", now=lambda: NOON)


def medipay(body: bytes) -> MediPayHospital:
    set_up = MEDIPAY.model_copy(update={"department_ids": {"noi": "K01"}})
    return MediPayHospital(CannedMediPay(body), set_up, ACCESS, HANOI, "counter")


def places(value: object, path: tuple[object, ...] = ()) -> Iterator[tuple[object, ...]]:
    yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, each in inner:
        yield from places(each, (*path, key))


@st.composite
def spoilt(draw: st.DrawFn, good: dict) -> bytes:
    """A good answer with one to three places replaced by anything, or left out."""
    changed: object = copy.deepcopy(good)
    for _ in range(draw(st.integers(1, 3))):
        path = draw(st.sampled_from(list(places(changed))))
        if not path:
            changed = draw(JSON)
            continue
        at = changed
        for key in path[:-1]:
            at = at[key]
        if draw(st.booleans()):
            at[path[-1]] = draw(JSON)
        else:
            del at[path[-1]]
    return json.dumps(changed).encode()


def found_by(adapter: FhirHospital | MediPayHospital) -> PatientKind | None:
    try:
        return adapter.find(AN).kind
    except GatewayError:
        return None


@settings(max_examples=50)
@given(spoilt(PATIENT))
def test_fhir_patients(body: bytes) -> None:
    if found_by(fhir(body)) is PatientKind.KNOWN:
        assert NUMBER in body.decode()


@settings(max_examples=50)
@given(spoilt(TAKEN))
def test_fhir_receipts(body: bytes) -> None:
    try:
        fhir(body).hand_over(record(patient_id="17"))
    except GatewayError:
        return
    entries = json.loads(body)["entry"]
    assert len(entries) == 4
    assert all(str(entry["response"]["status"]).strip().startswith("20") for entry in entries)


def believed(found: Eligibility) -> bool:
    return found.outcome is InsuranceOutcome.VALID


@settings(max_examples=50)
@given(spoilt(ELIGIBLE))
def test_fhir_insurance(body: bytes) -> None:
    try:
        found = FhirInsurance(CannedFhir(body), FHIR, HANOI, lambda: NOON).check(ASK_AN)
    except GatewayError:
        return
    if believed(found):
        assert found.card_number
    assert found.kind is not EligibilityKind.UNAVAILABLE


@settings(max_examples=50)
@given(spoilt(ROW))
def test_medipay(body: bytes) -> None:
    if found_by(medipay(body)) is PatientKind.KNOWN:
        assert json.loads(body)["code"] == "000"
    try:
        medipay(body).hand_over(record())
    except GatewayError:
        pass
    else:
        assert json.loads(body)["code"] == "000"
    try:
        found = MediPayInsurance(CannedMediPay(body), MEDIPAY, ACCESS, HANOI, lambda: NOON).check(ASK_AN)
    except GatewayError:
        return
    assert not believed(found) or found.card_number


@settings(max_examples=60)
@given(st.binary(max_size=200) | spoilt({"maKetQua": "000", "hoTen": NAME}))
def test_the_relay_passes_on_nothing_but_an_object_with_a_code(body: bytes) -> None:
    try:
        answer = relay_insurer._understood(body)
    except GatewayError:
        return
    passed = json.loads(answer.with_added({"officer": "0"}))
    assert passed["relay"] == {"officer": "0"}
    assert passed["maKetQua"] == answer.code
