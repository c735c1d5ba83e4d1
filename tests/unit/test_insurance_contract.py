"""What everybody who is asked about insurance must do, asked of each adapter against its emulated peer."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from emulator.services.bhxh_gateway import CHECK_PATH, BhxhGateway
from emulator.services.fhir_server import FhirServer
from emulator.services.insurance_gateway import InsuranceRelay, InsuredPerson
from emulator.services.loopback import LoopbackSite, Misbehaviour
from emulator.services.medipay_his import MediPayHis
from kiosk_ui.app.domain.insurance import EligibilityKind, InsuranceOutcome
from kiosk_ui.app.failures import GatewayError, SettingsError
from kiosk_ui.app.gateways.hospital_choice import insurer_of
from kiosk_ui.app.gateways.no_relay import NoRelay
from kiosk_ui.app.gateways.result_codes import kinds_by_code
from kiosk_ui.app.ports import EligibilityGateway
from kiosk_ui.app.settings import RelaySettings, Settings
from kiosk_ui.service.relay.routes import routes
from kiosk_ui.service.relay.settings import RelayServiceSettings
from tests.unit.hospital_records import ASK_AN, NAME, NOON, NUMBER, PERSONAL, fhir_peer, medipay_peer, secret_file


@dataclasses.dataclass(frozen=True)
class Insurer:
    """One way to ask the insurer.

    Attributes:
        site: the emulated peer that misbehaves.
        open: the adapter, with a limit in seconds.
        say: makes the peer give a code about An, with a last day and a name.
        lost: prefix of its errors.
    """

    site: LoopbackSite
    open: Callable[[float], EligibilityGateway]
    say: Callable[[str, dt.date, str], None]
    lost: str


ENDS = dt.date(2026, 12, 31)


@pytest.fixture
def relay_insurer() -> Iterator[Insurer]:
    with InsuranceRelay(today=NOON.date()) as relay:

        def say(code: str, ends: dt.date, name: str) -> None:
            relay.set_person(
                NUMBER, InsuredPerson(code, name if name != NAME else "", "", "DN4404012345678", "", f"{ends:%d/%m/%Y}")
            )

        def adapter(limit_s: float) -> EligibilityGateway:
            settings = Settings(relay=RelaySettings(url=relay.url, total_timeout_s=limit_s))
            return insurer_of(settings, now=lambda: NOON)

        yield Insurer(relay, adapter, say, "relay")


@pytest.fixture
def medipay_insurer(tmp_path: Path) -> Iterator[Insurer]:
    peer = medipay_peer(tmp_path)
    his = peer.site
    assert isinstance(his, MediPayHis)

    def say(code: str, ends: dt.date, name: str) -> None:
        his.insurance[NUMBER] = {
            "HO_TEN": name, "MA_THE_BHYT": "DN4404012345678", "NGAY_SINH": "1985-02-03", "GIOI_TINH": 1,
            "MA_DKBD": "40001", "GT_THE_TU": "2026-01-01", "GT_THE_DEN": ends.isoformat(), "PHAN_TUYEN": 1,
            "MA_KQ": code, "TEN_KQ": f"Kết quả thử nghiệm {code}", "TIEP_NHAN_BHYT": 1,
        }  # fmt: skip

    with his:
        yield Insurer(his, lambda limit_s: peer.insurer(find_timeout_s=limit_s), say, "hospital")


@pytest.fixture
def fhir_insurer(tmp_path: Path) -> Iterator[Insurer]:
    peer = fhir_peer(tmp_path)
    server = peer.site
    assert isinstance(server, FhirServer)

    def say(code: str, ends: dt.date, name: str) -> None:
        coding = {"system": "urn:chipid:insurer-result", "code": code}
        server.eligibility[NUMBER] = {
            "outcome": "complete",
            "disposition": f"Kết quả thử nghiệm {code}",
            "contained": [
                {"resourceType": "Patient", "id": "p", "name": [{"text": name}], "birthDate": "1985-02-03"},
                {"resourceType": "Coverage", "id": "c", "subscriberId": "DN4404012345678"},
            ],
            "insurance": [
                {"coverage": {"reference": "#c"}, "benefitPeriod": {"start": "2026-01-01", "end": ends.isoformat()}}
            ],
            "error": [{"code": {"coding": [coding]}}],
        }

    with server:
        yield Insurer(server, lambda limit_s: peer.insurer(find_timeout_s=limit_s), say, "hospital")


@pytest.fixture(params=["relay", "medipay", "fhir"])
def insurer(request: pytest.FixtureRequest) -> Insurer:
    return request.getfixturevalue(f"{request.param}_insurer")


@pytest.mark.parametrize("code", sorted(kinds_by_code()))
def test_every_result_code_arrives_as_its_class_with_its_evidence(insurer: Insurer, code: str) -> None:
    insurer.say(code, ENDS, NAME)
    found = insurer.open(5.0).check(ASK_AN)
    assert (found.code, found.kind) == (code, kinds_by_code()[code])
    assert found.raw is not None
    assert code in json.dumps(json.loads(found.raw))
    if found.outcome is InsuranceOutcome.VALID:
        assert (found.card_number, found.valid_until) == ("DN4404012345678", ENDS)


def test_nobody_is_told_valid_by_an_answer_of_somebody_else_or_of_yesterday(insurer: Insurer) -> None:
    insurer.say("000", dt.date(2026, 3, 1), NAME)
    with pytest.raises(GatewayError) as caught:
        insurer.open(5.0).check(ASK_AN)
    assert caught.value.code.name == "relay.answer_contradictory"
    if insurer.lost != "relay":  # the emulated relay compares names itself
        insurer.say("000", ENDS, "Trần Thị Bình")
        with pytest.raises(GatewayError) as caught:
            insurer.open(5.0).check(ASK_AN)
        assert caught.value.code.name == "relay.answer_unusable"


def test_a_part_of_a_date_of_birth_is_not_asked_about(insurer: Insurer) -> None:
    with pytest.raises(GatewayError) as caught:
        insurer.open(5.0).check(dataclasses.replace(ASK_AN, date_of_birth=None))
    assert caught.value.code.name == "relay.birth_date_incomplete"
    assert insurer.site.asked == 0


ENDINGS = {
    Misbehaviour.SLOW: "no_answer_in_time",
    Misbehaviour.DRIP: "no_answer_in_time",
    Misbehaviour.HANG_UP: "unreachable",
    Misbehaviour.LOST_ANSWER: "unreachable",
    Misbehaviour.CUT_OFF: "unreachable",
    Misbehaviour.SERVER_ERROR: "refused",
    Misbehaviour.UNAUTHORISED: "refused",
    Misbehaviour.NOT_FOUND: "refused",
    Misbehaviour.TOO_MANY: "refused",
    Misbehaviour.MAINTENANCE: "refused",
    Misbehaviour.REDIRECT: "refused",
    Misbehaviour.HUGE: "answer_too_large",
}


@pytest.mark.parametrize("how", [how for how in Misbehaviour if how is not Misbehaviour.NONE])
def test_every_misbehaviour_is_named_in_time_names_nobody_and_heals(
    insurer: Insurer, how: Misbehaviour, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    insurer.say("000", ENDS, NAME)
    insurer.site.misbehave(how)
    limit_s = 0.3 if how in (Misbehaviour.SLOW, Misbehaviour.DRIP) else 5.0
    with pytest.raises(GatewayError) as caught:
        insurer.open(limit_s).check(ASK_AN)
    assert caught.value.code.name == f"{insurer.lost}.{ENDINGS.get(how, 'answer_unusable')}"
    insurer.site.misbehave(Misbehaviour.NONE)
    assert insurer.open(5.0).check(ASK_AN).kind is EligibilityKind.OK
    shown = caplog.text + str(caught.value) + repr(caught.value.__context__) + repr(caught.value.facts)
    assert not [word for word in PERSONAL if word in shown]


# ----------------------------------------------------------------------------------- what each is alone
def test_medipay_says_that_it_knows_nobody(medipay_insurer: Insurer) -> None:
    assert medipay_insurer.open(5.0).check(ASK_AN).kind is EligibilityKind.NOT_FOUND


def test_medipay_is_never_told_a_sex_that_it_could_misread(medipay_insurer: Insurer) -> None:
    medipay_insurer.say("000", ENDS, NAME)
    medipay_insurer.open(5.0).check(ASK_AN)
    his = medipay_insurer.site
    assert isinstance(his, MediPayHis)
    assert dict(his.queries[0])["GIOI_TINH"] == ""  # 1 and 0 here, 1 and 2 elsewhere


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ({"outcome": "complete"}, EligibilityKind.NOT_FOUND),
        ({"outcome": "complete", "insurance": []}, EligibilityKind.NOT_FOUND),
        (
            {
                "outcome": "complete",
                "insurance": [{"coverage": {"identifier": {"value": "4012345678"}}, "inforce": True}],
            },
            EligibilityKind.OK,
        ),
        ({"outcome": "complete", "insurance": [{"coverage": {}, "inforce": False}]}, EligibilityKind.INVALID),
    ],
)
def test_fhir_without_the_insurers_digits_is_read_as_the_standard_has_it(
    fhir_insurer: Insurer, said: dict, kind: EligibilityKind
) -> None:
    server = fhir_insurer.site
    assert isinstance(server, FhirServer)
    server.eligibility[NUMBER] = said
    assert fhir_insurer.open(5.0).check(ASK_AN).kind is kind


@pytest.mark.parametrize(
    "said",
    [
        {"outcome": "queued"},
        {"outcome": "partial"},
        {"outcome": "error"},
        {},
        {"outcome": "complete", "insurance": [{"coverage": {}}]},
        {"outcome": "complete", "insurance": [{"coverage": {}, "inforce": "true"}]},
        {"outcome": "complete", "insurance": [{"coverage": {}, "inforce": True}]},  # no card is named
        {"outcome": "complete", "patient": {"identifier": {"value": "040155000029"}}, "insurance": []},
        {"outcome": "complete", "resourceType": "Patient"},
        {
            "outcome": "error",
            "error": [
                {"code": {"coding": [{"system": "urn:chipid:insurer-result", "code": code}]}} for code in ("000", "050")
            ],
        },
    ],
)
def test_fhir_answers_that_decide_nothing_leave_everybody_unverified(fhir_insurer: Insurer, said: dict) -> None:
    server = fhir_insurer.site
    assert isinstance(server, FhirServer)
    server.eligibility[NUMBER] = said
    with pytest.raises(GatewayError) as caught:
        fhir_insurer.open(5.0).check(ASK_AN)
    assert caught.value.code.name in ("hospital.answer_unusable", "relay.answer_unusable")


@pytest.mark.parametrize("name", ["An \ud800", "A" * 900, "An|&=?\x00"])
def test_odd_names_are_asked_about(insurer: Insurer, name: str) -> None:
    insurer.say("060", ENDS, NAME)
    assert insurer.open(5.0).check(dataclasses.replace(ASK_AN, full_name=name)).kind is EligibilityKind.MISMATCH_NAME


@pytest.mark.parametrize("token", ["two words", "tokén", "a\x00b"])
def test_a_token_that_no_header_can_carry_stops_the_start(tmp_path: Path, token: str) -> None:
    path = tmp_path / "odd-token"
    path.touch(mode=0o600)
    path.write_text(token, encoding="utf-8")
    for settings in (
        Settings(relay=RelaySettings(url="http://127.0.0.1:9", token=str(path))),
        Settings(
            hospital={"kind": "fhir", "insurer": "hospital", "url": "http://127.0.0.1:9", "fhir": {"token": str(path)}}
        ),
    ):
        with pytest.raises(SettingsError, match="ASCII"):
            insurer_of(settings)


def test_without_a_relay_nobody_is_asked() -> None:
    assert isinstance(insurer_of(Settings()), NoRelay)


# --------------------------------------------------------------------------- kiosk, relay, gateway in a row
@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[BhxhGateway, str]]:
    """The project's own relay, really listening, before an emulated gateway of the insurer."""
    with BhxhGateway(today=NOON.date()) as gateway:
        kiosk = {"officer_name": "Cán Bộ Thử", "officer_number": "040185000099"}
        settings = RelayServiceSettings.model_validate(
            {
                "gateway_url": gateway.base_url,
                "username": "40001_BV",
                "password": secret_file(tmp_path, "password", "TEST-password"),
                "kiosks": {"kiosk-1": {"token": secret_file(tmp_path, "token", "TEST-token"), **kiosk}},
                "pseudonym_key": tmp_path / "pseudonyms.key",
            }
        )
        config = uvicorn.Config(
            Starlette(routes=routes(settings)), host="127.0.0.1", port=0, log_config=None, ws="none"
        )
        server = uvicorn.Server(config)
        listening = config.bind_socket()
        thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
        thread.start()
        listening.listen()  # connections wait here until the server takes them
        yield gateway, f"http://127.0.0.1:{listening.getsockname()[1]}/check"
        server.should_exit = True
        thread.join(10)
        listening.close()


def test_a_kiosk_asks_the_insurer_through_the_projects_own_relay(
    served: tuple[BhxhGateway, str], tmp_path: Path
) -> None:
    gateway, url = served
    token = secret_file(tmp_path, "kiosk-token", "TEST-token")
    kiosk = insurer_of(Settings(relay=RelaySettings(url=url, token=token)), now=lambda: NOON)
    found = kiosk.check(ASK_AN)
    assert found.kind is EligibilityKind.OK
    assert found.raw is not None
    assert set(json.loads(found.raw)["relay"]) == {"receivedAt", "officer", "transactionId"}
    gateway.end_all_tokens()
    assert kiosk.check(ASK_AN).kind is EligibilityKind.OK
    gateway.misbehave(Misbehaviour.MAINTENANCE, path=CHECK_PATH)
    with pytest.raises(GatewayError) as caught:
        kiosk.check(ASK_AN)
    assert caught.value.code.name == "relay.refused"
    gateway.misbehave(Misbehaviour.NONE)
    stranger = insurer_of(Settings(relay=RelaySettings(url=url)), now=lambda: NOON)
    with pytest.raises(GatewayError) as caught:
        stranger.check(ASK_AN)
    assert dict(caught.value.facts) == {"http_status": 401}
