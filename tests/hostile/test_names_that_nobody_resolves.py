"""A name server that does not answer holds up nobody: the time for a question includes finding the address."""

from __future__ import annotations

import datetime as dt
import socket
import threading
from collections.abc import Iterator

import pytest

from kiosk_ui.app.gateways.authentication import HttpAuthenticationService
from reader.verification.online import OnlineQuery, OnlineStatus

HOST = "service.example"
QUESTION = OnlineQuery("0" * 32, "040085000017", "Nguy\u1ec5n V\u0103n An", dt.date(1985, 2, 3), "0" * 64)
MUCH_TOO_LATE_S = 30.0


class SilentNameServer:
    """Answers nobody until it is told to, or until somebody has waited much too long."""

    def __init__(self) -> None:
        self.may_answer = threading.Event()
        self.asked_in: list[threading.Thread] = []
        self.was_waited_for = False

    def __call__(self, host: str | bytes | None, *_: object, **__: object) -> list[object]:
        assert host in (HOST, HOST.encode())
        self.asked_in.append(threading.current_thread())
        self.was_waited_for = not self.may_answer.wait(MUCH_TOO_LATE_S)
        raise socket.gaierror(socket.EAI_AGAIN, "nobody knows")


@pytest.fixture
def name_server(monkeypatch: pytest.MonkeyPatch) -> Iterator[SilentNameServer]:
    server = SilentNameServer()
    monkeypatch.setattr(socket, "getaddrinfo", server)
    yield server
    server.may_answer.set()
    for thread in server.asked_in:
        thread.join(MUCH_TOO_LATE_S)


def test_a_silent_name_server_is_no_answer_and_is_not_waited_for(name_server: SilentNameServer) -> None:
    service = HttpAuthenticationService(f"https://{HOST}/verify", connect_timeout_s=0.2, total_timeout_s=0.4)
    answer = service.query(QUESTION)
    assert (answer.status, answer.error) == (OnlineStatus.NO_ANSWER, "online.no_answer_in_time")
    assert name_server.asked_in
    assert not name_server.was_waited_for
    assert all(thread.is_alive() for thread in name_server.asked_in), "the answer came before the name server's"
    assert all(thread.daemon for thread in name_server.asked_in), "nor does the end of the program wait for it"


def test_a_name_that_nobody_knows_is_said_to_be_unreachable(name_server: SilentNameServer) -> None:
    name_server.may_answer.set()
    service = HttpAuthenticationService(f"https://{HOST}/verify", connect_timeout_s=20.0, total_timeout_s=20.0)
    answer = service.query(QUESTION)
    assert (answer.status, answer.error) == (OnlineStatus.NO_ANSWER, "online.unreachable")
