"""Patients' data goes to nobody who cannot show the right certificate."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from emulator.services.authentication_service import AuthenticationServiceEmulator, CardState
from emulator.services.bhxh_gateway import BhxhGateway
from emulator.services.insurance_gateway import InsuranceRelay
from kiosk_ui.app.domain.insurance import EligibilityKind
from kiosk_ui.app.domain.patient import PatientKind
from kiosk_ui.app.failures import GatewayError, SettingsError
from kiosk_ui.app.gateways.authentication import service_of
from kiosk_ui.app.gateways.hospital_choice import insurer_of
from kiosk_ui.app.settings import AuthenticationSettings, RelaySettings, Settings
from kiosk_ui.service.relay.routes import routes
from kiosk_ui.service.relay.settings import RelayServiceSettings
from reader.verification.online import OnlineQuery, OnlineStatus
from tests.unit.asgi_client import AsgiClient
from tests.unit.hospital_records import (
    AN,
    ASK_AN,
    BORN,
    NAME,
    NOON,
    NUMBER,
    Peer,
    fhir_peer,
    medipay_peer,
    record,
    secret_file,
)


def certificate(folder: Path, name: str, address: str = "127.0.0.1", ended: bool = False) -> Path:
    """A TEST certificate that signs itself, with its key, in one PEM file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"TEST {name}")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=10))
        .not_valid_after(now + dt.timedelta(days=-1 if ended else 1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(address))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / f"{name}.pem"
    path.touch(mode=0o600)
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + made.public_bytes(pem))
    return path


def serving(path: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(path)
    return context


@pytest.fixture(params=[medipay_peer, fhir_peer], ids=["medipay", "fhir"])
def peer(request: pytest.FixtureRequest, tmp_path: Path) -> Peer:
    return request.param(tmp_path)


def test_the_hospitals_own_authority_is_believed_if_it_is_set(peer: Peer, tmp_path: Path) -> None:
    own = certificate(tmp_path, "own")
    peer.site.tls = serving(own)
    with peer.site:
        system = peer.open(authority=own)
        assert system.find(AN).kind is PatientKind.NEW
        assert system.hand_over(record()).reference


@pytest.mark.parametrize("how", ["unknown", "another authority", "another host", "ended"])
def test_a_certificate_that_does_not_fit_gets_nothing(peer: Peer, tmp_path: Path, how: str) -> None:
    shown = certificate(tmp_path, "shown", "127.0.0.2" if how == "another host" else "127.0.0.1", ended=how == "ended")
    trusted = certificate(tmp_path, "other") if how == "another authority" else shown
    peer.site.tls = serving(shown)
    with peer.site:
        system = peer.open() if how == "unknown" else peer.open(authority=trusted)
        for ask in (lambda: system.find(AN), lambda: system.hand_over(record())):
            with pytest.raises(GatewayError) as caught:
                ask()
            assert caught.value.code.name == "hospital.unreachable"
        assert peer.site.asked == 0


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_an_authority_that_cannot_be_used_stops_the_start(peer: Peer, tmp_path: Path, content: str | None) -> None:
    path = tmp_path / "authority.pem"
    if content is not None:
        path.write_text(content, encoding="ascii")
    with pytest.raises(SettingsError, match=r"authority\.pem"):
        peer.open(authority=path)


@pytest.mark.parametrize("is_trusted", [True, False])
def test_the_relay_shows_the_hospitals_account_to_the_right_gateway_only(tmp_path: Path, is_trusted: bool) -> None:
    own = certificate(tmp_path, "gateway")
    gateway = BhxhGateway(password="TEST-password")
    gateway.tls = serving(own)
    with gateway:
        kiosk = {"officer_name": "Cán Bộ Thử", "officer_number": "040185000099"}
        settings = RelayServiceSettings.model_validate(
            {
                "gateway_url": gateway.base_url,
                "username": "40001_BV",
                "password": secret_file(tmp_path, "password", "TEST-password"),
                "kiosks": {"kiosk-1": {"token": secret_file(tmp_path, "token", "TEST-token"), **kiosk}},
                "pseudonym_key": tmp_path / "pseudonyms.key",
                "authority": own if is_trusted else None,
            }
        )
        client = AsgiClient(routes(settings), {"Authorization": "Bearer TEST-token"})
        answer = client.post("/check", json={"maThe": NUMBER, "hoTen": NAME, "ngaySinh": "03/02/1985"})
        assert answer.status_code == (200 if is_trusted else 502)
        assert (gateway.asked > 0) is is_trusted


@pytest.mark.parametrize("is_trusted", [True, False])
def test_a_relay_with_the_hospitals_own_certificate_is_asked_if_the_kiosk_knows_whose_it_is(
    tmp_path: Path, is_trusted: bool
) -> None:
    own = certificate(tmp_path, "relay")
    relay, service = InsuranceRelay(today=NOON.date()), AuthenticationServiceEmulator(others=CardState())
    relay.tls, service.tls = serving(own), serving(own)
    authority = own if is_trusted else None
    with relay, service:
        kiosk = insurer_of(Settings(relay=RelaySettings(url=relay.url, authority=authority)), now=lambda: NOON)
        lost = service_of(AuthenticationSettings(url=service.url, authority=authority))
        assert lost is not None
        answer = lost.query(OnlineQuery("0" * 32, NUMBER, NAME, BORN, "0" * 64))
        assert answer.status is (OnlineStatus.MATCHES if is_trusted else OnlineStatus.NO_ANSWER)
        if is_trusted:
            assert kiosk.check(ASK_AN).kind is EligibilityKind.OK
        else:
            with pytest.raises(GatewayError):
                kiosk.check(ASK_AN)
        assert (relay.asked + service.asked > 0) is is_trusted


@pytest.mark.parametrize(
    "address", ["https://host:99999/x", "https://host:port/x", "https://ho st/x", "https://host/\n"]
)
def test_an_address_that_is_none_is_refused_with_the_settings(address: str) -> None:
    for table in ({"hospital": {"kind": "fhir", "url": address}}, {"relay": {"url": address}}):
        with pytest.raises(ValidationError):
            Settings(**table)
