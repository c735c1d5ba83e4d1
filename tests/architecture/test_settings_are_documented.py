"""Every block of settings that a page shows is taken as it stands, and no table of settings goes without a word."""

from __future__ import annotations

import pathlib
import re

import pytest

from kiosk_ui.app.failures import SettingsError
from kiosk_ui.app.settings import Settings, load_settings
from kiosk_ui.service.queue.sign_in import hash_pin
from kiosk_ui.service.settings import load_service_settings

PAGES = sorted((pathlib.Path(__file__).parents[2] / "docs").glob("*.md"))
BLOCKS = [
    pytest.param(block, id=f"{page.stem}-{number}")
    for page in PAGES
    for number, block in enumerate(re.findall(r"```toml[^\n]*\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL))
]


@pytest.mark.parametrize("block", BLOCKS)
def test_a_block_of_settings_is_taken_by_the_kiosk_or_the_service(block: str, tmp_path: pathlib.Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text(block.replace('"HASH"', f'"{hash_pin("482915")}"'), encoding="utf-8")
    refusals = []
    for load in (load_settings, load_service_settings):
        try:
            load(file)
        except SettingsError as error:
            refusals.append(error.problems)
    assert len(refusals) < 2, refusals


def test_the_kiosks_page_names_every_table_of_settings(root: pathlib.Path) -> None:
    page = (root / "docs" / "kiosk.md").read_text(encoding="utf-8")
    tables = [name for name, field in Settings.model_fields.items() if hasattr(field.annotation, "model_fields")]
    assert "queue" in tables
    assert [name for name in (*tables, "time_limits") if f"`[{name}]`" not in page] == []


def test_a_bad_item_of_a_list_is_told_once(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[[departments]]\ncode = "noi"\n', encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    assert caught.value.problems
    assert all(problem.startswith("departments.0.") for problem in caught.value.problems)
