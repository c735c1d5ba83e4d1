"""Tokens that end, visits of which more becomes known, appointments that are kept, and what R4B does not allow."""

from __future__ import annotations

import base64
import concurrent.futures
import json
import logging
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import ValidationError

from emulator.services.fhir_rules import fault_of
from emulator.services.fhir_server import FhirServer
from emulator.services.loopback import Misbehaviour, Reply
from kiosk_ui.app.domain.identification import Identification
from kiosk_ui.app.domain.insurance import Eligibility
from kiosk_ui.app.domain.patient import PatientKind
from kiosk_ui.app.failures import GatewayError, SettingsError
from kiosk_ui.app.gateways.fhir_access import signed_assertion
from kiosk_ui.app.gateways.fhir_resources import Joining, eligibility_request, transaction
from kiosk_ui.app.settings_fhir_access import FhirAccessSettings
from kiosk_ui.app.settings_hospital import FhirSettings
from reader.verification.identity import Assurance, HolderChecked
from tests.unit.hospital_records import AN, BORN, NAME, NOON, NUMBER, Peer, fhir_peer, record, secret_file, visitor

UNKNOWN = Eligibility.unavailable("relay.unreachable")


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[Peer]:
    made = fhir_peer(tmp_path)
    with made.site:
        yield made


@pytest.fixture
def server(peer: Peer) -> FhirServer:
    assert isinstance(peer.site, FhirServer)
    return peer.site


def with_secret(server: FhirServer, folder: Path, **changes: object) -> dict[str, object]:
    place = secret_file(folder, "client", "TEST+secret:&")
    access = {"token_url": server.token_url, "client_id": "TEST-kiosk", "secret": place, **changes}
    server.clients["TEST-kiosk"] = "TEST+secret:&"
    return {"access": access}


def with_key(
    server: FhirServer, folder: Path, key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
) -> dict[str, object]:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    server.clients["TEST-kiosk"] = key.public_key()
    access = {"token_url": server.token_url, "client_id": "TEST-kiosk", "key": secret_file(folder, "key.pem", pem)}
    return {"access": {**access, "key_id": "TEST-1"}}


# --------------------------------------------------------------------------------------------- tokens
def test_a_token_is_got_by_the_clients_secret_kept_and_renewed_once(
    peer: Peer, server: FhirServer, tmp_path: Path
) -> None:
    peer.add()
    system = peer.open(fhir=with_secret(server, tmp_path))
    assert system.find(AN).kind is PatientKind.KNOWN
    tokens = [each for each in server.addresses if each.startswith("/token")]
    assert system.find(AN).kind is PatientKind.KNOWN
    assert [each for each in server.addresses if each.startswith("/token")] == tokens, "one token for many questions"
    server.end_token()
    assert system.find(AN).kind is PatientKind.KNOWN
    assert len([each for each in server.addresses if each.startswith("/token")]) == len(tokens) + 1


@pytest.mark.parametrize(
    "make", [lambda: ec.generate_private_key(ec.SECP384R1()), lambda: rsa.generate_private_key(65537, 2048)]
)
def test_a_key_of_ones_own_proves_who_asks(peer: Peer, server: FhirServer, tmp_path: Path, make) -> None:
    peer.add()
    system = peer.open(fhir=with_key(server, tmp_path, make()))
    assert system.find(AN).kind is PatientKind.KNOWN
    server.end_token()
    assert system.find(AN).kind is PatientKind.KNOWN, "each assertion is a new one"


def test_a_hand_over_whose_token_ended_is_sent_again_as_it_was(peer: Peer, server: FhirServer, tmp_path: Path) -> None:
    system = peer.open(fhir=with_secret(server, tmp_path))
    system.find(AN)
    bodies: list[bytes] = []
    respond = server.respond

    def noted(request):
        if request.path == "/fhir":
            bodies.append(request.body)
            if len(bodies) == 1:
                server.end_token()
        return respond(request)

    server.respond = noted  # type: ignore[method-assign]
    system.hand_over(record())
    assert len(bodies) == 2
    assert bodies[0] == bodies[1]
    assert len(server.of_kind("Encounter")) == 1


