"""From the start of the process to the first command to an emulated card, and to its answer.

A program of its own runs ``chipid read --emulated`` as a person would. Around the card's transport, and nowhere else,
stands what tells the time of the first command and of its answer. The modules have their bytecode, as those of an
installed package do; on request, the same without.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

__all__ = ["TARGET_S", "measure", "run"]

CARD = "an"
CAN_OF_CARD = "000017"
ROUNDS = 11
TARGET_S = 0.35

_PROGRAM = """
import os, sys, time
from reader import transport

class FirstCommand:
    def __init__(self, card):
        self._card = card
    def __getattr__(self, name):
        return getattr(self._card, name)
    def __enter__(self):
        return self
    def __exit__(self, *reason):
        self._card.close()
    def transmit(self, command):
        sent = time.monotonic()
        self._card.transmit(command)
        os.write(1, f"{sent} {time.monotonic()} {len(sys.modules)}".encode())
        os._exit(0)

really = transport.open_emulated
transport.open_emulated = lambda name: FirstCommand(really(name))
from kiosk_ui.cli import main
main(sys.argv[1:])
"""


def measure(rounds: int = ROUNDS, *, bytecode: bool = True) -> tuple[float, float, int]:
    """Median seconds to the first command and to its answer, and how many modules were loaded by then."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = folder
        if bytecode:
            _start(environment)  # writes it
        else:
            environment["PYTHONDONTWRITEBYTECODE"] = "1"
        rows = [_start(environment) for _ in range(rounds)]
    sent, answered, modules = (statistics.median(column) for column in zip(*rows, strict=True))
    return sent, answered, int(modules)


def _start(environment: dict[str, str]) -> tuple[float, float, int]:
    command = [sys.executable, "-c", _PROGRAM, "read", "--emulated", CARD, "--can", CAN_OF_CARD, "--json"]
    begun = time.monotonic()
    child = subprocess.run(
        command, env=environment, cwd=Path(__file__).parents[1], capture_output=True, text=True, check=True
    )
    sent, answered, modules = child.stdout.split()
    return float(sent) - begun, float(answered) - begun, int(modules)


def run() -> None:
    """Print the table, and whether the target is kept."""
    sent, answered, modules = measure()
    print(f"\nCold start of 'chipid read --emulated {CARD}', median of {ROUNDS}\n")
    print(f"| {'from the start of the process':<38} | {'seconds':>7} |")
    print(f"|{'-' * 40}|{'-' * 8}:|")
    print(f"| {'to the first command':<38} | {sent:>7.2f} |")
    print(f"| {'to its answer':<38} | {answered:>7.2f} |")
    print(f"| {'the same with no bytecode, first command':<38} | {measure(5, bytecode=False)[0]:>5.2f} |")
    print(
        f"\n- {sent:.2f} s to the first command (target {TARGET_S}): {'kept' if sent <= TARGET_S else 'MISSED'};",
        end=" ",
    )
    print(f"{modules} modules by then")


if __name__ == "__main__":
    run()
