"""The relay among many kiosks: one token for each, an outage that holds up nothing else, ends of tokens of all shapes."""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn
from anyio.to_thread import current_default_thread_limiter
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from crypto.primitives.secret import Secret
from emulator.services.authentication_service import AuthenticationServiceEmulator, CardState
from emulator.services.bhxh_gateway import CHECK_PATH, TOKEN_PATH, BhxhGateway, Misbehaviour
from emulator.services.loopback import Reply
from emulator.services.loopback import Request as Asked
from kiosk_ui.app.failures import GatewayError, SettingsError
from kiosk_ui.app.gateways.authentication import service_of
from kiosk_ui.app.settings import AuthenticationSettings
from kiosk_ui.service.relay.insurer import InsurerGateway, Officer, Question
from kiosk_ui.service.relay.routes import routes
from kiosk_ui.service.relay.settings import RelayServiceSettings
from reader.verification.online import OnlineQuery, OnlineStatus
from tests.unit.asgi_client import AsgiClient
from tests.unit.hospital_records import BORN, NAME, NUMBER, secret_file

QUESTION = {"maThe": NUMBER, "hoTen": NAME, "ngaySinh": "03/02/1985"}
ME = {"Authorization": "Bearer token-1"}


def settings_of(folder: Path, gateway_url: str, kiosks: int = 1, **changes: object) -> RelayServiceSettings:
    officer = {"officer_name": "Cán Bộ Thử", "officer_number": "040185000099"}
    given = {
        "gateway_url": gateway_url,
        "username": "40001_BV",
        "password": secret_file(folder, "password", "TEST-password"),
        "kiosks": {f"kiosk-{n}": {"token": secret_file(folder, f"k{n}", f"token-{n}"), **officer} for n in range(1, kiosks + 1)},
        "pseudonym_key": folder / "pseudonyms.key",
    }  # fmt: skip
    return RelayServiceSettings.model_validate({**given, **changes})


@pytest.fixture
def gateway() -> Iterator[BhxhGateway]:
    with BhxhGateway() as running:
        yield running


class OddEnds(BhxhGateway):
    """Tells the end of its tokens as ``end``."""

    end: object = None

    def respond(self, request: Asked) -> Reply:
        reply = super().respond(request)
        if request.path == TOKEN_PATH and isinstance(reply.content, dict):
            reply.content["APIKey"]["expires_in"] = self.end
        return reply


@pytest.mark.parametrize(
    "end",
    [None, 3600.5, True, [], {"seconds": 60}, "", "x" * 5_000, -5, "9" * 60, "0001-01-01T00:00:00+23:59",
     "9999-12-31T23:59:59-23:59", "2026-05-21T04:19:24.8718957Z"],
)  # fmt: skip
def test_a_token_is_good_whatever_is_said_of_its_end(tmp_path: Path, end: object) -> None:
    with OddEnds() as odd:
        odd.end = end
        client = AsgiClient(routes(settings_of(tmp_path, odd.base_url)), ME)
        for _ in range(2):
            assert client.post("/check", json=QUESTION).json()["maKetQua"] == "000"
        assert odd.tokens_taken == 1


def test_two_kiosks_with_one_token_would_ask_in_each_others_name(tmp_path: Path, gateway: BhxhGateway) -> None:
    settings = settings_of(tmp_path, gateway.base_url, kiosks=2)
    (tmp_path / "k2").write_text("token-1\r\n", encoding="ascii")
    with pytest.raises(SettingsError) as caught:
        routes(settings)
    assert "token-1" not in str(caught.value)


@contextlib.contextmanager
def served(settings: RelayServiceSettings, *more: Route) -> Iterator[str]:
    """The relay, really listening."""
    config = uvicorn.Config(
        Starlette(routes=[*routes(settings), *more]), host="127.0.0.1", port=0, log_config=None, ws="none"
    )
    server, listening = uvicorn.Server(config), config.bind_socket()
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    listening.listen()  # connections wait here until the server takes them
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(10)
        listening.close()


def test_an_insurer_that_is_silent_takes_no_thread_from_the_pages_beside_the_relay(
    tmp_path: Path, gateway: BhxhGateway
) -> None:
    async def page(request: Request) -> Response:
        return PlainTextResponse(str(current_default_thread_limiter().borrowed_tokens))

    def ask(path: str) -> httpx.Response:
        return httpx.request("GET" if path == "/page" else "POST", url + path, json=QUESTION, headers=ME, timeout=30)

    settings = settings_of(tmp_path, gateway.base_url, total_timeout_s=5.0)
    with served(settings, Route("/page", page)) as url, concurrent.futures.ThreadPoolExecutor(45) as kiosks:
        assert ask("/check").status_code == 200
        gateway.misbehave(Misbehaviour.SLOW, path=CHECK_PATH)
        asked = [kiosks.submit(ask, "/check") for _ in range(45)]
        while gateway.asked < 20:
            threading.Event().wait(0.01)
        assert ask("/page").text == "0"
        gateway.stop()  # wakes those who wait
        assert {each.result().status_code for each in asked} <= {502, 504}


def test_who_has_waited_too_long_is_not_asked_about_any_more(tmp_path: Path, gateway: BhxhGateway) -> None:
    settings = settings_of(tmp_path, gateway.base_url)
    insurer = InsurerGateway(settings, Secret(b"TEST-password"))
    with pytest.raises(GatewayError) as caught:
        insurer.check(Question({"cccd": NUMBER}, NAME, "03/02/1985"), Officer("Cán Bộ Thử", "040185000099"), waited_s=4)
    assert caught.value.code.name == "insurer.no_answer_in_time"
    assert gateway.asked == 0


def test_a_kiosk_asks_the_authentication_service_through_the_relay(tmp_path: Path, gateway: BhxhGateway) -> None:
    question = OnlineQuery("0" * 32, NUMBER, NAME, BORN, "0" * 64)
    token = secret_file(tmp_path, "kiosk-token", "token-1")
    with AuthenticationServiceEmulator({NUMBER: CardState(is_lost=True)}) as service:
        settings = settings_of(tmp_path, gateway.base_url, verify_url=service.url)
        with served(settings) as url:
            known = service_of(AuthenticationSettings(url=f"{url}/verify", token=token))
            assert known is not None
            assert known.query(question).status is OnlineStatus.LOST
            stranger = service_of(AuthenticationSettings(url=f"{url}/verify"))
            assert stranger is not None
            assert stranger.query(question).status is OnlineStatus.NO_ANSWER