def test_a_server_that_refuses_every_token_is_asked_twice_and_no_more(
    peer: Peer, server: FhirServer, tmp_path: Path
) -> None:
    system = peer.open(fhir=with_secret(server, tmp_path))
    server.misbehave(Misbehaviour.UNAUTHORISED, path="/fhir/Patient/$match")
    with pytest.raises(GatewayError) as caught:
        system.find(AN)
    assert (caught.value.code.name, caught.value.facts["http_status"]) == ("hospital.refused", 401)
    assert len([each for each in server.addresses if "match" in each]) == 2


def test_a_refused_client_is_not_tried_again_at_once(peer: Peer, server: FhirServer, tmp_path: Path) -> None:
    fhir = with_secret(server, tmp_path)
    server.clients.clear()
    system = peer.open(fhir=fhir)
    for _ in range(3):
        with pytest.raises(GatewayError) as caught:
            system.find(AN)
        assert caught.value.code.name == "hospital.refused"
        assert "TEST+secret" not in repr(caught.value) + str(caught.value.facts)
    assert server.addresses == ["/token?()"], "accounts get locked"


def test_many_questions_at_once_get_one_token(peer: Peer, server: FhirServer, tmp_path: Path) -> None:
    peer.add()
    system = peer.open(fhir=with_secret(server, tmp_path))
    with concurrent.futures.ThreadPoolExecutor(6) as threads:
        found = list(threads.map(lambda _: system.find(AN).kind, range(6)))
    assert set(found) == {PatientKind.KNOWN}
    assert len([each for each in server.addresses if each.startswith("/token")]) == 1


@pytest.mark.parametrize(
    "how",
    [Misbehaviour.RUBBISH, Misbehaviour.WRONG_TYPES, Misbehaviour.EMPTY, Misbehaviour.HUGE, Misbehaviour.REDIRECT],
)
def test_rubbish_in_place_of_a_token_is_named(
    peer: Peer, server: FhirServer, tmp_path: Path, how: Misbehaviour
) -> None:
    system = peer.open(fhir=with_secret(server, tmp_path))
    server.misbehave(how, path="/token", times=1)
    with pytest.raises(GatewayError) as caught:
        system.find(AN)
    assert caught.value.code.name.startswith("hospital.")
    assert system.find(AN).kind is PatientKind.NEW


@pytest.mark.parametrize("life", [10**400, -(10**400), 0, True, "300", None, 0.5])
def test_whatever_a_server_says_of_a_tokens_life_it_is_used(
    peer: Peer, server: FhirServer, tmp_path: Path, life: object
) -> None:
    server.expires_in = life  # type: ignore[assignment]
    assert peer.open(fhir=with_secret(server, tmp_path)).find(AN).kind is PatientKind.NEW


def test_a_token_in_a_file_is_read_again_when_it_is_refused(peer: Peer, server: FhirServer, tmp_path: Path) -> None:
    peer.add()
    system = peer.open()
    assert system.find(AN).kind is PatientKind.KNOWN
    server._token = "TEST-fresh"
    secret_file(tmp_path, "fhir", "TEST-fresh")
    assert system.find(AN).kind is PatientKind.KNOWN
    server._token = "TEST-another"
    (tmp_path / "fhir").unlink()
    with pytest.raises(GatewayError) as caught:
        system.find(AN)
    assert caught.value.facts["http_status"] == 401


def test_an_assertion_is_a_signed_word_about_ourselves() -> None:
    settings = FhirAccessSettings(token_url="https://fhir.example/token", client_id="TEST", key="/k", key_id="k1")
    key = ec.generate_private_key(ec.SECP384R1())
    head, claims, mark = signed_assertion(settings, key, 1_000_000, uuid.UUID(int=7)).split(".")

    def decoded(part: str) -> bytes:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))

    assert json.loads(decoded(head)) == {"typ": "JWT", "alg": "ES384", "kid": "k1"}
    assert json.loads(decoded(claims)) == {
        "iss": "TEST", "sub": "TEST", "aud": "https://fhir.example/token", "exp": 1_000_240, "jti": str(uuid.UUID(int=7)),
    }  # fmt: skip
    assert len(decoded(mark)) == 96


