"""Hot-plug against a real pcscd: cards come and go, the service dies and comes back, and nobody has to restart."""

from __future__ import annotations

import os
import queue
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from emulator.adapters.private_pcscd import PrivatePcscd

pytestmark = [pytest.mark.pcsc, pytest.mark.slow]

CLIENT = Path(__file__).with_name("monitor_client.py")
CARD = [sys.executable, "-m", "kiosk_ui.cli", "card", "run", "an"]


class Monitor:
    """The monitor in a process of its own; its lines arrive in a queue."""

    def __init__(self, service: PrivatePcscd) -> None:
        self.process = subprocess.Popen(
            [sys.executable, str(CLIENT)],
            env={**os.environ, **service.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.lines: queue.Queue[str] = queue.Queue()
        self._collector = threading.Thread(target=self._collect)
        self._collector.start()

    def _collect(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.put(line.strip())

    def expect(self, wanted: str) -> list[str]:
        """Wait for a line; returns what came before it."""
        before = []
        while (line := self.lines.get(timeout=20)) != wanted:
            before.append(line)
        return before

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.expect("threads left: 0")
        assert self.process.wait(timeout=10) == 0

    def clean_up(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._collector.join()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()


@pytest.fixture
def monitor(private_pcscd: PrivatePcscd) -> Iterator[Monitor]:
    watching = Monitor(private_pcscd)
    watching.expect("service_up -")
    yield watching
    watching.clean_up()


def test_cards_and_the_service_come_and_go(private_pcscd: PrivatePcscd, monitor: Monitor) -> None:
    slot = private_pcscd.reader_names[0]
    monitor.expect(f"reader_arrived {slot}")
    for _ in range(2):
        card = private_pcscd.run_inside(CARD, stdout=subprocess.DEVNULL)
        monitor.expect(f"card_placed {slot}")
        card.terminate()
        card.wait(timeout=10)
        monitor.expect(f"card_removed {slot}")

    private_pcscd.kill()
    before = monitor.expect("service_down -")
    assert f"reader_gone {slot}" in before, "readers of a dead service are gone"
    private_pcscd.restart()
    monitor.expect("service_up -")
    monitor.expect(f"reader_arrived {slot}")
    monitor.stop()
