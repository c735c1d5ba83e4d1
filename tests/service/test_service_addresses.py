"""The service over HTTP: who may ask what, what a stranger gets, and what no request can do."""

from __future__ import annotations

import concurrent.futures
import contextlib
import datetime as dt
import logging
import socket
import uuid
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from kiosk_ui.app.domain.check_in import reference_of
from kiosk_ui.service import listening
from kiosk_ui.service.guards import RateLimit
from kiosk_ui.service.listening import Connection
from kiosk_ui.service.queue.database import QueueDatabase
from kiosk_ui.service.queue.sign_in import LockOut, Sessions, check_pin, hash_pin, is_pin, is_pin_hash
from tests.service.service_scene import (
    DAY,
    PIN,
    TOKENS,
    ManualClock,
    RunningService,
    Staff,
    put,
    service_settings,
    ticket,
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def running(tmp_path: Path, clock: ManualClock) -> Iterator[RunningService]:
    with RunningService(service_settings(tmp_path), clock) as service:
        yield service


@pytest.fixture
def client(running: RunningService) -> Iterator[httpx.Client]:
    with running.client() as found:
        yield found


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    """One service for all requests that are refused: none of them changes it."""
    with RunningService(service_settings(tmp_path_factory.mktemp("shared"))) as service:
        yield service


@pytest.fixture(scope="module")
def anyone(shared: RunningService) -> Iterator[httpx.Client]:
    with shared.client() as found:
        yield found


# ------------------------------------------------------------------------------------------- kiosks
def test_a_ticket_is_taken_once_however_often_it_is_told(client: httpx.Client) -> None:
    check_in = uuid.uuid4()
    answers = [put(client, ticket("A001"), check_in) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 200, 200]
    assert answers[0].json() == {"state": "waiting", "twin": False, "wait_minutes": None}
    assert put(client, ticket("A002"), check_in).status_code == 409
    day = client.get(f"/queue/{DAY}", headers={"Authorization": f"Bearer {TOKENS['kiosk-2']}"}).json()
    assert next(each for each in day["queues"] if each["queue"] == "noi")["waiting"] == 1


@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer wrong", "Basic test-token-of-kiosk-1", "Bearer tést"]
)
def test_a_stranger_may_neither_tell_nor_ask(anyone: httpx.Client, authorization: str | None) -> None:
    headers = {} if authorization is None else {"Authorization": authorization.encode()}
    told = anyone.put(f"/queue/tickets/{uuid.uuid4()}", json=ticket("A001"), headers=headers)
    asked = anyone.get(f"/queue/{DAY}", headers=headers)
    assert (told.status_code, asked.status_code) == (401, 401)
    assert told.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "changes",
    [
        {"full_name": "Nguyễn Văn Thử"},  # there is no place for a person
        {"number": "a001"},
        {"number": "A001\n"},
        {"number": "<b>1"},
        {"priority": "important"},
        {"kind": "other"},
        {"day": "2026-02-30"},
        {"day": "2020-01-01"},
        {"department": "khong_co"},
        {"department": ""},
        {"issued_at": "2026-03-02T08:30:00"},  # without a zone nobody knows when
        {"issued_at": None},
        {"issued_at": 12},
    ],
)
def test_what_is_no_ticket_is_refused_and_said_to_be_so_for_good(
    anyone: httpx.Client, changes: dict[str, object]
) -> None:
    answer = put(anyone, ticket("A001") | changes)
    assert answer.status_code == 422
    assert "Nguyễn" not in answer.text


