"""``chipid service``: what its settings refuse, what its command line says, and that it listens as it was told."""

from __future__ import annotations

import datetime as dt
import json
import ssl
from pathlib import Path

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from kiosk_ui.app.failures import SettingsError
from kiosk_ui.cli import main
from kiosk_ui.service.app import HospitalService, build
from kiosk_ui.service.listening import server
from kiosk_ui.service.queue.sign_in import check_pin
from kiosk_ui.service.settings import ServiceSettings, load_service_settings
from tests.service.service_scene import PIN, PIN_HASH, RunningService, desk, service_settings


def _table(tmp_path: Path, **changes: object) -> dict[str, object]:
    token = tmp_path / "token"
    token.write_text("a-token", encoding="ascii")
    token.chmod(0o600)
    return {
        "data_folder": str(tmp_path / "data"),
        "kiosks": {"kiosk-1": str(token)},
        "desks": [desk("noi1", ("noi",))],
        **changes,
    }


def _settings(tmp_path: Path, top: dict[str, object], **queue: object) -> ServiceSettings:
    path = tmp_path / "service.toml"
    path.write_text(_toml({**top, "queue": _table(tmp_path, **queue)}), encoding="utf-8")
    return load_service_settings(path)


def _toml(table: dict[str, object]) -> str:
    """Inline values are JSON, which TOML understands for everything but tables."""
    plain = [f"{name} = {json.dumps(value)}" for name, value in table.items() if name != "queue"]
    queue = dict(table["queue"])  # type: ignore[call-overload]
    kiosks, desks, rule = queue.pop("kiosks"), queue.pop("desks"), queue.pop("rule", {})
    lines = [*plain, "[queue]", *(f"{name} = {json.dumps(value)}" for name, value in queue.items())]
    lines += ["[queue.kiosks]", *(f"{name} = {json.dumps(value)}" for name, value in kiosks.items())]
    lines += ["[queue.rule]", *(f"{name} = {json.dumps(value)}" for name, value in rule.items())]
    for each in desks:
        lines += ["[[queue.desks]]", *(f"{name} = {json.dumps(value)}" for name, value in each.items())]
    return "\n".join(lines) + "\n"


def test_settings_are_read_from_a_file(tmp_path: Path) -> None:
    found = _settings(tmp_path, {"port": 9000}, rule={"ordinary_per_prioritised": 3}, second_language="fr")
    assert found.queue is not None
    assert (found.port, found.host) == (9000, "127.0.0.1")
    assert (found.queue.rule.ordinary_per_prioritised, found.queue.second_language) == (3, "fr")
    assert PIN_HASH not in repr(found)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.1.2.3", "queue.hospital.example"])  # noqa: S104 - refused
def test_nobody_listens_beyond_this_machine_in_the_clear_by_accident(tmp_path: Path, host: str) -> None:
    with pytest.raises(SettingsError, match="certificate and key"):
        _settings(tmp_path, {"host": host})
    assert _settings(tmp_path, {"host": host, "plain_http": True}).plain_http


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "::1", "localhost"])
def test_this_machine_needs_no_certificate(tmp_path: Path, host: str) -> None:
    assert _settings(tmp_path, {"host": host}).host == host


