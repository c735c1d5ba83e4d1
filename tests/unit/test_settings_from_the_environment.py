"""Variables of the environment: they win over the file, setting by setting."""

from __future__ import annotations

import pytest
from pydantic import BaseModel

from kiosk_ui.app.settings import Settings
from kiosk_ui.app.settings_origin import with_variables


def merged(table: dict[str, object], **environment: str) -> dict[str, object]:
    return with_variables(table, environment, Settings)


def test_a_setting_of_a_table_leaves_the_others_of_the_file() -> None:
    found = merged({"relay": {"url": "https://a.example", "total_timeout_s": 3}}, CHIPID_RELAY__TOTAL_TIMEOUT_S="5")
    assert found == {"relay": {"url": "https://a.example", "total_timeout_s": "5"}}


def test_a_table_as_json_and_a_setting_of_it_count_together_whichever_comes_first() -> None:
    table, single = '{"url": "https://b.example", "total_timeout_s": 1}', "2"
    forward = merged({}, CHIPID_RELAY=table, CHIPID_RELAY__TOTAL_TIMEOUT_S=single)
    backward = merged({}, CHIPID_RELAY__TOTAL_TIMEOUT_S=single, CHIPID_RELAY=table)
    assert forward == backward == {"relay": {"url": "https://b.example", "total_timeout_s": "2"}}


def test_a_list_takes_the_place_of_the_whole_list() -> None:
    one = {"code": "noi", "prefix": "N"}
    assert merged({"departments": [one, one]}, CHIPID_DEPARTMENTS="[]") == {"departments": []}


def test_capitals_do_not_matter() -> None:
    assert merged({}, chipid_device="kiosk-7") == {"device": "kiosk-7"}


def test_a_table_whose_names_the_hospital_chooses_takes_any_name() -> None:
    found = merged({}, CHIPID_HOSPITAL__DEPARTMENT_IDS__NOI="K01")
    assert found == {"hospital": {"department_ids": {"noi": "K01"}}}


@pytest.mark.parametrize(
    "variable", ["CHIPID_SOAK_SHARE", "CHIPID_RELAY_URL", "CHIPID_RELAY__NAME", "CHIPID_", "PATH", "RELAY__URL"]
)
def test_what_names_no_setting_gives_none(variable: str) -> None:
    assert with_variables({"device": "a"}, {variable: "b"}, Settings) == {"device": "a"}


@pytest.mark.parametrize("text", ["{", "", "[" * 100_000, "nan,"])
def test_a_table_that_is_no_json_is_left_out_and_told(text: str) -> None:
    assert merged({}, CHIPID_RELAY=text) == {}


def test_a_table_given_as_a_number_is_judged_by_the_schema() -> None:
    assert merged({"relay": {"url": "https://a.example"}}, CHIPID_RELAY="7") == {"relay": 7}


def test_the_file_s_own_tables_are_not_changed() -> None:
    table: dict[str, object] = {"relay": {"total_timeout_s": 3}}
    merged(table, CHIPID_RELAY__TOTAL_TIMEOUT_S="5")
    assert table == {"relay": {"total_timeout_s": 3}}


def test_another_schema_has_other_names() -> None:
    class Other(BaseModel):
        colour: str = "blue"

    environment = {"CHIPID_COLOUR": "red", "CHIPID_DEVICE": "a"}
    assert with_variables({}, environment, Other) == {"colour": "red"}