@pytest.mark.parametrize(
    "access",
    [
        {"client_id": "TEST"},
        {"client_id": "TEST", "secret": "/a", "key": "/b"},
        {"client_id": "T T", "secret": "/a"},
        {"client_id": "TEST", "secret": "not-a-place"},
        {"client_id": "TEST", "secret": "/a", "token_url": "http://fhir.example/token"},
        {"client_id": "TEST", "secret": "/a", "scope": "a  b"},
    ],
)
def test_access_that_cannot_be_meant_is_refused(access: dict) -> None:
    with pytest.raises(ValidationError):
        FhirAccessSettings(**{"token_url": "https://fhir.example/token", **access})
    with pytest.raises(ValidationError):
        FhirSettings(token="/t", access={"token_url": "https://f.example/t", "client_id": "T", "secret": "/s"})


def test_a_key_that_is_none_stops_the_start_and_is_not_shown(peer: Peer, server: FhirServer, tmp_path: Path) -> None:
    fhir = with_key(server, tmp_path, ec.generate_private_key(ec.SECP384R1()))
    for content in (
        "TEST-no-key",
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        .decode(),
    ):
        secret_file(tmp_path, "key.pem", content)
        with pytest.raises(SettingsError) as caught:
            peer.open(fhir=fhir)
        assert "key" in str(caught.value.problems)
        assert content not in str(caught.value.problems)


# -------------------------------------------------------------------------------------------- updates
def test_what_people_added_to_a_visit_stays(peer: Peer, server: FhirServer) -> None:
    system = peer.open()
    system.hand_over(record(eligibility=UNKNOWN))
    (encounter,) = server.of_kind("Encounter")
    place = f"Encounter/{encounter['id']}"
    theirs = {"url": f"http://his.example/{'bed' * 100}", "valueString": "3"}
    server.resources[place] = {**encounter, "status": "in-progress", "extension": [theirs, *encounter["extension"]]}
    system.hand_over(record(holder_checked=HolderChecked.STAFF))
    (now,) = server.of_kind("Encounter")
    assert now["status"] == "in-progress", "a visit that has begun does not arrive again"
    assert theirs in now["extension"]
    said = {each["url"].rsplit(":", 1)[-1]: each["valueString"] for each in now["extension"] if each != theirs}
    assert (said["insurer-result"], said["holder-checked"]) == ("000", "staff")
    assert len(server.of_kind("Coverage")) == 1
    before = dict(server.resources)
    system.hand_over(record(holder_checked=HolderChecked.STAFF))
    assert server.resources == before, "nothing new is nothing written"


