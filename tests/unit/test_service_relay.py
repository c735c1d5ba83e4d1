"""The hospital's relay against an emulated gateway of the insurer: token, officers, renewal, rubbish, silence, secrets."""

from __future__ import annotations

import concurrent.futures
import datetime as dt
import json
import logging
import re
from pathlib import Path

import pytest

from emulator.services.authentication_service import AuthenticationServiceEmulator, CardState
from emulator.services.bhxh_gateway import CHECK_PATH, TOKEN_PATH, BhxhGateway, Misbehaviour
from emulator.services.insurance_gateway import InsuredPerson
from kiosk_ui.app.domain.insurance import EligibilityKind, EligibilityQuery
from kiosk_ui.app.failures import SettingsError
from kiosk_ui.app.gateways.relay_answer import parse_answer
from kiosk_ui.app.gateways.result_codes import kinds_by_code
from kiosk_ui.service.relay.routes import Relay, routes
from kiosk_ui.service.relay.settings import RelayServiceSettings
from tests.unit.asgi_client import AsgiClient

PASSWORD = "mật-khẩu-TEST"
NUMBER, NAME, BORN = "040085000017", "Nguyễn Văn An", "03/02/1985"
QUESTION = {"maThe": NUMBER, "hoTen": NAME, "ngaySinh": BORN}
OFFICER = "040185000099"


@pytest.fixture
def gateway():
    with BhxhGateway(password=PASSWORD) as running:
        yield running


@pytest.fixture
def make_settings(tmp_path: Path):
    def secret(name: str, value: str) -> str:
        path = tmp_path / name
        path.touch(mode=0o600)
        path.write_text(value + "\n", encoding="utf-8")
        return str(path)

    def make(gateway: BhxhGateway, **changes: object) -> RelayServiceSettings:
        kiosk = {"officer_name": "Cán Bộ Thử", "officer_number": OFFICER}
        given = {
            "gateway_url": gateway.base_url,
            "username": "40001_BV",
            "password": secret("password", PASSWORD),
            "kiosks": {
                "kiosk-1": {"token": secret("kiosk-1", "token-one"), **kiosk},
                "kiosk-2": {"token": secret("kiosk-2", "token-two"), **kiosk, "officer_number": "040185000100"},
            },
            "pseudonym_key": tmp_path / "pseudonyms.key",
        }
        return RelayServiceSettings.model_validate({**given, **changes})

    return make


@pytest.fixture
def settings(gateway: BhxhGateway, make_settings) -> RelayServiceSettings:
    return make_settings(gateway)


def client_of(settings: RelayServiceSettings, kiosk: str = "one") -> AsgiClient:
    return AsgiClient(routes(settings), {"Authorization": f"Bearer token-{kiosk}"})


# -------------------------------------------------------------------------------------- the protocol
def test_a_check_takes_a_token_once_and_names_the_officer(gateway: BhxhGateway, settings: RelayServiceSettings) -> None:
    client = client_of(settings)
    for _ in range(3):
        assert client.post("/check", json=QUESTION).json()["maKetQua"] == "000"
    assert gateway.tokens_taken == 1
    assert gateway.checks[0] == {**QUESTION, "hoTenCb": "Cán Bộ Thử", "cccdCb": OFFICER}


def test_the_answer_is_passed_on_octet_for_octet_with_one_member_more(
    gateway: BhxhGateway, settings: RelayServiceSettings
) -> None:
    answer = client_of(settings).post("/check", json=QUESTION)
    added = answer.json()["relay"]
    assert answer.content.startswith(b'{"relay":')
    assert "Địa chỉ thử nghiệm".encode() in answer.content
    assert re.fullmatch(r"[0-9a-f]{32}", added["transactionId"])
    assert re.fullmatch(r"[0-9a-f]{16}", added["officer"])
    assert dt.datetime.fromisoformat(added["receivedAt"]).tzinfo is not None
    assert OFFICER not in answer.text


