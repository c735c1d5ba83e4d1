"""The kiosk as a patient meets it: touches and seconds from card to ticket, how long the screen is ever deaf, cold start.

A returning patient scans the code, lays the card and touches what has to be touched (:mod:`bench.kiosk_visit`), each time
in a fresh process. The card answers as slowly as the model of the link says for 424 kbit/s (``docs/link-model.md``).
The cold start is that of ``chipid kiosk`` as a hospital runs it, up to the first painted frame, drawn into memory.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

__all__ = ["MOST_BLOCKED_MS", "MOST_COLD_START_S", "MOST_TICKET_S", "MOST_TOUCHES", "cold_start", "run", "visits"]

MOST_TOUCHES = 3
MOST_TICKET_S = 10.0
MOST_BLOCKED_MS = 50.0
MOST_COLD_START_S = 1.0

ROUNDS = 3
COLD_ROUNDS = 7
CHIPS = ("chip-2021", "chip-2013")
_HOUSE = Path(__file__).parents[1]

# `chipid kiosk`, told that the memory it draws into is a display; it ends with its first frame.
_PROGRAM = """
import os, sys, time
import kiosk_ui.qt.display as display

display.has_display = lambda: True
import kiosk_ui.qt.application as application

make = application.KioskApplication.__init__

def make_and_watch(self, *arguments, **named):
    make(self, *arguments, **named)
    self.window.frameSwapped.connect(first_frame)

def first_frame():
    os.write(1, f"{time.monotonic()} {len(sys.modules)}".encode())
    os._exit(0)

application.KioskApplication.__init__ = make_and_watch
from kiosk_ui.cli import main
sys.exit(main(["kiosk"]))
"""


def _environment(data: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CHIPID_")}
    drawn = {"QT_QPA_PLATFORM": "offscreen", "QT_QUICK_BACKEND": "software", "CHIPID_DATA_FOLDER": str(data)}
    return kept | drawn | {"PYTHONPATH": str(_HOUSE)}


def visits(chip: str, rounds: int = ROUNDS) -> list[Mapping[str, float | str]]:
    """What each of some visits took: the fields of :class:`bench.kiosk_visit.Visit`.

    Raises:
        SystemExit: a visit did not end with a ticket.
    """
    found = []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory(prefix="chipid-bench-") as folder:
            command = [sys.executable, "-m", "bench.kiosk_visit", chip]
            child = subprocess.run(
                command, env=_environment(Path(folder)), cwd=_HOUSE, capture_output=True, text=True, check=False
            )
        if child.returncode != 0:
            raise SystemExit(f"The visit did not end with a ticket.\n{child.stderr}")
        found.append(json.loads(child.stdout))
    return found


def cold_start(rounds: int = COLD_ROUNDS) -> tuple[float, int]:
    """Median seconds from the start of the process to the first frame, and how many modules were loaded by then."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="chipid-bench-") as folder:
        environment = _environment(Path(folder))
        for _ in range(rounds + 1):  # the first makes the store and the bytecode
            begun = time.monotonic()
            child = subprocess.run(
                [sys.executable, "-c", _PROGRAM],
                env=environment,
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            if child.returncode != 0:
                raise SystemExit(f"The kiosk did not start.\n{child.stderr}")
            painted, modules = child.stdout.split()
            rows.append((float(painted) - begun, int(modules)))
    return statistics.median(row[0] for row in rows[1:]), rows[-1][1]


def _middle(rows: list[Mapping[str, float | str]], name: str) -> float:
    return statistics.median(float(row[name]) for row in rows)


def run() -> None:
    """Print the tables, and whether the targets are kept."""
    print(
        f"\nA returning patient at the kiosk, card '{_card()}' over the air at 424 kbit/s, median of {ROUNDS} visits\n"
    )
    print(f"| {'chip':<10} | {'touches':>7} | {'to the number':>13} | {'to the paper':>12} | {'longest block':>13} |")
    print(f"|{'-' * 12}|{'-' * 8}:|{'-' * 14}:|{'-' * 13}:|{'-' * 14}:|")
    found = {chip: visits(chip) for chip in CHIPS}
    for chip, rows in found.items():
        number, paper = _middle(rows, "to_ticket_s"), _middle(rows, "to_paper_s")
        touches, blocked = max(int(row["touches"]) for row in rows), _middle(rows, "blocked_ms")
        cells = f"{touches:>7} | {number:>11.2f} s | {paper:>10.2f} s | {blocked:>10.0f} ms"
        print(f"| {chip:<10} | {cells} |")
    _judge(found[CHIPS[0]])


def _judge(judged: list[Mapping[str, float | str]]) -> None:
    touches, paper = max(int(row["touches"]) for row in judged), _middle(judged, "to_paper_s")
    blocked = _middle(judged, "blocked_ms")
    started, modules = cold_start()
    worst = max(judged, key=lambda row: float(row["blocked_ms"]))
    print(f"\n- touches {touches} (target {MOST_TOUCHES}): {_said(touches <= MOST_TOUCHES)}")
    print(f"- from the card to the paper {paper:.2f} s (target {MOST_TICKET_S:.0f}): {_said(paper <= MOST_TICKET_S)}")
    print(
        f"- longest block of the interface {blocked:.0f} ms (target {MOST_BLOCKED_MS:.0f}): "
        f"{_said(blocked <= MOST_BLOCKED_MS)}; the worst of all {float(worst['blocked_ms']):.0f} ms, of which "
        f"{float(worst['blocked_work_ms']):.0f} its own work, {worst['blocked_on']}"
    )
    print(
        f"- cold start to the first frame {started:.2f} s, median of {COLD_ROUNDS} (target {MOST_COLD_START_S}): "
        f"{_said(started <= MOST_COLD_START_S)}; {modules} modules by then"
    )
    print(f"- memory {_middle(judged, 'memory_mb'):.0f} MB after the visit, emulated card and insurer included")


def _card() -> str:
    from bench.kiosk_visit import CARD

    return CARD


def _said(kept: bool) -> str:
    return "kept" if kept else "MISSED"


if __name__ == "__main__":
    run()
