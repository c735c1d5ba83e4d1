"""What ``chipid doctor`` says: a technician must be able to act on every line, and the exit code must be honest."""

import datetime
import json
import pathlib
import subprocess
import sys

import pytest

from kiosk_ui import doctor
from kiosk_ui.doctor import Finding, NeededFor
from reader import errors

NOW = datetime.datetime(2026, 11, 3, 9, 0, tzinfo=datetime.UTC)


def test_an_old_python_is_found() -> None:
    assert not doctor.python_finding((3, 10, 12)).ok
    assert doctor.python_finding((3, 11, 0)).ok
    assert doctor.python_finding((4, 0, 0)).ok


def test_each_missing_library_is_named_with_what_it_is_for() -> None:
    missing = {"smartcard", "PySide6"}
    gaps = [found for found in doctor.package_findings(lambda name: name not in missing) if not found.ok]
    assert {(gap.name.split()[-1], gap.needed_for) for gap in gaps} == {
        ("smartcard", NeededFor.CARD_READER),
        ("PySide6", NeededFor.KIOSK),
    }
    assert all(gap.how_to_fix.endswith(".") for gap in gaps)


def test_each_missing_system_library_names_its_package() -> None:
    gaps = {found.name: found.how_to_fix for found in doctor.library_findings(lambda _: False)}
    assert gaps["System library libEGL.so.1"] == "sudo apt-get install libegl1"
    assert all(fix.startswith("sudo apt-get install ") for fix in gaps.values())


@pytest.mark.parametrize("environ", [{"DISPLAY": ":0"}, {"WAYLAND_DISPLAY": "wayland-0"}])
def test_a_display_of_either_kind_is_enough(environ: dict[str, str]) -> None:
    assert doctor.display_finding(environ).ok


@pytest.mark.parametrize("environ", [{}, {"DISPLAY": ""}])
def test_no_display_is_no_reason_not_to_run(environ: dict[str, str]) -> None:
    found = doctor.display_finding(environ)
    assert not found.ok
    assert found.needed_for is NeededFor.WINDOW


def _no_service() -> list[str]:
    raise errors.TransportError(errors.PCSC_NOT_RUNNING)


def _not_permitted() -> list[str]:
    raise errors.TransportError(errors.PCSC_NOT_PERMITTED)


def _no_library() -> list[str]:
    raise ImportError


def test_the_service_and_its_readers_are_told_apart() -> None:
    service, readers = doctor.service_findings(lambda: ["ACS ACR1252 00 00"])
    assert (service.ok, readers.ok, readers.detail) == (True, True, "ACS ACR1252 00 00")
    service, readers = doctor.service_findings(list)
    assert (service.ok, readers.ok) == (True, False), "a service without a reader is a service"
    for broken in (_no_service, _no_library, _not_permitted):
        service, readers = doctor.service_findings(broken)
        assert (service.ok, readers.ok) == (False, False)
    assert "polkit" in service.how_to_fix, "installing a service that refuses this user helps nobody"


def test_the_virtual_reader_needs_its_driver_and_namespaces(tmp_path: pathlib.Path) -> None:
    driver = tmp_path / "libifdvpcd.so"
    assert not doctor.virtual_reader_finding([str(driver)], lambda name: name).ok
    driver.touch()
    assert doctor.virtual_reader_finding([str(driver)], lambda name: name).ok
    without = doctor.virtual_reader_finding([str(driver)], lambda name: None if name == "nsenter" else name)
    assert not without.ok
    assert "nsenter" in without.detail
    assert "util-linux" in without.how_to_fix


def test_a_serial_port_that_may_not_be_opened_is_told_from_none(tmp_path: pathlib.Path) -> None:
    pattern = [str(tmp_path / "ttyACM*")]
    assert "Plug" in doctor.serial_finding(pattern).how_to_fix
    (tmp_path / "ttyACM0").touch()
    assert doctor.serial_finding(pattern, lambda _: True).ok
    barred = doctor.serial_finding(pattern, lambda _: False)
    assert not barred.ok
    assert "dialout" in barred.how_to_fix