@pytest.mark.parametrize("code", sorted(kinds_by_code()))
def test_every_result_code_reaches_the_kiosk(gateway: BhxhGateway, settings: RelayServiceSettings, code: str) -> None:
    gateway.code_for_all = code
    answer = client_of(settings).post("/check", json=QUESTION)
    assert answer.status_code == 200
    query = EligibilityQuery(NUMBER, NAME, dt.date(1985, 2, 3))
    found = parse_answer(answer.content, dt.datetime.now(dt.UTC).date(), query)
    assert (found.code, found.kind) == (code, kinds_by_code()[code])
    if code == "401":  # asked twice, with two tokens, and no more
        assert (gateway.tokens_taken, len(gateway.checks)) == (2, 2)


@pytest.mark.parametrize("by_status", [True, False])
def test_a_token_that_ended_early_is_renewed_once_and_the_patient_sees_nothing(
    gateway: BhxhGateway, settings: RelayServiceSettings, by_status: bool
) -> None:
    client = client_of(settings)
    client.post("/check", json=QUESTION)
    gateway.refuses_by_status = by_status
    gateway.end_all_tokens()
    assert client.post("/check", json=QUESTION).json()["maKetQua"] == "000"
    assert gateway.tokens_taken == 2


def test_a_gateway_that_refuses_every_token_is_asked_twice_and_no_more(
    gateway: BhxhGateway, settings: RelayServiceSettings
) -> None:
    gateway.misbehave(Misbehaviour.UNAUTHORISED, path=CHECK_PATH)
    answer = client_of(settings).post("/check", json=QUESTION)
    assert (answer.status_code, answer.json()["error"]) == (502, "insurer.refused")
    assert (gateway.asked, gateway.tokens_taken) == (4, 2)  # token, check, token, check


def test_many_at_once_renew_one_token_between_them(gateway: BhxhGateway, settings: RelayServiceSettings) -> None:
    client = client_of(settings)
    client.post("/check", json=QUESTION)
    gateway.end_all_tokens()
    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(lambda _: client.post("/check", json=QUESTION), range(12)))
    assert {answer.json()["maKetQua"] for answer in answers} == {"000"}
    assert gateway.tokens_taken == 2


@pytest.mark.parametrize(
    ("style", "life_s", "after_s", "taken"),
    [
        ("moment", 3_600, 3_000, 1),
        ("moment", 3_600, 3_580, 2),  # not in its last seconds
        ("seconds", 600, 500, 1),
        ("seconds", 600, 590, 2),
        ("past", 600, 500, 1),  # one of the clocks is wrong: kept for a while all the same
        ("past", 600, 700, 2),
        ("nonsense", 600, 500, 1),
        ("absent", 600, 700, 2),
        ("moment", 10_000_000, 90_000, 2),  # a day at most
    ],
)
def test_a_token_is_kept_until_it_ends(
    gateway: BhxhGateway, make_settings, style: str, life_s: int, after_s: int, taken: int
) -> None:
    gateway.expiry_style, gateway._token_life_s = style, life_s
    clock = [1_000.0]
    relay = Relay(make_settings(gateway), monotonic=lambda: clock[0])
    client = AsgiClient(relay.routes(), {"Authorization": "Bearer token-one"})
    client.post("/check", json=QUESTION)
    clock[0] += after_s
    assert client.post("/check", json=QUESTION).json()["maKetQua"] == "000"
    assert gateway.tokens_taken == taken


def test_a_wrong_password_is_not_tried_again_at_once(make_settings) -> None:
    with BhxhGateway(password="another") as gateway:
        clock = [0.0]
        relay = Relay(make_settings(gateway), monotonic=lambda: clock[0])
        client = AsgiClient(relay.routes(), {"Authorization": "Bearer token-one"})
        for _ in range(5):
            answer = client.post("/check", json=QUESTION)
            assert (answer.status_code, answer.json()["error"]) == (503, "insurer.account_refused")
        assert gateway.asked == 1  # five patients, one attempt: the account is not locked by us
        clock[0] += 31
        client.post("/check", json=QUESTION)
        assert gateway.asked == 2


