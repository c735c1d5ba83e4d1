"""The HN212's listener hears real Socket.IO servers of both generations, where interpreters have them.

Set ``CHIPID_SOCKETIO_PYTHON`` to one or more interpreters, separated like a search path: one with python-socketio 5, one with
python-socketio 4. Without it only the emulated device of this project is heard (tests/unit/test_gateway_hn212.py).
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
from pathlib import Path

import pytest

from kiosk_ui.app.gateways.hn212 import Hn212Listener

VARIABLE = "CHIPID_SOCKETIO_PYTHON"
INTERPRETERS = [each for each in os.environ.get(VARIABLE, "").split(os.pathsep) if each]
PATIENCE_S = 20.0  # only how long a failing test waits


@pytest.mark.skipif(not INTERPRETERS, reason=f"{VARIABLE} names no interpreter that has python-socketio")
@pytest.mark.parametrize("interpreter", INTERPRETERS or ["none"])
def test_a_real_server_is_heard_over_pings_and_in_every_script(interpreter: str) -> None:
    process = subprocess.Popen(
        [interpreter, str(Path(__file__).with_name("socketio_server_process.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    sent = [{"id": 1}, {"id": 2, "data": {"personName": "Nguyễn Văn An 😀"}}, {"id": 4, "data": {"sod": "A" * 300_000}}]
    try:
        port = int(process.stdout.readline())
        heard: queue.Queue[object] = queue.Queue()
        ready: queue.Queue[bool] = queue.Queue()
        with Hn212Listener(heard.put, heard.put, on_ready=lambda: ready.put(True), url=f"http://127.0.0.1:{port}"):
            assert process.stdout.readline() == "came\n"
            ready.get(timeout=PATIENCE_S)
            for message in sent:
                process.stdin.write(json.dumps(["other", message]) + "\n" + json.dumps(["/event", message]) + "\n")
                process.stdin.flush()
                assert heard.get(timeout=PATIENCE_S) == message
                with pytest.raises(queue.Empty):
                    heard.get(timeout=1.5)  # a ping passes, and nothing is told of it
        assert process.stdout.readline() == "went\n"
    finally:
        process.stdin.close()
        process.stdout.close()
        process.terminate()
        process.wait()