def test_the_data_folder_may_be_new_but_its_place_must_be_writable(tmp_path: pathlib.Path) -> None:
    assert doctor.data_folder_finding(tmp_path / "not" / "yet").ok
    assert list(tmp_path.iterdir()) == [], "looking leaves nothing behind"
    a_file = tmp_path / "file"
    a_file.touch()
    assert not doctor.data_folder_finding(a_file).ok


def test_the_default_data_folder_follows_the_desktop_standard(tmp_path: pathlib.Path) -> None:
    assert doctor.default_data_folder({"XDG_DATA_HOME": str(tmp_path)}) == tmp_path / "chipid-kiosk"
    assert doctor.default_data_folder({"XDG_DATA_HOME": "relative"}).is_absolute()


@pytest.mark.parametrize(("year", "ok"), [(1970, False), (2025, False), (2026, True), (2045, True), (2106, False)])
def test_a_clock_that_was_never_set_is_noticed(year: int, ok: bool) -> None:
    assert doctor.clock_finding(NOW.replace(year=year)).ok is ok


def test_the_table_has_a_sign_and_a_word_and_says_how_to_fix_only_gaps() -> None:
    good = Finding("Clock", True, NeededFor.KIOSK, "Set it.", "right")
    bad = Finding("Card reader", False, NeededFor.CARD_READER, "Plug it in.")
    table = doctor.render([good, bad])
    assert "✓ ok       Clock" in table
    assert "✗ missing  Card reader" in table
    assert "Plug it in." in table
    assert "Set it." not in table
    assert "The kiosk can run here." in table
    assert "cannot run here" in doctor.render([Finding("Python", False, NeededFor.EVERYTHING, "Get one.")])
    assert "Everything is there." in doctor.render([good])


def test_the_exit_code_speaks_of_the_kiosk_and_not_of_what_is_plugged_in(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    findings = [Finding("Card reader", False, NeededFor.CARD_READER, "Plug it in.")]
    monkeypatch.setattr(doctor, "examine", lambda **_: findings)
    assert doctor.main([]) == 0
    assert "The kiosk can run here." in capsys.readouterr().out
    findings.append(Finding("Data folder", False, NeededFor.KIOSK, "Let it be written."))
    assert doctor.main(["--json"]) == 1
    printed = json.loads(capsys.readouterr().out)
    assert [row["ok"] for row in printed] == [False, False]


def test_wrong_usage_ends_with_64(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        doctor.main(["--jason"])
    assert ended.value.code == 64
    assert "--jason" in capsys.readouterr().err


def test_this_very_machine_can_be_examined(tmp_path: pathlib.Path) -> None:
    findings = doctor.examine(now=NOW, data_folder=tmp_path)
    names = [finding.name for finding in findings]
    assert len(names) == len(set(names))
    by_name = {finding.name: finding for finding in findings}
    assert by_name["Python"].ok, "the suite could not run otherwise"
    assert by_name["Clock"].ok
    assert all(finding.how_to_fix for finding in findings)


def test_it_runs_where_no_library_at_all_is_installed(tmp_path: pathlib.Path) -> None:
    root = pathlib.Path(doctor.__file__).parents[1]
    program = (
        f"import sys; sys.path.insert(0, {str(root)!r}); from kiosk_ui.doctor import main; "
        f"sys.exit(main(['--json', '--data-folder', {str(tmp_path)!r}]))"
    )
    # -S leaves the installed libraries out: this is the machine on which somebody needs the doctor.
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=False)
    rows = {row["name"]: row["ok"] for row in json.loads(done.stdout)}
    assert done.returncode == 1
    assert rows["Python"]
    assert not rows["Python library cryptography"]
    assert not rows["Smart-card service (pcscd)"]