def test_an_officer_who_is_not_registered_is_told_by_the_insurer(
    gateway: BhxhGateway, settings: RelayServiceSettings
) -> None:
    assert client_of(settings, "two").post("/check", json=QUESTION).json()["maKetQua"] == "054"


# ----------------------------------------------------------------------------------- which number
def test_numbers_are_tried_in_the_order_that_is_set_while_they_are_not_known(
    gateway: BhxhGateway, make_settings
) -> None:
    gateway.set_person(NUMBER, InsuredPerson(result="050"))
    client = client_of(make_settings(gateway, key_order=["cccd", "bhxh10", "the15"]))
    body = {**QUESTION, "maSoBHXH": "4012345678", "maTheBHYT": "DN4404012345678"}
    assert client.post("/check", json=body).json()["maKetQua"] == "000"
    assert [check["maThe"] for check in gateway.checks] == [NUMBER, "4012345678"]


def test_the_order_is_a_setting_and_a_wrong_name_is_never_tried_again(gateway: BhxhGateway, make_settings) -> None:
    gateway.set_person("DN4404012345678", InsuredPerson(name="Ai Khác"))
    client = client_of(make_settings(gateway, key_order=["the15", "cccd"]))
    body = {**QUESTION, "maTheBHYT": "DN4404012345678"}
    assert client.post("/check", json=body).json()["maKetQua"] == "060"
    assert [check["maThe"] for check in gateway.checks] == ["DN4404012345678"]


def test_a_number_of_a_kind_that_is_not_asked_for_goes_nowhere(gateway: BhxhGateway, make_settings) -> None:
    client = client_of(make_settings(gateway, key_order=["the15"]))
    assert client.post("/check", json=QUESTION).status_code == 502
    assert gateway.checks == []


# ------------------------------------------------------------------------------------ misbehaviour
FAILURES = {
    Misbehaviour.SLOW: (504, "insurer.no_answer_in_time"),
    Misbehaviour.DRIP: (504, "insurer.no_answer_in_time"),
    Misbehaviour.HANG_UP: (502, "insurer.unreachable"),
    Misbehaviour.LOST_ANSWER: (502, "insurer.unreachable"),
    Misbehaviour.CUT_OFF: (502, "insurer.unreachable"),
    Misbehaviour.SERVER_ERROR: (502, "insurer.refused"),
    Misbehaviour.NOT_FOUND: (502, "insurer.refused"),
    Misbehaviour.TOO_MANY: (502, "insurer.refused"),
    Misbehaviour.MAINTENANCE: (502, "insurer.refused"),
    Misbehaviour.REDIRECT: (502, "insurer.refused"),
    Misbehaviour.HUGE: (502, "insurer.answer_too_large"),
    Misbehaviour.RUBBISH: (502, "insurer.answer_unusable"),
    Misbehaviour.EMPTY: (502, "insurer.answer_unusable"),
    Misbehaviour.WRONG_JSON: (502, "insurer.answer_unusable"),
    Misbehaviour.WRONG_TYPES: (502, "insurer.answer_unusable"),
    Misbehaviour.TRUNCATED_JSON: (502, "insurer.answer_unusable"),
    Misbehaviour.WRONG_CHARSET: (502, "insurer.answer_unusable"),
    Misbehaviour.DEEP: (502, "insurer.answer_unusable"),
}
AT_THE_TOKEN = (Misbehaviour.SLOW, Misbehaviour.MAINTENANCE, Misbehaviour.EMPTY, Misbehaviour.WRONG_TYPES)
ALWAYS = [how for how in Misbehaviour if how not in (Misbehaviour.NONE, Misbehaviour.UNAUTHORISED)]


