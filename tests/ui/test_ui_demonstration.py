"""``chipid kiosk --demo`` without a display: the whole tour in a process of its own, as ``make kiosk`` runs it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from PIL import Image

from kiosk_ui import bootstrap
from kiosk_ui.bootstrap.display import why_no_window
from kiosk_ui.bootstrap.reception import CannotRunError
from kiosk_ui.bootstrap.results import REPORT, folder_of_ours

SCREENS = {
    "welcome", "enter-number", "place-card", "reading-photo", "card-lifted", "wrong-number", "confirm", "refused",
    "looking-up", "insurance-notice-mismatch-name", "choose-department-valid", "choose-department-unverified", "saving",
    "ticket-ready-done", "ticket-ready-done-unverified", "problem", "staff-called", "timeout-warning",
}  # fmt: skip
# Of which the middle is a drawing.
DRAWN = {
    "welcome", "place-card", "reading-opening", "reading-photo", "card-lifted", "wrong-number", "refused", "looking-up",
    "insurance-notice-mismatch-name", "saving", "take-card", "problem", "staff-called", "timeout-warning",
}  # fmt: skip


def without_display() -> dict[str, str]:
    return {n: v for n, v in os.environ.items() if n not in {"DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"}}


def kiosk(*arguments: str, environment: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "kiosk_ui.cli", "kiosk", *arguments]
    full = without_display() | dict(environment or {})
    return subprocess.run(command, env=full, capture_output=True, text=True, timeout=110, check=False)


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
            small = picture.convert("RGB").reduce(4)
            assert len(small.getcolors(1 << 18) or []) > 20, f"{path.name} is empty"
            name = path.stem.split("-", 2)[2]
            if name in DRAWN:
                assert colors_in(small, (27, 230, 243, 330)) > 5, f"{path.name} lacks its drawing"
            if name == "confirm":
                assert colors_in(picture, (140, 700, 240, 920)) > 1000, f"{path.name} lacks the photo"
    assert len(list(tmp_path.glob("ticket-*.pdf"))) == len(list(tmp_path.glob("ticket-*.png"))) == 4
    report = json.loads((tmp_path / "verification-report.json").read_text(encoding="utf-8"))
    assert report["verdict"] == "ACCEPT"
    assert {"access", "document", "checks", "assurance", "link", "timing_ms"} <= set(report)


def colors_in(picture: Image.Image, box: tuple[int, int, int, int]) -> int:
    return len(picture.convert("RGB").crop(box).getcolors(1 << 18) or [])


def test_without_a_display_and_without_demo_it_says_so(tmp_path: Path) -> None:
    run = kiosk()
    assert run.returncode == 2
    assert run.stderr.startswith("chipid: There is no display.")
    assert "Traceback" not in run.stderr
    settings = tmp_path / "kiosk.toml"
    settings.write_text('devise = "kiosk-1"\n', encoding="utf-8")
    run = kiosk("--settings", str(settings))
    assert run.returncode == 2
    assert "- devise: there is no such setting; perhaps device (line 1)." in run.stderr.splitlines(), (
        "who sets it up from afar has no display, and learns all the same what is wrong"
    )


def test_help_needs_no_window_and_wrong_usage_is_64() -> None:
    assert kiosk("--help").returncode == 0
    assert kiosk("--portrait", "--landscape").returncode == 64
    assert kiosk("--colour").returncode == 64
    assert kiosk("--demo", "--screen-mm", "0", "476").returncode == 64


@pytest.mark.parametrize("real", ["--settings", "--reader", "--scanner", "--trust"])
def test_what_a_demonstration_does_not_use_is_refused(real: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["--demo", real, "x"]) == 64
    assert f"leave out {real}" in capsys.readouterr().err


def test_an_unknown_language_is_named_before_anything_starts(tmp_path: Path) -> None:
    run = kiosk("--demo", "--language", "xx", "--out", str(tmp_path))
    assert run.returncode == 2
    assert "There are: vi, en" in run.stderr


# ------------------------------------------------------------------------------- what strangers do with it
def test_a_display_that_cannot_be_opened_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """As after `su`, or with a DISPLAY of yesterday: Qt would end the process with a hint to install it again."""
    monkeypatch.delenv("QT_QPA_PLATFORM", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setenv("DISPLAY", ":7654")
    why = why_no_window()
    assert why is not None
    assert why.startswith("The display (DISPLAY=:7654) cannot be opened")
    monkeypatch.delenv("DISPLAY")
    assert why_no_window() == "There is no display."


def test_a_hospitals_kiosk_does_not_start_on_a_dead_display() -> None:
    run = kiosk(environment={"DISPLAY": ":7654"})
    assert run.returncode == 2
    assert run.stderr.startswith("chipid: The display (DISPLAY=:7654) cannot be opened")
    assert "Traceback" not in run.stderr


def test_a_folder_that_cannot_be_used_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = kiosk("--demo", "--out", str(tmp_path / "file"))
    assert run.returncode == 2
    assert run.stderr == (
        f"chipid: The results cannot be kept in {tmp_path / 'file'}/: Not a directory. "
        "Choose another folder with --out.\n"
    )


def test_a_disk_without_room_is_told_before_the_first_patient(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: full)
    with pytest.raises(CannotRunError, match="No space left on device"), folder_of_ours(tmp_path, tour=True):
        pass


def test_two_demonstrations_do_not_share_a_folder(tmp_path: Path) -> None:
    with (
        folder_of_ours(tmp_path, tour=True),
        pytest.raises(CannotRunError, match="Another demonstration"),
        folder_of_ours(tmp_path, tour=True),
    ):
        pass
    with folder_of_ours(tmp_path, tour=True):
        pass  # the lock went with the first block


def test_only_a_tours_own_results_are_removed(tmp_path: Path) -> None:
    (tmp_path / "screens").mkdir()
    former = [tmp_path / "ticket-A001-0.pdf", tmp_path / "ticket-A001-0.png", tmp_path / REPORT]
    former.append(tmp_path / "screens" / "01-vi-welcome.png")
    kept = [tmp_path / "setup.log", tmp_path / "holiday.png", tmp_path / "screens" / "mine.png"]
    for path in former + kept:
        path.touch()
    with folder_of_ours(tmp_path, tour=False):
        assert all(path.exists() for path in former + kept)
    with folder_of_ours(tmp_path, tour=True):
        assert not any(path.exists() for path in former)
        assert all(path.exists() for path in kept)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whoever_stops_it_is_told_so_and_nothing_is_left_behind(tmp_path: Path, number: signal.Signals) -> None:
    """To the whole group, as a terminal sends Ctrl-C: the card's own process must not die before the demonstration."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    environment = without_display() | {"DISPLAY": ":7654", "TMPDIR": str(temporary)}
    heard = [
        "env",
        f"--default-signal={number.name.removeprefix('SIG')}",
    ]  # a hang-up is ignored where nohup runs the tests
    command = [*heard, sys.executable, "-m", "kiosk_ui.cli", "kiosk", "--demo", "--out", str(tmp_path / "out")]
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        while "runs off screen" not in process.stdout.readline():
            assert process.poll() is None
        os.killpg(process.pid, number)
        said, complained = process.communicate(timeout=60)
    assert process.returncode == 2, said + complained
    assert complained == "chipid: Stopped.\n"
    assert list(temporary.iterdir()) == []
    left = [path for path in Path("/proc").glob("[0-9]*/environ") if str(temporary) in readable(path)]
    assert left == []


def readable(path: Path) -> str:
    try:
        return path.read_bytes().decode(errors="replace")
    except OSError:  # it ended meanwhile, or is not ours
        return ""