@pytest.mark.parametrize(
    "path", ["not-a-uuid", "A" * 300, "../../etc/passwd", "{}", "3D86371D-4438-4129-8309-D860E1C12B67"]
)
def test_what_is_no_check_in_is_not_found(anyone: httpx.Client, path: str) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['kiosk-1']}"}
    assert anyone.put(f"/queue/tickets/{path}", json=ticket("A001"), headers=headers).status_code in (404, 405)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"", "application/json", 422),
        (b"[]", "application/json", 422),
        (b"\xff\xfe", "application/json", 422),
        (b"[" * 5000, "application/json", 422),
        (b"x" * 9000, "application/json", 413),
        (b"{}", "text/plain", 415),
        (b"{}", "", 415),
    ],
)
def test_rubbish_is_refused_with_its_own_status(anyone: httpx.Client, content: bytes, kind: str, status: int) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['kiosk-1']}", "Content-Type": kind}
    answer = anyone.put(f"/queue/tickets/{uuid.uuid4()}", content=content, headers=headers)
    assert answer.status_code == status


def test_a_body_without_an_end_is_cut_off(anyone: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {TOKENS['kiosk-1']}", "Content-Type": "application/json"}
    endless = (b"x" * 1000 for _ in range(100))
    assert anyone.put(f"/queue/tickets/{uuid.uuid4()}", content=endless, headers=headers).status_code == 413


@pytest.mark.parametrize("raw", [b"\x16\x03\x01\x02\x00\x01", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 70_000])
def test_what_is_no_http_ends_the_connection_and_nothing_else(
    shared: RunningService, anyone: httpx.Client, raw: bytes
) -> None:
    with socket.create_connection(("127.0.0.1", shared.port), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        with contextlib.suppress(ConnectionResetError):
            assert b" 200 " not in connection.recv(1000)
    assert anyone.get("/health").status_code == 200


# -------------------------------------------------------------------------------------------- staff
def test_a_morning_at_a_desk(client: httpx.Client, clock: ManualClock) -> None:
    for number in range(1, 5):
        clock.advance(1)
        put(client, ticket(f"A{number:03d}", issued_at=clock.now().isoformat()))
    staff = Staff(client, "noi1")
    assert staff.state()["waiting"] == 4
    called = staff.call_next()
    assert called is not None
    assert called["label"] == "A001"
    skip = {"key": called["key"], "revision": called["revision"], "action": "skip"}
    assert staff.post("act", skip).json()["entry"]["state"] == "skipped"
    second = staff.call_next()
    assert second is not None
    assert second["label"] == "A002"
    stale = staff.post("call-next", {"current": called["key"]})
    assert (stale.status_code, stale.json()["error"]) == (409, "queue.entry_changed")
    state = staff.state()
    assert [each["label"] for each in state["skipped"]] == ["A001"]
    assert [each["label"] for each in state["following"]] == ["A003", "A004", "A001"]
    again = state["skipped"][0]
    taken = staff.post("call", {"key": again["key"], "revision": again["revision"], "current": second["key"]})
    assert taken.json()["called"]["label"] == "A001"


def test_emergency_priority_and_reference_at_the_counter(client: httpx.Client) -> None:
    check_in = uuid.uuid4()
    put(client, ticket("Q001", kind="counter", department="counter", priority="pregnant"), check_in)
    staff = Staff(client, "quay")
    (asked,) = staff.state()["asked"]
    decision = {"key": asked["key"], "revision": asked["revision"], "priority": "pregnant", "standing": "confirmed"}
    assert staff.post("priority", decision).json()["entry"]["standing"] == "confirmed"
    assert staff.post("find", {"text": reference_of(check_in)}).json()["found"][0]["label"] == "Q001"
    assert staff.post("emergency", {"queue": "noi"}).status_code == 201
    assert staff.post("emergency", {"queue": "san"}).status_code == 404
    called = staff.call_next()
    assert called is not None
    assert called["label"] == "CC001"


def test_nothing_can_be_seen_or_changed_without_signing_in(anyone: httpx.Client) -> None:
    assert anyone.get("/staff/api/state").status_code == 401
    for name in ("call-next", "call", "act", "priority", "emergency", "find"):
        assert anyone.post(f"/staff/api/{name}", json={}).status_code == 401, name


def test_the_cookie_is_for_our_pages_alone(anyone: httpx.Client) -> None:
    answer = anyone.post("/staff/api/sign-in", json={"desk": "noi1", "pin": PIN})
    cookie = answer.headers["set-cookie"].lower()
    for part in ("httponly", "samesite=strict", "path=/staff"):
        assert part in cookie
    assert "secure" not in cookie, "plain HTTP on loopback: the browser would drop it"


@pytest.mark.parametrize(
    "headers",
    [
        {"X-CSRF-Token": "wrong"},
        {"X-CSRF-Token": ""},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_another_sites_page_changes_nothing(shared: RunningService, headers: dict[str, str]) -> None:
    with shared.client() as client:
        staff = Staff(client, "noi1")
        assert staff.post("emergency", {"queue": "noi"}, **headers).status_code == 403
        assert staff.state()["waiting"] == 0


def test_a_form_of_another_site_cannot_be_read_as_ours(anyone: httpx.Client) -> None:
    staff = Staff(anyone, "noi1")
    answer = anyone.post(
        "/staff/api/call-next",
        content=b'{"current":null}',
        headers={"Content-Type": "text/plain", "X-CSRF-Token": staff.csrf},
    )
    assert answer.status_code == 415


def test_behind_a_proxy_that_changes_the_host_the_panel_works(client: httpx.Client) -> None:
    staff = Staff(client, "noi1")
    headers = {"Origin": "https://queue.hospital.example", "Sec-Fetch-Site": "same-origin"}
    assert staff.post("call-next", {"current": None}, **headers).status_code == 200


def test_signing_out_ends_the_session_also_for_who_kept_the_cookie(running: RunningService) -> None:
    with running.client() as one, running.client() as two:
        staff = Staff(one, "noi1")
        kept = {"Cookie": f"chipid_desk={one.cookies['chipid_desk']}"}
        assert two.get("/staff/api/state", headers=kept).status_code == 200
        assert staff.post("sign-out", {}).status_code == 200
        assert two.get("/staff/api/state", headers=kept).status_code == 401


def test_a_restart_signs_nobody_out(tmp_path: Path) -> None:
    settings = service_settings(tmp_path)
    with RunningService(settings) as first, first.client() as client:
        put(client, ticket("A001"))
        staff = Staff(client, "noi1")
        assert staff.call_next() is not None
        cookies = dict(client.cookies)
    with RunningService(settings) as second, second.client() as client:
        client.cookies.update(cookies)
        state = client.get("/staff/api/state").json()
        assert state["current"]["label"] == "A001"


def test_a_session_ends_after_a_shift_and_after_a_long_rest(client: httpx.Client, clock: ManualClock) -> None:
    staff = Staff(client, "noi1")
    for _ in range(5):
        clock.advance(2 * 3600)
        assert staff.state()["desk"]["code"] == "noi1"
    clock.advance(2 * 3600)
    assert client.get("/staff/api/state").status_code == 401, "twelve hours are over"
    Staff(client, "noi1")
    clock.advance(4 * 3600)
    assert client.get("/staff/api/state").status_code == 401, "nobody was there for four hours"


def test_a_clock_that_is_put_back_makes_no_session_last(client: httpx.Client, clock: ManualClock) -> None:
    Staff(client, "noi1")
    clock.advance(-3600)
    assert client.get("/staff/api/state").status_code == 401


# --------------------------------------------------------------------------------------- guessing PINs
def test_guessing_is_slowed_down_and_the_right_pin_does_not_help_meanwhile(
    client: httpx.Client, clock: ManualClock
) -> None:
    def attempt(pin: str) -> httpx.Response:
        return client.post("/staff/api/sign-in", json={"desk": "noi1", "pin": pin})

    for _ in range(5):
        assert attempt("000111").status_code == 403
    locked = attempt(PIN)
    assert (locked.status_code, locked.json()) == (429, {"error": "sign_in.locked", "wait_s": 30})
    assert locked.headers["Retry-After"] == "30"
    other = client.post("/staff/api/sign-in", json={"desk": "noi2", "pin": PIN})
    assert other.status_code == 200, "another desk is not locked"
    clock.advance(30)
    assert attempt("000111").status_code == 403
    assert attempt("000111").json()["wait_s"] == 60
    clock.advance(60)
    assert attempt(PIN).status_code == 200
    assert attempt("000111").status_code == 403, "and then it begins anew"


def test_many_guesses_at_once_gain_nothing(client: httpx.Client) -> None:
    def guess(number: int) -> int:
        answer = client.post("/staff/api/sign-in", json={"desk": "noi1", "pin": f"{200000 + 7 * number}"})
        return answer.status_code

    with concurrent.futures.ThreadPoolExecutor(10) as threads:
        found = list(threads.map(guess, range(20)))
    assert found.count(403) == 5
    assert found.count(429) == 15


def test_guessing_from_many_places_is_slowed_down_too() -> None:
    clock = ManualClock()
    lock = LockOut(50, clock.monotonic)
    assert [lock.begin("noi1") for _ in range(50)] == [0.0] * 50
    assert lock.begin("noi1") == 30
    clock.advance(30)
    for pause in (60, 120, 240, 480, 900, 900):
        assert lock.begin("noi1") == 0
        assert lock.begin("noi1") == pause
        clock.advance(pause)
    assert lock.forgive("noi1", 1) == 1
    assert lock.begin("noi1") == 0
    clock.advance(24 * 3600)
    assert lock.pause_s("noi1") == 0


def test_slips_of_staff_who_then_get_in_never_lock_the_desk(tmp_path: Path) -> None:
    clock = ManualClock()
    with contextlib.closing(QueueDatabase.file(tmp_path / "queue.sqlite")) as database:
        # Scrypt would take a minute for so many; the plain comparison stands for it.
        sessions = Sessions(database, {"noi1": PIN}, clock, check=str.__eq__)
        for morning in range(40):
            place = f"10.0.0.{morning % 3}"
            assert sessions.sign_in("noi1", "000111", place).token is None
            assert sessions.sign_in("noi1", "000112", place).token is None
            assert sessions.sign_in("noi1", PIN, place).token is not None
            clock.advance(3600 * 8)


def test_guessing_a_little_at_each_desk_is_slowed_down_too(tmp_path: Path) -> None:
    clock = ManualClock()
    with contextlib.closing(QueueDatabase.file(tmp_path / "queue.sqlite")) as database:
        sessions = Sessions(database, {f"d{number}": PIN for number in range(50)}, clock, check=str.__eq__)
        found = [sessions.sign_in(f"d{number}", "000111", "10.0.0.9").wait_s for number in range(50)]
        assert found[:20] == [0] * 20
        assert all(found[20:])
        assert sessions.sign_in("d49", PIN, "10.0.0.9").token is None
        assert sessions.sign_in("d49", PIN, "10.0.0.8").token is not None, (
            "staff at their own tablets are not locked out"
        )
        clock.advance(30)
        assert sessions.sign_in("d49", PIN, "10.0.0.9").token is not None


def test_one_browser_has_one_session(client: httpx.Client, running: RunningService) -> None:
    Staff(client, "noi1")
    kept = {"Cookie": f"chipid_desk={client.cookies['chipid_desk']}"}
    Staff(client, "noi2")
    with running.client() as other:
        assert other.get("/staff/api/state", headers=kept).status_code == 401
    assert client.get("/staff/api/state").json()["desk"]["code"] == "noi2"


def test_behind_a_proxy_with_tls_the_cookie_is_secure_even_if_the_proxy_says_nothing(anyone: httpx.Client) -> None:
    headers = {"Origin": "https://queue.hospital.example", "Sec-Fetch-Site": "same-origin"}
    answer = anyone.post("/staff/api/sign-in", json={"desk": "noi1", "pin": PIN}, headers=headers)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_an_unknown_desk_is_answered_like_a_wrong_pin(anyone: httpx.Client) -> None:
    answer = anyone.post("/staff/api/sign-in", json={"desk": "nobody", "pin": PIN})
    assert (answer.status_code, answer.json()) == (403, {"error": "sign_in.refused"})


def test_a_pin_that_anybody_would_try_first_is_none() -> None:
    for pin in ("12345", "1234567890123", "111111", "123456", "654321", "890123", "12a456", "", "١٢٣٤٥٦"):
        assert not is_pin(pin), pin
        with pytest.raises(ValueError, match="PIN"):
            hash_pin(pin)
    hashed = hash_pin(PIN)
    assert is_pin_hash(hashed)
    assert PIN not in hashed
    assert hash_pin(PIN) != hashed, "two desks with one PIN do not show it"
    assert check_pin(PIN, hashed)
    assert not check_pin("395175", hashed)
    for wrong in ("", "scrypt:a:b", "scrypt:" + "A" * 24 + ":" + "A" * 43, PIN):
        assert not is_pin_hash(wrong)
        assert not check_pin(PIN, wrong)


def test_nothing_that_opens_a_desk_is_logged_or_shown(
    client: httpx.Client, running: RunningService, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    check_in = uuid.uuid4()
    put(client, ticket("Q001", kind="counter", department="counter"), check_in)
    staff = Staff(client, "quay")
    staff.post("find", {"text": reference_of(check_in)})
    client.post("/staff/api/sign-in", json={"desk": "quay", "pin": "271828"})
    sessions = Sessions(running.service.book.database, {}, ManualClock())  # type: ignore[union-attr]
    said = caplog.text + repr(sessions.sign_in("quay", PIN, "a"))
    for secret in (PIN, "271828", TOKENS["kiosk-1"], client.cookies["chipid_desk"], reference_of(check_in)):
        assert secret not in said
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith("kiosk_ui"))
    assert str(check_in) not in ours
    assert "refused at desk quay" in ours


# -------------------------------------------------------------------------------- pages, limits, health
@pytest.mark.parametrize("path", ["/call", "/staff", "/health", "/pages/staff.js", "/call/state", "/nowhere"])
def test_every_answer_keeps_strangers_out_of_our_pages(anyone: httpx.Client, path: str) -> None:
    headers = anyone.get(path).headers
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["x-content-type-options"] == "nosniff"
    kept = {"/pages/staff.js": "no-cache", "/call/state": "public, max-age=1"}  # what hangs in the hall is no secret
    assert headers["cache-control"] == kept.get(path, "no-store")
    assert "server" not in headers


@pytest.mark.parametrize("path", ["/pages/../app.py", "/pages/%2e%2e/app.py", "/pages/", "/pages/texts", "/docs"])
def test_only_the_pages_own_files_are_served(anyone: httpx.Client, path: str) -> None:
    assert anyone.get(path).status_code in (404, 405)


def test_the_call_screen_tells_labels_and_places_only(client: httpx.Client) -> None:
    put(client, ticket("A001"))
    put(client, ticket("E001", department="mat"))
    staff = Staff(client, "noi1")
    staff.call_next()
    state = client.get("/call/state").json()
    (call,) = state["calls"]
    assert set(call) == {"id", "label", "place", "place_2", "at", "current"}
    assert (call["label"], call["place"], call["place_2"]) == ("A001", "Phòng 101", "Room 101")
    assert state["following"] == ["E001"]
    assert client.get("/call/state?queues=noi").json()["following"] == []
    for misspelt in ("", "nói", "noi,xyz"):
        assert client.get("/call/state", params={"queues": misspelt}).status_code == 404


def test_one_address_may_ask_so_often_and_no_more() -> None:
    clock = ManualClock()
    limit = RateLimit(10, clock.monotonic)
    assert sum(limit.allows("a") for _ in range(50)) == 20
    assert limit.allows("b")
    clock.advance(0.5)
    assert sum(limit.allows("a") for _ in range(50)) == 5
    clock.advance(-5)
    assert not limit.allows("a"), "a clock that goes back gives nothing"


def test_who_asks_too_often_is_told_when_to_come_back(tmp_path: Path, clock: ManualClock) -> None:
    settings = service_settings(tmp_path).model_copy(update={"requests_per_second": 5.0})
    with RunningService(settings, clock) as running, running.client() as client:
        found = [client.get("/health").status_code for _ in range(12)]
        assert found == [200] * 10 + [429] * 2
        assert client.get("/health").headers["retry-after"] == "1"
        clock.advance(1)
        assert client.get("/health").status_code == 200


def test_health_says_when_the_store_is_gone(
    client: httpx.Client, running: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/health").json() == {"status": "ok", "parts": {"queue": "ok"}}
    book = running.service.book
    assert book is not None
    with book.database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE queue_lane RENAME TO gone")
        connection.exec_driver_sql("ALTER TABLE queue_entry RENAME TO gone_too")
    answer = client.get("/health")
    assert (answer.status_code, answer.json()["parts"]) == (503, {"queue": "store.unavailable"})
    told = put(client, ticket("A001"))
    assert (told.status_code, told.json()) == (503, {"error": "store.unavailable"})
    assert client.get("/call/state").status_code == 503


def test_old_numbers_go_when_the_service_starts(tmp_path: Path, clock: ManualClock) -> None:
    settings = service_settings(tmp_path)
    with RunningService(settings, clock) as running, running.client() as client:
        put(client, ticket("A001"))
    clock.advance(dt.timedelta(days=3).total_seconds())
    with RunningService(settings, clock) as running, running.client() as client:
        headers = {"Authorization": f"Bearer {TOKENS['kiosk-1']}"}
        for _ in range(100):
            day = client.get(f"/queue/{DAY}", headers=headers).json()
            if not any(each["waiting"] for each in day["queues"]):
                break
        assert not any(each["waiting"] for each in day["queues"])


# ------------------------------------------------------------------------------------- connections
def test_who_never_ends_the_head_of_a_request_is_let_go(
    shared: RunningService, anyone: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "head_within_s", 0.2)
    with contextlib.ExitStack() as open_connections:
        started = [
            open_connections.enter_context(socket.create_connection(("127.0.0.1", shared.port), timeout=20))
            for _ in range(3)
        ]
        started[1].sendall(b"GET /health HT")
        started[2].sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"200 OK" in started[2].recv(4096)
        started[2].sendall(b"GET")
        for connection in started:
            with contextlib.suppress(ConnectionResetError):
                while connection.recv(4096):
                    pass  # the end of the first answer
    assert anyone.get("/health").status_code == 200


def test_an_answer_that_takes_long_is_not_cut_off(shared: RunningService, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Connection, "head_within_s", 0.05)
    with shared.client() as client:  # a wrong PIN takes longer than that
        for _ in range(2):
            assert client.post("/staff/api/sign-in", json={"desk": "nobody", "pin": "000112"}).status_code == 403


def test_one_address_has_so_many_connections_and_no_more(
    shared: RunningService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Connection, "most_from_one", 5)
    monkeypatch.setattr(listening, "is_loopback", lambda host: False)
    found = []
    with contextlib.ExitStack() as open_connections:
        for _ in range(8):
            connection = open_connections.enter_context(
                socket.create_connection(("127.0.0.1", shared.port), timeout=20)
            )
            with contextlib.suppress(OSError):
                connection.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
            try:
                found.append(b"200 OK" in connection.recv(4096))
            except ConnectionResetError:
                found.append(False)
    assert True in found[:5]
    assert found[5:] == [False] * 3
    for address, proxies in (("10.1.2.3", ["10.1.2.3"]), ("10.1.2.3", ["10.0.0.0/8"]), ("fd00::1", ["fd00::/8"])):
        assert listening.is_trusted(address, proxies)
        assert not listening.is_trusted("192.0.2.1", proxies)
    assert not listening.is_trusted("?", ["10.0.0.0/8"])
