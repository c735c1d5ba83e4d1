"""A full morning at once: many kiosks and many desks, over real HTTP; and a service that dies in the middle of it."""

from __future__ import annotations

import concurrent.futures
import contextlib
import itertools
import json
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from pathlib import Path

import httpx
import pytest

from tests.service.service_scene import (
    NO_AUTHORITIES,
    PIN_HASH,
    TOKENS,
    RunningService,
    Staff,
    desk,
    put,
    service_settings,
    ticket,
)
from tests.soak import SHARE_PERCENT

# Each kiosk draws by stride, each panel calls whoever is next.
KIOSKS, PANELS = (20, 10) if SHARE_PERCENT >= 50 else (8, 4)
TICKETS = max(60, round(1_000 * min(SHARE_PERCENT, 100) / 100))  # a busy morning in the whole sweep


@pytest.mark.soak
def test_many_kiosks_and_panels_at_once_lose_nobody_and_call_nobody_twice(tmp_path: Path) -> None:
    tickets = TICKETS
    desks = [desk(f"d{number}", ("noi", "mat")) for number in range(PANELS)]
    called: list[str] = []
    lock = threading.Lock()
    all_told = threading.Event()
    with RunningService(service_settings(tmp_path, desks=desks)) as running:

        def kiosk(number: int) -> None:
            with running.client() as client:
                for drawn in range(number, tickets + 1, KIOSKS):
                    check_in = uuid.UUID(int=drawn)
                    body = ticket(
                        f"A{drawn:04d}" if drawn % 3 else f"E{drawn:04d}", department="noi" if drawn % 3 else "mat"
                    )
                    for _ in range(1 + (drawn % 7 == 0)):  # the outbox may tell it again
                        assert put(client, body, check_in).status_code in (200, 201)

        def panel(number: int) -> None:
            with running.client() as client:
                staff = Staff(client, f"d{number}")
                current = None
                while True:
                    done = all_told.is_set()
                    answer = staff.post("call-next", {"current": current})
                    assert answer.status_code == 200, answer.text
                    entry = answer.json()["called"]
                    current = entry["key"] if entry else None
                    if entry is None and done:
                        return
                    if entry is None:
                        all_told.wait(0.05)
                    else:
                        with lock:
                            called.append(entry["label"])

        with concurrent.futures.ThreadPoolExecutor(KIOSKS + PANELS) as threads:
            panels = [threads.submit(panel, number) for number in range(PANELS)]
            for done in [threads.submit(kiosk, number) for number in range(1, KIOSKS + 1)]:
                done.result()
            all_told.set()
            for done in panels:
                done.result()
    assert [label for label, times in Counter(called).items() if times > 1] == []
    assert len(called) == tickets


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _settings_file(folder: Path, port: int) -> Path:
    token = folder / "kiosk-1.token"
    token.write_text(TOKENS["kiosk-1"], encoding="ascii")
    token.chmod(0o600)
    path = folder / "service.toml"
    path.write_text(
        f"""
port = {port}
[queue]
data_folder = {json.dumps(str(folder / "data"))}
days_kept = 14
[queue.kiosks]
kiosk-1 = {json.dumps(str(token))}
[[queue.desks]]
code = "noi1"
name = "Bàn 1"
place_vi = "Phòng 101"
place_en = "Room 101"
queues = ["noi"]
pin = {json.dumps(PIN_HASH)}
""",
        encoding="utf-8",
    )
    return path


def _start(settings: Path, port: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "kiosk_ui.cli", "service", "--settings", str(settings)]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"http://127.0.0.1:{port}/health", trust_env=False, verify=NO_AUTHORITIES).is_success:
                return running
        except httpx.TransportError:
            time.sleep(0.05)
    running.kill()
    raise AssertionError(running.communicate()[1].decode())


def _work_until_killed(client: httpx.Client, confirmed: list[str], called: list[str]) -> None:
    """A kiosk tells tickets and a desk calls, in turn, until the service is gone."""
    staff = Staff(client, "noi1")
    today = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 7 * 3600))
    with contextlib.suppress(httpx.TransportError):
        for drawn in itertools.count(1):
            body = ticket(f"A{drawn:03d}", day=today)
            assert put(client, body, uuid.UUID(int=drawn)).status_code == 201
            confirmed.append(f"A{drawn:03d}")
            if drawn % 2 == 0:
                entry = staff.call_next()
                assert entry is not None
                called.append(entry["label"])


@pytest.mark.slow
def test_what_was_confirmed_is_there_after_the_service_was_killed(tmp_path: Path) -> None:
    """Killed without warning while a kiosk tells tickets and a desk calls: nothing confirmed is lost or doubled."""
    port = _free_port()
    settings = _settings_file(tmp_path, port)
    confirmed: list[str] = []
    called: list[str] = []
    service = _start(settings, port)
    where = {"base_url": f"http://127.0.0.1:{port}", "trust_env": False, "timeout": 10, "verify": NO_AUTHORITIES}
    with httpx.Client(**where) as client:  # type: ignore[arg-type]
        killer = threading.Timer(1.0, service.send_signal, [signal.SIGKILL])
        killer.start()
        _work_until_killed(client, confirmed, called)
        killer.join()
        cookies = dict(client.cookies)
    assert service.wait(10) == -signal.SIGKILL
    service.communicate()
    assert len(confirmed) > 2, "it was killed too early to show anything"
    service = _start(settings, port)
    with httpx.Client(**where, cookies=cookies) as client:  # type: ignore[arg-type]
        state = client.get("/staff/api/state").json()
        if state["current"] is not None and state["current"]["label"] not in called:
            called.append(state["current"]["label"])  # called as the service died: the desk sees it now
        staff = Staff.signed_in(client, state["csrf"])
        while (entry := staff.call_next()) is not None:
            called.append(entry["label"])
    service.terminate()
    log = service.communicate(timeout=20)[1].decode()
    assert service.returncode == 0, log
    assert [label for label, times in Counter(called).items() if times > 1] == []
    assert set(confirmed) <= set(called)
    assert len(set(called) - set(confirmed)) <= 1, "at most the one that was under way"