@pytest.mark.parametrize(
    ("path", "how"), [*((CHECK_PATH, how) for how in ALWAYS), *((TOKEN_PATH, how) for how in AT_THE_TOKEN)]
)
def test_every_misbehaviour_is_named_ends_in_time_and_heals(
    gateway: BhxhGateway, make_settings, how: Misbehaviour, path: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    is_slow = how in (Misbehaviour.SLOW, Misbehaviour.DRIP)
    client = client_of(make_settings(gateway, total_timeout_s=0.3 if is_slow else 5.0))
    gateway.misbehave(how, path=path)
    answer = client.post("/check", json=QUESTION)
    assert (answer.status_code, answer.json()["error"]) == FAILURES[how]
    gateway.misbehave(Misbehaviour.NONE)
    assert client.post("/check", json=QUESTION).json()["maKetQua"] == "000"
    for word in (NUMBER, NAME, BORN, OFFICER, "Cán Bộ Thử", PASSWORD, "token-one", "access+", "access%2B"):
        assert word not in caplog.text + answer.text
    assert gateway._password_md5 not in caplog.text


def test_one_deadline_covers_token_check_and_renewal(gateway: BhxhGateway, make_settings) -> None:
    client = client_of(make_settings(gateway, total_timeout_s=0.4))
    gateway.misbehave(Misbehaviour.DRIP)  # each part alone would take longer than all may
    assert client.post("/check", json=QUESTION).status_code == 504


# ------------------------------------------------------------------------------------ at the door
@pytest.mark.parametrize("token", ["", "token-ONE", "token-one2", "token", "tokén"])
def test_who_shows_no_known_token_learns_nothing(
    gateway: BhxhGateway, settings: RelayServiceSettings, token: str
) -> None:
    client = AsgiClient(routes(settings))
    assert client.post("/check", json=QUESTION).status_code == 401
    headers = {"Authorization": f"Bearer {token}".encode()}  # octets: not every client sends ASCII
    assert client.post("/check", json=QUESTION, headers=headers).status_code == 401
    assert client.post("/check", json=QUESTION, headers={"Authorization": "Basic token-one"}).status_code == 401
    assert gateway.asked == 0


@pytest.mark.parametrize(
    "body",
    [
        b"", b"null", b"[]", b"{}", b"\xff\xfe", b"[" * 5_000,
        json.dumps({**QUESTION, "maThe": "1" * 11}).encode(),
        json.dumps({**QUESTION, "maThe": "040085000017\n"}).encode(),
        json.dumps({**QUESTION, "maThe": "٠٤٠٠٨٥٠٠٠٠١٧"}).encode(),
        json.dumps({**QUESTION, "maThe": 40085000017}).encode(),
        json.dumps({**QUESTION, "hoTen": " "}).encode(),
        json.dumps({**QUESTION, "hoTen": "An \ud800"}).encode(),
        json.dumps({**QUESTION, "hoTen": "x" * 256}).encode(),
        json.dumps({**QUESTION, "ngaySinh": "1985-02-03"}).encode(),
        json.dumps({**QUESTION, "cccdCb": "040185000100"}).encode(),  # a kiosk does not choose its officer
    ],
)  # fmt: skip
def test_what_is_no_question_is_not_asked(gateway: BhxhGateway, settings: RelayServiceSettings, body: bytes) -> None:
    answer = client_of(settings).post("/check", content=body)
    assert (answer.status_code, answer.json()) == (400, {"error": "request.malformed"})
    assert gateway.asked == 0


def test_a_question_without_end_is_not_read(settings: RelayServiceSettings) -> None:
    assert client_of(settings).post("/check", content=b" " * 9_000).status_code == 413


def test_other_methods_and_addresses_are_not_there(settings: RelayServiceSettings) -> None:
    client = client_of(settings)
    assert client.get("/check").status_code == 405
    assert client.post("/verify", json={}).status_code == 404  # none is set


def test_a_name_is_sent_as_the_insurer_writes_it(gateway: BhxhGateway, settings: RelayServiceSettings) -> None:
    client_of(settings).post("/check", json={**QUESTION, "hoTen": "  Nguye\u0302\u0303n  Va\u0306n An "})
    assert gateway.checks[0]["hoTen"] == NAME


def test_the_log_says_who_asked_and_never_about_whom(
    settings: RelayServiceSettings, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    answer = client_of(settings).post("/check", json=QUESTION)
    (line,) = [record.getMessage() for record in caplog.records if record.name.startswith("kiosk_ui.service")]
    assert answer.json()["relay"]["transactionId"] in line
    for word in ("kiosk-1", "40001_BV", answer.json()["relay"]["officer"], "outcome 000"):
        assert word in line
    for word in (NUMBER, NAME, BORN, OFFICER, "Cán Bộ Thử", "token-one", "id_token"):
        assert word not in caplog.text


# ------------------------------------------------------------------------------- secrets, settings
def test_a_password_that_others_can_read_is_not_used(gateway: BhxhGateway, make_settings, tmp_path: Path) -> None:
    settings = make_settings(gateway)
    (tmp_path / "password").chmod(0o640)
    with pytest.raises(SettingsError) as caught:
        routes(settings)
    assert "chmod 600" in str(caught.value)
    assert PASSWORD not in str(caught.value)


def test_a_credential_of_systemd_is_used(gateway: BhxhGateway, make_settings, tmp_path: Path) -> None:
    settings = make_settings(gateway, password="credential:insurer")
    with pytest.raises(SettingsError, match="LoadCredential"):
        routes(settings, environment={})
    (tmp_path / "insurer").touch(mode=0o440)
    with pytest.raises(SettingsError, match="empty"):
        routes(settings, environment={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    (tmp_path / "insurer").chmod(0o600)
    (tmp_path / "insurer").write_text(PASSWORD, encoding="utf-8")
    found = routes(settings, environment={"CREDENTIALS_DIRECTORY": str(tmp_path)})
    client = AsgiClient(found, {"Authorization": "Bearer token-one"})
    assert client.post("/check", json=QUESTION).json()["maKetQua"] == "000"


@pytest.mark.parametrize(
    "changes",
    [
        {"gateway_url": "http://gateway.example"},
        {"gateway_url": "https://user:word@gateway.example"},
        {"gateway_url": "https://gateway.example/?token=1"},
        {"password": "TEST-password"},
        {"password": "credential:../shadow"},
        {"kiosks": {}},
        {"key_order": []},
        {"key_order": ["cmnd"]},
        {"total_timeout_s": 0},
    ],
)
def test_settings_that_would_be_unsafe_are_refused(gateway: BhxhGateway, make_settings, changes: dict) -> None:
    with pytest.raises(ValueError, match="validation error"):
        make_settings(gateway, **changes)


def test_settings_and_what_holds_secrets_show_none(settings: RelayServiceSettings) -> None:
    relay = Relay(settings)
    shown = repr(settings) + str(settings) + repr(vars(relay))
    for word in (OFFICER, PASSWORD, "token-one"):
        assert word not in shown


# ------------------------------------------------------------------------- authentication service
def test_a_verification_is_passed_through(gateway: BhxhGateway, make_settings) -> None:
    question = {
        "requestId": "0" * 32, "number": NUMBER, "fullName": NAME, "dateOfBirth": None, "evidenceSha256": "a" * 64,
    }  # fmt: skip
    with AuthenticationServiceEmulator({NUMBER: CardState(is_lost=True)}) as service:
        client = client_of(make_settings(gateway, verify_url=service.url))
        assert client.post("/verify", json=question).json()["result"] == "lost"
        service.misbehave(Misbehaviour.SERVER_ERROR)
        answer = client.post("/verify", json=question)
        assert (answer.status_code, answer.json()["error"]) == (502, "online.refused")
        assert client.post("/verify", json=question, headers={"Authorization": "Bearer x"}).status_code == 401


def test_an_unknown_class_is_not_invented() -> None:
    assert EligibilityKind.NOT_ASKED.value not in {kind.value for kind in kinds_by_code().values()}
