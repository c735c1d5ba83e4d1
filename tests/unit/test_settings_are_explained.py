"""Wrong settings are said in plain words: which one, where it was given, and what may stand there."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from kiosk_ui.app.failures import SettingsError
from kiosk_ui.app.settings import Settings, load_settings
from kiosk_ui.app.settings_origin import OTHER_VARIABLES, line_of
from kiosk_ui.app.settings_shape import Holds, variables_of, wanted_at
from kiosk_ui.service.settings import ServiceSettings

PYDANTICS_OWN = re.compile(r"Input should|validation|Extra inputs|Field required|unable to|Tuple|valid dictionary")
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def no_settings_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("CHIPID_")]:
        monkeypatch.delenv(name)


def problems(text: str, tmp_path: Path) -> list[str]:
    file = tmp_path / "kiosk.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    return list(caught.value.problems)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[printer]\nport = 70000", "printer.port: this must be a whole number from 1 to 65535 (line 2)."),
        ("[printer]\nport = 'x'", "printer.port: this must be a whole number from 1 to 65535 (line 2)."),
        ("[printer]\nkind = 'laser'", 'printer.kind: this must be "file", "network", "usb", "device" or "cups" (line 2).'),
        ("[printer]\npaper = 70", "printer.paper: this must be 58 or 80 (line 2)."),
        ("[relay]\n\n#\ntotal_timeout_s = 0", "relay.total_timeout_s: this must be a number above 0 and at most 30 (line 4)."),
        ("device = ''", "device: this must be text of 1 to 60 characters (line 1)."),
        ("device = 3", "device: this must be text of 1 to 60 characters (line 1)."),
        ("photo = 'perhaps'", "photo: this must be true or false (line 1)."),
        ("data_folder = 3", "data_folder: this must be a path, as text (line 1)."),
        ("relay = 3", "relay: this must be a table of settings (line 1)."),
        ("departments = []", "departments: this must be a list of 1 to 24 entries (line 1)."),
        ("departments = [\n  {code = 'a'},\n]", "departments.0.name_vi: this has to be given (line 1)."),
        ("[sound]\nvolume = [\n 1,\n]", "sound.volume: this must be a whole number from 0 to 4 (line 2)."),
        ("relay.urll = 'x'", "relay.urll: there is no such setting; perhaps relay.url (line 1)."),
        ("[time_limits]\nquestion_s = 'a'", "time_limits.question_s: this must be a whole number (line 2)."),
        ("[hospital]\nfacility = 'x'", "hospital.facility: this must be text of the form [0-9A-Z]{5} (line 2)."),
        ("hospital.department_ids.A = 1", "hospital.department_ids.A: the name must be text of the form [a-z0-9_]{1,40} (line"),
    ],
)  # fmt: skip
def test_each_sort_of_mistake_names_place_line_and_what_is_allowed(text: str, said: str, tmp_path: Path) -> None:
    assert any(problem.startswith(said) for problem in problems(text, tmp_path))


@pytest.mark.parametrize("value", ["{ x = 1 }", "-1e99", "[]", "''", "true"])
def test_no_setting_is_refused_in_words_that_are_not_ours(value: str, tmp_path: Path) -> None:
    """Whatever stands in place of any setting: one file with a wrong value for each that is no table."""
    singles = [name for name, holds in variables_of(Settings, "").items() if holds is Holds.VALUE]
    text = "\n".join(f"{name.lower().replace('__', '.')} = {value}" for name in singles)
    for problem in problems(text, tmp_path):
        assert PYDANTICS_OWN.search(problem) is None, problem
        assert re.search(r" \(line \d+\)\.$", problem), problem


def test_a_value_from_the_environment_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CHIPID_PRINTER__PORT", "0")
    assert problems("[printer]\nport = 9100\n", tmp_path) == [
        "printer.port: this must be a whole number from 1 to 65535 (CHIPID_PRINTER__PORT)."
    ]


@pytest.mark.parametrize(
    ("variable", "meant"),
    [
        ("CHIPID_RELAY_URL", "CHIPID_RELAY__URL"),
        ("CHIPID_DATAFOLDER", "CHIPID_DATA_FOLDER"),
        ("chipid_devise", "CHIPID_DEVICE"),
        ("CHIPID_RELAY__ULR", "CHIPID_RELAY__URL"),
        ("CHIPID_TIME_LIMIT__STAFF_S", "CHIPID_TIME_LIMITS__STAFF_S"),
        ("CHIPID_HOSPITAL__FHIR_TOKEN", "CHIPID_HOSPITAL__FHIR__TOKEN"),
    ],
)
def test_a_misspelt_variable_is_an_error_with_the_right_name(
    variable: str, meant: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, "https://relay.hospital.example/check")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.problems == (f"{variable}: there is no such setting; perhaps {meant}.",)


def test_a_variable_like_no_setting_is_an_error_without_a_guess(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPID_QQQQ", "x")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    assert caught.value.problems == ("CHIPID_QQQQ: there is no such setting.",)


def test_a_table_that_is_no_json_is_said_and_its_value_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPID_RELAY", "secret {")
    with pytest.raises(SettingsError) as caught:
        load_settings()
    (problem,) = caught.value.problems
    assert "CHIPID_RELAY: this must be JSON; a single setting of it is CHIPID_RELAY__…" in problem
    assert "secret" not in problem


def test_right_variables_of_every_sort_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHIPID_RELAY", '{"url": "https://relay.hospital.example/check"}')
    monkeypatch.setenv("CHIPID_TIME_LIMITS__STAFF_S", "90")
    monkeypatch.setenv("CHIPID_HOSPITAL__DEPARTMENT_IDS__NOI", "K01")
    monkeypatch.setenv("chipid_counter", "7")
    settings = load_settings()
    assert settings.relay.url == "https://relay.hospital.example/check"
    assert (settings.time_limits.staff_s, settings.counter) == (90, "7")


def test_the_variables_that_are_no_settings_are_all_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests' and the build's own variables must not stop a kiosk that is started beside them."""
    for name in OTHER_VARIABLES:
        monkeypatch.setenv(name, "1")
    assert load_settings().device == "kiosk-1"
    known = {*variables_of(Settings, "CHIPID_"), *OTHER_VARIABLES}
    files = [REPOSITORY / "Makefile", *(REPOSITORY / "scripts").iterdir(), *REPOSITORY.glob("deploy/**/*")]
    files += [path for room in ("crypto", "reader", "emulator", "bench") for path in REPOSITORY.glob(f"{room}/**/*.py")]
    used = {
        name
        for path in files
        if path.is_file()
        for name in re.findall(r"CHIPID_[A-Z][A-Z0-9_]*[A-Z0-9]", path.read_text(encoding="utf-8", errors="ignore"))
    }
    assert used - known == set()


@pytest.mark.parametrize("schema", [Settings, ServiceSettings])
def test_everything_that_can_be_set_can_be_described(schema: type[BaseModel]) -> None:
    places = variables_of(schema, "")
    assert len(places) > 10
    for name in places:
        assert wanted_at(schema, name.lower().split("__")), name


@given(st.lists(st.sampled_from(["a = 1", "# a = 2", "", "[t]", 'b = """', '"""', "c = [", "]", "  1,"]), max_size=12))
def test_a_line_is_named_only_if_the_parser_agrees(lines: list[str]) -> None:
    found = line_of("\n".join(lines), ("a",))
    if found is not None:
        assert lines[found - 1] == "a = 1"