@pytest.mark.parametrize(
    ("queue", "said"),
    [
        ({"desks": [desk("noi1", ("khong_co",))]}, "no department"),
        ({"desks": [desk("noi1", ("noi",)), desk("noi1", ("mat",))]}, "given twice"),
        ({"desks": [{**desk("noi1", ("noi",)), "pin": PIN}]}, "chipid service pin"),
        ({"kiosks": {}}, "at least 1"),
        ({"rule": {"ordinary_per_prioritised": 0}}, "from 1 to 20"),
        ({"rule": {"colour": 1}}, "no setting named colour"),
        ({"record_url": "https://his.example/"}, "reference"),
        ({"days_kept": 400}, "14"),
        ({"colour": "blue"}, "no such setting"),
    ],
)
def test_each_mistake_in_the_settings_is_told(tmp_path: Path, queue: dict[str, object], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as caught:
        _settings(tmp_path, {}, **queue)
    assert PIN not in str(caught.value)


def test_a_service_with_nothing_to_do_is_a_mistake(tmp_path: Path) -> None:
    path = tmp_path / "empty.toml"
    path.write_text("port = 9000\n", encoding="utf-8")
    with pytest.raises(SettingsError, match="nothing to do"):
        load_service_settings(path)
    for content in (b"port = ", b"\xff\xfe"):
        path.write_bytes(content)
        with pytest.raises(SettingsError, match="not valid TOML"):
            load_service_settings(path)
    with pytest.raises(SettingsError, match="cannot be read"):
        load_service_settings(tmp_path / "nowhere.toml")


def test_a_token_that_others_can_read_is_refused(tmp_path: Path) -> None:
    settings = service_settings(tmp_path)
    (tmp_path / "kiosk-1.token").chmod(0o644)
    with pytest.raises(SettingsError, match="read by others"):
        build(settings)


def _certificate(folder: Path) -> tuple[Path, Path]:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "TEST 127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    certificate_file, key_file = folder / "certificate.pem", folder / "key.pem"
    certificate_file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    plain = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    key_file.write_bytes(key.private_bytes(*plain))
    return certificate_file, key_file


def test_with_a_certificate_it_speaks_tls_and_the_cookie_is_secure(tmp_path: Path) -> None:
    certificate, key = _certificate(tmp_path)
    settings = service_settings(tmp_path).model_copy(update={"certificate": certificate, "key": key})
    context = ssl.create_default_context(cafile=certificate)
    with (
        RunningService(settings) as running,
        httpx.Client(verify=context, trust_env=False, base_url=f"https://localhost:{running.port}") as client,
    ):
        answer = client.post("/staff/api/sign-in", json={"desk": "noi1", "pin": PIN})
        assert answer.status_code == 200
        assert "secure" in answer.headers["set-cookie"].lower()
        assert answer.headers["strict-transport-security"].startswith("max-age=")


def test_a_certificate_that_does_not_fit_its_key_is_told_before_anything_opens(tmp_path: Path) -> None:
    certificate, _ = _certificate(tmp_path)
    other = tmp_path / "other"
    other.mkdir()
    _, key = _certificate(other)
    settings = service_settings(tmp_path).model_copy(update={"certificate": certificate, "key": key})
    service = HospitalService(settings)
    try:
        with pytest.raises(SettingsError, match="certificate and key"):
            server(settings, service)
    finally:
        service.close()


def test_a_pin_becomes_a_hash(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    import io

    monkeypatch.setattr("sys.stdin", io.StringIO(f"{PIN}\n"))
    assert main(["service", "pin"]) == 0
    assert check_pin(PIN, capsys.readouterr().out.strip())
    monkeypatch.setattr("sys.stdin", io.StringIO("123456\n"))
    assert main(["service", "pin"]) == 2
    assert "123456" not in capsys.readouterr().err


def test_a_token_is_written_for_its_owner_and_never_over_another(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "kiosk.token"
    assert main(["service", "token", "--out", str(out)]) == 0
    token = out.read_text(encoding="ascii").strip()
    assert len(token) >= 43
    assert out.stat().st_mode & 0o077 == 0
    assert main(["service", "token", "--out", str(out)]) == 2
    assert out.read_text(encoding="ascii").strip() == token
    said = capsys.readouterr()
    assert token not in said.out + said.err


@pytest.mark.parametrize("arguments", [["service"], ["service", "token"], ["service", "dance"], ["service", "--port"]])
def test_wrong_usage_is_64(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 64


def test_settings_that_are_missing_are_told_in_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["service", "--settings", str(tmp_path / "nowhere.toml")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_the_example_in_the_documentation_is_true(tmp_path: Path) -> None:
    root = Path(__file__).resolve().parents[2]
    page = (root / "docs" / "queue.md").read_text(encoding="utf-8")
    example = page.split("```toml\n", 1)[1].split("```", 1)[0].replace("HASH", PIN_HASH)
    path = tmp_path / "service.toml"
    path.write_text(example, encoding="utf-8")
    found = load_service_settings(path)
    assert found.queue is not None
    assert {each.code for each in found.queue.desks} == {"noi1", "quay"}


def test_the_relay_is_mounted_beside_the_queue_or_alone(tmp_path: Path) -> None:
    def secret(name: str) -> str:
        path = tmp_path / name
        path.write_text("a-secret-of-the-test", encoding="ascii")
        path.chmod(0o600)
        return str(path)

    officer = {"officer_name": "Trần Thị Thử", "officer_number": "040185000123", "token": secret("token")}
    relay = {
        "gateway_url": "http://127.0.0.1:9",
        "username": "01001_BV",
        "password": secret("password"),
        "pseudonym_key": str(tmp_path / "officers.key"),
        "kiosks": {"kiosk-1": officer},
    }
    alone = ServiceSettings.model_validate({"relay": relay})
    both = service_settings(tmp_path).model_copy(update={"relay": alone.relay})
    for settings, parts in ((alone, {"relay"}), (both, {"queue", "relay"})):
        with RunningService(settings) as running, running.client() as client:
            assert set(client.get("/health").json()["parts"]) == parts
            assert client.post("/check", json={}).status_code == 401
            assert client.get("/staff").status_code == (200 if "queue" in parts else 404)
