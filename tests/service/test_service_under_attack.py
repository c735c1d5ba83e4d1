"""Requests that nobody sends by mistake, and a disk that is full: refused, named, and the next one is answered."""

from __future__ import annotations

import contextlib
import logging
import socket
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.service.service_scene import TOKENS, ManualClock, RunningService, Staff, put, service_settings, ticket

END = b"Connection: close\r\n\r\n"
KIOSK = f"Authorization: Bearer {TOKENS['kiosk-1']}\r\n".encode()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningService]:
    with RunningService(service_settings(tmp_path_factory.mktemp("attacked")), ManualClock()) as service:
        yield service


def sent(service: RunningService, octets: bytes) -> bytes:
    """All that comes back, at most a page."""
    found = b""
    with socket.create_connection(("127.0.0.1", service.port), timeout=20) as connection:
        connection.sendall(octets)
        with contextlib.suppress(ConnectionResetError):
            while len(found) < 20_000 and (part := connection.recv(4096)):
                found += part
    return found


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"GET /call/state HTTP/1.1\r\n" + END, 400),  # no host
        (b"GET /call/state HTTP/1.1\r\nHost: a\r\nHost: b\r\n" + END, 400),
        (b"POST /staff/api/sign-in HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n" + END, 400),
        (b"GET /call/state?queues=" + b"noi," * 3000 + b" HTTP/1.1\r\nHost: x\r\n" + END, 404),
        (b"GET /call/state HTTP/1.1\r\nHost: x\r\nIf-None-Match: " + b"a," * 6000 + b"\r\n" + END, 200),
        (b"GET /staff/api/state HTTP/1.1\r\nHost: x\r\nCookie: chipid_desk=" + b"a" * 12_000 + b"\r\n" + END, 401),
        (b"GET /queue/%00/holders HTTP/1.1\r\nHost: x\r\n" + KIOSK + END, 404),
        (b"GET /queue/9999-12-31 HTTP/1.1\r\nHost: x\r\n" + KIOSK + END, 200),
        (b"GET /queue/0001-01-01/holders HTTP/1.1\r\nHost: x\r\n" + KIOSK + END, 200),
        (b"GET /pages/..%2f..%2fapp.py HTTP/1.1\r\nHost: x\r\n" + END, 404),
        (b"GET /queue/today HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer \xff\xfe\r\n" + END, 401),
        (b"CONNECT x:443 HTTP/1.1\r\nHost: x\r\n" + END, 404),
    ],
)
def test_odd_heads_get_a_status_and_nothing_else(shared: RunningService, head: bytes, status: int) -> None:
    answer = sent(shared, head)
    assert answer.startswith(f"HTTP/1.1 {status}".encode())
    assert b"Traceback" not in answer
    assert str(Path.cwd()).encode() not in answer
    with shared.client() as client:
        assert client.get("/health").status_code == 200


def test_a_request_with_two_lengths_is_refused_and_what_follows_is_not_read(shared: RunningService) -> None:
    """Behind a proxy that believes the other length, the second request would be answered to somebody else."""
    two = (
        b"POST /staff/api/sign-in HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    answer = sent(shared, two)
    assert answer.startswith(b"HTTP/1.1 400")
    assert answer.count(b"HTTP/1.1") == 1


@pytest.mark.parametrize(
    "times",
    [
        {"sent_at": "0001-01-01T00:00:00+14:00", "issued_at": "9999-12-31T23:59:59-14:00"},
        {"sent_at": "9999-12-31T23:59:59-14:00", "issued_at": "0001-01-01T00:00:00+14:00"},
        {"sent_at": "9999-12-31T23:59:59-14:00", "issued_at": "9999-12-31T23:59:58-14:00", "day": "0001-01-01"},
    ],
)
def test_moments_at_the_ends_of_the_calendar_are_a_clock_that_is_wrong(
    shared: RunningService, times: dict[str, object]
) -> None:
    with shared.client() as client:
        answer = put(client, {**ticket("A777"), **times})
        assert (answer.status_code, answer.json()["state"]) == (201, "waiting")


def test_a_full_disk_is_said_and_what_was_confirmed_is_there_when_there_is_room(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with RunningService(service_settings(tmp_path), ManualClock()) as running, running.client() as client:
        assert running.service.book is not None
        engine = running.service.book.database._engine

        def full(connection: sqlite3.Connection, *_: object) -> None:
            pages = connection.execute("PRAGMA page_count").fetchone()[0]
            connection.execute(f"PRAGMA max_page_count = {pages}")

        confirmed = 0
        sa.event.listen(engine, "checkout", full)
        with caplog.at_level(logging.WARNING):
            for number in range(1, 200):
                answer = put(client, ticket(f"A{number:03d}"))
                if answer.status_code != 201:
                    break
                confirmed += 1
        assert (answer.status_code, answer.json()) == (503, {"error": "store.unavailable"})
        assert "A0" not in caplog.text
        assert client.get("/call/state").status_code == 200, "the hall sees what is there"
        sa.event.remove(engine, "checkout", full)

        def room_again(connection: sqlite3.Connection, *_: object) -> None:
            connection.execute("PRAGMA max_page_count = 1000000")

        sa.event.listen(engine, "checkout", room_again)
        assert put(client, ticket(f"A{confirmed + 1:03d}")).status_code == 201
        assert Staff(client, "noi1").state()["waiting"] == confirmed + 1
