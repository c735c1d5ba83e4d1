"""``chipid kiosk --demo`` without a display: the whole tour in a process of its own, as ``make kiosk`` runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

SCREENS = {
    "welcome", "enter-number", "place-card", "reading-photo", "card-lifted", "wrong-number", "confirm", "refused",
    "looking-up", "insurance-notice-mismatch-name", "choose-department-valid", "choose-department-unverified", "saving",
    "ticket-ready-done", "ticket-ready-done-unverified", "problem", "staff-called", "timeout-warning",
}  # fmt: skip


def kiosk(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    environment.pop("QT_QPA_PLATFORM", None)
    command = [sys.executable, "-m", "kiosk_ui.cli", "kiosk", *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=110, check=False)


@pytest.mark.slow
def test_the_tour_ends_with_tickets_and_leaves_every_screen(tmp_path: Path) -> None:
    run = kiosk("--demo", "--out", str(tmp_path))
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Traceback" not in run.stderr
    assert str(tmp_path) in run.stdout.splitlines()[-1]
    pictures = sorted((tmp_path / "screens").glob("*.png"))
    shown = {path.stem.split("-", 2)[2] for path in pictures}
    assert shown >= SCREENS
    assert {path.stem.split("-")[1] for path in pictures} == {"vi", "en"}
    for path in pictures:
        with Image.open(path) as picture:
            assert picture.size == (1080, 1920)
            assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 20, f"{path.name} is empty"
    assert len(list(tmp_path.glob("ticket-*.pdf"))) == len(list(tmp_path.glob("ticket-*.png"))) == 4
    report = json.loads((tmp_path / "verification-report.json").read_text(encoding="utf-8"))
    assert report["verdict"] == "ACCEPT"
    assert {"access", "document", "checks", "assurance", "link", "timing_ms"} <= set(report)


def test_without_a_display_and_without_demo_it_says_so() -> None:
    run = kiosk()
    assert run.returncode == 2
    assert run.stderr.startswith("chipid: There is no display.")
    assert "Traceback" not in run.stderr


def test_help_needs_no_window_and_wrong_usage_is_64() -> None:
    assert kiosk("--help").returncode == 0
    assert kiosk("--portrait", "--landscape").returncode == 64
    assert kiosk("--colour").returncode == 64
    assert kiosk("--demo", "--screen-mm", "0", "476").returncode == 64


def test_an_unknown_language_is_named_before_anything_starts(tmp_path: Path) -> None:
    run = kiosk("--demo", "--language", "xx", "--out", str(tmp_path))
    assert run.returncode == 2
    assert "There are: vi, en" in run.stderr
