"""The watchdog is fed while everything lives, and only then. Told over a real socket, as the service manager has it."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk_ui.app.operation.service_manager import ServiceManager
from kiosk_ui.app.operation.signs_of_life import Pulse, SignsOfLife
from kiosk_ui.app.operation.watchdog import Watchdog


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Manager:
    """The other end: what systemd hears."""

    def __init__(self, address: str) -> None:
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(address)
        self.line.settimeout(5)

    def heard(self) -> list[str]:
        return self.line.recv(4096).decode().split("\n")

    def is_silent(self) -> bool:
        self.line.setblocking(False)
        try:
            self.line.recv(4096)
        except BlockingIOError:
            return True
        finally:
            self.line.settimeout(5)
        return False


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    other = Manager(str(tmp_path / "notify"))
    yield other
    other.line.close()


def environment(tmp_path: Path, **more: str) -> dict[str, str]:
    return {"NOTIFY_SOCKET": str(tmp_path / "notify"), **more}


def parts(clock: Clock) -> tuple[Pulse, Pulse, Pulse]:
    return (
        Pulse("interface", 10, monotonic=clock),
        Pulse("reader", 30, always=False, monotonic=clock),
        Pulse("outbox", 180, monotonic=clock),
    )


def test_a_living_kiosk_feeds_the_watchdog(tmp_path: Path, manager: Manager) -> None:
    clock = Clock()
    dog = Watchdog(SignsOfLife(parts(clock)), ServiceManager(environment(tmp_path)))
    assert dog.look() == ()
    assert manager.heard() == ["WATCHDOG=1", "STATUS=everything lives"]
    assert dog.look() == ()
    assert manager.heard() == ["WATCHDOG=1"]


@pytest.mark.parametrize("stuck", [0, 2])
def test_a_thread_that_shows_no_sign_stops_the_feeding_until_it_lives_again(
    stuck: int, tmp_path: Path, manager: Manager
) -> None:
    clock = Clock()
    pulses = parts(clock)
    dog = Watchdog(SignsOfLife(pulses), ServiceManager(environment(tmp_path)))
    dog.look()
    manager.heard()
    clock.now += 181
    for index, pulse in enumerate(pulses):
        if index != stuck:
            pulse.beat()
    assert dog.look() == (pulses[stuck].name,)
    assert manager.heard() == [f"STATUS=no sign of life: {pulses[stuck].name}"]
    assert dog.look() == (pulses[stuck].name,)
    assert manager.is_silent()
    pulses[stuck].beat()
    assert dog.look() == ()
    assert manager.heard()[0] == "WATCHDOG=1"


def test_a_reader_that_has_nothing_to_do_lives_and_one_that_never_answers_does_not(
    tmp_path: Path, manager: Manager
) -> None:
    clock = Clock()
    interface, reader, outbox = parts(clock)
    dog = Watchdog(SignsOfLife((interface, reader, outbox)), ServiceManager(environment(tmp_path)))
    clock.now += 10_000
    interface.beat()
    outbox.beat()
    assert dog.look() == ()
    with reader.at_work():
        clock.now += 31
        interface.beat()
        with reader.at_work():  # a later reading, which does get answers, does not hide the one that is stuck
            pass
        assert dog.look() == ("reader",)
    assert dog.look() == ()


def test_the_feeding_really_runs_by_itself_and_ends_with_the_kiosk(tmp_path: Path, manager: Manager) -> None:
    given = environment(tmp_path, WATCHDOG_USEC="150000", WATCHDOG_PID=str(os.getpid()))
    pulse = Pulse("interface", 1000)
    dog = Watchdog(SignsOfLife([pulse]), ServiceManager(given))
    dog.start()
    heard = [manager.heard() for _ in range(4)]
    dog.stop()
    dog.stop()
    assert heard[0] == ["READY=1"]
    assert all("WATCHDOG=1" in each for each in heard[1:])
    while (last := manager.heard()) == ["WATCHDOG=1"]:
        pass
    assert last == ["STOPPING=1"]
    assert not any(each.name == "watchdog" for each in threading.enumerate())


def test_an_abstract_address_is_understood() -> None:
    name = f"chipid-test-{os.getpid()}"
    other = Manager("\0" + name)
    try:
        assert ServiceManager({"NOTIFY_SOCKET": "@" + name}).tell("READY=1", "STATUS=x")
        assert other.heard() == ["READY=1", "STATUS=x"]
    finally:
        other.line.close()


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        ({}, None),
        ({"WATCHDOG_USEC": "30000000"}, None),  # nobody listens
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000"}, 30.0),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "30000000", "WATCHDOG_PID": "1"}, None),  # meant for another process
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "soon"}, None),
        ({"NOTIFY_SOCKET": "/x", "WATCHDOG_USEC": "-5"}, None),
    ],
)
def test_the_watchdog_s_time_counts_for_this_process_only(given: dict[str, str], seconds: float | None) -> None:
    assert ServiceManager(given).watchdog_s == seconds


def test_without_a_manager_and_with_one_that_is_gone_the_kiosk_goes_on(tmp_path: Path) -> None:
    assert not ServiceManager({}).tell("READY=1")
    assert not ServiceManager({}).is_there
    assert not ServiceManager(environment(tmp_path)).tell("READY=1")
    assert ServiceManager({"INVOCATION_ID": "0" * 32}).is_there
