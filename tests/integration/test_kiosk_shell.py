"""The kiosk's machine: units that systemd understands, and the kiosk on a real screen server, watched as in the hall."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

DEPLOY = Path(__file__).parents[2] / "deploy"
UNITS = sorted(path.name for path in (DEPLOY / "systemd").iterdir())
EXPOSED_AT_MOST = {"chipid-kiosk.service": 25, "chipid-service.service": 15, "chipid-backup.service": 15}  # tenths
WITHIN_S = 60.0


def needed(command: str) -> str:
    """A program's path; without it the test is skipped with the reason, and fails where everything must be there."""
    found = shutil.which(command)
    if found is None:
        missing = f"{command} is not installed here"
        if os.environ.get("CI", "").lower() in {"1", "true", "yes"}:
            pytest.fail(missing, pytrace=False)
        pytest.skip(missing)
    return found


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder like a kiosk's root, filled by ``deploy/install``."""
    root = tmp_path_factory.mktemp("machine")
    for what in ("kiosk", "service"):
        subprocess.run([DEPLOY / "install", what], env={**os.environ, "DESTDIR": str(root)}, check=True)
    for program in ("usr/local/lib/chipid-kiosk/current/bin/chipid", "usr/bin/weston", "bin/sh"):
        path = root / program
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n", encoding="ascii")
        path.chmod(0o755)
    return root


