"""What a hospital sets about the check-in reaches its rules."""

from __future__ import annotations

from pathlib import Path

import pytest

from kiosk_ui.app.failures import SettingsError
from kiosk_ui.app.flows.check_in import CheckInRules
from kiosk_ui.app.settings import load_settings


def settings_file(folder: Path, text: str) -> Path:
    file = folder / "kiosk.toml"
    file.write_text(f'data_folder = "{folder}"\n{text}', encoding="utf-8")
    return file


def test_what_is_not_set_is_as_the_rules_say(tmp_path: Path):
    assert load_settings(settings_file(tmp_path, "")).rules == CheckInRules()


def test_what_is_set_counts(tmp_path: Path):
    text = '[check_in]\nask_phone = true\nmisreads = 1\nemergency_place_vi = "Nhà C"\nemergency_place_en = "House C"\n'
    rules = load_settings(settings_file(tmp_path, text)).rules
    assert (rules.ask_phone, rules.misreads) == (True, 1)
    assert (rules.emergency_place_vi, rules.emergency_place_en) == ("Nhà C", "House C")


@pytest.mark.parametrize("text", ["misreads = 0", "misreads = 9", 'emergency_place_vi = ""', "ask_fone = true"])
def test_nonsense_is_told(tmp_path: Path, text: str):
    with pytest.raises(SettingsError):
        load_settings(settings_file(tmp_path, f"[check_in]\n{text}\n"))
