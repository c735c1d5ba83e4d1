"""A hospital service of the test's own: two desks, two kiosks, a clock that the test moves."""

from __future__ import annotations

import datetime as dt
import functools
import ssl
import threading
import time
import uuid
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import uvicorn

from kiosk_ui.service.app import HospitalService
from kiosk_ui.service.listening import server
from kiosk_ui.service.queue.sign_in import check_pin, hash_pin
from kiosk_ui.service.settings import ServiceSettings

PIN = "395174"
PIN_HASH = hash_pin(PIN, b"sixteen bytes ok")
TOKENS = {"kiosk-1": "test-token-of-kiosk-1", "kiosk-2": "test-token-of-kiosk-2"}
NOW = dt.datetime(2026, 3, 2, 1, 30, tzinfo=dt.UTC)  # half past eight in Vietnam
DAY = dt.date(2026, 3, 2)


NO_AUTHORITIES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # plain HTTP: reading the system's takes longer than a test
_check_pin = functools.cache(check_pin)  # each PIN is worked out once in a run, not a tenth of a second for every test


class ManualClock:
    """Stands still until it is moved."""

    def __init__(self, now: dt.datetime = NOW) -> None:
        self._now = now
        self._seconds = 1000.0

    def now(self) -> dt.datetime:
        return self._now

    def monotonic(self) -> float:
        return self._seconds

    def advance(self, seconds: float) -> None:
        self._now += dt.timedelta(seconds=seconds)
        self._seconds += seconds


class RunningClock(ManualClock):
    """Begins at :data:`NOW` and runs."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.monotonic()

    def now(self) -> dt.datetime:
        return self._now + dt.timedelta(seconds=time.monotonic() - self._began)

    def monotonic(self) -> float:
        return time.monotonic()


def desk(code: str, queues: tuple[str, ...], place: str = "Phòng 101", place_en: str = "Room 101") -> dict[str, Any]:
    return {
        "code": code,
        "name": f"Bàn {code}",
        "place_vi": place,
        "place_en": place_en,
        "queues": list(queues),
        "pin": PIN_HASH,
    }


def service_settings(folder: Path, **queue: object) -> ServiceSettings:
    folder.mkdir(parents=True, exist_ok=True)
    kiosks = {}
    for name, token in TOKENS.items():
        path = folder / f"{name}.token"
        path.write_text(token + "\n", encoding="ascii")
        path.chmod(0o600)
        kiosks[name] = str(path)
    table: dict[str, object] = {
        "data_folder": folder / "service",
        "kiosks": kiosks,
        "desks": [
            desk("noi1", ("noi",)),
            desk("noi2", ("noi",), "Phòng 102", "Room 102"),
            desk("quay", ("counter", "noi", "mat"), "Quầy 3", "Counter 3"),
        ],
        "hospital": "Bệnh viện Mẫu",
        "record_url": "https://his.hospital.example/check-in?ref={reference}",
        **queue,
    }
    return ServiceSettings.model_validate({"port": 0, "requests_per_second": 5000, "queue": table})


class RunningService:
    """The service on loopback, in a thread. A context manager."""

    def __init__(self, settings: ServiceSettings, clock: ManualClock | None = None, port: int = 0) -> None:
        self.service = HospitalService(settings.model_copy(update={"port": port}), clock=clock or RunningClock())
        if self.service._sessions is not None:
            self.service._sessions._check = _check_pin
        self._server: uvicorn.Server = server(settings.model_copy(update={"port": port}), self.service)
        self._thread = threading.Thread(target=self._server.run, daemon=True)
        self._scheme = "http" if settings.certificate is None else "https"

    def __enter__(self) -> Self:
        self._thread.start()
        deadline = time.monotonic() + 20
        while not self._server.started:
            if time.monotonic() > deadline or not self._thread.is_alive():
                raise RuntimeError("the service did not start")
            time.sleep(0.01)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.should_exit = True
        self._thread.join(20)
        self.service.close()

    @property
    def port(self) -> int:
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self.port}"

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=self.url, trust_env=False, timeout=20, verify=NO_AUTHORITIES)


def ticket(number: str, **changes: object) -> dict[str, object]:
    """A ticket's body."""
    return {
        "day": DAY.isoformat(),
        "kind": "queue",
        "department": "noi",
        "number": number,
        "priority": "none",
        "issued_at": NOW.isoformat(),
        **changes,
    }


def put(client: httpx.Client, body: dict[str, object], check_in_id: uuid.UUID | None = None) -> httpx.Response:
    """As kiosk 1 sends it."""
    name = str(check_in_id or uuid.uuid4())
    return client.put(f"/queue/tickets/{name}", json=body, headers={"Authorization": f"Bearer {TOKENS['kiosk-1']}"})


class Staff:
    """Somebody at a desk's panel, without a browser."""

    def __init__(self, client: httpx.Client, desk_code: str, pin: str = PIN) -> None:
        self.client = client
        answer = client.post("/staff/api/sign-in", json={"desk": desk_code, "pin": pin})
        answer.raise_for_status()
        self.csrf = str(answer.json()["csrf"])

    @classmethod
    def signed_in(cls, client: httpx.Client, csrf: str) -> Staff:
        """Somebody whose browser has kept the session."""
        found = cls.__new__(cls)
        found.client, found.csrf = client, csrf
        return found

    def state(self) -> dict[str, Any]:
        answer = self.client.get("/staff/api/state")
        answer.raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    def post(self, name: str, body: dict[str, object], **headers: str) -> httpx.Response:
        return self.client.post(f"/staff/api/{name}", json=body, headers={"X-CSRF-Token": self.csrf, **headers})

    def call_next(self) -> dict[str, Any] | None:
        at = self.state()["current"]
        answer = self.post("call-next", {"current": at["key"] if at else None})
        answer.raise_for_status()
        called: dict[str, Any] | None = answer.json()["called"]
        return called