def analyze(machine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [needed("systemd-analyze"), *arguments, f"--root={machine}"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_systemd_understands_every_unit(machine: Path) -> None:
    done = analyze(machine, "verify", "--man=no", "--recursive-errors=no", *UNITS)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_misspelt_line_would_be_noticed(machine: Path) -> None:
    unit = machine / "etc/systemd/system/chipid-kiosk.service"
    good = unit.read_text(encoding="utf-8")
    unit.write_text(good.replace("WatchdogSec=30", "WatchdogSek=30"), encoding="utf-8")
    try:
        assert "WatchdogSek" in analyze(machine, "verify", "--man=no", "chipid-kiosk.service").stderr
    finally:
        unit.write_text(good, encoding="utf-8")


@pytest.mark.parametrize("unit", sorted(EXPOSED_AT_MOST))
def test_what_the_services_may_do_is_little(machine: Path, unit: str) -> None:
    done = analyze(machine, "security", "--offline=true", "--no-pager", f"--threshold={EXPOSED_AT_MOST[unit]}", unit)
    assert done.returncode == 0, done.stdout[-400:] + done.stderr


def test_what_the_kiosk_needs_to_live_is_in_its_unit() -> None:
    unit = (DEPLOY / "systemd/chipid-kiosk.service").read_text(encoding="utf-8")
    for line in (
        "Type=notify",
        "Restart=always",
        "StartLimitIntervalSec=0",
        "LimitCORE=0",
        "WatchdogSignal=SIGKILL",  # a dump of the memory could hold a person
        "LoadCredential=chipid-store.key:/etc/chipid/credentials/store.key",
        "Wants=pcscd.socket",
        "Wants=chipid-display.service",
    ):
        assert line in unit.splitlines(), line
    assert "User=root" not in unit
    assert not re.search(r"^(BindsTo|Requires|PartOf)=", unit, re.MULTILINE)  # it would stay down with its screen
    assert int(re.findall(r"^WatchdogSec=(\d+)$", unit, re.MULTILINE)[0]) >= 3 * 10


def test_the_store_is_looked_after_as_the_kiosk_s_user_with_the_kiosk_s_key(machine: Path, tmp_path: Path) -> None:
    """``chipid-store``, with a stand-in for systemd-run that says what it was asked to do."""
    if os.geteuid() != 0:
        pytest.skip("chipid-store is for root alone")
    script = machine / "usr/local/sbin/chipid-store"
    assert script.stat().st_mode & 0o777 == 0o755
    stand_in = tmp_path / "systemd-run"
    stand_in.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n', encoding="ascii")
    stand_in.chmod(0o755)
    environment = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "PROGRAM": str(tmp_path)}
    done = subprocess.run(
        [script, "restore", "/nowhere/a b"], env=environment, capture_output=True, text=True, check=True
    )
    said = done.stdout.splitlines()
    assert said[-6:] == [
        f"{tmp_path}/bin/chipid",
        "store",
        "restore",
        "--settings",
        "/etc/chipid/kiosk.toml",
        "/nowhere/a b",
    ]
    unit = (DEPLOY / "systemd/chipid-kiosk.service").read_text(encoding="utf-8").splitlines()
    for line in (
        "User=chipid-kiosk",
        "UMask=0077",
        "LoadCredential=chipid-store.key:/etc/chipid/credentials/store.key",
    ):
        assert line in unit
        assert line in said
    assert "CHIPID_DATA_FOLDER=/var/lib/chipid-kiosk" in said
    assert subprocess.run([script], env=environment, capture_output=True, check=False).returncode == 64


def test_installing_twice_keeps_the_hospital_s_screen_settings(machine: Path) -> None:
    screen = machine / "etc/chipid/weston.ini"
    screen.write_text("[output]\nname=DP-1\n", encoding="utf-8")
    subprocess.run([DEPLOY / "install"], env={**os.environ, "DESTDIR": str(machine)}, check=True)
    assert "DP-1" in screen.read_text(encoding="utf-8")
    assert (machine / "etc/chipid/credentials").stat().st_mode & 0o777 == 0o700
    wrong = subprocess.run([DEPLOY / "install", "all"], capture_output=True, check=False)
    assert wrong.returncode == 64


@pytest.fixture
def screen(tmp_path: Path) -> Iterator[dict[str, str]]:
    """weston with its kiosk shell, drawing into memory. Gives the environment of a program on it."""
    weston = needed("weston")
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    where = runtime / "wayland-0"
    environment = {**os.environ, "XDG_RUNTIME_DIR": str(runtime)}
    shipped = (DEPLOY / "weston/weston.ini").read_text(encoding="utf-8")
    settings = tmp_path / "weston.ini"  # as it is installed, for the one screen that weston has without a graphics card
    for real, here in (("name=HDMI-A-1", "name=headless"), ("mode=preferred", "mode=1920x1080"), ("modules=", "#")):
        assert f"\n{real}" in shipped
        shipped = shipped.replace(f"\n{real}", f"\n{here}")
    settings.write_text(shipped, encoding="utf-8")
    command = [weston, "--backend=headless-backend.so", f"--config={settings}", f"--socket={where}"]
    with subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        end = time.monotonic() + WITHIN_S
        while not where.exists():
            assert server.poll() is None, "weston did not start"
            assert time.monotonic() < end, "weston does not listen"
            time.sleep(0.05)
        own = {"WAYLAND_DISPLAY": str(where), "QT_QPA_PLATFORM": "wayland", "SCREEN_PROCESS": str(server.pid)}
        yield {**environment, **own}
        server.terminate()


class Manager:
    """The other end of sd_notify(3), as systemd has it."""

    def __init__(self, path: Path) -> None:
        self.line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.line.bind(str(path))
        self.line.settimeout(WITHIN_S)

    def heard(self, wanted: str) -> None:
        while wanted not in self.line.recv(4096).decode().split("\n"):
            pass


@pytest.mark.slow
def test_the_kiosk_runs_on_its_shell_feeds_its_watchdog_and_goes_down_in_order(
    screen: dict[str, str], tmp_path: Path
) -> None:
    manager = Manager(tmp_path / "notify")
    environment = {
        **screen,
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "WATCHDOG_USEC": "1500000",
        "CHIPID_DATA_FOLDER": str(tmp_path / "data"),
        "QT_QUICK_BACKEND": "software",
    }
    command = [sys.executable, "-m", "kiosk_ui.cli", "kiosk", "--fullscreen"]
    with contextlib.closing(manager.line):
        kiosk = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        try:
            manager.heard("READY=1")
            for _ in range(3):
                manager.heard("WATCHDOG=1")
            assert (tmp_path / "data" / "kiosk.sqlite").exists()
            kiosk.send_signal(signal.SIGTERM)
            manager.heard("STOPPING=1")
            _, said = kiosk.communicate(timeout=WITHIN_S)
        finally:
            kiosk.kill()
            kiosk.wait()
    assert "Traceback" not in said
    assert "no sign of life" not in said


@pytest.mark.slow
def test_a_kiosk_whose_screen_dies_ends_so_that_it_is_started_again(screen: dict[str, str], tmp_path: Path) -> None:
    manager = Manager(tmp_path / "notify")
    environment = {
        **screen,
        "NOTIFY_SOCKET": str(tmp_path / "notify"),
        "CHIPID_DATA_FOLDER": str(tmp_path / "data"),
        "QT_QUICK_BACKEND": "software",
    }
    command = [sys.executable, "-m", "kiosk_ui.cli", "kiosk", "--fullscreen"]
    with contextlib.closing(manager.line):
        with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as kiosk:
            try:
                manager.heard("READY=1")
                os.kill(int(screen["SCREEN_PROCESS"]), signal.SIGKILL)
                assert kiosk.wait(WITHIN_S) != 0
            finally:
                kiosk.kill()
        said = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=WITHIN_S, check=False)
        assert said.returncode == 2
        assert "cannot be opened" in said.stderr  # in a sentence, for the journal; then it is started again