def test_a_server_that_takes_somebody_elses_visit_for_this_one_is_told_nothing_of_it(
    peer: Peer, server: FhirServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = peer.open()
    system.hand_over(record(eligibility=UNKNOWN))
    before = {place: each for place, each in server.resources.items() if not place.startswith("Coverage")}
    monkeypatch.setattr(server, "_having", lambda condition: list(server.resources.values()))  # condition passed over
    with pytest.raises(GatewayError) as caught:
        system.hand_over(record(key=uuid.UUID(int=77), holder_checked=HolderChecked.STAFF))
    assert caught.value.code.name == "hospital.answer_unusable"
    assert {place: server.resources[place] for place in before} == before


class Written(Reply):
    """A body letter for letter."""

    def octets(self) -> bytes:
        return str(self.content).encode()


def test_numbers_that_people_wrote_into_a_visit_go_back_with_every_digit(peer: Peer, server: FhirServer) -> None:
    system = peer.open()
    system.hand_over(record(eligibility=UNKNOWN))
    (encounter,) = server.of_kind("Encounter")
    place = f"/fhir/Encounter/{encounter['id']}"
    theirs = '{"url": "http://his.example/x", "valueDecimal": 0.12345678901234567890}'
    said = f'"length": {{"value": 1.10, "unit": "h"}}, "extension": [{theirs}]'
    respond = server.respond
    put: list[str] = []

    def exact(request):
        if request.path != place:
            return respond(request)
        if request.method == "PUT":
            put.append(request.body.decode())
            return respond(request)
        whole = dict(server.resources[place.removeprefix("/fhir/")])
        whole.pop("extension")
        return Written(f"{json.dumps(whole)[:-1]}, {said}}}", content_type="application/fhir+json")

    server.respond = exact  # type: ignore[method-assign]
    system.hand_over(record())
    assert len(put) == 1
    assert '"value": 1.10' in put[0]
    assert '"valueDecimal": 0.12345678901234567890' in put[0]


def test_a_servers_ids_stand_in_no_log(peer: Peer, server: FhirServer, caplog: pytest.LogCaptureFixture) -> None:
    """Some servers make them from a person's number."""
    system = peer.open()
    system.hand_over(record(eligibility=UNKNOWN))
    (encounter,) = server.of_kind("Encounter")
    held = server.resources.pop(f"Encounter/{encounter['id']}")
    server.resources[f"Encounter/{NUMBER}"] = {**held, "id": NUMBER}
    server.takes_updates = ()
    with caplog.at_level(logging.DEBUG):
        system.hand_over(record())
    assert "stays as it was" in caplog.text
    assert NUMBER not in caplog.text


def test_a_change_that_crosses_another_is_tried_again_and_loses_nothing(peer: Peer, server: FhirServer) -> None:
    system = peer.open()
    system.hand_over(record(eligibility=UNKNOWN))
    (encounter,) = server.of_kind("Encounter")
    place = f"/fhir/Encounter/{encounter['id']}"
    respond = server.respond

    def crossing(request):
        if request.method == "PUT" and request.path == place:
            now = server.resources[f"Encounter/{encounter['id']}"]
            changed = {**now, "status": "triaged", "meta": {"versionId": str(int(now["meta"]["versionId"]) + 1)}}
            server.resources[f"Encounter/{encounter['id']}"] = changed
            server.respond = respond  # type: ignore[method-assign]
        return respond(request)

    server.respond = crossing  # type: ignore[method-assign]
    with pytest.raises(GatewayError) as caught:
        system.hand_over(record())
    assert (caught.value.code.name, caught.value.facts["http_status"]) == ("hospital.refused", 412)
    system.hand_over(record())
    (now,) = server.of_kind("Encounter")
    assert now["status"] == "triaged"
    assert "relay.unreachable" not in json.dumps(now)


def test_a_server_that_lets_nobody_change_anything_has_the_visit_all_the_same(
    peer: Peer, server: FhirServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.takes_updates = ()
    system = peer.open()
    first = system.hand_over(record(eligibility=UNKNOWN))
    with caplog.at_level(logging.WARNING):
        assert system.hand_over(record()) == first
    assert "stays as it was" in caplog.text
    assert NUMBER not in caplog.text


# --------------------------------------------------------------------------------------- appointments
def booked(server: FhirServer, **more: object) -> str:
    who = [{"actor": {"reference": "Patient/P-7"}, "status": "accepted"}]
    times = {"start": "2026-03-02T12:30:00+07:00", "end": "2026-03-02T12:45:00+07:00"}
    return server.put("Appointment", **{"status": "booked", "participant": who, "comment": "TEST", **times, **more})


def test_a_kept_appointment_is_marked_as_arrived_and_nothing_else_of_it_changes(peer: Peer, server: FhirServer) -> None:
    made = booked(server)
    before = server.resources[f"Appointment/{made}"]
    system = peer.open()
    for _ in range(2):
        system.hand_over(record(patient_id="P-7", appointment_id=made))
    now = server.resources[f"Appointment/{made}"]
    assert now == {**before, "status": "arrived", "meta": {"versionId": "2"}}


def test_whoever_only_claims_a_number_keeps_nobodys_appointment(peer: Peer, server: FhirServer) -> None:
    made = booked(server)
    claimed = visitor(assurance=Assurance.TYPED, identification=Identification.TYPED)
    peer.open().hand_over(record(claimed, patient_id="P-7", appointment_id=made))
    assert server.resources[f"Appointment/{made}"]["status"] == "booked"


@pytest.mark.parametrize("status", ["checked-in", "fulfilled", "cancelled", "noshow"])
def test_what_people_decided_about_an_appointment_stands(peer: Peer, server: FhirServer, status: str) -> None:
    made = booked(server, status=status)
    peer.open().hand_over(record(patient_id="P-7", appointment_id=made))
    assert server.resources[f"Appointment/{made}"]["status"] == status


@pytest.mark.parametrize(
    "how", [Misbehaviour.SERVER_ERROR, Misbehaviour.RUBBISH, Misbehaviour.HANG_UP, Misbehaviour.NOT_FOUND]
)
def test_a_visit_arrives_whatever_becomes_of_its_appointment(peer: Peer, server: FhirServer, how: Misbehaviour) -> None:
    made = booked(server)
    server.misbehave(how, path=f"/fhir/Appointment/{made}")
    assert peer.open().hand_over(record(patient_id="P-7", appointment_id=made)).reference
    server.misbehave(Misbehaviour.NONE)
    server.takes_updates = ()
    assert peer.open().hand_over(record(patient_id="P-7", appointment_id=made)).reference


# ------------------------------------------------------------------------------------- what R4B allows
def ours() -> list[dict]:
    made = transaction(record(appointment_id="A-1"), FhirSettings(), Joining(), department="noi", xml0=b"<x/>")
    found = [entry["resource"] for entry in made["entry"]]
    return [*found, eligibility_request(FhirSettings(), NUMBER, NAME, BORN, NOON, uuid.UUID(int=1))]


def test_everything_that_is_sent_is_what_r4b_allows() -> None:
    assert [(each["resourceType"], fault_of(each)) for each in ours()] == [
        (kind, None)
        for kind in ("Patient", "Coverage", "Consent", "DocumentReference", "Encounter", "CoverageEligibilityRequest")
    ]


@pytest.mark.parametrize(
    ("kind", "changes", "fault"),
    [
        ("Encounter", {"status": "here"}, "Encounter.status"),
        ("Encounter", {"class": None}, "Encounter.class"),
        ("Encounter", {"visit": "x"}, "Encounter.visit"),
        ("Encounter", {"serviceType": [{"text": "x"}]}, "Encounter.serviceType"),
        ("Encounter", {"appointment": {"reference": "Appointment/1"}}, "Encounter.appointment"),
        ("Encounter", {"extension": [{"url": "urn:x"}]}, "ext-1"),
        ("Coverage", {"payor": []}, "Coverage.payor"),
        ("Consent", {"policyRule": None}, "Consent.policyRule"),
        ("Consent", {"provision": {"type": "permit"}}, "Consent.provision.type"),
        ("Consent", {"provision": {"provision": [{"purpose": [{"code": "x"}]}]}}, "Consent.provision.provision.type"),
        ("DocumentReference", {"content": [{"format": {"code": "x"}}]}, "DocumentReference.content.attachment"),
        ("DocumentReference", {"date": "2026-03-02"}, "DocumentReference.date"),
        ("Patient", {"birthDate": "03/02/1985"}, "Patient.birthDate"),
        ("Patient", {"contact": [{"gender": "male"}]}, "pat-1"),
        ("Patient", {"link": [{"other": {"reference": "Patient/1"}, "type": "same"}]}, "Patient.link.type"),
        ("CoverageEligibilityRequest", {"purpose": ["insured"]}, "CoverageEligibilityRequest.purpose"),
    ],
)
def test_the_emulated_server_refuses_what_r4b_does_not_allow(kind: str, changes: dict, fault: str) -> None:
    resource = next(each for each in ours() if each["resourceType"] == kind)
    assert fault_of({**resource, **changes}) == fault


def test_an_appointment_has_both_ends_and_somebody_who_takes_part() -> None:
    who = [{"actor": {"reference": "Patient/1"}, "status": "accepted"}]
    good = {"resourceType": "Appointment", "status": "booked", "participant": who}
    ends = {"start": "2026-03-02T12:30:00Z", "end": "2026-03-02T12:45:00Z"}
    assert fault_of({**good, **ends}) is None
    assert fault_of({**good, "start": ends["start"]}) == "app-2"
    assert fault_of(good) == "app-3"
    assert fault_of({**good, "status": "proposed"}) is None
    assert fault_of({**good, **ends, "participant": [{"status": "accepted"}]}) == "app-1"
    assert fault_of({"resourceType": "Nobody"}) == "resourceType"
